# The runner: everything but main.c is a library, which the tests link.
bin_PROGRAMS += build-mem
build_mem_SOURCES = %D%/main.c
build_mem_CFLAGS = $(AM_CFLAGS) $(HOST_CFLAGS)
build_mem_LDADD = libbuildmem.a libprobe_host.a $(XML_LIBS) $(CJSON_LIBS) -lm

noinst_LIBRARIES += libbuildmem.a
libbuildmem_a_CPPFLAGS = $(AM_CPPFLAGS) -DPROBE_INSTALLED='"$(probedir)/build-mem-probe"' \
	-DSCHEMAS_INSTALLED='"$(pkgdatadir)"'
libbuildmem_a_CFLAGS = $(AM_CFLAGS) $(HOST_CFLAGS) $(XML_CFLAGS) $(CJSON_CFLAGS)
libbuildmem_a_SOURCES = \
	%D%/base/alloc.c %D%/base/alloc.h \
	%D%/base/cache_policy.c %D%/base/cache_policy.h \
	%D%/base/error.c %D%/base/error.h \
	%D%/base/file.c %D%/base/file.h \
	%D%/base/json.c %D%/base/json.h \
	%D%/base/json_strict.c %D%/base/json_strict.h \
	%D%/base/json_write.c %D%/base/json_write.h \
	%D%/base/strv.c %D%/base/strv.h \
	%D%/base/text.c %D%/base/text.h \
	%D%/base/units.c %D%/base/units.h \
	%D%/config/config.c %D%/config/config.h \
	%D%/config/ecosystems.c %D%/config/ecosystems.h \
	%D%/config/flags.c %D%/config/flags.h \
	%D%/config/pattern.c %D%/config/pattern.h \
	%D%/config/settings.c \
	%D%/config/starter.c %D%/config/starter.h \
	%D%/engine/child.c %D%/engine/child.h \
	%D%/engine/container.c \
	%D%/engine/engine.c %D%/engine/engine.h \
	%D%/engine/host.c \
	%D%/engine/inplace.c \
	%D%/engine/inspect.c %D%/engine/inspect.h \
	%D%/engine/interrupt.c %D%/engine/interrupt.h \
	%D%/engine/oom_watch.c %D%/engine/oom_watch.h \
	%D%/engine/page_cache.c %D%/engine/page_cache.h \
	%D%/engine/local.c %D%/engine/local.h \
	%D%/engine/session.c %D%/engine/session.h \
	%D%/engine/stage_peaks.c %D%/engine/stage_peaks.h \
	%D%/engine/survey.c %D%/engine/survey.h \
	%D%/measurement/drift.c %D%/measurement/drift.h \
	%D%/measurement/fold.c %D%/measurement/fold.h \
	%D%/measurement/measurement.c %D%/measurement/measurement.h \
	%D%/measurement/process_name.c %D%/measurement/process_name.h \
	%D%/measurement/process_names.c %D%/measurement/process_names.h \
	%D%/measurement/result.c %D%/measurement/result.h \
	%D%/measurement/result_fields.c %D%/measurement/result_fields.h \
	%D%/measurement/result_read.c \
	%D%/measurement/workspace.c %D%/measurement/workspace.h \
	%D%/comparison/comparison.c %D%/comparison/comparison.h \
	%D%/comparison/comparison_json.c \
	%D%/fit/fit.c %D%/fit/fit.h %D%/fit/fit_json.c \
	%D%/fit/search.c %D%/fit/search.h \
	%D%/gate/baseline.c %D%/gate/baseline.h \
	%D%/gate/baseline_accept.c %D%/gate/baseline_changes.c \
	%D%/gate/baseline_read.c %D%/gate/baseline_write.c \
	%D%/gate/check_message.c %D%/gate/check_message.h \
	%D%/gate/court.c %D%/gate/court.h \
	%D%/gate/doubt.c \
	%D%/gate/judge.c %D%/gate/judge.h %D%/gate/judgement_json.c \
	%D%/gate/judgement_read.c \
	%D%/gate/metric.c %D%/gate/metric.h \
	%D%/gate/policy.c %D%/gate/policy.h \
	%D%/gate/run_end.c %D%/gate/run_end.h \
	%D%/gate/verdict.c %D%/gate/verdict.h \
	%D%/report/benchmark_action.c %D%/report/bmf.c \
	%D%/report/compare.c %D%/report/compare_markdown.c \
	%D%/report/compare_words.c %D%/report/compare_words.h \
	%D%/report/junit_facts.c %D%/report/junit_facts.h %D%/report/report.h \
	%D%/report/figures.c %D%/report/figures.h \
	%D%/report/fit_text.c \
	%D%/report/course.c %D%/report/course.h \
	%D%/report/csv.c %D%/report/csv.h \
	%D%/report/holders.c %D%/report/holders.h \
	%D%/report/html.c %D%/report/html.h \
	%D%/report/html_chart.c %D%/report/html_chart.h \
	%D%/report/html_facts.c %D%/report/html_page.c \
	%D%/report/html_stages.c %D%/report/html_timeline.c \
	%D%/report/html_layers.c %D%/report/html_layers.h \
	%D%/report/xml.c %D%/report/xml.h \
	%D%/report/junit.c %D%/report/junit_cases.c %D%/report/junit_cases.h \
	%D%/report/findings.c %D%/report/github.c %D%/report/markdown.c \
	%D%/report/openmetrics.c \
	%D%/report/page.c %D%/report/page.h \
	%D%/report/progress.c %D%/report/progress.h \
	%D%/report/stage_bars.c %D%/report/stage_bars.h \
	%D%/report/summary.c \
	%D%/report/timeline.c %D%/report/timeline.h \
	%D%/report/trace.c \
	%D%/report/words.c %D%/report/words.h \
	%D%/commands/baseline.c %D%/commands/begin.c \
	%D%/commands/baseline_file.c %D%/commands/baseline_file.h \
	%D%/commands/check.c %D%/commands/commands.h %D%/commands/compare.c \
	%D%/commands/doctor.c %D%/commands/init.c \
	%D%/commands/github.c %D%/commands/github.h \
	%D%/commands/git.c %D%/commands/git.h \
	%D%/commands/fit.c \
	%D%/commands/measure.c %D%/commands/measure.h \
	%D%/commands/out.c %D%/commands/out.h \
	%D%/commands/publish.c \
	%D%/commands/recorder.c %D%/commands/recorder.h \
	%D%/commands/report.c %D%/commands/run.c \
	%D%/commands/terminal.c %D%/commands/terminal.h
nodist_libbuildmem_a_SOURCES = %D%/report/html_assets.c

# What the HTML page carries, as C strings, and the digest by which its policy knows the script.
EXTRA_DIST += %D%/report/html.css %D%/report/html.js
CLEANFILES += %D%/report/html_assets.c
%D%/report/html_assets.c: %D%/report/html.css %D%/report/html.js
	$(AM_V_GEN)$(MKDIR_P) $(@D) && { \
	  echo '#include "report/html.h"' && \
	  for kind in css js; do \
	    echo "const char html_$$kind[] =" && \
	    sed 's/[\\"]/\\&/g; s/.*/    "&\\n"/' $(srcdir)/%D%/report/html.$$kind && \
	    echo ';' || exit; \
	  done && \
	  echo "const char html_js_sha256[] = \"`sha256sum <$(srcdir)/%D%/report/html.js | cut -c1-64 | \
	    tr a-f A-F | basenc --base16 --decode | basenc --base64`\";"; \
	} >$@.tmp && mv $@.tmp $@

# The probe is static and of libc alone: it must start in any image. No sanitizers in it: it is
# PID 1 of strangers' containers, and its memory counts as the build's.
probedir = $(libexecdir)/build-mem
probe_PROGRAMS = build-mem-probe
build_mem_probe_SOURCES = %D%/probe/main.c
build_mem_probe_LDADD = libprobe.a
build_mem_probe_LDFLAGS = -static -s

# What the probe is made of; kernel/ and wire/ serve the runner too. Made twice: the runner and the
# tests link the one with the host's flags, so that sanitizers see these sources as well.
noinst_LIBRARIES += libprobe.a libprobe_host.a
libprobe_a_SOURCES = $(probe_parts)
libprobe_host_a_CFLAGS = $(AM_CFLAGS) $(HOST_CFLAGS)
libprobe_host_a_SOURCES = $(probe_parts)
probe_parts = \
	%D%/kernel/cgroup.c %D%/kernel/cgroup.h \
	%D%/kernel/descendants.c %D%/kernel/descendants.h \
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
	%D%/probe/variables.c %D%/probe/variables.h \
	%D%/wire/wire.c %D%/wire/wire.h
