#include "config/flags.h"

#include "base/alloc.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct flag flags[] = {
    {"build-cmd", "CMD", FLAGS_MEASURE, "the build, run as bash -lc CMD (npm run build)"},
    {"label", "NAME", FLAGS_MEASURE, "names the run's files (run, check, refresh, fit)"},
    {"skip-clear", NULL, FLAGS_MEASURE, "leave the last build's output where it is"},
    {"interval-ms", "N", FLAGS_MEASURE, "the timeline's beat (150)"},
    {"json-only", NULL, FLAGS_MEASURE, "stdout carries the one line of JSON alone"},
    {"quiet", NULL, FLAGS_MEASURE, "stderr carries errors alone: no build output, no progress"},
    {"image", "REF", FLAGS_MEASURE, "the container's image (node:24-bookworm)"},
    {"memory", "LIMIT", FLAGS_MEASURE & ~FLAGS_FIT,
     "the build's memory limit, such as 8g; swap is off"},
    {"engine", "NAME", FLAGS_MEASURE, "auto, docker, podman, host or inplace (auto)"},
    {"timeout", "DUR", FLAGS_MEASURE, "end the build after this long, such as 45m"},
    {"env", "NAME[=VALUE]", FLAGS_MEASURE, "set or pass on a variable; may be repeated"},
    {"pull", "WHEN", FLAGS_MEASURE, "pull the image: never, missing, always (missing)"},
    {"cache", "POLICY", FLAGS_MEASURE, "the page cache before: as-is, warm or cold (as-is)"},
    {"user", "UID:GID", FLAGS_MEASURE, "run the build as this user (the invoking one)"},
    {"network", "MODE", FLAGS_MEASURE, "the container's network (the engine's default)"},
    {"privileges", "NAME", FLAGS_MEASURE,
     "of the container: least, or the engine's own default (least)"},
    {"runs", "N", FLAGS_MEASURE & ~FLAGS_FIT,
     "measure N times (1; check: up to 3; baseline refresh: 3)"},
    {"out", "DIR", FLAGS_MEASURE, "where the run's files go (.build-mem in the repo)"},
    {"repo", "DIR", FLAGS_MEASURE | FLAGS_SHOW | FLAGS_INIT, "the repo to build (.)"},
    {"config", "FILE", FLAGS_MEASURE | FLAGS_SHOW | FLAGS_INIT, "build-mem.json of another name"},
    {"junit", "FILE", FLAGS_RUN | FLAGS_CHECK, "the JUnit file (junit-NAME.xml in --out)"},
    {"baseline", "FILE", FLAGS_CHECK | FLAGS_REFRESH | FLAGS_SHOW,
     "the baseline (baselines/build-mem.json in the repo)"},
    {"baseline", "FILE", FLAGS_REPORT, "judge by this baseline (what check found)"},
    {"against", "RESULT", FLAGS_REPORT, "another result, to be drawn beside it"},
    {"format", "NAME", FLAGS_REPORT,
     "html, markdown, openmetrics, bmf, github-action-benchmark or chrome-trace (html)"},
    {"output", "FILE", FLAGS_REPORT, "where it goes; - for stdout (beside the result)"},
    {"baseline-ref", "GITREF", FLAGS_CHECK | FLAGS_SHOW,
     "read the baseline as it is at this git ref, so that a change cannot raise its own budget"},
    {"strict", NULL, FLAGS_CHECK, "fail on an improvement too, so that gains are banked"},
    {"allow-increase", NULL, FLAGS_REFRESH, "let the baseline rise; needs --reason"},
    {"reason", "TEXT", FLAGS_REFRESH, "why it may rise; kept in the baseline"},
    {"format", "NAME", FLAGS_COMPARE, "text, json or markdown (text)"},
    {NULL, NULL, 0, NULL},
};

#define FLAG_COUNT (sizeof flags / sizeof *flags - 1)
enum { OPTION_FLAG = 1000, OPTION_HELP = 'h', OPTION_VERSION = 'V', OPTION_OPERAND = 1 };

static void fill_options(enum flag_command command, struct option *options)
{
    size_t count = 0;
    for (size_t i = 0; i < FLAG_COUNT; i++)
        if (flags[i].commands & command)
            options[count++] =
                (struct option){flags[i].name, flags[i].argument ? required_argument : no_argument,
                                NULL, OPTION_FLAG + (int)i};
    options[count++] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    options[count++] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
    options[count] = (struct option){0};
}

struct given {
    const struct flag *flag;
    const char *value;
};

static int apply(struct config *config, const struct given *given, size_t count,
                 struct bm_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (config_set(config, given[i].flag->name, given[i].value, err) < 0)
            return bm_error_wrap(err, "--%s", given[i].flag->name);
    return 0;
}

static int read_config_file(struct config *config, struct bm_error *err)
{
    if (config->file)
        return config_read_file(config, config->file, err);
    char *path CLEANUP(cleanup_free) = config_in_repo(config, "build-mem.json");
    return access(path, F_OK) == 0 ? config_read_file(config, path, err) : 0;
}

static bool was_given(const char *name, const struct given *given, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(given[i].flag->name, name) == 0)
            return true;
    return false;
}

/* A path on the command line is the user's, from where they stand; config_in_repo would put the
 * repo in front of it. */
static void anchor_path(char **path, const char *name, const struct given *given, size_t count)
{
    if (!was_given(name, given, count) || **path == '/')
        return;
    char *here CLEANUP(cleanup_free) = getcwd(NULL, 0);
    char *anchored = xasprintf("%s/%s", here ? here : ".", *path);
    free(*path);
    *path = anchored;
}

static int settle(struct config *config, enum flag_command command, const struct given *given,
                  size_t count, struct bm_error *err)
{
    /* --repo and --config say which file is read; all flags beat what it says. The first pass
     * also adds the --env flags: they are taken back, to be added after the file's. */
    if (apply(config, given, count, err) < 0)
        return -1;
    strv_release(&config->env);
    bool reads_file = !(command & (FLAGS_FILES | FLAGS_INIT | FLAGS_DOCTOR));
    if (!(command & FLAGS_FILES) && access(config->repo, X_OK) != 0)
        return bm_error_errno(err, "--repo %s", config->repo);
    if ((reads_file && read_config_file(config, err) < 0) || apply(config, given, count, err) < 0)
        return -1;
    if (config->engine == ENGINE_INPLACE && config->memory_limit_bytes > 0)
        return bm_error_set(err, "--memory: the engine inplace takes the memory limit that is "
                                 "there; set it on the job or the container, and leave --memory "
                                 "(or \"memory\" in build-mem.json) out");
    config->baseline_is_flag = was_given("baseline", given, count);
    if (strcmp(config->repo, ".") != 0) {
        anchor_path(&config->out, "out", given, count);
        anchor_path(&config->baseline, "baseline", given, count);
        anchor_path(&config->junit, "junit", given, count);
    }
    return 0;
}

enum flags_outcome flags_read(struct config *config, enum flag_command command, int argc,
                              char **argv, struct strv *operands, struct bm_error *err)
{
    struct option options[FLAG_COUNT + 3];
    struct given *given CLEANUP(cleanup_free) = xcalloc((size_t)argc, sizeof *given);
    size_t count = 0;
    config_init(config);
    if (command & FLAGS_FILES) /* there is no repo whose baseline it could be */
        free(steal_ptr(config->baseline));
    fill_options(command, options);
    optind = 0;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "-:hV", options, NULL)) != -1;) {
        if (option == OPTION_HELP)
            return FLAGS_HELP;
        if (option == OPTION_VERSION)
            return FLAGS_VERSION;
        if (option == OPTION_OPERAND)
            strv_push(operands, optarg);
        else if (option >= OPTION_FLAG)
            given[count++] = (struct given){&flags[option - OPTION_FLAG], optarg};
        else {
            bm_error_set(err,
                         option == ':'           ? "%s needs a value"
                         : optopt >= OPTION_FLAG ? "%s: this flag takes no value"
                                                 : "unknown flag %s",
                         argv[optind - 1]);
            return FLAGS_ERROR;
        }
    }
    for (; optind < argc; optind++)
        strv_push(command & (FLAGS_MEASURE | FLAGS_COMPARE) ? &config->build_argv : operands,
                  argv[optind]);
    if (settle(config, command, given, count, err) < 0)
        return FLAGS_ERROR;
    if (!config->label)
        config->label = xstrdup(command == FLAGS_CHECK     ? "check"
                                : command == FLAGS_REFRESH ? "refresh"
                                : command == FLAGS_FIT     ? "fit"
                                                           : "run");
    if (!config->runs && command != FLAGS_CHECK)
        config->runs = command == FLAGS_REFRESH ? 3 : 1;
    return FLAGS_OK;
}

char *flags_help(enum flag_command command)
{
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    for (size_t i = 0; i < FLAG_COUNT; i++)
        if (flags[i].commands & command) {
            char *head CLEANUP(cleanup_free) =
                xasprintf("--%s%s%s", flags[i].name, flags[i].argument ? " " : "",
                          flags[i].argument ? flags[i].argument : "");
            fprintf(out, "  %-22s %s\n", head, flags[i].help);
        }
    fputs("  --help, --version\n", out);
    xmemstream_close(out);
    return text;
}
