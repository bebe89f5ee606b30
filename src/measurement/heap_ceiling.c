#include "measurement/heap_ceiling.h"

#include "base/alloc.h"
#include "base/units.h"
#include "measurement/environment.h"

#include <stdlib.h>
#include <string.h>

/* The unit of a number without a suffix. */
enum unit { UNIT_BYTES, UNIT_MIB, UNIT_PERCENT };

static const struct option {
    const char *text; /* up to the number */
    enum heap_kind kind;
    enum unit unit;
} options[] = {
    /* V8 takes "_" for "-". Source: node --v8-options. */
    {"--max-old-space-size=", HEAP_V8, UNIT_MIB},
    {"--max_old_space_size=", HEAP_V8, UNIT_MIB},
    /* Source: the manual of java(1). */
    {"-Xmx", HEAP_JVM, UNIT_BYTES},
    {"-XX:MaxHeapSize=", HEAP_JVM, UNIT_BYTES},
    {"-XX:MaxRAMPercentage=", HEAP_JVM, UNIT_PERCENT},
    /* Source: the documentation of Go's package runtime. */
    {"GOMEMLIMIT=", HEAP_GO, UNIT_BYTES},
};

const char *const heap_variables[] = {
    "NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "GRADLE_OPTS",
    "MAVEN_OPTS",   "SBT_OPTS",          "GOMEMLIMIT",       NULL};

static const char *const heap_names[HEAP_KINDS] = {
    [HEAP_V8] = "a V8 heap", [HEAP_JVM] = "a JVM heap", [HEAP_GO] = "Go memory"};

void heap_ceilings_release(struct heap_ceilings *ceilings)
{
    for (size_t i = 0; i < ceilings->count; i++)
        free(ceilings->items[i].where);
    free(ceilings->items);
    *ceilings = (struct heap_ceilings){0};
}

/* Returns the number after an option in bytes, or UNMEASURED. A number that overflows sets no
 * ceiling. */
static int64_t parse_ceiling(const char *number, enum unit unit, int64_t limit_bytes)
{
    static const char suffixes[] = "kmgt";
    char *end;
    if (*number < '0' || *number > '9')
        return UNMEASURED;
    double value = strtod(number, &end);
    if (unit == UNIT_PERCENT)
        return limit_bytes < 0 || value > 100 ? UNMEASURED
                                              : (int64_t)(value / 100 * (double)limit_bytes);
    const char *suffix = *end && unit == UNIT_BYTES ? strchr(suffixes, *end | 0x20) : NULL;
    double factor = unit == UNIT_MIB ? MIB : 1;
    for (const char *step = suffixes; suffix && step <= suffix; step++)
        factor *= 1024;
    value *= factor;
    return value >= 1 && value < (double)INT64_MAX ? (int64_t)value : UNMEASURED;
}

static const char *find_last(const char *text, const char *option)
{
    const char *last = NULL;
    for (const char *at = text; (at = strstr(at, option)); at += strlen(option))
        last = at + strlen(option);
    return last;
}

void heap_ceilings_find(const char *where, const char *text, int64_t limit_bytes,
                        struct heap_ceilings *ceilings)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const char *number = find_last(text, options[i].text);
        int64_t bytes = number ? parse_ceiling(number, options[i].unit, limit_bytes) : UNMEASURED;
        if (bytes < 0)
            continue;
        ceilings->items = xgrow(ceilings->items, ceilings->count, sizeof *ceilings->items);
        ceilings->items[ceilings->count++] = (struct heap_ceiling){.kind = options[i].kind,
                                                                   .option = options[i].text,
                                                                   .where = xstrdup(where),
                                                                   .bytes = bytes};
    }
}

static void find_in_snapshot(const struct snapshot *snapshot, int64_t limit_bytes,
                             struct heap_ceilings *ceilings)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct process_usage *process = &snapshot->processes[i];
        if (process->command && process->name)
            heap_ceilings_find(process->name, process->command, limit_bytes, ceilings);
    }
}

void heap_ceilings_of_run(const struct measurement *m, struct heap_ceilings *ceilings)
{
    int64_t limit_bytes = m->peak.limit_bytes;
    for (size_t i = 0; i < m->environment.variables.count; i++) {
        const char *variable = m->environment.variables.items[i];
        char *name CLEANUP(cleanup_free) = variable_name(variable);
        heap_ceilings_find(name, variable, limit_bytes, ceilings);
    }
    if (m->build.command)
        heap_ceilings_find("the build command", m->build.command, limit_bytes, ceilings);
    find_in_snapshot(&m->peak.at_unreclaimable_peak, limit_bytes, ceilings);
    find_in_snapshot(&m->peak.at_peak, limit_bytes, ceilings);
}

/* An option without its "=", as people name it. */
static int name_length(const char *option)
{
    return (int)strcspn(option, "=");
}

void heap_ceilings_note(const struct heap_ceilings *ceilings, int64_t limit_bytes,
                        struct strv *notes)
{
    if (limit_bytes < 0)
        return;
    char *limit CLEANUP(cleanup_free) = format_bytes(limit_bytes);
    for (size_t i = 0; i < ceilings->count; i++) {
        const struct heap_ceiling *ceiling = &ceilings->items[i];
        if (ceiling->bytes < limit_bytes)
            continue;
        char *bytes CLEANUP(cleanup_free) = format_bytes(ceiling->bytes);
        char *note CLEANUP(cleanup_free) = xasprintf(
            "%.*s in %s allows %s of %s, but the memory limit is %s: the kernel can kill "
            "the build before the heap reaches its ceiling; set %.*s below the limit, "
            "with room for the rest of the build, or raise the limit",
            name_length(ceiling->option), ceiling->option, ceiling->where,
            heap_names[ceiling->kind], bytes, limit, name_length(ceiling->option), ceiling->option);
        if (!strv_contains(notes, note))
            strv_push(notes, note);
    }
}
