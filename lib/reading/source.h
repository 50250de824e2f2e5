/* SPDX-License-Identifier: MIT */
/*
 * source.h - the bytes of one text input: a file or standard input, decompressed
 * when it is zstd, without a UTF-8 byte order mark, and refused with a hint when
 * it is something else that is not text (gzip, zip, UTF-16).
 */
#ifndef UMM_READING_SOURCE_H
#define UMM_READING_SOURCE_H

#include "sys/file.h"
#include "umm.h"

struct umm_zstd_reader;

struct umm_source {
    const char *path; /* for messages; "<stdin>" for standard input */
    int fd;
    bool is_borrowed; /* fd is the caller's to close */
    struct umm_file_info info;
    struct umm_zstd_reader *zstd; /* NULL for plain text */
    char *raw;                    /* compressed bytes, or the first plain ones */
    const char *raw_at;
    size_t raw_len;
    bool is_raw_end;
    bool is_begun;        /* zstd: some text was read */
    uint64_t n_raw_bytes; /* read from the file so far */
    uint64_t bom_bytes;   /* of a byte order mark that was skipped */
    /* Text that is read a second time: see umm_source_keep. */
    char *kept;
    size_t kept_len, kept_cap, kept_at;
    bool is_keeping;
};

/*
 * Zero-initialise a source before the first open; close it after any open. fd, if it is
 * above 0, is path opened already and stays open: a FIFO is not to be opened twice.
 */
UMM_MUST_USE enum umm_status umm_source_open(struct umm_source *source, const char *path, int fd,
                                             struct umm_run *run, struct umm_error *err);
void umm_source_close(struct umm_source *source);

/*
 * Read up to cap_bytes (at least 4) of text. *n_read is 0 at the end only. UMM_ERR_DATA for
 * damaged or truncated zstd.
 */
UMM_MUST_USE enum umm_status umm_source_read(struct umm_source *source, struct umm_run *run,
                                             char *out, size_t cap_bytes, size_t *n_read,
                                             struct umm_error *err);

/* Whether the source can be read from any byte: a regular file of plain text. */
bool umm_source_can_seek(const struct umm_source *source);

/* Go on reading at that byte of the text (after a byte order mark). */
UMM_MUST_USE enum umm_status umm_source_seek(struct umm_source *source, uint64_t byte,
                                             struct umm_error *err);

/*
 * Keep what is read from here on, with the len_bytes at text before it, until umm_source_replay
 * gives it out again before anything else. For streams: memory is what it costs.
 */
UMM_MUST_USE enum umm_status umm_source_keep(struct umm_source *source, const char *text,
                                             size_t len_bytes, struct umm_error *err);
void umm_source_replay(struct umm_source *source);

#endif
