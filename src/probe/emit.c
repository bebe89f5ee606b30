#include "probe/emit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX (WIRE_HEADER_BYTES + WIRE_PAYLOAD_MAX)
/* From this length on, writes at once: waiting would use more pages of the queue. */
#define SOON ((size_t)8 * 1024)

/* Unused pages take no memory. */
static uint8_t queue[4 * FRAME_MAX];
static size_t head, tail; /* the records that wait: queue[head, tail) */
static bool broken;       /* the reader is gone */

void emit_init(void)
{
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    if (flags >= 0)
        (void)fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
}

bool emit_pending(void)
{
    return head < tail;
}

bool emit_has_room(void)
{
    return tail - head < FRAME_MAX;
}

void emit_some(void)
{
    while (emit_pending()) {
        ssize_t put =
            broken ? (ssize_t)(tail - head) : write(STDOUT_FILENO, queue + head, tail - head);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN)
            return;
        if (put < 0)
            broken = true;
        else
            head += (size_t)put;
    }
    head = tail = 0;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void emit_flush(int timeout_ms)
{
    int64_t deadline = now_ms() + timeout_ms;
    for (emit_some(); emit_pending(); emit_some()) {
        int64_t left = deadline - now_ms();
        struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
        if (left <= 0 || (poll(&out, 1, (int)left) < 0 && errno != EINTR))
            return;
    }
}

void emit_record(const struct wire_record *record)
{
    if (sizeof queue - tail < FRAME_MAX) {
        memmove(queue, queue + head, tail - head);
        tail -= head;
        head = 0;
    }
    while (sizeof queue - tail < FRAME_MAX) {
        emit_flush(1000);
        memmove(queue, queue + head, tail - head);
        tail -= head;
        head = 0;
    }
    tail += wire_encode(record, queue + tail, sizeof queue - tail);
    if (tail - head >= SOON)
        emit_some();
}
