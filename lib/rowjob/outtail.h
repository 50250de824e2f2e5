/* SPDX-License-Identifier: MIT */
/*
 * outtail.h - the end of an output that grows, in a state: its last row, and a hash of those
 * before it, by which the next run knows that it has the same output.
 */
#ifndef UMM_ROWJOB_OUTTAIL_H
#define UMM_ROWJOB_OUTTAIL_H

#include "rowjob/checkpoint.h"
#include "rowjob/resultwriter.h"
#include "umm.h"

/* Put the end of what the writer has written, NULL for none that grows, into a checkpoint. */
UMM_MUST_USE enum umm_status umm_outtail_save(const struct umm_resultwriter *writer,
                                              struct umm_checkpoint *checkpoint,
                                              struct umm_error *err);

/* Whether what the checkpoint says of the output can be so, for rows of that size. */
UMM_MUST_USE bool umm_outtail_fits(const struct umm_checkpoint *checkpoint, size_t row_bytes);

/*
 * The output that is there, which grows, against the checkpoint in the file state: the writer
 * goes on after the rows that the state has written. *is_undone: the last of them is missing, or
 * another, as a run was killed while it changed it; that is a conflict unless can_undo.
 */
UMM_MUST_USE enum umm_status umm_outtail_check(struct umm_resultwriter *writer,
                                               const struct umm_checkpoint *checkpoint,
                                               const char *state, bool can_undo, bool *is_undone,
                                               struct umm_error *err);

/*
 * All rows that the state has taken were compared: UMM_ERR_CONFLICT if the output has more, which
 * a run left that was killed before it stored its state.
 */
UMM_MUST_USE enum umm_status umm_outtail_check_kept(const struct umm_resultwriter *writer,
                                                    struct umm_error *err);

#endif
