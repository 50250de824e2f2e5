/* SPDX-License-Identifier: MIT */
/*
 * modeltext.h - which fields of text are read for a model: as modelrows.h matches columns, but
 * before any row is read, so that fields of words between numbers are in nobody's way.
 *
 *     header     timestamp,symbol,ema_20,rsi_14,comment
 *     read       timestamp, symbol (the id, as it stands), then the inputs in their order
 */
#ifndef UMM_MODELROWS_MODELTEXT_H
#define UMM_MODELROWS_MODELTEXT_H

#include "modelrows/modelrows.h"
#include "text/columns.h"
#include "umm.h"

/* Bytes that an id of text may have. */
enum { UMM_MODELTEXT_ID_BYTES = 64 };

/*
 * options: what the model and the caller say; is_selected and id are set when the fields are
 * chosen, so that umm_modelrows_bind finds what was read. Times are left out if has_no_times.
 */
struct umm_modeltext {
    struct umm_modelrows_options options;
    bool has_no_times;
    char *list; /* private, as all that follows */
    const char *given_id;
    char id[UMM_COLUMN_NAME_MAX]; /* the name that the id was read by */
};

/*
 * For struct umm_schema_options: choose, with a struct umm_modeltext as choose_user. Fields are
 * named as in a header, without blanks around the name, or by their number from 0. Where columns
 * are not said:
 *
 *   - the names of the model's inputs, if the text has all of them;
 *   - else all fields in their order, but those of times and of the id, if there are n_inputs of
 *     them, and the text or the model has no names.
 *
 * The field of a time comes first, then the id's. UMM_ERR_DATA otherwise, as umm_modelrows_bind.
 */
UMM_MUST_USE enum umm_status umm_modeltext_choose(void *text, const struct umm_names *names,
                                                  const char **columns, struct umm_error *err);

void umm_modeltext_close(struct umm_modeltext *text);

#endif
