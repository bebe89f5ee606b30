#include "baseline/baseline.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/text.h"
#include "measurement/environment.h"

#include <inttypes.h>
#include <stdio.h>

/* cJSON prints an array on one line; here each value gets its own, so that a refresh reads well
 * as a diff. `depth` counts the levels of indentation, two blanks each. */
struct printer {
    FILE *out;
    int depth;
    bool first; /* nothing stands in the container yet */
};

static void new_item(struct printer *printer)
{
    fprintf(printer->out, "%s\n%*s", printer->first ? "" : ",", printer->depth * 2, "");
    printer->first = false;
}

static void print_text(struct printer *printer, const char *text)
{
    char *valid CLEANUP(cleanup_free) = text ? text_valid_utf8(text) : NULL;
    cJSON *node CLEANUP(cleanup_cjson) = valid ? cJSON_CreateString(valid) : cJSON_CreateNull();
    char *quoted CLEANUP(cleanup_free) = json_print(node, 0);
    fputs(quoted, printer->out);
}

static void print_key(struct printer *printer, const char *key)
{
    new_item(printer);
    print_text(printer, key);
    fputs(": ", printer->out);
}

static void open_container(struct printer *printer, char bracket)
{
    fputc(bracket, printer->out);
    printer->depth++;
    printer->first = true;
}

static void close_container(struct printer *printer, char bracket)
{
    printer->depth--;
    if (!printer->first)
        fprintf(printer->out, "\n%*s", printer->depth * 2, "");
    fputc(bracket, printer->out);
    printer->first = false;
}

static void print_text_member(struct printer *printer, const char *key, const char *text)
{
    print_key(printer, key);
    print_text(printer, text);
}

/* UNMEASURED is null. */
static void print_figure(struct printer *printer, const char *key, int64_t figure)
{
    print_key(printer, key);
    if (figure < 0)
        fputs("null", printer->out);
    else
        fprintf(printer->out, "%" PRId64, figure);
}

/* As people wrote it, where they did. */
static void print_amount(struct printer *printer, const char *key, const char *text, int64_t figure)
{
    if (text)
        print_text_member(printer, key, text);
    else
        print_figure(printer, key, figure);
}

static void print_metric(struct printer *printer, const struct baseline_metric *metric)
{
    print_key(printer, metric->name);
    open_container(printer, '{');
    print_text_member(printer, "level", level_name(metric->tolerance.level));
    print_key(printer, "percent");
    fprintf(printer->out, "%.10g", metric->tolerance.percent);
    print_amount(printer, "absolute", metric->absolute_text, metric->tolerance.absolute);
    print_amount(printer, "budget", metric->budget_text, metric->tolerance.budget);
    print_amount(printer, "anchor", metric->anchor_text, metric->anchor);
    print_key(printer, "values");
    open_container(printer, '[');
    for (size_t i = 0; i < metric->count; i++) {
        new_item(printer);
        fprintf(printer->out, "%" PRId64, metric->values[i]);
    }
    close_container(printer, ']');
    close_container(printer, '}');
}

static void print_measured_on(struct printer *printer, const struct environment *environment)
{
    print_key(printer, "measured_on");
    open_container(printer, '{');
    for (const struct drift_field *field = drift_fields; field->key; field++) {
        const void *at = (const char *)environment + field->offset;
        if (field->bytes)
            print_figure(printer, field->key, *(const int64_t *)at);
        else
            print_text_member(printer, field->key, *(char *const *)at);
    }
    print_key(printer, "variables");
    open_container(printer, '{');
    for (size_t i = 0; i < environment->variables.count; i++) {
        const char *variable = environment->variables.items[i];
        char *name CLEANUP(cleanup_free) = variable_name(variable);
        print_text_member(printer, name, variable_value(variable));
    }
    close_container(printer, '}');
    close_container(printer, '}');
}

static void print_environment(struct printer *printer, const struct baseline_environment *entry)
{
    new_item(printer);
    open_container(printer, '{');

    print_key(printer, "key");
    open_container(printer, '{');
    print_text_member(printer, "source", entry->key.source);
    print_figure(printer, "memory_limit_bytes", entry->key.limit_bytes);
    print_text_member(printer, "architecture", entry->key.architecture);
    print_figure(printer, "cpus", entry->key.cpus);
    print_text_member(printer, "image", entry->key.image);
    print_text_member(printer, "cache_policy", cache_policy_name(entry->key.cache_policy));
    close_container(printer, '}');

    print_key(printer, "accepted");
    open_container(printer, '{');
    print_text_member(printer, "at", entry->accepted_at);
    print_text_member(printer, "commit", entry->accepted_commit);
    if (entry->accepted_by)
        print_text_member(printer, "by", entry->accepted_by);
    print_text_member(printer, "reason", entry->accepted_reason);
    close_container(printer, '}');

    if (entry->measured_on)
        print_measured_on(printer, entry->measured_on);

    print_key(printer, "metrics");
    open_container(printer, '{');
    for (size_t i = 0; i < entry->count; i++)
        print_metric(printer, &entry->metrics[i]);
    close_container(printer, '}');

    close_container(printer, '}');
}

char *baseline_to_json(const struct baseline *baseline)
{
    char *text = NULL;
    size_t length;
    struct printer printer = {.out = xmemstream_open(&text, &length)};
    open_container(&printer, '{');
    if (baseline->schema)
        print_text_member(&printer, "$schema", baseline->schema);
    print_figure(&printer, "schema_version", BASELINE_SCHEMA_VERSION);
    print_key(&printer, "environments");
    open_container(&printer, '[');
    for (size_t i = 0; i < baseline->count; i++)
        print_environment(&printer, &baseline->environments[i]);
    close_container(&printer, ']');
    close_container(&printer, '}');
    fputc('\n', printer.out);
    xmemstream_close(printer.out);
    return text;
}
