/* SPDX-License-Identifier: MIT */
#include "db/dbrows.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "db/dbrows_type.h"

static const int64_t EXACT_MAX = INT64_C(1) << 53; /* of whole numbers in a double */

static bool is_native(const struct umm_npy_type *type)
{
    return type->is_big_endian == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) || type->size_bytes == 1;
}

/* ---- values of an array ----------------------------------------------------------------- */

static enum umm_status refuse_value(struct umm_error *err, const struct umm_dbrows *rows, size_t i,
                                    uint64_t row, const char *what)
{
    char shown[UMM_EXCERPT_MAX];
    const char *name = rows->fields[i].column.name;
    return umm_error_set(err, UMM_ERR_DATA, "row %" PRIu64 ", column %s: %s", row,
                         umm_escape(shown, sizeof shown, name, strlen(name)), what);
}

/* A whole number of 1 to 8 bytes; its 64 bits, sign-extended. */
static uint64_t load(const struct umm_npy_type *type, const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;
    const unsigned size = type->size_bytes;
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | bytes[type->is_big_endian ? i : size - 1 - i];
    if (type->kind == 'i' && size < 8 && value >> (8 * size - 1))
        value |= UINT64_MAX << 8 * size;
    return value;
}

static enum umm_status take_times(const struct umm_dbrows *rows, size_t i, const char *bytes,
                                  size_t n, uint64_t row, union umm_db_value *out,
                                  struct umm_error *err)
{
    const struct umm_arraycolumn *column = &rows->columns[i];
    const enum umm_time_unit unit = umm_db_field_unit(&rows->fields[i]);
    enum umm_time_unit own;
    const bool is_same = column->type.kind == 'M' && is_native(&column->type) &&
                         umm_dbrows_unit_of(&column->type, &own) && own == unit;
    const bool is_ms = column->type.kind == 'f' && column->type.size_bytes == 8 &&
                       is_native(&column->type) && unit == UMM_TIME_MS && !column->is_unit_assumed;
    for (size_t r = 0; r < n; r++, bytes += rows->row_bytes, out += rows->n) {
        const char *at = bytes + column->offset_bytes;
        struct umm_time time;
        if (is_same) {
            memcpy(&out->integer, at, 8);
            if (out->integer != INT64_MIN)
                continue;
        } else if (is_ms) {
            double ms;
            memcpy(&ms, at, 8);
            if (fabs(ms) < 1e14 && ms == floor(ms)) {
                out->integer = (int64_t)ms;
                continue;
            }
        }
        enum umm_status status = umm_arraycolumn_time(column, at, row + r, &time, err);
        if (status)
            return status;
        const enum umm_time_result result = umm_time_to_unit(time, unit, &out->integer);
        if (result == UMM_TIME_OK && out->integer != INT64_MIN)
            continue;
        char text[UMM_TIME_ISO_MAX], what[UMM_TIME_ISO_MAX + UMM_EXCERPT_MAX];
        umm_time_format_iso(time, text);
        snprintf(what, sizeof what, "%s does not fit: times there count %s", text,
                 umm_time_unit_name(unit));
        status = refuse_value(err, rows, i, row + r, what);
        return umm_error_hint(err, status,
                              rows->fields[i].column.type == UMM_DB_TIMESTAMP ? UMM_HINT_DB_COUNTED
                                                                              : UMM_HINT_NONE);
    }
    return UMM_OK;
}

static enum umm_status take_reals(const struct umm_dbrows *rows, size_t i, const char *bytes,
                                  size_t n, uint64_t row, union umm_db_value *out,
                                  struct umm_error *err)
{
    const struct umm_db_column *column = &rows->fields[i].column;
    const bool is_short = column->type == UMM_DB_REAL && column->size_bytes == 4;
    if (!umm_arraycolumn_read_f64(&rows->columns[i], bytes + rows->columns[i].offset_bytes,
                                  rows->row_bytes, n, rows->reals))
        return refuse_value(err, rows, i, row, "is no number");
    for (size_t r = 0; r < n; r++, out += rows->n) {
        const double value = rows->reals[r];
        out->real = value;
        if (is_short && !isnan(value) && (double)(float)value != value)
            return refuse_value(err, rows, i, row + r, "does not fit into 4 bytes exactly");
        if (column->is_rounded && value == 0 && signbit(value))
            return refuse_value(err, rows, i, row + r,
                                "-0 would become 0: a column of no type keeps it");
    }
    return UMM_OK;
}

static enum umm_status take_integers(const struct umm_dbrows *rows, size_t i, const char *bytes,
                                     size_t n, uint64_t row, union umm_db_value *out,
                                     struct umm_error *err)
{
    const struct umm_npy_type *type = &rows->columns[i].type;
    const struct umm_db_column *column = &rows->fields[i].column;
    const bool is_bool = rows->fields[i].kind == UMM_DB_KIND_BOOL;
    const unsigned bits = column->type == UMM_DB_INTEGER ? 8 * column->size_bytes : 64;
    const int64_t most = (int64_t)(UINT64_MAX >> (65 - bits));
    for (size_t r = 0; r < n; r++, bytes += rows->row_bytes, out += rows->n) {
        const uint64_t value = load(type, bytes + rows->columns[i].offset_bytes);
        out->integer = is_bool ? value != 0 : (int64_t)value;
        const bool is_beyond = type->kind == 'u' && value > INT64_MAX;
        if (!is_bool && (is_beyond || out->integer > most || out->integer < -most - 1))
            return refuse_value(err, rows, i, row + r, "does not fit into the table's type");
    }
    return UMM_OK;
}

enum umm_status umm_dbrows_to_values(struct umm_dbrows *rows, const char *bytes, size_t n,
                                     uint64_t row, union umm_db_value *out, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < rows->n; i++)
        switch (rows->fields[i].kind) {
        case UMM_DB_KIND_TIME: status = take_times(rows, i, bytes, n, row, out + i, err); break;
        case UMM_DB_KIND_REAL: status = take_reals(rows, i, bytes, n, row, out + i, err); break;
        case UMM_DB_KIND_INTEGER:
        case UMM_DB_KIND_BOOL: status = take_integers(rows, i, bytes, n, row, out + i, err); break;
        }
    return status;
}

/* ---- values of a table ------------------------------------------------------------------ */

/* Write a whole number of the array's type; false where it does not fit. */
static bool store(const struct umm_npy_type *type, int64_t value, char *out)
{
    const unsigned bits = 8 * type->size_bytes;
    if (type->kind == 'u' && (value < 0 || (bits < 64 && (uint64_t)value >> bits)))
        return false;
    const int64_t most = (int64_t)(UINT64_MAX >> (65 - bits));
    if (type->kind == 'i' && (value > most || value < -most - 1))
        return false;
    for (unsigned i = 0; i < type->size_bytes; i++) {
        const unsigned at = type->is_big_endian ? type->size_bytes - 1 - i : i;
        out[at] = (char)((uint64_t)value >> 8 * i);
    }
    return true;
}

static void store_real(const struct umm_npy_type *type, double value, char *out)
{
    const float narrow = (float)value;
    uint64_t bits = 0;
    uint32_t narrow_bits;
    memcpy(&bits, &value, sizeof bits);
    if (type->size_bytes == 4) {
        memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
        bits = narrow_bits;
    }
    for (unsigned i = 0; i < type->size_bytes; i++)
        out[type->is_big_endian ? type->size_bytes - 1 - i : i] = (char)(bits >> 8 * i);
}

static enum umm_status give_time(const struct umm_dbrows *rows, size_t i, int64_t value,
                                 uint64_t row, char *out, struct umm_error *err)
{
    const struct umm_npy_type *type = &rows->columns[i].type;
    const struct umm_time time = umm_time_from_unit(value, umm_db_field_unit(&rows->fields[i]));
    enum umm_time_unit unit = UMM_TIME_MS;
    int64_t count = 0;
    char text[UMM_TIME_ISO_MAX], what[UMM_TIME_ISO_MAX + UMM_EXCERPT_MAX];
    if (type->kind == 'M')
        (void)umm_dbrows_unit_of(type, &unit);
    enum umm_time_result result = umm_time_to_unit(time, unit, &count);
    if (type->kind == 'f' && (count > EXACT_MAX || count < -EXACT_MAX))
        result = UMM_TIME_RANGE;
    if (result == UMM_TIME_OK && type->kind == 'f') {
        store_real(type, (double)count, out);
        return UMM_OK;
    }
    const struct umm_npy_type whole = {.kind = type->kind == 'M' ? 'i' : type->kind,
                                       .is_big_endian = type->is_big_endian,
                                       .size_bytes = 8};
    if (result == UMM_TIME_OK && count != INT64_MIN && store(&whole, count, out))
        return UMM_OK;
    umm_time_format_iso(time, text);
    snprintf(what, sizeof what, "%s does not fit: times of the array count %s", text,
             umm_time_unit_name(unit));
    return umm_error_hint(err, refuse_value(err, rows, i, row, what), UMM_HINT_DB_UNIT);
}

static enum umm_status give_value(const struct umm_dbrows *rows, size_t i,
                                  const union umm_db_value *value, uint64_t row, char *out,
                                  struct umm_error *err)
{
    const struct umm_npy_type *type = &rows->columns[i].type;
    switch (rows->fields[i].kind) {
    case UMM_DB_KIND_TIME: return give_time(rows, i, value->integer, row, out, err);
    case UMM_DB_KIND_REAL:
        if (type->size_bytes == 4 && !isnan(value->real) &&
            (double)(float)value->real != value->real)
            return refuse_value(err, rows, i, row, "does not fit into 4 bytes exactly");
        store_real(type, value->real, out);
        return UMM_OK;
    case UMM_DB_KIND_INTEGER:
    case UMM_DB_KIND_BOOL: break;
    }
    return store(type, value->integer, out)
               ? UMM_OK
               : refuse_value(err, rows, i, row, "does not fit into the array's type");
}

/* The most frequent case, a double and its bytes: no more than a copy. */
static bool is_copied(const struct umm_dbrows *rows, size_t i)
{
    const struct umm_npy_type *type = &rows->columns[i].type;
    enum umm_time_unit unit;
    if (type->size_bytes != 8 || !is_native(type))
        return false;
    switch (rows->fields[i].kind) {
    case UMM_DB_KIND_REAL: return type->kind == 'f';
    case UMM_DB_KIND_INTEGER: return type->kind == 'i';
    case UMM_DB_KIND_TIME:
        return type->kind == 'M' && umm_dbrows_unit_of(type, &unit) &&
               unit == umm_db_field_unit(&rows->fields[i]);
    case UMM_DB_KIND_BOOL: break;
    }
    return false;
}

enum umm_status umm_dbrows_from_values(const struct umm_dbrows *rows,
                                       const union umm_db_value *values, size_t n, uint64_t row,
                                       char *out, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < rows->n; i++) {
        const bool is_plain = is_copied(rows, i);
        const bool is_time = rows->fields[i].kind == UMM_DB_KIND_TIME;
        const union umm_db_value *value = values + i;
        char *at = out + rows->columns[i].offset_bytes;
        for (size_t r = 0; !status && r < n; r++, value += rows->n, at += rows->row_bytes) {
            if (is_plain && !(is_time && value->integer == INT64_MIN))
                memcpy(at, value, sizeof *value);
            else
                status = give_value(rows, i, value, row + r, at, err);
        }
    }
    return status;
}
