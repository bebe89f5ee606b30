# limits.sh: limits on the memory of a build, with real reclaim: of its own cgroup, of an ancestor, and
# memory.high. Also CPU quotas and swap. Sourced after lib.sh, for on_engine host.
# shellcheck shell=bash
# engine.sh sets $engine, $repo, $endless, measure, result, nothing_left.
# shellcheck disable=SC2154

limits_scenarios=(keeps_limits namespace ancestor_is_full cache_is_judged_by_the_rest dirty_cache memory_high swapped
    cpu_quota)

scope=/sys/fs/cgroup limit_file=memory.max
[[ -e $scope/cgroup.controllers ]] || scope+=/memory limit_file=memory.limit_in_bytes
scope+=/e2e-scope-$$

make_scope() { # make_scope LIMIT
    mkdir "$scope"
    echo "$1" >"$scope/$limit_file"
}

# in_scope COMMAND...: runs it alone in the scope, as systemd-run --scope does.
in_scope() (
    trap - EXIT
    echo "$BASHPID" >"$scope/cgroup.procs"
    exec "$@"
)

remove_scope() {
    # The page cache that remains is charged to the parent.
    eventually rmdir "$scope"
    nothing_left
}

# limited COMMAND FLAG...: runs build-mem in the scope.
limited() { in_scope env --default-signal "$build_mem" "$1" --engine host --repo "$repo" "${@:2}"; }

# large_file MIB: creates $repo/large, which is not in the page cache.
large_file() {
    head -c "${1}M" /dev/zero >"$repo/large"
    sync "$repo/large"
    dd if="$repo/large" iflag=nocache count=0 status=none
}

keeps_limits() {
    local pid run=(limited run --interval-ms 60000 --label scope)
    make_scope 128M
    expect 3 "${run[@]}" -- ./hold spawn=2 anon=100 meet sleep=300
    holds "$(result scope)" '.build.oom_killed and .peak.limit_bytes == 134217728 and .unreclaimable_peak.censored'
    expect 0 "${run[@]}" -- ./hold anon=100 write=made:1
    holds "$(result scope)" '(.peak.censored or .unreclaimable_peak.censored | not)
        and (.constraints | map(.limit_bytes) | min) == 134217728'
    if [[ $limit_file == memory.max ]]; then
        # With another process in it, no cgroup can be made inside, and one beside it has no limit.
        (echo "$BASHPID" >"$scope/cgroup.procs" && exec sleep $endless) &
        pid=$!
        expect 4 "${run[@]}" -- ./hold spawn=2 anon=100 meet
        holds "$(result scope)" '.not_measured | contains("inplace")'
        kill "$pid"
    fi
    remove_scope
    ok "$engine: the limits of the scope in which build-mem was started hold"
}

# In a namespace, the scope is the top of the visible hierarchy, as in a privileged container.
namespace() {
    local pid run
    [[ $limit_file == memory.max ]] || { echo "  on cgroup v1, other processes are no obstacle" && return; }
    run=(in_scope unshare --cgroup --mount sh -c 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"' sh
        env --default-signal "$build_mem" run --engine host --repo "$repo" --interval-ms 60000 --label namespace --)
    make_scope max
    expect 0 "${run[@]}" ./hold anon=20 write=made:1
    holds "$(result namespace)" '.verdict == "pass" and (.cgroup.directory | startswith("/sys/fs/cgroup/build-mem-"))'
    within 20 "$(jq .peak.cgroup_bytes "$(result namespace)")" 26 "the memory peak"
    (echo "$BASHPID" >"$scope/cgroup.procs" && exec sleep $endless) &
    pid=$!
    expect 4 "${run[@]}" ./hold anon=20 write=made:1
    holds "$(result namespace)" '.not_measured | contains("inplace") and (contains("requires root") | not)'
    kill "$pid"
    remove_scope
    ok "$engine: in a cgroup namespace, build-mem works alone in its cgroup, and else names the engine inplace"
}

# cut_off_by_scope LABEL FIELD: fails unless the memory peak was cut off at the scope's limit in FIELD, and
# the unreclaimable peak was not.
cut_off_by_scope() {
    local file
    file=$(result "$1")
    holds "$file" ".peak.censored and (.unreclaimable_peak.censored | not) and .verdict == \"pass\""
    holds "$file" ".constraints[] | select(.cgroup == \"$scope\") | .ancestor >= 1 and .$2 > 0"
    mentions "$work/out" "AT THE LIMIT"
    grep -qF "$scope" "$repo/.build-mem/junit-$1.xml" || fail "the JUnit file does not name the scope"
    grep -qF "$scope" "$repo/.build-mem/report-$1.html" || fail "the page does not name the scope"
}

# A sibling holds 70 of 120 MiB, so the kernel reclaims the page cache of the build at 50 MiB.
ancestor_is_full() {
    local pid
    make_scope 120M
    mkdir "$scope/other"
    (echo "$BASHPID" >"$scope/other/cgroup.procs" && exec "$repo/hold" anon=70 sleep=3600000) &
    pid=$!
    eventually has_memory 70
    large_file 130
    expect 0 limited run --label ancestor -- sh -c './busybox cat large >/dev/null; echo made >made'
    cut_off_by_scope ancestor limit_hits
    within 20 "$(jq .peak.cgroup_bytes "$(result ancestor)")" 60 "the memory peak"
    within 0 "$(jq .peak.unreclaimable_bytes "$(result ancestor)")" 20 "the unreclaimable peak"
    kill "$pid"
    eventually rmdir "$scope/other"
    remove_scope
    rm "$repo/large"
    ok "$engine: if an ancestor's limit cut off the memory peak, the result names it"
}
# has_memory MIB: whether the scope holds as much.
has_memory() {
    local usage=$scope/memory.current
    [[ -e $usage ]] || usage=$scope/memory.usage_in_bytes
    (($(<"$usage") >= $1 << 20))
}

# A job whose limit is full of page cache is judged by its unreclaimable memory. At the memory peak, hold does
# not run yet.
cache_is_judged_by_the_rest() {
    local where=(--engine host --repo "$repo" --baseline "$work/cache.json")
    local refresh=(env --default-signal "$build_mem" baseline refresh "${where[@]}" --runs 2)
    local build='./busybox cat large >/dev/null; sleep 0.3; dd if=large iflag=nocache count=0 2>/dev/null
        ./hold anon=$1 sleep=300 write=made:1'
    make_scope 100M
    large_file 110
    expect 0 in_scope "${refresh[@]}" -- sh -c "$build" sh 20
    holds "$work/cache.json" '.environments[0].metrics | .cgroup_peak.level == "off" and .unreclaimable_peak.level == "fail"'
    mentions "$work/out" "unreclaimable_peak is judged"
    expect 0 limited check --baseline "$work/cache.json" -- sh -c "$build" sh 20
    holds "$(result check)" '.peak.censored and .verdict == "pass"'
    expect 1 limited check --baseline "$work/cache.json" -- sh -c "$build" sh 70
    holds "$(result check)" '.verdict == "regressed" and (.gate.findings[] |
        select(.metric == "unreclaimable_peak") | .status == "failed" and (.largest | startswith("hold, ")))'
    remove_scope
    rm "$repo/large"
    ok "$engine: in a job whose limit is full of page cache, unreclaimable memory is judged"
}

# Dirty pages must be written to the disk before they can be reclaimed.
dirty_cache() {
    make_scope 100M
    expect 0 limited run --label dirty -- \
        sh -c './busybox dd if=/dev/zero of=large bs=1M count=200 2>/dev/null; echo made >made'
    cut_off_by_scope dirty limit_hits
    within 70 "$(jq .peak.cgroup_bytes "$(result dirty)")" 100 "the memory peak"
    within 0 "$(jq .peak.unreclaimable_bytes "$(result dirty)")" 20 "the unreclaimable peak"
    remove_scope
    rm "$repo/large"
    ok "$engine: dirty page cache at the limit cuts off the memory peak, and not the unreclaimable peak"
}

memory_high() {
    [[ $limit_file == memory.max ]] || { echo "  cgroup v1 has no memory.high" && return; }
    make_scope max
    echo 50M >"$scope/memory.high"
    large_file 160
    expect 0 limited run --label high -- sh -c './busybox cat large >/dev/null; echo made >made'
    cut_off_by_scope high high_hits
    mentions "$work/out" memory.high
    within 30 "$(jq .peak.cgroup_bytes "$(result high)")" 60 "the memory peak"
    remove_scope
    rm "$repo/large"
    ok "$engine: memory.high cuts off the memory peak, and the result names it"
}

cpu_quota() {
    local group=/sys/fs/cgroup/cpu/e2e-quota-$$
    [[ -e /sys/fs/cgroup/cpu/cpu.cfs_quota_us ]] || { echo "  unit/test_kernel tests the quota of cgroup v2" && return; }
    mkdir "$group"
    echo 25000 >"$group/cpu.cfs_quota_us"
    expect 0 sh -c "echo \$\$ >'$group/cgroup.procs' && exec '$build_mem' run --engine $engine --repo '$repo' \
        --label quota -- ./hold write=made:1"
    holds "$(result quota)" '.environment.cpus == 0.25'
    rmdir "$group"
    ok "$engine: a CPU quota is a part of the environment"
}

# A scope limits memory and not swap: 100 MiB are held, and at most 64 of them in memory.
swapped() {
    local file swap=$work/swap
    in_uml && { echo "  User-Mode-Linux 6.12 hangs if it swaps" && return; }
    fallocate -l 128M "$swap" && chmod 600 "$swap" && mkswap "$swap" >/dev/null
    swapon "$swap" || skip "no swap can be added here"
    # shellcheck disable=SC2064
    trap "swapoff '$swap' 2>/dev/null || true; end_jobs" EXIT
    make_scope 64M
    expect 0 limited run --label swapped -- ./hold thp=off anon=100 sleep=1000 write=made:1
    swapoff "$swap"
    file=$(result swapped)
    # Pages on their way to swap are neither anonymous nor swap on cgroup v1: 93 to 101 MiB were seen.
    within 85 "$(jq .peak.unreclaimable_bytes "$file")" 104 "the unreclaimable peak"
    # The runner is in the scope, too: 2 MiB, or 5 MiB with sanitizers.
    within 56 "$(jq .peak.cgroup_bytes "$file")" 64 "the memory peak"
    within 36 "$(jq .pressure.swap_peak_bytes "$file")" 60 "swapped out"
    # More than the limit was needed, so neither peak is the build's need.
    holds "$file" '.peak.censored and .unreclaimable_peak.censored'
    remove_scope
    ok "$engine: memory that was swapped out counts as unreclaimable"
}
