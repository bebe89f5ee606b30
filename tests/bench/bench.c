/* bench PROBE SAMPLER.MJS [BUILD...]: compares samplers on builds whose peaks are known.
 *
 * Prints a table with these figures of each sampler:
 * - its CPU time and its memory
 * - the share of short peaks that it caught: its best snapshot is at least 95 % of the kernel's
 * peak
 * - the maximum of snapshot / usage
 * - how much it slowed down the build
 *
 * The figures of build-mem have goals. The bench needs root and cgroup v1, where it can reset the
 * kernel's peak before each spike. Without them, it exits 77. */
#include "bench/plain.h"
#include "bench/run.h"
#include "bench/table.h"
#include "bench/workload.h"
#include "cgroup/cgroup.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BIT(sampler) (1u << (sampler))
#define ALL (BIT(OURS) | BIT(PLAIN_150) | BIT(PLAIN_20) | BIT(NODE_150))
#define OURS_AND_PLAIN (BIT(OURS) | BIT(PLAIN_150))
#define ROUNDS_S 40
#define PAIRS 3

static const struct build {
    const char *name;
    unsigned samplers;
    struct goals goals;
} builds[] = {
    {"10x100", ALL, {.cpu = 0.7}},
    {"100x10", ALL, {.cpu = 1, .rss_mib = 1}},
    {"1000x1", ALL, {.cpu = 2.5, .rss_mib = 1.5}},
    {"spikes-600", ALL, {.caught = 98, .caught_5ms = 95}},
    {"spikes-2400", ALL, {.cpu = 1.2, .caught = 98, .caught_5ms = 95}},
    {"spikes-600-thp", OURS_AND_PLAIN, {.caught = 98, .caught_5ms = 95}},
    {"spikes-2400-thp", OURS_AND_PLAIN, {.cpu = 2, .caught = 98, .caught_5ms = 95}},
    {"spikes-600-cache", OURS_AND_PLAIN, {.caught = 98, .caught_5ms = 95}},
    {"cow", ALL, {.caught = 90, .over = 110}},
    {"map", ALL, {.slower = 2}},
    {"monorepo", ALL, {.cpu = 0.8}},
};

static void run_build(const struct build *build)
{
    static struct outcome outcome;
    for (enum sampler sampler = OURS; sampler < SAMPLERS; sampler++) {
        if (!(build->samplers & BIT(sampler)))
            continue;
        int rounds_s = strcmp(build->name, "map") != 0 ? 0 : sampler == OURS ? ROUNDS_S : 5;
        run(sampler, build->name, rounds_s, &outcome);
        put_row(build->name, sampler_names[sampler], &outcome,
                sampler == OURS ? &build->goals : NULL);
    }
}

static int smaller_first(const void *a, const void *b)
{
    const double *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

/* The time of a real build varies, so each pair is one run with the sampler and one without. */
static void run_monorepo(const struct build *build)
{
    static struct outcome alone, with;
    for (enum sampler sampler = OURS; sampler <= NODE_150; sampler += NODE_150 - OURS) {
        struct outcome middle = {0};
        double cpu[PAIRS], slower[PAIRS];
        for (int i = 0; i < PAIRS; i++) {
            run(i % 2 ? sampler : NONE, build->name, 0, i % 2 ? &with : &alone);
            run(i % 2 ? NONE : sampler, build->name, 0, i % 2 ? &alone : &with);
            cpu[i] = with.cpu_us / with.wall_us;
            slower[i] = 100 * (with.wall_us / alone.wall_us - 1);
            middle.rss_mib = fmax(middle.rss_mib, with.rss_mib);
        }
        qsort(cpu, PAIRS, sizeof *cpu, smaller_first);
        qsort(slower, PAIRS, sizeof *slower, smaller_first);
        middle.cpu_us = cpu[PAIRS / 2];
        middle.wall_us = 1;
        middle.pairs = PAIRS;
        middle.slower_percent = slower[PAIRS / 2];
        middle.slower_low = slower[0];
        middle.slower_high = slower[PAIRS - 1];
        put_row(build->name, sampler_names[sampler], &middle,
                sampler == OURS ? &build->goals : NULL);
    }
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 3; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc <= 3;
}

int main(int argc, char **argv)
{
    struct cgroup own;
    if (argc > 1 && strcmp(argv[1], "--nothing") == 0)
        for (;;)
            pause();
    if (argc == 5 && strcmp(argv[1], "--workload") == 0)
        run_workload(argv[2], argv[3], argv[4]);
    if (argc > 4 && strcmp(argv[1], "--plain") == 0)
        return run_plain(atoi(argv[2]), argv[3], argv + 4);
    if (argc < 3) {
        fputs("usage: bench PROBE SAMPLER.MJS [BUILD...]\n", stderr);
        return 2;
    }
    if (cgroup_of_self("", &own) < 0 || own.version != 1 || geteuid() != 0) {
        fputs("skipped: the bench needs root and cgroup v1\n", stderr);
        return 77;
    }
    runs_init(argv[1], argv[2], own.directory);
    put_head();
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++)
        if (!is_wanted(builds[i].name, argc, argv))
            continue;
        else if (strcmp(builds[i].name, "monorepo") == 0)
            run_monorepo(&builds[i]);
        else
            run_build(&builds[i]);
    put_foot();
    return 0;
}
