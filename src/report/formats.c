#include "report/report.h"

#include "base/alloc.h"
#include "base/strv.h"

#include <string.h>

static char *write_markdown(const struct report_input *report)
{
    return markdown_text(report->m, report->judgement);
}

static char *write_trace(const struct report_input *report)
{
    return trace_text(report->m, report->series);
}

const struct report_format report_formats[] = {
    {.name = "html",
     .prefix = "report-",
     .suffix = ".html",
     .write_one = html_text,
     .shows_verdict = true,
     .shows_before = true,
     .reads_series = true},
    {.name = "markdown",
     .prefix = "report-",
     .suffix = ".md",
     .write_one = write_markdown,
     .shows_verdict = true},
    {.name = "openmetrics", .prefix = "metrics-", .suffix = ".txt", .write_all = openmetrics_text},
    {.name = "bmf", .prefix = "bmf-", .suffix = ".json", .write_all = bmf_text, .is_trend = true},
    {.name = "github-action-benchmark",
     .prefix = "benchmark-",
     .suffix = ".json",
     .write_all = benchmark_action_text,
     .is_trend = true},
    {.name = "chrome-trace",
     .prefix = "trace-",
     .suffix = ".json",
     .write_one = write_trace,
     .reads_series = true},
    {.name = NULL},
};

const struct report_format *report_format_find(const char *name, struct bm_error *err)
{
    for (const struct report_format *format = report_formats; format->name; format++)
        if (!name || strcmp(format->name, name) == 0)
            return format;
    char *names CLEANUP(cleanup_free) = report_format_names(", ");
    bm_error_set(err, "--format: \"%s\": must be one of %s", name, names);
    return NULL;
}

char *report_format_names(const char *separator)
{
    struct strv names CLEANUP(strv_release) = {0};
    for (const struct report_format *format = report_formats; format->name; format++)
        strv_push(&names, format->name);
    return strv_join(&names, separator);
}
