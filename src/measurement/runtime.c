#include "measurement/runtime.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/trace.h"
#include "base/units.h"
#include "measurement/process_name.h"
#include "wire/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A process of a build can report any number. No sum of these overflows. */
#define BYTES_MAX (INT64_C(1) << 50)
#define PARTS_MAX 64
#define NAME_MAX_BYTES 64

const char *runtime_kind_name(enum runtime_kind kind)
{
    static const char *const names[RUNTIME_KINDS] = {[RUNTIME_V8] = "v8", [RUNTIME_JVM] = "jvm"};
    return names[kind];
}

struct deep_run *deep_run_new(void)
{
    return xcalloc(1, sizeof(struct deep_run));
}

void runtime_process_release(struct runtime_process *process)
{
    for (size_t i = 0; i < process->part_count; i++)
        free(process->parts[i].name);
    free(process->parts);
    free(process->name);
    free(process->command);
    *process = (struct runtime_process){0};
}

void deep_run_free(struct deep_run *deep)
{
    if (!deep)
        return;
    for (size_t i = 0; i < deep->count; i++)
        runtime_process_release(&deep->processes[i]);
    free(deep->processes);
    free(deep->failure);
    strv_release(&deep->silent);
    free(deep);
}

static int higher_rss_first(const void *left, const void *right)
{
    const struct runtime_process *a = left, *b = right;
    if (a->rss_bytes != b->rss_bytes)
        return a->rss_bytes < b->rss_bytes ? 1 : -1;
    return (a->pid > b->pid) - (a->pid < b->pid);
}

void deep_run_add(struct deep_run *deep, struct runtime_process *process)
{
    deep->processes = xgrow(deep->processes, deep->count, sizeof *deep->processes);
    deep->processes[deep->count++] = *process;
    *process = (struct runtime_process){0};
    qsort(deep->processes, deep->count, sizeof *deep->processes, higher_rss_first);
    if (deep->count > RUNTIME_PROCESSES_MAX)
        runtime_process_release(&deep->processes[--deep->count]);
}

static int larger_part_first(const void *left, const void *right)
{
    const struct runtime_part *a = left, *b = right;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? 1 : -1;
    return strcmp(a->name, b->name);
}

/* Takes over the name. */
static void add_part(struct runtime_process *process, char *name, int64_t bytes, int64_t used_bytes)
{
    process->parts = xgrow(process->parts, process->part_count, sizeof *process->parts);
    process->parts[process->part_count++] =
        (struct runtime_part){.name = name, .bytes = bytes, .used_bytes = used_bytes};
}

/* ---- V8 ---- */

static int read_figure(const struct json *object, const char *key, int64_t *figure,
                       struct bm_error *err)
{
    const struct json *value;
    return json_require(object, key, &value, err) < 0
               ? -1
               : json_expect_integer(value, 0, BYTES_MAX, figure, err);
}

static int read_space(const struct json *space, struct runtime_process *process,
                      struct bm_error *err)
{
    const struct json *value;
    const char *name;
    int64_t bytes, used_bytes;
    if (json_expect_object(space, err) < 0 || json_require(space, "name", &value, err) < 0 ||
        json_expect_string(value, &name, err) < 0 || read_figure(space, "bytes", &bytes, err) < 0 ||
        read_figure(space, "used_bytes", &used_bytes, err) < 0)
        return -1;
    if (!*name || strlen(name) > NAME_MAX_BYTES || process->part_count == PARTS_MAX)
        return json_error(space, err, "not a space of a heap");
    if (bytes > 0)
        add_part(process, xstrdup(name), bytes, used_bytes);
    return 0;
}

static int read_v8(const struct json *root, int64_t *clock_ms, struct runtime_process *process,
                   struct bm_error *err)
{
    const struct {
        const char *key;
        int64_t *figure;
    } figures[] = {{"clock_ms", clock_ms},
                   {"rss_bytes", &process->rss_bytes},
                   {"heap_bytes", &process->heap_bytes},
                   {"heap_used_bytes", &process->heap_used_bytes},
                   {"external_bytes", &process->external_bytes},
                   {"array_buffers_bytes", &process->array_buffers_bytes},
                   {"threads", &process->threads}};
    const struct json *value;
    const char *command;
    if (json_expect_object(root, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (read_figure(root, figures[i].key, figures[i].figure, err) < 0)
            return -1;
    if (json_require(root, "command", &value, err) < 0 ||
        json_expect_string(value, &command, err) < 0)
        return -1;
    process->command = xstrdup(command);
    if (json_require(root, "parts", &value, err) < 0 || json_expect_array(value, err) < 0)
        return -1;
    for (const struct json *space = json_first(value); space; space = json_next(space))
        if (read_space(space, process, err) < 0)
            return -1;
    return 0;
}

static int parse_v8(const char *text, int64_t *clock_ms, struct runtime_process *process,
                    struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse(text, "V8", err);
    return document ? read_v8(json_root(document), clock_ms, process, err) : -1;
}

/* ---- JVM ---- */

/* Parses "-       Java Heap (reserved=4161536KB, committed=260096KB, largest_committed=...)". */
static int parse_category(const char *line, size_t length, struct runtime_process *process)
{
    static const char reserved[] = " (reserved=", committed[] = "KB, committed=";
    const char *end = line + length;
    const char *name = line + 1;
    if (length == 0 || *line != '-')
        return -1;
    while (name < end && *name == ' ')
        name++;
    const char *open = memmem(name, (size_t)(end - name), reserved, sizeof reserved - 1);
    if (!open || open == name || open - name > NAME_MAX_BYTES || process->part_count == PARTS_MAX)
        return -1;
    const char *value = memmem(open, (size_t)(end - open), committed, sizeof committed - 1);
    if (!value)
        return -1;
    value += sizeof committed - 1;
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 12 || strncmp(value + digits, "KB", 2) != 0)
        return -1;
    int64_t bytes = strtoll(value, NULL, 10) * 1024;
    if (bytes > BYTES_MAX)
        return -1;
    if (bytes > 0)
        add_part(process, xstrndup(name, (size_t)(open - name)), bytes, UNMEASURED);
    return 0;
}

static int parse_jvm(const char *text, int64_t *clock_ms, struct runtime_process *process,
                     struct bm_error *err)
{
    int used = 0;
    const char *line = text;
    if (sscanf(text, "%15" SCNd64 " %15" SCNd64 " %15" SCNd64 "%n", &process->rss_bytes,
               &process->heap_bytes, clock_ms, &used) != 3 ||
        text[used] != '\n' || process->rss_bytes < 0 || process->heap_bytes < UNMEASURED ||
        *clock_ms < 0)
        return bm_error_set(err, "the first line has no figures");
    line += used + 1;
    size_t length = strcspn(line, "\n");
    process->command = xstrndup(line, length);
    for (line += length + (line[length] == '\n'); *line; line += length + (line[length] == '\n')) {
        length = strcspn(line, "\n");
        if (parse_category(line, length, process) < 0)
            return bm_error_set(err, "not a category of NMT: %.*s",
                                (int)(length > 80 ? 80 : length), line);
    }
    for (size_t i = 0; i < process->part_count; i++)
        if (strcmp(process->parts[i].name, "Java Heap") == 0)
            process->heap_committed_bytes = process->parts[i].bytes;
    return process->heap_committed_bytes < 0 ? bm_error_set(err, "no category Java Heap") : 0;
}

/* ---- both ---- */

int runtime_parse(enum runtime_kind kind, const char *text, int64_t began_ms,
                  struct runtime_process *process, struct bm_error *err)
{
    int64_t clock_ms = 0;
    *process = (struct runtime_process){.kind = kind,
                                        .heap_bytes = UNMEASURED,
                                        .heap_used_bytes = UNMEASURED,
                                        .heap_committed_bytes = UNMEASURED,
                                        .external_bytes = UNMEASURED,
                                        .array_buffers_bytes = UNMEASURED,
                                        .threads = UNMEASURED};
    if ((kind == RUNTIME_V8 ? parse_v8 : parse_jvm)(text, &clock_ms, process, err) < 0)
        return -1;
    process->at_ms = clock_ms > began_ms ? clock_ms - began_ms : 0;
    int64_t heap_bytes =
        process->heap_bytes < 0 ? process->heap_committed_bytes : process->heap_bytes;
    process->native_bytes = process->rss_bytes > heap_bytes ? process->rss_bytes - heap_bytes : 0;
    process->name = process_name(process->command);
    if (process->part_count)
        qsort(process->parts, process->part_count, sizeof *process->parts, larger_part_first);
    return 0;
}

void deep_run_take(struct deep_run *deep, const struct wire_runtime *record)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct runtime_process process CLEANUP(runtime_process_release) = {0};
    if (record->kind < 0 || record->kind >= RUNTIME_KINDS || record->pid <= 0)
        return;
    if (runtime_parse((enum runtime_kind)record->kind, record->text, record->began_ms, &process,
                      &err) < 0) {
        trace("deep run: process %" PRId64 ": %s", record->pid, err.message);
        return;
    }
    process.pid = record->pid;
    deep->reported++;
    deep_run_add(deep, &process);
}

bool runtime_is_known(const char *command)
{
    static const char *const programs[] = {"node", "nodejs", "java"};
    size_t length = strcspn(command, " ");
    const char *name = command + length;
    while (name > command && name[-1] != '/')
        name--;
    length -= (size_t)(name - command);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (strlen(programs[i]) == length && strncmp(name, programs[i], length) == 0)
            return true;
    return false;
}
