# ledger.sh: the scenarios of the process ledger. Sourced by the tests of an engine that can have all
# records; they run where engine.sh has set $repo.
# shellcheck shell=bash
# shellcheck disable=SC2154 # $repo and others are of engine.sh

# shellcheck disable=SC2034 # used by the test that sources this file
ledger_scenarios=(short_process_has_its_peak ten_thousand_processes late_records_are_read overrun_is_reported refused_records_fall_back
    process_over_its_budget)

# ledger_line LABEL NAME: prints the first line of the ledger for a process of this name.
ledger_line() { grep -m 1 "^[0-9]*,[0-9]*,$2," "$repo/.build-mem/ledger-$1.csv"; }
ledger_bytes() { ledger_line "$1" "$2" | cut -d , -f 7; }

# A build of a few milliseconds, which no scan has to see. The shell is larger than the process that
# it starts: exec begins a new peak.
short_process_has_its_peak() {
    configure short "none=^no-such-process"
    # shellcheck disable=SC2016 # the shell of the build expands it
    expect 0 measure --config "$repo/short.json" --label short -- bash -c \
        'large=$(head -c 40000000 /dev/zero | tr "\0" x); ./hold anon=8; :'
    local file
    file=$(result short)
    holds "$file" '.processes | .source == "taskstats" and .fallback == null and .lost == 0 and .overruns == 0'
    within 38 "$(ledger_bytes short bash)" 200 "the peak of the shell"
    within 8 "$(ledger_bytes short hold)" 10 "the peak of the process that the shell starts"
    holds "$file" '.processes.largest[0] | .source == "taskstats" and .start_ms <= .end_ms'
    ok "$engine: a short process is in the ledger with its own peak"
}

# All processes start as fast as the machine can start them. Each is in the ledger, or the loss is
# reported.
ten_thousand_processes() {
    configure many "none=^no-such-process"
    expect 0 measure --config "$repo/many.json" --label many -- ./hold spawn=100 spawn=100
    local file
    file=$(result many)
    jq -c '.processes | del(.largest)' "$file"
    holds "$file" '.processes | .source == "taskstats" and (.overruns > 0 or (.count == 10101 and .lost == 0))'
    [[ $(wc -l <"$repo/.build-mem/ledger-many.csv") == $(jq '.processes.count + 1' "$file") ]] ||
        fail "the file does not have one line for each process"
    ok "$engine: of 10,101 processes, none is lost without a report"
}

probe_has_ended() { ! ps -o stat= --ppid "$1" | grep -qv '^Z'; }
# beside_a_stopped_runner LABEL ARG...: the build runs `hold` with these arguments while the runner is stopped.
# Sets $file to the result.
beside_a_stopped_runner() {
    configure "$1" "none=^no-such-process"
    rm -f "$repo/stopped" "$repo/made"
    "$build_mem" run --engine "$engine" --repo "$repo" --config "$repo/$1.json" --label "$1" -- bash -c \
        'until [[ -e stopped ]]; do sleep 0.05; done; ./hold "$@"; touch made' hold "${@:2}" \
        >"$work/out" 2>"$work/err" &
    local runner=$!
    eventually grep -q "^[0-9]" "$repo/.build-mem/timeline-$1.csv"
    kill -STOP $runner
    touch "$repo/stopped"
    eventually test -e "$repo/made"
    eventually probe_has_ended $runner
    kill -CONT $runner
    wait $runner || fail "exit $?"
    file=$(result "$1")
    jq -c '.processes | del(.largest)' "$file"
}

# The kernel keeps the records. The runner has to read three batches of them after the build has ended.
late_records_are_read() {
    local file
    beside_a_stopped_runner late spawn=100 spawn=165
    holds "$file" '.processes | .source == "taskstats" and .overruns == 0 and .lost == 0 and .count > 16600 and .count < 16800'
    ok "$engine: no process is lost if the runner reads the records late"
}

# The kernel has to drop records.
overrun_is_reported() {
    local file
    beside_a_stopped_runner overrun spawn=200 spawn=250
    holds "$file" '.processes | .source == "taskstats" and .overruns > 0 and .count > 0'
    mentions "$work/out" "dropped records"
    ok "$engine: an overrun is reported"
}

# Without CAP_NET_ADMIN the kernel refuses the records.
refused_records_fall_back() {
    configure refused "none=^no-such-process"
    expect 0 setpriv --bounding-set=-net_admin --inh-caps=-net_admin env --default-signal "$build_mem" run \
        --engine "$engine" --repo "$repo" --config "$repo/refused.json" --label refused -- \
        ./hold anon=50 sleep=600
    local file
    file=$(result refused)
    jq -c '.processes | del(.largest)' "$file"
    holds "$file" '.verdict == "pass"'
    holds "$file" '.processes | .source == "scan" and .fallback != null and .lost == null and .overruns == null'
    holds "$file" '.processes.largest[0] | .name == "hold" and .source == "scan"'
    within 50 "$(jq '.processes.largest[0].peak_rss_bytes' "$file")" 52 "VmHWM"
    ok "$engine: without the rights, the scans are used, and marked"
}

# The processes of a container are known by their parents, with the pids of this machine.
container_processes() {
    configure contained "none=^no-such-process"
    expect 0 measure --config "$repo/contained.json" --label contained -- ./hold spawn=4 anon=20
    local file
    file=$(result contained)
    jq -c '.processes | del(.largest)' "$file"
    holds "$file" '.processes | .source == "taskstats" and .count == 5 and .lost == 0'
    within 20 "$(jq '.processes.largest[0].peak_rss_bytes' "$file")" 22 "the largest process"
    ok "$engine: the ledger has the processes of a container"
}

# A budget in build-mem.json needs no baseline. Without records it does not pass.
process_over_its_budget() {
    configure small "none=^no-such-process"
    jq '.processes = [{"name": "holders", "match": "(^|/)hold( |$)", "budget": "40MiB"}]' \
        "$repo/small.json" >"$repo/budget.json"
    local file
    file=$(result budget)
    expect 0 measure --config "$repo/budget.json" --label budget -- ./hold spawn=3 anon=20
    holds "$file" '.processes.watched == [.processes.watched[0]] and .processes.watched[0].count == 4'
    within 20 "$(jq '.processes.watched[0].peak_rss_bytes' "$file")" 22 "the largest process"
    expect 1 measure --config "$repo/budget.json" --label budget -- ./hold spawn=3 anon=50
    holds "$file" '.verdict == "over-limit" and .processes.watched[0].largest == "hold"'
    expect 4 setpriv --bounding-set=-net_admin --inh-caps=-net_admin env --default-signal "$build_mem" run \
        --engine "$engine" --repo "$repo" --config "$repo/budget.json" --label budget -- ./hold anon=20 sleep=200
    holds "$file" '.verdict == "inconclusive"'
    ok "$engine: a process over its budget fails the run"
}
