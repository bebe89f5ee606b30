/* The netlink messages that report the processes of the machine, as bytes.
 *
 * - taskstats sends an exit record for each task that ends (Documentation/accounting/taskstats.rst
 *   of the kernel, linux/taskstats.h).
 * - The proc connector sends an event for each fork and exec (linux/cn_proc.h).
 *
 * The parsers take one message as recv(2) delivers it, so that tests and fuzzers can call them. */
#ifndef BM_LEDGER_NETLINK_H
#define BM_LEDGER_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMM_BYTES 16 /* of a process's short name, with NUL (TASK_COMM_LEN) */

/* The end of one task. */
struct exit_record {
    int pid;    /* of the task */
    int tgid;   /* of its process */
    int parent; /* the process that would reap it; 0: unknown */
    bool last;  /* it was the last task of its process, so the figures are final */
    /* The highest RSS of its address space; 0: it had none. Threads share an address space, and
     * exec makes a new one. */
    int64_t peak_bytes;
    int64_t age_ns; /* of the process, with a resolution of 1 µs */
    char comm[COMM_BYTES];
};

enum process_event_kind { EVENT_OTHER, EVENT_ACKNOWLEDGED, EVENT_FORK, EVENT_EXEC };

struct process_event {
    enum process_event_kind kind;
    int pid;       /* of the process that started, or that executes another program */
    int parent;    /* of a fork */
    int64_t at_ns; /* CLOCK_MONOTONIC */
    int error;     /* of the acknowledgement: 0, or an errno */
};

/* Each returns 0, or -1 if the message does not have the kernel's format. */

/* Parses the answer to CTRL_CMD_GETFAMILY. */
int parse_family_id(const void *message, size_t length, uint16_t *id);
/* Parses a record of the taskstats family. Records before version 12 (Linux 5.18) do not name the
 * process, and are refused. */
int parse_exit_record(const void *message, size_t length, struct exit_record *record);
/* Parses an event of the proc connector. The start of a thread is EVENT_OTHER. */
int parse_process_event(const void *message, size_t length, struct process_event *event);
/* Parses an NLMSG_ERROR message, which acknowledges a request: 0, or an errno. */
int parse_netlink_error(const void *message, size_t length, int *error);

#endif
