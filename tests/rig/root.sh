# Sourced by guest-root and clean-root. Creates Debian roots and keeps them in
# ${BUILD_MEM_CACHE:-.cache}. A root is created again if this script or the
# calling script changes.
#
# Prints the reason and exits 77 if it cannot create the root.
# shellcheck shell=bash
set -euo pipefail

name=$(basename "$0")
rig=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
cache=${BUILD_MEM_CACHE:-$rig/../../.cache}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

skip() {
    printf 'rig/%s: %s\n' "$name" "$*" >&2
    exit 77
}

# Prints the mirror that apt uses on this machine, because it can be reached.
mirror() {
    # shellcheck disable=SC2016 # expanded by apt
    apt-get indextargets --format '$(LABEL) $(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $2 !~ /-/ && !found { print $3; found = 1 }'
}

# make_root DIR SUITE OPTION...: runs mmdebstrap with these options.
make_root() {
    local dir=$1 suite=$2 uri proxy=''

    uri=$(mirror)
    [[ -n $uri ]] || skip 'apt has no Debian mirror here'
    # mmdebstrap does not read apt.conf.
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    mmdebstrap --quiet --variant=minbase --components=main --keyring="$keyring" \
        ${proxy:+--aptopt="Acquire::http::Proxy \"$proxy\""} \
        "${@:3}" "$suite" "$dir" "$uri" >&2
}

# kept_root SUITE OPTION...: creates the root if it does not exist, and prints
# its path.
kept_root() {
    local root

    mkdir -p "$cache"
    cache=$(cd "$cache" && pwd -P)
    root=$cache/$name-$1-$(cat "$0" "$rig/root.sh" | cksum | cut -d ' ' -f 1)

    # Two callers must not create the root at the same time.
    exec 9>"$cache/$name.lock"
    flock 9
    if [[ ! -d $root ]]; then
        ((EUID == 0)) || skip 'needs root'
        type -P mmdebstrap >/dev/null || skip 'mmdebstrap is not installed'
        [[ -e $keyring ]] || skip 'no Debian keys (package debian-archive-keyring)'
        # Remove the roots of earlier versions and of failed attempts.
        rm -rf --one-file-system "$cache/$name-$1"-*
        # Explicit, because `set -e` does not apply in a command substitution.
        make_root "$root.new" "$@" || {
            rm -rf --one-file-system "$root.new"
            echo "rig/$name: mmdebstrap failed" >&2
            exit 1
        }
        mv "$root.new" "$root"
    fi
    echo "$root"
}
