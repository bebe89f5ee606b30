/* The HTML page (html_text of report.h), part by part. Private to report/html and its tests.
 *
 * html.c writes elements. page.c writes the page, the verdict, the main figures, the composition
 * and the disturbance. timeline.c draws the chart, and layers.c computes its areas. tables.c writes
 * the tables. trend.c writes the page of `build-mem trend`, sweep.c
 * that of `build-mem sweep`. */
#ifndef BM_REPORT_HTML_HTML_H
#define BM_REPORT_HTML_HTML_H

#include "report/report.h"
#include "report/xml.h"

/* Generated from page.css and page.js at build time. */
extern const char html_css[];
extern const char html_js[];
extern const char html_js_sha256[]; /* base64, for the content security policy of the page */

/* ---- elements; `class` can be NULL ---- */

void html_open(struct xml *xml, const char *name, const char *class);
/* Ends the element and the line. */
void html_close(struct xml *xml);
/* Writes a whole element with a text. */
void html_element(struct xml *xml, const char *name, const char *class, const char *text);
/* Opens a section with a heading. html_close ends it. `id` is the target of links. */
void html_section(struct xml *xml, const char *id, const char *title);
/* Opens a table with its head. The list of titles ends with NULL; '>' marks a column of figures.
 * html_table_end ends it. */
void html_table(struct xml *xml, const char *caption, const char *const *titles);
void html_table_end(struct xml *xml);
/* Writes the head cell of a row. */
void html_row_head(struct xml *xml, const char *text);
/* Writes a right-aligned figure, or a dash if it is unmeasured. */
void html_figure_cell(struct xml *xml, const char *unit, int64_t figure);
/* Writes the change between two figures and its percentage; writes an empty cell if one is
 * unmeasured. */
void html_delta_cell(struct xml *xml, const char *unit, int64_t from, int64_t to,
                     const char *class);

/* ---- pages without a script: trend.c, sweep.c ---- */

/* Starts the document, and writes its head. */
void html_put_head(struct xml *xml, const char *title);
/* Writes a path of an SVG picture. */
void html_path(struct xml *xml, const char *class, const char *shape);
/* Writes a figure at an axis: `style` is "top" or "left", at this percentage of the canvas. */
void html_tick(struct xml *xml, const char *class, const char *style, double percent,
               const char *text);
void html_legend_item(struct xml *xml, const char *class, const char *text);

/* Returns the class of a finding: "good", "warn", "bad" or NULL. Static. */
const char *html_finding_class(const struct finding *finding, const struct judgement *judgement);

/* ---- parts of the page; each omits unmeasured figures ---- */

void html_put_timeline(struct xml *xml, const struct report_input *report);
void html_put_findings(struct xml *xml, const struct report_input *report);
void html_put_stages(struct xml *xml, const struct report_input *report);
void html_put_processes(struct xml *xml, const struct report_input *report);
void html_put_largest(struct xml *xml, const struct report_input *report);
void html_put_deep(struct xml *xml, const struct report_input *report);
void html_put_composition(struct xml *xml, const struct report_input *report);
void html_put_verify(struct xml *xml, const struct report_input *report);
void html_put_environment(struct xml *xml, const struct report_input *report);

/* ---- the areas of the timeline ---- */

#define LAYERS_MAX 12
/* The layers of processes: the largest groups and the others. */
#define PROCESS_LAYERS 7

/* Stacked areas that divide the memory charged to the build. At each point they add up to the usage
 * of the sample (sample_usage). */
struct layers {
    struct layer {
        const char *class; /* static */
        char *name;        /* owned */
    } layers[LAYERS_MAX];  /* from the bottom to the top */
    size_t count;
    int64_t *at_ms; /* of each point */
    size_t points;
    int64_t *bytes; /* see layer_at */
};

/* Divides the usage at the highest sample of each column: anonymous and shared memory by process
 * name, page cache, kernel memory, and unattributed memory. Interpolates the memory of a process
 * between two process samples. Copy-on-write estimates can exceed the charged anonymous and shared
 * memory; the function scales them down to it. Without process samples, anonymous memory and shared
 * memory have a layer each. Omits layers that are always 0. */
struct layers layers_of(const struct series *series, const struct series_column *columns,
                        size_t count);
int64_t *layer_at(const struct layers *layers, size_t layer, size_t point);
/* Can be used with CLEANUP. */
void layers_release(struct layers *layers);

#endif
