/* SPDX-License-Identifier: MIT */
/* The bytes around the dict, and the file around the header. */
#include "format/npy.h"

#include "base/error.h"
#include "format/npy_parse.h"
#include "sys/file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Magic, version and header length: 10 bytes in version 1, 12 later. */
enum { PRELUDE_V1 = 10, PRELUDE_MAX = 12 };

/* Sets the version and where the dict and the data begin. */
static enum umm_status read_prelude(const unsigned char *bytes, size_t len_bytes,
                                    struct umm_npy *out, size_t *dict_at, struct umm_error *err)
{
    static const char magic[] = "\x93NUMPY";
    size_t n = len_bytes < 6 ? len_bytes : 6;
    if (n == 0)
        return umm_error_set(err, UMM_ERR_DATA, "not an NPY file: it is empty");
    if (memcmp(bytes, magic, n) != 0)
        return umm_error_set(err, UMM_ERR_DATA,
                             "not an NPY file: it does not begin with \\x93NUMPY");
    if (len_bytes >= 8 && (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0))
        return umm_error_set(err, UMM_ERR_DATA, "unknown NPY version %u.%u", (unsigned)bytes[6],
                             (unsigned)bytes[7]);
    *dict_at = len_bytes >= 8 && bytes[6] == 1 ? PRELUDE_V1 : PRELUDE_MAX;
    if (len_bytes < *dict_at)
        return umm_error_set(err, UMM_ERR_DATA, "the NPY header is cut after %zu bytes", len_bytes);
    uint64_t header = 0;
    for (size_t i = *dict_at; i-- > 8;)
        header = header << 8 | bytes[i];
    out->major = bytes[6];
    out->data_offset_bytes = *dict_at + header;
    return UMM_OK;
}

static enum umm_status check_claim(uint64_t claim, uint64_t given, struct umm_error *err)
{
    if (claim > given)
        return umm_error_set(err, UMM_ERR_DATA,
                             "the NPY header claims %" PRIu64 " bytes, but there are only %" PRIu64,
                             claim, given);
    if (claim > UMM_NPY_HEADER_MAX)
        return umm_error_set(err, UMM_ERR_DATA,
                             "the NPY header claims %" PRIu64 " bytes, the limit is %d", claim,
                             (int)UMM_NPY_HEADER_MAX);
    return UMM_OK;
}

static enum umm_status parse(const void *bytes, size_t len_bytes, struct umm_npy *out,
                             struct umm_error *err)
{
    size_t dict_at = 0;
    enum umm_status status = read_prelude(bytes, len_bytes, out, &dict_at, err);
    if (status == UMM_OK)
        status = check_claim(out->data_offset_bytes, len_bytes, err);
    if (status == UMM_OK)
        status =
            umm_npy_parse_dict((const char *)bytes + dict_at,
                               (size_t)out->data_offset_bytes - dict_at, out->major == 3, out, err);
    return status == UMM_OK ? umm_npy_check(out, err) : status;
}

enum umm_status umm_npy_parse(const void *bytes, size_t len_bytes, struct umm_npy *out,
                              struct umm_error *err)
{
    memset(out, 0, sizeof *out);
    enum umm_status status = parse(bytes, len_bytes, out, err);
    if (status != UMM_OK)
        umm_npy_free(out);
    return status;
}

/* The length of the header, checked against the size of the file. */
static enum umm_status read_claim(int fd, const char *path, uint64_t file_bytes, size_t *len_bytes,
                                  struct umm_error *err)
{
    unsigned char bytes[PRELUDE_MAX];
    struct umm_npy prelude = {0};
    size_t dict_at = 0, n = file_bytes < sizeof bytes ? (size_t)file_bytes : sizeof bytes;
    enum umm_status status = umm_file_pread_all(fd, path, bytes, n, 0, err);
    if (status != UMM_OK)
        return status;
    status = read_prelude(bytes, n, &prelude, &dict_at, err);
    if (status == UMM_OK)
        status = check_claim(prelude.data_offset_bytes, file_bytes, err);
    if (status != UMM_OK)
        umm_error_at(err, path, 0, 0, 0);
    *len_bytes = (size_t)prelude.data_offset_bytes;
    return status;
}

/*
 * The first len_bytes as they were at one moment: a read beside a write of the same bytes, of
 * a new count, may have some of both. `again` is as much room.
 */
static enum umm_status read_whole(int fd, const char *path, char *bytes, char *again,
                                  size_t len_bytes, struct umm_error *err)
{
    enum { READS_MAX = 16 };
    enum umm_status status = umm_file_pread_all(fd, path, bytes, len_bytes, 0, err);
    for (int i = 1; !status && i < READS_MAX; i++) {
        status = umm_file_pread_all(fd, path, again, len_bytes, 0, err);
        if (status || memcmp(bytes, again, len_bytes) == 0)
            break;
        memcpy(bytes, again, len_bytes);
    }
    return status;
}

/* *header is malloc'ed. */
static enum umm_status read_header(int fd, const char *path, size_t len_bytes, struct umm_npy *out,
                                   void **header, struct umm_error *err)
{
    char *bytes = malloc(2 * len_bytes);
    if (!bytes)
        return umm_error_set_memory(err, 2 * len_bytes, "an NPY header");
    enum umm_status status = read_whole(fd, path, bytes, bytes + len_bytes, len_bytes, err);
    if (status == UMM_OK) {
        status = umm_npy_parse(bytes, len_bytes, out, err);
        if (status != UMM_OK)
            umm_error_at(err, path, 0, 0, 0);
    }
    if (status)
        free(bytes);
    else
        *header = bytes;
    return status;
}

/* Header and size as they are now: *n_short bytes of the array are missing. */
static enum umm_status look(int fd, const char *path, struct umm_npy *out, void **header,
                            size_t *len_bytes, uint64_t *n_short, struct umm_error *err)
{
    struct umm_file_info info;
    enum umm_status status = umm_file_stat_fd(fd, path, &info, err);
    if (status != UMM_OK)
        return status;
    if (info.kind != UMM_FILE_REGULAR)
        return umm_error_set_path(err, UMM_ERR_DATA, path, "not a regular file");
    status = read_claim(fd, path, info.size_bytes, len_bytes, err);
    if (status == UMM_OK)
        status = read_header(fd, path, *len_bytes, out, header, err);
    if (status != UMM_OK)
        return status;
    uint64_t end = out->data_offset_bytes + umm_npy_data_bytes(out);
    /* Rows may have come since the look at its size: their data before their count. */
    if (end > info.size_bytes)
        status = umm_file_stat_fd(fd, path, &info, err);
    *n_short = end > info.size_bytes ? end - info.size_bytes : 0;
    if (!status && !*n_short)
        return UMM_OK;
    umm_npy_free(out);
    free(*header);
    *header = NULL;
    return status;
}

enum umm_status umm_npy_read_file(int fd, const char *path, struct umm_npy *out, void **header,
                                  size_t *len_bytes, struct umm_error *err)
{
    enum { LOOKS_MAX = 3 };
    uint64_t n_short = 1;
    enum umm_status status = UMM_OK;
    *header = NULL;
    memset(out, 0, sizeof *out);
    for (int i = 0; !status && n_short && i < LOOKS_MAX; i++)
        status = look(fd, path, out, header, len_bytes, &n_short, err);
    if (status || !n_short)
        return status;
    return umm_error_set_path(err, UMM_ERR_DATA, path, "array data is short by %" PRIu64 " bytes",
                              n_short);
}

enum umm_status umm_npy_read(int fd, const char *path, struct umm_npy *out, struct umm_error *err)
{
    void *header;
    size_t len_bytes;
    enum umm_status status = umm_npy_read_file(fd, path, out, &header, &len_bytes, err);
    free(header);
    return status;
}

/* ---- streams --------------------------------------------------------------- */

/* Read up to len_bytes; *n_read is less only at the end of the stream. */
static enum umm_status read_up_to(int fd, const char *path, struct umm_run *run, void *out,
                                  size_t len_bytes, size_t *n_read, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    size_t n = 1;
    for (*n_read = 0; !status && n > 0 && *n_read < len_bytes; *n_read += n)
        status = umm_file_read(fd, path, run, (char *)out + *n_read, len_bytes - *n_read, &n, err);
    return status;
}

/* The first bytes, and the length of the header that they claim. */
static enum umm_status read_stream_claim(int fd, const char *path, struct umm_run *run,
                                         unsigned char prelude[PRELUDE_MAX], size_t *len_bytes,
                                         struct umm_error *err)
{
    struct umm_npy found = {0};
    size_t n = 0, dict_at = 0;
    enum umm_status status = read_up_to(fd, path, run, prelude, PRELUDE_MAX, &n, err);
    if (status)
        return status;
    status = read_prelude(prelude, n, &found, &dict_at, err);
    if (!status)
        status = check_claim(found.data_offset_bytes, UINT64_MAX, err);
    /* Behind a prelude of version 1, two bytes more were read: they must be header. */
    if (!status && found.data_offset_bytes < PRELUDE_MAX)
        status = umm_error_set(err, UMM_ERR_DATA, "the NPY header is empty");
    *len_bytes = (size_t)found.data_offset_bytes;
    return status;
}

enum umm_status umm_npy_read_stream(int fd, const char *path, struct umm_run *run,
                                    struct umm_npy *out, void **header, size_t *len_bytes,
                                    struct umm_error *err)
{
    unsigned char prelude[PRELUDE_MAX];
    char *bytes = NULL;
    size_t n = 0;
    memset(out, 0, sizeof *out);
    enum umm_status status = read_stream_claim(fd, path, run, prelude, len_bytes, err);
    if (!status && !(bytes = malloc(*len_bytes)))
        status = umm_error_set_memory(err, *len_bytes, "an NPY header");
    if (!status) {
        memcpy(bytes, prelude, PRELUDE_MAX);
        status = read_up_to(fd, path, run, bytes + PRELUDE_MAX, *len_bytes - PRELUDE_MAX, &n, err);
    }
    if (!status)
        status = umm_npy_parse(bytes, PRELUDE_MAX + n, out, err);
    if (status == UMM_ERR_DATA || status == UMM_ERR_UNSUPPORTED)
        umm_error_at(err, path, 0, 0, 0);
    if (status)
        free(bytes);
    *header = status ? NULL : bytes;
    return status;
}
