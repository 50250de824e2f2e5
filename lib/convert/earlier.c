/* SPDX-License-Identifier: MIT */
#include "convert/earlier.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"

/* ---- what is there ------------------------------------------------------------------ */

static enum umm_status read_old(void *user, uint64_t first, size_t n, char *out,
                                struct umm_error *err)
{
    const struct umm_earlier *earlier = user;
    const size_t row_bytes = earlier->rows->row_bytes;
    const uint64_t at = earlier->n_array - 1;
    enum umm_status status = umm_rowfile_read(earlier->rows, first, n, out, err);
    /* The array's own row stays in the file until the commit. */
    if (!status && earlier->has_changed && at >= first && at - first < n)
        memcpy(out + (at - first) * row_bytes, earlier->changed, row_bytes);
    return status;
}

static struct umm_time time_of(const struct umm_earlier *earlier, int64_t time)
{
    return umm_time_from_unit(time, earlier->schema->time_unit);
}

static enum umm_status old_time(const void *user, const char *row, uint64_t index,
                                struct umm_time *out, struct umm_error *err)
{
    const struct umm_earlier *earlier = user;
    (void)index;
    (void)err;
    *out = time_of(earlier, umm_schema_time(earlier->schema, row));
    return UMM_OK;
}

static const char *column_name(const void *user, uint64_t index)
{
    const struct umm_earlier *earlier = user;
    return earlier->schema->fields[index].name;
}

/* The input that an earlier row is of; NULL: the array. */
static const char *input_of(const void *user, uint64_t index)
{
    const struct umm_earlier *earlier = user;
    size_t low = 0, high = earlier->n_inputs;
    /* Those before low begin at the row or before it. */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (earlier->inputs[middle].first <= index)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? earlier->inputs[low - 1].path : NULL;
}

/* All rows so far are there before what follows. */
static enum umm_status look_at_last(struct umm_earlier *earlier, struct umm_error *err)
{
    const char *row;
    enum umm_status status = umm_rowfile_flush(earlier->rows, err);
    earlier->n = earlier->rows->n_rows;
    umm_overlap_restart(&earlier->overlap, earlier->n);
    if (status || earlier->n == 0)
        return status;
    status = umm_overlap_row(&earlier->overlap, earlier->n - 1, &row, err);
    if (!status)
        earlier->last = umm_schema_time(earlier->schema, row);
    return status;
}

enum umm_status umm_earlier_open(struct umm_earlier *earlier, struct umm_rowfile *rows,
                                 const struct umm_npy *npy, const struct umm_schema *schema,
                                 enum umm_revision revision, struct umm_error *err)
{
    *earlier = (struct umm_earlier){
        .rows = rows, .schema = schema, .n_array = rows->n_rows, .revision = revision};
    const struct umm_overlap_rows old = {.what = "the array",
                                         .npy = npy,
                                         .n_rows = rows->n_rows,
                                         .read = read_old,
                                         .time = old_time,
                                         .column = column_name,
                                         .input = input_of,
                                         .user = earlier};
    enum umm_status status = umm_overlap_open(&earlier->overlap, &old, revision, err);
    return status ? status : look_at_last(earlier, err);
}

void umm_earlier_close(struct umm_earlier *earlier)
{
    umm_overlap_close(&earlier->overlap);
    free(earlier->changed);
    free(earlier->waiting);
    free(earlier->inputs);
    *earlier = (struct umm_earlier){.rows = NULL};
}

/* ---- rows --------------------------------------------------------------------------- */

/* The array's last row is changed by the commit. */
static enum umm_status keep_change(struct umm_earlier *earlier, struct umm_error *err)
{
    struct umm_overlap *overlap = &earlier->overlap;
    const size_t row_bytes = earlier->rows->row_bytes;
    if (!overlap->has_replacement)
        return UMM_OK;
    if (!earlier->changed)
        earlier->changed = malloc(row_bytes);
    if (!earlier->changed)
        return umm_error_set_memory(err, row_bytes, "a row");
    memcpy(earlier->changed, overlap->replacement, row_bytes);
    earlier->has_changed = true;
    overlap->has_replacement = false;
    return UMM_OK;
}

/* A row that does not wait, or no longer. */
static enum umm_status store(struct umm_earlier *earlier, const char *row, int64_t time,
                             struct umm_error *err)
{
    if (umm_earlier_has(earlier, time)) {
        const struct umm_time at = time_of(earlier, time);
        return umm_overlap_compare(&earlier->overlap, row, &at, err);
    }
    memcpy(umm_rowfile_next(earlier->rows), row, earlier->rows->row_bytes);
    return umm_rowfile_push(earlier->rows, err);
}

static void hold(struct umm_earlier *earlier, const char *row, int64_t time)
{
    memcpy(earlier->waiting, row, earlier->rows->row_bytes);
    earlier->has_waiting = true;
    earlier->waiting_time = time;
    earlier->waiting_input = earlier->n_inputs;
}

static enum umm_status let_go(struct umm_earlier *earlier, struct umm_error *err)
{
    if (!earlier->has_waiting)
        return UMM_OK;
    earlier->has_waiting = false;
    enum umm_status status = store(earlier, earlier->waiting, earlier->waiting_time, err);
    if (status == UMM_ERR_CONFLICT)
        umm_error_at(err, earlier->inputs[earlier->waiting_input - 1].path, 0, 0, 0);
    /* No row of a later input was stored before it. */
    for (size_t i = earlier->waiting_input; i < earlier->n_inputs; i++)
        earlier->inputs[i].first = earlier->rows->n_rows;
    return status;
}

/* The row that waits is of an earlier input, and has the time of this one: it is replaced. */
static void replace(struct umm_earlier *earlier, const char *row, int64_t time)
{
    const bool is_same = memcmp(earlier->waiting, row, earlier->rows->row_bytes) == 0;
    earlier->overlap.n_same += is_same;
    earlier->overlap.n_revised += !is_same;
    hold(earlier, row, time);
}

/* A row before the one that waits must be there; between all others and that one, none can be. */
static enum umm_status store_before(struct umm_earlier *earlier, const char *row, int64_t time,
                                    struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    if (!umm_earlier_has(earlier, time)) {
        status = let_go(earlier, err);
        if (!status)
            status = look_at_last(earlier, err);
    }
    return status ? status : store(earlier, row, time, err);
}

enum umm_status umm_earlier_push(struct umm_earlier *earlier, const char *row, int64_t time,
                                 struct umm_error *err)
{
    if (!umm_earlier_holds(earlier))
        return store(earlier, row, time, err);
    const bool is_other = earlier->has_waiting && earlier->waiting_input != earlier->n_inputs;
    if (is_other && time < earlier->waiting_time)
        return store_before(earlier, row, time, err);
    if (is_other && time == earlier->waiting_time) {
        replace(earlier, row, time);
        return UMM_OK;
    }
    enum umm_status status = let_go(earlier, err);
    if (!status)
        hold(earlier, row, time);
    return status;
}

enum umm_status umm_earlier_finish(struct umm_earlier *earlier, struct umm_error *err)
{
    enum umm_status status = let_go(earlier, err);
    return status ? status : keep_change(earlier, err);
}

/* ---- inputs ------------------------------------------------------------------------- */

static enum umm_status add_input(struct umm_earlier *earlier, const char *path,
                                 struct umm_error *err)
{
    const size_t n = earlier->n_inputs;
    struct umm_earlier_input *inputs = umm_list_room(earlier->inputs, n, sizeof *inputs);
    if (!inputs)
        return umm_error_set_memory(err, n * sizeof *inputs, "a list of inputs");
    earlier->inputs = inputs;
    earlier->inputs[earlier->n_inputs++] = (struct umm_earlier_input){earlier->n, path};
    return UMM_OK;
}

enum umm_status umm_earlier_begin_input(struct umm_earlier *earlier, const char *path,
                                        struct umm_error *err)
{
    enum umm_status status = keep_change(earlier, err);
    if (!status)
        status = look_at_last(earlier, err);
    if (!status)
        status = add_input(earlier, path, err);
    if (status || earlier->revision != UMM_REVISION_REPLACE_LAST)
        return status;
    if (!earlier->waiting)
        earlier->waiting = malloc(earlier->rows->row_bytes);
    if (!earlier->waiting)
        return umm_error_set_memory(err, earlier->rows->row_bytes, "a row");
    /* The last of the rows that are there is not the last one, if a newer one waits. */
    const bool is_last = !earlier->has_waiting || umm_earlier_has(earlier, earlier->waiting_time);
    earlier->overlap.revision = is_last ? earlier->revision : UMM_REVISION_ERROR;
    return UMM_OK;
}
