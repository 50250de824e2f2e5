/* SPDX-License-Identifier: MIT */
#include "featurejob/resultrows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "rowjob/barreader.h"
#include "text/print.h"
#include "text/shortest.h"

static const struct umm_npy_type value_type = {.kind = 'f',
                                               .size_bytes = sizeof(double),
                                               .is_big_endian =
                                                   __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__};

enum umm_status umm_resultrows_init(struct umm_resultrows *rows,
                                    const struct umm_features *features,
                                    const struct umm_npy_type *time_type, bool is_plain,
                                    struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    *rows = (struct umm_resultrows){.time_type = *time_type,
                                    .n_outputs = umm_features_n_outputs(features)};
    rows->row_bytes = (1 + rows->n_outputs) * sizeof(double);
    rows->npy.n_dims = is_plain ? 2 : 1;
    if (is_plain) {
        rows->npy.type = value_type;
        rows->npy.shape[1] = 1 + rows->n_outputs;
        return UMM_OK;
    }
    status = umm_npy_add_field(&rows->npy, "timestamp", time_type, err);
    for (size_t i = 0; !status && i < rows->n_outputs; i++)
        status = umm_npy_add_field(&rows->npy, umm_features_name(features, i), &value_type, err);
    return status;
}

void umm_resultrows_free(struct umm_resultrows *rows)
{
    umm_npy_free(&rows->npy);
}

/* ---- bytes ----------------------------------------------------------------------- */

static enum umm_status pack_time(const struct umm_resultrows *rows, int64_t count, char *out,
                                 struct umm_error *err)
{
    struct umm_time time;
    if (rows->npy.is_struct) {
        memcpy(out, &count, sizeof count);
        return UMM_OK;
    }
    if (!umm_barreader_time(&rows->time_type, count, &time))
        return umm_error_set(err, UMM_ERR_DATA, "a time is too far from 1970 for a plain array");
    double ms = umm_barreader_milliseconds(&time);
    memcpy(out, &ms, sizeof ms);
    return UMM_OK;
}

enum umm_status umm_resultrows_pack(const struct umm_resultrows *rows, const int64_t *times,
                                    double *const *columns, size_t first, size_t n, char *out,
                                    struct umm_error *err)
{
    enum { STRIP = 256 }; /* rows of a strip stay in the first cache */
    for (size_t at = 0; at < n; at += STRIP) {
        size_t m = n - at < STRIP ? n - at : STRIP;
        char *strip = out + at * rows->row_bytes;
        for (size_t i = 0; i < m; i++) {
            enum umm_status status =
                pack_time(rows, times[first + at + i], strip + i * rows->row_bytes, err);
            if (status)
                return status;
        }
        for (size_t c = 0; c < rows->n_outputs; c++) {
            const double *column = columns[c] + first + at;
            char *cell = strip + (1 + c) * sizeof *column;
            for (size_t i = 0; i < m; i++, cell += rows->row_bytes)
                memcpy(cell, &column[i], sizeof *column);
        }
    }
    return UMM_OK;
}

/* ---- text ------------------------------------------------------------------------ */

size_t umm_resultrows_line_max(const struct umm_resultrows *rows)
{
    return UMM_PRINT_I64_MAX + rows->n_outputs * (1 + UMM_PRINT_SHORTEST_MAX) + 1;
}

char *umm_resultrows_print(const struct umm_resultrows *rows, int64_t time, double *const *columns,
                           size_t row, char *out)
{
    out = umm_print_i64(out, time);
    for (size_t c = 0; c < rows->n_outputs; c++) {
        const double value = columns[c][row];
        *out++ = ',';
        if (value == value || !rows->is_nan_empty)
            out = umm_print_f64_shortest(out, value);
    }
    *out++ = '\n';
    return out;
}

enum umm_status umm_resultrows_header(const struct umm_resultrows *rows,
                                      const struct umm_features *features, const char *before,
                                      char **text, struct umm_error *err)
{
    size_t cap = strlen(before) + (rows->n_outputs + 1) * (UMM_FEATURES_NAME_MAX + 1) + 2;
    *text = malloc(cap);
    if (!*text)
        return umm_error_set_memory(err, cap, "a line of names");
    size_t used = (size_t)snprintf(*text, cap, "%stimestamp", before);
    for (size_t i = 0; i < rows->n_outputs; i++)
        used += (size_t)snprintf(*text + used, cap - used, ",%s", umm_features_name(features, i));
    snprintf(*text + used, cap - used, "\n");
    return UMM_OK;
}
