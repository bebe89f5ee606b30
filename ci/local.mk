EXTRA_DIST += \
	%D%/check-workload %D%/coverage %D%/gate %D%/layering %D%/lint %D%/package %D%/quickstart \
	%D%/release %D%/self.json %D%/setup %D%/static-libraries %D%/tarball %D%/test %D%/words.txt \
	%D%/github-action/action.yml %D%/github-action/image.yml %D%/github-action/release.yml \
	%D%/github-action/workflow.yml %D%/gitlab/build-mem.yml %D%/gitlab/image.yml \
	%D%/jenkins/Jenkinsfile %D%/kubernetes/indexed-job.yaml %D%/kubernetes/job.yaml \
	%D%/debian/build-mem.lintian-overrides %D%/debian/changelog %D%/debian/control %D%/debian/copyright \
	%D%/debian/docs %D%/debian/rules %D%/debian/source/format
# ci/release packs these.
EXTRA_DIST += \
	npm/build-mem/README.md npm/build-mem/bin/build-mem.js npm/build-mem/index.d.ts \
	npm/build-mem/package.json npm/platform/README.md npm/platform/package.json
