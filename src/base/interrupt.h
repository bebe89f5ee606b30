/* Interrupts: SIGINT, SIGTERM and SIGHUP as events for poll(2), so that an interrupted run cleans
 * up. */
#ifndef BM_BASE_INTERRUPT_H
#define BM_BASE_INTERRUPT_H

#include <stdbool.h>

/* Blocks the signals, unless they were ignored, and opens the descriptor that reports them. Ignores
 * SIGPIPE and SIGXFSZ: a closed pipe and a file at its size limit become errors of write(2). A
 * second call has no effect. */
void interrupt_init(void);

/* Returns a descriptor that is readable after a signal; -1 before interrupt_init and during
 * cleanup. */
int interrupt_fd(void);

/* Returns the first signal that arrived, or 0. */
int interrupt_signal(void);

/* Starts (true) or ends (false) a cleanup. During a cleanup interrupt_fd() returns -1, so that a
 * further interrupt cannot cut it short. */
void interrupt_hold(bool on);

/* In a child before exec: restores the signals as they were before interrupt_init. */
void interrupt_reset_child(void);

#endif
