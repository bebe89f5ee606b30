# One libFuzzer program for each parser. They need their own build directory, configured with
# --enable-fuzzing CC=clang. `make check-fuzz` takes seconds, `make fuzz` takes hours.
fuzz_targets = \
	%D%/fuzz_archive \
	%D%/fuzz_attestation \
	%D%/fuzz_baseline \
	%D%/fuzz_bisect \
	%D%/fuzz_cgroup_files \
	%D%/fuzz_cmdline \
	%D%/fuzz_config \
	%D%/fuzz_cpu_times \
	%D%/fuzz_daemons \
	%D%/fuzz_series \
	%D%/fuzz_aggregate \
	%D%/fuzz_inspect \
	%D%/fuzz_judgement \
	%D%/fuzz_log \
	%D%/fuzz_mountinfo \
	%D%/fuzz_netlink \
	%D%/fuzz_report \
	%D%/fuzz_result \
	%D%/fuzz_runtime \
	%D%/fuzz_smaps \
	%D%/fuzz_smaps_rollup \
	%D%/fuzz_stages \
	%D%/fuzz_stat \
	%D%/fuzz_statm \
	%D%/fuzz_status \
	%D%/fuzz_step_log \
	%D%/fuzz_sweep \
	%D%/fuzz_text \
	%D%/fuzz_units \
	%D%/fuzz_wire
CLEANFILES += $(fuzz_targets)

FUZZ_LDADD = libsample.a $(runner_libraries) $(FUZZ_LIBS)
tests_fuzz_fuzz_archive_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_attestation_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_baseline_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_bisect_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_cgroup_files_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_cmdline_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_config_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_cpu_times_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_daemons_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_series_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_aggregate_SOURCES = %D%/fuzz_aggregate.c %D%/stream.c
tests_fuzz_fuzz_aggregate_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_inspect_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_judgement_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_log_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_mountinfo_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_netlink_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_report_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_result_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_runtime_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_smaps_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_smaps_rollup_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_stages_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_stat_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_statm_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_status_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_step_log_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_sweep_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_text_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_units_LDADD = $(FUZZ_LDADD)
tests_fuzz_fuzz_wire_SOURCES = %D%/fuzz_wire.c %D%/stream.c
tests_fuzz_fuzz_wire_LDADD = $(FUZZ_LDADD)

.PHONY: check-fuzz fuzz fuzz-programs
if FUZZING
EXTRA_PROGRAMS += $(fuzz_targets)
fuzz-programs: $(fuzz_targets)
check-fuzz: $(fuzz_targets)
	FUZZ_RUNS=10000 FUZZ_SEED=1 $(srcdir)/%D%/run-all $(fuzz_targets)
fuzz: $(fuzz_targets)
	$(srcdir)/%D%/run-all $(fuzz_targets)
else
check-fuzz fuzz fuzz-programs:
	@echo "SKIP: fuzzing: configure with --enable-fuzzing CC=clang"; test "$$CI" != true
endif
