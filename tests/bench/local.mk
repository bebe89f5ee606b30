# make bench: compares samplers, and measures the cost of the process ledger and of build-mem's own commands.
# It takes about 10 minutes, and needs an idle machine and the packages of `ci/setup bench`.
EXTRA_PROGRAMS += %D%/bench
tests_bench_bench_SOURCES = \
	%D%/bench.c \
	%D%/plain.c %D%/plain.h \
	%D%/rounds.c %D%/rounds.h \
	%D%/run.c %D%/run.h \
	%D%/spikes.c %D%/spikes.h \
	%D%/table.c %D%/table.h \
	%D%/workers.c %D%/workers.h \
	%D%/workload.c %D%/workload.h
tests_bench_bench_CFLAGS = $(PROBE_CFLAGS)
tests_bench_bench_LDADD = libprobe_static.a -lm
tests_bench_bench_LDFLAGS = -static
CLEANFILES += $(EXTRA_PROGRAMS)
.PHONY: bench
bench: build-mem$(EXEEXT) build-mem-probe$(EXEEXT) tests/helpers/hold$(EXEEXT) %D%/bench$(EXEEXT) workload
	node=$$($(srcdir)/tests/rig/fetch-node) && PATH=$$node:$$PATH BENCH_MONOREPO=$(BUILD_MEM_REPO) \
	  %D%/bench$(EXEEXT) ./build-mem-probe $(srcdir)/%D%/sampler.mjs $(BENCH_BUILDS)
	$(srcdir)/%D%/ledger ./build-mem tests/helpers/hold
	$(srcdir)/tests/rig/docker run $(srcdir)/%D%/commands ./build-mem tests/helpers/hold

# make gate-power: measures on drawn and stored runs how often the gate is wrong. It takes about 10 minutes.
# ci/gate holds its goals in a few seconds.
GATE_POWER_FLAGS = --trials 1000
check_PROGRAMS += %D%/gate-power
tests_bench_gate_power_SOURCES = %D%/gate_power.c %D%/trials.c %D%/trials.h
tests_bench_gate_power_LDADD = $(runner_libraries)
.PHONY: gate-power
gate-power: %D%/gate-power$(EXEEXT)
	%D%/gate-power$(EXEEXT) $(GATE_POWER_FLAGS) $(srcdir)/tests/fixtures/evidence/*.json
