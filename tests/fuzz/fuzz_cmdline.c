/* /proc/PID/cmdline, and what is made of it: one line, a stage, a name for people. */
#include "fuzz.h"
#include "measurement/process_name.h"
#include "probe/stages.h"
#include "proc/proc.h"

static void add_default_stages(void)
{
    if (stages_count() == 0 && stages_add("(^|[ /])next( |/dist/bin/next )build( |$)"))
        BM_BUG("a default rule that is refused");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *command CLEANUP(cleanup_free) = xmalloc(size + 1);
    add_default_stages();
    memcpy(command, data, size);
    size_t length = cmdline_to_text(command, size);
    if (strlen(command) != length || strpbrk(command, "\n\r\t\x1b\x7f"))
        BM_BUG("a command line that is not one line");
    if (stages_match(command) > stages_count())
        BM_BUG("a stage that there is not");
    char *name CLEANUP(cleanup_free) = process_name(command);
    if (!*name)
        BM_BUG("a process without a name");
    return 0;
}
