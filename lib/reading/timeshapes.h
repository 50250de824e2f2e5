/* SPDX-License-Identifier: MIT */
/*
 * timeshapes.h - the times of a column, most of which are written as one before: a shape
 * (time/time_shape.h) for each length of text.
 */
#ifndef UMM_READING_TIMESHAPES_H
#define UMM_READING_TIMESHAPES_H

#include "reading/cells.h"
#include "time/time_shape.h"
#include "umm.h"

/*
 * The times of n rows of the schema's field number index, as umm_cells_convert_field has them,
 * in the array's unit: out[r] of row r. UMM_TIME_SHAPE_PAD bytes after each text must be
 * readable, whatever they are. Returns how many rows were not read (missing, no times,
 * epochs); their numbers are written to odd (room for n) in ascending order, and out holds
 * nothing there.
 */
UMM_MUST_USE size_t umm_timeshapes_read(const struct umm_cells *cells, size_t index,
                                        const struct umm_time_texts *texts, size_t n, int64_t *out,
                                        uint32_t *odd);

#endif
