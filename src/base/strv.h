/* A growing list of strings, always ended by NULL: fit for execv(). */
#ifndef BM_BASE_STRV_H
#define BM_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

struct strv {
    char **items; /* owned, each string too; NULL while empty */
    size_t count;
};

void strv_push(struct strv *list, const char *text);
void strv_pushf(struct strv *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strv_push_all(struct strv *list, const struct strv *other);
/* All of it in one text, `between` between the items; "" for an empty list. The caller owns it. */
char *strv_join(const struct strv *list, const char *between);
bool strv_contains(const struct strv *list, const char *text);
/* Releases all; the list is empty and can be used again. Fit for CLEANUP. */
void strv_release(struct strv *list);

#endif
