/* Every verdict ends with advice. The texts are asserted here, and nowhere else. */
#include "base/alloc.h"
#include "measurement/advice.h"
#include "unit/suite.h"

#include <string.h>

#define REFRESH "build-mem baseline refresh"
#define REPORT ": the report names the stage and the processes at the peak"
#define STEADIER                                                                                   \
    "make the build steadier (--cache warm, a fixed number of workers, a --memory limit)"
#define CACHE                                                                                      \
    "if a build tool replays its cache, clear the cache with \"clear\" in build-mem.json, or "     \
    "disable it with \"env\" (nx: NX_SKIP_NX_CACHE=true, turbo: TURBO_FORCE=true, ccache: "        \
    "CCACHE_DISABLE=1), or omit --skip-clear for an image build, and measure again"
#define ENVIRONMENT "(the same --memory, --image, --engine, --cache and CPUs)"
#define HOST "set --engine host, or \"engine\": \"host\" in build-mem.json"
#define OR_HOST "; or, to build without an image, " HOST
#define LOG ", build-now.log beside its result"

static const struct {
    const char *detail, *text;
} texts[ADVICE_COUNT] = {
    [ADVICE_SEE_PAGE] = {NULL,
                         "to see what used the memory, open report-NAME.html beside the result"},
    [ADVICE_RECORD_BASELINE] = {" --engine host -- make",
                                "to check later builds against a baseline, run: " REFRESH
                                " --engine host -- make"},
    [ADVICE_COMMIT_BASELINE] = {"git -C . add -- b.json",
                                "commit the baseline with the source; to add it, run: git -C . add "
                                "-- b.json"},
    [ADVICE_KEEP_BASELINE] = {"b.json", "keep b.json with the source: `build-mem check` reads it"},
    [ADVICE_ADD_TO_BASELINE] = {NULL, "to add what is new to the baseline, run: " REFRESH},
    [ADVICE_KEEP_GAIN] = {" --baseline b.json",
                          "to keep the improvement, run: " REFRESH " --baseline b.json"},
    [ADVICE_NEAR_BUDGET] = {"build-mem.json",
                            "reduce the memory of the build before it exceeds the budget in "
                            "build-mem.json"},
    [ADVICE_SEE_ALL_STAGES] = {NULL, "to see stages that are this short, run build-mem as root "
                                     "outside of a container"},
    [ADVICE_COMPARE_IMPORTED] = {NULL, "to judge a change, import a build before and one after it, "
                                       "and run: build-mem compare BEFORE AFTER"},
    [ADVICE_ACCEPT_INCREASE] = {" -- make", "if this increase is intended, run: " REFRESH
                                            " --allow-increase --reason TEXT -- make"},
    [ADVICE_ACCEPT_LOSS] = {" -- make", "if this is intended, run: " REFRESH " -- make"},
    [ADVICE_NEW_CGROUP] = {NULL, "check again in a new container, with no heavier step before the "
                                 "build, or with Linux 6.12 or later, which can reset the counter"},
    [ADVICE_RESET_COUNTER] = {NULL, "check against a baseline in a new container, or check again "
                                    "with Linux 6.12 or later, which can reset the peak counter of "
                                    "the cgroup"},
    [ADVICE_MORE_IMPORTS] = {NULL, "one build can be an unusual one: import several of each side, "
                                   "and run: build-mem compare BEFORE... -- AFTER..."},
    [ADVICE_SEE_TABLES] = {NULL, "see in the tables which stage and which process grew"},
    [ADVICE_OVER_BUDGET] = {"b.json",
                            "reduce the memory of the build, or raise the budget in b.json"},
    [ADVICE_RAISE_LIMIT] = {NULL, "raise the memory limit until the unreclaimable peak stays below "
                                  "97 % of it"},
    [ADVICE_SEE_LOG] = {LOG, "see the end of the build's log" LOG},
    [ADVICE_FIND_KILLER] = {LOG, "find out who killed it: systemd-oomd (journalctl -u "
                                 "systemd-oomd), earlyoom, a supervisor or a person; see the end "
                                 "of the build's log" LOG},
    [ADVICE_OUT_OF_MEMORY] = {NULL,
                              "raise the memory limit, or reduce the memory of the build" REPORT},
    [ADVICE_OUT_OF_MEMORY_WITHOUT_LIMIT] =
        {NULL, "give the machine more memory, or reduce that of the build" REPORT},
    [ADVICE_RAISE_TIMEOUT] = {NULL, "raise --timeout, or see in the build's log where it hangs"},
    [ADVICE_RAISE_LIMIT_THEN_TIMEOUT] = {NULL, "raise the memory limit, or reduce the memory of "
                                               "the build; then, if need be, raise --timeout"},
    [ADVICE_RAISE_V8_HEAP] = {NULL, "raise --max-old-space-size in NODE_OPTIONS, and keep it below "
                                    "the memory limit; or reduce the memory of this process"},
    [ADVICE_RAISE_JVM_HEAP] = {NULL, "raise -Xmx in JAVA_TOOL_OPTIONS, or in org.gradle.jvmargs or "
                                     "MAVEN_OPTS, and keep it below the memory limit; or reduce "
                                     "the memory of this process"},
    [ADVICE_RAISE_METASPACE] = {NULL, "raise or remove -XX:MaxMetaspaceSize"},
    [ADVICE_RAISE_ADDRESS_SPACE] = {NULL, "raise the limit of the address space (ulimit -v), allow "
                                          "the kernel to overcommit (sysctl "
                                          "vm.overcommit_memory=0), or reduce the memory of this "
                                          "process"},
    [ADVICE_ENLARGE_SHM] = {NULL, "raise --shm-size, or keep these files elsewhere"},
    [ADVICE_FREE_DISK] = {NULL, "free space on that file system, or let the build write to another "
                                "one"},
    [ADVICE_CORRECT_ARTIFACTS] = {LOG, "see the end of the build's log" LOG
                                       ", or correct \"artifacts\" in build-mem.json"},
    [ADVICE_STEADIER] = {NULL, "check again on a quiet machine, or " STEADIER},
    [ADVICE_STEADIER_OR_MORE_RUNS] = {NULL,
                                      "check again on a quiet machine, raise --runs, or " STEADIER},
    [ADVICE_QUIET_MACHINE] = {NULL, "check again on a quiet machine"},
    [ADVICE_REFRESH_QUIET] = {NULL,
                              "check out the commit of the baseline; on a quiet machine, run: "
                              "build-mem baseline refresh"},
    [ADVICE_MEASURE_BOTH] = {NULL, "check again: both trees must be measured"},
    [ADVICE_MORE_RUNS] = {NULL, "measure the first side again, with --runs 3 or more"},
    [ADVICE_SINGLE_RUNS] = {NULL, "one run of each side can be an unusual one: compare several "
                                  "(--runs 3) before you rely on this"},
    [ADVICE_MORE_RIGHTS] = {NULL, "run build-mem as root outside of a container, or set the level "
                                  "of this metric to warn"},
    [ADVICE_CLEAR_CACHE] = {NULL, CACHE},
    [ADVICE_CLEAR_CACHE_OR_ACCEPT] =
        {" -- make", CACHE "; if the build does the same work with less memory, run: " REFRESH
                           " --reason TEXT -- make"},
    [ADVICE_UNCHECKED_PROCESS] = {"b.json", "run build-mem as root outside of a container, or "
                                            "remove the budget from b.json"},
    [ADVICE_UNCHECKED_STAGE] = {"b.json", "correct the pattern of the stage, or remove the budget "
                                          "from b.json"},
    [ADVICE_UNCHECKED_PEAK] = {"b.json", "add a budget of unreclaimable_peak, or remove the budget "
                                         "from b.json"},
    [ADVICE_MEASURE_DAEMON] = {"add --no-daemon", "to measure the work, add --no-daemon"},
    [ADVICE_FULL_IMAGE_NAME] = {"docker.io/library/gcc:14",
                                "set the full name of the image, which is docker.io/library/gcc:14 "
                                "if Docker Hub has it" OR_HOST},
    [ADVICE_CORRECT_IMAGE] = {NULL, "correct the name of the image" OR_HOST},
    [ADVICE_CORRECT_IMAGE_NAME] = {"podman login docker.io",
                                   "correct the name of the image, or log in to its registry "
                                   "(podman login docker.io)" OR_HOST},
    [ADVICE_REGISTRY_LIMIT] = {"docker login docker.io",
                               "log in to the registry (docker login docker.io), or pull the image "
                               "later" OR_HOST},
    [ADVICE_REACH_REGISTRY] = {"docker.io", "let this machine reach the registry docker.io, or "
                                            "load the image from a file" OR_HOST},
    [ADVICE_MAKE_IMAGE] = {"podman build --tag localhost/app",
                           "make the image on this machine first (podman build --tag "
                           "localhost/app)" OR_HOST},
    [ADVICE_FREE_IMAGE_DISK] = {"docker", "free space on the disk on which docker keeps its "
                                          "images" OR_HOST},
    [ADVICE_PULL_IMAGE] = {"docker pull gcc:14", "to build without an image, " HOST
                                                 "; to pull the image, run: docker pull gcc:14"},
    [ADVICE_SEE_PULL] = {"docker pull gcc:14",
                         "to build without an image, " HOST
                         "; to see why the image cannot be pulled, run: docker pull gcc:14"},
    [ADVICE_DOCTOR] = {NULL, "to see what this machine can measure, run: build-mem doctor"},
    [ADVICE_UNFINISHED] = {NULL, "wait until build-mem ends; if it was killed, measure again"},
    [ADVICE_CORRECT_ERROR] = {NULL, "correct this error, and measure again"},
    [ADVICE_OTHER_ENVIRONMENT] = {" -- make",
                                  "measure in the environment of the baseline " ENVIRONMENT
                                  "; to accept this environment too, run: " REFRESH " -- make"},
    [ADVICE_SAME_ENVIRONMENT] = {NULL, "measure both in one environment " ENVIRONMENT},
    [ADVICE_REFRESH_REFUSED] = {" -- make",
                                "nothing was written; after the correction, run: " REFRESH
                                " -- make"},
    [ADVICE_SET_LIMIT] = {"512m", "set --memory 512m"},
    [ADVICE_CORRECT_BUILD] = {NULL, "correct the build or its command; then run fit again"},
    [ADVICE_NO_LIMIT_PASSES] = {"build-fit-2.log", "see in build-fit-2.log why the build failed"},
    [ADVICE_FIT_AGAIN] = {NULL, "run fit again without interruption"},
};

START_TEST(advice_has_its_text)
{
    char *text CLEANUP(cleanup_free) = advice_text((enum advice)_i, texts[_i].detail);
    ck_assert_pstr_eq(text, texts[_i].text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("advice");
    TCase *tests = tcase_create("texts");
    tcase_add_loop_test(tests, advice_has_its_text, 0, ADVICE_COUNT);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
