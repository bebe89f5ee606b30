/* SIGINT, SIGTERM and SIGHUP, taken as events: a run that is told to end still cleans up. */
#ifndef BM_BASE_INTERRUPT_H
#define BM_BASE_INTERRUPT_H

#include <stdbool.h>

/* Blocks the signals for this process and opens a descriptor that tells of them. SIGPIPE and
 * SIGXFSZ are ignored: a closed pipe and a file that may not grow are errors of write(2). Further
 * calls do nothing. */
void interrupt_init(void);
/* Readable when a signal has come; for poll(2). */
int interrupt_fd(void);
/* The first signal that came, or 0. */
int interrupt_signal(void);
/* While on, interrupts are not told: for cleaning up, which a second one must not cut short. */
void interrupt_hold(bool on);
/* In a child before exec: the signals are as they were before interrupt_init. */
void interrupt_reset_child(void);

#endif
