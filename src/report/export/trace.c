/* The series of a run in the Trace Event Format, which Perfetto and chrome://tracing read. It has
 * two tracks: the build, with its stages as slices, and the processes by name. Events are written
 * one by one, because a series can have hundreds of thousands of samples. */
#include "base/alloc.h"
#include "base/json_write.h"
#include "base/text.h"
#include "base/units.h"
#include "report/report.h"

#include <inttypes.h>

/* Process and thread ids in the trace; they are not those of the build. */
enum { TRACK_BUILD = 1, TRACK_PROCESSES = 2, THREAD_STAGES = 1 };

struct trace {
    FILE *out;
    const char *separator; /* before the next event */
};

/* ---- events ---- */

static void add_line(cJSON *object, const char *key, const char *text)
{
    char *line CLEANUP(cleanup_free) = text_one_line(text);
    json_add_text(object, key, line);
}

/* Times are in microseconds, which can exceed 64 bits: the zeros are added as text. */
static void add_time(cJSON *event, const char *key, int64_t ms)
{
    char *microseconds CLEANUP(cleanup_free) = ms ? xasprintf("%" PRId64 "000", ms) : xstrdup("0");
    cJSON_AddRawToObject(event, key, microseconds);
}

static cJSON *new_event(const char *phase, const char *name, int track, int64_t at_ms)
{
    cJSON *event = cJSON_CreateObject();
    json_add_text(event, "ph", phase);
    json_add_text(event, "cat", "build-mem");
    add_line(event, "name", name);
    json_add_integer(event, "pid", track);
    json_add_integer(event, "tid", THREAD_STAGES);
    add_time(event, "ts", at_ms);
    return event;
}

/* Writes and releases the event. */
static void put(struct trace *trace, cJSON *event)
{
    char *text CLEANUP(cleanup_free) = json_print(event, 0);
    fprintf(trace->out, "%s\n%s", trace->separator, text);
    trace->separator = ",";
    cJSON_Delete(event);
}

static void put_metadata(struct trace *trace, const char *kind, int track, const char *name)
{
    cJSON *event = new_event("M", kind, track, 0);
    add_line(json_add_object(event, "args"), "name", name);
    put(trace, event);
}

static void put_counter(struct trace *trace, const char *name, const char *unit, int track,
                        int64_t at_ms, int64_t value)
{
    cJSON *event = new_event("C", name, track, at_ms);
    json_add_integer(json_add_object(event, "args"), unit, value);
    put(trace, event);
}

static void put_stage(struct trace *trace, const char *stage, int64_t from_ms, int64_t to_ms)
{
    cJSON *event = new_event("X", stage, TRACK_BUILD, from_ms);
    add_time(event, "dur", to_ms > from_ms ? to_ms - from_ms : 0);
    put(trace, event);
}

/* ---- the series ---- */

/* A slice lasts until the next stage starts, and the last one until the build ends. */
static void put_stages(struct trace *trace, const struct measurement *m,
                       const struct series *series)
{
    const struct sample *first = series->samples;
    for (size_t i = 1; i < series->count; i++) {
        const struct sample *sample = &series->samples[i];
        if (sample->stage == first->stage)
            continue;
        put_stage(trace, series->stages.items[first->stage], first->t_ms, sample->t_ms);
        first = sample;
    }
    if (!series->count)
        return;
    int64_t last_ms = series->samples[series->count - 1].t_ms;
    put_stage(trace, series->stages.items[first->stage], first->t_ms,
              m->build.duration_ms > last_ms ? m->build.duration_ms : last_ms);
}

static const struct counter {
    const char *name, *unit;
    size_t offset; /* in struct sample */
} counters[] = {
    {"charged", "bytes", offsetof(struct sample, cgroup_bytes)},
    {"PSS", "bytes", offsetof(struct sample, pss_bytes)},
    {"anonymous", "bytes", offsetof(struct sample, anon_bytes)},
    {"page cache", "bytes", offsetof(struct sample, file_bytes)},
    {"processes", "count", offsetof(struct sample, processes)},
};

/* A counter keeps its value until the next event: repeated values are omitted. */
static void put_counters(struct trace *trace, const struct counter *counter,
                         const struct series *series)
{
    int64_t last = UNMEASURED;
    for (size_t i = 0; i < series->count; i++) {
        const struct sample *sample = &series->samples[i];
        int64_t value = *(const int64_t *)((const char *)sample + counter->offset);
        if (value >= 0 && value != last) {
            put_counter(trace, counter->name, counter->unit, TRACK_BUILD, sample->t_ms, value);
            last = value;
        }
    }
}

/* Writes the process samples of one moment, which start at `at`. A group without a sample has ended
 * and is written as 0. Returns the start of the next moment. `last` holds the last value of each
 * group. */
static size_t put_moment(struct trace *trace, const struct series *series, size_t at, int64_t *last)
{
    int64_t t_ms = series->process_samples[at].t_ms;
    int64_t *now CLEANUP(cleanup_free) = xcalloc(series->groups.count, sizeof *now);
    for (; at < series->process_sample_count && series->process_samples[at].t_ms == t_ms; at++)
        now[series->process_samples[at].group] = series->process_samples[at].pss_bytes;
    for (size_t group = 0; group < series->groups.count; group++) {
        if (now[group] != last[group])
            put_counter(trace, series->groups.items[group], "PSS bytes", TRACK_PROCESSES, t_ms,
                        now[group]);
        last[group] = now[group];
    }
    return at;
}

static void put_processes(struct trace *trace, const struct series *series)
{
    int64_t *last CLEANUP(cleanup_free) = xcalloc(series->groups.count, sizeof *last);
    for (size_t at = 0; at < series->process_sample_count;)
        at = put_moment(trace, series, at, last);
}

char *trace_text(const struct measurement *m, const struct series *series)
{
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    struct trace trace = {.out = out, .separator = ""};
    char *title CLEANUP(cleanup_free) = xasprintf("%s: %s", m->label, m->build.command);
    fputs("{\"traceEvents\":[", out);
    put_metadata(&trace, "process_name", TRACK_BUILD, title);
    put_metadata(&trace, "thread_name", TRACK_BUILD, "stages");
    put_metadata(&trace, "process_name", TRACK_PROCESSES, "processes, by name");
    put_stages(&trace, m, series);
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        put_counters(&trace, &counters[i], series);
    put_processes(&trace, series);
    fputs("\n],\"displayTimeUnit\":\"ms\"}\n", out);
    xmemstream_close(out);
    return text;
}
