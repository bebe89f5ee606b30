# BUILD_MEM_GATE
# --------------
# Adds two targets to an autotools project: `check-build-mem` measures the build and judges it against
# the baseline; `refresh-build-mem` accepts the result of the last check as the new baseline.
#
#   configure.ac:  BUILD_MEM_GATE
#   Makefile.am:   @BUILD_MEM_RULES@
#
# build-mem.json in the repository describes the build. Makefile.am can set these variables before
# the rules:
#   BUILD_MEM_REPO           the repository to build (default: $(abs_top_srcdir))
#   BUILD_MEM_OUT            the directory of the output files (default: $(BUILD_MEM_REPO)/.build-mem)
#   BUILD_MEM_FLAGS          flags for both targets, such as --engine=host or --baseline=FILE
#   BUILD_MEM_CHECK_FLAGS    more flags for check, such as --strict
#   BUILD_MEM_REFRESH_FLAGS  more flags for refresh, such as --allow-increase --reason=TEXT
# BUILD_MEM is the path of the program; configure searches for it in PATH.
AC_DEFUN([BUILD_MEM_GATE], [
  AC_ARG_VAR([BUILD_MEM], [the build-mem program])
  AS_IF([test -z "$BUILD_MEM"], [AC_PATH_PROG([BUILD_MEM], [build-mem], [build-mem])])
  BUILD_MEM_RULES='
BUILD_MEM_REPO ?= $(abs_top_srcdir)
BUILD_MEM_OUT ?= $(BUILD_MEM_REPO)/.build-mem

.PHONY: check-build-mem refresh-build-mem
check-build-mem:
	$(BUILD_MEM) check --repo="$(BUILD_MEM_REPO)" --out="$(BUILD_MEM_OUT)" $(BUILD_MEM_FLAGS) $(BUILD_MEM_CHECK_FLAGS)
refresh-build-mem:
	$(BUILD_MEM) baseline refresh --repo="$(BUILD_MEM_REPO)" --out="$(BUILD_MEM_OUT)" $(BUILD_MEM_FLAGS) $(BUILD_MEM_REFRESH_FLAGS) "$(BUILD_MEM_OUT)/result-check.json"
'
  AC_SUBST([BUILD_MEM_RULES])
  m4_ifdef([_AM_SUBST_NOTMAKE], [_AM_SUBST_NOTMAKE([BUILD_MEM_RULES])])
])
