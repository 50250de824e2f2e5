/* SPDX-License-Identifier: MIT */
/*
 * archive_journal.h - rows of an archive that are in no frame yet, or whose frame is
 * about to change: ARCHIVE.journal beside it.
 *
 *     "UMMJRNL\0" | u16 version 1 | u16 0 | u32 row bytes | u64 first row | u64 anchor | u64 hash
 *     u64 first row | u32 rows | u32 0 | rows ... | u64 hash          a record, again and again
 *
 * Little-endian; a hash is XXH64 of the bytes of its head or record before it. Records
 * follow each other without gaps in their rows. What follows the last sound one is what
 * a killed append left: never reported stored, and cut off by the next. It is no record:
 * each is on the disk before the next is begun. So when sound records follow after what
 * is none, the journal is damaged, and rows that were stored are lost.
 */
#ifndef UMM_ARCHIVE_ARCHIVE_JOURNAL_H
#define UMM_ARCHIVE_ARCHIVE_JOURNAL_H

#include "sys/file.h"
#include "umm.h"

enum { UMM_JOURNAL_HEAD_BYTES = 40, UMM_JOURNAL_RECORD_EXTRA = 24 };

/*
 * A journal as read: n_rows rows, the first of which is number first_row of the archive.
 * When is_damaged, there is a hole after them, at sound_bytes, and the records after that
 * go up to row end_row, which is 0 when that is not known.
 */
struct umm_journal {
    bool is_there, is_damaged;
    bool is_foreign; /* sys/trust.h: it was not read */
    uint64_t first_row;
    uint64_t n_rows;
    uint64_t anchor;
    uint64_t sound_bytes; /* of the file: where the next record goes */
    uint64_t end_row;
    char *rows;
};

/*
 * The name of the journal of the archive at path, beside the file itself where that is a link;
 * malloc'ed. NULL: no memory.
 */
char *umm_journal_path(const char *archive_path);

/* How long the name of its archive is, if path has the name of a journal; 0 if it has not. */
size_t umm_journal_archive_len(const char *path);

/* Whether a file that begins with these bytes is a journal. */
bool umm_journal_is(const char *begin, size_t len_bytes);

/*
 * Read the journal at path, of that archive; one that does not exist has is_there false. Free it
 * with umm_journal_free. UMM_ERR_DATA: not a journal; UMM_ERR_CONFLICT: of rows of another size, or
 * is_foreign.
 */
UMM_MUST_USE enum umm_status umm_journal_read(const char *path, const struct umm_file_info *archive,
                                              size_t row_bytes, struct umm_journal *journal,
                                              struct umm_error *err);
void umm_journal_free(struct umm_journal *journal);

/*
 * Replace the journal by one of n rows (n may be 0), durably. It gets the rights of
 * the open archive, whose rows are the same; with -1 those of any new file.
 */
UMM_MUST_USE enum umm_status umm_journal_create(const char *path, int archive_fd,
                                                uint64_t first_row, uint64_t anchor,
                                                const char *rows, size_t n, size_t row_bytes,
                                                uint64_t *sound_bytes, struct umm_error *err);

/*
 * Add n rows after the sound part of the journal open at fd, and sync. *sound_bytes
 * advances when they are durable.
 */
UMM_MUST_USE enum umm_status umm_journal_append(int fd, const char *path, uint64_t first_row,
                                                const char *rows, size_t n, size_t row_bytes,
                                                uint64_t *sound_bytes, struct umm_error *err);

#endif
