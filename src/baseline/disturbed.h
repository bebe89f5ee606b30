/* Disturbed runs: whether the machine disturbed a run so much that its figures do not show what the
 * build needs. A build that gets little CPU overlaps less of its work, and has a lower peak.
 *
 * A busy machine alone is no reason: CI machines are busy. The run must also have taken much longer
 * than usual. The bounds come from the accepted runs. */
#ifndef BM_BASELINE_DISTURBED_H
#define BM_BASELINE_DISTURBED_H

#include "baseline/baseline.h"

/* What is usual. Shares are of the run's CPU capacity or duration; negative: unknown. */
struct usual_run {
    int64_t duration_ms; /* UNMEASURED: unknown */
    double cpus;         /* that the build used: CPU time per time; negative: unknown */
    double busy_share, throttled_share;
    double full_share; /* of the CPUs, by the build and by other work */
    int64_t swapped_bytes;
};

/* Of an entry: its median duration, its lowest number of CPUs and its highest disturbance. Of runs:
 * those of the fastest one. */
struct usual_run usual_of_entry(const struct baseline_environment *entry);
struct usual_run usual_of_runs(const struct measurement *runs, size_t count);

/* Returns the reason that the run is disturbed, a clause; NULL if it is not. The caller owns it.
 *   - starved: the run was slower than usual, and the machine explains it.
 *     Slower: it took more than 40 % and more than 10 s longer; or the build used fewer CPUs by
 *     more than 20 %, and so got more than 10 s less CPU time than usual in that duration.
 *     The machine: the share of the CPUs that other work and the hypervisor used, or the share of
 *     the time for which a CPU quota stopped the run, exceeds the usual share by more than 10
 *     percentage points. A build that used fewer CPUs while others were idle needs fewer: other
 *     work does not explain that.
 *   - swapped: the build had swap in use, and the machine swapped more bytes than usual, by more
 *     than 5 % of the memory peak.
 *
 * If a usual share is unknown, 25 % is assumed for other work, and 10 % for a quota. */
char *disturbed_reason(const struct usual_run *usual, const struct measurement *m);

/* The other direction: returns the reason that all accepted runs of the entry were starved,
 * compared with the fastest of the runs that were measured now; NULL if they were not. The caller
 * owns it. */
char *disturbed_entry_reason(const struct baseline_environment *entry,
                             const struct measurement *runs, size_t count);

/* Copies the runs that are not disturbed to `kept`, which has room for all; they still belong to
 * the caller. Sets `*reason`, which the caller owns, to that of the last disturbed run; NULL: none
 * is. Returns the number of kept runs. */
size_t keep_undisturbed(const struct usual_run *usual, const struct measurement *runs,
                        size_t run_count, struct measurement *kept, char **reason);

/* ---- refresh ---- */

/* What a refresh accepts of its runs: fills `kept` and `*reason` like keep_undisturbed, compared
 * with the fastest run. */
size_t runs_to_accept(const struct measurement *runs, size_t count, struct measurement *kept,
                      char **reason);

/* Once the builds of a check or a refresh took this long, no further run replaces a disturbed one:
 * a long build must not keep a job for hours. */
#define LONG_BUILDS_MS (INT64_C(30) * 60 * 1000)
bool builds_took_long(const struct measurement *runs, size_t count);

/* Returns a clause if other work used more than 35 % of the CPUs and more than 10 s of CPU time in
 * every run, and left no CPU idle: then the runs cannot show whether the machine is always so, or
 * disturbed all of them. NULL: it did not. The caller owns it. */
char *crowded_reason(const struct measurement *runs, size_t count);

/* Adds the notes of a refresh that accepted `accepted` of its runs, for `reason` not all, and that
 * of crowded_reason(). */
void note_refresh(const struct measurement *runs, size_t count, size_t accepted, const char *reason,
                  struct strv *notes);

/* The rerun policy of a refresh that wants `wanted` runs, and has at least as many: returns the
 * reason for one more, a clause, or NULL. The caller owns it. The reasons are a disturbed run, and
 * crowded runs alone. */
#define REFRESH_ATTEMPTS 3 /* of each wanted run */
char *refresh_rerun_reason(const struct measurement *runs, size_t count, size_t wanted);

#endif
