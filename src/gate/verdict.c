#include "gate/verdict.h"

#include "base/alloc.h"

void judgement_init(struct judgement *judgement)
{
    *judgement = (struct judgement){.verdict = VERDICT_PASS};
}

void judgement_release(struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        free(judgement->findings[i].metric);
        free(judgement->findings[i].values);
        free(judgement->findings[i].message);
        free(judgement->findings[i].largest);
    }
    free(judgement->findings);
    free(judgement->baseline_path);
    free(judgement->reason);
    free(judgement->advice);
    strv_release(&judgement->notes);
    judgement_init(judgement);
}

const char *verdict_name(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_PASS:
        return "pass";
    case VERDICT_IMPROVED:
        return "improved";
    case VERDICT_REGRESSED:
        return "regressed";
    case VERDICT_OVER_LIMIT:
        return "over-limit";
    case VERDICT_BUILD_FAILED:
        return "build-failed";
    case VERDICT_INCONCLUSIVE:
        return "inconclusive";
    case VERDICT_NOT_COMPARABLE:
        return "not-comparable";
    case VERDICT_NO_BASELINE:
        return "no-baseline";
    }
    BM_BUG("verdict out of range");
}

const char *finding_status_name(enum finding_status status)
{
    switch (status) {
    case FINDING_PASS:
        return "pass";
    case FINDING_IMPROVED:
        return "improved";
    case FINDING_WARNED:
        return "warned";
    case FINDING_FAILED:
        return "failed";
    case FINDING_MISSING:
        return "missing";
    case FINDING_OFF:
        return "off";
    }
    BM_BUG("finding status out of range");
}

int verdict_exit_status(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_PASS:
    case VERDICT_IMPROVED:
        return 0;
    case VERDICT_REGRESSED:
    case VERDICT_OVER_LIMIT:
        return 1;
    case VERDICT_NO_BASELINE:
        return 2;
    case VERDICT_BUILD_FAILED:
        return 3;
    case VERDICT_INCONCLUSIVE:
    case VERDICT_NOT_COMPARABLE:
        return 4;
    }
    BM_BUG("verdict out of range");
}
