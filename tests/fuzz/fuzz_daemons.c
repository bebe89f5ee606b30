/* Looks for a daemon in the command line of a process, and for a command that asks one in a build
 * command. */
#include "engine/known_daemons.h"
#include "fuzz.h"

static void check(struct daemon_client client)
{
    if ((client.daemon == DAEMON_IDS) != (client.name == NULL) || client.daemon > DAEMON_IDS)
        BM_BUG("a client without a daemon, or a daemon without a client");
    free(client.name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text CLEANUP(cleanup_free) = fuzz_text(data, size);
    struct strv command CLEANUP(strv_release) = {0}, env CLEANUP(strv_release) = {0};
    if (daemon_of_process((const char *)data, size) > DAEMON_IDS)
        BM_BUG("the daemon does not exist");
    check(daemon_client_in_process(text));
    strv_push(&command, "sh");
    strv_push(&command, "-c");
    strv_push(&command, text);
    strv_push(&env, text);
    check(daemon_client_in_command(&command));
    if (daemon_is_disabled(DAEMON_GRADLE, &command, &env) && !strchr(text, '-'))
        BM_BUG("nothing disables the daemon");
    return 0;
}
