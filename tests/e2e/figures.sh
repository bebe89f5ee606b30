# What build-mem says of memory that is known, and what the kernel says. Sourced by engine.sh.
# shellcheck shell=bash

# configure NAME STAGE=REGEX...: the test's configuration with these stages, in their precedence,
# and no artifact.
configure() {
    local name=$1 stage
    shift
    for stage in "$@"; do
        jq -n --arg name "${stage%%=*}" --arg match "${stage#*=}" '{$name, $match}'
    done >"$work/stages"
    jq --slurpfile stages "$work/stages" '.stages = $stages | .artifacts = []' \
        "$repo/build-mem.json" >"$repo/$name.json"
}

# stage FILE NAME KEY: a figure of one stage of a result.
stage() { jq --arg name "$2" ".stages[] | select(.name == \$name) | .$3" "$1"; }

# above_base FILE SUM: in MiB, a sum of MiB above what the cgroup holds beside a stage's own memory
# (the shell, the probe, what the engine left in it), by the stage "base", whose own is 1 MiB.
above_base() {
    awk "BEGIN { print $(stage "$1" base cgroup_peak_bytes) / 1048576 - 1 + $2 }"
}

# peak_is FILE STAGE MIB: its peak is that much, and a page table of 4 KiB for each 2 MiB, above
# the base: within 1 MiB.
peak_is() {
    within "$(above_base "$1" "$3 + $3 / 512 - 1")" "$(stage "$1" "$2" cgroup_peak_bytes)" \
        "$(above_base "$1" "$3 + $3 / 512 + 1")" "peak of $2"
}

# is_exact FILE STAGE true|false
is_exact() {
    [[ $(stage "$1" "$2" cgroup_peak_exact) == "$3" ]] ||
        fail "that the peak of $2 is exact is not $3"
}

# Every stage smaller than the one before: the lifetime peak rises in the largest alone. Each sleeps
# first: what a stage takes before its command line is seen counts as the last one's.
stage_peaks() {
    configure stages 'base=anon=1 ' 'large=anon=120' 'middle=anon=70' 'small=anon=30'
    expect 0 measure --label stages --config "$repo/stages.json" -- sh -c '
        for mib in 1 120 70 30; do ./hold thp=off sleep=250 anon=$mib sleep=250; done'
    local file size name exact
    file=$(result stages)
    for size in large:120 middle:70 small:30; do
        name=${size%:*}
        peak_is "$file" "$name" "${size#*:}"
        # Without resets the kernel tells of the largest alone; the others are samples, and say so.
        exact=${stages_are_exact:-false}
        [[ $name != large ]] || exact=true
        is_exact "$file" "$name" "$exact"
    done
    nothing_left
    ok "$engine: each stage has its own peak"
}

# The kernel's own word on the highest of all: v2 has the lifetime peak, which is the headline; v1
# counts memory and swap in a counter of its own, which nobody resets.
cat >"$repo/witness.sh" <<'SH'
while IFS=: read -r _ controllers path; do
    [ "$controllers" != memory ] || directory=$path
done </proc/self/cgroup
for directory in "$directory" ""; do
    cat "/sys/fs/cgroup/memory$directory/memory.memsw.max_usage_in_bytes" 2>/dev/null && break
done >witness
exit 0
SH

# highest FILE: every peak lies in one of the stages, none is lost between two of them.
highest() {
    local file=$1 headline witness
    headline=$(jq .peak.cgroup_bytes "$file") witness=$(cat "$repo/witness")
    if [[ $(jq -r .peak.source "$file") == memory.max_usage_in_bytes ]]; then
        [[ -n $witness ]] || echo "  no swap is counted: nothing to hold the headline against"
    fi
    witness=${witness:-$headline}
    echo "  headline $headline, the kernel's $witness"
    holds "$file" "(.peak.cgroup_bytes - $witness | fabs) < 1048576"
    holds "$file" "([.stages[].cgroup_peak_bytes] | max) - $witness | fabs < 1048576"
}

# Stages that follow each other at once, whose memory is there for a moment only, at their end.
stage_boundaries() {
    local sizes=(24 60 12 48 30 6) mib file stages=('base=anon=1 ')
    for mib in "${sizes[@]}"; do stages+=("p$mib=anon=$mib( |$)"); done
    configure boundaries "${stages[@]}"
    expect 0 measure --label boundaries --config "$repo/boundaries.json" -- sh -c "
        ./hold thp=off sleep=250 anon=1 sleep=50
        for mib in ${sizes[*]}; do ./hold thp=off sleep=250 anon=\$mib; done
        sh witness.sh"
    file=$(result boundaries)
    for mib in "${sizes[@]}"; do
        peak_is "$file" "p$mib" "$mib"
        is_exact "$file" "p$mib" true
    done
    within 60 "$(jq .sampler.largest_process_bytes "$file")" 62 "the largest process"
    highest "$file"
    ok "$engine: not 1 MiB is lost between two stages"
}

# The next stage begins about when the memory of the last one is freed: the last one's peak is what
# it is, and its own at least what it takes and at most both together.
stage_overlaps() {
    local file
    configure overlaps 'base=anon=1 ' 'second=anon=20' 'first=anon=60'
    expect 0 measure --label overlaps --config "$repo/overlaps.json" -- sh -c '
        ./hold thp=off sleep=250 anon=1 sleep=50
        ./hold thp=off sleep=250 anon=60 sleep=220 &
        sleep 0.5
        ./hold thp=off sleep=200 anon=20 sleep=50
        wait
        sh witness.sh'
    file=$(result overlaps)
    peak_is "$file" first 60
    within "$(above_base "$file" 19)" "$(stage "$file" second cgroup_peak_bytes)" \
        "$(above_base "$file" 82)" "peak of second"
    is_exact "$file" second true
    highest "$file"
    ok "$engine: a stage that begins while the last one's memory is freed"
}

# survives MIB: whether the mix of the next check does, under that limit; the kernel is the judge.
survives() {
    local status=0
    mix --memory "$1m" || status=$?
    echo "  $1 MiB: $( ((status)) && echo killed || echo passes)"
    ((status)) || return 0
    holds "$(result mix)" '.build.oom_killed'
    return 1
}

# A file that is in nobody's cache is read, another written, private and shared memory taken. The
# shell keeps the files open: some file systems drop the cache of what nobody has open.
mix() {
    configure mix
    rm -f "$repo/cold" "$repo/made"
    truncate -s 24M "$repo/cold"
    measure --label mix --config "$repo/mix.json" "$@" -- sh -c 'exec 3<cold 4>made
        ./hold read=cold write=made:8 anon=32 shm=16 sleep=200' >"$work/out" 2>"$work/err"
}

# The least limit under which a build passes is what it had that could not be reclaimed.
unreclaimable() {
    local bytes low high middle
    expect 0 mix
    bytes=$(jq .peak.unreclaimable_bytes "$(result mix)")
    echo "  unreclaimable $bytes of $(jq .peak.cgroup_bytes "$(result mix)")"
    low=$((bytes * 9 / 10 / 1048576)) high=$((bytes * 11 / 10 / 1048576))
    survives "$high" || fail "killed under a limit a tenth above what cannot be reclaimed"
    ! survives "$low" || fail "passes under a limit a tenth below what cannot be reclaimed"
    while ((high - low > 1)); do
        middle=$(((low + high) / 2))
        if survives "$middle"; then high=$middle; else low=$middle; fi
    done
    within "$(awk "BEGIN { print $high * 0.95 }")" "$bytes" "$(awk "BEGIN { print $high * 1.05 }")" \
        "what cannot be reclaimed, against the limit that the build needs"
    ok "$engine: what cannot be reclaimed is the limit that the build needs"
}
