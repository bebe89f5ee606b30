/* What to do if an engine cannot get the image. The messages are those of Docker 28.2 and Podman
 * 4.3 and 5.4, with a registry that gives each answer. */
#include "base/alloc.h"
#include "measurement/advice.h"
#include "measurement/no_image.h"
#include "measurement/validity.h"
#include "unit/suite.h"

#include <string.h>

#define DAEMON "Error response from daemon: "
#define PODMAN "Error: initializing source docker://"
#define LOOKUP "lookup registry-1.docker.io on 192.0.2.53:53: no such host"
#define CONFIG "\"/etc/containers/registries.conf\""

static const struct {
    const char *engine, *image;
    const char *message; /* after "docker pull: " */
    enum advice advice;
    const char *detail;
} cases[] = {
    {"podman", "gcc:14",
     "Error: short-name \"gcc:14\" did not resolve to an alias and no unqualified-search "
     "registries are defined in " CONFIG,
     ADVICE_FULL_IMAGE_NAME, "docker.io/library/gcc:14"},
    {"podman", "oven/bun:1",
     "Error: short-name resolution enforced but cannot prompt without a TTY",
     ADVICE_FULL_IMAGE_NAME, "docker.io/oven/bun:1"},

    {"podman", "r.example/app:1",
     PODMAN "r.example/app:1: reading manifest 1 in r.example/app: manifest unknown",
     ADVICE_CORRECT_IMAGE_NAME, "podman login r.example"},
    {"podman", "r.example/app:1",
     PODMAN "r.example/app:1: reading manifest 1 in r.example/app: name unknown",
     ADVICE_CORRECT_IMAGE_NAME, "podman login r.example"},
    {"podman", "r.example/app:1",
     PODMAN "r.example/app:1: reading manifest 1 in r.example/app: unauthorized",
     ADVICE_CORRECT_IMAGE_NAME, "podman login r.example"},
    {"podman", "r.example/app:1",
     PODMAN "r.example/app:1: reading manifest 1 in r.example/app: denied",
     ADVICE_CORRECT_IMAGE_NAME, "podman login r.example"},
    {"docker", "app:1", DAEMON "manifest unknown", ADVICE_CORRECT_IMAGE_NAME,
     "docker login docker.io"},
    {"docker", "app:1", DAEMON "name unknown", ADVICE_CORRECT_IMAGE_NAME, "docker login docker.io"},
    {"docker", "app:1", DAEMON "unauthorized", ADVICE_CORRECT_IMAGE_NAME, "docker login docker.io"},
    {"docker", "app:1", DAEMON "denied", ADVICE_CORRECT_IMAGE_NAME, "docker login docker.io"},
    {"docker", "appNAME:1",
     "invalid reference format: repository name (library/appNAME) must be lowercase",
     ADVICE_CORRECT_IMAGE_NAME, "docker login docker.io"},
    {"podman", "appNAME:1", "Error: repository name must be lowercase", ADVICE_CORRECT_IMAGE_NAME,
     "podman login docker.io"},

    {"docker", "gcc:14",
     DAEMON "toomanyrequests: You have reached your unauthenticated pull rate limit. "
            "https://www.docker.com/increase-rate-limit",
     ADVICE_REGISTRY_LIMIT, "docker login docker.io"},

    {"docker", "gcc:14", DAEMON "Get \"https://registry-1.docker.io/v2/\": dial tcp: " LOOKUP,
     ADVICE_REACH_REGISTRY, "docker.io"},
    {"podman", "docker.io/library/gcc:14",
     PODMAN "gcc:14: pinging container registry registry-1.docker.io: Get "
            "\"https://registry-1.docker.io/v2/\": dial tcp: " LOOKUP,
     ADVICE_REACH_REGISTRY, "docker.io"},
    {"podman", "192.0.2.1:9/app:1",
     PODMAN "192.0.2.1:9/app:1: pinging container registry 192.0.2.1:9: Get "
            "\"https://192.0.2.1:9/v2/\": dial tcp 192.0.2.1:9: connect: connection refused",
     ADVICE_REACH_REGISTRY, "192.0.2.1:9"},
    {"docker", "r.example/app:1", DAEMON "received unexpected HTTP status: 503 Service Unavailable",
     ADVICE_REACH_REGISTRY, "r.example"},
    {"podman", "r.example/app:1",
     PODMAN "r.example/app:1: reading manifest 1 in r.example/app: received unexpected HTTP "
            "status: 503 Service Unavailable",
     ADVICE_REACH_REGISTRY, "r.example"},
    /* The last line, if Podman has tried several registries. */
    {"podman", "gcc:14",
     " * initializing source docker://r.example/gcc:14: pinging container registry r.example: Get "
     "\"https://r.example/v2/\": dial tcp: lookup r.example on 192.0.2.53:53: no such host",
     ADVICE_REACH_REGISTRY, "docker.io"},
    {"docker", "localhost/app:1",
     DAEMON "Get \"http://localhost/v2/\": dial tcp 127.0.0.1:80: connect: connection refused",
     ADVICE_MAKE_IMAGE, "docker build --tag localhost/app:1"},

    {"docker", "gcc:14", "failed to register layer: write /usr/bin/gcc: no space left on device",
     ADVICE_FREE_IMAGE_DISK, "docker"},

    {"podman", "gcc:14", "Error: gcc:14: image not known", ADVICE_PULL_IMAGE,
     "podman pull docker.io/library/gcc:14"},
    {"docker", "gcc:14", DAEMON "No such image: gcc:14", ADVICE_PULL_IMAGE,
     "docker pull docker.io/library/gcc:14"},

    {"docker", "gcc:14", "failed without a message", ADVICE_SEE_PULL,
     "docker pull docker.io/library/gcc:14"},
    /* Not of the registry, but of the storage. */
    {"podman", "gcc:14", "Error: open /var/lib/containers/lock: permission denied", ADVICE_SEE_PULL,
     "podman pull docker.io/library/gcc:14"},

    /* No command to copy has such a name. */
    {"docker", "a;reboot", "invalid reference format", ADVICE_CORRECT_IMAGE, NULL},
    {"docker", "$(reboot)", DAEMON "manifest unknown", ADVICE_CORRECT_IMAGE, NULL},
    {"podman", "a b", "Error: invalid reference format", ADVICE_CORRECT_IMAGE, NULL},
};

START_TEST(a_failure_has_its_advice)
{
    struct measurement m CLEANUP(measurement_release);
    measurement_init(&m);
    measurement_set_engine(&m, cases[_i].engine, cases[_i].image);
    char *message CLEANUP(cleanup_free) =
        xasprintf("%s pull: %s", cases[_i].engine, cases[_i].message);
    m.not_measured = no_image_reason(cases[_i].image, "\"image\" in build-mem.json", message);

    char *reason CLEANUP(cleanup_free) = NULL, *advice CLEANUP(cleanup_free) = NULL;
    ck_assert_int_eq(run_validity(&m, &reason, &advice), RUN_NOT_MEASURED);
    char *expected_reason CLEANUP(cleanup_free) = xasprintf(
        "not measured: no image %s (\"image\" in build-mem.json): %s", cases[_i].image, message);
    char *expected CLEANUP(cleanup_free) = advice_text(cases[_i].advice, cases[_i].detail);
    ck_assert_str_eq(reason, expected_reason);
    ck_assert_str_eq(advice, expected);
    /* The way out that needs no image. */
    ck_assert_ptr_nonnull(strstr(advice, "--engine host"));
    ck_assert(image_is_missing(message) == (cases[_i].advice == ADVICE_PULL_IMAGE));
}
END_TEST

START_TEST(other_reasons_have_other_advice)
{
    struct measurement m CLEANUP(measurement_release);
    measurement_init(&m);
    m.not_measured = no_image_reason("gcc:14", "--image", "manifest unknown");
    ck_assert_ptr_null(no_image_advice(&m)); /* no engine, as before the run */
    measurement_set_engine(&m, "docker", "gcc:14");
    free(m.not_measured);
    m.not_measured = xstrdup("docker create: manifest unknown");
    ck_assert_ptr_null(no_image_advice(&m));
    free(m.not_measured);
    m.not_measured = NULL;
    ck_assert_ptr_null(no_image_advice(&m));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("no_image");
    TCase *test = tcase_create("no_image");
    tcase_add_loop_test(test, a_failure_has_its_advice, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(test, other_reasons_have_other_advice);
    suite_add_tcase(suite, test);
    return run_suite(suite);
}
