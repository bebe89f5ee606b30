/* The figures of runs for other tools: one list of figures, three formats. An unmeasured figure is
 * left out. An estimate is not comparable with the kernel's counter, so it has a name of its own.
 */
#include "report/report.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/text.h"
#include "base/units.h"

#include <inttypes.h>

/* ---- the figures ---- */

enum figure_kind {
    FIGURE_CGROUP_PEAK,
    FIGURE_UNRECLAIMABLE_PEAK,
    FIGURE_DURATION,
    FIGURE_STAGE_PSS_PEAK,
    FIGURE_STAGE_CGROUP_PEAK,
    FIGURE_STAGE_UNRECLAIMABLE_PEAK,
    FIGURE_KINDS
};

struct figure {
    enum figure_kind kind;
    const char *stage; /* borrowed; NULL: of the whole build */
    int64_t value;     /* bytes; FIGURE_DURATION: milliseconds */
    bool estimated;    /* a cgroup peak that is the highest sample, not the kernel's counter */
};

/* The names of the figures. Each family of OpenMetrics ends in its unit. */
static const struct {
    const char *bmf_measure;
    const char *benchmark;
    const char *family, *unit, *help; /* of OpenMetrics */
} names[FIGURE_KINDS] = {
    [FIGURE_CGROUP_PEAK] = {"cgroup-peak", "cgroup_peak", "build_mem_cgroup_peak_bytes", "bytes",
                            "Memory peak: the most memory charged to the build's cgroup."},
    [FIGURE_UNRECLAIMABLE_PEAK] = {"unreclaimable-peak", "unreclaimable_peak",
                                   "build_mem_unreclaimable_peak_bytes", "bytes",
                                   "The most memory that the kernel could not reclaim."},
    [FIGURE_DURATION] = {"build-time" /* Bencher's own, in seconds */, "duration",
                         "build_mem_duration_seconds", "seconds", "Wall time of the build."},
    [FIGURE_STAGE_PSS_PEAK] = {"pss-peak", "pss_peak", "build_mem_stage_pss_peak_bytes", "bytes",
                               "Highest sum of PSS over the stage's own processes."},
    [FIGURE_STAGE_CGROUP_PEAK] = {"cgroup-peak", "cgroup_peak", "build_mem_stage_cgroup_peak_bytes",
                                  "bytes",
                                  "The most memory charged to the build's cgroup in the stage; "
                                  "the highest sample if exact is false."},
    [FIGURE_STAGE_UNRECLAIMABLE_PEAK] = {"unreclaimable-peak", "unreclaimable_peak",
                                         "build_mem_stage_unreclaimable_peak_bytes", "bytes",
                                         "The most memory that the kernel could not reclaim while "
                                         "the stage was current."},
};

struct figures {
    struct figure *items;
    size_t count;
};

static void add_if_measured(struct figures *figures, struct figure figure)
{
    if (figure.value >= 0)
        figures->items[figures->count++] = figure;
}

/* Returns the figures of the build, then those of each stage that was seen. The caller frees the
 * items. */
static struct figures measured_figures(const struct measurement *m)
{
    struct figures figures = {.items = xcalloc(3 + 3 * m->stage_count, sizeof *figures.items)};
    add_if_measured(&figures, (struct figure){.kind = FIGURE_CGROUP_PEAK,
                                              .value = m->peak.cgroup_bytes,
                                              .estimated = m->peak.estimated});
    add_if_measured(&figures, (struct figure){.kind = FIGURE_UNRECLAIMABLE_PEAK,
                                              .value = m->peak.unreclaimable_bytes});
    add_if_measured(&figures,
                    (struct figure){.kind = FIGURE_DURATION, .value = m->build.duration_ms});
    for (size_t i = 0; i < m->stage_count; i++) {
        const struct stage_measurement *stage = &m->stages[i];
        if (stage->first_ms < 0)
            continue;
        add_if_measured(&figures, (struct figure){.kind = FIGURE_STAGE_PSS_PEAK,
                                                  .stage = stage->name,
                                                  .value = stage->pss_peak_bytes});
        add_if_measured(&figures, (struct figure){.kind = FIGURE_STAGE_CGROUP_PEAK,
                                                  .stage = stage->name,
                                                  .value = stage->cgroup_peak_bytes,
                                                  .estimated = !stage->cgroup_peak_exact});
        add_if_measured(&figures, (struct figure){.kind = FIGURE_STAGE_UNRECLAIMABLE_PEAK,
                                                  .stage = stage->name,
                                                  .value = stage->unreclaimable_peak_bytes});
    }
    return figures;
}

/* Returns what keeps a figure apart from an exact one of the same build; NULL: nothing. Static. */
static const char *doubt_of(const struct measurement *m, const struct figure *figure)
{
    return measurement_is_imported(m) ? "imported" : figure->estimated ? "estimated" : NULL;
}

/* ---- Bencher Metric Format: a benchmark for the build and one for each stage ---- */

/* Returns the member of that name, which is created if it does not exist. */
static cJSON *bmf_benchmark(cJSON *root, const char *label, const char *stage)
{
    char *raw CLEANUP(cleanup_free) =
        stage ? xasprintf("%s stage:%s", label, stage) : xstrdup(label);
    char *name CLEANUP(cleanup_free) = text_one_line(raw);
    cJSON *known = cJSON_GetObjectItemCaseSensitive(root, name);
    return known ? known : json_add_object(root, name);
}

static void add_bmf_figure(cJSON *root, const struct measurement *m, const struct figure *figure)
{
    const char *doubt = doubt_of(m, figure);
    char *measure CLEANUP(cleanup_free) =
        xasprintf("%s%s%s", names[figure->kind].bmf_measure, doubt ? "-" : "", doubt ? doubt : "");
    cJSON *metric = json_add_object(bmf_benchmark(root, m->label, figure->stage), measure);
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
        const struct figures figures = measured_figures(&runs[i]);
        for (size_t k = 0; k < figures.count; k++)
            add_bmf_figure(root, &runs[i], &figures.items[k]);
        free(figures.items);
    }
    return json_print(root, 1);
}

/* ---- github-action-benchmark: a list with a chart for each member ---- */

static void add_benchmark(cJSON *list, const struct measurement *m, const struct figure *figure)
{
    const char *doubt = doubt_of(m, figure);
    bool is_time = figure->kind == FIGURE_DURATION;
    char *stage CLEANUP(cleanup_free) =
        figure->stage ? xasprintf(" stage:%s", figure->stage) : xstrdup("");
    char *raw CLEANUP(cleanup_free) =
        xasprintf("%s%s %s%s%s", m->label, stage, names[figure->kind].benchmark, doubt ? ", " : "",
                  doubt ? doubt : "");
    char *name CLEANUP(cleanup_free) = text_one_line(raw);
    /* The charts are for people, so sizes are in MiB. */
    char *value CLEANUP(cleanup_free) =
        is_time ? format_seconds(figure->value) : xasprintf("%.3f", (double)figure->value / MIB);
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddItemToArray(list, entry);
    json_add_text(entry, "name", name);
    json_add_text(entry, "unit", is_time ? "s" : "MiB");
    cJSON_AddRawToObject(entry, "value", value);
}

char *benchmark_action_text(const struct measurement *runs, size_t count)
{
    cJSON *list CLEANUP(cleanup_cjson) = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        const struct figures figures = measured_figures(&runs[i]);
        for (size_t k = 0; k < figures.count; k++)
            add_benchmark(list, &runs[i], &figures.items[k]);
        free(figures.items);
    }
    return json_print(list, 1);
}

/* ---- OpenMetrics: a family for each kind of figure, with a sample for each run and stage ---- */

static void put_family_head(FILE *out, const char *name, const char *unit, const char *help)
{
    fprintf(out, "# TYPE %s gauge\n", name);
    if (unit)
        fprintf(out, "# UNIT %s %s\n", name, unit);
    fprintf(out, "# HELP %s %s\n", name, help);
}

/* Escapes `value`, which comes from a configuration: it cannot end the value or the line. */
static void put_label(FILE *out, const char *before, const char *name, const char *value)
{
    char *line CLEANUP(cleanup_free) = text_one_line(value);
    fprintf(out, "%s%s=\"", before, name);
    for (const char *at = line; *at; at++)
        fprintf(out, "%s%c", *at == '\\' || *at == '"' ? "\\" : "", *at);
    fputc('"', out);
}

static void put_sample(FILE *out, const struct measurement *m, const struct figure *figure)
{
    fputs(names[figure->kind].family, out);
    put_label(out, "{", "label", m->label);
    if (figure->stage)
        put_label(out, ",", "stage", figure->stage);
    if (figure->kind == FIGURE_CGROUP_PEAK && m->peak.source)
        put_label(out, ",", "source", m->peak.source);
    if (figure->kind == FIGURE_STAGE_CGROUP_PEAK)
        put_label(out, ",", "exact", figure->estimated ? "false" : "true");
    char *seconds CLEANUP(cleanup_free) = format_seconds(figure->value);
    if (figure->kind == FIGURE_DURATION)
        fprintf(out, "} %s\n", seconds);
    else
        fprintf(out, "} %" PRId64 "\n", figure->value);
}

/* Leaves out a family without samples. */
static void put_family(FILE *out, enum figure_kind kind, const struct measurement *runs,
                       size_t count)
{
    bool has_head = false;
    for (size_t i = 0; i < count; i++) {
        const struct figures figures = measured_figures(&runs[i]);
        for (size_t k = 0; k < figures.count; k++) {
            if (figures.items[k].kind != kind)
                continue;
            if (!has_head)
                put_family_head(out, names[kind].family, names[kind].unit, names[kind].help);
            has_head = true;
            put_sample(out, &runs[i], &figures.items[k]);
        }
        free(figures.items);
    }
}

char *openmetrics_text(const struct measurement *runs, size_t count)
{
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    for (int kind = 0; kind < FIGURE_KINDS; kind++)
        put_family(out, (enum figure_kind)kind, runs, count);
    put_family_head(out, "build_mem_verified", NULL,
                    "1 if the build exited 0 and its required artifacts exist, else 0.");
    for (size_t i = 0; i < count; i++) {
        put_label(out, "build_mem_verified{", "label", runs[i].label);
        fprintf(out, "} %d\n", measurement_verified(&runs[i]));
    }
    fputs("# EOF\n", out);
    xmemstream_close(out);
    return text;
}
