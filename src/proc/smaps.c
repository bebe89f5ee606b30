#include "proc/smaps.h"

#include "proc/proc.h"

#include <stdlib.h>
#include <string.h>

/* A guard page protects the end of a stack. Some threads have several pages. */
#define GUARD_MAX_BYTES (UINT64_C(64) << 10)
/* A larger mapping above a guard page is no stack. */
#define STACK_MAX_BYTES (UINT64_C(64) << 20)
#define LISTED_PERMILLE 10

struct header {
    uint64_t start, end;
    const char *access; /* "rw-p" */
    const char *name;   /* "" if it has none */
};

void smaps_init(struct smaps *smaps)
{
    /* The rest of the names stays untouched, so that it takes no memory. */
    smaps->count = smaps->pss_bytes = smaps->huge_page_bytes = 0;
    memset(smaps->kind_bytes, 0, sizeof smaps->kind_bytes);
    smaps->name_count = smaps->length = 0;
    smaps->in_mapping = smaps->has_pss = false;
    smaps->guard_end = 0;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_hex(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

/* "7f3a1000-7f3a2000 rw-p 00000000 fe:01 1234    /path". Returns 0, or -1. */
static int parse_header(const char *line, struct header *header)
{
    char *end;
    if (!is_hex(*line))
        return -1;
    header->start = strtoull(line, &end, 16);
    if (*end != '-' || !is_hex(end[1]))
        return -1;
    header->end = strtoull(end + 1, &end, 16);
    if (*end != ' ' || header->end <= header->start)
        return -1;
    header->access = end + 1;
    size_t length = strcspn(header->access, " ");
    const char *at = header->access + length;
    if (length != 4)
        return -1;
    for (int field = 0; field < 3; field++) { /* offset, device, inode */
        at += strspn(at, " ");
        length = strcspn(at, " ");
        if (length == 0)
            return -1;
        at += length;
    }
    header->name = at + strspn(at, " ");
    return 0;
}

/* Shared anonymous memory is a deleted file of /dev/zero. */
static bool is_shared_memory(const char *name)
{
    static const char *const starts[] = {"/memfd:",   "/dev/shm/",      "/SYSV",
                                         "/dev/zero", "/anon_hugepage", "[anon_shmem:"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (starts_with(name, starts[i]))
            return true;
    return false;
}

static bool is_guard(const struct header *header)
{
    return !*header->name && starts_with(header->access, "---") &&
           header->end - header->start <= GUARD_MAX_BYTES;
}

static enum mapping_kind kind_of(const struct header *header, uint64_t guard_end)
{
    const char *name = header->name;
    if (strcmp(name, "[heap]") == 0)
        return MAPPING_HEAP;
    if (starts_with(name, "[stack"))
        return MAPPING_STACK;
    if (is_shared_memory(name))
        return MAPPING_SHARED;
    if (!*name && guard_end == header->start && starts_with(header->access, "rw") &&
        header->end - header->start <= STACK_MAX_BYTES)
        return MAPPING_STACK;
    if (header->access[2] == 'x' && (!*name || starts_with(name, "[anon:")))
        return MAPPING_CODE;
    return !*name ? MAPPING_ANONYMOUS : *name == '[' ? MAPPING_NAMED : MAPPING_FILE;
}

/* Returns the name that is listed, and its length; 0: the mappings of this kind count together. */
static const char *listed_name(enum mapping_kind kind, const char *name, size_t *length)
{
    *length = strlen(name);
    if ((kind != MAPPING_NAMED && kind != MAPPING_FILE && kind != MAPPING_SHARED) ||
        starts_with(name, "/dev/zero"))
        *length = 0;
    const char *colon = *name == '[' ? strchr(name, ':') : NULL; /* [anon:NAME] */
    if (colon && *length > 0 && name[*length - 1] == ']') {
        *length -= (size_t)(colon + 1 - name) + 1;
        name = colon + 1;
    }
    size_t cut = *length > MAPPING_NAME_MAX ? *length - MAPPING_NAME_MAX : 0;
    *length -= cut;
    return name + cut;
}

static int add_to(int64_t *sum, int64_t bytes)
{
    if (bytes > INT64_MAX - *sum)
        return -1;
    *sum += bytes;
    return 0;
}

/* Returns the item of this name, a new one, or the smallest one if the new one is larger. */
static struct smaps_item *item_of(struct smaps *smaps, const struct smaps_item *mapping)
{
    struct smaps_item *smallest = NULL;
    for (size_t i = smaps->name_count; i-- > 0;) { /* a file's mappings follow each other */
        struct smaps_item *item = &smaps->names[i];
        if (item->kind == mapping->kind && strcmp(item->name, mapping->name) == 0)
            return item;
        if (!smallest || item->pss_bytes < smallest->pss_bytes)
            smallest = item;
    }
    if (smaps->name_count < SMAPS_NAMES_MAX) {
        smallest = &smaps->names[smaps->name_count++];
    } else if (smallest->pss_bytes >= mapping->pss_bytes) {
        return NULL;
    }
    *smallest = *mapping;
    smallest->pss_bytes = 0;
    return smallest;
}

static int end_mapping(struct smaps *smaps)
{
    const struct smaps_item *mapping = &smaps->mapping;
    if (!smaps->in_mapping)
        return 0;
    smaps->in_mapping = false;
    smaps->count++;
    if (!smaps->has_pss || add_to(&smaps->pss_bytes, mapping->pss_bytes) < 0)
        return -1;
    smaps->kind_bytes[mapping->kind] += mapping->pss_bytes;
    struct smaps_item *item =
        *mapping->name && mapping->pss_bytes > 0 ? item_of(smaps, mapping) : NULL;
    if (item)
        item->pss_bytes += mapping->pss_bytes;
    return 0;
}

static int begin_mapping(struct smaps *smaps, const char *line)
{
    struct header header;
    size_t length;
    if (end_mapping(smaps) < 0 || parse_header(line, &header) < 0)
        return -1;
    smaps->in_mapping = true;
    smaps->has_pss = false;
    smaps->mapping.kind = kind_of(&header, smaps->guard_end);
    smaps->mapping.pss_bytes = 0;
    const char *name = listed_name(smaps->mapping.kind, header.name, &length);
    memcpy(smaps->mapping.name, name, length);
    smaps->mapping.name[length] = '\0';
    smaps->guard_end = is_guard(&header) ? header.end : 0;
    return 0;
}

/* A line "Pss:     4 kB". Other fields are not needed. */
static int take_field(struct smaps *smaps, const char *line)
{
    static const char *const huge[] = {"AnonHugePages", "ShmemPmdMapped", "FilePmdMapped"};
    if (!smaps->in_mapping || *line < 'A' || *line > 'Z')
        return -1;
    if (starts_with(line, "Pss:")) {
        smaps->mapping.pss_bytes = parse_kib_line(line, "Pss");
        bool repeated = smaps->has_pss;
        smaps->has_pss = true;
        return smaps->mapping.pss_bytes < 0 || repeated ? -1 : 0;
    }
    for (size_t i = 0; i < sizeof huge / sizeof *huge; i++)
        if (*line == *huge[i] && starts_with(line, huge[i])) {
            int64_t bytes = parse_kib_line(line, huge[i]);
            return bytes < 0 ? -1 : add_to(&smaps->huge_page_bytes, bytes);
        }
    return 0;
}

int smaps_add(struct smaps *smaps, const char *text, size_t length)
{
    for (const char *end = text + length; text < end;) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t size = (size_t)((newline ? newline : end) - text);
        if (smaps->length + size >= SMAPS_LINE_MAX)
            return -1;
        memcpy(smaps->line + smaps->length, text, size);
        smaps->length += size;
        text += size + 1;
        if (!newline)
            break;
        smaps->line[smaps->length] = '\0';
        smaps->length = 0;
        int result = is_hex(smaps->line[0]) ? begin_mapping(smaps, smaps->line)
                                            : take_field(smaps, smaps->line);
        if (result < 0)
            return -1;
    }
    return 0;
}

int smaps_finish(struct smaps *smaps)
{
    return smaps->length > 0 ? -1 : end_mapping(smaps);
}

static int larger_first(const void *left, const void *right)
{
    const struct smaps_item *a = left, *b = right;
    if (a->pss_bytes != b->pss_bytes)
        return a->pss_bytes < b->pss_bytes ? 1 : -1;
    return a->kind != b->kind ? (a->kind > b->kind) - (a->kind < b->kind)
                              : strcmp(a->name, b->name);
}

static const struct smaps_item *largest_below(const struct smaps *smaps,
                                              const struct smaps_item *above)
{
    const struct smaps_item *largest = NULL;
    for (size_t i = 0; i < smaps->name_count; i++) {
        const struct smaps_item *item = &smaps->names[i];
        if ((!above || larger_first(above, item) < 0) &&
            (!largest || larger_first(item, largest) < 0))
            largest = item;
    }
    return largest;
}

size_t smaps_list(const struct smaps *smaps, struct smaps_item *list)
{
    size_t count = 0;
    int64_t rest[MAPPING_KINDS];
    memcpy(rest, smaps->kind_bytes, sizeof rest);
    const struct smaps_item *item = NULL;
    while (count < SMAPS_LIST_NAMES && (item = largest_below(smaps, item)) &&
           item->pss_bytes >= smaps->pss_bytes / 1000 * LISTED_PERMILLE) {
        rest[item->kind] -= item->pss_bytes;
        list[count++] = *item;
    }
    for (int kind = 0; kind < MAPPING_KINDS; kind++)
        if (rest[kind] > 0)
            list[count++] =
                (struct smaps_item){.kind = (enum mapping_kind)kind, .pss_bytes = rest[kind]};
    qsort(list, count, sizeof *list, larger_first);
    return count;
}
