/* gate_power [--seed N] [--trials N] [--longest DUR] RESULT...: measures how often the gate is
 * wrong.
 *
 * The results are runs of one unchanged build, from tests/bench/evidence. For each cache policy, it
 * prints:
 * - the spread of each metric
 * - how often `check` fails although nothing has changed
 * - how often `check` detects growth
 *
 * It compares the default tolerances with others, and with a comparison of one run with one run. It
 * draws runs with replacement, and judges them with the code of `check`. --longest ignores runs
 * that took longer, because other work slowed them down. */
#include "base/alloc.h"
#include "base/units.h"
#include "bench/trials.h"
#include "measurement/metric.h"
#include "result/result.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define NAIVE_PERCENT 10

#define BASELINE_RUNS 3 /* the default of `baseline refresh` */

/* The goals of a gate: the maximum share of checks that do not pass although nothing has changed,
 * and the minimum share of checks that fail after a growth of 10 %. */
#define MOST_FALSE 0.01
#define LEAST_POWER 0.95

static const double growths[] = {0, 0.05, 0.10, 0.15, 0.20};
enum { UNCHANGED, PLUS_10 = 2, GROWTHS = sizeof growths / sizeof *growths };

/* Settings to compare with the defaults. */
static const struct {
    double percent;
    int64_t absolute;
    size_t baseline_runs;
} others[] = {{10, 64 * MIB, 3}, {7, 48 * MIB, 3}, {5, 32 * MIB, 5}, {3, 16 * MIB, 3}};

struct options {
    uint64_t seed;
    size_t trials;
};

static int by_value(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void print_spread(const struct pool *pool, const char *metric)
{
    int64_t *values CLEANUP(cleanup_free) = xcalloc(pool->count, sizeof *values);
    for (size_t i = 0; i < pool->count; i++)
        values[i] = metric_value(&pool->runs[i], metric);
    qsort(values, pool->count, sizeof *values, by_value);
    int64_t median = median_of(values, pool->count);
    int64_t lowest = values[0], highest = values[pool->count - 1];
    int64_t *deviations CLEANUP(cleanup_free) = xcalloc(pool->count, sizeof *deviations);
    for (size_t i = 0; i < pool->count; i++)
        deviations[i] = llabs(values[i] - median);
    char *texts[] = {metric_figure(metric, median),
                     metric_figure(metric, median_of(deviations, pool->count)),
                     metric_figure(metric, lowest), metric_figure(metric, highest)};
    printf("  %-22s %11s %11s %11s %11s %7.1f %%\n", metric, texts[0], texts[1], texts[2], texts[3],
           (double)(highest - lowest) * 100 / (double)median);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
}

static void print_gate(const char *metric, double percent, int64_t absolute, size_t runs)
{
    printf("  %-21s %3.0f %% %3lld MiB %2zu run%c |", metric, percent, (long long)(absolute / MIB),
           runs, runs == 1 ? ' ' : 's');
}

static void print_trials(const struct pool *pool, const struct gate *gate,
                         const struct options *options)
{
    struct outcome outcomes[GROWTHS];
    print_gate(gate->metric, gate->tolerance.percent, gate->tolerance.absolute,
               gate->baseline_runs);
    for (size_t i = 0; i < GROWTHS; i++) {
        outcomes[i] = try_gate(pool, gate, growths[i], options->trials, options->seed);
        printf(" %6.2f %5.2f", outcomes[i].regressed * 100, outcomes[i].inconclusive * 100);
        if (i == UNCHANGED)
            printf(" %5.2f %6.2f |", outcomes[i].check_runs, outcomes[i].refused * 100);
    }
    double false_alarms = outcomes[UNCHANGED].regressed + outcomes[UNCHANGED].inconclusive;
    bool reached = false_alarms <= MOST_FALSE && outcomes[PLUS_10].regressed >= LEAST_POWER;
    puts(reached ? "  *" : "");
}

static void print_naive(const struct pool *pool, const char *metric, const struct options *options)
{
    print_gate(metric, NAIVE_PERCENT, 0, 1);
    for (size_t i = 0; i < GROWTHS; i++) {
        double failed =
            try_naive(pool, metric, NAIVE_PERCENT, growths[i], options->trials, options->seed);
        printf(" %6.2f     -", failed * 100);
        if (i == UNCHANGED)
            printf("  1.00      - |");
    }
    puts("   one run with one run");
}

static void print_head(void)
{
    printf("\n  %-42s| %-28s|", "baseline", "unchanged");
    for (size_t i = 1; i < GROWTHS; i++)
        printf(" %9.0f %% ", growths[i] * 100);
    printf("\n  %-42s| %-28s|", "", " regr incon  runs refused");
    for (size_t i = 1; i < GROWTHS; i++)
        printf("   regr incon");
    puts("");
}

static void print_spreads(const struct pool *pool, const struct strv *metrics)
{
    printf("\n%s: %zu runs\n  %-22s %11s %11s %11s %11s %9s\n",
           cache_policy_name(pool->runs[0].environment.cache_policy), pool->count, "", "median",
           "MAD", "lowest", "highest", "spread");
    for (size_t i = 0; i < metrics->count; i++)
        print_spread(pool, metrics->items[i]);
}

static void print_metric(const struct pool *pool, const char *metric, const struct options *options)
{
    struct gate gate = {
        .metric = metric, .tolerance = tolerance_default(metric), .baseline_runs = BASELINE_RUNS};
    print_trials(pool, &gate, options);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        gate.tolerance.percent = others[i].percent;
        gate.tolerance.absolute = others[i].absolute;
        gate.baseline_runs = others[i].baseline_runs;
        print_trials(pool, &gate, options);
    }
}

static void print_policy(const struct pool *pool, const struct options *options)
{
    struct strv metrics CLEANUP(strv_release) = {0};
    metric_names(&pool->runs[0], &metrics);
    print_spreads(pool, &metrics);
    print_head();
    for (size_t i = 0; i < metrics.count; i++) {
        const char *metric = metrics.items[i], *stage = metric_stage_name(metric);
        if (strcmp(metric, METRIC_DURATION) == 0 || (stage && strcmp(stage, "setup") == 0))
            continue;
        print_metric(pool, metric, options);
        print_naive(pool, metric, options);
    }
}

static int read_results(char *const *paths, size_t count, struct measurement *runs)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    for (size_t i = 0; i < count; i++)
        if (result_read_measurement(paths[i], &runs[i], &err) < 0) {
            fprintf(stderr, "gate_power: %s\n", err.message);
            return -1;
        }
    return 0;
}

/* Returns the runs of one cache policy. They still belong to the caller. */
static struct pool pool_of(const struct measurement *runs, size_t count, enum cache_policy policy,
                           int64_t longest_ms)
{
    struct pool pool = {.runs = xcalloc(count, sizeof *runs)};
    for (size_t i = 0; i < count; i++)
        if (runs[i].environment.cache_policy == policy && runs[i].build.duration_ms <= longest_ms)
            pool.runs[pool.count++] = runs[i];
    return pool;
}

static int usage(void)
{
    fputs("usage: gate_power [--seed N] [--trials N] [--longest DUR] RESULT...\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {{"seed", required_argument, NULL, 's'},
                                                 {"trials", required_argument, NULL, 't'},
                                                 {"longest", required_argument, NULL, 'l'},
                                                 {0}};
    int64_t seed = 1, trials = 2000, longest_ms = INT64_MAX;
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;)
        if ((option != 's' || parse_integer(optarg, 0, INT64_MAX, &seed) < 0) &&
            (option != 't' || parse_integer(optarg, 1, 10000000, &trials) < 0) &&
            (option != 'l' || parse_duration(optarg, &longest_ms) < 0))
            return usage();
    size_t count = (size_t)(argc - optind);
    if (count == 0)
        return usage();

    struct options options = {.seed = (uint64_t)seed, .trials = (size_t)trials};
    struct measurement *runs = xcalloc(count, sizeof *runs);
    int status = read_results(argv + optind, count, runs) < 0 ? 2 : 0;
    printf(
        "%zu trials each, seed %llu. Percentages: checks that are regressed or inconclusive,\n"
        "baselines that are refused as too noisy. runs: mean number of runs per check.\n"
        "*: at most %.0f %% of the checks of unchanged builds do not pass, and at least %.0f %%\n"
        "of the checks of builds that grew by 10 %% fail.\n",
        options.trials, (unsigned long long)options.seed, MOST_FALSE * 100, LEAST_POWER * 100);
    for (enum cache_policy policy = CACHE_AS_IS; status == 0 && policy <= CACHE_COLD; policy++) {
        struct pool pool = pool_of(runs, count, policy, longest_ms);
        if (pool.count)
            print_policy(&pool, &options);
        free(pool.runs);
    }
    for (size_t i = 0; i < count; i++)
        measurement_release(&runs[i]);
    free(runs);
    return status;
}
