/* SPDX-License-Identifier: MIT */
/*
 * output.h - where an array goes, by what the user calls it:
 *
 *     pool:NAME/KEY   an entry of a pool (pool/pool.h)
 *     -               standard output
 *     anything else   a file (sys/outfile.h); ./pool:NAME/KEY is also one
 *
 * Open, write through umm_outfile_fd(&output.file), commit or abort. An entry of a pool
 * is written in the pool's memory. Whether it fits the budget is asked at the beginning
 * if its size is known then; if not, the memory grows with it, and commit asks.
 */
#ifndef UMM_ARRAY_OUTPUT_H
#define UMM_ARRAY_OUTPUT_H

#include "array/rowfile.h"
#include "pool/pool.h"
#include "sys/outfile.h"
#include "umm.h"

/* An output being written; all zero is "none". */
struct umm_output {
    struct umm_outfile file;
    struct umm_pool *pool; /* NULL unless it is an entry */
    const char *key;       /* in the caller's path */
};

/* Whether path names an entry of a pool. */
bool umm_output_is_entry(const char *path);

/*
 * Begin the output path, which must live until commit or abort. Pools are in the
 * directory pool_root, NULL for UMM_POOL_ROOT. size_bytes is what will be written to a
 * pool, 0 when it is not known yet; the entry then has that size from the beginning, and
 * umm_file_truncate may still change it. Other outputs ignore it. is_swept: the caller has done
 * umm_outfile_sweep to the directory. Failures as umm_outfile_open, or umm_pool_open and
 * umm_pool_begin; UMM_ERR_ARGUMENT when NAME or KEY is missing; UMM_ERR_CONFLICT for a
 * file that is an archive or the journal of one, or belongs to a pool or store
 * (format/reserved.h).
 */
UMM_MUST_USE enum umm_status umm_output_open(struct umm_output *output, const char *path,
                                             const char *pool_root, uint64_t size_bytes,
                                             bool is_swept, struct umm_run *run,
                                             struct umm_error *err);

/*
 * A scratch file for rows that wait for their order, or until it is known how many they are:
 * beside an output that is a file, as rows and output then need the same device; in scratch_dir
 * (NULL: /tmp) for streams, entries of pools and path NULL.
 */
UMM_MUST_USE enum umm_status umm_output_scratch(struct umm_rowfile *rows, const char *path,
                                                bool is_stream, const char *scratch_dir,
                                                size_t row_bytes, struct umm_run *run,
                                                struct umm_error *err);

/*
 * Only the file, for callers that have no pools: begun as by umm_outfile_open, and not in the place
 * of an archive or the journal of one, nor of what a pool or store has (UMM_ERR_CONFLICT). _text is
 * for reports, which take the place of no file that is no text; _swept as umm_outfile_open_swept.
 * *out is "none" after a failure.
 */
UMM_MUST_USE enum umm_status umm_output_open_file(struct umm_outfile *out, const char *path,
                                                  const struct umm_run *run, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_output_open_swept(struct umm_outfile *out, const char *path,
                                                   bool is_swept, const struct umm_run *run,
                                                   struct umm_error *err);
UMM_MUST_USE enum umm_status umm_output_open_text(struct umm_outfile *out, const char *path,
                                                  const struct umm_run *run, struct umm_error *err);

/*
 * Write a report: open it as umm_output_open_text does, write and commit it without a sync. A
 * stream's reader is waited for until run is cancelled.
 */
UMM_MUST_USE enum umm_status umm_output_write_text(const char *path, const char *text,
                                                   size_t len_bytes, struct umm_run *run,
                                                   struct umm_error *err);

/* As umm_outfile_commit, or umm_pool_commit. *output is "none" afterwards. */
UMM_MUST_USE enum umm_status umm_output_commit(struct umm_output *output,
                                               const struct umm_outfile_options *options,
                                               struct umm_run *run, bool *is_changed,
                                               struct umm_error *err);

/* Give it up. Safe on "none". */
void umm_output_abort(struct umm_output *output);

#endif
