# Scenarios of the GitLab template, sourced by tests/e2e/release. gitlab-ci-local runs its job, which downloads
# the release from a server of this machine.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2164 # $work and others, and `set -e`, are of lib.sh

# serve_release: serves the tarball at the path that the template expects. Sets $forge to the URL of the server.
serve_release() {
    local files=$work/forge/OWNER/build-mem/releases/download/v$version
    mkdir -p "$files"
    cp "$work/release/$title-$arch.tar.gz" "$files"
    python3 -u -m http.server --bind 127.0.0.1 --directory "$work/forge" 0 >"$work/forge.log" 2>&1 &
    eventually grep -q '^Serving' "$work/forge.log"
    forge=$(grep -oE 'http://[0-9.]+:[0-9]+' "$work/forge.log")
}

commit() {
    git add --all
    git -c user.name=test -c user.email=test@localhost commit -qm "$1"
}

# gitlab_project NAME: creates a project that includes the template, and enters it. The peak is exact, because its
# build holds more memory than npm, which runs before it.
gitlab_project() {
    install_consumers
    serve_release
    git init -q --initial-branch main "$work/$1"
    cd "$work/$1"
    git remote add origin https://gitlab.example/owner/app.git
    printf '%s\n' /.build-mem/ /.gitlab-ci-local/ /metrics.txt >.gitignore
    sed "s|https://github.com/|$forge/|" "$srcdir/ci/gitlab/build-mem.yml" >build-mem.yml
    cat >.gitlab-ci.yml <<YAML
include:
  - local: build-mem.yml
build-mem:
  variables:
    BUILD_MEM_VERSION: $version
    BUILD_MEM_SHA256: $(sha256sum "$work/release/$title-$arch.tar.gz" | cut -d' ' -f1)
baseline:
  extends: build-mem
  script: build-mem baseline refresh --engine inplace --runs 1
  after_script: []
  artifacts:
    paths: [baselines]
YAML
    echo '{"private": true}' >package.json
    echo '{"lockfileVersion": 3, "packages": {"": {}}}' >package-lock.json
    cp "$hold" hold
    echo '{"clear": [], "artifacts": [], "build": "./hold anon=200 sleep=300", "stages": []}' >build-mem.json
    commit start
}

# gitlab_job STATUS NAME COMMAND...: runs the job with gitlab-ci-local, which the command starts. Fails if its
# scripts end with another status.
gitlab_job() {
    expect $(($1 != 0)) "${@:3}" --no-color "$2"
    (($1 == 0)) || grep -q " FAIL $1 " "$work/out" "$work/err" || fail "the job $2 did not exit $1: $(<"$work/out")"
    ! grep -qE 'WARN .* after_script' "$work/out" "$work/err" || fail "the script after the job $2 failed: $(<"$work/out")"
}

# three_jobs COMMAND...: records a baseline, checks a merge request against it, and one in which the build has grown.
three_jobs() {
    local files=.gitlab-ci-local/artifacts/build-mem/.build-mem
    local merge_request=(--variable CI_PIPELINE_SOURCE=merge_request_event
        --variable CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main --unset-variable CI_COMMIT_BRANCH)
    gitlab_job 0 baseline "$@"
    # How much page cache is in the peak depends on what ran before.
    sed -i 's/"percent": [0-9.]*/"percent": 100/' .gitlab-ci-local/artifacts/baseline/baselines/build-mem.json
    cp -r .gitlab-ci-local/artifacts/baseline/baselines .
    commit baseline
    git update-ref refs/remotes/origin/main HEAD
    gitlab_job 0 build-mem "$@" "${merge_request[@]}"
    holds "$files/result-check.json" '.verdict == "pass" and .environment.engine == "inplace"
        and .peak.cgroup_bytes > 200 * 1048576 and (.peak.estimated | not)'
    junit_has "$files/junit-check.xml" '/testsuites/testsuite/testcase and not(//failure)'
    sed -i 's/anon=200/anon=1000/' build-mem.json
    commit grown
    gitlab_job 1 build-mem "$@" "${merge_request[@]}"
    holds "$files/result-check.json" '.verdict == "regressed"'
    junit_has "$files/junit-check.xml" '//testcase/failure'
    mentions "$files/report-check.html" Regressed
}

# as_service COMMAND...: runs it in a cgroup of its own, as the service of a runner. The job installs the release in
# a /usr/local that nobody else sees.
as_service() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --mount bash -ec 'echo $$ >"$0/cgroup.procs"; mount -t tmpfs tmpfs /usr/local; exec "$@"' "$service" "$@"
}

gitlab_shell() {
    local service=/sys/fs/cgroup
    [[ -e $service/cgroup.controllers ]] || service+=/memory
    service+=/e2e-gitlab-$$
    gitlab_project gitlab-shell
    mkdir "$service"
    # shellcheck disable=SC2064 # the cgroup of now
    trap "end_jobs; rm -f /tmp/build-mem.tar.gz; rmdir '$service'" EXIT
    three_jobs as_service "$consumers/node_modules/.bin/gitlab-ci-local" --force-shell-executor
    ok "gitlab-ci-local runs the GitLab job in a shell: it passes, fails after growth, and keeps its files"
}

# The image of the job is that of the template. It has the programs of the helper image, too.
gitlab_docker() {
    local rig=("$srcdir/tests/rig/docker" run)
    gitlab_project gitlab-docker
    expect 0 "${rig[@]}" "$srcdir/tests/workloads/image/make-image" docker
    three_jobs "${rig[@]}" "$consumers/node_modules/.bin/gitlab-ci-local" --network host \
        --pull-policy if-not-present --helper-image node:24-bookworm
    ok "gitlab-ci-local runs the GitLab job in a container: it passes, fails after growth, and keeps its files"
}
