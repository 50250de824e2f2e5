/* SPDX-License-Identifier: MIT */
/*
 * checkpoint.h - the state file of a job with a result for each row: all that is needed to go on
 * with rows that are new, and to notice when they do not follow those that were taken.
 *
 * Little-endian on every machine; raw rows and numbers keep the bits they had:
 *
 *      0  "UMMSTATE"
 *      8  u16 major version, u16 minor version
 *     12  u32 0x01020304: another order of bytes would show here
 *     16  u64 bytes of the file
 *     24  u32 numeric contract, u32 rows of the output that its tail hash covers
 *     32  tool version, 16 bytes, filled up with zeros; information only
 *     48  u64 hash of the plan's text (XXH64)
 *     56  u64 rows taken, u64 bytes of them, i64 first time, i64 last time
 *     88  u64 x 4 hash of all rows (rowhash.h), u64 x 4 without the last one
 *    152  u64 rows of the output, u64 hash of the last of them but one
 *    168  u32 length of each part that follows:
 *         plan's text | input's text | first row | ring of last rows | last row of output
 *         | state now | state before the last row
 *    196  the parts
 *    ...  u64 XXH64 of all before
 *
 * A file of a newer minor version is refused, an older one is read; the numeric contract, which
 * the job knows (that of features is in plan.h), changes when a result's bits do, and decides, as
 * the tool's version does not.
 */
#ifndef UMM_ROWJOB_CHECKPOINT_H
#define UMM_ROWJOB_CHECKPOINT_H

#include "rowjob/rowhash.h"
#include "sys/outfile.h"
#include "umm.h"

enum {
    UMM_CHECKPOINT_RING_ROWS = 32, /* at most */
    UMM_CHECKPOINT_TAIL_ROWS = 32  /* at most; without the output's last row */
};

/* Bytes of a part, owned by the checkpoint. */
struct umm_checkpoint_part {
    char *bytes;
    size_t len_bytes;
};

enum umm_checkpoint_part_name {
    UMM_CHECKPOINT_PLAN,  /* all that decides the output besides rows, as text */
    UMM_CHECKPOINT_INPUT, /* the type of the input's rows, as text */
    UMM_CHECKPOINT_FIRST, /* row 0 */
    UMM_CHECKPOINT_RING,  /* the last rows, oldest first */
    UMM_CHECKPOINT_LAST_OUT,
    UMM_CHECKPOINT_STATE,
    UMM_CHECKPOINT_BEFORE,
    UMM_CHECKPOINT_PARTS
};

/* A checkpoint. All zero is none. Texts have a zero byte after them that is not counted. */
struct umm_checkpoint {
    struct umm_checkpoint_part parts[UMM_CHECKPOINT_PARTS];
    uint32_t numerics; /* of the plan */
    uint64_t n_rows, n_bytes;
    int64_t first_time, last_time; /* in the unit of the input's time column */
    struct umm_rowhash history, history_before;
    uint64_t n_out_rows, out_tail_hash;
    uint32_t n_out_tail;
};

/* Copy len_bytes bytes into a part, in place of what it had. */
UMM_MUST_USE enum umm_status umm_checkpoint_set(struct umm_checkpoint *checkpoint,
                                                enum umm_checkpoint_part_name name,
                                                const void *bytes, size_t len_bytes,
                                                struct umm_error *err);

void umm_checkpoint_free(struct umm_checkpoint *checkpoint);

/*
 * As the bytes of a file, and back; *bytes is malloc'ed. What is read owns its parts; on
 * failure it is none. UMM_ERR_DATA: no state file, cut short, or damaged;
 * UMM_ERR_UNSUPPORTED: of a newer version, or of another order of bytes. Whether its numeric
 * contract is the job's, and the parts fit each other, is the reader's to check.
 */
UMM_MUST_USE enum umm_status umm_checkpoint_encode(const struct umm_checkpoint *checkpoint,
                                                   char **bytes, size_t *len_bytes,
                                                   struct umm_error *err);
UMM_MUST_USE enum umm_status umm_checkpoint_decode(const char *bytes, size_t len_bytes,
                                                   struct umm_checkpoint *out,
                                                   struct umm_error *err);

/*
 * Whether a state may take the place of what path leads to: of nothing, or what begins as one.
 * UMM_ERR_CONFLICT for anything else, and an error for what cannot be read.
 */
UMM_MUST_USE enum umm_status umm_checkpoint_check_replaced(const char *path, struct umm_error *err);

/*
 * Read the file path. *is_there is false, and no failure, when there is none. Write it,
 * complete or not at all, and on the device before this returns.
 */
UMM_MUST_USE enum umm_status umm_checkpoint_load(const char *path, struct umm_checkpoint *out,
                                                 bool *is_there, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_checkpoint_save(const struct umm_checkpoint *checkpoint,
                                                 const char *path, struct umm_error *err);

/*
 * Write it to a new file whose place that path is: all but the commit, without a sync, for a caller
 *  that syncs the file system before it commits the file and after. is_swept as
 * umm_outfile_open_swept has it.
 */
UMM_MUST_USE enum umm_status umm_checkpoint_write(const struct umm_checkpoint *checkpoint,
                                                  const char *path, bool is_swept,
                                                  struct umm_outfile *file, struct umm_error *err);

#endif
