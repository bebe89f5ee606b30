/* Allocation that cannot fail, scope-bound release, and broken invariants.
 *
 * build-mem is a short-lived program: when memory for its own small needs is
 * gone there is nothing better to do than to say so and abort. */
#ifndef BM_BASE_ALLOC_H
#define BM_BASE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Each returns memory that the caller owns and releases with free(). Never NULL. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *pointer, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t length);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* Makes room for one more item in a growing array: `array` holds `count` items of `size` bytes.
 * Returns the array, perhaps moved; grows by doubling. */
void *xgrow(void *array, size_t count, size_t size);

/* A stream into memory, as open_memstream(3): `*text`, valid once it is closed, is the caller's.
 * Neither fails: text that could not be held whole ends the program as above. */
FILE *xmemstream_open(char **text, size_t *length);
void xmemstream_close(FILE *stream);

/* An invariant of this program is broken: prints where, and aborts. */
#define BM_BUG(what) bm_bug(__FILE__, __LINE__, what)
_Noreturn void bm_bug(const char *file, int line, const char *what);

/* Runs `function` on the address of the variable when its scope ends. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* Hands the pointer over: returns it and leaves NULL, so that CLEANUP releases nothing. */
#define steal_ptr(pointer)                                                                         \
    ({                                                                                             \
        __typeof__(pointer) stolen_ = (pointer);                                                   \
        (pointer) = NULL;                                                                          \
        stolen_;                                                                                   \
    })

void cleanup_free(void *address_of_pointer); /* free(*p) */
void cleanup_fd(int *fd);                    /* close(*fd) where it is >= 0 */

#endif
