/* build-mem report: the HTML page from what a run has stored. */
#include "report/report.h"
#include "base/alloc.h"
#include "base/file.h"
#include "commands/commands.h"
#include "gate/judge.h"
#include "measurement/result.h"

#include <stdio.h>
#include <string.h>

/* A stored run: its result, and the courses that lie beside it. */
struct stored_run {
    struct measurement m;
    struct course course;
};

static void stored_run_release(struct stored_run *run)
{
    measurement_release(&run->m);
    course_release(&run->course);
}

static int read_run(const char *path, struct stored_run *run, struct bm_error *err)
{
    const char *slash = strrchr(path, '/');
    char *dir CLEANUP(cleanup_free) =
        slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup("");
    if (result_read(path, &run->m, err) < 0)
        return -1;
    const char *label = measurement_files_label(&run->m);
    if (strchr(label, '/'))
        return bm_error_set(err, "%s: the label \"%s\" names no files", path, label);
    return course_of_label(dir, label, &run->course, err);
}

/* "DIR/result-NAME.json" becomes "DIR/report-NAME.html". */
static char *output_beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    if (length > 5 && strcmp(name + length - 5, ".json") == 0)
        length -= 5;
    bool plain = strncmp(name, "result-", 7) != 0;
    return xasprintf("%.*sreport-%.*s.html", (int)(name - path), path,
                     (int)(plain ? length : length - 7), plain ? name : name + 7);
}

/* What `check` found stands in the result; a baseline that is named has it judged anew. */
static int settle_judgement(const char *path, const struct measurement *m,
                            const char *baseline_file, struct judgement *judgement,
                            struct bm_error *err)
{
    struct baseline baseline CLEANUP(baseline_release) = {0};
    bool found = false;
    if (baseline_file) {
        if (baseline_read(baseline_file, &baseline, err) < 0)
            return -1;
        judge(&baseline, baseline_file, m, 1, false, judgement);
        return 0;
    }
    if (judgement_read(path, judgement, &found, err) < 0)
        return -1;
    if (!found)
        judge_alone(m, 1, judgement);
    return 0;
}

static int report(const struct config *config, const char *path)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct stored_run run CLEANUP(stored_run_release) = {0},
                          before CLEANUP(stored_run_release) = {0};
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    if (read_run(path, &run, &err) < 0 ||
        (config->against && read_run(config->against, &before, &err) < 0) ||
        settle_judgement(path, &run.m, config->baseline, &judgement, &err) < 0)
        return command_failed(&err, EXIT_USAGE);
    char *page CLEANUP(cleanup_free) =
        html_text(&(struct html_report){.m = &run.m,
                                        .course = &run.course,
                                        .judgement = &judgement,
                                        .before = config->against ? &before.m : NULL,
                                        .before_course = &before.course});
    char *output CLEANUP(cleanup_free) =
        config->output ? xstrdup(config->output) : output_beside(path);
    if (file_write_atomic(output, page, strlen(page), &err) < 0)
        return command_failed(&err, EXIT_USAGE);
    puts(output);
    return EXIT_PASS;
}

int command_report(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int status;
    if (command_begin(&config, FLAGS_REPORT, "report RESULT [flags]", argc, argv, &operands,
                      &status) < 0)
        return status;
    if (operands.count != 1) {
        bm_error_set(&err, "report takes one file, a result: .build-mem/result-NAME.json");
        return command_failed(&err, EXIT_USAGE);
    }
    return report(&config, operands.items[0]);
}
