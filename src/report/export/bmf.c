/* Bencher Metric Format. A benchmark for the build and one for each of its stages; their measures
 * are named so that Bencher makes them where it does not know them yet. An estimate is never
 * compared with a peak of the kernel's, so it is a measure of its own. */
#include "base/alloc.h"
#include "base/json_write.h"
#include "base/text.h"
#include "base/units.h"
#include "report/export/figures.h"
#include "report/report.h"

static const char *const measures[FIGURE_KINDS] = {
    [FIGURE_CGROUP_PEAK] = "cgroup-peak", [FIGURE_UNRECLAIMABLE_PEAK] = "unreclaimable-peak",
    [FIGURE_DURATION] = "build-time", /* Bencher's own, in seconds */
    [FIGURE_STAGE_PSS_PEAK] = "pss-peak", [FIGURE_STAGE_CGROUP_PEAK] = "cgroup-peak",
};

/* The member of that name; a new one where there is none. */
static cJSON *benchmark_of(cJSON *root, const char *label, const char *stage)
{
    char *raw CLEANUP(cleanup_free) =
        stage ? xasprintf("%s stage:%s", label, stage) : xstrdup(label);
    char *name CLEANUP(cleanup_free) = text_one_line(raw);
    cJSON *known = cJSON_GetObjectItemCaseSensitive(root, name);
    return known ? known : json_add_object(root, name);
}

static void add_figure(cJSON *root, const char *label, const struct figure *figure)
{
    char *measure CLEANUP(cleanup_free) =
        xasprintf("%s%s", measures[figure->kind], figure->estimated ? "-estimated" : "");
    cJSON *metric = json_add_object(benchmark_of(root, label, figure->stage), measure);
    char *seconds CLEANUP(cleanup_free) = format_seconds(figure->value);
    if (figure->kind == FIGURE_DURATION)
        cJSON_AddRawToObject(metric, "value", seconds);
    else
        json_add_integer(metric, "value", figure->value);
}

char *bmf_text(const struct measurement *runs, size_t count)
{
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    for (size_t i = 0; i < count; i++) {
        size_t figure_count;
        struct figure *figures CLEANUP(cleanup_free) = measured_figures(&runs[i], &figure_count);
        for (size_t k = 0; k < figure_count; k++)
            add_figure(root, runs[i].label, &figures[k]);
    }
    return json_print(root, 1);
}
