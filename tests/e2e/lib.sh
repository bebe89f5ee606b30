# Sourced by the end-to-end tests. A test is a program, which exits 0 if it passed, 1 if it failed, and 77
# if it was skipped.
#   TEST             runs all its scenarios
#   TEST NAME...     runs the named scenarios
#   TEST --list      lists the scenarios
# A scenario is a function that does its own setup and prints a line "ok: ..." for each result.
# shellcheck shell=bash
set -euo pipefail

self=$(realpath "$0")
srcdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
builddir=$(cd "${BUILDDIR:-.}" && pwd -P)
build_mem=$builddir/build-mem
hold=$builddir/tests/helpers/hold
# Below the build directory, because some rigs share only this tree and the current directory.
work=$(mktemp -d "$builddir/e2e.XXXXXX")
trap 'rm -rf "$work"' EXIT

# skip REASON: skips the test. In CI, every rig must be available, so the test fails.
skip() {
    echo "skipped: $*"
    [[ ${CI:-} == true ]] && exit 1
    exit 77
}

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

ok() { echo "ok: $*"; }

# The scenarios that the caller named. If empty, all are run.
wanted=("$@")

# declare_scenarios NAME...: sets the scenarios of this test, in order. Fails if the caller named another.
declare_scenarios() {
    local name
    scenarios=("$@")
    if [[ ${wanted[0]:-} == --list ]]; then
        printf '%s\n' "$@"
        exit 0
    fi
    for name in ${wanted[@]+"${wanted[@]}"}; do
        [[ " $* " == *" $name "* ]] || fail "unknown scenario $name; this test has: $*"
    done
}

# any_wanted NAME...: succeeds if the caller wants one of these scenarios.
any_wanted() {
    local name
    ((${#wanted[@]})) || return 0
    for name; do
        [[ " ${wanted[*]} " != *" $name "* ]] || return 0
    done
    return 1
}

end_jobs() { jobs -pr | xargs -r kill; }

# run_scenarios NAME...: runs the wanted scenarios, in order. Each runs in a subshell, so the next one does
# not inherit its variables, its directory or its jobs.
run_scenarios() {
    local name start
    for name; do
        any_wanted "$name" || continue
        start=$SECONDS
        (
            trap end_jobs EXIT
            "$name"
        )
        echo "  $name: $((SECONDS - start)) s"
    done
}

# expect STATUS COMMAND...: runs the command, with its output in $work/out and $work/err. Fails if it exits
# with another status.
expect() {
    local wanted_status=$1 status=0
    shift
    "$@" >"$work/out" 2>"$work/err" || status=$?
    if ((status != wanted_status)); then
        tail -n 30 "$work/out" "$work/err" >&2
        fail "exit $status instead of $wanted_status: $*"
    fi
}

# mentions FILE WORD: fails unless the file contains the word. Use it for facts that no field of the result
# has. WORD is a flag, a path or a keyword, never a sentence, because the wording of messages can change.
mentions() {
    grep -qF -e "$2" "$1" || {
        cat "$1" >&2
        fail "$(basename "$1") does not mention $2"
    }
}

# junit_has FILE XPATH: fails unless the condition is true for the JUnit file.
junit_has() {
    [[ $(xmllint --xpath "boolean($2)" "$1") == true ]] || {
        grep -E '<(testcase|failure|error|skipped)' "$1" >&2
        fail "$(basename "$1"): not true: $2"
    }
}

# holds FILE JQ-CONDITION: fails unless the condition is true for the JSON file.
holds() {
    jq -e "$2" "$1" >/dev/null || {
        jq -c 'del(.processes_at_peak)' "$1" >&2
        fail "$(basename "$1"): not true: $2"
    }
}

# within LOW BYTES HIGH NAME: fails unless BYTES is between LOW and HIGH, which are in MiB.
within() {
    awk -v low="$1" -v bytes="$2" -v high="$3" \
        'BEGIN { mib = bytes / 1048576; printf "  %.2f MiB, expected %s to %s\n", mib, low, high
                 exit !(bytes != "null" && mib >= low && mib <= high) }' ||
        fail "$4"
}

# forecasts STATUS SIZE RESULT: writes the forecast of sweep to $work/forecast.json.
forecasts() {
    expect "$1" "$build_mem" sweep --within "$2" "$3"
    sed -n 's/^\[BUILD-MEM FORECAST\] //p' "$work/out" >"$work/forecast.json"
}

# near_forecast JOBS RESULT: fails unless $work/forecast.json predicts the unreclaimable peak of the run within 10 %.
near_forecast() {
    local truth
    truth=$(jq .unreclaimable_peak.bytes "$2")
    within "$(awk "BEGIN { print $truth * 0.9 / 1048576 }")" "$(jq ".rest_bytes + $1 * .job_bytes" "$work/forecast.json")" \
        "$(awk "BEGIN { print $truth * 1.1 / 1048576 }")" "the forecast of $1 jobs, measured: $truth bytes"
}

# eventually COMMAND...: waits until the command succeeds, at most $patience_s seconds (default: 60).
eventually() {
    local tries
    for ((tries = ${patience_s:-60} * 10; tries; tries--)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    fail "not true within ${patience_s:-60} s: $*"
}

# leaves_a_cgroup PID: the cgroup of this runner remains for a while after its end. Until this test has removed it,
# a test of another lane can find it, so $named_runners names the test.
named_runners=$builddir/e2e-logs/named-runners
leaves_a_cgroup() {
    mkdir -p "${named_runners%/*}"
    echo "$1 $self" >>"$named_runners"
}
# kill_runner PID: ends a runner with SIGKILL. The next run removes its cgroup.
kill_runner() {
    leaves_a_cgroup "$1"
    kill -KILL "$1"
    wait "$1" || true
}
# left_by_another_test PID: succeeds if a test of another lane has named this runner.
left_by_another_test() { grep -s "^$1 " "$named_runners" | grep -qvxF "$1 $self"; }

# no_cgroup_left: fails if the cgroup of a run remains. Cgroups from before the test, and cgroups of runners
# that live or that another lane has named, do not count.
cgroups() { find /sys/fs/cgroup -type d -name 'build-mem-*'; }
cgroups_before=$(cgroups)
no_cgroup_left() {
    local directory pid
    while read -r directory; do
        pid=${directory##*/build-mem-} pid=${pid%%-*}
        # A run of another lane can have ended after find(1) listed its cgroup.
        [[ -z $pid || -d /proc/$pid || $cgroups_before == *"$directory"* || ! -d $directory ]] ||
            left_by_another_test "$pid" || fail "the cgroup remains: $directory"
    done <<<"$(cgroups)" # a User-Mode-Linux has no /dev/fd
}

# in_rig OPTION...: restarts the test in a User-Mode-Linux, which has cgroup v2 (see tests/rig/uml).
in_rig() {
    if [[ -z ${IN_RIG:-} ]]; then
        local status=0
        (cd "$builddir" && "$srcdir/tests/rig/uml" --timeout 1800 "$@" \
            --env IN_RIG=1 --env BUILDDIR="$builddir" --share "$work" -- \
            "$self" ${wanted[@]+"${wanted[@]}"}) || status=$?
        ((status == 77)) && skip "User-Mode-Linux cannot run here"
        exit $status
    fi
    [[ -e /sys/fs/cgroup/cgroup.controllers ]] || fail "this machine does not have cgroup v2"
    uname -r
    # The page cache is empty, so the kernel charges the file of the probe to the first run.
    export cold=true
    patience_s=240 # programs start slowly here, and other lanes use the CPUs
}

# with_docker: restarts the test with a private Docker Engine (see tests/rig/docker) and with $IN_RIG
# set.
with_docker() {
    [[ -z ${IN_RIG:-} ]] || return 0
    local status=0
    IN_RIG=1 "$srcdir/tests/rig/docker" run "$self" ${wanted[@]+"${wanted[@]}"} || status=$?
    ((status == 77)) && skip "a Docker Engine cannot run here"
    exit $status
}

# in_own_cgroup COMMAND...: runs it in a memory cgroup of its own, as root. Two runs of the inplace engine in one
# cgroup exclude each other, and `doctor` tries this engine.
in_own_cgroup() {
    local status=0 own=/sys/fs/cgroup
    [[ -e $own/cgroup.controllers ]] || own+=/memory
    own+=/e2e-own-$BASHPID
    mkdir "$own"
    # shellcheck disable=SC2016 # expanded by the inner shell
    bash -ec 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$own" "$@" || status=$?
    rmdir "$own"
    return $status
}

# private_podman: gives this test a Podman with its own images (see tests/rig/podman-settings).
private_podman() {
    command -v podman >/dev/null && command -v runc >/dev/null || skip "podman or runc is missing: ci/setup e2e"
    local engine_dir
    # A short path: with a runroot of more than 50 characters, Podman 4 cannot clean up a container, and
    # waits for that for 20 s.
    engine_dir=$(mktemp -d /run/build-mem-XXXXXX)
    # In memory, because Podman syncs each change of a container to the disk.
    mount -t tmpfs tmpfs "$engine_dir"
    cd "$work" # after an OOM kill, conmon creates a file "oom" in the current directory
    "$srcdir/tests/rig/podman-settings" "$engine_dir" "$engine_dir" runc
    export CONTAINERS_CONF=$engine_dir/containers.conf CONTAINERS_STORAGE_CONF=$engine_dir/storage.conf
    # shellcheck disable=SC2064 # the directory of now
    trap "podman rm --all --force >/dev/null 2>&1 || true; cd / && umount -l '$engine_dir'; rmdir '$engine_dir'; rm -rf '$work'" EXIT
}

# The scenarios of every engine.
engine_scenarios=(known_allocation stage_peaks build_fails oom_is_reported guard_ends_the_build oom_under_load ends_on_demand runner_is_killed
    output_streams warm_cache)

# on_engine ENGINE NAME...: runs those of the scenarios that the caller wants, on the engine.
on_engine() (
    engine=$1
    shift
    any_wanted "$@" || exit 0
    rm -rf "$work/repo"
    . "$srcdir/tests/e2e/engine.sh"
    run_scenarios "$@"
)

in_uml() { grep -q 'User Mode Linux' /proc/cpuinfo; }

# install_packages NAME: installs the npm packages of tests/e2e/NAME in $packages, and puts their Node first
# in $PATH.
install_packages() {
    local node
    node=$("$srcdir/tests/rig/fetch-node") || skip "cannot fetch Node here"
    export PATH=$node:$PATH
    packages=${BUILD_MEM_CACHE:-$srcdir/.cache}/$1
    mkdir -p "$packages"
    (
        flock 9
        find "$srcdir/tests/e2e/$1" -maxdepth 1 -type f -exec cp {} "$packages/" \;
        if ! cmp -s "$packages/package-lock.json" "$packages/installed"; then
            npm --prefix "$packages" ci --ignore-scripts --no-audit --no-fund >/dev/null
            cp "$packages/package-lock.json" "$packages/installed"
        fi
    ) 9>"$packages.lock"
}

# install_consumers: installs the packages that read the files of build-mem, in $consumers.
install_consumers() {
    install_packages consumers
    # shellcheck disable=SC2034 # for the tests
    consumers=$packages
}

# make_release all|ARCH: makes $work/release, with the files of a release of this tree for all architectures, or
# at least for this one. The tests that one run-all starts share a release for all.
make_release() {
    local tool options=()
    [[ $1 == all ]] || options=(--arch "$1")
    export SOURCE_DATE_EPOCH=1700000000
    for tool in x86_64-linux-gnu-gcc aarch64-linux-gnu-gcc dpkg-source jq; do
        command -v "$tool" >/dev/null || skip "$tool is missing: ci/setup release"
    done
    if [[ -z ${SHARED_RELEASE:-} ]]; then
        expect 0 "$srcdir/ci/release" ${options[@]+"${options[@]}"} "$work/release"
        return
    fi
    (
        flock 9
        [[ -e $SHARED_RELEASE/SHA256SUMS ]] || expect 0 "$srcdir/ci/release" "$SHARED_RELEASE"
    ) 9>"$SHARED_RELEASE.lock"
    cp -r "$SHARED_RELEASE" "$work/release"
}
