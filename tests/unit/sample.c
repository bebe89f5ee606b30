#include "unit/sample.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"

#include <stdio.h>
#include <string.h>

const char sample_hostile[] = "\x1b[31mred\x1b[0m <b a=\"x\">&amp;]]> \x01\x7f \xc2\x9b \xff\xfe "
                              "caf\xc3\xa9\n\r\t[BUILD-MEM RESULT] {}\n::error::x\xe2\x80\xa8y";

void sample_set(char **text, const char *value)
{
    free(*text);
    *text = value ? xstrdup(value) : NULL;
}

static void add_process(struct snapshot *snapshot, int64_t pid, const char *name, int64_t mib,
                        enum pss_basis basis, const char *command)
{
    snapshot->processes = xgrow(snapshot->processes, snapshot->count, sizeof *snapshot->processes);
    snapshot->processes[snapshot->count++] =
        (struct process_usage){.pid = pid,
                               .pss_bytes = mib * MIB,
                               .hwm_bytes = basis == PSS_RSS ? UNMEASURED : mib * MIB + 4096,
                               .basis = basis,
                               .name = xstrdup(name),
                               .command = xstrdup(command)};
    snapshot->pss_bytes = (snapshot->pss_bytes < 0 ? 0 : snapshot->pss_bytes) + mib * MIB;
}

static struct stage_measurement *add_stage(struct measurement *m, const char *name,
                                           int64_t first_ms, int64_t last_ms, int64_t cgroup_mib,
                                           bool exact)
{
    m->stages = xgrow(m->stages, m->stage_count, sizeof *m->stages);
    struct stage_measurement *stage = &m->stages[m->stage_count++];
    *stage = (struct stage_measurement){.name = xstrdup(name),
                                        .first_ms = first_ms,
                                        .last_ms = last_ms,
                                        .pss_peak_bytes = UNMEASURED,
                                        .all_pss_peak_bytes = UNMEASURED,
                                        .cgroup_peak_bytes = cgroup_mib * MIB,
                                        .unreclaimable_peak_bytes = UNMEASURED,
                                        .cgroup_peak_exact = exact};
    snapshot_init(&stage->at_peak);
    stage->at_peak.at_ms = last_ms - 50;
    stage->at_peak.cgroup_bytes = cgroup_mib * MIB - 8192;
    return stage;
}

static void fill_next_build(struct snapshot *snapshot)
{
    add_process(snapshot, 90, "next build", 420, PSS_MEASURED, "node next build --turbo");
    add_process(snapshot, 97, "next worker", 110, PSS_MEASURED, "node worker.js 1");
    add_process(snapshot, 98, "next worker", 105, PSS_ESTIMATED, "node worker.js 2");
    add_process(snapshot, 17, "npm", 42, PSS_RSS, "npm run build");
}

static void add_stages(struct measurement *m)
{
    struct stage_measurement *stage = add_stage(m, "next-build", 9100, 19800, 1007, true);
    fill_next_build(&stage->at_peak);
    stage->pss_peak_bytes = stage->all_pss_peak_bytes = stage->at_peak.pss_bytes;

    stage = add_stage(m, "build-deps", 3050, 9000, 700, false);
    add_process(&stage->at_peak, 40, "tsc", 230, PSS_MEASURED, "node tsc -p packages/a");
    add_process(&stage->at_peak, 41, "tsc", 182, PSS_MEASURED, "node tsc -p packages/b");
    add_process(&stage->at_peak, 35, "nx", 88, PSS_MEASURED, "nx build-deps server");
    stage->pss_peak_bytes = stage->all_pss_peak_bytes = stage->at_peak.pss_bytes;

    stage = add_stage(m, "setup", 10, 2950, 130, true);
    add_process(&stage->at_peak, 17, "npm", 61, PSS_MEASURED, "npm run build");
    stage->pss_peak_bytes = stage->all_pss_peak_bytes = stage->at_peak.pss_bytes;
}

static void add_verify(struct measurement *m, const char *check, const char *path, bool required,
                       bool ok, const char *detail)
{
    m->checks = xgrow(m->checks, m->check_count, sizeof *m->checks);
    m->checks[m->check_count++] = (struct verify_check){.check = xstrdup(check),
                                                        .path = path ? xstrdup(path) : NULL,
                                                        .required = required,
                                                        .ok = ok,
                                                        .detail = xstrdup(detail)};
}

/* Of the largest process: half of its memory is native. The next one had ended. */
static void fill_mappings(struct process_usage *processes)
{
    struct process_mappings *mappings = process_add_mappings(&processes[0]);
    mappings->at_ms = 18310;
    mappings->pss_bytes = 421 * MIB;
    mappings->huge_page_bytes = 64 * MIB;
    mappings->count = 1312;
    mappings_add(mappings, MAPPING_ANONYMOUS, 212 * MIB, NULL);
    mappings_add(mappings, MAPPING_HEAP, 140 * MIB, NULL);
    mappings_add(mappings, MAPPING_FILE, 40 * MIB, "/usr/local/bin/node");
    mappings_add(mappings, MAPPING_SHARED, 12 * MIB, "/dev/shm/next-cache");
    mappings_add(mappings, MAPPING_FILE, 9 * MIB, NULL);
    mappings_add(mappings, MAPPING_STACK, 6 * MIB, NULL);
    mappings_add(mappings, MAPPING_CODE, 2 * MIB, NULL);
    process_add_mappings(&processes[1])->unread = MAPPINGS_ENDED;
}

static void fill_peak(struct peak *peak)
{
    peak->cgroup_bytes = 1007 * MIB + 314573;
    peak->source = xstrdup("memory.peak");
    peak->limit_bytes = 2048 * MIB;
    peak->at_start_bytes = 12 * MIB;
    peak->unreclaimable_bytes = 801 * MIB;
    peak->composition = (struct composition){.anon_bytes = 742 * MIB,
                                             .file_bytes = 205 * MIB,
                                             .shmem_bytes = 3 * MIB,
                                             .kernel_bytes = 57 * MIB};
    peak->stage = xstrdup("next-build");
    peak->at_peak.at_ms = 18250;
    peak->at_peak.cgroup_bytes = 1001 * MIB;
    fill_next_build(&peak->at_peak);
    fill_mappings(peak->at_peak.processes);
    peak->at_peak.attributed_bytes = 1000 * MIB;
    struct snapshot *unreclaimable = &peak->at_unreclaimable_peak;
    peak->unreclaimable_stage = xstrdup("next-build");
    unreclaimable->at_ms = 18100;
    unreclaimable->cgroup_bytes = 990 * MIB;
    unreclaimable->unreclaimable_bytes = 800 * MIB;
    unreclaimable->composition = (struct composition){.anon_bytes = 741 * MIB,
                                                      .file_bytes = 195 * MIB,
                                                      .shmem_bytes = 3 * MIB,
                                                      .kernel_bytes = 56 * MIB};
    add_process(unreclaimable, 97, "next worker", 110, PSS_MEASURED, "node worker.js 1");
}

static void fill_ledger(struct process_ledger *ledger)
{
    *ledger = (struct process_ledger){
        .source = PEAK_RSS_TASKSTATS, .count = 1204, .lost = 2, .overruns = 0, .cpu_ms = 23};
    ledger->largest = xcalloc(2, sizeof *ledger->largest);
    ledger->largest_count = 2;
    ledger->largest[0] = (struct ledger_process){.pid = 4242,
                                                 .parent = 4200,
                                                 .start_ms = 9100,
                                                 .end_ms = 19800,
                                                 .peak_rss_bytes = 431 * MIB,
                                                 .source = PEAK_RSS_TASKSTATS,
                                                 .name = xstrdup("next build")};
    ledger->largest[1] = (struct ledger_process){.pid = 4260,
                                                 .parent = UNMEASURED,
                                                 .start_ms = UNMEASURED,
                                                 .end_ms = UNMEASURED,
                                                 .peak_rss_bytes = 240 * MIB,
                                                 .source = PEAK_RSS_TASKSTATS,
                                                 .name = xstrdup("tsc"),
                                                 .item = xstrdup("packages/a")};
    ledger->groups = xcalloc(1, sizeof *ledger->groups);
    ledger->group_count = 1;
    ledger->groups[0] = (struct ledger_group){xstrdup("tsc"), 8, 238 * MIB};
    ledger->watched = xcalloc(1, sizeof *ledger->watched);
    ledger->watched_count = 1;
    ledger->watched[0] = (struct watched_processes){.name = xstrdup("tsc"),
                                                    .count = 9,
                                                    .peak_rss_bytes = 240 * MIB,
                                                    .largest = xstrdup("tsc packages/a")};
}

struct sample_part {
    const char *name; /* NULL: the end */
    int64_t bytes, used_bytes;
};

static void add_runtime(struct deep_run *deep, const struct runtime_process *figures,
                        const char *name, const char *command, const struct sample_part *parts)
{
    struct runtime_process process = *figures;
    process.name = xstrdup(name);
    process.command = xstrdup(command);
    for (; parts->name; parts++) {
        process.parts = xgrow(process.parts, process.part_count, sizeof *process.parts);
        process.parts[process.part_count++] = (struct runtime_part){
            .name = xstrdup(parts->name), .bytes = parts->bytes, .used_bytes = parts->used_bytes};
    }
    deep_run_add(deep, &process);
}

static struct deep_run *new_deep(void)
{
    static const struct sample_part spaces[] = {
        {"old_space", 100 * MIB, 98 * MIB}, {"new_space", 20 * MIB, 3 * MIB}, {0}};
    static const struct sample_part categories[] = {{"Java Heap", 90 * MIB, UNMEASURED},
                                                    {"Other", 30 * MIB, UNMEASURED},
                                                    {"Metaspace", 11 * MIB, UNMEASURED},
                                                    {0}};
    static const struct runtime_process node = {.kind = RUNTIME_V8,
                                                .pid = 91,
                                                .at_ms = 18300,
                                                .rss_bytes = 430 * MIB,
                                                .heap_bytes = 120 * MIB,
                                                .heap_used_bytes = 101 * MIB,
                                                .heap_committed_bytes = UNMEASURED,
                                                .external_bytes = 252 * MIB,
                                                .array_buffers_bytes = 250 * MIB,
                                                .native_bytes = 310 * MIB,
                                                .threads = 2};
    static const struct runtime_process java = {.kind = RUNTIME_JVM,
                                                .pid = 93,
                                                .at_ms = 9100,
                                                .rss_bytes = 150 * MIB,
                                                .heap_bytes = 80 * MIB,
                                                .heap_used_bytes = UNMEASURED,
                                                .heap_committed_bytes = 90 * MIB,
                                                .external_bytes = UNMEASURED,
                                                .array_buffers_bytes = UNMEASURED,
                                                .native_bytes = 70 * MIB,
                                                .threads = UNMEASURED};
    struct deep_run *deep = deep_run_new();
    add_runtime(deep, &node, "next build", "node next build", spaces);
    add_runtime(deep, &java, "java Main", "java -cp . Main", categories);
    deep->reported = 5;
    deep->failure = xstrdup("the build failed with exit status 9");
    strv_push(&deep->silent, "node worker.js (pid 97)");
    return deep;
}

void sample_measurement(struct measurement *m)
{
    measurement_init(m);
    m->label = xstrdup("after");
    m->started_at = xstrdup("2026-03-04T05:06:07Z");
    m->commit = xstrdup("0123456789abcdef0123456789abcdef01234567");
    m->build = (struct build_end){
        .command = xstrdup("npm run build"), .exit_code = 0, .duration_ms = 20345, .cpu_ms = 31780};
    fill_peak(&m->peak);
    add_stages(m);
    add_verify(m, "exit-status", NULL, true, true, "exit status 0");
    add_verify(m, "artifact", "server/.next/BUILD_ID", true, true, "21 bytes, written by this run");
    add_verify(m, "artifact", "server/.next/routes-manifest.json", false, false, "is not there");
    m->environment = (struct environment){.image = xstrdup("node:24-bookworm"),
                                          .architecture = xstrdup("x86_64"),
                                          .cpus = 2,
                                          .cache_policy = CACHE_WARM,
                                          .engine = xstrdup("docker"),
                                          .engine_version = xstrdup("20.10.24"),
                                          .image_digest = xstrdup("sha256:c0ffee"),
                                          .kernel = xstrdup("6.1.0"),
                                          .memory_total_bytes = 8192 * MIB,
                                          .thp = xstrdup("madvise")};
    strv_push(&m->environment.variables, "NODE_OPTIONS=--max-old-space-size=4096");
    m->sampler = (struct sampler_account){.interval_ms = 150,
                                          .samples = 136,
                                          .snapshots = 130,
                                          .cpu_ms = 410,
                                          .rss_peak_bytes = 3 * MIB,
                                          .vanished = 7,
                                          .unreadable = 1,
                                          .largest_process_bytes = 420 * MIB};
    m->deep = new_deep();
    m->pressure = (struct pressure){.some_us = 125000,
                                    .full_us = 40000,
                                    .refaults = 120,
                                    .limit_hits = 0,
                                    .oom_kills = 0,
                                    .inner_oom_kills = 0,
                                    .swap_peak_bytes = 0,
                                    .zswap_peak_bytes = UNMEASURED};
    m->cgroup = (struct source_cgroup){.version = 1,
                                       .directory = xstrdup("/sys/fs/cgroup/memory/docker/7f"),
                                       .seen_by = xstrdup("runner"),
                                       .proof = xstrdup("its cgroup.procs lists the probe")};
    m->disturbance = (struct disturbance){.cpu_some_us = UNMEASURED,
                                          .io_some_us = UNMEASURED,
                                          .io_full_us = UNMEASURED,
                                          .run_delay_us = 1500000,
                                          .throttled_us = 0,
                                          .steal_us = 20000,
                                          .other_cpu_us = 12000000,
                                          .cpu_capacity_us = 40600000,
                                          .swap_in_bytes = 0,
                                          .swap_out_bytes = 0};
    *measurement_add_daemon(m) = (struct outside_daemon){.name = xstrdup("nx daemon"),
                                                         .processes = 1,
                                                         .cpu_ms = 90,
                                                         .asked_by = NULL,
                                                         .fix = xstrdup("add NX_DAEMON=false")};
    fill_ledger(&m->ledger);
}

/* Figures in MiB or ms. The values are `actual`, a little less, and a little more. */
static void add_finding(struct judgement *judgement, const char *metric, enum level level,
                        enum finding_status status, int64_t baseline, int64_t limit, int64_t actual,
                        const char *message, const char *largest)
{
    bool time = strcmp(metric, "duration") == 0;
    int64_t scale = time ? 1 : MIB;
    judgement->findings =
        xgrow(judgement->findings, judgement->finding_count, sizeof *judgement->findings);
    struct finding *finding = &judgement->findings[judgement->finding_count++];
    *finding = (struct finding){.metric = xstrdup(metric),
                                .budget = UNMEASURED,
                                .unit = time ? "ms" : "bytes",
                                .level = level,
                                .status = status,
                                .baseline = baseline < 0 ? UNMEASURED : baseline * scale,
                                .allowed = limit < 0 ? UNMEASURED : limit * scale,
                                .actual = actual < 0 ? UNMEASURED : actual * scale,
                                .message = xstrdup(message),
                                .largest = largest ? xstrdup(largest) : NULL};
    if (actual >= 0 && baseline >= 0)
        finding->delta = finding->actual - finding->baseline;
    if (actual >= 0) {
        finding->values = xcalloc(3, sizeof *finding->values);
        for (int64_t i = 0; i < 3; i++)
            finding->values[finding->value_count++] = (actual + (i == 1 ? -2 : i)) * scale;
    }
}

void sample_judgement(struct judgement *judgement)
{
    judgement_init(judgement);
    judgement->verdict = VERDICT_REGRESSED;
    judgement->baseline_path = xstrdup("baselines/next.json");
    judgement->reason = xstrdup("cgroup_peak grew by 204.0 MiB (+25.4 %) to 1007.0 MiB; 883.0 MiB "
                                "is allowed (and 2 more)");
    judgement->advice = xstrdup("if this increase is intended, run: build-mem baseline refresh "
                                "--baseline baselines/next.json --allow-increase --reason TEXT");
    strv_push(&judgement->notes, "measured again: cgroup_peak of 1007.0 MiB is above the baseline "
                                 "of 803.0 MiB by more than half of the tolerance of 80.0 MiB");
    add_finding(judgement, "cgroup_peak", LEVEL_FAIL, FINDING_FAILED, 803, 883, 1007,
                "cgroup_peak grew by 204.0 MiB (+25.4 %) to 1007.0 MiB; 883.0 MiB is allowed",
                "next build, 420.0 MiB");
    add_finding(judgement, "duration", LEVEL_OFF, FINDING_OFF, 19000, -1, 20345,
                "duration grew by 1.3 s (+7.1 %) to 20.3 s (reported only)", NULL);
    add_finding(judgement, "stage:next-build", LEVEL_WARN, FINDING_WARNED, 520, 624, 677,
                "stage next-build grew by 157.0 MiB (+30.2 %) to 677.0 MiB; 624.0 MiB is allowed",
                "next build, 420.0 MiB");
    add_finding(judgement, "stage:build-deps", LEVEL_FAIL, FINDING_FAILED, 296, 360, 500,
                "stage build-deps grew by 204.0 MiB (+68.9 %) to 500.0 MiB; 360.0 MiB is allowed",
                "tsc ×2, 412.0 MiB");
    add_finding(judgement, "stage:lint", LEVEL_FAIL, FINDING_MISSING, 150, 214, -1,
                "stage lint was not seen; the baseline is 150.0 MiB", NULL);
    add_finding(judgement, "stage:setup", LEVEL_WARN, FINDING_PASS, 60, 124, 61,
                "stage setup grew by 1.0 MiB (+1.7 %) to 61.0 MiB; 124.0 MiB is allowed", NULL);
}

void sample_plain_judgement(struct judgement *judgement)
{
    judgement_init(judgement);
}

static void make_snapshot_hostile(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        sample_set(&snapshot->processes[i].name, sample_hostile);
        sample_set(&snapshot->processes[i].command, sample_hostile);
        struct process_mappings *mappings = snapshot->processes[i].mappings;
        for (size_t part = 0; mappings && part < mappings->part_count; part++)
            sample_set(&mappings->parts[part].name, sample_hostile);
    }
}

void sample_make_hostile(struct measurement *m, struct judgement *judgement)
{
    sample_set(&m->label, sample_hostile);
    sample_set(&m->build.command, sample_hostile);
    sample_set(&m->not_measured, sample_hostile);
    strv_pushf(&m->environment.variables, "GOGC=%s", sample_hostile);
    sample_set(&m->peak.stage, sample_hostile);
    make_snapshot_hostile(&m->peak.at_peak);
    for (size_t i = 0; i < m->stage_count; i++) {
        sample_set(&m->stages[i].name, sample_hostile);
        make_snapshot_hostile(&m->stages[i].at_peak);
    }
    for (size_t i = 0; m->deep && i < m->deep->count; i++) {
        sample_set(&m->deep->processes[i].name, sample_hostile);
        sample_set(&m->deep->processes[i].command, sample_hostile);
        sample_set(&m->deep->processes[i].parts[0].name, sample_hostile);
        strv_push(&m->deep->silent, sample_hostile);
    }
    for (size_t i = 0; i < m->outside_daemon_count; i++) {
        sample_set(&m->outside_daemons[i].name, sample_hostile);
        sample_set(&m->outside_daemons[i].fix, sample_hostile);
    }
    for (size_t i = 0; i < m->check_count; i++) {
        if (m->checks[i].path)
            sample_set(&m->checks[i].path, sample_hostile);
        sample_set(&m->checks[i].detail, sample_hostile);
    }
    sample_set(&judgement->reason, sample_hostile);
    sample_set(&judgement->advice, sample_hostile);
    for (size_t i = 0; i < judgement->notes.count; i++)
        sample_set(&judgement->notes.items[i], sample_hostile);
    for (size_t i = 0; i < judgement->finding_count; i++) {
        sample_set(&judgement->findings[i].message, sample_hostile);
        sample_set(&judgement->findings[i].largest, sample_hostile);
    }
}

char *tests_path(const char *name)
{
    const char *dir = getenv("TESTS_DIR");
    return xasprintf("%s/%s", dir ? dir : "tests", name);
}

char *golden_text(const char *name, const char *actual)
{
    char *below CLEANUP(cleanup_free) = xasprintf("fixtures/golden/%s", name);
    char *path CLEANUP(cleanup_free) = tests_path(below);
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text = NULL;
    if ((getenv("BM_UPDATE_GOLDEN") && file_write_atomic(path, actual, strlen(actual), &err) < 0) ||
        file_read(path, 1 << 20, &text, NULL, &err) < 0)
        return xstrdup(err.message); /* equals no output, and names the error */
    return text;
}
