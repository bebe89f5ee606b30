/* The course of a run, which a build can write to: an input is a timeline, or the file of what the
 * processes held where it begins as that does; the other one is a good one. What is taken loses no
 * line and no peak, and can be drawn; a timeline is written and read again as the same. To write
 * takes ten times as long as to read, to draw a hundred times: few inputs have to do it. */
#include "base/file.h"
#include "fuzz.h"
#include "report/holders.h"
#include "report/report.h"
#include "report/timeline.h"
#include "sample.h"

#include <stdlib.h>
#include <unistd.h>

static const char good_timeline[] = TIMELINE_HEAD "0,setup,2,1,1,0,1\n150,a,9,8,7,1,2\n";
static const char good_processes[] = PROCESSES_HEAD "0,npm,1,1\n150,node,2,8\n";

static int take(struct course *course, const void *timeline, size_t timeline_length,
                const void *processes, size_t processes_length, struct bm_error *err)
{
    char *first CLEANUP(cleanup_free) = xcalloc(timeline_length + 1, 1);
    char *second CLEANUP(cleanup_free) = xcalloc(processes_length + 1, 1);
    memcpy(first, timeline, timeline_length);
    memcpy(second, processes, processes_length);
    *course = (struct course){0};
    if (course_take_timeline(course, first, timeline_length, "timeline.csv", err) < 0)
        return -1;
    return course_take_processes(course, second, processes_length, "processes.csv", err);
}

static void check_lines(const struct course *course, const uint8_t *data, size_t size,
                        bool is_timeline)
{
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    if ((is_timeline ? course->count : course->holding_count) >= lines)
        BM_BUG("more lines than there are");
}

static void check_columns(const struct course *course)
{
    struct course_column columns[7], *made = course_columns(course, 1000, 7);
    int64_t highest = -1, lowest = INT64_MAX, shown_highest = -1, shown_lowest = INT64_MAX;
    memcpy(columns, made, sizeof columns);
    free(made);
    for (size_t i = 0; i < course->count; i++) {
        int64_t level = moment_level(&course->moments[i]);
        highest = level > highest ? level : highest;
        lowest = level >= 0 && level < lowest ? level : lowest;
    }
    for (size_t i = 0; i < 7; i++) {
        if (!columns[i].high != !columns[i].low)
            BM_BUG("a column with one end");
        if (!columns[i].high)
            continue;
        int64_t high = moment_level(columns[i].high), low = moment_level(columns[i].low);
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

static void write_timeline(const struct course *course)
{
    static bool made;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    if (!made) {
        close(mkstemp(written));
        atexit(remove_written);
        made = true;
    }
    struct timeline *timeline = timeline_open(written, &err);
    for (size_t i = 0; timeline && i < course->count; i++) {
        const struct moment *moment = &course->moments[i];
        timeline_add(timeline, &(struct timeline_row){.t_ms = moment->t_ms,
                                                      .stage = course->stages.items[moment->stage],
                                                      .cgroup_current_bytes = moment->cgroup_bytes,
                                                      .pss_bytes = moment->pss_bytes,
                                                      .anon_bytes = moment->anon_bytes,
                                                      .file_bytes = moment->file_bytes,
                                                      .processes = moment->processes});
    }
    if (!timeline || timeline_close(timeline, &err) < 0)
        BM_BUG(err.message);
}

static void check_round_trip(const struct course *course)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct course back CLEANUP(course_release);
    write_timeline(course);
    if (course_read(written, NULL, &back, &err) < 0)
        BM_BUG(err.message);
    if (back.count != course->count || back.stages.count != course->stages.count ||
        (course->count &&
         memcmp(back.moments, course->moments, course->count * sizeof *course->moments) != 0))
        BM_BUG("a timeline that changes as it is written again");
    for (size_t i = 0; i < course->stages.count; i++)
        if (strcmp(back.stages.items[i], course->stages.items[i]) != 0)
            BM_BUG("a stage whose name changes as it is written again");
}

static void draw(const struct course *course)
{
    static struct measurement m;
    struct judgement judgement CLEANUP(judgement_release);
    if (!m.label)
        sample_measurement(&m);
    sample_judgement(&judgement);
    free(html_text(&(struct html_report){.m = &m,
                                         .course = course,
                                         .judgement = &judgement,
                                         .before = &m,
                                         .before_course = course}));
    free(trace_text(&m, course));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t head = strlen(PROCESSES_HEAD);
    const bool is_timeline = size < head || memcmp(data, PROCESSES_HEAD, head) != 0;
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct course course CLEANUP(course_release);
    int refused = is_timeline
                      ? take(&course, data, size, good_processes, sizeof good_processes - 1, &err)
                      : take(&course, good_timeline, sizeof good_timeline - 1, data, size, &err);
    if (refused) {
        fuzz_check_error(&err, is_timeline ? "timeline.csv:" : "processes.csv:");
        return 0;
    }
    check_lines(&course, data, size, is_timeline);
    check_columns(&course);
    if (is_timeline && size % 16 == 0)
        check_round_trip(&course);
    if (size % 64 == 0)
        draw(&course);
    return 0;
}
