/* A command line's words, and numbers in them. */
#include "boot/console.h"

int cmdline_value(const char *cmdline, const char *name, char *value, size_t bytes)
{
    size_t name_length = strlen(name);
    for (const char *word = cmdline; *word;) {
        size_t length = 0;
        while (word[length] && word[length] != ' ')
            length++;
        if (length >= name_length && !strncmp(word, name, name_length) &&
            (length == name_length || word[name_length] == '=')) {
            size_t skipped = length == name_length ? length : name_length + 1;
            size_t found = length - skipped;
            size_t kept = found < bytes ? found : bytes - 1;
            memcpy(value, word + skipped, kept);
            value[kept] = '\0';
            return (int)found;
        }
        word += length;
        while (*word == ' ')
            word++;
    }
    return -1;
}

bool cmdline_unknown(const char *cmdline, const char *const *names, char *word, size_t bytes)
{
    char ignored[1];
    while (*cmdline == ' ')
        cmdline++;
    while (*cmdline) {
        size_t length = 0;
        while (cmdline[length] && cmdline[length] != ' ' && cmdline[length] != '=')
            length++;
        size_t kept = length < bytes ? length : bytes - 1;
        memcpy(word, cmdline, kept);
        word[kept] = '\0';
        bool known = false;
        for (const char *const *name = names; *name && !known; name++)
            known = length < bytes && cmdline_value(word, *name, ignored, sizeof(ignored)) >= 0;
        if (!known)
            return true;
        while (*cmdline && *cmdline != ' ')
            cmdline++;
        while (*cmdline == ' ')
            cmdline++;
    }
    return false;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

int parse_number(const char *text, uint64_t *number)
{
    unsigned base = 10;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    if (!*text)
        return -1;
    uint64_t value = 0;
    for (; *text; text++) {
        unsigned digit = (unsigned)digit_of(*text);
        if (digit >= base || value > (UINT64_MAX - digit) / base)
            return -1;
        value = value * base + digit;
    }
    *number = value;
    return 0;
}
