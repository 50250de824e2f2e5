/* SPDX-License-Identifier: MIT */
/*
 * convert_by.h - rows of many instruments in one text, an array for each: ROOT/SYMBOL/TIMEFRAME.npy
 * for every value of a column, in one pass.
 *
 *     read     all rows, each to what its symbol has (split.h), in bounded memory
 *     then     for some symbols at a time: open, write or compare and append
 *                                          put in place, or count
 *
 * Nothing is written before all of the text was read and found good. Then each dataset is the old
 * one or the new one at any moment, by itself. Those that are to be durable are synced together,
 * by two syncs of the file system, where they are many.
 */
#ifndef UMM_CONVERT_CONVERT_BY_H
#define UMM_CONVERT_CONVERT_BY_H

#include "array/deliveryname.h"
#include "convert/convert.h"
#include "umm.h"

/*
 * each       how the text is read, and what becomes of its rows: reading.instrument.by is the
 * column; output and sink are not looked at root       made if it is not there timeframe  "1m";
 * NULL: what the names of the inputs tell is_dry     read, sort and judge everything; write nothing
 * done       called for each dataset, in the order of the symbols' bytes, by one thread at a time:
 * with its path, its options, and its result (which has no inputs) or its error
 */
struct umm_convert_by {
    const struct umm_convert_options *each;
    const char *root;
    struct umm_deliveryname_options names;
    bool is_dry;
    void (*done)(void *user, const char *path, const struct umm_convert_options *options,
                 enum umm_status status, const struct umm_convert_result *result,
                 const struct umm_error *err);
    void *user;
};

/*
 * Convert. Failures of the text, and others before a dataset is written, as umm_convert; also
 * UMM_ERR_ARGUMENT where no timeframe is told, or a dataset is an input, or the place of two. What
 * fails later is told to `done`, and the others go on. On success *total has the inputs, sums over
 * the datasets and what was rejected; the caller frees it.
 */
UMM_MUST_USE enum umm_status umm_convert_by(const struct umm_convert_by *by, struct umm_run *run,
                                            struct umm_convert_result *total,
                                            struct umm_error *err);

#endif
