#include "ledger/netlink.h"

#include <linux/acct.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <string.h>

/* The first version with ac_tgid, ac_tgetime and AGROUP. */
#define FIRST_VERSION 12
#define FIRST_VERSION_BYTES                                                                        \
    (offsetof(struct taskstats, ac_exe_inode) + sizeof(((struct taskstats *)0)->ac_exe_inode))

/* No clock of the kernel exceeds it, and a sum of two does not overflow. */
#define TIME_MAX_NS (INT64_MAX / 4)

/* A part of a message. Its bytes may not be aligned. */
struct part {
    const char *bytes;
    size_t length;
};

/* Copies the header at the start of `part`, and moves `part` behind it. */
static bool take(struct part *part, void *header, size_t size)
{
    if (part->length < size)
        return false;
    memcpy(header, part->bytes, size);
    part->bytes += size;
    part->length -= size;
    return true;
}

/* Takes the header of the message. `part` becomes its payload. */
static bool take_message(struct part *part, struct nlmsghdr *header)
{
    if (!take(part, header, sizeof *header) || header->nlmsg_len < sizeof *header ||
        header->nlmsg_len - sizeof *header > part->length)
        return false;
    part->length = header->nlmsg_len - sizeof *header;
    return true;
}

/* Finds the first attribute of this type in `part`. */
static bool find_attribute(struct part part, uint16_t type, struct part *value)
{
    struct nlattr header;
    while (take(&part, &header, sizeof header)) {
        if (header.nla_len < sizeof header || header.nla_len - sizeof header > part.length)
            return false;
        size_t length = header.nla_len - sizeof header;
        if ((header.nla_type & NLA_TYPE_MASK) == type) {
            *value = (struct part){part.bytes, length};
            return true;
        }
        size_t aligned = (length + NLA_ALIGNTO - 1) / NLA_ALIGNTO * NLA_ALIGNTO;
        aligned = aligned < part.length ? aligned : part.length;
        part.bytes += aligned;
        part.length -= aligned;
    }
    return false;
}

/* Takes the headers of a generic netlink message. `part` becomes its attributes. */
static bool take_generic(struct part *part)
{
    struct nlmsghdr header;
    struct genlmsghdr generic;
    return take_message(part, &header) && header.nlmsg_type >= NLMSG_MIN_TYPE &&
           take(part, &generic, sizeof generic);
}

int parse_family_id(const void *message, size_t length, uint16_t *id)
{
    struct part part = {message, length}, value;
    return take_generic(&part) && find_attribute(part, CTRL_ATTR_FAMILY_ID, &value) &&
                   take(&value, id, sizeof *id)
               ? 0
               : -1;
}

static bool is_pid(int64_t pid)
{
    return pid > 0 && pid <= INT32_MAX;
}

int parse_exit_record(const void *message, size_t length, struct exit_record *record)
{
    struct part part = {message, length}, task, value;
    struct taskstats stats = {0};
    if (!take_generic(&part) || !find_attribute(part, TASKSTATS_TYPE_AGGR_PID, &task) ||
        !find_attribute(task, TASKSTATS_TYPE_STATS, &value) || value.length < FIRST_VERSION_BYTES)
        return -1;
    memcpy(&stats, value.bytes, value.length < sizeof stats ? value.length : sizeof stats);
    if (stats.version < FIRST_VERSION || !is_pid(stats.ac_pid) || !is_pid(stats.ac_tgid) ||
        stats.ac_ppid > INT32_MAX || stats.hiwater_rss > INT64_MAX / 1024 ||
        stats.ac_tgetime > TIME_MAX_NS / 1000)
        return -1;
    *record = (struct exit_record){.pid = (int)stats.ac_pid,
                                   .tgid = (int)stats.ac_tgid,
                                   .parent = (int)stats.ac_ppid,
                                   .last = stats.ac_flag & AGROUP,
                                   .peak_bytes = (int64_t)stats.hiwater_rss * 1024,
                                   .age_ns = (int64_t)stats.ac_tgetime * 1000};
    memcpy(record->comm, stats.ac_comm, sizeof record->comm - 1);
    return 0;
}

int parse_process_event(const void *message, size_t length, struct process_event *event)
{
    struct part part = {message, length};
    struct nlmsghdr header;
    struct cn_msg connector;
    struct proc_event body = {0};
    if (!take_message(&part, &header) || !take(&part, &connector, sizeof connector) ||
        connector.id.idx != CN_IDX_PROC || connector.id.val != CN_VAL_PROC ||
        part.length < offsetof(struct proc_event, event_data) + sizeof body.event_data.exec)
        return -1;
    memcpy(&body, part.bytes, part.length < sizeof body ? part.length : sizeof body);
    *event = (struct process_event){.at_ns = (int64_t)body.timestamp_ns};
    if (body.what == PROC_EVENT_NONE) {
        event->kind = EVENT_ACKNOWLEDGED;
        event->error = (int)body.event_data.ack.err;
    } else if (body.what == PROC_EVENT_FORK &&
               body.event_data.fork.child_pid == body.event_data.fork.child_tgid) {
        event->kind = EVENT_FORK;
        event->pid = body.event_data.fork.child_tgid;
        event->parent = body.event_data.fork.parent_tgid;
    } else if (body.what == PROC_EVENT_EXEC) {
        event->kind = EVENT_EXEC;
        event->pid = body.event_data.exec.process_tgid;
    }
    bool names_process = event->kind == EVENT_FORK || event->kind == EVENT_EXEC;
    return names_process && (!is_pid(event->pid) || event->at_ns < 0 || event->at_ns > TIME_MAX_NS)
               ? -1
               : 0;
}

int parse_netlink_error(const void *message, size_t length, int *error)
{
    struct part part = {message, length};
    struct nlmsghdr header;
    struct nlmsgerr body;
    if (!take_message(&part, &header) || header.nlmsg_type != NLMSG_ERROR ||
        !take(&part, &body, sizeof body) || body.error == INT32_MIN)
        return -1;
    *error = body.error < 0 ? -body.error : 0;
    return 0;
}
