/* A growing list of strings that always ends with NULL, as execv(3) needs it. */
#ifndef BM_BASE_STRV_H
#define BM_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

struct strv {
    char **items; /* owned, with each string; NULL if empty */
    size_t count;
};

void strv_push(struct strv *list, const char *text);
void strv_pushf(struct strv *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strv_push_all(struct strv *list, const struct strv *other);
/* Returns the items in one text, separated by `between`; "" for an empty list. The caller owns it.
 */
char *strv_join(const struct strv *list, const char *between);
bool strv_contains(const struct strv *list, const char *text);
/* Releases all items; the list is empty and can be used again. For CLEANUP. */
void strv_release(struct strv *list);

#endif
