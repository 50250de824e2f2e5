/* SPDX-License-Identifier: MIT */
/*
 * quarantine.h - rejected rows, kept with the reason in a file that can be mended
 * and converted: the header line, then for each rejected row a comment and the row.
 *
 *     timestamp,open,high,low,close,volume
 *     # data.csv:17:24: close is not a number: "12,5"
 *     1577837760000,100.00,100.50,99.50,12,5,3.25
 */
#ifndef UMM_CONVERT_QUARANTINE_H
#define UMM_CONVERT_QUARANTINE_H

#include "sys/outfile.h"
#include "umm.h"

struct umm_quarantine {
    const char *path;
    struct umm_outfile out;
    char *header; /* the line to begin with; NULL for none */
    size_t header_len;
    bool has_rows;
    char *buffer; /* of rows that are not written yet */
    size_t n_buffered;
    struct umm_run *run;
};

/* Open path for rejected rows: a fresh file in place of an older one, on commit. */
UMM_MUST_USE enum umm_status umm_quarantine_open(struct umm_quarantine *quarantine,
                                                 const char *path, struct umm_run *run,
                                                 struct umm_error *err);

/*
 * Say what the header line is; kept for the first row. UMM_ERR_DATA, without a
 * place, for one that differs from the header before.
 */
UMM_MUST_USE enum umm_status umm_quarantine_set_header(struct umm_quarantine *quarantine,
                                                       const char *text, size_t len_bytes,
                                                       struct umm_error *err);

/*
 * Keep a row and the reason (its path, line, column and message) why it is rejected. A stream has
 * the row at once. A file, which has no name before the commit, is written in larger pieces: that
 * it is full may be told by a later row, or by the commit.
 */
UMM_MUST_USE enum umm_status umm_quarantine_add(struct umm_quarantine *quarantine,
                                                const struct umm_error *reason, const char *row,
                                                size_t len_bytes, struct umm_error *err);

/* Put the file in place; it is empty when no row was rejected. */
UMM_MUST_USE enum umm_status umm_quarantine_commit(struct umm_quarantine *quarantine,
                                                   bool is_synced, struct umm_error *err);

/* Give it up unless it was committed. Safe on a zeroed struct. */
void umm_quarantine_close(struct umm_quarantine *quarantine);

#endif
