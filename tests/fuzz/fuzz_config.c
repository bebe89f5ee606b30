/* Parses build-mem.json. The change under test can edit this file, so an accepted file must
 * satisfy:
 * - no path is outside the repository
 * - no variable is inherited from the caller
 * - each number is in range */
#include "base/units.h"
#include "config/config.h"
#include "fuzz.h"

static void check_inner_path(const char *path)
{
    char *framed CLEANUP(cleanup_free) = xasprintf("/%s/", path);
    if (!*path || *path == '/' || strstr(framed, "/../"))
        BM_BUG("a path is outside the repository");
}

static void check(const struct config *config)
{
    for (size_t i = 0; i < config->clear.count; i++)
        check_inner_path(config->clear.items[i]);
    for (size_t i = 0; i < config->artifact_count; i++)
        if (!artifact_is_in_image(&config->artifacts[i])) /* nothing on this machine */
            check_inner_path(config->artifacts[i].path);
    check_inner_path(config->out);
    if (config->baseline)
        check_inner_path(config->baseline);
    for (size_t i = 0; i < config->env.count; i++)
        if (!strchr(config->env.items[i], '='))
            BM_BUG("a variable is inherited");
    if (config->memory_limit_bytes != UNMEASURED && config->memory_limit_bytes < LEAST_LIMIT_BYTES)
        BM_BUG("the memory limit is too small for an engine");
    if (config->timeout_ms < 0 || config->interval_ms < 1 || config->interval_ms > 60000)
        BM_BUG("a time is out of range");
    if (config->label && (!*config->label || strpbrk(config->label, "/\n")))
        BM_BUG("the label cannot be part of a file name");
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
