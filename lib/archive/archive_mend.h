/* SPDX-License-Identifier: MIT */
/*
 * archive_mend.h - what of an archive's head and table can be computed from the rest.
 *
 * Header, description and table say many things twice:
 *
 *   damaged                        computed from                   proved by
 *   frame around the header        length of the header            checksum in the table
 *   header: one bit                that bit turned                 checksum in the table
 *   header: a count too large      the rows that the table has     checksum in the table
 *   description                    rows of a frame                 its hash, or all but the hash
 *   header's checksum: one bit     the header                      the 31 bits that agree
 *   all else of the table          header and frames               checksums of the frames
 */
#ifndef UMM_ARCHIVE_ARCHIVE_MEND_H
#define UMM_ARCHIVE_ARCHIVE_MEND_H

#include "umm.h"

/*
 * Mend that in the file, durably; *is_mended says whether it was changed. What cannot be computed
 * stays, without an error: opening the archive says what is wrong. Frames and rows stay as they
 * are. The caller holds the archive's lock.
 */
UMM_MUST_USE enum umm_status umm_archive_mend(const char *path, bool *is_mended,
                                              struct umm_error *err);

#endif
