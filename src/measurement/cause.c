#include "measurement/cause.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "measurement/heap_ceiling.h"

#include <inttypes.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer lines are cut: no message of the table is that far from the start of its line. */
#define LINE_READ_MAX 1000

#define NO_SPACE "([Nn]o space left on device|[Dd]isk quota exceeded)"

/* In this order, if a line matches several. The patterns are POSIX extended regular expressions. */
static const struct {
    const char *name;
    const char *pattern; /* NULL: the kernel's figures prove the cause */
    const char *what;
    enum advice advice;
    enum heap_kind heap; /* whose ceilings apply; HEAP_KINDS: none */
} causes[CAUSE_COUNT] = {
    [CAUSE_KERNEL_KILL] = {.name = "kernel-kill"},
    [CAUSE_LIMIT_LIVELOCK] = {.name = "limit-livelock"},
    [CAUSE_OUTSIDE_KILLER] = {.name = "outside-killer"},
    [CAUSE_GUARD] = {.name = "guard"},
    /* gcc, cargo, make, bash */
    [CAUSE_LOGGED_KILL] = {"killed-process",
                           "Killed signal terminated program|terminated with signal 9|"
                           "\\(signal: 9, SIGKILL|^make(\\[[0-9]+\\])?: \\*\\*\\* .*\\] Killed|"
                           ": line [0-9]+: +[0-9]+ Killed",
                           "one of its processes was killed, and the kernel counted no "
                           "out-of-memory kill",
                           ADVICE_FIND_KILLER, HEAP_KINDS},
    [CAUSE_V8_HEAP] = {"v8-heap", "(JavaScript|JS) heap out of memory",
                       "the V8 heap of a Node.js process is full", ADVICE_RAISE_V8_HEAP, HEAP_V8},
    [CAUSE_JVM_HEAP] = {"jvm-heap",
                        "OutOfMemoryError: (Java heap space|GC overhead limit exceeded)|"
                        "JVM heap space is exhausted",
                        "the heap of a JVM is full", ADVICE_RAISE_JVM_HEAP, HEAP_JVM},
    [CAUSE_JVM_METASPACE] = {"jvm-metaspace",
                             "OutOfMemoryError: (Metaspace|Compressed class space)",
                             "the metaspace of a JVM is full", ADVICE_RAISE_METASPACE, HEAP_KINDS},
    [CAUSE_GO] = {"go",
                  "runtime: (out of memory|cannot (allocate|map pages|reserve))|"
                  "^fatal error: out of memory",
                  "the Go runtime could not get memory", ADVICE_RAISE_ADDRESS_SPACE, HEAP_GO},
    [CAUSE_PYTHON] = {"python", "(^|[ |])([A-Za-z0-9_.]+\\.)?(_Array)?MemoryError(: |$)",
                      "Python could not get memory", ADVICE_RAISE_ADDRESS_SPACE, HEAP_KINDS},
    /* rustc, LLVM, C++, gcc, ld, strerror(ENOMEM), git, the JVM and V8 outside of their heaps */
    [CAUSE_NATIVE] = {"native",
                      "memory allocation of [0-9]+ bytes failed|LLVM ERROR: out of memory|"
                      "std::bad_alloc|out of memory allocating [0-9]+ bytes|memory exhausted|"
                      "[Cc]annot allocate (memory|[0-9]+ bytes)|(^|[^A-Z])ENOMEM([^A-Z]|$)|"
                      "[Oo]ut of memory, malloc failed|insufficient memory for the Java Runtime|"
                      "Could not allocate compressed class space|Could not reserve enough space|"
                      "Failed to (reserve|commit) memory|"
                      "Fatal process (out of memory|OOM)",
                      "an allocation of native memory failed", ADVICE_RAISE_ADDRESS_SPACE,
                      HEAP_KINDS},
    [CAUSE_SHM_FULL] = {"shm-full", "/dev/shm.*" NO_SPACE "|" NO_SPACE ".*/dev/shm",
                        "/dev/shm is full", ADVICE_ENLARGE_SHM, HEAP_KINDS},
    [CAUSE_DISK_FULL] = {"disk-full", NO_SPACE, "a file system is full", ADVICE_FREE_DISK,
                         HEAP_KINDS},
};

const char *failure_cause_name(enum failure_cause cause)
{
    return causes[cause].name;
}

bool cause_is_logged(enum failure_cause cause)
{
    return causes[cause].pattern;
}

enum advice logged_cause_advice(enum failure_cause cause)
{
    return causes[cause].advice;
}

/* ---- the log ---- */

static const regex_t *pattern_of(int cause)
{
    static regex_t compiled[CAUSE_COUNT];
    static bool done[CAUSE_COUNT];
    if (!done[cause] && regcomp(&compiled[cause], causes[cause].pattern, REG_EXTENDED) != 0)
        BM_BUG("a pattern of the table of causes is invalid");
    done[cause] = true;
    return &compiled[cause];
}

/* Sets `*at` to the place of the match. */
static enum failure_cause cause_of_line(const char *line, size_t *at)
{
    for (int cause = 0; cause < CAUSE_COUNT; cause++) {
        regmatch_t match;
        if (!causes[cause].pattern || regexec(pattern_of(cause), line, 1, &match, 0) != 0)
            continue;
        *at = (size_t)match.rm_so;
        return (enum failure_cause)cause;
    }
    return CAUSE_UNKNOWN;
}

/* Returns the count after `words`, if it is one of bytes: "10 bytes", "10-byte". Else UNMEASURED.
 */
static int64_t bytes_after(const char *line, const char *words)
{
    const char *at = strstr(line, words);
    int64_t bytes = UNMEASURED;
    int length = 0;
    if (at && sscanf(at + strlen(words), "%18" SCNd64 "%n", &bytes, &length) == 1) {
        const char *unit = at + strlen(words) + length;
        if (bytes < 0 || (*unit != ' ' && *unit != '-') || strncmp(unit + 1, "byte", 4) != 0)
            bytes = UNMEASURED;
    }
    return bytes;
}

static int64_t requested_bytes(const char *line)
{
    static const char *const words[] = {"memory allocation of ", "out of memory allocating ",
                                        "annot allocate ", "class space: "};
    int64_t bytes = UNMEASURED;
    for (size_t i = 0; i < sizeof words / sizeof *words && bytes < 0; i++)
        bytes = bytes_after(line, words[i]);
    return bytes;
}

/* gcc: "after a total of 18104320 bytes"; Go: "4194304-byte block (67108864 in use)". */
static int64_t held_bytes(const char *line)
{
    const char *bracket = strrchr(line, '(');
    int64_t bytes = bytes_after(line, "after a total of ");
    char used = '\0';
    if (bytes < 0 && bracket && sscanf(bracket, "(%18" SCNd64 " in us%c", &bytes, &used) == 2 &&
        used == 'e' && bytes >= 0)
        return bytes;
    return used == 'e' || bytes < 0 ? UNMEASURED : bytes;
}

/* V8 prints before its end: "[7:0x1] 322 ms: Mark-Compact 50.3 (68.0) -> 49.9 (83.7) MB, ...". Its
 * MB are MiB. Returns the size of the heap after the last collection, or UNMEASURED. */
static int64_t collected_bytes(const char *line)
{
    int64_t bytes = UNMEASURED;
    for (const char *at = line; (at = strstr(at, " -> ")); at++) {
        double held, reserved;
        char unit[4] = "";
        if (sscanf(at, " -> %9lf (%9lf) %3s", &held, &reserved, unit) == 3 &&
            strncmp(unit, "MB", 2) == 0 && held >= 0 && held < 1e9)
            bytes = (int64_t)(held * MIB);
    }
    return bytes;
}

/* Copies the part of the line that matched, and what is around it. */
static char *quote(const char *line, size_t at)
{
    size_t start = at > LOG_LINE_MAX / 4 ? at - LOG_LINE_MAX / 4 : 0;
    if (strlen(line) <= LOG_LINE_MAX)
        start = 0;
    char *part CLEANUP(cleanup_free) = xstrndup(line + start, LOG_LINE_MAX);
    char *valid CLEANUP(cleanup_free) = text_printable(part, strlen(part));
    return text_one_line(valid);
}

void log_cause_find(const char *log, size_t length, struct log_cause *cause)
{
    *cause = (struct log_cause)LOG_CAUSE_NONE;
    int64_t v8_bytes = UNMEASURED;
    size_t skipped = length > LOG_TAIL_BYTES ? length - LOG_TAIL_BYTES : 0;
    for (const char *at = log + skipped, *end = log + length; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t rest = (size_t)((newline ? newline : end) - at);
        char line[LINE_READ_MAX + 1];
        size_t used = rest < LINE_READ_MAX ? rest : LINE_READ_MAX, match = 0;
        memcpy(line, at, used);
        for (size_t i = 0; i < used; i++)
            if (!line[i])
                line[i] = ' ';
        while (used && line[used - 1] == '\r')
            used--;
        line[used] = '\0';
        at += newline ? rest + 1 : rest;

        int64_t collected = collected_bytes(line);
        v8_bytes = collected >= 0 ? collected : v8_bytes;
        enum failure_cause found = cause_of_line(line, &match);
        if (found == CAUSE_UNKNOWN)
            continue;
        /* Of one cause the line with the figures counts, if there is one. */
        int64_t request = requested_bytes(line), held = held_bytes(line);
        if (found == cause->cause && cause->request_bytes >= 0 && request < 0)
            continue;
        log_cause_release(cause);
        *cause = (struct log_cause){.cause = found,
                                    .line = quote(line, match),
                                    .heap_bytes = found == CAUSE_V8_HEAP ? v8_bytes : held,
                                    .request_bytes = request};
    }
}

/* ---- the cause of a run ---- */

/* A shell exits 128 + 9 if its command was killed. */
bool killed_from_outside(const struct measurement *m)
{
    return m->pressure.oom_kills == 0 && m->pressure.inner_oom_kills <= 0 &&
           (m->build.signal == SIGKILL || m->build.exit_code == 128 + SIGKILL);
}

enum failure_cause failure_cause(const struct measurement *m)
{
    const struct build_end *build = &m->build;
    if (build->oom_killed)
        return CAUSE_KERNEL_KILL;
    if (build->guard.ended)
        return CAUSE_GUARD;
    if (build->timed_out)
        return m->peak.unreclaimable_at_limit ? CAUSE_LIMIT_LIVELOCK : CAUSE_UNKNOWN;
    if (killed_from_outside(m))
        return CAUSE_OUTSIDE_KILLER;
    if (build->signal <= 0 && build->exit_code <= 0)
        return CAUSE_UNKNOWN;
    bool counted = m->pressure.oom_kills != 0 || m->pressure.inner_oom_kills > 0;
    return m->log_cause.cause == CAUSE_LOGGED_KILL && counted ? CAUSE_UNKNOWN : m->log_cause.cause;
}

char *killed_process_text(const struct measurement *m)
{
    const struct stage_measurement *first = NULL;
    size_t count = 0;
    for (size_t i = 0; m->build.oom_killed && i < m->stage_count; i++)
        if (m->stages[i].oom_kills > 0) {
            first = first ? first : &m->stages[i];
            count++;
        }
    if (!first)
        return NULL;
    char *bytes CLEANUP(cleanup_free) = format_bytes(first->cgroup_peak_bytes);
    char *peak CLEANUP(cleanup_free) =
        first->cgroup_peak_bytes >= 0 ? xasprintf(" (peak %s)", bytes) : xstrdup("");
    char *others CLEANUP(cleanup_free) =
        count > 1 ? xasprintf(", and of %zu more", count - 1) : xstrdup("");
    return xasprintf("a process of step %s%s%s", first->name, peak, others);
}

static void push_bytes(struct strv *figures, const char *what, int64_t bytes)
{
    char *text CLEANUP(cleanup_free) = format_bytes(bytes);
    if (bytes >= 0)
        strv_pushf(figures, "%s %s", what, text);
}

/* The first ceiling of that kind: variables come before commands. */
static void push_ceiling(struct strv *figures, const struct measurement *m, enum heap_kind kind)
{
    struct heap_ceilings ceilings CLEANUP(heap_ceilings_release) = {0};
    heap_ceilings_of_run(m, &ceilings);
    for (size_t i = 0; i < ceilings.count; i++) {
        const struct heap_ceiling *ceiling = &ceilings.items[i];
        if (ceiling->kind != kind)
            continue;
        char *bytes CLEANUP(cleanup_free) = format_bytes(ceiling->bytes);
        strv_pushf(figures, "ceiling %s by %.*s in %s", bytes, (int)strcspn(ceiling->option, "="),
                   ceiling->option, ceiling->where);
        return;
    }
}

char *logged_cause_text(const struct measurement *m)
{
    const struct log_cause *log = &m->log_cause;
    struct strv figures CLEANUP(strv_release) = {0};
    push_bytes(&figures, "held", log->heap_bytes);
    push_bytes(&figures, "requested", log->request_bytes);
    push_ceiling(&figures, m, causes[log->cause].heap);
    push_bytes(&figures, "memory peak", m->peak.cgroup_bytes);
    if (m->peak.limit_bytes < 0)
        strv_push(&figures, "no memory limit");
    push_bytes(&figures, "memory limit", m->peak.limit_bytes);
    char *list CLEANUP(cleanup_free) = strv_join(&figures, ", ");
    return xasprintf("%s (%s); its log reports: %s", causes[log->cause].what, list,
                     log->line ? log->line : "");
}
