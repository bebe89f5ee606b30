/* Disturbance: what slowed or disturbed the build from outside. It explains runs that differ. */
#ifndef BM_MEASUREMENT_DISTURBANCE_H
#define BM_MEASUREMENT_DISTURBANCE_H

#include "base/error.h"
#include "measurement/measurement.h"

#include <stddef.h>
#include <stdint.h>

/* The key in files, the name for people, and the place in struct disturbance. */
struct disturbance_field {
    const char *key, *label;
    size_t offset; /* of an int64_t */
    bool bytes;    /* else microseconds */
};

/* Ends with a NULL key. */
extern const struct disturbance_field disturbance_fields[];

/* Sets all figures to UNMEASURED. */
void disturbance_init(struct disturbance *disturbance);

int64_t disturbance_figure(const struct disturbance *disturbance,
                           const struct disturbance_field *field);

/* Reads an object with exactly these keys. Returns 0 or -1. */
struct json;
int disturbance_read(const struct json *object, struct disturbance *disturbance,
                     struct bm_error *err);

/* Describes what took a notable part of the run: "other work used 48 % of the CPUs, a CPU quota
 * stopped the build for 2.1 s". The caller owns it; NULL if nothing did. */
char *disturbance_text(const struct disturbance *disturbance, int64_t duration_ms);

#endif
