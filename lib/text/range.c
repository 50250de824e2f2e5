/* SPDX-License-Identifier: MIT */
#include "text/range.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* ---- parsing ---- */

enum part { PART_EMPTY, PART_NUMBER, PART_BAD };

/* Digits with an optional sign, all of len_bytes; "" is no number, but not wrong. */
static enum part parse_part(const char *text, size_t len_bytes, int64_t *out)
{
    const char *p = text, *end = text + len_bytes;
    const bool is_negative = p < end && *p == '-';
    int64_t value = 0;
    if (p == end)
        return PART_EMPTY;
    if (*p == '-' || *p == '+')
        p++;
    if (p == end)
        return PART_BAD;
    for (; p < end; p++) {
        const int digit = *p - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, is_negative ? -digit : digit, &value))
            return PART_BAD;
    }
    *out = value;
    return PART_NUMBER;
}

static bool parse(const char *text, size_t len_bytes, struct umm_range *out)
{
    enum { PARTS_MAX = 3 };
    int64_t values[PARTS_MAX] = {0, 0, 1};
    enum part parts[PARTS_MAX] = {PART_EMPTY, PART_EMPTY, PART_EMPTY};
    const char *end = text + len_bytes;
    size_t n = 0;
    for (const char *p = text;; n++) {
        const char *colon = memchr(p, ':', (size_t)(end - p));
        const size_t len = (size_t)((colon ? colon : end) - p);
        if (n == PARTS_MAX)
            return false;
        parts[n] = parse_part(p, len, &values[n]);
        if (parts[n] == PART_BAD)
            return false;
        if (!colon)
            break;
        p = colon + 1;
    }
    if ((n == 0 && parts[0] == PART_EMPTY) || values[2] == 0)
        return false;
    *out = (struct umm_range){.is_single = n == 0,
                              .has_start = parts[0] == PART_NUMBER,
                              .has_stop = parts[1] == PART_NUMBER,
                              .start = values[0],
                              .stop = values[1],
                              .step = values[2]};
    return true;
}

enum umm_status umm_range_parse(const char *text, size_t len_bytes, struct umm_range *out,
                                struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    if (len_bytes > 0 && parse(text, len_bytes, out))
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_ARGUMENT, "not a range START:STOP[:STEP] of rows: \"%s\"",
                         umm_escape(shown, sizeof shown, text, len_bytes));
}

/* ---- lists ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next word at *at, its length; 0 at the end. */
static size_t next_word(const char **at, const char *end)
{
    while (*at < end && is_space(**at))
        ++*at;
    size_t len = 0;
    while (*at + len < end && !is_space((*at)[len]))
        len++;
    return len;
}

static enum umm_status refuse_word(const char *text, const char *word, struct umm_error *err)
{
    const char *line = text;
    uint64_t n_lines = 1;
    for (const char *p = text; p < word; p++) {
        if (*p == '\n') {
            n_lines++;
            line = p + 1;
        }
    }
    if (err)
        err->status = UMM_ERR_DATA;
    umm_error_at(err, "", n_lines, (uint64_t)(word - line) + 1, (uint64_t)(word - text));
    return UMM_ERR_DATA;
}

enum umm_status umm_range_parse_list(const char *text, size_t len_bytes, struct umm_range **ranges,
                                     size_t *n, struct umm_error *err)
{
    const char *end = text + len_bytes, *at = text;
    enum umm_status status = UMM_OK;
    size_t n_words = 0, len;
    for (; (len = next_word(&at, end)) > 0; at += len)
        n_words++;
    *n = 0;
    *ranges = calloc(n_words ? n_words : 1, sizeof **ranges);
    if (!*ranges)
        return umm_error_set_memory(err, n_words * sizeof **ranges, "ranges");
    for (at = text; (len = next_word(&at, end)) > 0; at += len, ++*n) {
        status = umm_range_parse(at, len, &(*ranges)[*n], err);
        if (!status)
            continue;
        free(*ranges);
        *ranges = NULL;
        return refuse_word(text, at, err);
    }
    return status;
}

/* ---- resolving ---- */

static enum umm_status refuse(int64_t index, uint64_t n_rows, struct umm_error *err)
{
    return umm_error_set(err, UMM_ERR_DATA,
                         "row %" PRId64 " is out of bounds: there are %" PRIu64 " rows", index,
                         n_rows);
}

/* The place of a given index within [low, high], counted from the end when negative. */
static int64_t place_of(int64_t index, int64_t n_rows, int64_t low, int64_t high, bool *is_outside)
{
    if (index < 0)
        index += n_rows;
    *is_outside = index < low || index > high;
    if (*is_outside)
        index = index < low ? low : high;
    return index;
}

static enum umm_status resolve_single(int64_t index, uint64_t n_rows, struct umm_rows *out,
                                      struct umm_error *err)
{
    bool is_outside;
    const int64_t n = (int64_t)n_rows;
    const int64_t row = place_of(index, n, 0, n - 1, &is_outside);
    if (is_outside)
        return refuse(index, n_rows, err);
    *out = (struct umm_rows){(uint64_t)row, 1, 1};
    return UMM_OK;
}

enum umm_status umm_range_resolve(const struct umm_range *range, uint64_t n_rows, bool is_strict,
                                  struct umm_rows *out, struct umm_error *err)
{
    const bool is_back = range->step < 0;
    const int64_t n = (int64_t)n_rows, low = is_back ? -1 : 0, high = is_back ? n - 1 : n;
    int64_t start = is_back ? high : low, stop = is_back ? low : high;
    bool is_start_outside = false, is_stop_outside = false;
    if (range->is_single)
        return resolve_single(range->start, n_rows, out, err);
    if (range->has_start)
        start = place_of(range->start, n, low, high, &is_start_outside);
    if (range->has_stop)
        stop = place_of(range->stop, n, low, high, &is_stop_outside);
    if (is_strict && (is_start_outside || is_stop_outside))
        return refuse(is_start_outside ? range->start : range->stop, n_rows, err);
    *out = (struct umm_rows){0, 0, 0};
    if (is_back ? start <= stop : start >= stop)
        return UMM_OK;
    /* In 64 unsigned bits even the smallest step has a magnitude. */
    const uint64_t step = is_back ? 0 - (uint64_t)range->step : (uint64_t)range->step;
    const uint64_t distance = (uint64_t)(is_back ? start - stop : stop - start);
    out->first = (uint64_t)start;
    out->n = (distance - 1) / step + 1;
    out->step = out->n > 1 ? range->step : 1;
    return UMM_OK;
}
