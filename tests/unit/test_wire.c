/* The record format: every record can be encoded and decoded, and other bytes are refused. */
#include "unit/suite.h"
#include "wire/wire.h"

#include <string.h>

static uint8_t frame[WIRE_HEADER_BYTES + WIRE_PAYLOAD_MAX];

START_TEST(every_record_is_decoded_as_it_was_encoded)
{
    struct wire_record in = {.type = WIRE_HELLO,
                             .hello = {.source = "memory.peak",
                                       .usage_source = "memory.current",
                                       .cgroup_directory = "",
                                       .peak_at_start_bytes = 1,
                                       .limit_bytes = -1,
                                       .cpu_percent = 200,
                                       .memory_total_bytes = INT64_MAX,
                                       .architecture = "x86_64",
                                       .kernel = "6.12",
                                       .thp = ""}},
                       out;
    size_t length = wire_encode(&in, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
    ck_assert_int_eq(out.type, WIRE_HELLO);
    ck_assert_str_eq(out.hello.source, "memory.peak");
    ck_assert_int_eq(out.hello.limit_bytes, -1);
    ck_assert_int_eq(out.hello.memory_total_bytes, INT64_MAX);

    in = (struct wire_record){.type = WIRE_VARIABLE,
                              .variable = {.name = "NODE_OPTIONS", .value = "-x"}};
    length = wire_encode(&in, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
    ck_assert_str_eq(out.variable.name, "NODE_OPTIONS");
    ck_assert_str_eq(out.variable.value, "-x");

    in = (struct wire_record){
        .type = WIRE_END,
        .end = {.inner_oom_cgroup = "/sandbox", .exit_code = 3, .largest_process_bytes = 7}};
    length = wire_encode(&in, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
    ck_assert_str_eq(out.end.inner_oom_cgroup, "/sandbox");
    out.end.inner_oom_cgroup = in.end.inner_oom_cgroup;
    ck_assert_mem_eq(&in.end, &out.end, sizeof in.end);

    in = (struct wire_record){.type = WIRE_SAMPLE, .sample = {.t_ms = 5, .processes = 9}};
    length = wire_encode(&in, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
    ck_assert_mem_eq(&in.sample, &out.sample, sizeof in.sample);

    in = (struct wire_record){
        .type = WIRE_PROCESS_SAMPLE,
        .process_sample = {.t_ms = 5, .pss_bytes = 6, .charged_bytes = 4, .command = "cc -c x.c"}};
    length = wire_encode(&in, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
    ck_assert_int_eq(out.process_sample.t_ms, 5);
    ck_assert_int_eq(out.process_sample.pss_bytes, 6);
    ck_assert_int_eq(out.process_sample.charged_bytes, 4);
    ck_assert_str_eq(out.process_sample.command, "cc -c x.c");

    in = (struct wire_record){.type = WIRE_STAGE_SEEN, .stage_seen = {.t_ms = 7, .stage = 2}};
    length = wire_encode(&in, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
    ck_assert_mem_eq(&in.stage_seen, &out.stage_seen, sizeof in.stage_seen);

    in = (struct wire_record){.type = WIRE_DISTURBANCE,
                              .disturbance = {1, -1, 3, 4, 5, 6, 7, 8, 9, 10}};
    length = wire_encode(&in, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
    ck_assert_mem_eq(&in.disturbance, &out.disturbance, sizeof in.disturbance);

    in = (struct wire_record){
        .type = WIRE_STEP,
        .step = {
            .t_ms = 8, .stage = 1, .cgroup = "/a", .ended = 1, .peak_bytes = 5, .oom_kills = -1}};
    length = wire_encode(&in, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
    ck_assert_int_eq(out.step.stage, 1);
    ck_assert_str_eq(out.step.cgroup, "/a");
    ck_assert_int_eq(out.step.ended, 1);
    ck_assert_int_eq(out.step.peak_bytes, 5);
    ck_assert_int_eq(out.step.peak_is_exact, 0);
    ck_assert_int_eq(out.step.oom_kills, -1);

    in = (struct wire_record){.type = WIRE_MAPPINGS, .mappings = {1, 2, 3, 4, 5, 6, 7}};
    length = wire_encode(&in, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
    ck_assert_mem_eq(&in.mappings, &out.mappings, sizeof in.mappings);

    in = (struct wire_record){.type = WIRE_MAPPING,
                              .mapping = {.kind = 6, .pss_bytes = 7, .name = "/lib/x.so"}};
    length = wire_encode(&in, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
    ck_assert_int_eq(out.mapping.kind, 6);
    ck_assert_int_eq(out.mapping.pss_bytes, 7);
    ck_assert_str_eq(out.mapping.name, "/lib/x.so");

    in = (struct wire_record){.type = WIRE_RUNTIME,
                              .runtime = {.kind = 1, .pid = 7, .began_ms = 9, .text = "5 5\nx"}};
    length = wire_encode(&in, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
    ck_assert_int_eq(out.runtime.kind, 1);
    ck_assert_int_eq(out.runtime.pid, 7);
    ck_assert_int_eq(out.runtime.began_ms, 9);
    ck_assert_str_eq(out.runtime.text, "5 5\nx");

    in = (struct wire_record){.type = WIRE_OUTPUT,
                              .output = {.stream = 2, .bytes = "a\0b", .length = 3}};
    length = wire_encode(&in, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
    ck_assert_int_eq(out.output.stream, 2);
    ck_assert_uint_eq(out.output.length, 3);
    ck_assert_mem_eq(out.output.bytes, "a\0b", 3);
}
END_TEST

START_TEST(an_incomplete_frame_needs_more_bytes)
{
    struct wire_record in = {.type = WIRE_PROCESS, .process = {.pid = 1, .command = "cc -c x.c"}};
    struct wire_record out;
    size_t length = wire_encode(&in, frame, sizeof frame);
    for (size_t i = 0; i < length; i++)
        ck_assert_int_eq(wire_decode(frame, i, &out), 0);
}
END_TEST

START_TEST(broken_frames_are_refused)
{
    struct wire_record in = {.type = WIRE_FAILURE, .failure = {.message = "no"}}, out;
    size_t length = wire_encode(&in, frame, sizeof frame);
    static const struct {
        size_t at;
        uint8_t value;
    } breaks[] = {
        {0, 'X'},  /* magic */
        {2, 99},   /* version */
        {3, 0},    /* type */
        {3, 200},  /* type */
        {7, 0xFF}, /* length */
        {4, 4},    /* length: the payload ends too early */
        {8, 1},    /* the string's own length */
        {10, 0},   /* a NUL inside the string */
    };
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        uint8_t kept = frame[breaks[i].at];
        frame[breaks[i].at] = breaks[i].value;
        ck_assert_msg(wire_decode(frame, length, &out) == -1, "break %zu is taken", i);
        frame[breaks[i].at] = kept;
    }
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
}
END_TEST

START_TEST(long_strings_are_truncated)
{
    static char command[3 * WIRE_STRING_MAX];
    memset(command, 'x', sizeof command - 1);
    struct wire_record in = {.type = WIRE_PROCESS, .process = {.command = command}}, out;
    size_t length = wire_encode(&in, frame, sizeof frame);
    ck_assert_int_eq(wire_decode(frame, length, &out), (int64_t)length);
    ck_assert_uint_eq(strlen(out.process.command), WIRE_STRING_MAX);
    ck_assert_uint_eq(wire_encode(&in, frame, 100), 0);
    /* No encoder writes a longer string. The command is the last field: one more byte and its NUL.
     */
    uint8_t *at = frame + length - 1 - WIRE_STRING_MAX - 2;
    *at += 1;
    frame[4] += 1;
    frame[length - 1] = 'x';
    frame[length] = '\0';
    ck_assert_int_eq(wire_decode(frame, length + 1, &out), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *all = tcase_create("all");
    tcase_add_test(all, every_record_is_decoded_as_it_was_encoded);
    tcase_add_test(all, an_incomplete_frame_needs_more_bytes);
    tcase_add_test(all, broken_frames_are_refused);
    tcase_add_test(all, long_strings_are_truncated);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
