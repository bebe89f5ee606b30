/* The build of a trial, which `build-mem doctor` measures: the probe is the only program that is in
 * every image. It has two stages. The first one, `--trial BYTES FILE`, holds BYTES of memory and
 * executes the second one, `--trial-end FILE`, which holds little and writes the file. */
#ifndef BM_PROBE_TRIAL_H
#define BM_PROBE_TRIAL_H

#include <stdbool.h>

/* Returns whether these arguments of the probe begin a stage of a trial. */
bool is_trial(int argc, char **argv);

/* Runs the stage. Returns the exit status of the build: 1 if it failed; then the reason is on
 * standard error. */
int run_trial(char **argv);

#endif
