#include "gate/verdict.h"

#include "base/alloc.h"

void judgement_init(struct judgement *judgement)
{
    *judgement = (struct judgement){.verdict = VERDICT_PASS};
}

void judgement_release(struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->check_count; i++) {
        free(judgement->checks[i].metric);
        free(judgement->checks[i].values);
        free(judgement->checks[i].message);
    }
    free(judgement->checks);
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

const char *check_status_name(enum check_status status)
{
    switch (status) {
    case CHECK_PASS:
        return "pass";
    case CHECK_IMPROVED:
        return "improved";
    case CHECK_WARNED:
        return "warned";
    case CHECK_FAILED:
        return "failed";
    case CHECK_MISSING:
        return "missing";
    case CHECK_OFF:
        return "off";
    }
    BM_BUG("check status out of range");
}

const char *level_name(enum level level)
{
    switch (level) {
    case LEVEL_OFF:
        return "off";
    case LEVEL_WARN:
        return "warn";
    case LEVEL_FAIL:
        return "fail";
    }
    BM_BUG("level out of range");
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
