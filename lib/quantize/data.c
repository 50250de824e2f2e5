/* SPDX-License-Identifier: MIT */
#include "quantize/data.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "convert/rowsource.h"
#include "modelrows/modeltext.h"
#include "store/store_look.h"
#include "sys/file.h"
#include "sys/progress.h"
#include "umm/store.h"

enum { BLOCK_BYTES = 256 * 1024 };

/* Of a number of a row in doubles: its range, and the most that a float of it is away. */
struct spread {
    double low, high, lost;
};

struct reader {
    const struct umm_quantize_options *options;
    struct umm_modeltext model; /* what of text is read */
    struct umm_modelrows rows;
    struct umm_quantize_sample *sample;
    uint64_t number; /* of the next row */
    uint64_t n_skipped;
    float *block; /* of cap_rows */
    size_t cap_rows;
    double *doubles; /* the same, and the spread of each number; NULL: the model takes floats */
    struct spread *spreads;
};

static const char *name_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static enum umm_status make_block(struct reader *reader, struct umm_error *err)
{
    const size_t row_bytes = (size_t)reader->model.options.n_inputs * sizeof *reader->block;
    reader->cap_rows = row_bytes < BLOCK_BYTES ? BLOCK_BYTES / row_bytes : 1;
    reader->block = malloc(reader->cap_rows * row_bytes);
    return reader->block ? UMM_OK : umm_error_set_memory(err, reader->cap_rows * row_bytes, "rows");
}

/* ---- doubles ------------------------------------------------------------------------- */

static enum umm_status make_doubles(struct reader *reader, struct umm_error *err)
{
    const size_t width = (size_t)reader->model.options.n_inputs;
    reader->doubles = calloc(reader->cap_rows * width, sizeof *reader->doubles);
    reader->spreads = calloc(width, sizeof *reader->spreads);
    if (!reader->doubles || !reader->spreads)
        return umm_error_set_memory(err, reader->cap_rows * width * sizeof *reader->doubles,
                                    "rows");
    for (size_t i = 0; i < width; i++)
        reader->spreads[i] = (struct spread){.low = INFINITY, .high = -INFINITY};
    return UMM_OK;
}

/* n rows of doubles as floats in the block; what that loses is noted. */
static void read_doubles(struct reader *reader, const char *bytes, size_t n)
{
    const size_t width = (size_t)reader->model.options.n_inputs;
    umm_modelrows_read_f64(&reader->rows, bytes, n, reader->doubles);
    for (size_t i = 0; i < n * width; i++) {
        struct spread *spread = &reader->spreads[i % width];
        const double number = reader->doubles[i];
        reader->block[i] = (float)number;
        if (!isfinite(reader->block[i]))
            continue;
        spread->low = fmin(spread->low, number);
        spread->high = fmax(spread->high, number);
        spread->lost = fmax(spread->lost, fabs(number - (double)reader->block[i]));
    }
}

/*
 * Rows are judged as floats. What these make of numbers that are close together and far from 0
 * would say nothing about the model, which subtracts what they share.
 */
static enum umm_status check_spreads(const struct reader *reader, struct umm_error *err)
{
    const double most = 0.001; /* of the range */
    for (uint64_t i = 0; reader->spreads && i < reader->model.options.n_inputs; i++) {
        const struct spread *spread = &reader->spreads[i];
        if (spread->low < spread->high && spread->lost > most * (spread->high - spread->low))
            return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, name_of(reader->options->data),
                                      "number %" PRIu64 " of a row is from %.17g to %.17g, which "
                                      "float32 hardly tells apart: rows are judged in that",
                                      i, spread->low, spread->high);
    }
    return UMM_OK;
}

/* ---- rows of arrays and text --------------------------------------------------------- */

/* The path in front of what is wrong with its columns or rows. */
static enum umm_status about(const struct reader *reader, enum umm_status status,
                             struct umm_error *err)
{
    if (status && err && !err->path[0])
        umm_error_at(err, name_of(reader->options->data), 0, 0, 0);
    return status;
}

static enum umm_status begin(void *user, const struct umm_npy *npy, struct umm_error *err)
{
    struct reader *reader = user;
    umm_modelrows_close(&reader->rows);
    return about(reader, umm_modelrows_bind(&reader->rows, &reader->model.options, npy, err), err);
}

static enum umm_status take_row(struct reader *reader, const float *row, uint64_t number,
                                struct umm_error *err)
{
    const size_t width = (size_t)reader->model.options.n_inputs,
                 at = umm_modelrows_find_nan(row, width);
    if (at == width)
        return umm_quantize_sample_add(reader->sample, row, number, err);
    reader->n_skipped++;
    if (reader->options->is_nan_skipped)
        return UMM_OK;
    umm_modelrows_refuse_nan(&reader->rows, number, at, (double)row[at], err);
    return about(reader, umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_MODEL_NAN), err);
}

static enum umm_status take(void *user, const char *bytes, uint64_t n, struct umm_error *err)
{
    struct reader *reader = user;
    enum umm_status status = UMM_OK;
    while (!status && n > 0) {
        const size_t m = n < reader->cap_rows ? (size_t)n : reader->cap_rows;
        if (reader->doubles)
            read_doubles(reader, bytes, m);
        else
            umm_modelrows_read_f32(&reader->rows, bytes, m, reader->block);
        for (size_t i = 0; !status && i < m; i++)
            status = take_row(reader, reader->block + i * reader->model.options.n_inputs,
                              reader->number++, err);
        bytes += m * reader->rows.row_bytes;
        n -= m;
    }
    return status;
}

static enum umm_status read_rows(struct reader *reader, struct umm_run *run, struct umm_error *err)
{
    static const char no_cell[] = "\n"; /* no cell is that: one without a number has a place */
    const struct umm_rowsource_sink sink = {.begin = begin, .take = take, .user = reader};
    struct umm_rowsource_options options = {.text = reader->options->text};
    struct umm_reading_options *reading = &options.text.reading;
    struct umm_rowsource_result result;
    options.text.order = UMM_ORDER_KEEP;
    reading->schema.is_struct = true;
    reading->schema.choose = umm_modeltext_choose;
    reading->schema.choose_user = &reader->model;
    reading->instrument.one_series = ""; /* rows of any series are samples alike */
    if (!reader->options->is_nan_skipped)
        reading->na = no_cell;
    enum umm_status status =
        umm_rowsource_run(reader->options->data, &options, &sink, run, &result, err);
    if (status && err && err->hint == UMM_HINT_MISSING)
        umm_error_hint(err, status, UMM_HINT_MODEL_NAN);
    return status;
}

/* ---- vectors of a store -------------------------------------------------------------- */

static enum umm_status check_store(const struct reader *reader, const struct umm_store_info *info,
                                   struct umm_error *err)
{
    if (reader->model.options.columns)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, reader->options->data,
                                  "a store's vectors have no columns to choose");
    if (info->dim == reader->model.options.n_inputs)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_DATA, reader->options->data,
                              "a store of vectors of %" PRIu32
                              " numbers, and the model takes %" PRIu64,
                              info->dim, reader->model.options.n_inputs);
}

/* All that are sound, active or not, in the order of their positions. */
static enum umm_status read_vectors(struct reader *reader, struct umm_store *store,
                                    const struct umm_store_info *info, struct umm_run *run,
                                    struct umm_error *err)
{
    struct umm_store_entry entry;
    uint64_t n_torn = 0, next_look_ns = 0;
    const uint64_t vector_bytes = info->dim * sizeof(float);
    bool is_found = true;
    enum umm_status status = UMM_OK;
    for (uint64_t at = 0; !status && is_found; at = entry.position + 1) {
        status = umm_store_next_sound(store, at, &entry, reader->block, &is_found, &n_torn, err);
        if (status || !is_found)
            break;
        status = umm_progress_step(run, &next_look_ns, entry.position * vector_bytes,
                                   info->max_positions * vector_bytes, err);
        if (!status)
            status = take_row(reader, reader->block, entry.position, err);
    }
    reader->n_skipped += n_torn;
    return status;
}

static enum umm_status read_store(struct reader *reader, struct umm_run *run, struct umm_error *err)
{
    struct umm_store *store = NULL;
    struct umm_store_info info;
    const struct umm_npy npy = {.n_dims = 2,
                                .shape = {0, reader->model.options.n_inputs},
                                .type = {.kind = 'f', .size_bytes = sizeof(float)}};
    enum umm_status status = umm_store_open_with(reader->options->data, UMM_STORE_READ,
                                                 reader->options->reach, run, &store, err);
    if (!status)
        status = umm_store_info(store, &info, err);
    if (!status)
        status = check_store(reader, &info, err);
    if (!status)
        status = begin(reader, &npy, err);
    if (!status)
        status = read_vectors(reader, store, &info, run, err);
    const enum umm_status closed = umm_store_close(store, status ? NULL : err);
    return status ? status : closed;
}

/* ---- reading --------------------------------------------------------------------------- */

enum umm_status umm_quantize_read(const struct umm_quantize_options *options,
                                  const struct umm_modelrows_options *model, bool is_f64,
                                  struct umm_run *run, struct umm_quantize_sample *sample,
                                  uint64_t *n_skipped, struct umm_error *err)
{
    struct reader reader = {
        .options = options, .model = {.options = *model, .has_no_times = true}, .sample = sample};
    struct umm_file_info info = {.kind = UMM_FILE_STREAM};
    enum umm_status status = make_block(&reader, err);
    if (!status && is_f64)
        status = make_doubles(&reader, err);
    const bool is_place = umm_store_is_place(options->data);
    if (!status && !is_place && strcmp(options->data, "-") != 0)
        status = umm_file_stat(options->data, &info, err);
    if (!status)
        status = is_place || info.kind == UMM_FILE_DIRECTORY ? read_store(&reader, run, err)
                                                             : read_rows(&reader, run, err);
    if (!status)
        status = check_spreads(&reader, err);
    *n_skipped = reader.n_skipped;
    umm_modelrows_close(&reader.rows);
    umm_modeltext_close(&reader.model);
    free(reader.block);
    free(reader.doubles);
    free(reader.spreads);
    return status;
}
