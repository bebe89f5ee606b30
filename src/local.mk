# Two programs: build-mem (the runner) and build-mem-probe. src/README.md explains the layers.
#
# Each layer is a static library. The list runs top-down: a layer calls only those behind it, and
# `make check-layers` links each one against those alone.
layers = \
	libcommands.a libdoctor.a libbisect.a librun.a libreport.a libfit.a libsweep.a libcomparison.a libtrend.a libresult.a libgate.a \
	libbaseline.a libengine.a libconfig.a libledger.a libmeasurement.a libbase.a
# What both programs share, in two builds: for the runner and the tests, with sanitizers if they
# are configured, and for the static probe without.
runner_libraries = $(layers) libprobe.a libkernel.a $(XML_LIBS) $(CJSON_LIBS) -lm
noinst_LIBRARIES += $(layers) libprobe.a libkernel.a libprobe_static.a

bin_PROGRAMS += build-mem
build_mem_SOURCES = %D%/main.c
build_mem_LDADD = $(runner_libraries)

libcommands_a_SOURCES = \
	%D%/commands/baseline.c \
	%D%/commands/bisect.c \
	%D%/commands/commands.c \
	%D%/commands/check.c \
	%D%/commands/commands.h \
	%D%/commands/compare.c \
	%D%/commands/doctor.c \
	%D%/commands/first_steps.c \
	%D%/commands/fit.c \
	%D%/commands/import.c \
	%D%/commands/init.c \
	%D%/commands/report.c \
	%D%/commands/run.c \
	%D%/commands/sweep.c \
	%D%/commands/trend.c

libbisect_a_SOURCES = \
	%D%/bisect/answer.c \
	%D%/bisect/bisect.h \
	%D%/bisect/record.c \
	%D%/bisect/search.c \
	%D%/bisect/trees.c

libdoctor_a_SOURCES = \
	%D%/doctor/advice.c \
	%D%/doctor/diagnosis.c %D%/doctor/diagnosis.h \
	%D%/doctor/doctor.c %D%/doctor/doctor.h \
	%D%/doctor/json.c \
	%D%/doctor/trial.c %D%/doctor/trial.h

librun_a_SOURCES = \
	%D%/run/base_tree.c %D%/run/base_tree.h \
	%D%/run/deep.c %D%/run/deep.h \
	%D%/run/measure.c %D%/run/measure.h \
	%D%/run/output.c %D%/run/output.h \
	%D%/run/publish.c %D%/run/publish.h \
	%D%/run/recorder.c %D%/run/recorder.h \
	%D%/run/relative.c %D%/run/relative.h \
	%D%/run/reuse.c %D%/run/reuse.h \
	%D%/run/session.c %D%/run/session.h \
	%D%/run/terminal.c %D%/run/terminal.h \
	%D%/run/workspace.c %D%/run/workspace.h

libreport_a_SOURCES = \
	%D%/report/export/github.c \
	%D%/report/export/markdown.c \
	%D%/report/export/metrics.c \
	%D%/report/export/trace.c \
	%D%/report/formats.c \
	%D%/report/html/html.c %D%/report/html/html.h \
	%D%/report/html/layers.c \
	%D%/report/html/page.c \
	%D%/report/html/tables.c \
	%D%/report/html/sweep.c \
	%D%/report/html/timeline.c \
	%D%/report/html/trend.c \
	%D%/report/junit/cases.c %D%/report/junit/cases.h \
	%D%/report/junit/junit.c \
	%D%/report/report.h \
	%D%/report/sweep_wording.c \
	%D%/report/text/comparison.c \
	%D%/report/text/fit.c \
	%D%/report/text/layout.c %D%/report/text/layout.h \
	%D%/report/text/progress.c %D%/report/text/progress.h \
	%D%/report/text/summary.c \
	%D%/report/text/sweep.c \
	%D%/report/text/trend.c \
	%D%/report/wording.c %D%/report/wording.h \
	%D%/report/xml.c %D%/report/xml.h

libfit_a_SOURCES = \
	%D%/fit/fit.c %D%/fit/fit.h \
	%D%/fit/search.c %D%/fit/search.h

libsweep_a_SOURCES = \
	%D%/sweep/forecast.c \
	%D%/sweep/jobs.c \
	%D%/sweep/model.c \
	%D%/sweep/plan.c \
	%D%/sweep/record.c \
	%D%/sweep/results.c \
	%D%/sweep/run.c \
	%D%/sweep/sweep.c %D%/sweep/sweep.h

libcomparison_a_SOURCES = \
	%D%/comparison/comparison.c %D%/comparison/comparison.h

libtrend_a_SOURCES = \
	%D%/trend/change_points.c %D%/trend/change_points.h \
	%D%/trend/trend.c %D%/trend/trend.h

libresult_a_SOURCES = \
	%D%/result/fields.c %D%/result/fields.h \
	%D%/result/paths.c \
	%D%/result/read.c \
	%D%/result/result.h \
	%D%/result/series.c %D%/result/series.h \
	%D%/result/series_csv.c \
	%D%/result/write.c

libgate_a_SOURCES = \
	%D%/gate/finding.c %D%/gate/finding.h \
	%D%/gate/judge.c %D%/gate/judge.h \
	%D%/gate/ratio.c %D%/gate/ratio.h \
	%D%/gate/relative.c %D%/gate/relative.h

libbaseline_a_SOURCES = \
	%D%/baseline/accept.c \
	%D%/baseline/baseline.c %D%/baseline/baseline.h \
	%D%/baseline/disturbed.c %D%/baseline/disturbed.h \
	%D%/baseline/format.c \
	%D%/baseline/noise.c %D%/baseline/noise.h \
	%D%/baseline/store.c %D%/baseline/store.h \
	%D%/baseline/tolerance.c %D%/baseline/tolerance.h

libengine_a_SOURCES = \
	%D%/engine/container.c \
	%D%/engine/daemon_watch.c %D%/engine/daemon_watch.h \
	%D%/engine/engine.c %D%/engine/engine.h \
	%D%/engine/host.c \
	%D%/engine/image.c \
	%D%/engine/image_client.c %D%/engine/image_client.h \
	%D%/engine/image_command.c %D%/engine/image_command.h \
	%D%/engine/inplace.c \
	%D%/engine/known_daemons.c %D%/engine/known_daemons.h \
	%D%/engine/oom_watch.c %D%/engine/oom_watch.h \
	%D%/engine/page_cache.c %D%/engine/page_cache.h \
	%D%/engine/run_cgroup.c %D%/engine/run_cgroup.h \
	%D%/engine/scratch_image.c %D%/engine/scratch_image.h \
	%D%/engine/stage_peaks.c %D%/engine/stage_peaks.h \
	%D%/engine/step_log.c %D%/engine/step_log.h \
	%D%/engine/user_scope.c %D%/engine/user_scope.h

libconfig_a_SOURCES = \
	%D%/config/config.c %D%/config/config.h %D%/config/file.c \
	%D%/config/ecosystems.c %D%/config/ecosystems.h \
	%D%/config/command_line.c %D%/config/command_line.h \
	%D%/config/pattern.c %D%/config/pattern.h \
	%D%/config/settings.c \
	%D%/config/starter.c %D%/config/starter.h

libledger_a_SOURCES = \
	%D%/ledger/groups.c \
	%D%/ledger/ledger.c %D%/ledger/ledger.h \
	%D%/ledger/netlink.c %D%/ledger/netlink.h \
	%D%/ledger/watch.c %D%/ledger/watch.h

libmeasurement_a_SOURCES = \
	%D%/measurement/advice.c %D%/measurement/advice.h \
	%D%/measurement/aggregate.c %D%/measurement/aggregate.h \
	%D%/measurement/attestation.c %D%/measurement/attestation.h \
	%D%/measurement/budget.c %D%/measurement/budget.h \
	%D%/measurement/cause.c %D%/measurement/cause.h \
	%D%/measurement/disturbance.c %D%/measurement/disturbance.h \
	%D%/measurement/environment.c %D%/measurement/environment.h \
	%D%/measurement/heap_ceiling.c %D%/measurement/heap_ceiling.h \
	%D%/measurement/image_name.c %D%/measurement/image_name.h \
	%D%/measurement/no_image.c %D%/measurement/no_image.h \
	%D%/measurement/peak_notes.c %D%/measurement/peak_notes.h \
	%D%/measurement/likeness.c %D%/measurement/likeness.h \
	%D%/measurement/measurement.c %D%/measurement/measurement.h \
	%D%/measurement/metric.c %D%/measurement/metric.h \
	%D%/measurement/process_item.c %D%/measurement/process_item.h \
	%D%/measurement/process_name.c %D%/measurement/process_name.h \
	%D%/measurement/runtime.c %D%/measurement/runtime.h \
	%D%/measurement/validity.c %D%/measurement/validity.h

libbase_a_SOURCES = \
	%D%/base/alloc.c %D%/base/alloc.h \
	%D%/base/cache_policy.c %D%/base/cache_policy.h \
	%D%/base/child.c %D%/base/child.h \
	%D%/base/clock.c %D%/base/clock.h \
	%D%/base/csv.c %D%/base/csv.h \
	%D%/base/error.c %D%/base/error.h \
	%D%/base/file.c %D%/base/file.h \
	%D%/base/git.c %D%/base/git.h \
	%D%/base/interrupt.c %D%/base/interrupt.h \
	%D%/base/json.c %D%/base/json.h \
	%D%/base/json_write.c %D%/base/json_write.h \
	%D%/base/strv.c %D%/base/strv.h \
	%D%/base/text.c %D%/base/text.h \
	%D%/base/trace.c %D%/base/trace.h \
	%D%/base/units.c %D%/base/units.h

# The page's style sheet and script as C strings, and the digest of the script for its policy.
nodist_libreport_a_SOURCES = %D%/report/html/assets.c
EXTRA_DIST += %D%/README.md %D%/report/html/page.css %D%/report/html/page.js
CLEANFILES += %D%/report/html/assets.c
%D%/report/html/assets.c: %D%/report/html/page.css %D%/report/html/page.js
	$(AM_V_GEN)$(MKDIR_P) $(@D) && { \
	  echo '#include "report/html/html.h"' && \
	  for kind in css js; do \
	    echo "const char html_$$kind[] =" && \
	    sed 's/[\\"]/\\&/g; s/.*/    "&\\n"/' $(srcdir)/%D%/report/html/page.$$kind && \
	    echo ';' || exit; \
	  done && \
	  echo "const char html_js_sha256[] = \"`sha256sum <$(srcdir)/%D%/report/html/page.js | cut -c1-64 | \
	    tr a-f A-F | basenc --base16 --decode | basenc --base64`\";"; \
	} >$@.tmp && mv $@.tmp $@

# The script of a deep run as a C string.
EXTRA_DIST += %D%/probe/preload.cjs
CLEANFILES += %D%/probe/preload.c
%D%/probe/preload.c: %D%/probe/preload.cjs
	$(AM_V_GEN)$(MKDIR_P) $(@D) && { \
	  echo '#include "probe/deep.h"' && \
	  echo 'const char deep_preload[] =' && \
	  sed 's/[\\"]/\\&/g; s/.*/    "&\\n"/' $(srcdir)/%D%/probe/preload.cjs && \
	  echo ';'; \
	} >$@.tmp && mv $@.tmp $@

# The probe is static and uses libc alone: it must start in any image. It has no sanitizers: it is
# PID 1 of other people's containers, and its memory counts as the build's.
probedir = $(libexecdir)/build-mem
probe_PROGRAMS = build-mem-probe
build_mem_probe_SOURCES = %D%/probe/main.c
build_mem_probe_CFLAGS = $(PROBE_CFLAGS)
build_mem_probe_LDADD = libprobe_static.a
build_mem_probe_LDFLAGS = -static -s

libprobe_static_a_CFLAGS = $(PROBE_CFLAGS)
libprobe_static_a_SOURCES = $(libprobe_a_SOURCES) $(libkernel_a_SOURCES)
nodist_libprobe_a_SOURCES = %D%/probe/preload.c
nodist_libprobe_static_a_SOURCES = $(nodist_libprobe_a_SOURCES)
libprobe_a_SOURCES = \
	%D%/probe/build.c %D%/probe/build.h \
	%D%/probe/deep.c %D%/probe/deep.h \
	%D%/probe/disturbance.c %D%/probe/disturbance.h \
	%D%/probe/emit.c %D%/probe/emit.h \
	%D%/probe/gauges.c %D%/probe/gauges.h \
	%D%/probe/guard.c %D%/probe/guard.h \
	%D%/probe/jvm.c %D%/probe/jvm.h \
	%D%/probe/mappings.c %D%/probe/mappings.h \
	%D%/probe/process_table.c %D%/probe/process_table.h \
	%D%/probe/processes.c %D%/probe/processes.h \
	%D%/probe/pss.c %D%/probe/pss.h \
	%D%/probe/sampler.c %D%/probe/sampler.h \
	%D%/probe/snapshot.c %D%/probe/snapshot.h \
	%D%/probe/stages.c %D%/probe/stages.h \
	%D%/probe/steps.c %D%/probe/steps.h \
	%D%/probe/trial.c %D%/probe/trial.h \
	%D%/probe/variables.c %D%/probe/variables.h
libkernel_a_SOURCES = \
	%D%/cgroup/cgroup.c %D%/cgroup/cgroup.h %D%/cgroup/kills.c %D%/cgroup/limits.c %D%/cgroup/locate.c \
	%D%/proc/proc.c %D%/proc/proc.h %D%/proc/smaps.c %D%/proc/smaps.h \
	%D%/wire/wire.c %D%/wire/wire.h

.PHONY: check-layers
check-layers: $(layers) libprobe.a libkernel.a
	CC="$(CC)" CFLAGS="$(HOST_CFLAGS) $(COMMON_CFLAGS)" LIBS="$(XML_LIBS) $(CJSON_LIBS) -lm" \
	  $(srcdir)/ci/layering $(layers) -- libprobe.a libkernel.a
