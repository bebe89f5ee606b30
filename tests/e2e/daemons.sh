# daemons.sh: builds that leave their work to a daemon outside of their cgroup. Sourced after lib.sh, for
# on_engine host; daemon_of_the_job is for on_engine inplace.
# shellcheck shell=bash
# engine.sh sets $engine, $repo, measure, result, nothing_left.
# shellcheck disable=SC2154

daemon_scenarios=(daemon_does_the_work daemon_is_idle daemon_of_the_build daemon_leaves_the_build client_of_a_daemon)

# The builds and their daemon have a user of their own, so that tests at the same time do not see the daemon.
daemon_user=$((60000 + $$ % 5000))
as_user=(setpriv --reuid $daemon_user --regid $daemon_user --clear-groups)
measure_as_user() { measure --user $daemon_user:$daemon_user "$@"; }

# A daemon that is called like one of Gradle. For each line in the pipe `ask`, it holds 60 MiB and works
# for half a second of CPU time.
make_daemon() {
    chmod 755 "$work"
    chmod 777 "$repo"
    rm -f "$repo/ask" "$repo/answer"
    mkfifo -m 666 "$repo/ask" "$repo/answer"
    cat >"$repo/daemon.sh" <<'BASH'
cpu() { read -ra stat </proc/$$/stat && echo $((stat[13] + stat[14])); }
while read -r line <ask; do
    ./hold anon=60 sleep=50
    end=$(($(cpu) + 50))
    while (($(cpu) < end)); do for ((i = 0; i < 10000; i++)); do :; done; done
    echo done >answer
done
BASH
    cat >"$repo/gradle-daemon" <<'BASH'
exec -a java bash daemon.sh org.gradle.launcher.daemon.bootstrap.GradleDaemon 8.5
BASH
}

# start_daemon: starts it in the cgroup of this test. Sets $daemon.
start_daemon() {
    make_daemon
    (cd "$repo" && exec "${as_user[@]}" bash gradle-daemon) &
    daemon=$!
    eventually is_daemon
}
is_daemon() { tr '\0' ' ' <"/proc/$daemon/cmdline" | grep -q '^java '; }
stop_daemon() {
    kill "$daemon"
    wait "$daemon" || true
}

# The client of the daemon, which uses no CPU time.
ask='echo build >ask; read -r line <answer'
client="$ask; echo made >made"
gradle='.outside_daemons | length == 1 and .[0].name == "Gradle daemon"'

daemon_does_the_work() {
    local daemon file
    start_daemon
    expect 4 measure_as_user --label work -- sh -c "$client"
    file=$(result work)
    holds "$file" "$gradle and .[0].processes == 1 and .[0].cpu_ms >= 490 and .[0].asked_by == null"
    holds "$file" '.verdict == "inconclusive" and .exit_code == 4 and .not_measured == null
        and .build.exit_code == 0 and .build.cpu_ms * 10 < .outside_daemons[0].cpu_ms and .peak.cgroup_bytes < 30 * 1048576
        and (.gate.notes | length == 1) and (.gate.advice | contains("--no-daemon"))'
    # Before the run, in the summary, and in each report.
    mentions "$work/err" 'Gradle daemon'
    mentions "$work/out" --no-daemon
    junit_has "$repo/.build-mem/junit-work.xml" '//testcase[@name="verdict"]/error[contains(., "--no-daemon")]
        and //testcase[@name="cgroup_peak"]/skipped[contains(., "--no-daemon")]
        and //property[@name="outside_daemon" and @value="Gradle daemon"]'
    mentions "$repo/.build-mem/report-work.html" --no-daemon
    expect 0 "$build_mem" report "$file" --format markdown --output -
    mentions "$work/out" 'Gradle daemon'
    expect 0 "${as_user[@]}" "$build_mem" doctor
    mentions "$work/out" 'Gradle daemon'
    # The figures are not the build's: they must not become a baseline or a point of a trend.
    expect 2 "$build_mem" baseline refresh --repo "$repo" --baseline "$work/elsewhere.json" "$file"
    [[ ! -e $work/elsewhere.json ]] || fail "the refresh wrote a baseline"
    expect 2 "$build_mem" report "$file" --format bmf --output -
    # A second run would not be measured either. Other scenarios leave such a file.
    rm -f "$repo/.build-mem/result-refresh-2.json"
    expect 4 "$build_mem" baseline refresh --engine "$engine" --repo "$repo" --baseline "$work/elsewhere.json" \
        --user $daemon_user:$daemon_user --runs 2 -- sh -c "$client"
    [[ ! -e $repo/.build-mem/result-refresh-2.json ]] || fail "the build ran again"
    stop_daemon
    nothing_left
    ok "$engine: the verdict is inconclusive if a daemon does the work"
}

daemon_is_idle() {
    local daemon
    start_daemon
    expect 0 measure_as_user --label idle -- ./hold anon=20 write=made:1
    holds "$(result idle)" "$gradle"
    # It could work for the build, which is known only at the end.
    mentions "$work/err" --no-daemon
    holds "$(result idle)" '.verdict == "pass" and .gate.notes == []'
    # The daemon is disabled, and idle.
    expect 0 measure_as_user --label disabled --env GRADLE_OPTS=-Dorg.gradle.daemon=false -- ./hold anon=20 write=made:1
    holds "$(result disabled)" '.outside_daemons == [] and .gate.notes == []'
    stop_daemon
    nothing_left
    ok "$engine: an idle daemon is in the result without a note, and the build is judged"
}

# A daemon in the cgroup of the build is measured.
daemon_of_the_build() {
    make_daemon
    # build-mem looks again after a second.
    expect 0 measure_as_user --label inside -- sh -c "bash gradle-daemon & $ask; $ask; $client"
    holds "$(result inside)" '.verdict == "pass" and .outside_daemons == [] and .gate.notes == []
        and .peak.cgroup_bytes > 60 * 1048576 and .build.cpu_ms >= 1490'
    nothing_left
    ok "$engine: a daemon that the build starts is measured"
}

daemon_leaves_the_build() {
    local group=/sys/fs/cgroup
    [[ -e $group/cgroup.controllers ]] || group+=/memory
    group+=/e2e-daemon-$$
    mkdir "$group"
    chown $daemon_user "$group/cgroup.procs"
    # shellcheck disable=SC2064
    trap "xargs -r kill -KILL <'$group/cgroup.procs'; end_jobs" EXIT
    make_daemon
    expect 4 measure_as_user --label leaves -- sh -c "(sh -c 'echo \$PPID' >pid; echo \$(cat pid) >$group/cgroup.procs
        exec bash gradle-daemon >/dev/null 2>&1) & $client"
    holds "$(result leaves)" "$gradle and .[0].cpu_ms >= 490"
    xargs kill <"$group/cgroup.procs"
    eventually rmdir "$group"
    trap end_jobs EXIT
    nothing_left
    ok "$engine: a daemon that the build starts outside of its cgroup counts"
}

# An earlier step of the job started the daemon.
daemon_of_the_job() {
    local daemon root=/sys/fs/cgroup
    [[ -e $root/cgroup.controllers ]] || root+=/memory
    start_daemon
    expect 0 measure_as_user --label job -- sh -c "$client"
    holds "$(result job)" '.verdict == "pass" and .outside_daemons == [] and .peak.shared
        and .peak.cgroup_bytes > 60 * 1048576'
    echo "$daemon" >"$root/cgroup.procs"
    expect 4 measure_as_user --label elsewhere -- sh -c "$client"
    holds "$(result elsewhere)" "$gradle and .[0].cpu_ms >= 490"
    stop_daemon
    nothing_left
    ok "$engine: a daemon in the cgroup of the job is measured, another one is not"
}

client_of_a_daemon() {
    # The build works, too: a real daemon of another test can be busy meanwhile.
    # shellcheck disable=SC2016 # expanded by the script
    local busy='i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done'
    mkdir "$repo/bin"
    printf '#!/bin/sh\n%s\nexec ./hold anon=30 sleep=400\n' "$busy" >"$repo/bin/docker"
    chmod +x "$repo/bin/docker"
    expect 0 measure --label command -- sh -c "PATH=$repo/bin:\$PATH; docker build . && echo made >made"
    holds "$(result command)" '.verdict == "pass" and (.gate.notes | length == 1)
        and (.outside_daemons[] | .asked_by == "docker build")'
    mentions "$work/err" 'docker build'
    expect 0 measure --label friend -- sh -c 'echo docker build .; echo made >made'
    holds "$(result friend)" '.outside_daemons == []'
    # A script asks the daemon: a process of the build shows it.
    printf '#!/bin/sh\n%s\n./hold anon=30 sleep=400\n' "$busy" >"$repo/wait.sh"
    chmod +x "$repo/wait.sh"
    expect 0 measure --label script -- bash -c "(exec -a docker bash -c './wait.sh;true' build .); echo made >made"
    holds "$(result script)" '.outside_daemons[] | .asked_by == "docker build" and .processes >= 0'
    rm "$repo/bin/docker"
    nothing_left
    ok "$engine: a command that asks a daemon is noted"
}
