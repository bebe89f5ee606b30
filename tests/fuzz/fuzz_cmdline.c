/* Converts /proc/PID/cmdline to one line of text, to a stage, to a process name and to an item. */
#include "fuzz.h"
#include "measurement/process_item.h"
#include "measurement/process_name.h"
#include "probe/stages.h"
#include "proc/proc.h"

static void add_default_stages(void)
{
    if (stages_count() == 0 && stages_add("(^|[ /])next( |/dist/bin/next )build( |$)"))
        BM_BUG("a default pattern is refused");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *command CLEANUP(cleanup_free) = xmalloc(size + 1);
    add_default_stages();
    memcpy(command, data, size);
    size_t length = cmdline_to_text(command, size);
    if (strlen(command) != length || strpbrk(command, "\n\r\t\x1b\x7f"))
        BM_BUG("the command line is not one line of text");
    if (stages_match(command) >= stages_count() && stages_match(command) != NO_STAGE)
        BM_BUG("the stage does not exist");
    char *name CLEANUP(cleanup_free) = process_name(command);
    if (!*name)
        BM_BUG("the process name is empty");
    char *item CLEANUP(cleanup_free) = process_item(command);
    if (item && (!*item || strlen(item) > PROCESS_ITEM_MAX))
        BM_BUG("the item is empty or too long");
    return 0;
}
