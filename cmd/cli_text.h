/* SPDX-License-Identifier: MIT */
/*
 * cli_text.h - the options that say how text is read, for every tool that reads text. A
 * tool names those that it takes: CLI_TEXTS() in its table.
 */
#ifndef UMM_CMD_CLI_TEXT_H
#define UMM_CMD_CLI_TEXT_H

#include "cli.h"
#include "reading/reading.h"

/*
 * layout header names delimiter decimal thousands numbers na comment skip-lines columns
 * time-format time-unit-in date hour-24 tz tz-fold where one-series members max-unpacked
 * max-ratio whole-lines
 */
extern const struct cli_option cli_text_options[];
#define CLI_TEXTS(name, names) CLI_FAMILY(cli_text_options, struct umm_reading_options, name, names)

#endif
