/* build-mem import FILE: the figures that BuildKit recorded of an image build, as a result. */
#include "base/alloc.h"
#include "base/file.h"
#include "commands/commands.h"
#include "gate/judge.h"
#include "measurement/advice.h"
#include "measurement/attestation.h"
#include "result/result.h"

#include <string.h>

#define LARGEST_ATTESTATION ((size_t)64 << 20)

/* The caller owns the text; NULL on error. */
static char *import(const char *path, const char *label, struct bm_error *err)
{
    char *text CLEANUP(cleanup_free) = NULL;
    struct measurement m CLEANUP(measurement_release);
    struct judgement judgement CLEANUP(judgement_release);
    judgement_init(&judgement);
    measurement_init(&m);
    if (file_read(path, LARGEST_ATTESTATION, &text, NULL, err) < 0 ||
        attestation_parse(text, path, &m, err) < 0)
        return NULL;
    m.label = xstrdup(label);
    judge_alone(&m, 1, &judgement);
    /* There is no page beside it, as the advice of a measured run has. */
    if (judgement.verdict == VERDICT_PASS) {
        free(judgement.advice);
        judgement.advice = advice_text(ADVICE_COMPARE_IMPORTED, NULL);
    }
    return result_to_json(&m, &judgement, verdict_exit_status(judgement.verdict));
}

/* "DIR/metadata.json" becomes "DIR/result-LABEL.json". The caller owns it. */
static char *output_beside(const char *path, const char *label)
{
    const char *slash = strrchr(path, '/');
    return xasprintf("%.*sresult-%s.json", slash ? (int)(slash - path) + 1 : 0, path, label);
}

int command_import(int argc, char **argv)
{
    struct config config CLEANUP(config_release);
    struct strv operands CLEANUP(strv_release) = {0};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    int status;
    if (command_begin(&config, FLAGS_IMPORT, "import [flags] FILE", argc, argv, &operands,
                      &status) < 0)
        return status;
    if (operands.count != 1) {
        bm_error_set(&err, "import takes one file: a provenance attestation of BuildKit, or the "
                           "metadata file of docker buildx build");
        return bm_error_print(&err, EXIT_USAGE);
    }
    char *text CLEANUP(cleanup_free) = import(operands.items[0], config.label, &err);
    char *output CLEANUP(cleanup_free) =
        config.output ? xstrdup(config.output) : output_beside(operands.items[0], config.label);
    if (!text || write_output(output, text, &err) < 0)
        return bm_error_print(&err, EXIT_USAGE);
    return EXIT_PASS;
}
