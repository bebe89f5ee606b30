# figures.sh: compares the figures of build-mem with known allocations and with the counters of the
# kernel. Sourced by engine.sh.
# shellcheck shell=bash

# configure NAME STAGE=REGEX...: writes NAME.json, a configuration with these stages and without
# artifacts. The first stage that matches is used.
configure() {
    local name=$1 stage
    shift
    for stage in "$@"; do
        jq -n --arg name "${stage%%=*}" --arg match "${stage#*=}" '{$name, $match}'
    done >"$work/stages"
    jq --slurpfile stages "$work/stages" '.stages = $stages | .artifacts = []' \
        "$repo/build-mem.json" >"$repo/$name.json"
}

# stage FILE NAME KEY: prints a figure of one stage of a result.
stage() { jq --arg name "$2" ".stages[] | select(.name == \$name) | .$3" "$1"; }

# above_base FILE SUM: prints SUM MiB plus the memory of the cgroup outside of the stage: the shell, the
# probe and the engine. The stage "base" measures this memory; its own process holds 1 MiB.
above_base() {
    awk "BEGIN { print $(stage "$1" base cgroup_peak_bytes) / 1048576 - 1 + $2 }"
}

# peak_is FILE STAGE MIB: fails unless the peak is MIB above the base, plus 4 KiB of page tables per
# 2 MiB, within 1 MiB.
peak_is() {
    within "$(above_base "$1" "$3 + $3 / 512 - 1")" "$(stage "$1" "$2" cgroup_peak_bytes)" \
        "$(above_base "$1" "$3 + $3 / 512 + 1")" "peak of $2"
}

# is_exact FILE STAGE true|false
is_exact() {
    [[ $(stage "$1" "$2" cgroup_peak_exact) == "$3" ]] ||
        fail "cgroup_peak_exact of $2 is not $3"
}

# Each stage is smaller than the one before, so the lifetime peak rises in the largest stage only. Each
# stage waits for its detection, because memory from before counts for the stage before.
stage_peaks() {
    configure stages 'base=anon=1 ' 'large=anon=120' 'middle=anon=70' 'small=anon=30'
    expect 0 measure --label stages --config "$repo/stages.json" -- sh -c '
        for stage in base:1 large:120 middle:70 small:30; do
            ./hold thp=off "seen=stages:${stage%:*}" "anon=${stage#*:}" sleep=250
        done'
    local file size name exact
    file=$(result stages)
    for size in large:120 middle:70 small:30; do
        name=${size%:*}
        peak_is "$file" "$name" "${size#*:}"
        # Without resets, the kernel reports the largest peak only. The others are samples, and marked.
        exact=${stages_are_exact:-false}
        [[ $name != large ]] || exact=true
        is_exact "$file" "$name" "$exact"
    done
    nothing_left
    ok "$engine: each stage has its own peak"
}

# Writes a peak of the kernel that build-mem does not reset: on v1, the counter of memory and swap. On v2
# there is none, and the memory peak is the lifetime peak.
cat >"$repo/witness.sh" <<'SH'
while IFS=: read -r _ controllers path; do
    [ "$controllers" != memory ] || directory=$path
done </proc/self/cgroup
for directory in "$directory" ""; do
    cat "/sys/fs/cgroup/memory$directory/memory.memsw.max_usage_in_bytes" 2>/dev/null && break
done >witness
exit 0
SH

# no_peak_is_lost FILE: fails unless the memory peak and the highest peak of a stage are the kernel's.
no_peak_is_lost() {
    local file=$1 peak witness
    peak=$(jq .peak.cgroup_bytes "$file") witness=$(cat "$repo/witness")
    if [[ $(jq -r .peak.source "$file") == memory.max_usage_in_bytes ]]; then
        [[ -n $witness ]] || echo "  this kernel does not count swap, so the memory peak is not compared"
    fi
    witness=${witness:-$peak}
    echo "  memory peak $peak, the kernel's $witness"
    holds "$file" "(.peak.cgroup_bytes - $witness | fabs) < 1048576"
    holds "$file" "([.stages[].cgroup_peak_bytes] | max) - $witness | fabs < 1048576"
}

# The stages have no pause between them, and hold their memory only at their end.
stage_boundaries() {
    local sizes=(24 60 12 48 30 6) mib file stages=('base=anon=1 ')
    for mib in "${sizes[@]}"; do stages+=("p$mib=anon=$mib( |$)"); done
    configure boundaries "${stages[@]}"
    expect 0 measure --label boundaries --config "$repo/boundaries.json" -- sh -c "
        ./hold thp=off seen=boundaries:base anon=1 sleep=50
        for mib in ${sizes[*]}; do ./hold thp=off seen=boundaries:p\$mib anon=\$mib; done
        sh witness.sh"
    file=$(result boundaries)
    for mib in "${sizes[@]}"; do
        peak_is "$file" "p$mib" "$mib"
        is_exact "$file" "p$mib" true
    done
    within 60 "$(jq .sampler.largest_process_bytes "$file")" 62 "the largest process"
    no_peak_is_lost "$file"
    ok "$engine: each stage has its own peak without a pause between stages"
}

# The second stage starts while the first one frees its memory. The peak of the first stage is exact. The
# peak of the second stage is at least its own memory, and at most the memory of both.
stage_overlaps() {
    local file
    configure overlaps 'base=anon=1 ' 'second=anon=20' 'first=anon=60'
    rm -f "$repo/filled"
    expect 0 measure --label overlaps --config "$repo/overlaps.json" -- sh -c '
        ./hold thp=off seen=overlaps:base anon=1 sleep=50
        ./hold thp=off seen=overlaps:first anon=60 write=filled:0 sleep=220 &
        until [ -e filled ]; do sleep 0.01; done
        ./hold thp=off seen=overlaps:second anon=20 sleep=50
        wait
        sh witness.sh'
    file=$(result overlaps)
    peak_is "$file" first 60
    within "$(above_base "$file" 19)" "$(stage "$file" second cgroup_peak_bytes)" \
        "$(above_base "$file" 82)" "peak of second"
    is_exact "$file" second true
    no_peak_is_lost "$file"
    ok "$engine: the peaks of two stages are correct if the second starts while the first frees its memory"
}

# A daemon that comes first in the list lives as long as the build. Its stage has only its own memory, and
# the stage of the workers has theirs. The workers match no pattern: they descend from timeout(1).
own_processes() {
    local file
    configure own 'daemon=anon=20 ' 'workers=^timeout '
    expect 0 measure --label own --config "$repo/own.json" -- sh -c '
        ./hold thp=off anon=20 sleep=60000 &
        ./hold seen=own:daemon
        timeout 60 ./hold thp=off spawn=2 anon=60 meet sleep=700
        kill $!'
    file=$(result own)
    within 20 "$(stage "$file" daemon pss_peak_bytes)" 23 "the daemon's own memory"
    within 120 "$(stage "$file" workers pss_peak_bytes)" 125 "the workers' own memory"
    within 140 "$(stage "$file" daemon all_pss_peak_bytes)" 150 "the memory of all while the daemon was current"
    holds "$file" '.stages[] | select(.name == "workers") | .all_pss_peak_bytes == null and .cgroup_peak_bytes == null
        and .last_ms - .first_ms > 500 and ([.processes_at_peak[].name] | sort | unique == ["hold", "timeout"])'
    holds "$file" '.stages[] | select(.name == "daemon") | [.processes_at_peak[].name] == ["hold"]'
    ok "$engine: a stage has the memory of its own processes, beside a daemon that precedes it"
}

# A class path makes the command line of a compiler longer than a page. Its end decides the stage.
long_command_line() {
    local path
    path=$(printf '%06000d' 0)
    configure long 'main=^\./busybox awk .* Main$'
    expect 0 measure --label long --config "$repo/long.json" -- ./busybox awk 'BEGIN { system("sleep 0.7") }' "$path" Main
    holds "$(result long)" '.stages[] | select(.name == "main") | .last_ms - .first_ms > 500'
    ok "$engine: a stage is found by the end of a command line of 6,000 characters"
}

# survives MIB: succeeds if the build `mix` passes under this memory limit.
survives() {
    local status=0
    mix --memory "$1m" || status=$?
    echo "  $1 MiB: $( ((status)) && echo killed || echo passes)"
    ((status)) || return 0
    holds "$(result mix)" '.build.oom_killed'
    return 1
}

# mix FLAG...: measures a build that reads an uncached file, writes another, and allocates private and
# shared memory. The shell keeps the files open, because some file systems drop the cache of closed files.
mix() {
    configure mix
    rm -f "$repo/cold" "$repo/made"
    truncate -s 24M "$repo/cold"
    measure --label mix --config "$repo/mix.json" "$@" -- sh -c 'exec 3<cold 4>made
        ./hold read=cold write=made:8 anon=32 shm=16 sleep=200' >"$work/out" 2>"$work/err"
}

# The smallest memory limit under which the build passes must be its unreclaimable peak, within 5 %.
unreclaimable() {
    local bytes low high middle
    expect 0 mix
    bytes=$(jq .peak.unreclaimable_bytes "$(result mix)")
    echo "  unreclaimable $bytes of $(jq .peak.cgroup_bytes "$(result mix)")"
    low=$((bytes * 9 / 10 / 1048576)) high=$((bytes * 11 / 10 / 1048576))
    survives "$high" || fail "the kernel kills the build under a limit 10 % above the unreclaimable peak"
    ! survives "$low" || fail "the build passes under a limit 10 % below the unreclaimable peak"
    while ((high - low > 1)); do
        middle=$(((low + high) / 2))
        if survives "$middle"; then high=$middle; else low=$middle; fi
    done
    within "$(awk "BEGIN { print $high * 0.95 }")" "$bytes" "$(awk "BEGIN { print $high * 1.05 }")" \
        "the unreclaimable peak, compared with the limit that the build needs"
    ok "$engine: the unreclaimable peak is the limit that the build needs"
}

# part FILE KIND NAME: prints the PSS of a part of the largest process, in bytes. NAME is JSON.
part() {
    jq --arg kind "$2" --argjson name "$3" '.processes_at_peak[0].mappings.parts |
        map(select(.kind == $kind and .name == $name).pss_bytes) | add' "$1"
}

# A shell, which is small, and a process that maps known sizes of each kind.
mappings() {
    local file mapped
    configure mappings 'hold=hold'
    expect 0 measure --label mappings --config "$repo/mappings.json" -- sh -c '
        ./hold write=mapped:30; ./hold thp=off map=mapped anon=100 shm=20 sleep=1500; rm mapped'
    file=$(result mappings)
    holds "$file" '.processes_at_peak[0].mappings.unread == null'
    mapped=$(jq '.processes_at_peak[0].mappings.parts | map(.name // empty) | map(select(endswith("/mapped"))) | first' "$file")
    within 100 "$(part "$file" anonymous null)" 101 "anonymous memory of the process"
    within 20 "$(part "$file" shared null)" 21 "shared memory of the process"
    within 29.9 "$(part "$file" files "$mapped")" 30.1 "the mapped file"
    holds "$file" '.processes_at_peak[0].mappings | (.parts | map(.pss_bytes) | add) == .pss_bytes'
    holds "$file" '.processes_at_peak | map(select(.mappings)) | length <= 3'
    grep -Eq '^ *hold \(pid [0-9]+\), [0-9.]+ MiB: anonymous 10[01]\.[0-9] MiB, files 3[01]\.[0-9] MiB,' "$work/out" ||
        fail "the summary does not report what the process holds"
    ok "$engine: what the largest process maps is known by kind"
}
