/* SPDX-License-Identifier: MIT */
/*
 * target.h - where converted rows go: a fresh array, an array that is there already, a
 * caller, or nowhere.
 *
 *     fresh                      array/writer.h
 *     append, oldest first       rows compared with the array's, or written after them
 *     append, maybe newest first rows into a scratch file, then as above
 *     sink                       rows handed to the caller, also oldest first
 *     none                       rows are counted
 */
#ifndef UMM_CONVERT_TARGET_H
#define UMM_CONVERT_TARGET_H

#include "array/schema.h"
#include "array/writer.h"
#include "convert/append.h"
#include "umm.h"

/*
 * A caller that takes the rows itself. begin is called once, before the first row, with
 * a schema that lives until the end; take with at least one row of schema->row_bytes
 * each. Both from one thread at a time, rows in order; a failure ends the conversion. After
 * begin, last says the last time of the rows that those to come follow, if there is one;
 * NULL: none.
 */
struct umm_sink {
    enum umm_status (*begin)(void *user, const struct umm_schema *schema, struct umm_error *err);
    enum umm_status (*take)(void *user, const char *rows, size_t n, struct umm_error *err);
    bool (*last)(void *user, struct umm_time *time);
    void *user;
};

struct umm_target_options {
    const char *path;            /* as array/output.h says; NULL writes nothing */
    const struct umm_sink *sink; /* in place of path, which is NULL then; NULL: none */
    const char *pool_root;       /* where pools are; NULL: UMM_POOL_ROOT */
    const char *scratch_dir;     /* for streams and pools; NULL: /tmp. Files: beside them */
    uint32_t align_bytes;        /* 0: UMM_NPY_ALIGN */
    bool is_append;              /* to an array that exists; the caller holds its lock */
    bool is_each_compared;       /* inputs with the rows before them: umm_target_begin_input */
    bool may_reverse;            /* rows may have to be reversed before they go on */
    bool is_swept;               /* umm_outfile_sweep was done to the output's directory */
    enum umm_revision revision;
    bool is_one_of_many; /* a file's caller syncs after the finish, and after the commit */
    bool has_rows;       /* n_rows rows will come */
    uint64_t n_rows;
    struct umm_outfile_options file;
};

struct umm_target {
    struct umm_target_options options;
    const struct umm_schema *schema;
    struct umm_run *run;
    enum { UMM_TARGET_NONE, UMM_TARGET_ROWS, UMM_TARGET_APPEND, UMM_TARGET_SINK } kind;
    struct umm_writer writer;
    struct umm_append append;
    struct umm_earlier earlier; /* of a fresh array, from the second input on */
    bool has_earlier;
    struct umm_rowfile scratch; /* rows that may have to be reversed before they go on */
    bool is_waiting;            /* they go there */
    struct umm_npy npy;         /* what the rows are */
    uint64_t header_bytes;      /* of the fresh array */
    uint64_t n_rows;
    uint64_t n_appended;
    bool is_changed;
};

/* Begin. Close it after any open. */
UMM_MUST_USE enum umm_status umm_target_open(struct umm_target *target,
                                             const struct umm_target_options *options,
                                             const struct umm_schema *schema, struct umm_run *run,
                                             struct umm_error *err);

/*
 * With is_each_compared, an input begins, whose path must live until the close: its rows are
 * compared with those that are there, of the array and of the inputs before it, as an append
 * compares them with the array's. may_reverse takes the place of that of the options. Nothing
 * without, nor for a sink or where nothing is written.
 */
UMM_MUST_USE enum umm_status umm_target_begin_input(struct umm_target *target, const char *path,
                                                    bool may_reverse, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_target_end_input(struct umm_target *target, bool is_reversed,
                                                  struct umm_error *err);

/* Whether a row of that time would be compared, and can be refused. */
bool umm_target_compares(const struct umm_target *target, int64_t time);

/* Whether it lets a row wait: one before the row that is pushed may be refused, with its path. */
bool umm_target_holds(const struct umm_target *target);

/* How many rows were compared: the same, and other ones that were let be. */
void umm_target_count_compared(const struct umm_target *target, uint64_t *n_same,
                               uint64_t *n_revised);

/* Take a row. Failures of a comparison are UMM_ERR_CONFLICT without a place. */
UMM_MUST_USE enum umm_status umm_target_push(struct umm_target *target, const char *row,
                                             int64_t time, struct umm_error *err);

/*
 * Take n rows at once. *n_taken is how many went in; it is n unless the next one
 * failed. times may be NULL where the schema has none.
 */
UMM_MUST_USE enum umm_status umm_target_push_many(struct umm_target *target, const char *rows,
                                                  const int64_t *times, size_t n, size_t *n_taken,
                                                  struct umm_error *err);

/* About n rows will come in all: room can be made for them. */
void umm_target_expect(struct umm_target *target, uint64_t n);

/* Whether it is a fresh file: its rows can be read back when all are there, for another one. */
bool umm_target_can_sort(const struct umm_target *target);

/*
 * Whether rows may be written later and by any thread: then take n of them as set aside;
 * of them and of others before *piece is for umm_target_write_piece before
 * umm_target_finish. See umm_rowfile_reserve.
 */
bool umm_target_can_defer(const struct umm_target *target);
UMM_MUST_USE enum umm_status umm_target_reserve(struct umm_target *target, char *rows, size_t n,
                                                struct umm_rowfile_piece *piece,
                                                struct umm_error *err);
UMM_MUST_USE enum umm_status umm_target_write_piece(const struct umm_target *target,
                                                    const struct umm_rowfile_piece *piece,
                                                    struct umm_error *err);

/*
 * All rows are there (newest first when is_reversed): write what is left of the
 * array, without making it visible. n_rows is then what it will hold.
 */
UMM_MUST_USE enum umm_status umm_target_finish(struct umm_target *target, bool is_reversed,
                                               struct umm_error *err);

/* Put the array in place; is_changed is then whether anything is different. */
UMM_MUST_USE enum umm_status umm_target_commit(struct umm_target *target, struct umm_error *err);

/* Let go. What was not committed leaves no trace. Safe on a zeroed struct. */
void umm_target_close(struct umm_target *target);

#endif
