/* See step_log.h. */
#include "engine/step_log.h"

#include "base/alloc.h"
#include "base/text.h"
#include "wire/wire.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define LINE_BYTES 1024 /* the rest of a longer line is dropped */
#define NAME_BYTES 200  /* of a step; a longer name is cut */
#define ID_BYTES 12     /* of a container, in the output of the classic builder */

struct logged_step {
    char *name;
    char *vertex;          /* "#7" of BuildKit; NULL: another builder */
    char id[ID_BYTES + 1]; /* of its container; "": not printed yet */
    bool has_id;           /* the builder prints it */
    bool cached, taken;
};

struct step_log {
    char lines[2][LINE_BYTES + 1]; /* the incomplete line of each stream */
    size_t lengths[2];
    struct logged_step *steps;
    size_t count;
    bool in_step; /* the last instruction of a builder without vertices is the last step */
};

struct step_log *step_log_new(void)
{
    return xcalloc(1, sizeof(struct step_log));
}

void step_log_free(struct step_log *log)
{
    for (size_t i = 0; log && i < log->count; i++) {
        free(log->steps[i].name);
        free(log->steps[i].vertex);
    }
    if (log)
        free(log->steps);
    free(log);
}

/* ---- the lines ---- */

static bool skip(const char **at, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(*at, text, length) != 0)
        return false;
    *at += length;
    return true;
}

/* Skips a number, such as that of a step. */
static bool skip_number(const char **at)
{
    const char *start = *at;
    while (isdigit((unsigned char)**at))
        ++*at;
    return *at > start;
}

static bool is_run(const char *instruction)
{
    return strncasecmp(instruction, "RUN ", 4) == 0;
}

/* Returns the number of steps before this one that have the same name. */
static size_t namesakes(const struct step_log *log, const char *name)
{
    size_t count = 0;
    size_t length = strlen(name);
    for (size_t i = 0; i < log->count; i++) {
        const char *known = log->steps[i].name;
        count += strncmp(known, name, length) == 0 &&
                 (known[length] == '\0' || strncmp(known + length, " (", 2) == 0);
    }
    return count;
}

static char *unique_name(const struct step_log *log, const char *where, int where_length,
                         const char *instruction)
{
    char *raw CLEANUP(cleanup_free) =
        xasprintf("[%.*s] %.*s", where_length, where, NAME_BYTES, instruction);
    char *name = text_one_line(raw); /* it also repairs a character that was cut */
    size_t before = namesakes(log, name);
    if (before == 0)
        return name;
    char *numbered = xasprintf("%s (%zu)", name, before + 1);
    free(name);
    return numbered;
}

static struct logged_step *add_step(struct step_log *log, const char *where, size_t where_length,
                                    const char *instruction)
{
    if (log->count == STEPS_MAX)
        return NULL;
    char *name = unique_name(log, where, (int)where_length, instruction);
    log->steps = xgrow(log->steps, log->count, sizeof *log->steps);
    log->steps[log->count] = (struct logged_step){.name = name};
    return &log->steps[log->count++];
}

/* "Step 2/3 : RUN npm ci", "STEP 2/3: RUN npm ci", "[1/2] STEP 2/3: RUN npm ci". */
static bool take_instruction(struct step_log *log, const char *line)
{
    const char *at = line, *stage = NULL, *number;
    size_t stage_length = 0;
    if (skip(&at, "[")) {
        stage = at;
        at += strcspn(at, "]");
        stage_length = (size_t)(at - stage);
        if (!skip(&at, "] "))
            return false;
    }
    bool classic = !stage && skip(&at, "Step ");
    if (!classic && !skip(&at, "STEP "))
        return false;
    number = at;
    if (!skip_number(&at) || !skip(&at, "/") || !skip_number(&at))
        return false;
    size_t number_length = (size_t)(at - number);
    if (!skip(&at, classic ? " : " : ": "))
        return false;
    log->in_step = false;
    if (!is_run(at))
        return true;
    char *where CLEANUP(cleanup_free) =
        xasprintf("%.*s%s%.*s", (int)stage_length, stage ? stage : "", stage ? " " : "",
                  (int)number_length, number);
    struct logged_step *step = add_step(log, where, strlen(where), at);
    if (step)
        step->has_id = classic;
    log->in_step = step != NULL;
    return true;
}

/* " ---> Running in 0123456789ab", " ---> Using cache", "--> Using cache 0123456789ab". */
static bool take_arrow(struct step_log *log, const char *line)
{
    const char *at = line;
    if (!log->in_step || (!skip(&at, " ---> ") && !skip(&at, "--> ")))
        return false;
    struct logged_step *step = &log->steps[log->count - 1];
    if (skip(&at, "Using cache"))
        step->cached = true;
    else if (step->has_id && !*step->id && skip(&at, "Running in ") && strlen(at) == ID_BYTES)
        memcpy(step->id, at, ID_BYTES);
    return true;
}

static struct logged_step *find_vertex(const struct step_log *log, const char *vertex,
                                       size_t length)
{
    for (size_t i = 0; i < log->count; i++) {
        const char *known = log->steps[i].vertex;
        if (known && strncmp(known, vertex, length) == 0 && known[length] == '\0')
            return &log->steps[i];
    }
    return NULL;
}

/* "#7 [build 2/3] RUN npm ci", "#7 CACHED". BuildKit prints the first line again after lines of
 * another vertex. */
static void take_vertex(struct step_log *log, const char *line)
{
    const char *at = line;
    if (!skip(&at, "#") || !skip_number(&at) || *at != ' ')
        return;
    size_t length = (size_t)(at - line);
    struct logged_step *known = find_vertex(log, line, length);
    at++;
    if (known) {
        known->cached |= strcmp(at, "CACHED") == 0;
        return;
    }
    const char *where = at + 1, *close = *at == '[' ? strchr(at, ']') : NULL;
    if (!close || close[1] != ' ' || !is_run(close + 2))
        return;
    struct logged_step *step = add_step(log, where, (size_t)(close - where), close + 2);
    if (step)
        step->vertex = xstrndup(line, length);
}

static void take_line(struct step_log *log, const char *line)
{
    if (!take_instruction(log, line) && !take_arrow(log, line))
        take_vertex(log, line);
}

void step_log_add(struct step_log *log, int stream, const char *bytes, size_t length)
{
    size_t which = stream == 2;
    char *line = log->lines[which];
    for (size_t i = 0; i < length; i++) {
        size_t *filled = &log->lengths[which];
        if (bytes[i] != '\n' && bytes[i] != '\r') {
            if (*filled < LINE_BYTES)
                line[(*filled)++] = bytes[i];
            continue;
        }
        line[*filled] = '\0';
        *filled = 0;
        take_line(log, line);
    }
}

/* ---- the steps ---- */

/* Returns whether the last part of the path begins with the id: "steps/0123456789abcdef". */
static bool is_container(const char *cgroup, const char *id)
{
    const char *slash = strrchr(cgroup, '/');
    return *id && strncmp(slash ? slash + 1 : cgroup, id, ID_BYTES) == 0;
}

/* Returns whether the command line can be that of the step: a shell gets the text after the flags
 * of the instruction, and then often executes it. */
static bool runs_command(const struct logged_step *step, const char *command)
{
    const char *text = strstr(step->name, "] ") + 2 + strlen("RUN ");
    while (strncmp(text, "--", 2) == 0 && strchr(text, ' '))
        text = strchr(text, ' ') + 1;
    return *text && strstr(command, text);
}

static bool is_open(const struct logged_step *step)
{
    return !step->taken && !step->cached && !step->has_id;
}

static const char *take(struct logged_step *step)
{
    if (!step)
        return NULL;
    step->taken = true;
    return step->name;
}

const char *step_log_take(struct step_log *log, const char *cgroup, const char *command)
{
    struct logged_step *only = NULL;
    size_t matches = 0;
    for (size_t i = 0; i < log->count; i++) {
        struct logged_step *step = &log->steps[i];
        if (!step->taken && is_container(cgroup, step->id))
            return take(step);
        if (is_open(step) && runs_command(step, command)) {
            only = step;
            matches++;
        }
    }
    return matches == 1 ? take(only) : NULL;
}

const char *step_log_take_only(struct step_log *log, bool complete)
{
    struct logged_step *only = NULL;
    size_t open = 0;
    for (size_t i = 0; i < log->count; i++) {
        struct logged_step *step = &log->steps[i];
        if (!is_open(step))
            continue;
        if (step->vertex && !complete)
            return NULL;
        only = step;
        open++;
    }
    return open == 1 ? take(only) : NULL;
}

size_t step_log_cached(const struct step_log *log)
{
    size_t count = 0;
    for (size_t i = 0; i < log->count; i++)
        count += log->steps[i].cached;
    return count;
}
