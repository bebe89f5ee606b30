#include "measurement/attestation.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "base/units.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#define TIMES_MS_MAX (INT64_C(1) << 50)
#define METADATA_02 "https://mobyproject.org/buildkit@v1#metadata"

/* The parts of a provenance; NULL: missing. Borrowed. */
struct provenance {
    const struct json *steps; /* an array */
    const struct json *started, *finished;
    const struct json *platform; /* of the builder */
    const struct json *dockerfile, *arguments;
    const struct json *metadata; /* of BuildKit */
};

/* ---- members ---- */

/* Returns the member at the end of a path of keys, which ends with NULL; NULL if there is none. */
static const struct json *find(const struct json *at, const char *const *path)
{
    for (; at && *path; path++)
        at = json_is_object(at) ? json_member(at, *path) : NULL;
    return at;
}
#define FIND(at, ...) find(at, (const char *const[]){__VA_ARGS__, NULL})

/* Returns NULL if it is missing or no text. Borrowed. */
static const char *text_of(const struct json *value)
{
    struct bm_error ignored CLEANUP(bm_error_release) = BM_ERROR_INIT;
    const char *text;
    return value && json_expect_string(value, &text, &ignored) == 0 ? text : NULL;
}

/* Sets `*figure` to the figure of the object, or to UNMEASURED if it is missing. */
static int read_figure(const struct json *object, const char *key, int64_t *figure,
                       struct bm_error *err)
{
    const struct json *value = FIND(object, key);
    *figure = UNMEASURED;
    return value ? json_expect_integer(value, 0, INT64_MAX, figure, err) : 0;
}

/* Sets `*ms` to a time in RFC 3339 format, in milliseconds since 1970. */
static int read_time(const struct json *value, int64_t *ms, struct bm_error *err)
{
    const char *text;
    struct tm tm = {0};
    int64_t fraction_ms = 0, unit_ms = 100;
    if (json_expect_string(value, &text, err) < 0)
        return -1;
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest && *rest == '.')
        for (; isdigit((unsigned char)*++rest); unit_ms /= 10)
            fraction_ms += unit_ms * (*rest - '0');
    rest = rest ? strptime(rest, "%z", &tm) : NULL;
    if (!rest || *rest)
        return json_error(value, err, "must be a time such as 2026-01-31T12:00:00Z");
    int64_t offset_s = tm.tm_gmtoff; /* timegm(3) resets it */
    *ms = ((int64_t)timegm(&tm) - offset_s) * 1000 + fraction_ms;
    if (*ms < 0 || *ms > TIMES_MS_MAX)
        return json_error(value, err, "is out of range");
    return 0;
}

/* ---- the kinds of files ---- */

/* The metadata file has one provenance, or one for each platform. */
static int find_in_metadata_file(const struct json *root, const struct json **predicate,
                                 struct bm_error *err)
{
    static const char key[] = "buildx.build.provenance";
    const struct json *found = NULL;
    for (const struct json *item = json_first(root); item; item = json_next(item)) {
        if (strncmp(json_key(item), key, strlen(key)) != 0)
            continue;
        if (found)
            return json_error(item, err,
                              "a second provenance; build one platform at a time (--platform)");
        found = item;
    }
    *predicate = found ? found : root;
    return json_expect_object(*predicate, err);
}

static int find_parts(const struct json *root, struct provenance *provenance, struct bm_error *err)
{
    const struct json *predicate = json_is_object(root) ? json_member(root, "predicate") : NULL;
    if (json_expect_object(root, err) < 0 ||
        (predicate ? json_expect_object(predicate, err)
                   : find_in_metadata_file(root, &predicate, err)) < 0)
        return -1;
    const struct json *inner = FIND(predicate, "buildDefinition", "internalParameters");
    const struct json *outer = FIND(predicate, "buildDefinition", "externalParameters");
    const struct json *run = FIND(predicate, "runDetails", "metadata");
    const struct json *invocation = FIND(predicate, "invocation");
    const struct json *metadata = FIND(predicate, "metadata");
    bool is_slsa_1 = inner || outer || run;
    if (!is_slsa_1 && !invocation && !metadata)
        return json_error(predicate, err,
                          "not a provenance of BuildKit; a metadata file has one with "
                          "BUILDX_METADATA_PROVENANCE=max");
    *provenance = is_slsa_1
                      ? (struct provenance){
                            .steps = FIND(inner, "buildConfig", "llbDefinition"),
                            .started = FIND(run, "startedOn"),
                            .finished = FIND(run, "finishedOn"),
                            .platform = FIND(inner, "builderPlatform"),
                            .dockerfile = FIND(outer, "configSource", "path"),
                            .arguments = FIND(outer, "request", "args"),
                            .metadata = FIND(run, "buildkit_metadata"),
                        }
                      : (struct provenance){
                            .steps = FIND(predicate, "buildConfig", "llbDefinition"),
                            .started = FIND(metadata, "buildStartedOn"),
                            .finished = FIND(metadata, "buildFinishedOn"),
                            .platform = FIND(invocation, "environment", "platform"),
                            .dockerfile = FIND(invocation, "configSource", "entryPoint"),
                            .arguments = FIND(invocation, "parameters", "args"),
                            .metadata = FIND(metadata, METADATA_02),
                        };
    if (!provenance->steps)
        return json_error(predicate, err,
                          "no build steps: build with --provenance=mode=max,capture-usage=true");
    return json_expect_array(provenance->steps, err);
}

/* ---- the steps ---- */

/* Shortens the text to `most` bytes, between two characters. */
static void shorten(char *text, size_t most)
{
    if (strlen(text) <= most)
        return;
    while (most && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    text[most] = '\0';
}

static bool has_stage(const struct measurement *m, const char *name)
{
    for (size_t i = 0; i < m->stage_count; i++)
        if (strcmp(m->stages[i].name, name) == 0)
            return true;
    return false;
}

/* "RUN npm ci": the arguments without the shell; a later step of the same text has a number. */
static int name_step(const struct json *exec, const struct measurement *m, char **name,
                     struct bm_error *err)
{
    const struct json *arguments = FIND(exec, "meta", "args");
    struct strv words CLEANUP(strv_release) = {0};
    if (!arguments)
        return json_error(exec, err, "missing key \"meta.args\"");
    if (json_expect_array(arguments, err) < 0)
        return -1;
    for (const struct json *item = json_first(arguments); item; item = json_next(item)) {
        const char *word;
        if (json_expect_string(item, &word, err) < 0)
            return -1;
        strv_push(&words, word);
    }
    bool by_shell = words.count >= 3 && strcmp(words.items[words.count - 2], "-c") == 0;
    char *command CLEANUP(cleanup_free) =
        by_shell ? xstrdup(words.items[words.count - 1]) : strv_join(&words, " ");
    char *line CLEANUP(cleanup_free) = text_one_line(command);
    shorten(line, ATTESTATION_NAME_MAX);
    *name = xasprintf("RUN %s", line);
    for (int number = 2; has_stage(m, *name); number++) {
        free(*name);
        *name = xasprintf("RUN %s (%d)", line, number);
    }
    return 0;
}

/* The totals of the samples of a step. */
struct step_usage {
    int64_t first_ms, last_ms; /* since 1970 */
    int64_t peak_bytes, cpu_ns;
    int64_t oom_kills, limit_hits;
    bool has_memory; /* a sample has figures of the memory */
};

static void keep_highest(int64_t *highest, int64_t figure)
{
    if (figure > *highest)
        *highest = figure;
}

static int add_sample(const struct json *sample, struct step_usage *usage, struct bm_error *err)
{
    const struct json *time, *memory;
    int64_t at_ms = 0, peak, cpu, kills, max_hits, high_hits;
    if (json_expect_object(sample, err) < 0 || json_require(sample, "timestamp", &time, err) < 0 ||
        read_time(time, &at_ms, err) < 0)
        return -1;
    memory = json_member(sample, "memoryStat");
    if (read_figure(memory, "peak", &peak, err) < 0 ||
        read_figure(memory, "oomKillEvents", &kills, err) < 0 ||
        read_figure(memory, "maxEvents", &max_hits, err) < 0 ||
        read_figure(memory, "highEvents", &high_hits, err) < 0 ||
        read_figure(json_member(sample, "cpuStat"), "usageNanos", &cpu, err) < 0)
        return -1;
    usage->has_memory = usage->has_memory || memory;
    if (usage->first_ms < 0 || at_ms < usage->first_ms)
        usage->first_ms = at_ms;
    keep_highest(&usage->last_ms, at_ms);
    keep_highest(&usage->peak_bytes, peak);
    keep_highest(&usage->cpu_ns, cpu);
    keep_highest(&usage->oom_kills, kills);
    keep_highest(&usage->limit_hits, max_hits);
    keep_highest(&usage->limit_hits, high_hits);
    return 0;
}

/* `usage` has no sample yet. */
static int read_usage(const struct json *samples, struct step_usage *usage, struct bm_error *err)
{
    if (json_expect_array(samples, err) < 0)
        return -1;
    for (const struct json *sample = json_first(samples); sample; sample = json_next(sample))
        if (add_sample(sample, usage, err) < 0)
            return -1;
    if (usage->peak_bytes >= 0)
        return 0;
    if (usage->has_memory)
        return json_error(samples, err,
                          "no memory.peak: the kernel of the builder is older than Linux 5.19");
    return json_error(samples, err,
                      "no memoryStat: BuildKit did not find the cgroup of the step; with Docker "
                      "Engine, add --cgroup-parent build.slice");
}

/* A time since the start of the build; at least 0, because clocks can be set. */
static int64_t since(int64_t started_ms, int64_t at_ms)
{
    return at_ms > started_ms ? at_ms - started_ms : 0;
}

static void add_stage(struct measurement *m, int64_t started_ms, const struct step_usage *usage,
                      char *name)
{
    m->stages = xgrow(m->stages, m->stage_count, sizeof *m->stages);
    struct stage_measurement *stage = &m->stages[m->stage_count++];
    *stage = (struct stage_measurement){
        .name = name,
        .first_ms = since(started_ms, usage->first_ms),
        .last_ms = since(started_ms, usage->last_ms),
        .pss_peak_bytes = UNMEASURED,
        .all_pss_peak_bytes = UNMEASURED,
        .cgroup_peak_bytes = usage->peak_bytes,
        .unreclaimable_peak_bytes = UNMEASURED,
        .oom_kills = usage->oom_kills < INT32_MAX ? usage->oom_kills : INT32_MAX,
    };
    snapshot_init(&stage->at_peak);
    if (usage->peak_bytes > m->peak.cgroup_bytes) {
        m->peak.cgroup_bytes = usage->peak_bytes;
        free(m->peak.stage);
        m->peak.stage = xstrdup(name);
    }
    m->peak.at_limit = m->peak.at_limit || usage->oom_kills || usage->limit_hits;
    int64_t cpu_ms = usage->cpu_ns / 1000000;
    m->build.cpu_ms = add_figures(m->build.cpu_ms < 0 ? 0 : m->build.cpu_ms, cpu_ms);
}

static int read_steps(const struct json *steps, int64_t started_ms, struct measurement *m,
                      struct bm_error *err)
{
    for (const struct json *step = json_first(steps); step; step = json_next(step)) {
        const struct json *exec = FIND(step, "op", "Op", "exec");
        const struct json *samples = FIND(step, "resourceUsage", "samples");
        struct step_usage usage = {.first_ms = UNMEASURED, .peak_bytes = UNMEASURED};
        char *name = NULL;
        if (!exec)
            continue;
        if (!samples || !json_first(samples)) {
            m->build.cached_steps++;
            continue;
        }
        if (m->stage_count == ATTESTATION_STEPS_MAX)
            return json_error(step, err, "more than %d RUN steps", ATTESTATION_STEPS_MAX);
        if (read_usage(samples, &usage, err) < 0 || name_step(exec, m, &name, err) < 0)
            return -1;
        add_stage(m, started_ms, &usage, name);
    }
    if (m->stage_count)
        return 0;
    return json_error(steps, err,
                      "no resourceUsage in any RUN step: build with --no-cache and "
                      "--provenance=mode=max,capture-usage=true, on a machine with cgroup v2");
}

/* ---- the machine and the build ---- */

/* "linux/amd64/v3" -> "x86_64". The caller owns it; NULL if it is unknown. */
static char *architecture_of(const char *platform)
{
    static const char *const names[][2] = {{"amd64", "x86_64"}, {"arm64", "aarch64"}};
    const char *slash = platform ? strchr(platform, '/') : NULL;
    if (!slash)
        return NULL;
    size_t length = strcspn(slash + 1, "/");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i][0]) == length && strncmp(slash + 1, names[i][0], length) == 0)
            return xstrdup(names[i][1]);
    char *name CLEANUP(cleanup_free) = xstrndup(slash + 1, length);
    return *name ? text_one_line(name) : NULL;
}

/* Sets `*bytes` to the memory of the machine of the builder, which the samples have in KiB. */
static int read_memory_total(const struct json *samples, int64_t *bytes, struct bm_error *err)
{
    const struct json *first = samples && json_is_array(samples) ? json_first(samples) : NULL;
    const struct json *total = FIND(first, "memoryStat", "total");
    int64_t kib;
    if (!total)
        return 0;
    if (json_expect_integer(total, 0, INT64_MAX / 1024, &kib, err) < 0)
        return -1;
    *bytes = kib * 1024;
    return 0;
}

/* "docker build --file Dockerfile --target app". The caller owns it. */
static char *command_of(const struct provenance *provenance)
{
    const char *const parts[][2] = {
        {"file", text_of(provenance->dockerfile)},
        {"target", text_of(FIND(provenance->arguments, "target"))},
    };
    struct strv words CLEANUP(strv_release) = {0};
    strv_push(&words, "docker build");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!parts[i][1] || !*parts[i][1])
            continue;
        char *line CLEANUP(cleanup_free) = text_one_line(parts[i][1]);
        char *word CLEANUP(cleanup_free) = text_shell_word(line);
        strv_pushf(&words, "--%s %s", parts[i][0], word);
    }
    return strv_join(&words, " ");
}

/* "2026-01-31T12:00:00Z". The caller owns it. */
static char *format_time(int64_t ms)
{
    char text[40];
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
    return xstrdup(text);
}

static int read_times(const struct provenance *provenance, const struct json *root,
                      struct measurement *m, int64_t *started_ms, struct bm_error *err)
{
    int64_t finished_ms;
    if (!provenance->started || !provenance->finished)
        return json_error(root, err, "the start or the end of the build is missing");
    if (read_time(provenance->started, started_ms, err) < 0 ||
        read_time(provenance->finished, &finished_ms, err) < 0)
        return -1;
    m->started_at = format_time(*started_ms);
    m->build.duration_ms = since(*started_ms, finished_ms);
    return 0;
}

int attestation_parse(const char *text, const char *origin, struct measurement *m,
                      struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) = json_parse(text, origin, err);
    struct provenance provenance = {0};
    int64_t started_ms = 0;
    measurement_init(m);
    if (!document || find_parts(json_root(document), &provenance, err) < 0 ||
        read_times(&provenance, json_root(document), m, &started_ms, err) < 0 ||
        read_steps(provenance.steps, started_ms, m, err) < 0 ||
        read_memory_total(FIND(provenance.metadata, "sysUsage"), &m->environment.memory_total_bytes,
                          err) < 0)
        return -1;
    const char *commit = text_of(FIND(provenance.metadata, "vcs", "revision"));
    m->commit = commit ? text_one_line(commit) : NULL;
    m->build.command = command_of(&provenance);
    /* BuildKit attests no build that failed. */
    m->build.exit_code = 0;
    m->peak.source = xstrdup(PEAK_SOURCE_BUILDKIT);
    m->peak.estimated = true;
    m->environment.architecture = architecture_of(text_of(provenance.platform));
    measurement_set_engine(m, "buildkit", "image");
    return 0;
}
