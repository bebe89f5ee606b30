/* The words of the reports: figures, metrics, statuses and notes read the same in each format.
 *
 * The caller owns each returned text unless its comment has "static" or "borrowed". Private to
 * report/. */
#ifndef BM_REPORT_WORDING_H
#define BM_REPORT_WORDING_H

#include "comparison/comparison.h"
#include "gate/judge.h"
#include "measurement/measurement.h"
#include "sweep/sweep.h"

#include <stdbool.h>

/* ---- figures; `unit` is "bytes" or "ms" ---- */

/* "803.2 MiB", "20.3 s"; "n/a" if it is unmeasured. */
char *format_figure(const char *unit, int64_t figure);
/* "+204.1 MiB", "-1.2 s". */
char *format_delta(const char *unit, int64_t delta);
/* "+25.4%", "+1000%", in at most 6 columns; "" if a figure is unmeasured or `from` is 0. */
char *format_percent(int64_t from, int64_t to);
/* "0.0 s-3.2 s"; "not seen". */
char *format_span(int64_t first_ms, int64_t last_ms);
/* "anon 600.0 MiB, file 150.0 MiB"; NULL if no part was measured. */
char *format_composition(const struct composition *composition);
/* "tsc ×3", or "tsc" for a single process; on one line, printable. */
char *format_group(const struct process_group *group);
/* "cc1plus src/a.cpp": its name and its item, which is omitted if the name ends with it; on one
 * line, printable. */
char *format_ledger_process(const struct ledger_process *process);
/* "largest processes of the whole build (of 1204)"; scans show only those of the snapshots. */
char *format_ledger_title(const struct process_ledger *ledger);
/* A sentence about what the ledger may not have: lost processes, or that the peaks are lower
 * bounds; NULL: nothing. */
char *format_ledger_gaps(const struct process_ledger *ledger);

/* ---- mappings ---- */

/* "/usr/bin/node", "anonymous", "other files"; on one line, printable. */
char *format_mapped(const struct mapped *part);
/* "the process had ended": why the mappings were not read. Static. */
const char *unread_reason(enum mappings_unread unread);
/* "tsc (pid 90), 420.0 MiB: anonymous 380.0 MiB, files 20.0 MiB": what the largest process at the
 * memory peak holds. Names the time and the size of the read if the size differs. NULL: unknown. */
char *format_inside(const struct measurement *m);
/* The same if that process is also the largest at the highest value of the metric; else NULL. */
char *metric_inside(const struct measurement *m, const char *metric);
/* The same if it explains the reason of a verdict that fails; else NULL. */
char *reason_inside(const struct measurement *m, const struct judgement *judgement);

/* ---- the deep run ---- */

/* "next build (pid 123): 2.90 GiB, of which the V8 heap is 1.40 GiB and native memory is 1.50 GiB
 * (array buffers 1.20 GiB)"; on one line, printable. */
char *format_runtime(const struct runtime_process *process);
/* Appends what the figures lack: the run failed, or processes did not report. */
void format_deep_gaps(const struct deep_run *deep, struct strv *gaps);
/* Of each table and list of the figures. Static. */
#define DEEP_TITLE "deep run (not judged): largest processes by their runtimes"

/* ---- a run ---- */

/* Returns whether the build ran to its end and exited 0. A required artifact may still be missing.
 */
bool build_ended_well(const struct build_end *build);
/* "exit status 2"; "killed for lack of memory (OOM), exit status 137"; "timed out". */
char *format_build_end(const struct build_end *build);

/* The notes that limit the meaning of the figures. Each is a sentence, or NULL if it does not
 * apply. */
char *format_not_measured(const struct measurement *m);
char *format_oom(const struct measurement *m);
char *format_estimated(const struct measurement *m);
char *format_at_limit(const struct measurement *m);
/* Reports kills at limits that the build itself set, or NULL. */
char *format_inner_oom(const struct measurement *m);
/* Reports the steps of an image build that came from the cache of the builder, or NULL. */
char *format_cached_steps(const struct measurement *m);
/* Explains the memory that was charged at the start. Static, never NULL. */
const char *at_start_note(const struct peak *peak);

/* ---- metrics and findings ---- */

/* "memory peak of the build (memory.peak)", "PSS peak of stage build-deps". */
char *format_metric(const char *metric, const struct measurement *m);

/* The finding for this metric, or NULL. Borrowed. */
const struct finding *find_finding(const struct judgement *judgement, const char *metric);
const struct stage_measurement *find_stage(const struct measurement *m, const char *name);

/* Returns whether the run was compared with a baseline. If not, each finding is FINDING_MISSING,
 * which does not mean that the build is wrong. */
bool was_compared(const struct judgement *judgement);
/* Returns whether the metric of a FINDING_MISSING is in the baseline but not in the result. If not,
 * the metric is new. */
bool has_gone(const struct finding *finding);

/* The status word of tables: "ok", "improved", "warn", "FAIL", "missing", "new", "-". Static. */
const char *format_status(const struct finding *finding, const struct judgement *judgement);
/* "4.1 of 6 GiB": the highest run and the budget of the metric. NULL if it has no budget. */
char *format_headroom(const struct finding *finding);
/* The highest value that passes; "-" if the metric is not judged. */
char *format_allowed(const struct finding *finding);

/* The reason for the verdict; never NULL. */
char *format_reason(const struct judgement *judgement);
/* The largest processes of the finding that the reason reports; NULL: unknown. Borrowed. */
const char *reason_largest(const struct judgement *judgement);
/* The command at the end of an advice, after "run: "; NULL if there is none. Borrowed. */
const char *advice_command(const char *advice);

/* ---- sweeps (sweep_wording.c) ---- */

/* What the sweep found, and what to do next (NULL: nothing). */
char *format_sweep_reason(const struct sweep *sweep, const struct sweep_point *points);
char *format_sweep_advice(const struct sweep *sweep);
/* "jobs=4: passed, 1.20 GiB, 65.0 s; other work used 59 % of the CPUs": a run, by its index. The
 * caller owns it. */
char *format_sweep_run(const struct sweep *sweep, size_t number,
                       const struct disturbance *disturbance);
/* How many jobs fit, with the figures of the forecast; and how to confirm it. The caller owns them.
 */
char *format_forecast_reason(const struct sweep_forecast *forecast);
char *format_forecast_advice(const struct sweep_forecast *forecast);

/* ---- comparisons ---- */

/* The column head of a side: its name, or the label of its only run if the name (often a path) is
 * too long, or "A" and "B". Borrowed. */
const char *side_head(const struct comparison *comparison, int side);
/* "before: 3 runs (before-1, ...), 2026-03-04T05:06:07Z, commit 0123456789ab, exit status 0". */
char *format_side(const struct comparison *comparison, int side);

/* format_estimated of the first run of the side that has it, or NULL. */
char *format_estimated_side(const struct comparison *comparison, int side);

/* "+204.3 MiB", "same", "added", "removed". */
char *format_row_delta(const struct comparison_row *row);
/* As format_status; "" if the row was not judged. Static. */
const char *row_status(const struct comparison_row *row, const struct comparison *comparison);
/* As format_allowed; "-" if the row was not judged. */
char *format_row_allowed(const struct comparison_row *row);
/* "tsc ×3", or "tsc ×3, now ×1" if the number of processes changed. */
char *format_row_processes(const struct comparison_row *row);

#endif
