EXTRA_DIST += \
	%D%/coverage %D%/gate %D%/lint %D%/layering %D%/quickstart %D%/self.json %D%/package %D%/setup %D%/tarball %D%/test \
	%D%/github-action/action.yml %D%/github-action/workflow.yml %D%/gitlab/build-mem.yml \
	%D%/jenkins/Jenkinsfile %D%/kubernetes/indexed-job.yaml %D%/kubernetes/job.yaml \
	%D%/debian/build-mem.lintian-overrides %D%/debian/control %D%/debian/copyright \
	%D%/debian/docs %D%/debian/rules %D%/debian/source/format
