# Sourced by the end-to-end tests. Each is a program: exit 0 passed, 1 failed, 77 skipped.
# shellcheck shell=bash
set -euo pipefail

srcdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
builddir=$(cd "${BUILDDIR:-.}" && pwd -P)
build_mem=$builddir/build-mem
hold=$builddir/tests/helpers/hold
# Some rigs see only this tree and the current directory: work in there.
work=$(mktemp -d "$builddir/e2e.XXXXXX")
trap 'rm -rf "$work"' EXIT

# A rig that is not there is a reason not to test on a desk; in CI it has to be there.
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

# expect STATUS COMMAND...: runs it, output to $work/out and $work/err.
expect() {
    local wanted=$1 got=0
    shift
    "$@" >"$work/out" 2>"$work/err" || got=$?
    if ((got != wanted)); then
        tail -n 30 "$work/out" "$work/err" >&2
        fail "exit $got instead of $wanted: $*"
    fi
}

# holds FILE JQ-CONDITION: the condition is true of the JSON file.
holds() {
    jq -e "$2" "$1" >/dev/null || {
        jq -c 'del(.processes_at_peak)' "$1" >&2
        fail "not so: $2"
    }
}

# within LOW FIGURE HIGH, in MiB, the figure in bytes.
within() {
    awk -v low="$1" -v bytes="$2" -v high="$3" \
        'BEGIN { mib = bytes / 1048576; printf "  %.2f MiB, wanted %s to %s\n", mib, low, high
                 exit !(bytes != "null" && mib >= low && mib <= high) }' ||
        fail "$4"
}

# eventually COMMAND...: true within a minute, or $patience_s.
eventually() {
    local tries
    for ((tries = ${patience_s:-60} * 10; tries; tries--)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    fail "never came true: $*"
}

# no_cgroup_left: none of ours; those that were there before or have a runner are not.
cgroups() { find /sys/fs/cgroup -type d -name 'build-mem-*'; }
cgroups_before=$(cgroups)
no_cgroup_left() {
    local directory pid
    while read -r directory; do
        pid=${directory##*/build-mem-} pid=${pid%%-*}
        # Another lane's run may have ended since they were listed.
        [[ -z $pid || -d /proc/$pid || $cgroups_before == *"$directory"* || ! -d $directory ]] ||
            fail "a cgroup is left: $directory"
    done <<<"$(cgroups)" # a User-Mode-Linux has no /dev/fd
}

# in_rig OPTION...: the test goes on in a User-Mode-Linux (see tests/rig/uml), whose cgroups are v2.
in_rig() {
    if [[ -z ${IN_RIG:-} ]]; then
        local status=0
        (cd "$builddir" && "$srcdir/tests/rig/uml" --timeout 1800 "$@" \
            --env IN_RIG=1 --env BUILDDIR="$builddir" --share "$work" -- "$(realpath "$0")") || status=$?
        ((status == 77)) && skip "no User-Mode-Linux can be run here"
        exit $status
    fi
    [[ -e /sys/fs/cgroup/cgroup.controllers ]] || fail "this is not cgroup v2"
    uname -r
    # Nothing has been read yet: the first run is charged for the probe's own file.
    export cold=true
}

# with_docker: the test goes on with a private Docker Engine (see tests/rig/docker), from its top
# and with $IN_RIG set.
with_docker() {
    [[ -z ${IN_RIG:-} ]] || return 0
    local status=0
    IN_RIG=1 "$srcdir/tests/rig/docker" run "$(realpath "$0")" || status=$?
    ((status == 77)) && skip "no Docker Engine can be run here"
    exit $status
}

# on_engine ENGINE [CHECK...]: what every engine has to do; all of it, or the named checks.
on_engine() (
    rm -rf "$work/repo"
    . "$srcdir/tests/e2e/engine.sh"
)

in_uml() { grep -q 'User Mode Linux' /proc/cpuinfo; }

# Installs the npm packages of tests/e2e/consumers, real readers of build-mem's files, in $consumers,
# and puts their Node first in $PATH.
install_consumers() {
    local node
    node=$("$srcdir/tests/rig/fetch-node") || skip "no Node can be fetched here"
    export PATH=$node:$PATH
    consumers=${BUILD_MEM_CACHE:-$srcdir/.cache}/consumers
    mkdir -p "$consumers"
    (
        flock 9
        cp "$srcdir"/tests/e2e/consumers/{package.json,package-lock.json,.npmrc,*.mjs,*.xsd} "$consumers/"
        if ! cmp -s "$consumers/package-lock.json" "$consumers/installed"; then
            npm --prefix "$consumers" ci --ignore-scripts --no-audit --no-fund >/dev/null
            cp "$consumers/package-lock.json" "$consumers/installed"
        fi
    ) 9>"$consumers.lock"
}
