/* The plain members of a result file: one table per object, which the writer and the reader
 * share, so that what one writes the other reads. Inside of measurement/ only. */
#ifndef BM_RESULT_FIELDS_H
#define BM_RESULT_FIELDS_H

#include <stddef.h>

enum field_kind {
    FIELD_TEXT,          /* char *, always there */
    FIELD_MAYBE_TEXT,    /* char *, null for NULL */
    FIELD_OPTIONAL_TEXT, /* char *, missing for NULL */
    FIELD_FIGURE,        /* int64_t, null for UNMEASURED */
    FIELD_MAYBE_SIGNAL,  /* int64_t, null for 0 */
    FIELD_FLAG,          /* bool */
    FIELD_BASIS,         /* enum pss_basis, by name */
    FIELD_CACHE_POLICY,  /* enum cache_policy, by name; may be missing: as-is */
};

struct field {
    const char *key;
    enum field_kind kind;
    size_t offset; /* in the object's struct */
};

/* Each is ended by a NULL key and lists the members in the order of the file. */
extern const struct field result_head_fields[]; /* struct measurement */
extern const struct field result_build_fields[];
extern const struct field result_peak_fields[];
extern const struct field result_unreclaimable_peak_fields[]; /* struct peak */
extern const struct field result_composition_fields[];
extern const struct field result_stage_fields[];
extern const struct field result_process_fields[];
extern const struct field result_verify_fields[];
extern const struct field result_environment_fields[];
extern const struct field result_sampler_fields[];
extern const struct field result_pressure_fields[];

/* The names of enum pss_basis in its order, ended by NULL. */
extern const char *const result_basis_names[];

#endif
