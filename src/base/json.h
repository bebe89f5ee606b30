/* A strict reader of JSON.
 *
 * cJSON parses the grammar. This module also refuses what cJSON accepts: trailing text, duplicate
 * keys, keys that differ only in case, control characters, \u0000, and numbers such as 010. It
 * keeps 64-bit integers exact. Every message names the origin, the line and the path:
 * "build-mem.json:7: $.stages[1].match: ...".
 *
 * A `struct json` is one value of a parsed document; it lives as long as the document. */
#ifndef BM_BASE_JSON_H
#define BM_BASE_JSON_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes cJSON abort if memory runs out, as base/alloc.h does. By default, cJSON would drop parts of
 * a document. Call it once, before any other function of this header. */
void json_init(void);

struct json;
struct json_document;

/* Parses all of `text`, which ends with NUL. `origin` is the file name in messages. Returns NULL on
 * error. */
struct json_document *json_parse(const char *text, const char *origin, struct bm_error *err);
/* Reads the file (at most 64 MiB) and parses it. */
struct json_document *json_parse_file(const char *path, struct bm_error *err);
void json_document_free(struct json_document *document);
void cleanup_json_document(struct json_document **document);

const struct json *json_root(const struct json_document *document);
bool json_is_null(const struct json *value);
bool json_is_string(const struct json *value);
bool json_is_object(const struct json *value);
bool json_is_array(const struct json *value);
bool json_is_bool(const struct json *value);
const char *json_key(const struct json *value); /* its key in its object, or NULL */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *value);
/* Returns the member with exactly this key, or NULL. */
const struct json *json_member(const struct json *object, const char *key);

/* Sets "origin:line: path: message" and returns -1. */
int json_error(const struct json *at, struct bm_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Each returns 0, or -1 with a message that names the place and the expected type. A returned
 * string is borrowed from the document. */
int json_expect_object(const struct json *value, struct bm_error *err);
int json_expect_array(const struct json *value, struct bm_error *err);
int json_expect_string(const struct json *value, const char **text, struct bm_error *err);
int json_expect_bool(const struct json *value, bool *flag, struct bm_error *err);
int json_expect_integer(const struct json *value, int64_t min, int64_t max, int64_t *number,
                        struct bm_error *err);
int json_expect_number(const struct json *value, double min, double max, double *number,
                       struct bm_error *err);

/* Refuses each member whose key is not in `allowed`, a list that ends with NULL. */
int json_expect_keys(const struct json *object, const char *const *allowed, struct bm_error *err);
/* Finds the member. If it is missing, returns -1 with a message that names it. */
int json_require(const struct json *object, const char *key, const struct json **value,
                 struct bm_error *err);

#endif
