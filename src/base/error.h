/* Error messages for the user, and exit statuses.
 *
 * `int f(..., struct bm_error *err)` returns 0, or sets `err` and returns -1. Callers add context
 * with bm_error_wrap: "reading baselines/x.json: line 3: ...". Library code neither prints nor
 * exits. A verdict ("regressed") is data, not an error. */
#ifndef BM_BASE_ERROR_H
#define BM_BASE_ERROR_H

struct bm_error {
    char *message; /* owned; NULL: no error */
};
#define BM_ERROR_INIT {NULL}

/* Sets the message and releases an earlier one. Returns -1, for the caller to return. */
int bm_error_set(struct bm_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, with ": " and the text of errno at the end. */
int bm_error_errno(struct bm_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds "context: " in front of the message. Returns -1. */
int bm_error_wrap(struct bm_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Releases the message; `err` can be used again. For CLEANUP. */
void bm_error_release(struct bm_error *err);

/* The exit status of build-mem; 128+N: ended by signal N. doc/build-mem.1 documents each. */
enum exit_status {
    EXIT_PASS = 0,
    EXIT_GATE = 1,       /* the gate failed */
    EXIT_USAGE = 2,      /* usage, configuration or baseline error */
    EXIT_BUILD = 3,      /* the build failed */
    EXIT_UNMEASURED = 4, /* the run could not be measured or compared */
};

/* Prints "build-mem: MESSAGE" to standard error. Returns `status`. */
int bm_error_print(const struct bm_error *err, int status);

#endif
