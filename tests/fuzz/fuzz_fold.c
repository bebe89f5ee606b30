/* A stream of records folded into a measurement: whatever comes, its result file can be read. To
 * write and read that takes ten times as long as to fold: one input of eight has to do it. */
#include "fuzz.h"
#include "measurement/fold.h"
#include "measurement/result.h"
#include "stream.h"

static void check_result(const struct measurement *m)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct measurement back;
    char *text CLEANUP(cleanup_free) = result_to_json(m, "pass", 0, NULL);
    if (result_parse(text, "written", &back, &err) < 0)
        BM_BUG(err.message);
    measurement_release(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const bool written = size % 8 == 0;
    struct strv names CLEANUP(strv_release) = {0};
    struct measurement m;
    struct wire_record record;
    int64_t used;
    strv_push(&names, "compile");
    strv_push(&names, "link");
    measurement_init(&m);
    m.label = xstrdup("fuzz");
    struct fold *fold = fold_new(&m, &names);
    while (size && (used = wire_decode(data, size, &record)) > 0) {
        fold_record(fold, &record);
        data += used;
        size -= (size_t)used;
    }
    fold_finish(fold);
    if (written)
        check_result(&m);
    fold_free(fold);
    measurement_release(&m);
    return 0;
}
