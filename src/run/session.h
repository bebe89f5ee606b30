/* A session: one build on one engine, from its start to the last record. */
#ifndef BM_RUN_SESSION_H
#define BM_RUN_SESSION_H

#include "engine/daemon_watch.h"
#include "engine/engine.h"
#include "ledger/ledger.h"
#include "wire/wire.h"

/* Receives each record in the order of arrival. `record` is valid during the call. */
typedef void session_on_record(void *context, const struct wire_record *record);

struct session_outcome {
    bool complete;  /* the probe sent its last record */
    bool timed_out; /* the timeout expired while the build ran */
    bool too_late;  /* the timeout expired before the engine had started the build */
    int signal;     /* the signal that interrupted the runner, or 0 */
    bool no_image;  /* the engine could not pull the image */
    char *broken;   /* the reason that records are incomplete or invalid; NULL: none; owned */
    struct engine_facts facts;
    bool oom_killed; /* reported by the engine or the kernel; the probe may have died with the build
                      */
    struct page_cache page_cache;
};
void session_outcome_release(struct session_outcome *outcome);

/* Runs the build of the spec on the engine, passes each record to `on_record`, and enters the
 * processes of the build in `ledger`. `daemons` is open, and watches during the build. After
 * `timeout_ms` (0: no timeout) or an interrupt, closes the lifeline; kills the build 8 s later if
 * that has no effect.
 *
 * Returns 0 if the engine started, whatever the result of the build; the records show whether the
 * build began. Returns -1 if the engine could not start, or could not remove what it made.
 * Initialises `outcome` in either case; the caller releases it. */
int session_run(const struct engine *engine, const struct engine_spec *spec, int64_t timeout_ms,
                struct daemon_watch *daemons, session_on_record *on_record, void *context,
                struct ledger *ledger, struct session_outcome *outcome, struct bm_error *err);

#endif
