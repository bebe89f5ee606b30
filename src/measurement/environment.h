/* What does not decide whether two results can be compared, but explains why they differ: kernel,
 * engine, image digest, memory of the machine, huge pages, the variables that set workers and
 * heaps. It is shown and not judged. */
#ifndef BM_MEASUREMENT_ENVIRONMENT_H
#define BM_MEASUREMENT_ENVIRONMENT_H

#include "base/error.h"
#include "measurement/measurement.h"

#include <stdbool.h>

/* One line for each: its key in files, its name for people, its place in struct environment. */
struct drift_field {
    const char *key, *label;
    size_t offset; /* of a char * that may be NULL, or with `bytes` of an int64_t */
    bool bytes;
};

/* Ended by a NULL key. The variables come on top. */
extern const struct drift_field drift_fields[];

/* Adds a text "kernel: 6.1, then 6.12" for each that is not the same. */
void drift_list(const struct environment *was, const struct environment *is, struct strv *list);

/* The two sides of "NAME=VALUE": the name is the caller's, the value is borrowed. */
char *variable_name(const char *variable);
const char *variable_value(const char *variable);
/* The value of the variable of that name, or NULL; borrowed. */
const char *variables_find(const struct strv *variables, const char *name);

/* Reads an object whose members are variables; results and baselines have it alike. */
struct json;
int variables_read(const struct json *object, struct strv *variables, struct bm_error *err);

/* Copies what can drift into an environment that is zeroed; released with environment_release. */
void drift_copy(const struct environment *from, struct environment *to);

#endif
