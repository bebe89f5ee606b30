/* The baseline file: strict reading, stable writing, and the entry of an environment.
 * test_baseline_accept.c tests the acceptance of runs. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "baseline/baseline.h"
#include "unit/gate_sample.h"
#include "unit/suite.h"

#include <ctype.h>
#include <string.h>

static char *fixture(const char *name)
{
    char *relative CLEANUP(cleanup_free) = xasprintf("fixtures/baseline/%s", name);
    return test_path(relative);
}

static void read_good(const char *name, struct baseline *baseline)
{
    char *path CLEANUP(cleanup_free) = fixture(name);
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_msg(baseline_read(path, baseline, &err) == 0, "%s", err.message);
}

START_TEST(canonical_file_comes_back_byte_for_byte)
{
    static const char *const names[] = {"good-canonical.json", "good-empty.json"};
    for (size_t i = 0; i < 2; i++) {
        char *path CLEANUP(cleanup_free) = fixture(names[i]);
        char *text CLEANUP(cleanup_free) = NULL;
        struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
        struct baseline baseline CLEANUP(baseline_release);
        ck_assert_int_eq(file_read(path, 1 << 20, &text, NULL, &err), 0);
        read_good(names[i], &baseline);
        char *written CLEANUP(cleanup_free) = baseline_to_json(&baseline);
        ck_assert_str_eq(written, text);
    }
}
END_TEST

START_TEST(every_member_is_read)
{
    struct baseline baseline CLEANUP(baseline_release);
    read_good("good-canonical.json", &baseline);
    ck_assert_uint_eq(baseline.count, 2);
    const struct baseline_environment *entry = &baseline.environments[0];
    ck_assert_str_eq(entry->key.source, "memory.max_usage_in_bytes");
    ck_assert_int_eq(entry->key.limit_bytes, UNMEASURED);
    ck_assert_str_eq(entry->key.architecture, "x86_64");
    ck_assert_double_eq(entry->key.cpus, 2);
    ck_assert_double_eq(baseline.environments[1].key.cpus, 0.5);
    ck_assert_str_eq(entry->key.image, "node:24-bookworm");
    ck_assert_str_eq(entry->accepted_at, "2026-01-02T03:04:05Z");
    ck_assert_str_eq(entry->accepted_commit, "0123456789abcdef0123456789abcdef01234567");
    ck_assert_str_eq(entry->accepted_reason, "next 16 holds \"more\" in its cache\nsee #12");
    ck_assert_str_eq(entry->accepted_by, "A. Developer");
    ck_assert_ptr_null(baseline.environments[1].measured_on);
    ck_assert_str_eq(entry->measured_on->kernel, "6.1.0");
    ck_assert_ptr_null(entry->measured_on->image_digest);
    ck_assert_int_eq(entry->measured_on->memory_total_bytes, 8192 * MIB);
    ck_assert_uint_eq(entry->measured_on->variables.count, 2);
    ck_assert_str_eq(entry->measured_on->variables.items[1], "UV_THREADPOOL_SIZE=8");
    ck_assert_uint_eq(entry->disturbance_count, 2);
    ck_assert_int_eq(entry->disturbance[0].cpu_some_us, UNMEASURED);
    ck_assert_int_eq(entry->disturbance[0].other_cpu_us, 400);
    ck_assert_int_eq(entry->disturbance[1].swap_out_bytes, 17);
    ck_assert_uint_eq(baseline.environments[1].disturbance_count, 0);
    ck_assert_uint_eq(entry->cpu_count, 2);
    ck_assert_int_eq(entry->cpu_ms[1], 31024);
    ck_assert_uint_eq(baseline.environments[1].cpu_count, 0);
    ck_assert_uint_eq(entry->count, 4);
    const struct baseline_metric *metric = baseline_metric_find(entry, "cgroup_peak");
    ck_assert_int_eq(metric->tolerance.level, LEVEL_FAIL);
    ck_assert_double_eq(metric->tolerance.percent, 10);
    ck_assert_int_eq(metric->tolerance.absolute, 64 * MIB);
    ck_assert_int_eq(metric->tolerance.budget, 1024 * MIB);
    ck_assert_int_eq(metric->anchor, 842217062);
    ck_assert_uint_eq(metric->count, 3);
    ck_assert_int_eq(metric->values[1], 844103680);
    metric = baseline_metric_find(entry, "duration");
    ck_assert_int_eq(metric->tolerance.level, LEVEL_WARN);
    ck_assert_double_eq(metric->tolerance.percent, 12.5);
    ck_assert_int_eq(baseline_metric_find(entry, "unreclaimable_peak")->tolerance.budget,
                     UNMEASURED);
    ck_assert_ptr_null(baseline_metric_find(entry, "stage:other"));
    entry = &baseline.environments[1];
    ck_assert_int_eq(entry->key.limit_bytes, INT64_C(8589934592));
    ck_assert_int_eq(entry->key.cache_policy, CACHE_COLD);
    ck_assert_ptr_null(entry->accepted_commit);
    ck_assert_ptr_null(entry->accepted_reason);
}
END_TEST

START_TEST(sizes_and_durations_may_have_units)
{
    struct baseline baseline CLEANUP(baseline_release);
    read_good("good-edited.json", &baseline);
    const struct baseline_environment *entry = &baseline.environments[0];
    ck_assert_int_eq(entry->key.limit_bytes, UNMEASURED);
    ck_assert_int_eq(entry->key.cache_policy, CACHE_AS_IS); /* the file has none */
    ck_assert_ptr_null(baseline.schema);
    const struct baseline_metric *metric = baseline_metric_find(entry, "cgroup_peak");
    ck_assert_int_eq(metric->tolerance.level, LEVEL_OFF);
    ck_assert_int_eq(metric->tolerance.absolute, 64 * MIB);
    ck_assert_int_eq(metric->tolerance.budget, 1536 * MIB);
    ck_assert_int_eq(metric->anchor, 1024 * MIB);
    metric = baseline_metric_find(entry, "duration");
    ck_assert_double_eq(metric->tolerance.percent, 0.5);
    ck_assert_int_eq(metric->tolerance.absolute, 30000);
    ck_assert_int_eq(metric->tolerance.budget, 5400000);
    ck_assert_int_eq(metric->anchor, 20000);
}
END_TEST

static void expect_changes(const struct baseline *at_ref, const struct baseline *in_tree,
                           const char *text)
{
    struct strv list CLEANUP(strv_release) = {0};
    baseline_changes(at_ref, in_tree, &list);
    char *joined CLEANUP(cleanup_free) = strv_join(&list, "; ");
    ck_assert_str_eq(joined, text);
}

START_TEST(changes_between_two_baselines)
{
    struct baseline at_ref CLEANUP(baseline_release), in_tree CLEANUP(baseline_release);
    gate_baseline(&at_ref);
    gate_baseline(&in_tree);
    expect_changes(&at_ref, &in_tree, "");
    gate_set_values(gate_metric(&in_tree, "cgroup_peak"), (int64_t[]){1000 * MIB}, 1);
    gate_metric(&in_tree, "duration")->tolerance.percent = 90; /* off: no effect */
    gate_metric(&in_tree, "stage:build-deps")->tolerance.level = LEVEL_OFF;
    expect_changes(
        &at_ref, &in_tree,
        "cgroup_peak: fail above 880.0 MiB at the ref, fail above 1.07 GiB in the work tree; "
        "stage:build-deps: warn above 364.0 MiB at the ref, off in the work tree");
    gate_metric(&in_tree, "cgroup_peak")->tolerance.budget = 900 * MIB;
    gate_set(&gate_metric(&in_tree, "stage:build-deps")->name, "stage:deps");
    expect_changes(
        &at_ref, &in_tree,
        "cgroup_peak: fail above 880.0 MiB at the ref, fail above 900.0 MiB in the work tree; "
        "stage:build-deps: warn above 364.0 MiB at the ref, not judged in the work tree; "
        "stage:deps: not judged at the ref, off in the work tree");
    in_tree.environments[0].key.cpus = 4;
    expect_changes(&at_ref, &in_tree,
                   "node:24-bookworm, x86_64, 2 CPUs, no limit, page cache as-is, from "
                   "memory.peak: only at the ref; "
                   "node:24-bookworm, x86_64, 4 CPUs, no limit, page cache as-is, from "
                   "memory.peak: only in the work tree");
}
END_TEST

/* A refresh must not rewrite them: the diff would show it. */
START_TEST(written_amounts_are_kept)
{
    struct baseline baseline CLEANUP(baseline_release);
    read_good("good-edited.json", &baseline);
    char *written CLEANUP(cleanup_free) = baseline_to_json(&baseline);
    static const char *const kept[] = {"\"absolute\": \"64MiB\"", "\"budget\": \"1.5GiB\"",
                                       "\"anchor\": \"1g\"", "\"budget\": \"1h30m\""};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        ck_assert_msg(strstr(written, kept[i]) != NULL, "no %s in %s", kept[i], written);
}
END_TEST

static const struct {
    const char *file;
    const char *message; /* after the file's name */
} bad_files[] = {
    {"bad-unknown-key.json", ":16: $.environments[0].metrics.cgroup_peak.tolerance: unknown key"},
    {"bad-unknown-key-top.json", ":3: $.environment: unknown key"},
    {"bad-duplicate-key.json", ":17: $.environments[0].metrics.cgroup_peak.percent: duplicate key"},
    {"bad-version.json", ":2: $.schema_version: written by a newer build-mem"},
    {"bad-version-older.json", ":2: $.schema_version: recorded by an older build-mem; remove this"},
    {"bad-version-text.json", ":2: $.schema_version: must be a whole number from 1"},
    {"bad-environments-object.json", ":3: $.environments: must be an array"},
    {"bad-metrics-array.json", ":13: $.environments[0].metrics: must be an object"},
    {"bad-values-number.json",
     ":20: $.environments[0].metrics.cgroup_peak.values: must be an array"},
    {"bad-cached-steps.json", ":13: $.environments[0].cached_steps: must be a whole number from 1"},
    {"bad-no-version.json", ":1: $: \"schema_version\" is missing"},
    {"bad-metric-name.json", ":14: $.environments[0].metrics.cgroup_peek: unknown metric"},
    {"bad-metric-array.json", ":14: $.environments[0].metrics.cgroup_peak: must be an object"},
    {"bad-no-cgroup-peak.json", ":13: $.environments[0].metrics: \"cgroup_peak\" is missing"},
    {"bad-stage-without-name.json", ":14: $.environments[0].metrics.stage:: unknown metric"},
    {"bad-level.json",
     ":15: $.environments[0].metrics.cgroup_peak.level: must be \"off\", \"warn\" or \"fail\""},
    {"bad-no-level.json", ":14: $.environments[0].metrics.cgroup_peak: \"level\" is missing"},
    {"bad-percent-negative.json", ":16: $.environments[0].metrics.cgroup_peak.percent: must be a "
                                  "number from 0 to 1000"},
    {"bad-percent-text.json", ":16: $.environments[0].metrics.cgroup_peak.percent: must be a "},
    {"bad-absolute-size.json", ":17: $.environments[0].metrics.cgroup_peak.absolute: \"64 apples\" "
                               "is not a size (such as \"64MiB\")"},
    {"bad-absolute-huge.json",
     ":17: $.environments[0].metrics.cgroup_peak.absolute: \"9p\" is not a size"},
    {"bad-absolute-negative.json",
     ":17: $.environments[0].metrics.cgroup_peak.absolute: must be a whole number"},
    {"bad-values-empty.json",
     ":20: $.environments[0].metrics.cgroup_peak.values: must have at least one value"},
    {"bad-values-fraction.json",
     ":21: $.environments[0].metrics.cgroup_peak.values[0]: must be a whole number"},
    {"bad-values-negative.json",
     ":22: $.environments[0].metrics.cgroup_peak.values[1]: must be a whole number"},
    {"bad-values-huge.json",
     ":21: $.environments[0].metrics.cgroup_peak.values[0]: must be a whole number"},
    {"bad-no-anchor.json", ":14: $.environments[0].metrics.cgroup_peak: \"anchor\" is missing"},
    {"bad-cpus-zero.json", ":9: $.environments[0].key.cpus: must be a number from 0.01"},
    {"bad-cache-policy.json", ":11: $.environments[0].key.cache_policy: must be \"as-is\", "},
    {"bad-source-empty.json", ":6: $.environments[0].key.source: must not be empty"},
    {"bad-at-missing.json", ":12: $.environments[0].accepted: \"at\" is missing"},
    {"bad-measured-on-key.json", ":13: $.environments[0].measured_on.kernels: unknown key"},
    {"bad-disturbance-object.json", ":13: $.environments[0].disturbance: must be an array"},
    {"bad-cpu-time.json", ":13: $.environments[0].cpu_ms[1]: must be a whole number"},
    {"bad-disturbance-key.json", ":13: $.environments[0].disturbance[0].throttled: unknown key"},
    {"bad-measured-on-text.json", ":13: $.environments[0].measured_on: must be an object"},
    {"bad-image-number.json", ":10: $.environments[0].key.image: must be a string"},
    {"bad-variable.json",
     ":13: $.environments[0].measured_on.variables.NODE_OPTIONS: must be a string"},
    {"bad-limit-text.json", ":7: $.environments[0].key.memory_limit_bytes: must be a whole number"},
    {"bad-same-environment.json",
     ":26: $.environments[1]: duplicate environment: its key equals that of $.environments[0]"},
    {"bad-truncated.json", ": not valid JSON"},
    {"bad-trailing.json", ":28: not valid JSON"},
    {"bad-empty.json", ":1: not valid JSON: the file is empty"},
    {"bad-array.json", ":1: $: must be an object"},
    {"there-is-none.json", ": No such file or directory"},
};

START_TEST(bad_file_is_refused_with_its_place)
{
    char *path CLEANUP(cleanup_free) = fixture(bad_files[_i].file);
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct baseline baseline CLEANUP(baseline_release);
    ck_assert_int_eq(baseline_read(path, &baseline, &err), -1);
    ck_assert_ptr_nonnull(err.message);
    ck_assert_msg(strncmp(err.message, path, strlen(path)) == 0 &&
                      strstr(err.message, bad_files[_i].message) != NULL,
                  "%s: \"%s\" does not contain \"%s\"", path, err.message, bad_files[_i].message);
}
END_TEST

START_TEST(bad_text_is_refused_with_its_place)
{
    static const char *const texts[][2] = {
        {"{", "b.json:1: not valid JSON"},
        {"{\"schema_version\": 2, \"environments\": [1]}",
         "b.json:1: $.environments[0]: must be an object"},
        {"{\"schema_version\": 2, \"environments\": [{\n"
         "\"key\": {\"source\": \"s\", \"architecture\": \"a\", \"cpus\": 1, \"image\": \"i\"},\n"
         "\"accepted\": {\"at\": \"now\"}, \"measured_on\": null, \"metrics\": {\"duration\": {\n"
         "\"level\": \"fail\", \"percent\": 1, \"absolute\": \"30 apples\", \"anchor\": 1, "
         "\"values\": [1]}}}]}",
         "b.json:4: $.environments[0].metrics.duration.absolute: \"30 apples\" is not a duration"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
        struct baseline baseline CLEANUP(baseline_release);
        ck_assert_int_eq(baseline_parse(texts[i][0], "b.json", &baseline, &err), -1);
        ck_assert_msg(strncmp(err.message, texts[i][1], strlen(texts[i][1])) == 0, "%s",
                      err.message);
    }
}
END_TEST

static void refuse_text(char *text, const char *where)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct baseline baseline CLEANUP(baseline_release);
    ck_assert_msg(baseline_parse(text, "b.json", &baseline, &err) == -1, "taken: %.40s", where);
    ck_assert_msg(strncmp(err.message, "b.json:", 7) == 0, "no place: %s", err.message);
    free(text);
}

/* The end of a JSON value in a canonical file: of its line, or of the bracket that closes it at the
 * same indentation. */
static const char *value_end(const char *line, const char *value)
{
    if (*value != '{' && *value != '[')
        return value + strcspn(value, "\n") - (value[strcspn(value, "\n") - 1] == ',');
    char *close CLEANUP(cleanup_free) =
        xasprintf("\n%.*s%c", (int)strspn(line, " "), line, *value == '{' ? '}' : ']');
    return strstr(value, close) + strlen(close);
}

/* No value may be true, and no key may have another name, except those of variables. */
START_TEST(every_key_and_value_is_checked)
{
    char *path CLEANUP(cleanup_free) = fixture("good-canonical.json");
    char *text CLEANUP(cleanup_free) = NULL;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_int_eq(file_read(path, 1 << 20, &text, NULL, &err), 0);
    int changed = 0;
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        const char *key = line + strspn(line, " "), *value = strstr(line, "\": ");
        if (*key != '"' || !value || value > strchr(line, '\n'))
            continue;
        value += 3;
        int before = (int)(value - text);
        refuse_text(xasprintf("%.*strue%s", before, text, value_end(line, value)), key);
        if (!isupper((unsigned char)key[1]))
            refuse_text(xasprintf("%.*s\"x%s", (int)(key - text), text, key + 1), key);
        changed++;
    }
    ck_assert_int_gt(changed, 60);
}
END_TEST

/* The text without the member from `key` to `end`, and without the comma that it leaves. */
static char *without(const char *text, const char *key, const char *end)
{
    int before = (int)(key - text);
    if (*end == ',') {
        end++;
    } else {
        while (isspace((unsigned char)text[before - 1]))
            before--;
        before -= text[before - 1] == ',';
    }
    return xasprintf("%.*s%s", before, text, end);
}

static bool is_required(const char *key)
{
    static const char *const required[] = {
        "schema_version", "environments", "key",    "source",  "architecture", "cpus",
        "image",          "accepted",     "at",     "metrics", "cgroup_peak",  "level",
        "percent",        "absolute",     "anchor", "values"};
    size_t length = strcspn(key, "\"");
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (strncmp(key, required[i], length) == 0 && required[i][length] == '\0')
            return true;
    return false;
}

/* A key that is deleted by hand must not switch a check off unnoticed. */
START_TEST(missing_key_is_named)
{
    char *path CLEANUP(cleanup_free) = fixture("good-canonical.json");
    char *text CLEANUP(cleanup_free) = NULL;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    ck_assert_int_eq(file_read(path, 1 << 20, &text, NULL, &err), 0);
    int missed = 0;
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        const char *key = line + strspn(line, " "), *value = strstr(line, "\": ");
        if (*key != '"' || !value || value > strchr(line, '\n'))
            continue;
        char *less CLEANUP(cleanup_free) = without(text, key, value_end(line, value + 3));
        char *words CLEANUP(cleanup_free) =
            xasprintf("%.*s is missing", (int)(value + 1 - key), key);
        struct baseline baseline CLEANUP(baseline_release);
        struct bm_error told CLEANUP(bm_error_release) = BM_ERROR_INIT;
        int result = baseline_parse(less, "b.json", &baseline, &told);
        ck_assert_msg(result == (is_required(key + 1) ? -1 : 0), "without %.20s: %d", key, result);
        ck_assert_msg(result == 0 || strstr(told.message, words) != NULL, "\"%s\" lacks \"%s\"",
                      told.message, words);
        missed -= result;
    }
    ck_assert_int_gt(missed, 30);
}
END_TEST

START_TEST(names_from_outside_are_written_as_json)
{
    struct baseline baseline CLEANUP(baseline_release);
    struct baseline again CLEANUP(baseline_release);
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    gate_baseline(&baseline);
    gate_set(&gate_metric(&baseline, "stage:setup")->name, "stage:a\"\\\n\x01\xff"
                                                           "b");
    char *text CLEANUP(cleanup_free) = baseline_to_json(&baseline);
    ck_assert_msg(baseline_parse(text, "written", &again, &err) == 0, "%s", err.message);
    ck_assert_str_eq(again.environments[0].metrics[3].name, "stage:a\"\\\n\x01\xEF\xBF\xBD"
                                                            "b");
}
END_TEST

START_TEST(entry_is_found_by_its_whole_key)
{
    struct baseline baseline CLEANUP(baseline_release);
    struct measurement m CLEANUP(measurement_release);
    gate_baseline(&baseline);
    gate_run(&m, "now", 800 * MIB);
    ck_assert_ptr_eq(baseline_find(&baseline, &m), &baseline.environments[0]);
    m.environment.cpus = 4;
    ck_assert_ptr_null(baseline_find(&baseline, &m));
}
END_TEST

START_TEST(common_entry_is_of_the_own_source_or_of_the_counter)
{
    struct baseline baseline CLEANUP(baseline_release);
    struct measurement runs[2];
    bool by_bounds;
    gate_baseline(&baseline);
    gate_run(&runs[0], "exact", 800 * MIB);
    gate_run(&runs[1], "estimated", 700 * MIB);
    ck_assert_ptr_eq(baseline_find_common(&baseline, runs, 2, &by_bounds), baseline.environments);
    ck_assert(!by_bounds);
    gate_bound_peak(&runs[1], 800 * MIB);
    ck_assert_ptr_eq(baseline_find_common(&baseline, runs, 2, &by_bounds), baseline.environments);
    ck_assert(by_bounds);
    ck_assert_ptr_eq(baseline_find_common(&baseline, &runs[1], 1, &by_bounds),
                     baseline.environments);
    ck_assert(by_bounds);
    /* Of another kernel, without an upper bound, in another environment. */
    gate_set(&runs[1].peak.source, "memory.usage_in_bytes");
    ck_assert_ptr_null(baseline_find_common(&baseline, runs, 2, &by_bounds));
    gate_bound_peak(&runs[1], UNMEASURED);
    ck_assert_ptr_null(baseline_find_common(&baseline, runs, 2, &by_bounds));
    gate_bound_peak(&runs[1], 800 * MIB);
    runs[1].environment.cpus = 4;
    ck_assert_ptr_null(baseline_find_common(&baseline, runs, 2, &by_bounds));
    runs[1].environment.cpus = 2;
    /* An entry of estimates is for estimates. */
    gate_set(&baseline.environments[0].key.source, "memory.current");
    ck_assert_ptr_null(baseline_find_common(&baseline, runs, 2, &by_bounds));
    ck_assert_ptr_eq(baseline_find_common(&baseline, &runs[1], 1, &by_bounds),
                     baseline.environments);
    ck_assert(!by_bounds);
    gate_set(&baseline.environments[0].key.source, "memory.max_usage_in_bytes");
    gate_set(&runs[1].peak.source, "memory.usage_in_bytes");
    ck_assert_ptr_eq(baseline_find_common(&baseline, &runs[1], 1, &by_bounds),
                     baseline.environments);
    ck_assert(by_bounds);
    gate_release_runs(runs, 2);
}
END_TEST

START_TEST(key_differences)
{
    struct baseline baseline CLEANUP(baseline_release);
    struct measurement m CLEANUP(measurement_release);
    gate_baseline(&baseline);
    gate_run(&m, "now", 800 * MIB);
    struct environment_key key = baseline.environments[0].key, other = environment_key_of(&m);
    size_t count;
    char *same CLEANUP(cleanup_free) =
        environment_key_difference(&other, "here", &key, "there", &count);
    ck_assert_str_eq(same, "");
    ck_assert_uint_eq(count, 0);

    other.cpus = 4;
    other.limit_bytes = 700 * MIB;
    other.cache_policy = CACHE_COLD;
    char *text CLEANUP(cleanup_free) =
        environment_key_difference(&other, "here", &key, "there", &count);
    ck_assert_str_eq(text, "memory limit: 700.0 MiB here, none there; cpus: 4 here, 2 there; cache "
                           "policy: cold here, as-is there");
    ck_assert_uint_eq(count, 3);
    ck_assert(!environment_key_equal(&key, &other));
}
END_TEST

/* A baseline that was recorded with the short name stays valid. */
START_TEST(short_and_full_image_name_are_equal)
{
    struct baseline baseline CLEANUP(baseline_release);
    struct measurement m CLEANUP(measurement_release);
    gate_baseline(&baseline);
    gate_run(&m, "now", 800 * MIB);
    gate_set(&m.environment.image, "docker.io/library/node:24-bookworm");
    ck_assert_ptr_eq(baseline_find(&baseline, &m), &baseline.environments[0]);
    const struct environment_key key = environment_key_of(&m);
    char *same CLEANUP(cleanup_free) =
        environment_key_difference(&key, "here", &baseline.environments[0].key, "there", NULL);
    ck_assert_str_eq(same, "");

    gate_set(&m.environment.image, "quay.io/library/node:24-bookworm");
    ck_assert_ptr_null(baseline_find(&baseline, &m));
    gate_set(&m.environment.image, NULL);
    ck_assert_ptr_null(baseline_find(&baseline, &m));
}
END_TEST

START_TEST(metrics_of_a_run)
{
    struct measurement m CLEANUP(measurement_release);
    struct strv names CLEANUP(strv_release) = {0};
    gate_run(&m, "now", 800 * MIB);
    gate_add_stage(&m, "unseen", 10);
    gate_stage(&m, "unseen")->first_ms = UNMEASURED;
    m.peak.unreclaimable_bytes = UNMEASURED;
    gate_stage(&m, "build-deps")->unreclaimable_peak_bytes = 310 * MIB;
    gate_stage(&m, "setup")->unreclaimable_peak_bytes = UNMEASURED; /* it was never current */
    metric_names(&m, &names);
    ck_assert_uint_eq(names.count, 5);
    ck_assert_str_eq(names.items[0], "cgroup_peak");
    ck_assert_str_eq(names.items[1], "duration");
    ck_assert_str_eq(names.items[2], "stage:build-deps");
    ck_assert_str_eq(names.items[3], "stage:setup");
    ck_assert_str_eq(names.items[4], "stage_unreclaimable:build-deps");
    ck_assert_int_eq(metric_value(&m, "stage_unreclaimable:build-deps"), 310 * MIB);
    ck_assert_int_eq(metric_value(&m, "stage_unreclaimable:setup"), UNMEASURED);
    ck_assert_str_eq(metric_stage("stage_unreclaimable:setup"), "setup");
    ck_assert_ptr_null(metric_pss_stage("stage_unreclaimable:setup"));
    ck_assert(!metric_is_known("stage_unreclaimable:"));
    ck_assert_int_eq(metric_value(&m, "cgroup_peak"), 800 * MIB);
    ck_assert_int_eq(metric_value(&m, "duration"), 60000);
    ck_assert_int_eq(metric_value(&m, "stage:setup"), 50 * MIB);
    ck_assert_int_eq(metric_value(&m, "stage:unseen"), UNMEASURED);
    ck_assert_int_eq(metric_value(&m, "stage:none"), UNMEASURED);
    ck_assert_int_eq(metric_value(&m, "unreclaimable_peak"), UNMEASURED);
}
END_TEST

START_TEST(steps_between_values)
{
    static const struct {
        const char *metric;
        int64_t from, to;
        const char *text;
    } cases[] = {
        {"cgroup_peak", 100 * MIB, 150 * MIB, "+50.0 MiB (+50.0 %)"},
        {"stage:duration", 200 * MIB, 100 * MIB, "-100.0 MiB (-50.0 %)"},
        {"stage:x", 0, MIB, "+1.0 MiB"}, /* no percentage of nothing */
        {"duration", 60000, 45000, "-15.0 s (-25.0 %)"},
        {"duration", 1000, 1000, "+0 ms (+0.0 %)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text CLEANUP(cleanup_free) = metric_step(cases[i].metric, cases[i].from, cases[i].to);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(largest_processes_of_a_metric)
{
    struct measurement m CLEANUP(measurement_release);
    gate_run(&m, "now", 800 * MIB);
    static const struct {
        const char *metric, *text;
    } cases[] = {
        {"cgroup_peak", "next build, 400.0 MiB"},
        {"unreclaimable_peak", "next build, 400.0 MiB"}, /* it has no snapshot of its own */
        {"stage:build-deps", "node nx ×3, 210.0 MiB"},
        {"stage_unreclaimable:build-deps", "node nx ×3, 210.0 MiB"},
        {"stage:setup", NULL}, /* no snapshot */
        {"stage:none", NULL},
        {"duration", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text CLEANUP(cleanup_free) = metric_largest(&m, cases[i].metric);
        if (cases[i].text)
            ck_assert_str_eq(text, cases[i].text);
        else
            ck_assert_ptr_null(text);
    }
    gate_add_process(&m.peak.at_unreclaimable_peak, "ld", 300 * MIB);
    char *text CLEANUP(cleanup_free) = metric_largest(&m, "unreclaimable_peak");
    ck_assert_str_eq(text, "ld, 300.0 MiB");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("baseline");
    TCase *files = tcase_create("files");
    tcase_add_test(files, canonical_file_comes_back_byte_for_byte);
    tcase_add_test(files, every_member_is_read);
    tcase_add_test(files, sizes_and_durations_may_have_units);
    tcase_add_test(files, every_key_and_value_is_checked);
    tcase_add_test(files, bad_text_is_refused_with_its_place);
    tcase_add_test(files, missing_key_is_named);
    tcase_add_test(files, names_from_outside_are_written_as_json);
    tcase_add_test(files, changes_between_two_baselines);
    tcase_add_test(files, written_amounts_are_kept);
    tcase_add_loop_test(files, bad_file_is_refused_with_its_place, 0,
                        sizeof bad_files / sizeof *bad_files);
    suite_add_tcase(suite, files);
    TCase *rest = tcase_create("metrics");
    tcase_add_test(rest, entry_is_found_by_its_whole_key);
    tcase_add_test(rest, common_entry_is_of_the_own_source_or_of_the_counter);
    tcase_add_test(rest, key_differences);
    tcase_add_test(rest, short_and_full_image_name_are_equal);
    tcase_add_test(rest, metrics_of_a_run);
    tcase_add_test(rest, steps_between_values);
    tcase_add_test(rest, largest_processes_of_a_metric);
    suite_add_tcase(suite, rest);
    return run_suite(suite);
}
