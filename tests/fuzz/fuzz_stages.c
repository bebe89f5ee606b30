/* The stages of build-mem.json, a regular expression a line: what is taken neither crashes nor
 * hangs the probe, which matches it with the last line. */
#include "base/json_write.h"
#include "config/config.h"
#include "fuzz.h"

#include <regex.h>

static char *config_of(char *lines, const char **last)
{
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    cJSON *stages = json_add_array(root, "stages");
    int number = 0;
    *last = "";
    for (char *rest, *line = strtok_r(lines, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        char *name CLEANUP(cleanup_free) = xasprintf("s%d", number++);
        cJSON *stage = cJSON_CreateObject();
        json_add_text(stage, "name", name);
        cJSON_AddStringToObject(stage, "match", line);
        cJSON_AddItemToArray(stages, stage);
        *last = line;
    }
    return json_print(root, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *lines CLEANUP(cleanup_free) = fuzz_text(data, size);
    const char *last;
    char *text CLEANUP(cleanup_free) = config_of(lines, &last);
    struct config config;
    config_init(&config);
    if (config_parse(&config, text, "build-mem.json", &err) < 0) {
        fuzz_check_error(&err, "build-mem.json:");
    } else {
        for (size_t i = 0; i < config.stage_count; i++) {
            regex_t rule;
            if (regcomp(&rule, config.stages[i].match, REG_EXTENDED | REG_NOSUB) != 0)
                BM_BUG("a rule that the probe would refuse");
            (void)regexec(&rule, last, 0, NULL, 0);
            regfree(&rule);
        }
    }
    config_release(&config);
    return 0;
}
