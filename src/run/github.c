#include "run/github.h"

#include "base/alloc.h"
#include "report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The runner makes these files; each step adds to what is there. */
static void append_to(const char *variable, const char *text)
{
    const char *path = getenv(variable);
    if (!path || !*path)
        return;
    FILE *file = fopen(path, "ae");
    bool bad = !file || fputs(text, file) == EOF;
    bad = (file && fclose(file) != 0) || bad;
    if (bad)
        fprintf(stderr, "build-mem: $%s, %s: %s\n", variable, path, strerror(errno));
}

void github_report(const struct measurement *m, const struct judgement *judgement,
                   const char *result_path)
{
    const char *github = getenv("GITHUB_ACTIONS");
    if (!github || strcmp(github, "true") != 0)
        return;
    char *annotations CLEANUP(cleanup_free) = github_annotations(m, judgement);
    char *summary CLEANUP(cleanup_free) = markdown_text(m, judgement);
    fputs(annotations, stderr);
    append_to("GITHUB_STEP_SUMMARY", summary);
    char *peak CLEANUP(cleanup_free) =
        m->peak.cgroup_bytes < 0 ? xstrdup("") : xasprintf("%" PRId64, m->peak.cgroup_bytes);
    /* Absolute, since later steps may stand elsewhere. A line break would start another output. */
    char *path CLEANUP(cleanup_free) = realpath(result_path, NULL);
    char *outputs CLEANUP(cleanup_free) =
        xasprintf("verdict=%s\npeak-bytes=%s\nresult=%s\n", verdict_name(judgement->verdict), peak,
                  path && !strpbrk(path, "\r\n") ? path : "");
    append_to("GITHUB_OUTPUT", outputs);
}
