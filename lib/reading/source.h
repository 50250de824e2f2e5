/* SPDX-License-Identifier: MIT */
/*
 * source.h - the bytes of one text input: a file or standard input, unpacked if it is compressed or
 * the member of an archive, without a UTF-8 byte order mark, and refused with a hint when it is
 * something else that is not text (UTF-16, a workbook).
 */
#ifndef UMM_READING_SOURCE_H
#define UMM_READING_SOURCE_H

#include "reading/footer.h"
#include "sys/file.h"
#include "umm.h"
#include "unpack/unpack.h"

/*
 * fd       above 0: the file, opened already, which stays open: a FIFO is not to be opened twice
 * archive  where an archive is kept open from one of its texts to the next. NULL at *archive: the
 *          file is opened, and if it is an archive, it is there from then on, the caller's to
 *          close after the source. Otherwise the text is read that it stands at, and the path is
 *          not looked at. With archive NULL an archive of more than one member is refused
 * member   of an archive that is opened, the text to read, by its name; NULL: the first
 */
struct umm_source_options {
    int fd;
    struct umm_unpack_options unpack;
    struct umm_unpack **archive;
    const char *member;
};

struct umm_source {
    const char *path; /* for messages; "<stdin>" for standard input, "FILE(MEMBER)" */
    int fd;
    bool is_borrowed; /* fd is the caller's to close */
    struct umm_file_info info;
    uint64_t size_bytes;       /* of the text, or about that; 0: nothing tells */
    struct umm_unpack *unpack; /* NULL for plain text */
    bool is_unpack_borrowed;   /* it is an archive, kept by the caller */
    uint64_t unpack_begin;     /* where in the packed file it was at the open */
    char *raw;                 /* the first bytes of plain text */
    const char *raw_at;
    size_t raw_len;
    bool is_raw_end;
    bool is_begun;        /* packed: some text was read */
    uint64_t n_raw_bytes; /* read from the file so far */
    uint64_t bom_bytes;   /* of a byte order mark that was skipped */
    /* Text that is read a second time: see umm_source_keep. */
    char *kept;
    size_t kept_len, kept_cap, kept_at;
    bool is_keeping;
    struct umm_footer footer; /* its n_lines: set it before the first read */
};

/*
 * Zero-initialise a source before the first open; close it after any open. options may be NULL.
 * Failures as umm_unpack_open and umm_unpack_seek have them, and those of files.
 */
UMM_MUST_USE enum umm_status umm_source_open(struct umm_source *source, const char *path,
                                             const struct umm_source_options *options,
                                             struct umm_run *run, struct umm_error *err);
void umm_source_close(struct umm_source *source);

/* The texts of an archive, by the names of their members, in order; n is 0 if it is none. */
struct umm_source_list {
    bool is_archive;
    char **members;
    size_t n;
};

/*
 * List the texts in the file path, without what is no text. It is opened and closed. *list is
 * the caller's to free after any call. Failures as umm_source_open and umm_unpack_next have them.
 */
UMM_MUST_USE enum umm_status umm_source_list(const char *path,
                                             const struct umm_source_options *options,
                                             struct umm_run *run, struct umm_source_list *list,
                                             struct umm_error *err);
void umm_source_list_free(struct umm_source_list *list);

/*
 * Read up to cap_bytes (at least 4) of text. *n_read is 0 at the end only: of packed text, if its
 * checksum was right. UMM_ERR_DATA for what is damaged, or cut.
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
