#include "config/command_line.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/trace.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_SETTINGS 64
/* Values of getopt_long(3): a flag is OPTION_FLAG plus its index in settings[]. */
enum { OPTION_FLAG = 1000, OPTION_HELP = 'h', OPTION_VERSION = 'V', OPTION_OPERAND = 1 };

static void fill_options(enum flag_command command, struct option *options)
{
    size_t count = 0;
    for (int i = 0; settings[i].flag; i++) {
        if (!(settings[i].commands & command))
            continue;
        if (count + 3 >= MAX_SETTINGS)
            BM_BUG("more settings than MAX_SETTINGS");
        options[count++] = (struct option){settings[i].flag,
                                           settings[i].argument ? required_argument : no_argument,
                                           NULL, OPTION_FLAG + i};
    }
    options[count++] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    options[count++] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
    options[count] = (struct option){0};
}

/* The flags of this command line, in their order. */
struct given_flag {
    const struct setting *setting;
    const char *value;
};

struct given_flags {
    struct given_flag *items;
    size_t count;
};

static void given_flags_release(struct given_flags *given)
{
    free(given->items);
}

static bool is_given(const struct given_flags *given, const char *flag)
{
    for (size_t i = 0; i < given->count; i++)
        if (strcmp(given->items[i].setting->flag, flag) == 0)
            return true;
    return false;
}

static int apply(struct config *config, const struct given_flags *given, struct bm_error *err)
{
    for (size_t i = 0; i < given->count; i++)
        if (given->items[i].setting->set(config, given->items[i].value, err) < 0)
            return bm_error_wrap(err, "--%s", given->items[i].setting->flag);
    return 0;
}

static int read_config_file(struct config *config, struct bm_error *err)
{
    char *path CLEANUP(cleanup_free) =
        config->file ? xstrdup(config->file) : config_in_repo(config, "build-mem.json");
    bool is_default = !config->file && access(path, F_OK) != 0;
    trace("config: %s%s", path, is_default ? " does not exist: defaults" : "");
    return is_default ? 0 : config_read_file(config, path, err);
}

/* A relative path in a flag starts from the working directory, not from the repo. */
static void make_absolute(char **path, const char *flag, const struct given_flags *given)
{
    if (!is_given(given, flag) || **path == '/')
        return;
    char *here CLEANUP(cleanup_free) = getcwd(NULL, 0);
    char *absolute = xasprintf("%s/%s", here ? here : ".", *path);
    free(*path);
    *path = absolute;
}

/* --relative has no baseline, and an interval needs two runs of each tree. */
static int check_relative(const struct config *config, const struct given_flags *given,
                          struct bm_error *err)
{
    static const char *const others[] = {"baseline", "baseline-ref", "strict"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is_given(given, others[i]))
            return bm_error_set(err, "--relative uses no baseline: remove --%s", others[i]);
    if (config->runs == 1 || config->runs > 20)
        return bm_error_set(err, "--runs: with --relative, must be from 2 to 20");
    return 0;
}

static int check_values(const struct config *config, enum flag_command command,
                        const struct given_flags *given, struct bm_error *err)
{
    if (config->engine == ENGINE_INPLACE && config->memory_limit_bytes > 0)
        return bm_error_set(err, "--memory: the engine inplace uses the memory limit of the job; "
                                 "set the limit on the job or the container, and remove --memory "
                                 "(or \"memory\" in build-mem.json)");
    if (command == FLAGS_BISECT && config->runs && (config->runs < 3 || config->runs > 20))
        return bm_error_set(err, "--runs: of bisect, must be from 3 to 20");
    if (config->relative && config->deep)
        return bm_error_set(err, "--deep: with --relative, the figures would be of one tree only: "
                                 "use build-mem run --deep");
    return config->relative ? check_relative(config, given, err) : 0;
}

/* Merges defaults, file and flags. The flags are applied twice: first because --repo and --config
 * name the file, then because a flag takes precedence over the file. */
static enum flags_outcome merge(struct config *config, enum flag_command command,
                                const struct given_flags *given, struct bm_error *err)
{
    bool has_file = !(command & (FLAGS_FILES | FLAGS_INIT | FLAGS_DOCTOR));
    if (apply(config, given, err) < 0)
        return FLAGS_ERROR;
    if (config->verbose)
        trace_to_stderr();
    /* These flags add to lists; the second pass adds them again. */
    strv_release(&config->engine_args);
    strv_release(&config->env);
    strv_release(&config->vary);
    if (!(command & FLAGS_FILES) && access(config->repo, X_OK) != 0) {
        bm_error_errno(err, "--repo %s", config->repo);
        return FLAGS_ERROR;
    }
    bool readable = !has_file || read_config_file(config, err) == 0;
    /* Also if the file is not readable: the flags name the files that report it. They were valid
     * in the first pass. */
    (void)apply(config, given, err);
    config_drop_unfit_defaults(config);
    config->baseline_is_flag = is_given(given, "baseline");
    if (is_given(given, "image")) {
        free(config->image_origin);
        config->image_origin = xstrdup("--image");
    }
    if (strcmp(config->repo, ".") != 0) {
        make_absolute(&config->out, "out", given);
        make_absolute(&config->baseline, "baseline", given);
        make_absolute(&config->junit, "junit", given);
    }
    return readable && check_values(config, command, given, err) == 0 ? FLAGS_OK
                                                                      : FLAGS_CONFIG_ERROR;
}

/* A sweep of results must not replace one that builds and can be resumed. */
static void set_command_defaults(struct config *config, enum flag_command command,
                                 const struct strv *operands)
{
    if (!config->label)
        config->label = xstrdup(command == FLAGS_CHECK     ? "check"
                                : command == FLAGS_REFRESH ? "refresh"
                                : command == FLAGS_FIT     ? "fit"
                                : command == FLAGS_BISECT  ? "bisect"
                                : command == FLAGS_IMPORT  ? "import"
                                : command != FLAGS_SWEEP   ? "run"
                                : operands->count          ? "results"
                                                           : "sweep");
    if (!config->runs && command != FLAGS_CHECK)
        config->runs = command == FLAGS_BISECT ? 8 : command == FLAGS_REFRESH ? 3 : 1;
}

static int usage_error(int option, const char *argument, struct bm_error *err)
{
    if (option == ':')
        return bm_error_set(err, "%s needs a value", argument);
    return optopt >= OPTION_FLAG ? bm_error_set(err, "%s: this flag takes no value", argument)
                                 : bm_error_set(err, "unknown flag %s", argument);
}

/* ---- the arguments of a refresh ---- */

/* Flags of this run alone, and what a refresh is given by a person. */
static bool is_kept(const struct setting *setting)
{
    static const char *const dropped[] = {"label", "runs",    "junit",  "json-only",
                                          "quiet", "verbose", "reason", "allow-increase"};
    for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
        if (strcmp(setting->flag, dropped[i]) == 0)
            return false;
    return setting->commands & FLAGS_REFRESH;
}

/* The value of a variable can be a secret, and the arguments end up in reports. Without it, the
 * refresh takes the variable of its own environment. */
static char *kept_value(const struct given_flag *given)
{
    size_t length = strcmp(given->setting->flag, "env") == 0 ? strcspn(given->value, "=")
                                                             : strlen(given->value);
    char *value CLEANUP(cleanup_free) = xstrndup(given->value, length);
    return text_shell_word(value);
}

static char *refresh_arguments(const struct config *config, const struct given_flags *given)
{
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    for (size_t i = 0; i < given->count; i++) {
        const struct setting *setting = given->items[i].setting;
        if (!is_kept(setting))
            continue;
        char *value CLEANUP(cleanup_free) = setting->argument ? kept_value(&given->items[i]) : NULL;
        fprintf(out, " --%s%s%s", setting->flag, value ? " " : "", value ? value : "");
    }
    for (size_t i = 0; i < config->build_argv.count; i++) {
        char *word CLEANUP(cleanup_free) = text_shell_word(config->build_argv.items[i]);
        fprintf(out, "%s %s", i ? "" : " --", word);
    }
    xmemstream_close(out);
    return text;
}

enum flags_outcome flags_read(struct config *config, enum flag_command command, int argc,
                              char **argv, struct strv *operands, struct bm_error *err)
{
    struct option options[MAX_SETTINGS];
    struct given_flags given CLEANUP(given_flags_release) = {
        .items = xcalloc((size_t)argc, sizeof *given.items)};
    config_init(config);
    if (command & FLAGS_FILES)
        free(steal_ptr(config->baseline));
    fill_options(command, options);
    optind = 0;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "-:hV", options, NULL)) != -1;) {
        if (option == OPTION_HELP)
            return FLAGS_HELP;
        if (option == OPTION_VERSION)
            return FLAGS_VERSION;
        if (option == OPTION_OPERAND) {
            strv_push(operands, optarg);
        } else if (option >= OPTION_FLAG) {
            given.items[given.count++] =
                (struct given_flag){&settings[option - OPTION_FLAG], optarg};
        } else {
            (void)usage_error(option, argv[optind - 1], err);
            return FLAGS_ERROR;
        }
    }
    for (; optind < argc; optind++)
        strv_push(command & (FLAGS_MEASURE | FLAGS_COMPARE) ? &config->build_argv : operands,
                  argv[optind]);
    config->refresh_arguments = refresh_arguments(config, &given);
    enum flags_outcome outcome = merge(config, command, &given, err);
    set_command_defaults(config, command, operands);
    return outcome;
}

char *flags_help(enum flag_command command)
{
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    for (const struct setting *setting = settings; setting->flag; setting++) {
        if (!(setting->commands & command))
            continue;
        char *head CLEANUP(cleanup_free) =
            xasprintf("--%s%s%s", setting->flag, setting->argument ? " " : "",
                      setting->argument ? setting->argument : "");
        fprintf(out, "  %-22s %s", head, setting->help);
        if (setting->standard)
            fprintf(out, " (default: %s)", setting->standard);
        fputc('\n', out);
    }
    fputs("  --help, --version\n", out);
    xmemstream_close(out);
    return text;
}
