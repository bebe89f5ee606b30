# engine.sh: the repository of the builds, and the scenarios that every engine must pass. Sourced by
# on_engine, which sets $engine.
# shellcheck shell=bash
# shellcheck disable=SC2154 # $engine, $srcdir and others are of lib.sh

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

# A shell starts its background jobs with SIGINT ignored. env restores the default.
measure() { env --default-signal "$build_mem" run --engine "$engine" --repo "$repo" "$@"; }
result() { echo "$repo/.build-mem/result-$1.json"; }

# shellcheck source=tests/e2e/figures.sh
. "$srcdir/tests/e2e/figures.sh"

# The process ID distinguishes the builds of this test from those of other tests on this machine.
endless=98765.$$
build_is_gone() { ! pgrep -f "[s]leep $endless" >/dev/null; }

# records_are_kept LABEL: fails unless the log and the timeline contain the records from before the end.
records_are_kept() {
    grep -q printed-before "$repo/.build-mem/build-$1.log" || fail "the log from before the end is lost"
    (($(wc -l <"$repo/.build-mem/timeline-$1.csv") > 3)) || fail "the timeline from before the end is lost"
}
junit_is_complete() {
    [[ $(tail -n 1 "$repo/.build-mem/junit-$1.xml") == '</testsuites>' ]] || fail "the JUnit file is incomplete"
}

nothing_left() {
    case $engine in
    host) no_cgroup_left ;;
    inplace) ;; # build-mem does not create a cgroup
    *) [[ -z $("$engine" ps -aq --filter label=build-mem.run) ]] || fail "a container remains" ;;
    esac
    build_is_gone || fail "a process of the build remains"
}

# lowest_peak LOW FILE: prints the lowest correct peak, in MiB. In a shared cgroup this is LOW plus the
# usage at the start, less 1 MiB that the kernel can have charged in advance.
lowest_peak() {
    [[ $engine == inplace ]] || { echo "$1" && return; }
    jq --argjson low "$1" '$low + .peak.at_start_bytes / 1048576 - 1' "$2"
}

known_allocation() {
    # Two processes, because a process in a User-Mode-Linux cannot have 300 MiB. No shell, because its
    # memory would be added.
    expect 0 measure --label known -- ./hold spawn=2 anon=150 meet sleep=1500 free write=made:1
    local file peak start
    file=$(result known)
    peak=$(jq .peak.cgroup_bytes "$file") start=$(jq .peak.at_start_bytes "$file")
    echo "  source $(jq -r .peak.source "$file"), at start $start bytes"
    # The cgroup can contain memory of the engine from before the build.
    [[ $engine == host && -z ${cold:-} ]] && start=0
    within "$(lowest_peak 300 "$file")" "$peak" "$(awk -v s="$start" 'BEGIN { print 303 + s / 1048576 }')" "the memory peak"
    # build-mem keeps the PSS of a process until its memory has changed by 1 %.
    within 297 "$(jq '.stages[] | select(.name == "hold") | .pss_peak_bytes' "$file")" 303 "PSS of the stage"
    within 297 "$(jq '[.stages[] | select(.name == "hold") | .processes_at_peak[] |
        select(.name == "hold") | .pss_bytes] | add' "$file")" 303 "the processes of the stage"
    holds "$file" '.verdict == "pass" and .exit_code == 0 and (.verify | all(.ok))'
    holds "$file" '.cgroup | (.version == 1 or .version == 2) and (.directory | startswith("/sys/fs/cgroup")) and .proof != null'
    [[ $engine == inplace ]] || holds "$file" '.cgroup.seen_by == "runner"'
    [[ $(stat -c %u "$file") == "$(id -u)" ]] || fail "the result does not belong to the user who called build-mem"
    [[ $(grep -c '^\[BUILD-MEM RESULT\] {' "$work/out") == 1 ]] || fail "the output does not have exactly one RESULT line"
    nothing_left
    ok "$engine: the memory peak of a known allocation of 300 MiB is correct"
}

build_fails() {
    expect 3 measure --label fails -- sh -c 'exit 7'
    holds "$(result fails)" '.verdict == "build-failed" and .build.exit_code == 7'
    expect 3 measure --label signal -- sh -c 'kill -9 $$'
    holds "$(result signal)" '.verdict == "build-failed" and .build.signal == 9'
    expect 3 measure --label incomplete -- sh -c 'true'
    holds "$(result incomplete)" '.verify[] | select(.path == "made") | .ok == false'
    echo old >"$repo/made" && sleep 0.1
    expect 3 measure --label stale --skip-clear -- sh -c 'true'
    # The artifact exists, so build-mem refused it for its age.
    [[ -e $repo/made ]] || fail "--skip-clear removed the artifact"
    holds "$(result stale)" '.build.exit_code == 0 and (.verify[] | select(.path == "made") | .ok | not)'
    expect 4 measure --label nothing -- ./there-is-no-such-program
    holds "$(result nothing)" '.not_measured | contains("there-is-no-such-program")'
    nothing_left
    ok "$engine: a build that fails, or whose artifact is missing or old, does not pass"
}

oom_is_reported() {
    # The shell exits 0, so only the kernel's counter reports the OOM kill.
    # The long interval allows one snapshot, at the start: a snapshot keeps the memory of a dying
    # process, and the kernel would then kill the shell too.
    expect 3 measure --label oom --memory 64m --interval-ms 60000 -- \
        sh -c 'echo printed-before; ./hold anon=100 sleep=100; echo made >made; exit 0'
    holds "$(result oom)" '.build.oom_killed and .build.exit_code == 0 and .peak.censored
        and .peak.limit_bytes == 67108864 and .verdict == "build-failed"'
    grep -q printed-before "$repo/.build-mem/build-oom.log" || fail "the log is lost"
    junit_is_complete oom
    # Exit status 137 without a count of the kernel is not an OOM kill.
    expect 3 measure --label no-oom -- sh -c 'exit 137'
    holds "$(result no-oom)" '.build.oom_killed == false'
    nothing_left
    ok "$engine: an OOM kill of a child is reported; exit status 137 alone is not one"
}

# The shell, which is killed with its child, would exit 0.
guard_ends_the_build() {
    rm -f "$repo/made"
    expect 3 measure --label guarded --memory 96m --guard 90% -- \
        sh -c 'for mib in $(seq 4 4 96); do ./hold anon=$mib sleep=100; done; echo made >made'
    holds "$(result guarded)" '.cause.name == "guard" and .verdict == "build-failed" and (.build.oom_killed | not)
        and .pressure.oom_kills == 0 and .build.guard.room_bytes == 96 * 1048576
        and .build.guard.unreclaimable_bytes >= 0.9 * 96 * 1048576'
    [[ ! -e $repo/made ]] || fail "the build went on"
    junit_is_complete guarded
    expect 0 measure --label roomy --memory 96m --guard 90% -- sh -c './hold anon=60 sleep=300; echo made >made'
    holds "$(result roomy)" '.build | has("guard") | not'
    nothing_left
    ok "$engine: the guard ends a build before its memory runs out, and no other build"
}

# The build runs out of memory again and again, while the machine is busy: the kernel chooses a process when
# those that it has killed have not released their memory yet. It must never choose the probe, whose last
# record would be lost. OOM_RUNS sets the number of runs.
oom_under_load() {
    local i repeats=${OOM_RUNS:-5} burners=()
    for i in 1 2 3; do
        timeout 500 sh -c 'while :; do :; done' &
        burners+=($!)
    done
    for ((i = 0; i < repeats; i++)); do
        expect 3 measure --label oom-load --memory 64m -- sh -c './hold spawn=4 anon=40 sleep=100; exit 0'
        holds "$(result oom-load)" '.not_measured == null and .build.oom_killed and .verdict == "build-failed"'
    done
    kill "${burners[@]}"
    wait "${burners[@]}" 2>/dev/null || true
    ok "$engine: $repeats builds that ran out of memory under CPU load, and no lost record"
}

# start_endless LABEL [COMMANDS]: starts a run in the background. Sets $pid to its PID and writes its
# output to $work/begun. Returns when the build has run the commands, and the run has several samples.
start_endless() {
    rm -f "$repo/.build-mem"/*-"$1".*
    env --default-signal "$build_mem" run --engine "$engine" --repo "$repo" --label "$1" -- \
        sh -c "${2:-:}; echo printed-before; sleep $endless; sleep $endless" >"$work/begun" 2>&1 &
    pid=$!
    eventually has_samples "$1"
}
has_samples() { (($(wc -l <"$repo/.build-mem/timeline-$1.csv") > 4)); }

# expect_end STATUS [FILE]: waits for the run $pid, which must exit with the status. FILE is its output.
expect_end() {
    local status=0
    wait "$pid" || status=$?
    [[ $status == "$1" ]] || fail "exit $status instead of $1: $(tail -n 3 "${2:-$work/begun}")"
}

ends_on_demand() {
    local signal number pid timeout=4s
    # The timeout includes the start of the engine.
    if in_uml; then
        [[ $engine == host ]] || timeout=15s
    elif [[ $engine == host || $engine == inplace ]]; then
        timeout=2s
    fi
    expect 3 measure --label timeout --timeout "$timeout" -- \
        sh -c "trap '' TERM; echo printed-before; sleep $endless; sleep $endless"
    # The result is complete, so the probe has ended the build.
    holds "$(result timeout)" '.build.timed_out and .verdict == "build-failed" and .not_measured == null'
    records_are_kept timeout
    junit_is_complete timeout
    nothing_left
    for signal in INT TERM HUP; do
        number=$(kill -l "$signal")
        start_endless ended
        kill "-$signal" "$pid"
        expect_end $((128 + number))
        holds "$(result ended)" ".exit_code == $((128 + number)) and .not_measured != null"
        records_are_kept ended
        junit_is_complete ended
        nothing_left
    done
    ok "$engine: timeout, SIGINT, SIGTERM and SIGHUP end the run and leave nothing"
}

container_is_gone() {
    [[ $engine == host || $engine == inplace || -z $("$engine" ps -q --filter label=build-mem.run) ]]
}
all_is_gone() { build_is_gone && container_is_gone; }

runner_is_killed() {
    local pid patience=5
    ! in_uml || patience=20
    # A killed runner removes nothing. Its build ends, even if it ignores SIGTERM, and the next run
    # removes the rest.
    start_endless killed "trap '' TERM"
    kill_runner "$pid"
    # The documentation states this limit. If the probe did not end the build, it would run longer.
    patience_s=$patience eventually all_is_gone
    records_are_kept killed
    [[ $engine == host || $engine == inplace || -n $("$engine" ps -aq --filter label=build-mem.run) ]] ||
        fail "no container remains for the next run to remove"
    expect 3 measure --label sweeps -- sh -c 'exit 1'
    nothing_left
    ok "$engine: a killed runner ends its build, and the next run removes what remains"
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
    # The output is larger than all buffers between the build and the log.
    cat >"$repo/build.sh" <<'SH'
i=0; while [ $i -lt 20000 ]; do echo "line $i of a build that prints a lot about its work"; i=$((i+1)); done
echo made >made
SH
    expect 0 measure --label long -- sh build.sh
    [[ $(wc -l <"$repo/.build-mem/build-long.log") == 20000 ]] || fail "output was lost"
    nothing_left
    ok "$engine: the output of the build reaches the log and the terminal completely"
}

warm_cache() {
    expect 0 measure --label warm --cache warm -- sh -c 'echo made >made'
    holds "$(result warm)" '.environment.cache_policy == "warm"'
    grep -qE '[0-9] [KM]iB .*workspace' "$work/err" || fail "the workspace was not read"
    # Only a container has an image.
    [[ $engine == host || $engine == inplace ]] || grep -qE '[0-9] [KM]iB .*image' "$work/err" || fail "the image was not read"
    nothing_left
    ok "$engine: a warm run reports how much it read before the build"
}

# Drops the page cache of the whole machine, so only one test runs it. The file system must have one.
cache_policies() {
    local policy least most
    head -c 64M /dev/urandom >"$repo/large"
    for policy in as-is:64:128 warm:0:16 cold:64:128; do
        IFS=: read -r policy least most <<<"$policy"
        # With --cache cold, build-mem drops the file from the page cache.
        [[ $policy == cold ]] || { sync "$repo/large" && dd if="$repo/large" iflag=nocache count=0 status=none; }
        expect 0 measure --label "$policy" --cache "$policy" -- sh -c 'cat large >/dev/null; echo made >made'
        holds "$(result "$policy")" ".environment.cache_policy == \"$policy\""
        within "$least" "$(jq .peak.cgroup_bytes "$(result "$policy")")" "$most" "the 64 MiB that are read, $policy"
    done
    expect 0 "$build_mem" baseline refresh --repo "$repo" --baseline "$work/cold.json" "$(result cold)"
    expect 4 "$build_mem" check --engine "$engine" --repo "$repo" --baseline "$work/cold.json" \
        --cache warm -- sh -c 'echo made >made'
    holds "$(result check)" '.verdict == "not-comparable" and .environment.cache_policy == "warm"'
    if [[ $EUID == 0 ]]; then
        chmod 777 "$repo" "$work"
        expect 4 setpriv --reuid 65534 --clear-groups "$build_mem" run --engine "$engine" --repo "$repo" \
            --out "$repo/nobody" --cache cold -- sh -c 'echo made >made'
        mentions "$work/err" drop_caches
    fi
    rm "$repo/large"
    ok "$engine: the page cache contains the files of the build with --cache warm, and not with --cache cold"
}

# doctor imports an image, runs a trial in it and removes it. Only for the engine that auto would choose, with
# all rights.
doctor() {
    mkdir "$work/trial"
    expect 0 env --chdir="$work/trial" "$build_mem" doctor --json
    holds "$work/out" ".engines[] | select(.name == \"$engine\") | .state == \"ok\" and .version != null and .limit_in_force
        and .files_owned and .peak_exact and .stage_peaks_exact and .process_ledger"
    within 20 "$(jq ".engines[] | select(.name == \"$engine\") | .peak_bytes" "$work/out")" 40 "the memory peak of the trial"
    holds "$work/out" ".best == \"$engine\" and .start == [\"build-mem run -- COMMAND\"]"
    [[ -z $("$engine" images -q build-mem-trial) ]] || fail "an image remains"
    [[ -z $(ls -A "$work/trial") ]] || fail "a file remains"
    nothing_left
    ok "$engine: doctor measures its trial, and leaves nothing"
}
