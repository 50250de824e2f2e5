/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "featurejob/featurejob_work.h"

/*
 * States are compared by what they give: the words of a window may hold values that
 * nothing will read again, and depend on how the rows were cut. So each of them goes on
 * with the same rows, the last ones over and over, for longer than any window is.
 */
static bool is_same_out(const struct umm_featurework *work, size_t n)
{
    for (size_t i = 0; i < work->out.rows->n_outputs; i++)
        if (memcmp(work->out.columns[i], work->out.columns[i] + n, n * sizeof(double)) != 0)
            return false;
    return true;
}

/* Whether two states, which this uses up, give the same. There is a ring of n >= 1 rows. */
static enum umm_status compare_states(struct umm_featurework *work, struct umm_features_state *a,
                                      struct umm_features_state *b, bool *is_same,
                                      struct umm_error *err)
{
    const size_t n = work->history.n_ring;
    double *const *c = work->in.columns;
    const struct umm_bars bars = {c[0], c[1], c[2], c[3], c[4], c[5]};
    uint64_t longest = 0;
    for (size_t i = 0; i < work->out.rows->n_outputs; i++) {
        uint64_t lookback = umm_features_lookback(work->options->features, i);
        longest = lookback > longest ? lookback : longest;
        work->out.shifted[i] = work->out.columns[i] + n;
    }
    enum umm_status status = umm_barreader_read(work->in.reader, work->history.ring, n, 0,
                                                work->in.times, work->in.columns, err);
    *is_same = true;
    for (uint64_t done = 0; !status && *is_same && done < 3 * longest + n; done += n) {
        status = umm_features_take(a, &bars, n, work->run, work->out.columns, err);
        if (!status)
            status = umm_features_take(b, &bars, n, work->run, work->out.shifted, err);
        *is_same = is_same_out(work, n);
    }
    return status;
}

/* The state of that part, from which skip of the ring's last rows are still to be taken. */
static enum umm_status compare_part(struct umm_featurework *work,
                                    enum umm_checkpoint_part_name name, size_t skip,
                                    struct umm_error *err)
{
    const struct umm_checkpoint_part *part = &work->state.checkpoint->parts[name];
    struct umm_features_state *loaded = work->state.before, *made = NULL;
    bool is_same = false;
    enum umm_status status = umm_features_state_open(work->options->features, &made, err);
    if (status)
        return status;
    umm_features_state_copy(made, work->state.now);
    status = umm_features_state_load(loaded, part->bytes, part->len_bytes, err);
    if (!status && skip) {
        const char *last = work->history.ring + (work->history.n_ring - 1) * work->in.row_bytes;
        double *const *c = work->in.columns;
        const struct umm_bars bars = {c[0], c[1], c[2], c[3], c[4], c[5]};
        status =
            umm_barreader_read(work->in.reader, last, 1, 0, work->in.times, work->in.columns, err);
        if (!status)
            status = umm_features_take(loaded, &bars, 1, work->run, work->out.columns, err);
    }
    if (!status)
        status = compare_states(work, made, loaded, &is_same, err);
    umm_features_state_close(made);
    if (!status && !is_same)
        status = umm_error_set(err, UMM_ERR_DATA, "the state is not what the input gives");
    if (status == UMM_ERR_DATA && err)
        umm_error_at(err, work->options->state, 0, 0, 0);
    return status;
}

enum umm_status umm_featurework_compare(struct umm_featurework *work, struct umm_error *err)
{
    const struct umm_checkpoint *c = work->state.checkpoint;
    if (work->history.n_taken < c->n_rows)
        return umm_error_set_path(err, UMM_ERR_DATA, work->in.name,
                                  "ends after %" PRIu64 " of the %" PRIu64
                                  " rows that the state has taken",
                                  work->history.n_taken, c->n_rows);
    if (memcmp(&work->history.all, &c->history, sizeof c->history) != 0)
        return umm_error_set_path(err, UMM_ERR_DATA, work->in.name,
                                  "its rows are not what they were when the state took them");
    if (c->n_rows == 0)
        return UMM_OK;
    enum umm_status status = compare_part(work, UMM_CHECKPOINT_STATE, 0, err);
    if (!status && c->parts[UMM_CHECKPOINT_BEFORE].len_bytes > 0)
        status = compare_part(work, UMM_CHECKPOINT_BEFORE, 1, err);
    return status;
}
