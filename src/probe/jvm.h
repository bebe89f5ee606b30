/* Asks the Java virtual machines of the build for their native memory, as jcmd does.
 *
 * HotSpot answers on a socket, /tmp/.java_pidPID, which JVM_OPTIONS has it open at its start. Other
 * virtual machines ignore these options. Source: attachListener_linux.cpp of OpenJDK. */
#ifndef BM_PROBE_JVM_H
#define BM_PROBE_JVM_H

#include <stddef.h>
#include <sys/types.h>

#define JVM_OPTIONS "-XX:NativeMemoryTracking=summary -XX:+StartAttachListener"

/* Asks each descendant of the probe that is such a machine at each new high of its RSS, and writes
 * PID.jvm: a line with the RSS and the resident part of the heap in bytes (-1: unknown) and the
 * time (CLOCK_MONOTONIC, in ms), a line with its command line, and the lines of the categories.
 * Never returns. */
_Noreturn void jvm_watch(pid_t probe, const char *directory);

#endif
