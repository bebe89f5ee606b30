#include "probe/stages.h"

#include "proc/proc.h"

#include <regex.h>
#include <stddef.h>

static regex_t rules[STAGES_MAX];
static int rule_count, count;

const char *stages_add(const char *pattern)
{
    static char message[256];
    if (count == STAGES_MAX)
        return "too many stages";
    int status = regcomp(&rules[count], pattern, REG_EXTENDED | REG_NOSUB);
    if (status != 0) {
        regerror(status, &rules[count], message, sizeof message);
        return message;
    }
    rule_count = ++count;
    return NULL;
}

int stages_add_step(void)
{
    return count < STAGES_MAX ? count++ : NO_STAGE;
}

int stages_count(void)
{
    return count;
}

int stages_match(const char *command)
{
    if (is_shell_script(command))
        return NO_STAGE;
    for (int i = 0; i < rule_count; i++)
        if (regexec(&rules[i], command, 0, NULL, 0) == 0)
            return i;
    return NO_STAGE;
}
