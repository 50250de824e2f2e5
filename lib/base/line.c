/* SPDX-License-Identifier: MIT */
#include "base/line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void umm_line_add(char *line, size_t cap_bytes, const char *fmt, ...)
{
    const size_t len = strlen(line);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(line + len, cap_bytes - len, fmt, args);
    va_end(args);
}
