#include "fit/fit.h"

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/units.h"
#include "fit/search.h"

#include <math.h>

static void add_environment(cJSON *root, const struct measurement *m)
{
    if (!m) {
        cJSON_AddNullToObject(root, "environment");
        return;
    }
    cJSON *object = json_add_object(root, "environment");
    json_add_text(object, "engine", m->environment.engine);
    json_add_text(object, "engine_version", m->environment.engine_version);
    json_add_text(object, "image", m->environment.image);
    json_add_text(object, "architecture", m->environment.architecture);
    json_add_measured(object, "cpus", m->environment.cpus);
    json_add_text(object, "kernel", m->environment.kernel);
    json_add_measured(object, "memory_total_bytes", m->environment.memory_total_bytes);
}

static void add_attempt(cJSON *array, const struct fit_attempt *attempt)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToArray(array, object);
    json_add_text(object, "label", attempt->label);
    json_add_measured(object, "limit_bytes", attempt->limit_bytes);
    json_add_text(object, "outcome", fit_outcome_name(attempt->outcome));
    json_add_text(object, "detail", attempt->detail);
    json_add_measured(object, "duration_ms", attempt->duration_ms);
    json_add_measured(object, "cgroup_bytes", attempt->cgroup_bytes);
    json_add_measured(object, "unreclaimable_bytes", attempt->unreclaimable_bytes);
    cJSON *pressure = json_add_object(object, "pressure");
    json_add_measured(pressure, "some_us", attempt->pressure.some_us);
    json_add_measured(pressure, "full_us", attempt->pressure.full_us);
    json_add_measured(pressure, "refaults", attempt->pressure.refaults);
    json_add_measured(pressure, "limit_hits", attempt->pressure.limit_hits);
    json_add_measured(pressure, "oom_kills", attempt->pressure.oom_kills);
}

static void add_recommendation(cJSON *root, const struct fit_search *search)
{
    if (search->state != FIT_FOUND) {
        cJSON_AddNullToObject(root, "recommended_bytes");
        return;
    }
    json_add_integer(root, "recommended_bytes", fit_recommended_bytes(search->full_speed_bytes));
}

static cJSON *fit_object(const struct fit *fit)
{
    const struct fit_search search = fit_search(fit->attempts, fit->count);
    const struct measurement *m = fit->unlimited;
    cJSON *root = cJSON_CreateObject();
    json_add_integer(root, "schema_version", FIT_SCHEMA_VERSION);
    json_add_text(root, "label", fit->label);
    json_add_text(root, "started_at", m ? m->started_at : NULL);
    json_add_text(root, "commit", m ? m->commit : NULL);
    json_add_text(root, "command", m ? m->build.command : NULL);
    json_add_text(root, "verdict", fit_verdict_name(fit_verdict_of(fit)));
    json_add_integer(root, "exit_code", fit_exit_status(fit));
    json_add_integer(root, "resolution_percent", lround(100 * FIT_RESOLUTION));
    json_add_measured(root, "failing_bytes", search.failing_bytes);
    json_add_measured(root, "passing_bytes", search.passing_bytes);
    json_add_measured(root, "passing_ms", search.passing_ms);
    json_add_measured(root, "full_speed_bytes", search.full_speed_bytes);
    json_add_measured(root, "full_speed_ms", search.full_speed_ms);
    add_recommendation(root, &search);
    cJSON *attempts = json_add_array(root, "attempts");
    for (size_t i = 0; i < fit->count; i++)
        add_attempt(attempts, &fit->attempts[i]);
    add_environment(root, m);
    return root;
}

char *fit_to_json(const struct fit *fit)
{
    cJSON *root CLEANUP(cleanup_cjson) = fit_object(fit);
    return json_print(root, 1);
}

char *fit_to_line(const struct fit *fit)
{
    cJSON *root CLEANUP(cleanup_cjson) = fit_object(fit);
    return json_print_line(root);
}
