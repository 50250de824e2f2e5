/* SPDX-License-Identifier: MIT */
/*
 * resultstore.h - the newest results of each symbol, as vectors of a store (umm/store.h):
 *
 *     id         the symbol, or a name that the caller gives
 *     vector     a value for each output of the features, rounded once to float32
 *     timestamp  the row's time
 *
 * Rows are noted as they come, and put when the caller says that the reader waits for more: of
 * the rows of one id that came meanwhile only the newest. An id never goes back in time: a row
 * that is older than what the store has under its id, as when rows are read again, is not put,
 * nor one that is there to the bit. One thread.
 */
#ifndef UMM_FEATUREJOB_RESULTSTORE_H
#define UMM_FEATUREJOB_RESULTSTORE_H

#include "rowjob/barreader.h"
#include "umm.h"
#include "umm/store.h"

/*
 * The place of results under one id. All zero is none; it must stay where it is until the store
 * is closed, except that it may go when it was freed.
 */
struct umm_resultplace {
    char *id;
    size_t id_bytes;
    float *vector; /* what waits to be put */
    int64_t time_ns;
    bool has_stored;
    int64_t stored_ns; /* the time of what the store has, unless other machines wrote to it since */
    bool is_damaged;   /* what the store has */
    bool is_waiting;
    struct umm_resultplace *next; /* of those that wait */
};

/* A store that results go to. All zero is none. */
struct umm_resultstore {
    struct umm_store *store;
    const char *path;
    const struct umm_features *features;
    size_t n_values;
    float *stored;                         /* room for a vector of the store */
    struct umm_resultplace *first, **last; /* those that wait, in the order of their rows */
    uint64_t n_put, n_passed_over, n_kept;
};

/* The place of an output that is called store:PLACE; NULL for any other. ./store:PLACE is a file.
 */
const char *umm_resultstore_place(const char *output);

/*
 * Open the store at that place for writing, by reach (umm/store.h) if it is on a server. In a
 * directory that keeps other writers away until the close: with is_now UMM_ERR_BUSY when there is
 * one, else it is waited for. UMM_ERR_CONFLICT: its vectors have another length than the features
 * have outputs. Failures as umm_store_open.
 */
UMM_MUST_USE enum umm_status umm_resultstore_open(struct umm_resultstore *results, const char *path,
                                                  const struct umm_store_reach *reach,
                                                  const struct umm_features *features, bool is_now,
                                                  struct umm_run *run, struct umm_error *err);

/*
 * Make *place the one of that id. UMM_ERR_ARGUMENT: the store takes no such id. Other failures:
 * what the store has cannot be read. Free it in any case.
 */
UMM_MUST_USE enum umm_status umm_resultplace_init(struct umm_resultplace *place,
                                                  struct umm_resultstore *results, const char *id,
                                                  size_t id_bytes, struct umm_error *err);
void umm_resultplace_free(struct umm_resultplace *place);

/*
 * Note the last of rows first..first+n of times, counts of time_type, and of columns, one for each
 * output. UMM_ERR_DATA: a number or a time is too large for the store; name is the input, for the
 * message.
 */
UMM_MUST_USE enum umm_status umm_resultstore_note(struct umm_resultstore *results,
                                                  struct umm_resultplace *place,
                                                  const struct umm_npy_type *time_type,
                                                  const int64_t *times, double *const *columns,
                                                  size_t first, size_t n, const char *name,
                                                  struct umm_error *err);

/* Put what waits: all readers see it. Failures as umm_store_put. */
UMM_MUST_USE enum umm_status umm_resultstore_flush(struct umm_resultstore *results,
                                                   struct umm_error *err);

/* The same, and all that was put is on the device. */
UMM_MUST_USE enum umm_status umm_resultstore_sync(struct umm_resultstore *results,
                                                  struct umm_error *err);

/* The same, and the end: no more rows come. Close it all the same. */
UMM_MUST_USE enum umm_status umm_resultstore_finish(struct umm_resultstore *results,
                                                    struct umm_error *err);

/* Let go of the store, of what waits as if it had not come. Safe on none. */
void umm_resultstore_close(struct umm_resultstore *results);

#endif
