# Sourced by uml-root and clean-root: Debian roots, made once and kept in
# ${BUILD_MEM_CACHE:-.cache} until the script that asks for one, or this one,
# changes.
#
# Exits 77, with the reason, where such a root can't be made.
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

# The mirror that this machine itself uses: it's the one that can be reached.
mirror() {
    # shellcheck disable=SC2016 # they are apt's variables
    apt-get indextargets --format '$(LABEL) $(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $2 !~ /-/ && !found { print $3; found = 1 }'
}

# make_root DIR SUITE OPTION...: of mmdebstrap.
make_root() {
    local dir=$1 suite=$2 uri proxy=''

    uri=$(mirror)
    [[ -n $uri ]] || skip 'apt knows no Debian mirror here'
    # mmdebstrap reads no apt.conf.
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    mmdebstrap --quiet --variant=minbase --components=main --keyring="$keyring" \
        ${proxy:+--aptopt="Acquire::http::Proxy \"$proxy\""} \
        "${@:3}" "$suite" "$dir" "$uri" >&2
}

# kept_root SUITE OPTION...: makes the root where it is not there yet; prints
# its path.
kept_root() {
    local root

    mkdir -p "$cache"
    cache=$(cd "$cache" && pwd -P)
    root=$cache/$name-$1-$(cat "$0" "$rig/root.sh" | cksum | cut -d ' ' -f 1)

    # Two at once would make it twice.
    exec 9>"$cache/$name.lock"
    flock 9
    if [[ ! -d $root ]]; then
        ((EUID == 0)) || skip 'needs root'
        type -P mmdebstrap >/dev/null || skip 'mmdebstrap is not installed'
        [[ -e $keyring ]] || skip 'no Debian keys (package debian-archive-keyring)'
        # What is left of an earlier version or of a broken attempt.
        rm -rf --one-file-system "$cache/$name-$1"-*
        make_root "$root.new" "$@"
        mv "$root.new" "$root"
    fi
    echo "$root"
}
