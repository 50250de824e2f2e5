/* SPDX-License-Identifier: MIT */
/*
 * pipeline.h - blocks of text through any number of threads, with the same outcome
 * for each number: blocks are cut in order, converted at once, taken in order.
 *
 *     thread 1   cut 0 | convert 0      | take 0 | write 0 | cut 2 | ...
 *     thread 2         | cut 1 | convert 1       | take 1  | write 1 | ...
 */
#ifndef UMM_CONVERT_PIPELINE_H
#define UMM_CONVERT_PIPELINE_H

#include "reading/block.h"
#include "umm.h"

enum umm_cut {
    UMM_CUT_BLOCK,  /* block holds scanned, regular text */
    UMM_CUT_SERIAL, /* the next text is for the record reader: see `serial` */
    UMM_CUT_END
};

/*
 * The stages. Each but write is called by one thread at a time and in the order of the
 * text; but cut may run while take does: they must not share what they change.
 *
 *   cut      fill block with the next text, or say why not
 *   serial   read some records one by one, after all blocks before it are taken and
 *            before any after it is cut
 *   take     judge the converted block's rows; what it defers, write does
 *   write    what can be done out of order, such as storing rows at a known place
 */
struct umm_pipeline {
    enum umm_status (*cut)(void *user, struct umm_block *block, enum umm_cut *cut,
                           struct umm_error *err);
    enum umm_status (*serial)(void *user, struct umm_error *err);
    enum umm_status (*take)(void *user, struct umm_block *block, struct umm_error *err);
    enum umm_status (*write)(void *user, struct umm_block *block, struct umm_error *err);
    void *user;
    const struct umm_block_plan *plan;
    size_t block_bytes; /* the longest text of a block */
    bool is_long;       /* the text is many blocks */
};

/*
 * Run until cut says END or a stage fails. Of several failures the one that comes
 * first in the text is returned; failures of write come after all others.
 */
UMM_MUST_USE enum umm_status umm_pipeline_run(const struct umm_pipeline *pipeline,
                                              unsigned n_threads, struct umm_error *err);

#endif
