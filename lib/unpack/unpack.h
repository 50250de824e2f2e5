/* SPDX-License-Identifier: MIT */
/*
 * unpack.h - the text of compressed files and of archives, one text after the other.
 *
 *     x.csv.gz .bz2 .xz .zst        one text
 *     x.zip, x.tar, x.tar.gz ...    a text for each member that is one, in order by name
 *     members that are compressed   one text each
 *
 * What a file is, its first bytes say, never its name. A member that is no text, such as an image,
 * is passed over, if its checksum is right. An archive within an archive, a link, a device, an
 * encrypted member, and a name that leads out of the archive are errors.
 *
 * The end of a text is given out only when its checksum was right: of tar.gz and the like, that of
 * the whole file. A tar archive that is not compressed has no checksum of what its members hold.
 */
#ifndef UMM_UNPACK_UNPACK_H
#define UMM_UNPACK_UNPACK_H

#include "umm.h"
#include "unpack/packing.h"

/*
 * Zero is the default of each. The limits hold for what comes out of one file in one pass, its
 * members together, whether they are text or not. Up to 64 MiB the ratio is not looked at.
 */
#define UMM_UNPACK_BYTES (UINT64_C(1) << 40)
enum { UMM_UNPACK_RATIO = 200 };
struct umm_unpack_options {
    uint64_t max_bytes;  /* unpacked; 0: UMM_UNPACK_BYTES */
    uint64_t max_ratio;  /* of that to the packed file; 0: UMM_UNPACK_RATIO */
    const char *members; /* of archives those with such a name, as fnmatch(3) has it; NULL: all */
    const char *scratch_dir; /* for what is spooled; NULL: /tmp */
    bool is_checked_first;   /* read all of it once before any text is given out */
};

/*
 * A file that was opened: its first len bytes are at buffer, which has room for
 * UMM_UNPACK_BUFFER_BYTES.
 */
enum { UMM_UNPACK_BUFFER_BYTES = 128 * 1024 };
struct umm_unpack_file {
    const char *path; /* for messages; it must live as long as this is open */
    int fd;           /* of a regular file any byte can be read */
    bool is_owned;    /* the file is closed at the end, or after a failure; else it stays open */
    bool is_stream;
    uint64_t size_bytes; /* 0 of a stream */
    char *buffer;        /* malloc'ed; taken over, and freed, in any case */
    size_t len;
};

struct umm_unpack;

/*
 * Open what is in the file, whose first bytes are those of a packing. UMM_ERR_DATA for what is
 * damaged or not taken, UMM_ERR_UNSUPPORTED where the build did without the library for it. A
 * stream that has to be read twice (an archive, and all if is_checked_first) is spooled.
 */
UMM_MUST_USE enum umm_status umm_unpack_open(struct umm_unpack **unpack,
                                             const struct umm_unpack_file *file,
                                             const struct umm_unpack_options *options,
                                             struct umm_run *run, struct umm_error *err);
void umm_unpack_close(struct umm_unpack *unpack);

bool umm_unpack_is_archive(const struct umm_unpack *unpack);

/*
 * Go to the next text, the first one at first. *has_text is false after the last one; before any,
 * that is UMM_ERR_DATA. Reading the text before need not have ended.
 */
UMM_MUST_USE enum umm_status umm_unpack_next(struct umm_unpack *unpack, bool *has_text,
                                             struct umm_error *err);

/*
 * Go to the member of that name, which umm_unpack_next goes on after. Each costs what it holds, in
 * any order. UMM_ERR_ABSENT, and UMM_ERR_DATA for one that is no text.
 */
UMM_MUST_USE enum umm_status umm_unpack_seek(struct umm_unpack *unpack, const char *member,
                                             struct umm_error *err);

/* Up to cap_bytes (at least 1) of the text. *n_read is 0 at its end only. */
UMM_MUST_USE enum umm_status umm_unpack_read(struct umm_unpack *unpack, char *out, size_t cap_bytes,
                                             size_t *n_read, struct umm_error *err);

/* What messages call the text: the file's path, or "bars.zip(BTCUSDT-1m.csv)". Until the next one.
 */
const char *umm_unpack_name(const struct umm_unpack *unpack);

/* The member's own name; NULL where there are none. */
const char *umm_unpack_member(const struct umm_unpack *unpack);

/* How many members there are that may be text; 1 if it is no archive. */
uint64_t umm_unpack_n_members(const struct umm_unpack *unpack);

/* How long the text is, or about that; 0 where nothing tells. */
uint64_t umm_unpack_size(const struct umm_unpack *unpack);

/* Of the packed file, how far reading is; and how many members were no text so far. */
uint64_t umm_unpack_position(const struct umm_unpack *unpack);
uint64_t umm_unpack_passed_over(const struct umm_unpack *unpack);

#endif
