/* SPDX-License-Identifier: MIT */
#include "text/csvcell.h"

#include <stdbool.h>
#include <string.h>

static bool needs_quotes(const char *text, size_t len_bytes)
{
    for (size_t i = 0; i < len_bytes; i++)
        if (text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r')
            return true;
    return false;
}

char *umm_csvcell_put(char *out, const char *text, size_t len_bytes)
{
    const bool is_quoted = needs_quotes(text, len_bytes);
    if (is_quoted)
        *out++ = '"';
    for (size_t i = 0; i < len_bytes; i++) {
        if (text[i] == '"')
            *out++ = '"';
        *out++ = text[i];
    }
    if (is_quoted)
        *out++ = '"';
    return out;
}

char *umm_csvcell_put_id(char *out, const char *text, size_t len_bytes)
{
    char *end = umm_csvcell_put(out, text, len_bytes);
    if (end == out || *out != '!')
        return end;
    /* It has no quotes, and there is room for two. */
    memmove(out + 1, out, len_bytes);
    *out = '"';
    end[1] = '"';
    return end + 2;
}
