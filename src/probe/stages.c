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

static bool is_shell(const char *word, size_t length)
{
    static const char *const shells[] = {"sh", "bash", "dash", "ash", "zsh", "ksh"};
    for (size_t i = length; i > 0; i--)
        if (word[i - 1] == '/') {
            word += i;
            length -= i;
            break;
        }
    if (*word == '-') { /* a login shell */
        word++;
        length--;
    }
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strlen(shells[i]) == length && strncmp(word, shells[i], length) == 0)
            return true;
    return false;
}

/* Options come first; one of them contains "c": -c, -lc, -euo pipefail -c ... */
static bool takes_script(const char *options)
{
    while (*options == ' ' && (options[1] == '-' || options[1] == '+')) {
        bool is_long = options[1] == '-' && options[2] == '-', minus = options[1] == '-';
        options += 2;
        size_t size = strcspn(options, " ");
        if (minus && !is_long && memchr(options, 'c', size))
            return true;
        bool has_operand = !is_long && size && strchr("oO", options[size - 1]);
        options += size;
        if (has_operand && *options == ' ')
            options += 1 + strcspn(options + 1, " ");
    }
    return false;
}

/* A wrapper can precede the shell: "timeout 30 bash -c ...". */
static bool is_shell_script(const char *command)
{
    for (const char *word = command; *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        if (length && is_shell(word, length) && takes_script(word + length))
            return true;
        word += length;
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
