#include "base/child.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAPTURE_MAX ((size_t)16 << 20)

static _Noreturn void exec_child(char *const *argv, const int *streams, int report,
                                 child_setup *setup, void *context)
{
    interrupt_reset_child();
    setpgid(0, 0);
    if (dup2(streams[0], 0) >= 0 && dup2(streams[1], 1) >= 0 && dup2(streams[2], 2) >= 0 &&
        (!setup || setup(context) == 0))
        execvp(argv[0], argv);
    int reason = errno;
    (void)!write(report, &reason, sizeof reason);
    _exit(127);
}

static void close_all(int (*pipes)[2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int end = 0; end < 2; end++)
            cleanup_fd(&pipes[i][end]);
}

int child_start(struct child *child, char *const *argv, child_setup *setup, void *context,
                struct bm_error *err)
{
    /* stdin, stdout, stderr, and one that reports a failed exec. */
    int pipes[4][2] = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    *child = (struct child)CHILD_NONE;
    for (size_t i = 0; i < 4; i++)
        if (pipe2(pipes[i], O_CLOEXEC) < 0) {
            bm_error_errno(err, "pipe");
            close_all(pipes, 4);
            return -1;
        }
    pid_t pid = fork();
    if (pid == 0)
        exec_child(argv, (int[]){pipes[0][0], pipes[1][1], pipes[2][1]}, pipes[3][1], setup,
                   context);
    if (pid < 0) {
        bm_error_errno(err, "fork");
        close_all(pipes, 4);
        return -1;
    }
    (void)setpgid(pid, pid);
    child->pid = pid;
    child->started_ms = monotonic_ms();
    child->traced = trace_is_on() ? trace_command_text(argv) : NULL;
    child->input = pipes[0][1];
    child->output = pipes[1][0];
    child->diagnostics = pipes[2][0];
    pipes[0][1] = pipes[1][0] = pipes[2][0] = -1;
    cleanup_fd(&pipes[3][1]);
    pipes[3][1] = -1;

    int reason = 0;
    ssize_t got;
    do
        got = read(pipes[3][0], &reason, sizeof reason);
    while (got < 0 && errno == EINTR);
    close_all(pipes, 4);
    if (got != (ssize_t)sizeof reason)
        return 0;
    if (child->traced)
        trace("%s: cannot start: %s", child->traced, strerror(reason));
    free(steal_ptr(child->traced));
    child_release(child);
    errno = reason;
    return bm_error_errno(err, "%s", argv[0]);
}

void child_prompt(struct child *child, const char *line)
{
    if (child->input >= 0)
        (void)!write(child->input, line, strlen(line));
}

void child_close_input(struct child *child)
{
    cleanup_fd(&child->input);
    child->input = -1;
}

static void trace_child(struct child *child, int status)
{
    if (!child->traced)
        return;
    int64_t ms = monotonic_ms() - child->started_ms;
    bool signalled = WIFSIGNALED(status);
    trace("%s: %" PRId64 ".%03d s, %s %d", child->traced, ms / 1000, (int)(ms % 1000),
          signalled ? "signal" : "exit", signalled ? WTERMSIG(status) : WEXITSTATUS(status));
    free(steal_ptr(child->traced));
}

int child_wait(struct child *child, int64_t timeout_ms)
{
    int status = 0;
    bool running = child->pid;
    int64_t deadline = monotonic_ms() + timeout_ms;
    while (child->pid) {
        pid_t got = waitpid(child->pid, &status, WNOHANG);
        if (got != 0) {
            child->pid = 0;
            if (got < 0) /* already reaped: the status is unknown */
                status = W_EXITCODE(127, 0);
        } else if (monotonic_ms() >= deadline) {
            kill(-child->pid, SIGKILL);
            kill(child->pid, SIGKILL);
            (void)waitpid(child->pid, &status, 0);
            child->pid = 0;
        } else {
            sleep_ms(2);
        }
    }
    if (running)
        trace_child(child, status);
    return status;
}

void child_release(struct child *child)
{
    (void)child_wait(child, 0);
    cleanup_fd(&child->input);
    cleanup_fd(&child->output);
    cleanup_fd(&child->diagnostics);
    *child = (struct child)CHILD_NONE;
}

void captured_release(struct captured *captured)
{
    free(captured->output);
    free(captured->diagnostics);
    *captured = (struct captured){0};
}

struct text {
    char *bytes;
    size_t length;
};

/* Appends what the pipe has to `text`; closes the pipe at its end. */
static void read_some(int *fd, struct text *text)
{
    char chunk[16384];
    ssize_t got = read(*fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR)
        return;
    if (got <= 0) {
        close(*fd);
        *fd = -1;
        return;
    }
    if (text->length + (size_t)got > CAPTURE_MAX)
        return;
    text->bytes = xrealloc(text->bytes, text->length + (size_t)got + 1);
    memcpy(text->bytes + text->length, chunk, (size_t)got);
    text->length += (size_t)got;
    text->bytes[text->length] = '\0';
}

/* Who waits for a command. */
struct waiting {
    child_waits *waits; /* NULL: nobody */
    void *context;
    int64_t next_ms; /* since the start of the command */
};

/* Calls it if it is time. Returns the time until the next call, in ms. */
static int64_t call_waits(struct waiting *waiting, int64_t elapsed_ms)
{
    if (!waiting->waits)
        return 60000;
    if (elapsed_ms >= waiting->next_ms) {
        waiting->waits(waiting->context, elapsed_ms);
        waiting->next_ms = (elapsed_ms / 1000 + 1) * 1000;
    }
    return waiting->next_ms - elapsed_ms;
}

/* Reads both pipes to their end. */
static int read_to_end(struct child *child, int64_t deadline, struct waiting *waiting,
                       struct text *output, struct text *diagnostics, struct bm_error *err)
{
    while (child->output >= 0 || child->diagnostics >= 0) {
        int64_t rest = call_waits(waiting, monotonic_ms() - child->started_ms);
        struct pollfd fds[] = {{.fd = child->output, .events = POLLIN},
                               {.fd = child->diagnostics, .events = POLLIN},
                               {.fd = interrupt_fd(), .events = POLLIN}};
        int64_t left = deadline - monotonic_ms();
        /* interrupt_fd() is -1 during cleanup, which an interrupt must not stop. */
        if (interrupt_fd() >= 0 && interrupt_signal())
            return bm_error_set(err, "interrupted");
        if (left <= 0)
            return bm_error_set(err, "timed out");
        if (poll(fds, 3, (int)(left > rest ? rest : left)) < 0 && errno != EINTR)
            return bm_error_errno(err, "poll");
        if (fds[0].revents)
            read_some(&child->output, output);
        if (fds[1].revents)
            read_some(&child->diagnostics, diagnostics);
    }
    return 0;
}

static char *without_newline(struct text *text)
{
    while (text->length && strchr("\r\n", text->bytes[text->length - 1]))
        text->bytes[--text->length] = '\0';
    return text->bytes ? text->bytes : xstrdup("");
}

static int finish(struct child *child, int64_t timeout_ms, struct waiting *waiting,
                  struct captured *captured, struct bm_error *err)
{
    struct text output = {0}, diagnostics = {0};
    int64_t deadline = monotonic_ms() + timeout_ms;
    *captured = (struct captured){0};
    child_close_input(child);
    int failed = read_to_end(child, deadline, waiting, &output, &diagnostics, err);
    int status = child_wait(child, failed ? 0 : deadline - monotonic_ms());
    captured->output = output.bytes ? output.bytes : xstrdup("");
    captured->diagnostics = without_newline(&diagnostics);
    captured->exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (failed)
        captured_release(captured);
    return failed;
}

int child_finish(struct child *child, int64_t timeout_ms, struct captured *captured,
                 struct bm_error *err)
{
    struct waiting nobody = {.waits = NULL};
    return finish(child, timeout_ms, &nobody, captured, err);
}

int child_capture(char *const *argv, int64_t timeout_ms, struct captured *captured,
                  struct bm_error *err)
{
    return child_capture_slow(argv, timeout_ms, NULL, NULL, captured, err);
}

int child_capture_slow(char *const *argv, int64_t timeout_ms, child_waits *waits, void *context,
                       struct captured *captured, struct bm_error *err)
{
    struct child child CLEANUP(child_release) = CHILD_NONE;
    struct waiting waiting = {.waits = waits, .context = context};
    *captured = (struct captured){0};
    if (child_start(&child, argv, NULL, NULL, err) < 0)
        return -1;
    if (finish(&child, timeout_ms, &waiting, captured, err) == 0)
        return 0;
    return bm_error_wrap(err, "%s %s", argv[0], argv[1] ? argv[1] : "");
}
