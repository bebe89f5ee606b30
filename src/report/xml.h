/* Writes XML and HTML with libxml2. libxml2 escapes markup, but neither control characters nor
 * invalid UTF-8. This module therefore passes all text through text_printable or text_one_line
 * first. No text from a build can become markup or make the file unreadable. Private to report/. */
#ifndef BM_REPORT_XML_H
#define BM_REPORT_XML_H

#include <stddef.h>

struct xml;

enum xml_kind {
    XML_DOCUMENT, /* with a declaration, indented; empty elements are self-closing */
    XML_HTML,     /* every element has an end tag, as HTML parsers require */
};

struct xml *xml_new(enum xml_kind kind);
/* Ends the document and releases `xml`. Returns the text; the caller owns it. */
char *xml_finish(struct xml *xml);

/* Element and attribute names are literals of this program. */
void xml_start(struct xml *xml, const char *name);
void xml_end(struct xml *xml);
/* Writes the value on one line. */
void xml_attribute(struct xml *xml, const char *name, const char *value);
void xml_attributef(struct xml *xml, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void xml_text(struct xml *xml, const char *text);
void xml_textf(struct xml *xml, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Writes `markup` unescaped: it must be a literal or escaped text of this program. */
void xml_raw(struct xml *xml, const char *markup);

#endif
