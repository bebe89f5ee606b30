/* Workflow commands of GitHub Actions: a failed check as an annotation of the job.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
#include "report/report.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "report/wording.h"

#include <stdio.h>
#include <string.h>

/* GitHub shows ten of a step's errors and drops the others. */
#define ANNOTATIONS_MAX 10

/* '%' and line breaks would end the command; ':' and ',' a property. Text of one line. */
static void put_escaped(FILE *out, const char *text, bool property)
{
    char *line CLEANUP(cleanup_free) = text_one_line(text);
    for (const char *at = line; *at; at++) {
        if (*at == '%' || (property && (*at == ':' || *at == ',')))
            fprintf(out, "%%%02X", (unsigned)*at);
        else
            fputc(*at, out);
    }
}

static void put_annotation(FILE *out, const char *level, const char *title, const char *message)
{
    fprintf(out, "::%s title=", level);
    put_escaped(out, title, true);
    fputs("::", out);
    put_escaped(out, message, false);
    fputc('\n', out);
}

static bool is_trouble(const struct finding *check, const struct judgement *judgement)
{
    return check->message && was_compared(judgement) &&
           (check->status == FINDING_FAILED || check->status == FINDING_WARNED ||
            (check->status == FINDING_MISSING && has_gone(check)));
}

/* By how much it is over what is allowed; a metric that has gone weighs more than any. */
static double excess_of(const struct finding *check)
{
    if (check->actual < 0)
        return 1e9;
    return check->allowed > 0 ? (double)check->actual / (double)check->allowed : 1;
}

static int by_weight(const void *a, const void *b)
{
    const struct finding *one = *(const struct finding *const *)a;
    const struct finding *other = *(const struct finding *const *)b;
    bool one_warns = one->status == FINDING_WARNED, other_warns = other->status == FINDING_WARNED;
    if (one_warns != other_warns)
        return one_warns - other_warns;
    double by = excess_of(other) - excess_of(one);
    return by > 0 ? 1 : by < 0 ? -1 : 0;
}

static void put_checks(FILE *out, const struct measurement *m, const struct judgement *judgement,
                       size_t room)
{
    size_t count = 0;
    const struct finding **troubles CLEANUP(cleanup_free) =
        xcalloc(judgement->finding_count + 1, sizeof *troubles);
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (is_trouble(&judgement->findings[i], judgement))
            troubles[count++] = &judgement->findings[i];
    qsort(troubles, count, sizeof *troubles, by_weight);
    for (size_t i = 0; i < count && i < room; i++) {
        char *metric CLEANUP(cleanup_free) = format_metric(troubles[i]->metric, m);
        char *title CLEANUP(cleanup_free) = xasprintf("build-mem: %s", metric);
        put_annotation(out, troubles[i]->status == FINDING_WARNED ? "warning" : "error", title,
                       troubles[i]->message);
    }
}

/* What no single check tells: the build failed, nothing could be measured or compared. */
static bool is_about_the_run(enum verdict verdict)
{
    return verdict == VERDICT_BUILD_FAILED || verdict == VERDICT_INCONCLUSIVE ||
           verdict == VERDICT_NOT_COMPARABLE || verdict == VERDICT_NO_BASELINE;
}

char *github_annotations(const struct measurement *m, const struct judgement *judgement)
{
    char *text = NULL;
    size_t length, room = ANNOTATIONS_MAX;
    FILE *out = xmemstream_open(&text, &length);
    if (is_about_the_run(judgement->verdict) && judgement->reason) {
        char *title CLEANUP(cleanup_free) =
            xasprintf("build-mem: %s", verdict_name(judgement->verdict));
        put_annotation(out, "error", title, judgement->reason);
        room--;
    }
    put_checks(out, m, judgement, room);
    xmemstream_close(out);
    return text;
}
