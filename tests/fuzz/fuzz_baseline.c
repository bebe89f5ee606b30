/* Parses a baseline. If it is valid, it must survive a round trip, and judge must accept it. */
#include "base/units.h"
#include "fuzz.h"
#include "gate/judge.h"

static void check_round_trip(const struct baseline *baseline)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct baseline back;
    char *text CLEANUP(cleanup_free) = baseline_to_json(baseline);
    if (baseline_parse(text, "written", &back, &err) < 0)
        BM_BUG(err.message);
    char *again CLEANUP(cleanup_free) = baseline_to_json(&back);
    if (strcmp(text, again) != 0)
        BM_BUG("the baseline differs after a round trip");
    baseline_release(&back);
}

/* Judges a valid run in the environment of the entry. All its figures are `figure`. */
static void judge_one(const struct baseline *baseline, const struct baseline_environment *entry,
                      int64_t figure)
{
    struct measurement m;
    struct judgement judgement;
    measurement_init(&m);
    m.build.exit_code = 0;
    m.build.duration_ms = m.peak.cgroup_bytes = m.peak.unreclaimable_bytes = figure;
    m.peak.source = xstrdup(entry->key.source);
    m.peak.limit_bytes = entry->key.limit_bytes;
    m.environment.architecture = xstrdup(entry->key.architecture);
    m.environment.image = xstrdup(entry->key.image);
    m.environment.cpus = entry->key.cpus;
    m.environment.cache_policy = entry->key.cache_policy;
    judgement_init(&judgement);
    judge(baseline, "baseline", &m, 1, figure % 2, &judgement);
    if (judgement.verdict == VERDICT_NOT_COMPARABLE || judgement.verdict == VERDICT_NO_BASELINE)
        BM_BUG("the entry is not comparable with its own environment");
    judgement_release(&judgement);
    measurement_release(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct baseline baseline;
    if (baseline_parse(text, "baseline.json", &baseline, &err) < 0) {
        fuzz_check_error(&err, "baseline.json:");
    } else {
        check_round_trip(&baseline);
        for (size_t i = 0; i < baseline.count; i++) {
            judge_one(&baseline, &baseline.environments[i], 800 * MIB);
            judge_one(&baseline, &baseline.environments[i], INT64_MAX);
        }
    }
    baseline_release(&baseline);
    return 0;
}
