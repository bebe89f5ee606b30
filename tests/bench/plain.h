#ifndef BM_BENCH_PLAIN_H
#define BM_BENCH_PLAIN_H

/* Runs the command, which must enter the cgroup by itself, and samples the cgroup until it ends.
 * Prints a line "sample BEGIN_US END_US PSS_BYTES USAGE_BYTES" for each sample, and a line
 * "end CPU_US WALL_US RSS_KIB" at the end. */
int run_plain(int interval_ms, const char *cgroup, char **command);

#endif
