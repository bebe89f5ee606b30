/* The process ledger: the kernel's messages, the entries, and the items of processes. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/units.h"
#include "ledger/ledger.h"
#include "measurement/process_item.h"
#include "unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MS INT64_C(1000000)
#define S (1000 * MS)

/* ---- the kernel's messages ---- */

struct message {
    char bytes[1024];
    size_t length;
};

static struct message message_of(const char *name)
{
    struct message message = {0};
    char *file CLEANUP(cleanup_free) = xasprintf("fixtures/netlink/%s", name);
    char *path CLEANUP(cleanup_free) = test_path(file);
    int fd CLEANUP(cleanup_fd) = open(path, O_RDONLY);
    ssize_t got = read(fd, message.bytes, sizeof message.bytes);
    ck_assert_int_gt(got, 0);
    message.length = (size_t)got;
    return message;
}

START_TEST(exit_records_of_the_kernel)
{
    struct exit_record record;
    struct message message = message_of("exit-record");
    ck_assert_int_eq(parse_exit_record(message.bytes, message.length, &record), 0);
    ck_assert_int_eq(record.pid, 26061);
    ck_assert_int_eq(record.tgid, 26061);
    ck_assert_int_eq(record.parent, 26059);
    ck_assert(record.last);
    ck_assert_int_eq(record.peak_bytes, 67657728); /* hold anon=64 */
    ck_assert_int_eq(record.age_ns, 52057 * 1000);
    ck_assert_str_eq(record.comm, "hold");

    message = message_of("thread-exit-record");
    ck_assert_int_eq(parse_exit_record(message.bytes, message.length, &record), 0);
    ck_assert_int_eq(record.pid, 26063);
    ck_assert_int_eq(record.tgid, 26062);
    ck_assert(!record.last);
}
END_TEST

START_TEST(events_of_the_kernel)
{
    struct process_event event;
    struct message message = message_of("fork");
    ck_assert_int_eq(parse_process_event(message.bytes, message.length, &event), 0);
    ck_assert_int_eq(event.kind, EVENT_FORK);
    ck_assert_int_eq(event.pid, 26061);
    ck_assert_int_eq(event.parent, 26059);
    ck_assert_int_gt(event.at_ns, 0);

    message = message_of("exec");
    ck_assert_int_eq(parse_process_event(message.bytes, message.length, &event), 0);
    ck_assert_int_eq(event.kind, EVENT_EXEC);
    ck_assert_int_eq(event.pid, 26061);

    message = message_of("event-acknowledgement");
    ck_assert_int_eq(parse_process_event(message.bytes, message.length, &event), 0);
    ck_assert_int_eq(event.kind, EVENT_ACKNOWLEDGED);
    ck_assert_int_eq(event.error, 0);

    static const char *const others[] = {"exit", "thread-fork"};
    for (size_t i = 0; i < 2; i++) {
        message = message_of(others[i]);
        ck_assert_int_eq(parse_process_event(message.bytes, message.length, &event), 0);
        ck_assert_int_eq(event.kind, EVENT_OTHER);
    }
}
END_TEST

START_TEST(answers_of_the_kernel)
{
    uint16_t id = 0;
    int error = -1;
    struct message message = message_of("family");
    ck_assert_int_eq(parse_family_id(message.bytes, message.length, &id), 0);
    ck_assert_uint_eq(id, 31);
    ck_assert_int_eq(parse_netlink_error(message.bytes, message.length, &error), -1);

    message = message_of("acknowledgement");
    ck_assert_int_eq(parse_netlink_error(message.bytes, message.length, &error), 0);
    ck_assert_int_eq(error, 0);
    ck_assert_int_eq(parse_family_id(message.bytes, message.length, &id), -1);

    message = message_of("refusal");
    ck_assert_int_eq(parse_netlink_error(message.bytes, message.length, &error), 0);
    ck_assert_int_eq(error, ENOENT);
}
END_TEST

/* The kernel writes each message at once, so no prefix of one is a message. */
START_TEST(cut_messages_are_refused)
{
    struct exit_record record;
    struct process_event event;
    struct message message = message_of("exit-record");
    for (size_t length = 0; length < message.length; length++)
        ck_assert_int_eq(parse_exit_record(message.bytes, length, &record), -1);
    message = message_of("fork");
    for (size_t length = 0; length < message.length; length++)
        ck_assert_int_eq(parse_process_event(message.bytes, length, &event), -1);
}
END_TEST

START_TEST(records_of_an_older_kernel_are_refused)
{
    struct exit_record record;
    struct message message = message_of("exit-record");
    /* Headers of 16, 4 and 4 bytes, the pid with 8, and a header of 4: then the version. */
    uint16_t present;
    memcpy(&present, message.bytes + 36, sizeof present);
    ck_assert_uint_ge(present, 12);
    memcpy(message.bytes + 36, &(uint16_t){11}, sizeof present);
    ck_assert_int_eq(parse_exit_record(message.bytes, message.length, &record), -1);
}
END_TEST

/* ---- the entries ---- */

#define PROBE 100

static struct exit_record record_of(int pid, int parent, int64_t peak_bytes, int64_t age_ns)
{
    return (struct exit_record){.pid = pid,
                                .tgid = pid,
                                .parent = parent,
                                .last = true,
                                .peak_bytes = peak_bytes,
                                .age_ns = age_ns,
                                .comm = "short"};
}

static void end_process(struct ledger *ledger, int pid, int64_t peak_bytes, int64_t age_ns,
                        int64_t at_ns)
{
    struct exit_record record = record_of(pid, 1, peak_bytes, age_ns);
    ledger_exit(ledger, &record, at_ns, at_ns);
}

static bool none_lives(int pid)
{
    (void)pid;
    return false;
}

static bool all_live(int pid)
{
    (void)pid;
    return true;
}

static struct process_ledger finish(struct ledger *ledger)
{
    struct process_ledger summary = PROCESS_LEDGER_NONE;
    ledger_finish(ledger, none_lives);
    ledger_summarise(ledger, &summary);
    return summary;
}

static struct ledger *begun(void)
{
    struct ledger *ledger = ledger_new();
    ledger_begin(ledger, PROBE, true, 10 * S);
    return ledger;
}

/* Next.js sets its title after exec(2); the shell only names what it runs. */
START_TEST(a_title_matches_and_a_script_does_not)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = ledger_new();
    ledger_watch_for(ledger, "next", "next-build");
    ledger_begin(ledger, PROBE, true, 10 * S);
    ledger_fork(ledger, PROBE, 101, 10 * S);
    ledger_exec(ledger, 101, "bash -lc next-build --turbo", 10 * S + MS);
    ledger_fork(ledger, 101, 102, 10 * S);
    ledger_exec(ledger, 102, "node next", 10 * S + MS);
    ledger_scan(ledger, 102, "next-build (v16.4.6)", 7 * MIB);
    ledger_scan(ledger, 999, "next-build (v16.4.6)", 7 * MIB); /* not of the build */
    end_process(ledger, 102, 300 * MIB, S, 11 * S);
    end_process(ledger, 101, 5 * MIB, 2 * S, 12 * S);
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_int_eq(summary.count, 2);
    ck_assert_int_eq(summary.watched[0].count, 1);
    ck_assert_int_eq(summary.watched[0].peak_rss_bytes, 300 * MIB);
    ck_assert_ptr_nonnull(strstr(summary.watched[0].largest, "next-build"));
}
END_TEST

START_TEST(each_process_of_the_build_has_its_peak)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = begun();
    ledger_fork(ledger, PROBE, 101, 10 * S);
    ledger_exec(ledger, 101, "make -j2", 10 * S + MS);
    ledger_fork(ledger, 101, 102, 10 * S + 5 * MS);
    ledger_exec(ledger, 102, "/usr/libexec/cc1plus -quiet a.cpp -o /tmp/a.s", 10 * S + 6 * MS);
    ledger_fork(ledger, 7, 103, 10 * S); /* of another program */
    end_process(ledger, 103, 900 * MIB, S, 11 * S);
    end_process(ledger, 102, 300 * MIB, S, 11 * S + 5 * MS);
    end_process(ledger, 101, 5 * MIB, 2 * S, 12 * S);
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_int_eq(summary.source, PEAK_RSS_TASKSTATS);
    ck_assert_ptr_null(summary.fallback);
    ck_assert_int_eq(summary.count, 2);
    ck_assert_int_eq(summary.lost, 0);
    ck_assert_int_eq(summary.overruns, 0);
    ck_assert_uint_eq(summary.largest_count, 2);
    const struct ledger_process *first = &summary.largest[0];
    ck_assert_int_eq(first->pid, 102);
    ck_assert_int_eq(first->parent, 101);
    ck_assert_str_eq(first->name, "cc1plus");
    ck_assert_str_eq(first->item, "a.cpp");
    ck_assert_int_eq(first->peak_rss_bytes, 300 * MIB);
    ck_assert_int_eq(first->source, PEAK_RSS_TASKSTATS);
    ck_assert_int_eq(first->start_ms, 5);
    ck_assert_int_eq(first->end_ms, 1005);
    ck_assert_str_eq(summary.largest[1].name, "make");
    ck_assert_ptr_null(summary.largest[1].item);
}
END_TEST

START_TEST(a_process_without_a_command_line_has_its_short_name)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = begun();
    ledger_fork(ledger, PROBE, 101, 10 * S);
    ledger_exec(ledger, 101, "bash build.sh", 10 * S);
    ledger_fork(ledger, 101, 102, 10 * S); /* executes a program, and ends at once */
    ledger_exec(ledger, 102, NULL, 10 * S);
    ledger_fork(ledger, 101, 103, 10 * S); /* a copy of its parent */
    end_process(ledger, 102, 3, MS, 10 * S);
    end_process(ledger, 103, 2, MS, 10 * S);
    end_process(ledger, 101, 1, MS, 10 * S);
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_str_eq(summary.largest[0].name, "short");
    ck_assert_str_eq(summary.largest[1].name, summary.largest[2].name);
}
END_TEST

/* The first pattern that matches decides, as in the probe. A program that ends before its command
 * line is read has only its short name. */
START_TEST(a_stage_is_seen_at_an_exec)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = begun();
    int64_t first_ms, last_ms;
    ledger_watch_stage(ledger, "(^|/)next build( |$)");
    ledger_watch_stage(ledger, "(^|/)short( |$)");
    ledger_watch_stage(ledger, "build");
    ledger_fork(ledger, PROBE, 101, 10 * S);
    ledger_exec(ledger, 101, "sh -c next build", 10 * S);
    ck_assert(!ledger_stage_seen(ledger, 0, &first_ms, &last_ms));
    ck_assert_int_eq(first_ms, UNMEASURED);
    ledger_exec(ledger, 101, "bin/next build", 11 * S);
    ledger_exec(ledger, 101, "bin/next build --again", 13 * S);
    ck_assert(ledger_stage_seen(ledger, 0, &first_ms, &last_ms));
    ck_assert_int_eq(first_ms, 1000);
    ck_assert_int_eq(last_ms, 3000);
    ck_assert(!ledger_stage_seen(ledger, 2, &first_ms, &last_ms));

    ledger_fork(ledger, 101, 102, 14 * S);
    ledger_exec(ledger, 102, NULL, 14 * S);
    ck_assert(!ledger_stage_seen(ledger, 1, &first_ms, &last_ms));
    end_process(ledger, 102, 3, MS, 14 * S);
    ck_assert(ledger_stage_seen(ledger, 1, &first_ms, &last_ms));
    ck_assert_int_eq(first_ms, 4000);
}
END_TEST

/* Of three, two live at the same time. */
START_TEST(unnamed_processes_at_the_same_time)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = begun();
    for (int pid = 101; pid <= 103; pid++) {
        int64_t start = pid == 103 ? 20 * S : 10 * S;
        ledger_fork(ledger, PROBE, pid, start);
        ledger_exec(ledger, pid, NULL, start);
        end_process(ledger, pid, pid == 103 ? 6 : 4, S, start + S);
    }
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_int_eq(summary.unnamed_rss_bytes, 8);
}
END_TEST

START_TEST(a_process_without_an_exit_record_is_lost)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = begun();
    ledger_fork(ledger, PROBE, 101, 10 * S);
    ledger_fork(ledger, 101, 102, 10 * S);
    end_process(ledger, 101, MIB, S, 11 * S);
    ledger_overrun(ledger);
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_int_eq(summary.count, 2);
    ck_assert_int_eq(summary.lost, 1);
    ck_assert_int_eq(summary.overruns, 1);
    ck_assert_uint_eq(summary.largest_count, 1); /* no figure is invented */
    ledger_finish(ledger, all_live);
    ledger_summarise(ledger, &summary);
    ck_assert_int_eq(summary.lost, 0);
    ck_assert_uint_eq(summary.largest_count, 1);
}
END_TEST

START_TEST(a_reused_pid_has_two_entries)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = begun();
    ledger_fork(ledger, PROBE, 101, 10 * S);
    ledger_fork(ledger, 101, 102, 10 * S);
    /* The record of the first owner follows the fork of the second: both were in one batch. */
    ledger_fork(ledger, 101, 102, 20 * S);
    end_process(ledger, 102, 5 * MIB, 10 * S, 20 * S);
    end_process(ledger, 102, 7 * MIB, 30 * S, 50 * S);
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_int_eq(summary.count, 3);
    ck_assert_int_eq(summary.lost, 1); /* 101 */
    ck_assert_int_eq(summary.largest[0].peak_rss_bytes, 7 * MIB);
    ck_assert_int_eq(summary.largest[0].start_ms, 10000);
    ck_assert_int_eq(summary.largest[1].peak_rss_bytes, 5 * MIB);
    ck_assert_int_eq(summary.largest[1].start_ms, 0);
}
END_TEST

START_TEST(a_lost_record_is_not_replaced_by_that_of_the_next_owner)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = begun();
    ledger_fork(ledger, PROBE, 101, 10 * S);
    ledger_fork(ledger, 101, 102, 10 * S);
    ledger_fork(ledger, 7, 102, 20 * S); /* another program owns the pid now */
    ck_assert(!ledger_has(ledger, 102));
    ledger_fork(ledger, 102, 103, 21 * S); /* and its child is not of the build */
    end_process(ledger, 102, 900 * MIB, 5 * S, 25 * S);
    end_process(ledger, 103, 900 * MIB, S, 25 * S);
    end_process(ledger, 101, MIB, 20 * S, 30 * S);
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_int_eq(summary.count, 2);
    ck_assert_int_eq(summary.lost, 1);
    ck_assert_uint_eq(summary.largest_count, 1);
    ck_assert_int_eq(summary.largest[0].peak_rss_bytes, MIB);
}
END_TEST

START_TEST(dropped_forks_are_recovered)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = begun();
    ledger_fork(ledger, PROBE, 101, 10 * S);
    struct exit_record record = record_of(102, 101, 8 * MIB, S);
    ledger_exit(ledger, &record, 12 * S, 12 * S); /* its fork was dropped */
    ledger_adopt(ledger, 104, 101);
    ledger_adopt(ledger, PROBE, 1);
    end_process(ledger, 104, 9 * MIB, S, 13 * S);
    end_process(ledger, 101, MIB, 4 * S, 14 * S);
    record = record_of(PROBE, 1, MIB, 4 * S);
    ledger_exit(ledger, &record, 14 * S, 14 * S);
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_int_eq(summary.count, 3);
    ck_assert_int_eq(summary.lost, 0);
    ck_assert_int_eq(summary.largest[0].pid, 104);
    ck_assert_int_eq(summary.largest[0].start_ms, UNMEASURED);
    ck_assert_int_eq(summary.largest[1].pid, 102);
    ck_assert_int_eq(summary.largest[1].end_ms, UNMEASURED);
}
END_TEST

START_TEST(without_taskstats_the_scans_count)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = ledger_new();
    ledger_set_fallback(ledger, "no rights");
    ledger_scan(ledger, 5, "cc1 a.c", 10 * MIB);
    ledger_scan(ledger, 5, "cc1 a.c", 30 * MIB);
    ledger_scan(ledger, 5, "cc1 a.c", 20 * MIB);
    ledger_scan(ledger, 5, "cc1 b.c", UNMEASURED);
    ledger_scan(ledger, INT64_MAX, "cc1 c.c", MIB);
    ledger_scan(ledger, -1, "cc1 c.c", MIB);
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_int_eq(summary.source, PEAK_RSS_SCAN);
    ck_assert_str_eq(summary.fallback, "no rights");
    ck_assert_int_eq(summary.count, 2);
    ck_assert_int_eq(summary.lost, UNMEASURED);
    ck_assert_int_eq(summary.overruns, UNMEASURED);
    ck_assert_uint_eq(summary.largest_count, 1);
    ck_assert_int_eq(summary.largest[0].peak_rss_bytes, 30 * MIB);
    ck_assert_int_eq(summary.largest[0].source, PEAK_RSS_SCAN);
    ck_assert_int_eq(summary.largest[0].parent, UNMEASURED);
    /* With taskstats, scans have no effect: a container has pids of its own. */
    ledger_begin(ledger, PROBE, true, 10 * S);
    ledger_scan(ledger, 6, "cc1 d.c", 90 * MIB);
    ledger_summarise(ledger, &summary);
    ck_assert_int_eq(summary.count, 2);
    ck_assert_ptr_null(summary.fallback);
}
END_TEST

START_TEST(watched_processes_have_the_largest_peak)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = ledger_new();
    ledger_watch_for(ledger, "cxx", "(^|/)cc1plus ");
    ledger_watch_for(ledger, "short", "^short$");
    ledger_watch_for(ledger, "none", "none");
    ledger_begin(ledger, PROBE, true, 10 * S);
    for (int i = 0; i < 3; i++) {
        ledger_fork(ledger, PROBE, 101 + i, 10 * S);
        ledger_exec(ledger, 101 + i, i < 2 ? "/usr/libexec/cc1plus a.cpp" : NULL, 10 * S);
        end_process(ledger, 101 + i, (i + 5) * MIB, S, 11 * S);
    }
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_uint_eq(summary.watched_count, 3);
    ck_assert_str_eq(summary.watched[0].name, "cxx");
    ck_assert_int_eq(summary.watched[0].count, 2);
    ck_assert_int_eq(summary.watched[0].peak_rss_bytes, 6 * MIB);
    ck_assert_str_eq(summary.watched[0].largest, "cc1plus a.cpp");
    ck_assert_int_eq(summary.watched[1].peak_rss_bytes, 7 * MIB); /* by its short name */
    ck_assert_int_eq(summary.watched[2].count, 0);
    ck_assert_int_eq(summary.watched[2].peak_rss_bytes, UNMEASURED);
    ck_assert_ptr_null(summary.watched[2].largest);
}
END_TEST

START_TEST(a_scan_is_no_value_of_a_metric)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = ledger_new();
    ledger_watch_for(ledger, "c", "cc1 ");
    ledger_scan(ledger, 5, "cc1 a.c", 10 * MIB);
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_int_eq(summary.watched[0].count, 1);
    ck_assert_int_eq(summary.watched[0].peak_rss_bytes, UNMEASURED);
}
END_TEST

START_TEST(a_run_that_did_not_begin_has_no_ledger)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = ledger_new();
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_int_eq(summary.source, PEAK_RSS_UNKNOWN);
    ck_assert_int_eq(summary.count, UNMEASURED);
}
END_TEST

START_TEST(the_largest_are_sorted)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = begun();
    for (int i = 0; i < 50; i++) {
        ledger_fork(ledger, PROBE, 101 + i, 10 * S);
        end_process(ledger, 101 + i, (i * 7 % 50 + 1) * MIB, S, 11 * S);
    }
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_uint_eq(summary.largest_count, LARGEST_PROCESSES_MAX);
    for (int i = 0; i < LARGEST_PROCESSES_MAX; i++)
        ck_assert_int_eq(summary.largest[i].peak_rss_bytes, (50 - i) * MIB);
}
END_TEST

/* Of 20 processes of cc1, the 19th is the p95; of 3 of ld, the largest. One make is no group. The
 * peak RSS of another cc1, which did not end, is unknown. */
START_TEST(groups_have_the_p95)
{
    struct ledger *ledger CLEANUP(cleanup_ledger) = begun();
    for (int i = 0; i < 24; i++) {
        const char *command = i < 20 ? "/usr/libexec/cc1 a.c" : i < 23 ? "/usr/bin/ld a.o" : "make";
        ledger_fork(ledger, PROBE, 101 + i, 10 * S);
        ledger_exec(ledger, 101 + i, command, 10 * S + MS);
        end_process(ledger, 101 + i, i < 20 ? (i * 7 % 20 + 1) * MIB : 100 * (i - 18) * MIB, S,
                    11 * S);
    }
    ledger_fork(ledger, PROBE, 200, 10 * S);
    ledger_exec(ledger, 200, "/usr/libexec/cc1 b.c", 10 * S + MS);
    struct process_ledger summary CLEANUP(process_ledger_release) = finish(ledger);
    ck_assert_uint_eq(summary.group_count, 2);
    ck_assert_str_eq(summary.groups[0].name, "ld");
    ck_assert_int_eq(summary.groups[0].count, 3);
    ck_assert_int_eq(summary.groups[0].p95_rss_bytes, 400 * MIB);
    ck_assert_str_eq(summary.groups[1].name, "cc1");
    ck_assert_int_eq(summary.groups[1].count, 20);
    ck_assert_int_eq(summary.groups[1].p95_rss_bytes, 19 * MIB);
}
END_TEST

START_TEST(the_largest_groups_are_kept)
{
    struct process_ledger summary CLEANUP(process_ledger_release) = PROCESS_LEDGER_NONE;
    struct named_peak peaks[40];
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
                                        "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"};
    for (int i = 0; i < 40; i++)
        peaks[i] = (struct named_peak){names[i % 20], (i % 20 * 7 % 20 + 1) * MIB};
    ledger_add_groups(&summary, peaks, 40);
    ck_assert_uint_eq(summary.group_count, LEDGER_GROUPS_MAX);
    for (int i = 0; i < LEDGER_GROUPS_MAX; i++)
        ck_assert_int_eq(summary.groups[i].p95_rss_bytes, (20 - i) * MIB);
}
END_TEST

START_TEST(the_file_has_a_line_for_each_process)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct ledger *ledger CLEANUP(cleanup_ledger) = begun();
    char path[] = "/tmp/build-mem-ledger-XXXXXX";
    int fd CLEANUP(cleanup_fd) = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ledger_fork(ledger, PROBE, 101, 10 * S + 3 * MS);
    ledger_exec(ledger, 101, "rustc --crate-name a,\"b src/lib.rs", 10 * S + 3 * MS);
    ledger_fork(ledger, 101, 102, 10 * S + 4 * MS);
    ledger_exec(ledger, 102, NULL, 10 * S + 4 * MS);
    end_process(ledger, 101, MIB, 40 * MS, 10 * S + 43 * MS);
    ck_assert_int_eq(ledger_write_csv(ledger, path, &err), 0);
    char *text CLEANUP(cleanup_free) = NULL;
    ck_assert_int_eq(file_read(path, 4096, &text, NULL, &err), 0);
    unlink(path);
    ck_assert_str_eq(text, "pid,parent,name,item,start_ms,end_ms,peak_rss_bytes,source\n"
                           "101,100,\"rustc a,\"\"b\",\"a,\"\"b\",3,43,1048576,taskstats\n"
                           "102,101,?,,4,,,\n");
}
END_TEST

/* ---- items ---- */

START_TEST(items_of_command_lines)
{
    static const struct {
        const char *command, *item;
    } cases[] = {
        {"/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus -quiet -imultiarch x86_64-linux-gnu -I src "
         "-D_GNU_SOURCE src/a.cpp -quiet -dumpbase a.cpp -dumpbase-ext .cpp -O2 -o /tmp/ccX.s",
         "src/a.cpp"},
        {"/usr/lib/gcc/x86_64-linux-gnu/12/cc1 -MD x.d -include config.c b.c", "b.c"},
        {"/usr/lib/llvm-19/bin/clang -cc1 -triple x86_64 -main-file-name b.cc -o b.o -x c++ "
         "../lib/b.cc",
         "../lib/b.cc"},
        {"clang-19 -c ../lib/b.cc", "../lib/b.cc"},
        {"/usr/libexec/qemu-binfmt/aarch64-binfmt-P /usr/bin/clang clang -c b.cc", "b.cc"},
        {"g++-12 -c x/y.cxx -o y.o", "x/y.cxx"},
        {"/usr/bin/ld -plugin liblto.so -o bin/app crt1.o", "bin/app"},
        {"ld.lld -o", NULL},
        {"as --64 -o a.o /tmp/a.s", "a.o"},
        {"rustc --crate-name serde --edition=2021 src/lib.rs", "serde"},
        {"rustc --crate-name=serde src/lib.rs", "serde"},
        {"rustc src/main.rs", "src/main.rs"},
        {"/usr/lib/go/pkg/tool/linux_amd64/compile -o $WORK/b001/_pkg_.a -p net/http", "net/http"},
        {"node --max-old-space-size=4096 /app/node_modules/typescript/lib/tsc.js -p "
         "web/tsconfig.json",
         "web/tsconfig.json"},
        {"node node_modules/.bin/tsc --build packages/core", "packages/core"},
        {"tsc", NULL},
        {"node node_modules/.bin/asc assembly/index.ts -o out.wasm", "assembly/index.ts"},
        {"javac -d out -cp lib.java src/A.java src/B.java", "src/A.java"},
        {"make all", NULL},
        {"node", NULL},
        {"cc1", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *item CLEANUP(cleanup_free) = process_item(cases[i].command);
        ck_assert_pstr_eq(item, cases[i].item);
    }
}
END_TEST

START_TEST(a_long_item_keeps_its_end)
{
    char path[2 * PROCESS_ITEM_MAX + 1];
    memset(path, 'd', sizeof path - 1);
    memcpy(path + sizeof path - 5, "/a.c", 5);
    char *command CLEANUP(cleanup_free) = xasprintf("cc1 %s", path);
    char *item CLEANUP(cleanup_free) = process_item(command);
    ck_assert_uint_eq(strlen(item), PROCESS_ITEM_MAX);
    ck_assert_str_eq(item + PROCESS_ITEM_MAX - 4, "/a.c");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger");
    TCase *messages = tcase_create("messages"), *entries = tcase_create("entries"),
          *items = tcase_create("items");
    tcase_add_test(messages, exit_records_of_the_kernel);
    tcase_add_test(messages, events_of_the_kernel);
    tcase_add_test(messages, answers_of_the_kernel);
    tcase_add_test(messages, cut_messages_are_refused);
    tcase_add_test(messages, records_of_an_older_kernel_are_refused);
    tcase_add_test(entries, each_process_of_the_build_has_its_peak);
    tcase_add_test(entries, a_title_matches_and_a_script_does_not);
    tcase_add_test(entries, a_process_without_a_command_line_has_its_short_name);
    tcase_add_test(entries, a_stage_is_seen_at_an_exec);
    tcase_add_test(entries, unnamed_processes_at_the_same_time);
    tcase_add_test(entries, a_process_without_an_exit_record_is_lost);
    tcase_add_test(entries, a_reused_pid_has_two_entries);
    tcase_add_test(entries, a_lost_record_is_not_replaced_by_that_of_the_next_owner);
    tcase_add_test(entries, dropped_forks_are_recovered);
    tcase_add_test(entries, without_taskstats_the_scans_count);
    tcase_add_test(entries, watched_processes_have_the_largest_peak);
    tcase_add_test(entries, a_scan_is_no_value_of_a_metric);
    tcase_add_test(entries, a_run_that_did_not_begin_has_no_ledger);
    tcase_add_test(entries, the_largest_are_sorted);
    tcase_add_test(entries, groups_have_the_p95);
    tcase_add_test(entries, the_largest_groups_are_kept);
    tcase_add_test(entries, the_file_has_a_line_for_each_process);
    tcase_add_test(items, items_of_command_lines);
    tcase_add_test(items, a_long_item_keeps_its_end);
    suite_add_tcase(suite, messages);
    suite_add_tcase(suite, entries);
    suite_add_tcase(suite, items);
    return run_suite(suite);
}
