/* The stages of build-mem.json, a regular expression a line, and what is read of them before a
 * process of its own tries to compile them (tests/unit/test_config does that). */
#include "base/json_write.h"
#include "config/config.h"
#include "fuzz.h"

static char *config_of(char *lines)
{
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    cJSON *stages = json_add_array(root, "stages");
    int number = 0;
    for (char *rest, *line = strtok_r(lines, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        char *name CLEANUP(cleanup_free) = xasprintf("s%d", number++);
        cJSON *stage = cJSON_CreateObject();
        json_add_text(stage, "name", name);
        cJSON_AddStringToObject(stage, "match", line);
        cJSON_AddItemToArray(stages, stage);
    }
    return json_print(root, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *lines CLEANUP(cleanup_free) = fuzz_text(data, size);
    char *text CLEANUP(cleanup_free) = config_of(lines);
    struct config config;
    config_init(&config);
    if (config_parse(&config, text, "build-mem.json", &err) < 0)
        fuzz_check_error(&err, "build-mem.json:");
    config_release(&config);
    return 0;
}
