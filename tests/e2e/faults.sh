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
faults_host_rows=(proc_is_hidden series_are_taken)
# What needs a kernel of its own: a clock to be set, file systems that this one may lack.
faults_rig_rows=(quota_is_used_up clock_is_set clocks_differ)
faults_container_rows=(no_engine engine_is_slow container_is_taken_away images_are_wrong privileges_are_least)

# known_so_far LABEL: what the run has told before it broke off is kept.
known_so_far() {
    local file
    file=$(result "$1")
    holds "$file" '.verdict == "inconclusive" and .exit_code == 4 and (.not_measured | length > 0)
        and .peak.estimated and .peak.cgroup_bytes > 0'
    grep -q said-before "$repo/.build-mem/build-$1.log" || fail "the log up to the fault is lost"
    (($(wc -l <"$repo/.build-mem/timeline-$1.csv") > 3)) || fail "the timeline up to the fault is lost"
    [[ $(tail -n 1 "$repo/.build-mem/junit-$1.xml") == '</testsuites>' ]] || fail "the JUnit file is not whole"
    nothing_left
}

# start_talking LABEL: as start_endless, with a build that has said something and been seen for a while.
start_talking() {
    rm -f "$repo/.build-mem/timeline-$1.csv"
    env --default-signal "$build_mem" run --engine "$engine" --repo "$repo" --label "$1" -- \
        sh -c "echo said-before; sleep $endless" >"$work/out" 2>"$work/err" &
    pid=$!
    eventually seen_for_a_while "$1"
}
seen_for_a_while() { (($(wc -l <"$repo/.build-mem/timeline-$1.csv") > 4)); }

# ends STATUS [FILE]: the run that was started ends with it; what it has said is in the file.
ends() {
    local status=0
    wait "$pid" || status=$?
    [[ $status == "$1" ]] || fail "exit $status instead of $1: $(tail -n 3 "${2:-$work/err}")"
}

container() { "$engine" ps -q --filter label=build-mem.run; }

the_probe_dies() {
    local pid probe
    start_talking probe
    case $engine in
    host | inplace) probe=$(pgrep -P "$pid") ;;
    *) probe=$("$engine" inspect --format '{{.State.Pid}}' "$(container)") ;;
    esac
    kill -KILL "$probe"
    ends 4
    known_so_far probe
    ok "$engine: a probe that is killed leaves what it has told"
}

container_is_taken_away() {
    local pid how
    local remove='rm --force'
    # Podman would ask first, and the build ends by itself then.
    [[ $engine != podman ]] || remove+=' --time=0'
    for how in kill "$remove"; do
        start_talking taken
        # shellcheck disable=SC2086
        "$engine" $how "$(container)" >/dev/null
        ends 4
        known_so_far taken
    done
    ok "$engine: a container that is killed or removed leaves what it has told"
}

nobody_reads() {
    local status=$work/status
    rm -f "$status"
    {
        measure --label unread -- sh -c 'echo said-before; sleep 0.5; echo made >made' 2>&1 || echo $? >"$status"
    } | true
    [[ $(<"$status") == 4 ]] || fail "exit '$(<"$status")' where nobody reads"
    holds "$(result unread)" '.verdict == "pass" and .not_measured == null'
    nothing_left
    ok "$engine: a reader that goes away costs its output alone, and is told"
}

odd_builds() {
    expect 0 measure --label daemon -- sh -c "./busybox setsid sleep $endless & echo made >made"
    nothing_left
    # A process that nobody waits for, and one that is left to the probe.
    expect 0 measure --label zombie -- sh -c '(sleep 0.1 &); sleep 0 & echo made >made; exec ./busybox sleep 0.4'
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
    nothing_left
    if [[ $engine != inplace && $EUID == 0 ]]; then
        # Everything, the probe first: who tells then is the kernel, or the engine.
        expect 3 measure --label all --memory 64m --interval-ms 60000 -- ./attack score hold pause
        holds "$(result all)" '.build.oom_killed and .verdict == "build-failed"'
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
        >"$work/out" 2>"$work/err" &
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
    nothing_left
    ok "$engine: where all of the cgroup is killed at once, probe and build, it is told"
}

# out_is_full REASON: where our files go there is room for some KiB alone.
out_is_full() {
    local file
    expect 4 measure --label full -- sh -c './busybox yes said-before | ./busybox head -n 40000; echo made >made'
    grep -q "build-full.log: cannot write: $1" "$work/out" || fail "the reason is not told"
    for file in "$repo"/.build-mem/*.json; do
        [[ ! -e $file ]] || jq -e .verdict "$file" >/dev/null || fail "half a result"
    done
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
    umount "$repo/baselines"
    trap end_jobs EXIT
    ok "$engine: a disk that is full or read-only is told, and nothing is cut short"
}

quota_is_used_up() {
    # In memory: what a rig shares with its machine is no place for a loop device.
    truncate -s 128M /run/quota.img
    mkfs.btrfs -q /run/quota.img
    insmod "/usr/lib/uml/modules/$(uname -r)/kernel/drivers/block/loop.ko"
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
    grep -q 'User Mode Linux' /proc/cpuinfo || fail "this is a real machine, whose clock is not ours to set"
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
        ${flags[@]+"${flags[@]}"} -- sh -c "until [ -e go ]; do sleep 0.1; done; $2" >"$work/out" 2>"$work/err" &
    pid=$!
    eventually seen_for_a_while "$label"
}

clock_is_set() {
    local pid jump plain=$repo repo=$work/clock
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
        ends 0 "$work/out"
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
    ends 3 "$work/out"
    holds "$(result old)" '.verify[] | select(.path == "made") | (.ok | not) and (.detail | test("stale"))'
    # Time that the build has is not given back.
    start_waiting late --timeout 5s -- true
    set_clock -3600
    ends 3 "$work/out"
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
    expect 0 unshare --mount sh -c 'mount -t proc -o hidepid=2 proc /proc && exec "$@"' sh \
        env --default-signal "$build_mem" run --engine host --repo "$repo" --label hidden --user 65534:65534 \
        -- ./hold spawn=2 anon=30 meet sleep=500 write=made:1
    within 59 "$(jq '.stages[] | select(.name == "hold") | .pss_peak_bytes' "$(result hidden)")" 63 "PSS with hidepid"
    nothing_left
    ok "$engine: where /proc hides the processes of others the build's own are seen"
}

a_thousand_processes() {
    local many=${faults_processes:-1000}
    cat >"$repo/many.sh" <<'SH'
i=0
while [ $i -lt "$2" ]; do ./busybox sleep "$1" & i=$((i + 1)); done
./busybox sleep 2
echo made >made
SH
    expect 0 measure --label many -- ./busybox sh many.sh "$endless" "$many"
    (($(tail -n +2 "$repo/.build-mem/timeline-many.csv" | awk -F, '$7 > most { most = $7 } END { print most + 0 }') >= many)) ||
        fail "not all of $many processes were seen"
    holds "$(result many)" '.not_measured == null and .sampler.unreadable == 0'
    nothing_left
    ok "$engine: $many processes at once"
}

runs_side_by_side() {
    local pid label first status=0 beside=${faults_beside:-8}
    start_endless one
    first=$pid
    expect 4 measure --label one -- sh -c 'echo made >made'
    grep -q "process $first measures under the label one" "$work/err" || fail "the first run's pid is not told"
    grep -q . "$repo/.build-mem/timeline-one.csv" || fail "a run that is refused has written files"
    expect 0 measure --label two -- sh -c 'echo made >made'
    kill -KILL "$first"
    wait "$first" || true
    # Nobody holds it any more, and nothing is to be cleared away.
    expect 0 measure --label one -- sh -c 'echo made >made'
    # A refresh beside a check, that sees the old baseline or the new one. What both make appears whole.
    local build=(sh -c './hold anon=40 sleep=200 && echo made >"made.$$" && ./busybox mv "made.$$" made')
    expect 0 measure --label one -- "${build[@]}"
    expect 0 "$build_mem" baseline refresh --repo "$repo" --baseline "$work/shared.json" "$(result one)"
    "$build_mem" baseline refresh --runs 2 --skip-clear --engine "$engine" --repo "$repo" \
        --baseline "$work/shared.json" --allow-increase --reason noise -- "${build[@]}" >"$work/refresh" 2>&1 &
    pid=$!
    expect 0 "$build_mem" check --engine "$engine" --repo "$repo" --baseline "$work/shared.json" --skip-clear \
        -- "${build[@]}"
    ends 0 "$work/refresh"
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

# A build can take its probe along at once: by then its cgroup has to be known.
engine_is_slow() {
    mkdir "$work/slow"
    cat >"$work/slow/$engine" <<SH
#!/bin/sh
case \$* in *State.Pid*) sleep 1; [ ! -e '$repo/made' ] || touch '$work/begun' ;; esac
exec $(command -v "$engine") "\$@"
SH
    chmod +x "$work/slow/$engine"
    PATH=$work/slow:$PATH expect 0 measure --label slow -- sh -c 'echo made >made'
    [[ ! -e $work/begun ]] || fail "the build has run before the engine told where"
    nothing_left
    ok "$engine: the build waits until the engine has told where it is"
}

privileges_are_least() {
    local show='./busybox grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status; ./busybox cat /proc/self/mountinfo; echo made >made'
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
    expect 0 measure --label least --user 65534:65534 -- sh -c "$show; ./hold spawn=2 anon=30 meet sleep=500"
    grep -qP '^CapEff:\t0000000000000000$' "$log" || fail "a user has capabilities"
    grep -qP '^CapBnd:\t0000000000000000$' "$log" || fail "a user can have capabilities"
    holds "$(result least)" '.sampler.unreadable == 0 and .sampler.vanished >= 0'
    within 59 "$(jq '.stages[] | select(.name == "hold") | .pss_peak_bytes' "$(result least)")" 63 "PSS of another user"
    expect 0 measure --label engine --privileges engine -- sh -c "$show"
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
    start_talking daemon
    kill -KILL "$(<"$state/docker.pid")"
    ends 4
    holds "$(result daemon)" '.not_measured | test("Cannot connect to the Docker daemon")'
    grep -q said-before "$repo/.build-mem/build-daemon.log" || fail "the log up to the fault is lost"
    # Nobody but us was there to end it.
    build_is_gone || fail "a process of the build is left"
    # Its containerd died with it, and may lie there as a zombie that would be taken for one.
    rm -f "$state/exec/containerd/containerd.pid"
    "$srcdir/tests/rig/docker" run true
    expect 0 measure --label after -- sh -c 'echo made >made'
    nothing_left
    ok "$engine: a daemon that is killed is told, and what it leaves is swept up"
}
