# inplace.sh: the inplace engine in a cgroup with other processes. Sourced after lib.sh. Call
# make_shared_cgroup before run_scenarios. Set $peak_can_be_reset if the peak of a cgroup can be reset.
# shellcheck shell=bash

cgroup_root=/sys/fs/cgroup
[[ -e $cgroup_root/cgroup.controllers ]] || cgroup_root+=/memory
cgroup=$cgroup_root/e2e-inplace-$$
# Kills all processes in the cgroup: the agent, and the builds of a failed scenario.
leave() {
    while [[ -d $cgroup && -n $(<"$cgroup/cgroup.procs") ]]; do
        xargs -r kill -KILL <"$cgroup/cgroup.procs" 2>/dev/null || true
        sleep 0.1
    done
    [[ ! -d $cgroup ]] || rmdir "$cgroup"
    rm -rf "$work"
}
trap leave EXIT

# in_cgroup COMMAND...: runs it in a subshell in the cgroup.
in_cgroup() (
    trap - EXIT
    echo "$BASHPID" >"$cgroup/cgroup.procs"
    "$@"
)

# The same with read-only cgroup files, as in most containers.
in_cgroup_read_only() (
    trap - EXIT
    echo "$BASHPID" >"$cgroup/cgroup.procs"
    # shellcheck disable=SC2016
    unshare --mount sh -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"' \
        sh "$cgroup_root" "$@"
)

set_limit() { # set_limit BYTES|none
    if [[ -e $cgroup/memory.max ]]; then
        echo "${1/none/max}" >"$cgroup/memory.max"
    else
        echo "${1/none/-1}" >"$cgroup/memory.limit_in_bytes"
    fi
}

measure_own=("$build_mem" run --engine inplace --repo "$work/own")
inplace_result() { echo "$work/own/.build-mem/result-$1.json"; }

agent_is_alive() { kill -0 "$agent" || fail "the agent, which was in the cgroup before the run, is dead"; }

# make_shared_cgroup: creates the cgroup, and starts the agent in it, which always holds 20 MiB. An
# earlier step holds more memory than the builds, and ends.
make_shared_cgroup() {
    mkdir "$cgroup" "$work/own"
    echo '{"artifacts": [], "clear": []}' >"$work/own/build-mem.json"
    (echo "$BASHPID" >"$cgroup/cgroup.procs" && exec "$hold" anon=20 sleep=3600000) &
    agent=$!
    in_cgroup "$hold" spawn=2 anon=80 meet sleep=100
}

# expect_peak FILE: fails unless the peak is the sum of the agent's 20 MiB and the build's 60 MiB.
expect_peak() {
    within 79 "$(jq .peak.cgroup_bytes "$1")" 95 "the memory peak"
    within 19 "$(jq .peak.at_start_bytes "$1")" 35 "the usage at the start"
    # The kernel charges some pages in advance.
    within 59 "$(jq '.peak.cgroup_bytes - .peak.at_start_bytes' "$1")" 63 "the build's share"
    holds "$1" '.peak.shared and .environment.image == "inplace" and
        ([.processes_at_peak[].command] | all(contains("sleep=3600000") | not))'
}

earlier_peak() {
    local file
    expect 0 in_cgroup "${measure_own[@]}" --label first -- "$hold" anon=60 sleep=1000
    file=$(inplace_result first)
    if [[ -n ${peak_can_be_reset:-} ]]; then
        holds "$file" '(.peak.estimated | not) and .peak.at_most_bytes == null'
    else
        holds "$file" '.peak.estimated and .peak.at_most_bytes >= 180 * 1048576'
    fi
    expect_peak "$file"
    agent_is_alive
    ok "inplace: the memory peak is that of the run, and not that of an earlier step"
}

read_only_cgroup() {
    local file
    in_cgroup "$hold" spawn=2 anon=80 meet sleep=100
    expect 0 in_cgroup_read_only "${measure_own[@]}" --label read-only -- "$hold" anon=60 sleep=1000
    file=$(inplace_result read-only)
    holds "$file" '.peak.estimated and .peak.at_most_bytes >= 180 * 1048576
        and (.peak.source == "memory.current" or .peak.source == "memory.usage_in_bytes")'
    expect_peak "$file"
    # A peak above all earlier ones belongs to this run.
    expect 0 in_cgroup_read_only "${measure_own[@]}" --label rises -- "$hold" spawn=3 anon=70 meet sleep=300
    file=$(inplace_result rises)
    holds "$file" '(.peak.estimated | not) and .peak.at_most_bytes == null
        and (.peak.source == "memory.peak" or .peak.source == "memory.max_usage_in_bytes")'
    within 209 "$(jq '.peak.cgroup_bytes - .peak.at_start_bytes' "$file")" 213 "the build's share"
    ok "inplace: a peak that cannot be reset is exact if it rose, and otherwise marked as estimated"
}

# In a new cgroup whose peak cannot be reset, the second run of a check is below the first one.
# expect_bounds STATUS VERDICT FIRST SECOND: checks a build that holds FIRST MiB, then SECOND MiB.
expect_bounds() {
    local cgroup=$cgroup_root/e2e-bounds-$$ repo=$work/bounds
    mkdir "$cgroup"
    printf '%s\n' "$3" "$4" >"$work/sizes"
    expect "$1" in_cgroup_read_only "$build_mem" check --engine inplace --repo "$repo" -- \
        sh -c "read -r mib <'$work/sizes'; sed -i 1d '$work/sizes'; '$hold' anon=\$mib sleep=500"
    rmdir "$cgroup"
    [[ ! -s $work/sizes ]] || fail "only one run of the check: $3 MiB"
    holds "$repo/.build-mem/result-check.json" ".verdict == \"$2\" and (.gate.findings[0].values | length == 2)"
    holds "$repo/.build-mem/result-check-1.json" '(.peak.estimated | not) and .peak.at_most_bytes == null'
    holds "$repo/.build-mem/result-check-2.json" '.peak.estimated and .peak.at_most_bytes != null'
}

# The baseline is of 60 MiB, and the tolerance 32 MiB.
peak_between_bounds() {
    local cgroup=$cgroup_root/e2e-bounds-$$ repo=$work/bounds
    mkdir "$repo" "$cgroup"
    cp "$work/own/build-mem.json" "$repo"
    expect 0 in_cgroup_read_only "$build_mem" baseline refresh --runs 1 --engine inplace --repo "$repo" -- \
        "$hold" anon=60 sleep=500
    rmdir "$cgroup"
    expect_bounds 0 pass 84 74
    expect_bounds 1 regressed 120 110
    expect_bounds 4 inconclusive 120 70
    ok "inplace: a check judges a peak between two bounds, and is inconclusive only if they disagree"
}

limit_of_the_job() {
    expect 2 in_cgroup "${measure_own[@]}" --memory 1g -- true
    mentions "$work/err" --memory
    set_limit $((96 << 20))
    # This OOM kill is before the run, so it does not count.
    ! in_cgroup "$hold" anon=120 >"$work/out" 2>&1 || fail "the kernel does not enforce the limit"
    expect 0 in_cgroup "${measure_own[@]}" --label fits -- "$hold" anon=30
    holds "$(inplace_result fits)" '(.build.oom_killed | not) and .pressure.oom_kills == 0
        and .peak.limit_bytes == 96 * 1048576 and (.peak.censored | not)'
    expect 3 in_cgroup "${measure_own[@]}" --label oom --interval-ms 60000 -- \
        sh -c "'$hold' anon=120 sleep=100; exit 0"
    holds "$(inplace_result oom)" '.build.oom_killed and .pressure.oom_kills == 1 and .peak.censored
        and .build.exit_code == 0'
    set_limit none
    agent_is_alive
    ok "inplace: the limit of the job is recorded, and only OOM kills during the run count"
}

# The kernel would kill all processes of the job, build-mem too.
guard_saves_the_job() {
    local file
    set_limit $((96 << 20))
    [[ ! -e $cgroup/memory.oom.group ]] || echo 1 >"$cgroup/memory.oom.group"
    expect 3 in_cgroup "${measure_own[@]}" --label guarded --guard 90% -- \
        sh -c "for mib in \$(seq 4 4 96); do '$hold' anon=\$mib sleep=100; done; exit 0"
    [[ ! -e $cgroup/memory.oom.group ]] || echo 0 >"$cgroup/memory.oom.group"
    file=$(inplace_result guarded)
    holds "$file" '.verdict == "build-failed" and .cause.name == "guard" and (.build.oom_killed | not)
        and .build.guard.room_bytes == 96 * 1048576 and (.build.guard.stalled | not)
        and .build.guard.unreclaimable_bytes >= 0.9 * 96 * 1048576'
    holds "$file" '.pressure.oom_kills == 0 and .stages[-1].pss_peak_bytes > 0'
    set_limit none
    agent_is_alive
    ok "inplace: the guard ends the build before the kernel kills the job"
}

# in_background LABEL: starts a run, sets $pid to its PID, and waits for its first sample.
in_background() {
    rm -f "$work/own/.build-mem/timeline-$1.csv"
    (
        trap - EXIT
        echo "$BASHPID" >"$cgroup/cgroup.procs"
        exec "${measure_own[@]}" --label "$1" -- \
            sh -c "setsid sleep 98765.$$ & sleep 98765.$$"
    ) >"$work/background" 2>&1 &
    pid=$!
    eventually grep -q '^[0-9]' "$work/own/.build-mem/timeline-$1.csv"
}
builds_are_gone() { ! pgrep -f "[s]leep 98765.$$" >/dev/null; }

one_at_a_time() {
    local pid status=0
    in_background one
    expect 4 in_cgroup "${measure_own[@]}" --label other -- true
    holds "$(inplace_result other)" '.not_measured != null and .verdict == "inconclusive"'
    # If the probe is killed, the runner ends its build.
    kill -KILL "$(pgrep -P "$pid")"
    wait "$pid" || status=$?
    [[ $status == 4 ]] || fail "exit $status instead of 4 after the probe was killed"
    builds_are_gone || fail "a process of the build remains"
    agent_is_alive
    expect 0 in_cgroup "${measure_own[@]}" --label other -- true
    ok "inplace: a cgroup allows one run at a time, and no build outlives its probe"
}

# Runs in a real container with the libraries of this machine. Its cgroup is read-only and has a limit.
in_a_container() {
    local file=$work/own/.build-mem/result-contained.json part mounts=()
    for part in bin lib lib64 usr; do
        mounts+=(--mount "type=bind,source=$(realpath "/$part"),target=/$part,readonly")
    done
    "$srcdir/tests/rig/tiny-image" docker
    expect 0 docker run --rm --network=none --memory=192m "${mounts[@]}" \
        --mount "type=bind,source=$builddir,target=$builddir" build-mem-tiny:1 \
        "${measure_own[@]}" --label contained -- "$hold" anon=60 sleep=300
    holds "$file" '.peak.limit_bytes == 192 * 1048576 and .environment.engine == "inplace"
        and (.peak.estimated | not) and ([.processes_at_peak[].name] == ["hold"])'
    # The runner is in the container too. A runner with sanitizers frees some memory during the run.
    local least=59
    ! grep -q __asan_init "$build_mem" || least=58
    within $least "$(jq '.peak.cgroup_bytes - .peak.at_start_bytes' "$file")" 63 "the build's share"
    ok "inplace: in a container, build-mem reads the counters of the container"
}

# Agents and nested engines mount other parts of the hierarchy. The last mount is not the own cgroup.
other_mounts() {
    local other=$cgroup_root/e2e-other-$$ file
    mkdir "$other" "$work/mount"
    (echo "$BASHPID" >"$other/cgroup.procs" && exec "$hold" spawn=2 anon=150 meet sleep=3600000) &
    (
        trap - EXIT
        echo "$BASHPID" >"$cgroup/cgroup.procs"
        # shellcheck disable=SC2016
        exec unshare --mount sh -c 'mount --bind "$1" "$2" && mount --bind "$3" "$3" && shift 3 && exec "$@"' \
            sh "$other" "$work/mount" "$other" "${measure_own[@]}" --label mounts -- "$hold" anon=60 sleep=1000
    ) >"$work/out" 2>"$work/err" || fail "exit $?: $(tail -n 3 "$work/err")"
    file=$(inplace_result mounts)
    pgrep -f 'spawn=2 anon=150 meet sleep=3600000' | xargs -r kill -KILL
    eventually rmdir "$other"
    [[ -n ${peak_can_be_reset:-} ]] || holds "$file" '.peak.estimated'
    expect_peak "$file"
    holds "$file" ".cgroup.directory == \"$cgroup\""
    ok "inplace: the own cgroup is measured if other cgroups are mounted, too"
}

# The root of the machine counts all processes, also those from before the run.
machine_root() {
    local file
    (
        trap - EXIT
        echo "$BASHPID" >"$cgroup_root/cgroup.procs"
        exec "${measure_own[@]}" --label root -- "$hold" anon=60 sleep=1000
    ) >"$work/out" 2>"$work/err" || fail "exit $?: $(tail -n 3 "$work/err")"
    file=$(inplace_result root)
    holds "$file" '.peak.estimated and .peak.source == "sum of PSS" and .peak.at_most_bytes == null'
    holds "$file" '.cgroup.directory == null and .cgroup.proof == null'
    within 59 "$(jq .peak.cgroup_bytes "$file")" 63 "the highest sum of PSS"
    ok "inplace: in the root of the machine, the figure is estimated"
}

inplace_scenarios=(earlier_peak read_only_cgroup peak_between_bounds limit_of_the_job guard_saves_the_job one_at_a_time other_mounts machine_root)
