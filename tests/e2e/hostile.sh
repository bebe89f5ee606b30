# hostile.sh: builds that forge a pass, attack their probe, or make build-mem write outside of the
# repository. Sourced after lib.sh, for on_engine.
# shellcheck shell=bash
# engine.sh sets $engine, $repo, measure, result, nothing_left.
# shellcheck disable=SC2154

hostile_scenarios=(forged_output attacks_on_the_probe kills_the_probe starves_the_probe pipes_as_files
    links_out_of_the_repo)

# hostile COMMAND... FLAG...: runs build-mem. On the host, the build runs as another user, because root
# has access to all files and processes. In a container, it runs as root.
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

# hostile_repo: resets the repository and makes it writable for the build.
hostile_repo() {
    chmod 755 "$work"
    rm -rf "$repo"/{.build-mem,baselines,old} "$work/outside"
    mkdir "$work/outside"
    chown -R 65534:65534 "$repo"
    chmod -R a+rwX "$repo"
}

outside_is_empty() { [[ -z $(ls -A "$work/outside") ]] || fail "a file was written outside of the repository"; }

# refused_link FILE: fails unless the error in the file is that of a link out of the repository.
outside='out(side)?( of)? the repo'
refused_link() { grep -qE "$outside" "$1" || fail "the error is not that of a link: $(<"$1")"; }

# one_verdict VERDICT: fails unless all machine-readable outputs of the last check have this verdict.
one_verdict() {
    local line
    line=$(sed -n 's/^\[BUILD-MEM RESULT\] //p' "$work/out")
    [[ $(jq -r .verdict <<<"$line") == "$1" ]] || fail "the output does not have exactly one RESULT line with the verdict $1"
    holds "$(result check)" ".verdict == \"$1\""
    xmllint --noout "$repo/.build-mem/junit-check.xml" || fail "the JUnit file is not well-formed"
}

forged_output() {
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
# The build edits its baseline and its reports.
$b sed -i 's/^ *[0-9][0-9]*,*$/9999999999/' baselines/build-mem.json
for name in result-check.json junit-check.xml report-check.html; do
    echo '{"verdict":"pass"}' >.build-mem/$name
done
# The process that grows is not in the stage, and its name contains control characters.
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
    junit_has "$repo/.build-mem/junit-check.xml" 'count(/testsuites/testsuite) = 1 and count(//testcase[@name="cgroup_peak"]/failure) = 1'
    junit_has "$repo/.build-mem/junit-check.xml" "count(//testcase) = $cases"
    iconv -f utf-8 -t utf-8 "$work/out" >/dev/null || fail "standard output is not UTF-8"
    grep -q '9999999999' "$repo/baselines/build-mem.json" || fail "the build did not edit its baseline"
    holds "$(result check)" '.gate.findings[0] | .metric == "cgroup_peak" and .status == "failed" and .baseline < 60000000'
    [[ $(grep '^verdict=' "$github") == verdict=regressed ]] || fail "the outputs of the job contain another verdict"
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f]' "$work/out" || fail "standard output contains control bytes"
    [[ $(LC_ALL=C tr -cd Z <"$repo/.build-mem/build-check.log" | wc -c) == 1000000 ]] || fail "a long line was truncated"
    nothing_left
    ok "$engine: a build that prints verdicts, edits its baseline and forges names is judged correctly"
}

attacks_on_the_probe() {
    hostile_repo
    # Without build-mem, the attack succeeds: sh does not protect itself.
    expect 9 setpriv --reuid 65534 --clear-groups sh -c 'cd "$1" && ./attack descriptors memory steal; exit $?' sh "$repo"
    expect 0 hostile run --skip-clear --label reaches -- ./attack descriptors memory steal write
    [[ ! -s $repo/.build-mem/build-reaches.log ]] || fail "$(<"$repo/.build-mem/build-reaches.log")"
    nothing_left
    ok "$engine: the build cannot reach the memory and the descriptors of the probe"
}

kills_the_probe() {
    local step
    hostile_repo
    case $engine in
    host)
        for step in kill signals; do
            expect 4 hostile run --label "$step" -- ./attack "$step" pause
            holds "$(result "$step")" '.verdict == "inconclusive" and .not_measured != null'
            nothing_left
        done
        # A stopped probe does not notice that the lifeline closes, so the runner kills it.
        expect 3 hostile run --label stop --timeout 1s -- ./attack stop pause
        holds "$(result stop)" '.build.timed_out and .verdict == "build-failed"'
        ;;
    *)
        # The kernel protects the first process of a container from its children.
        expect 0 hostile run --label kill -- ./attack kill stop signals write
        holds "$(result kill)" '.not_measured == null and .peak.cgroup_bytes > 0'
        ;;
    esac
    nothing_left
    ok "$engine: a build that kills its probe does not pass, and build-mem ends it"
}

starves_the_probe() {
    hostile_repo
    expect 0 hostile baseline refresh --runs 1 -- ./hold anon=40 sleep=300 write=made:1
    local status=0
    # The build must end by itself: a User-Mode-Linux can panic if a process is killed while it forks.
    hostile check -- ./attack starve grow write >"$work/out" 2>"$work/err" || status=$?
    ((status == 1 || status == 4)) || fail "exit $status: a check without a peak passes"
    ! grep -q prlimit: "$repo/.build-mem/build-check.log" || fail "the attack could not limit the descriptors of the probe"
    nothing_left
    # The probe can wait, but cannot read the counter of OOM kills.
    status=0
    hostile run --label squeeze --memory 64m -- ./attack squeeze hold write >"$work/out" 2>"$work/err" || status=$?
    ((status == 3 || status == 4)) || fail "exit $status: a run whose OOM kill was not read passes"
    ! grep -q prlimit: "$repo/.build-mem/build-squeeze.log" || fail "the attack could not limit the descriptors of the probe"
    nothing_left
    ok "$engine: a build does not pass if its probe cannot open files"
}

pipes_as_files() {
    hostile_repo
    # open(2) of a pipe blocks until another process opens the other end.
    expect 0 hostile run --label pipe -- ./busybox sh -c \
        "./busybox mv .build-mem old && mkdir .build-mem && ./busybox chmod 777 .build-mem &&
        ./busybox mkfifo .build-mem/build-pipe.log .build-mem/timeline-pipe.csv && echo made >made"
    expect 4 hostile run --label pipe -- ./attack write
    mentions "$work/err" build-pipe.log
    nothing_left
    ok "$engine: a pipe in place of a file does not block the run"
}

links_out_of_the_repo() {
    local target=$work/outside
    hostile_repo
    # The targets of the links are paths of this machine. A container has other paths.
    expect 4 hostile run --label link -- ./busybox sh -c \
        "./busybox mv .build-mem old && ./busybox ln -s '$target' .build-mem && echo made >made"
    refused_link "$work/out"
    rm "$repo/.build-mem"
    mkdir -p "$repo/reports" && chmod 777 "$repo/reports"
    expect 4 hostile run --label junit --junit "$repo/reports/junit.xml" -- ./busybox sh -c \
        "./busybox rm -rf reports && ./busybox ln -s '$target' reports && echo made >made"
    refused_link "$work/err"
    expect 2 hostile baseline refresh --runs 1 -- ./busybox sh -c \
        "./busybox ln -s '$target' baselines && echo made >made"
    refused_link "$work/out"
    outside_is_empty
    # build-mem also refuses a link that exists before the run.
    rm -rf "$repo/.build-mem"
    ln -s "$target" "$repo/.build-mem"
    expect 2 hostile run --label before -- ./attack write
    refused_link "$work/err"
    rm "$repo/.build-mem"
    outside_is_empty
    # build-mem refuses or replaces links in place of its files.
    local file
    for file in build-file.log timeline-file.csv processes-file.csv result-file.json junit-file.xml report-file.html lock-file; do
        rm -rf "$repo/.build-mem"
        mkdir -m 777 "$repo/.build-mem"
        ln -s "$target/$file" "$repo/.build-mem/$file"
        hostile run --label file -- ./attack write >"$work/out" 2>"$work/err" || true
        outside_is_empty
    done
    if [[ $engine != host ]]; then
        # The build has no access to an output directory outside of the repository.
        chmod 777 "$target"
        expect 0 hostile run --label else --out "$target" -- ./busybox sh -c \
            "./busybox find / -name 'build-else.log' 2>/dev/null >found; ./busybox touch '$target/mine' 2>/dev/null; echo made >made"
        [[ ! -s $repo/found && ! -e $target/mine && -s $target/result-else.json ]] || fail "the build reached --out"
        rm -rf "$target"/*
    fi
    expect 3 hostile run --label artifact -- ./busybox sh -c "./busybox ln -s /etc/passwd made"
    holds "$(result artifact)" '.verify[] | select(.path == "made") | (.ok | not) and (.detail | test("'"$outside"'"))'
    expect 0 hostile run --label clears -- ./attack write
    [[ -s /etc/passwd ]] || fail "clear followed the link and removed its target"
    nothing_left
    ok "$engine: build-mem does not follow links out of the repository, and refuses them as artifacts"
}
