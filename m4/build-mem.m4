# BUILD_MEM_GATE
# --------------
# Gives an autotools project the targets `check-build-mem` (measure the build, judge it against the
# baseline) and `refresh-build-mem` (accept the last check's result as the new baseline).
#
#   configure.ac:  BUILD_MEM_GATE
#   Makefile.am:   @BUILD_MEM_RULES@
#
# What is built, and how, stands in the repo's build-mem.json. These variables of the Makefile.am
# may be set before the rules:
#   BUILD_MEM_REPO           the repo to build; $(abs_top_srcdir)
#   BUILD_MEM_OUT            where the runs' files go; $(BUILD_MEM_REPO)/.build-mem
#   BUILD_MEM_FLAGS          flags for both targets, such as --engine=host or --baseline=FILE
#   BUILD_MEM_CHECK_FLAGS    more for check, such as --strict
#   BUILD_MEM_REFRESH_FLAGS  more for refresh, such as --allow-increase --reason=TEXT
# BUILD_MEM names the program; configure finds it in PATH.
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
