#include "report/xml.h"

#include "base/alloc.h"
#include "base/text.h"

#include <libxml/xmlwriter.h>
#include <stdarg.h>
#include <string.h>

struct xml {
    enum xml_kind kind;
    xmlBuffer *buffer;
    xmlTextWriter *writer;
};

/* The writer fails only if memory is exhausted or a call is wrong. */
static void check_write(int result)
{
    if (result < 0)
        BM_BUG("libxml2 could not write");
}

static const xmlChar *as_xml(const char *utf8)
{
    return (const xmlChar *)utf8;
}

struct xml *xml_new(enum xml_kind kind)
{
    struct xml *xml = xcalloc(1, sizeof *xml);
    xml->kind = kind;
    xml->buffer = xmlBufferCreate();
    xml->writer = xml->buffer ? xmlNewTextWriterMemory(xml->buffer, 0) : NULL;
    if (!xml->writer)
        BM_BUG("libxml2 has no memory");
    if (kind == XML_DOCUMENT) {
        check_write(xmlTextWriterSetIndent(xml->writer, 1));
        check_write(xmlTextWriterStartDocument(xml->writer, NULL, "UTF-8", NULL));
    }
    return xml;
}

char *xml_finish(struct xml *xml)
{
    check_write(xmlTextWriterEndDocument(xml->writer));
    xmlFreeTextWriter(xml->writer); /* flushes into the buffer */
    char *text = xstrdup((const char *)xmlBufferContent(xml->buffer));
    xmlBufferFree(xml->buffer);
    free(xml);
    return text;
}

void xml_start(struct xml *xml, const char *name)
{
    check_write(xmlTextWriterStartElement(xml->writer, as_xml(name)));
}

void xml_end(struct xml *xml)
{
    check_write(xml->kind == XML_HTML ? xmlTextWriterFullEndElement(xml->writer)
                                      : xmlTextWriterEndElement(xml->writer));
}

void xml_attribute(struct xml *xml, const char *name, const char *value)
{
    char *clean CLEANUP(cleanup_free) = text_one_line(value);
    check_write(xmlTextWriterWriteAttribute(xml->writer, as_xml(name), as_xml(clean)));
}

void xml_attributef(struct xml *xml, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *value CLEANUP(cleanup_free) = xvasprintf(format, arguments);
    va_end(arguments);
    xml_attribute(xml, name, value);
}

void xml_text(struct xml *xml, const char *text)
{
    char *clean CLEANUP(cleanup_free) = text_printable(text, strlen(text));
    check_write(xmlTextWriterWriteString(xml->writer, as_xml(clean)));
}

void xml_textf(struct xml *xml, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text CLEANUP(cleanup_free) = xvasprintf(format, arguments);
    va_end(arguments);
    xml_text(xml, text);
}

void xml_raw(struct xml *xml, const char *markup)
{
    check_write(xmlTextWriterWriteRaw(xml->writer, as_xml(markup)));
}
