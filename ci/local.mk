EXTRA_DIST += \
	%D%/lint %D%/layering %D%/quickstart %D%/setup %D%/test
