/* What the peak is made of, what was verified, and where it was measured. */
#include "base/alloc.h"
#include "base/units.h"
#include "report/html/html.h"
#include "report/wording.h"

#include <inttypes.h>
#include <string.h>

static void put_fact(struct xml *xml, const char *name, const char *value)
{
    html_element(xml, "dt", NULL, name);
    html_element(xml, "dd", NULL, value);
    xml_raw(xml, "\n");
}

static void put_bytes_fact(struct xml *xml, const char *name, int64_t bytes)
{
    char *text CLEANUP(cleanup_free) = format_bytes(bytes);
    if (bytes >= 0)
        put_fact(xml, name, text);
}

/* ---- composition ---- */

struct part {
    const char *class, *name, *what;
    int64_t bytes;
};

static void put_part_bar(struct xml *xml, const struct part *parts, size_t count)
{
    double whole = 0;
    for (size_t i = 0; i < count; i++)
        whole += parts[i].bytes > 0 ? (double)parts[i].bytes : 0;
    html_open(xml, "div", "parts");
    xml_attribute(xml, "aria-hidden", "true"); /* the list below says the same */
    for (size_t i = 0; i < count; i++)
        if (parts[i].bytes > 0) {
            html_open(xml, "i", parts[i].class);
            xml_attributef(xml, "style", "width:%.2f%%", 100 * (double)parts[i].bytes / whole);
            xml_end(xml);
        }
    html_close(xml);
}

static void put_part(struct xml *xml, const struct part *part)
{
    if (part->bytes < 0)
        return;
    char *figure CLEANUP(cleanup_free) = format_bytes(part->bytes);
    xml_start(xml, "li");
    html_element(xml, "i", part->class, "");
    xml_text(xml, part->name);
    html_element(xml, "b", NULL, figure);
    html_element(xml, "small", NULL, part->what);
    html_close(xml);
}

static void put_pressure(struct xml *xml, const struct measurement *m)
{
    const struct pressure *pressure = &m->pressure;
    const struct {
        const char *name;
        int64_t count;
    } counts[] = {{"pages reclaimed and needed again", pressure->refaults},
                  {"times at the limit", pressure->limit_hits},
                  {"processes killed for lack of memory", pressure->oom_kills}};
    html_open(xml, "dl", NULL);
    put_bytes_fact(xml, "before the build began", m->peak.at_start_bytes);
    put_bytes_fact(xml, "accounted for by processes, caches and the kernel",
                   m->peak.at_peak.attributed_bytes);
    if (pressure->some_us >= 0) {
        char *waited CLEANUP(cleanup_free) = format_duration(pressure->some_us / 1000);
        put_fact(xml, "waited for memory", waited);
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char *text CLEANUP(cleanup_free) = xasprintf("%" PRId64, counts[i].count);
        if (counts[i].count >= 0)
            put_fact(xml, counts[i].name, text);
    }
    html_close(xml);
}

void html_put_composition(struct xml *xml, const struct html_report *report)
{
    const struct composition *made_of = &report->m->peak.composition;
    const struct part parts[] = {
        {"area k0", "anonymous", "heaps and stacks: it can't be dropped", made_of->anon_bytes},
        {"area k1", "page cache", "files that were read or written; mostly reclaimable",
         made_of->file_bytes},
        {"area k3", "shared memory", "tmpfs and the like", made_of->shmem_bytes},
        {"area k2", "kernel", "page tables, slab, sockets", made_of->kernel_bytes},
    };
    size_t count = sizeof parts / sizeof *parts;
    char *any CLEANUP(cleanup_free) = format_composition(made_of);
    if (!any)
        return;
    html_section(xml, "composition", "At the peak");
    put_part_bar(xml, parts, count);
    html_open(xml, "ul", "legend");
    for (size_t i = 0; i < count; i++)
        put_part(xml, &parts[i]);
    html_close(xml);
    put_pressure(xml, report->m);
    html_close(xml);
}

/* ---- verify ---- */

void html_put_verify(struct xml *xml, const struct html_report *report)
{
    static const char *const titles[] = {"", "check", "found", NULL};
    const struct measurement *m = report->m;
    if (!m->check_count)
        return;
    html_section(xml, "verify", "Did it really build?");
    html_table(xml, "The build's end, and what it was to make", titles);
    for (size_t i = 0; i < m->check_count; i++) {
        const struct verify_check *check = &m->checks[i];
        xml_start(xml, "tr");
        html_open(xml, "td", NULL);
        html_element(xml, "span",
                     check->ok         ? "mark good"
                     : check->required ? "mark bad"
                                       : "mark warn",
                     check->ok         ? "ok"
                     : check->required ? "FAIL"
                                       : "lacks");
        xml_end(xml);
        html_open(xml, "th", NULL);
        xml_attribute(xml, "scope", "row");
        xml_text(xml, check->path ? check->path : check->check);
        xml_end(xml);
        html_element(xml, "td", NULL, check->detail ? check->detail : "");
        html_close(xml);
    }
    html_table_end(xml);
    html_close(xml);
}

/* ---- environment ---- */

static char *format_count(int64_t count)
{
    return count < 0 ? NULL : xasprintf("%" PRId64, count);
}

static char *format_size(int64_t bytes)
{
    return bytes < 0 ? NULL : format_bytes(bytes);
}

/* One line for both runs. What is `compared` must be the same for the figures to mean the same;
 * other differences are drift. */
static void put_condition(struct xml *xml, const char *name, const char *is, const char *was,
                          bool with_before, bool compared)
{
    bool same = !with_before || strcmp(is ? is : "", was ? was : "") == 0;
    if (!is && !was)
        return;
    xml_start(xml, "tr");
    html_open(xml, "th", NULL);
    xml_attribute(xml, "scope", "row");
    xml_text(xml, name);
    xml_end(xml);
    html_element(xml, "td", NULL, is ? is : "not known");
    if (with_before) {
        html_element(xml, "td", NULL, was ? was : "not known");
        html_open(xml, "td", NULL);
        if (!same)
            html_element(xml, "span", compared ? "mark bad" : "mark warn",
                         compared ? "not comparable" : "drift");
        xml_end(xml);
    }
    html_close(xml);
}

static void put_conditions(struct xml *xml, const struct measurement *m,
                           const struct measurement *before)
{
    const struct measurement none = {
        .peak = {.limit_bytes = UNMEASURED},
        .environment = {.cpus = UNMEASURED, .memory_total_bytes = UNMEASURED}};
    const struct measurement *other = before ? before : &none;
    const struct environment *is = &m->environment, *was = &other->environment;
    char *cpus CLEANUP(cleanup_free) = format_count(is->cpus);
    char *cpus_before CLEANUP(cleanup_free) = format_count(was->cpus);
    char *limit CLEANUP(cleanup_free) = format_size(m->peak.limit_bytes);
    char *limit_before CLEANUP(cleanup_free) = format_size(other->peak.limit_bytes);
    char *memory CLEANUP(cleanup_free) = format_size(is->memory_total_bytes);
    char *memory_before CLEANUP(cleanup_free) = format_size(was->memory_total_bytes);
    char *variables CLEANUP(cleanup_free) = strv_join(&is->variables, "; ");
    char *variables_before CLEANUP(cleanup_free) = strv_join(&was->variables, "; ");
    const struct {
        const char *name, *is, *was;
        bool compared;
    } rows[] = {
        {"source of the peak", m->peak.source, other->peak.source, true},
        {"memory limit", limit ? limit : "none", limit_before ? limit_before : "none", true},
        {"architecture", is->architecture, was->architecture, true},
        {"CPUs", cpus, cpus_before, true},
        {"image", is->image, was->image, true},
        {"cache policy", cache_policy_name(is->cache_policy),
         before ? cache_policy_name(was->cache_policy) : NULL, true},
        {"engine", is->engine, was->engine, false},
        {"engine version", is->engine_version, was->engine_version, false},
        {"image digest", is->image_digest, was->image_digest, false},
        {"kernel", is->kernel, was->kernel, false},
        {"memory of the machine", memory, memory_before, false},
        {"huge pages", is->thp, was->thp, false},
        {"variables", variables, variables_before, false},
        {"command", m->build.command, other->build.command, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        put_condition(xml, rows[i].name, rows[i].is, rows[i].was, before != NULL, rows[i].compared);
}

static void put_sampler(struct xml *xml, const struct measurement *m)
{
    const struct sampler_account *sampler = &m->sampler;
    char *interval CLEANUP(cleanup_free) = format_duration(sampler->interval_ms);
    char *cpu CLEANUP(cleanup_free) = format_duration(sampler->cpu_ms);
    char *rss CLEANUP(cleanup_free) = format_bytes(sampler->rss_peak_bytes);
    html_open(xml, "p", "note");
    xml_textf(xml,
              "Sampled every %s: %" PRId64 " samples and %" PRId64
              " snapshots for %s of CPU time and %s of memory; %" PRId64
              " processes ended while they were read, %" PRId64 " could not be read.",
              interval, sampler->samples, sampler->snapshots, cpu, rss, sampler->vanished,
              sampler->unreadable);
    html_close(xml);
}

void html_put_environment(struct xml *xml, const struct html_report *report)
{
    static const char *const alone[] = {"", "this run", NULL};
    static const char *const both[] = {"", "this run", "other run", "", NULL};
    html_section(xml, "environment", "Environment");
    html_table(xml, "What decides whether two results can be compared, and what merely drifts",
               report->before ? both : alone);
    put_conditions(xml, report->m, report->before);
    html_table_end(xml);
    if (report->m->sampler.samples >= 0)
        put_sampler(xml, report->m);
    html_close(xml);
}
