/* SPDX-License-Identifier: MIT */
#include "reading/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "reading/celladvice.h"
#include "reading/celltime.h"
#include "text/num.h"
#include "time/time_digits.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows are written as they lie in memory");

/* ---- missing values --------------------------------------------------------- */

enum umm_status umm_na_parse(const char *list, struct umm_na *na, struct umm_error *err)
{
    memset(na, 0, sizeof *na);
    na->text = strdup(list);
    if (!na->text)
        return umm_error_set_memory(err, strlen(list) + 1, "texts of missing values");
    na->n = 1;
    for (char *p = na->text; *p; p++) {
        if (*p == ',') {
            *p = '\0';
            na->n++;
        }
    }
    const char *entry = na->text;
    for (size_t i = 0; i < na->n; i++) {
        double value;
        na->has_numeric |=
            umm_num_parse_f64(entry, strlen(entry), '.', &value) != UMM_NUM_MALFORMED;
        na->has_digit |= entry[strcspn(entry, "0123456789")] != '\0';
        na->has_empty |= *entry == '\0';
        entry += strlen(entry) + 1;
    }
    return UMM_OK;
}

void umm_na_free(struct umm_na *na)
{
    free(na->text);
    memset(na, 0, sizeof *na);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool equal_fold(const char *a, size_t len, const char *b)
{
    for (size_t i = 0; i < len; i++)
        if (b[i] == '\0' || lower(a[i]) != lower(b[i]))
            return false;
    return b[len] == '\0';
}

bool umm_na_has(const struct umm_na *na, struct umm_csv_field cell)
{
    const char *entry = na->text;
    for (size_t i = 0; i < na->n; i++) {
        if (equal_fold(cell.text, cell.len_bytes, entry))
            return true;
        entry += strlen(entry) + 1;
    }
    return false;
}

/* ---- one cell --------------------------------------------------------------- */

static enum umm_status refuse(const struct umm_schema_field *field, const char *what,
                              struct umm_csv_field cell, const char *says, struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX], name[UMM_EXCERPT_MAX];
    umm_escape(shown, sizeof shown, cell.text, cell.len_bytes);
    umm_escape(name, sizeof name, field->name, strlen(field->name));
    return umm_error_set(err, UMM_ERR_DATA, "%s%s%s: \"%s\"%s", name, name[0] ? " " : "", what,
                         shown, says);
}

/* The array's type cannot hold the cell; types can. */
static enum umm_status refuse_type(const struct umm_schema_field *field, const char *what,
                                   struct umm_csv_field cell, const char *types,
                                   struct umm_error *err)
{
    return umm_error_hint_at(err, refuse(field, what, cell, "", err),
                             field->is_typed ? UMM_HINT_FIELD_TYPE : UMM_HINT_TYPE, types, NULL);
}

static void store_nan(const struct umm_schema_field *field, char *out)
{
    static const uint64_t nan64 = 0x7ff8000000000000;
    static const uint32_t nan32 = 0x7fc00000;
    if (field->type.size_bytes == 8)
        memcpy(out, &nan64, sizeof nan64);
    else
        memcpy(out, &nan32, sizeof nan32);
}

static const char *const type_names[2][2] = {{"f4", "f8"}, {"i4", "i8"}};

static const char *type_name(const struct umm_schema_field *field)
{
    return type_names[field->type.kind == 'i'][field->type.size_bytes == 8];
}

/* The cell's number in plain digits, or the cell as it is, which then is a number or not. */
static void write_plainly(const struct umm_cells *cells, const struct umm_schema_field *field,
                          struct umm_csv_field cell, struct umm_written *number)
{
    if (umm_notation_is_plain(&cells->notation) ||
        !umm_notation_read(&cells->notation, cells->decimal, cell.text, cell.len_bytes, number)) {
        number->text = cell.text;
        number->len_bytes = cell.len_bytes;
        number->power = 0;
    }
    number->power += field->power;
}

/* Digits alone, with or without a sign, that stay integers when their point is moved. */
static bool is_whole(const struct umm_written *number)
{
    const char *text = number->text;
    size_t i = number->len_bytes && (text[0] == '-' || text[0] == '+');
    const size_t first = i;
    while (i < number->len_bytes && text[i] >= '0' && text[i] <= '9')
        i++;
    return i == number->len_bytes && i > first && number->power >= 0;
}

/* Whether the float at out is the integer that was read; beyond int64 none is. */
static bool is_held(const struct umm_schema_field *field, const struct umm_written *number,
                    const char *out)
{
    const double least_beyond = 0x1p63;
    int64_t value;
    double f8;
    float f4;
    if (umm_num_scaled_i64(number->text, number->len_bytes, '.', number->power, &value) !=
        UMM_NUM_OK)
        return false;
    memcpy(&f8, out, field->type.size_bytes == 8 ? sizeof f8 : 0);
    memcpy(&f4, out, field->type.size_bytes == 4 ? sizeof f4 : 0);
    if (field->type.size_bytes == 4)
        f8 = (double)f4;
    return f8 < least_beyond && (int64_t)f8 == value;
}

static enum umm_num_result parse_float(const struct umm_schema_field *field,
                                       const struct umm_written *n, char decimal, char *out)
{
    double f8;
    float f4;
    enum umm_num_result result;
    if (field->type.size_bytes == 8) {
        result = umm_num_scaled_f64(n->text, n->len_bytes, decimal, n->power, &f8);
        if (result == UMM_NUM_OK)
            memcpy(out, &f8, sizeof f8);
        return result;
    }
    result = umm_num_scaled_f32(n->text, n->len_bytes, decimal, n->power, &f4);
    if (result == UMM_NUM_OK)
        memcpy(out, &f4, sizeof f4);
    return result;
}

/* Store value in an integer field; false when it does not fit. */
static bool store_integer(const struct umm_schema_field *field, int64_t value, char *out)
{
    if (field->type.size_bytes == 8) {
        memcpy(out, &value, sizeof value);
        return true;
    }
    if (value < INT32_MIN || value > INT32_MAX)
        return false;
    int32_t narrow = (int32_t)value;
    memcpy(out, &narrow, sizeof narrow);
    return true;
}

static enum umm_num_result parse_integer(const struct umm_schema_field *field,
                                         const struct umm_written *n, char decimal, char *out)
{
    int64_t value;
    enum umm_num_result result =
        umm_num_scaled_i64(n->text, n->len_bytes, decimal, n->power, &value);
    if (result == UMM_NUM_OK && !store_integer(field, value, out))
        return UMM_NUM_OVERFLOW;
    return result;
}

/* number: the cell in plain digits, if it is a number. */
static enum umm_status refuse_number(const struct umm_cells *cells,
                                     const struct umm_schema_field *field,
                                     enum umm_num_result result, struct umm_csv_field cell,
                                     const struct umm_written *number, struct umm_error *err)
{
    bool is_f8 = field->type.kind == 'f' && field->type.size_bytes == 8;
    if (result == UMM_NUM_INEXACT)
        return refuse_type(field, "is not an integer", cell, "f8", err);
    if (result == UMM_NUM_OVERFLOW) {
        const bool is_beyond = field->is_exact && is_whole(number) && field->type.size_bytes == 8;
        char what[32] = "does not fit ";
        strcat(what, type_name(field));
        if (is_f8)
            return refuse(field, what, cell, " (the largest is 1.8e308)", err);
        if (is_beyond)
            return refuse(field, what, cell, "; no type can: leave the column out", err);
        const bool is_i4 = field->type.kind == 'i' && field->type.size_bytes == 4;
        return refuse_type(field, what, cell, is_i4 ? "i8 or f8" : "f8", err);
    }
    const struct umm_celladvice advice =
        umm_celladvice_number(field, cell, cells->decimal, &cells->notation);
    return umm_error_hint_at(err, refuse(field, "is not a number", cell, advice.says, err),
                             advice.hint, advice.values[0], advice.values[1]);
}

/* Ids, counts and times that a float would change. */
static enum umm_status refuse_inexact(const struct umm_schema_field *field,
                                      struct umm_csv_field cell, const struct umm_written *number,
                                      struct umm_error *err)
{
    int64_t value;
    bool is_i8 = umm_num_scaled_i64(number->text, number->len_bytes, '.', number->power, &value) ==
                 UMM_NUM_OK;
    char what[48];
    snprintf(what, sizeof what, "is an integer that %s cannot hold exactly", type_name(field));
    return refuse(field, what, cell,
                  is_i8 ? "; use the type :i8, or :M8 for a time"
                        : "; no type can: leave the column out",
                  err);
}

static enum umm_status convert_number(const struct umm_cells *cells,
                                      const struct umm_schema_field *field,
                                      struct umm_csv_field cell, char *out, struct umm_error *err)
{
    bool is_float = field->type.kind == 'f';
    enum umm_num_result result = UMM_NUM_MALFORMED;
    struct umm_written number;
    const bool may_read_missing =
        cells->na->has_numeric || !umm_notation_is_plain(&cells->notation);
    bool is_known_missing = may_read_missing && umm_na_has(cells->na, cell);
    if (!is_known_missing) {
        write_plainly(cells, field, cell, &number);
        result = is_float ? parse_float(field, &number, cells->decimal, out)
                          : parse_integer(field, &number, cells->decimal, out);
        if (result == UMM_NUM_OK && is_float && field->is_exact && is_whole(&number) &&
            !is_held(field, &number, out))
            return refuse_inexact(field, cell, &number, err);
        if (result == UMM_NUM_OK)
            return UMM_OK;
    }
    if (is_known_missing || (result == UMM_NUM_MALFORMED && umm_na_has(cells->na, cell))) {
        if (!is_float)
            return refuse_type(field, "is missing, and integers have no NaN", cell, "f8", err);
        store_nan(field, out);
        return UMM_OK;
    }
    return refuse_number(cells, field, result, cell, &number, err);
}

/* As it stands, zeros after it: a text without zero bytes, as the reader of records sees to. */
static enum umm_status convert_text(const struct umm_schema_field *field, struct umm_csv_field cell,
                                    char *out, struct umm_error *err)
{
    const size_t size = field->type.size_bytes;
    char what[32];
    snprintf(what, sizeof what, "is longer than %zu bytes", size);
    if (cell.len_bytes > size)
        return refuse(field, what, cell, "", err);
    memcpy(out, cell.text, cell.len_bytes);
    memset(out + cell.len_bytes, 0, size - cell.len_bytes);
    return UMM_OK;
}

/* The value of all rows: the schema has seen to it that the type can hold it. */
static void convert_value(const struct umm_schema_field *field, char *out)
{
    const struct umm_written number = {.text = field->value, .len_bytes = strlen(field->value)};
    if (field->type.kind != 'f')
        (void)!parse_integer(field, &number, '.', out);
    else if (parse_float(field, &number, '.', out) != UMM_NUM_OK)
        store_nan(field, out);
}

/* ---- times ------------------------------------------------------------------ */

/*
 * Settle the form of a column from its first cell: a layout's patterns if the text
 * has their shape, else what the text itself shows. An explicit pattern or unit is
 * settled from the start. Digits that could be more than an epoch are one only if
 * something says so: what other rows show, see reading/reading_times.h.
 */
static enum umm_time_result settle(struct umm_time_spec *spec, struct umm_csv_field cell)
{
    struct umm_time ignored;
    if (spec->form != UMM_TIME_FORM_NONE)
        return UMM_TIME_OK;
    if (spec->patterns[0]) {
        spec->form = UMM_TIME_FORM_PATTERN;
        if (umm_time_parse(spec, cell.text, cell.len_bytes, &ignored) != UMM_TIME_MALFORMED)
            return UMM_TIME_OK;
        spec->form = UMM_TIME_FORM_NONE;
    }
    enum umm_time_result result = umm_time_detect(cell.text, cell.len_bytes, spec);
    if (result == UMM_TIME_OK && spec->form == UMM_TIME_FORM_EPOCH && !spec->is_epoch &&
        umm_time_is_ambiguous(cell.text, cell.len_bytes)) {
        spec->form = UMM_TIME_FORM_NONE;
        return UMM_TIME_AMBIGUOUS;
    }
    return result;
}

/* is_read: the text is a time, but the array cannot hold it. */
static enum umm_status refuse_time(const struct umm_schema_field *field,
                                   const struct umm_time_spec *spec, enum umm_time_result result,
                                   bool is_read, struct umm_csv_field cell, struct umm_error *err)
{
    struct umm_celltime_refusal refusal;
    umm_celltime_refuse(field, spec, result, is_read, cell, &refusal);
    return umm_error_hint_at(err, refuse(field, refusal.what, cell, refusal.says, err),
                             refusal.hint, refusal.values[0], refusal.values[1]);
}

enum umm_status umm_cells_refuse_ambiguous(const struct umm_cells *cells, size_t index,
                                           struct umm_csv_field text, struct umm_error *err)
{
    return refuse_time(&cells->schema->fields[index], &cells->times[index], UMM_TIME_AMBIGUOUS,
                       false, text, err);
}

/* Times are exact in f8 up to 2^53 and in i4 up to 2^31. */
static bool store_time(const struct umm_schema_field *field, int64_t value, char *out)
{
    if (field->type.kind != 'f')
        return store_integer(field, value, out);
    const int64_t exact = INT64_C(1) << 53;
    if (value < -exact || value > exact)
        return false;
    double f8 = (double)value;
    memcpy(out, &f8, sizeof f8);
    return true;
}

/* A local time that the zone has twice: *time is the earlier instant. */
static enum umm_time_result read_both(const struct umm_cells *cells,
                                      const struct umm_time_spec *spec, struct umm_csv_field cell,
                                      struct umm_cell_time *read, struct umm_time *time)
{
    struct umm_time_spec each = *spec;
    struct umm_time later;
    each.fold = UMM_TZ_FOLD_LATER;
    enum umm_time_result result = umm_time_parse(&each, cell.text, cell.len_bytes, &later);
    if (result == UMM_TIME_OK)
        result = umm_time_to_unit(later, cells->schema->time_unit, &read->later);
    each.fold = UMM_TZ_FOLD_EARLIER;
    if (result == UMM_TIME_OK)
        result = umm_time_parse(&each, cell.text, cell.len_bytes, time);
    read->is_folded = result == UMM_TIME_OK;
    return result;
}

static enum umm_status convert_time(const struct umm_cells *cells, size_t index,
                                    struct umm_csv_field cell, char *out,
                                    struct umm_cell_time *read, struct umm_error *err)
{
    const struct umm_schema_field *field = &cells->schema->fields[index];
    struct umm_time_spec *spec = &cells->times[index];
    struct umm_time time = {0, 0};
    enum umm_time_unit unit = UMM_TIME_S;
    if (umm_na_has(cells->na, cell))
        return refuse(field, "is missing", cell, "", err);
    enum umm_time_result result = settle(spec, cell);
    if (result == UMM_TIME_OK)
        result = umm_time_parse_unit(spec, cell.text, cell.len_bytes, &time, &unit);
    if (result == UMM_TIME_LOCAL_FOLD && spec->fold == UMM_TZ_FOLD_INFER && read->takes_both)
        result = read_both(cells, spec, cell, read, &time);
    bool is_read = result == UMM_TIME_OK;
    if (is_read)
        result = umm_time_to_unit(time, cells->schema->time_unit, &read->value);
    if (result == UMM_TIME_OK && !store_time(field, read->value, out))
        result = UMM_TIME_RANGE;
    if (result != UMM_TIME_OK)
        return refuse_time(field, spec, result, is_read, cell, err);
    read->is_by_magnitude = spec->form == UMM_TIME_FORM_EPOCH && !spec->is_unit_forced;
    read->unit = unit;
    return UMM_OK;
}

/* A date and a time of day as one text. */
static bool join(struct umm_csv_field date, struct umm_csv_field time,
                 char buffer[UMM_CELLS_JOINED_MAX], struct umm_csv_field *out)
{
    if (date.len_bytes + 1 + time.len_bytes > UMM_CELLS_JOINED_MAX)
        return false;
    memcpy(buffer, date.text, date.len_bytes);
    buffer[date.len_bytes] = ' ';
    memcpy(buffer + date.len_bytes + 1, time.text, time.len_bytes);
    *out = (struct umm_csv_field){buffer, date.len_bytes + 1 + time.len_bytes};
    return true;
}

bool umm_cells_time_text(const struct umm_cells *cells, size_t index, struct umm_csv_field first,
                         struct umm_csv_field second, char buffer[UMM_CELLS_JOINED_MAX],
                         struct umm_csv_field *text)
{
    *text = umm_csv_trim(first);
    return cells->found[index].second < 0 || join(*text, umm_csv_trim(second), buffer, text);
}

enum umm_status umm_cells_convert_field(const struct umm_cells *cells, size_t index,
                                        struct umm_csv_field first, struct umm_csv_field second,
                                        char *out, struct umm_cell_time *time,
                                        struct umm_error *err)
{
    const struct umm_schema_field *field = &cells->schema->fields[index];
    struct umm_csv_field cell;
    char joined[UMM_CELLS_JOINED_MAX];
    if (cells->found[index].first < 0) {
        convert_value(field, out);
        return UMM_OK;
    }
    if (field->type.kind == 'S')
        return convert_text(field, umm_csv_trim(first), out, err);
    if (!field->is_time)
        return convert_number(cells, field, umm_csv_trim(first), out, err);
    if (!umm_cells_time_text(cells, index, first, second, joined, &cell))
        return refuse(field, "is not a time", cell, "", err);
    return convert_time(cells, index, cell, out, time, err);
}

enum umm_status umm_cells_convert(const struct umm_cells *cells, const struct umm_csv_field *fields,
                                  struct umm_row *row, size_t *bad_field, struct umm_error *err)
{
    const struct umm_schema *schema = cells->schema;
    for (size_t i = 0; i < schema->n_fields; i++) {
        const struct umm_found *found = &cells->found[i];
        struct umm_csv_field first = {.text = NULL}, second = {.text = NULL};
        struct umm_cell_time time = {.takes_both = row->takes_both && (int)i == schema->time_index};
        if (found->first >= 0) {
            first = fields[found->first];
            *bad_field = (size_t)found->first;
        }
        if (found->second >= 0)
            second = fields[found->second];
        enum umm_status status = umm_cells_convert_field(
            cells, i, first, second, row->bytes + schema->fields[i].offset_bytes, &time, err);
        if (status)
            return status;
        if ((int)i == schema->time_index) {
            row->time = time.value;
            row->read = time;
        }
    }
    return UMM_OK;
}

enum umm_status umm_cells_take_later(const struct umm_cells *cells, struct umm_row *row,
                                     struct umm_error *err)
{
    const struct umm_schema_field *field = &cells->schema->fields[cells->schema->time_index];
    row->time = row->read.value = row->read.later;
    row->read.is_folded = false;
    if (store_time(field, row->time, row->bytes + field->offset_bytes))
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_DATA, "a time is out of range");
}

enum umm_status umm_cells_refuse_folded(const struct umm_cells *cells, size_t index,
                                        struct umm_csv_field text, struct umm_error *err)
{
    return refuse_time(&cells->schema->fields[index], &cells->times[index], UMM_TIME_LOCAL_FOLD,
                       false, text, err);
}

/* ---- bars ------------------------------------------------------------------- */

/* The value of the field with that role as f8; NaN when there is none. */
static double value_of(const struct umm_schema *schema, const char *row, enum umm_role role)
{
    int index = umm_schema_find_role(schema, role);
    if (index < 0 || schema->fields[index].type.kind == 'S')
        return __builtin_nan("");
    const struct umm_schema_field *field = &schema->fields[index];
    const char *at = row + field->offset_bytes;
    double f8;
    float f4;
    int64_t i8;
    int32_t i4;
    switch (field->type.kind == 'f' ? field->type.size_bytes : field->type.size_bytes + 1) {
    case 8: memcpy(&f8, at, sizeof f8); return f8;
    case 4: memcpy(&f4, at, sizeof f4); return (double)f4;
    case 9: memcpy(&i8, at, sizeof i8); return (double)i8;
    default: memcpy(&i4, at, sizeof i4); return (double)i4;
    }
}

const char *umm_cells_check_ohlc(const struct umm_schema *schema, const char *row_bytes,
                                 size_t *bad_index)
{
    double open = value_of(schema, row_bytes, UMM_ROLE_OPEN);
    double high = value_of(schema, row_bytes, UMM_ROLE_HIGH);
    double low = value_of(schema, row_bytes, UMM_ROLE_LOW);
    double close = value_of(schema, row_bytes, UMM_ROLE_CLOSE);
    enum umm_role role = UMM_ROLE_HIGH;
    const char *what = NULL;
    /* Comparisons with NaN are false: a missing value breaks no rule. */
    if (low > high)
        what = "low is above high";
    else if (open > high)
        what = "open is above high";
    else if (close > high)
        what = "close is above high";
    else if (open < low) {
        what = "open is below low";
        role = UMM_ROLE_LOW;
    } else if (close < low) {
        what = "close is below low";
        role = UMM_ROLE_LOW;
    } else if (value_of(schema, row_bytes, UMM_ROLE_VOLUME) < 0) {
        what = "volume is negative";
        role = UMM_ROLE_VOLUME;
    }
    if (what)
        *bad_index = (size_t)umm_schema_find_role(schema, role);
    return what;
}
