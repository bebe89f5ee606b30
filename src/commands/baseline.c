/* build-mem baseline: refresh accepts results as the new baseline; show prints it. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/git.h"
#include "base/text.h"
#include "base/units.h"
#include "baseline/disturbed.h"
#include "baseline/store.h"
#include "commands/commands.h"
#include "gate/judge.h"
#include "measurement/advice.h"
#include "measurement/metric.h"
#include "measurement/validity.h"
#include "result/result.h"
#include "run/measure.h"
#include "run/output.h"
#include "run/publish.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void print_metric(const struct baseline_metric *metric)
{
    int64_t median = median_of(metric->values, metric->count);
    bool duration = strcmp(metric_unit(metric->name), "ms") == 0;
    char *(*format)(int64_t) = duration ? format_duration : format_bytes;
    char *median_text CLEANUP(cleanup_free) = format(median);
    char *allowed CLEANUP(cleanup_free) = format(baseline_metric_allows(metric));
    char *budget CLEANUP(cleanup_free) = format(metric->tolerance.budget);
    printf("  %-24s %12s  allowed %12s  %-4s  %zu run%s%s%s\n", metric->name, median_text, allowed,
           level_name(metric->tolerance.level), metric->count, metric->count == 1 ? "" : "s",
           metric->tolerance.budget > 0 ? "  budget " : "",
           metric->tolerance.budget > 0 ? budget : "");
}

static void print_environment(const struct baseline_environment *entry)
{
    char *key CLEANUP(cleanup_free) = environment_key_text(&entry->key);
    char *reason CLEANUP(cleanup_free) =
        text_one_line(entry->accepted_reason ? entry->accepted_reason : "");
    char *by CLEANUP(cleanup_free) = text_one_line(entry->accepted_by ? entry->accepted_by : "");
    puts(key);
    char *commit CLEANUP(cleanup_free) = git_short_commit(entry->accepted_commit);
    printf("  accepted %s%s%s%s%s%s%s\n", entry->accepted_at,
           entry->accepted_commit ? " at commit " : "", commit, *by ? " by " : "", by,
           *reason ? ": " : "", reason);
    for (size_t i = 0; i < entry->count; i++)
        print_metric(&entry->metrics[i]);
}

static int show(const struct config *config)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct baseline baseline CLEANUP(baseline_release) = {0};
    struct git_base base CLEANUP(git_base_release) = {0};
    if (baseline_load(config, &baseline, &base, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    for (size_t i = 0; i < baseline.count; i++)
        print_environment(&baseline.environments[i]);
    if (baseline.count == 0)
        puts("no accepted results");
    return EXIT_PASS;
}

/* The runs to accept, and the terms. */
struct accepting {
    const struct measurement *runs;
    size_t count;
    struct acceptance acceptance;
};

static int accept_into(struct baseline *baseline, void *context, struct bm_error *err)
{
    const struct accepting *accepting = context;
    return baseline_accept(baseline, accepting->runs, accepting->count, &accepting->acceptance,
                           err);
}

/* Explains the levels of a baseline that was recorded at a memory limit. */
static void print_cut_off(const struct measurement *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!peak_is_cut_off(&runs[i]))
            continue;
        char *reason CLEANUP(cleanup_free) = cut_off_reason(&runs[i]);
        printf("build-mem: unreclaimable_peak is judged instead of cgroup_peak: %s\n", reason);
        return;
    }
}

/* Checks all that can be checked before a build, which can take an hour. */
static int check_refresh(const struct config *config, struct bm_error *err)
{
    struct baseline baseline CLEANUP(baseline_release) = {0};
    char *path CLEANUP(cleanup_free) = baseline_path(config);
    if (config->allow_increase && !config->reason)
        return bm_error_set(err, "--allow-increase requires a reason: add --reason TEXT");
    if (output_check_file(config, config->baseline, err) < 0)
        return -1;
    return access(path, F_OK) == 0 ? baseline_read(path, &baseline, err) : 0;
}

/* Writes the baseline into the file, or (`dry`) only checks that the runs can be accepted. */
static int try_accept(const char *path, bool dry, struct accepting *accepting,
                      struct baseline *baseline, struct bm_error *err)
{
    if (!dry)
        return baseline_update(path, accept_into, accepting, baseline, err);
    *baseline = (struct baseline){0};
    bool readable = access(path, F_OK) != 0 || baseline_read(path, baseline, err) == 0;
    return readable ? accept_into(baseline, accepting, err) : -1;
}

static int accept_runs(const struct config *config, const struct measurement *runs, size_t count,
                       bool dry, struct bm_error *err)
{
    struct baseline baseline CLEANUP(baseline_release) = {0};
    char *path CLEANUP(cleanup_free) = baseline_path(config);
    char *by CLEANUP(cleanup_free) = git_line(config->repo, "config", "user.name");
    char *at CLEANUP(cleanup_free) = utc_now();
    struct accepting accepting = {.runs = runs,
                                  .count = count,
                                  .acceptance = {.allow_increase = config->allow_increase,
                                                 .reason = config->reason,
                                                 .commit = runs[count - 1].commit,
                                                 .by = by,
                                                 .at = at}};
    if (output_check_file(config, config->baseline, err) < 0 ||
        try_accept(path, dry, &accepting, &baseline, err) < 0)
        return -1;
    if (!dry && !config->json_only) {
        printf("build-mem: %s now holds %zu run%s:\n", path, count, count == 1 ? "" : "s");
        print_environment(baseline_find(&baseline, &runs[0]));
        print_cut_off(runs, count);
    }
    return 0;
}

static bool needs_another_run(const struct measurement *runs, size_t count, void *context)
{
    const size_t *wanted = context;
    char *reason CLEANUP(cleanup_free) = refresh_rerun_reason(runs, count, *wanted);
    if (reason)
        fprintf(stderr, "build-mem: measuring again: %s\n", reason);
    return reason || count < *wanted;
}

/* The commit of the runs is NULL outside of a git repository. */
static char *advice_to_keep(const struct config *config, const struct measurement *runs)
{
    char *file CLEANUP(cleanup_free) = text_shell_word(config->baseline);
    char *repo CLEANUP(cleanup_free) = text_shell_word(config->repo);
    char *command CLEANUP(cleanup_free) = xasprintf("git -C %s add -- %s", repo, file);
    return runs->commit ? advice_text(ADVICE_COMMIT_BASELINE, command)
                        : advice_text(ADVICE_KEEP_BASELINE, file);
}

/* Measures the build and accepts the runs. */
static int refresh_from_runs(const struct config *config)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct judgement judgement CLEANUP(judgement_release);
    struct runs runs CLEANUP(runs_release) = {0};
    struct measurement *kept CLEANUP(cleanup_free) = NULL;
    char *reason CLEANUP(cleanup_free) = NULL;
    size_t wanted = (size_t)config->runs;
    int status;
    judgement_init(&judgement);
    if (publish_begin(config, &status, &err) < 0)
        return bm_error_print(&err, status);
    if (check_refresh(config, &err) < 0)
        return publish_failure(config, &err, EXIT_USAGE);
    if (measure_while(config, NULL, needs_another_run, &wanted, &runs, &status, &err) < 0)
        return publish_failure(config, &err, status);
    kept = xcalloc(runs.count, sizeof *kept);
    size_t count = runs_to_accept(runs.measurements, runs.count, kept, &reason);
    const struct measurement *accepted = count < wanted ? runs.measurements : kept;
    if (count < wanted)
        count = runs.count;
    note_refresh(runs.measurements, runs.count, count, reason, &judgement.notes);
    judge_alone(runs.measurements, runs.count, &judgement);
    /* The verdict is that of the refresh: runs that cannot be accepted do not pass. */
    if (judgement.verdict == VERDICT_PASS && accept_runs(config, accepted, count, true, &err) < 0) {
        judgement.verdict = VERDICT_NO_BASELINE;
        judgement.reason = xasprintf("the baseline is not refreshed: %s", err.message);
        free(judgement.advice);
        judgement.advice = advice_text(ADVICE_REFRESH_REFUSED, config->refresh_arguments);
    } else if (judgement.verdict == VERDICT_PASS) {
        free(judgement.advice);
        judgement.advice = advice_to_keep(config, runs.measurements);
    }
    status = publish(config, &runs, &judgement);
    bool written = status != EXIT_PASS || accept_runs(config, accepted, count, false, &err) == 0;
    if (written && status == EXIT_PASS && !config->json_only)
        printf("to check later builds, run:\n  build-mem check%s\n", config->refresh_arguments);
    return written ? status : bm_error_print(&err, EXIT_USAGE);
}

/* The same result twice would count as two runs. */
static int refuse_twice(const struct strv *paths, struct bm_error *err)
{
    for (size_t i = 0; i < paths->count; i++)
        for (size_t j = 0; j < i; j++) {
            struct stat one, other;
            if (stat(paths->items[i], &one) == 0 && stat(paths->items[j], &other) == 0 &&
                one.st_dev == other.st_dev && one.st_ino == other.st_ino)
                return bm_error_set(err, "%s: this result is given twice; name each result once",
                                    paths->items[i]);
        }
    return 0;
}

/* No check would find an entry with them. */
static int refuse_imported(const char *path, const struct measurement *m, struct bm_error *err)
{
    return measurement_is_imported(m)
               ? bm_error_set(err,
                              "%s: imported figures cannot be accepted: check compares only "
                              "measured ones; compare imported results with build-mem compare",
                              path)
               : 0;
}

/* Accepts stored results of earlier runs, from this machine or another. */
static int refresh_from_files(const struct config *config, const struct strv *paths)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement *runs = xcalloc(paths->count, sizeof *runs);
    size_t count = 0;
    int status = check_refresh(config, &err) < 0 || refuse_twice(paths, &err) < 0
                     ? bm_error_print(&err, EXIT_USAGE)
                     : EXIT_PASS;
    while (count < paths->count && status == EXIT_PASS) {
        if (result_read_measurement(paths->items[count], &runs[count], &err) < 0 ||
            refuse_imported(paths->items[count], &runs[count], &err) < 0)
            status = bm_error_print(&err, EXIT_USAGE);
        count++;
    }
    if (status == EXIT_PASS && accept_runs(config, runs, count, false, &err) < 0)
        status = bm_error_print(&err, EXIT_USAGE);
    while (count)
        measurement_release(&runs[--count]);
    free(runs);
    return status;
}

static int refresh(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0};
    int status;
    if (command_begin(&config, FLAGS_REFRESH, "baseline refresh [flags] [RESULT...]", argc, argv,
                      &operands, &status) < 0)
        return status;
    return operands.count ? refresh_from_files(&config, &operands) : refresh_from_runs(&config);
}

static int show_command(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    int status;
    if (command_begin_without_operands(&config, FLAGS_SHOW, "baseline show [flags]", argc, argv,
                                       &status) < 0)
        return status;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    if (baseline_settle(&config, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    return show(&config);
}

int command_baseline(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "refresh") == 0)
        return refresh(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "show") == 0)
        return show_command(argc - 1, argv + 1);
    bool help = asks_for_help(argc, argv);
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return show_command(argc, argv);
    if (argc > 1 && !help)
        fprintf(stderr, "build-mem: baseline: unknown subcommand \"%s\"\n", argv[1]);
    fputs("Usage: build-mem baseline refresh [flags] [RESULT...]\n"
          "       build-mem baseline show [flags]\n",
          help ? stdout : stderr);
    return help ? EXIT_PASS : EXIT_USAGE;
}
