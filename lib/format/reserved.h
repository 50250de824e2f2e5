/* SPDX-License-Identifier: MIT */
/*
 * reserved.h - the places where no output goes except what their owner writes: the directory of a
 * pool, and the names of a feature store's files.
 *
 * Pools and stores are known by what their files begin with. Another user's file in a directory
 * where all may write makes it neither.
 */
#ifndef UMM_FORMAT_RESERVED_H
#define UMM_FORMAT_RESERVED_H

#include "sys/outfile.h"
#include "umm.h"

/*
 * UMM_ERR_CONFLICT when the place is in a pool, or one of a store's files; path names it in the
 * message. One look-up in the directory, a few for a name that a store's file has. Any thread
 * may call.
 */
UMM_MUST_USE enum umm_status umm_reserved_check(const struct umm_outfile_place *place,
                                                const char *path, struct umm_error *err);

/* As umm_reserved_check, of a path. One that leads nowhere is UMM_OK: opening it says why. */
UMM_MUST_USE enum umm_status umm_reserved_check_path(const char *path, struct umm_error *err);

#endif
