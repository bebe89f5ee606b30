/* XML and HTML through libxml2's writer. It escapes markup but writes control characters and bad
 * UTF-8 as they come, so all text passes through text_printable or text_one_line here: nothing that
 * a build chose can become markup, or make the file unreadable. Inside of report/ only. */
#ifndef BM_REPORT_XML_H
#define BM_REPORT_XML_H

#include <stddef.h>

struct xml;

enum xml_kind {
    XML_DOCUMENT, /* declared, indented, empty elements closed at once */
    XML_HTML,     /* as HTML parsers want it: every element has an end tag */
};

struct xml *xml_new(enum xml_kind kind);
/* Ends the document and hands its text over to the caller; `xml` is released. */
char *xml_finish(struct xml *xml);

/* Names come from this program, never from outside. */
void xml_start(struct xml *xml, const char *name);
void xml_end(struct xml *xml);
/* The value is put on one line. */
void xml_attribute(struct xml *xml, const char *name, const char *value);
void xml_attributef(struct xml *xml, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void xml_text(struct xml *xml, const char *text);
void xml_textf(struct xml *xml, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As it is; nothing in it may come from outside. */
void xml_raw(struct xml *xml, const char *markup);

#endif
