/* Reads what slows or disturbs the build from outside, as totals of the run: pressure, CPU quotas,
 * other work on the CPUs, and swap traffic. */
#ifndef BM_PROBE_DISTURBANCE_H
#define BM_PROBE_DISTURBANCE_H

#include "cgroup/cgroup.h"
#include "wire/wire.h"

#include <stdbool.h>
#include <stdint.h>

/* Reads the counters before the build starts. `memory` is the cgroup of the build, and must outlive
 * this module. `own` means that it holds only the build; without it, its pressure is that of
 * others, too, and is left out. `cpu` is the cgroup of the cpu controller; version 0: unknown. */
void disturbance_start(const struct cgroup *memory, bool own, const struct cgroup *cpu);

/* Returns whether the kernel reports the CPU pressure of the build. */
bool disturbance_has_cpu_pressure(void);

/* Sets the totals since the start. `run_delay_us` is copied. `own_cpu_us` is the CPU time of the
 * build and the probe, which is not other work. */
void disturbance_since_start(int64_t duration_us, int64_t run_delay_us, int64_t own_cpu_us,
                             struct wire_disturbance *disturbance);

#endif
