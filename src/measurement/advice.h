/* Advice: what to do next, for each cause of a verdict. Every verdict has one.
 *
 * One table has all texts. A command follows "run: " at the end of a text, so that the reports can
 * show it on a line of its own. */
#ifndef BM_MEASUREMENT_ADVICE_H
#define BM_MEASUREMENT_ADVICE_H

/* The comment names the detail, if the text has one. "arguments" are those of `baseline refresh`,
 * with a leading blank: " --engine host -- make"; "" if there are none. */
enum advice {
    /* pass, improved */
    ADVICE_SEE_PAGE,
    ADVICE_RECORD_BASELINE, /* arguments */
    ADVICE_COMMIT_BASELINE, /* the command */
    ADVICE_KEEP_BASELINE,   /* the file: it is not in a git repository */
    ADVICE_ADD_TO_BASELINE, /* arguments */
    ADVICE_KEEP_GAIN,       /* arguments */
    ADVICE_NEAR_BUDGET,     /* the file with the budget */
    ADVICE_SEE_ALL_STAGES,
    ADVICE_COMPARE_IMPORTED,
    /* regressed */
    ADVICE_ACCEPT_INCREASE, /* arguments */
    ADVICE_ACCEPT_LOSS,     /* arguments */
    ADVICE_SEE_TABLES,
    /* over-limit */
    ADVICE_OVER_BUDGET, /* the file with the budget */
    ADVICE_RAISE_LIMIT,
    /* build-failed */
    ADVICE_SEE_LOG,     /* "", or where the log is */
    ADVICE_FIND_KILLER, /* as ADVICE_SEE_LOG */
    ADVICE_OUT_OF_MEMORY,
    ADVICE_OUT_OF_MEMORY_WITHOUT_LIMIT,
    ADVICE_RAISE_TIMEOUT,
    ADVICE_RAISE_LIMIT_THEN_TIMEOUT,
    ADVICE_RAISE_V8_HEAP,
    ADVICE_RAISE_JVM_HEAP,
    ADVICE_RAISE_METASPACE,
    ADVICE_RAISE_ADDRESS_SPACE,
    ADVICE_ENLARGE_SHM,
    ADVICE_FREE_DISK,
    ADVICE_CORRECT_ARTIFACTS, /* as ADVICE_SEE_LOG */
    /* inconclusive */
    ADVICE_STEADIER,
    ADVICE_STEADIER_OR_MORE_RUNS,
    ADVICE_NEW_CGROUP,
    ADVICE_RESET_COUNTER,
    ADVICE_QUIET_MACHINE,
    ADVICE_REFRESH_QUIET, /* arguments */
    ADVICE_MEASURE_BOTH,
    ADVICE_MORE_RUNS,
    ADVICE_SINGLE_RUNS,
    ADVICE_MORE_IMPORTS,
    ADVICE_MORE_RIGHTS,
    ADVICE_CLEAR_CACHE,
    ADVICE_CLEAR_CACHE_OR_ACCEPT, /* arguments */
    ADVICE_UNCHECKED_PROCESS,     /* the file with the budget */
    ADVICE_UNCHECKED_STAGE,       /* the file with the budget */
    ADVICE_UNCHECKED_PEAK,        /* the file with the budget */
    ADVICE_MEASURE_DAEMON,        /* the fix of the daemon */
    ADVICE_FULL_IMAGE_NAME,       /* the name */
    ADVICE_CORRECT_IMAGE,
    ADVICE_CORRECT_IMAGE_NAME, /* the command to log in */
    ADVICE_REGISTRY_LIMIT,     /* the same */
    ADVICE_REACH_REGISTRY,     /* the registry */
    ADVICE_MAKE_IMAGE,         /* the command */
    ADVICE_FREE_IMAGE_DISK,    /* the engine */
    ADVICE_PULL_IMAGE,         /* the command */
    ADVICE_SEE_PULL,           /* the command */
    ADVICE_DOCTOR,
    ADVICE_UNFINISHED,
    ADVICE_CORRECT_ERROR,
    /* not-comparable, no-baseline */
    ADVICE_OTHER_ENVIRONMENT, /* arguments */
    ADVICE_SAME_ENVIRONMENT,
    ADVICE_REFRESH_REFUSED, /* arguments */
    /* the verdicts of `fit` */
    ADVICE_SET_LIMIT, /* "512m (500.0 MiB plus 5 %, rounded up)" */
    ADVICE_CORRECT_BUILD,
    ADVICE_NO_LIMIT_PASSES, /* the log of the last attempt */
    ADVICE_FIT_AGAIN,
    ADVICE_COUNT,
};

/* Returns the text, with `detail` in its place; NULL is an empty detail. The caller owns it. */
char *advice_text(enum advice advice, const char *detail);

#endif
