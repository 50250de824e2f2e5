/* SPDX-License-Identifier: MIT */
/*
 * line.h - a text of fixed size that is put together piece by piece: what does not fit is cut.
 */
#ifndef UMM_BASE_LINE_H
#define UMM_BASE_LINE_H

#include <stdint.h>

#include "umm.h"

/*
 * Add the formatted text to the end of line, a terminated text in cap_bytes, as far as it fits. An
 * argument may not be line itself.
 */
UMM_PRINTF(3, 4) void umm_line_add(char *line, size_t cap_bytes, const char *fmt, ...);

/* What a noun ends in after that number: "1 row", "2 rows". */
static inline const char *umm_line_plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

#endif
