/* SPDX-License-Identifier: MIT */
#include "text/textbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

/* Room for len_bytes more and a final zero. */
static bool make_room(struct umm_textbuf *buf, size_t len_bytes)
{
    enum { FIRST_BYTES = 1024 };
    size_t needed, cap = buf->cap_bytes ? buf->cap_bytes : FIRST_BYTES;
    if (buf->is_failed)
        return false;
    if (__builtin_add_overflow(buf->len_bytes + 1, len_bytes, &needed))
        needed = SIZE_MAX; /* which realloc refuses */
    while (cap < needed)
        cap = cap > SIZE_MAX / 2 ? SIZE_MAX : 2 * cap;
    if (cap == buf->cap_bytes)
        return true;
    char *text = realloc(buf->text, cap);
    buf->is_failed = !text;
    if (text) {
        buf->text = text;
        buf->cap_bytes = cap;
    }
    return text;
}

void umm_textbuf_add(struct umm_textbuf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0 || !make_room(buf, (size_t)n))
        return;
    va_start(args, fmt);
    (void)vsnprintf(buf->text + buf->len_bytes, (size_t)n + 1, fmt, args);
    va_end(args);
    buf->len_bytes += (size_t)n;
}

void umm_textbuf_add_bytes(struct umm_textbuf *buf, const char *bytes, size_t len_bytes)
{
    if (!make_room(buf, len_bytes))
        return;
    memcpy(buf->text + buf->len_bytes, bytes, len_bytes);
    buf->len_bytes += len_bytes;
    buf->text[buf->len_bytes] = '\0';
}

void umm_textbuf_add_markup(struct umm_textbuf *buf, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len;) {
        uint32_t point;
        size_t n = umm_utf8_decode(text + i, len - i, &point);
        bool is_control = n && (point < 0x20 || (point >= 0x7F && point <= 0x9F));
        if (!n || is_control || point == 0xFFFE || point == 0xFFFF)
            umm_textbuf_add(buf, "\xef\xbf\xbd");
        else if (strchr("&<>\"'", text[i]))
            umm_textbuf_add(buf, "&#%d;", text[i]);
        else
            umm_textbuf_add_bytes(buf, text + i, n);
        i += n ? n : 1;
    }
}

enum umm_status umm_textbuf_take(struct umm_textbuf *buf, char **text, size_t *len_bytes,
                                 struct umm_error *err)
{
    size_t size = buf->len_bytes;
    umm_textbuf_add_bytes(buf, "", 0);
    *text = NULL;
    *len_bytes = size;
    if (buf->is_failed) {
        umm_textbuf_free(buf);
        return umm_error_set_memory(err, size, "a text");
    }
    *text = buf->text;
    memset(buf, 0, sizeof *buf);
    return UMM_OK;
}

void umm_textbuf_free(struct umm_textbuf *buf)
{
    free(buf->text);
    memset(buf, 0, sizeof *buf);
}
