/* SPDX-License-Identifier: MIT */
#include "format/prometheus.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

UMM_PRINTF(2, 3) static void add(struct umm_prometheus *page, const char *fmt, ...)
{
    enum { FIRST_BYTES = 4096 };
    for (;;) {
        va_list args;
        size_t room = page->cap_bytes - page->len_bytes;
        va_start(args, fmt);
        int n = vsnprintf(room ? page->text + page->len_bytes : NULL, room, fmt, args);
        va_end(args);
        if (page->is_failed || n < 0)
            return;
        if ((size_t)n < room) {
            page->len_bytes += (size_t)n;
            return;
        }
        size_t cap = page->cap_bytes ? 2 * page->cap_bytes + (size_t)n : FIRST_BYTES + (size_t)n;
        char *text = realloc(page->text, cap);
        page->is_failed = !text;
        if (!text)
            return;
        page->text = text;
        page->cap_bytes = cap;
    }
}

/*
 * A label's value, with the three characters that the format escapes, and U+FFFD for
 * each byte that is not UTF-8, which would have the collector drop the file; malloc'ed.
 * The format lets other control characters through: their bytes become \x1b and so on,
 * with the backslash escaped, as who looks at the file on a terminal would obey them.
 */
static char *quoted(const char *value)
{
    static const char mark[] = "\xef\xbf\xbd";
    size_t len = strlen(value);
    char *out = malloc(5 * len + 1), *at = out;
    for (size_t i = 0; out && i < len;) {
        uint32_t point;
        size_t n = umm_utf8_decode(value + i, len - i, &point);
        if (value[i] == '\\' || value[i] == '"' || value[i] == '\n') {
            *at++ = '\\';
            *at++ = value[i] == '\n' ? 'n' : value[i];
        } else if (n && (point < 0x20 || (point >= 0x7F && point <= 0x9F))) {
            for (size_t j = 0; j < n; j++)
                at += snprintf(at, 6, "\\\\x%02x", (unsigned)(unsigned char)value[i + j]);
        } else {
            memcpy(at, n ? value + i : mark, n ? n : 3);
            at += n ? n : 3;
        }
        i += n ? n : 1;
    }
    if (out)
        *at = '\0';
    return out;
}

void umm_prometheus_begin(struct umm_prometheus *page, const char *tool, const char *output)
{
    static const char form[] = "tool=\"%s\",output=\"%s\"";
    char *value = quoted(output);
    size_t size = value ? sizeof form + strlen(tool) + strlen(value) : 0;
    page->labels = value ? malloc(size) : NULL;
    if (page->labels)
        snprintf(page->labels, size, form, tool, value);
    page->is_failed = !page->labels;
    free(value);
}

void umm_prometheus_gauge(struct umm_prometheus *page, const char *name, const char *help,
                          double value)
{
    if (!page->is_failed)
        add(page, "# HELP %s %s\n# TYPE %s gauge\n%s{%s} %.17g\n", name, help, name, name,
            page->labels, value);
}

void umm_prometheus_family(struct umm_prometheus *page, const char *name, const char *help)
{
    if (!page->is_failed)
        add(page, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

void umm_prometheus_series(struct umm_prometheus *page, const char *name, const char *const *labels,
                           double value)
{
    if (page->is_failed)
        return;
    add(page, "%s{%s", name, page->labels);
    for (; *labels; labels += 2) {
        char *text = quoted(labels[1]);
        page->is_failed |= !text;
        if (text)
            add(page, ",%s=\"%s\"", labels[0], text);
        free(text);
    }
    if (isfinite(value))
        add(page, "} %.17g\n", value);
    else
        add(page, "} %s\n", isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
}

void umm_prometheus_success(struct umm_prometheus *page, double now_seconds)
{
    umm_prometheus_gauge(page, "umm_last_success_timestamp_seconds",
                         "When the tool last finished without an error.", now_seconds);
    if (!page->is_failed)
        add(page,
            "# HELP umm_build_info The version of the tool.\n# TYPE umm_build_info gauge\n"
            "umm_build_info{%s,version=\"%s\"} 1\n",
            page->labels, UMM_VERSION);
}

enum umm_status umm_prometheus_take(struct umm_prometheus *page, char **text, size_t *len_bytes,
                                    struct umm_error *err)
{
    bool is_failed = page->is_failed;
    free(page->labels);
    if (is_failed)
        free(page->text);
    *text = is_failed ? NULL : page->text;
    *len_bytes = page->len_bytes;
    memset(page, 0, sizeof *page);
    return is_failed ? umm_error_set_memory(err, *len_bytes, "metrics") : UMM_OK;
}
