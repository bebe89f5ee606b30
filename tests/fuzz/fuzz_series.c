/* The series of a run, which a build can write to: an input is a timeline, or the file of what the
 * processes held where it begins as that does; the other one is a good one. What is taken loses no
 * line and no peak, and can be drawn; a timeline is written and read again as the same. To write
 * takes ten times as long as to read, to draw a hundred times: few inputs have to do it. */
#include "base/file.h"
#include "fuzz.h"
#include "report/report.h"
#include "result/process_series.h"
#include "result/timeline.h"
#include "unit/sample.h"

#include <stdlib.h>
#include <unistd.h>

static const char good_timeline[] = TIMELINE_HEAD "0,setup,2,1,1,0,1\n150,a,9,8,7,1,2\n";
static const char good_processes[] = PROCESSES_HEAD "0,npm,1,1\n150,node,2,8\n";

static int take(struct series *series, const void *timeline, size_t timeline_length,
                const void *processes, size_t processes_length, struct bm_error *err)
{
    char *first CLEANUP(cleanup_free) = xcalloc(timeline_length + 1, 1);
    char *second CLEANUP(cleanup_free) = xcalloc(processes_length + 1, 1);
    memcpy(first, timeline, timeline_length);
    memcpy(second, processes, processes_length);
    *series = (struct series){0};
    if (series_parse_timeline(series, first, timeline_length, "timeline.csv", err) < 0)
        return -1;
    return series_parse_processes(series, second, processes_length, "processes.csv", err);
}

static void check_lines(const struct series *series, const uint8_t *data, size_t size,
                        bool is_timeline)
{
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    if ((is_timeline ? series->count : series->process_sample_count) >= lines)
        BM_BUG("more lines than there are");
}

static void check_columns(const struct series *series)
{
    struct series_column columns[7], *made = series_columns(series, 1000, 7);
    int64_t highest = -1, lowest = INT64_MAX, shown_highest = -1, shown_lowest = INT64_MAX;
    memcpy(columns, made, sizeof columns);
    free(made);
    for (size_t i = 0; i < series->count; i++) {
        int64_t level = sample_usage(&series->samples[i]);
        highest = level > highest ? level : highest;
        lowest = level >= 0 && level < lowest ? level : lowest;
    }
    for (size_t i = 0; i < 7; i++) {
        if (!columns[i].high != !columns[i].low)
            BM_BUG("a column with one end");
        if (!columns[i].high)
            continue;
        int64_t high = sample_usage(columns[i].high), low = sample_usage(columns[i].low);
        shown_highest = high > shown_highest ? high : shown_highest;
        shown_lowest = low < shown_lowest ? low : shown_lowest;
    }
    if (highest != shown_highest || lowest != shown_lowest)
        BM_BUG("a peak that no column has");
}

static char written[] = "/tmp/build-mem-fuzz-XXXXXX";

static void remove_written(void)
{
    unlink(written);
}

static void write_timeline(const struct series *series)
{
    static bool made;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    if (!made) {
        close(mkstemp(written));
        atexit(remove_written);
        made = true;
    }
    struct timeline *timeline = timeline_open(written, &err);
    for (size_t i = 0; timeline && i < series->count; i++) {
        const struct sample *sample = &series->samples[i];
        timeline_add(timeline, &(struct timeline_row){.t_ms = sample->t_ms,
                                                      .stage = series->stages.items[sample->stage],
                                                      .cgroup_bytes = sample->cgroup_bytes,
                                                      .pss_bytes = sample->pss_bytes,
                                                      .anon_bytes = sample->anon_bytes,
                                                      .file_bytes = sample->file_bytes,
                                                      .processes = sample->processes});
    }
    if (!timeline || timeline_close(timeline, &err) < 0)
        BM_BUG(err.message);
}

static void check_round_trip(const struct series *series)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct series back CLEANUP(series_release);
    write_timeline(series);
    if (series_read(written, NULL, &back, &err) < 0)
        BM_BUG(err.message);
    if (back.count != series->count || back.stages.count != series->stages.count ||
        (series->count &&
         memcmp(back.samples, series->samples, series->count * sizeof *series->samples) != 0))
        BM_BUG("a timeline that changes as it is written again");
    for (size_t i = 0; i < series->stages.count; i++)
        if (strcmp(back.stages.items[i], series->stages.items[i]) != 0)
            BM_BUG("a stage whose name changes as it is written again");
}

static void draw(const struct series *series)
{
    static struct measurement m;
    struct judgement judgement CLEANUP(judgement_release);
    if (!m.label)
        sample_measurement(&m);
    sample_judgement(&judgement);
    free(html_text(&(struct html_report){.m = &m,
                                         .series = series,
                                         .judgement = &judgement,
                                         .before = &m,
                                         .before_series = series}));
    free(trace_text(&m, series));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t head = strlen(PROCESSES_HEAD);
    const bool is_timeline = size < head || memcmp(data, PROCESSES_HEAD, head) != 0;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct series series CLEANUP(series_release);
    int refused = is_timeline
                      ? take(&series, data, size, good_processes, sizeof good_processes - 1, &err)
                      : take(&series, good_timeline, sizeof good_timeline - 1, data, size, &err);
    if (refused) {
        fuzz_check_error(&err, is_timeline ? "timeline.csv:" : "processes.csv:");
        return 0;
    }
    check_lines(&series, data, size, is_timeline);
    check_columns(&series);
    if (is_timeline && size % 16 == 0)
        check_round_trip(&series);
    if (size % 64 == 0)
        draw(&series);
    return 0;
}
