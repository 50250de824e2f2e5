/* SPDX-License-Identifier: MIT */
/*
 * copy.h - bytes of one open file into another, by the way that measured fastest.
 *
 *     to a regular file   pread and write in pieces that stay in the CPU's cache;
 *                         copy_file_range and sendfile take twice the time where
 *                         the file system cannot share blocks
 *     to a pipe           splice: the pages of the page cache, uncopied, through a
 *                         pipe of 1 MiB, so that both ends run; five times as fast
 *     to other streams    pread and write
 *
 * A page that is still in a pipe shows what is written to its file meanwhile.
 */
#ifndef UMM_SYS_COPY_H
#define UMM_SYS_COPY_H

#include "umm.h"

/*
 * Where from and where to. Paths are for messages. The buffer, cap_bytes long, is the
 * caller's. is_stream: out is no regular file. out_bytes: what out holds already, so that
 * pieces can end at multiples of cap_bytes: whole pages are written a quarter faster.
 * is_pipe_known and is_pipe start as zero.
 */
struct umm_copy {
    int in_fd, out_fd;
    const char *in_path, *out_path;
    bool is_stream;
    void *buffer;
    size_t cap_bytes;
    struct umm_run *run;
    uint64_t out_bytes;
    bool is_pipe_known, is_pipe;
};

/*
 * Write len_bytes of in, from offset on, at out's own offset. UMM_ERR_DATA when in ends
 * early; UMM_ERR_SYSTEM; UMM_ERR_CANCELLED. SIGPIPE is the caller's, as in file.h.
 */
UMM_MUST_USE enum umm_status umm_copy_range(struct umm_copy *copy, uint64_t offset,
                                            uint64_t len_bytes, struct umm_error *err);

#endif
