# faults.sh: faults during a measurement. Each scenario checks the exit status, the result and the files
# that must be kept, and that nothing else remains.
#
# engine.sh has the common faults: a failed build, signals, timeouts, a killed runner, an OOM kill of a
# child. unit/test_faults has failed writes.
#
# Sourced after lib.sh, for on_engine. All engines run faults_scenarios. These also run:
#   the host           faults_host_scenarios
#   containers         faults_container_scenarios
#   Docker             faults_docker_scenarios
#   User-Mode-Linux    faults_rig_scenarios, on the host
# shellcheck shell=bash
# engine.sh sets $engine, $repo, $endless, measure, result, nothing_left, start_endless.
# shellcheck disable=SC2154

faults_scenarios=(probe_is_killed output_is_not_read daemons_and_zombies large_output out_of_memory oom_group
    disk_is_full file_size_limit unusual_paths few_descriptors many_processes concurrent_runs)
faults_host_scenarios=(hidden_proc labels_of_series nested_cgroups inner_limits)
# These scenarios set the clock of the kernel or need its file systems.
faults_rig_scenarios=(disk_quota clock_is_set clocks_differ)
faults_container_scenarios=(no_engine shell_of_the_image options_of_the_engine git_worktree other_directory engine_is_slow limit_is_dropped ended_before_the_build container_is_removed wrong_images least_privileges)
# Only Docker has a daemon.
faults_docker_scenarios=(pulled_image unseen_probe unseen_repository another_user engine_hangs daemon_is_killed)

# partial_result LABEL: fails unless the result of the interrupted run has a reason and the figures from
# before the interruption.
partial_result() {
    holds "$(result "$1")" '.verdict == "inconclusive" and .exit_code == 4 and .peak.estimated
        and .peak.cgroup_bytes > 0 and .not_measured != null'
    records_are_kept "$1"
    junit_is_complete "$1"
}

container() { "$engine" ps -q --filter label=build-mem.run; }

probe_is_killed() {
    local pid probe
    start_endless probe
    case $engine in
    host | inplace) probe=$(pgrep -P "$pid") ;;
    *) probe=$("$engine" inspect --format '{{.State.Pid}}' "$(container)") ;;
    esac
    kill -KILL "$probe"
    expect_end 4
    partial_result probe
    nothing_left
    ok "$engine: the figures from before the probe was killed are kept"
}

container_is_removed() {
    local pid how
    local remove='rm --force'
    # Without --time=0, podman sends SIGTERM first, and the build ends by itself.
    [[ $engine != podman ]] || remove+=' --time=0'
    for how in kill "$remove"; do
        start_endless removed
        # shellcheck disable=SC2086
        "$engine" $how "$(container)" >/dev/null
        expect_end 4
        partial_result removed
        nothing_left
    done
    # The runner's child is the engine's command.
    start_endless attached
    kill -KILL "$(pgrep -P "$pid")"
    expect_end 4
    partial_result attached
    nothing_left
    ok "$engine: the figures from before a container was killed, removed or disconnected are kept"
}

output_is_not_read() {
    local status=$work/status
    rm -f "$status"
    {
        measure --label unread -- sh -c 'echo printed-before; sleep 0.5; echo made >made' 2>&1 || echo $? >"$status"
    } | true
    [[ $(<"$status") == 4 ]] || fail "exit '$(<"$status")' instead of 4 if both outputs are closed"
    rm "$status"
    {
        measure --label unread -- sh -c 'echo printed-before; sleep 0.5; echo made >made' 2>"$work/err" || echo $? >"$status"
    } | true
    [[ $(<"$status") == 4 ]] || fail "exit '$(<"$status")' instead of 4 if standard output is closed"
    mentions "$work/err" 'Broken pipe'
    grep -q printed-before "$repo/.build-mem/build-unread.log" || fail "the log is lost"
    holds "$(result unread)" '.verdict == "pass" and .not_measured == null'
    nothing_left
    ok "$engine: a closed pipe is reported, and only the output to this pipe is lost"
}

daemons_and_zombies() {
    expect 0 measure --label daemon -- sh -c "./busybox setsid sleep $endless & echo made >made"
    holds "$(result daemon)" '.verdict == "pass" and .sampler.unreadable == 0'
    nothing_left
    # The build has a zombie. It also has an orphan, which becomes a child of the probe.
    expect 0 measure --label zombie -- sh -c '(sleep 0.1 &); sleep 0 & echo made >made; exec ./busybox sleep 0.4'
    holds "$(result zombie)" '.verdict == "pass" and .sampler.unreadable == 0'
    nothing_left
    expect 0 measure --label closes -- sh -c 'exec >&- 2>&-; sleep 0.4; echo made >made'
    holds "$(result closes)" '.build.duration_ms >= 400'
    nothing_left
    ok "$engine: builds with a daemon, with zombies, or with a closed output are measured"
}

large_output() {
    local mib=1024
    # Through the daemon of an engine, output takes ten times as long.
    [[ $engine == host ]] || mib=256
    expect 0 measure --quiet --label gigabyte -- \
        sh -c "./busybox dd if=/dev/zero bs=1M count=$mib 2>/dev/null; echo made >made"
    [[ $(stat -c %s "$repo/.build-mem/build-gigabyte.log") == $((mib << 20)) ]] || fail "output was lost"
    [[ -z $(find "$repo/.build-mem" -name '*gigabyte*' ! -name '*.log' -size +1M) ]] || fail "a report contains the output"
    rm "$repo/.build-mem/build-gigabyte.log"
    nothing_left
    ok "$engine: the log contains all output of a build that prints $mib MiB"
}

out_of_memory() {
    # The kernel kills the first process of the build.
    expect 3 measure --label shell --memory 64m --interval-ms 60000 -- ./hold anon=100 sleep=100
    holds "$(result shell)" '.build.oom_killed and .build.signal == 9 and .verdict == "build-failed"'
    nothing_left
    if [[ $engine != inplace && $EUID == 0 ]]; then
        # The kernel kills the probe first, then the build. The kernel or the engine reports the OOM kill.
        expect 3 measure --label all --memory 64m --interval-ms 60000 --timeout 1m -- ./attack score hold pause
        holds "$(result all)" '.build.oom_killed and .verdict == "build-failed" and .build.exit_code == null
            and (.build.timed_out | not) and .not_measured != null'
        nothing_left
    fi
    ok "$engine: an OOM kill of the build is reported, even if the kernel also kills the probe"
}

# Kubernetes sets memory.oom.group: an OOM kill ends all processes of the cgroup.
oom_group() {
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
    # Without memory.oom.group, the shell would survive.
    echo 1 >"/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$probe/cgroup")/memory.oom.group"
    touch "$repo/go"
    expect_end 3
    holds "$(result group)" '.build.oom_killed and .verdict == "build-failed" and .build.exit_code == null'
    nothing_left
    ok "$engine: an OOM kill of the whole cgroup, with probe and build, is reported"
}

# check_full_output REASON: runs a build whose output does not fit into the output directory. REASON is
# the text of the errno.
check_full_output() {
    local file
    expect 4 measure --label full -- sh -c './busybox yes printed-before | ./busybox head -n 40000; echo made >made'
    sed -n 's/^\[BUILD-MEM RESULT\] //p' "$work/out" >"$work/line.json"
    holds "$work/line.json" ".verdict == \"inconclusive\" and
        (.not_measured | contains(\"build-full.log\") and contains(\"$1\"))"
    grep -q printed-before "$repo/.build-mem/build-full.log" || fail "the log up to the fault is lost"
    grep -q '^t_ms,' "$repo/.build-mem/timeline-full.csv" || fail "the timeline up to the fault is lost"
    for file in "$repo"/.build-mem/*.json; do
        [[ ! -e $file ]] || jq -e .verdict "$file" >/dev/null || fail "the result is incomplete"
    done
    [[ ! -e $repo/.build-mem/junit-full.xml ]] || junit_is_complete full
    ! compgen -G "$repo/.build-mem/*.??????" >/dev/null || fail "a temporary file remains"
    nothing_left
}

disk_is_full() {
    mkdir -p "$repo/.build-mem"
    mount -t tmpfs -o size=64k tmpfs "$repo/.build-mem"
    # shellcheck disable=SC2064
    trap "umount -l '$repo/.build-mem'; end_jobs" EXIT
    check_full_output 'No space left on device'
    # The result fits on the disk, the reports do not.
    rm -f "$repo"/.build-mem/*
    head -c 32K /dev/zero >"$repo/.build-mem/fill"
    expect 4 measure --label page -- sh -c 'echo made >made'
    holds "$(result page)" '.verdict == "pass"'
    mentions "$work/err" report-page.html
    nothing_left
    rm -f "$repo"/.build-mem/*
    mount -o remount,ro "$repo/.build-mem"
    expect 4 measure --label refused -- sh -c 'echo made >made'
    mentions "$work/err" 'Read-only file system'
    nothing_left
    umount "$repo/.build-mem"
    trap end_jobs EXIT
    # A failed refresh must not change the baseline.
    expect 0 measure --label accepted -- sh -c 'echo made >made'
    mkdir -p "$repo/baselines"
    mount -t tmpfs -o size=16k tmpfs "$repo/baselines"
    # shellcheck disable=SC2064
    trap "umount -l '$repo/baselines'; end_jobs" EXIT
    expect 0 "$build_mem" baseline refresh --repo "$repo" "$(result accepted)"
    cp "$repo/baselines/build-mem.json" "$work/before.json"
    cat /dev/zero >"$repo/baselines/fill" 2>/dev/null || true
    expect 2 "$build_mem" baseline refresh --repo "$repo" "$(result accepted)"
    mentions "$work/err" 'No space left on device'
    cmp "$repo/baselines/build-mem.json" "$work/before.json" || fail "the failed refresh changed the baseline"
    [[ $(cd "$repo/baselines" && echo *) == 'build-mem.json fill' ]] || fail "a temporary file remains"
    umount "$repo/baselines"
    trap end_jobs EXIT
    ok "$engine: a full or read-only disk is reported, and no file is truncated"
}

disk_quota() {
    # The image is in memory: a loop device does not work on files that a rig shares with its machine.
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
    check_full_output 'Disk quota exceeded'
    umount "$repo/.build-mem"
    trap end_jobs EXIT
    ok "$engine: a full quota is reported, and no file is truncated"
}

# set_clock SECONDS: sets the clock forward, or back if SECONDS is negative.
set_clock() {
    in_uml || fail "a test must not set the clock of a real machine"
    date --set="@$(($(date +%s) + $1))" >/dev/null
}

# start_waiting LABEL FLAG... -- COMMAND: starts a run whose build waits for a file `go` before the command.
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
    eventually has_samples "$label"
}

clock_is_set() {
    local pid jump plain=$repo repo=$work/clock
    # This kernel sets the times of files on this tmpfs. The machine sets the times of files that a rig
    # shares with it.
    mkdir -p "$repo"
    mount -t tmpfs tmpfs "$repo"
    # shellcheck disable=SC2064
    trap "umount -l '$repo'; end_jobs" EXIT
    cp "$plain/build-mem.json" "$plain/busybox" "$repo/"
    for jump in -3600 86400; do
        start_waiting jump --timeout 10m -- 'echo made >made; sleep 0.5'
        set_clock "$jump"
        touch "$repo/go"
        expect_end 0
        holds "$(result jump)" '.verdict == "pass" and (.verify | all(.ok)) and .build.timed_out == false
            and .build.duration_ms > 500 and .build.duration_ms < 600000'
        awk -F, 'NR > 1 { if ($1 < last || $1 > 600000) exit 1; last = $1 }' "$repo/.build-mem/timeline-jump.csv" ||
            fail "the timeline jumps with the clock"
        nothing_left
    done
    # After the clock moves back, the old artifact has a later time than the start of the run. It must still
    # be refused.
    start_waiting old --skip-clear -- true
    set_clock -3600
    touch "$repo/go"
    expect_end 3
    holds "$(result old)" '.verify[] | select(.path == "made") | .ok | not'
    [[ -e $repo/made ]] || fail "the old artifact was removed"
    # A clock that moves back must not extend the timeout.
    start_waiting late --timeout 5s -- true
    set_clock -3600
    expect_end 3
    holds "$(result late)" '.build.timed_out'
    nothing_left
    umount "$repo"
    trap end_jobs EXIT
    set_clock $((3 * 3600 - 86400))
    ok "$engine: a change of the clock affects neither durations nor the age of artifacts"
}

# The machine sets the times of files that a rig shares with it, like a file server.
clocks_differ() {
    set_clock 3600
    expect 0 measure --label ahead -- sh -c 'echo made >made'
    set_clock -7200
    expect 3 measure --label behind --skip-clear -- true
    holds "$(result behind)" '.verify[] | select(.path == "made") | .ok | not'
    [[ -e $repo/made ]] || fail "the old artifact was removed"
    set_clock 3600
    nothing_left
    ok "$engine: the age of an artifact is correct if the file system has another clock"
}

file_size_limit() {
    local kib=32
    # Podman has no daemon, so the limit also applies to the image that it copies.
    [[ $engine != podman ]] || kib=8192
    limited() (
        ulimit -f "$kib"
        measure "$@"
    )
    expect 4 limited --quiet --label limited -- \
        sh -c "./busybox yes printed-before | ./busybox head -n $((kib * 128)); echo made >made"
    holds "$(result limited)" '.not_measured | contains("build-limited.log")'
    nothing_left
    ok "$engine: a limit on the size of files fails the write and does not kill the run"
}

unusual_paths() {
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
    [[ -s $repo/made ]] || fail "the build did not run in a repository whose path is a link"
    nothing_left
    ok "$engine: the path of the repository can be a link, and contain spaces, line breaks, quotes and Unicode"
}

few_descriptors() {
    # Only the soft limit: Podman has no daemon, so runc must be able to set the limits of the container.
    limited() (
        ulimit -Sn "$1"
        measure "${@:2}"
    )
    expect 0 limited 24 --label few -- ./hold anon=20 sleep=300 write=made:1
    holds "$(result few)" '.not_measured == null and (.peak.estimated | not) and .sampler.unreadable == 0'
    # With 10 descriptors, build-mem cannot open a pipe.
    expect 4 limited 10 --label none -- ./hold write=made:1
    cat "$work/out" >>"$work/err"
    mentions "$work/err" 'Too many open files'
    nothing_left
    ok "$engine: 24 descriptors are enough for a run; a run with 10 reports the error"
}

# start_silent_build: starts a build on the host engine that prints nothing for 33 s. silent_build waits
# for it and checks it. Other scenarios run in between.
start_silent_build() {
    any_wanted silent_build || return 0
    trap 'end_jobs; rm -rf "$work"' EXIT
    mkdir "$work/silent"
    echo '{"artifacts": [{"path": "made"}], "clear": [], "stages": []}' >"$work/silent/build-mem.json"
    env --default-signal "$build_mem" run --engine host --repo "$work/silent" -- \
        sh -c 'sleep 33; echo made >made' >"$work/silent/out" 2>"$work/silent/err" &
    silent=$!
}
silent_build() {
    local status=0
    any_wanted silent_build || return 0
    wait "$silent" || status=$?
    ((status == 0)) || fail "a silent build: exit $status: $(tail -n 3 "$work/silent/out")"
    grep -qP '^build-mem: .*[MK]iB.*[MK]iB.* 3\d\.\d s$' "$work/silent/err" ||
        fail "no progress line after 30 s: $(<"$work/silent/err")"
    [[ $(wc -l <"$work/silent/err") == 1 ]] || fail "more than one line in 30 s: $(<"$work/silent/err")"
    ok "a build that prints nothing is not ended, and build-mem prints a progress line every 30 s"
}

hidden_proc() {
    chmod 755 "$work" && chmod 777 "$repo"
    # shellcheck disable=SC2016 # expanded by the inner shell
    expect 0 unshare --mount sh -c 'mount -t proc -o hidepid=2 proc /proc &&
        ! setpriv --reuid 65534 --regid 65534 --clear-groups test -e /proc/1 && exec "$@"' sh \
        env --default-signal "$build_mem" run --engine host --repo "$repo" --label hidden --user 65534:65534 \
        -- ./hold spawn=2 anon=30 meet sleep=2000 write=made:1
    within 59 "$(jq '.stages[] | select(.name == "hold") | .pss_peak_bytes' "$(result hidden)")" 63 "PSS with hidepid"
    nothing_left
    ok "$engine: the build's processes are measured if /proc hides those of other users"
}

many_processes() {
    local pid many=1000
    cat >"$repo/many.sh" <<'SH'
i=0
while [ $i -lt "$2" ]; do ./busybox sleep "$1" & i=$((i + 1)); done
until [ -e go ]; do ./busybox sleep 0.1; done
echo made >made
SH
    rm -f "$repo/go" "$repo/.build-mem/timeline-many.csv"
    measure --label many -- ./busybox sh many.sh "$endless" "$many" >"$work/begun" 2>&1 &
    pid=$!
    patience_s=300 eventually all_are_recorded "$many"
    touch "$repo/go"
    expect_end 0
    holds "$(result many)" '.not_measured == null and .sampler.unreadable == 0'
    nothing_left
    ok "$engine: $many concurrent processes are measured"
}
all_are_recorded() { awk -F, -v many="$1" '$7 >= many { seen = 1 } END { exit !seen }' "$repo/.build-mem/timeline-many.csv"; }

concurrent_runs() {
    local pid label first size status=0 beside=8
    start_endless one
    first=$pid
    size=$(stat -c %s "$repo/.build-mem/timeline-one.csv")
    cp "$repo/.build-mem/timeline-one.csv" "$work/before.csv"
    expect 4 measure --label one -- sh -c 'echo made >made'
    mentions "$work/err" "$first"
    cmp -n "$size" "$repo/.build-mem/timeline-one.csv" "$work/before.csv" || fail "a refused run has written files"
    # Runs with different labels can run at the same time. Each has its own peak.
    measure --label two --skip-clear -- ./hold anon=60 sleep=1500 write=made:1 >"$work/two" 2>&1 &
    pid=$!
    expect 0 measure --label three --skip-clear -- sh -c './hold anon=20 sleep=1500 write=made-3:1 && until [ -s made ]; do sleep 0.1; done'
    expect_end 0 "$work/two"
    within 60 "$(jq .peak.cgroup_bytes "$(result two)")" 65 "the memory peak of label two"
    within 20 "$(jq .peak.cgroup_bytes "$(result three)")" 25 "the memory peak of label three"
    kill_runner "$first"
    # The kernel released the lock of the killed run.
    expect 0 measure --label one -- sh -c 'echo made >made'
    # A refresh and a check run at the same time. The check reads the old or the new baseline. Each build
    # writes its own file and renames it. PIDs are not unique in containers, so they cannot name the files.
    local build='./hold anon=40 sleep=200 && echo made >made.ME && ./busybox mv made.ME made'
    expect 0 measure --label one -- sh -c "$build"
    expect 0 "$build_mem" baseline refresh --repo "$repo" --baseline "$work/shared.json" "$(result one)"
    "$build_mem" baseline refresh --runs 2 --skip-clear --engine "$engine" --repo "$repo" \
        --baseline "$work/shared.json" --allow-increase --reason noise -- sh -c "${build//ME/refresh}" >"$work/refresh" 2>&1 &
    pid=$!
    expect 0 "$build_mem" check --engine "$engine" --repo "$repo" --baseline "$work/shared.json" --skip-clear \
        -- sh -c "${build//ME/check}"
    expect_end 0 "$work/refresh"
    holds "$work/shared.json" '.environments[0].metrics.cgroup_peak.values | length == 2'
    nothing_left
    # Runs of different repositories can run at the same time.
    local pids=()
    for ((label = 1; label <= beside; label++)); do
        mkdir -p "$work/beside/$label"
        cp -r "$repo/build-mem.json" "$repo/hold" "$work/beside/$label/"
        measure --repo "$work/beside/$label" --label beside -- \
            ./hold "anon=$((label * 10))" sleep=400 write=made:1 >/dev/null 2>&1 &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || status=$?; done
    ((status == 0)) || fail "one of $beside concurrent runs exits $status"
    for ((label = 1; label <= beside; label++)); do
        within $((label * 10)) "$(jq .peak.cgroup_bytes "$work/beside/$label/.build-mem/result-beside.json")" \
            $((label * 10 + 5)) "the memory peak of run $label of $beside"
    done
    nothing_left
    ok "$engine: a label allows one run at a time; $beside runs of different repositories run at the same time"
}

# `--runs N` writes LABEL-1 to LABEL-N. Another run must not use these labels at the same time.
labels_of_series() {
    local pid
    start_endless one
    expect 4 measure --label one-2 -- sh -c 'echo made >made'
    mentions "$work/err" "$pid"
    kill_runner "$pid"
    start_endless one-2
    expect 4 measure --label one --runs 2 -- sh -c 'echo made >made'
    mentions "$work/err" "$pid"
    expect 0 measure --label one-3 -- sh -c 'echo made >made'
    kill_runner "$pid"
    expect 0 measure --label one-2 -- sh -c 'echo made >made'
    nothing_left
    ok "$engine: the label of a series and the labels of its runs are locked together"
}

no_engine() {
    local without=DOCKER_HOST=unix:///nowhere.sock
    # Podman has no daemon, so the scenario hides its program.
    [[ $engine != podman ]] || without=PATH=/nowhere
    expect 4 env "$without" "$build_mem" run --engine "$engine" --repo "$repo" --label none -- true
    holds "$(result none)" ".not_measured | contains(\"$engine\")"
    # It did not begin, so nothing failed.
    holds "$(result none)" '.verify == []'
    ok "$engine: a run reports an engine that is missing or does not answer"
}

# wrap_engine COMMANDS: writes a wrapper of the engine's program to $work/wrapped. It runs the commands,
# and then the real program, $real_engine.
wrap_engine() {
    mkdir -p "$work/wrapped"
    printf '#!/bin/sh\nreal_engine=%s\n%s\nexec "$real_engine" "$@"\n' "$(command -v "$engine")" "$1" \
        >"$work/wrapped/$engine"
    chmod +x "$work/wrapped/$engine"
}

# The image has no bash, and its PATH is not that of a login shell.
shell_of_the_image() {
    expect 0 measure --label shell --build-cmd 'echo "$0:$PATH"; ./hold anon=1 write=made:1'
    grep -qx sh:/bin "$repo/.build-mem/build-shell.log" || fail "the build log has: $(<"$repo/.build-mem/build-shell.log")"
    # Only a script is for any shell; a command is not.
    expect 4 measure --label no-bash -- bash -c true
    holds "$(result no-bash)" '.not_measured | contains("bash")'
    bash_image
    expect 0 measure --label bash --image build-mem-bash:1 --build-cmd 'echo "$0:$PATH"; ./hold anon=1 write=made:1'
    grep -qx /bin/bash:/bin:/added "$repo/.build-mem/build-bash.log" ||
        fail "the build log has: $(<"$repo/.build-mem/build-bash.log")"
    nothing_left
    ok "$engine: bash, or sh if there is none, runs the build with the PATH of the image"
}
# bash_image: imports an image whose bash replaces PATH if it is a login shell, as /etc/profile does.
bash_image() {
    local root=$work/with-bash
    mkdir -p "$root"/{bin,tmp,work,proc,sys,dev,etc}
    cp "$repo/busybox" "$root/bin/sh"
    printf '%s\n' '#!/bin/sh' '[ "$1" = -c ] || PATH=/reset' 'eval "$2"' >"$root/bin/bash"
    chmod +x "$root/bin/bash"
    tar -C "$root" -c . | "$engine" import --change 'ENV PATH=/bin:/added' - build-mem-bash:1 >/dev/null
}

options_of_the_engine() {
    expect 0 measure --label options --shm-size 1m --engine-arg=--hostname=passed -- sh -c '
        cat /proc/sys/kernel/hostname; while read -r _ path _ options; do [ "$path" != /dev/shm ] || echo "$options"; done </proc/mounts
        echo made >made'
    grep -qx passed "$repo/.build-mem/build-options.log" || fail "the option was not passed on"
    grep -q size=1024k "$repo/.build-mem/build-options.log" || fail "/dev/shm has another size"
    expect 2 measure --label options --engine-arg=--entrypoint=/bin/sh -- true
    mentions "$work/err" --entrypoint
    ok "$engine: --shm-size and --engine-arg reach the container"
}

# In a linked worktree, .git is a file that names a directory of the main repository.
git_worktree() {
    local main=$work/main tree=$work/tree
    git init -q "$main"
    git -C "$main" -c user.name=t -c user.email=t@example.org commit -q --allow-empty -m first
    git -C "$main" worktree add -q "$tree"
    cp "$repo/build-mem.json" "$tree"
    expect 0 measure --repo "$tree" --label tree -- sh -c '
        read -r _ directory <.git && cat "$directory/HEAD" "$directory/$(cat "$directory/commondir")/HEAD"
        echo 2>/dev/null >"$directory/written" || echo made >made'
    grep -qx 'ref: refs/heads/tree' "$tree/.build-mem/build-tree.log" || fail "the build cannot read the git directory"
    [[ ! -e $main/.git/worktrees/tree/written ]] || fail "the build can write to the git directory"
    # A change can write such a file. It must not open another directory.
    git init -q "$work/other"
    rm "$tree/.git" "$tree/made"
    echo "gitdir: $work/other/.git" >"$tree/.git"
    expect 0 measure --repo "$tree" --label tree -- sh -c '
        read -r _ directory <.git; ls "$directory" || echo made >made'
    nothing_left
    ok "$engine: git works in a linked worktree, whose shared directory is read-only"
}

# An engine on another machine, or beside the container of build-mem, has other files at the same path.
other_directory() {
    rm -f "$repo/made"
    mkdir -p "$work/elsewhere"
    wrap_engine "for word; do
            shift
            case \$word in *'source=$repo\"'*) word='type=bind,\"source=$work/elsewhere\",target=/work' ;; esac
            set -- \"\$@\" \"\$word\"
        done
        exec \"\$real_engine\" \"\$@\""
    PATH=$work/wrapped:$PATH expect 4 measure --label other -- ./hold write=made:1
    holds "$(result other)" '.not_measured | contains("the same path on both sides")'
    PATH=$work/wrapped:$PATH expect 4 measure --label other --out "$work/out.other" -- ./hold write=made:1
    holds "$work/out.other/result-other.json" '.not_measured | contains("the same path on both sides")'
    nothing_left
    ok "$engine: an engine that sees other files is detected, before the build starts"
}

# A build can kill its probe at once, so the runner must find the cgroup before it starts the build.
engine_is_slow() {
    rm -f "$work/begun-early"
    wrap_engine "case \$* in *State.Pid*) sleep 1; [ ! -e '$repo/made' ] || touch '$work/begun-early' ;; esac"
    PATH=$work/wrapped:$PATH expect 0 measure --label slow -- sh -c 'echo made >made'
    [[ ! -e $work/begun-early ]] || fail "the build ran before the engine reported its cgroup"
    nothing_left
    ok "$engine: the build waits until the engine has reported its cgroup"
}

# A wrapper, or an engine without a memory controller, accepts --memory and sets no limit.
limit_is_dropped() {
    rm -f "$repo/made"
    wrap_engine 'for word; do shift; case $word in --memory* | --memory-swap*) ;; *) set -- "$@" "$word" ;; esac; done
        exec "$real_engine" "$@"'
    PATH=$work/wrapped:$PATH expect 4 measure --label dropped --memory 32m -- ./hold anon=80 write=made:1
    holds "$(result dropped)" '.not_measured | contains("--memory")'
    [[ ! -e $repo/made ]] || fail "the build ran without the limit"
    # fit builds once without a limit. Its first limit is not in force, so it recommends nothing.
    PATH=$work/wrapped:$PATH expect 4 env --default-signal "$build_mem" fit --engine "$engine" --repo "$repo" \
        --label dropped -- ./hold anon=80 write=made:1
    holds "$repo/.build-mem/fit-dropped.json" '.verdict == "not-measured" and .passing_bytes == null
        and .recommended_bytes == null and (.attempts | map(.limit_bytes == null) | unique == [false, true])'
    PATH=$work/wrapped:$PATH expect 0 env --chdir="$work/wrapped" "$build_mem" doctor --json
    holds "$work/out" ".engines[] | select(.name == \"$engine\") | .state == \"limited\" and .limit_in_force == false
        and (.reason | contains(\"limit\"))"
    nothing_left
    ok "$engine: a memory limit that is not in force is an error before the build, also for fit; doctor reports it"
}

# SIGTERM arrives while a command of the engine runs.
ended_before_the_build() {
    local pid step first=version
    [[ $engine != docker ]] || first=info
    for step in "$first" create; do
        rm -f "$work/at-it" "$repo/made"
        wrap_engine "case \$1 in $step) \"\$real_engine\" \"\$@\" && touch '$work/at-it' && exec sleep $endless ;; esac"
        # Not through the function `measure`: the signal must reach build-mem and not a shell.
        env --default-signal PATH="$work/wrapped:$PATH" "$build_mem" run --engine "$engine" --repo "$repo" \
            --label early -- sh -c 'echo made >made' >"$work/begun" 2>&1 &
        pid=$!
        eventually test -e "$work/at-it"
        kill -TERM "$pid"
        expect_end 143
        [[ ! -e $repo/made ]] || fail "the build ran nevertheless"
        nothing_left
    done
    wrap_engine 'case $1 in start) sleep 3 ;; esac'
    PATH=$work/wrapped:$PATH expect 4 measure --label early --timeout 1s -- sh -c 'echo made >made'
    holds "$(result early)" '.build.timed_out == false and .not_measured != null'
    [[ ! -e $repo/made ]] || fail "the build ran nevertheless"
    nothing_left
    ok "$engine: a run that ends before its build starts does not start it"
}

# The build ends and its result is complete, but the engine's program does not exit.
engine_hangs() {
    wrap_engine "case \$1 in start) \"\$real_engine\" \"\$@\"; exec sleep $endless ;; esac"
    PATH=$work/wrapped:$PATH expect 0 measure --label stays -- sh -c 'echo made >made'
    holds "$(result stays)" '.verdict == "pass" and .not_measured == null'
    nothing_left
    ok "$engine: if the engine hangs at the end, the result is complete"
}

# The build runs as the user who calls build-mem, and the files belong to that user.
another_user() {
    local as=(setpriv --reuid 65534 --regid 65534 --clear-groups env --default-signal HOME=/tmp "$build_mem")
    chmod 666 "${DOCKER_HOST#unix://}"
    chmod 755 "$work" && chmod 777 "$repo"
    rm -rf "$repo/.build-mem" "$repo/made"
    expect 0 "${as[@]}" run --engine docker --repo "$repo" -- sh -c './busybox grep ^Uid: /proc/self/status; echo made >made'
    grep -qP '^Uid:\t65534\t65534\t65534\t65534$' "$repo/.build-mem/build-run.log" || fail "the build ran as another user"
    [[ $(stat -c %u "$repo/made" "$(result run)" "$repo/.build-mem/build-run.log" | sort -u) == 65534 ]] ||
        fail "a file belongs to another user"
    chown -R root "$repo/.build-mem"
    expect 4 "${as[@]}" run --engine docker --repo "$repo" -- sh -c 'echo made >made'
    mentions "$work/err" 'Permission denied'
    chown -R 65534 "$repo/.build-mem"
    rm -rf "$repo/.build-mem" "$repo/made"
    nothing_left
    ok "$engine: the build and the files belong to the user who calls build-mem"
}

# A build that runs as root can create cgroups below its own.
nested_cgroups() {
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
    ok "$engine: cgroups that a build creates below its own are removed, with their processes"

    # A sandbox: its processes are in a cgroup of their own, in the subtree of the build.
    cat >"$repo/sandbox.sh" <<'SH'
own=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
[ -e "$own/memory.current" ] || own=/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
mkdir -p "$own/sandbox/inner"
echo $$ >"$own/sandbox/inner/cgroup.procs"
exec ./hold spawn=2 anon=40 meet sleep=700 write=made:1
SH
    expect 0 measure --label sandbox -- sh sandbox.sh
    within 79 "$(jq '.stages[] | select(.name == "hold") | .pss_peak_bytes' "$(result sandbox)")" 83 "PSS of the stage in a sandbox"
    within 79 "$(jq .peak.attributed_at_ms_bytes "$(result sandbox)")" 90 "the attributed memory"
    nothing_left
    ok "$engine: processes in cgroups that the build made are attributed"
}

# A build that limits a part of its work, in a cgroup below its own. On v2 it must move all processes out of
# its own cgroup first, the probe too.
inner_limits() {
    cat >"$repo/limited.sh" <<'SH'
own=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
[ -e "$own/memory.current" ] || own=/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
mkdir "$own/sandbox"
limit=memory.limit_in_bytes
if [ -e "$own/memory.max" ]; then
    limit=memory.max
    mkdir "$own/rest"
    for pid in $(cat "$own/cgroup.procs"); do echo "$pid" >"$own/rest/cgroup.procs"; done
    echo +memory >"$own/cgroup.subtree_control"
fi
[ "$1" = none ] || echo "$1" >"$own/sandbox/$limit"
sh -c "echo \$\$ >'$own/sandbox/cgroup.procs' && exec ./hold thp=off anon=100 sleep=100"
echo made >made
SH
    expect 0 measure --label inner -- sh limited.sh 32M
    holds "$(result inner)" '.verdict == "pass" and (.build.oom_killed | not) and .pressure.oom_kills == 0
        and .pressure.inner_oom_kills == 1 and .cgroup.inner_oom == "/sandbox"'
    grep -q /sandbox "$work/out" || fail "the summary does not name the cgroup"
    nothing_left
    # The same kill at the limit of the run is the build's.
    expect 3 measure --label outer --memory 64m -- sh limited.sh none
    holds "$(result outer)" '.verdict == "build-failed" and .build.oom_killed'
    nothing_left
    ok "$engine: a kill at a limit that the build set itself is reported, and does not fail the run"
}

least_privileges() {
    local show='./busybox grep -E "^(Uid|CapEff|CapBnd|NoNewPrivs)" /proc/self/status; ./busybox cat /proc/self/mountinfo; echo made >made
        ! ./busybox touch /build-mem-probe || echo probe-is-writable'
    local log=$repo/.build-mem/build-least.log
    expect 0 measure --label least -- sh -c "$show"
    # CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID: the bits 0, 1, 3 to 7.
    grep -qP '^CapEff:\t00000000000000fb$' "$log" || fail "other capabilities than those of a builder"
    grep -qP '^NoNewPrivs:\t1$' "$log" || fail "programs can gain privileges"
    [[ $(awk '$5 == "/work"' "$log" | wc -l) == 1 ]] || fail "the repository is not mounted"
    # The other mounts are those that the engine creates for each container.
    ! awk '/ - / { print $5 }' "$log" | grep -vqE '^/($|work$|proc(/|$)|sys(/|$)|dev(/|$)|etc/(hosts|hostname|resolv.conf)$|run(/|$)|build-mem-probe$)' ||
        fail "the container has an unexpected mount: $(<"$log")"
    # The mounted probe is a file of this machine.
    ! grep -q probe-is-writable "$log" || fail "the build can change the probe"
    # Another user has no capabilities. build-mem must still measure its processes.
    chmod 777 "$repo"
    expect 0 measure --label least --user 65534:65534 -- sh -c "$show; ./hold spawn=2 anon=30 meet sleep=2000"
    grep -qP '^CapEff:\t0000000000000000$' "$log" || fail "a user has capabilities"
    grep -qP '^CapBnd:\t0000000000000000$' "$log" || fail "a user can have capabilities"
    holds "$(result least)" '.sampler.unreadable == 0 and .sampler.vanished >= 0'
    within 59 "$(jq '.stages[] | select(.name == "hold") | .pss_peak_bytes' "$(result least)")" 63 "PSS of another user"
    expect 0 measure --label engine --privileges engine -- sh -c "$show"
    grep -q '^CapEff:' "$repo/.build-mem/build-engine.log" || fail "the log does not contain the capabilities"
    ! grep -qP '^CapEff:\t00000000000000fb$' "$repo/.build-mem/build-engine.log" || fail "--privileges engine changes nothing"
    nothing_left
    ok "$engine: a build runs with the least privileges, and is measured"
}

# foreign_image: imports an image of another architecture. No emulator supports the machine of its shell.
foreign_image() {
    local root=$work/foreign platform=(--platform linux/s390x)
    [[ $engine != podman ]] || platform=(--os linux --arch s390x)
    mkdir -p "$root"/{bin,tmp,work,proc,sys,dev,etc}
    cp "$repo/busybox" "$root/bin/sh"
    # The field e_machine of an ELF header.
    printf '\376\376' | dd of="$root/bin/sh" bs=1 seek=18 conv=notrunc status=none
    tar -C "$root" -c . | "$engine" import "${platform[@]}" - build-mem-foreign:1 >/dev/null 2>&1
}

wrong_images() {
    expect 4 measure --label image --image there-is-no/such-image:1 -- true
    holds "$(result image)" '.not_measured | startswith("no image there-is-no/such-image:1 (--image): ")'
    holds "$(result image)" ".gate.advice | contains(\"--engine host\") and
        endswith(\"$engine pull docker.io/there-is-no/such-image:1\")"
    foreign_image
    expect 4 measure --label foreign --image build-mem-foreign:1 -- sh -c 'echo made >made'
    holds "$(result foreign)" '.not_measured | contains("--image")'
    nothing_left
    ok "$engine: a run reports an image that is missing, or is for another architecture"
}

pulled_image() {
    local pid image build=(sh -c 'echo made >made')
    docker save build-mem-tiny:1 >"$work/image.tar"
    setpriv --pdeathsig TERM "$srcdir/tests/helpers/registry" "$work/image.tar" "$work/port" &
    pid=$!
    eventually test -s "$work/port"
    image=127.0.0.1:$(<"$work/port")/tiny:1
    expect 4 measure --label absent --image "$image" --pull never -- "${build[@]}"
    expect 0 measure --label pulled --image "$image" --pull missing -- "${build[@]}"
    grep -qxF "build-mem: pulling the image $image" "$work/err" || fail "the pull is not announced"
    expect 0 measure --label present --image "$image" --pull missing -- "${build[@]}"
    ! grep -q 'pulling' "$work/err" || fail "an image that is present is pulled"
    expect 0 measure --label always --image "$image" --pull always -- "${build[@]}"
    grep -q 'pulling' "$work/err" || fail "--pull always does not pull"
    docker image rm "$image" >/dev/null
    kill "$pid"
    nothing_left
    ok "docker: a missing image is pulled, and the pull is announced"
}

# The engine is beside the container of build-mem: it sees the repository, and not the programs.
unseen_probe() {
    local place=$work/place version
    mkdir -p "$place"
    # shellcheck disable=SC2016 # expanded by the inner shell
    expect 0 env --default-signal unshare --mount sh -ec '
        mount -t tmpfs tmpfs "$1"
        cp "$2" "$2-probe" "$1"
        place=$1
        shift 2
        exec "$place/build-mem" "$@"' sh "$place" "$build_mem" \
        run --engine docker --repo "$repo" --label unseen -- ./hold anon=30 sleep=300 write=made:1
    holds "$(result unseen)" '.verdict == "pass" and .cgroup.seen_by == "runner"'
    within 30 "$(jq .peak.cgroup_bytes "$(result unseen)")" 34 "the memory peak"
    # It sees those of another version.
    version=$("$build_mem" --version)
    sed "s/--runner=${version#build-mem }/--runner=9.9.9/" "$build_mem" >"$place/build-mem"
    cp "$build_mem-probe" "$place/build-mem-probe"
    chmod +x "$place/build-mem"
    rm -f "$repo/made"
    expect 4 "$place/build-mem" run --engine docker --repo "$repo" --label other-version -- ./hold write=made:1
    holds "$(result other-version)" '.not_measured | contains("version")'
    [[ ! -e $repo/made ]] || fail "the build ran with a probe of another version"
    nothing_left
    ok "$engine: an engine that does not see the probe gets a copy, and a probe of another version is refused"
}

# The same for the repository.
unseen_repository() {
    local place=$work/unseen
    mkdir -p "$place"
    # shellcheck disable=SC2016 # expanded by the inner shell
    expect 4 env --default-signal unshare --mount sh -ec '
        mount -t tmpfs tmpfs "$1"
        mkdir "$1/repo"
        shift
        exec "$@"' sh "$place" "$build_mem" \
        run --engine docker --image build-mem-tiny:1 --pull never --repo "$place/repo" --out "$work/out.unseen" \
        --label unseen-repository -- true
    holds "$work/out.unseen/result-unseen-repository.json" '.not_measured | contains("the same path on both sides")
        and contains("does not exist: '"$place"'/repo")'
    # A file that the user names is another matter.
    expect 4 measure --label unseen-file --engine-arg "--mount=type=bind,source=$repo/none,target=/none" -- true
    holds "$(result unseen-file)" '.not_measured | contains("/none") and (contains("both sides") | not)'
    nothing_left
    ok "an engine that does not see the repository is explained"
}

# This is the last scenario, because all containers of the engine end with the daemon.
daemon_is_killed() {
    local pid state
    state=$(dirname "${DOCKER_HOST#unix://}")
    start_endless daemon
    kill -KILL "$(<"$state/docker.pid")"
    expect_end 4
    partial_result daemon
    # The daemon is dead, so build-mem must have ended the build.
    build_is_gone || fail "a process of the build remains"
    # containerd has ended with dockerd. A new dockerd would mistake its zombie for a running containerd.
    rm -f "$state/exec/containerd/containerd.pid"
    "$srcdir/tests/rig/docker" run true
    expect 0 measure --label after -- sh -c 'echo made >made'
    nothing_left
    ok "$engine: a run reports a killed daemon, and the next run removes the rest"
}
