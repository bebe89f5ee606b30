/* The report of build-mem doctor as JSON (doc/doctor.schema.json). */
#include "base/alloc.h"
#include "base/json_write.h"
#include "base/units.h"
#include "doctor/doctor.h"

#define SCHEMA_VERSION 1

static void add_diagnoses(cJSON *object, const char *key, const struct diagnoses *diagnoses)
{
    static const char *const states[] = {
        [DIAGNOSIS_OK] = "ok", [DIAGNOSIS_LIMITED] = "limited", [DIAGNOSIS_MISSING] = "missing"};
    cJSON *list = json_add_array(object, key);
    for (size_t i = 0; i < diagnoses->count; i++) {
        cJSON *item = cJSON_CreateObject();
        json_add_text(item, "subject", diagnoses->items[i].subject);
        json_add_text(item, "state", states[diagnoses->items[i].state]);
        json_add_text(item, "found", diagnoses->items[i].found);
        json_add_text(item, "fix", diagnoses->items[i].fix);
        cJSON_AddItemToArray(list, item);
    }
}

/* A fact that the trial did not get to is null. */
static void add_fact(cJSON *object, const char *key, bool known, bool fact)
{
    if (known)
        cJSON_AddBoolToObject(object, key, fact);
    else
        cJSON_AddNullToObject(object, key);
}

static cJSON *trial_to_json(const struct trial *trial)
{
    static const char *const states[] = {[TRIAL_ABSENT] = "absent",
                                         [TRIAL_FAILED] = "failed",
                                         [TRIAL_LIMITED] = "limited",
                                         [TRIAL_OK] = "ok"};
    const struct measurement *m = &trial->measured;
    bool measured = trial->state >= TRIAL_LIMITED;
    struct diagnoses diagnoses CLEANUP(diagnoses_release) = {0};
    cJSON *object = cJSON_CreateObject();
    json_add_text(object, "name", trial->engine->name);
    json_add_text(object, "state", states[trial->state]);
    json_add_text(object, "reason", trial->reason);
    json_add_text(object, "version", m->environment.engine_version);
    json_add_measured(object, "peak_bytes", measured ? m->peak.cgroup_bytes : UNMEASURED);
    json_add_text(object, "peak_source", measured ? m->peak.source : NULL);
    add_fact(object, "peak_exact", measured, !m->peak.estimated && !m->peak.shared);
    add_fact(object, "limit_in_force", measured && trial->limit != TRIAL_LIMIT_NONE,
             trial->limit == TRIAL_LIMIT_IN_FORCE);
    add_fact(object, "files_owned", measured, trial->owned);
    add_fact(object, "stage_peaks_exact", measured, trial_has_stage_peaks(trial));
    add_fact(object, "process_ledger", measured, m->ledger.source == PEAK_RSS_TASKSTATS);
    diagnose_trial(&diagnoses, trial);
    add_diagnoses(object, "diagnoses", &diagnoses);
    return object;
}

char *doctor_to_json(const struct doctor *doctor, const struct strv *start)
{
    cJSON *root CLEANUP(cleanup_cjson) = cJSON_CreateObject();
    json_add_integer(root, "schema_version", SCHEMA_VERSION);
    cJSON_AddBoolToObject(root, "can_measure", doctor->best != NULL);
    json_add_text(root, "best", doctor->best ? doctor->best->engine->name : NULL);
    cJSON *commands = json_add_array(root, "start");
    for (size_t i = 0; i < start->count; i++)
        json_append_text(commands, start->items[i]);
    cJSON *list = json_add_array(root, "engines");
    for (size_t i = 0; i < ENGINES; i++)
        cJSON_AddItemToArray(list, trial_to_json(&doctor->trials[i]));
    add_diagnoses(root, "machine", &doctor->machine);
    return json_print(root, 1);
}
