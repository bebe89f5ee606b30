#include "report/report.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "measurement/disturbance.h"
#include "report/junit/cases.h"
#include "report/xml.h"

#include <inttypes.h>
#include <string.h>

#define LOG_CAP_BYTES ((size_t)64 << 10)

static void put_count(struct xml *xml, const char *name, size_t count)
{
    char *text CLEANUP(cleanup_free) = xasprintf("%zu", count);
    xml_attribute(xml, name, text);
}

static void put_seconds(struct xml *xml, int64_t ms)
{
    char *text CLEANUP(cleanup_free) = format_seconds(ms < 0 ? 0 : ms);
    xml_attribute(xml, "time", text);
}

static void put_totals(struct xml *xml, const struct junit_cases *cases,
                       const struct measurement *m)
{
    put_count(xml, "tests", cases->count);
    put_count(xml, "failures", junit_cases_count(cases, OUTCOME_FAILED));
    put_count(xml, "errors", junit_cases_count(cases, OUTCOME_ERROR));
    put_seconds(xml, m->build.duration_ms);
}

static void put_property(struct xml *xml, const char *name, const char *value)
{
    if (!value)
        return;
    xml_start(xml, "property");
    xml_attribute(xml, "name", name);
    xml_attribute(xml, "value", value);
    xml_end(xml);
}

static void put_integer_property(struct xml *xml, const char *name, int64_t number)
{
    char *text CLEANUP(cleanup_free) = xasprintf("%" PRId64, number);
    if (number >= 0)
        put_property(xml, name, text);
}

static void put_properties(struct xml *xml, const struct measurement *m,
                           const struct judgement *judgement)
{
    char *cpus CLEANUP(cleanup_free) = format_cpus(m->environment.cpus);
    xml_start(xml, "properties");
    put_property(xml, "label", m->label);
    put_property(xml, "verdict", verdict_name(judgement->verdict));
    put_property(xml, "baseline", judgement->baseline_path);
    put_property(xml, "merge_base", judgement->base_commit);
    put_property(xml, "commit", m->commit);
    put_property(xml, "peak.source", m->peak.source);
    put_property(xml, "cgroup.directory", m->cgroup.directory);
    put_integer_property(xml, "peak.cgroup_bytes", m->peak.cgroup_bytes);
    put_integer_property(xml, "peak.unreclaimable_bytes", m->peak.unreclaimable_bytes);
    put_integer_property(xml, "peak.pss_bytes", m->peak.at_peak.pss_bytes);
    put_integer_property(xml, "peak.limit_bytes", m->peak.limit_bytes);
    for (const struct disturbance_field *field = disturbance_fields; field->key; field++) {
        char *name CLEANUP(cleanup_free) = xasprintf("disturbance.%s", field->key);
        put_integer_property(xml, name, disturbance_figure(&m->disturbance, field));
    }
    put_integer_property(xml, "build.cpu_ms", m->build.cpu_ms);
    for (size_t i = 0; i < m->outside_daemon_count; i++) {
        put_property(xml, "outside_daemon", m->outside_daemons[i].name);
        put_integer_property(xml, "outside_daemon.cpu_ms", m->outside_daemons[i].cpu_ms);
    }
    put_property(xml, "engine", m->environment.engine);
    put_property(xml, "image", m->environment.image);
    put_property(xml, "architecture", m->environment.architecture);
    put_property(xml, "cpus", cpus);
    put_property(xml, "cache_policy", cache_policy_name(m->environment.cache_policy));
    put_property(xml, "kernel", m->environment.kernel);
    xml_end(xml);
}

static void put_case(struct xml *xml, const struct junit_case *item)
{
    static const char *const elements[] = {[OUTCOME_PASSED] = "system-out",
                                           [OUTCOME_FAILED] = "failure",
                                           [OUTCOME_ERROR] = "error",
                                           [OUTCOME_SKIPPED] = "skipped"};
    xml_start(xml, "testcase");
    xml_attribute(xml, "classname", item->classname);
    xml_attribute(xml, "name", item->name);
    put_seconds(xml, item->time_ms);
    xml_start(xml, elements[item->outcome]);
    if (item->outcome != OUTCOME_PASSED) {
        xml_attribute(xml, "type", item->type);
        xml_attribute(xml, "message", item->message);
    }
    xml_text(xml, item->facts);
    xml_end(xml);
    xml_end(xml);
}

/* Returns the start of the last `cap` bytes, moved to the start of a line if one is near, else to
 * the start of a character. */
static const char *tail_of(const char *text, size_t length, size_t cap)
{
    if (length <= cap)
        return text;
    const char *tail = text + length - cap, *end = text + length;
    const char *newline = memchr(tail, '\n', cap / 16);
    if (newline && newline + 1 < end)
        return newline + 1;
    for (int i = 0; i < 3 && tail < end && ((unsigned char)*tail & 0xC0) == 0x80; i++)
        tail++;
    return tail;
}

/* Cuts twice: the raw log, because it can be large, and the printable log, because a replaced byte
 * takes three. */
static void put_log(struct xml *xml, const char *log_tail, size_t log_length)
{
    static const char cut_note[] = "[the start of the log is cut]\n";
    size_t cap = LOG_CAP_BYTES - strlen(cut_note);
    const char *raw = tail_of(log_tail, log_length, cap);
    char *clean CLEANUP(cleanup_free) = text_printable(raw, (size_t)(log_tail + log_length - raw));
    const char *tail = tail_of(clean, strlen(clean), cap);
    xml_start(xml, "system-out");
    if (raw != log_tail || tail != clean)
        xml_text(xml, cut_note);
    xml_text(xml, tail);
    xml_end(xml);
}

static void put_suite(struct xml *xml, const struct junit_cases *cases, const struct measurement *m,
                      const struct judgement *judgement, const char *log_tail, size_t log_length)
{
    char *name CLEANUP(cleanup_free) = xasprintf("build-mem %s", m->label ? m->label : "");
    xml_start(xml, "testsuite");
    xml_attribute(xml, "name", name);
    put_totals(xml, cases, m);
    put_count(xml, "skipped", junit_cases_count(cases, OUTCOME_SKIPPED));
    if (m->started_at)
        xml_attribute(xml, "timestamp", m->started_at);
    put_properties(xml, m, judgement);
    for (size_t i = 0; i < cases->count; i++)
        put_case(xml, &cases->items[i]);
    put_log(xml, log_tail, log_length);
    xml_end(xml);
}

char *junit_text(const struct measurement *m, const struct judgement *judgement,
                 const char *log_tail, size_t log_length)
{
    struct junit_cases cases;
    junit_cases_collect(&cases, m, judgement);
    struct xml *xml = xml_new(XML_DOCUMENT);
    xml_start(xml, "testsuites");
    xml_attribute(xml, "name", "build-mem");
    put_totals(xml, &cases, m);
    put_suite(xml, &cases, m, judgement, log_tail, log_length);
    xml_end(xml);
    junit_cases_release(&cases);
    return xml_finish(xml);
}
