/* The environment variables that set how many workers a build runs and how large their heaps may
 * grow: what a build needs depends on them as much as on the number of CPUs. */
#ifndef BM_PROBE_VARIABLES_H
#define BM_PROBE_VARIABLES_H

/* Calls `tell` for each that is set, as the build will see it. Of a variable that may hold anything
 * else too, a password or a job server's address, only the words that matter are told. */
void variables_each(void (*tell)(const char *name, const char *value));

#endif
