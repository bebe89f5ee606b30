/* The HTML page, part by part. Inside of report/ only; the page as a whole is html_text() of
 * report.h. */
#ifndef BM_REPORT_HTML_HTML_H
#define BM_REPORT_HTML_HTML_H

#include "report/report.h"
#include "report/xml.h"

/* Written at build time from html.css and html.js. */
extern const char html_css[];
extern const char html_js[];
extern const char html_js_sha256[]; /* base64, for the page's content security policy */

/* ---- elements; `class` may be NULL ---- */

void html_open(struct xml *xml, const char *name, const char *class);
/* Ends the element and the line. */
void html_close(struct xml *xml);
/* A whole element with a text. */
void html_element(struct xml *xml, const char *name, const char *class, const char *text);
/* A section with its heading; html_close ends it. `id` is for links to it. */
void html_section(struct xml *xml, const char *id, const char *title);
/* A cell with a figure: right-aligned. */
void html_bytes_cell(struct xml *xml, int64_t bytes);
/* The change between two figures and how much that is, "" where one is unmeasured; `class` says
 * what it means, NULL where it is only told. */
void html_delta_cell(struct xml *xml, const char *unit, int64_t from, int64_t to,
                     const char *class);
/* The head of a table: titles up to a NULL; those that begin with '>' stand over figures.
 * `caption` tells what it is. */
void html_table(struct xml *xml, const char *caption, const char *const *titles);
void html_table_end(struct xml *xml);

/* "good", "warn", "bad" or NULL: how a check is shown. Static. */
const char *html_check_class(const struct finding *check, const struct judgement *judgement);

/* ---- parts of the page; each leaves out what is not known ---- */

void html_put_timeline(struct xml *xml, const struct html_report *report);
void html_put_checks(struct xml *xml, const struct html_report *report);
void html_put_stages(struct xml *xml, const struct html_report *report);
void html_put_processes(struct xml *xml, const struct html_report *report);
void html_put_composition(struct xml *xml, const struct html_report *report);
void html_put_verify(struct xml *xml, const struct html_report *report);
void html_put_environment(struct xml *xml, const struct html_report *report);

#endif
