#include "measurement/disturbance.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/units.h"

#include <inttypes.h>

/* From this part of the run on, a figure is worth a line. */
#define NOTABLE_PERCENT 10
#define NOTABLE_SWAP_BYTES (INT64_C(4) << 20)
#define LARGEST_FIGURE (INT64_C(1) << 53)

#define FIGURE(member) offsetof(struct disturbance, member)
const struct disturbance_field disturbance_fields[] = {
    {"cpu_some_us", "waited for a CPU (PSI)", FIGURE(cpu_some_us), false},
    {"io_some_us", "waited for I/O (PSI, some)", FIGURE(io_some_us), false},
    {"io_full_us", "waited for I/O (PSI, full)", FIGURE(io_full_us), false},
    {"run_delay_us", "processes waited for a CPU, together", FIGURE(run_delay_us), false},
    {"throttled_us", "stopped by a CPU quota", FIGURE(throttled_us), false},
    {"steal_us", "CPU time taken by the hypervisor", FIGURE(steal_us), false},
    {"other_cpu_us", "CPU time of other work", FIGURE(other_cpu_us), false},
    {"cpu_capacity_us", "CPU time that there was", FIGURE(cpu_capacity_us), false},
    {"swap_in_bytes", "read from swap (machine)", FIGURE(swap_in_bytes), true},
    {"swap_out_bytes", "written to swap (machine)", FIGURE(swap_out_bytes), true},
    {0},
};

static int64_t *place(struct disturbance *disturbance, const struct disturbance_field *field)
{
    return (int64_t *)((char *)disturbance + field->offset);
}

int64_t disturbance_figure(const struct disturbance *disturbance,
                           const struct disturbance_field *field)
{
    return *(const int64_t *)((const char *)disturbance + field->offset);
}

void disturbance_init(struct disturbance *disturbance)
{
    for (const struct disturbance_field *field = disturbance_fields; field->key; field++)
        *place(disturbance, field) = UNMEASURED;
}

int disturbance_read(const struct json *object, struct disturbance *disturbance,
                     struct bm_error *err)
{
    const char *keys[sizeof disturbance_fields / sizeof *disturbance_fields];
    size_t count = 0;
    for (const struct disturbance_field *field = disturbance_fields; field->key; field++)
        keys[count++] = field->key;
    keys[count] = NULL;
    disturbance_init(disturbance);
    if (json_expect_object(object, err) < 0 || json_expect_keys(object, keys, err) < 0)
        return -1;
    for (const struct disturbance_field *field = disturbance_fields; field->key; field++) {
        const struct json *value;
        if (json_require(object, field->key, &value, err) < 0)
            return -1;
        if (!json_is_null(value) &&
            json_expect_integer(value, 0, LARGEST_FIGURE, place(disturbance, field), err) < 0)
            return -1;
    }
    return 0;
}

static bool is_notable(int64_t us, int64_t of_us)
{
    return of_us >= 100 && us > 0 && us >= of_us / 100 * NOTABLE_PERCENT;
}

static void add(struct strv *parts, const char *what, int64_t us)
{
    char *duration CLEANUP(cleanup_free) = format_duration(us / 1000);
    strv_pushf(parts, "%s for %s", what, duration);
}

char *disturbance_text(const struct disturbance *disturbance, int64_t duration_ms)
{
    struct strv parts CLEANUP(strv_release) = {0};
    int64_t capacity = disturbance->cpu_capacity_us;
    int64_t duration_us =
        duration_ms > 0 && duration_ms < INT64_MAX / 1000 ? duration_ms * 1000 : 0;
    if (is_notable(disturbance->other_cpu_us, capacity))
        strv_pushf(&parts, "other work used %" PRId64 " %% of the CPUs",
                   disturbance->other_cpu_us / (capacity / 100));
    if (is_notable(disturbance->steal_us, capacity))
        strv_pushf(&parts, "the hypervisor took %" PRId64 " %% of the CPUs",
                   disturbance->steal_us / (capacity / 100));
    if (is_notable(disturbance->throttled_us, duration_us))
        add(&parts, "a CPU quota stopped the build", disturbance->throttled_us);
    if (is_notable(disturbance->io_full_us, duration_us))
        add(&parts, "all of it waited for I/O", disturbance->io_full_us);
    int64_t swapped =
        add_figures(disturbance->swap_in_bytes > 0 ? disturbance->swap_in_bytes : 0,
                    disturbance->swap_out_bytes > 0 ? disturbance->swap_out_bytes : 0);
    if (swapped >= NOTABLE_SWAP_BYTES) {
        char *bytes CLEANUP(cleanup_free) = format_bytes(swapped);
        strv_pushf(&parts, "the machine swapped %s", bytes);
    }
    return parts.count ? strv_join(&parts, ", ") : NULL;
}
