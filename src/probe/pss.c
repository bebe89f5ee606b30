#include "probe/pss.h"

#include "proc/proc.h"

#include <errno.h>
#include <time.h>

#define MIB ((int64_t)1 << 20)

/* The budget of reads as a part of the time, and the most that can accumulate. */
#define DUTY_PERMILLE 1
#define CREDIT_MAX_US 5000
/* The guard against copy-on-write may exceed the budget by this amount. */
#define GUARD_DEBT_US 20000
/* Reading a process of this size holds its lock for 5 ms: only if its size changed by a quarter. */
#define LARGE_BYTES (500 * MIB)
/* A process of the same size is read again after this time. */
#define STALE_MS 10000
/* A process younger than this may call exec(2), grow or end. */
#define YOUNG_MS 50
/* A process that has this share of its anonymous pages for itself shares almost nothing. */
#define ALONE_SHARE 0.95F

static struct pss_account *account;
static int64_t credit_us, credited_at_us;
/* Sums of all reads: the estimate for a process that was never read. */
static int64_t shared_rss_bytes, shared_pss_bytes;
/* The sizes of the processes add up to the charged memory: none shares its anonymous pages. */
static bool none_shared;

static int64_t read_clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t pss_cpu_us(void)
{
    return read_clock_us(CLOCK_THREAD_CPUTIME_ID);
}

void pss_init(struct pss_account *counts)
{
    account = counts;
    credit_us = CREDIT_MAX_US;
    credited_at_us = read_clock_us(CLOCK_MONOTONIC);
    shared_rss_bytes = shared_pss_bytes = 0;
    none_shared = false;
}

static void add_credit(void)
{
    int64_t now = read_clock_us(CLOCK_MONOTONIC),
            earned = (now - credited_at_us) * DUTY_PERMILLE / 1000;
    if (earned == 0)
        return;
    credited_at_us = now;
    credit_us = credit_us + earned < CREDIT_MAX_US ? credit_us + earned : CREDIT_MAX_US;
}

static float share(int64_t part, int64_t whole)
{
    if (whole <= 0 || part < 0)
        return 1;
    return part < whole ? (float)part / (float)whole : 1;
}

static void take_rollup(struct process *process, const struct proc_rollup *rollup, int64_t t_ms)
{
    process->read_ms = t_ms;
    process->guessed = false;
    process->read_rss_bytes = rollup->rss_bytes;
    process->read_pss_bytes = rollup->pss_bytes;
    process->read_pss_shmem_bytes = rollup->pss_shmem_bytes > 0 ? rollup->pss_shmem_bytes : 0;
    process->read_shared_bytes = process->shared_bytes;
    if (rollup->anon_bytes < 0 || rollup->pss_anon_bytes < 0) {
        process->anon_share = process->shared_share = share(rollup->pss_bytes, rollup->rss_bytes);
        process->read_pss_anon_bytes =
            (int64_t)((double)process->anon_share *
                      (double)(process->rss_bytes - process->shared_bytes));
        return;
    }
    process->read_pss_anon_bytes = rollup->pss_anon_bytes;
    int64_t shared_rss = rollup->rss_bytes - rollup->anon_bytes;
    process->read_shared_bytes = shared_rss;
    int64_t shared_pss = rollup->pss_bytes - rollup->pss_anon_bytes;
    process->anon_share = share(rollup->pss_anon_bytes, rollup->anon_bytes);
    process->shared_share = share(shared_pss, shared_rss);
    shared_rss_bytes += shared_rss;
    shared_pss_bytes += shared_pss;
}

/* Whether a live process has no smaps_rollup: on gVisor, and before Linux 4.14. */
static bool lacks_rollup(struct process *process)
{
    return process_read_statm(process) && process->rss_bytes > 0;
}

static bool is_refused(struct process *process, int error)
{
    if (error == ENOENT && lacks_rollup(process)) {
        account->no_rollup = true;
        return true;
    }
    return error == EACCES || error == EPERM;
}

/* A process that ends during the read gives ENOENT or ESRCH. It is counted as vanished, never as 0
 * bytes. */
static void read_pss(struct process *process, int64_t t_ms)
{
    char text[2048];
    struct proc_rollup rollup;
    int64_t before = pss_cpu_us();
    int64_t got = process_read(process, "smaps_rollup", text, sizeof text);
    /* exec(2) between open and read: the old memory is gone, the process is not. */
    if (got < 0 && errno == ESRCH)
        got = process_read(process, "smaps_rollup", text, sizeof text);
    int error = errno;
    int64_t cost = pss_cpu_us() - before;
    credit_us -= cost;
    account->reads++;
    if (got > 0 && parse_smaps_rollup(text, &rollup) == 0) {
        take_rollup(process, &rollup, t_ms);
        process->cost_us_per_mib =
            (float)cost / (float)(rollup.rss_bytes > MIB ? rollup.rss_bytes / MIB : 1);
        return;
    }
    if (got < 0 && is_refused(process, error)) {
        process->refused = true;
        account->unreadable++;
        return;
    }
    account->vanished++;
    process->read_ms = t_ms; /* do not retry at once: a scan will show its end */
    process->guessed = true;
    process->read_rss_bytes = process->rss_bytes;
    process->read_pss_bytes = process->rss_bytes;
    process->read_pss_anon_bytes = process->rss_bytes - process->shared_bytes;
    process->anon_share = process->shared_share = 1;
}

static bool counts(const struct process *process)
{
    return process->pid && !process->gone && process->rss_bytes > 0;
}

static bool was_read(const struct process *process)
{
    return process->read_ms >= 0 && !process->guessed;
}

/* Whether the size of the process shows its anonymous PSS, without a read. */
static bool is_alone(const struct process *process)
{
    return none_shared && !process->refused &&
           (!was_read(process) || process->anon_share > ALONE_SHARE);
}

/* Returns how much of the process no read has shown, or has changed since. */
static int64_t unread_bytes(const struct process *process)
{
    bool alone = is_alone(process);
    int64_t now = alone ? process->shared_bytes : process->rss_bytes;
    if (process->read_ms < 0)
        return now;
    int64_t by = now - (alone ? process->read_shared_bytes : process->read_rss_bytes);
    return by < 0 ? -by : by;
}

/* Returns how much a read of the process can show; 0: it needs none. What no read has shown must
 * exceed a part of its size: a quarter if it is large, or grows and shared nothing; an eighth if it
 * shared nothing; a quarter in mapped files if its size shows the rest; else a fiftieth. */
static int64_t interest(const struct process *process, int64_t t_ms, bool growing)
{
    if (!process->pid || process->gone || process->refused || process->rss_bytes == 0)
        return 0;
    if (process->read_ms == t_ms) /* read once per time, even if it grew since its statm */
        return 0;
    if (growing && t_ms < process->seen_ms + YOUNG_MS)
        return 0;
    int64_t by = unread_bytes(process);
    bool was_alone = was_read(process) && process->anon_share > ALONE_SHARE;
    if (process->rss_bytes > LARGE_BYTES || (was_alone && growing))
        return by > process->rss_bytes / 4 ? by : 0;
    if (was_alone)
        return by > process->rss_bytes / 8 ? by : 0;
    /* A read also walks its anonymous pages, whose PSS its size shows. */
    if (is_alone(process))
        return by > MIB && by > process->rss_bytes / 4 ? by : 0;
    if (process->read_ms < 0 || by > MIB + process->rss_bytes / 50)
        return by;
    return t_ms - process->read_ms > STALE_MS ? 1 : 0;
}

static struct process *most_interesting(int64_t t_ms, bool growing)
{
    struct process *best = NULL;
    int64_t highest = 0;
    for (size_t i = 0; i < table_end(); i++) {
        int64_t value = interest(table_at(i), t_ms, growing);
        if (value > highest) {
            highest = value;
            best = table_at(i);
        }
    }
    return best;
}

bool pss_refresh(int64_t t_ms, int64_t limit_us, bool growing)
{
    add_credit();
    int64_t before = credit_us;
    while (credit_us > 0 && before - credit_us < limit_us) {
        struct process *process = most_interesting(t_ms, growing);
        int64_t cost =
            process ? (int64_t)(process->cost_us_per_mib * (float)process->rss_bytes / (float)MIB)
                    : 0;
        if (!process)
            return false;
        /* An expensive read waits until the budget is full; it may exceed it once. */
        if (cost > credit_us && credit_us < CREDIT_MAX_US * 9 / 10)
            return true;
        read_pss(process, t_ms);
    }
    return true;
}

void pss_compare(int64_t anon_bytes)
{
    int64_t sum = 0;
    for (size_t i = 0; i < table_end(); i++)
        if (counts(table_at(i)))
            sum += table_at(i)->rss_bytes - table_at(i)->shared_bytes;
    int64_t by = sum > anon_bytes ? sum - anon_bytes : anon_bytes - sum;
    none_shared = anon_bytes >= 0 && !account->no_rollup && by <= MIB + anon_bytes / 100;
}

/* The process has almost the same size as at the last read, which may have been while it grew.
 * statm can be too small by some pages per CPU: a smaller size changes nothing. */
static void repeat_read(struct process *process)
{
    int64_t grown = process->rss_bytes - process->read_rss_bytes;
    grown = grown > 0 ? (int64_t)((double)grown * (double)process->anon_share) : 0;
    process->basis = PSS_MEASURED;
    process->pss_bytes = process->read_pss_bytes + grown;
    process->pss_anon_bytes = process->read_pss_anon_bytes + grown;
}

void pss_estimate(struct process *process)
{
    int64_t anon = process->rss_bytes - process->shared_bytes;
    float anon_share = process->anon_share, shared_share = process->shared_share;
    bool alone = is_alone(process);
    bool known = unread_bytes(process) <= MIB / 4 + process->rss_bytes / 100;
    if (known && !alone && was_read(process)) {
        repeat_read(process);
        return;
    }
    process->basis = known && alone ? PSS_MEASURED : PSS_ESTIMATED;
    if (alone)
        anon_share = 1;
    if (process->read_ms < 0) {
        process->basis = process->refused ? PSS_RSS : process->basis;
        anon_share = 1;
        shared_share = process->refused ? 1 : share(shared_pss_bytes, shared_rss_bytes);
    }
    process->pss_anon_bytes = (int64_t)((double)anon * (double)anon_share);
    process->pss_bytes =
        process->pss_anon_bytes + (int64_t)((double)process->shared_bytes * (double)shared_share);
}

int64_t pss_charged_bytes(const struct process *process)
{
    int64_t files_bytes = process->pss_bytes - process->pss_anon_bytes;
    int64_t shmem_bytes = process->read_ms >= 0 ? process->read_pss_shmem_bytes : 0;
    return process->pss_anon_bytes + (shmem_bytes < files_bytes ? shmem_bytes : files_bytes);
}

static struct process *largest_unread(int64_t t_ms)
{
    struct process *largest = NULL;
    for (size_t i = 0; i < table_end(); i++) {
        struct process *process = table_at(i);
        if (counts(process) && !process->refused && process->read_ms != t_ms &&
            (!largest || process->pss_anon_bytes > largest->pss_anon_bytes))
            largest = process;
    }
    return largest;
}

static int64_t sum_of_anon(int64_t read_at_ms)
{
    int64_t sum = 0;
    for (size_t i = 0; i < table_end(); i++)
        if (counts(table_at(i)) && (read_at_ms < 0 || table_at(i)->read_ms == read_at_ms))
            sum += table_at(i)->pss_anon_bytes;
    return sum;
}

/* Corrects the share of a process that was not read now; it is read again later. */
static void set_anon(struct process *process, double bytes)
{
    int64_t anon = process->rss_bytes - process->shared_bytes;
    process->pss_bytes += (int64_t)bytes - process->pss_anon_bytes;
    process->pss_anon_bytes = (int64_t)bytes;
    process->basis = process->basis == PSS_RSS ? PSS_RSS : PSS_ESTIMATED;
    if (process->read_ms >= 0) {
        process->anon_share = share((int64_t)bytes, anon);
        process->read_rss_bytes = 0;
    }
}

/* Adjusts the sum to the target through the processes that were not read now. Reduces them in
 * proportion to their estimates, or increases them in proportion to their room. */
static void adjust(int64_t sum, int64_t target, int64_t t_ms)
{
    int64_t fixed = sum_of_anon(t_ms), room = 0;
    for (size_t i = 0; i < table_end(); i++) {
        const struct process *process = table_at(i);
        if (counts(process) && process->read_ms != t_ms)
            room += process->rss_bytes - process->shared_bytes - process->pss_anon_bytes;
    }
    double keep =
        sum > fixed && target > fixed ? (double)(target - fixed) / (double)(sum - fixed) : 0;
    double fill = room > 0 ? (double)(target - sum) / (double)room : 0;
    for (size_t i = 0; i < table_end(); i++) {
        struct process *process = table_at(i);
        if (!counts(process) || process->read_ms == t_ms)
            continue;
        double anon = (double)process->pss_anon_bytes;
        double most = (double)(process->rss_bytes - process->shared_bytes);
        if (sum > target)
            set_anon(process, anon * keep);
        else if (most > anon)
            set_anon(process, anon + (most - anon) * (fill < 1 ? fill : 1));
    }
}

void pss_guard(int64_t anon_bytes, int64_t t_ms, bool may_read)
{
    if (anon_bytes < 0)
        return;
    int64_t sum = sum_of_anon(-1), target = anon_bytes + anon_bytes * 3 / 100 + 8 * MIB;
    add_credit();
    while (sum > target && may_read && credit_us > -GUARD_DEBT_US) {
        struct process *process = largest_unread(t_ms);
        if (!process)
            break;
        sum -= process->pss_anon_bytes;
        read_pss(process, t_ms);
        pss_estimate(process);
        sum += process->pss_anon_bytes;
    }
    if (sum > target)
        adjust(sum, anon_bytes, t_ms);
    else if (sum < anon_bytes - anon_bytes * 3 / 100 - 2 * MIB)
        adjust(sum, anon_bytes - anon_bytes / 100, t_ms);
}
