/* The environment variables that set the number of workers of a build and the size of their heaps.
 * The memory that a build needs depends on them as much as on the number of CPUs. */
#ifndef BM_PROBE_VARIABLES_H
#define BM_PROBE_VARIABLES_H

/* Calls `send` for each variable that is set in the environment of the build. If a variable may
 * also hold other data, such as a password or the address of a job server, `value` contains only
 * the words that affect memory. */
void variables_each(void (*send)(const char *name, const char *value));

#endif
