/* The points of a sweep as jobs of a CI system: each one measures one point. */
#include "base/alloc.h"
#include "base/json_write.h"
#include "base/text.h"
#include "sweep/sweep.h"

#include <stdio.h>
#include <string.h>

/* {"include": [{"jobs": "1", "heap": "1024"}, ...]} on one line, as a step's output must be. */
static char *github(const struct sweep *sweep)
{
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    cJSON *include = json_add_array(root, "include");
    for (size_t i = 0, count = sweep_point_count(sweep); i < count; i++) {
        cJSON *job = cJSON_CreateObject();
        cJSON_AddItemToArray(include, job);
        for (size_t k = 0; k < sweep->knob_count; k++)
            json_add_text(job, sweep->knobs[k].name, sweep_value(sweep, i, k));
    }
    char *line CLEANUP(cleanup_free) = json_print_line(root);
    return xasprintf("%s\n", line);
}

/* YAML in which each name and value is a JSON string, which YAML reads as it is. GitLab itself
 * combines the values. */
static char *gitlab(const struct sweep *sweep)
{
    char *text = NULL;
    size_t length;
    FILE *out = xmemstream_open(&text, &length);
    fputs(".sweep:\n  parallel:\n    matrix:\n", out);
    for (size_t k = 0; k < sweep->knob_count; k++) {
        cJSON *values CLEANUP(cleanup_cjson) = cJSON_CreateArray();
        for (size_t i = 0; i < sweep->knobs[k].values.count; i++)
            json_append_text(values, sweep->knobs[k].values.items[i]);
        char *list CLEANUP(cleanup_free) = json_print_line(values);
        fprintf(out, "      %s \"%s\": %s\n", k ? " " : "-", sweep->knobs[k].name, list);
    }
    xmemstream_close(out);
    return text;
}

/* Kubernetes takes "$$" in an argument for "$", and "$(NAME)" for a variable. Takes ownership of
 * the text. */
static char *escape_dollars(char *text)
{
    char *old CLEANUP(cleanup_free) = text, *result = NULL;
    size_t length;
    FILE *out = xmemstream_open(&result, &length);
    for (const char *c = old; *c; c++)
        fprintf(out, *c == '$' ? "$%c" : "%c", *c);
    xmemstream_close(out);
    return result;
}

/* "--vary jobs=1 --vary heap=1024" for a shell; the caller owns it. */
static char *flags_of(const struct sweep *sweep, size_t point)
{
    struct strv words CLEANUP(strv_release) = {0};
    for (size_t k = 0; k < sweep->knob_count; k++) {
        char *knob CLEANUP(cleanup_free) =
            xasprintf("%s=%s", sweep->knobs[k].name, sweep_value(sweep, point, k));
        char *word CLEANUP(cleanup_free) = text_shell_word(knob);
        strv_pushf(&words, "--vary %s", word);
    }
    return strv_join(&words, " ");
}

static cJSON *append_object(cJSON *array)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToArray(array, object);
    return object;
}

/* The shell drops the points before its own; the first that is left has the flags. */
static void add_command(cJSON *container, const struct sweep *sweep, const char *arguments)
{
    cJSON *command = json_add_array(container, "command"), *args;
    char *words CLEANUP(cleanup_free) = text_shell_word(arguments);
    char *script CLEANUP(cleanup_free) =
        xasprintf("arguments=%s\nshift \"$JOB_COMPLETION_INDEX\"\n"
                  "eval \"exec build-mem sweep --engine inplace --out /results "
                  "--label point-$JOB_COMPLETION_INDEX $1$arguments\"\n",
                  words);
    /* The variables of the script stay as they are after the escape. */
    script = escape_dollars(steal_ptr(script));
    json_append_text(command, "sh");
    json_append_text(command, "-c");
    json_append_text(command, script);
    json_append_text(command, "sh");
    args = json_add_array(container, "args");
    for (size_t i = 0, count = sweep_point_count(sweep); i < count; i++) {
        char *flags CLEANUP(cleanup_free) = escape_dollars(flags_of(sweep, i));
        json_append_text(args, flags);
    }
}

/* An Indexed Job. By default, one pod runs at a time, so that no build disturbs another one. A
 * point whose build fails must not end the others. */
static char *kubernetes(const struct sweep *sweep, const char *image, const char *arguments)
{
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    json_add_text(root, "apiVersion", "batch/v1");
    json_add_text(root, "kind", "Job");
    json_add_text(json_add_object(root, "metadata"), "name", "build-mem-sweep");
    cJSON *spec = json_add_object(root, "spec");
    json_add_text(spec, "completionMode", "Indexed");
    json_add_integer(spec, "completions", (int64_t)sweep_point_count(sweep));
    json_add_integer(spec, "parallelism", 1);
    json_add_integer(spec, "backoffLimitPerIndex", 0);
    cJSON *pod = json_add_object(json_add_object(spec, "template"), "spec");
    json_add_text(pod, "restartPolicy", "Never");
    cJSON *container = append_object(json_add_array(pod, "containers"));
    json_add_text(container, "name", "build");
    json_add_text(container, "image", image);
    json_add_text(container, "workingDir", "/work");
    add_command(container, sweep, arguments);
    cJSON *mount = append_object(json_add_array(container, "volumeMounts"));
    json_add_text(mount, "name", "results");
    json_add_text(mount, "mountPath", "/results");
    cJSON *volume = append_object(json_add_array(pod, "volumes"));
    json_add_text(volume, "name", "results");
    json_add_text(json_add_object(volume, "persistentVolumeClaim"), "claimName",
                  "build-mem-results");
    /* JSON on one line is also YAML; indented by tabs, it is not. */
    char *line CLEANUP(cleanup_free) = json_print_line(root);
    return xasprintf("%s\n", line);
}

char *sweep_jobs(const struct sweep *sweep, const char *system, const char *image,
                 const char *arguments, struct bm_error *err)
{
    size_t count = sweep_point_count(sweep);
    if (count > SWEEP_MOST_BUILDS) {
        bm_error_set(err, "%zu points, but a sweep reads %d results: name fewer values", count,
                     SWEEP_MOST_BUILDS);
        return NULL;
    }
    return strcmp(system, "github") == 0   ? github(sweep)
           : strcmp(system, "gitlab") == 0 ? gitlab(sweep)
                                           : kubernetes(sweep, image, arguments);
}
