# trees.sh: `check --relative` and `bisect` on an engine, in a repository with a history. Sourced after lib.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154 # $work and others are of lib.sh

repo=$work/place/repo
in_git() { git -C "$repo" -c user.name=x -c user.email=x@example.org "$@"; }

# make_sizes ENGINE MIB...: a repository with a commit for each. Its build holds so much, and needs a file that is
# not committed.
make_sizes() {
    local engine=$1 mib shell=/work/busybox
    shift
    rm -rf "$work/place"
    mkdir -p "$repo/untracked"
    if [[ $engine == inplace ]]; then shell=$repo/busybox; else "$srcdir/tests/rig/tiny-image" "$engine"; fi
    cp "$hold" "$repo/hold"
    cp "$(command -v busybox)" "$repo/busybox"
    echo '{"image": "build-mem-tiny:1", "network": "none", "pull": "never", "clear": [], "artifacts": [],
        "stages": [], "reuse": ["untracked"], "setup": "test -e untracked/file"}' >"$repo/build-mem.json"
    # shellcheck disable=SC2016 # the build expands it
    printf '%s\n' "#!$shell sh" 'exec ./hold "anon=$(./busybox cat size)" sleep=250' >"$repo/build"
    chmod +x "$repo/build"
    printf '%s\n' /.build-mem /untracked >"$repo/.gitignore"
    touch "$repo/untracked/file"
    in_git init -q
    for mib; do
        echo "$mib" >"$repo/size"
        in_git add .
        in_git commit -q --allow-empty -m "size $mib"
    done
}

# no_tree_left ENGINE: fails if a container, or a work tree beside the repository, remains.
no_tree_left() {
    [[ $1 == inplace || -z $("$1" ps -aq --filter label=build-mem.run) ]] || fail "a container remains"
    [[ $(ls -A "$work/place") == repo && $(in_git worktree list | wc -l) == 1 ]] || fail "a tree remains"
}

# two_trees_on ENGINE: the merge base holds 200 MiB, and the work tree 260. In a shared cgroup, the other processes,
# with up to 50 MiB, make the ratio smaller.
two_trees_on() {
    local lowest=1.25
    [[ $1 != inplace ]] || lowest=1.2
    make_sizes "$1" 200
    echo 260 >"$repo/size"
    expect 1 "$build_mem" check --relative HEAD --engine "$1" --repo "$repo" -- ./build
    holds "$repo/.build-mem/result-check.json" ".verdict == \"regressed\" and .environment.engine == \"$1\" and
        (.gate.findings[] | select(.metric == \"cgroup_peak\") | .ratio.lowest > $lowest and .ratio.highest < 1.35)"
    holds "$repo/.build-mem/result-check-base.json" ".environment.engine == \"$1\""
    no_tree_left "$1"
    ok "check --relative measures two trees with the engine $1"
}
