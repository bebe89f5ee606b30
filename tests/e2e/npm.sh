# Scenarios of the npm packages, sourced by tests/e2e/release. They install the packed files, as a user of npm
# and one of pnpm would install the packages from a registry.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2164 # $work and others, and `set -e`, are of lib.sh

tgz() { echo "$work/release/$title-npm${1:+-linux-$1}.tgz"; }

# npm_project NAME [PACKAGE...]: creates a project in $work/NAME, and enters it. It depends on the packages
# (NAME@VERSION), and on build-mem of the release. A registry does not have the programs, so files override them.
npm_project() {
    install_packages npm-tools
    mkdir "$work/$1"
    cd "$work/$1"
    jq -n --arg file "file:$(tgz)" --arg x64 "file:$(tgz x64)" --arg arm64 "file:$(tgz arm64)" '{
        private: true, scripts: {build: "next build"}, devDependencies: {"build-mem": $file},
        overrides: {"@build-mem/linux-x64": $x64, "@build-mem/linux-arm64": $arm64},
        dependencies: ([$ARGS.positional[] | split("@") | {(.[0]): .[1]}] | add // {})}' \
        --args "${@:2}" >package.json
}

# plain_project: enters a project that has only build-mem. The first call creates it.
plain_project() {
    if [[ -d $work/plain ]]; then
        install_packages npm-tools
        cd "$work/plain"
    else
        npm_project plain
        expect 0 npm install --no-audit --no-fund
    fi
}

# A compiler finds the declarations in the package and reads them. The test formats compares them with the schema.
npm_types() {
    plain_project
    cat >reads.ts <<'TS'
import type { Result, Verdict } from "build-mem";
export const verdict = (result: Result): Verdict => result.verdict;
export const peak = (result: Result): number | null => result.peak.cgroup_bytes;
// @ts-expect-error: the result has no such key
export const typo = (result: Result) => result.peek;
TS
    expect 0 "$packages/node_modules/.bin/tsc" --noEmit --strict --skipLibCheck --module nodenext reads.ts
    ok "TypeScript finds the types in the package"
}

# ends_by_signal PROGRAM: starts a build with the launcher, which then is a process of the program, and ends it.
ends_by_signal() {
    local pid status=0
    rm -f started
    node_modules/.bin/build-mem run --engine host --build-cmd "touch started; $hold anon=20 sleep=60000" >"$work/log" 2>&1 &
    pid=$!
    eventually test -e started
    [[ $(readlink "/proc/$pid/exe") == "$(realpath "$1")" ]] || fail "the launcher is a process of $(readlink "/proc/$pid/exe")"
    kill -TERM $pid
    wait $pid || status=$?
    ((status == 143)) || fail "SIGTERM ends the launcher with $status: $(<"$work/log")"
    no_cgroup_left
}

npm_launcher() {
    plain_project
    local package
    for package in build-mem @build-mem/linux-x64; do
        holds "node_modules/$package/package.json" 'has("scripts") | not'
    done
    expect 0 npm publish --dry-run --access public "$(tgz)"
    expect 0 npm publish --dry-run --access public "$(tgz x64)"
    local launcher=node_modules/.bin/build-mem option
    echo '{"build": "exit 1", "clear": [], "artifacts": [], "stages": []}' >build-mem.json
    echo 'delete process.execve;' >old-node.cjs
    for option in "" "--require=$PWD/old-node.cjs"; do
        export NODE_OPTIONS=$option
        expect 0 $launcher --version
        [[ $(<"$work/out") == "$("$build_mem" --version)" ]] || fail "npm installs another version: $(<"$work/out")"
        expect 2 $launcher --no-such-flag
        expect 3 $launcher run --engine host
    done
    ends_by_signal "$(command -v node)"
    NODE_OPTIONS=
    ends_by_signal node_modules/@build-mem/linux-x64/bin/build-mem
    ok "no install script; the launcher ends as the program does, and Node remains beside the build only if too old"
}

npm_unsupported() {
    npm_project omitted
    expect 0 npm install --no-audit --no-fund --omit=optional
    expect 4 node_modules/.bin/build-mem --version
    mentions "$work/err" @build-mem/linux-x64
    mentions "$work/err" --omit=optional
    echo 'Object.defineProperty(process, "platform", { value: "darwin" });' >mac.cjs
    expect 4 env NODE_OPTIONS="--require=$PWD/mac.cjs" node_modules/.bin/build-mem --version
    mentions "$work/err" darwin-x64
    ok "without the programs, and on another system, the launcher exits 4 and prints the reason"
}

# next_project NAME: creates a project with the smallest page of Next.js.
next_project() {
    local versions=$srcdir/tests/workloads/next-monorepo/server/package.json
    mapfile -t needed < <(jq -r '.dependencies | "next@\(.next)", "react@\(.react)", "react-dom@\(.["react-dom"])"' "$versions")
    npm_project "$1" "${needed[@]}"
    mkdir pages
    echo 'export default function Page() { return "hello"; }' >pages/index.js
}

# steady_refresh COMMAND: repeats a refresh while other work disturbs its runs so much that they scatter.
steady_refresh() {
    local status try
    for try in 1 2 3 4; do
        status=0
        bash -ec "${1/refresh/refresh --runs 1}" </dev/null >"$work/out" 2>"$work/err" || status=$?
        { ((status == 2)) && grep -q 'too noisy' "$work/out"; } || break
        echo "  attempt $try: the runs scatter"
    done
    if ((status)); then
        tail -n 30 "$work/out" "$work/err" >&2
        fail "exit $status: $1"
    fi
    expect 0 sed -i 's/"percent": [0-9.]*/"percent": 100/' baselines/build-mem.json
}

# three_steps RUNNER: runs the commands of the package's README with npx or what replaces it. The baseline has one
# run, and any peak below twice that passes: the memory of a build depends on the load of the machine.
three_steps() {
    local step steps
    # The build runs in a login shell, which finds Node as that of a user does.
    mkdir home
    printf '%s\n' "PATH=$PATH" "${profile:-}" >home/.profile
    export HOME=$PWD/home
    mapfile -t steps < <(sed -n '/^npx build-mem/s/ *#.*//p' node_modules/build-mem/README.md)
    ((${#steps[@]} == 3)) || fail "the README has not three steps: ${steps[*]}"
    for step in "${steps[@]}"; do
        if [[ $step == *refresh* ]]; then
            steady_refresh "${step/#npx/$1}"
        else
            expect 0 bash -ec "${step/#npx/$1}" </dev/null
        fi
    done
    # shellcheck disable=SC2016 # a key
    holds build-mem.json '.["$schema"] == "./node_modules/build-mem/config.schema.json" and (.clear | index(".next"))'
    [[ -e node_modules/build-mem/config.schema.json ]] || fail "the schema is not in the package"
    holds .build-mem/result-check.json '.verdict == "pass" and .peak.cgroup_bytes > 100 * 1048576'
    no_cgroup_left
}

next_with_npm() {
    next_project npm
    expect 0 npm install --no-audit --no-fund --prefer-offline
    [[ $(ls node_modules/@build-mem) == linux-x64 ]] || fail "npm installs $(ls node_modules/@build-mem)"
    three_steps npx
    ok "npm installs the packages into a Next.js project, and the steps of their README work"
}

# with_corepack MANAGER@VERSION: lets package.json name its package manager, which Corepack downloads. Its shims of
# pnpm and yarn are in $PATH, as after `corepack enable`.
with_corepack() {
    jq --arg manager "$1" '.packageManager = $manager' package.json >package.json.new
    mv package.json.new package.json
    registry=$(npm config get registry)
    export COREPACK_NPM_REGISTRY=${registry%/} COREPACK_HOME=$PWD/corepack PATH=$packages/node_modules/.bin:$PATH
    profile="export COREPACK_NPM_REGISTRY=$COREPACK_NPM_REGISTRY COREPACK_HOME=$COREPACK_HOME"
}

next_with_pnpm() {
    local registry profile
    next_project pnpm
    jq '{overrides}' package.json >pnpm-workspace.yaml
    # The hash, as `corepack use` writes it: a mirror may not have the signatures of its packages.
    with_corepack pnpm@10.34.9+sha512.f49b5a8ea0fdedb44bb3c0c1d6575092a53c2950d95b7ad15df11f17974877a2\
de3a01c07e934e9b28ce716e51c09a94962c7306d09be2e1e4b18a8c8762fd32
    expect 0 pnpm install --prefer-offline
    three_steps "pnpm exec"
    [[ $(jq -r .build build-mem.json) == 'corepack pnpm run build' ]] || fail "init writes another command than Corepack's"
    ok "pnpm installs the packages into a Next.js project, and the steps of their README work"
}

# Without Corepack, a project of Yarn 4 runs with no Yarn 1.
next_with_yarn() {
    local registry profile
    next_project yarn
    jq '.resolutions = .overrides | del(.overrides)' package.json >package.json.new
    mv package.json.new package.json
    touch yarn.lock # else, Yarn takes the project for a part of the one above it
    with_corepack yarn@4.9.2
    printf '%s\n' 'nodeLinker: node-modules' 'enableTelemetry: false' "npmRegistryServer: $registry" >.yarnrc.yml
    expect 0 yarn install --no-immutable
    three_steps yarn
    [[ $(jq -r .build build-mem.json) == 'corepack yarn run build' ]] || fail "init writes another command than Corepack's"
    ok "Yarn installs the packages into a Next.js project, and the steps of their README work"
}
