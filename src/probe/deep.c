#include "probe/deep.h"

#include "probe/emit.h"
#include "probe/jvm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The build can make any number of files. */
#define RECORDS_MAX 20000

static char directory[64]; /* "": deep_prepare was not called */
static int64_t began_ms;

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A build can change its user, so each user can read the script and write files, but remove only
 * its own (sticky). */
static int make_directory(void)
{
    static const char *const places[] = {"/tmp", "/var/tmp", "/dev/shm"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(directory, sizeof directory, "%s/build-mem-deep-XXXXXX", places[i]);
        if (mkdtemp(directory))
            return chmod(directory, 01777);
    }
    directory[0] = '\0';
    return -1;
}

static int write_script(const char *path)
{
    size_t length = strlen(deep_preload);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return -1;
    int result = write(fd, deep_preload, length) == (ssize_t)length ? fchmod(fd, 0644) : -1;
    return close(fd) < 0 ? -1 : result;
}

/* Keeps what the variable has: later options override. */
static int append_to_variable(const char *name, const char *options)
{
    char value[16384];
    const char *old = getenv(name);
    int length =
        snprintf(value, sizeof value, "%s%s%s", old ? old : "", old && *old ? " " : "", options);
    if (length < 0 || (size_t)length >= sizeof value) {
        errno = E2BIG;
        return -1;
    }
    return setenv(name, value, 1);
}

/* The child must not hold the lifeline and the records open. */
static void start_watch(void)
{
    pid_t probe = getpid(), child = fork();
    if (child != 0)
        return;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        (void)dup2(nothing, fd);
    jvm_watch(probe, directory);
}

const char *deep_prepare(void)
{
    char script[96], option[128];
    began_ms = clock_ms();
    if (make_directory() < 0)
        return "a directory for --deep in /tmp";
    snprintf(script, sizeof script, "%s/preload.cjs", directory);
    snprintf(option, sizeof option, "--require=%s", script);
    if (write_script(script) < 0)
        return "the script for --deep in /tmp";
    if (append_to_variable("NODE_OPTIONS", option) < 0 ||
        append_to_variable("JAVA_TOOL_OPTIONS", JVM_OPTIONS) < 0)
        return "the variables for --deep";
    start_watch();
    return NULL;
}

/* The build can have made anything here: opens neither a link nor a pipe. */
static void send_file(int folder, const char *name, int kind, int64_t pid)
{
    static char text[WIRE_STRING_MAX + 1];
    struct stat status;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    ssize_t got =
        fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? read(fd, text, sizeof text) : -1;
    close(fd);
    if (got <= 0 || got > WIRE_STRING_MAX) /* a longer one would arrive truncated */
        return;
    text[got] = '\0';
    emit_record(&(struct wire_record){
        .type = WIRE_RUNTIME,
        .runtime = {.kind = kind, .pid = pid, .began_ms = began_ms, .text = text}});
}

static void send_named(int folder, const char *name)
{
    static const char *const suffixes[] = {[WIRE_RUNTIME_V8] = ".v8", [WIRE_RUNTIME_JVM] = ".jvm"};
    char *suffix;
    long pid = strtol(name, &suffix, 10);
    for (int kind = WIRE_RUNTIME_V8; kind <= WIRE_RUNTIME_JVM; kind++)
        if (pid > 0 && pid <= INT32_MAX && strcmp(suffix, suffixes[kind]) == 0)
            send_file(folder, name, kind, pid);
}

void deep_send(void)
{
    DIR *folder = *directory ? opendir(directory) : NULL;
    int sent = 0;
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder)) && sent < RECORDS_MAX; sent++) {
        send_named(dirfd(folder), entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    closedir(folder);
    (void)rmdir(directory);
}
