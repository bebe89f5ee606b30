/* A measured build and its judgements, made up for the tests of what is written and shown. */
#ifndef BM_TESTS_UNIT_SAMPLE_H
#define BM_TESTS_UNIT_SAMPLE_H

#include "gate/judge.h"
#include "measurement/measurement.h"

/* A run of the three-stage build that went well: every figure is measured, none is 0 or like
 * another. Both are released by the caller. */
void sample_measurement(struct measurement *m);

/* It regressed: the headline and stage build-deps fail, stage next-build warns, stage lint has
 * gone, stage setup passes, the duration is off. Three runs. */
void sample_judgement(struct judgement *judgement);

/* A plain run: pass, nothing judged. */
void sample_plain_judgement(struct judgement *judgement);

/* Puts into every text that a build can choose (names, commands, paths, details, messages): ANSI
 * sequences, control bytes, bytes that are no UTF-8, markup, "]]>", quotes, line breaks. */
extern const char sample_hostile[];
void sample_make_hostile(struct measurement *m, struct judgement *judgement);

/* Sets an owned text. */
void sample_set(char **text, const char *value);

/* "$TESTS_DIR/name", "tests/name" without that variable; the caller owns it. */
char *tests_path(const char *name);
/* The text of the file tests/fixtures/golden/NAME. Where BM_UPDATE_GOLDEN is set, `actual`
 * becomes the file first: look at the diff before you commit it. The caller owns it. */
char *golden_text(const char *name, const char *actual);

#endif
