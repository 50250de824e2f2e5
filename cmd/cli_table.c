/* SPDX-License-Identifier: MIT */
#include "cli_table.h"

#include <stdlib.h>
#include <string.h>

struct cli_table cli_table;

bool cli_is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at += len)
        if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

static void add_row(const struct cli_option *row, const struct cli_option *family)
{
    if (cli_table.n + 1 >= CLI_OPTIONS_MAX)
        abort(); /* our bug: a table larger than planned */
    struct cli_option *option = &cli_table.options[cli_table.n++];
    *option = *row;
    if (!family)
        return;
    option->at += family->at;
    option->given += option->given ? family->at : 0;
    option->help = family->help ? family->help : row->help;
}

/* The rows that a family's entry in the tool's table asks for. */
static void add_family(const struct cli_option *entry)
{
    for (const struct cli_option *row = entry->family; row->help; row++)
        if (!entry->words || cli_is_listed(entry->words, row->name))
            add_row(row, entry);
}

void cli_table_init(const struct cli_tool *tool)
{
    cli_table.tool = tool;
    for (const struct cli_option *row = tool->options; row->help || row->family; row++)
        if (row->family)
            add_family(row);
        else
            add_row(row, NULL);
}

bool cli_has_option(const char *name, size_t len)
{
    for (size_t i = 0; i < cli_table.n; i++)
        if (cli_table.options[i].name && strlen(cli_table.options[i].name) == len &&
            strncmp(cli_table.options[i].name, name, len) == 0)
            return true;
    return false;
}

size_t cli_find_letter(char letter)
{
    size_t i = 0;
    while (i < cli_table.n && !(cli_table.options[i].name && cli_table.options[i].letter == letter))
        i++;
    return i;
}

bool cli_needs_argument(const struct cli_option *option)
{
    return option->arg && option->arg[0] != '[';
}

bool cli_takes_next(const char *word)
{
    if (word[0] != '-' || !word[1] || strcmp(word, "--") == 0)
        return false;
    if (word[1] == '-') {
        for (size_t i = 0; i < cli_table.n; i++)
            if (cli_table.options[i].name && cli_needs_argument(&cli_table.options[i]) &&
                strncmp(cli_table.options[i].name, word + 2, strlen(word + 2)) == 0)
                return true;
        return false;
    }
    /* Of letters in a row, the first that takes an argument has what is left of the word. */
    for (const char *letter = word + 1; *letter; letter++) {
        size_t i = cli_find_letter(*letter);
        if (i < cli_table.n && cli_table.options[i].arg)
            return cli_needs_argument(&cli_table.options[i]) && !letter[1];
    }
    return false;
}
