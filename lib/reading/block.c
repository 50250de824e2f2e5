/* SPDX-License-Identifier: MIT */
#include "reading/block.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "reading/block_columns.h"
#include "sys/pages.h"

/* ---- memory ------------------------------------------------------------------- */

enum umm_status umm_block_init(struct umm_block *block, size_t text_bytes, bool is_one_of_many,
                               struct umm_error *err)
{
    enum { FIELD_BYTES = 8 }; /* of most texts, with the separator */
    memset(block, 0, sizeof *block);
    block->is_one_of_many = is_one_of_many;
    size_t size = UMM_RECORDS_BYTES + (size_t)2 * UMM_SCAN_PAD;
    /* Untouched pages of either cost nothing: most texts have few separators. */
    block->cap_positions = text_bytes + UMM_SCAN_SPARE + 1;
    block->room = malloc(size);
    block->positions = malloc(block->cap_positions * sizeof *block->positions);
    if (!block->room || !block->positions)
        return umm_error_set_memory(err, size, "a block of text");
    memset(block->room, 0, UMM_SCAN_PAD);
    if (is_one_of_many) {
        umm_pages_have(block->room, text_bytes + UMM_RECORDS_EDGE_BYTES);
        umm_pages_have(block->positions, text_bytes / FIELD_BYTES * sizeof *block->positions);
    }
    return UMM_OK;
}

void umm_block_free(struct umm_block *block)
{
    free(block->room);
    free(block->positions);
    free(block->pairs);
    free(block->packed);
    free(block->rows_room);
    free(block->times);
    free(block->column);
    free(block->odd);
    free(block->specials);
    memset(block, 0, sizeof *block);
}

/* *data gets room for at least `wanted` items; what it held is lost. */
static bool renew(void *data, size_t *cap, size_t wanted, size_t item_bytes)
{
    void **place = data;
    if (wanted <= *cap)
        return true;
    free(*place);
    *cap = 0;
    *place = malloc((wanted + wanted / 4) * item_bytes);
    if (*place)
        *cap = wanted + wanted / 4;
    return *place != NULL;
}

enum umm_status umm_block_lengthen(struct umm_block *block, size_t text_bytes,
                                   struct umm_error *err)
{
    const size_t n = text_bytes + UMM_SCAN_SPARE + 1;
    return renew(&block->positions, &block->cap_positions, n, sizeof *block->positions)
               ? UMM_OK
               : umm_error_set_memory(err, n * sizeof *block->positions, "a block of text");
}

static enum umm_status reserve_rows(struct umm_block *block, size_t row_bytes, size_t n_fields,
                                    struct umm_error *err)
{
    size_t n = block->n_rows, room_bytes = UMM_ROWFILE_EDGE + n * row_bytes + 1, cap;
    bool is_more = room_bytes > block->cap_rows_bytes;
    bool is_done = renew(&block->rows_room, &block->cap_rows_bytes, room_bytes, 1);
    block->rows = is_done ? block->rows_room + UMM_ROWFILE_EDGE : NULL;
    if (is_done && is_more && block->is_one_of_many)
        umm_pages_have(block->rows_room, room_bytes);
    if (n > block->cap_rows) {
        cap = block->cap_rows;
        is_done &= renew(&block->times, &cap, n, sizeof *block->times);
        if (is_done && block->is_one_of_many)
            umm_pages_have(block->times, n * sizeof *block->times);
        cap = block->cap_rows;
        is_done &= renew(&block->column, &cap, n, sizeof *block->column);
        block->cap_rows = is_done ? cap : 0;
    }
    is_done &= renew(&block->odd, &block->cap_odd, n * n_fields, sizeof *block->odd);
    is_done &= renew(&block->packed, &block->cap_packed, 2 * n * n_fields + UMM_BLOCK_SPARE,
                     sizeof *block->packed);
    return is_done ? UMM_OK : umm_error_set_memory(err, n * row_bytes, "a block of rows");
}

static enum umm_status add_special(struct umm_block *block, size_t row, bool is_instead,
                                   size_t begin, struct umm_error *err)
{
    if (block->n_specials == block->cap_specials) {
        size_t cap = 2 * block->cap_specials + 64;
        struct umm_block_special *grown = realloc(block->specials, cap * sizeof *block->specials);
        if (!grown)
            return umm_error_set_memory(err, cap * sizeof *grown, "a block of rows");
        block->specials = grown;
        block->cap_specials = cap;
    }
    block->specials[block->n_specials++] =
        (struct umm_block_special){(uint32_t)row, is_instead, (uint32_t)begin};
    return UMM_OK;
}

/* ---- records ------------------------------------------------------------------- */

/* Lines are counted from where the last call ended: cheap for callers that go forward. */
static uint64_t line_at(struct umm_block *block, size_t begin)
{
    if (block->line == 0)
        return 0;
    if (begin < block->line_at || block->line_there == 0) {
        block->line_at = 0;
        block->line_there = block->line;
    }
    const char *at = block->text + block->line_at, *end = block->text + begin;
    for (; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        block->line_there++;
    block->line_at = begin;
    return block->line_there;
}

static size_t row_begin(const struct umm_block *block, size_t r)
{
    size_t begin = (uint32_t)(block->begins[r * block->stride] + block->begin_add + block->is_crlf);
    /* The first field may begin after a quote. */
    return begin && block->text[begin - 1] == UMM_CSV_QUOTE ? begin - 1 : begin;
}

void umm_block_record_at(struct umm_block *block, size_t begin, struct umm_placed_record *placed)
{
    size_t bad_at;
    memset(placed, 0, sizeof *placed);
    /* The text was found regular up to here: this cannot fail. */
    (void)!umm_csv_split(block->text + begin, block->len_bytes - begin, true, block->delimiter,
                         &placed->record, &bad_at);
    placed->byte = block->byte + begin;
    placed->line = line_at(block, begin);
}

void umm_block_row_record(struct umm_block *block, size_t r, struct umm_placed_record *placed)
{
    umm_block_record_at(block, row_begin(block, r), placed);
}

uint64_t umm_block_line(struct umm_block *block, size_t r)
{
    return line_at(block, row_begin(block, r));
}

/* ---- shape: where the fields are ------------------------------------------------ */

/*
 * Whether every record has exactly n_fields fields, all plain or all quoted without
 * escapes, and the same line end, so that field f of record r is found by arithmetic.
 * It is so when every n_fields-th position is a line end: there are as many of those as
 * records, so that the other positions are delimiters.
 */
static bool is_uniform(const struct umm_block *block, size_t n_fields)
{
    const struct umm_scan *scan = &block->scan;
    size_t n = scan->n_records;
    if (n_fields < 2 || scan->n_whole != n * n_fields || (scan->has_crs && scan->has_bare_lfs) ||
        (scan->has_quotes && (scan->has_unquoted || scan->has_escapes)))
        return false;
    const uint32_t *positions = block->positions + 1;
    const char end = scan->has_crs ? '\r' : '\n';
    for (size_t r = 0; r < n; r++)
        if (block->text[positions[(r + 1) * n_fields - 1]] != end)
            return false;
    return true;
}

static bool has_comment(const struct umm_block *block, char comment)
{
    for (size_t r = 0; comment && r < block->n_rows; r++)
        if (block->text[row_begin(block, r)] == comment)
            return true;
    return false;
}

/* Set begins and ends for a uniform block; false when it is not one. */
static bool find_uniform(struct umm_block *block, const struct umm_block_plan *plan)
{
    if (plan->instrument->n_filters || !is_uniform(block, plan->n_fields))
        return false;
    block->n_rows = block->scan.n_records;
    block->stride = plan->n_fields;
    block->step = 1;
    block->begins = block->positions;
    block->ends = block->positions + 1;
    block->end_sub = block->scan.has_quotes;
    block->begin_add = 1 + block->end_sub;
    block->is_crlf = block->scan.has_crs;
    block->positions[0] = UINT32_MAX - block->is_crlf;
    return !has_comment(block, plan->comment);
}

/* One record of a walk. */
struct walked {
    size_t begin;
    size_t n_fields;
    bool is_last_empty;
    size_t end; /* of the text, without the line end */
};

/*
 * Walk one record from position number *at; pairs gets up to room fields. A field that
 * begins with a quote ends with one, the text being regular.
 */
static struct walked walk_record(const struct umm_block *block, size_t *at, size_t begin,
                                 uint32_t *pairs, size_t room)
{
    const uint32_t *positions = block->positions + 1;
    struct walked w = {.begin = begin};
    for (;;) {
        size_t end = positions[(*at)++], from = begin, to = end;
        char c = block->text[end];
        if (block->text[from] == UMM_CSV_QUOTE) {
            from++;
            to--;
        }
        if (w.n_fields < room) {
            pairs[2 * w.n_fields] = (uint32_t)from;
            pairs[2 * w.n_fields + 1] = (uint32_t)to;
        }
        w.n_fields++;
        w.is_last_empty = from == to;
        w.end = end;
        if (c == '\n' || c == '\r')
            return w;
        begin = end + 1;
    }
}

static struct umm_csv_field walked_cell(const struct umm_block *block, const uint32_t *pairs,
                                        int field)
{
    const uint32_t *pair = pairs + 2 * (size_t)field;
    return (struct umm_csv_field){block->text + pair[0], pair[1] - pair[0]};
}

static bool is_escaped(const struct umm_block *block, const uint32_t *pairs, int field)
{
    if (field < 0)
        return false;
    struct umm_csv_field cell = walked_cell(block, pairs, field);
    return memchr(cell.text, UMM_CSV_QUOTE, cell.len_bytes) != NULL;
}

/* Whether a field that matters has doubled quotes in it; what others have does not. */
static bool has_escaped_cell(const struct umm_block *block, const struct umm_block_plan *plan,
                             const uint32_t *pairs)
{
    const struct umm_cells *cells = plan->cells;
    const struct umm_instrument *instrument = plan->instrument;
    bool is = false;
    for (size_t i = 0; !is && i < cells->schema->n_fields; i++)
        is = is_escaped(block, pairs, cells->found[i].first) ||
             is_escaped(block, pairs, cells->found[i].second);
    for (size_t i = 0; !is && i < instrument->n_keys; i++)
        is = is_escaped(block, pairs, instrument->keys[i].field);
    for (size_t i = 0; !is && i < instrument->n_filters; i++)
        is = is_escaped(block, pairs, instrument->filters[i].field);
    for (size_t i = 0; !is && i < instrument->n_series_keys; i++)
        is = is_escaped(block, pairs, instrument->series_keys[i].field);
    is = is || (instrument->is_split && is_escaped(block, pairs, instrument->by.field));
    return is;
}

/* Whether the filters take a walked row. */
static bool is_taken(const struct umm_block *block, const struct umm_instrument *instrument,
                     const uint32_t *pairs)
{
    for (size_t i = 0; i < instrument->n_filters; i++)
        if (!umm_instrument_is(&instrument->filters[i],
                               walked_cell(block, pairs, instrument->filters[i].field)))
            return false;
    return true;
}

/* A line that the record reader must look at: only it says what is blank. */
static bool may_be_blank(const struct umm_block *block, const struct walked *w, size_t n_fields)
{
    char c = block->text[w->begin];
    return n_fields == 1 && (c == ' ' || c == '\t');
}

/* Set begins and ends by walking over the positions, record by record. */
static enum umm_status walk(struct umm_block *block, const struct umm_block_plan *plan,
                            struct umm_error *err)
{
    size_t k = plan->n_fields, row_pairs = 2 * (k + 1), begin = 0;
    if (!renew(&block->pairs, &block->cap_pairs, (block->scan.n_records + 1) * row_pairs,
               sizeof *block->pairs))
        return umm_error_set_memory(err, block->scan.n_records * row_pairs, "fields");
    block->begins = block->pairs;
    block->ends = block->pairs + 1;
    block->stride = row_pairs;
    block->step = 2;
    block->begin_add = block->end_sub = 0;
    block->is_crlf = false;
    block->n_rows = 0;
    for (size_t at = 0; at < block->scan.n_whole;) {
        uint32_t *pairs = block->pairs + block->n_rows * row_pairs;
        struct walked w = walk_record(block, &at, begin, pairs, k + 1);
        begin = w.end + 1 + (block->text[w.end] == '\r');
        if (plan->comment && block->text[w.begin] == plan->comment) {
            block->n_comments++;
            continue;
        }
        if (w.begin == w.end) {
            block->n_blank++;
            continue;
        }
        bool is_row =
            w.n_fields == k || (w.n_fields == k + 1 && k < UMM_CSV_COLUMNS_MAX && w.is_last_empty);
        if (is_row && block->scan.has_escapes)
            is_row = !has_escaped_cell(block, plan, pairs);
        if (is_row && !may_be_blank(block, &w, k)) {
            bool is_one = is_taken(block, plan->instrument, pairs);
            block->n_rows += is_one;
            block->n_passed_over += !is_one;
            continue;
        }
        enum umm_status status = add_special(block, block->n_rows, false, w.begin, err);
        if (status)
            return status;
    }
    return UMM_OK;
}

/* ---- all of it ------------------------------------------------------------------ */

/* Bad rows become specials, merged in order with those between the rows. */
static enum umm_status merge_bad(struct umm_block *block, const bool *is_bad, struct umm_error *err)
{
    struct umm_block_special *between = block->specials;
    size_t n_between = block->n_specials, next = 0;
    enum umm_status status = UMM_OK;
    block->specials = NULL;
    block->n_specials = block->cap_specials = 0;
    for (size_t r = 0; !status && r <= block->n_rows; r++) {
        for (; !status && next < n_between && between[next].row == r; next++)
            status = add_special(block, r, false, between[next].begin, err);
        if (!status && r < block->n_rows && is_bad[r])
            status = add_special(block, r, true, row_begin(block, r), err);
    }
    free(between);
    return status;
}

enum umm_status umm_block_convert(struct umm_block *block, const struct umm_block_plan *plan,
                                  struct umm_error *err)
{
    const struct umm_schema *schema = plan->cells->schema;
    enum umm_status status = UMM_OK;
    bool *is_bad = NULL;
    block->n_specials = 0;
    block->n_blank = block->n_comments = block->n_passed_over = 0;
    memset(block->n_epochs, 0, sizeof block->n_epochs);
    block->line_there = 0;
    if (!find_uniform(block, plan))
        status = walk(block, plan, err);
    if (!status)
        status = reserve_rows(block, schema->row_bytes, schema->n_fields, err);
    if (status || block->n_rows == 0)
        return status;
    if (!umm_block_columns(block, plan, &is_bad))
        status = umm_error_set_memory(err, block->n_rows, "a block of rows");
    if (!status && is_bad)
        status = merge_bad(block, is_bad, err);
    free(is_bad);
    return status;
}
