#include "probe/snapshot.h"

#include "probe/emit.h"
#include "probe/process_table.h"
#include "probe/pss.h"
#include "proc/proc.h"

struct held_process {
    int64_t pss_bytes;
    int place; /* index of the pinned process in the table */
    int basis;
};

struct held {
    struct wire_snapshot head;
    struct held_process processes[PROCESSES_MAX];
    int64_t measured_bytes; /* the measured part of its PSS */
    int64_t highest_bytes;  /* of all snapshots of this stage */
    int64_t ownerless_bytes;
    bool sent;
};

static struct held held[SNAPSHOT_GAUGES];

static void release(int gauge)
{
    unsigned pin = 1u << gauge;
    for (int64_t i = 0; i < held[gauge].head.processes; i++) {
        struct process *process = table_at((size_t)held[gauge].processes[i].place);
        process->pins &= ~pin;
        if (process->gone && !process->pins)
            table_drop(process);
    }
    held[gauge].head.processes = 0;
    held[gauge].measured_bytes = -1;
    held[gauge].sent = true;
}

void snapshots_init(void)
{
    for (int gauge = 0; gauge < SNAPSHOT_GAUGES; gauge++) {
        held[gauge].head.processes = 0;
        held[gauge].highest_bytes = -1;
        release(gauge);
    }
}

void snapshots_forget(void)
{
    for (int gauge = 0; gauge < SNAPSHOT_GAUGES; gauge++) {
        release(gauge);
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
        if (counts(table_at(i)) && table_at(i)->basis == BASIS_MEASURED)
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

/* Whether the held snapshot attributes more memory to processes than a slightly higher one. */
static bool held_attributes_more(const struct held *kept, int64_t bytes, int64_t ownerless,
                                 const struct wire_snapshot *head)
{
    return kept->highest_bytes >= 0 && head->pss_bytes < kept->head.pss_bytes &&
           ownerless > kept->ownerless_bytes + bytes / 20;
}

bool snapshot_is_best(int gauge, int64_t bytes)
{
    return bytes >= 0 && bytes > held[gauge].highest_bytes;
}

void snapshot_offer(int gauge, int64_t bytes, const struct wire_snapshot *head)
{
    struct held *kept = &held[gauge];
    int64_t measured = measured_bytes();
    bool same_level = bytes >= 0 && bytes >= kept->highest_bytes - kept->highest_bytes / 200;
    bool better = measured > kept->measured_bytes + kept->measured_bytes / 50;
    if (!snapshot_is_best(gauge, bytes) && !(same_level && better))
        return;
    int64_t ownerless = ownerless_bytes(head);
    if (held_attributes_more(kept, bytes, ownerless, head))
        return;
    release(gauge);
    kept->head = *head;
    kept->head.gauge = gauge;
    kept->head.processes = 0;
    for (size_t i = 0; i < table_end(); i++) {
        struct process *process = table_at(i);
        if (!counts(process))
            continue;
        process->pins |= 1u << gauge;
        kept->processes[kept->head.processes++] = (struct held_process){
            .pss_bytes = process->pss_bytes, .place = (int)i, .basis = process->basis};
    }
    kept->measured_bytes = measured;
    kept->ownerless_bytes = ownerless;
    if (bytes > kept->highest_bytes)
        kept->highest_bytes = bytes;
    kept->sent = false;
}

static void send_process(const struct held_process *one)
{
    static char command[WIRE_STRING_MAX];
    char status[4096];
    struct process *process = table_at((size_t)one->place);
    int64_t length = process_read(process, "cmdline", command, sizeof command);
    if (process_read(process, "status", status, sizeof status) > 0) {
        int64_t hwm = parse_kib_line(status, "VmHWM");
        process->hwm_bytes = hwm > 0 ? hwm : process->hwm_bytes;
    }
    bool lives = length > 0;
    if (lives)
        cmdline_to_text(command, (size_t)length);
    emit_record(
        &(struct wire_record){.type = WIRE_PROCESS,
                              .process = {.pid = process->pid,
                                          .pss_bytes = one->pss_bytes,
                                          .hwm_bytes = process->hwm_bytes,
                                          .basis = one->basis,
                                          .command = lives ? command : process_command(process)}});
}

int snapshots_send(void)
{
    int count = 0;
    for (int gauge = 0; gauge < SNAPSHOT_GAUGES; gauge++) {
        if (held[gauge].sent)
            continue;
        held[gauge].sent = true;
        emit_record(&(struct wire_record){.type = WIRE_SNAPSHOT, .snapshot = held[gauge].head});
        for (int64_t i = 0; i < held[gauge].head.processes; i++)
            send_process(&held[gauge].processes[i]);
        count++;
    }
    return count;
}
