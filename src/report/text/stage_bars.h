/* The stages against the budget, as a picture for a terminal. Inside of report/ only. */
#ifndef BM_REPORT_TEXT_STAGE_BARS_H
#define BM_REPORT_TEXT_STAGE_BARS_H

#include "gate/judge.h"
#include "measurement/measurement.h"
#include "report/text/layout.h"

/* A bar a stage: its cgroup peak, on one scale with what the whole build is allowed (by the gate,
 * else by its memory limit), which is a line across. Nothing where no stage's peak is known. */
void put_stage_bars(struct page *page, const struct measurement *m,
                    const struct judgement *judgement);

#endif
