#include "report/export/figures.h"

#include "base/alloc.h"

struct list {
    struct figure *figures;
    size_t count;
};

static void add(struct list *list, struct figure figure)
{
    if (figure.value >= 0)
        list->figures[list->count++] = figure;
}

static void add_stage(struct list *list, const struct stage_measurement *stage)
{
    add(list, (struct figure){.kind = FIGURE_STAGE_PSS_PEAK,
                              .stage = stage->name,
                              .value = stage->pss_peak_bytes});
    add(list, (struct figure){.kind = FIGURE_STAGE_CGROUP_PEAK,
                              .stage = stage->name,
                              .value = stage->cgroup_peak_bytes,
                              .estimated = !stage->cgroup_peak_exact});
}

struct figure *measured_figures(const struct measurement *m, size_t *count)
{
    struct list list = {.figures = xcalloc(3 + 2 * m->stage_count, sizeof *list.figures)};
    add(&list, (struct figure){.kind = FIGURE_CGROUP_PEAK,
                               .value = m->peak.cgroup_bytes,
                               .estimated = m->peak.estimated});
    add(&list,
        (struct figure){.kind = FIGURE_UNRECLAIMABLE_PEAK, .value = m->peak.unreclaimable_bytes});
    add(&list, (struct figure){.kind = FIGURE_DURATION, .value = m->build.duration_ms});
    for (size_t i = 0; i < m->stage_count; i++)
        if (m->stages[i].first_ms >= 0)
            add_stage(&list, &m->stages[i]);
    *count = list.count;
    return list.figures;
}
