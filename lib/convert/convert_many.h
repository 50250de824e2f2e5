/* SPDX-License-Identifier: MIT */
/*
 * convert_many.h - many inputs, an array each: DIR/NAME.npy for .../NAME.csv, or datasets:
 * DIR/BTCUSDT/1m.npy for .../BTCUSDT-1m-2024-01.csv.
 */
#ifndef UMM_CONVERT_CONVERT_MANY_H
#define UMM_CONVERT_CONVERT_MANY_H

#include "convert/convert.h"
#include "umm.h"

/*
 * is_root  the directory is a root of datasets, named as umm_dataset_path_of_file says;
 *          SYMBOL directories are made as needed
 * each     the options of every conversion; its inputs and output are ignored
 * done     called after each one, in the order of the inputs, by one thread at a
 *          time: with its options (input and output), and its result or its error
 */
struct umm_convert_many {
    const struct umm_convert_options *each;
    const char *const *inputs;
    size_t n_inputs;
    const char *directory;
    bool is_root;
    void (*done)(void *user, const struct umm_convert_options *options, enum umm_status status,
                 const struct umm_convert_result *result, const struct umm_error *err);
    void *user;
};

/*
 * Convert all of them, several at once; one that fails does not stop the others. The
 * name is the input's last component without .zst, .gz, .zip and the like, then without .csv, .tsv
 * or .txt. UMM_ERR_ARGUMENT, before anything is done, when two inputs would have the same output;
 * UMM_ERR_CANCELLED; otherwise failures are told to `done` only.
 */
UMM_MUST_USE enum umm_status umm_convert_many(const struct umm_convert_many *many,
                                              struct umm_run *run, struct umm_error *err);

#endif
