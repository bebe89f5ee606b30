#include "probe/mappings.h"

#include "probe/emit.h"
#include "probe/process_table.h"
#include "probe/pss.h"
#include "probe/snapshot.h"
#include "proc/smaps.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define MIB ((int64_t)1 << 20)

/* The budget as a part of the time, how much there is at the start, and how much can accumulate. */
#define DUTY_PER_10000 5
#define CREDIT_START_US 5000
#define CREDIT_MAX_US 50000
/* One piece of a read, and the most that a read may cost. */
#define PIECE_US 2000
#define READ_MAX_US 250000
/* The expected cost of a read. */
#define COST_MIN_US 300
#define COST_US_PER_MIB 15
#define COST_US_PER_MAPPING 4
/* A read may exceed the budget this many times its cost after the last read: 0.05 % of the time.
 * Memory must then have been flat for a few times its cost. */
#define REST_COSTS 2000
#define FLAT_COSTS 8
/* The time from one search for a due read to the next one. */
#define SEARCH_MS 50
/* A process is read again if its size has changed by this part: while memory grows, and once it is
 * flat. */
#define CHANGED_GROWING 4
#define CHANGED_FLAT 32
/* A process with less than this part of the PSS of all is not read; so many can have it. */
#define LEAST_PART 20
/* A smaller process is not read; a smaller change does not count. */
#define LEAST_BYTES MIB
/* A process is almost as large as another one if less than this part is missing. */
#define SAME_SIZE 8
/* The usage is still at its highest if it is below by at most this part. */
#define BELOW_HIGHEST 32

/* What is known about a process: its last complete read, or why there is none. */
struct known {
    const struct process *process; /* NULL: this entry is free */
    int64_t seen_ms;               /* of the process: its place in the table can have a new owner */
    enum mappings_unread unread;
    int64_t t_ms, rss_bytes, pss_bytes, huge_page_bytes, count;
    struct smaps_item items[SMAPS_LIST_MAX];
    size_t item_count;
};

static struct known all_known[2 * MAPPINGS_PROCESSES];
static struct {
    struct process *process; /* NULL: none is being read */
    int64_t seen_ms;
    int file;
    int64_t t_ms, cost_us, rss_bytes;
    struct smaps smaps;
} reading;
static int64_t credit_us, credited_at_us, highest_bytes, sent_ms;
static bool changed;          /* since the last mappings_send() */
static bool was_near_limit;   /* at the highest usage */
static int64_t flat_since_ms; /* -1: memory grows */
static int64_t last_read_ms, searched_ms;

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void stop_reading(void)
{
    if (reading.process)
        close(reading.file);
    reading.process = NULL;
}

void mappings_init(void)
{
    stop_reading();
    for (size_t i = 0; i < sizeof all_known / sizeof *all_known; i++)
        if (all_known[i].process) /* an entry that is not written takes no memory */
            all_known[i].process = NULL;
    credit_us = CREDIT_START_US;
    credited_at_us = now_us();
    highest_bytes = sent_ms = -1;
    flat_since_ms = -1;
    last_read_ms = searched_ms = -((int64_t)1 << 40);
    changed = was_near_limit = false;
}

static void add_credit(void)
{
    int64_t now = now_us(), earned = (now - credited_at_us) * DUTY_PER_10000 / 10000;
    if (earned == 0)
        return;
    credited_at_us = now;
    credit_us = credit_us + earned < CREDIT_MAX_US ? credit_us + earned : CREDIT_MAX_US;
}

static struct known *find_known(const struct process *process)
{
    for (size_t i = 0; i < sizeof all_known / sizeof *all_known; i++)
        if (all_known[i].process == process && all_known[i].seen_ms == process->seen_ms)
            return &all_known[i];
    return NULL;
}

/* Returns the entry of the process, or the one that was read longest ago. */
static struct known *take_known(const struct process *process, int64_t seen_ms)
{
    struct known *oldest = &all_known[0];
    for (size_t i = 0; i < sizeof all_known / sizeof *all_known; i++) {
        struct known *known = &all_known[i];
        if (known->process == process && known->seen_ms == seen_ms)
            return known;
        if (oldest->process && (!known->process || known->t_ms < oldest->t_ms))
            oldest = known;
    }
    oldest->process = process;
    oldest->seen_ms = seen_ms;
    oldest->t_ms = oldest->rss_bytes = oldest->count = 0;
    oldest->item_count = 0;
    return oldest;
}

/* ---- a read ---- */

/* The walk of the pages, and the text of each mapping. */
static int64_t expected_cost_us(const struct process *process, const struct known *known)
{
    return COST_MIN_US + process->rss_bytes / MIB * COST_US_PER_MIB +
           (known ? known->count * COST_US_PER_MAPPING : 0);
}

static void note_failure(enum mappings_unread unread)
{
    struct known *known = find_known(reading.process);
    if (!known) {
        take_known(reading.process, reading.seen_ms)->unread = unread;
    } else { /* its earlier read stays; the next one is due when its size has changed again */
        known->rss_bytes = reading.rss_bytes;
    }
    stop_reading();
}

static void keep_reading(void)
{
    struct known *known = take_known(reading.process, reading.seen_ms);
    known->unread = MAPPINGS_READ;
    known->t_ms = reading.t_ms;
    known->rss_bytes = reading.rss_bytes;
    known->pss_bytes = reading.smaps.pss_bytes;
    known->huge_page_bytes = reading.smaps.huge_page_bytes;
    known->count = reading.smaps.count;
    known->item_count = smaps_list(&reading.smaps, known->items);
    changed = true;
    stop_reading();
}

/* If the process has ended or called exec(2) since, the text ends too early. */
static void finish_reading(void)
{
    bool lives = process_read_statm(reading.process) && reading.process->rss_bytes > 0;
    if (!lives)
        note_failure(MAPPINGS_ENDED);
    else if (reading.process->rss_bytes < reading.rss_bytes / 2)
        stop_reading();
    else if (smaps_finish(&reading.smaps) < 0 || reading.smaps.count == 0)
        note_failure(MAPPINGS_REFUSED);
    else
        keep_reading();
}

/* Each read(2) returns at most 4 KiB, some mappings; the kernel does not hold the lock of the
 * process between two of them. */
static void continue_reading(void)
{
    char text[4096];
    int64_t before = pss_cpu_us(), cost_us = 0;
    if (reading.process->gone || reading.process->seen_ms != reading.seen_ms) {
        note_failure(MAPPINGS_ENDED);
        return;
    }
    while (cost_us < PIECE_US) {
        ssize_t got = read(reading.file, text, sizeof text);
        int error = errno;
        int64_t now_cost_us = pss_cpu_us() - before;
        credit_us -= now_cost_us - cost_us;
        reading.cost_us += now_cost_us - cost_us;
        cost_us = now_cost_us;
        if (got == 0) {
            finish_reading();
            return;
        }
        if (got < 0 || smaps_add(&reading.smaps, text, (size_t)got) < 0) {
            note_failure(got < 0 && error == ESRCH ? MAPPINGS_ENDED : MAPPINGS_REFUSED);
            return;
        }
        if (reading.cost_us > READ_MAX_US) {
            note_failure(MAPPINGS_BUDGET);
            return;
        }
    }
}

static void begin_reading(struct process *process, int64_t t_ms)
{
    int file = process_open(process, "smaps");
    int error = errno;
    reading.process = process;
    reading.seen_ms = process->seen_ms;
    reading.file = file;
    reading.t_ms = t_ms;
    reading.cost_us = 0;
    reading.rss_bytes = process->rss_bytes;
    last_read_ms = t_ms;
    if (file < 0) {
        bool refused = error == EACCES || error == EPERM || error == ENOENT;
        enum mappings_unread unread = refused ? MAPPINGS_REFUSED : MAPPINGS_ENDED;
        reading.process = NULL;
        if (!find_known(process))
            take_known(process, process->seen_ms)->unread = unread;
        return;
    }
    smaps_init(&reading.smaps);
    continue_reading();
}

/* ---- which read is due ---- */

/* A read may exceed the budget if this is probably the peak, since memory is flat at its highest;
 * or if what is known is far from it, since the process has doubled. */
static bool is_affordable(int64_t cost_us, bool doubled, int64_t t_ms)
{
    bool flat = flat_since_ms >= 0;
    if (cost_us <= (flat ? credit_us : credit_us / 2))
        return true;
    return (t_ms - last_read_ms) * 1000 >= cost_us * REST_COSTS &&
           (doubled || (flat && (t_ms - flat_since_ms) * 1000 >= cost_us * FLAT_COSTS));
}

/* Returns whether the process still has about the size of its last read. */
static bool is_current(const struct process *process)
{
    const struct known *known = find_known(process);
    int64_t now = process->rss_bytes, then = known ? known->rss_bytes : 0;
    int64_t by = now > then ? now - then : then - now;
    return by <= LEAST_BYTES + then / (flat_since_ms < 0 ? CHANGED_GROWING : CHANGED_FLAT);
}

static bool is_due(const struct process *process, int64_t t_ms)
{
    const struct known *known = find_known(process);
    int64_t now = process->rss_bytes, then = known ? known->rss_bytes : 0;
    if (process->gone || process->refused || now == 0 ||
        (known && known->unread != MAPPINGS_READ) || is_current(process))
        return false;
    return is_affordable(expected_cost_us(process, known), now > 2 * then, t_ms);
}

/* Returns the place of the next process among the candidates, largest first. One that is almost as
 * large goes first if its read is current: the order of equal processes changes with each snapshot,
 * and each of them would be read. */
static size_t next_candidate(struct process *const *candidates, size_t count)
{
    size_t next = 0;
    while (!candidates[next])
        next++;
    int64_t least_bytes = candidates[next]->pss_bytes - candidates[next]->pss_bytes / SAME_SIZE;
    for (size_t i = next; i < count; i++)
        if (candidates[i] && candidates[i]->pss_bytes >= least_bytes && is_current(candidates[i]))
            return i;
    return next;
}

/* Lists the processes of the best snapshot whose mappings are wanted. Returns their number. */
static size_t find_wanted(struct process *wanted[static MAPPINGS_PROCESSES],
                          struct wire_snapshot *head)
{
    struct process *candidates[LEAST_PART];
    size_t count = snapshot_largest(candidates, LEAST_PART, LEAST_PART, head), found = 0;
    for (; found < count && found < MAPPINGS_PROCESSES; found++) {
        size_t place = next_candidate(candidates, count);
        wanted[found] = candidates[place];
        candidates[place] = NULL;
    }
    return found;
}

/* Returns whether the usage is as high as in the highest snapshot of the build. */
static bool is_at_highest(const struct wire_snapshot *head, int64_t usage_bytes)
{
    int64_t bytes = head->cgroup_bytes >= 0 ? head->cgroup_bytes : head->pss_bytes;
    if (bytes > highest_bytes) {
        highest_bytes = bytes;
        was_near_limit = false;
    }
    return bytes >= highest_bytes - highest_bytes / 200 &&
           (usage_bytes < 0 || usage_bytes >= bytes - bytes / BELOW_HIGHEST);
}

bool mappings_are_being_read(void)
{
    return reading.process != NULL;
}

void mappings_poll(int64_t t_ms, int64_t usage_bytes, bool flat, bool may_read)
{
    struct process *wanted[MAPPINGS_PROCESSES];
    struct wire_snapshot head;
    add_credit();
    flat_since_ms = !flat ? -1 : flat_since_ms < 0 ? t_ms : flat_since_ms;
    if (!may_read && reading.process) {
        was_near_limit = true;
        stop_reading();
    }
    if (reading.process) {
        continue_reading();
        return;
    }
    (void)snapshot_largest(NULL, 0, LEAST_PART, &head);
    if (head.processes == 0 || !is_at_highest(&head, usage_bytes))
        return;
    was_near_limit |= !may_read;
    if (!may_read || t_ms < searched_ms + SEARCH_MS)
        return;
    searched_ms = t_ms;
    size_t count = find_wanted(wanted, &head);
    for (size_t i = 0; i < count; i++)
        if (is_due(wanted[i], t_ms)) {
            begin_reading(wanted[i], t_ms);
            return;
        }
}

/* ---- records ---- */

static enum mappings_unread reason_of(const struct process *process, const struct known *known)
{
    if (known)
        return known->unread;
    return process->refused ? MAPPINGS_REFUSED
           : was_near_limit ? MAPPINGS_NEAR_LIMIT
           : process->gone  ? MAPPINGS_ENDED
                            : MAPPINGS_BUDGET;
}

static void send_one(const struct process *process, int64_t snapshot_ms)
{
    const struct known *known = find_known(process);
    enum mappings_unread unread = reason_of(process, known);
    bool is_read = known && unread == MAPPINGS_READ;
    emit_record(
        &(struct wire_record){.type = WIRE_MAPPINGS,
                              .mappings = {.snapshot_ms = snapshot_ms,
                                           .pid = process->pid,
                                           .unread = unread,
                                           .t_ms = is_read ? known->t_ms : -1,
                                           .pss_bytes = is_read ? known->pss_bytes : -1,
                                           .huge_page_bytes = is_read ? known->huge_page_bytes : -1,
                                           .count = is_read ? known->count : -1}});
    for (size_t i = 0; is_read && i < known->item_count; i++)
        emit_record(&(struct wire_record){.type = WIRE_MAPPING,
                                          .mapping = {.kind = known->items[i].kind,
                                                      .pss_bytes = known->items[i].pss_bytes,
                                                      .name = known->items[i].name}});
}

void mappings_send(bool last)
{
    struct process *wanted[MAPPINGS_PROCESSES];
    struct wire_snapshot head;
    size_t count = find_wanted(wanted, &head);
    if (last)
        stop_reading();
    if (count == 0 || (!last && !changed && head.t_ms == sent_ms))
        return;
    changed = false;
    sent_ms = head.t_ms;
    for (size_t i = 0; i < count; i++) {
        const struct known *known = find_known(wanted[i]);
        if (last || (known && known->unread == MAPPINGS_READ))
            send_one(wanted[i], head.t_ms);
    }
}
