/* SPDX-License-Identifier: MIT */
/* block_columns.h - the cells of a block, column by column; private to block*.c. */
#ifndef UMM_READING_BLOCK_COLUMNS_H
#define UMM_READING_BLOCK_COLUMNS_H

#include "reading/block.h"

/* More of block->packed than two numbers for each cell of the rows. */
enum { UMM_BLOCK_SPARE = 8 };

/*
 * Convert the fields of all rows, which begins, ends, stride and step say where to find,
 * into rows and times, which have room for them. *is_bad stays NULL, or becomes a
 * malloc'ed flag per row for those that the record reader must look at: they hold
 * nothing usable. false when there is no memory for it.
 */
UMM_MUST_USE bool umm_block_columns(struct umm_block *block, const struct umm_block_plan *plan,
                                    bool **is_bad);

#endif
