/* SPDX-License-Identifier: MIT */
/* cli_table.h - the table of the tool that runs, for what parses, prints and words it. */
#ifndef UMM_CMD_CLI_TABLE_H
#define UMM_CMD_CLI_TABLE_H

#include "cli_options.h"

enum { CLI_OPTIONS_MAX = 96 };

/* The tool's rows, those of families in the places of these. */
extern struct cli_table {
    const struct cli_tool *tool;
    struct cli_option options[CLI_OPTIONS_MAX];
    bool is_given[CLI_OPTIONS_MAX];
    size_t n;
} cli_table;

/* Whether name is one of the words of list, apart by spaces. */
bool cli_is_listed(const char *list, const char *name);

/* The letter's index in the table; the number of options if it is none. */
size_t cli_find_letter(char letter);

/* Whether an argument must follow. */
bool cli_needs_argument(const struct cli_option *option);

#endif
