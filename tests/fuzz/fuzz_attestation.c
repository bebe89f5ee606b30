/* Parses an attestation of BuildKit. If it is valid, it has a peak and a result can be made. */
#include "fuzz.h"
#include "measurement/attestation.h"
#include "measurement/measurement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement m CLEANUP(measurement_release);
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    if (attestation_parse(text, "provenance.json", &m, &err) < 0) {
        fuzz_check_error(&err, "provenance.json:");
        return 0;
    }
    if (!measurement_is_imported(&m) || m.peak.cgroup_bytes < 0 || !m.stage_count ||
        m.stage_count > ATTESTATION_STEPS_MAX || m.build.duration_ms < 0 || !m.started_at)
        BM_BUG("an attestation without figures");
    for (size_t i = 0; i < m.stage_count; i++)
        if (m.stages[i].cgroup_peak_bytes < 0 || m.stages[i].first_ms > m.stages[i].last_ms ||
            strpbrk(m.stages[i].name, "\n\t\033"))
            BM_BUG("a step that no build can have");
    return 0;
}
