/* Records in, measurement out: bounded memory however long the build, and however many stages and
 * processes it has. */
#ifndef BM_MEASUREMENT_FOLD_H
#define BM_MEASUREMENT_FOLD_H

#include "measurement/measurement.h"
#include "wire/wire.h"

struct fold;

/* Folds into `m`, which is initialised and must outlive the fold. `stage_names` are those of the
 * rules, in their order; "setup" is added. */
struct fold *fold_new(struct measurement *m, const struct strv *stage_names);
void fold_free(struct fold *fold);
void cleanup_fold(struct fold **fold);

/* Takes the next record. WIRE_OUTPUT and WIRE_HOLDING are not for it and are passed
 * over. */
void fold_record(struct fold *fold, const struct wire_record *record);

/* The name of the stage with that index in the records. */
const char *fold_stage_name(const struct fold *fold, int64_t stage);

/* After the last record: settles what can only be said at the end (censored, estimated, stages
 * that were never seen are dropped). */
void fold_finish(struct fold *fold);

#endif
