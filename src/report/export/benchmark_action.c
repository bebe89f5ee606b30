/* The list that github-action-benchmark keeps a chart of each member of. Charts are for people, so
 * sizes are in MiB. An estimate is never compared with a peak of the kernel's, so it has a chart of
 * its own. */
#include "base/alloc.h"
#include "base/json_write.h"
#include "base/text.h"
#include "base/units.h"
#include "report/export/figures.h"
#include "report/report.h"

static const char *const names[FIGURE_KINDS] = {
    [FIGURE_CGROUP_PEAK] = "cgroup_peak",
    [FIGURE_UNRECLAIMABLE_PEAK] = "unreclaimable_peak",
    [FIGURE_DURATION] = "duration",
    [FIGURE_STAGE_PSS_PEAK] = "pss_peak",
    [FIGURE_STAGE_CGROUP_PEAK] = "cgroup_peak",
};

static void add_name(cJSON *entry, const char *label, const struct figure *figure)
{
    char *stage CLEANUP(cleanup_free) =
        figure->stage ? xasprintf(" stage:%s", figure->stage) : xstrdup("");
    char *raw CLEANUP(cleanup_free) = xasprintf("%s%s %s%s", label, stage, names[figure->kind],
                                                figure->estimated ? ", estimated" : "");
    char *name CLEANUP(cleanup_free) = text_one_line(raw);
    json_add_text(entry, "name", name);
}

static void add_value(cJSON *entry, const struct figure *figure)
{
    bool time = figure->kind == FIGURE_DURATION;
    char *value CLEANUP(cleanup_free) =
        time ? format_seconds(figure->value) : xasprintf("%.3f", (double)figure->value / MIB);
    json_add_text(entry, "unit", time ? "s" : "MiB");
    cJSON_AddRawToObject(entry, "value", value);
}

char *benchmark_action_text(const struct measurement *runs, size_t count)
{
    cJSON *list CLEANUP(cleanup_cjson) = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        size_t figure_count;
        struct figure *figures CLEANUP(cleanup_free) = measured_figures(&runs[i], &figure_count);
        for (size_t k = 0; k < figure_count; k++) {
            cJSON *entry = cJSON_CreateObject();
            cJSON_AddItemToArray(list, entry);
            add_name(entry, runs[i].label, &figures[k]);
            add_value(entry, &figures[k]);
        }
    }
    return json_print(list, 1);
}
