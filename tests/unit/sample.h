/* A sample measurement and its judgements, for the tests of files and reports. */
#ifndef BM_TESTS_UNIT_SAMPLE_H
#define BM_TESTS_UNIT_SAMPLE_H

#include "gate/judge.h"
#include "measurement/measurement.h"

/* A successful run of a build with three stages. Every figure is measured, not 0, and unique. The
 * caller releases the measurement and the judgements. */
void sample_measurement(struct measurement *m);

/* Regressed, with three runs: the memory peak and stage build-deps fail, stage next-build warns,
 * stage lint is gone, stage setup passes, the duration is off. */
void sample_judgement(struct judgement *judgement);

/* A pass without findings. */
void sample_plain_judgement(struct judgement *judgement);

/* Sets every text that a build can choose (names, commands, paths, details, messages) to ANSI
 * sequences, control bytes, invalid UTF-8, markup, "]]>", quotes and line breaks. */
extern const char sample_hostile[];
void sample_make_hostile(struct measurement *m, struct judgement *judgement);

/* Sets an owned text. */
void sample_set(char **text, const char *value);

/* Returns "$TESTS_DIR/name", or "tests/name" if the variable is not set. The caller owns it. */
char *tests_path(const char *name);
/* Returns the text of tests/fixtures/golden/NAME. If BM_UPDATE_GOLDEN is set, writes `actual` to
 * the file first. The caller owns the text. */
char *golden_text(const char *name, const char *actual);

#endif
