/* The figures of a run that other tools are given: one list for all formats. Inside of report/
 * only. */
#ifndef BM_REPORT_EXPORT_FIGURES_H
#define BM_REPORT_EXPORT_FIGURES_H

#include "measurement/measurement.h"

enum figure_kind {
    FIGURE_CGROUP_PEAK,
    FIGURE_UNRECLAIMABLE_PEAK,
    FIGURE_DURATION,
    FIGURE_STAGE_PSS_PEAK,
    FIGURE_STAGE_CGROUP_PEAK,
    FIGURE_KINDS
};

struct figure {
    enum figure_kind kind;
    const char *stage; /* borrowed; NULL: of the whole build */
    int64_t value;     /* bytes; FIGURE_DURATION: milliseconds */
    bool estimated;    /* of a peak of the cgroup: the highest sample, not the kernel's counter */
};

/* Those that were measured: the build's, then each stage's. The caller owns the array. */
struct figure *measured_figures(const struct measurement *m, size_t *count);

#endif
