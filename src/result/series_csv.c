#include "result/series.h"

#include "base/alloc.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES ((size_t)512 << 20)
#define TIMELINE_CELLS 9
#define PROCESSES_CELLS 5
#define MAX_CELLS 10

/* ---- writing ---- */

struct timeline_csv {
    FILE *file;
    char *path;
    int write_errno; /* of the first line that could not be written; 0: none */
};

struct timeline_csv *timeline_csv_open(const char *path, struct bm_error *err)
{
    /* The build can write to this directory: do not follow a link, and do not wait for the reader
     * of a pipe. */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd < 0) {
        bm_error_errno(err, "creating %s", path);
        return NULL;
    }
    struct timeline_csv *csv = xcalloc(1, sizeof *csv);
    csv->path = xstrdup(path);
    csv->file = fdopen(fd, "w");
    if (!csv->file)
        BM_BUG("no stream for an open descriptor");
    fputs(TIMELINE_CSV_HEAD, csv->file);
    if (fflush(csv->file) != 0)
        csv->write_errno = errno;
    return csv;
}

void timeline_csv_add(struct timeline_csv *csv, const struct sample *sample, const char *stage)
{
    if (csv->write_errno)
        return;
    FILE *file = csv->file;
    fprintf(file, "%" PRId64 ",", sample->t_ms);
    csv_put_text(file, stage);
    csv_put_figure(file, sample->cgroup_bytes);
    csv_put_figure(file, sample->pss_bytes);
    csv_put_figure(file, sample->anon_bytes);
    csv_put_figure(file, sample->file_bytes);
    csv_put_figure(file, sample->processes);
    csv_put_figure(file, sample->shmem_bytes);
    csv_put_figure(file, sample->kernel_bytes);
    fputc('\n', file);
    if (fflush(file) != 0)
        csv->write_errno = errno;
}

int timeline_csv_close(struct timeline_csv *csv, struct bm_error *err)
{
    if (!csv)
        return 0;
    if (fclose(csv->file) != 0 && !csv->write_errno)
        csv->write_errno = errno;
    int result = 0;
    if (csv->write_errno) {
        errno = csv->write_errno;
        result = bm_error_errno(err, "writing %s", csv->path);
    }
    free(csv->path);
    free(csv);
    return result;
}

int processes_csv_write(const struct series *series, const char *path, struct bm_error *err)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length;
    FILE *file = xmemstream_open(&text, &length);
    fputs(PROCESSES_CSV_HEAD, file);
    for (size_t i = 0; i < series->process_sample_count; i++) {
        const struct process_sample *sample = &series->process_samples[i];
        fprintf(file, "%" PRId64 ",", sample->t_ms);
        csv_put_text(file, series->groups.items[sample->group]);
        csv_put_figure(file, sample->count);
        csv_put_figure(file, sample->pss_bytes);
        csv_put_figure(file, sample->charged_bytes);
        fputc('\n', file);
    }
    xmemstream_close(file);
    return file_write_atomic(path, text, length, err);
}

/* ---- cells ---- */

enum cell_end { NEXT_CELL, END_OF_LINE, MALFORMED };

static bool ends_cell(char c)
{
    return c == ',' || c == '\r' || c == '\n' || c == '\0';
}

/* Returns the cell at `*at`, unquoted in place; moves `*at` past the cell and its separator. */
static char *take_cell(char **at, enum cell_end *end)
{
    char *from = *at, *cell = from, *to = from;
    if (*from == '"') {
        for (from++; *from && (*from != '"' || from[1] == '"'); from++)
            *to++ = *from == '"' ? *from++ : *from;
        from += *from == '"';
    } else {
        while (!ends_cell(*from))
            from++;
        to = from;
    }
    from += from[0] == '\r' && from[1] == '\n';
    *end = *from == ',' ? NEXT_CELL : *from == '\n' || !*from ? END_OF_LINE : MALFORMED;
    *at = from + (*from != '\0');
    *to = '\0';
    return cell;
}

/* Splits the line at `*at` into `cells`, in place, and moves `*at` to the next line. Returns the
 * number of cells, or MAX_CELLS + 1 if there are more or one of them is malformed. */
static size_t take_cells(char **at, char **cells)
{
    size_t count = 0;
    for (enum cell_end end = NEXT_CELL; end == NEXT_CELL;) {
        char *cell = take_cell(at, &end);
        if (end == MALFORMED)
            return MAX_CELLS + 1;
        if (count < MAX_CELLS)
            cells[count] = cell;
        count += count <= MAX_CELLS;
    }
    return count;
}

static int parse_figure(const char *cell, int64_t *figure)
{
    return parse_integer(cell, 0, SERIES_FIGURE_MAX, figure);
}

static int parse_optional_figure(const char *cell, int64_t *figure)
{
    *figure = UNMEASURED;
    return *cell ? parse_figure(cell, figure) : 0;
}

/* ---- lines ---- */

struct parser {
    struct series *series;
    struct name_index names;
};

static void parser_release(struct parser *parser)
{
    name_index_release(&parser->names);
}

static int parse_sample(struct parser *parser, char *const *cells)
{
    struct series *series = parser->series;
    struct sample sample = {.stage = name_index_add(&parser->names, cells[1])};
    int64_t *figures[] = {&sample.cgroup_bytes, &sample.pss_bytes, &sample.anon_bytes,
                          &sample.file_bytes,   &sample.processes, &sample.shmem_bytes,
                          &sample.kernel_bytes};
    if (parse_figure(cells[0], &sample.t_ms) < 0)
        return -1;
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (parse_optional_figure(cells[2 + i], figures[i]) < 0)
            return -1;
    series->samples = xgrow(series->samples, series->count, sizeof *series->samples);
    series->samples[series->count++] = sample;
    return 0;
}

static int parse_process_sample(struct parser *parser, char *const *cells)
{
    struct series *series = parser->series;
    struct process_sample sample = {.group = name_index_add(&parser->names, cells[1])};
    if (parse_figure(cells[0], &sample.t_ms) < 0 || parse_figure(cells[2], &sample.count) < 0 ||
        parse_figure(cells[3], &sample.pss_bytes) < 0 ||
        parse_optional_figure(cells[4], &sample.charged_bytes) < 0)
        return -1;
    series->process_samples = xgrow(series->process_samples, series->process_sample_count,
                                    sizeof *series->process_samples);
    series->process_samples[series->process_sample_count++] = sample;
    return 0;
}

/* Parses the lines after `head`; each has `width` cells. */
static int parse_lines(struct parser *parser, char *text, size_t length, const char *origin,
                       const char *head, size_t width,
                       int (*parse_line)(struct parser *parser, char *const *cells),
                       struct bm_error *err)
{
    if (strncmp(text, head, strlen(head)) != 0)
        return bm_error_set(err,
                            "%s:1: not a file of this build-mem: the first line must be \"%.*s\"",
                            origin, (int)strcspn(head, "\n"), head);
    char *end = memrchr(text, '\n', length);
    end[1] = '\0'; /* drops an incomplete last line */
    size_t line = 2;
    for (char *at = text + strlen(head); at <= end; line++) {
        char *cells[MAX_CELLS];
        if (take_cells(&at, cells) != width || parse_line(parser, cells) < 0)
            return bm_error_set(err,
                                "%s:%zu: invalid line; remove the file to report without it, or "
                                "measure again",
                                origin, line);
    }
    return 0;
}

int series_parse_timeline(struct series *series, char *text, size_t length, const char *origin,
                          struct bm_error *err)
{
    struct parser parser CLEANUP(parser_release) = {.series = series,
                                                    .names = {.names = &series->stages}};
    return parse_lines(&parser, text, length, origin, TIMELINE_CSV_HEAD, TIMELINE_CELLS,
                       parse_sample, err);
}

int series_parse_processes(struct series *series, char *text, size_t length, const char *origin,
                           struct bm_error *err)
{
    struct parser parser CLEANUP(parser_release) = {.series = series,
                                                    .names = {.names = &series->groups}};
    return parse_lines(&parser, text, length, origin, PROCESSES_CSV_HEAD, PROCESSES_CELLS,
                       parse_process_sample, err);
}

/* ---- files ---- */

static int read_file(const char *path, struct series *series,
                     int (*parse)(struct series *series, char *text, size_t length,
                                  const char *origin, struct bm_error *err),
                     struct bm_error *err)
{
    char *text CLEANUP(cleanup_free) = NULL;
    size_t length;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return 0;
    if (file_read(path, FILE_MAX_BYTES, &text, &length, err) < 0)
        return -1;
    return parse(series, text, length, path, err);
}

int series_read(const char *timeline_path, const char *processes_path, struct series *series,
                struct bm_error *err)
{
    *series = (struct series){0};
    if (read_file(timeline_path, series, series_parse_timeline, err) < 0)
        return -1;
    return processes_path ? read_file(processes_path, series, series_parse_processes, err) : 0;
}
