#include "stream.h"

#include "wire/wire.h"

#include <stdlib.h>

static int64_t any_figure(unsigned *seed)
{
    static const int64_t figures[] = {-1,        0,        1, 2, 3, 9, 1 << 20, INT64_C(1) << 40,
                                      INT64_MAX, INT64_MIN};
    return figures[(unsigned)rand_r(seed) % (sizeof figures / sizeof *figures)];
}

static const char *any_text(unsigned *seed)
{
    static const char *const texts[] = {"",
                                        "memory.peak",
                                        "x86_64",
                                        "node /bin/next build",
                                        "cc1plus -o x.o",
                                        "5 4 5\njava\n- Java Heap (reserved=9KB, committed=9KB)\n",
                                        "\xC3\x28 \x1b[31m\"\\"};
    return texts[(unsigned)rand_r(seed) % (sizeof texts / sizeof *texts)];
}

static struct wire_record any_record(unsigned *seed)
{
    struct wire_record record = {.type =
                                     (enum wire_type)(WIRE_HELLO + rand_r(seed) % WIRE_RUNTIME)};
    /* Each type except WIRE_OUTPUT consists of figures and texts, so any figures are valid. */
    int64_t *figures = &record.end.exit_code;
    for (size_t i = 0; i < sizeof record.end / sizeof *figures; i++)
        figures[i] = any_figure(seed);
    if (record.type == WIRE_HELLO) {
        record.hello.source = any_text(seed);
        record.hello.usage_source = any_text(seed);
        record.hello.cgroup_directory = any_text(seed);
        record.hello.architecture = any_text(seed);
        record.hello.kernel = any_text(seed);
        record.hello.thp = any_text(seed);
    } else if (record.type == WIRE_PROCESS) {
        record.process.command = any_text(seed);
    } else if (record.type == WIRE_VARIABLE) {
        record.variable.name = any_text(seed);
        record.variable.value = any_text(seed);
    } else if (record.type == WIRE_END) {
        record.end.inner_oom_cgroup = any_text(seed);
    } else if (record.type == WIRE_CONSTRAINT) {
        record.constraint.directory = any_text(seed);
    } else if (record.type == WIRE_PROCESS_SAMPLE) {
        record.process_sample.command = any_text(seed);
    } else if (record.type == WIRE_STEP) {
        record.step.cgroup = any_text(seed);
    } else if (record.type == WIRE_MAPPING) {
        record.mapping.name = any_text(seed);
    } else if (record.type == WIRE_RUNTIME) {
        record.runtime.text = any_text(seed);
    } else if (record.type == WIRE_FAILURE) {
        record.failure.message = any_text(seed);
    } else if (record.type == WIRE_OUTPUT) {
        record.output.stream = 1 + rand_r(seed) % 2;
        record.output.bytes = "output\n";
        record.output.length = (size_t)(rand_r(seed) % 8);
    }
    return record;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned seed)
{
    if (rand_r(&seed) % 2)
        return LLVMFuzzerMutate(data, size, capacity);
    struct wire_record record = any_record(&seed);
    return size + wire_encode(&record, data + size, capacity - size);
}
