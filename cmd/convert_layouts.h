/* SPDX-License-Identifier: MIT */
/* convert_layouts.h - what umm-convert knows of the files of vendors, as a list. */
#ifndef UMM_CMD_CONVERT_LAYOUTS_H
#define UMM_CMD_CONVERT_LAYOUTS_H

#include "cli.h"

/*
 * Print each layout with a row of it on standard output, one to a line; as JSON if the reports
 * are, with what else is known. Returns the exit code.
 */
int convert_list_layouts(const struct cli_reports *reports);

#endif
