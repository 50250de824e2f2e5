/* SPDX-License-Identifier: MIT */
/*
 * cli_hint.h - the words for the library's hints (base/hint.h): advice that names options,
 * and only those that the tool at hand has.
 */
#ifndef UMM_CMD_CLI_HINT_H
#define UMM_CMD_CLI_HINT_H

#include <stdbool.h>
#include <stddef.h>

#include "umm.h"

enum { CLI_HINT_MAX = 256 };

/*
 * Write to out the advice for the hint of err, to stand right after its message: "; use
 * --dtype f8". Of the sentences for a hint the first counts whose options are all options
 * of the tool, as has_option says of a name of len bytes; "" if there is none. Returns out.
 */
const char *cli_hint(const struct umm_error *err, const char *tool,
                     bool (*has_option)(const char *name, size_t len), char out[CLI_HINT_MAX]);

#endif
