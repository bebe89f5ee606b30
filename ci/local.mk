EXTRA_DIST += \
	%D%/gate %D%/lint %D%/layering %D%/quickstart %D%/self.json %D%/setup %D%/test
