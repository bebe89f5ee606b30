#include "report/html/html.h"

#include "base/alloc.h"
#include "report/wording.h"

void html_open(struct xml *xml, const char *name, const char *class)
{
    xml_start(xml, name);
    if (class)
        xml_attribute(xml, "class", class);
}

void html_close(struct xml *xml)
{
    xml_end(xml);
    xml_raw(xml, "\n");
}

void html_element(struct xml *xml, const char *name, const char *class, const char *text)
{
    html_open(xml, name, class);
    xml_text(xml, text);
    xml_end(xml);
}

void html_section(struct xml *xml, const char *id, const char *title)
{
    xml_start(xml, "section");
    xml_attribute(xml, "id", id);
    html_element(xml, "h2", NULL, title);
    xml_raw(xml, "\n");
}

void html_row_head(struct xml *xml, const char *text)
{
    html_open(xml, "th", NULL);
    xml_attribute(xml, "scope", "row");
    xml_text(xml, text);
    xml_end(xml);
}

void html_figure_cell(struct xml *xml, const char *unit, int64_t figure)
{
    char *text CLEANUP(cleanup_free) = format_figure(unit, figure);
    html_element(xml, "td", "n", figure < 0 ? "–" : text);
}

void html_delta_cell(struct xml *xml, const char *unit, int64_t from, int64_t to, const char *class)
{
    html_open(xml, "td", "n");
    if (from >= 0 && to >= 0) {
        char *delta CLEANUP(cleanup_free) = format_delta(unit, to - from);
        char *percent CLEANUP(cleanup_free) = format_percent(from, to);
        html_element(xml, "span", class, from == to ? "same" : delta);
        if (from != to)
            html_element(xml, "small", NULL, percent);
    }
    xml_end(xml);
}

void html_table(struct xml *xml, const char *caption, const char *const *titles)
{
    html_open(xml, "div", "wide"); /* scrolls if the page is narrower than the table */
    xml_attribute(xml, "role", "region");
    xml_attribute(xml, "aria-label", caption);
    xml_attribute(xml, "tabindex", "0");
    xml_start(xml, "table");
    html_element(xml, "caption", NULL, caption);
    xml_start(xml, "thead");
    xml_start(xml, "tr");
    for (; *titles; titles++) {
        bool figures = **titles == '>';
        html_open(xml, "th", figures ? "n" : NULL);
        xml_attribute(xml, "scope", "col");
        xml_text(xml, *titles + figures);
        xml_end(xml);
    }
    xml_end(xml);
    xml_end(xml);
    xml_raw(xml, "\n");
    xml_start(xml, "tbody");
    xml_raw(xml, "\n");
}

void html_table_end(struct xml *xml)
{
    xml_end(xml);
    xml_end(xml);
    html_close(xml);
}

void html_put_head(struct xml *xml, const char *title)
{
    xml_raw(xml, "<!DOCTYPE html>\n");
    xml_start(xml, "html");
    xml_attribute(xml, "lang", "en");
    xml_start(xml, "head");
    xml_raw(xml, "\n<meta charset=\"utf-8\">\n"
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                 "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<meta name=\"color-scheme\" content=\"light dark\">\n");
    html_element(xml, "title", NULL, title);
    xml_start(xml, "style");
    xml_raw(xml, html_css);
    html_close(xml);
    html_close(xml);
}

void html_path(struct xml *xml, const char *class, const char *shape)
{
    html_open(xml, "path", class);
    xml_attribute(xml, "d", shape);
    html_close(xml);
}

void html_tick(struct xml *xml, const char *class, const char *style, double percent,
               const char *text)
{
    html_open(xml, "span", class);
    xml_attributef(xml, "style", "%s:%.3f%%", style, percent);
    xml_text(xml, text);
    xml_end(xml);
}

void html_legend_item(struct xml *xml, const char *class, const char *text)
{
    xml_start(xml, "li");
    html_element(xml, "i", class, "");
    xml_text(xml, text);
    xml_end(xml);
}

const char *html_finding_class(const struct finding *finding, const struct judgement *judgement)
{
    switch (finding->status) {
    case FINDING_FAILED:
        return "bad";
    case FINDING_MISSING:
        return !was_compared(judgement) ? NULL : has_gone(finding) ? "bad" : "warn";
    case FINDING_WARNED:
        return "warn";
    case FINDING_IMPROVED:
        return "good";
    case FINDING_PASS:
    case FINDING_OFF:
        break;
    }
    return NULL;
}
