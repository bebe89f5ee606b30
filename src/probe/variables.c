#include "probe/variables.h"

#include "wire/wire.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JAVA_WORDS "^-(X|Dorg\\.gradle\\.(workers|parallel|jvmargs))"

static const struct {
    const char *name;
    const char
        *words; /* POSIX extended regular expression of the words to send; NULL: the whole value */
} variables[] = {
    {"NODE_OPTIONS", NULL},
    {"UV_THREADPOOL_SIZE", NULL},
    {"NX_PARALLEL", NULL},
    {"TURBO_CONCURRENCY", NULL},
    {"MAX_JOBS", NULL},
    {"MAKEFLAGS", "^(-?[jl])?[0-9.]*$|^--(jobs|load-average|max-load)(=|$)"},
    {"CMAKE_BUILD_PARALLEL_LEVEL", NULL},
    {"CARGO_BUILD_JOBS", NULL},
    {"RUSTFLAGS", "^(-C)?(codegen-units|lto|debuginfo|opt-level)(=|$)|^-Zthreads="},
    {"RAYON_NUM_THREADS", NULL},
    {"OMP_NUM_THREADS", NULL},
    {"GOMAXPROCS", NULL},
    {"GOMEMLIMIT", NULL},
    {"GOGC", NULL},
    {"GOFLAGS", "^-p="},
    {"JAVA_TOOL_OPTIONS", JAVA_WORDS},
    {"JDK_JAVA_OPTIONS", JAVA_WORDS},
    {"GRADLE_OPTS", JAVA_WORDS},
    {"MAVEN_OPTS", JAVA_WORDS},
    {"SBT_OPTS", JAVA_WORDS},
    {"MALLOC_ARENA_MAX", NULL},
    {"MALLOC_TRIM_THRESHOLD_", NULL},
    {"MALLOC_MMAP_THRESHOLD_", NULL},
    {"MALLOC_CONF", NULL},
};

/* Joins the words that match; drops what does not fit. */
static void keep_words(const char *value, const char *pattern, char *kept, size_t capacity)
{
    char text[WIRE_STRING_MAX + 1] = "";
    char *rest = text;
    regex_t matching;
    kept[0] = '\0';
    strncpy(text, value, sizeof text - 1);
    if (regcomp(&matching, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return;
    for (char *word; (word = strtok_r(rest, " \t\n", &rest));) {
        size_t used = strlen(kept);
        if (regexec(&matching, word, 0, NULL, 0) == 0 && used + strlen(word) + 2 <= capacity)
            snprintf(kept + used, capacity - used, "%s%s", used ? " " : "", word);
    }
    regfree(&matching);
}

void variables_each(void (*send)(const char *name, const char *value))
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        char words[WIRE_STRING_MAX + 1];
        const char *value = getenv(variables[i].name);
        if (value && variables[i].words) {
            keep_words(value, variables[i].words, words, sizeof words);
            value = words;
        }
        if (value && *value)
            send(variables[i].name, value);
    }
}
