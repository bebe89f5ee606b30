# hostile.sh: builds that try to talk themselves into a pass, to reach their probe, or to make
# build-mem write elsewhere. To be sourced after lib.sh; `on_engine ENGINE "${hostile_rows[@]}"`.
# shellcheck shell=bash
# What engine.sh has set: $engine, $repo, measure, result, nothing_left.
# shellcheck disable=SC2154

hostile_rows=(it_talks it_reaches_for_the_probe it_ends_the_probe it_starves_the_probe it_leaves_pipes
    it_links_elsewhere)

# hostile COMMAND... FLAG...
# On the host as another user: root can reach anything there. In a container as the root of there.
hostile() {
    local user=()
    [[ $engine != host ]] || user=(--user 65534:65534)
    local words=()
    while [[ $1 != -* ]]; do
        words+=("$1")
        shift
    done
    env --default-signal "$build_mem" "${words[@]}" --engine "$engine" --repo "$repo" \
        ${user[@]+"${user[@]}"} "$@"
}

# The repository is the build's own, whoever that is.
hostile_repo() {
    chmod 755 "$work"
    rm -rf "$repo"/{.build-mem,baselines,old} "$work/outside"
    mkdir "$work/outside"
    chown -R 65534:65534 "$repo"
    chmod -R a+rwX "$repo"
}

outside_is_empty() { [[ -z $(ls -A "$work/outside") ]] || fail "something was written outside of the repo"; }

# one_verdict VERDICT: what the machine-readable outputs say of the last check, all of them.
one_verdict() {
    local line
    line=$(sed -n 's/^\[BUILD-MEM RESULT\] //p' "$work/out")
    [[ $(jq -r .verdict <<<"$line") == "$1" ]] || fail "not one RESULT line, or another verdict than $1"
    holds "$(result check)" ".verdict == \"$1\""
    xmllint --noout "$repo/.build-mem/junit-check.xml" || fail "the JUnit file is not well-formed"
}

# junit_says XPATH: true of the last check's JUnit file.
junit_says() {
    [[ $(xmllint --xpath "$1" "$repo/.build-mem/junit-check.xml") == true ]] || fail "JUnit: not so: $1"
}

it_talks() {
    hostile_repo
    expect 0 hostile baseline refresh --runs 1 -- ./hold anon=40 sleep=300 write=made:1
    chmod -R a+rwX "$repo"
    expect 0 hostile check --runs 1 -- ./hold anon=40 sleep=300 write=made:1
    local cases
    cases=$(xmllint --xpath 'count(//testcase)' "$repo/.build-mem/junit-check.xml")
    cat >"$repo/build.sh" <<'SH'
b=./busybox
result='[BUILD-MEM RESULT] {"schema_version":2,"verdict":"pass","exit_code":0}'
echo "$result"; echo "$result" >&2
printf '\r\033[2K%s\n\033]0;title\007\033[?1049h\n' "$result"
printf '::set-output name=verdict::pass\n##[error]no\n::stop-commands::x\n::x::\n'
printf ']]></system-out></testsuite></testsuites>\001\002\377\376\355\240\200&#0;\n'
$b head -c 1000000 /dev/zero | $b tr '\0' Z
echo
# What it is held to, and what is said of it.
$b sed -i 's/^ *[0-9][0-9]*,*$/9999999999/' baselines/build-mem.json
for name in result-check.json junit-check.xml report-check.html; do
    echo '{"verdict":"pass"}' >.build-mem/$name
done
# The stage is another process than the one that has grown, and that has a name to be afraid of.
name=$(printf '\033[31m]]>\n[BUILD-MEM RESULT] {}\n"<script>\377')
$b cp hold "$name"
./hold sleep=700 &
"./$name" anon=140 sleep=600 write=made:1
SH
    local github=$work/github
    : >"$github"
    GITHUB_ACTIONS=true GITHUB_OUTPUT=$github GITHUB_STEP_SUMMARY=$github \
        expect 1 hostile check --runs 1 -- ./busybox sh build.sh
    one_verdict regressed
    junit_says 'count(/testsuites/testsuite) = 1 and count(//testcase[@name="cgroup_peak"]/failure) = 1'
    junit_says "count(//testcase) = $cases"
    iconv -f utf-8 -t utf-8 "$work/out" >/dev/null || fail "standard output is not UTF-8"
    grep -q '9999999999' "$repo/baselines/build-mem.json" || fail "the build did not raise its baseline"
    holds "$(result check)" '.gate.findings[0] | .metric == "cgroup_peak" and .status == "failed" and .baseline < 60000000'
    [[ $(grep '^verdict=' "$github") == verdict=regressed ]] || fail "the job's output has not one verdict, and this one"
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f]' "$work/out" || fail "control bytes on standard output"
    [[ $(LC_ALL=C tr -cd Z <"$repo/.build-mem/build-check.log" | wc -c) == 1000000 ]] || fail "a long line was cut"
    nothing_left
    ok "$engine: a build that prints verdicts, raises its baseline and hides behind names is judged all the same"
}

it_reaches_for_the_probe() {
    hostile_repo
    # It does come through where nobody resists.
    expect 9 setpriv --reuid 65534 --clear-groups sh -c 'cd "$1" && ./attack descriptors memory steal; exit $?' sh "$repo"
    expect 0 hostile run --skip-clear --label reaches -- ./attack descriptors memory steal write
    [[ ! -s $repo/.build-mem/build-reaches.log ]] || fail "$(<"$repo/.build-mem/build-reaches.log")"
    nothing_left
    ok "$engine: the probe's memory and descriptors are out of the build's reach"
}

it_ends_the_probe() {
    local step
    hostile_repo
    case $engine in
    host)
        for step in kill signals; do
            expect 4 hostile run --label "$step" -- ./attack "$step" pause
            holds "$(result "$step")" '.verdict == "inconclusive" and (.not_measured | test("probe was ended by signal"))'
            nothing_left
        done
        # A leash that nobody holds at its other end: then by force.
        expect 3 hostile run --label stop --timeout 1s -- ./attack stop pause
        holds "$(result stop)" '.build.timed_out and .verdict == "build-failed"'
        ;;
    *)
        # The first process of a container is safe from its own children.
        expect 0 hostile run --label kill -- ./attack kill stop signals write
        holds "$(result kill)" '.not_measured == null and .peak.cgroup_bytes > 0'
        ;;
    esac
    nothing_left
    ok "$engine: a build that ends its probe does not pass, and ends too"
}

it_starves_the_probe() {
    hostile_repo
    expect 0 hostile baseline refresh --runs 1 -- ./hold anon=40 sleep=300 write=made:1
    local status=0
    # By itself: a User-Mode-Linux may panic where a process is killed while it forks.
    hostile check -- ./attack starve grow write >"$work/out" 2>"$work/err" || status=$?
    ((status == 1 || status == 4)) || fail "exit $status: a headline that was not read passes"
    ! grep -q prlimit: "$repo/.build-mem/build-check.log" || fail "the probe was not starved"
    nothing_left
    # It can wait, and read no counter: not that of the kernel's kills.
    status=0
    hostile run --label squeeze --memory 64m -- ./attack squeeze hold write >"$work/out" 2>"$work/err" || status=$?
    ((status == 3 || status == 4)) || fail "exit $status: a kill that was not read passes"
    ! grep -q prlimit: "$repo/.build-mem/build-squeeze.log" || fail "the probe was not squeezed"
    nothing_left
    ok "$engine: a probe that may open nothing more does not say that all is well"
}

it_leaves_pipes() {
    hostile_repo
    # To open one waits for who opens its other end, and nobody does.
    expect 0 hostile run --label pipe -- ./busybox sh -c \
        "./busybox mv .build-mem old && mkdir .build-mem && ./busybox chmod 777 .build-mem &&
        ./busybox mkfifo .build-mem/build-pipe.log .build-mem/timeline-pipe.csv && echo made >made"
    expect 4 hostile run --label pipe -- ./attack write
    grep -q 'build-pipe.log: No such device or address' "$work/err" || fail "the reason is not told"
    nothing_left
    ok "$engine: a pipe in the place of a file holds nothing up"
}

it_links_elsewhere() {
    local outside=$work/outside
    hostile_repo
    # Read by the build as well as by us: the paths are this machine's.
    expect 4 hostile run --label link -- ./busybox sh -c \
        "./busybox mv .build-mem old && ./busybox ln -s '$outside' .build-mem && echo made >made"
    grep -q 'leads out of the repo' "$work/out" || fail "the reason is not told"
    rm "$repo/.build-mem"
    mkdir -p "$repo/reports" && chmod 777 "$repo/reports"
    expect 4 hostile run --label junit --junit "$repo/reports/junit.xml" -- ./busybox sh -c \
        "./busybox rmdir reports && ./busybox ln -s '$outside' reports && echo made >made"
    grep -q 'leads out of the repo' "$work/err" || fail "the reason is not told"
    expect 2 hostile baseline refresh --runs 1 -- ./busybox sh -c \
        "./busybox ln -s '$outside' baselines && echo made >made"
    grep -q 'leads out of the repo' "$work/err" || fail "the reason is not told"
    outside_is_empty
    # What was left of a run before ours is no better than what is left by ours.
    rm -rf "$repo/.build-mem"
    ln -s "$outside" "$repo/.build-mem"
    expect 2 hostile run --label before -- ./attack write
    grep -q 'leads out of the repo' "$work/err" || fail "the reason is not told"
    rm "$repo/.build-mem"
    outside_is_empty
    # And so are links in the place of the files themselves, some of which are refused and some replaced.
    local file
    for file in build-file.log timeline-file.csv processes-file.csv result-file.json junit-file.xml report-file.html lock-file; do
        rm -rf "$repo/.build-mem"
        mkdir -m 777 "$repo/.build-mem"
        ln -s "$outside/$file" "$repo/.build-mem/$file"
        hostile run --label file -- ./attack write >"$work/out" 2>"$work/err" || true
        outside_is_empty
    done
    if [[ $engine != host ]]; then
        # What lies elsewhere is out of its reach.
        chmod 777 "$outside"
        expect 0 hostile run --label else --out "$outside" -- ./busybox sh -c \
            "./busybox find / -name 'build-else.log' 2>/dev/null >found; ./busybox touch '$outside/mine' 2>/dev/null; echo made >made"
        [[ ! -s $repo/found && ! -e $outside/mine && -s $outside/result-else.json ]] || fail "the build reached --out"
        rm -rf "$outside"/*
    fi
    expect 3 hostile run --label artifact -- ./busybox sh -c "./busybox ln -s /etc/passwd made"
    holds "$(result artifact)" '.verify[] | select(.path == "made") | (.ok | not) and (.detail | test("out of the repo"))'
    expect 0 hostile run --label clears -- ./attack write
    [[ -s /etc/passwd ]] || fail "what an artifact was linked to has been cleared"
    nothing_left
    ok "$engine: links that lead out of the repo are neither followed nor taken for an artifact"
}
