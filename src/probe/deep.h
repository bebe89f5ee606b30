/* The deep run (--deep): has the runtimes of the build report their own figures.
 *
 * Node.js loads a script (preload.cjs) through NODE_OPTIONS. A Java virtual machine counts its
 * native memory and opens its attach socket through JAVA_TOOL_OPTIONS, and a child of the probe
 * asks it (probe/jvm.h). Both write a file per process, PID.v8 or PID.jvm, at each new high of the
 * process, into a directory that the probe makes and removes. */
#ifndef BM_PROBE_DEEP_H
#define BM_PROBE_DEEP_H

/* The script preload.cjs; generated. */
extern const char deep_preload[];

/* Makes the directory, sets the variables for the build and starts the child. Call it before the
 * build starts. Returns NULL, or what failed, with errno. */
const char *deep_prepare(void);

/* Sends each file as a record, and removes the directory. Call it after the processes of the build
 * have ended. Does nothing without deep_prepare. */
void deep_send(void);

#endif
