/* SPDX-License-Identifier: MIT */
/*
 * firstrow.h - the time of the first row that a conversion of a file would take: files of one
 * dataset are put in its order.
 */
#ifndef UMM_CONVERT_FIRSTROW_H
#define UMM_CONVERT_FIRSTROW_H

#include "convert/convert.h"
#include "umm.h"

struct umm_firstrow {
    bool has_row; /* false: none that a filter takes, or none at all */
    int64_t time; /* in the array's unit */
};

/*
 * Look at path, a regular file that is then read again; or at a member of it, where *archive is
 * kept open for the next one, and is the caller's to close. Of the options, those of the reading,
 * scratch_dir and bad_rows count. At most one descriptor is open. Failures as those of the
 * conversion before its first row; UMM_ERR_DATA for what is no regular file, UMM_ERR_ARGUMENT where
 * there is no column of times.
 */
UMM_MUST_USE enum umm_status umm_firstrow_find(const char *path, const char *member,
                                               const struct umm_convert_options *options,
                                               struct umm_convert_archive *archive,
                                               struct umm_run *run, struct umm_firstrow *first,
                                               struct umm_error *err);

#endif
