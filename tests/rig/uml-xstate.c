/*
 * Lets User-Mode-Linux run on CPUs with AMX. Loaded into linux.uml with LD_PRELOAD.
 *
 * UML before Linux 6.13 has a fixed buffer for the registers of a process. With AMX their state is
 * larger. The host then refuses to set it (EFAULT), because it wants the whole state. This ptrace()
 * reads the whole state, replaces the part that UML knows, and sets all of it.
 *
 *   cc -shared -fPIC -O2 -o uml-xstate.so uml-xstate.c
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef long real_ptrace(enum __ptrace_request request, ...);

long ptrace(enum __ptrace_request request, ...)
{
    static char state[1 << 16];
    real_ptrace *next = (real_ptrace *)dlsym(RTLD_NEXT, "ptrace");
    va_list list;

    va_start(list, request);
    pid_t pid = va_arg(list, pid_t);
    void *address = va_arg(list, void *);
    void *data = va_arg(list, void *);
    va_end(list);

    const struct iovec *part = data;
    struct iovec whole = {state, sizeof state};
    if (request != PTRACE_SETREGSET || address != (void *)NT_X86_XSTATE ||
        next(PTRACE_GETREGSET, pid, address, &whole) < 0 || whole.iov_len <= part->iov_len)
        return next(request, pid, address, data);
    memcpy(state, part->iov_base, part->iov_len);
    return next(request, pid, address, &whole);
}
