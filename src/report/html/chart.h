/* The drawing of a timeline: its scale and its shapes. It is an SVG that is stretched to the width
 * of the page; the words lie over it as HTML, placed in percent, so that they keep their size.
 * Inside of report/ only. */
#ifndef BM_REPORT_HTML_CHART_H
#define BM_REPORT_HTML_CHART_H

#include "report/html/layers.h"
#include "report/report.h"
#include "report/xml.h"

/* In the drawing's own units. It has as many columns as a wide screen shows. */
#define CHART_WIDTH 960
#define CHART_HEIGHT 320

struct chart {
    struct xml *xml;
    const struct html_report *report;
    int64_t end_ms, top_bytes;              /* of the scale, which begins at 0 */
    int64_t step_bytes;                     /* from one line of the grid to the next */
    struct series_column *columns, *before; /* CHART_WIDTH of them; NULL: no other run */
};

/* Sets the scale, so that all of the runs and the lines near them are on it. */
void chart_settle(struct chart *chart);
double chart_x(const struct chart *chart, int64_t t_ms);
double chart_y(const struct chart *chart, int64_t bytes);
/* A line that is far above all else would flatten the picture: it is told, not drawn. */
bool chart_has_room_for(const struct chart *chart, int64_t bytes);

/* `class` says how a shape looks. A level line goes from `x1` to `x2`. */
void chart_put_line(const struct chart *chart, const char *class, double x1, double x2, double y);
void chart_put_grid(const struct chart *chart);
void chart_put_curve(const struct chart *chart, const struct series_column *columns,
                     const char *class);
void chart_put_layers(const struct chart *chart, const struct layers *layers);

#endif
