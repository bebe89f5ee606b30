# faults.sh: what may go wrong while a build is measured, row by row: each with the exit status, what
# is said, what is kept, and nothing that is left. What lies behind in engine.sh is not repeated here:
# a build that fails, SIGINT, SIGTERM, SIGHUP, a time-out that the build ignores, a runner that is
# killed, a child that is killed for lack of memory. Writers that fail are in unit/test_faults.
# To be sourced after lib.sh; `on_engine ENGINE "${faults_rows[@]}"`, and besides of containers
# "${faults_container_rows[@]}", of the host "${faults_host_rows[@]}", in a User-Mode-Linux
# "${faults_rig_rows[@]}". A slow machine may set the sizes of the heaviest rows: $faults_mib,
# $faults_processes, $faults_beside.
# shellcheck shell=bash
# What engine.sh has set: $engine, $repo, $endless, measure, result, nothing_left, start_endless.
# shellcheck disable=SC2154

faults_rows=(the_probe_dies nobody_reads odd_builds gigabyte memory_is_out all_at_once disk_is_full
    files_are_limited odd_repositories few_descriptors a_thousand_processes runs_side_by_side)
faults_host_rows=(proc_is_hidden series_are_taken cgroups_within)
# What needs a kernel of its own: a clock to be set, file systems that this one may lack.
faults_rig_rows=(quota_is_used_up clock_is_set clocks_differ)
faults_container_rows=(no_engine engine_is_slow early_ends container_is_taken_away images_are_wrong privileges_are_least)
# Docker's alone: a daemon, that any user may be given to talk to.
faults_docker_rows=(another_user engine_never_ends daemon_is_killed)

# known_so_far LABEL REASON: what the run has told before it broke off is kept, and why it did is told.
known_so_far() {
    holds "$(result "$1")" ".verdict == \"inconclusive\" and .exit_code == 4 and .peak.estimated
        and .peak.cgroup_bytes > 0 and (.not_measured | test(\"$2\"))"
    told "$work/begun" 'INCONCLUSIVE not measured: '
    kept "$1"
    junit_is_whole "$1"
}

container() { "$engine" ps -q --filter label=build-mem.run; }

the_probe_dies() {
    local pid probe why='broke off: the probe was ended by signal 9'
    start_endless probe
    case $engine in
    host | inplace) probe=$(pgrep -P "$pid") ;;
    *)
        probe=$("$engine" inspect --format '{{.State.Pid}}' "$(container)")
        why='broke off'
        ;;
    esac
    kill -KILL "$probe"
    ends 4
    known_so_far probe "$why"
    nothing_left
    ok "$engine: a probe that is killed leaves what it has told"
}

container_is_taken_away() {
    local pid how
    local remove='rm --force'
    # Podman would ask first, and the build ends by itself then.
    [[ $engine != podman ]] || remove+=' --time=0'
    for how in kill "$remove"; do
        start_endless taken
        # shellcheck disable=SC2086
        "$engine" $how "$(container)" >/dev/null
        ends 4
        known_so_far taken 'broke off'
        nothing_left
    done
    # What we see of it is the engine's own program.
    start_endless attached
    kill -KILL "$(pgrep -P "$pid")"
    ends 4
    known_so_far attached "broke off: $engine was ended by signal 9|broke off: the probe was ended by signal 9"
    nothing_left
    ok "$engine: a container that is killed or removed, or cut off from us, leaves what it has told"
}

nobody_reads() {
    local status=$work/status
    rm -f "$status"
    {
        measure --label unread -- sh -c 'echo said-before; sleep 0.5; echo made >made' 2>&1 || echo $? >"$status"
    } | true
    [[ $(<"$status") == 4 ]] || fail "exit '$(<"$status")' where nobody reads"
    rm "$status"
    {
        measure --label unread -- sh -c 'echo said-before; sleep 0.5; echo made >made' 2>"$work/err" || echo $? >"$status"
    } | true
    [[ $(<"$status") == 4 ]] || fail "exit '$(<"$status")' where nobody reads the summary"
    grep -q 'standard output: Broken pipe' "$work/err" || fail "the reason is not told"
    grep -q said-before "$repo/.build-mem/build-unread.log" || fail "the log is lost"
    holds "$(result unread)" '.verdict == "pass" and .not_measured == null'
    nothing_left
    ok "$engine: a reader that goes away costs its output alone, and is told"
}

odd_builds() {
    expect 0 measure --label daemon -- sh -c "./busybox setsid sleep $endless & echo made >made"
    holds "$(result daemon)" '.verdict == "pass" and .sampler.unreadable == 0'
    nothing_left
    # A process that nobody waits for, and one that is left to the probe.
    expect 0 measure --label zombie -- sh -c '(sleep 0.1 &); sleep 0 & echo made >made; exec ./busybox sleep 0.4'
    holds "$(result zombie)" '.verdict == "pass" and .sampler.unreadable == 0'
    nothing_left
    expect 0 measure --label closes -- sh -c 'exec >&- 2>&-; sleep 0.4; echo made >made'
    holds "$(result closes)" '.build.duration_ms >= 400'
    nothing_left
    ok "$engine: a daemon, zombies, and a build that closes its output"
}

gigabyte() {
    local mib=${faults_mib:-1024}
    # An engine's way through its daemon is ten times as long.
    [[ $engine == host || -n ${faults_mib:-} ]] || mib=256
    expect 0 measure --quiet --label gigabyte -- \
        sh -c "./busybox dd if=/dev/zero bs=1M count=$mib 2>/dev/null; echo made >made"
    [[ $(stat -c %s "$repo/.build-mem/build-gigabyte.log") == $((mib << 20)) ]] || fail "output was lost"
    # The files that tell of it keep their size.
    [[ -z $(find "$repo/.build-mem" -name '*gigabyte*' ! -name '*.log' -size +1M) ]] || fail "the output is in a report"
    rm "$repo/.build-mem/build-gigabyte.log"
    nothing_left
    ok "$engine: a build that prints $mib MiB"
}

memory_is_out() {
    # The build's first process itself.
    expect 3 measure --label shell --memory 64m --interval-ms 60000 -- ./hold anon=100 sleep=100
    holds "$(result shell)" '.build.oom_killed and .build.signal == 9 and .verdict == "build-failed"'
    told "$work/out" 'the build ran out of memory'
    nothing_left
    if [[ $engine != inplace && $EUID == 0 ]]; then
        # Everything, the probe first: who tells then is the kernel, or the engine.
        expect 3 measure --label all --memory 64m --interval-ms 60000 --timeout 1m -- ./attack score hold pause
        holds "$(result all)" '.build.oom_killed and .verdict == "build-failed" and .build.exit_code == null
            and (.build.timed_out | not) and (.not_measured | test("broke off"))'
        told "$work/out" 'the build ran out of memory'
        nothing_left
    fi
    ok "$engine: a build that is killed for lack of memory is told, and one that takes its probe along"
}

# memory.oom.group, as Kubernetes sets it: the kernel kills all of the cgroup at once.
all_at_once() {
    [[ -e /sys/fs/cgroup/cgroup.controllers ]] || { echo "  cgroup v1 has no memory.oom.group" && return; }
    local pid probe
    rm -rf "$repo/go" "$repo/.build-mem/build-group.log"
    env --default-signal "$build_mem" run --engine "$engine" --repo "$repo" --label group --memory 64m \
        --interval-ms 60000 -- sh -c 'echo runs; until [ -e go ]; do sleep 0.1; done; ./hold anon=100 sleep=100' \
        >"$work/begun" 2>&1 &
    pid=$!
    eventually test -s "$repo/.build-mem/build-group.log"
    case $engine in
    host) probe=$(pgrep -P "$pid") ;;
    *) probe=$("$engine" inspect --format '{{.State.Pid}}' "$(container)") ;;
    esac
    # Else the shell would live to say that hold was killed.
    echo 1 >"/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$probe/cgroup")/memory.oom.group"
    touch "$repo/go"
    ends 3
    holds "$(result group)" '.build.oom_killed and .verdict == "build-failed" and .build.exit_code == null'
    told "$work/begun" 'the build ran out of memory'
    nothing_left
    ok "$engine: where all of the cgroup is killed at once, probe and build, it is told"
}

# out_is_full REASON: where our files go there is room for some KiB alone.
out_is_full() {
    local file
    expect 4 measure --label full -- sh -c './busybox yes said-before | ./busybox head -n 40000; echo made >made'
    grep -q "build-full.log: cannot write: $1" "$work/out" || fail "the reason is not told"
    grep -q '^\[BUILD-MEM RESULT\] {.*"verdict":"inconclusive"' "$work/out" || fail "no RESULT line"
    grep -q said-before "$repo/.build-mem/build-full.log" || fail "the log up to the fault is lost"
    grep -q '^t_ms,' "$repo/.build-mem/timeline-full.csv" || fail "the timeline up to the fault is lost"
    for file in "$repo"/.build-mem/*.json; do
        [[ ! -e $file ]] || jq -e .verdict "$file" >/dev/null || fail "half a result"
    done
    [[ ! -e $repo/.build-mem/junit-full.xml ]] || junit_is_whole full
    ! compgen -G "$repo/.build-mem/*.??????" >/dev/null || fail "a temporary file is left"
    nothing_left
}

disk_is_full() {
    mkdir -p "$repo/.build-mem"
    mount -t tmpfs -o size=64k tmpfs "$repo/.build-mem"
    # shellcheck disable=SC2064
    trap "umount -l '$repo/.build-mem'; end_jobs" EXIT
    out_is_full 'No space left on device'
    # All was measured, and only what tells of it finds no room.
    rm -f "$repo"/.build-mem/*
    head -c 32K /dev/zero >"$repo/.build-mem/fill"
    expect 4 measure --label page -- sh -c 'echo made >made'
    holds "$(result page)" '.verdict == "pass"'
    grep -q 'report-page.html: .*No space left on device' "$work/err" || fail "the file is not told"
    nothing_left
    rm -f "$repo"/.build-mem/*
    mount -o remount,ro "$repo/.build-mem"
    expect 4 measure --label refused -- sh -c 'echo made >made'
    grep -q 'Read-only file system' "$work/err" || fail "the reason is not told"
    nothing_left
    umount "$repo/.build-mem"
    trap end_jobs EXIT
    # A baseline is as it was, or as it is to be.
    expect 0 measure --label accepted -- sh -c 'echo made >made'
    mkdir -p "$repo/baselines"
    mount -t tmpfs -o size=16k tmpfs "$repo/baselines"
    # shellcheck disable=SC2064
    trap "umount -l '$repo/baselines'; end_jobs" EXIT
    expect 0 "$build_mem" baseline refresh --repo "$repo" "$(result accepted)"
    cp "$repo/baselines/build-mem.json" "$work/before.json"
    cat /dev/zero >"$repo/baselines/fill" 2>/dev/null || true
    expect 2 "$build_mem" baseline refresh --repo "$repo" "$(result accepted)"
    grep -q 'No space left on device' "$work/err" || fail "the reason is not told"
    cmp "$repo/baselines/build-mem.json" "$work/before.json" || fail "the baseline is not as it was"
    [[ $(cd "$repo/baselines" && echo *) == 'build-mem.json fill' ]] || fail "a temporary file is left"
    umount "$repo/baselines"
    trap end_jobs EXIT
    ok "$engine: a disk that is full or read-only is told, and nothing is cut short"
}

quota_is_used_up() {
    # In memory: what a rig shares with its machine is no place for a loop device.
    rm -f /run/quota.img
    truncate -s 128M /run/quota.img
    mkfs.btrfs -q /run/quota.img
    [[ -e /dev/loop-control ]] || insmod "/usr/lib/uml/modules/$(uname -r)/kernel/drivers/block/loop.ko"
    mkdir -p "$repo/.build-mem"
    mount -o loop /run/quota.img "$repo/.build-mem"
    # shellcheck disable=SC2064
    trap "umount -l '$repo/.build-mem'; end_jobs" EXIT
    btrfs -q quota enable "$repo/.build-mem"
    btrfs -q qgroup limit 256K "$repo/.build-mem"
    out_is_full 'Disk quota exceeded'
    umount "$repo/.build-mem"
    trap end_jobs EXIT
    ok "$engine: a quota that is used up is told, and nothing is cut short"
}

# set_clock SECONDS: forward, or back.
set_clock() {
    in_uml || fail "this is a real machine, whose clock is not ours to set"
    date --set="@$(($(date +%s) + $1))" >/dev/null
}

# start_waiting LABEL FLAG... -- COMMAND: a run whose build waits for a file `go` before the command.
start_waiting() {
    local label=$1 flags=()
    shift
    while [[ $1 != -- ]]; do
        flags+=("$1")
        shift
    done
    rm -f "$repo/go" "$repo/.build-mem/timeline-$label.csv"
    env --default-signal "$build_mem" run --engine "$engine" --repo "$repo" --label "$label" \
        ${flags[@]+"${flags[@]}"} -- sh -c "until [ -e go ]; do sleep 0.1; done; $2" >"$work/begun" 2>&1 &
    pid=$!
    eventually seen_for_a_while "$label"
}

clock_is_set() {
    local pid jump plain=$repo repo=$work/clock limit=20s # an engine starts in this time too
    [[ $engine != host ]] || limit=5s
    # Dated by this kernel's clock; what a rig shares with its machine is by the machine's.
    mkdir -p "$repo"
    mount -t tmpfs tmpfs "$repo"
    # shellcheck disable=SC2064
    trap "umount -l '$repo'; end_jobs" EXIT
    cp "$plain/build-mem.json" "$plain/busybox" "$repo/"
    for jump in -3600 86400; do
        start_waiting jump --timeout 10m -- 'echo made >made; sleep 0.5'
        set_clock "$jump"
        touch "$repo/go"
        ends 0
        holds "$(result jump)" '.verdict == "pass" and (.verify | all(.ok)) and .build.timed_out == false
            and .build.duration_ms > 500 and .build.duration_ms < 600000'
        awk -F, 'NR > 1 { if ($1 < last || $1 > 600000) exit 1; last = $1 }' "$repo/.build-mem/timeline-jump.csv" ||
            fail "the timeline jumps with the clock"
        nothing_left
    done
    # What was there before is old, also where it is newer than a start that has moved back.
    start_waiting old --skip-clear -- true
    set_clock -3600
    touch "$repo/go"
    ends 3
    holds "$(result old)" '.verify[] | select(.path == "made") | (.ok | not) and (.detail | test("stale"))'
    # Time that the build has is not given back.
    start_waiting late --timeout "$limit" -- true
    set_clock -3600
    ends 3
    holds "$(result late)" '.build.timed_out'
    nothing_left
    umount "$repo"
    trap end_jobs EXIT
    set_clock $((3 * 3600 - 86400))
    ok "$engine: a clock that is set back or forward changes no duration, and makes nothing old or new"
}

# What a rig shares with its machine is dated by the machine's clock, as a server's files are by its.
clocks_differ() {
    set_clock 3600
    expect 0 measure --label ahead -- sh -c 'echo made >made'
    set_clock -7200
    expect 3 measure --label behind --skip-clear -- true
    holds "$(result behind)" '.verify[] | select(.path == "made") | .detail | test("stale")'
    set_clock 3600
    nothing_left
    ok "$engine: files that another clock dates are new where they were made, and old where not"
}

files_are_limited() {
    local kib=32
    # It has no daemon: what it copies of the image is limited too.
    [[ $engine != podman ]] || kib=8192
    limited() (
        ulimit -f "$kib"
        measure "$@"
    )
    expect 4 limited --quiet --label limited -- \
        sh -c "./busybox yes said-before | ./busybox head -n $((kib * 128)); echo made >made"
    grep -q 'build-limited.log: cannot write: File too large' "$work/out" || fail "the reason is not told"
    nothing_left
    ok "$engine: a limit on the size of files is an error of the write, and not the end of the run"
}

odd_repositories() {
    local name plain=$repo repo
    for name in $'spaces, line\nbreak, ünïcödé €' '"quote",target=' "apo'strophe \$(id)"; do
        mkdir "$work/$name"
        cp -r "$plain/build-mem.json" "$plain/hold" "$work/$name/"
        repo=$work/$name
        expect 0 measure -- ./hold write=made:1
        [[ -s $repo/made ]] || fail "the build did not run in $name"
        holds "$(result run)" '.verdict == "pass"'
    done
    ln -s "$repo" "$work/link"
    repo=$work/link
    rm "$repo/made"
    expect 0 measure -- ./hold write=made:1
    [[ -s $repo/made ]] || fail "the build did not run behind a link"
    nothing_left
    ok "$engine: repositories with spaces, line breaks, quotes, other scripts, and behind a link"
}

few_descriptors() {
    limited() (
        ulimit -n "$1"
        measure "${@:2}"
    )
    expect 0 limited 24 --label few -- ./hold anon=20 sleep=300 write=made:1
    holds "$(result few)" '.not_measured == null and (.peak.estimated | not) and .sampler.unreadable == 0'
    # Not even a pipe: said, and not passed.
    expect 4 limited 10 --label none -- ./hold write=made:1
    grep -q 'Too many open files' "$work/out" "$work/err" || fail "the reason is not told"
    nothing_left
    ok "$engine: with few descriptors it measures, and with none it says why it cannot"
}

# Begins a build on the host that says nothing for longer than any CI is told nothing: to be waited
# for with silence_is_broken, while there is something else to do.
fall_silent() {
    trap 'jobs -pr | xargs -r kill; rm -rf "$work"' EXIT
    mkdir "$work/silent"
    echo '{"artifacts": [{"path": "made"}], "clear": [], "stages": []}' >"$work/silent/build-mem.json"
    env --default-signal "$build_mem" run --engine host --repo "$work/silent" -- \
        sh -c 'sleep 33; echo made >made' >"$work/silent/out" 2>"$work/silent/err" &
    silent=$!
}
silence_is_broken() {
    local status=0
    wait "$silent" || status=$?
    ((status == 0)) || fail "a silent build: exit $status: $(tail -n 3 "$work/silent/out")"
    grep -qP '^build-mem: .* [MK]iB, peak .* [MK]iB, 3\d\.\d s$' "$work/silent/err" ||
        fail "not a word in 30 s: $(<"$work/silent/err")"
    [[ $(wc -l <"$work/silent/err") == 1 ]] || fail "more than a word in 30 s: $(<"$work/silent/err")"
    ok "a build that says nothing is left alone, and a CI hears every 30 s that it lives"
}

proc_is_hidden() {
    chmod 755 "$work" && chmod 777 "$repo"
    # shellcheck disable=SC2016 # expanded by the inner shell
    expect 0 unshare --mount sh -c 'mount -t proc -o hidepid=2 proc /proc &&
        ! setpriv --reuid 65534 --regid 65534 --clear-groups test -e /proc/1 && exec "$@"' sh \
        env --default-signal "$build_mem" run --engine host --repo "$repo" --label hidden --user 65534:65534 \
        -- ./hold spawn=2 anon=30 meet sleep=2000 write=made:1
    within 59 "$(jq '.stages[] | select(.name == "hold") | .pss_peak_bytes' "$(result hidden)")" 63 "PSS with hidepid"
    nothing_left
    ok "$engine: where /proc hides the processes of others the build's own are seen"
}

a_thousand_processes() {
    local pid many=${faults_processes:-1000}
    cat >"$repo/many.sh" <<'SH'
i=0
while [ $i -lt "$2" ]; do ./busybox sleep "$1" & i=$((i + 1)); done
until [ -e go ]; do ./busybox sleep 0.1; done
echo made >made
SH
    rm -f "$repo/go" "$repo/.build-mem/timeline-many.csv"
    measure --label many -- ./busybox sh many.sh "$endless" "$many" >"$work/begun" 2>&1 &
    pid=$!
    patience_s=300 eventually all_are_seen "$many"
    touch "$repo/go"
    ends 0
    holds "$(result many)" '.not_measured == null and .sampler.unreadable == 0'
    nothing_left
    ok "$engine: $many processes at once"
}
all_are_seen() { awk -F, -v many="$1" '$7 >= many { seen = 1 } END { exit !seen }' "$repo/.build-mem/timeline-many.csv"; }

runs_side_by_side() {
    local pid label first size status=0 beside=${faults_beside:-8}
    start_endless one
    first=$pid
    size=$(stat -c %s "$repo/.build-mem/timeline-one.csv")
    cp "$repo/.build-mem/timeline-one.csv" "$work/before.csv"
    expect 4 measure --label one -- sh -c 'echo made >made'
    grep -q "process $first measures under the label one" "$work/err" || fail "the first run's pid is not told"
    cmp -n "$size" "$repo/.build-mem/timeline-one.csv" "$work/before.csv" || fail "a run that is refused has written files"
    # Another label beside it; each has its own peak.
    measure --label two --skip-clear -- ./hold anon=60 sleep=1500 write=made:1 >"$work/two" 2>&1 &
    pid=$!
    expect 0 measure --label three --skip-clear -- sh -c './hold anon=20 sleep=1500 write=made-3:1 && until [ -s made ]; do sleep 0.1; done'
    ends 0 "$work/two"
    within 60 "$(jq .peak.cgroup_bytes "$(result two)")" 65 "the headline of one label"
    within 20 "$(jq .peak.cgroup_bytes "$(result three)")" 25 "the headline of the other beside it"
    kill -KILL "$first"
    wait "$first" || true
    # Nobody holds it any more, and nothing is to be cleared away.
    expect 0 measure --label one -- sh -c 'echo made >made'
    # A refresh beside a check, that sees the old baseline or the new one. What both make appears whole.
    # In a container all have the same pids.
    local build='./hold anon=40 sleep=200 && echo made >made.ME && ./busybox mv made.ME made'
    expect 0 measure --label one -- sh -c "$build"
    expect 0 "$build_mem" baseline refresh --repo "$repo" --baseline "$work/shared.json" "$(result one)"
    "$build_mem" baseline refresh --runs 2 --skip-clear --engine "$engine" --repo "$repo" \
        --baseline "$work/shared.json" --allow-increase --reason noise -- sh -c "${build//ME/refresh}" >"$work/refresh" 2>&1 &
    pid=$!
    expect 0 "$build_mem" check --engine "$engine" --repo "$repo" --baseline "$work/shared.json" --skip-clear \
        -- sh -c "${build//ME/check}"
    ends 0 "$work/refresh"
    holds "$work/shared.json" '.environments[0].metrics.cgroup_peak.values | length == 2'
    nothing_left
    # Each by itself.
    local pids=()
    for ((label = 1; label <= beside; label++)); do
        mkdir -p "$work/beside/$label"
        cp -r "$repo/build-mem.json" "$repo/hold" "$work/beside/$label/"
        measure --repo "$work/beside/$label" --label beside -- \
            ./hold "anon=$((label * 10))" sleep=400 write=made:1 >/dev/null 2>&1 &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || status=$?; done
    ((status == 0)) || fail "one of $beside runs at once: exit $status"
    for ((label = 1; label <= beside; label++)); do
        within $((label * 10)) "$(jq .peak.cgroup_bytes "$work/beside/$label/.build-mem/result-beside.json")" \
            $((label * 10 + 5)) "the headline of run $label of $beside at once"
    done
    nothing_left
    ok "$engine: one run of a label at a time, and $beside of different repositories at once"
}

# Several runs write under LABEL-1 and so on: nobody else may, and the other way round.
series_are_taken() {
    local pid
    start_endless one
    expect 4 measure --label one-2 -- sh -c 'echo made >made'
    grep -q "process $pid measures under the label one in" "$work/err" || fail "the series' label is not told"
    kill -KILL "$pid"
    wait "$pid" || true
    start_endless one-2
    expect 4 measure --label one --runs 2 -- sh -c 'echo made >made'
    grep -q "process $pid measures under the label one-2 in" "$work/err" || fail "the run of a series is not told"
    expect 0 measure --label one-3 -- sh -c 'echo made >made'
    kill -KILL "$pid"
    wait "$pid" || true
    expect 0 measure --label one-2 -- sh -c 'echo made >made'
    nothing_left
    ok "$engine: the label of several runs and those of each are one run's at a time"
}

no_engine() {
    local without=DOCKER_HOST=unix:///nowhere.sock
    # It has no daemon that could be away: the program itself is.
    [[ $engine != podman ]] || without=PATH=/nowhere
    expect 4 env "$without" "$build_mem" run --engine "$engine" --repo "$repo" --label none -- true
    holds "$(result none)" ".not_measured | test(\"engine $engine cannot run builds here\")"
    ok "$engine: an engine that is missing or does not answer is told"
}

# instead COMMANDS: the engine's program, in $work/instead, that does them before it does what it is
# told, with $engine_itself for itself.
instead() {
    mkdir -p "$work/instead"
    printf '#!/bin/sh\nengine_itself=%s\n%s\nexec "$engine_itself" "$@"\n' "$(command -v "$engine")" "$1" \
        >"$work/instead/$engine"
    chmod +x "$work/instead/$engine"
}

# A build can take its probe along at once: by then its cgroup has to be known.
engine_is_slow() {
    rm -f "$work/begun-early"
    instead "case \$* in *State.Pid*) sleep 1; [ ! -e '$repo/made' ] || touch '$work/begun-early' ;; esac"
    PATH=$work/instead:$PATH expect 0 measure --label slow -- sh -c 'echo made >made'
    [[ ! -e $work/begun-early ]] || fail "the build has run before the engine told where"
    nothing_left
    ok "$engine: the build waits until the engine has told where it is"
}

# The run is ended while its engine is still at work, in a command that nobody needs or that all need.
early_ends() {
    local pid step
    for step in version create; do
        rm -f "$work/at-it" "$repo/made"
        instead "case \$1 in $step) \"\$engine_itself\" \"\$@\" && touch '$work/at-it' && exec sleep $endless ;; esac"
        # No function: the signal is not for a shell.
        env --default-signal PATH="$work/instead:$PATH" "$build_mem" run --engine "$engine" --repo "$repo" \
            --label early -- sh -c 'echo made >made' >"$work/begun" 2>&1 &
        pid=$!
        eventually test -e "$work/at-it"
        kill -TERM "$pid"
        ends 143
        told "$work/begun" interrupted
        [[ ! -e $repo/made ]] || fail "the build has run after all"
        nothing_left
    done
    instead 'case $1 in start) sleep 3 ;; esac'
    PATH=$work/instead:$PATH expect 4 measure --label early --timeout 1s -- sh -c 'echo made >made'
    holds "$(result early)" '.build.timed_out == false and (.not_measured | test("had not started the build"))'
    [[ ! -e $repo/made ]] || fail "the build has run after all"
    nothing_left
    ok "$engine: a run that is ended before its build has begun says so, and nothing is begun any more"
}

# All that was to be told has been told, and the engine's program stays.
engine_never_ends() {
    instead "case \$1 in start) \"\$engine_itself\" \"\$@\"; exec sleep $endless ;; esac"
    PATH=$work/instead:$PATH expect 0 measure --label stays -- sh -c 'echo made >made'
    holds "$(result stays)" '.verdict == "pass" and .not_measured == null'
    nothing_left
    ok "$engine: an engine that hangs at the end holds nothing up, and costs nothing that was measured"
}

# Whoever calls is who builds, and whose the files are.
another_user() {
    local as=(setpriv --reuid 65534 --regid 65534 --clear-groups env --default-signal HOME=/tmp "$build_mem")
    chmod 666 "${DOCKER_HOST#unix://}"
    chmod 755 "$work" && chmod 777 "$repo"
    rm -rf "$repo/.build-mem" "$repo/made"
    expect 0 "${as[@]}" run --engine docker --repo "$repo" -- sh -c './busybox grep ^Uid: /proc/self/status; echo made >made'
    grep -qP '^Uid:\t65534\t65534\t65534\t65534$' "$repo/.build-mem/build-run.log" || fail "it was built by another user"
    [[ $(stat -c %u "$repo/made" "$(result run)" "$repo/.build-mem/build-run.log" | sort -u) == 65534 ]] ||
        fail "not all that is written is the user's"
    chown -R root "$repo/.build-mem"
    expect 4 "${as[@]}" run --engine docker --repo "$repo" -- sh -c 'echo made >made'
    grep -q 'build-mem/.*: Permission denied' "$work/err" || fail "the reason is not told"
    chown -R 65534 "$repo/.build-mem"
    rm -rf "$repo/.build-mem" "$repo/made"
    nothing_left
    ok "$engine: the build is the invoking user's, and so are the files"
}

# As root a build can make control groups in its own.
cgroups_within() {
    cat >"$repo/within.sh" <<'SH'
own=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
[ -e "$own/memory.current" ] || own=/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
mkdir -p "$own/one/two"
./busybox setsid sh -c "echo \$\$ >'$own/one/two/cgroup.procs' && touch inside && exec sleep $1" &
until [ -e inside ]; do ./busybox sleep 0.1; done
echo made >made
SH
    rm -f "$repo/inside"
    expect 0 measure --label within -- sh within.sh "$endless"
    nothing_left
    ok "$engine: control groups that a build makes in its own go with it, and what lives there"
}

privileges_are_least() {
    local show='./busybox grep -E "^(Uid|CapEff|CapBnd|NoNewPrivs)" /proc/self/status; ./busybox cat /proc/self/mountinfo; echo made >made'
    local log=$repo/.build-mem/build-least.log
    expect 0 measure --label least -- sh -c "$show"
    # CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID: the bits 0, 1, 3 to 7.
    grep -qP '^CapEff:\t00000000000000fb$' "$log" || fail "other capabilities than those of a builder"
    grep -qP '^NoNewPrivs:\t1$' "$log" || fail "programs may gain privileges"
    [[ $(awk '$5 == "/work"' "$log" | wc -l) == 1 ]] || fail "the repository is not mounted"
    # Of this machine nothing else, but what the engine itself makes for each container.
    ! awk '/ - / { print $5 }' "$log" | grep -vqE '^/($|work$|proc(/|$)|sys(/|$)|dev(/|$)|etc/(hosts|hostname|resolv.conf)$|run(/|$))' ||
        fail "something else is mounted: $(<"$log")"
    # Another user has none, and its processes are measured all the same.
    chmod 777 "$repo"
    expect 0 measure --label least --user 65534:65534 -- sh -c "$show; ./hold spawn=2 anon=30 meet sleep=2000"
    grep -qP '^CapEff:\t0000000000000000$' "$log" || fail "a user has capabilities"
    grep -qP '^CapBnd:\t0000000000000000$' "$log" || fail "a user can have capabilities"
    holds "$(result least)" '.sampler.unreadable == 0 and .sampler.vanished >= 0'
    within 59 "$(jq '.stages[] | select(.name == "hold") | .pss_peak_bytes' "$(result least)")" 63 "PSS of another user"
    expect 0 measure --label engine --privileges engine -- sh -c "$show"
    grep -q '^CapEff:' "$repo/.build-mem/build-engine.log" || fail "what the engine gives was not seen"
    ! grep -qP '^CapEff:\t00000000000000fb$' "$repo/.build-mem/build-engine.log" || fail "--privileges engine changes nothing"
    nothing_left
    ok "$engine: the container has the least privileges, and what runs in it is measured"
}

# An image that says it is for another architecture; its shell is for a machine that nobody emulates.
foreign_image() {
    local root=$work/foreign platform=(--platform linux/s390x)
    [[ $engine != podman ]] || platform=(--os linux --arch s390x)
    mkdir -p "$root"/{bin,tmp,work,proc,sys,dev,etc}
    cp "$repo/busybox" "$root/bin/sh"
    # The field e_machine of an ELF header.
    printf '\376\376' | dd of="$root/bin/sh" bs=1 seek=18 conv=notrunc status=none
    tar -C "$root" -c . | "$engine" import "${platform[@]}" - build-mem-foreign:1 >/dev/null 2>&1
}

images_are_wrong() {
    expect 4 measure --label image --image there-is-no/such-image:1 -- true
    holds "$(result image)" '.not_measured | test("such-image")'
    expect 4 measure --label shell --build-cmd 'echo made >made'
    holds "$(result shell)" '.not_measured | test("bash: No such file or directory")'
    foreign_image
    expect 4 measure --label foreign --image build-mem-foreign:1 -- sh -c 'echo made >made'
    holds "$(result foreign)" '.not_measured |
        test("sh: Exec format error: .*another architecture.*--image")'
    nothing_left
    ok "$engine: an image that is missing, has no bash, or is another architecture's"
}

# Last: every other container of the engine ends with it.
daemon_is_killed() {
    local pid state
    state=$(dirname "${DOCKER_HOST#unix://}")
    start_endless daemon
    kill -KILL "$(<"$state/docker.pid")"
    ends 4
    known_so_far daemon 'Cannot connect to the Docker daemon'
    # Nobody but us was there to end it.
    build_is_gone || fail "a process of the build is left"
    # Its containerd died with it, and may lie there as a zombie that would be taken for one.
    rm -f "$state/exec/containerd/containerd.pid"
    "$srcdir/tests/rig/docker" run true
    expect 0 measure --label after -- sh -c 'echo made >made'
    nothing_left
    ok "$engine: a daemon that is killed is told, and what it leaves is swept up"
}
