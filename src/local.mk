# The runner: everything but main.c is a library, which the tests link.
bin_PROGRAMS += build-mem
build_mem_SOURCES = %D%/main.c
build_mem_CFLAGS = $(AM_CFLAGS) $(HOST_CFLAGS)
build_mem_LDADD = libbuildmem.a libprobe.a $(XML_LIBS) $(CJSON_LIBS) -lm

noinst_LIBRARIES += libbuildmem.a
libbuildmem_a_CPPFLAGS = $(AM_CPPFLAGS) -DPROBE_INSTALLED='"$(probedir)/build-mem-probe"'
libbuildmem_a_CFLAGS = $(AM_CFLAGS) $(HOST_CFLAGS) $(XML_CFLAGS) $(CJSON_CFLAGS)
libbuildmem_a_SOURCES = \
	%D%/base/alloc.c %D%/base/alloc.h \
	%D%/base/error.c %D%/base/error.h \
	%D%/base/file.c %D%/base/file.h \
	%D%/base/json.c %D%/base/json.h \
	%D%/base/json_strict.c %D%/base/json_strict.h \
	%D%/base/json_write.c %D%/base/json_write.h \
	%D%/base/strv.c %D%/base/strv.h \
	%D%/base/text.c %D%/base/text.h \
	%D%/base/units.c %D%/base/units.h \
	%D%/config/config.c %D%/config/config.h \
	%D%/config/flags.c %D%/config/flags.h \
	%D%/config/pattern.c %D%/config/pattern.h \
	%D%/config/settings.c \
	%D%/engine/child.c %D%/engine/child.h \
	%D%/engine/container.c \
	%D%/engine/engine.c %D%/engine/engine.h \
	%D%/engine/host.c \
	%D%/engine/inspect.c %D%/engine/inspect.h \
	%D%/engine/interrupt.c %D%/engine/interrupt.h \
	%D%/engine/session.c %D%/engine/session.h \
	%D%/engine/stage_peaks.c %D%/engine/stage_peaks.h \
	%D%/measurement/fold.c %D%/measurement/fold.h \
	%D%/measurement/measurement.c %D%/measurement/measurement.h \
	%D%/measurement/process_name.c %D%/measurement/process_name.h \
	%D%/measurement/process_names.c %D%/measurement/process_names.h \
	%D%/measurement/result.c %D%/measurement/result.h \
	%D%/measurement/result_fields.c %D%/measurement/result_fields.h \
	%D%/measurement/result_read.c \
	%D%/measurement/workspace.c %D%/measurement/workspace.h \
	%D%/gate/baseline.c %D%/gate/baseline.h \
	%D%/gate/baseline_accept.c %D%/gate/baseline_read.c %D%/gate/baseline_write.c \
	%D%/gate/check_message.c %D%/gate/check_message.h \
	%D%/gate/court.c %D%/gate/court.h \
	%D%/gate/judge.c %D%/gate/judge.h %D%/gate/judgement_json.c \
	%D%/gate/metric.c %D%/gate/metric.h \
	%D%/gate/policy.c %D%/gate/policy.h \
	%D%/gate/run_end.c %D%/gate/run_end.h \
	%D%/gate/verdict.c %D%/gate/verdict.h \
	%D%/report/compare.c %D%/report/junit_facts.c %D%/report/junit_facts.h %D%/report/report.h \
	%D%/report/junit.c %D%/report/junit_cases.c %D%/report/junit_cases.h \
	%D%/report/page.c %D%/report/page.h \
	%D%/report/summary.c \
	%D%/report/timeline.c %D%/report/timeline.h \
	%D%/report/words.c %D%/report/words.h \
	%D%/commands/baseline.c %D%/commands/begin.c \
	%D%/commands/baseline_file.c %D%/commands/baseline_file.h \
	%D%/commands/check.c %D%/commands/commands.h %D%/commands/compare.c \
	%D%/commands/measure.c %D%/commands/measure.h \
	%D%/commands/publish.c %D%/commands/run.c

# The probe is static and of libc alone: it must start in any image. No sanitizers in it: it is
# PID 1 of strangers' containers, and its memory counts as the build's.
probedir = $(libexecdir)/build-mem
probe_PROGRAMS = build-mem-probe
build_mem_probe_SOURCES = %D%/probe/main.c
build_mem_probe_LDADD = libprobe.a
build_mem_probe_LDFLAGS = -static -s

# What the probe is made of; kernel/ and wire/ serve the runner too.
noinst_LIBRARIES += libprobe.a
libprobe_a_SOURCES = \
	%D%/kernel/cgroup.c %D%/kernel/cgroup.h \
	%D%/kernel/procfs.c %D%/kernel/procfs.h \
	%D%/probe/build.c %D%/probe/build.h \
	%D%/probe/emit.c %D%/probe/emit.h \
	%D%/probe/levels.c %D%/probe/levels.h \
	%D%/probe/process_table.c %D%/probe/process_table.h \
	%D%/probe/processes.c %D%/probe/processes.h \
	%D%/probe/pss.c %D%/probe/pss.h \
	%D%/probe/sampler.c %D%/probe/sampler.h \
	%D%/probe/snapshot.c %D%/probe/snapshot.h \
	%D%/probe/stages.c %D%/probe/stages.h \
	%D%/wire/wire.c %D%/wire/wire.h
