#include "config/pattern.h"

#include <errno.h>
#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONGEST_PATTERN 1000
/* CPU time. Patterns that people write take less than 1 ms; there can be 256 of them. On a loaded
 * virtual machine, this time can include that of its neighbours: only a pattern that takes too long
 * in each attempt is refused. A longer time would let such a pattern take gigabytes. */
#define COMPILE_MS 100
#define COMPILE_ATTEMPTS 3

/* Returns the place behind the bracket expression "[...]" that begins at `at`. */
static const char *skip_bracket(const char *at)
{
    at += at[1] == '^' ? 2 : 1;
    at += *at == ']';
    while (*at && *at != ']') {
        const char *class_end = NULL;
        if (*at == '[' && at[1] && strchr(".:=", at[1]))
            class_end = strchr(at + 2, at[1]);
        at = class_end && class_end[1] == ']' ? class_end + 2 : at + 1;
    }
    return at + (*at == ']');
}

static bool refers_back(const char *at)
{
    while (*at) {
        if (*at == '[') {
            at = skip_bracket(at);
            continue;
        }
        bool escapes = *at++ == '\\';
        if (escapes && *at >= '1' && *at <= '9')
            return true;
        at += escapes && *at;
    }
    return false;
}

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
/* One process for each of ten million inputs would take hours, and it would test only glibc. */
static int try_to_compile(const char *pattern, int *status, struct bm_error *err)
{
    (void)pattern, (void)err;
    *status = 0;
    return 0;
}
#else
/* Sets `*status` to the result of regcomp(3), or to -1 if that takes too long. No property of the
 * pattern predicts the time, and regcomp(3) cannot be interrupted: a separate process tries it. */
static int try_to_compile(const char *pattern, int *status, struct bm_error *err)
{
    pid_t pid = fork();
    if (pid < 0)
        return bm_error_errno(err, "fork");
    if (pid == 0) {
        const struct itimerval patience = {.it_value.tv_usec = COMPILE_MS * 1000L};
        regex_t compiled;
        (void)signal(SIGPROF, SIG_DFL);
        (void)setitimer(ITIMER_PROF, &patience, NULL);
        _exit(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB));
    }
    int end = 0;
    while (waitpid(pid, &end, 0) < 0 && errno == EINTR)
        ;
    *status = WIFEXITED(end) ? WEXITSTATUS(end) : -1;
    return 0;
}
#endif

int pattern_check(const char *pattern, struct bm_error *err)
{
    int status = 0;
    if (!*pattern)
        return bm_error_set(err, "must not be empty: an empty pattern matches every process");
    if (strlen(pattern) > LONGEST_PATTERN)
        return bm_error_set(err, "must not be longer than %d bytes", LONGEST_PATTERN);
    if (refers_back(pattern))
        return bm_error_set(err, "must not contain a back-reference such as \"\\1\"");
    for (int i = 0; i == 0 || (status < 0 && i < COMPILE_ATTEMPTS); i++)
        if (try_to_compile(pattern, &status, err) < 0)
            return -1;
    if (status < 0)
        return bm_error_set(err, "takes too long to compile; remove nested or repeated "
                                 "repetitions");
    if (status > 0) {
        char message[256];
        regerror(status, NULL, message, sizeof message);
        return bm_error_set(err, "not a POSIX extended regular expression: %s", message);
    }
    return 0;
}
