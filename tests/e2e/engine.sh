# engine.sh ENGINE [CHECK...]: what every engine has to do, on real parts; all of it, or the named
# checks. Sourced after lib.sh by the tests that provide the engine.
# shellcheck shell=bash

engine=$1
shift
repo=$work/repo
mkdir "$repo"
cp "$hold" "$repo/hold"
cp "$builddir/tests/helpers/attack" "$repo/attack"
! command -v busybox >/dev/null || cp "$(command -v busybox)" "$repo/busybox"
[[ $engine == host || $engine == inplace ]] || "$srcdir/tests/rig/tiny-image" "$engine"
cat >"$repo/build-mem.json" <<'JSON'
{
  "image": "build-mem-tiny:1",
  "network": "none",
  "pull": "never",
  "clear": ["made"],
  "artifacts": [{"path": "made"}],
  "stages": [{"name": "hold", "match": "(^|/)hold "}]
}
JSON

# The build of a test is a script of its own name, so that it can be told from all others.
# A shell starts its background jobs with SIGINT ignored; a terminal and a CI do not.
measure() { env --default-signal "$build_mem" run --engine "$engine" --repo "$repo" "$@"; }
result() { echo "$repo/.build-mem/result-$1.json"; }

# shellcheck source=tests/e2e/figures.sh
. "$srcdir/tests/e2e/figures.sh"

# What a check that fails has begun ends with it.
end_jobs() { jobs -pr | xargs -r kill; }
trap end_jobs EXIT

# Others may test on this machine too.
endless=98765.$$
build_is_gone() { ! pgrep -f "[s]leep $endless" >/dev/null; }

# kept LABEL: what the run has told until it was ended is there: its log and its timeline.
kept() {
    grep -q said-before "$repo/.build-mem/build-$1.log" || fail "the log up to the end is lost"
    (($(wc -l <"$repo/.build-mem/timeline-$1.csv") > 3)) || fail "the timeline up to the end is lost"
}
junit_is_whole() {
    [[ $(tail -n 1 "$repo/.build-mem/junit-$1.xml") == '</testsuites>' ]] || fail "the JUnit file is not whole"
}
# told FILE WORDS: that is said of the verdict. (A summary's lines are broken where they are long.)
told() { tr -s '\n ' ' ' <"$1" | grep -qF -e "$2" || fail "it is not told: $2"; }

nothing_left() {
    case $engine in
    host) no_cgroup_left ;;
    inplace) ;; # the cgroup is not ours
    *) [[ -z $("$engine" ps -aq --filter label=build-mem.run) ]] || fail "a container is left" ;;
    esac
    build_is_gone || fail "a process of the build is left"
}

# on_top LOW FILE: the least that a peak must be, in MiB. In a shared cgroup what was there at the
# start lies below it, but for what the kernel had charged in advance.
on_top() {
    [[ $engine == inplace ]] || { echo "$1" && return; }
    jq --argjson low "$1" '$low + .peak.at_start_bytes / 1048576 - 1' "$2"
}

known_allocation() {
    # Two processes: a User-Mode-Linux can't give one so much. No shell: it would add its own.
    expect 0 measure --label known -- ./hold spawn=2 anon=150 meet sleep=1500 free write=made:1
    local file peak start
    file=$(result known)
    peak=$(jq .peak.cgroup_bytes "$file") start=$(jq .peak.at_start_bytes "$file")
    echo "  source $(jq -r .peak.source "$file"), at start $start bytes"
    # What the engine left in the cgroup before the build began may lie on top.
    [[ $engine == host && -z ${cold:-} ]] && start=0
    within "$(on_top 300 "$file")" "$peak" "$(awk -v s="$start" 'BEGIN { print 303 + s / 1048576 }')" headline
    # PSS counts as measured where a process has changed by less than 1 % since it was read.
    within 297 "$(jq '.stages[] | select(.name == "hold") | .pss_peak_bytes' "$file")" 303 "PSS of the stage"
    within 297 "$(jq '[.stages[] | select(.name == "hold") | .processes_at_peak[] |
        select(.name == "hold") | .pss_bytes] | add' "$file")" 303 "the processes of the stage"
    holds "$file" '.verdict == "pass" and .exit_code == 0 and (.verify | all(.ok))'
    [[ $(stat -c %u "$file") == "$(id -u)" ]] || fail "the result is not the invoking user's"
    [[ $(grep -c '^\[BUILD-MEM RESULT\] {' "$work/out") == 1 ]] || fail "not one RESULT line"
    nothing_left
    ok "$engine: 300 MiB that are known are measured"
}

build_fails() {
    expect 3 measure --label fails -- sh -c 'exit 7'
    holds "$(result fails)" '.verdict == "build-failed" and .build.exit_code == 7'
    expect 3 measure --label signal -- sh -c 'kill -9 $$'
    holds "$(result signal)" '.verdict == "build-failed" and .build.signal == 9'
    expect 3 measure --label lacks -- sh -c 'true'
    holds "$(result lacks)" '.verify[] | select(.path == "made") | .ok == false'
    echo old >"$repo/made" && sleep 0.1
    expect 3 measure --label stale --skip-clear -- sh -c 'true'
    holds "$(result stale)" '.verify[] | select(.path == "made") | .detail | test("stale")'
    expect 4 measure --label nothing -- ./there-is-no-such-program
    holds "$(result nothing)" '.not_measured | test("there-is-no-such-program")'
    nothing_left
    ok "$engine: a build that fails, lacks its artifact, or leaves an old one does not pass"
}

oom_is_told() {
    # The shell ends with 0: only the kernel's counter tells.
    # One look at the start only: a reading holds on to the memory of a process that dies, and the
    # kernel would then take the shell too.
    expect 3 measure --label oom --memory 64m --interval-ms 60000 -- \
        sh -c 'echo said-before; ./hold anon=100 sleep=100; echo made >made; exit 0'
    holds "$(result oom)" '.build.oom_killed and .build.exit_code == 0 and .peak.censored
        and .peak.limit_bytes == 67108864 and .verdict == "build-failed"'
    told "$work/out" 'the kernel killed a process of it at the memory limit of 64.0 MiB'
    grep -q said-before "$repo/.build-mem/build-oom.log" || fail "the log is lost"
    junit_is_whole oom
    # 137 alone is no OOM.
    expect 3 measure --label no-oom -- sh -c 'exit 137'
    holds "$(result no-oom)" '.build.oom_killed == false'
    nothing_left
    ok "$engine: a child that the kernel killed is told, and 137 is not taken for it"
}

# start_endless LABEL [COMMANDS]: a run in the background whose build, after the shell's commands,
# has said something and been seen for a while; its pid in $pid, what it says in $work/begun.
start_endless() {
    rm -f "$repo/.build-mem"/*-"$1".*
    env --default-signal "$build_mem" run --engine "$engine" --repo "$repo" --label "$1" -- \
        sh -c "${2:-:}; echo said-before; sleep $endless; sleep $endless" >"$work/begun" 2>&1 &
    pid=$!
    eventually seen_for_a_while "$1"
}
seen_for_a_while() { (($(wc -l <"$repo/.build-mem/timeline-$1.csv") > 4)); }

# ends STATUS [FILE]: the run that was started ends with it; what it has said is in the file.
ends() {
    local status=0
    wait "$pid" || status=$?
    [[ $status == "$1" ]] || fail "exit $status instead of $1: $(tail -n 3 "${2:-$work/begun}")"
}

ends_on_demand() {
    local signal number pid timeout=4s
    ! in_uml || [[ $engine == host ]] || timeout=15s # an engine starts in this time too
    expect 3 measure --label timeout --timeout "$timeout" -- \
        sh -c "trap '' TERM; echo said-before; sleep $endless; sleep $endless"
    # That it is known how the build ended says that it was the probe that ended it.
    holds "$(result timeout)" '.build.timed_out and .verdict == "build-failed" and .not_measured == null'
    told "$work/out" 'the build timed out after'
    kept timeout
    junit_is_whole timeout
    nothing_left
    for signal in INT TERM HUP; do
        number=$(kill -l "$signal")
        start_endless ended
        kill "-$signal" "$pid"
        ends $((128 + number))
        holds "$(result ended)" ".exit_code == $((128 + number)) and (.not_measured | test(\"interrupted by signal $number\"))"
        told "$work/begun" "not measured: interrupted by signal $number"
        kept ended
        junit_is_whole ended
        nothing_left
    done
    ok "$engine: timeout, SIGINT, SIGTERM and SIGHUP end it and leave nothing"
}

container_is_gone() {
    [[ $engine == host || $engine == inplace || -z $("$engine" ps -q --filter label=build-mem.run) ]]
}
killed_whole() { build_is_gone && container_is_gone; }

leash_holds() {
    local pid patience=5
    ! in_uml || patience=20
    # A runner that is killed can clean nothing up: its build ends, one that ignores SIGTERM too, and
    # the next run sweeps.
    start_endless killed "trap '' TERM"
    kill -KILL "$pid"
    wait "$pid" || true
    # Promised, and no measure of speed: a fallback would take its time-out.
    patience_s=$patience eventually killed_whole
    kept killed
    [[ $engine == host || $engine == inplace || -n $("$engine" ps -aq --filter label=build-mem.run) ]] ||
        fail "there is nothing to be swept"
    expect 3 measure --label sweeps -- sh -c 'exit 1'
    nothing_left
    ok "$engine: a runner that is killed takes its build along, and the next run sweeps up"
}

output_streams() {
    expect 3 measure --label prints -- sh -c 'echo to-stdout; echo to-stderr >&2; exit 1'
    grep -q to-stdout "$repo/.build-mem/build-prints.log" || fail "stdout is not in the log"
    grep -q to-stderr "$repo/.build-mem/build-prints.log" || fail "stderr is not in the log"
    grep -q to-stdout "$work/err" || fail "the build's output did not reach the terminal"
    expect 3 measure --label quiet --json-only -- sh -c 'exit 1'
    [[ $(wc -l <"$work/out") == 1 ]] || fail "--json-only printed more than one line"
    sed 's/^\[BUILD-MEM RESULT\] //' "$work/out" | jq -e '.label == "quiet"' >/dev/null ||
        fail "the RESULT line is not JSON"
    # More than every pipe and queue on the way together hold.
    cat >"$repo/build.sh" <<'SH'
i=0; while [ $i -lt 20000 ]; do echo "line $i of a build that has a lot to say about itself"; i=$((i+1)); done
echo made >made
SH
    expect 0 measure --label long -- sh build.sh
    [[ $(wc -l <"$repo/.build-mem/build-long.log") == 20000 ]] || fail "output was lost"
    nothing_left
    ok "$engine: the build's output streams through"
}

warm_is_told() {
    expect 0 measure --label warm --cache warm -- sh -c 'echo made >made'
    holds "$(result warm)" '.environment.cache_policy == "warm"'
    local read='read before the build: [0-9.]+ [KM]iB of the workspace' image=', [0-9.]+ [KM]iB of the image'
    [[ $engine == host ]] && image=
    grep -qE "$read$image\$" "$work/err" || fail "not all was read, or it is not told"
    nothing_left
    ok "$engine: a warm run says what was read before it"
}

# Drops the page cache of the whole machine, and needs a file system that keeps one: for one engine
# on one machine to do.
cache_policies() {
    local policy least most
    head -c 64M /dev/urandom >"$repo/large"
    for policy in as-is:64:128 warm:0:16 cold:64:128; do
        IFS=: read -r policy least most <<<"$policy"
        # Cold has to see to that itself.
        [[ $policy == cold ]] || { sync "$repo/large" && dd if="$repo/large" iflag=nocache count=0 status=none; }
        expect 0 measure --label "$policy" --cache "$policy" -- sh -c 'cat large >/dev/null; echo made >made'
        holds "$(result "$policy")" ".environment.cache_policy == \"$policy\""
        within "$least" "$(jq .peak.cgroup_bytes "$(result "$policy")")" "$most" "the 64 MiB that are read, $policy"
    done
    expect 0 "$build_mem" baseline refresh --repo "$repo" --baseline "$work/cold.json" "$(result cold)"
    expect 4 "$build_mem" check --engine "$engine" --repo "$repo" --baseline "$work/cold.json" \
        --cache warm -- sh -c 'echo made >made'
    grep -q 'cache policy: warm here, cold in the baseline' "$work/out" || fail "the policies are not told apart"
    if [[ $EUID == 0 ]]; then
        chmod 777 "$repo" "$work"
        expect 4 setpriv --reuid 65534 --clear-groups "$build_mem" run --engine "$engine" --repo "$repo" \
            --out "$repo/nobody" --cache cold -- sh -c 'echo made >made'
        grep -q 'drop_caches: Permission denied' "$work/err" || fail "the refusal does not say why"
    fi
    rm "$repo/large"
    ok "$engine: a build finds its files read with --cache warm, and not with cold"
}

(($#)) || set -- known_allocation stage_peaks build_fails oom_is_told ends_on_demand leash_holds output_streams warm_is_told
for check in "$@"; do
    start=$SECONDS
    "$check"
    echo "  $((SECONDS - start)) s"
done
