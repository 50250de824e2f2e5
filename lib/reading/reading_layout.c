/* SPDX-License-Identifier: MIT */
#include "reading/reading_layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/basevolume.h"

/* ---- which preset -------------------------------------------------------------- */

/* Whether the fields are, one for one, the comma-separated names of signature. */
static bool matches(const struct umm_csv_field *fields, size_t n_fields, const char *signature)
{
    for (size_t i = 0; i < n_fields; i++) {
        size_t len = strcspn(signature, ",");
        if (!len || !umm_name_equal(fields[i].text, fields[i].len_bytes, signature, len))
            return false;
        signature += len;
        if (*signature)
            signature++;
        else if (i + 1 < n_fields)
            return false;
    }
    return *signature == '\0';
}

static bool has_signature(const struct umm_layout *layout, const struct umm_csv_field *fields,
                          size_t n_fields)
{
    for (size_t k = 0; k < UMM_LAYOUT_SIGNATURES && layout->signatures[k]; k++)
        if (matches(fields, n_fields, layout->signatures[k]))
            return true;
    return false;
}

void umm_reading_recognise(struct umm_reading *reading, const struct umm_csv_field *fields,
                           size_t n_fields)
{
    size_t n_advised = 0;
    for (size_t i = 0; umm_layout_at(i); i++) {
        const struct umm_layout *layout = umm_layout_at(i);
        if (!has_signature(layout, fields, n_fields))
            continue;
        if (!layout->is_asked_for) {
            reading->layout = layout;
            reading->layout_by = "header";
        } else if (n_advised < sizeof reading->advised / sizeof *reading->advised) {
            reading->advised[n_advised++] = layout->name;
        }
    }
}

static bool is_number(const char *text, size_t len_bytes)
{
    double ignored;
    return umm_num_parse_f64(text, len_bytes, '.', &ignored) != UMM_NUM_MALFORMED;
}

/* Whether the fields are as many as the sample has, and numbers where that has numbers. */
static bool is_like_sample(const struct umm_layout *layout, const struct umm_csv_field *fields,
                           size_t n_fields)
{
    const char delimiters[] = {layout->delimiter ? layout->delimiter : ';', '\0'};
    const char *sample = layout->sample;
    for (size_t i = 0; i < n_fields; i++) {
        size_t len = strcspn(sample, delimiters);
        if (is_number(sample, len) != is_number(fields[i].text, fields[i].len_bytes) ||
            !sample[len] != (i + 1 == n_fields))
            return false;
        sample += len + 1;
    }
    return true;
}

/* Whether the name of the file tells this layout. */
static bool is_told(const struct umm_layout *layout, const char *layout_of_name)
{
    return layout_of_name && strcmp(layout->name, layout_of_name) == 0;
}

void umm_reading_recognise_row(struct umm_reading *reading, const char *layout_of_name,
                               const struct umm_csv_field *fields, size_t n_fields)
{
    enum { FEW_FIELDS = 8 }; /* so many numbers are those of many files */
    for (size_t i = 0; n_fields > FEW_FIELDS && umm_layout_at(i); i++) {
        const struct umm_layout *layout = umm_layout_at(i);
        if (!layout->names || layout->header == UMM_HEADER_YES ||
            !is_like_sample(layout, fields, n_fields))
            continue;
        if (is_told(layout, layout_of_name)) {
            reading->layout = layout;
            reading->layout_by = "name";
        } else if (!reading->advised[0]) {
            reading->advised[0] = layout->name;
        }
    }
}

enum umm_status umm_reading_advise(const struct umm_reading *reading, enum umm_status status,
                                   struct umm_error *err)
{
    const char *const *advised = reading->advised;
    if (status != UMM_ERR_DATA || reading->layout || !advised[0])
        return status;
    return umm_error_hint_at(err, status, advised[1] ? UMM_HINT_LAYOUTS : UMM_HINT_LAYOUT,
                             advised[0], advised[1]);
}

/* ---- a header of several records ------------------------------------------------- */

static enum umm_status refuse_field(const struct umm_reading *reading,
                                    const struct umm_csv_record *record, size_t field,
                                    struct umm_error *err)
{
    const struct umm_records *records = &reading->records;
    struct umm_csv_place place = umm_csv_locate(record, records->delimiter, field);
    umm_error_at(err, records->source.path, records->line + place.lines_before, place.column,
                 records->byte + place.offset_bytes);
    return UMM_ERR_DATA;
}

/* Whether the field is one of the names, which have '|' between them. */
static bool is_any(struct umm_csv_field field, const char *names)
{
    for (;;) {
        size_t len = strcspn(names, "|");
        if (umm_name_equal(field.text, field.len_bytes, names, len))
            return true;
        if (!names[len])
            return false;
        names += len + 1;
    }
}

/* The first field after the second that has another text; n_fields if there is none. */
static size_t find_other(const struct umm_csv_field *fields, size_t n_fields)
{
    size_t i = 2;
    while (i < n_fields && fields[i].len_bytes == fields[1].len_bytes &&
           memcmp(fields[i].text, fields[1].text, fields[1].len_bytes) == 0)
        i++;
    return i < n_fields ? i : n_fields;
}

static enum umm_status refuse_symbols(const struct umm_reading *reading,
                                      const struct umm_csv_record *record,
                                      const struct umm_csv_field *fields, size_t other,
                                      struct umm_error *err)
{
    char name[UMM_EXCERPT_MAX], first[UMM_EXCERPT_MAX / 2], now[UMM_EXCERPT_MAX / 2];
    umm_error_set(err, UMM_ERR_DATA, "%s is \"%s\" after \"%s\": not one series",
                  umm_escape(name, sizeof name, fields[0].text, fields[0].len_bytes),
                  umm_escape(now, sizeof now, fields[other].text, fields[other].len_bytes),
                  umm_escape(first, sizeof first, fields[1].text, fields[1].len_bytes));
    return refuse_field(reading, record, other, err);
}

/* Take the record to the header's text. */
static enum umm_status add_header(struct umm_reading *reading, const struct umm_csv_record *record,
                                  struct umm_error *err)
{
    struct umm_placed_record placed;
    bool has_record;
    size_t len = strlen(reading->header_text);
    char *text = realloc(reading->header_text, len + record->len_bytes + 2);
    if (!text)
        return umm_error_set_memory(err, record->len_bytes, "the header");
    text[len] = '\n';
    memcpy(text + len + 1, record->text, record->len_bytes);
    text[len + 1 + record->len_bytes] = '\0';
    reading->header_text = text;
    reading->n_header_records++;
    return umm_records_next(&reading->records, &placed, &has_record, err);
}

/* One record more of the header; names are those that its first field may have. */
static enum umm_status continue_by(struct umm_reading *reading, const char *names, bool is_symbol,
                                   struct umm_error *err)
{
    struct umm_csv_record record = {.text = NULL};
    const struct umm_csv_field *fields;
    size_t n_fields;
    enum umm_status status = umm_reading_first_fields(reading, &record, &fields, &n_fields, err);
    if (status)
        return status;
    size_t other = n_fields ? find_other(fields, n_fields) : 0;
    if (!n_fields || !is_any(fields[0], names) || (!is_symbol && other < n_fields)) {
        umm_error_set(err, UMM_ERR_DATA, "the header of layout %s does not go on with %.*s",
                      reading->layout->name, (int)strcspn(names, "|"), names);
        umm_error_at(err, reading->records.source.path, reading->records.line, 1, 0);
        return UMM_ERR_DATA;
    }
    if (is_symbol && other < n_fields)
        return refuse_symbols(reading, &record, fields, other, err);
    if (is_symbol && n_fields > 1) {
        reading->header_symbol = strndup(fields[1].text, fields[1].len_bytes);
        if (!reading->header_symbol)
            return umm_error_set_memory(err, fields[1].len_bytes, "a symbol");
    }
    return add_header(reading, &record, err);
}

enum umm_status umm_reading_continue_header(struct umm_reading *reading, struct umm_error *err)
{
    const struct umm_layout *layout = reading->layout;
    struct umm_csv_record record;
    const struct umm_csv_field *fields;
    size_t n_fields;
    if (!layout || !layout->more_header[0])
        return UMM_OK;
    enum umm_status status = umm_reading_first_fields(reading, &record, &fields, &n_fields, err);
    bool is_found = strcmp(reading->layout_by, "header") == 0;
    if (!status && is_found && (!n_fields || !is_any(fields[0], layout->more_header[0]))) {
        reading->layout = NULL;
        reading->layout_by = NULL;
        reading->header_by = "text";
        return UMM_OK;
    }
    for (size_t i = 0; !status && i < UMM_LAYOUT_MORE_HEADER && layout->more_header[i]; i++)
        status = continue_by(reading, layout->more_header[i], i == 0, err);
    return status;
}

/* ---- columns ----------------------------------------------------------------- */

/* The value that a filter wants of the field; an empty text without one. */
static struct umm_csv_field wanted_of(const struct umm_instrument *filters, int field)
{
    struct umm_csv_field value = {"", 0};
    for (size_t i = 0; i < filters->n_filters; i++)
        if (filters->filters[i].field == field)
            value =
                (struct umm_csv_field){filters->filters[i].value, filters->filters[i].len_bytes};
    return value;
}

/* The first row's value of the field; empty if the filters do not take the row. */
static enum umm_status first_of(struct umm_reading *reading, const struct umm_instrument *filters,
                                int field, struct umm_csv_field *value, struct umm_error *err)
{
    struct umm_csv_record record;
    const struct umm_csv_field *fields;
    size_t n_fields;
    *value = (struct umm_csv_field){"", 0};
    enum umm_status status = umm_reading_first_fields(reading, &record, &fields, &n_fields, err);
    if (!status && n_fields && n_fields >= reading->names.n &&
        umm_instrument_takes(filters, fields))
        *value = fields[field];
    return status;
}

/* The field of the volume in the base asset, where names of volumes end in one. */
static enum umm_status by_asset(const struct umm_reading *reading, struct umm_csv_field symbol,
                                char field[UMM_COLUMN_NAME_MAX], struct umm_error *err)
{
    int index;
    enum umm_status status = umm_basevolume_find(&reading->names, reading->layout->base_volume,
                                                 symbol.text, symbol.len_bytes, &index, err);
    if (!status && index != UMM_FIELD_NONE)
        snprintf(field, UMM_COLUMN_NAME_MAX, "%d", index + 1);
    return status;
}

/* The same where one volume counts the contracts: those have a symbol of more than two parts. */
static enum umm_status by_contract(const struct umm_reading *reading, struct umm_csv_field symbol,
                                   char field[UMM_COLUMN_NAME_MAX], struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    size_t n_parts = 1;
    for (size_t i = 0; i < symbol.len_bytes; i++)
        n_parts += symbol.text[i] == '-';
    if (n_parts > 2)
        snprintf(field, UMM_COLUMN_NAME_MAX, "%s", reading->layout->contract_volume);
    if (n_parts > 1 || !symbol.len_bytes)
        return UMM_OK;
    umm_error_set(err, UMM_ERR_DATA,
                  "which volume is in the base asset of \"%s\" cannot be told: it is no pair and "
                  "no contract",
                  umm_escape(shown, sizeof shown, symbol.text, symbol.len_bytes));
    return umm_error_hint_at(err, UMM_ERR_DATA, UMM_HINT_NAME_COLUMN, "volume", NULL);
}

/* Of rows of several symbols, the first one's does not tell which volume the others have. */
static enum umm_status refuse_many(struct umm_error *err)
{
    umm_error_set(err, UMM_ERR_DATA,
                  "which volume is in the base asset can be another for each symbol");
    return umm_error_hint_at(err, UMM_ERR_DATA, UMM_HINT_NAME_COLUMN, "volume", NULL);
}

/* Find the base asset's volume by the symbol of the rows that are taken; "": as columns say. */
static enum umm_status find_volume(struct umm_reading *reading,
                                   const struct umm_instrument_options *options,
                                   char field[UMM_COLUMN_NAME_MAX], struct umm_error *err)
{
    const struct umm_layout *layout = reading->layout;
    struct umm_instrument filters;
    struct umm_instrument_options only = *options;
    struct umm_csv_field symbol = {"", 0};
    struct umm_found found;
    bool is_many = options->by || options->has_many;
    only.one_series = ""; /* no columns but those of filters */
    field[0] = '\0';
    enum umm_status status =
        umm_instrument_open(&filters, &only, &reading->names, &reading->schema, NULL, err);
    const char *name = layout->symbol ? layout->symbol : "symbol";
    if (!status && umm_columns_find(name, &reading->names, &found, NULL) == UMM_OK) {
        symbol = wanted_of(&filters, found.first);
        is_many &= !symbol.len_bytes;
        if (!symbol.len_bytes)
            status = first_of(reading, &filters, found.first, &symbol, err);
    }
    if (!status)
        status = layout->base_volume ? by_asset(reading, symbol, field, err)
                                     : by_contract(reading, symbol, field, err);
    umm_instrument_free(&filters);
    if (is_many && (layout->contract_volume || status == UMM_ERR_DATA || field[0]))
        return refuse_many(err);
    return status;
}

enum umm_status umm_reading_layout_columns(struct umm_reading *reading,
                                           const struct umm_reading_options *options,
                                           char columns[UMM_READING_COLUMNS_MAX], const char **out,
                                           struct umm_error *err)
{
    const struct umm_layout *layout = options->names ? NULL : reading->layout;
    char field[UMM_COLUMN_NAME_MAX];
    *out = layout ? layout->columns : NULL;
    if (!layout || !(layout->base_volume || layout->contract_volume) ||
        umm_schema_is_said(&options->schema))
        return UMM_OK;
    enum umm_status status = find_volume(reading, &options->instrument, field, err);
    if (status || !field[0])
        return status;
    /* The volume is the last of the layout's columns. */
    int len = (int)(strstr(layout->columns, ",volume") - layout->columns);
    snprintf(columns, UMM_READING_COLUMNS_MAX, "%.*s,volume=%s", len, layout->columns, field);
    *out = columns;
    return UMM_OK;
}

/* ---- the first row ----------------------------------------------------------------- */

/* Whether a cell is a whole number of n_digits digits or more. */
static bool is_whole(struct umm_csv_field cell, size_t n_digits)
{
    size_t i = cell.len_bytes && cell.text[0] == '-';
    size_t n = cell.len_bytes - i;
    while (i < cell.len_bytes && cell.text[i] >= '0' && cell.text[i] <= '9')
        i++;
    return i == cell.len_bytes && n >= n_digits;
}

/* The first row's field of a price, if all its prices are whole numbers; else none. */
static int find_whole(const struct umm_reading *reading, const struct umm_csv_field *fields,
                      size_t n_fields, size_t n_digits)
{
    int first = UMM_FIELD_NONE;
    for (size_t i = 0; i < reading->schema.n_fields; i++) {
        const enum umm_role role = reading->schema.fields[i].role;
        const int field = reading->found[i].first;
        if (role < UMM_ROLE_OPEN || role > UMM_ROLE_CLOSE || (size_t)field >= n_fields)
            continue;
        if (!is_whole(fields[field], n_digits))
            return UMM_FIELD_NONE;
        first = first == UMM_FIELD_NONE ? field : first;
    }
    return first;
}

enum umm_status umm_reading_check_prices(struct umm_reading *reading, struct umm_error *err)
{
    enum { TOO_LARGE_DIGITS = 8 };
    const struct umm_layout *layout = reading->layout;
    struct umm_csv_record record;
    const struct umm_csv_field *fields;
    char shown[UMM_EXCERPT_MAX];
    size_t n_fields;
    if (!layout || !layout->whole_prices)
        return UMM_OK;
    enum umm_status status = umm_reading_first_fields(reading, &record, &fields, &n_fields, err);
    bool is_asked = strcmp(reading->layout_by, "option") == 0;
    if (status)
        return status;
    int field = find_whole(reading, fields, n_fields, is_asked ? TOO_LARGE_DIGITS : 1);
    if (field == UMM_FIELD_NONE)
        return UMM_OK;
    umm_error_set(err, UMM_ERR_DATA, "prices without a decimal point could be scaled: \"%s\"",
                  umm_escape(shown, sizeof shown, fields[field].text, fields[field].len_bytes));
    umm_error_hint_at(err, UMM_ERR_DATA, is_asked ? UMM_HINT_LAYOUT : UMM_HINT_LAYOUTS,
                      layout->whole_prices, layout->name);
    return refuse_field(reading, &record, (size_t)field, err);
}

/* Whether the first row's time is a date without a time of day. */
static enum umm_status is_first_a_date(struct umm_reading *reading, bool *is_date,
                                       struct umm_error *err)
{
    const struct umm_found *found = &reading->found[reading->schema.time_index];
    struct umm_csv_record record;
    const struct umm_csv_field *fields;
    size_t n_fields;
    *is_date = false;
    if (found->second >= 0)
        return UMM_OK;
    enum umm_status status = umm_reading_first_fields(reading, &record, &fields, &n_fields, err);
    if (status || (size_t)found->first >= n_fields)
        return status;
    struct umm_csv_field text = umm_csv_trim(fields[found->first]);
    *is_date = text.len_bytes <= strlen("2024-01-31") && !memchr(text.text, ':', text.len_bytes);
    return UMM_OK;
}

enum umm_status umm_reading_find_zone(struct umm_reading *reading,
                                      const struct umm_reading_options *options, const char **zone,
                                      struct umm_error *err)
{
    const struct umm_layout *layout = reading->layout;
    bool is_date = false;
    *zone = options->tz;
    if (*zone || !layout || !(layout->tz || layout->is_tz_needed) || reading->schema.time_index < 0)
        return UMM_OK;
    enum umm_status status = options->has_date ? UMM_OK : is_first_a_date(reading, &is_date, err);
    if (status || is_date)
        return status;
    *zone = layout->tz;
    if (!layout->is_tz_needed)
        return UMM_OK;
    umm_error_set(err, UMM_ERR_DATA, "in which zone times are is not in files of layout %s",
                  layout->name);
    umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_ZONE);
    umm_error_at(err, reading->records.source.path, reading->records.line, 1, 0);
    return UMM_ERR_DATA;
}
