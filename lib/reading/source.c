/* SPDX-License-Identifier: MIT */
#include "reading/source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* The most that the first look reads: what unpacks the rest takes over where it is. */
enum { RAW_BYTES = UMM_UNPACK_BUFFER_BYTES };

struct begin {
    const char *bytes;
    size_t len;
};

static bool starts_with(const struct begin *begin, const char *magic, size_t len_bytes)
{
    return begin->len >= len_bytes && memcmp(begin->bytes, magic, len_bytes) == 0;
}

/* Whether a zip archive is a workbook, by the name of its first member. */
static bool is_workbook(const struct begin *begin)
{
    static const char *const members[] = {"[Content_Types].xml", "_rels/", "docProps/", "xl/",
                                          "mimetypeapplication/vnd.oasis"};
    enum { NAME_AT = 30 };
    if (!starts_with(begin, "PK\x03\x04", 4))
        return starts_with(begin, "\xd0\xcf\x11\xe0\xa1\xb1", 6);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        size_t len = strlen(members[i]);
        if (begin->len >= NAME_AT + len && memcmp(begin->bytes + NAME_AT, members[i], len) == 0)
            return true;
    }
    return false;
}

/* What begins so is something else than text: what, and what to do; NULL if it is not. */
static const char *foreign(const struct begin *begin)
{
    if (is_workbook(begin))
        return "a spreadsheet's workbook; save its sheet as CSV";
    if (starts_with(begin, "\xff\xfe\0\0", 4) || starts_with(begin, "\0\0\xfe\xff", 4))
        return "UTF-32 text; pipe it in: iconv -f UTF-32 -t UTF-8 FILE | ... -";
    if (starts_with(begin, "\xff\xfe", 2) || starts_with(begin, "\xfe\xff", 2))
        return "UTF-16 text; pipe it in: iconv -f UTF-16 -t UTF-8 FILE | ... -";
    if (starts_with(begin, "\x93NUMPY", 6))
        return "an .npy array; it needs no conversion";
    return NULL;
}

static enum umm_status check_foreign(const struct umm_source *source, const struct begin *begin,
                                     struct umm_error *err)
{
    const char *what = foreign(begin);
    return what ? umm_error_set_path(err, UMM_ERR_DATA, source->path, "%s", what) : UMM_OK;
}

/* ---- packed text ----------------------------------------------------------------- */

/* The text that the unpacker stands at. */
static void take_text(struct umm_source *source)
{
    source->path = umm_unpack_name(source->unpack);
    source->size_bytes = umm_unpack_size(source->unpack);
    source->unpack_begin = umm_unpack_position(source->unpack);
}

static enum umm_status refuse_several(const struct umm_source *source, const char *path,
                                      struct umm_error *err)
{
    umm_error_set_path(err, UMM_ERR_DATA, path, "%" PRIu64 " members; here one text can be read",
                       umm_unpack_n_members(source->unpack));
    return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_MEMBERS);
}

/* What was read so far, and the file, are the unpacker's from here on. */
static enum umm_status open_packed(struct umm_source *source,
                                   const struct umm_source_options *options, struct umm_run *run,
                                   struct umm_error *err)
{
    const char *path = source->path;
    const struct umm_unpack_file file = {.path = path,
                                         .fd = source->fd,
                                         .is_owned = source->fd > 0 && !source->is_borrowed,
                                         .is_stream = source->info.kind != UMM_FILE_REGULAR ||
                                                      source->fd == 0,
                                         .size_bytes = source->info.size_bytes,
                                         .buffer = source->raw,
                                         .len = source->raw_len};
    bool has_text;
    source->raw = NULL;
    source->raw_len = 0;
    source->fd = -1;
    enum umm_status status = umm_unpack_open(&source->unpack, &file, &options->unpack, run, err);
    if (status)
        return status;
    if (umm_unpack_is_archive(source->unpack) && options->archive) {
        *options->archive = source->unpack;
        source->is_unpack_borrowed = true;
    }
    status = options->member && umm_unpack_is_archive(source->unpack)
                 ? umm_unpack_seek(source->unpack, options->member, err)
                 : umm_unpack_next(source->unpack, &has_text, err);
    if (!status && !options->archive && !options->member &&
        umm_unpack_n_members(source->unpack) > 1)
        status = refuse_several(source, path, err);
    take_text(source);
    return status;
}

/* What the first bytes say. */
static enum umm_status recognise(struct umm_source *source,
                                 const struct umm_source_options *options, struct umm_run *run,
                                 struct umm_error *err)
{
    const struct begin begin = {source->raw_at, source->raw_len};
    enum umm_status status = check_foreign(source, &begin, err);
    if (status)
        return status;
    if (umm_packing_of(begin.bytes, begin.len, source->is_raw_end))
        return open_packed(source, options, run, err);
    if (starts_with(&begin, "\xef\xbb\xbf", 3)) {
        source->raw_at += 3;
        source->raw_len -= 3;
        source->bom_bytes = 3;
    }
    return UMM_OK;
}

/* ---- bytes as they are in the file -------------------------------------------------- */

/* One read of at most cap_bytes as they are in the file. */
static enum umm_status read_raw(struct umm_source *source, struct umm_run *run, char *out,
                                size_t cap_bytes, size_t *n_read, struct umm_error *err)
{
    enum umm_status status =
        source->info.kind == UMM_FILE_REGULAR
            ? umm_file_read_regular(source->fd, source->path, out, cap_bytes, n_read, err)
            : umm_file_read(source->fd, source->path, run, out, cap_bytes, n_read, err);
    source->n_raw_bytes += status ? 0 : *n_read;
    return status;
}

/* No magic number has an end of line in it, except after bytes that no text begins with. */
static bool has_line(const struct umm_source *source)
{
    return memchr(source->raw, '\n', source->raw_len) || memchr(source->raw, '\r', source->raw_len);
}

/* Enough first bytes to know what it is, which a pipe may give in pieces. */
static enum umm_status first_look(struct umm_source *source,
                                  const struct umm_source_options *options, struct umm_run *run,
                                  struct umm_error *err)
{
    enum { LONGEST_MAGIC = 6, LONG = 1024 * 1024, SHORT_LOOK = 4096 };
    /* What is read here is copied later: all of a small file, little of a large one. */
    size_t look = source->info.size_bytes < LONG ? RAW_BYTES : SHORT_LOOK;
    while (!source->is_raw_end && source->raw_len < UMM_PACKING_LOOK_BYTES &&
           (source->raw_len < LONGEST_MAGIC || !has_line(source))) {
        size_t n_read;
        enum umm_status status = read_raw(source, run, source->raw + source->raw_len,
                                          look - source->raw_len, &n_read, err);
        if (status)
            return status;
        source->raw_len += n_read;
        source->is_raw_end = n_read == 0;
    }
    source->raw_at = source->raw;
    return recognise(source, options, run, err);
}

static enum umm_status open_file(struct umm_source *source, const char *path, int fd,
                                 struct umm_error *err)
{
    source->path = path;
    if (strcmp(path, "-") == 0) {
        source->path = "<stdin>";
        source->fd = 0;
        enum umm_status status = umm_file_stat_fd(0, source->path, &source->info, err);
        return !status && source->info.kind == UMM_FILE_DIRECTORY
                   ? umm_error_set_path(err, UMM_ERR_DATA, source->path, "is a directory")
                   : status;
    }
    if (fd <= 0)
        return umm_file_open_read(path, &source->fd, &source->info, err);
    source->fd = fd;
    source->is_borrowed = true;
    return umm_file_stat_fd(fd, path, &source->info, err);
}

enum umm_status umm_source_open(struct umm_source *source, const char *path,
                                const struct umm_source_options *options, struct umm_run *run,
                                struct umm_error *err)
{
    static const struct umm_source_options defaults = {.fd = 0};
    options = options ? options : &defaults;
    memset(source, 0, sizeof *source);
    source->fd = -1;
    if (options->archive && *options->archive) {
        source->unpack = *options->archive;
        source->is_unpack_borrowed = true;
        take_text(source);
        return UMM_OK;
    }
    enum umm_status status = open_file(source, path, options->fd, err);
    if (status)
        return status;
    source->size_bytes = source->info.size_bytes;
    source->raw = malloc(RAW_BYTES);
    if (!source->raw)
        return umm_error_set_memory(err, RAW_BYTES, "reading");
    return first_look(source, options, run, err);
}

void umm_source_close(struct umm_source *source)
{
    if (!source->is_unpack_borrowed)
        umm_unpack_close(source->unpack);
    source->unpack = NULL;
    free(source->raw);
    source->raw = NULL;
    free(source->kept);
    source->kept = NULL;
    source->kept_len = source->kept_at = 0;
    umm_footer_free(&source->footer);
    if (source->fd > 0 && !source->is_borrowed)
        umm_file_close(&source->fd);
    source->fd = -1;
}

/* ---- text --------------------------------------------------------------------------- */

static enum umm_status read_packed(struct umm_source *source, char *out, size_t cap_bytes,
                                   size_t *n_read, struct umm_error *err)
{
    enum umm_status status = umm_unpack_read(source->unpack, out, cap_bytes, n_read, err);
    const uint64_t position = umm_unpack_position(source->unpack);
    if (position > source->unpack_begin)
        source->n_raw_bytes = position - source->unpack_begin;
    return status;
}

/* The first text of a packed source, without a byte order mark. */
static enum umm_status begin_packed(struct umm_source *source, char *out, size_t cap_bytes,
                                    size_t *n_read, struct umm_error *err)
{
    enum { BOM_BYTES = 3 };
    size_t n = 0, more = 1;
    source->is_begun = true;
    /* One byte more than a mark, so that nothing left means the end. */
    while (more && n <= BOM_BYTES) {
        enum umm_status status = read_packed(source, out + n, cap_bytes - n, &more, err);
        if (status)
            return status;
        n += more;
    }
    const struct begin begin = {out, n};
    enum umm_status status = check_foreign(source, &begin, err);
    if (status)
        return status;
    if (n >= BOM_BYTES && memcmp(out, "\xef\xbb\xbf", BOM_BYTES) == 0) {
        n -= BOM_BYTES;
        memmove(out, out + BOM_BYTES, n);
        source->bom_bytes = BOM_BYTES;
    }
    *n_read = n;
    return UMM_OK;
}

static enum umm_status read_new(struct umm_source *source, struct umm_run *run, char *out,
                                size_t cap_bytes, size_t *n_read, struct umm_error *err)
{
    if (source->unpack)
        return source->is_begun ? read_packed(source, out, cap_bytes, n_read, err)
                                : begin_packed(source, out, cap_bytes, n_read, err);
    if (source->raw_len) {
        size_t n = source->raw_len < cap_bytes ? source->raw_len : cap_bytes;
        memcpy(out, source->raw_at, n);
        source->raw_at += n;
        source->raw_len -= n;
        *n_read = n;
        return UMM_OK;
    }
    return read_raw(source, run, out, cap_bytes, n_read, err);
}

/* The same without the lines that are passed over at the end. */
static enum umm_status read_body(struct umm_source *source, struct umm_run *run, char *out,
                                 size_t cap_bytes, size_t *n_read, struct umm_error *err)
{
    enum { STEP_BYTES = 128 * 1024 };
    struct umm_footer *footer = &source->footer;
    enum umm_status status = UMM_OK;
    if (footer->n_lines == 0)
        return read_new(source, run, out, cap_bytes, n_read, err);
    while (!status && footer->ready == footer->begin && !footer->is_end) {
        char *room;
        size_t n = 0;
        status = umm_footer_room(footer, STEP_BYTES, &room, err);
        if (status)
            umm_error_at(err, source->path, 0, 0, 0);
        else
            status = read_new(source, run, room, STEP_BYTES, &n, err);
        if (!status)
            umm_footer_add(footer, n);
    }
    *n_read = status ? 0 : umm_footer_take(footer, out, cap_bytes);
    return status;
}

static enum umm_status keep(struct umm_source *source, const char *text, size_t len_bytes,
                            struct umm_error *err)
{
    size_t wanted = source->kept_len + len_bytes;
    if (!source->kept || wanted > source->kept_cap) {
        char *grown = realloc(source->kept, 2 * wanted);
        if (!grown)
            return umm_error_set_memory(err, 2 * wanted, "reading");
        source->kept = grown;
        source->kept_cap = 2 * wanted;
    }
    if (len_bytes)
        memcpy(source->kept + source->kept_len, text, len_bytes);
    source->kept_len = wanted;
    return UMM_OK;
}

/* The next piece of what was kept; the last one frees it. */
static size_t read_kept(struct umm_source *source, char *out, size_t cap_bytes)
{
    size_t left = source->kept_len - source->kept_at, n = left < cap_bytes ? left : cap_bytes;
    memcpy(out, source->kept + source->kept_at, n);
    source->kept_at += n;
    if (n == left && !source->is_keeping) {
        free(source->kept);
        source->kept = NULL;
        source->kept_len = source->kept_cap = source->kept_at = 0;
    }
    return n;
}

enum umm_status umm_source_read(struct umm_source *source, struct umm_run *run, char *out,
                                size_t cap_bytes, size_t *n_read, struct umm_error *err)
{
    if (source->kept_at < source->kept_len) {
        *n_read = read_kept(source, out, cap_bytes);
        return UMM_OK;
    }
    enum umm_status status = read_body(source, run, out, cap_bytes, n_read, err);
    if (!status && source->is_keeping) {
        status = keep(source, out, *n_read, err);
        source->kept_at = source->kept_len;
    }
    return status;
}

enum umm_status umm_source_keep(struct umm_source *source, const char *text, size_t len_bytes,
                                struct umm_error *err)
{
    /* What an earlier look kept and nobody has read yet comes after the text. */
    char *rest = source->kept;
    const size_t n_rest = source->kept_len - source->kept_at;
    source->kept = NULL;
    source->kept_len = source->kept_cap = 0;
    source->is_keeping = true;
    enum umm_status status = keep(source, text, len_bytes, err);
    if (!status && n_rest)
        status = keep(source, rest + source->kept_at, n_rest, err);
    source->kept_at = len_bytes;
    free(rest);
    return status;
}

void umm_source_replay(struct umm_source *source)
{
    source->is_keeping = false;
    source->kept_at = 0;
}

bool umm_source_can_seek(const struct umm_source *source)
{
    return !source->unpack && source->info.kind == UMM_FILE_REGULAR && source->fd > 0;
}

enum umm_status umm_source_seek(struct umm_source *source, uint64_t byte, struct umm_error *err)
{
    source->raw_len = 0;
    umm_footer_restart(&source->footer);
    return umm_file_seek(source->fd, source->path, byte + source->bom_bytes, err);
}
