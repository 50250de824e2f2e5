/* SPDX-License-Identifier: MIT */
#include "rowjob/outtail.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"

enum umm_status umm_outtail_save(const struct umm_resultwriter *writer, struct umm_checkpoint *c,
                                 struct umm_error *err)
{
    if (!writer || writer->n_tail == 0)
        return umm_checkpoint_set(c, UMM_CHECKPOINT_LAST_OUT, NULL, 0, err);
    const size_t size = writer->row_bytes, n = writer->n_tail - 1;
    const char *last = writer->tail + n * size;
    c->n_out_tail = (uint32_t)(n < UMM_CHECKPOINT_TAIL_ROWS ? n : UMM_CHECKPOINT_TAIL_ROWS);
    c->out_tail_hash = umm_hash64(last - c->n_out_tail * size, c->n_out_tail * size, 0);
    return umm_checkpoint_set(c, UMM_CHECKPOINT_LAST_OUT, last, size, err);
}

bool umm_outtail_fits(const struct umm_checkpoint *c, size_t row_bytes)
{
    const size_t last = c->parts[UMM_CHECKPOINT_LAST_OUT].len_bytes;
    return (last == 0 || last == row_bytes) && c->n_out_tail <= UMM_CHECKPOINT_TAIL_ROWS &&
           c->n_out_tail < (c->n_out_rows ? c->n_out_rows : 1);
}

/* Whether the rows before the last one are those that the state has written. */
static bool is_same_before(const struct umm_resultwriter *writer, const struct umm_checkpoint *c,
                           size_t n_before)
{
    const size_t size = writer->row_bytes;
    if (n_before < c->n_out_tail)
        return false;
    const char *begin = writer->tail + (n_before - c->n_out_tail) * size;
    return umm_hash64(begin, c->n_out_tail * size, 0) == c->out_tail_hash;
}

enum umm_status umm_outtail_check(struct umm_resultwriter *writer, const struct umm_checkpoint *c,
                                  const char *state, bool can_undo, bool *is_undone,
                                  struct umm_error *err)
{
    const struct umm_checkpoint_part *last = &c->parts[UMM_CHECKPOINT_LAST_OUT];
    const char *output = writer->options->path;
    enum umm_status status = UMM_OK;
    *is_undone = false;
    if (c->n_out_rows == 0)
        return umm_resultwriter_keep(writer, 0, err);
    if (last->len_bytes == 0)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, state,
                                    "the state was saved by runs that did not append");
    else if (writer->n_old + 1 < c->n_out_rows)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, output,
                                    "has %" PRIu64 " rows, fewer than the %" PRIu64
                                    " that the state has written",
                                    writer->n_old, c->n_out_rows);
    if (status)
        return umm_error_hint(err, status, UMM_HINT_REBUILD);
    /* The last row may be missing, or another: a run was killed while it changed it. */
    const bool has_last = writer->n_old >= c->n_out_rows;
    status = umm_resultwriter_keep(writer, c->n_out_rows - !has_last, err);
    if (status)
        return status;
    *is_undone = !has_last || memcmp(writer->tail + (writer->n_tail - 1) * writer->row_bytes,
                                     last->bytes, last->len_bytes) != 0;
    if (is_same_before(writer, c, writer->n_tail - has_last) && (can_undo || !*is_undone))
        return UMM_OK;
    umm_error_set_path(err, UMM_ERR_CONFLICT, output,
                       "its rows are not those that the state has written");
    return umm_error_hint(err, UMM_ERR_CONFLICT, UMM_HINT_REBUILD);
}

enum umm_status umm_outtail_check_kept(const struct umm_resultwriter *writer, struct umm_error *err)
{
    if (writer->n_old <= writer->n_rows)
        return UMM_OK;
    umm_error_set_path(err, UMM_ERR_CONFLICT, writer->options->path,
                       "has %" PRIu64 " rows, the state only %" PRIu64
                       ": a run stopped before it stored its state",
                       writer->n_old, writer->n_rows);
    return umm_error_hint(err, UMM_ERR_CONFLICT, UMM_HINT_APPEND_AGAIN);
}
