/* Runs and a baseline with round figures. Each test of the gate changes one figure. */
#ifndef BM_TESTS_UNIT_GATE_SAMPLE_H
#define BM_TESTS_UNIT_GATE_SAMPLE_H

#include "baseline/baseline.h"
#include "measurement/measurement.h"

#include <check.h>

/* Returns a verified run of 60 s, 90 s of CPU time: memory peak `peak_bytes`, 500 MiB of it
 * unreclaimable; stages build-deps 300 MiB (node nx 3 x 70 MiB, npm 20 MiB, tsc 70 MiB) and setup
 * 50 MiB; on memory.peak, no limit, x86_64, 2 CPUs, image node:24-bookworm. The caller releases it.
 */
void gate_run(struct measurement *m, const char *label, int64_t peak_bytes);
struct stage_measurement *gate_stage(struct measurement *m, const char *name);
void gate_add_stage(struct measurement *m, const char *name, int64_t pss_bytes);
void gate_add_process(struct snapshot *snapshot, const char *name, int64_t pss_bytes);
void gate_set(char **text, const char *value);
/* Adds a limit that the run has reached. */
void gate_add_constraint(struct measurement *m, const char *cgroup, int64_t ancestor,
                         int64_t limit_bytes);
/* Makes the peak an estimate, of which the counter only shows that it is at most `at_most_bytes`.
 */
void gate_bound_peak(struct measurement *m, int64_t at_most_bytes);
/* Adds an outside daemon with one process. */
void gate_add_daemon(struct measurement *m, const char *name, int64_t cpu_ms);
/* Adds processes of one kind to the ledger, whose source becomes taskstats. */
void gate_add_processes(struct measurement *m, const char *name, int64_t peak_rss_bytes);
/* Adds a metric with three values to the entry of gate_baseline. */
void gate_add_metric(struct baseline *baseline, const char *name, int64_t value);
void gate_release_runs(struct measurement *runs, size_t count);

/* Returns a baseline of that environment: cgroup_peak 3 x 800 MiB (fail, 10 %, 64 MiB: 80 MiB of
 * slack), duration 3 x 60 s (off), stage:build-deps 3 x 300 MiB (warn, 20 %, 64 MiB: 64 MiB of
 * slack), stage:setup 3 x 50 MiB (off). The caller releases it. */
void gate_baseline(struct baseline *baseline);
struct baseline_metric *gate_metric(struct baseline *baseline, const char *name);
void gate_set_values(struct baseline_metric *metric, const int64_t *values, size_t count);

#endif
