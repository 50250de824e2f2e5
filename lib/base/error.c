/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include "base/line.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *umm_version(void)
{
    return UMM_VERSION;
}

const char *umm_status_name(enum umm_status status)
{
    switch (status) {
    case UMM_OK: return "ok";
    case UMM_ERR_ARGUMENT: return "argument";
    case UMM_ERR_SYSTEM: return "system";
    case UMM_ERR_MEMORY: return "memory";
    case UMM_ERR_DATA: return "data";
    case UMM_ERR_CONFLICT: return "conflict";
    case UMM_ERR_BUSY: return "busy";
    case UMM_ERR_UNSUPPORTED: return "unsupported";
    case UMM_ERR_CANCELLED: return "cancelled";
    case UMM_ERR_ABSENT: return "absent";
    }
    return "unknown";
}

/* Copy path, keeping its end when it is too long: the end names the file. */
static void set_path(struct umm_error *err, const char *path)
{
    size_t len = path ? strlen(path) : 0;
    if (len < sizeof err->path) {
        memcpy(err->path, path ? path : "", len + 1);
        return;
    }
    const char mark[] = "...";
    size_t keep = sizeof err->path - sizeof mark;
    memcpy(err->path, mark, sizeof mark - 1);
    memcpy(err->path + sizeof mark - 1, path + len - keep, keep + 1);
}

UMM_PRINTF(4, 0)
static void fill(struct umm_error *err, enum umm_status status, const char *path, const char *fmt,
                 va_list args)
{
    memset(err, 0, sizeof *err);
    err->status = status;
    set_path(err, path);
    vsnprintf(err->message, sizeof err->message, fmt, args);
}

enum umm_status umm_error_set(struct umm_error *err, enum umm_status status, const char *fmt, ...)
{
    if (err) {
        va_list args;
        va_start(args, fmt);
        fill(err, status, NULL, fmt, args);
        va_end(args);
    }
    return status;
}

enum umm_status umm_error_set_path(struct umm_error *err, enum umm_status status, const char *path,
                                   const char *fmt, ...)
{
    if (err) {
        va_list args;
        va_start(args, fmt);
        fill(err, status, path, fmt, args);
        va_end(args);
    }
    return status;
}

enum umm_status umm_error_set_errno(struct umm_error *err, int sys_errno, const char *path,
                                    const char *what)
{
    umm_error_set_path(err, UMM_ERR_SYSTEM, path, "%s", what);
    if (err)
        err->sys_errno = sys_errno;
    return UMM_ERR_SYSTEM;
}

enum umm_status umm_error_set_memory(struct umm_error *err, size_t len_bytes, const char *what)
{
    return umm_error_set(err, UMM_ERR_MEMORY, "out of memory: %zu bytes for %s", len_bytes, what);
}

enum umm_status umm_error_set_cancelled(struct umm_error *err)
{
    return umm_error_set(err, UMM_ERR_CANCELLED, "cancelled");
}

enum umm_status umm_error_hint_at(struct umm_error *err, enum umm_status status, enum umm_hint hint,
                                  const char *first, const char *second)
{
    if (!err)
        return status;
    err->hint = hint;
    snprintf(err->hint_values[0], sizeof err->hint_values[0], "%s", first ? first : "");
    snprintf(err->hint_values[1], sizeof err->hint_values[1], "%s", second ? second : "");
    return status;
}

enum umm_status umm_error_hint(struct umm_error *err, enum umm_status status, enum umm_hint hint)
{
    return umm_error_hint_at(err, status, hint, NULL, NULL);
}

void umm_error_at(struct umm_error *err, const char *path, uint64_t line, uint64_t column,
                  uint64_t byte)
{
    if (!err)
        return;
    set_path(err, path);
    err->line = line;
    err->column = column;
    err->byte = byte;
}

/* Escape the character at text into out[5]; returns bytes read, *n_out written. */
static size_t escape_one(const unsigned char *text, size_t len_bytes, char out[5], size_t *n_out)
{
    static const char hex[] = "0123456789abcdef";
    static const char special[] = "\t\n\r\"\\";
    static const char letter[] = "tnr\"\\";
    unsigned char c = text[0];
    const char *named = c ? strchr(special, c) : NULL;
    if (named) {
        out[0] = '\\';
        out[1] = letter[named - special];
        *n_out = 2;
        return 1;
    }
    uint32_t point = 0;
    size_t n = umm_utf8_decode((const char *)text, len_bytes, &point);
    /* C0 and C1 control characters are valid UTF-8 and move cursors. */
    if (n && point >= 0x20 && (point < 0x7F || point > 0x9F)) {
        memcpy(out, text, n);
        *n_out = n;
        return n;
    }
    out[0] = '\\';
    out[1] = 'x';
    out[2] = hex[c >> 4];
    out[3] = hex[c & 15];
    *n_out = 4;
    return 1;
}

const char *umm_escape(char *out, size_t cap_bytes, const char *text, size_t len_bytes)
{
    enum { MARK = 3 };
    size_t used = 0, at = 0, cut = 0;
    if (cap_bytes == 0)
        return out;
    while (at < len_bytes) {
        char piece[5];
        size_t n_piece = 0;
        size_t n_read =
            escape_one((const unsigned char *)text + at, len_bytes - at, piece, &n_piece);
        if (used + n_piece + 1 > cap_bytes)
            break;
        memcpy(out + used, piece, n_piece);
        used += n_piece;
        at += n_read;
        if (used + MARK + 1 <= cap_bytes)
            cut = used;
    }
    if (at < len_bytes) {
        used = cut;
        if (used + MARK + 1 <= cap_bytes) {
            memcpy(out + used, "...", MARK);
            used += MARK;
        }
    }
    out[used] = '\0';
    return out;
}

const char *umm_error_text(const struct umm_error *err, char *out, size_t cap_bytes)
{
    char path[4 * UMM_ERROR_PATH_MAX + 1];
    out[0] = '\0';
    if (err->path[0])
        umm_line_add(out, cap_bytes, "%s",
                     umm_escape(path, sizeof path, err->path, strlen(err->path)));
    if (err->line)
        umm_line_add(out, cap_bytes, ":%" PRIu64, err->line);
    if (err->line && err->column)
        umm_line_add(out, cap_bytes, ":%" PRIu64, err->column);
    umm_line_add(out, cap_bytes, "%s%s", out[0] ? ": " : "", err->message);
    if (err->sys_errno)
        umm_line_add(out, cap_bytes, ": %s", strerror(err->sys_errno));
    return out;
}
