/* SPDX-License-Identifier: MIT */
#include "reading/block_columns.h"

#include <stdlib.h>
#include <string.h>

#include "reading/timeshapes.h"
#include "text/decimal.h"

/* ---- one column ------------------------------------------------------------------ */

/* The conversion of one block under way. */
struct work {
    struct umm_block *block;
    const struct umm_block_plan *plan;
    size_t index; /* of the schema's field */
    const struct umm_schema_field *field;
    char *out; /* of row 0 */
    size_t row_bytes;
    bool *is_bad; /* NULL until a row is */
    /* Of the array's time: what the others are, and how many were read one by one. */
    bool has_unit;
    enum umm_time_unit unit;
    size_t n_each;
};

static bool mark_bad(struct work *w, size_t r)
{
    if (!w->is_bad)
        w->is_bad = calloc(w->block->n_rows + 1, sizeof *w->is_bad);
    if (!w->is_bad)
        return false;
    w->is_bad[r] = true;
    return true;
}

/* One cell by the general rules; a row that fails is left to the record reader. */
static bool convert_one(struct work *w, size_t r)
{
    const struct umm_cells *cells = w->plan->cells;
    const struct umm_found *found = &cells->found[w->index];
    struct umm_csv_field first = {0}, second = {0};
    struct umm_cell_time time = {.value = 0};
    bool is_time = (int)w->index == cells->schema->time_index;
    w->n_each += is_time;
    if (found->first >= 0)
        first = umm_block_cell(w->block, found->first, r);
    if (found->second >= 0)
        second = umm_block_cell(w->block, found->second, r);
    if (umm_cells_convert_field(cells, w->index, first, second, w->out + r * w->row_bytes, &time,
                                NULL) != UMM_OK)
        return mark_bad(w, r);
    if (is_time) {
        w->block->times[r] = time.value;
        w->block->n_epochs[time.unit] += time.is_by_magnitude;
    }
    return true;
}

static bool convert_each(struct work *w)
{
    bool is_done = true;
    for (size_t r = 0; is_done && r < w->block->n_rows; r++)
        is_done = convert_one(w, r);
    return is_done;
}

static bool convert_odd(struct work *w, size_t n_odd)
{
    bool is_done = true;
    for (size_t i = 0; is_done && i < n_odd; i++)
        is_done = convert_one(w, w->block->odd[i]);
    return is_done;
}

/* Whether m of the schema's fields from `index` on are neighbours in evenly spaced text. */
static bool is_run(const struct work *w, size_t index, size_t m)
{
    const struct umm_found *found = w->plan->cells->found + index;
    bool is = w->block->step == 1;
    for (size_t j = 1; is && j < m; j++)
        is = found[j].first == found[0].first + (int)j;
    return is;
}

/* The first m of each stride numbers: in eights, of which the next row overwrites the rest. */
static void pack_run(const uint32_t *from, size_t stride, size_t n_rows, size_t m, uint32_t *out)
{
    for (size_t r = 0; r < n_rows; r++, from += stride, out += m)
        for (size_t j = 0; j < m; j += UMM_BLOCK_SPARE)
            memcpy(out + j, from + j, UMM_BLOCK_SPARE * sizeof *out);
}

/* Any fields in any order. */
static void pack_each(const struct umm_block *block, const struct umm_found *found, size_t m,
                      uint32_t *begins, uint32_t *ends)
{
    const uint32_t late = block->is_crlf;
    const uint32_t *row_begins = block->begins, *row_ends = block->ends;
    for (size_t r = 0; r < block->n_rows; r++) {
        for (size_t j = 0; j < m; j++) {
            size_t f = (size_t)found[j].first, at = f * block->step;
            *begins++ = row_begins[at] + (f ? 0 : late);
            *ends++ = row_ends[at];
        }
        row_begins += block->stride;
        row_ends += block->stride;
    }
}

/* Where m of the schema's fields from `index` on are, row by row, without their quotes. */
static struct umm_decimal_column fields_of(const struct work *w, size_t index, size_t m)
{
    const struct umm_block *block = w->block;
    const struct umm_found *found = w->plan->cells->found + index;
    size_t first = (size_t)found->first, n = block->n_rows;
    uint32_t *begins = block->packed, *ends = begins + n * m;
    struct umm_decimal_column column = {.text = block->text - block->end_sub,
                                        .begins = begins,
                                        .ends = ends,
                                        .begin_add = block->begin_add + block->end_sub,
                                        .n = n * m,
                                        .out = (char *)block->column,
                                        .out_stride = sizeof *block->column,
                                        .point = w->plan->cells->decimal,
                                        .is_empty_nan = w->plan->cells->na->has_empty};
    if (!is_run(w, index, m)) {
        pack_each(block, found, m, begins, ends);
        return column;
    }
    column.late_every = block->is_crlf && first == 0 ? m : 0;
    if (block->stride == m) {
        column.begins = block->begins;
        column.ends = block->ends;
    } else {
        pack_run(block->begins + first, block->stride, n, m, begins);
        pack_run(block->ends + first, block->stride, n, m, ends);
    }
    return column;
}

/*
 * binary64 to binary32. The binary64 is the decimal's nearest, so rounding it again
 * can differ from rounding the decimal only where it is exactly between two
 * binary32 (its low 29 bits are 1 and 28 zeros), or where those are subnormal or
 * overflow: such rows are done one by one.
 */
static bool narrow_floats(struct work *w)
{
    const bool is_exact = w->field->is_exact;
    const double limit = 0x1p60; /* more than what is read here, and within int64 */
    bool is_done = true;
    for (size_t r = 0; is_done && r < w->block->n_rows; r++) {
        double value = w->block->column[r].f8;
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        uint64_t magnitude = bits & INT64_MAX;
        const uint64_t least = UINT64_C(0x3810000000000000), most = UINT64_C(0x47EFFFFFE0000000);
        bool is_plain = magnitude == 0 || (magnitude >= least && magnitude <= most);
        float f4 = is_plain ? (float)value : 0;
        /* An integer that is rounded must not be, if its text has no point. */
        bool is_refused = is_exact && value > -limit && value < limit && (double)f4 != value &&
                          (double)(int64_t)value == value;
        if (!is_plain || is_refused || (bits & 0x1FFFFFFF) == 0x10000000)
            is_done = convert_one(w, r);
        else
            memcpy(w->out + r * w->row_bytes, &f4, sizeof f4);
    }
    return is_done;
}

static bool narrow_integers(struct work *w)
{
    const union umm_block_number *column = w->block->column;
    bool is_done = true;
    for (size_t r = 0; is_done && r < w->block->n_rows; r++) {
        int32_t i4 = (int32_t)column[r].i8;
        if (i4 != column[r].i8)
            is_done = convert_one(w, r);
        else
            memcpy(w->out + r * w->row_bytes, &i4, sizeof i4);
    }
    return is_done;
}

/* The value that all rows have. */
static bool fill(struct work *w)
{
    const size_t size = w->field->type.size_bytes;
    bool is_done = convert_one(w, 0);
    for (size_t r = 1; is_done && r < w->block->n_rows; r++)
        memcpy(w->out + r * w->row_bytes, w->out, size);
    return is_done;
}

/* Numbers into column->out; which are left goes to the block's odd ones. */
static size_t read_numbers(struct work *w, const struct umm_decimal_column *column, bool is_float)
{
    const struct umm_notation *notation = &w->plan->cells->notation;
    const int power = w->field->power;
    const enum umm_cpu cpu = w->plan->cpu;
    uint32_t *odd = w->block->odd;
    if (umm_notation_is_plain(notation) && power == 0)
        return is_float ? umm_decimal_f64(cpu, column, odd) : umm_decimal_i64(cpu, column, odd);
    return is_float ? umm_notation_f64(cpu, notation, power, column, odd)
                    : umm_notation_i64(cpu, notation, power, column, odd);
}

static bool convert_numbers(struct work *w)
{
    bool is_float = w->field->type.kind == 'f', is_wide = w->field->type.size_bytes == 8;
    size_t n_odd;
    if (w->plan->cells->found[w->index].first < 0)
        return fill(w);
    struct umm_decimal_column column = fields_of(w, w->index, 1);
    if (w->plan->cells->na->has_digit)
        return convert_each(w);
    if (is_wide) {
        column.out = w->out;
        column.out_stride = w->row_bytes;
    }
    n_odd = read_numbers(w, &column, is_float);
    /* Before the odd ones, whose places hold nothing: they are done again below. */
    if (!is_wide) {
        for (size_t i = 0; i < n_odd; i++)
            w->block->column[w->block->odd[i]].i8 = 0;
        if (!(is_float ? narrow_floats(w) : narrow_integers(w)))
            return false;
    }
    return convert_odd(w, n_odd);
}

/* ---- times ---------------------------------------------------------------------- */

static const int64_t per_second[] = {1, 1000, 1000000, 1000000000};

/* Epochs from first to before end have that unit by magnitude. */
static int64_t epoch_first(enum umm_time_unit unit)
{
    return UMM_TIME_EPOCH_FIRST_S * per_second[unit];
}

static int64_t epoch_end(enum umm_time_unit unit)
{
    return UMM_TIME_EPOCH_END_S * per_second[unit];
}

/* Whether the array holds that time exactly: in f8 up to 2^53, as in cells.c. */
static bool is_exact(const struct work *w, int64_t time)
{
    const int64_t exact = INT64_C(1) << 53;
    return w->field->type.kind != 'f' || (time >= -exact && time <= exact);
}

static void put_time(struct work *w, size_t r, int64_t time)
{
    double f8 = (double)time;
    bool is_float = w->field->type.kind == 'f';
    memcpy(w->out + r * w->row_bytes, is_float ? (const void *)&f8 : (const void *)&time, 8);
    if ((int)w->index == w->plan->cells->schema->time_index)
        w->block->times[r] = time;
}

/* Numbers min <= v <= max are epochs that the file may have. */
struct epochs {
    int64_t min, max;
};

static struct epochs usual_epochs(bool is_unit_forced, enum umm_time_unit in)
{
    const int64_t exact = INT64_C(1) << 53;
    struct epochs e = {-exact, exact};
    int64_t bound;
    if (!is_unit_forced)
        return (struct epochs){epoch_first(in), epoch_end(in) - 1};
    /* Years 1 to 9999, as umm_time_parse has it; beyond 2^53 there is no bound. */
    if (!__builtin_mul_overflow(UMM_TIME_SEC_MIN, per_second[in], &bound) && bound > e.min)
        e.min = bound;
    if (!__builtin_mul_overflow(UMM_TIME_SEC_MAX, per_second[in], &bound) && bound < e.max)
        e.max = bound;
    return e;
}

/*
 * Epochs that are plain integers, of the unit that the first of them has by magnitude if
 * none is given, to the array's unit by one multiplication or an exact division; the rest
 * one by one.
 */
static bool convert_epochs(struct work *w)
{
    const struct umm_time_spec *spec = &w->plan->cells->times[w->index];
    enum umm_time_unit in = spec->epoch_unit, unit = w->plan->cells->schema->time_unit;
    struct umm_decimal_column column = fields_of(w, w->index, 1);
    size_t n_odd = umm_decimal_i64(w->plan->cpu, &column, w->block->odd);
    const union umm_block_number *values = w->block->column;
    bool is_done = true, is_wide = w->field->type.size_bytes == 8;
    for (size_t i = 0; i < n_odd; i++)
        w->block->column[w->block->odd[i]].i8 = INT64_MIN; /* of no unit */
    if (!spec->is_unit_forced &&
        (values[0].i8 <= 0 || !umm_time_unit_of((uint64_t)values[0].i8, &in)))
        in = UMM_TIME_S;
    if ((int)w->index == w->plan->cells->schema->time_index) {
        w->has_unit = !spec->is_unit_forced;
        w->unit = in;
    }
    const int64_t times_by = unit > in ? per_second[unit] / per_second[in] : 1;
    const int64_t divide_by = in > unit ? per_second[in] / per_second[unit] : 1;
    const struct epochs usual = usual_epochs(spec->is_unit_forced, in);
    for (size_t r = 0; is_done && r < w->block->n_rows; r++) {
        int64_t value = values[r].i8, time;
        if (!is_wide || value < usual.min || value > usual.max || value % divide_by != 0 ||
            __builtin_mul_overflow(value / divide_by, times_by, &time) || !is_exact(w, time))
            is_done = convert_one(w, r);
        else
            put_time(w, r, time);
    }
    return is_done;
}

/* Put the times of all rows; what the array cannot hold is for the record reader. */
static bool put_times(struct work *w, const int64_t *times)
{
    const size_t n_rows = w->block->n_rows, row_bytes = w->row_bytes;
    const bool is_float = w->field->type.kind == 'f';
    char *out = w->out;
    bool is_done = true;
    if ((int)w->index == w->plan->cells->schema->time_index)
        memcpy(w->block->times, times, n_rows * sizeof *times);
    for (size_t r = 0; is_done && r < n_rows; r++, out += row_bytes) {
        const double f8 = (double)times[r];
        if (__builtin_expect(!is_exact(w, times[r]), 0))
            is_done = convert_one(w, r);
        else if (is_float)
            memcpy(out, &f8, sizeof f8);
        else
            memcpy(out, &times[r], sizeof times[r]);
    }
    return is_done;
}

/* Dates and times of day as texts; those that have not the shape of others one by one. */
static bool convert_texts(struct work *w)
{
    const struct umm_block *block = w->block;
    const struct umm_found *found = &w->plan->cells->found[w->index];
    const int fields[2] = {found->first, found->second};
    struct umm_time_texts texts = {
        .text = block->text, .stride = block->stride, .end_sub = block->end_sub};
    for (int k = 0; k < 2 && fields[k] >= 0; k++) {
        const size_t at = (size_t)fields[k] * block->step;
        texts.begins[k] = block->begins + at;
        texts.ends[k] = block->ends + at;
        texts.begin_add[k] = block->begin_add + (fields[k] == 0 && block->is_crlf);
    }
    int64_t *times = (int64_t *)(void *)block->column; /* as its i8 */
    const size_t n_odd =
        umm_timeshapes_read(w->plan->cells, w->index, &texts, block->n_rows, times, block->odd);
    return put_times(w, times) && convert_odd(w, n_odd);
}

static bool convert_column(struct work *w)
{
    const struct umm_cells *cells = w->plan->cells;
    const struct umm_time_spec *spec = &cells->times[w->index];
    if (w->field->type.kind == 'S')
        return convert_each(w);
    if (!w->field->is_time)
        return convert_numbers(w);
    if (cells->na->has_digit)
        return convert_each(w);
    const bool is_wide = w->field->type.size_bytes == 8;
    const bool is_plain =
        !spec->is_unit_forced || (spec->epoch_unit <= UMM_TIME_NS && !spec->has_date);
    if (spec->form == UMM_TIME_FORM_EPOCH && cells->found[w->index].second < 0 && is_plain)
        return convert_epochs(w);
    if (spec->form != UMM_TIME_FORM_EPOCH && is_wide)
        return convert_texts(w);
    return convert_each(w);
}

/* ---- the commonest array of all ---------------------------------------------------- */

/* Whether the first of a column of times is an epoch in the array's unit by magnitude. */
static bool begins_in_unit(const struct work *w, size_t index)
{
    const struct umm_cells *cells = w->plan->cells;
    struct umm_csv_field cell = umm_block_cell(w->block, cells->found[index].first, 0);
    enum umm_time_unit unit;
    struct umm_time time;
    return umm_time_parse_unit(&cells->times[index], cell.text, cell.len_bytes, &time, &unit) ==
               UMM_TIME_OK &&
           unit == cells->schema->time_unit;
}

/* Whether times are texts, and there are numbers beside them. */
static bool has_texts(const struct work *w)
{
    const struct umm_schema *schema = w->plan->cells->schema;
    return schema->time_index >= 0 && schema->n_fields > 1 &&
           w->plan->cells->times[schema->time_index].form != UMM_TIME_FORM_EPOCH;
}

/*
 * Whether the rows are numbers in binary64, with times that are texts, or mostly epochs in the
 * array's unit, as the first one is: then one pass over all fields makes the rows.
 */
static bool is_direct(const struct work *w)
{
    const struct umm_cells *cells = w->plan->cells;
    const struct umm_schema *schema = cells->schema;
    if (cells->na->has_digit || cells->decimal != '.' || !umm_notation_is_plain(&cells->notation))
        return false;
    for (size_t i = 0; i < schema->n_fields; i++) {
        const struct umm_schema_field *field = &schema->fields[i];
        const struct umm_time_spec *spec = &cells->times[i];
        const bool is_epoch = spec->form == UMM_TIME_FORM_EPOCH;
        if (cells->found[i].first < 0 || field->power || field->type.kind != 'f' ||
            field->type.size_bytes != 8)
            return false;
        if (field->is_time && ((int)i != schema->time_index || spec->is_unit_forced))
            return false;
        if (field->is_time && !(is_epoch ? begins_in_unit(w, i) : has_texts(w)))
            return false;
        if (cells->found[i].second >= 0 && (is_epoch || !field->is_time))
            return false;
    }
    return true;
}

/* The times among the rows, which were read as numbers like any other. */
static bool take_times(struct work *w)
{
    const struct umm_schema *schema = w->plan->cells->schema;
    w->index = (size_t)schema->time_index;
    w->field = &schema->fields[w->index];
    w->out = w->block->rows + w->field->offset_bytes;
    w->has_unit = true;
    w->unit = schema->time_unit;
    const double least = (double)epoch_first(w->unit), end = (double)epoch_end(w->unit);
    const double most = end < 0x1p53 ? end : 0x1p53;
    int64_t *times = w->block->times;
    const size_t n_rows = w->block->n_rows, row_bytes = w->row_bytes;
    const char *row = w->out;
    bool is_done = true;
    for (size_t r = 0; is_done && r < n_rows; r++, row += row_bytes) {
        double value;
        memcpy(&value, row, sizeof value);
        int64_t time = value >= least && value < most ? (int64_t)value : INT64_MIN;
        times[r] = time;
        if (__builtin_expect((double)time != value, 0))
            is_done = convert_one(w, r);
    }
    return is_done;
}

/* The times beside the numbers. */
static bool take_texts(struct work *w)
{
    w->index = (size_t)w->plan->cells->schema->time_index;
    w->field = &w->plan->cells->schema->fields[w->index];
    w->out = w->block->rows + w->field->offset_bytes;
    return convert_texts(w);
}

/*
 * All fields of the rows as numbers, a number beside it standing in for a time that is none:
 * so that the engine finds eight plain ones in a row.
 */
static struct umm_decimal_column fields_without_texts(const struct work *w)
{
    const struct umm_block *block = w->block;
    const struct umm_schema *schema = w->plan->cells->schema;
    const size_t k = schema->n_fields, t = (size_t)schema->time_index, n = block->n_rows;
    const struct umm_found *found = w->plan->cells->found;
    struct umm_decimal_column column = {.text = block->text - block->end_sub,
                                        .begin_add = block->begin_add + block->end_sub,
                                        .n = n * k,
                                        .point = '.',
                                        .is_empty_nan = w->plan->cells->na->has_empty};
    uint32_t *begins = block->packed, *ends = begins + n * k;
    const size_t beside = t ? t - 1 : 1;
    if (t == 0 && found[1].first > 0 && is_run(w, 1, k - 1)) {
        const size_t before = (size_t)found[1].first - 1;
        pack_run(block->begins + before, block->stride, n, k, begins);
        pack_run(block->ends + before, block->stride, n, k, ends);
    } else {
        pack_each(block, found, k, begins, ends);
    }
    for (size_t at = 0; at < n * k; at += k) {
        begins[at + t] = begins[at + beside];
        ends[at + t] = ends[at + beside];
    }
    column.begins = begins;
    column.ends = ends;
    return column;
}

static void store_nan(char *out)
{
    const double nan = __builtin_nan("");
    memcpy(out, &nan, sizeof nan);
}

/* The fields of whole rows that an engine left; those of times are NaN, for what reads times. */
static bool convert_left(struct work *w, size_t n_odd)
{
    const struct umm_schema *schema = w->plan->cells->schema;
    const struct umm_block *block = w->block;
    bool is_done = true;
    for (size_t i = 0; is_done && i < n_odd; i++) {
        const size_t row = block->odd[i] / schema->n_fields;
        w->index = block->odd[i] % schema->n_fields;
        w->field = &schema->fields[w->index];
        w->out = block->rows + w->field->offset_bytes;
        if (w->field->is_time)
            store_nan(w->out + row * w->row_bytes);
        else
            is_done = convert_one(w, row);
    }
    return is_done;
}

static bool convert_direct(struct work *w)
{
    const struct umm_block_plan *plan = w->plan;
    struct umm_block *block = w->block;
    size_t k = plan->cells->schema->n_fields;
    const bool is_text = has_texts(w);
    struct umm_decimal_column column = is_text ? fields_without_texts(w) : fields_of(w, 0, k);
    column.out = block->rows;
    column.out_stride = sizeof(double);
    bool is_done = convert_left(w, umm_decimal_f64(plan->cpu, &column, block->odd));
    if (is_done && plan->cells->schema->time_index >= 0)
        is_done = is_text ? take_texts(w) : take_times(w);
    return is_done;
}

/* ---- the same in a notation -------------------------------------------------------- */

/*
 * Whether the rows are numbers in binary64, in a notation, and at most one time beside them. The
 * engine for AVX2 takes eight fields at once only if all are plain: columns are better for it.
 */
static bool is_together(const struct work *w)
{
    const struct umm_cells *cells = w->plan->cells;
    const struct umm_schema *schema = cells->schema;
    if (cells->na->has_digit || umm_notation_is_plain(&cells->notation) || schema->n_fields < 2 ||
        w->plan->cpu == UMM_CPU_AVX2)
        return false;
    for (size_t i = 0; i < schema->n_fields; i++) {
        const struct umm_schema_field *field = &schema->fields[i];
        if (cells->found[i].first < 0 || field->power || field->type.kind != 'f' ||
            field->type.size_bytes != 8 || (field->is_time && (int)i != schema->time_index))
            return false;
    }
    return true;
}

/* A time is never a number in a notation: it is read apart. */
static bool convert_together(struct work *w)
{
    const struct umm_cells *cells = w->plan->cells;
    const int time_index = cells->schema->time_index;
    struct umm_decimal_column column =
        time_index < 0 ? fields_of(w, 0, cells->schema->n_fields) : fields_without_texts(w);
    column.point = cells->decimal;
    column.out = w->block->rows;
    column.out_stride = sizeof(double);
    const size_t n_odd =
        umm_notation_f64(w->plan->cpu, &cells->notation, 0, &column, w->block->odd);
    const bool is_done = convert_left(w, n_odd);
    if (!is_done || time_index < 0)
        return is_done;
    w->index = (size_t)time_index;
    w->field = &cells->schema->fields[time_index];
    w->out = w->block->rows + w->field->offset_bytes;
    return convert_column(w);
}

/* ---- all of it ------------------------------------------------------------------ */

static bool convert_columns(struct work *w)
{
    const struct umm_schema *schema = w->plan->cells->schema;
    bool is_done = true;
    for (size_t i = 0; is_done && i < schema->n_fields; i++) {
        w->index = i;
        w->field = &schema->fields[i];
        w->out = w->block->rows + w->field->offset_bytes;
        is_done = convert_column(w);
    }
    return is_done;
}

static void check_ohlc(struct work *w, bool *is_done)
{
    size_t bad;
    for (size_t r = 0; *is_done && r < w->block->n_rows; r++)
        if (!(w->is_bad && w->is_bad[r]) &&
            umm_cells_check_ohlc(w->plan->cells->schema, w->block->rows + r * w->row_bytes, &bad))
            *is_done = mark_bad(w, r);
}

/* The unit of row r's time by magnitude, if it has one. */
static bool unit_of_row(const struct work *w, size_t r, enum umm_time_unit *unit)
{
    const struct umm_cells *cells = w->plan->cells;
    const size_t index = (size_t)cells->schema->time_index;
    const struct umm_found *found = &cells->found[index];
    struct umm_csv_field first = umm_block_cell(w->block, found->first, r), second = {0};
    struct umm_cell_time time = {.takes_both = false};
    char out[sizeof(double)];
    if (found->second >= 0)
        second = umm_block_cell(w->block, found->second, r);
    if (umm_cells_convert_field(cells, index, first, second, out, &time, NULL) != UMM_OK)
        return false;
    *unit = time.unit;
    return time.is_by_magnitude;
}

/* Count the epochs by their units; those of bad rows the record reader counts. */
static void count_epochs(struct work *w)
{
    struct umm_block *block = w->block;
    enum umm_time_unit unit;
    if (w->has_unit)
        block->n_epochs[w->unit] += block->n_rows - w->n_each;
    for (size_t r = 0; w->is_bad && w->plan->cells->schema->time_index >= 0 && r < block->n_rows;
         r++)
        if (w->is_bad[r] && unit_of_row(w, r, &unit))
            block->n_epochs[unit]--;
}

/* Rows of another instrument, or of one whose name is written otherwise, are for the reader. */
static void check_key(struct work *w, const struct umm_instrument_key *key, bool *is_done)
{
    const size_t n_rows = key->is_any ? 0 : w->block->n_rows;
    for (size_t r = 0; *is_done && r < n_rows; r++)
        if (!umm_instrument_is(key, umm_block_cell(w->block, key->field, r)))
            *is_done = mark_bad(w, r);
}

bool umm_block_columns(struct umm_block *block, const struct umm_block_plan *plan, bool **is_bad)
{
    const struct umm_schema *schema = plan->cells->schema;
    struct work w = {.block = block, .plan = plan, .row_bytes = schema->row_bytes};
    bool is_done = true;
    if (is_direct(&w))
        is_done = convert_direct(&w);
    else if (is_together(&w))
        is_done = convert_together(&w);
    else
        is_done = convert_columns(&w);
    for (size_t i = 0; i < plan->instrument->n_keys; i++)
        check_key(&w, &plan->instrument->keys[i], &is_done);
    if (plan->is_ohlc_checked)
        check_ohlc(&w, &is_done);
    count_epochs(&w);
    *is_bad = w.is_bad;
    return is_done;
}
