# Samplers side by side: make bench. Takes a few minutes, and a machine that does nothing else.
EXTRA_PROGRAMS += %D%/bench
tests_bench_bench_SOURCES = \
	%D%/bench.c \
	%D%/plain.c %D%/plain.h \
	%D%/workload.c %D%/workload.h
tests_bench_bench_LDADD = libprobe.a
tests_bench_bench_LDFLAGS = -static
CLEANFILES += $(EXTRA_PROGRAMS)
.PHONY: bench
bench: build-mem-probe$(EXEEXT) %D%/bench$(EXEEXT)
	%D%/bench$(EXEEXT) ./build-mem-probe $(srcdir)/%D%/sampler.mjs $(BENCH_SCENARIOS)
