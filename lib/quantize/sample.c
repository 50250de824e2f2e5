/* SPDX-License-Identifier: MIT */
#include "quantize/sample.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"

enum { FIRST_ROWS = 256, PART_BITS = 2 };

static uint64_t hash_of(uint64_t number)
{
    unsigned char bytes[sizeof number];
    umm_bytes_put(bytes, number, sizeof bytes);
    return umm_hash64(bytes, sizeof bytes, 0);
}

static bool is_held_out(uint64_t number)
{
    return hash_of(number) % (1U << PART_BITS) == 0;
}

void umm_quantize_rows_free(struct umm_quantize_rows *rows)
{
    free(rows->rows);
    free(rows->numbers);
    *rows = (struct umm_quantize_rows){0};
}

void umm_quantize_sample_begin(struct umm_quantize_sample *sample, uint64_t width,
                               uint64_t most_rows)
{
    *sample = (struct umm_quantize_sample){
        .width = width, .most_rows = most_rows, .limit = UINT64_MAX >> PART_BITS};
}

void umm_quantize_sample_free(struct umm_quantize_sample *sample)
{
    umm_quantize_rows_free(&sample->kept);
}

static void put(struct umm_quantize_rows *rows, uint64_t width, const float *row, uint64_t number)
{
    memcpy(rows->rows + rows->n_rows * width, row, (size_t)width * sizeof *row);
    rows->numbers[rows->n_rows++] = number;
}

static enum umm_status allocate(struct umm_quantize_rows *rows, uint64_t n, uint64_t width,
                                struct umm_error *err)
{
    *rows =
        (struct umm_quantize_rows){.rows = calloc((size_t)n, (size_t)width * sizeof *rows->rows),
                                   .numbers = calloc((size_t)n, sizeof *rows->numbers)};
    if (rows->rows && rows->numbers)
        return UMM_OK;
    umm_quantize_rows_free(rows);
    return umm_error_set_memory(err, (size_t)(n * width) * sizeof *rows->rows, "rows");
}

static enum umm_status grow(struct umm_quantize_sample *sample, struct umm_error *err)
{
    const uint64_t twice = sample->cap_rows ? 2 * sample->cap_rows : FIRST_ROWS;
    const uint64_t cap = twice < sample->most_rows + 1 ? twice : sample->most_rows + 1;
    struct umm_quantize_rows more;
    enum umm_status status = allocate(&more, cap, sample->width, err);
    if (status)
        return status;
    for (uint64_t i = 0; i < sample->kept.n_rows; i++)
        put(&more, sample->width, sample->kept.rows + i * sample->width, sample->kept.numbers[i]);
    umm_quantize_rows_free(&sample->kept);
    sample->kept = more;
    sample->cap_rows = cap;
    return UMM_OK;
}

/* Halve the limit, and leave out what is above it. */
static void thin(struct umm_quantize_sample *sample)
{
    struct umm_quantize_rows *kept = &sample->kept;
    const uint64_t n = kept->n_rows, width = sample->width;
    sample->limit /= 2;
    kept->n_rows = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (!umm_quantize_sample_wants(sample, kept->numbers[i]))
            continue;
        if (kept->n_rows != i)
            put(kept, width, kept->rows + i * width, kept->numbers[i]);
        else
            kept->n_rows++;
    }
}

bool umm_quantize_sample_wants(const struct umm_quantize_sample *sample, uint64_t number)
{
    return hash_of(number) >> PART_BITS <= sample->limit;
}

enum umm_status umm_quantize_sample_add(struct umm_quantize_sample *sample, const float *row,
                                        uint64_t number, struct umm_error *err)
{
    sample->n_seen++;
    if (!umm_quantize_sample_wants(sample, number))
        return UMM_OK;
    if (sample->kept.n_rows == sample->cap_rows) {
        enum umm_status status = grow(sample, err);
        if (status)
            return status;
    }
    put(&sample->kept, sample->width, row, number);
    while (sample->kept.n_rows > sample->most_rows && sample->limit)
        thin(sample);
    return UMM_OK;
}

enum umm_status umm_quantize_sample_split(struct umm_quantize_sample *sample,
                                          struct umm_quantize_rows *calibration,
                                          struct umm_quantize_rows *held_out, struct umm_error *err)
{
    const struct umm_quantize_rows *kept = &sample->kept;
    uint64_t n_held = 0;
    for (uint64_t i = 0; i < kept->n_rows; i++)
        n_held += is_held_out(kept->numbers[i]);
    *held_out = (struct umm_quantize_rows){0};
    enum umm_status status = allocate(calibration, kept->n_rows - n_held + 1, sample->width, err);
    if (!status)
        status = allocate(held_out, n_held + 1, sample->width, err);
    for (uint64_t i = 0; !status && i < kept->n_rows; i++)
        put(is_held_out(kept->numbers[i]) ? held_out : calibration, sample->width,
            kept->rows + i * sample->width, kept->numbers[i]);
    if (status)
        umm_quantize_rows_free(calibration);
    umm_quantize_sample_free(sample);
    return status;
}
