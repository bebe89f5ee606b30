# history.sh: results of 30 commits, for the tests of `build-mem trend`. Sourced after lib.sh.
# shellcheck shell=bash

repo=$work/history
results=$work/results
in_git() { git -C "$repo" -c user.name=A -c user.email=a@b "$@"; }

# make_history: commits 30 times, and writes a result of each. The memory peak has three change points: 6 % at the
# 9th commit, -9 % at the 16th, 8 % at the 24th. The unreclaimable peak and the stage next-build follow. The
# clock runs backwards, so only git has the order. Sets the array `commits`.
make_history() {
    local i peak unreclaimable stage duration
    mkdir -p "$repo" "$results"
    in_git init -q -b main
    awk 'function noise(size) { return size * 2 * (rand() + rand() + rand() - 1.5) }
        BEGIN { srand(5)
        for (i = 0; i < 30; i++) {
            plateau = i < 8 ? 800 : i < 15 ? 848 : i < 23 ? 776 : 838
            peak[i] = plateau + noise(8)
        }
        for (i = 0; i < 30; i++) {
            plateau = i < 8 ? 800 : i < 15 ? 848 : i < 23 ? 776 : 838
            printf "%d %d %d %d %d\n", i, peak[i] * 1048576, (plateau - 60 + noise(7)) * 1048576,
                (plateau - 110 + noise(12)) * 1048576, 20300 + noise(400)
        } }' >"$work/values"
    while read -r i peak unreclaimable stage duration; do
        in_git commit -q --allow-empty -m "$i"
        jq --arg commit "$(in_git rev-parse HEAD)" --argjson peak "$peak" --argjson unreclaimable "$unreclaimable" \
            --argjson stage "$stage" --argjson duration "$duration" --arg at "2026-11-28T12:00:$((59 - i)).000Z" \
            '.commit = $commit | .peak.cgroup_bytes = $peak | .started_at = $at | .build.duration_ms = $duration |
            .unreclaimable_peak.bytes = $unreclaimable |
            (.stages[] | select(.name == "next-build") | .pss_peak_bytes) = $stage' \
            "$srcdir/tests/fixtures/result/good-full.json" >"$results/result-$i.json"
    done <"$work/values"
    mapfile -t commits < <(in_git rev-list --reverse HEAD)
}
