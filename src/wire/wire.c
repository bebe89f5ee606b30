#include "wire/wire.h"

#include <string.h>

/* A record's payload is described by a table: one line a field, for both directions. */
enum kind { INTEGER, STRING };
struct field {
    size_t offset;
    enum kind kind;
};
#define INTEGER_OF(record, member) {offsetof(struct wire_##record, member), INTEGER}
#define STRING_OF(record, member) {offsetof(struct wire_##record, member), STRING}
#define FIELDS(table) (table), sizeof(table) / sizeof *(table)

static const struct field hello_fields[] = {
    STRING_OF(hello, source),
    STRING_OF(hello, usage_source),
    INTEGER_OF(hello, cgroup_version),
    INTEGER_OF(hello, cgroup_seen_by),
    STRING_OF(hello, cgroup_directory),
    INTEGER_OF(hello, shared),
    INTEGER_OF(hello, peak_was_reset),
    INTEGER_OF(hello, peak_at_start_bytes),
    INTEGER_OF(hello, usage_at_start_bytes),
    INTEGER_OF(hello, limit_bytes),
    INTEGER_OF(hello, cpu_percent),
    INTEGER_OF(hello, memory_total_bytes),
    STRING_OF(hello, architecture),
    STRING_OF(hello, kernel),
    STRING_OF(hello, thp),
};
static const struct field stage_fields[] = {
    INTEGER_OF(stage, t_ms),
    INTEGER_OF(stage, stage),
    INTEGER_OF(stage, peak_bytes),
    INTEGER_OF(stage, ended_peak_bytes),
};
static const struct field sample_fields[] = {
    INTEGER_OF(sample, t_ms),
    INTEGER_OF(sample, stage),
    INTEGER_OF(sample, cgroup_bytes),
    INTEGER_OF(sample, peak_bytes),
    INTEGER_OF(sample, pss_bytes),
    INTEGER_OF(sample, anon_bytes),
    INTEGER_OF(sample, file_bytes),
    INTEGER_OF(sample, shmem_bytes),
    INTEGER_OF(sample, kernel_bytes),
    INTEGER_OF(sample, unreclaimable_bytes),
    INTEGER_OF(sample, processes),
    INTEGER_OF(sample, cgroup_high_bytes),
    INTEGER_OF(sample, unreclaimable_high_bytes),
};
static const struct field snapshot_fields[] = {
    INTEGER_OF(snapshot, t_ms),         INTEGER_OF(snapshot, stage),
    INTEGER_OF(snapshot, gauge),        INTEGER_OF(snapshot, cgroup_bytes),
    INTEGER_OF(snapshot, pss_bytes),    INTEGER_OF(snapshot, anon_bytes),
    INTEGER_OF(snapshot, file_bytes),   INTEGER_OF(snapshot, shmem_bytes),
    INTEGER_OF(snapshot, kernel_bytes), INTEGER_OF(snapshot, unreclaimable_bytes),
    INTEGER_OF(snapshot, processes),
};
static const struct field process_fields[] = {
    INTEGER_OF(process, pid),   INTEGER_OF(process, pss_bytes), INTEGER_OF(process, hwm_bytes),
    INTEGER_OF(process, basis), STRING_OF(process, command),
};
static const struct field end_fields[] = {
    INTEGER_OF(end, exit_code),        INTEGER_OF(end, signal),
    INTEGER_OF(end, duration_ms),      INTEGER_OF(end, peak_bytes),
    INTEGER_OF(end, ended_peak_bytes), INTEGER_OF(end, oom_kills),
    INTEGER_OF(end, inner_oom_kills),  STRING_OF(end, inner_oom_cgroup),
    INTEGER_OF(end, pressure_some_us), INTEGER_OF(end, pressure_full_us),
    INTEGER_OF(end, refaults),         INTEGER_OF(end, swap_peak_bytes),
    INTEGER_OF(end, zswap_peak_bytes), INTEGER_OF(end, samples),
    INTEGER_OF(end, snapshots),        INTEGER_OF(end, vanished),
    INTEGER_OF(end, unreadable),       INTEGER_OF(end, cpu_ms),
    INTEGER_OF(end, rss_peak_bytes),   INTEGER_OF(end, largest_process_bytes),
    INTEGER_OF(end, build_cpu_ms),     INTEGER_OF(end, guard),
    INTEGER_OF(end, guard_bytes),      INTEGER_OF(end, guard_room_bytes),
};
static const struct field constraint_fields[] = {
    INTEGER_OF(constraint, ancestor),         STRING_OF(constraint, directory),
    INTEGER_OF(constraint, limit_bytes),      INTEGER_OF(constraint, high_bytes),
    INTEGER_OF(constraint, swap_limit_bytes), INTEGER_OF(constraint, limit_hits),
    INTEGER_OF(constraint, high_hits),
};
static const struct field failure_fields[] = {STRING_OF(failure, message)};
static const struct field variable_fields[] = {STRING_OF(variable, name),
                                               STRING_OF(variable, value)};
static const struct field process_sample_fields[] = {
    INTEGER_OF(process_sample, t_ms),
    INTEGER_OF(process_sample, pss_bytes),
    INTEGER_OF(process_sample, charged_bytes),
    STRING_OF(process_sample, command),
};

static const struct field stage_seen_fields[] = {INTEGER_OF(stage_seen, t_ms),
                                                 INTEGER_OF(stage_seen, stage)};

static const struct field disturbance_fields[] = {
    INTEGER_OF(disturbance, cpu_some_us),   INTEGER_OF(disturbance, io_some_us),
    INTEGER_OF(disturbance, io_full_us),    INTEGER_OF(disturbance, run_delay_us),
    INTEGER_OF(disturbance, throttled_us),  INTEGER_OF(disturbance, steal_us),
    INTEGER_OF(disturbance, other_cpu_us),  INTEGER_OF(disturbance, cpu_capacity_us),
    INTEGER_OF(disturbance, swap_in_bytes), INTEGER_OF(disturbance, swap_out_bytes),
};

static const struct field step_fields[] = {
    INTEGER_OF(step, t_ms),      INTEGER_OF(step, stage),      STRING_OF(step, cgroup),
    INTEGER_OF(step, ended),     INTEGER_OF(step, peak_bytes), INTEGER_OF(step, peak_is_exact),
    INTEGER_OF(step, oom_kills),
};

static const struct field mappings_fields[] = {
    INTEGER_OF(mappings, snapshot_ms), INTEGER_OF(mappings, pid),
    INTEGER_OF(mappings, unread),      INTEGER_OF(mappings, t_ms),
    INTEGER_OF(mappings, pss_bytes),   INTEGER_OF(mappings, huge_page_bytes),
    INTEGER_OF(mappings, count),
};
static const struct field mapping_fields[] = {
    INTEGER_OF(mapping, kind),
    INTEGER_OF(mapping, pss_bytes),
    STRING_OF(mapping, name),
};

static const struct field runtime_fields[] = {
    INTEGER_OF(runtime, kind),
    INTEGER_OF(runtime, pid),
    INTEGER_OF(runtime, began_ms),
    STRING_OF(runtime, text),
};

static const struct {
    const struct field *fields;
    size_t count;
} layouts[] = {
    [WIRE_HELLO] = {FIELDS(hello_fields)},
    [WIRE_STAGE] = {FIELDS(stage_fields)},
    [WIRE_SAMPLE] = {FIELDS(sample_fields)},
    [WIRE_SNAPSHOT] = {FIELDS(snapshot_fields)},
    [WIRE_PROCESS] = {FIELDS(process_fields)},
    [WIRE_END] = {FIELDS(end_fields)},
    [WIRE_FAILURE] = {FIELDS(failure_fields)},
    [WIRE_VARIABLE] = {FIELDS(variable_fields)},
    [WIRE_PROCESS_SAMPLE] = {FIELDS(process_sample_fields)},
    [WIRE_CONSTRAINT] = {FIELDS(constraint_fields)},
    [WIRE_STAGE_SEEN] = {FIELDS(stage_seen_fields)},
    [WIRE_DISTURBANCE] = {FIELDS(disturbance_fields)},
    [WIRE_STEP] = {FIELDS(step_fields)},
    [WIRE_MAPPINGS] = {FIELDS(mappings_fields)},
    [WIRE_MAPPING] = {FIELDS(mapping_fields)},
    [WIRE_RUNTIME] = {FIELDS(runtime_fields)},
};
#define TYPE_END (sizeof layouts / sizeof *layouts)

static void put(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

/* Each put_* returns the end of what it wrote, or NULL if it does not fit before `end`. */
static uint8_t *put_integer(uint8_t *at, const uint8_t *end, int64_t value)
{
    if (end - at < 8)
        return NULL;
    put(at, (uint64_t)value, 8);
    return at + 8;
}

static uint8_t *put_string(uint8_t *at, const uint8_t *end, const char *text)
{
    size_t length = strnlen(text ? text : "", WIRE_STRING_MAX);
    if ((size_t)(end - at) < 2 + length + 1)
        return NULL;
    put(at, length, 2);
    if (length)
        memcpy(at + 2, text, length);
    at[2 + length] = '\0';
    return at + 2 + length + 1;
}

static uint8_t *put_output(uint8_t *at, const uint8_t *end, const struct wire_record *record)
{
    if ((size_t)(end - at) < 1 + record->output.length)
        return NULL;
    *at = (uint8_t)record->output.stream;
    memcpy(at + 1, record->output.bytes, record->output.length);
    return at + 1 + record->output.length;
}

static uint8_t *put_fields(uint8_t *at, const uint8_t *end, const struct wire_record *record)
{
    const char *members = (const char *)&record->hello; /* all of the union start here */
    for (size_t i = 0; at && i < layouts[record->type].count; i++) {
        const struct field *field = &layouts[record->type].fields[i];
        if (field->kind == INTEGER)
            at = put_integer(at, end, *(const int64_t *)(const void *)(members + field->offset));
        else
            at = put_string(at, end, *(const char *const *)(const void *)(members + field->offset));
    }
    return at;
}

struct wire_record wire_constraint_of(const struct cgroup *cgroup,
                                      const struct cgroup_constraint *constraint, size_t ancestor,
                                      char *directory)
{
    cgroup_constraint_directory(cgroup, ancestor, directory);
    return (struct wire_record){.type = WIRE_CONSTRAINT,
                                .constraint = {.ancestor = (int64_t)ancestor,
                                               .directory = directory,
                                               .limit_bytes = constraint->limit_bytes,
                                               .high_bytes = constraint->high_bytes,
                                               .swap_limit_bytes = constraint->swap_limit_bytes,
                                               .limit_hits = constraint->limit_hits,
                                               .high_hits = constraint->high_hits}};
}

size_t wire_encode(const struct wire_record *record, uint8_t *frame, size_t capacity)
{
    if (capacity < WIRE_HEADER_BYTES)
        return 0;
    uint8_t *payload = frame + WIRE_HEADER_BYTES;
    const uint8_t *limit = frame + capacity;
    uint8_t *end = record->type == WIRE_OUTPUT ? put_output(payload, limit, record)
                                               : put_fields(payload, limit, record);
    if (!end || (size_t)(end - payload) > WIRE_PAYLOAD_MAX)
        return 0;
    frame[0] = 'B';
    frame[1] = 'M';
    frame[2] = WIRE_VERSION;
    frame[3] = (uint8_t)record->type;
    put(frame + 4, (uint64_t)(end - payload), 4);
    return (size_t)(end - frame);
}

static const uint8_t *get_string(const uint8_t *at, const uint8_t *end, const char **text)
{
    if (end - at < 3)
        return NULL;
    size_t length = get(at, 2);
    if (length > WIRE_STRING_MAX || (size_t)(end - at) < 2 + length + 1 || at[2 + length] != '\0' ||
        memchr(at + 2, '\0', length))
        return NULL;
    *text = (const char *)at + 2;
    return at + 2 + length + 1;
}

static int get_output(const uint8_t *at, const uint8_t *end, struct wire_record *record)
{
    if (at == end || (*at != 1 && *at != 2))
        return -1;
    record->output.stream = *at;
    record->output.bytes = (const char *)at + 1;
    record->output.length = (size_t)(end - at - 1);
    return 0;
}

static int get_fields(const uint8_t *at, const uint8_t *end, struct wire_record *record)
{
    char *members = (char *)&record->hello;
    for (size_t i = 0; at && i < layouts[record->type].count; i++) {
        const struct field *field = &layouts[record->type].fields[i];
        void *member = members + field->offset;
        if (field->kind == STRING) {
            at = get_string(at, end, member);
        } else if (end - at < 8) {
            return -1;
        } else {
            *(int64_t *)member = (int64_t)get(at, 8);
            at += 8;
        }
    }
    return at == end ? 0 : -1;
}

int64_t wire_decode(const uint8_t *bytes, size_t length, struct wire_record *record)
{
    static const uint8_t magic[] = {'B', 'M', WIRE_VERSION};
    if (memcmp(bytes, magic, length < sizeof magic ? length : sizeof magic) != 0)
        return -1;
    if (length < WIRE_HEADER_BYTES)
        return 0;
    size_t size = get(bytes + 4, 4);
    if (bytes[3] < WIRE_HELLO || bytes[3] >= TYPE_END || size > WIRE_PAYLOAD_MAX)
        return -1;
    if (length - WIRE_HEADER_BYTES < size)
        return 0;

    const uint8_t *payload = bytes + WIRE_HEADER_BYTES;
    *record = (struct wire_record){.type = (enum wire_type)bytes[3]};
    int broken = record->type == WIRE_OUTPUT ? get_output(payload, payload + size, record)
                                             : get_fields(payload, payload + size, record);
    return broken ? -1 : (int64_t)(WIRE_HEADER_BYTES + size);
}
