/* The cause of a failed build: which memory ran out, or who ended the build.
 *
 * One table has the causes, each with the pattern of its lines in the build's log, its words and
 * its advice. The kernel's figures come first. The log decides only if they do not: a build can
 * print anything, so the sentence quotes the line. */
#ifndef BM_MEASUREMENT_CAUSE_H
#define BM_MEASUREMENT_CAUSE_H

#include "measurement/advice.h"
#include "measurement/measurement.h"

/* The end of the log that is read. A larger part costs time, and is further from the failure. */
#define LOG_TAIL_BYTES 65536

/* Finds in the end of a log the last line that names a memory that ran out. `log` may contain any
 * bytes, also NUL. Initialises `cause`, which the caller releases with log_cause_release. */
void log_cause_find(const char *log, size_t length, struct log_cause *cause);

/* Returns the one cause of the failure, or CAUSE_UNKNOWN, also if the build succeeded. */
enum failure_cause failure_cause(const struct measurement *m);

/* "v8-heap"; NULL for CAUSE_UNKNOWN. Static. */
const char *failure_cause_name(enum failure_cause cause);

/* Returns whether the cause comes from the build's log. */
bool cause_is_logged(enum failure_cause cause);

/* Returns "the V8 heap of a Node.js process is full (held 49.9 MiB, ...); its log reports: ..." for
 * a cause from the log. The caller owns it. */
char *logged_cause_text(const struct measurement *m);
/* Returns the advice of a cause from the log. */
enum advice logged_cause_advice(enum failure_cause cause);

/* Returns whose process the kernel killed: "a process of step [2/3] RUN npm ci (peak 199.1 MiB)".
 * The caller owns it; NULL if no cgroup of a step shows a kill. */
char *killed_process_text(const struct measurement *m);

/* Returns whether the build, or a process below it, was ended by SIGKILL although the kernel
 * counted no out-of-memory kill. */
bool killed_from_outside(const struct measurement *m);

#endif
