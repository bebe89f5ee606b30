#include "ledger/ledger.h"

#include "base/alloc.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/text.h"
#include "base/units.h"
#include "measurement/process_item.h"
#include "measurement/process_name.h"
#include "proc/proc.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1000000
#define PIDS_OF_BLOCK 4096
/* About 150 MB. Each process beyond it is an overrun. */
#define ENTRIES_MAX (UINT32_C(1) << 20)
/* The kernel computes the age of a process some time before the record arrives, or stamps its fork
 * some time after the start: a busy machine can suspend it in between. */
#define SLACK_NS INT64_C(1000000000)

struct entry {
    int pid, parent;
    uint32_t older;           /* index + 1 of an earlier entry with this pid; 0: none */
    bool recorded;            /* it has its exit record */
    bool superseded;          /* another process has its pid */
    bool lives;               /* it had not ended at the end of the run */
    bool unnamed;             /* it executed a program whose command line was not read */
    int64_t start_ns, end_ns; /* UNMEASURED: unknown */
    int64_t command_ns;       /* when its command line was read */
    int64_t peak_bytes;       /* UNMEASURED: unknown */
    uint32_t matches;         /* a bit for each pattern */
    char *name, *item;        /* NULL: unknown */
};

struct pattern {
    regex_t regex;
    char *name;
};

/* A stage: when a process of it was first and last seen to execute a program. */
struct stage_watch {
    regex_t regex;
    int64_t first_ns, last_ns; /* UNMEASURED: never */
};

struct ledger {
    int probe;      /* 0: the source is not taskstats */
    bool same_pids; /* the probe sees the same pids as this process */
    int64_t began_ns;
    struct entry *entries;
    size_t count;
    /* By pid, in blocks that are allocated with their first pid: index + 1 of the newest entry; 0:
     * none. */
    uint32_t *newest[LEDGER_PID_MAX / PIDS_OF_BLOCK + 1];
    struct pattern patterns[LEDGER_PATTERNS_MAX];
    size_t pattern_count;
    struct stage_watch *stages; /* in order of precedence */
    size_t stage_count;
    int64_t overruns, cpu_ns;
    char *fallback;
};

struct ledger *ledger_new(void)
{
    return xcalloc(1, sizeof(struct ledger));
}

void ledger_free(struct ledger *ledger)
{
    if (!ledger)
        return;
    for (size_t i = 0; i < ledger->count; i++) {
        free(ledger->entries[i].name);
        free(ledger->entries[i].item);
    }
    free(ledger->entries);
    for (size_t i = 0; i < ledger->pattern_count; i++) {
        regfree(&ledger->patterns[i].regex);
        free(ledger->patterns[i].name);
    }
    for (size_t i = 0; i < ledger->stage_count; i++)
        regfree(&ledger->stages[i].regex);
    free(ledger->stages);
    for (size_t i = 0; i < sizeof ledger->newest / sizeof *ledger->newest; i++)
        free(ledger->newest[i]);
    free(ledger->fallback);
    free(ledger);
}

void cleanup_ledger(struct ledger **ledger)
{
    ledger_free(*ledger);
}

void ledger_watch_for(struct ledger *ledger, const char *name, const char *pattern)
{
    if (ledger->pattern_count == LEDGER_PATTERNS_MAX)
        BM_BUG("more patterns than the config can have");
    struct pattern *added = &ledger->patterns[ledger->pattern_count++];
    if (regcomp(&added->regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        BM_BUG("the config has accepted an invalid pattern");
    added->name = xstrdup(name);
}

void ledger_watch_stage(struct ledger *ledger, const char *pattern)
{
    ledger->stages = xgrow(ledger->stages, ledger->stage_count, sizeof *ledger->stages);
    struct stage_watch *added = &ledger->stages[ledger->stage_count++];
    *added = (struct stage_watch){.first_ns = UNMEASURED, .last_ns = UNMEASURED};
    if (regcomp(&added->regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        BM_BUG("the config has accepted an invalid pattern");
}

/* Marks the first stage that matches as seen, as the probe does. */
static void note_stage(struct ledger *ledger, const char *command, int64_t at_ns)
{
    if (is_shell_script(command))
        return;
    for (size_t i = 0; i < ledger->stage_count; i++) {
        struct stage_watch *stage = &ledger->stages[i];
        if (regexec(&stage->regex, command, 0, NULL, 0) != 0)
            continue;
        if (stage->first_ns < 0 || at_ns < stage->first_ns)
            stage->first_ns = at_ns;
        if (at_ns > stage->last_ns)
            stage->last_ns = at_ns;
        return;
    }
}

/* Returns a bit for each pattern that matches. */
static uint32_t patterns_of(const struct ledger *ledger, const char *command)
{
    uint32_t matches = 0;
    /* Its text names all programs that it is going to run. */
    if (is_shell_script(command))
        return 0;
    for (size_t i = 0; i < ledger->pattern_count; i++)
        if (regexec(&ledger->patterns[i].regex, command, 0, NULL, 0) == 0)
            matches |= UINT32_C(1) << i;
    return matches;
}

/* ---- entries ---- */

static struct entry *entry_at(const struct ledger *ledger, uint32_t place)
{
    return place ? &ledger->entries[place - 1] : NULL;
}

static struct entry *newest_of(const struct ledger *ledger, int64_t pid)
{
    if (pid <= 0 || pid > LEDGER_PID_MAX)
        return NULL;
    const uint32_t *block = ledger->newest[pid / PIDS_OF_BLOCK];
    return block ? entry_at(ledger, block[pid % PIDS_OF_BLOCK]) : NULL;
}

static struct entry *live_entry(const struct ledger *ledger, int pid)
{
    struct entry *entry = newest_of(ledger, pid);
    return entry && !entry->recorded && !entry->superseded ? entry : NULL;
}

/* Returns the new entry, or NULL if no kernel has such a pid. Invalidates other pointers to
 * entries. */
static struct entry *add_entry(struct ledger *ledger, int pid, int parent, int64_t start_ns)
{
    if (pid <= 0 || pid > LEDGER_PID_MAX)
        return NULL;
    if (ledger->count == ENTRIES_MAX) {
        ledger->overruns++;
        return NULL;
    }
    uint32_t **block = &ledger->newest[pid / PIDS_OF_BLOCK];
    if (!*block)
        *block = xcalloc(PIDS_OF_BLOCK, sizeof **block);
    uint32_t *newest = &(*block)[pid % PIDS_OF_BLOCK];
    ledger->entries = xgrow(ledger->entries, ledger->count, sizeof *ledger->entries);
    struct entry *entry = &ledger->entries[ledger->count++];
    *entry = (struct entry){.pid = pid,
                            .parent = parent,
                            .older = *newest,
                            .start_ns = start_ns,
                            .end_ns = UNMEASURED,
                            .peak_bytes = UNMEASURED};
    *newest = (uint32_t)ledger->count;
    return entry;
}

static void forget_command(struct entry *entry)
{
    free(steal_ptr(entry->name));
    free(steal_ptr(entry->item));
    entry->matches = 0;
}

/* ---- events ---- */

void ledger_begin(struct ledger *ledger, int probe, bool same_pids, int64_t now_ns)
{
    ledger->probe = probe;
    ledger->same_pids = same_pids;
    ledger->began_ns = now_ns;
    free(steal_ptr(ledger->fallback));
}

void ledger_set_fallback(struct ledger *ledger, const char *reason)
{
    free(ledger->fallback);
    ledger->fallback = xstrdup(reason);
}

bool ledger_has(const struct ledger *ledger, int pid)
{
    return live_entry(ledger, pid) != NULL;
}

static bool is_of_the_build(const struct ledger *ledger, int pid)
{
    return (ledger->probe && pid == ledger->probe) || ledger_has(ledger, pid);
}

void ledger_fork(struct ledger *ledger, int parent, int pid, int64_t at_ns)
{
    struct entry *before = live_entry(ledger, pid);
    /* Its exit record can still arrive: it precedes this event. */
    if (before)
        before->superseded = true;
    if (!is_of_the_build(ledger, parent))
        return;
    struct entry *entry = add_entry(ledger, pid, parent, at_ns);
    const struct entry *from = live_entry(ledger, parent);
    if (!entry || !from || from == entry)
        return;
    /* Until it executes a program, it is a copy of its parent. */
    entry->name = from->name ? xstrdup(from->name) : NULL;
    entry->item = from->item ? xstrdup(from->item) : NULL;
    entry->command_ns = from->command_ns;
    entry->matches = from->matches;
}

void ledger_exec(struct ledger *ledger, int pid, const char *command, int64_t read_ns)
{
    struct entry *entry = live_entry(ledger, pid);
    if (!entry)
        return;
    forget_command(entry);
    if (!command || !*command) {
        entry->unnamed = true;
        return;
    }
    entry->name = process_name(command);
    entry->item = process_item(command);
    entry->command_ns = read_ns;
    entry->matches = patterns_of(ledger, command);
    note_stage(ledger, command, read_ns);
}

static bool fits(const struct entry *entry, const struct exit_record *record, int64_t from_ns,
                 int64_t to_ns)
{
    if (entry->recorded)
        return false;
    int64_t end_ns = entry->start_ns + record->age_ns;
    return entry->start_ns < 0 || (end_ns >= from_ns - SLACK_NS && end_ns <= to_ns + SLACK_NS);
}

/* Returns the earliest entry of the pid that does not have this record yet, or NULL. */
static struct entry *entry_of_record(const struct ledger *ledger, const struct exit_record *record,
                                     int64_t from_ns, int64_t to_ns)
{
    struct entry *found = NULL;
    for (struct entry *entry = newest_of(ledger, record->tgid); entry;
         entry = entry_at(ledger, entry->older))
        if (fits(entry, record, from_ns, to_ns))
            found = entry;
    return found;
}

void ledger_exit(struct ledger *ledger, const struct exit_record *record, int64_t from_ns,
                 int64_t to_ns)
{
    struct entry *entry = entry_of_record(ledger, record, from_ns, to_ns);
    /* The event of its fork was dropped. */
    if (!entry && is_of_the_build(ledger, record->parent) && record->tgid != ledger->probe) {
        entry = add_entry(ledger, record->tgid, record->parent, UNMEASURED);
        if (entry)
            entry->unnamed = true;
    }
    if (!entry)
        return;
    entry->recorded = true;
    if (record->peak_bytes > 0)
        entry->peak_bytes = record->peak_bytes;
    if (entry->start_ns >= 0) {
        entry->end_ns = entry->start_ns + record->age_ns;
        if (entry->command_ns > entry->end_ns + SLACK_NS) {
            forget_command(entry); /* the command line was that of the next owner of the pid */
            entry->unnamed = true;
        }
    }
    if (!entry->name) {
        entry->name = text_printable(record->comm, strnlen(record->comm, sizeof record->comm));
        entry->matches = patterns_of(ledger, entry->name);
        note_stage(ledger, entry->name, to_ns);
    }
}

void ledger_overrun(struct ledger *ledger)
{
    ledger->overruns++;
}

void ledger_add_cost(struct ledger *ledger, int64_t cpu_ns)
{
    ledger->cpu_ns += cpu_ns;
}

void ledger_adopt(struct ledger *ledger, int pid, int parent)
{
    if (ledger->probe && pid != ledger->probe && !ledger_has(ledger, pid))
        (void)add_entry(ledger, pid, parent, UNMEASURED);
}

/* A process may set its title after exec(2), as Next.js does. */
static void take_title(struct ledger *ledger, int64_t pid, const char *command)
{
    struct entry *entry = ledger->same_pids ? newest_of(ledger, pid) : NULL;
    uint32_t matches = entry ? patterns_of(ledger, command) : 0;
    if (!entry || entry->recorded || entry->superseded || !(matches & ~entry->matches))
        return;
    matches |= entry->matches;
    forget_command(entry);
    entry->name = process_name(command);
    entry->item = process_item(command);
    entry->matches = matches;
}

void ledger_scan(struct ledger *ledger, int64_t pid, const char *command, int64_t peak_bytes)
{
    if (pid <= 0 || pid > LEDGER_PID_MAX)
        return;
    if (ledger->probe) {
        take_title(ledger, pid, command);
        return;
    }
    char *name CLEANUP(cleanup_free) = process_name(command);
    char *item CLEANUP(cleanup_free) = process_item(command);
    struct entry *entry = newest_of(ledger, pid);
    /* VmHWM begins anew if the process executes another program, and so does the entry. */
    if (!entry || strcmp(entry->name, name) != 0 ||
        strcmp(entry->item ? entry->item : "", item ? item : "") != 0) {
        entry = add_entry(ledger, (int)pid, 0, UNMEASURED);
        if (!entry)
            return;
        entry->name = steal_ptr(name);
        entry->item = steal_ptr(item);
        entry->matches = patterns_of(ledger, command);
    }
    if (peak_bytes > entry->peak_bytes)
        entry->peak_bytes = peak_bytes;
}

/* ---- results ---- */

void ledger_finish(struct ledger *ledger, ledger_lives *lives)
{
    for (size_t i = 0; ledger->probe && i < ledger->count; i++) {
        struct entry *entry = &ledger->entries[i];
        entry->lives = !entry->recorded && !entry->superseded && lives(entry->pid);
    }
}

static int64_t build_ms(const struct ledger *ledger, int64_t at_ns)
{
    if (at_ns < 0)
        return UNMEASURED;
    return at_ns < ledger->began_ns ? 0 : (at_ns - ledger->began_ns) / NS_PER_MS;
}

bool ledger_stage_seen(const struct ledger *ledger, size_t stage, int64_t *first_ms,
                       int64_t *last_ms)
{
    const struct stage_watch *watched = &ledger->stages[stage];
    *first_ms = build_ms(ledger, watched->first_ns);
    *last_ms = build_ms(ledger, watched->last_ns);
    return watched->first_ns >= 0;
}

static enum peak_rss_source source_of(const struct ledger *ledger, const struct entry *entry)
{
    if (entry->peak_bytes < 0)
        return PEAK_RSS_UNKNOWN;
    return ledger->probe ? PEAK_RSS_TASKSTATS : PEAK_RSS_SCAN;
}

static struct ledger_process process_of(const struct ledger *ledger, const struct entry *entry)
{
    return (struct ledger_process){.pid = entry->pid,
                                   .parent = entry->parent > 0 ? entry->parent : UNMEASURED,
                                   .start_ms = build_ms(ledger, entry->start_ns),
                                   .end_ms = build_ms(ledger, entry->end_ns),
                                   .peak_rss_bytes = entry->peak_bytes,
                                   .source = source_of(ledger, entry),
                                   .name = xstrdup(entry->name ? entry->name : "?"),
                                   .item = entry->item ? xstrdup(entry->item) : NULL};
}

/* Inserts the entry into `largest`, which is sorted, if it is one of the largest. */
static size_t insert_largest(const struct entry **largest, size_t count, const struct entry *entry)
{
    size_t place = count;
    while (place > 0 && largest[place - 1]->peak_bytes < entry->peak_bytes)
        place--;
    if (place == LARGEST_PROCESSES_MAX)
        return count;
    size_t kept = count < LARGEST_PROCESSES_MAX ? count : LARGEST_PROCESSES_MAX - 1;
    memmove(&largest[place + 1], &largest[place], (kept - place) * sizeof *largest);
    largest[place] = entry;
    return kept + 1;
}

/* A process begins to count at its start, and ends to count at its end. */
struct change {
    int64_t at_ns, bytes;
};

static int earlier_first(const void *a, const void *b)
{
    const struct change *one = a, *other = b;
    return (one->at_ns > other->at_ns) - (one->at_ns < other->at_ns);
}

/* Returns the highest sum of the peak RSS of unnamed processes that lived at the same time. It is
 * an upper bound of what they used. Returns UNMEASURED if a peak is unknown. */
static int64_t unnamed_rss(const struct ledger *ledger)
{
    struct change *changes CLEANUP(cleanup_free) = NULL;
    size_t count = 0;
    for (size_t i = 0; i < ledger->count; i++) {
        const struct entry *entry = &ledger->entries[i];
        if (!entry->unnamed)
            continue;
        if (entry->peak_bytes < 0)
            return UNMEASURED;
        changes = xgrow(changes, count, sizeof *changes);
        changes[count++] = (struct change){entry->start_ns, entry->peak_bytes};
        changes = xgrow(changes, count, sizeof *changes);
        changes[count++] =
            (struct change){entry->end_ns < 0 ? INT64_MAX : entry->end_ns, -entry->peak_bytes};
    }
    if (count)
        qsort(changes, count, sizeof *changes, earlier_first);
    int64_t sum = 0, highest = 0;
    for (size_t i = 0; i < count; i++) {
        if (__builtin_add_overflow(sum, changes[i].bytes, &sum))
            return UNMEASURED; /* no kernel reports such peaks */
        highest = sum > highest ? sum : highest;
    }
    return highest;
}

/* A scan shows only a lower bound, which is not a value of a metric. */
static struct watched_processes watched_by(const struct ledger *ledger, size_t pattern)
{
    struct watched_processes watched = {.name = xstrdup(ledger->patterns[pattern].name),
                                        .peak_rss_bytes = UNMEASURED};
    const struct entry *largest = NULL;
    for (size_t i = 0; i < ledger->count; i++) {
        const struct entry *entry = &ledger->entries[i];
        if (!(entry->matches >> pattern & 1))
            continue;
        watched.count++;
        if (ledger->probe && entry->peak_bytes > watched.peak_rss_bytes) {
            watched.peak_rss_bytes = entry->peak_bytes;
            largest = entry;
        }
    }
    watched.largest = largest ? name_with_item(largest->name, largest->item) : NULL;
    return watched;
}

static void add_groups(const struct ledger *ledger, struct process_ledger *summary)
{
    struct named_peak *peaks CLEANUP(cleanup_free) = NULL;
    size_t count = 0;
    for (size_t i = 0; i < ledger->count; i++) {
        const struct entry *entry = &ledger->entries[i];
        if (!entry->name || entry->peak_bytes < 0)
            continue;
        peaks = xgrow(peaks, count, sizeof *peaks);
        peaks[count++] = (struct named_peak){entry->name, entry->peak_bytes};
    }
    ledger_add_groups(summary, peaks, count);
}

void ledger_summarise(const struct ledger *ledger, struct process_ledger *summary)
{
    const struct entry *largest[LARGEST_PROCESSES_MAX] = {0};
    size_t count = 0;
    int64_t lost = 0;
    for (size_t i = 0; i < ledger->count; i++) {
        const struct entry *entry = &ledger->entries[i];
        lost += !entry->recorded && !entry->lives;
        if (entry->peak_bytes >= 0)
            count = insert_largest(largest, count, entry);
    }
    process_ledger_release(summary);
    if (ledger->fallback)
        summary->fallback = xstrdup(ledger->fallback);
    if (ledger->probe) {
        summary->source = PEAK_RSS_TASKSTATS;
        summary->lost = lost;
        summary->overruns = ledger->overruns;
        summary->unnamed_rss_bytes = unnamed_rss(ledger);
        summary->cpu_ms = ledger->cpu_ns / NS_PER_MS;
    } else if (ledger->count) {
        summary->source = PEAK_RSS_SCAN;
    }
    if (summary->source != PEAK_RSS_UNKNOWN)
        summary->count = (int64_t)ledger->count;
    summary->watched =
        ledger->pattern_count ? xcalloc(ledger->pattern_count, sizeof *summary->watched) : NULL;
    for (; summary->watched_count < ledger->pattern_count; summary->watched_count++)
        summary->watched[summary->watched_count] = watched_by(ledger, summary->watched_count);
    summary->largest = count ? xcalloc(count, sizeof *summary->largest) : NULL;
    for (; summary->largest_count < count; summary->largest_count++)
        summary->largest[summary->largest_count] =
            process_of(ledger, largest[summary->largest_count]);
    add_groups(ledger, summary);
}

static void put_line(FILE *file, const struct ledger_process *process)
{
    char *name CLEANUP(cleanup_free) = text_one_line(process->name);
    char *item CLEANUP(cleanup_free) = text_one_line(process->item ? process->item : "");
    fprintf(file, "%d", (int)process->pid);
    csv_put_figure(file, process->parent);
    fputc(',', file);
    csv_put_text(file, name);
    fputc(',', file);
    csv_put_text(file, item);
    csv_put_figure(file, process->start_ms);
    csv_put_figure(file, process->end_ms);
    csv_put_figure(file, process->peak_rss_bytes);
    fprintf(file, ",%s\n", peak_rss_source_name(process->source));
}

int ledger_write_csv(const struct ledger *ledger, const char *path, struct bm_error *err)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length;
    FILE *file = xmemstream_open(&text, &length);
    fputs("pid,parent,name,item,start_ms,end_ms,peak_rss_bytes,source\n", file);
    for (size_t i = 0; i < ledger->count; i++) {
        struct ledger_process process CLEANUP(ledger_process_release) =
            process_of(ledger, &ledger->entries[i]);
        put_line(file, &process);
    }
    xmemstream_close(file);
    return file_write_atomic(path, text, length, err);
}
