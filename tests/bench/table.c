#include "bench/table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int goals_met, goals_missed;

struct catch
{
    int spikes, caught;
};
static struct catch all, all_5ms; /* totals of the sampler that has goals */

void put_head(void)
{
    printf("%-17s%-16s%-22s%-18s%-21s%-21s%-22s%s\n", "build", "sampler", "CPU of a core",
           "resident, MiB", "caught, >= 20 ms", "caught, 5 ms", "highest/usage",
           "slow-down [95 % CI]");
}

/* Prints a figure, which is formatted in `text`. If it has a goal, prints if it meets the goal. */
static void put_figure(int width, const char *text, double figure, double goal, bool at_most)
{
    char cell[80];
    if (goal > 0) {
        bool met = at_most ? figure <= goal : figure >= goal;
        goals_met += met;
        goals_missed += !met;
        snprintf(cell, sizeof cell, "%s %s%g %s", text, at_most ? "<=" : ">=", goal,
                 met ? "met" : "NOT");
    } else {
        snprintf(cell, sizeof cell, "%s", text);
    }
    printf("%-*s", width, cell);
}

static struct catch count_caught(const struct outcome *outcome, bool short_ones)
{
    struct catch catch = {0, 0};
    for (int i = 0; i < outcome->spike_count; i++) {
        const struct spike *spike = &outcome->spikes[i];
        if ((spike->hold_ms < 20) != short_ones)
            continue;
        catch.spikes++;
        catch.caught += (double)spike->best_bytes >= 0.95 * (double)spike->peak_bytes;
        if (getenv("BENCH_VERBOSE"))
            fprintf(stderr, "spike %d: hold %d ms, peak %lld, best %lld (%.1f %%)\n", i,
                    spike->hold_ms, spike->peak_bytes, spike->best_bytes,
                    100 * (double)spike->best_bytes / (double)spike->peak_bytes);
    }
    return catch;
}

static void put_caught(struct catch catch, double goal)
{
    char text[32] = "-";
    if (catch.spikes)
        snprintf(text, sizeof text, "%d/%d", catch.caught, catch.spikes);
    put_figure(21, text, catch.spikes ? 100.0 * catch.caught / catch.spikes : 0,
               catch.spikes ? goal : 0, false);
}

void put_row(const char *build, const char *sampler, const struct outcome *outcome,
             const struct goals *goals)
{
    static const struct goals none;
    struct catch caught = count_caught(outcome, false), caught_5ms = count_caught(outcome, true);
    double cpu = 100 * outcome->cpu_us / outcome->wall_us;
    char text[64];
    if (goals && goals->caught_5ms > 0) {
        all.spikes += caught.spikes;
        all.caught += caught.caught;
        all_5ms.spikes += caught_5ms.spikes;
        all_5ms.caught += caught_5ms.caught;
    }
    goals = goals ? goals : &none;
    printf("%-17s%-16s", build, sampler);
    snprintf(text, sizeof text, "%.2f%%", cpu);
    put_figure(22, text, cpu, goals->cpu, true);
    snprintf(text, sizeof text, "%.2f", outcome->rss_mib);
    put_figure(18, text, outcome->rss_mib, goals->rss_mib, true);
    put_caught(caught, goals->caught);
    put_caught(caught_5ms, goals->caught_5ms);
    bool has_usage = outcome->over_percent > 0 && outcome->spike_count;
    snprintf(text, sizeof text, has_usage ? "%.0f%%" : "-", outcome->over_percent);
    put_figure(22, text, outcome->over_percent, goals->over, true);
    if (outcome->pairs) {
        snprintf(text, sizeof text, "%.1f%% [%.1f, %.1f] of %d", outcome->slower_percent,
                 outcome->slower_low, outcome->slower_high, outcome->pairs);
        /* The whole confidence interval must be below the goal. */
        put_figure(0, text, outcome->slower_high, goals->slower, true);
    }
    printf("\n");
    fflush(stdout);
}

void put_foot(void)
{
    printf("build-mem caught %d of %d spikes of 20 ms and more, and %d of %d spikes of 5 ms; "
           "%d goals met, %d NOT\n",
           all.caught, all.spikes, all_5ms.caught, all_5ms.spikes, goals_met, goals_missed);
}
