#include "run/terminal.h"

#include "base/alloc.h"
#include "base/interrupt.h"
#include "base/trace.h"
#include "base/units.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#define HEARTBEAT_MS 30000

struct terminal {
    bool quiet, live;
    bool drawn;         /* the progress line is on the screen */
    bool in_line;       /* the last line of the output has no line break yet */
    int64_t heartbeats; /* that were due so far during the build */
    int64_t waits;      /* lines of terminal_waiting so far */
    int64_t patience_ms;
    char *fence; /* GitHub Actions: the token that ends stop-commands; NULL elsewhere */
};

bool terminal_is_smart(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

bool terminal_has_colour(int fd)
{
    const char *no_color = getenv("NO_COLOR");
    return terminal_is_smart(fd) && !(no_color && *no_color);
}

/* Writes to standard error. A reader that does not read, such as a paused terminal, delays the
 * build, as it would without build-mem. After an interrupt or at the end of the patience the rest
 * is dropped; the log has it. */
static void put(struct terminal *terminal, const char *bytes, size_t length)
{
    while (length) {
        struct pollfd fds[] = {{.fd = STDERR_FILENO, .events = POLLOUT},
                               {.fd = interrupt_fd(), .events = POLLIN}};
        bool interrupted = interrupt_signal();
        int ready = poll(fds, 2, interrupted ? 0 : 100);
        if (ready < 0 && errno != EINTR)
            return;
        if (ready <= 0 || !fds[0].revents) {
            if (interrupted)
                return;
            if (terminal->patience_ms >= 0 && (terminal->patience_ms -= 100) < 0) {
                terminal->patience_ms = 0;
                return;
            }
            continue;
        }
        /* POLLOUT promises room for PIPE_BUF bytes. */
        ssize_t put = write(STDERR_FILENO, bytes, length < PIPE_BUF ? length : PIPE_BUF);
        if (put < 0 && errno != EINTR && errno != EAGAIN)
            return;
        bytes += put > 0 ? put : 0;
        length -= put > 0 ? (size_t)put : 0;
    }
}

static void put_text(struct terminal *terminal, const char *text)
{
    put(terminal, text, strlen(text));
}

static void raise_fence(struct terminal *terminal)
{
    const char *github = getenv("GITHUB_ACTIONS");
    uint64_t secret[2];
    if (!github || strcmp(github, "true") != 0)
        return;
    if (getrandom(secret, sizeof secret, 0) != (ssize_t)sizeof secret)
        BM_BUG("getrandom returned too few bytes");
    terminal->fence = xasprintf("%016jx%016jx", (uintmax_t)secret[0], (uintmax_t)secret[1]);
    char *command CLEANUP(cleanup_free) = xasprintf("::stop-commands::%s\n", terminal->fence);
    put_text(terminal, command);
}

static void lower_fence(struct terminal *terminal)
{
    if (!terminal->fence)
        return;
    char *command CLEANUP(cleanup_free) =
        xasprintf("%s::%s::\n", terminal->in_line ? "\n" : "", terminal->fence);
    put_text(terminal, command);
    free(terminal->fence);
}

static void erase_line(struct terminal *terminal)
{
    if (terminal->drawn)
        put_text(terminal, "\r\x1b[K");
    terminal->drawn = false;
}

struct terminal *terminal_open(bool quiet, int64_t patience_ms)
{
    struct terminal *terminal = xcalloc(1, sizeof *terminal);
    terminal->quiet = quiet;
    terminal->live = terminal_is_smart(STDERR_FILENO) && !trace_is_on_stderr();
    terminal->patience_ms = patience_ms;
    if (!quiet)
        raise_fence(terminal);
    return terminal;
}

void terminal_close(struct terminal *terminal)
{
    erase_line(terminal);
    lower_fence(terminal);
    free(terminal);
}

void terminal_output(struct terminal *terminal, const char *bytes, size_t length)
{
    if (terminal->quiet || !length)
        return;
    erase_line(terminal);
    put(terminal, bytes, length);
    terminal->in_line = bytes[length - 1] != '\n';
}

static size_t columns_of_screen(void)
{
    struct winsize size;
    /* The last column stays free: some terminals wrap once it is filled. */
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? (size_t)size.ws_col - 1
                                                                           : 79;
}

static void draw(struct terminal *terminal, const char *line)
{
    if (terminal->in_line)
        return; /* the line would be in the middle of the output */
    char *drawing CLEANUP(cleanup_free) = xasprintf("\r%s\x1b[K", line);
    put_text(terminal, drawing);
    terminal->drawn = true;
}

static void print_line(struct terminal *terminal, const char *line)
{
    char *text CLEANUP(cleanup_free) =
        xasprintf("%sbuild-mem: %s\n", terminal->in_line ? "\n" : "", line);
    put_text(terminal, text);
    terminal->in_line = false;
}

void terminal_progress(struct terminal *terminal, const struct progress *progress)
{
    int64_t heartbeats = progress->elapsed_ms / HEARTBEAT_MS;
    if (terminal->quiet || (!terminal->live && heartbeats <= terminal->heartbeats))
        return;
    terminal->heartbeats = heartbeats;
    char *line CLEANUP(cleanup_free) =
        progress_line(progress, terminal->live ? columns_of_screen() : SIZE_MAX);
    if (terminal->live)
        draw(terminal, line);
    else
        print_line(terminal, line);
}

void terminal_waiting(struct terminal *terminal, const char *what, int64_t elapsed_ms)
{
    if (terminal->quiet || (!terminal->live && elapsed_ms / HEARTBEAT_MS < terminal->waits))
        return;
    terminal->waits = elapsed_ms / HEARTBEAT_MS + 1;
    char *elapsed CLEANUP(cleanup_free) = format_duration(elapsed_ms / 1000 * 1000);
    char *line CLEANUP(cleanup_free) =
        elapsed_ms < 1000 ? xstrdup(what) : xasprintf("%s: %s", what, elapsed);
    char *visible CLEANUP(cleanup_free) = xstrndup(line, columns_of_screen());
    if (terminal->live)
        draw(terminal, visible);
    else
        print_line(terminal, line);
}
