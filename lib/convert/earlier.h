/* SPDX-License-Identifier: MIT */
/*
 * earlier.h - several inputs into one row file, each appended to what is there before it:
 *
 *     rows     | of the array | of input 1 | of input 2 |
 *     input 3            t1      t2     t3      t4        t5  t6
 *                        looked for among those            added
 *
 * A row that is not newer than all that were there before its input must be one of them, or is a
 * revision (array/overlap.h). Messages name the input that an earlier row is of.
 *
 * Where the last row may be replaced, that of an input waits for the next one, which may have it
 * again: what an array is compared with is what remains. So the same inputs give the same array
 * when they come again.
 *
 * One thread at a time has an object.
 */
#ifndef UMM_CONVERT_EARLIER_H
#define UMM_CONVERT_EARLIER_H

#include "array/overlap.h"
#include "array/rowfile.h"
#include "array/schema.h"
#include "umm.h"

/* Private, except the lines with a comment. All zero is none. */
struct umm_earlier {
    struct umm_rowfile *rows;
    const struct umm_schema *schema;
    struct umm_overlap overlap; /* its counts */
    uint64_t n_array;           /* rows of the array, before the first input */
    uint64_t n;                 /* rows that are there before this input */
    int64_t last;               /* time of the last of them, if n is not 0 */
    enum umm_revision revision;
    char *changed; /* what takes the place of the array's last row */
    bool has_changed;
    char *waiting; /* the last row so far, where it may be replaced */
    bool has_waiting;
    int64_t waiting_time;
    size_t waiting_input; /* which of the inputs it is of, from 1 */
    struct umm_earlier_input {
        uint64_t first;
        const char *path;
    } * inputs;
    size_t n_inputs;
};

/*
 * Begin with the rows of an array, none for a fresh one, that are in *rows, of the type *npy and
 * of schema; all of which must live until the close, and *earlier must stay where it is. Close it
 * after any open. UMM_ERR_MEMORY, and failures of reading the last row.
 */
UMM_MUST_USE enum umm_status umm_earlier_open(struct umm_earlier *earlier, struct umm_rowfile *rows,
                                              const struct umm_npy *npy,
                                              const struct umm_schema *schema,
                                              enum umm_revision revision, struct umm_error *err);
void umm_earlier_close(struct umm_earlier *earlier);

/*
 * The next input begins, whose path is for messages and must live until the close: all rows so far
 * are there before it. No piece that was reserved may still be unwritten.
 */
UMM_MUST_USE enum umm_status umm_earlier_begin_input(struct umm_earlier *earlier, const char *path,
                                                     struct umm_error *err);

/* Whether a row of that time is looked for, or is newer than all. */
static inline bool umm_earlier_has(const struct umm_earlier *earlier, int64_t time)
{
    return earlier->n && time <= earlier->last;
}

/*
 * Take one row; times must not decrease within an input. Failures as umm_overlap_compare, with the
 * path of its input if it is another row that fails.
 */
UMM_MUST_USE enum umm_status umm_earlier_push(struct umm_earlier *earlier, const char *row,
                                              int64_t time, struct umm_error *err);

/* Whether rows wait, so that they must be pushed one by one. */
static inline bool umm_earlier_holds(const struct umm_earlier *earlier)
{
    return earlier->revision == UMM_REVISION_REPLACE_LAST && earlier->n_inputs;
}

/* The last input has ended: the row that waits goes on. Failures as umm_earlier_push. */
UMM_MUST_USE enum umm_status umm_earlier_finish(struct umm_earlier *earlier, struct umm_error *err);

#endif
