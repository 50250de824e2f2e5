/* SPDX-License-Identifier: MIT */
#include "unpack/container.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/library.h"

#ifdef UMM_ARCHIVE
#include <archive.h>
#include <archive_entry.h>

/* The functions that are used. */
#define FUNCTIONS(X)                                                                               \
    X(archive_read_new)                                                                            \
    X(archive_read_free)                                                                           \
    X(archive_read_support_format_zip_seekable)                                                    \
    X(archive_read_support_format_tar)                                                             \
    X(archive_read_set_read_callback)                                                              \
    X(archive_read_set_seek_callback)                                                              \
    X(archive_read_set_skip_callback)                                                              \
    X(archive_read_set_callback_data)                                                              \
    X(archive_read_open1)                                                                          \
    X(archive_read_next_header)                                                                    \
    X(archive_read_data)                                                                           \
    X(archive_read_header_position)                                                                \
    X(archive_filter_bytes)                                                                        \
    X(archive_error_string)                                                                        \
    X(archive_errno)                                                                               \
    X(archive_entry_pathname)                                                                      \
    X(archive_entry_filetype)                                                                      \
    X(archive_entry_hardlink)                                                                      \
    X(archive_entry_is_encrypted)                                                                  \
    X(archive_entry_size)

#define AS_MEMBER(name) __typeof__(name) *(name);
#define AS_NAME(name)   #name,

struct functions {
    FUNCTIONS(AS_MEMBER)
};

static const char *const names[] = {FUNCTIONS(AS_NAME)};
enum { N_NAMES = sizeof names / sizeof *names };

struct umm_container {
    struct functions lib;
    struct archive *archive;
    enum umm_packing packing;
    struct umm_container_input input;
    uint64_t base; /* where the input stood at the open */
    size_t n_entries;
    locale_t locale; /* of UTF-8, once a name needs it */
    /* The piece that libarchive has, and the byte after it, from base on. */
    const char *piece;
    size_t piece_len;
    uint64_t given;
    uint64_t size_bytes, n_read; /* of the member: 0 if it is not known; given out */
    enum umm_status failed;      /* of the input */
    struct umm_error failure;
};

/* ---- what libarchive calls --------------------------------------------------------- */

static la_ssize_t read_piece(struct archive *archive, void *user, const void **bytes)
{
    struct umm_container *c = user;
    (void)archive;
    c->failed = c->input.pieces.next(c->input.pieces.user, &c->piece, &c->piece_len, &c->failure);
    if (c->failed)
        return ARCHIVE_FATAL;
    c->given += c->piece_len;
    *bytes = c->piece;
    return (la_ssize_t)c->piece_len;
}

static la_int64_t go_to(struct umm_container *c, uint64_t position)
{
    c->input.seek(c->input.pieces.user, c->base + position);
    c->given = position;
    c->piece_len = 0;
    return (la_int64_t)position;
}

static la_int64_t seek(struct archive *archive, void *user, la_int64_t offset, int whence)
{
    struct umm_container *c = user;
    const int64_t size = (int64_t)(c->input.size_bytes - c->base);
    const int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_END ? size : (int64_t)c->given;
    int64_t to;
    (void)archive;
    if (__builtin_add_overflow(from, offset, &to) || to < 0 || to > size)
        return ARCHIVE_FATAL;
    return go_to(c, (uint64_t)to);
}

/* As far as there is something: libarchive reads on from there, and finds the end. */
static la_int64_t skip(struct archive *archive, void *user, la_int64_t request)
{
    struct umm_container *c = user;
    const uint64_t left = c->input.size_bytes - c->base - c->given;
    const uint64_t n = (uint64_t)request < left ? (uint64_t)request : left;
    (void)archive;
    go_to(c, c->given + n);
    return (la_int64_t)n;
}

/* ---- errors ------------------------------------------------------------------------- */

static const char *name_of(const struct umm_container *c)
{
    return c->packing == UMM_PACKING_ZIP ? "zip" : "tar";
}

static enum umm_status refuse(struct umm_container *c, struct umm_error *err)
{
    char shown[2 * UMM_EXCERPT_MAX];
    if (c->failed) {
        if (err)
            *err = c->failure;
        return c->failed;
    }
    /* Some of its allocations fail without a word. */
    const char *why = c->lib.archive_error_string(c->archive);
    if (!why || c->lib.archive_errno(c->archive) == ENOMEM)
        return umm_error_set(err, UMM_ERR_MEMORY, "out of memory for an archive");
    return umm_error_set(err, UMM_ERR_DATA, "damaged %s archive (%s)", name_of(c),
                         umm_escape(shown, sizeof shown, why, strlen(why)));
}

/* ---- open and close ------------------------------------------------------------------ */

static enum umm_status begin(struct umm_container *c, struct umm_error *err)
{
    const struct functions *lib = &c->lib;
    c->archive = lib->archive_read_new();
    if (!c->archive)
        return umm_error_set_memory(err, 0, "an archive");
    const bool is_zip = c->packing == UMM_PACKING_ZIP;
    int code = is_zip ? lib->archive_read_support_format_zip_seekable(c->archive)
                      : lib->archive_read_support_format_tar(c->archive);
    if (code == ARCHIVE_OK)
        code = lib->archive_read_set_read_callback(c->archive, read_piece);
    if (code == ARCHIVE_OK && is_zip)
        code = lib->archive_read_set_seek_callback(c->archive, seek);
    if (code == ARCHIVE_OK && !is_zip && c->input.seek)
        code = lib->archive_read_set_skip_callback(c->archive, skip);
    if (code == ARCHIVE_OK)
        code = lib->archive_read_set_callback_data(c->archive, c);
    if (code == ARCHIVE_OK)
        code = lib->archive_read_open1(c->archive);
    return code == ARCHIVE_OK ? UMM_OK : refuse(c, err);
}

enum umm_status umm_container_open(struct umm_container **container, enum umm_packing packing,
                                   const struct umm_container_input *input, uint64_t base,
                                   struct umm_error *err)
{
    static const struct umm_library library = {"libarchive", UMM_ARCHIVE, "libarchive-dev",
                                               "unpack it first"};
    struct umm_container *c = calloc(1, sizeof *c);
    if (!c)
        return umm_error_set_memory(err, sizeof *c, "an archive");
    c->packing = packing;
    c->input = *input;
    c->base = base;
    enum umm_status status =
        umm_library_load(&library, umm_packing_name(packing), names, N_NAMES, &c->lib, err);
    /* Of a zip archive when a name needs it: it costs as much as a small member. */
    if (packing == UMM_PACKING_TAR)
        c->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!status)
        status = begin(c, err);
    if (status)
        umm_container_close(c);
    else
        *container = c;
    return status;
}

void umm_container_close(struct umm_container *c)
{
    if (!c)
        return;
    if (c->archive)
        c->lib.archive_read_free(c->archive);
    if (c->locale)
        freelocale(c->locale);
    free(c);
}

/* ---- members --------------------------------------------------------------------------- */

/*
 * libarchive gives names in the locale of the thread, and warns of one that it cannot have: in C,
 * the locale of every tool, each that is more than ASCII. Such a name is asked for again.
 */
static int next_header(struct umm_container *c, struct archive_entry **entry, const char **name)
{
    const locale_t before = c->locale ? uselocale(c->locale) : (locale_t)0;
    int code = c->lib.archive_read_next_header(c->archive, entry);
    *name = code == ARCHIVE_OK ? c->lib.archive_entry_pathname(*entry) : NULL;
    if (before)
        uselocale(before);
    return code;
}

static enum umm_status begin_in_utf8(struct umm_container *c, struct umm_error *err)
{
    c->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!c->locale)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "a name in UTF-8: there is no locale C.UTF-8 to read it in");
    c->lib.archive_read_free(c->archive);
    go_to(c, 0);
    enum umm_status status = begin(c, err);
    for (size_t i = 0; !status && i < c->n_entries; i++) {
        struct archive_entry *entry;
        const char *name;
        if (next_header(c, &entry, &name) != ARCHIVE_OK)
            status = refuse(c, err);
    }
    return status;
}

static enum umm_member_kind kind_of(const struct umm_container *c, struct archive_entry *entry)
{
    const unsigned type = c->lib.archive_entry_filetype(entry);
    if (c->lib.archive_entry_hardlink(entry) || type == AE_IFLNK)
        return UMM_MEMBER_LINK;
    return type == AE_IFDIR                ? UMM_MEMBER_DIRECTORY
           : type == AE_IFREG || type == 0 ? UMM_MEMBER_FILE
                                           : UMM_MEMBER_DEVICE;
}

enum umm_status umm_container_next(struct umm_container *c, struct umm_container_entry *entry,
                                   bool *has_entry, struct umm_error *err)
{
    struct archive_entry *e;
    const char *name;
    *has_entry = false;
    int code = next_header(c, &e, &name);
    if (code == ARCHIVE_WARN && !c->locale && c->packing == UMM_PACKING_ZIP) {
        enum umm_status status = begin_in_utf8(c, err);
        if (status)
            return status;
        code = next_header(c, &e, &name);
    }
    if (code == ARCHIVE_EOF)
        return UMM_OK;
    if (code != ARCHIVE_OK || !name)
        return refuse(c, err);
    const int64_t size = c->lib.archive_entry_size(e),
                  position = c->lib.archive_read_header_position(c->archive);
    c->n_entries++;
    c->size_bytes = size > 0 ? (uint64_t)size : 0;
    c->n_read = 0;
    *has_entry = true;
    *entry = (struct umm_container_entry){.name = name,
                                          .kind = kind_of(c, e),
                                          .is_encrypted = c->lib.archive_entry_is_encrypted(e) != 0,
                                          .size_bytes = c->size_bytes,
                                          .position = c->base + (uint64_t)position};
    return UMM_OK;
}

enum umm_status umm_container_read(struct umm_container *c, char *out, size_t cap_bytes,
                                   size_t *n_read, struct umm_error *err)
{
    const la_ssize_t n = c->lib.archive_read_data(c->archive, out, cap_bytes);
    if (n < 0)
        return refuse(c, err);
    *n_read = (size_t)n;
    c->n_read += (uint64_t)n;
    /* libarchive leaves out a hole at the end of a sparse member: zeros, and no end of a text. */
    return n || c->n_read >= c->size_bytes
               ? UMM_OK
               : umm_error_set(err, UMM_ERR_DATA, "has %" PRIu64 " of its %" PRIu64 " bytes",
                               c->n_read, c->size_bytes);
}

static bool is_zero(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i])
            return false;
    return true;
}

enum umm_status umm_container_finish(struct umm_container *c, struct umm_error *err)
{
    if (c->packing != UMM_PACKING_TAR)
        return UMM_OK;
    const uint64_t end = (uint64_t)c->lib.archive_filter_bytes(c->archive, 0);
    if (end == (uint64_t)c->lib.archive_read_header_position(c->archive))
        return umm_error_set(err, UMM_ERR_DATA, "tar archive without its end: it may be cut");
    /* What libarchive was given and has not looked at, and then all that comes. */
    size_t len = c->given > end ? (size_t)(c->given - end) : 0;
    if (len > c->piece_len)
        return umm_error_set(err, UMM_ERR_DATA, "tar archive that ends within a block");
    const char *bytes = len ? c->piece + c->piece_len - len : NULL;
    bool is_padding = true;
    do {
        is_padding = is_padding && is_zero(bytes, len);
        enum umm_status status = c->input.pieces.next(c->input.pieces.user, &bytes, &len, err);
        if (status)
            return status;
    } while (len);
    return is_padding ? UMM_OK
                      : umm_error_set(err, UMM_ERR_DATA, "bytes after the end of the tar archive");
}

#else

enum umm_status umm_container_open(struct umm_container **container, enum umm_packing packing,
                                   const struct umm_container_input *input, uint64_t base,
                                   struct umm_error *err)
{
    const struct umm_library library = {"libarchive", NULL, "libarchive-dev", "unpack it first"};
    (void)container;
    (void)input;
    (void)base;
    return umm_library_load(&library, umm_packing_name(packing), NULL, 0, NULL, err);
}

/* None can have been opened. */
void umm_container_close(struct umm_container *container)
{
    (void)container;
}

enum umm_status umm_container_next(struct umm_container *container,
                                   struct umm_container_entry *entry, bool *has_entry,
                                   struct umm_error *err)
{
    (void)container;
    (void)entry;
    *has_entry = false;
    return umm_error_set(err, UMM_ERR_UNSUPPORTED, "no archive");
}

enum umm_status umm_container_read(struct umm_container *container, char *out, size_t cap_bytes,
                                   size_t *n_read, struct umm_error *err)
{
    (void)container;
    (void)out;
    (void)cap_bytes;
    *n_read = 0;
    return umm_error_set(err, UMM_ERR_UNSUPPORTED, "no archive");
}

enum umm_status umm_container_finish(struct umm_container *container, struct umm_error *err)
{
    (void)container;
    return umm_error_set(err, UMM_ERR_UNSUPPORTED, "no archive");
}

#endif
