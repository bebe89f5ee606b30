#include "config/config.h"

#include "base/alloc.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void config_add_stage(struct config *config, const char *name, const char *match)
{
    config->stages = xgrow(config->stages, config->stage_count, sizeof *config->stages);
    config->stages[config->stage_count++] =
        (struct stage_rule){.name = xstrdup(name), .match = xstrdup(match)};
}

void config_add_process(struct config *config, const char *name, const char *match)
{
    config->processes = xgrow(config->processes, config->process_count, sizeof *config->processes);
    config->processes[config->process_count++] =
        (struct process_rule){.name = xstrdup(name), .match = xstrdup(match)};
}

void config_drop_processes(struct config *config)
{
    for (size_t i = 0; i < config->process_count; i++) {
        free(config->processes[i].name);
        free(config->processes[i].match);
    }
    free(config->processes);
    config->processes = NULL;
    config->process_count = 0;
}

void config_add_artifact(struct config *config, const char *path, bool required)
{
    config->artifacts = xgrow(config->artifacts, config->artifact_count, sizeof *config->artifacts);
    config->artifacts[config->artifact_count++] =
        (struct artifact_rule){.path = xstrdup(path), .required = required};
}

bool artifact_is_in_image(const struct artifact_rule *rule)
{
    return *rule->path == '/';
}

void config_drop_stages(struct config *config)
{
    for (size_t i = 0; i < config->stage_count; i++) {
        free(config->stages[i].name);
        free(config->stages[i].match);
    }
    free(config->stages);
    config->stages = NULL;
    config->stage_count = 0;
}

void config_drop_artifacts(struct config *config)
{
    for (size_t i = 0; i < config->artifact_count; i++)
        free(config->artifacts[i].path);
    free(config->artifacts);
    config->artifacts = NULL;
    config->artifact_count = 0;
}

/* Where the default build has its result. */
#define MONOREPO_FOLDER "server"

void config_init(struct config *config)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    *config = (struct config){
        .memory_limit_bytes = UNMEASURED, .shm_bytes = UNMEASURED, .within_bytes = UNMEASURED};
    for (const struct setting *setting = settings; setting->flag; setting++)
        if (setting->standard && setting->set(config, setting->standard, &err) < 0)
            BM_BUG("a default that its own setting refuses");
    config->image_origin = xstrdup("the default");
    strv_push(&config->clear, MONOREPO_FOLDER "/.next");
    strv_push(&config->clear, MONOREPO_FOLDER "/tsconfig.tsbuildinfo");
    config_add_stage(config, "next-build",
                     "(^|[ /])next( |/dist/bin/next )build( |$)|^next-build \\(v");
    config_add_stage(config, "build-deps", "(^|[ /])(nx|nx\\.js) (run )?([^ ]*:)?build-deps( |$)");
    config_add_stage(config, "assemblyscript", "(^|[ /])(build:assemblyscript|asc|asc\\.js)( |$)");
    config_add_artifact(config, MONOREPO_FOLDER "/.next/BUILD_ID", true);
    config_add_artifact(config, MONOREPO_FOLDER "/.next/routes-manifest.json", false);
    config_add_artifact(config, MONOREPO_FOLDER "/.next/build-manifest.json", false);
}

void config_drop_unfit_defaults(struct config *config)
{
    char *folder CLEANUP(cleanup_free) = config_in_repo(config, MONOREPO_FOLDER);
    bool fits = !config->build_argv.count && strcmp(config->build_command, DEFAULT_BUILD) == 0 &&
                access(folder, F_OK) == 0;
    if (!fits && !config->has_clear)
        strv_release(&config->clear);
    if (!fits && !config->has_artifacts)
        config_drop_artifacts(config);
}

void config_release(struct config *config)
{
    config_drop_stages(config);
    config_drop_processes(config);
    config_drop_artifacts(config);
    budgets_release(&config->budgets);
    strv_release(&config->build_argv);
    strv_release(&config->clear);
    strv_release(&config->env);
    strv_release(&config->engine_args);
    strv_release(&config->reuse);
    strv_release(&config->vary);
    char *const texts[] = {
        config->repo,          config->out,         config->file,         config->label,
        config->build_command, config->image,       config->user,         config->network,
        config->baseline,      config->against,     config->baseline_ref, config->format,
        config->output,        config->junit,       config->reason,       config->git_notes,
        config->setup,         config->relative,    config->metric,       config->refresh_arguments,
        config->plan,          config->image_origin};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    *config = (struct config){0};
}

char *config_command_text(const struct config *config)
{
    return config->build_argv.count ? strv_join(&config->build_argv, " ")
                                    : xstrdup(config->build_command);
}

char *config_settings_text(const struct config *config)
{
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    const struct strv *lists[] = {&config->engine_args, &config->clear, &config->reuse};
    char *command CLEANUP(cleanup_free) = config_command_text(config);
    fprintf(out, "%s; setup: %s; engine %s, image %s, user %s, network %s, cache %s", command,
            config->setup ? config->setup : "", engine_choice_name(config->engine), config->image,
            config->user ? config->user : "", config->network ? config->network : "",
            cache_policy_name(config->cache));
    fprintf(out,
            "; memory %" PRId64 ", shm %" PRId64 ", interval %" PRId64 ", runs %" PRId64
            ", guard %" PRId64,
            config->memory_limit_bytes, config->shm_bytes, config->interval_ms, config->runs,
            config->guard_percent);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (size_t j = 0; j < lists[i]->count; j++)
            fprintf(out, "%s%s", j ? " " : "; ", lists[i]->items[j]);
    for (size_t i = 0; i < config->env.count; i++)
        fprintf(out, "; env %.*s", (int)strcspn(config->env.items[i], "="), config->env.items[i]);
    for (size_t i = 0; i < config->stage_count; i++)
        fprintf(out, "; stage %s: %s", config->stages[i].name, config->stages[i].match);
    for (size_t i = 0; i < config->process_count; i++)
        fprintf(out, "; process %s: %s", config->processes[i].name, config->processes[i].match);
    xmemstream_close(out);
    return text;
}

char *config_in_repo(const struct config *config, const char *path)
{
    if (*path == '/' || strcmp(config->repo, ".") == 0)
        return xstrdup(path);
    return xasprintf("%s/%s", config->repo, path);
}
