/* Writes JSON with cJSON: large integers stay exact, invalid UTF-8 is replaced, and an unmeasured
 * figure is null. */
#ifndef BM_BASE_JSON_WRITE_H
#define BM_BASE_JSON_WRITE_H

#include <cjson/cJSON.h>
#include <stdint.h>

cJSON *json_new_integer(int64_t number);
void json_add_integer(cJSON *object, const char *key, int64_t number);
/* UNMEASURED is written as null. */
void json_add_measured(cJSON *object, const char *key, int64_t number);
void json_add_number(cJSON *object, const char *key, double number);
/* NULL is written as null; each invalid byte of UTF-8 becomes U+FFFD. */
void json_add_text(cJSON *object, const char *key, const char *text);
/* Adds the text to an array, in the same way. */
void json_append_text(cJSON *array, const char *text);
cJSON *json_add_object(cJSON *object, const char *key);
cJSON *json_add_array(cJSON *object, const char *key);

/* Returns the document as text, with a newline at the end if `indented`. The caller owns it. */
char *json_print(const cJSON *tree, int indented);
/* Returns the document on one line without a newline, for a log. Every control character is
 * escaped, so that no text can control a terminal. The caller owns it. */
char *json_print_line(const cJSON *tree);

void cleanup_cjson(cJSON **tree);

#endif
