/* Writing JSON through cJSON without its traps: large integers keep their digits, bytes that are
 * no UTF-8 cannot make the output unreadable, and an unmeasured figure is null. */
#ifndef BM_BASE_JSON_WRITE_H
#define BM_BASE_JSON_WRITE_H

#include <cjson/cJSON.h>
#include <stdint.h>

cJSON *json_new_integer(int64_t number);
void json_add_integer(cJSON *object, const char *key, int64_t number);
/* UNMEASURED is written as null. */
void json_add_measured(cJSON *object, const char *key, int64_t number);
/* NULL is written as null; bytes that are no UTF-8 become U+FFFD. */
void json_add_text(cJSON *object, const char *key, const char *text);
/* Adds the text, as above, to an array. */
void json_append_text(cJSON *array, const char *text);
cJSON *json_add_object(cJSON *object, const char *key);
cJSON *json_add_array(cJSON *object, const char *key);

/* The document as text, ended by a newline where `indented`. The caller owns it. */
char *json_print(const cJSON *tree, int indented);
/* Compact, on one line without a newline, every control character escaped: for a log, where a line
 * must stay one and nothing may steer a terminal. The caller owns it. */
char *json_print_line(const cJSON *tree);

void cleanup_cjson(cJSON **tree);

#endif
