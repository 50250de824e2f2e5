/* SPDX-License-Identifier: MIT */
/*
 * rowsort.h - rows of one size put in order: by group, such as the symbol that a row is of, and
 * if wanted by time within it. Rows that are equal in both stay in the order in which they came.
 * Memory does not depend on how many there are:
 *
 *     push    rows collect in memory
 *     spill   what is there is sorted, and written to a scratch file as a run
 *     end     the rest is sorted; a group's rows are merged from all runs when they are read
 *
 *     memory  | rows as they came |  bank 0, and bank 1 while bank 0 is sorted by another thread
 *     file    | run 0: group 0, 1, 2 ... | run 1: group 0, 2 ... | ...
 *
 * Rows that come in order by themselves are not sorted. The result depends neither on the memory
 * nor on threads.
 */
#ifndef UMM_ORDER_ROWSORT_H
#define UMM_ORDER_ROWSORT_H

#include "array/rowfile.h"
#include "array/schema.h"
#include "thread/mutex.h"
#include "umm.h"

/*
 * memory_bytes  for rows and what sorting them takes
 * schema        of the rows; its time_index is a field if is_by_time
 * has_groups    rows are given with their groups; else all are of group 0
 * is_shared     banks may be spilled by other threads than the one that pushes
 * beside        an output: the scratch file is in its directory; NULL, or is_stream: in
 * scratch_dir, NULL for /tmp
 */
struct umm_rowsort_options {
    uint64_t memory_bytes;
    const struct umm_schema *schema;
    bool is_by_time, has_groups, is_shared, is_stream;
    const char *beside;
    const char *scratch_dir;
};

/* The rows of one group in a run: from row `first` of its file to the next part's. */
struct umm_rowsort_part {
    uint32_t group;
    uint64_t first;
};

/* parts has one more than n_parts: where the last one ends. */
struct umm_rowsort_run {
    const struct umm_rowfile *file;
    struct umm_rowsort_part *parts;
    size_t n_parts;
};

struct umm_rowsort_key {
    uint64_t time; /* after the least */
    uint64_t row;
};

/* Rows in memory as they came; after a sort that was needed `order` says in which order. */
struct umm_rowsort_bank {
    char *rows;
    int64_t *times;
    uint32_t *groups;
    size_t n, cap;
    bool is_sorted; /* as they came */
    uint32_t last_group;
    int64_t last_time;
    uint32_t *order;              /* cap entries */
    struct umm_rowsort_key *keys; /* 2 * cap entries, to sort by time */
    struct umm_rowsort_run *run;  /* what it becomes when it is spilled */
    uint64_t first;               /* and where: its first row in the file */
    struct umm_mutex busy;        /* held from when it is full until it is spilled */
};

/* All zero is none. One thread at a time has it, except where said. */
struct umm_rowsort {
    struct umm_rowsort_options options;
    struct umm_run *context;
    size_t row_bytes;
    size_t cap_rows; /* of a bank, at most */
    struct umm_rowsort_bank banks[2];
    unsigned at; /* the bank that is filled */
    struct umm_rowfile file;
    bool has_file;
    uint64_t n_rows, n_filed;      /* pushed; of those, in runs of the file */
    struct umm_rowsort_run **runs; /* in the order of the rows */
    size_t n_runs, cap_runs;
};

/* Close it after the init. */
void umm_rowsort_init(struct umm_rowsort *sort, const struct umm_rowsort_options *options,
                      struct umm_run *run);
void umm_rowsort_close(struct umm_rowsort *sort);

/*
 * The first rows are n_rows in *file already, in order of time, all of group 0. Before the first
 * push; they are read after the end, and the file is the caller's.
 */
UMM_MUST_USE enum umm_status umm_rowsort_adopt(struct umm_rowsort *sort,
                                               const struct umm_rowfile *file, uint64_t n_rows,
                                               struct umm_error *err);

/*
 * Add n rows with their times (NULL where there is no order of times) and groups (NULL without).
 * A bank that gets full is spilled at once if later is NULL; else it is put there for
 * umm_rowsort_spill, which the same thread must call before it ends what it does, whatever fails.
 * UMM_ERR_MEMORY; failures of the scratch file.
 */
UMM_MUST_USE enum umm_status umm_rowsort_push(struct umm_rowsort *sort, const char *rows,
                                              const int64_t *times, const uint32_t *groups,
                                              size_t n, struct umm_rowsort_bank **later,
                                              struct umm_error *err);

/* Sort and write a bank, while other threads push. */
UMM_MUST_USE enum umm_status umm_rowsort_spill(const struct umm_rowsort *sort,
                                               struct umm_rowsort_bank *bank,
                                               struct umm_error *err);

/* Do without that, after a failure. Safe on NULL. */
void umm_rowsort_drop(struct umm_rowsort_bank *bank);

/* No more rows: sort the rest; and merge runs, if they are too many to be read side by side. */
UMM_MUST_USE enum umm_status umm_rowsort_end(struct umm_rowsort *sort, struct umm_error *err);

/* Where a group's rows in one run are. */
struct umm_rowsort_source {
    const struct umm_rowfile *file;
    uint64_t next, end; /* rows of the file that are not in the buffer yet */
    char *buffer;
    size_t at, n;
};

/* The least time of a source that is left. */
struct umm_rowsort_head {
    int64_t time;
    uint32_t source;
};

/* The rows of one group, in order. Several may read at once. */
struct umm_rowsort_cursor {
    const struct umm_rowsort *sort;
    struct umm_rowsort_source *sources;
    size_t n_sources, at_source, cap_source_rows;
    struct umm_rowsort_head *heads; /* a heap */
    size_t n_heads;
    size_t at, end; /* of the order of the bank, where all rows are in memory */
    char *buffers, *out;
    size_t cap_rows;
};

/* After the end. memory_bytes is what the cursor takes, or a little more where runs are many. */
UMM_MUST_USE enum umm_status umm_rowsort_cursor_open(struct umm_rowsort_cursor *cursor,
                                                     const struct umm_rowsort *sort, uint32_t group,
                                                     uint64_t memory_bytes, struct umm_error *err);
void umm_rowsort_cursor_close(struct umm_rowsort_cursor *cursor);

/* The next rows; *n is 0 after the last one. They are valid until the next call. */
UMM_MUST_USE enum umm_status umm_rowsort_cursor_next(struct umm_rowsort_cursor *cursor,
                                                     const char **rows, size_t *n,
                                                     struct umm_error *err);

#endif
