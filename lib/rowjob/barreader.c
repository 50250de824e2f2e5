/* SPDX-License-Identifier: MIT */
#include "rowjob/barreader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/print.h"
#include "text/textbuf.h"

/* ---- columns --------------------------------------------------------------------- */

static bool is_number(const struct umm_arraycolumn *column)
{
    const char none[1] = {0};
    double out;
    return umm_arraycolumn_read_f64(column, none, 0, 0, &out);
}

static enum umm_status bind_bar(struct umm_barreader *reader, const struct umm_npy *npy, unsigned i,
                                struct umm_error *err)
{
    static const char *const names[UMM_BARREADER_COLUMNS] = {NULL,  "open",  "high",
                                                             "low", "close", "volume"};
    char type[UMM_NPY_TYPE_TEXT_MAX];
    uint64_t index;
    enum umm_status status = umm_arraycolumn_find(npy, names[i], &index, err);
    if (status)
        return status;
    umm_arraycolumn_get(npy, index, &reader->columns[i]);
    if (is_number(&reader->columns[i]))
        return UMM_OK;
    umm_npy_type_text(&reader->columns[i].type, type);
    return umm_error_set(err, UMM_ERR_DATA, "the column %s holds no numbers, but %s", names[i],
                         type);
}

enum umm_status umm_barreader_bind(struct umm_barreader *reader, const struct umm_npy *npy,
                                   unsigned wanted, struct umm_error *err)
{
    uint64_t index;
    *reader = (struct umm_barreader){.wanted = wanted, .row_bytes = (size_t)umm_npy_row_bytes(npy)};
    enum umm_status status = umm_arraycolumn_find_time(npy, &index, err);
    if (status)
        return status;
    umm_arraycolumn_get(npy, index, &reader->columns[0]);
    reader->time_type = reader->columns[0].type;
    if (reader->time_type.kind != 'M')
        reader->time_type = (struct umm_npy_type){.kind = 'M', .size_bytes = 8, .unit = "ms"};
    reader->time_type.is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    for (unsigned i = 1; !status && i < UMM_BARREADER_COLUMNS; i++)
        if (wanted & 1U << i)
            status = bind_bar(reader, npy, i, err);
    return status;
}

/* ---- times ----------------------------------------------------------------------- */

bool umm_barreader_time(const struct umm_npy_type *time_type, int64_t count, struct umm_time *out)
{
    const struct umm_arraycolumn column = {.type = *time_type};
    return umm_arraycolumn_read_time(&column, &count, out) == UMM_TIME_OK;
}

const char *umm_barreader_time_text(const struct umm_npy_type *time_type, int64_t count,
                                    char out[UMM_TIME_ISO_MAX])
{
    struct umm_time time;
    if (umm_barreader_time(time_type, count, &time))
        umm_time_format_iso(time, out);
    else
        *umm_print_i64(out, count) = '\0';
    return out;
}

double umm_barreader_milliseconds(const struct umm_time *time)
{
    const double ms_per_s = 1000, ns_per_ms = 1e6;
    return (double)time->sec * ms_per_s + (double)time->nsec / ns_per_ms;
}

/* One time, with every check. ms may be NULL. */
static enum umm_status read_time(const struct umm_barreader *reader, const char *row,
                                 uint64_t number, int64_t *count, double *ms, struct umm_error *err)
{
    const struct umm_arraycolumn *column = &reader->columns[0];
    const char *value = row + column->offset_bytes;
    struct umm_time time;
    enum umm_time_result result = umm_arraycolumn_read_time(column, value, &time);
    if (!result && column->type.kind != 'M') {
        result = umm_time_to_unit(time, UMM_TIME_MS, count);
    } else if (!result) {
        memcpy(count, value, sizeof *count);
        if (column->type.is_big_endian != reader->time_type.is_big_endian)
            *count = (int64_t)__builtin_bswap64((uint64_t)*count);
    }
    if (result)
        return umm_arraycolumn_refuse_time(column, number, result, err);
    if (ms)
        *ms = umm_barreader_milliseconds(&time);
    return UMM_OK;
}

/*
 * Whole milliseconds of a magnitude that nothing else has, as nearly all numbers are, are
 * taken as they are.
 */
static enum umm_status read_times(const struct umm_barreader *reader, const char *rows, size_t n,
                                  uint64_t row, int64_t *times, double *ms, struct umm_error *err)
{
    enum { STRIP = 256 };
    const double low = 1e11, high = 1e14;
    const bool is_count = reader->columns[0].type.kind != 'M';
    double values[STRIP];
    for (size_t at = 0; at < n; at += STRIP) {
        size_t m = n - at < STRIP ? n - at : STRIP;
        const char *strip = rows + at * reader->row_bytes;
        if (is_count &&
            !umm_arraycolumn_read_f64(&reader->columns[0], strip + reader->columns[0].offset_bytes,
                                      reader->row_bytes, m, values))
            return umm_arraycolumn_refuse_time(&reader->columns[0], row, UMM_TIME_MALFORMED, err);
        for (size_t i = 0; i < m; i++) {
            if (is_count && values[i] >= low && values[i] < high &&
                (double)(int64_t)values[i] == values[i]) {
                times[at + i] = (int64_t)values[i];
                if (ms)
                    ms[at + i] = values[i];
                continue;
            }
            enum umm_status status = read_time(reader, strip + i * reader->row_bytes, row + at + i,
                                               &times[at + i], ms ? &ms[at + i] : NULL, err);
            if (status)
                return status;
        }
    }
    return UMM_OK;
}

enum umm_status umm_barreader_read(const struct umm_barreader *reader, const char *rows, size_t n,
                                   uint64_t row, int64_t *times,
                                   double *const out[UMM_BARREADER_COLUMNS], struct umm_error *err)
{
    double *ms = reader->wanted & UMM_FEATURES_TIME ? out[0] : NULL;
    enum umm_status status = read_times(reader, rows, n, row, times, ms, err);
    for (unsigned i = 1; !status && i < UMM_BARREADER_COLUMNS; i++)
        if (reader->wanted & 1U << i &&
            !umm_arraycolumn_read_f64(&reader->columns[i], rows + reader->columns[i].offset_bytes,
                                      reader->row_bytes, n, out[i]))
            status = umm_error_set(err, UMM_ERR_DATA, "a column holds no numbers");
    return status;
}

/* ---- in words -------------------------------------------------------------------- */

enum umm_status umm_barreader_describe(const struct umm_npy *npy, char **text,
                                       struct umm_error *err)
{
    char type[UMM_NPY_TYPE_TEXT_MAX];
    struct umm_textbuf out = {0};
    size_t len;
    if (!npy->is_struct) {
        umm_npy_type_text(&npy->type, type);
        umm_textbuf_add(&out, "%s", type);
        for (unsigned i = 1; i < npy->n_dims; i++)
            umm_textbuf_add(&out, " x %" PRIu64, npy->shape[i]);
        return umm_textbuf_take(&out, text, &len, err);
    }
    for (size_t i = 0; i < npy->n_fields; i++) {
        char name[4 * UMM_NPY_NAME_MAX + 1];
        umm_npy_type_text(&npy->fields[i].type, type);
        umm_escape(name, sizeof name, npy->fields[i].name, strlen(npy->fields[i].name));
        umm_textbuf_add(&out, "%s%s %s", i ? ", " : "[", name, type);
    }
    umm_textbuf_add(&out, "]");
    return umm_textbuf_take(&out, text, &len, err);
}
