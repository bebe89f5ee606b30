/* Aggregates the records of a run into a measurement. Its memory has a fixed bound, whatever
 * the duration, the stages and the processes of the build. */
#ifndef BM_MEASUREMENT_AGGREGATE_H
#define BM_MEASUREMENT_AGGREGATE_H

#include "measurement/measurement.h"
#include "wire/wire.h"

struct aggregate;

/* Returns an aggregate that fills `m`, which is initialised and must outlive it. `stage_names` are
 * the names of the stages in order of precedence; "setup" is added. The caller frees it. */
struct aggregate *aggregate_new(struct measurement *m, const struct strv *stage_names);
void aggregate_free(struct aggregate *aggregate);
void cleanup_aggregate(struct aggregate **aggregate);

/* Adds the next record. Ignores WIRE_OUTPUT and WIRE_PROCESS_SAMPLE. */
void aggregate_record(struct aggregate *aggregate, const struct wire_record *record);

/* Returns the name of the stage with this index in the records; "setup" if there is none. Borrowed.
 */
const char *aggregate_stage_name(const struct aggregate *aggregate, int64_t stage);

/* Replaces the name of a step of an image build, which is "step N" at first. */
void aggregate_name_stage(struct aggregate *aggregate, int64_t stage, const char *name);

/* Call after the last record: determines `at_limit` and `estimated`, and drops unseen stages. */
void aggregate_finish(struct aggregate *aggregate);

#endif
