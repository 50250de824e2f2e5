/* SPDX-License-Identifier: MIT */
/*
 * delivery.h - a folder of files as vendors deliver them, as datasets:
 *
 *     BTCUSDT-1m-2024-02.csv   ETHUSDT-1m-2024-01.csv   BTCUSDT-1m-2024-01.csv
 *
 *     ROOT/BTCUSDT/1m.npy      BTCUSDT-1m-2024-01.csv   BTCUSDT-1m-2024-02.csv
 *     ROOT/ETHUSDT/1m.npy      ETHUSDT-1m-2024-01.csv
 *
 * Files are grouped by what their names tell (array/deliveryname.h), and the files of a dataset
 * are then put in the order of their first rows. The outcome does not depend on the order in which
 * files are given.
 *
 * The members of an archive are files, each by its own name, or, if that tells nothing, by the
 * archive's; of the only member both must tell the same. Beside a member .csv one of the same name
 * that ends in .txt is its report, as HistData has them, and passed over.
 */
#ifndef UMM_CONVERT_DELIVERY_H
#define UMM_CONVERT_DELIVERY_H

#include "array/deliveryname.h"
#include "convert/convert.h"
#include "convert/firstrow.h"
#include "umm.h"
#include "umm/mem.h"
#include "unpack/unpack.h"

struct umm_delivery_options {
    const char *root;
    struct umm_deliveryname_options names; /* with symbol and timeframe no name is read */
    struct umm_unpack_options unpack;
};

/*
 * One dataset. The lists have n_files items, in one order: paths of files, members of those that
 * are archives (else NULL), and what messages call them.
 */
struct umm_delivery_dataset {
    char *path; /* of its array */
    const char **files, **members, **shown;
    struct umm_firstrow *first; /* valid where is_ordered */
    size_t n_files;
    const char *layout; /* that all names tell, as umm_deliveryname_layout has it; or NULL */
    uint64_t n_reports; /* that were passed over */
    bool is_ordered;
};

/* A file of which nobody knows what datasets are in it, and why. */
struct umm_delivery_failure {
    const char *file;
    const struct umm_error *why;
};

/* All zero is empty. The paths of files are the caller's. */
struct umm_delivery {
    struct umm_delivery_dataset *datasets; /* in the order of their paths */
    size_t n_datasets;
    struct umm_delivery_failure *failures; /* in the order of their names */
    size_t n_failures;
    struct umm_arena texts;
    const char *
        *texts_of_files;        /* of all datasets: their files, members and what they are called */
    struct umm_firstrow *first; /* likewise */
};

/*
 * Group n files; free the delivery in any case. Takes time in proportion to n * log n, n with the
 * members of archives, of which one is open at a time. The files of each dataset are in the order
 * of their names. UMM_ERR_ARGUMENT: options or a name make no sense, or names tell that files of
 * one dataset are of two kinds. An archive that cannot be read is a file by its name, if that tells
 * a dataset; else it is a failure.
 */
UMM_MUST_USE enum umm_status umm_delivery_group(const struct umm_delivery_options *options,
                                                const char *const *files, size_t n,
                                                struct umm_run *run, struct umm_delivery *delivery,
                                                struct umm_error *err);
void umm_delivery_free(struct umm_delivery *delivery);

/*
 * Put the files of a dataset in the order of their first rows, those without a row last; of files
 * with the same time, or none, the names decide. Failures as umm_firstrow_find. Any thread may do
 * one dataset.
 */
UMM_MUST_USE enum umm_status umm_delivery_order(struct umm_delivery_dataset *dataset,
                                                const struct umm_convert_options *options,
                                                struct umm_run *run, struct umm_error *err);

/* Whether all files can be looked at before they are read: they are regular ones, or missing. */
bool umm_delivery_can_order(const struct umm_delivery_dataset *dataset);

#endif
