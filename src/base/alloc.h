/* Allocates without failure, releases at the end of a scope, and reports broken invariants.
 *
 * build-mem is a short-lived program: if it has no memory for its own small needs, it prints an
 * error and aborts. */
#ifndef BM_BASE_ALLOC_H
#define BM_BASE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Each returns memory that the caller releases with free(); never NULL. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *pointer, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t length);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* Makes room for one more item in a growing array, which holds `count` items of `size` bytes.
 * Doubles the capacity if it is used up. Returns the array, which may have moved. */
void *xgrow(void *array, size_t count, size_t size);

/* Opens a stream into memory, like open_memstream(3). `*text` is valid after xmemstream_close, and
 * the caller owns it. Neither function fails: they abort if memory runs out. */
FILE *xmemstream_open(char **text, size_t *length);
void xmemstream_close(FILE *stream);

/* Prints the source line of a broken invariant, and aborts. */
#define BM_BUG(what) bm_bug(__FILE__, __LINE__, what)
_Noreturn void bm_bug(const char *file, int line, const char *what);

/* Runs `function` on the address of the variable when its scope ends. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* Returns the pointer and sets the variable to NULL, so that CLEANUP releases nothing. */
#define steal_ptr(pointer)                                                                         \
    ({                                                                                             \
        __typeof__(pointer) stolen_ = (pointer);                                                   \
        (pointer) = NULL;                                                                          \
        stolen_;                                                                                   \
    })

void cleanup_free(void *address_of_pointer); /* free(*p) */
void cleanup_fd(int *fd);                    /* close(*fd) if it is >= 0 */

#endif
