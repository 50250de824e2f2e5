/* SPDX-License-Identifier: MIT */
#include "reading/reading_times.h"

#include "base/error.h"
#include "time/time_digits.h"

/* The look at one column of times. */
struct look {
    struct umm_reading *reading;
    size_t index; /* of the schema's field */
    const struct umm_time *after;
    bool is_over;             /* some value tells: */
    bool is_epoch;            /* that the digits are epochs */
    bool has_digits;          /* some value could be both; of the first one: */
    struct umm_error refusal; /* what is said if they all could */
};

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

/* Whether the time as an epoch is far nearer to the rows before than as anything else. */
static bool follows(const struct look *look, const struct umm_time_meaning *epoch,
                    const struct umm_time_meaning *digits)
{
    return look->after && digits->has_time &&
           distance(epoch->time.sec, look->after->sec) <
               distance(digits->time.sec, look->after->sec) / 10;
}

/* Whether the record's other cells can be used. */
static bool are_others_good(const struct look *look, const struct umm_csv_field *fields)
{
    const struct umm_cells *cells = &look->reading->cells;
    for (size_t i = 0; i < cells->schema->n_fields; i++) {
        const struct umm_csv_field none = {.text = NULL};
        struct umm_cell_time ignored = {.takes_both = false};
        char out[UMM_SCHEMA_CELL_MAX];
        if (!cells->schema->fields[i].is_time && cells->found[i].first >= 0 &&
            umm_cells_convert_field(cells, i, fields[cells->found[i].first], none, out, &ignored,
                                    NULL))
            return false;
    }
    return true;
}

/*
 * The text of a record's time; false if the record is bad in any way except for its times, or
 * passed over, and tells nothing: a row that is not used must not decide for those after it.
 */
static bool find_text(const struct look *look, const struct umm_placed_record *placed,
                      char buffer[UMM_CELLS_JOINED_MAX], struct umm_csv_field *text)
{
    const struct umm_reading *reading = look->reading;
    const struct umm_found *found = &reading->found[look->index];
    const struct umm_csv_field *fields;
    struct umm_csv_field second = {.text = NULL};
    size_t n_fields, bad_at;
    if (placed->problem ||
        umm_csv_fields(reading->reader, &placed->record, &fields, &n_fields, &bad_at, NULL) ||
        !umm_reading_is_whole(reading, fields, n_fields) ||
        !umm_instrument_takes(&reading->instrument, fields) || !are_others_good(look, fields))
        return false;
    if (found->second >= 0)
        second = fields[found->second];
    return umm_cells_time_text(&reading->cells, look->index, fields[found->first], second, buffer,
                               text) &&
           !umm_na_has(&reading->na, *text);
}

/* Whether the text is a time of another form than EPOCH. */
static bool is_other_form(const struct look *look, struct umm_csv_field text)
{
    struct umm_time_spec spec = look->reading->times[look->index];
    struct umm_time ignored;
    spec.form = UMM_TIME_FORM_PATTERN;
    if (spec.patterns[0] &&
        umm_time_parse(&spec, text.text, text.len_bytes, &ignored) != UMM_TIME_MALFORMED)
        return true;
    return umm_time_detect(text.text, text.len_bytes, &spec) == UMM_TIME_OK &&
           spec.form != UMM_TIME_FORM_EPOCH;
}

/* One record: what its time tells. */
static void look_at(struct look *look, const struct umm_placed_record *placed)
{
    struct umm_reading *reading = look->reading;
    struct umm_time_meaning epoch, digits;
    struct umm_csv_field text;
    int64_t count;
    char joined[UMM_CELLS_JOINED_MAX];
    if (!find_text(look, placed, joined, &text))
        return;
    /* What the array cannot hold is also a bad row. */
    if (!umm_time_epoch_meaning(text.text, text.len_bytes, &epoch) ||
        umm_time_to_unit(epoch.time, reading->schema.time_unit, &count) != UMM_TIME_OK) {
        look->is_over = !look->has_digits && is_other_form(look, text);
        return;
    }
    look->is_epoch = !umm_time_digits_meaning(text.text, text.len_bytes, &digits) ||
                     (!look->has_digits && follows(look, &epoch, &digits));
    look->is_over = look->is_epoch;
    if (look->is_over || look->has_digits)
        return;
    look->has_digits = true;
    umm_cells_refuse_ambiguous(&reading->cells, look->index, text, &look->refusal);
    umm_reading_place(reading, placed, (size_t)reading->found[look->index].first, &look->refusal);
}

/* The next record, which mostly tells, without consuming it. */
static enum umm_status look_at_first(struct look *look, struct umm_error *err)
{
    struct umm_records *records = &look->reading->records;
    struct umm_placed_record placed = {.problem = NULL};
    enum umm_csv_split split;
    size_t len;
    enum umm_status status = umm_records_skip_void(records, err);
    if (!status)
        status = umm_reading_peek(look->reading, &placed.record, &len, &split, err);
    placed.line = records->line;
    placed.byte = records->byte;
    if (!status && len && split == UMM_CSV_SPLIT_RECORD)
        look_at(look, &placed);
    return status;
}

static enum umm_status look_at_all(struct look *look, struct umm_error *err)
{
    enum { ROWS_PER_LOOK = 2048 };
    struct umm_records *records = &look->reading->records;
    const bool is_whole = umm_source_can_seek(&records->source);
    struct umm_records_mark mark;
    struct umm_placed_record placed;
    bool has_record = true;
    uint64_t n = 0;
    enum umm_status status = umm_records_mark(records, &mark, err);
    look->has_digits = false;
    while (!status && !look->is_over && (is_whole || n < UMM_READING_LOOK_ROWS)) {
        if (++n % ROWS_PER_LOOK == 0 && umm_run_is_cancelled(records->run))
            return umm_error_set_cancelled(err);
        status = umm_records_next(records, &placed, &has_record, err);
        if (status || !has_record)
            break;
        look_at(look, &placed);
    }
    return status ? status : umm_records_return(records, &mark, err);
}

static enum umm_status decide(struct umm_reading *reading, size_t index,
                              const struct umm_time *after, struct umm_error *err)
{
    struct look look = {.reading = reading, .index = index, .after = after};
    enum umm_status status = look_at_first(&look, err);
    if (!status && !look.is_over)
        status = look_at_all(&look, err);
    if (status)
        return status;
    reading->times[index].is_epoch = look.is_epoch;
    if (!look.has_digits || look.is_over)
        return UMM_OK;
    if (err)
        *err = look.refusal;
    return UMM_ERR_DATA;
}

enum umm_status umm_reading_decide_times(struct umm_reading *reading, const struct umm_time *after,
                                         struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < reading->schema.n_fields; i++) {
        const struct umm_time_spec *spec = &reading->times[i];
        if (reading->schema.fields[i].is_time && spec->form == UMM_TIME_FORM_NONE &&
            !spec->is_epoch && !spec->has_date)
            status = decide(reading, i, after, err);
    }
    return status;
}
