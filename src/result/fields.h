/* The plain members of a result file: one table per object, which both the writer and the reader
 * use. Private to result/. */
#ifndef BM_RESULT_FIELDS_H
#define BM_RESULT_FIELDS_H

#include <stddef.h>

enum field_kind {
    FIELD_TEXT,           /* char *; always present */
    FIELD_TEXT_OR_NULL,   /* char *; NULL is null */
    FIELD_OPTIONAL_TEXT,  /* char *; NULL is absent */
    FIELD_FIGURE,         /* int64_t; UNMEASURED is null */
    FIELD_OPTIONAL_COUNT, /* int64_t; 0 is absent */
    FIELD_NUMBER,         /* double; UNMEASURED is null */
    FIELD_SIGNAL_OR_NULL, /* int64_t; 0 is null */
    FIELD_FLAG,           /* bool */
    FIELD_BASIS,          /* enum pss_basis, by name */
    FIELD_PEAK_SOURCE,    /* enum peak_rss_source, by name; PEAK_RSS_UNKNOWN is null */
    FIELD_CACHE_POLICY,   /* enum cache_policy, by name; "as-is" if absent */
};

struct field {
    const char *key;
    enum field_kind kind;
    size_t offset; /* in the struct of the object */
};

/* Each table lists the members in the order of the file and ends with a NULL key. */
extern const struct field result_head_fields[];               /* struct measurement */
extern const struct field result_build_fields[];              /* struct build_end */
extern const struct field result_guard_fields[];              /* struct guard_end */
extern const struct field result_peak_fields[];               /* struct peak */
extern const struct field result_unreclaimable_peak_fields[]; /* struct peak */
extern const struct field result_composition_fields[];        /* struct composition */
extern const struct field result_log_cause_fields[];          /* struct log_cause */
extern const struct field result_stage_fields[];              /* struct stage_measurement */
extern const struct field result_process_fields[];            /* struct process_usage */
extern const struct field result_mappings_fields[];           /* struct process_mappings */
extern const struct field result_mapped_fields[];             /* struct mapped */
extern const struct field result_deep_fields[];               /* struct deep_run */
extern const struct field result_runtime_fields[];            /* struct runtime_process */
extern const struct field result_runtime_part_fields[];       /* struct runtime_part */
extern const struct field result_ledger_fields[];             /* struct process_ledger */
extern const struct field result_ledger_process_fields[];     /* struct ledger_process */
extern const struct field result_ledger_group_fields[];       /* struct ledger_group */
extern const struct field result_watched_fields[];            /* struct watched_processes */
extern const struct field result_verify_fields[];             /* struct verify_check */
extern const struct field result_environment_fields[];        /* struct environment */
extern const struct field result_sampler_fields[];            /* struct sampler_account */
extern const struct field result_cgroup_fields[];             /* struct source_cgroup */
extern const struct field result_pressure_fields[];           /* struct pressure */
extern const struct field result_constraint_fields[];         /* struct constraint */
extern const struct field result_outside_daemon_fields[];     /* struct outside_daemon */

/* The names of enum pss_basis in its order; ended by NULL. */
extern const char *const result_basis_names[];

#endif
