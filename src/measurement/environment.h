/* Drift: differences that do not prevent a comparison of two results, but may explain it. These are
 * the kernel, the engine, the image digest, the memory of the machine, transparent huge pages, and
 * the variables that set workers and heaps. */
#ifndef BM_MEASUREMENT_ENVIRONMENT_H
#define BM_MEASUREMENT_ENVIRONMENT_H

#include "base/error.h"
#include "measurement/measurement.h"

#include <stdbool.h>

/* The key in files, the name for people, and the place in struct environment. */
struct drift_field {
    const char *key, *label;
    size_t offset; /* of a char * that may be NULL, or with `bytes` of an int64_t */
    bool bytes;
};

/* Ends with a NULL key. Does not include the variables. */
extern const struct drift_field drift_fields[];

/* Adds a text such as "kernel: 6.1, then 6.12" for each difference, also of variables. */
void drift_list(const struct environment *was, const struct environment *is, struct strv *list);

/* Return the two sides of "NAME=VALUE". The caller owns the name; the value is borrowed. */
char *variable_name(const char *variable);
const char *variable_value(const char *variable);
/* Returns the value of the variable of that name, or NULL. Borrowed. */
const char *variables_find(const struct strv *variables, const char *name);

/* Reads an object whose members are variables. Returns 0 or -1. */
struct json;
int variables_read(const struct json *object, struct strv *variables, struct bm_error *err);

/* Copies the drift fields and the variables to `to`, which is zeroed. The caller releases it with
 * environment_release(). */
void drift_copy(const struct environment *from, struct environment *to);

#endif
