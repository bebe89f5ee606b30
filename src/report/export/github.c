/* Workflow commands of GitHub Actions: a failed metric as an annotation of the job.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
#include "report/report.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "report/wording.h"

#include <stdio.h>
#include <string.h>

/* GitHub shows ten errors per step and drops the others. */
#define ANNOTATIONS_MAX 10

/* Writes text on one line. Escapes '%', and in a property ':' and ','. */
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

static bool is_fault(const struct finding *finding, const struct judgement *judgement)
{
    return finding->message && (was_compared(judgement) || finding->budget >= 0) &&
           (finding->status == FINDING_FAILED || finding->status == FINDING_WARNED ||
            (finding->status == FINDING_MISSING && has_gone(finding)));
}

/* Returns actual / allowed; a metric that is gone comes before all others. */
static double excess_of(const struct finding *finding)
{
    if (finding->actual < 0)
        return 1e9;
    return finding->allowed > 0 ? (double)finding->actual / (double)finding->allowed : 1;
}

static int by_excess(const void *a, const void *b)
{
    const struct finding *one = *(const struct finding *const *)a;
    const struct finding *other = *(const struct finding *const *)b;
    bool one_warns = one->status == FINDING_WARNED, other_warns = other->status == FINDING_WARNED;
    if (one_warns != other_warns)
        return one_warns - other_warns;
    double by = excess_of(other) - excess_of(one);
    return by > 0 ? 1 : by < 0 ? -1 : 0;
}

static void put_findings(FILE *out, const struct measurement *m, const struct judgement *judgement,
                         size_t room)
{
    size_t count = 0;
    const struct finding **faults CLEANUP(cleanup_free) =
        xcalloc(judgement->finding_count + 1, sizeof *faults);
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (is_fault(&judgement->findings[i], judgement))
            faults[count++] = &judgement->findings[i];
    qsort(faults, count, sizeof *faults, by_excess);
    for (size_t i = 0; i < count && i < room; i++) {
        char *metric CLEANUP(cleanup_free) = format_metric(faults[i]->metric, m);
        char *title CLEANUP(cleanup_free) = xasprintf("build-mem: %s", metric);
        char *message CLEANUP(cleanup_free) =
            xasprintf("%s%s%s", faults[i]->message, faults[i]->largest ? "; largest: " : "",
                      faults[i]->largest ? faults[i]->largest : "");
        put_annotation(out, faults[i]->status == FINDING_WARNED ? "warning" : "error", title,
                       message);
    }
}

/* Whether the verdict is about the run, not about a metric. */
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
    put_findings(out, m, judgement, room);
    xmemstream_close(out);
    return text;
}
