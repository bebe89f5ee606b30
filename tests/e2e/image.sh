# Sourced by the tests of image builds. They measure a build of two RUN steps with known amounts of memory.
# shellcheck shell=bash

# image_files: makes $repo, whose Dockerfile holds memory.
image_files() {
    repo=$work/image
    rm -rf "$repo"
    mkdir "$repo"
    cp "$hold" "$repo/hold"
    echo /.build-mem >"$repo/.dockerignore"
    echo '{"clear": [], "artifacts": []}' >"$repo/build-mem.json"
}
# image_repo ENGINE: makes $repo, and imports the base image into the engine.
image_repo() {
    image_files
    "$srcdir/tests/rig/tiny-image" "$1"
    # The first read of the image after the import is charged to its container. It must not be a step.
    "$1" run --rm --network none build-mem-tiny:1 true
}
# artifacts PATH...: the artifacts in build-mem.json.
artifacts() { jq -n '{clear: [], artifacts: $ARGS.positional | map({path: .})}' --args "$@" >"$repo/build-mem.json"; }
# dockerfile LINE...: writes the Dockerfile.
dockerfile() { printf '%s\n' 'FROM build-mem-tiny:1' 'COPY hold /hold' "$@" >"$repo/Dockerfile"; }
measure_as=() # a command that runs it as another user
measure() { "${measure_as[@]}" env --default-signal "$build_mem" run --repo "$repo" "$@"; }
result() { echo "$repo/.build-mem/result-$1.json"; }

# The two steps, and their memory in MiB. A User-Mode-Linux fills memory slowly, so there they are smaller.
small_mib=60 large_mib=150
((${in_uml:-0})) && small_mib=20 large_mib=50
small="[3/4] RUN /hold anon=$small_mib sleep=1000" large="[4/4] RUN /hold anon=$large_mib sleep=1000"
# two_steps [MS]: writes a Dockerfile of them. They hold their memory for that long (default: 1000).
two_steps() { dockerfile "RUN /hold anon=$small_mib sleep=${1:-1000}" "RUN /hold anon=$large_mib sleep=${1:-1000}"; }

# step_peak FILE NAME: prints the peak of the cgroup of a step.
step_peak() { jq --arg name "$2" '.stages[] | select(.name == $name) | .cgroup_peak_bytes' "$1"; }

# known_steps LABEL COMMAND...: measures the two steps, each with its name, its own peak and its processes.
known_steps() {
    local file
    file=$(result "$1")
    two_steps
    expect 0 measure --label "$1" -- "${@:2}"
    within "$large_mib" "$(jq .peak.cgroup_bytes "$file")" $((large_mib + 3)) "the memory peak"
    within "$small_mib" "$(step_peak "$file" "$small")" $((small_mib + 3)) "the peak of the first step"
    within "$large_mib" "$(step_peak "$file" "$large")" $((large_mib + 3)) "the peak of the second step"
    within $((large_mib - 3)) "$(jq --arg name "$large" '[.stages[] | select(.name == $name) | .processes_at_peak[] |
        select(.name == "hold") | .pss_bytes] | add' "$file")" $((large_mib + 3)) "the process of the second step"
    holds "$file" '.verdict == "pass" and .environment.engine == "image" and .environment.engine_version != null
        and .cgroup.seen_by == "runner" and .outside_daemons == [] and .build.cpu_ms > 0 and .peak.shared == false
        and ([.stages[] | select(.name != "setup")] | length == 2)'
}
