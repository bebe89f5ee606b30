/* One run on an engine, from its start to its last record. */
#ifndef BM_RUN_SESSION_H
#define BM_RUN_SESSION_H

#include "engine/engine.h"
#include "wire/wire.h"

typedef void session_on_record(void *context, const struct wire_record *record);

struct session_outcome {
    bool complete;  /* the probe's last record came */
    bool timed_out; /* the build; */
    bool too_late;  /* or the engine, before it had begun one */
    int signal;     /* of the runner: 0, or the signal that ended the run */
    char *broken;   /* what was wrong with the records; NULL where nothing was; owned */
    struct engine_facts facts;
    bool oom_killed; /* told by the engine, or by the kernel where the probe could not */
    struct page_cache page_cache; /* what a warm run was prepared with */
};
void session_outcome_release(struct session_outcome *outcome);

/* Runs the spec on the engine and hands each record to `on_record` as it comes. After
 * `timeout_ms` (0: never) or an interrupt the build is ended by its leash, then by force.
 * Returns 0 where a build ran, however it ended; -1 where the engine could not run one. Nothing of
 * the run is left in either case, or the message says what. */
int session_run(const struct engine *engine, const struct engine_spec *spec, int64_t timeout_ms,
                session_on_record *on_record, void *context, struct session_outcome *outcome,
                struct bm_error *err);

#endif
