#ifndef BM_BENCH_PLAIN_H
#define BM_BENCH_PLAIN_H

/* Runs the command, which enters the cgroup itself, and samples that until it ends; prints on
 * stdout "sample BEGIN_US END_US PSS_BYTES USAGE_BYTES" and at last "end CPU_US WALL_US RSS_KIB".
 */
int run_plain(int interval_ms, const char *cgroup, char **command);

#endif
