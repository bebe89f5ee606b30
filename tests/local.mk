# Unit tests: one Check program per module. They read fixtures below TESTS_DIR.
unit_tests = \
	%D%/unit/test_attestation \
	%D%/unit/test_base_file \
	%D%/unit/test_base_json \
	%D%/unit/test_base_text \
	%D%/unit/test_base_trace \
	%D%/unit/test_base_units \
	%D%/unit/test_baseline_command \
	%D%/unit/test_bisect \
	%D%/unit/test_cause \
	%D%/unit/test_config \
	%D%/unit/test_daemons \
	%D%/unit/test_engine \
	%D%/unit/test_image_client \
	%D%/unit/test_image_command \
	%D%/unit/test_fit \
	%D%/unit/test_advice \
	%D%/unit/test_aggregate \
	%D%/unit/test_baseline_accept \
	%D%/unit/test_baseline \
	%D%/unit/test_gate_rerun \
	%D%/unit/test_gate_judge \
	%D%/unit/test_judgement \
	%D%/unit/test_tolerance \
	%D%/unit/test_kernel \
	%D%/unit/test_gauges \
	%D%/unit/test_guard \
	%D%/unit/test_ledger \
	%D%/unit/test_likeness \
	%D%/unit/test_disturbed \
	%D%/unit/test_measurement \
	%D%/unit/test_no_image \
	%D%/unit/test_noise \
	%D%/unit/test_peak_notes \
	%D%/unit/test_probe \
	%D%/unit/test_relative \
	%D%/unit/test_report_comparison \
	%D%/unit/test_report_exports \
	%D%/unit/test_report_github \
	%D%/unit/test_report_html \
	%D%/unit/test_report_junit \
	%D%/unit/test_report_summary \
	%D%/unit/test_result \
	%D%/unit/test_runtime \
	%D%/unit/test_sampler \
	%D%/unit/test_series \
	%D%/unit/test_smaps \
	%D%/unit/test_stages \
	%D%/unit/test_starter \
	%D%/unit/test_step_log \
	%D%/unit/test_terminal \
	%D%/unit/test_sweep \
	%D%/unit/test_trend \
	%D%/unit/test_trials \
	%D%/unit/test_wire \
	%D%/unit/test_workspace
# check-valgrind does not run these tests: they take too long, or their processes are killed on purpose.
rough_tests = %D%/unit/test_faults %D%/unit/test_oom_watch %D%/unit/test_scale
check_PROGRAMS += $(unit_tests) $(rough_tests)
TESTS += $(unit_tests) $(rough_tests)
# Check ends a test that hangs. Its default of 4 s is too short on a busy machine.
AM_TESTS_ENVIRONMENT = TESTS_DIR=$(abs_top_srcdir)/tests; CK_DEFAULT_TIMEOUT=60; \
	export TESTS_DIR CK_DEFAULT_TIMEOUT;

# Sample measurements and judgements for several tests.
check_LIBRARIES = libsample.a
libsample_a_SOURCES = \
	%D%/unit/gate_sample.c %D%/unit/gate_sample.h \
	%D%/unit/sample.c %D%/unit/sample.h \
	%D%/unit/suite.c %D%/unit/suite.h

LDADD = libsample.a $(runner_libraries) $(CHECK_LIBS)
tests_unit_test_faults_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=write,--wrap=fsync,--wrap=fchmod,--wrap=close,--wrap=rename,--wrap=fflush \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray \
	-Wl,--wrap=strdup,--wrap=strndup,--wrap=vasprintf,--wrap=open_memstream \
	-Wl,--wrap=read,--wrap=fstat,--wrap=mkostemp
tests_unit_test_trials_SOURCES = \
	%D%/unit/test_trials.c \
	%D%/bench/trials.c %D%/bench/trials.h

# Runs the unit tests in valgrind. Check does not fork, so valgrind sees one process. Tests with the tag
# "large" take half a minute each.
valgrind_runs = $(unit_tests:=.valgrind)
.PHONY: check-valgrind $(valgrind_runs)
check-valgrind: $(valgrind_runs)
$(valgrind_runs): $(unit_tests)
	TESTS_DIR=$(abs_top_srcdir)/tests CK_FORK=no CK_DEFAULT_TIMEOUT=120 CK_EXCLUDE_TAGS=large \
	  valgrind --quiet --error-exitcode=1 --leak-check=full ./$(@:.valgrind=)

# Static builds for any container: hold holds known amounts of memory, attack attacks the probe.
check_PROGRAMS += %D%/helpers/hold %D%/helpers/attack
tests_helpers_hold_CFLAGS = $(PROBE_CFLAGS)
tests_helpers_hold_LDADD =
tests_helpers_hold_LDFLAGS = -static
tests_helpers_attack_CFLAGS = $(PROBE_CFLAGS)
tests_helpers_attack_LDADD =
tests_helpers_attack_LDFLAGS = -static

# make check-e2e: end-to-end tests on real engines, kernels and builds. `make check` does not run them.
# A `--` begins a lane (e2e/run-all); all lanes run at the same time. A test has its own machine, or
# starts no container, or is in the first lane. Tests of the inplace engine share a cgroup, so they are
# in one lane.
e2e_tests = \
	%D%/e2e/hostile %D%/e2e/v1-docker %D%/e2e/deep %D%/e2e/v1-image %D%/e2e/v1-rootless-docker \
	%D%/e2e/release -- \
	%D%/e2e/v2-linux-6.12 %D%/e2e/docs %D%/e2e/ci-files %D%/e2e/v1-userns-remap %D%/e2e/workload-image \
	%D%/e2e/caches %D%/e2e/v2-linux-6.1 -- \
	%D%/e2e/vm %D%/e2e/v1-host %D%/e2e/v1-inplace %D%/e2e/doctor -- \
	%D%/e2e/macro %D%/e2e/trace %D%/e2e/package %D%/e2e/v2-podman %D%/e2e/v1-podman
# Tests of the runner itself: ci/test runs these with the sanitizers, in a build of their own.
e2e_runner_tests = \
	%D%/e2e/docker-faults -- \
	%D%/e2e/gate -- \
	%D%/e2e/cli %D%/e2e/page %D%/e2e/formats %D%/e2e/exports -- \
	%D%/e2e/relative %D%/e2e/bisect -- \
	%D%/e2e/faults %D%/e2e/fit %D%/e2e/memory-ran-out %D%/e2e/trend %D%/e2e/sweep %D%/e2e/terminal
# These judge real builds, whose memory depends on the load of the machine.
e2e_quiet_tests = %D%/e2e/disturbance %D%/e2e/workload-docker %D%/e2e/workloads
.PHONY: check-e2e
check-e2e: all $(check_PROGRAMS)
	status=0; export BUILDDIR=$(abs_builddir); \
	for lanes in "$(e2e_tests)" "$(e2e_runner_tests)" "$(e2e_quiet_tests)"; do \
	  $(srcdir)/%D%/e2e/run-all $$lanes || status=1; \
	done; \
	exit $$status

# The tarball contains the files of tests that git tracks.
dist-hook:
	if test -e $(srcdir)/.git; then \
	  (cd $(srcdir) && git ls-files -z tests baselines | tar -c --null -T -) | tar -x -C $(distdir); \
	else \
	  (cd $(srcdir) && tar -c --exclude=node_modules --exclude=.build-mem tests baselines) | tar -x -C $(distdir); \
	fi
