/* SPDX-License-Identifier: MIT */
#include "reading/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/zstd.h"

/* Compressed bytes are read in pieces of this size; the first look is as long. */
enum { RAW_BYTES = 128 * 1024 };

static bool starts_with(const struct umm_source *source, const char *magic, size_t len_bytes)
{
    return source->raw_len >= len_bytes && memcmp(source->raw_at, magic, len_bytes) == 0;
}

static enum umm_status refuse(const struct umm_source *source, const char *what, const char *hint,
                              struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_DATA, source->path, "%s; %s", what, hint);
}

/* A zstd file that was cut within its magic number. */
static bool is_cut_magic(const struct umm_source *source)
{
    return source->raw_len && source->raw_len < 4 &&
           memcmp(source->raw_at, "\x28\xb5\x2f", source->raw_len) == 0 && source->raw_len > 1;
}

/* Whether a zip archive is a workbook, by the name of its first member. */
static bool is_workbook(const struct umm_source *source)
{
    static const char *const members[] = {"[Content_Types].xml", "_rels/", "docProps/", "xl/",
                                          "mimetypeapplication/vnd.oasis"};
    enum { NAME_AT = 30 };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        size_t len = strlen(members[i]);
        if (source->raw_len >= NAME_AT + len &&
            memcmp(source->raw_at + NAME_AT, members[i], len) == 0)
            return true;
    }
    return false;
}

/* What the first bytes say. */
static enum umm_status recognise(struct umm_source *source, struct umm_error *err)
{
    if (starts_with(source, "\x1f\x8b", 2))
        return refuse(source, "gzip data", "pipe it in: zcat FILE | ... -", err);
    if ((starts_with(source, "PK\x03\x04", 4) && is_workbook(source)) ||
        starts_with(source, "\xd0\xcf\x11\xe0\xa1\xb1", 6))
        return refuse(source, "a spreadsheet's workbook", "save its sheet as CSV", err);
    if (starts_with(source, "PK\x03\x04", 4))
        return refuse(source, "zip archive", "pipe it in: unzip -p FILE | ... -", err);
    if (starts_with(source, "\xff\xfe\0\0", 4) || starts_with(source, "\0\0\xfe\xff", 4))
        return refuse(source, "UTF-32 text", "pipe it in: iconv -f UTF-32 -t UTF-8 FILE | ... -",
                      err);
    if (starts_with(source, "\xff\xfe", 2) || starts_with(source, "\xfe\xff", 2))
        return refuse(source, "UTF-16 text", "pipe it in: iconv -f UTF-16 -t UTF-8 FILE | ... -",
                      err);
    if (starts_with(source, "BZh", 3))
        return refuse(source, "bzip2 data", "pipe it in: bzcat FILE | ... -", err);
    if (starts_with(source,
                    "\xfd"
                    "7zXZ",
                    5))
        return refuse(source, "xz data", "pipe it in: xzcat FILE | ... -", err);
    if (starts_with(source, "\x93NUMPY", 6))
        return refuse(source, "an .npy array", "it needs no conversion", err);
    if (umm_zstd_is_magic(source->raw_at, source->raw_len) || is_cut_magic(source))
        return umm_zstd_reader_new(&source->zstd, err);
    if (starts_with(source, "\xef\xbb\xbf", 3)) {
        source->raw_at += 3;
        source->raw_len -= 3;
        source->bom_bytes = 3;
    }
    return UMM_OK;
}

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

static enum umm_status fill_raw(struct umm_source *source, struct umm_run *run,
                                struct umm_error *err)
{
    size_t n_read;
    enum umm_status status = read_raw(source, run, source->raw, RAW_BYTES, &n_read, err);
    if (status)
        return status;
    source->raw_at = source->raw;
    source->raw_len = n_read;
    source->is_raw_end = n_read == 0;
    return UMM_OK;
}

/* Enough first bytes to know every magic number, which a pipe may give in pieces. */
static enum umm_status first_look(struct umm_source *source, struct umm_run *run,
                                  struct umm_error *err)
{
    enum { LONGEST_MAGIC = 6, LONG = 1024 * 1024, SHORT_LOOK = 4096 };
    /* What is read here is copied later: all of a small file, little of a large one. */
    size_t look = source->info.size_bytes < LONG ? RAW_BYTES : SHORT_LOOK;
    while (source->raw_len < LONGEST_MAGIC && !source->is_raw_end) {
        size_t n_read;
        enum umm_status status = read_raw(source, run, source->raw + source->raw_len,
                                          look - source->raw_len, &n_read, err);
        if (status)
            return status;
        source->raw_len += n_read;
        source->is_raw_end = n_read == 0;
    }
    source->raw_at = source->raw;
    return recognise(source, err);
}

enum umm_status umm_source_open(struct umm_source *source, const char *path, int fd,
                                struct umm_run *run, struct umm_error *err)
{
    memset(source, 0, sizeof *source);
    source->fd = -1;
    enum umm_status status;
    if (strcmp(path, "-") == 0) {
        source->path = "<stdin>";
        source->fd = 0;
        status = umm_file_stat_fd(0, source->path, &source->info, err);
        if (!status && source->info.kind == UMM_FILE_DIRECTORY)
            status = umm_error_set_path(err, UMM_ERR_DATA, source->path, "is a directory");
    } else if (fd > 0) {
        source->path = path;
        source->fd = fd;
        source->is_borrowed = true;
        status = umm_file_stat_fd(fd, path, &source->info, err);
    } else {
        source->path = path;
        status = umm_file_open_read(path, &source->fd, &source->info, err);
    }
    if (status)
        return status;
    source->raw = malloc(RAW_BYTES);
    if (!source->raw)
        return umm_error_set_memory(err, RAW_BYTES, "reading");
    return first_look(source, run, err);
}

void umm_source_close(struct umm_source *source)
{
    umm_zstd_reader_free(source->zstd);
    source->zstd = NULL;
    free(source->raw);
    source->raw = NULL;
    free(source->kept);
    source->kept = NULL;
    source->kept_len = source->kept_at = 0;
    if (source->fd > 0 && !source->is_borrowed)
        umm_file_close(&source->fd);
    source->fd = -1;
}

static enum umm_status read_zstd(struct umm_source *source, struct umm_run *run, char *out,
                                 size_t cap_bytes, size_t *n_read, struct umm_error *err)
{
    for (;;) {
        enum umm_status status = umm_zstd_reader_read(
            source->zstd, &source->raw_at, &source->raw_len, out, cap_bytes, n_read, err);
        if (status) {
            umm_error_at(err, source->path, 0, 0, 0);
            return status;
        }
        if (*n_read)
            return UMM_OK;
        if (source->is_raw_end && umm_zstd_reader_is_complete(source->zstd))
            return UMM_OK;
        if (source->is_raw_end)
            return umm_error_set_path(err, UMM_ERR_DATA, source->path,
                                      "zstd data ends in the middle of a frame");
        status = fill_raw(source, run, err);
        if (status)
            return status;
    }
}

/* The first text of a zstd source, without a byte order mark. */
static enum umm_status begin_zstd(struct umm_source *source, struct umm_run *run, char *out,
                                  size_t cap_bytes, size_t *n_read, struct umm_error *err)
{
    enum { BOM_BYTES = 3 };
    size_t n = 0, more = 1;
    source->is_begun = true;
    /* One byte more than a mark, so that nothing left means the end. */
    while (more && n <= BOM_BYTES) {
        enum umm_status status = read_zstd(source, run, out + n, cap_bytes - n, &more, err);
        if (status)
            return status;
        n += more;
    }
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
    if (source->zstd)
        return source->is_begun ? read_zstd(source, run, out, cap_bytes, n_read, err)
                                : begin_zstd(source, run, out, cap_bytes, n_read, err);
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
    enum umm_status status = read_new(source, run, out, cap_bytes, n_read, err);
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
    return !source->zstd && source->info.kind == UMM_FILE_REGULAR && source->fd > 0;
}

enum umm_status umm_source_seek(struct umm_source *source, uint64_t byte, struct umm_error *err)
{
    source->raw_len = 0;
    return umm_file_seek(source->fd, source->path, byte + source->bom_bytes, err);
}
