/* SPDX-License-Identifier: MIT */
/*
 * featuremany.h - features of many datasets (array/dataset.h), several at once: from
 * ROOT/SYMBOL/TIMEFRAME.npy to OUT/SYMBOL/TIMEFRAME.npy, each with a state of its own,
 * STATES/SYMBOL/TIMEFRAME.state.
 */
#ifndef UMM_FEATUREJOB_FEATUREMANY_H
#define UMM_FEATUREJOB_FEATUREMANY_H

#include "array/dataset.h"
#include "featurejob/featurejob.h"
#include "umm.h"

/*
 * each         the options of every job; its input, output, state and timeframe are ignored
 * out_root     NULL: no outputs
 * state_root   NULL: no states
 * done         called after each one, in their order, by one thread at a time
 */
struct umm_featuremany {
    const struct umm_featurejob_options *each;
    const struct umm_dataset_list *datasets;
    const char *root;
    const char *out_root, *state_root;
    void (*done)(void *user, const struct umm_featurejob_options *options, enum umm_status status,
                 const struct umm_featurejob_result *result, const struct umm_error *err);
    void *user;
};

/*
 * Do them all; one that fails does not stop the others, and is told to `done` only. Roots
 * of outputs and states are made if they are not there. Before the first: UMM_ERR_ARGUMENT when
 * out_root is where the datasets are, or a link in it or in state_root makes an output of a
 * dataset, or one of two outputs; UMM_ERR_SYSTEM for one that cannot be examined.
 */
UMM_MUST_USE enum umm_status umm_featuremany_run(const struct umm_featuremany *many,
                                                 struct umm_run *run, struct umm_error *err);

#endif
