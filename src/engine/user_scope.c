#include "engine/user_scope.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/strv.h"
#include "base/trace.h"
#include "proc/proc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS 60000
#define MOVE_MS 10000

bool user_scope_contains(const char *text, const char *name)
{
    char *component CLEANUP(cleanup_free) = xasprintf("/%s.scope", name);
    for (const char *line = text; *line; line += strspn(line, "\n")) {
        size_t length = strcspn(line, "\n");
        const char *found = memmem(line, length, component, strlen(component));
        const char *after = found ? found + strlen(component) : NULL;
        if (found && strncmp(line, "0::", 3) == 0 && (after == line + length || *after == '/'))
            return true;
        line += length;
    }
    return false;
}

/* Without a login, as with sudo or in a cron job, the variables of the session are missing: then
 * the socket has the path that logind gives it. */
static int find_bus(struct strv *argv, struct bm_error *err)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (getenv("DBUS_SESSION_BUS_ADDRESS") || (runtime && *runtime)) {
        strv_push(argv, "--user");
        return 0;
    }
    char *socket CLEANUP(cleanup_free) = xasprintf("/run/user/%u/bus", (unsigned)geteuid());
    if (access(socket, R_OK | W_OK) < 0)
        return bm_error_set(err,
                            "the service manager of this user is not running (%s: %s): log in, or "
                            "run: loginctl enable-linger",
                            socket, strerror(errno));
    strv_pushf(argv, "--address=unix:path=%s", socket);
    return 0;
}

static int call_manager(const struct strv *argv, struct bm_error *err)
{
    struct captured captured CLEANUP(captured_release) = {0};
    if (child_capture(argv->items, ANSWER_MS, &captured, err) < 0)
        return bm_error_wrap(err, "asking the service manager of this user for a scope");
    if (captured.exit_status)
        return bm_error_set(err, "the service manager of this user makes no scope: %s",
                            *captured.diagnostics ? captured.diagnostics : "busctl failed");
    return 0;
}

static int wait_for_move(const char *name, struct bm_error *err)
{
    char text[16384];
    for (int64_t end = monotonic_ms() + MOVE_MS; monotonic_ms() < end; sleep_ms(10))
        if (read_text("/proc/self/cgroup", text, sizeof text) > 0 &&
            user_scope_contains(text, name))
            return 0;
    return bm_error_set(err,
                        "the service manager of this user did not move build-mem into %s.scope "
                        "within %d s: see journalctl --user",
                        name, MOVE_MS / 1000);
}

int user_scope_enter(const char *name, struct bm_error *err)
{
    struct strv argv CLEANUP(strv_release) = {0};
    strv_push(&argv, "busctl");
    if (find_bus(&argv, err) < 0)
        return -1;
    static const char *const call[] = {"--quiet",
                                       "call",
                                       "org.freedesktop.systemd1",
                                       "/org/freedesktop/systemd1",
                                       "org.freedesktop.systemd1.Manager",
                                       "StartTransientUnit",
                                       "ssa(sv)a(sa(sv))"};
    for (size_t i = 0; i < sizeof call / sizeof *call; i++)
        strv_push(&argv, call[i]);
    strv_pushf(&argv, "%s.scope", name);
    static const char *const mode[] = {"fail", "4", "PIDs", "au", "1"};
    for (size_t i = 0; i < sizeof mode / sizeof *mode; i++)
        strv_push(&argv, mode[i]);
    strv_pushf(&argv, "%d", (int)getpid());
    /* A scope that failed would stay listed. The last 0: no further units. */
    static const char *const properties[] = {
        "Delegate",           "b",           "true", "CollectMode", "s",
        "inactive-or-failed", "Description", "s",    "build-mem",   "0"};
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        strv_push(&argv, properties[i]);
    if (call_manager(&argv, err) < 0 || wait_for_move(name, err) < 0)
        return -1;
    trace("engine host: moved into %s.scope of this user's service manager", name);
    return 0;
}
