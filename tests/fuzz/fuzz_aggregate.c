/* Aggregates a stream of records into a measurement. Its result file must be readable.
 *
 * A result file takes ten times as long as the aggregate, so only one input of eight writes one. */
#include "fuzz.h"
#include "measurement/aggregate.h"
#include "result/result.h"
#include "stream.h"

static void check_result(const struct measurement *m)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct result back CLEANUP(result_release) = {0};
    char *text CLEANUP(cleanup_free) = result_to_json(m, &(struct judgement){0}, 0);
    if (result_parse(text, "written", &back, &err) < 0)
        BM_BUG(err.message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const bool writes_result = size % 8 == 0;
    struct strv names CLEANUP(strv_release) = {0};
    struct measurement m;
    struct wire_record record;
    int64_t used;
    strv_push(&names, "compile");
    strv_push(&names, "link");
    measurement_init(&m);
    m.label = xstrdup("fuzz");
    struct aggregate *aggregate = aggregate_new(&m, &names);
    while (size && (used = wire_decode(data, size, &record)) > 0) {
        aggregate_record(aggregate, &record);
        data += used;
        size -= (size_t)used;
    }
    aggregate_finish(aggregate);
    if (writes_result)
        check_result(&m);
    aggregate_free(aggregate);
    measurement_release(&m);
    return 0;
}
