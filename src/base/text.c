#include "base/text.h"

#include "base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

/* Decodes one character of well-formed UTF-8 (no surrogates, no overlong forms). Returns its length
 * in bytes, or 0 if the bytes are not a character. */
static size_t decode_utf8(const unsigned char *bytes, size_t length, uint32_t *character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = bytes[0] < 0x80   ? 1
                  : bytes[0] < 0xC2 ? 0
                  : bytes[0] < 0xE0 ? 2
                  : bytes[0] < 0xF0 ? 3
                  : bytes[0] < 0xF5 ? 4
                                    : 0;
    if (size == 0 || size > length)
        return 0;
    if (size == 1) {
        *character = bytes[0];
        return 1;
    }
    uint32_t value = bytes[0] & (0xFFu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3F);
    }
    if (value < smallest[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *character = value;
    return size;
}

/* Allocates for `length` bytes, each of which can become a REPLACEMENT. */
static char *room_for(size_t length)
{
    return xmalloc(length * strlen(REPLACEMENT) + 1);
}

char *text_valid_utf8(const char *text)
{
    size_t left = strlen(text);
    char *result = room_for(left), *to = result;
    while (left) {
        uint32_t character;
        size_t length = decode_utf8((const unsigned char *)text, left, &character);
        to = length ? mempcpy(to, text, length) : stpcpy(to, REPLACEMENT);
        text += length ? length : 1;
        left -= length ? length : 1;
    }
    *to = '\0';
    return result;
}

/* Returns the length of the ANSI escape sequence that begins with the ESC at `bytes`. Source:
 * ECMA-48 and ECMA-35: CSI, OSC, or ESC with intermediates and a final byte ("ESC ( B" of tput
 * sgr0). */
static size_t escape_length(const char *bytes, size_t length)
{
    size_t i = 2;
    if (length < 2)
        return length;
    if (bytes[1] == '[') {
        while (i < length && (unsigned char)bytes[i] >= 0x20 && (unsigned char)bytes[i] < 0x40)
            i++;
        return i < length && (unsigned char)bytes[i] >= 0x40 && (unsigned char)bytes[i] < 0x7F
                   ? i + 1
                   : i;
    }
    if (bytes[1] == ']') {
        while (i < length && bytes[i] != '\a' && bytes[i] != '\x1b' && bytes[i] != '\n')
            i++;
        if (i < length && bytes[i] == '\a')
            return i + 1;
        return i + 1 < length && bytes[i] == '\x1b' && bytes[i + 1] == '\\' ? i + 2 : i;
    }
    for (i = 1; i < length && (unsigned char)bytes[i] >= 0x20 && (unsigned char)bytes[i] < 0x30;)
        i++;
    return i < length && (unsigned char)bytes[i] >= 0x30 && (unsigned char)bytes[i] < 0x7F ? i + 1
                                                                                           : i;
}

char *text_printable(const char *bytes, size_t length)
{
    char *result = room_for(length), *to = result;
    while (length) {
        uint32_t character = 0;
        size_t used = decode_utf8((const unsigned char *)bytes, length, &character);
        if (character == 0x1B && used) {
            used = escape_length(bytes, length);
        } else if (character == '\r' && used) {
            /* from progress bars and CRLF: drop it */
        } else if (!used || (character < 0x20 && character != '\n' && character != '\t') ||
                   (character >= 0x7F && character < 0xA0) || character == 0xFFFE ||
                   character == 0xFFFF) {
            to = stpcpy(to, REPLACEMENT);
        } else {
            to = mempcpy(to, bytes, used);
        }
        used = used ? used : 1;
        bytes += used;
        length -= used;
    }
    *to = '\0';
    return result;
}

char *text_one_line(const char *text)
{
    char *line = text_printable(text, strlen(text));
    for (char *at = line; *at; at++)
        if (*at == '\n' || *at == '\t')
            *at = ' ';
    return line;
}

char *text_shell_word(const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
    if (*text && text[strspn(text, plain)] == '\0')
        return xstrdup(text);
    char *word = NULL;
    size_t length;
    FILE *out = xmemstream_open(&word, &length);
    fputc('\'', out);
    for (; *text; text++)
        fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, out);
    fputc('\'', out);
    xmemstream_close(out);
    return word;
}
