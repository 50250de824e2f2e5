/* SPDX-License-Identifier: MIT */
/*
 * featurefollow.h - features of many symbols whose rows come mixed, as lines of text with
 * a field that says whose they are:
 *
 *     symbol,timestamp,open,...         symbol,timestamp,ema_20
 *     BTC,1577836800000,7000,...   ->   BTC,1577836800000,7000.5
 *     ETH,1577836800000,130,...         ETH,1577836800000,130.25
 *
 * Each symbol has a state of its own, and, with a root for them, a state file. A line goes
 * out before the next one is waited for. In place of lines, a store has the newest results of each
 * symbol under its name (resultstore.h), before more is read. Memory is bounded per symbol.
 */
#ifndef UMM_FEATUREJOB_FEATUREFOLLOW_H
#define UMM_FEATUREJOB_FEATUREFOLLOW_H

#include "featurejob/featurejob.h"
#include "umm.h"

/*
 * each         options of every symbol's job: input, text, output (CSV) or store, and how rows
 *              are taken; its state and id are ignored
 * by           the field that names the symbol
 * state_root   states are STATE_ROOT/SYMBOL.state, the symbol written as in dataset.h;
 *              they are saved at the end, when cancelled, and every checkpoint_rows rows
 * max_symbols  more are refused; 0: 100000
 */
struct umm_featurefollow {
    const struct umm_featurejob_options *each;
    const char *by;
    const char *state_root;
    uint64_t max_symbols;
};

/* Do it, to the end of the input. Failures as umm_featurejob_run; names begin with the symbol. */
UMM_MUST_USE enum umm_status umm_featurefollow_run(const struct umm_featurefollow *follow,
                                                   struct umm_run *run,
                                                   struct umm_featurejob_result *result,
                                                   struct umm_error *err);

#endif
