/* SPDX-License-Identifier: MIT */
/*
 * grow.h - more rows for an .npy file that is there. A kill at any moment leaves a whole
 * array, and readers see nothing of the new rows until all of them are on the device.
 *
 *     header, n | row 0 ... row n-1 | new rows, which no header counts yet
 *
 *     open       the header is read; nothing is written
 *     rows       new ones are written after the array
 *     prepare    the new rows are synced; bytes that nobody counts are cut off
 *     count      the header is written with the new count, and synced
 *     close      new rows that were not counted are cut off again
 *
 * Old rows that change are taken out of the count first:
 *
 *     rows       | kept       | changed ... n-1 | new
 *     count        header of `kept`, sync; changed rows, sync; header of all, sync
 *
 * So a reader that opens the file has whole rows at any time, and one that has it mapped
 * keeps what it has: nothing that a header may have counted is ever cut off.
 *
 * Other programs may write the file without a lock. Therefore the header is compared with
 * what it was before anything is written over, cut off or counted.
 *
 * One thread at a time has an object.
 */
#ifndef UMM_ARRAY_GROW_H
#define UMM_ARRAY_GROW_H

#include "array/rowfile.h"
#include "format/npy.h"
#include "sys/lock.h"
#include "umm.h"

/*
 * is_owned       the file belongs to the caller's pool or store, where other outputs are
 *                refused (format/reserved.h)
 * is_unsynced    nothing is synced: what a count reports done may be lost in a power cut
 * is_tail_kept   bytes after the new rows stay: a killed run may have taken any number of
 *                rows out of the count, which readers have mapped. Otherwise that was at
 *                most the last row, and what follows it is cut off
 */
struct umm_grow_options {
    bool is_owned, is_unsynced, is_tail_kept;
};

struct umm_grow {
    const char *path; /* borrowed */
    struct umm_grow_options options;
    struct umm_lock lock; /* of umm_grow_open_locked */
    int fd;
    struct umm_npy npy;      /* as it was found */
    struct umm_rowfile rows; /* of the file: put new ones there. rows.n_rows is with them */
    uint64_t n_old;          /* rows that the header counts */
    uint64_t size_bytes;     /* of the file, without the new rows */
    bool is_header_open;     /* the header may have counted new rows: nothing is cut off */
    bool is_prepared;
    size_t header_bytes;
    char *header;                         /* as it is in the file */
    char *next, *between;                 /* those to come */
    char *model;                          /* as this library writes it; NULL: it does not fit */
    size_t count_at, rest_at, rest_bytes; /* in the model: the count, what follows it */
    char *changed;                        /* rows that change, as they are */
};

/* n rows to take the place of the old ones from row `first` on, to the last. */
struct umm_grow_change {
    uint64_t first;
    size_t n;
    const char *rows;
};

/*
 * Open the array at path, which must live until the close, for rows of the type *wanted
 * (its shape[0] does not matter; NULL: whatever it has). The caller holds the output's lock.
 * UMM_ERR_CONFLICT: the array has other rows, is in Fortran order or has titles, or another
 * array follows it in the file; and as umm_reserved_check_path says. Close it after any open.
 */
UMM_MUST_USE enum umm_status umm_grow_open(struct umm_grow *grow, const char *path,
                                           const struct umm_npy *wanted,
                                           const struct umm_grow_options *options,
                                           struct umm_run *run, struct umm_error *err);

/*
 * Take the output's lock first, until the close, and make the array without rows if there
 * is none and wanted is not NULL. UMM_ERR_BUSY: locked.
 */
UMM_MUST_USE enum umm_status umm_grow_open_locked(struct umm_grow *grow, const char *path,
                                                  const struct umm_npy *wanted,
                                                  const struct umm_grow_options *options,
                                                  enum umm_lock_wait lock_wait, struct umm_run *run,
                                                  struct umm_error *err);

/* Add one row, or many. Memory is taken at the open only. */
UMM_MUST_USE static inline enum umm_status umm_grow_push(struct umm_grow *grow, const void *rows,
                                                         size_t n, struct umm_error *err)
{
    return umm_rowfile_push_many(&grow->rows, (const char *)rows, n, err);
}

/*
 * Add rows of zero bytes until there are n_rows, for a caller that maps them; nothing if
 * there are as many. The room is reserved: a full device is an error now.
 */
UMM_MUST_USE enum umm_status umm_grow_reserve(struct umm_grow *grow, uint64_t n_rows,
                                              struct umm_error *err);

/*
 * Prepare and count, and see that the file still has its name. Nothing is written where there
 * is neither a new row nor a changed one. After a failure the array is the old one, unless the
 * device refuses that also: rows that change may then be missing.
 * UMM_ERR_CONFLICT: another program has written the header, or replaced the file; or the
 * header has no room for the count. More rows may follow, and another commit.
 */
UMM_MUST_USE enum umm_status
umm_grow_commit(struct umm_grow *grow, const struct umm_grow_change *change, struct umm_error *err);

/* The two parts of it, for a caller that has more to do between them. */
UMM_MUST_USE enum umm_status umm_grow_prepare(struct umm_grow *grow,
                                              const struct umm_grow_change *change,
                                              struct umm_error *err);
UMM_MUST_USE enum umm_status
umm_grow_count(struct umm_grow *grow, const struct umm_grow_change *change, struct umm_error *err);

/*
 * Let go. New rows that were not counted are cut off, unless the header is not what it was.
 * Safe after a failed open, and twice.
 */
void umm_grow_close(struct umm_grow *grow);

#endif
