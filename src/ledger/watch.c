#include "ledger/watch.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/trace.h"
#include "proc/proc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define REST_MS 10
#define ANSWER_MS 200 /* the kernel answers before send(2) returns */
/* Of each socket, for about 25,000 exit records: the kernel doubles the figure. */
#define BUFFER_BYTES (16 << 20)
#define MESSAGE_MAX 4096
/* Of one read: the runner must serve the build, too, however many processes it starts. */
#define BATCH_MAX 8192
#define ADOPT_PAUSE_MS 1000
#define CPUS_FILE "/sys/devices/system/cpu/possible"

struct process_watch {
    struct ledger *ledger;
    int probe;
    int records;             /* the socket of taskstats */
    int events;              /* the socket of the proc connector */
    int ready;               /* epoll: one of them is readable */
    int64_t read_ms;         /* of the last read; -1: none */
    int64_t records_read_ns; /* the start of the last read of records */
    bool must_adopt;         /* forks were dropped */
    int64_t next_adoption_ms;
    struct exit_record *batch;
    size_t batch_count;
    /* A bit for each pid in the batch. Unused pages take no memory. */
    uint8_t *ended;
};

/* ---- the sockets ---- */

static int open_socket(int protocol, uint32_t groups)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    if (fd < 0)
        return -1;
    /* Without CAP_NET_ADMIN the buffer is smaller, and overruns are reported. */
    int bytes = BUFFER_BYTES;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

/* Only the kernel may send: its port is 0. */
static ssize_t receive(int fd, char *message)
{
    struct sockaddr_nl from = {0};
    socklen_t size = sizeof from;
    ssize_t got;
    do
        got = recvfrom(fd, message, MESSAGE_MAX, 0, (struct sockaddr *)&from, &size);
    while (got >= 0 && from.nl_pid != 0);
    return got;
}

/* Waits for a message. Returns its length, or -1 with errno. */
static ssize_t receive_answer(int fd, char *message)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, ANSWER_MS) == 0) {
        errno = ETIMEDOUT;
        return -1;
    }
    return receive(fd, message);
}

/* Sends a generic netlink request with one attribute. */
static int send_generic(int fd, uint16_t family, uint8_t command, uint16_t attribute,
                        const char *text)
{
    struct {
        struct nlmsghdr header;
        struct genlmsghdr generic;
        struct nlattr attribute;
        char text[256];
    } request = {
        .header = {.nlmsg_type = family, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
        .generic = {.cmd = command, .version = 1},
        .attribute = {.nla_type = attribute},
    };
    size_t length = strlen(text) + 1;
    if (length > sizeof request.text) {
        errno = EMSGSIZE;
        return -1;
    }
    memcpy(request.text, text, length);
    request.attribute.nla_len = (uint16_t)(sizeof request.attribute + length);
    request.header.nlmsg_len =
        (uint32_t)(sizeof request - sizeof request.text + NLMSG_ALIGN(length));
    return send(fd, &request, request.header.nlmsg_len, 0) < 0 ? -1 : 0;
}

/* Reads messages up to the acknowledgement. Returns 0, or -1 with errno. Sets `*id`, if not NULL,
 * from an answer that names a family. */
static int await_acknowledgement(int fd, uint16_t *id)
{
    char message[MESSAGE_MAX];
    for (;;) {
        int error;
        ssize_t length = receive_answer(fd, message);
        if (length < 0)
            return -1;
        if (id)
            (void)parse_family_id(message, (size_t)length, id);
        if (parse_netlink_error(message, (size_t)length, &error) == 0) {
            errno = error;
            return error ? -1 : 0;
        }
    }
}

/* Registers for the exit records of all CPUs. Returns the socket, or -1 with errno. */
static int open_records(void)
{
    char cpus[256];
    uint16_t family = 0;
    if (read_text(CPUS_FILE, cpus, sizeof cpus) <= 0)
        return -1;
    cpus[strcspn(cpus, "\n")] = '\0';
    int fd = open_socket(NETLINK_GENERIC, 0);
    if (fd < 0)
        return -1;
    if (send_generic(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME,
                     TASKSTATS_GENL_NAME) == 0 &&
        await_acknowledgement(fd, &family) == 0 &&
        send_generic(fd, family, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK, cpus) ==
            0 &&
        await_acknowledgement(fd, NULL) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* Drops all events except acknowledgements, forks of processes and execs, before they wake the
 * runner. A filter sees numbers in network byte order. */
static int filter_events(int fd)
{
    enum { WHAT = NLMSG_HDRLEN + sizeof(struct cn_msg), DATA = WHAT + 16, CHILD = DATA + 8 };
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, WHAT),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROC_EVENT_NONE, 6, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(PROC_EVENT_EXEC), 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(PROC_EVENT_FORK), 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, CHILD), /* child_pid, and then child_tgid */
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, CHILD + 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static int ask_for_events(int fd, enum proc_cn_mcast_op operation)
{
    const struct cn_msg connector = {.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC},
                                     .len = sizeof operation};
    char request[NLMSG_HDRLEN + sizeof connector + sizeof operation];
    const struct nlmsghdr header = {.nlmsg_len = sizeof request, .nlmsg_type = NLMSG_DONE};
    memcpy(request, &header, sizeof header);
    memcpy(request + NLMSG_HDRLEN, &connector, sizeof connector);
    memcpy(request + NLMSG_HDRLEN + sizeof connector, &operation, sizeof operation);
    return send(fd, request, sizeof request, 0) < 0 ? -1 : 0;
}

/* Subscribes to forks and execs. Returns the socket, or -1 with errno. */
static int open_events(void)
{
    char message[MESSAGE_MAX];
    struct process_event event = {.kind = EVENT_OTHER};
    int fd = open_socket(NETLINK_CONNECTOR, CN_IDX_PROC);
    if (fd < 0)
        return -1;
    int failed = filter_events(fd) < 0 || ask_for_events(fd, PROC_CN_MCAST_LISTEN) < 0;
    /* In another PID namespace the kernel ignores the request, and sends no answer; if another
     * program listens, its events arrive nevertheless. */
    int64_t deadline_ms = monotonic_ms() + ANSWER_MS;
    while (!failed && event.kind != EVENT_ACKNOWLEDGED) {
        ssize_t length = receive_answer(fd, message);
        failed = length < 0;
        if (!failed)
            (void)parse_process_event(message, (size_t)length, &event);
        if (event.kind == EVENT_ACKNOWLEDGED) {
            errno = event.error;
            failed = event.error != 0;
        } else if (!failed && monotonic_ms() > deadline_ms) {
            errno = ETIMEDOUT;
            failed = true;
        }
    }
    if (!failed)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* Returns a descriptor that is readable if one of the sockets is, or -1 with errno. */
static int open_ready(const struct process_watch *watch)
{
    int ready = epoll_create1(EPOLL_CLOEXEC);
    const int sockets[] = {watch->records, watch->events};
    for (size_t i = 0; ready >= 0 && i < 2; i++)
        if (epoll_ctl(ready, EPOLL_CTL_ADD, sockets[i], &(struct epoll_event){.events = EPOLLIN}) <
            0)
            BM_BUG("cannot wait for a socket");
    return ready;
}

/* ---- the watch ---- */

struct process_watch *process_watch_open(struct ledger *ledger, int probe, bool same_pids)
{
    struct process_watch *watch = xcalloc(1, sizeof *watch);
    *watch = (struct process_watch){.ledger = ledger,
                                    .probe = probe,
                                    .records = -1,
                                    .events = -1,
                                    .ready = -1,
                                    .read_ms = -1,
                                    .ended = xcalloc(LEDGER_PID_MAX / 8 + 1, 1)};
    const char *what = "taskstats";
    watch->records = open_records();
    if (watch->records >= 0) {
        what = "the proc connector";
        watch->events = open_events();
    }
    if (watch->events >= 0)
        watch->ready = open_ready(watch);
    if (watch->ready < 0) {
        char *reason CLEANUP(cleanup_free) =
            xasprintf("the kernel refuses %s, which needs root outside of containers: %s", what,
                      strerror(errno));
        trace("ledger: %s", reason);
        ledger_set_fallback(ledger, reason);
        return watch;
    }
    watch->records_read_ns = monotonic_ns();
    ledger_begin(ledger, probe, same_pids, watch->records_read_ns);
    trace("ledger: exit records from taskstats, of the descendants of process %d", probe);
    return watch;
}

int process_watch_fd(const struct process_watch *watch)
{
    return watch ? watch->ready : -1;
}

int64_t process_watch_rest_ms(const struct process_watch *watch)
{
    if (!watch || watch->ready < 0 || watch->read_ms < 0)
        return -1;
    int64_t left = watch->read_ms + REST_MS - monotonic_ms();
    return left > 0 ? left : -1;
}

/* Returns the length of the next message, or -1 if there is none. Sets `*overrun` if the kernel
 * dropped messages. */
static ssize_t next_message(int fd, char *message, bool *overrun)
{
    for (;;) {
        ssize_t length = receive(fd, message);
        if (length >= 0)
            return length;
        if (errno == ENOBUFS)
            *overrun = true;
        else if (errno != EINTR)
            return -1;
    }
}

static void mark_ended(struct process_watch *watch, int pid, bool ended)
{
    uint8_t bit = (uint8_t)(1u << (pid % 8));
    if (pid > LEDGER_PID_MAX)
        return;
    if (ended)
        watch->ended[pid / 8] |= bit;
    else
        watch->ended[pid / 8] &= (uint8_t)~bit;
}

static bool read_records(struct process_watch *watch)
{
    char message[MESSAGE_MAX];
    ssize_t length;
    bool overrun = false;
    watch->batch_count = 0;
    while (watch->batch_count < BATCH_MAX &&
           (length = next_message(watch->records, message, &overrun)) >= 0) {
        struct exit_record record;
        if (parse_exit_record(message, (size_t)length, &record) < 0 || !record.last)
            continue;
        watch->batch = xgrow(watch->batch, watch->batch_count, sizeof *watch->batch);
        watch->batch[watch->batch_count++] = record;
        mark_ended(watch, record.tgid, true);
    }
    return overrun;
}

/* Returns the length of the command line, or a value <= 0. The process has none if it has ended, so
 * that its file is not tried: at a high rate most processes have. */
static ssize_t read_command(const struct process_watch *watch, int pid, char *command, size_t size)
{
    char path[32];
    if (pid <= LEDGER_PID_MAX && watch->ended[pid / 8] & 1u << (pid % 8))
        return 0;
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    int fd CLEANUP(cleanup_fd) = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -1 : read_again(fd, command, size); /* one read delivers all of it */
}

static void take_exec(struct process_watch *watch, int pid)
{
    static char command[64 * 1024];
    if (!ledger_has(watch->ledger, pid))
        return;
    ssize_t length = read_command(watch, pid, command, sizeof command);
    if (length > 0)
        cmdline_to_text(command, (size_t)length);
    ledger_exec(watch->ledger, pid, length > 0 ? command : NULL, monotonic_ns());
}

/* Reads the events up to `to_ns`. Later ones belong to processes whose records were not read yet.
 */
static bool read_events(struct process_watch *watch, int64_t to_ns)
{
    char message[MESSAGE_MAX];
    ssize_t length;
    bool overrun = false;
    while ((length = next_message(watch->events, message, &overrun)) >= 0) {
        struct process_event event;
        if (parse_process_event(message, (size_t)length, &event) < 0)
            continue;
        if (event.kind == EVENT_FORK)
            ledger_fork(watch->ledger, event.parent, event.pid, event.at_ns);
        else if (event.kind == EVENT_EXEC)
            take_exec(watch, event.pid);
        if (event.at_ns > to_ns)
            break;
    }
    return overrun;
}

/* Adds the live processes whose forks were dropped. Without them, their children would be missing,
 * too. */
static void adopt_descendants(struct process_watch *watch)
{
    static int pids[PROCESSES_MAX];
    size_t count = descendants_of("", watch->probe, pids, PROCESSES_MAX);
    for (size_t i = 0; i < count; i++)
        if (!ledger_has(watch->ledger, pids[i])) {
            int parent = process_parent("", pids[i]);
            ledger_adopt(watch->ledger, pids[i], parent > 0 ? parent : 0);
            take_exec(watch, pids[i]);
        }
}

void process_watch_read(struct process_watch *watch)
{
    if (!watch || watch->ready < 0)
        return;
    int64_t cpu_ns = thread_cpu_ns();
    int64_t from_ns = watch->records_read_ns, begin_ns = monotonic_ns();
    bool records_dropped = read_records(watch);
    int64_t to_ns = monotonic_ns();
    /* The records that a full batch leaves for the next one are as old as its own. */
    if (watch->batch_count < BATCH_MAX)
        watch->records_read_ns = begin_ns;
    bool events_dropped = read_events(watch, to_ns);
    for (size_t i = 0; i < watch->batch_count; i++)
        ledger_exit(watch->ledger, &watch->batch[i], from_ns, to_ns);
    for (size_t i = 0; i < watch->batch_count; i++)
        mark_ended(watch, watch->batch[i].tgid, false);
    if (records_dropped || events_dropped)
        ledger_overrun(watch->ledger);
    watch->must_adopt |= events_dropped;
    if (watch->must_adopt && monotonic_ms() >= watch->next_adoption_ms) {
        adopt_descendants(watch);
        watch->must_adopt = false;
        watch->next_adoption_ms = monotonic_ms() + ADOPT_PAUSE_MS;
    }
    watch->read_ms = monotonic_ms();
    ledger_add_cost(watch->ledger, thread_cpu_ns() - cpu_ns);
}

static bool process_lives(int pid)
{
    return process_start_ticks("", pid) > 0;
}

void process_watch_close(struct process_watch *watch)
{
    if (!watch)
        return;
    /* A runner that did not get the CPU can have several batches to read. */
    do
        process_watch_read(watch);
    while (watch->batch_count == BATCH_MAX);
    ledger_finish(watch->ledger, process_lives);
    /* Before Linux 6.6, the kernel goes on to make events after the socket is closed. */
    if (watch->events >= 0)
        (void)ask_for_events(watch->events, PROC_CN_MCAST_IGNORE);
    cleanup_fd(&watch->ready);
    cleanup_fd(&watch->events);
    cleanup_fd(&watch->records);
    free(watch->batch);
    free(watch->ended);
    free(watch);
}
