/* Records in, measurement out: bounded memory however long the build, and however many stages and
 * processes it has. */
#ifndef BM_MEASUREMENT_AGGREGATE_H
#define BM_MEASUREMENT_AGGREGATE_H

#include "measurement/measurement.h"
#include "wire/wire.h"

struct aggregate;

/* Folds into `m`, which is initialised and must outlive the aggregate. `stage_names` are those of
 * the rules, in their order; "setup" is added. */
struct aggregate *aggregate_new(struct measurement *m, const struct strv *stage_names);
void aggregate_free(struct aggregate *aggregate);
void cleanup_aggregate(struct aggregate **aggregate);

/* Takes the next record. WIRE_OUTPUT and WIRE_PROCESS_SAMPLE are not for it and are passed
 * over. */
void aggregate_record(struct aggregate *aggregate, const struct wire_record *record);

/* The name of the stage with that index in the records. */
const char *aggregate_stage_name(const struct aggregate *aggregate, int64_t stage);

/* After the last record: settles what can only be said at the end (at_limit, estimated, stages
 * that were never seen are dropped). */
void aggregate_finish(struct aggregate *aggregate);

#endif
