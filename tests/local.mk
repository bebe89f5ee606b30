# Unit tests: a program per module, with Check. They read fixtures below TESTS_DIR.
unit_tests = \
	%D%/unit/test_base_file \
	%D%/unit/test_base_json \
	%D%/unit/test_base_text \
	%D%/unit/test_base_units \
	%D%/unit/test_baseline_command \
	%D%/unit/test_config \
	%D%/unit/test_engine \
	%D%/unit/test_fit \
	%D%/unit/test_fold \
	%D%/unit/test_gate_accept \
	%D%/unit/test_gate_baseline \
	%D%/unit/test_gate_doubt \
	%D%/unit/test_gate_judge \
	%D%/unit/test_gate_judgement \
	%D%/unit/test_gate_policy \
	%D%/unit/test_kernel \
	%D%/unit/test_levels \
	%D%/unit/test_measurement \
	%D%/unit/test_probe \
	%D%/unit/test_report_compare \
	%D%/unit/test_report_exports \
	%D%/unit/test_report_github \
	%D%/unit/test_report_holders \
	%D%/unit/test_report_html \
	%D%/unit/test_report_junit \
	%D%/unit/test_report_summary \
	%D%/unit/test_report_timeline \
	%D%/unit/test_result \
	%D%/unit/test_sampler \
	%D%/unit/test_stages \
	%D%/unit/test_starter \
	%D%/unit/test_terminal \
	%D%/unit/test_trials \
	%D%/unit/test_wire \
	%D%/unit/test_workspace
# Under valgrind they would take too long, and die on purpose.
rough_tests = %D%/unit/test_faults %D%/unit/test_oom_watch %D%/unit/test_scale
check_PROGRAMS += $(unit_tests) $(rough_tests)
TESTS += $(unit_tests) $(rough_tests)
AM_TESTS_ENVIRONMENT = TESTS_DIR=$(abs_top_srcdir)/tests; export TESTS_DIR;

# What several of them need: sample measurements and judgements.
check_LIBRARIES = libsample.a
libsample_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/%D%/unit
libsample_a_CFLAGS = $(UNIT_CFLAGS)
libsample_a_SOURCES = \
	%D%/unit/gate_sample.c %D%/unit/gate_sample.h \
	%D%/unit/sample.c %D%/unit/sample.h \
	%D%/unit/suite.c %D%/unit/suite.h

LDADD = libsample.a libbuildmem.a libprobe_host.a $(CHECK_LIBS) $(XML_LIBS) $(CJSON_LIBS) -lm
UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/%D%/unit
UNIT_CFLAGS = $(AM_CFLAGS) $(HOST_CFLAGS) $(CHECK_CFLAGS) $(XML_CFLAGS) $(CJSON_CFLAGS)
tests_unit_test_base_file_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_file_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_base_json_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_json_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_base_text_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_text_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_base_units_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_units_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_baseline_command_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_baseline_command_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_config_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_config_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_engine_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_engine_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_oom_watch_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_oom_watch_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_fit_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_fit_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_faults_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_faults_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_faults_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=write,--wrap=fsync,--wrap=fchmod,--wrap=close,--wrap=rename,--wrap=fflush \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray \
	-Wl,--wrap=strdup,--wrap=strndup,--wrap=vasprintf,--wrap=open_memstream \
	-Wl,--wrap=read,--wrap=fstat,--wrap=mkostemp
tests_unit_test_fold_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_fold_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_gate_accept_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_gate_accept_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_gate_baseline_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_gate_baseline_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_gate_doubt_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_gate_doubt_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_gate_judge_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_gate_judge_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_gate_judgement_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_gate_judgement_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_gate_policy_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_gate_policy_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_kernel_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_kernel_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_measurement_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_measurement_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_levels_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_levels_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_probe_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_probe_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_report_compare_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_report_compare_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_report_exports_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_report_exports_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_report_github_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_report_github_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_report_holders_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_report_holders_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_report_html_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_report_html_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_report_junit_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_report_junit_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_report_summary_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_report_summary_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_report_timeline_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_report_timeline_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_result_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_result_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_sampler_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_sampler_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_scale_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_scale_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_stages_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_stages_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_starter_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_starter_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_terminal_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_terminal_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_trials_SOURCES = \
	%D%/unit/test_trials.c \
	%D%/bench/trials.c %D%/bench/trials.h
tests_unit_test_trials_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_trials_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_wire_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_wire_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_workspace_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_workspace_CFLAGS = $(UNIT_CFLAGS)

# As memory checkers see them; Check does not fork, so that there is one process to look at.
valgrind_runs = $(unit_tests:=.valgrind)
.PHONY: check-valgrind $(valgrind_runs)
check-valgrind: $(valgrind_runs)
$(valgrind_runs): $(unit_tests)
	TESTS_DIR=$(abs_top_srcdir)/tests CK_FORK=no CK_DEFAULT_TIMEOUT=120 \
	  valgrind --quiet --error-exitcode=1 --leak-check=full ./$(@:.valgrind=)

# Builds for any container: one holds known amounts of memory, one turns against the probe.
check_PROGRAMS += %D%/helpers/hold %D%/helpers/attack
tests_helpers_hold_LDADD =
tests_helpers_hold_LDFLAGS = -static
tests_helpers_attack_LDADD =
tests_helpers_attack_LDFLAGS = -static

# End-to-end tests on real engines, kernels and builds: make check-e2e; `make check` is without.
e2e_tests = \
	%D%/e2e/cli \
	%D%/e2e/exports \
	%D%/e2e/faults \
	%D%/e2e/fit \
	%D%/e2e/gate \
	%D%/e2e/hostile \
	%D%/e2e/macro \
	%D%/e2e/package \
	%D%/e2e/terminal \
	%D%/e2e/v1-host \
	%D%/e2e/v1-docker \
	%D%/e2e/v1-inplace \
	%D%/e2e/workload-docker \
	%D%/e2e/workloads
# These have a machine of their own, or leave nothing that others look for, and run beside them.
e2e_rig_tests = \
	%D%/e2e/v2-linux-6.12 %D%/e2e/docs %D%/e2e/formats %D%/e2e/ci-files -- \
	%D%/e2e/v2-linux-6.1 %D%/e2e/v2-faults %D%/e2e/page
.PHONY: check-e2e
check-e2e: all $(check_PROGRAMS)
	BUILDDIR=$(abs_builddir) $(srcdir)/%D%/e2e/run-all $(e2e_tests) -- $(e2e_rig_tests)

# The tarball holds the tests as git does.
dist-hook:
	if test -e $(srcdir)/.git; then \
	  (cd $(srcdir) && git ls-files -z tests baselines | tar -c --null -T -) | tar -x -C $(distdir); \
	else \
	  (cd $(srcdir) && tar -c --exclude=node_modules --exclude=.build-mem tests baselines) | tar -x -C $(distdir); \
	fi
