/* SPDX-License-Identifier: MIT */
/*
 * convert_many.h - many inputs into many arrays: DIR/NAME.npy for each .../NAME.csv, or datasets:
 * DIR/BTCUSDT/1m.npy for all .../BTCUSDT-1m-....csv (convert/delivery.h).
 */
#ifndef UMM_CONVERT_CONVERT_MANY_H
#define UMM_CONVERT_CONVERT_MANY_H

#include "base/shard.h"
#include "convert/convert.h"
#include "convert/delivery.h"
#include "umm.h"

/*
 * is_root    the directory is a root of datasets, made if it is not there, with SYMBOL directories
 *            as needed. The files of a dataset are put in order and each is appended to those
 *            before it; where `each` takes rows in any order, they are put in order only
 * names      of is_root: what names of files mean
 * shard      which of the arrays
 * is_dry     of is_root: group the files, put them in order, and write nothing
 * each       the options of every conversion; its inputs and output are ignored
 * done       called after each one, in the order of the inputs, or of the datasets' paths, by one
 *            thread at a time: with its options (inputs and output), its result or its error, and
 *            the dataset, NULL without is_root and for an archive that cannot be read and whose
 * name tells nothing: these come first. With is_dry there is no result
 */
struct umm_convert_many {
    const struct umm_convert_options *each;
    const char *const *inputs;
    size_t n_inputs;
    const char *directory;
    bool is_root, is_dry;
    struct umm_deliveryname_options names;
    struct umm_shard shard;
    void (*done)(void *user, const struct umm_convert_options *options,
                 const struct umm_delivery_dataset *dataset, enum umm_status status,
                 const struct umm_convert_result *result, const struct umm_error *err);
    void *user;
};

/*
 * Convert all of them, several at once; one that fails does not stop the others. NAME is the
 * input's last component without .zst, .gz, .zip and the like, then without .csv, .tsv or .txt. The
 * results are the same for any number of threads, and of datasets for any order of the inputs.
 * UMM_ERR_ARGUMENT, before anything is done, when two inputs would have the same output, or a name
 * makes no dataset; UMM_ERR_CANCELLED; otherwise failures are told to `done` only.
 */
UMM_MUST_USE enum umm_status umm_convert_many(const struct umm_convert_many *many,
                                              struct umm_run *run, struct umm_error *err);

#endif
