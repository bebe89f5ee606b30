#include "measurement/advice.h"

#include "base/alloc.h"

#include <string.h>

#define REFRESH "run: build-mem baseline refresh"
#define STEADIER                                                                                   \
    "make the build steadier (--cache warm, a fixed number of workers, a --memory limit)"
#define CLEAR_CACHE                                                                                \
    "if a build tool replays its cache, clear the cache with \"clear\" in build-mem.json, or "     \
    "disable it with \"env\" (nx: NX_SKIP_NX_CACHE=true, turbo: TURBO_FORCE=true, ccache: "        \
    "CCACHE_DISABLE=1), or omit --skip-clear for an image build, and measure again"
#define AS_ROOT "run build-mem as root outside of a container"
#define SEE_LOG "see the end of the build's log"
#define HOST "set --engine host, or \"engine\": \"host\" in build-mem.json"
#define OR_HOST "; or, to build without an image, " HOST
#define RAISE_LIMIT "raise the memory limit, or reduce the memory of the build"

/* "{}" is the place of the detail. */
static const char *const texts[] = {
    [ADVICE_SEE_PAGE] = "to see what used the memory, open report-NAME.html beside the result",
    [ADVICE_RECORD_BASELINE] = "to check later builds against a baseline, " REFRESH "{}",
    [ADVICE_COMMIT_BASELINE] = "commit the baseline with the source; to add it, run: {}",
    [ADVICE_KEEP_BASELINE] = "keep {} with the source: `build-mem check` reads it",
    [ADVICE_ADD_TO_BASELINE] = "to add what is new to the baseline, " REFRESH "{}",
    [ADVICE_KEEP_GAIN] = "to keep the improvement, " REFRESH "{}",
    [ADVICE_NEAR_BUDGET] = "reduce the memory of the build before it exceeds the budget in {}",
    [ADVICE_SEE_ALL_STAGES] = "to see stages that are this short, " AS_ROOT,
    [ADVICE_COMPARE_IMPORTED] = "to judge a change, import a build before and one after it, and "
                                "run: build-mem compare BEFORE AFTER",
    [ADVICE_ACCEPT_INCREASE] =
        "if this increase is intended, " REFRESH " --allow-increase --reason TEXT{}",
    [ADVICE_ACCEPT_LOSS] = "if this is intended, " REFRESH "{}",
    [ADVICE_SEE_TABLES] = "see in the tables which stage and which process grew",
    [ADVICE_OVER_BUDGET] = "reduce the memory of the build, or raise the budget in {}",
    [ADVICE_RAISE_LIMIT] =
        "raise the memory limit until the unreclaimable peak stays below 97 % of it",
    [ADVICE_SEE_LOG] = SEE_LOG "{}",
    [ADVICE_FIND_KILLER] = "find out who killed it: systemd-oomd (journalctl -u systemd-oomd), "
                           "earlyoom, a supervisor or a person; " SEE_LOG "{}",
    [ADVICE_OUT_OF_MEMORY] =
        RAISE_LIMIT ": the report names the stage and the processes at the peak",
    [ADVICE_OUT_OF_MEMORY_WITHOUT_LIMIT] =
        "give the machine more memory, or reduce that of the build: the report names the stage and "
        "the processes at the peak",
    [ADVICE_RAISE_TIMEOUT] = "raise --timeout, or see in the build's log where it hangs",
    [ADVICE_RAISE_LIMIT_THEN_TIMEOUT] = RAISE_LIMIT "; then, if need be, raise --timeout",
    [ADVICE_RAISE_V8_HEAP] = "raise --max-old-space-size in NODE_OPTIONS, and keep it below the "
                             "memory limit; or reduce the memory of this process",
    [ADVICE_RAISE_JVM_HEAP] =
        "raise -Xmx in JAVA_TOOL_OPTIONS, or in org.gradle.jvmargs or MAVEN_OPTS, and keep it "
        "below the memory limit; or reduce the memory of this process",
    [ADVICE_RAISE_METASPACE] = "raise or remove -XX:MaxMetaspaceSize",
    [ADVICE_RAISE_ADDRESS_SPACE] =
        "raise the limit of the address space (ulimit -v), allow the kernel to overcommit (sysctl "
        "vm.overcommit_memory=0), or reduce the memory of this process",
    [ADVICE_ENLARGE_SHM] = "raise --shm-size, or keep these files elsewhere",
    [ADVICE_FREE_DISK] = "free space on that file system, or let the build write to another one",
    [ADVICE_CORRECT_ARTIFACTS] = SEE_LOG "{}, or correct \"artifacts\" in build-mem.json",
    [ADVICE_STEADIER] = "check again on a quiet machine, or " STEADIER,
    [ADVICE_STEADIER_OR_MORE_RUNS] = "check again on a quiet machine, raise --runs, or " STEADIER,
    [ADVICE_NEW_CGROUP] = "check again in a new container, with no heavier step before the build, "
                          "or with Linux 6.12 or later, which can reset the counter",
    [ADVICE_RESET_COUNTER] =
        "check against a baseline in a new container, or check again with Linux "
        "6.12 or later, which can reset the peak counter of the cgroup",
    [ADVICE_QUIET_MACHINE] = "check again on a quiet machine",
    [ADVICE_REFRESH_QUIET] =
        "check out the commit of the baseline; on a quiet machine, " REFRESH "{}",
    [ADVICE_MEASURE_BOTH] = "check again: both trees must be measured",
    [ADVICE_MORE_RUNS] = "measure the first side again, with --runs 3 or more",
    [ADVICE_SINGLE_RUNS] = "one run of each side can be an unusual one: compare several (--runs 3) "
                           "before you rely on this",
    [ADVICE_MORE_IMPORTS] =
        "one build can be an unusual one: import several of each side, and run: "
        "build-mem compare BEFORE... -- AFTER...",
    [ADVICE_MORE_RIGHTS] = AS_ROOT ", or set the level of this metric to warn",
    [ADVICE_CLEAR_CACHE] = CLEAR_CACHE,
    [ADVICE_CLEAR_CACHE_OR_ACCEPT] = CLEAR_CACHE
    "; if the build does the same work with less memory, " REFRESH " --reason TEXT{}",
    [ADVICE_UNCHECKED_PROCESS] = AS_ROOT ", or remove the budget from {}",
    [ADVICE_UNCHECKED_STAGE] = "correct the pattern of the stage, or remove the budget from {}",
    [ADVICE_UNCHECKED_PEAK] = "add a budget of unreclaimable_peak, or remove the budget from {}",
    [ADVICE_MEASURE_DAEMON] = "to measure the work, {}",
    [ADVICE_FULL_IMAGE_NAME] =
        "set the full name of the image, which is {} if Docker Hub has it" OR_HOST,
    [ADVICE_CORRECT_IMAGE] = "correct the name of the image" OR_HOST,
    [ADVICE_CORRECT_IMAGE_NAME] =
        "correct the name of the image, or log in to its registry ({})" OR_HOST,
    [ADVICE_REGISTRY_LIMIT] = "log in to the registry ({}), or pull the image later" OR_HOST,
    [ADVICE_REACH_REGISTRY] =
        "let this machine reach the registry {}, or load the image from a file" OR_HOST,
    [ADVICE_MAKE_IMAGE] = "make the image on this machine first ({})" OR_HOST,
    [ADVICE_FREE_IMAGE_DISK] = "free space on the disk on which {} keeps its images" OR_HOST,
    [ADVICE_PULL_IMAGE] = "to build without an image, " HOST "; to pull the image, run: {}",
    [ADVICE_SEE_PULL] =
        "to build without an image, " HOST "; to see why the image cannot be pulled, run: {}",
    [ADVICE_DOCTOR] = "to see what this machine can measure, run: build-mem doctor",
    [ADVICE_UNFINISHED] = "wait until build-mem ends; if it was killed, measure again",
    [ADVICE_CORRECT_ERROR] = "correct this error, and measure again",
    [ADVICE_OTHER_ENVIRONMENT] =
        "measure in the environment of the baseline (the same --memory, --image, --engine, --cache "
        "and CPUs); to accept this environment too, " REFRESH "{}",
    [ADVICE_SAME_ENVIRONMENT] =
        "measure both in one environment (the same --memory, --image, --engine, --cache and CPUs)",
    [ADVICE_REFRESH_REFUSED] = "nothing was written; after the correction, " REFRESH "{}",
    [ADVICE_SET_LIMIT] = "set --memory {}",
    [ADVICE_CORRECT_BUILD] = "correct the build or its command; then run fit again",
    [ADVICE_NO_LIMIT_PASSES] = "see in {} why the build failed",
    [ADVICE_FIT_AGAIN] = "run fit again without interruption",
};

char *advice_text(enum advice advice, const char *detail)
{
    const char *text = texts[advice];
    const char *place = strstr(text, "{}");
    if (!place)
        return xstrdup(text);
    return xasprintf("%.*s%s%s", (int)(place - text), text, detail ? detail : "", place + 2);
}
