/* SPDX-License-Identifier: MIT */
/*
 * cli_text.h - the options that say how text is read, for every tool that reads text. A
 * tool puts those it takes into its own table, with these keys, and lets cli_text_set
 * have them first.
 */
#ifndef UMM_CMD_CLI_TEXT_H
#define UMM_CMD_CLI_TEXT_H

#include "cli.h"
#include "reading/reading.h"

enum {
    CLI_KEY_LAYOUT = CLI_KEY_LONG + 1100,
    CLI_KEY_COLUMNS,
    CLI_KEY_NAMES,
    CLI_KEY_HEADER,
    CLI_KEY_DELIMITER,
    CLI_KEY_DECIMAL,
    CLI_KEY_NA,
    CLI_KEY_COMMENT,
    CLI_KEY_SKIP_LINES,
    CLI_KEY_TIME_FORMAT,
    CLI_KEY_TIME_UNIT_IN,
    CLI_KEY_TZ,
    CLI_KEY_TZ_FOLD,
    CLI_KEY_WHERE,
    CLI_KEY_ONE_SERIES,
    CLI_KEY_WHOLE_LINES
};

/* CLI_OK, the exit code after a message, or -1 when key is none of these. */
int cli_text_set(struct umm_reading_options *reading, int key, const char *value);

#endif
