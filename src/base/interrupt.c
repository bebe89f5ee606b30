#include "base/interrupt.h"

#include "base/alloc.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int fd = -1, first_signal;
static bool held;
static sigset_t mask_before;

void interrupt_init(void)
{
    static const int taken[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t set;
    if (fd >= 0)
        return;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        /* A signal that is ignored stays ignored (nohup). */
        struct sigaction before;
        if (sigaction(taken[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaddset(&set, taken[i]);
    }
    sigprocmask(SIG_BLOCK, &set, &mask_before);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        BM_BUG("signalfd");
}

int interrupt_fd(void)
{
    return held ? -1 : fd;
}

void interrupt_hold(bool on)
{
    held = on;
}

int interrupt_signal(void)
{
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        if (!first_signal)
            first_signal = (int)info.ssi_signo;
    return first_signal;
}

void interrupt_reset_child(void)
{
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
}
