/* SPDX-License-Identifier: MIT */
#include "data/timerange.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum umm_status umm_time_from_iso(const char *text, struct umm_time *out, struct umm_error *err)
{
    const struct umm_time_spec spec = {.form = UMM_TIME_FORM_ISO};
    char shown[UMM_EXCERPT_MAX];
    enum umm_time_result result = umm_time_parse(&spec, text, strlen(text), out);
    if (result == UMM_TIME_OK)
        return UMM_OK;
    umm_escape(shown, sizeof shown, text, strlen(text));
    return umm_error_set(err, UMM_ERR_ARGUMENT, "not an ISO 8601 date or time (%s): \"%s\"",
                         umm_time_result_text(result), shown);
}

enum umm_status umm_timerange_rows(const struct umm_timerange *range,
                                   const struct umm_arrayfile *file, uint64_t *first, uint64_t *end,
                                   struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    *first = 0;
    *end = file->n_rows;
    if (range->has_from)
        status = umm_arrayfile_find_time(file, &range->from, first, err);
    if (!status && range->has_to)
        status = umm_arrayfile_find_time(file, &range->to, end, err);
    if (!status && *end < *first)
        *end = *first;
    return status;
}

/* ---- names ------------------------------------------------------------------------ */

/* An end of the range, or what stands for one that is not there. */
static void name_end(bool is_there, struct umm_time time, const char *absent,
                     char out[UMM_TIME_ISO_MAX])
{
    const int64_t day_s = 86400;
    char *to = out;
    if (!is_there) {
        strcpy(out, absent);
        return;
    }
    umm_time_format_iso(time, out);
    if (time.nsec == 0 && time.sec % day_s == 0) {
        *strchr(out, 'T') = '\0';
        return;
    }
    for (const char *from = out; *from; from++)
        if (*from != ':')
            *to++ = *from;
    *to = '\0';
}

const char *umm_timerange_name(const struct umm_timerange *range, char out[UMM_TIMERANGE_NAME_MAX])
{
    char from[UMM_TIME_ISO_MAX], to[UMM_TIME_ISO_MAX];
    out[0] = '\0';
    if (!range->has_from && !range->has_to)
        return out;
    name_end(range->has_from, range->from, "start", from);
    name_end(range->has_to, range->to, "end", to);
    snprintf(out, UMM_TIMERANGE_NAME_MAX, "%s_%s", from, to);
    return out;
}

/* ---- order ------------------------------------------------------------------------ */

enum umm_status umm_timecheck_begin(struct umm_timecheck *check, const struct umm_arrayfile *file,
                                    uint64_t first, struct umm_error *err)
{
    uint64_t index;
    *check = (struct umm_timecheck){.path = file->path, .row_bytes = file->row_bytes, .row = first};
    enum umm_status status = umm_arrayfile_time_column(file, &index, err);
    if (!status)
        umm_arrayfile_column(file, index, &check->column);
    return status;
}

/* Read one time and compare it with the last one. */
static enum umm_status take(struct umm_timecheck *check, const char *value, struct umm_error *err)
{
    struct umm_time time = {0};
    enum umm_time_result result = umm_arraycolumn_read_time(&check->column, value, &time);
    enum umm_status status = UMM_OK;
    if (result != UMM_TIME_OK)
        status = umm_arraycolumn_refuse_time(&check->column, check->row, result, err);
    else if (check->has_last && umm_arraycolumn_compare(&time, &check->last) < 0)
        status = umm_error_set(err, UMM_ERR_DATA,
                               "not sorted by time: row %" PRIu64 " is before row %" PRIu64,
                               check->row, check->row - 1);
    if (status) {
        umm_error_at(err, check->path, 0, 0, 0);
        return status;
    }
    check->last = time;
    check->has_last = true;
    check->row++;
    return UMM_OK;
}

/*
 * How many rows from `value` on need no closer look, because the plain numbers that
 * their times are do not fall: all but the first and the last, when all is well. The
 * last is looked at, so that NaN and counts too large to be times cannot hide at the end;
 * between two times, and in order, there are none. Unsigned ones from 2^63 on look negative.
 */
static uint64_t count_rising_f64(const char *value, uint64_t stride, uint64_t n)
{
    double last, now;
    memcpy(&last, value, sizeof last);
    for (uint64_t i = 1; i < n; i++) {
        memcpy(&now, value + i * stride, sizeof now);
        if (!(now >= last))
            return i;
        last = now;
    }
    return n;
}

static uint64_t count_rising_i64(const char *value, uint64_t stride, uint64_t n)
{
    int64_t last, now;
    memcpy(&last, value, sizeof last);
    for (uint64_t i = 1; i < n; i++) {
        memcpy(&now, value + i * stride, sizeof now);
        if (now < last)
            return i;
        last = now;
    }
    return n;
}

static uint64_t count_rising(const struct umm_timecheck *check, const char *value, uint64_t n)
{
    const struct umm_npy_type *type = &check->column.type;
    if (type->is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__))
        return 1;
    return type->kind == 'f' ? count_rising_f64(value, check->row_bytes, n)
                             : count_rising_i64(value, check->row_bytes, n);
}

enum umm_status umm_timecheck_rows(struct umm_timecheck *check, const void *rows, uint64_t n_rows,
                                   struct umm_error *err)
{
    const char *value = (const char *)rows + check->column.offset_bytes;
    enum umm_status status = UMM_OK;
    while (!status && n_rows > 0) {
        status = take(check, value, err);
        if (status)
            break;
        uint64_t n_rising = count_rising(check, value, n_rows);
        /* Go on at the last of them, which `take` has to see, too. */
        uint64_t n_passed = n_rising > 2 ? n_rising - 2 : 0;
        check->row += n_passed;
        value += (n_passed + 1) * check->row_bytes;
        n_rows -= n_passed + 1;
    }
    return status;
}
