/* gate_power [--goals] [--seed N] [--trials N] RESULT...: measures how often the gate is wrong.
 *
 * It draws baselines and checks from distributions, and from the results: runs of one unchanged
 * build, from tests/bench/evidence. It judges them with the code of `check`, for several numbers
 * of runs, and prints how often `check` fails although nothing has changed, and how often it
 * detects growth. --goals prints only the goals that were missed, and fails if there are any.
 * The runs with the label "quiet" are also judged without the others, which had other work beside
 * them. */
#include "base/alloc.h"
#include "base/units.h"
#include "bench/trials.h"
#include "measurement/metric.h"
#include "result/result.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BASELINE_RUNS 3 /* the default of `baseline refresh` */
#define DRAWN_RUNS 20000

/* The goals of a gate: the maximum share of checks that do not pass although nothing has changed,
 * and the minimum share of checks that fail after a growth of 10 %. */
#define MOST_FALSE 0.01
#define LEAST_POWER 0.95
#define MOST_RUNS 100

/* The goals of the rerun policy for the stored runs, with those beside other work. */
#define MOST_REGRESSED_BESIDE 0.001
#define LEAST_POWER_BESIDE 0.99

#define QUIET "quiet" /* the label of a run without other work beside it (tests/bench/evidence) */

static const double growths[] = {0, 0.05, 0.10, 0.15, 0.20};
enum { UNCHANGED, PLUS_10 = 2, GROWTHS = sizeof growths / sizeof *growths };
static const double scatters[] = {0.0075, 0.015, 0.03};
static const size_t run_counts[] = {0, 1, 2, 3, 5, 10, 30, 100}; /* 0: the rerun policy */

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

static void print_trials(const struct pool *pool, const struct gate *gate,
                         const struct options *options)
{
    struct outcome outcomes[GROWTHS];
    if (gate->check_runs)
        printf("  %-41zu |", gate->check_runs);
    else
        printf("  %-21s %3.0f %% %3lld MiB  check |", gate->metric, gate->tolerance.percent,
               (long long)(gate->tolerance.absolute / MIB));
    for (size_t i = 0; i < GROWTHS; i++) {
        outcomes[i] = try_gate(pool, gate, growths[i], options->trials, options->seed);
        printf(" %6.2f %5.2f", outcomes[i].regressed * 100, outcomes[i].inconclusive * 100);
        if (i == UNCHANGED)
            printf(" %6.2f %6.2f |", outcomes[i].check_runs, outcomes[i].refused * 100);
    }
    double false_alarms = outcomes[UNCHANGED].regressed + outcomes[UNCHANGED].inconclusive;
    bool reached = false_alarms <= MOST_FALSE && outcomes[PLUS_10].regressed >= LEAST_POWER;
    puts(reached ? "  *" : "");
}

/* One row for each number of runs. */
static void print_gate(const struct pool *pool, const char *metric, double percent,
                       int64_t absolute, const struct options *options)
{
    struct gate gate = {
        .metric = metric,
        .tolerance = {.percent = percent, .absolute = absolute, .budget = UNMEASURED},
        .baseline_runs = BASELINE_RUNS};
    for (size_t i = 0; i < sizeof run_counts / sizeof *run_counts; i++) {
        gate.check_runs = run_counts[i];
        print_trials(pool, &gate, options);
    }
}

static void print_head(void)
{
    printf("\n  %-41s | %-29s|", "tolerance, runs per check", "unchanged");
    for (size_t i = 1; i < GROWTHS; i++)
        printf(" %9.0f %% ", growths[i] * 100);
    printf("\n  %-41s | %-29s|", "", " regr incon   runs refused");
    for (size_t i = 1; i < GROWTHS; i++)
        printf("   regr incon");
    puts("");
}

static void print_spreads(const struct pool *pool, const char *label, const struct strv *metrics)
{
    printf("\n%s, %s: %zu runs\n  %-22s %11s %11s %11s %11s %9s\n",
           cache_policy_name(pool->runs[0].environment.cache_policy), label ? label : "all",
           pool->count, "", "median", "MAD", "lowest", "highest", "spread");
    for (size_t i = 0; i < metrics->count; i++)
        print_spread(pool, metrics->items[i]);
}

static void print_pool(const struct pool *pool, const char *label, const struct options *options)
{
    struct strv metrics CLEANUP(strv_release) = {0};
    metric_names(&pool->runs[0], &metrics);
    print_spreads(pool, label, &metrics);
    print_head();
    for (size_t i = 0; i < metrics.count; i++) {
        const char *metric = metrics.items[i], *stage = metric_pss_stage(metric);
        if (strcmp(metric, METRIC_DURATION) == 0 || (stage && strcmp(stage, "setup") == 0))
            continue;
        struct tolerance tolerance = tolerance_default(metric);
        print_gate(pool, metric, tolerance.percent, tolerance.absolute, options);
        if (stage)
            print_gate(pool, metric, 5, 32 * MIB, options);
    }
}

static void release_drawn(struct pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        measurement_release(&pool->runs[i]);
    free(pool->runs);
}

static void print_drawn(const struct options *options)
{
    for (enum shape shape = 0; shape < SHAPES; shape++)
        for (size_t i = 0; i < sizeof scatters / sizeof *scatters; i++) {
            struct pool pool;
            draw_pool(shape, scatters[i], DRAWN_RUNS, options->seed, &pool);
            printf("\ndrawn, %s, scatter %.2f %%", shape_name(shape), scatters[i] * 100);
            print_head();
            print_gate(&pool, METRIC_CGROUP_PEAK, 5, 32 * MIB, options);
            release_drawn(&pool);
        }
}

/* ---- the goals ---- */

/* Prints a line, and returns whether the goal is reached. */
static bool expect(bool reached, const char *what, const char *metric, size_t runs, double share)
{
    if (!reached)
        printf("missed: %s: %s, %zu runs: %.2f %%\n", what, metric, runs, share * 100);
    return reached;
}

/* Returns the share of checks of unchanged builds that do not pass, for `first` to `last` runs per
 * check. All numbers of runs together have options->trials trials. */
static double false_alarms(const struct pool *pool, size_t first, size_t last,
                           const struct options *options)
{
    struct gate gate = {.metric = METRIC_CGROUP_PEAK,
                        .tolerance = tolerance_default(METRIC_CGROUP_PEAK),
                        .baseline_runs = BASELINE_RUNS};
    size_t count = last - first + 1;
    double sum = 0;
    for (gate.check_runs = first; gate.check_runs <= last; gate.check_runs++) {
        struct outcome outcome =
            try_gate(pool, &gate, 0, options->trials / count, options->seed + gate.check_runs);
        sum += outcome.regressed + outcome.inconclusive;
    }
    return sum / (double)count;
}

/* Few runs are the difficult part: up to FEW each number of runs is a goal by itself. More runs
 * cost more time, so BAND numbers of runs share a goal. */
#define FEW 12
#define BAND 11
static bool false_alarms_are_rare(enum shape shape, const struct options *options)
{
    bool reached = true;
    struct pool pool;
    double few = 0, many = 0;
    draw_pool(shape, shape == SHAPE_SKEWED ? 0.01 : 0.015, DRAWN_RUNS, options->seed, &pool);
    for (size_t first = 0; first <= MOST_RUNS; first += first <= FEW ? 1 : BAND) {
        size_t last = first <= FEW ? first : first + BAND - 1;
        double wrong = false_alarms(&pool, first, last, options);
        reached &= expect(wrong <= MOST_FALSE, "false alarms", shape_name(shape), last, wrong);
        *(first <= FEW ? &few : &many) += wrong;
    }
    few /= FEW + 1;
    many /= (double)(MOST_RUNS - FEW) / BAND;
    reached &= expect(many <= few, "false alarms rise with the number of runs", shape_name(shape),
                      MOST_RUNS, many);
    release_drawn(&pool);
    return reached;
}

static struct gate gate_of(const char *metric)
{
    return (struct gate){.metric = metric,
                         .tolerance = {.percent = 5, .absolute = 32 * MIB, .budget = UNMEASURED},
                         .baseline_runs = BASELINE_RUNS};
}

static bool growth_is_found(const struct pool *pool, const char *metric,
                            const struct options *options)
{
    struct gate gate = gate_of(metric);
    bool reached = true;
    for (size_t i = 0; i < sizeof run_counts / sizeof *run_counts; i++) {
        gate.check_runs = run_counts[i];
        struct outcome outcome = try_gate(pool, &gate, 0.10, options->trials, options->seed);
        reached &= expect(outcome.regressed >= LEAST_POWER, "growth of 10 % found", metric,
                          gate.check_runs, outcome.regressed);
    }
    return reached;
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

/* Returns the runs of one cache policy with this label; NULL: with any. They still belong to the
 * caller. */
static struct pool pool_of(const struct measurement *runs, size_t count, enum cache_policy policy,
                           const char *label)
{
    struct pool pool = {.runs = xcalloc(count, sizeof *runs)};
    for (size_t i = 0; i < count; i++)
        if (runs[i].environment.cache_policy == policy &&
            (!label || strcmp(runs[i].label, label) == 0))
            pool.runs[pool.count++] = runs[i];
    return pool;
}

static void print_stored(const struct measurement *runs, size_t count,
                         const struct options *options)
{
    static const char *const labels[] = {QUIET, NULL};
    for (enum cache_policy policy = CACHE_AS_IS; policy <= CACHE_COLD; policy++)
        for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
            struct pool pool = pool_of(runs, count, policy, labels[i]);
            if (pool.count)
                print_pool(&pool, labels[i], options);
            free(pool.runs);
        }
}

/* Of all stored runs: half of them had other work beside them. */
static bool disturbed_goals(const struct measurement *runs, size_t count, enum cache_policy policy,
                            const struct options *options)
{
    struct pool pool = pool_of(runs, count, policy, NULL);
    struct gate gate = gate_of(METRIC_CGROUP_PEAK);
    struct outcome unchanged = try_gate(&pool, &gate, 0, options->trials, options->seed);
    double wrong = unchanged.regressed + unchanged.inconclusive;
    double found = try_gate(&pool, &gate, 0.10, options->trials, options->seed).regressed;
    const char *name = cache_policy_name(policy);
    bool reached = expect(unchanged.regressed <= MOST_REGRESSED_BESIDE,
                          "regressed beside other work", name, 0, unchanged.regressed);
    reached &= expect(wrong <= MOST_FALSE, "false alarms beside other work", name, 0, wrong);
    reached &= expect(found >= LEAST_POWER_BESIDE, "growth of 10 % found beside other work", name,
                      0, found);
    free(pool.runs);
    return reached;
}

/* Of the stored runs without other work beside them. */
static bool stored_goals(const struct measurement *runs, size_t count, enum cache_policy policy,
                         const struct options *options)
{
    static const char *const metrics[] = {METRIC_CGROUP_PEAK, METRIC_UNRECLAIMABLE_PEAK,
                                          METRIC_STAGE_UNRECLAIMABLE_PREFIX "next-build",
                                          METRIC_STAGE_PREFIX "next-build"};
    struct pool pool = pool_of(runs, count, policy, QUIET);
    double wrong = false_alarms(&pool, 0, 0, options);
    bool reached = expect(wrong <= MOST_FALSE, "false alarms", cache_policy_name(policy), 0, wrong);
    /* With a warm cache the sampled PSS of the stage scatters too much for the goal. */
    size_t metric_count = sizeof metrics / sizeof *metrics - (policy == CACHE_WARM);
    for (size_t i = 0; i < metric_count; i++)
        reached &= growth_is_found(&pool, metrics[i], options);
    free(pool.runs);
    return reached;
}

/* The goals: one for each shape that a gate must cope with, and two for each policy of the stored
 * runs. */
#define GOALS (SHAPE_STARVED + 4)
static bool reaches_goal(int goal, const struct measurement *runs, size_t count,
                         const struct options *options)
{
    if (goal < SHAPE_STARVED)
        return false_alarms_are_rare((enum shape)goal, options);
    enum cache_policy policy = (goal - SHAPE_STARVED) % 2 ? CACHE_COLD : CACHE_WARM;
    return goal < SHAPE_STARVED + 2 ? stored_goals(runs, count, policy, options)
                                    : disturbed_goals(runs, count, policy, options);
}

/* Each goal has a process, because they take half a minute of CPU time. */
static bool reaches_goals(const struct measurement *runs, size_t count,
                          const struct options *options)
{
    for (int goal = 0; goal < GOALS; goal++) {
        pid_t pid = fork();
        if (pid < 0) {
            perror("gate_power: fork");
            exit(2);
        }
        if (pid == 0)
            exit(reaches_goal(goal, runs, count, options) ? 0 : 1);
    }
    bool reached = true;
    for (int status; wait(&status) > 0;)
        reached &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return reached;
}

static int usage(void)
{
    fputs("usage: gate_power [--goals] [--seed N] [--trials N] RESULT...\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {{"goals", no_argument, NULL, 'g'},
                                                 {"seed", required_argument, NULL, 's'},
                                                 {"trials", required_argument, NULL, 't'},
                                                 {0}};
    int64_t seed = 1, trials = 2000;
    bool goals = false;
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        goals |= option == 'g';
        if (option != 'g' && (option != 's' || parse_integer(optarg, 0, INT64_MAX, &seed) < 0) &&
            (option != 't' || parse_integer(optarg, 1, 10000000, &trials) < 0))
            return usage();
    }
    size_t count = (size_t)(argc - optind);
    if (count == 0)
        return usage();

    struct options options = {.seed = (uint64_t)seed, .trials = (size_t)trials};
    struct measurement *runs = xcalloc(count, sizeof *runs);
    int status = read_results(argv + optind, count, runs) < 0 ? 2 : 0;
    if (status == 0 && goals)
        status = reaches_goals(runs, count, &options) ? 0 : 1;
    if (status == 0 && !goals) {
        printf("%zu trials each, seed %llu. Percentages: checks that are regressed or "
               "inconclusive,\nbaselines of %d runs that are refused as too noisy. runs: mean "
               "number of runs per check;\n\"check\": the rerun policy decides.\n"
               "*: at most %.0f %% of the checks of unchanged builds do not pass, and at least "
               "%.0f %%\nof the checks of builds that grew by 10 %% fail.\n",
               options.trials, (unsigned long long)options.seed, BASELINE_RUNS, MOST_FALSE * 100,
               LEAST_POWER * 100);
        print_drawn(&options);
        print_stored(runs, count, &options);
    }
    for (size_t i = 0; i < count; i++)
        measurement_release(&runs[i]);
    free(runs);
    return status;
}
