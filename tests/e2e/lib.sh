# Sourced by the end-to-end tests. Each test is a program: exit 0 passed, 1 failed, 77 skipped.
#   TEST             runs all its scenarios
#   TEST NAME...     runs the named scenarios
#   TEST --list      lists them
# A scenario is a function that does its own setup and prints "ok: ..." for each thing that it checked.
# shellcheck shell=bash
set -euo pipefail

self=$(realpath "$0")
srcdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
builddir=$(cd "${BUILDDIR:-.}" && pwd -P)
build_mem=$builddir/build-mem
hold=$builddir/tests/helpers/hold
# Below the build directory: some rigs show only this tree and the current directory.
work=$(mktemp -d "$builddir/e2e.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Skips the test. In CI every rig must be available, so there it fails.
skip() {
    echo "skipped: $*"
    [[ ${CI:-} == true ]] && exit 1
    exit 77
}

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

ok() { echo "ok: $*"; }

# The scenarios that the caller named. Empty: all.
wanted=("$@")

# declare_scenarios NAME...: the scenarios of this test, in order. Fails if the caller named another.
declare_scenarios() {
    local name
    scenarios=("$@")
    if [[ ${wanted[0]:-} == --list ]]; then
        printf '%s\n' "$@"
        exit 0
    fi
    for name in ${wanted[@]+"${wanted[@]}"}; do
        [[ " $* " == *" $name "* ]] || fail "no scenario $name; there are: $*"
    done
}

# any_wanted NAME...: true if the caller wants one of these scenarios.
any_wanted() {
    local name
    ((${#wanted[@]})) || return 0
    for name; do
        [[ " ${wanted[*]} " != *" $name "* ]] || return 0
    done
    return 1
}

end_jobs() { jobs -pr | xargs -r kill; }

# run_scenarios NAME...: runs those that the caller wants, in order. Each gets a subshell, so it leaves
# no variable, directory or job to the next.
run_scenarios() {
    local name start
    for name; do
        any_wanted "$name" || continue
        start=$SECONDS
        (
            trap end_jobs EXIT
            "$name"
        )
        echo "  $name: $((SECONDS - start)) s"
    done
}

# expect STATUS COMMAND...: runs it; its output goes to $work/out and $work/err.
expect() {
    local wanted_status=$1 status=0
    shift
    "$@" >"$work/out" 2>"$work/err" || status=$?
    if ((status != wanted_status)); then
        tail -n 30 "$work/out" "$work/err" >&2
        fail "exit $status instead of $wanted_status: $*"
    fi
}

# mentions FILE WORD: for a fact that no field of the result has. WORD is a flag, a path or a key
# word, never a sentence: the wording of messages may change.
mentions() {
    grep -qF -e "$2" "$1" || {
        cat "$1" >&2
        fail "$(basename "$1") does not mention $2"
    }
}

# junit_has FILE XPATH: the condition is true of the JUnit file.
junit_has() {
    [[ $(xmllint --xpath "boolean($2)" "$1") == true ]] || {
        grep -E '<(testcase|failure|error|skipped)' "$1" >&2
        fail "$(basename "$1"): not true: $2"
    }
}

# holds FILE JQ-CONDITION: the condition is true of the JSON file.
holds() {
    jq -e "$2" "$1" >/dev/null || {
        jq -c 'del(.processes_at_peak)' "$1" >&2
        fail "$(basename "$1"): not true: $2"
    }
}

# within LOW BYTES HIGH NAME: the figure, in bytes, is between two figures in MiB.
within() {
    awk -v low="$1" -v bytes="$2" -v high="$3" \
        'BEGIN { mib = bytes / 1048576; printf "  %.2f MiB, expected %s to %s\n", mib, low, high
                 exit !(bytes != "null" && mib >= low && mib <= high) }' ||
        fail "$4"
}

# eventually COMMAND...: waits until it is true, at most $patience_s (default: 60 s).
eventually() {
    local tries
    for ((tries = ${patience_s:-60} * 10; tries; tries--)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    fail "not true within ${patience_s:-60} s: $*"
}

# no_cgroup_left: fails if a run has left its cgroup. Cgroups from before the test, and those of other
# live runners, do not count.
cgroups() { find /sys/fs/cgroup -type d -name 'build-mem-*'; }
cgroups_before=$(cgroups)
no_cgroup_left() {
    local directory pid
    while read -r directory; do
        pid=${directory##*/build-mem-} pid=${pid%%-*}
        # A run of another lane may have ended since the listing.
        [[ -z $pid || -d /proc/$pid || $cgroups_before == *"$directory"* || ! -d $directory ]] ||
            fail "the cgroup remains: $directory"
    done <<<"$(cgroups)" # a User-Mode-Linux has no /dev/fd
}

# in_rig OPTION...: restarts the test in a User-Mode-Linux (see tests/rig/uml), which has cgroup v2.
in_rig() {
    if [[ -z ${IN_RIG:-} ]]; then
        local status=0
        (cd "$builddir" && "$srcdir/tests/rig/uml" --timeout 1800 "$@" \
            --env IN_RIG=1 --env BUILDDIR="$builddir" --share "$work" -- \
            "$self" ${wanted[@]+"${wanted[@]}"}) || status=$?
        ((status == 77)) && skip "User-Mode-Linux cannot run here"
        exit $status
    fi
    [[ -e /sys/fs/cgroup/cgroup.controllers ]] || fail "this is not cgroup v2"
    uname -r
    # The page cache is empty, so the first run is charged for the probe's own file.
    export cold=true
}

# with_docker: restarts the test with a private Docker Engine (see tests/rig/docker) and with $IN_RIG
# set.
with_docker() {
    [[ -z ${IN_RIG:-} ]] || return 0
    local status=0
    IN_RIG=1 "$srcdir/tests/rig/docker" run "$self" ${wanted[@]+"${wanted[@]}"} || status=$?
    ((status == 77)) && skip "a Docker Engine cannot run here"
    exit $status
}

# private_podman: gives this test a Podman with its own images (see tests/rig/podman-settings).
private_podman() {
    command -v podman >/dev/null && command -v runc >/dev/null || skip "podman or runc is missing: ci/setup e2e"
    mkdir "$work/engine"
    "$srcdir/tests/rig/podman-settings" "$work/engine" "$work/engine" runc
    export CONTAINERS_CONF=$work/engine/containers.conf CONTAINERS_STORAGE_CONF=$work/engine/storage.conf
    trap 'podman rm --all --force >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
}

# What every engine must do.
engine_scenarios=(known_allocation stage_peaks build_fails oom_is_reported ends_on_demand runner_is_killed
    output_streams warm_cache)

# on_engine ENGINE NAME...: runs these scenarios, as far as the caller wants them, on the engine.
on_engine() (
    engine=$1
    shift
    any_wanted "$@" || exit 0
    rm -rf "$work/repo"
    . "$srcdir/tests/e2e/engine.sh"
    run_scenarios "$@"
)

in_uml() { grep -q 'User Mode Linux' /proc/cpuinfo; }

# Installs the npm packages of tests/e2e/consumers, which read what build-mem writes, in $consumers,
# and puts their Node first in $PATH.
install_consumers() {
    local node
    node=$("$srcdir/tests/rig/fetch-node") || skip "no Node can be fetched here"
    export PATH=$node:$PATH
    consumers=${BUILD_MEM_CACHE:-$srcdir/.cache}/consumers
    mkdir -p "$consumers"
    (
        flock 9
        cp "$srcdir"/tests/e2e/consumers/{package.json,package-lock.json,.npmrc,*.mjs,*.xsd} "$consumers/"
        if ! cmp -s "$consumers/package-lock.json" "$consumers/installed"; then
            npm --prefix "$consumers" ci --ignore-scripts --no-audit --no-fund >/dev/null
            cp "$consumers/package-lock.json" "$consumers/installed"
        fi
    ) 9>"$consumers.lock"
}
