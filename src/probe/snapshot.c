#include "probe/snapshot.h"

#include "probe/emit.h"
#include "probe/process_table.h"
#include "probe/pss.h"
#include "probe/stages.h"
#include "proc/proc.h"

#include <string.h>

struct held_process {
    int64_t pss_bytes;
    int place; /* index of the pinned process in the table */
    enum pss_basis basis;
};

struct held {
    struct wire_snapshot head; /* its processes: number of those that are kept */
    struct held_process *processes;
    int64_t capacity;
    int64_t measured_bytes; /* the measured part of its PSS */
    int64_t highest_bytes;  /* of all snapshots of this stage */
    int64_t ownerless_bytes;
    bool sent;
};

/* The reports name the largest processes of a stage; its PSS is the sum of all. */
#define OWN_PROCESSES_KEPT 64

/* Of the cgroup. */
#define GAUGES WIRE_GAUGE_OWN_PROCESSES
/* One for each gauge, then one for the own processes of each stage, "setup" first. Unused pages
 * take no memory. */
#define HELD_MAX (GAUGES + STAGES_MAX + 1)
static struct held held[HELD_MAX];
static int initialised; /* the first ones of these */
static struct held_process gauge_processes[GAUGES][PROCESSES_MAX];
static struct held_process own_processes[STAGES_MAX + 1][OWN_PROCESSES_KEPT];

/* Returns the place of a stage among the own processes. */
static int place_of(int stage)
{
    return stage == NO_STAGE ? 0 : stage + 1;
}

static int held_count(void)
{
    return GAUGES + stages_count() + 1;
}

static void unpin(const struct held_process *one)
{
    struct process *process = table_at((size_t)one->place);
    process->pins--;
    if (process->gone && !process->pins)
        table_drop(process);
}

static void unpin_all(struct held *kept)
{
    for (int64_t i = 0; i < kept->head.processes; i++)
        unpin(&kept->processes[i]);
    kept->head.processes = 0;
}

static void release(struct held *kept)
{
    unpin_all(kept);
    kept->measured_bytes = -1;
    kept->sent = true;
}

/* A step of an image build is added while the build runs. */
static void init_added(void)
{
    for (; initialised < held_count(); initialised++) {
        int i = initialised;
        bool own = i >= GAUGES;
        held[i] = (struct held){
            .processes = own ? own_processes[i - GAUGES] : gauge_processes[i],
            .capacity = own ? OWN_PROCESSES_KEPT : PROCESSES_MAX,
            .measured_bytes = -1,
            .highest_bytes = -1,
            .sent = true,
        };
    }
}

void snapshots_init(void)
{
    initialised = 0;
    init_added();
}

void snapshots_forget(void)
{
    for (int gauge = 0; gauge < GAUGES; gauge++) {
        release(&held[gauge]);
        held[gauge].highest_bytes = -1;
    }
}

static bool counts(const struct process *process)
{
    return process->pid && !process->gone && process->rss_bytes > 0;
}

static int64_t measured_bytes(void)
{
    int64_t sum = 0;
    for (size_t i = 0; i < table_end(); i++)
        if (counts(table_at(i)) && table_at(i)->basis == PSS_MEASURED)
            sum += table_at(i)->pss_bytes;
    return sum;
}

/* Returns the charged anonymous memory that no process has: an ending process has released it, and
 * the kernel will free it. */
static int64_t ownerless_bytes(const struct wire_snapshot *head)
{
    int64_t owned = 0;
    for (size_t i = 0; i < table_end(); i++)
        if (counts(table_at(i)))
            owned += table_at(i)->pss_anon_bytes;
    return head->anon_bytes > owned ? head->anon_bytes - owned : 0;
}

/* New memory of no known process is reported if it is this part of the whole, or more. */
#define OWNERLESS_PART 20

/* Higher; or as high within 0.5 %, with more of it measured, or with owners for more of it. */
static bool is_better(const struct held *kept, int64_t bytes, int64_t measured, int64_t ownerless)
{
    bool same_level = bytes >= 0 && bytes >= kept->highest_bytes - kept->highest_bytes / 200;
    return (bytes >= 0 && bytes > kept->highest_bytes) ||
           (same_level && (measured > kept->measured_bytes + kept->measured_bytes / 50 ||
                           ownerless < kept->ownerless_bytes - bytes / OWNERLESS_PART));
}

/* Adds the process at `place`, if there is room, or if it is larger than the smallest one. */
static void keep_process(struct held *kept, size_t place)
{
    struct process *process = table_at(place);
    int64_t at = kept->head.processes;
    if (at == kept->capacity) {
        at = 0;
        for (int64_t i = 1; i < kept->capacity; i++)
            at = kept->processes[i].pss_bytes < kept->processes[at].pss_bytes ? i : at;
        if (process->pss_bytes <= kept->processes[at].pss_bytes)
            return;
        unpin(&kept->processes[at]);
    } else {
        kept->head.processes++;
    }
    process->pins++;
    kept->processes[at] = (struct held_process){
        .pss_bytes = process->pss_bytes, .place = (int)place, .basis = process->basis};
}

/* Replaces the snapshot by the current estimates: of the own processes of `stage`, or of all
 * processes if it is -1. */
static void keep(struct held *kept, const struct wire_snapshot *head, int stage, int64_t bytes,
                 int64_t measured)
{
    release(kept);
    kept->head = *head;
    kept->head.processes = 0;
    for (size_t i = 0; i < table_end(); i++)
        if (counts(table_at(i)) && (stage < 0 || table_at(i)->own_stage == stage))
            keep_process(kept, i);
    kept->measured_bytes = measured;
    if (bytes > kept->highest_bytes)
        kept->highest_bytes = bytes;
    kept->sent = false;
}

bool snapshot_offer(enum wire_gauge gauge, int64_t bytes, const struct wire_snapshot *head)
{
    struct held *kept = &held[gauge];
    int64_t measured = measured_bytes(), ownerless = ownerless_bytes(head);
    if (!is_better(kept, bytes, measured, ownerless))
        return true;
    bool lacks_owner =
        kept->highest_bytes >= 0 && ownerless > kept->ownerless_bytes + bytes / OWNERLESS_PART;
    /* Slightly higher, but with less that processes have: one of them has just ended. */
    if (lacks_owner && head->pss_bytes < kept->head.pss_bytes)
        return false;
    struct wire_snapshot of_gauge = *head;
    of_gauge.gauge = gauge;
    keep(kept, &of_gauge, -1, bytes, measured);
    kept->ownerless_bytes = ownerless;
    return !lacks_owner;
}

void snapshot_offer_stages(const struct wire_snapshot *head)
{
    static struct {
        int64_t pss_bytes, measured_bytes, processes;
    } sums[STAGES_MAX + 1];
    init_added();
    memset(sums, 0, sizeof *sums * (size_t)(stages_count() + 1));
    for (size_t i = 0; i < table_end(); i++) {
        const struct process *process = table_at(i);
        if (!counts(process))
            continue;
        int place = place_of(process->own_stage);
        sums[place].processes++;
        sums[place].pss_bytes += process->pss_bytes;
        if (process->basis == PSS_MEASURED)
            sums[place].measured_bytes += process->pss_bytes;
    }
    for (int place = 0; place <= stages_count(); place++) {
        struct held *kept = &held[GAUGES + place];
        if (!sums[place].processes ||
            !is_better(kept, sums[place].pss_bytes, sums[place].measured_bytes, INT64_MAX))
            continue;
        struct wire_snapshot own = *head;
        int stage = place == 0 ? NO_STAGE : place - 1;
        own.gauge = WIRE_GAUGE_OWN_PROCESSES;
        own.stage = stage;
        own.pss_bytes = sums[place].pss_bytes;
        keep(kept, &own, stage, own.pss_bytes, sums[place].measured_bytes);
    }
}

size_t snapshot_largest(struct process **largest, size_t count, int64_t part,
                        struct wire_snapshot *head)
{
    const struct held *kept = &held[WIRE_GAUGE_USAGE];
    const struct held_process *last = NULL;
    size_t found = 0;
    for (; found < count; found++) {
        const struct held_process *next = NULL;
        for (int64_t i = 0; i < kept->head.processes; i++) {
            const struct held_process *one = &kept->processes[i];
            bool comes_later = !last || one->pss_bytes < last->pss_bytes ||
                               (one->pss_bytes == last->pss_bytes && one > last);
            if (comes_later && (!next || one->pss_bytes > next->pss_bytes))
                next = one;
        }
        if (!next || next->pss_bytes < kept->head.pss_bytes / part)
            break;
        largest[found] = table_at((size_t)next->place);
        last = next;
    }
    *head = kept->head;
    return found;
}

/* Several snapshots of a round can have the same process. */
static void read_hwm(struct process *process, uint32_t round)
{
    char status[4096];
    if (process->hwm_round == round)
        return;
    process->hwm_round = round;
    if (process_read(process, "status", status, sizeof status) > 0) {
        int64_t hwm = parse_kib_line(status, "VmHWM");
        process->hwm_bytes = hwm > 0 ? hwm : process->hwm_bytes;
    } else if (process->rss_bytes > 0 && process->hwm_bytes < process->rss_bytes) {
        process->hwm_bytes = process->rss_bytes; /* it has ended: a lower bound */
    }
}

static void send_process(const struct held_process *one, uint32_t round)
{
    struct process *process = table_at((size_t)one->place);
    read_hwm(process, round);
    emit_record(&(struct wire_record){.type = WIRE_PROCESS,
                                      .process = {.pid = process->pid,
                                                  .pss_bytes = one->pss_bytes,
                                                  .hwm_bytes = process->hwm_bytes,
                                                  .basis = one->basis,
                                                  .command = process_whole_command(process)}});
}

int snapshots_send(void)
{
    static uint32_t round;
    int count = 0;
    round++;
    init_added();
    for (int i = 0; i < held_count(); i++) {
        struct held *kept = &held[i];
        if (kept->sent)
            continue;
        kept->sent = true;
        emit_record(&(struct wire_record){.type = WIRE_SNAPSHOT, .snapshot = kept->head});
        for (int64_t one = 0; one < kept->head.processes; one++)
            send_process(&kept->processes[one], round);
        /* Those of the current stage may be replaced by a snapshot with more of it measured. Those
         * of all stages would keep the entries of many processes that have ended. */
        if (i >= GAUGES)
            unpin_all(kept);
        count++;
    }
    return count;
}
