/* Parses the CSV files of a series, which a build can modify.
 *
 * The input is a process series if it begins with the header of one, and a timeline otherwise. The
 * other file is valid. A valid series must satisfy:
 * - it has fewer samples than the file has lines
 * - its columns contain the highest and the lowest usage
 * - it can be drawn
 * - a timeline survives a round trip
 *
 * A round trip takes ten times as long as the parser, a drawing a hundred times. They run for one
 * input of 16 and of 64. */
#include "base/file.h"
#include "fuzz.h"
#include "report/report.h"
#include "result/series.h"
#include "unit/sample.h"

#include <stdlib.h>
#include <unistd.h>

static const char good_timeline[] = TIMELINE_CSV_HEAD "0,setup,2,1,1,0,1,0,1\n150,a,9,8,7,1,2,,1\n";
static const char good_processes[] = PROCESSES_CSV_HEAD "0,npm,1,1,1\n150,node,2,8,\n";

static int parse(struct series *series, const void *timeline, size_t timeline_length,
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
        BM_BUG("the series has too many samples for the lines of the file");
}

static void check_columns(const struct series *series)
{
    struct series_column columns[7], *made = series_columns(series, 1000, 7);
    int64_t highest = -1, lowest = INT64_MAX, shown_highest = -1, shown_lowest = INT64_MAX;
    memcpy(columns, made, sizeof columns);
    free(made);
    for (size_t i = 0; i < series->count; i++) {
        int64_t usage = sample_usage(&series->samples[i]);
        highest = usage > highest ? usage : highest;
        lowest = usage >= 0 && usage < lowest ? usage : lowest;
    }
    for (size_t i = 0; i < 7; i++) {
        if (!columns[i].high != !columns[i].low)
            BM_BUG("a column has a highest or a lowest sample, but not both");
        if (!columns[i].high)
            continue;
        int64_t high = sample_usage(columns[i].high), low = sample_usage(columns[i].low);
        shown_highest = high > shown_highest ? high : shown_highest;
        shown_lowest = low < shown_lowest ? low : shown_lowest;
    }
    if (highest != shown_highest || lowest != shown_lowest)
        BM_BUG("no column contains the highest or the lowest usage");
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
    struct timeline_csv *csv = timeline_csv_open(written, &err);
    for (size_t i = 0; csv && i < series->count; i++)
        timeline_csv_add(csv, &series->samples[i], series->stages.items[series->samples[i].stage]);
    if (!csv || timeline_csv_close(csv, &err) < 0)
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
        BM_BUG("the timeline differs after a round trip");
    for (size_t i = 0; i < series->stages.count; i++)
        if (strcmp(back.stages.items[i], series->stages.items[i]) != 0)
            BM_BUG("the name of a stage differs after a round trip");
}

static void draw(const struct series *series)
{
    static struct measurement m;
    struct judgement judgement CLEANUP(judgement_release);
    if (!m.label)
        sample_measurement(&m);
    sample_judgement(&judgement);
    free(html_text(&(struct report_input){.m = &m,
                                          .series = series,
                                          .judgement = &judgement,
                                          .before = &m,
                                          .before_series = series}));
    free(trace_text(&m, series));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t head = strlen(PROCESSES_CSV_HEAD);
    const bool is_timeline = size < head || memcmp(data, PROCESSES_CSV_HEAD, head) != 0;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct series series CLEANUP(series_release);
    int refused = is_timeline
                      ? parse(&series, data, size, good_processes, sizeof good_processes - 1, &err)
                      : parse(&series, good_timeline, sizeof good_timeline - 1, data, size, &err);
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
