/* build-mem.json, which is part of the change that is judged: what is taken names nothing outside
 * of the repo and asks for no variable of the caller's; every figure is in range. */
#include "base/units.h"
#include "config/config.h"
#include "fuzz.h"

static void check_inner_path(const char *path)
{
    char *framed CLEANUP(cleanup_free) = xasprintf("/%s/", path);
    if (!*path || *path == '/' || strstr(framed, "/../"))
        BM_BUG("a path that is not inside of the repo");
}

static void check(const struct config *config)
{
    for (size_t i = 0; i < config->clear.count; i++)
        check_inner_path(config->clear.items[i]);
    for (size_t i = 0; i < config->artifact_count; i++)
        check_inner_path(config->artifacts[i].path);
    check_inner_path(config->out);
    if (config->baseline)
        check_inner_path(config->baseline);
    for (size_t i = 0; i < config->env.count; i++)
        if (!strchr(config->env.items[i], '='))
            BM_BUG("a variable of the caller's");
    if (config->memory_limit_bytes != UNMEASURED && config->memory_limit_bytes < LEAST_LIMIT_BYTES)
        BM_BUG("a memory limit that no engine takes");
    if (config->timeout_ms < 0 || config->interval_ms < 1 || config->interval_ms > 60000)
        BM_BUG("a time that there can't be");
    if (config->label && (!*config->label || strpbrk(config->label, "/\n")))
        BM_BUG("a label that is no part of a file's name");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct config config;
    config_init(&config);
    if (config_parse(&config, text, "build-mem.json", &err) < 0)
        fuzz_check_error(&err, "build-mem.json:");
    else
        check(&config);
    config_release(&config);
    return 0;
}
