/* Strict reading of JSON that people and other programs write.
 *
 * cJSON knows the grammar; this module closes what it leaves open: trailing garbage, duplicate
 * keys, keys compared without case, integers cut at 2^31, control characters, \u0000 and numbers
 * such as 010 taken, and errors without a place. Every message names the origin, the line and
 * the path: "build-mem.json:7: $.stages[1].match: ...".
 *
 * A `struct json` is one value of a parsed document; it lives as long as its document. */
#ifndef BM_BASE_JSON_H
#define BM_BASE_JSON_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where memory is gone cJSON's allocations end the program as ours do: else a part of a document
 * would be missing, or a good one called bad. Call it before all else of JSON. */
void json_init(void);

struct json;
struct json_document;

/* Parses all of `text` (NUL-terminated). `origin`, a file's name, is for messages. NULL on error.
 */
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
const char *json_key(const struct json *value); /* its name in its object, or NULL */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *value);
/* The member of exactly that name, or NULL. */
const struct json *json_member(const struct json *object, const char *key);

/* Sets "origin:line: path: message" and returns -1. */
int json_error(const struct json *at, struct bm_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Each returns 0, or -1 with a message that names the place and what was expected. The borrowed
 * string lives as long as the document. */
int json_expect_object(const struct json *value, struct bm_error *err);
int json_expect_array(const struct json *value, struct bm_error *err);
int json_expect_string(const struct json *value, const char **text, struct bm_error *err);
int json_expect_bool(const struct json *value, bool *flag, struct bm_error *err);
int json_expect_integer(const struct json *value, int64_t min, int64_t max, int64_t *number,
                        struct bm_error *err);
int json_expect_number(const struct json *value, double min, double max, double *number,
                       struct bm_error *err);

/* Refuses any member whose name is not in `allowed` (ended by NULL). */
int json_expect_keys(const struct json *object, const char *const *allowed, struct bm_error *err);
/* Finds the member, or says which one is missing from `object`. */
int json_require(const struct json *object, const char *key, const struct json **value,
                 struct bm_error *err);

#endif
