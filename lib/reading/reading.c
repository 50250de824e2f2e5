/* SPDX-License-Identifier: MIT */
#include "reading/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "reading/headrow.h"
#include "reading/reading_layout.h"
#include "time/time_digits.h"

/* ---- layout ------------------------------------------------------------------ */

/* Whether the text's first line, of at most len_bytes, contains banner. */
static bool has_banner(const char *text, size_t len_bytes, const char *banner)
{
    size_t line = umm_csv_line_size(text, len_bytes);
    return memmem(text, line, banner, strlen(banner)) != NULL;
}

/* Take the layout that the caller names, or one whose banner the file begins with. */
static enum umm_status choose_layout(struct umm_reading *reading,
                                     const struct umm_reading_options *options,
                                     struct umm_error *err)
{
    const char *text;
    size_t len;
    bool is_end;
    const char *name = options->layout ? options->layout : "auto";
    bool is_auto = strcmp(name, "auto") == 0;
    reading->layout = is_auto ? NULL : umm_layout_find(name);
    if (!is_auto && !reading->layout)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "unknown layout");
    enum umm_status status = umm_records_peek(&reading->records, &text, &len, &is_end, err);
    if (status)
        return status;
    reading->layout_by = is_auto ? NULL : "option";
    for (size_t i = 0; is_auto && umm_layout_at(i); i++) {
        const struct umm_layout *layout = umm_layout_at(i);
        if (layout->banner && has_banner(text, len, layout->banner)) {
            reading->layout = layout;
            reading->layout_by = "banner";
        }
    }
    if (reading->layout && reading->layout->banner &&
        has_banner(text, len, reading->layout->banner))
        return umm_records_skip_lines(&reading->records, 1, err);
    return UMM_OK;
}

/* ---- header ------------------------------------------------------------------ */

/* Whether every column is selected by number, so that names are not needed. */
static bool is_by_numbers(const char *columns)
{
    struct umm_column *list = NULL;
    size_t n = 0;
    bool is = columns && umm_columns_parse(columns, &list, &n, NULL) == UMM_OK;
    for (size_t i = 0; is && i < n; i++)
        is = umm_columns_is_by_number(list[i].source);
    free(list);
    return is;
}

static char decimal_of(const struct umm_reading_options *options)
{
    return options->decimal ? options->decimal : '.';
}

/* Whether the record reads as a header, by all that is known without one. */
static bool looks_like_header(const struct umm_reading *reading,
                              const struct umm_reading_options *options,
                              const struct umm_csv_field *fields, size_t n_fields)
{
    const struct umm_layout *layout = reading->layout;
    struct umm_headrow how = {.time_formats = {options->time_format},
                              .na = &reading->na,
                              .decimal = decimal_of(options),
                              .notation = reading->notation,
                              .is_needed = !options->names && !(layout && layout->names) &&
                                           !is_by_numbers(options->schema.columns)};
    if (layout && !options->time_format)
        memcpy(how.time_formats, layout->time_formats, sizeof how.time_formats);
    return umm_headrow_is(&how, fields, n_fields);
}

static bool decide_header(struct umm_reading *reading, const struct umm_reading_options *options,
                          const struct umm_csv_field *fields, size_t n_fields)
{
    enum umm_header header = options->header;
    if (header == UMM_HEADER_AUTO && reading->layout)
        header = reading->layout->header;
    /* A layout that names the fields needs no header: a file may have lost it. */
    if (header == UMM_HEADER_YES && options->header == UMM_HEADER_AUTO && reading->layout->names)
        header = UMM_HEADER_AUTO;
    reading->header_by = options->header != UMM_HEADER_AUTO ? "option"
                         : header != UMM_HEADER_AUTO        ? "layout"
                                                            : "text";
    if (header == UMM_HEADER_AUTO)
        return looks_like_header(reading, options, fields, n_fields);
    return header == UMM_HEADER_YES;
}

/* ---- names ------------------------------------------------------------------- */

static enum umm_status reserve_names(struct umm_reading *reading, size_t n, size_t len_bytes,
                                     struct umm_error *err)
{
    reading->names.text = calloc(n ? n : 1, sizeof *reading->names.text);
    reading->names_text = calloc(1, len_bytes + n + 1);
    if (!reading->names.text || !reading->names_text)
        return umm_error_set_memory(err, len_bytes, "the header's names");
    reading->names.n = n;
    return UMM_OK;
}

/* Names from fields, as they are. */
static enum umm_status name_fields(struct umm_reading *reading, const struct umm_csv_field *fields,
                                   size_t n_fields, struct umm_error *err)
{
    size_t len = 0;
    for (size_t i = 0; i < n_fields; i++)
        len += fields[i].len_bytes;
    enum umm_status status = reserve_names(reading, n_fields, len, err);
    char *out = reading->names_text;
    for (size_t i = 0; !status && i < n_fields; i++) {
        memcpy(out, fields[i].text, fields[i].len_bytes);
        out[fields[i].len_bytes] = '\0';
        reading->names.text[i] = out;
        out += fields[i].len_bytes + 1;
    }
    return status;
}

/* Names from a comma-separated list. */
static enum umm_status name_list(struct umm_reading *reading, const char *list,
                                 struct umm_error *err)
{
    struct umm_csv_record record = {list, strlen(list), 0, 0, false};
    struct umm_csv_reader *reader = NULL;
    const struct umm_csv_field *fields;
    size_t n_fields, bad_at;
    enum umm_status status = umm_csv_reader_new(',', &reader, err);
    if (!status)
        status = umm_csv_fields(reader, &record, &fields, &n_fields, &bad_at, err);
    if (status == UMM_ERR_DATA || (!status && n_fields == 0))
        status =
            umm_error_set(err, UMM_ERR_ARGUMENT, "the names are no list with commas between them");
    if (!status && n_fields > UMM_CSV_COLUMNS_MAX)
        status = umm_error_set(err, UMM_ERR_ARGUMENT, "there may be at most %d names",
                               UMM_CSV_COLUMNS_MAX);
    if (!status)
        status = name_fields(reading, fields, n_fields, err);
    umm_csv_reader_free(reader);
    reading->names.has_names = true;
    return status;
}

/* The names that a layout gives to fields of which the record has as many. */
static const char *names_of(const struct umm_layout *layout, size_t n_fields)
{
    size_t n = 1;
    for (const char *p = layout->other_names; p && *p; p++)
        n += *p == ',';
    return layout->other_names && n == n_fields ? layout->other_names : layout->names;
}

static enum umm_status set_names(struct umm_reading *reading,
                                 const struct umm_reading_options *options,
                                 const struct umm_csv_field *fields, size_t n_fields,
                                 struct umm_error *err)
{
    const struct umm_layout *layout = reading->layout;
    reading->is_header_unused = true;
    if (options->names)
        return name_list(reading, options->names, err);
    if (layout && layout->names && (!reading->has_header || layout->header == UMM_HEADER_YES))
        return name_list(reading, names_of(layout, n_fields), err);
    reading->names.has_names = reading->has_header;
    reading->is_header_unused = is_by_numbers(options->schema.columns);
    if (!reading->has_header) {
        enum umm_status status = reserve_names(reading, n_fields, 0, err);
        for (size_t i = 0; !status && i < n_fields; i++)
            reading->names.text[i] = "";
        return status;
    }
    /* A header that ends in a delimiter names nothing there. */
    if (n_fields > 1 && fields[n_fields - 1].len_bytes == 0)
        n_fields--;
    return name_fields(reading, fields, n_fields, err);
}

/* ---- numbers ----------------------------------------------------------------- */

/* Whether a mark between groups of digits is the decimal point. */
static bool is_point(enum umm_group_mark mark, char decimal)
{
    return (mark == UMM_GROUP_COMMA && decimal == ',') || (mark == UMM_GROUP_DOT && decimal == '.');
}

/* How numbers are written: as the caller says, else as the layout has it. */
static enum umm_status set_notation(struct umm_reading *reading,
                                    const struct umm_reading_options *options,
                                    struct umm_error *err)
{
    const struct umm_layout *layout = reading->layout;
    const char decimal = decimal_of(options);
    struct umm_notation *notation = &reading->notation;
    *notation = options->notation;
    if (is_point(notation->mark, decimal))
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "%c cannot be the decimal point and stand between groups of digits",
                             decimal);
    if (notation->ways & UMM_WAY_PERCENT && notation->ways & UMM_WAY_RATIO)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "percent and ratio exclude each other");
    reading->numbers_by = umm_notation_is_plain(notation) ? "layout" : "option";
    if (layout && notation->mark == UMM_GROUP_NONE && !is_point(layout->notation.mark, decimal))
        notation->mark = layout->notation.mark;
    if (layout && notation->ways == 0)
        notation->ways = layout->notation.ways;
    return UMM_OK;
}

/* ---- the first record -------------------------------------------------------- */

static enum umm_status refuse_at(const struct umm_reading *reading,
                                 const struct umm_placed_record *placed, size_t bad_at,
                                 const char *what, struct umm_error *err);

static enum umm_status fail_at_next(const struct umm_reading *reading, enum umm_status status,
                                    uint64_t line, struct umm_error *err)
{
    umm_error_at(err, reading->records.source.path, line, line ? 1 : 0, 0);
    return status;
}

static enum umm_status choose_delimiter(struct umm_reading *reading,
                                        const struct umm_reading_options *options,
                                        struct umm_error *err)
{
    const char *text;
    size_t len;
    bool is_end, is_open = false;
    enum umm_status status = umm_records_skip_void(&reading->records, err);
    if (!status)
        status = umm_records_peek(&reading->records, &text, &len, &is_end, err);
    if (status)
        return status;
    char delimiter = options->delimiter;
    reading->delimiter_by = delimiter ? "option" : "text";
    if (!delimiter && reading->layout) {
        delimiter = reading->layout->delimiter;
        reading->delimiter_by = "layout";
    }
    bool is_by_text = !delimiter && len;
    if (is_by_text)
        delimiter = umm_csv_detect_delimiter(text, len, is_end, &is_open);
    if (is_open) {
        status = umm_records_peek_record(&reading->records, &text, &len, &is_end, err);
        if (status)
            return status;
        delimiter = umm_csv_detect_delimiter(text, len, is_end, &is_open);
    }
    if (!delimiter && len) {
        umm_error_hint(
            err,
            umm_error_set(err, UMM_ERR_DATA, "more than one of , ; tab | could be the delimiter"),
            UMM_HINT_DELIMITER);
        return fail_at_next(reading, UMM_ERR_DATA, reading->records.line, err);
    }
    reading->records.delimiter = delimiter ? delimiter : ',';
    return umm_csv_reader_new(reading->records.delimiter, &reading->reader, err);
}

/* The first record cannot be split: read it, which says what is wrong and where. */
static enum umm_status refuse_first(struct umm_reading *reading, struct umm_error *err)
{
    struct umm_placed_record placed;
    bool has_record;
    enum umm_status status = umm_records_next(&reading->records, &placed, &has_record, err);
    return status ? status : refuse_at(reading, &placed, placed.bad_at, placed.problem, err);
}

/* Split the first record without consuming it. len 0: there is none. */
static enum umm_status first_fields(struct umm_reading *reading, struct umm_csv_record *record,
                                    const struct umm_csv_field **fields, size_t *n_fields,
                                    struct umm_error *err)
{
    size_t len, bad_at = 0;
    enum umm_csv_split split;
    *n_fields = 0;
    *record = (struct umm_csv_record){0};
    enum umm_status status = umm_reading_peek(reading, record, &len, &split, err);
    if (status || len == 0)
        return status;
    if (split != UMM_CSV_SPLIT_RECORD)
        return refuse_first(reading, err);
    struct umm_placed_record placed = {*record, reading->records.line, reading->records.byte, NULL,
                                       0};
    status = umm_csv_fields(reading->reader, record, fields, n_fields, &bad_at, err);
    if (status == UMM_ERR_DATA)
        return refuse_at(reading, &placed, bad_at, "misplaced quote", err);
    if (status)
        return status;
    if (*n_fields > UMM_CSV_COLUMNS_MAX) {
        umm_error_set(err, UMM_ERR_DATA, "%zu fields; at most %d are supported", *n_fields,
                      UMM_CSV_COLUMNS_MAX);
        return fail_at_next(reading, UMM_ERR_DATA, reading->records.line, err);
    }
    return UMM_OK;
}

static enum umm_status read_header(struct umm_reading *reading,
                                   const struct umm_reading_options *options, struct umm_error *err)
{
    struct umm_csv_record record;
    const struct umm_csv_field *fields = NULL;
    size_t n_fields;
    enum umm_status status = first_fields(reading, &record, &fields, &n_fields, err);
    if (status)
        return status;
    bool is_auto = !options->layout || strcmp(options->layout, "auto") == 0;
    if (is_auto && !reading->layout && options->header != UMM_HEADER_NO && !options->names)
        umm_reading_recognise(reading, fields, n_fields);
    status = set_notation(reading, options, err);
    if (status)
        return status;
    reading->has_header = n_fields && decide_header(reading, options, fields, n_fields);
    if (is_auto && !reading->layout && !reading->has_header && !options->names &&
        !umm_schema_is_said(&options->schema))
        umm_reading_recognise_row(reading, options->layout_of_name, fields, n_fields);
    status = set_names(reading, options, fields, n_fields, err);
    if (status || !reading->has_header)
        return status;
    reading->header_text = strndup(record.text, record.len_bytes);
    if (!reading->header_text)
        return umm_error_set_memory(err, record.len_bytes, "the header");
    struct umm_placed_record placed;
    bool has_record;
    reading->n_header_records = 1;
    status = umm_records_next(&reading->records, &placed, &has_record, err);
    return status ? status : umm_reading_continue_header(reading, err);
}

/* ---- times ------------------------------------------------------------------- */

/* Back to what is known before the first row. */
static void unsettle(struct umm_reading *reading)
{
    for (size_t i = 0; i < reading->schema.n_fields; i++) {
        const bool is_epoch = reading->times[i].is_epoch;
        reading->times[i] = reading->first_time;
        reading->times[i].is_epoch |= is_epoch;
    }
}

/* A pattern has a date, or the caller gives one. */
static enum umm_status check_date(const struct umm_reading_options *options, struct umm_error *err)
{
    const char *format = options->time_format;
    if (!format || (options->has_date ? umm_time_pattern_check_clock(format, NULL, NULL)
                                      : umm_time_pattern_check(format, NULL, NULL)))
        return UMM_OK;
    umm_error_set(err, UMM_ERR_ARGUMENT,
                  options->has_date ? "the format of times has a date, and another one is given"
                                    : "the format of times does not determine a date");
    return umm_error_hint(err, UMM_ERR_ARGUMENT, options->has_date ? UMM_HINT_NONE : UMM_HINT_DATE);
}

static enum umm_status set_times(struct umm_reading *reading,
                                 const struct umm_reading_options *options, struct umm_error *err)
{
    const struct umm_layout *layout = reading->layout;
    const char *tz;
    struct umm_time_spec spec = {.fold = options->fold,
                                 .has_hour_24 =
                                     options->has_hour_24 || (layout && layout->has_hour_24),
                                 .has_date = options->has_date,
                                 .date = options->date};
    enum umm_status status = umm_reading_find_zone(reading, options, &tz, err);
    if (status)
        return status;
    reading->zone_by = options->tz ? "option" : tz ? "layout" : "default";
    reading->time_by = options->time_format || options->has_time_unit_in ? "option" : "text";
    if (tz) {
        status = umm_tz_open(tz, NULL, &reading->tz, err);
        if (status)
            return status;
        spec.tz = reading->tz;
    }
    if (options->time_format) {
        spec.form = UMM_TIME_FORM_PATTERN;
        spec.patterns[0] = options->time_format;
    } else if (options->has_time_unit_in) {
        spec.form = UMM_TIME_FORM_EPOCH;
        spec.epoch_unit = options->time_unit_in;
        spec.is_unit_forced = true;
    } else if (layout && layout->time_unit && !options->has_date) {
        spec.form = UMM_TIME_FORM_EPOCH;
        spec.is_unit_forced = umm_time_unit_parse_in(layout->time_unit, &spec.epoch_unit);
        reading->time_by = "layout";
    } else if (layout && !options->has_date) {
        spec.patterns[0] = layout->time_formats[0];
        spec.patterns[1] = layout->time_formats[1];
        spec.is_epoch = layout->has_epochs;
    }
    reading->times = calloc(reading->schema.n_fields, sizeof *reading->times);
    if (!reading->times)
        return umm_error_set_memory(err, reading->schema.n_fields * sizeof spec, "times");
    reading->first_time = spec;
    unsettle(reading);
    return UMM_OK;
}

/*
 * A first field without a name is taken for the timestamp, as data frames write it.
 * They write row numbers the same way: small numbers there have to be explained, unless
 * the caller chose the columns.
 */
static enum umm_status check_unnamed_time(struct umm_reading *reading,
                                          const struct umm_reading_options *options,
                                          struct umm_error *err)
{
    enum { SMALL = 100 * 1000 * 1000 };
    int index = reading->schema.time_index;
    if (index < 0 || options->time_format || options->has_time_unit_in || options->has_date ||
        reading->schema.fields[index].is_chosen)
        return UMM_OK;
    const struct umm_found *found = &reading->found[index];
    if (found->first != 0 || found->second >= 0 || !reading->names.has_names ||
        reading->names.text[0][0])
        return UMM_OK;
    size_t n_fields;
    struct umm_csv_record record;
    const struct umm_csv_field *fields;
    enum umm_status status = umm_reading_first_fields(reading, &record, &fields, &n_fields, err);
    if (status || n_fields == 0)
        return status;
    struct umm_time_spec spec = {0};
    int64_t number;
    if (umm_num_parse_i64(fields[0].text, fields[0].len_bytes, '.', &number) != UMM_NUM_OK ||
        number >= SMALL || number <= -SMALL ||
        umm_time_detect(fields[0].text, fields[0].len_bytes, &spec) == UMM_TIME_OK)
        return UMM_OK;
    char shown[UMM_EXCERPT_MAX];
    umm_error_set(err, UMM_ERR_DATA,
                  "the first field has no name, and \"%s\" could be a row number",
                  umm_escape(shown, sizeof shown, fields[0].text, fields[0].len_bytes));
    struct umm_time_meaning meaning;
    bool has_unit = umm_time_digits_meaning(fields[0].text, fields[0].len_bytes, &meaning) &&
                    meaning.unit && !meaning.format;
    umm_error_hint_at(err, UMM_ERR_DATA, has_unit ? UMM_HINT_NAME_OR_UNIT : UMM_HINT_NAME_COLUMN,
                      "timestamp", has_unit ? meaning.unit : NULL);
    return fail_at_next(reading, UMM_ERR_DATA, reading->records.line, err);
}

/* ---- open and close ---------------------------------------------------------- */

static enum umm_status settle(struct umm_reading *reading,
                              const struct umm_reading_options *options, struct umm_error *err)
{
    struct umm_records *records = &reading->records;
    if (options->time_format && options->has_time_unit_in)
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "a format of times and a unit of epochs exclude each other");
    enum umm_status status = check_date(options, err);
    if (!status)
        status = umm_records_skip_lines(records, options->skip_lines, err);
    if (!status)
        status = umm_records_skip_void(records, err);
    if (!status)
        status = choose_layout(reading, options, err);
    if (!status)
        status = choose_delimiter(reading, options, err);
    if (!status && records->begin == records->end && records->is_end)
        return umm_error_set_path(err, UMM_ERR_DATA, records->source.path,
                                  records->n_held_bytes ? "no whole line"
                                  : records->source.footer.n_left_out
                                      ? "no lines but those passed over at its end"
                                  : records->byte ? "no rows"
                                                  : "empty input");
    uint64_t line = records->line;
    if (!status)
        status = read_header(reading, options, err);
    if (status)
        return status;
    char room[UMM_READING_COLUMNS_MAX];
    const char *columns;
    status = umm_reading_layout_columns(reading, options, room, &columns, err);
    if (!status)
        status = umm_schema_resolve(&options->schema, columns, &reading->names, &reading->schema,
                                    &reading->found, err);
    if (!status)
        status = umm_instrument_open(&reading->instrument, &options->instrument, &reading->names,
                                     &reading->schema, reading->found, err);
    if (!status && reading->header_symbol && !options->instrument.one_series)
        status = umm_instrument_state(&reading->instrument, reading->layout->more_header[0],
                                      reading->header_symbol, err);
    if (status == UMM_ERR_DATA)
        return fail_at_next(reading, umm_reading_advise(reading, status, err), line, err);
    if (!status)
        status = check_unnamed_time(reading, options, err);
    if (!status && !umm_schema_is_said(&options->schema))
        status = umm_reading_check_prices(reading, err);
    return status ? status : set_times(reading, options, err);
}

enum umm_status umm_reading_open(struct umm_reading *reading, const char *path,
                                 const struct umm_reading_options *options, struct umm_run *run,
                                 struct umm_error *err)
{
    const struct umm_source_options source = {.fd = options->fd,
                                              .unpack = options->unpack,
                                              .archive = options->archive,
                                              .member = options->member};
    memset(reading, 0, sizeof *reading);
    enum umm_status status = umm_records_open_with(&reading->records, path, &source, run, err);
    reading->records.source.footer.n_lines = options->skip_footer;
    reading->records.comment = options->comment;
    reading->records.is_last_held = options->is_last_held;
    reading->records.is_prompt =
        options->is_prompt && !umm_source_can_seek(&reading->records.source);
    if (!status)
        status = umm_na_parse(options->na ? options->na : UMM_NA_DEFAULT, &reading->na, err);
    if (!status)
        status = settle(reading, options, err);
    if (status)
        return status;
    reading->n_fields = reading->names.n;
    reading->cells = (struct umm_cells){.schema = &reading->schema,
                                        .found = reading->found,
                                        .na = &reading->na,
                                        .decimal = decimal_of(options),
                                        .notation = reading->notation,
                                        .times = reading->times};
    return UMM_OK;
}

void umm_reading_close(struct umm_reading *reading)
{
    umm_records_close(&reading->records);
    umm_csv_reader_free(reading->reader);
    umm_na_free(&reading->na);
    umm_instrument_free(&reading->instrument);
    umm_schema_free(&reading->schema);
    free(reading->found);
    free(reading->times);
    free(reading->header_text);
    free(reading->header_symbol);
    free(reading->names_text);
    free(reading->names.text);
    umm_tz_close(reading->tz);
    memset(reading, 0, sizeof *reading);
}

/* ---- rows -------------------------------------------------------------------- */

static void place_at(const struct umm_reading *reading, const struct umm_placed_record *placed,
                     struct umm_csv_place place, struct umm_error *err)
{
    umm_error_at(err, reading->records.source.path,
                 placed->line ? placed->line + place.lines_before : 0, place.column,
                 placed->byte + place.offset_bytes);
}

void umm_reading_place(const struct umm_reading *reading, const struct umm_placed_record *placed,
                       size_t index, struct umm_error *err)
{
    place_at(reading, placed, umm_csv_locate(&placed->record, reading->records.delimiter, index),
             err);
}

static enum umm_status refuse_at(const struct umm_reading *reading,
                                 const struct umm_placed_record *placed, size_t bad_at,
                                 const char *what, struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX / 2];
    size_t left = placed->record.len_bytes - bad_at;
    umm_escape(shown, sizeof shown, placed->record.text + bad_at, left);
    umm_error_set(err, UMM_ERR_DATA, "%s: \"%s\"", what, shown);
    place_at(reading, placed, umm_csv_locate_byte(&placed->record, bad_at), err);
    return UMM_ERR_DATA;
}

bool umm_reading_is_whole(const struct umm_reading *reading, const struct umm_csv_field *fields,
                          size_t n_fields)
{
    size_t wanted = reading->n_fields;
    return n_fields == wanted || (n_fields == wanted + 1 && n_fields <= UMM_CSV_COLUMNS_MAX &&
                                  fields[wanted].len_bytes == 0);
}

enum umm_status umm_reading_row(struct umm_reading *reading, const struct umm_placed_record *placed,
                                struct umm_row *row, struct umm_error *err)
{
    const struct umm_csv_field *fields;
    size_t n_fields, bad = 0;
    if (placed->problem)
        return refuse_at(reading, placed, placed->bad_at, placed->problem, err);
    enum umm_status status =
        umm_csv_fields(reading->reader, &placed->record, &fields, &n_fields, &bad, err);
    if (status == UMM_ERR_DATA)
        return refuse_at(reading, placed, bad, "misplaced quote", err);
    if (status)
        return status;
    if (!umm_reading_is_whole(reading, fields, n_fields)) {
        const size_t wanted = reading->n_fields;
        /* A sentence among rows is a note or a footer. */
        bool is_note = n_fields == 1 && memchr(fields[0].text, ' ', fields[0].len_bytes);
        umm_error_hint(err,
                       umm_error_set(err, UMM_ERR_DATA, "%zu field%s, expected %zu", n_fields,
                                     n_fields == 1 ? "" : "s", wanted),
                       is_note ? UMM_HINT_PASS_OVER : UMM_HINT_NONE);
        umm_reading_place(reading, placed, n_fields < wanted ? n_fields : wanted, err);
        return UMM_ERR_DATA;
    }
    reading->fields = fields;
    row->is_passed_over = !umm_instrument_takes(&reading->instrument, fields);
    if (row->is_passed_over)
        return UMM_OK;
    status = umm_cells_convert(&reading->cells, fields, row, &bad, err);
    if (status == UMM_ERR_DATA)
        umm_reading_place(reading, placed, bad, err);
    if (!status)
        reading->is_settled = true;
    else if (!reading->is_settled)
        unsettle(reading); /* a row that is not used must not decide for those after it */
    return reading->is_settled ? status : umm_reading_advise(reading, status, err);
}

enum umm_status umm_reading_take(struct umm_reading *reading,
                                 const struct umm_placed_record *placed, struct umm_error *err)
{
    size_t field = 0;
    enum umm_status status =
        umm_instrument_take(&reading->instrument, reading->fields, &field, err);
    if (status == UMM_ERR_DATA)
        umm_reading_place(reading, placed, field, err);
    return status;
}
