#include "probe/stages.h"

#include <regex.h>
#include <stdbool.h>
#include <string.h>

static regex_t rules[STAGES_MAX];
static int count;

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
    count++;
    return NULL;
}

int stages_count(void)
{
    return count;
}

static bool is_shell_script(const char *command)
{
    static const char *const shells[] = {"sh", "bash", "dash", "ash", "zsh", "ksh"};
    size_t length = strcspn(command, " ");
    const char *name = command + length;
    while (name > command && name[-1] != '/')
        name--;
    length -= (size_t)(name - command);
    if (*name == '-') { /* a login shell */
        name++;
        length--;
    }
    bool shell = false;
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        shell |= strlen(shells[i]) == length && strncmp(name, shells[i], length) == 0;
    if (!shell)
        return false;
    /* Options come first; one of them has a "c": -c, -lc, -ec ... */
    for (const char *option = name + length; strncmp(option, " -", 2) == 0;) {
        option += 2;
        size_t size = strcspn(option, " ");
        if (memchr(option, 'c', size) && *option != '-')
            return true;
        option += size;
    }
    return false;
}

int stages_match(const char *command)
{
    if (is_shell_script(command))
        return count;
    for (int i = 0; i < count; i++)
        if (regexec(&rules[i], command, 0, NULL, 0) == 0)
            return i;
    return count;
}
