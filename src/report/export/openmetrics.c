/* OpenMetrics text: a family for each kind of figure, in it a sample for each run and stage. */
#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "report/export/figures.h"
#include "report/report.h"

#include <inttypes.h>

/* A family's name ends in its unit. */
static const struct family {
    const char *name, *unit, *help;
} families[FIGURE_KINDS] = {
    [FIGURE_CGROUP_PEAK] = {"build_mem_cgroup_peak_bytes", "bytes",
                            "The most that was charged to the build's control group."},
    [FIGURE_UNRECLAIMABLE_PEAK] = {"build_mem_unreclaimable_peak_bytes", "bytes",
                                   "The most that the kernel could not have dropped."},
    [FIGURE_DURATION] = {"build_mem_duration_seconds", "seconds", "The build's wall time."},
    [FIGURE_STAGE_PSS_PEAK] = {"build_mem_stage_pss_peak_bytes", "bytes",
                               "The highest sum of PSS over the build's processes in the stage."},
    [FIGURE_STAGE_CGROUP_PEAK] = {"build_mem_stage_cgroup_peak_bytes", "bytes",
                                  "The most that was charged while the stage ran; exact or the "
                                  "highest sample."},
};

static void put_head(FILE *out, const char *name, const char *unit, const char *help)
{
    fprintf(out, "# TYPE %s gauge\n", name);
    if (unit)
        fprintf(out, "# UNIT %s %s\n", name, unit);
    fprintf(out, "# HELP %s %s\n", name, help);
}

/* Names come from configurations: they end no value and no line. */
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
    fputs(families[figure->kind].name, out);
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

/* A family that has no sample is left out. */
static void put_family(FILE *out, enum figure_kind kind, const struct measurement *runs,
                       size_t count)
{
    bool begun = false;
    for (size_t i = 0; i < count; i++) {
        size_t figure_count;
        struct figure *figures CLEANUP(cleanup_free) = measured_figures(&runs[i], &figure_count);
        for (size_t k = 0; k < figure_count; k++) {
            if (figures[k].kind != kind)
                continue;
            if (!begun)
                put_head(out, families[kind].name, families[kind].unit, families[kind].help);
            begun = true;
            put_sample(out, &runs[i], &figures[k]);
        }
    }
}

static void put_verified(FILE *out, const struct measurement *runs, size_t count)
{
    put_head(out, "build_mem_verified", NULL,
             "1 where the build ended well and brought what it must; else its figures say little.");
    for (size_t i = 0; i < count; i++) {
        put_label(out, "build_mem_verified{", "label", runs[i].label);
        fprintf(out, "} %d\n", measurement_verified(&runs[i]));
    }
}

char *openmetrics_text(const struct measurement *runs, size_t count)
{
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    for (int kind = 0; kind < FIGURE_KINDS; kind++)
        put_family(out, (enum figure_kind)kind, runs, count);
    put_verified(out, runs, count);
    fputs("# EOF\n", out);
    xmemstream_close(out);
    return text;
}
