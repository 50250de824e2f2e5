/* SPDX-License-Identifier: MIT */
/*
 * basevolume.h - which of several volumes is in the base asset of a symbol: of "Volume
 * USD" and "Volume BTC" it is the second for BTC/USD, in whatever order they come.
 */
#ifndef UMM_TEXT_BASEVOLUME_H
#define UMM_TEXT_BASEVOLUME_H

#include "text/columns.h"
#include "umm.h"

/*
 * Find the field whose name is prefix and the base asset of symbol: what stands before a
 * separator (BTC/USD, BTC-USD), else what the symbol begins with (BTCUSDT). Where the
 * symbol is no pair, it is the one volume with an asset beside a plain one. *index is
 * UMM_FIELD_NONE where no name begins with prefix. UMM_ERR_DATA: none of them is in
 * the base asset, or more than one could be.
 */
UMM_MUST_USE enum umm_status umm_basevolume_find(const struct umm_names *names, const char *prefix,
                                                 const char *symbol, size_t len_bytes, int *index,
                                                 struct umm_error *err);

#endif
