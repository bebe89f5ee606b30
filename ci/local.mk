EXTRA_DIST += \
	%D%/coverage %D%/lint %D%/layering %D%/quickstart %D%/setup %D%/tarball %D%/test
