/* SPDX-License-Identifier: MIT */
#include "format/arraycolumn.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/nearest.h"
#include "time/time_civil.h"

static const char *const standard[] = {"timestamp", "open", "high", "low", "close", "volume"};
enum { N_STANDARD = sizeof standard / sizeof *standard, N_STANDARD_DIMS = 2 };

/* ---- which columns there are ------------------------------------------------------ */

uint64_t umm_arraycolumn_count(const struct umm_npy *npy)
{
    uint64_t n = 0;
    if (npy->n_dims < 1 || npy->n_dims > 2 || (npy->is_struct && npy->n_dims != 1))
        return 0;
    if (!npy->is_struct)
        return npy->n_dims == 2 ? npy->shape[1] : 1;
    for (size_t i = 0; i < npy->n_fields; i++)
        n += !npy->fields[i].is_padding;
    return n;
}

static const struct umm_npy_field *field_at(const struct umm_npy *npy, uint64_t index)
{
    const struct umm_npy_field *field = npy->fields;
    while (field->is_padding || index-- > 0)
        field++;
    return field;
}

/* Whether a plain array has the six names that it does not carry. */
static bool is_standard(const struct umm_npy *npy)
{
    return !npy->is_struct && npy->n_dims == N_STANDARD_DIMS && npy->shape[1] == N_STANDARD;
}

static const char *name_of(const struct umm_npy *npy, uint64_t index)
{
    if (npy->is_struct)
        return field_at(npy, index)->name;
    return is_standard(npy) ? standard[index] : "";
}

void umm_arraycolumn_get(const struct umm_npy *npy, uint64_t index, struct umm_arraycolumn *column)
{
    *column = (struct umm_arraycolumn){.type = npy->type};
    column->offset_bytes = index * npy->type.size_bytes;
    if (npy->is_struct) {
        const struct umm_npy_field *field = field_at(npy, index);
        column->type = field->type;
        column->offset_bytes = field->offset_bytes;
        column->is_unit_assumed = field->type.kind != 'M';
    }
    snprintf(column->name, sizeof column->name, "%s", name_of(npy, index));
}

/* The names there are, as many as fit: "timestamp, open, ...". */
static void list_names(const struct umm_npy *npy, char *out, size_t cap_bytes)
{
    enum { TAIL = sizeof ", ..." };
    char shown[UMM_EXCERPT_MAX];
    uint64_t n = umm_arraycolumn_count(npy);
    size_t len = 0;
    out[0] = '\0';
    for (uint64_t i = 0; i < n; i++) {
        const char *name = name_of(npy, i);
        umm_escape(shown, sizeof shown, name, strlen(name));
        if (len + 2 + strlen(shown) + TAIL > cap_bytes) {
            snprintf(out + len, cap_bytes - len, ", ...");
            return;
        }
        len += (size_t)snprintf(out + len, cap_bytes - len, "%s%s", i ? ", " : "", shown);
    }
}

static bool find_field(const struct umm_npy *npy, const char *name, uint64_t *index)
{
    uint64_t n = 0;
    for (size_t i = 0; i < npy->n_fields; i++) {
        const struct umm_npy_field *field = &npy->fields[i];
        if (!field->is_padding && strcmp(field->name, name) == 0) {
            *index = n;
            return true;
        }
        n += !field->is_padding;
    }
    return false;
}

static bool find_standard(const struct umm_npy *npy, const char *name, uint64_t *index)
{
    for (uint64_t i = 0; is_standard(npy) && i < N_STANDARD; i++) {
        if (strcmp(standard[i], name) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

/* The name that is most like the one that is not there, or NULL. */
static const char *find_nearest(const struct umm_npy *npy, const char *name)
{
    struct umm_nearest nearest = {.wanted = name};
    for (size_t i = 0; i < npy->n_fields; i++)
        if (!npy->fields[i].is_padding)
            umm_nearest_look(&nearest, npy->fields[i].name);
    for (size_t i = 0; is_standard(npy) && i < N_STANDARD; i++)
        umm_nearest_look(&nearest, standard[i]);
    return nearest.name;
}

/* What is said when there is none: the name that may be meant, and all there are. */
static enum umm_status refuse_name(const struct umm_npy *npy, const char *name,
                                   struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX], meant[UMM_EXCERPT_MAX], names[UMM_ERROR_MESSAGE_MAX / 2];
    umm_escape(shown, sizeof shown, name, strlen(name));
    if (umm_arraycolumn_count(npy) == 0 || (!npy->is_struct && !is_standard(npy)))
        return umm_error_set(err, UMM_ERR_DATA, "no column \"%s\": the array has no names", shown);
    const char *nearest = find_nearest(npy, name);
    list_names(npy, names, sizeof names);
    if (!nearest)
        return umm_error_set(err, UMM_ERR_DATA, "no column \"%s\"; there are %s", shown, names);
    umm_escape(meant, sizeof meant, nearest, strlen(nearest));
    return umm_error_set(err, UMM_ERR_DATA, "no column \"%s\", perhaps \"%s\"; there are %s", shown,
                         meant, names);
}

enum umm_status umm_arraycolumn_find(const struct umm_npy *npy, const char *name, uint64_t *index,
                                     struct umm_error *err)
{
    const bool is_found =
        umm_arraycolumn_count(npy) > 0 &&
        (npy->is_struct ? find_field(npy, name, index) : find_standard(npy, name, index));
    return is_found ? UMM_OK : refuse_name(npy, name, err);
}

/* ---- values as numbers ------------------------------------------------------------ */

/* The bits of a value of 1, 2, 4 or 8 bytes, whichever way round they are stored. */
static uint64_t load_bits(const void *bytes, unsigned size_bytes, bool is_big_endian)
{
    bool is_swapped = is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    uint64_t bits8;
    uint32_t bits4;
    uint16_t bits2;
    switch (size_bytes) {
    case 8:
        memcpy(&bits8, bytes, sizeof bits8);
        return is_swapped ? __builtin_bswap64(bits8) : bits8;
    case 4:
        memcpy(&bits4, bytes, sizeof bits4);
        return is_swapped ? __builtin_bswap32(bits4) : bits4;
    case 2:
        memcpy(&bits2, bytes, sizeof bits2);
        return is_swapped ? __builtin_bswap16(bits2) : bits2;
    default: return *(const unsigned char *)bytes;
    }
}

static double f64_of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double f32_of_bits(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return (double)value;
}

/* binary16: 1 sign, 5 exponent (bias 15) and 10 fraction bits. */
static double f16_of_bits(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023), value;
    if (exponent == 31)
        value = fraction != 0 ? NAN : INFINITY;
    else if (exponent == 0)
        value = ldexp(fraction, -24);
    else
        value = ldexp(fraction + 1024, exponent - 25);
    return bits >> 15 & 1 ? -value : value;
}

static int64_t sign_extend(uint64_t bits, unsigned size_bytes)
{
    unsigned n_unused = 64 - 8 * size_bytes;
    return (int64_t)(bits << n_unused) >> n_unused;
}

static double value_of_bits(uint64_t bits, char kind, unsigned size_bytes)
{
    switch (kind) {
    case 'i': return (double)sign_extend(bits, size_bytes);
    case 'f':
        return size_bytes == 8   ? f64_of_bits(bits)
               : size_bytes == 4 ? f32_of_bits(bits)
                                 : f16_of_bits(bits);
    case 'b': return bits != 0;
    default: return (double)bits;
    }
}

bool umm_arraycolumn_read_f64(const struct umm_arraycolumn *column, const void *value,
                              uint64_t stride_bytes, size_t n_rows, double *out)
{
    const struct umm_npy_type *type = &column->type;
    const unsigned char *at = value;
    if (!strchr("biuf", type->kind) || type->size_bytes > 8)
        return false;
    bool is_native = type->kind == 'f' && type->size_bytes == 8 &&
                     type->is_big_endian == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    for (size_t i = 0; i < n_rows; i++, at += stride_bytes) {
        if (is_native)
            memcpy(&out[i], at, sizeof *out);
        else
            out[i] = value_of_bits(load_bits(at, type->size_bytes, type->is_big_endian), type->kind,
                                   type->size_bytes);
    }
    return true;
}

/* ---- values as times -------------------------------------------------------------- */

static bool can_hold_time(const struct umm_npy_type *type)
{
    return type->kind == 'M' ? type->unit[0] != '\0'
                             : strchr("fiu", type->kind) && type->size_bytes == 8;
}

/* The field that is the time of a record: by its name, or by a type only it has. */
static bool find_time_field(const struct umm_npy *npy, uint64_t *index)
{
    uint64_t n = 0, n_times = 0;
    if (find_field(npy, standard[0], index))
        return true;
    for (size_t i = 0; i < npy->n_fields; i++) {
        const struct umm_npy_field *field = &npy->fields[i];
        if (field->type.kind == 'M') {
            *index = n;
            n_times++;
        }
        n += !field->is_padding;
    }
    return n_times == 1;
}

enum umm_status umm_arraycolumn_find_time(const struct umm_npy *npy, uint64_t *index,
                                          struct umm_error *err)
{
    uint64_t n = umm_arraycolumn_count(npy), found = 0;
    if (n == 0)
        return umm_error_set(err, UMM_ERR_DATA, "the array has no columns, so no time");
    if (npy->is_struct && !find_time_field(npy, &found))
        return umm_error_set(err, UMM_ERR_DATA,
                             "no time: no field \"timestamp\", and not exactly one of type M8");
    struct umm_arraycolumn column;
    umm_arraycolumn_get(npy, found, &column);
    if (npy->n_dims == 1 && !npy->is_struct && column.type.kind != 'M')
        return umm_error_set(err, UMM_ERR_DATA, "no time: it is one column of numbers");
    if (!can_hold_time(&column.type)) {
        char type[UMM_NPY_TYPE_TEXT_MAX], name[UMM_EXCERPT_MAX];
        umm_npy_type_text(&column.type, type);
        umm_escape(name, sizeof name, column.name, strlen(column.name));
        return umm_error_set(err, UMM_ERR_DATA,
                             "column %" PRIu64 " \"%s\" is %s, which cannot hold a time", found,
                             name, type);
    }
    *index = found;
    return UMM_OK;
}

/* Split a count of which n_per_second make a second; finer than ns must be zeros. */
static enum umm_time_result from_fraction(int64_t count, int64_t n_per_second, struct umm_time *out)
{
    const int64_t ns_per_s = 1000000000;
    int64_t sec = count / n_per_second, rest = count % n_per_second;
    if (rest < 0) {
        sec--;
        rest += n_per_second;
    }
    if (n_per_second > ns_per_s && rest % (n_per_second / ns_per_s) != 0)
        return UMM_TIME_INEXACT;
    int64_t nsec = n_per_second > ns_per_s ? rest / (n_per_second / ns_per_s)
                                           : rest * (ns_per_s / n_per_second);
    *out = (struct umm_time){sec, (int32_t)nsec};
    return UMM_TIME_OK;
}

static enum umm_time_result from_months(int64_t count, struct umm_time *out)
{
    const int64_t months_max = INT64_C(1000000000000); /* far inside both calendars' range */
    if (count > months_max || count < -months_max)
        return UMM_TIME_RANGE;
    int64_t year = count / 12, month = count % 12;
    if (month < 0) {
        year--;
        month += 12;
    }
    int64_t days = umm_time_days_from_civil(1970 + year, (int)month + 1, 1);
    *out = (struct umm_time){days * 86400, 0};
    return UMM_TIME_OK;
}

/* An M8 value: its unit is a name of NumPy's, after a number when it is not one. */
static enum umm_time_result from_m8(int64_t value, const char *unit, struct umm_time *out)
{
    static const struct {
        char name[3];
        int64_t n_seconds, n_per_second, n_months;
    } units[] = {{"ms", 0, 1000, 0},
                 {"ns", 0, 1000000000, 0},
                 {"s", 1, 0, 0},
                 {"us", 0, 1000000, 0},
                 {"D", 86400, 0, 0},
                 {"m", 60, 0, 0},
                 {"h", 3600, 0, 0},
                 {"W", 604800, 0, 0},
                 {"M", 0, 0, 1},
                 {"Y", 0, 0, 12},
                 {"ps", 0, INT64_C(1000000000000), 0},
                 {"fs", 0, INT64_C(1000000000000000), 0},
                 {"as", 0, INT64_C(1000000000000000000), 0}};
    int64_t step = 0;
    if (value == INT64_MIN) /* NaT */
        return UMM_TIME_MALFORMED;
    for (; *unit >= '0' && *unit <= '9'; unit++)
        step = step * 10 + (*unit - '0');
    if (step && __builtin_mul_overflow(value, step, &value))
        return UMM_TIME_RANGE;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].name) != 0)
            continue;
        if (units[i].n_per_second)
            return from_fraction(value, units[i].n_per_second, out);
        int64_t scale = units[i].n_months ? units[i].n_months : units[i].n_seconds;
        if (__builtin_mul_overflow(value, scale, &value))
            return UMM_TIME_RANGE;
        if (units[i].n_months)
            return from_months(value, out);
        *out = (struct umm_time){value, 0};
        return UMM_TIME_OK;
    }
    return UMM_TIME_MALFORMED;
}

static enum umm_time_result from_f64_ms(double value, struct umm_time *out)
{
    const int32_t ns_max = 999999; /* where the difference, below 1, was rounded to it */
    double whole = floor(value);
    enum umm_time_result result = from_fraction((int64_t)whole, 1000, out);
    int32_t nsec = (int32_t)((value - whole) * 1e6);
    out->nsec += nsec < ns_max ? nsec : ns_max;
    return result;
}

enum umm_time_result umm_arraycolumn_read_time(const struct umm_arraycolumn *column,
                                               const void *value, struct umm_time *out)
{
    const double other_min = 1e14, seconds_max = 1e11;
    const struct umm_npy_type *type = &column->type;
    uint64_t bits = load_bits(value, 8, type->is_big_endian);
    if (type->kind == 'M')
        return from_m8((int64_t)bits, type->unit, out);
    double number = value_of_bits(bits, type->kind, 8);
    if (!isfinite(number))
        return UMM_TIME_MALFORMED;
    if (fabs(number) >= other_min || (column->is_unit_assumed && fabs(number) < seconds_max))
        return UMM_TIME_NO_EPOCH;
    return type->kind == 'f' ? from_f64_ms(number, out) : from_fraction((int64_t)bits, 1000, out);
}

enum umm_status umm_arraycolumn_refuse_time(const struct umm_arraycolumn *column, uint64_t row,
                                            enum umm_time_result result, struct umm_error *err)
{
    static const char *const reasons[] = {[UMM_TIME_MALFORMED] = "is not a time",
                                          [UMM_TIME_NO_EPOCH] = "is no count of milliseconds",
                                          [UMM_TIME_RANGE] = "is too far from 1970",
                                          [UMM_TIME_INEXACT] = "is finer than a nanosecond"};
    char name[UMM_EXCERPT_MAX];
    umm_escape(name, sizeof name, column->name, strlen(column->name));
    return umm_error_set(err, UMM_ERR_DATA, "row %" PRIu64 ": %s %s", row,
                         name[0] ? name : "column 0", reasons[result]);
}

enum umm_status umm_arraycolumn_time(const struct umm_arraycolumn *column, const void *value,
                                     uint64_t row, struct umm_time *out, struct umm_error *err)
{
    const enum umm_time_result result = umm_arraycolumn_read_time(column, value, out);
    return result == UMM_TIME_OK ? UMM_OK : umm_arraycolumn_refuse_time(column, row, result, err);
}

/* ---- searching -------------------------------------------------------------------- */

int umm_arraycolumn_compare(const struct umm_time *a, const struct umm_time *b)
{
    if (a->sec != b->sec)
        return a->sec < b->sec ? -1 : 1;
    return (a->nsec > b->nsec) - (a->nsec < b->nsec);
}

struct probed {
    uint64_t row;
    struct umm_time time;
};

static enum umm_status refuse_order(uint64_t earlier, uint64_t later, struct umm_error *err)
{
    return umm_error_set(err, UMM_ERR_DATA,
                         "not sorted by time: row %" PRIu64 " is before row %" PRIu64, later,
                         earlier);
}

enum umm_status umm_arraycolumn_search(
    enum umm_status (*probe)(void *user, uint64_t row, struct umm_time *out, struct umm_error *err),
    void *user, uint64_t n_rows, const struct umm_time *at, uint64_t *row, struct umm_error *err)
{
    struct probed low = {.row = 0}, high = {.row = n_rows ? n_rows - 1 : 0}, middle;
    *row = 0;
    if (n_rows == 0)
        return UMM_OK;
    enum umm_status status = probe(user, low.row, &low.time, err);
    if (!status)
        status = probe(user, high.row, &high.time, err);
    if (status)
        return status;
    if (umm_arraycolumn_compare(&high.time, &low.time) < 0)
        return refuse_order(low.row, high.row, err);
    if (umm_arraycolumn_compare(&low.time, at) >= 0)
        return UMM_OK;
    if (umm_arraycolumn_compare(&high.time, at) < 0) {
        *row = n_rows;
        return UMM_OK;
    }
    /* low is before `at`, high is not. */
    while (high.row - low.row > 1) {
        middle.row = low.row + (high.row - low.row) / 2;
        status = probe(user, middle.row, &middle.time, err);
        if (status)
            return status;
        if (umm_arraycolumn_compare(&middle.time, &low.time) < 0)
            return refuse_order(low.row, middle.row, err);
        if (umm_arraycolumn_compare(&high.time, &middle.time) < 0)
            return refuse_order(middle.row, high.row, err);
        *(umm_arraycolumn_compare(&middle.time, at) < 0 ? &low : &high) = middle;
    }
    *row = high.row;
    return UMM_OK;
}
