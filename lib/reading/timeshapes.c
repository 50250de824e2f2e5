/* SPDX-License-Identifier: MIT */
#include "reading/timeshapes.h"

/* A shape for texts of each length, modulo a few: a column seldom has more. */
enum { SHAPES = 8 };

static struct umm_csv_field text_of(const struct umm_time_texts *texts, size_t r, int part)
{
    if (!texts->begins[part])
        return (struct umm_csv_field){"", 0};
    const uint32_t begin = texts->begins[part][r * texts->stride] + texts->begin_add[part];
    return (struct umm_csv_field){texts->text + begin,
                                  texts->ends[part][r * texts->stride] - texts->end_sub - begin};
}

/* Read row r by its shape, or as one text from which the shape is learnt. */
static bool read_row(const struct umm_cells *cells, size_t index,
                     const struct umm_time_texts *texts, size_t r, struct umm_time_shape *shape,
                     struct umm_time *time)
{
    const struct umm_time_spec *spec = &cells->times[index];
    const struct umm_csv_field first = umm_csv_trim(text_of(texts, r, 0));
    const struct umm_csv_field second = umm_csv_trim(text_of(texts, r, 1));
    const struct umm_time_parts parts = {{first.text, second.text},
                                         {first.len_bytes, second.len_bytes}};
    struct umm_csv_field text;
    char joined[UMM_CELLS_JOINED_MAX];
    if (umm_time_shape_read(shape, spec, &parts, time))
        return true;
    if (!umm_cells_time_text(cells, index, first, second, joined, &text) ||
        umm_na_has(cells->na, text))
        return false;
    const size_t split = text.text == joined ? first.len_bytes : text.len_bytes;
    return umm_time_shape_learn(shape, spec, text.text, text.len_bytes, split, time) == UMM_TIME_OK;
}

size_t umm_timeshapes_read(const struct umm_cells *cells, size_t index,
                           const struct umm_time_texts *texts, size_t n, int64_t *out,
                           uint32_t *odd)
{
    struct umm_time_shape shapes[SHAPES] = {0};
    const enum umm_time_unit unit = cells->schema->time_unit;
    struct umm_time_shape *shape;
    size_t n_odd = 0;
    for (size_t r = 0; r < n;) {
        struct umm_time time;
        /* The row's own shape, and those after it as far as they have it. */
        shape = &shapes[(text_of(texts, r, 0).len_bytes + text_of(texts, r, 1).len_bytes) % SHAPES];
        const size_t n_read =
            umm_time_shape_read_rows(shape, &cells->times[index], texts, r, n, unit, out);
        r += n_read;
        if (n_read)
            continue;
        if (!read_row(cells, index, texts, r, shape, &time) ||
            umm_time_to_unit(time, unit, &out[r]) != UMM_TIME_OK) {
            out[r] = 0;
            odd[n_odd++] = (uint32_t)r;
        }
        r++;
    }
    return n_odd;
}
