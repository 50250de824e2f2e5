/* SPDX-License-Identifier: MIT */
#include "rowjob/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "array/output.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "sys/file.h"
#include "sys/trust.h"

enum {
    MAJOR = 1,
    MINOR = 0,
    ORDER_MARK = 0x01020304,
    OTHER_ORDER_MARK = 0x04030201,
    AT_VERSION = 8,
    AT_ORDER = 12,
    AT_SIZE = 16,
    AT_NUMERICS = 24,
    AT_TOOL = 32,
    TOOL_BYTES = 16,
    AT_PLAN_HASH = 48,
    AT_PARTS = 196,
    CHECKSUM_BYTES = 8,
    FILE_BYTES_MAX = 1 << 30
};

static const char magic[8] = {'U', 'M', 'M', 'S', 'T', 'A', 'T', 'E'};

enum umm_status umm_checkpoint_set(struct umm_checkpoint *checkpoint,
                                   enum umm_checkpoint_part_name name, const void *bytes,
                                   size_t len_bytes, struct umm_error *err)
{
    struct umm_checkpoint_part *part = &checkpoint->parts[name];
    char *copy = malloc(len_bytes + 1);
    if (!copy)
        return umm_error_set_memory(err, len_bytes + 1, "a state");
    if (len_bytes > 0)
        memcpy(copy, bytes, len_bytes);
    copy[len_bytes] = '\0';
    free(part->bytes);
    part->bytes = copy;
    part->len_bytes = len_bytes;
    return UMM_OK;
}

void umm_checkpoint_free(struct umm_checkpoint *checkpoint)
{
    for (size_t i = 0; i < UMM_CHECKPOINT_PARTS; i++)
        free(checkpoint->parts[i].bytes);
    *checkpoint = (struct umm_checkpoint){.n_rows = 0};
}

/* ---- bytes ----------------------------------------------------------------------- */

static char *put(char *out, uint64_t value, size_t n)
{
    return umm_bytes_put(out, value, n);
}

static char *put_hash(char *out, const struct umm_rowhash *hash)
{
    for (size_t i = 0; i < UMM_ROWHASH_LANES; i++)
        out = put(out, hash->lanes[i], 8);
    return out;
}

/* All before the parts. */
static char *put_head(char *out, const struct umm_checkpoint *c, size_t len_bytes)
{
    const struct umm_checkpoint_part *plan = &c->parts[UMM_CHECKPOINT_PLAN];
    memcpy(out, magic, sizeof magic);
    out = put(out + sizeof magic, MAJOR, 2);
    out = put(out, MINOR, 2);
    out = put(out, ORDER_MARK, 4);
    out = put(out, len_bytes, 8);
    out = put(out, c->numerics, 4);
    out = put(out, c->n_out_tail, 4);
    memset(out, 0, TOOL_BYTES);
    memcpy(out, UMM_VERSION, sizeof UMM_VERSION);
    out = put(out + TOOL_BYTES, umm_hash64(plan->bytes, plan->len_bytes, 0), 8);
    out = put(out, c->n_rows, 8);
    out = put(out, c->n_bytes, 8);
    out = put(out, (uint64_t)c->first_time, 8);
    out = put(out, (uint64_t)c->last_time, 8);
    out = put_hash(put_hash(out, &c->history), &c->history_before);
    out = put(out, c->n_out_rows, 8);
    out = put(out, c->out_tail_hash, 8);
    for (size_t i = 0; i < UMM_CHECKPOINT_PARTS; i++)
        out = put(out, c->parts[i].len_bytes, 4);
    return out;
}

enum umm_status umm_checkpoint_encode(const struct umm_checkpoint *checkpoint, char **bytes,
                                      size_t *len_bytes, struct umm_error *err)
{
    size_t len = AT_PARTS + CHECKSUM_BYTES;
    for (size_t i = 0; i < UMM_CHECKPOINT_PARTS; i++)
        len += checkpoint->parts[i].len_bytes;
    if (len > FILE_BYTES_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "a state of %zu bytes is too large", len);
    *bytes = malloc(len);
    if (!*bytes)
        return umm_error_set_memory(err, len, "a state");
    char *out = put_head(*bytes, checkpoint, len);
    for (size_t i = 0; i < UMM_CHECKPOINT_PARTS; i++) {
        const struct umm_checkpoint_part *part = &checkpoint->parts[i];
        if (part->len_bytes > 0)
            memcpy(out, part->bytes, part->len_bytes);
        out += part->len_bytes;
    }
    put(out, umm_hash64(*bytes, len - CHECKSUM_BYTES, 0), CHECKSUM_BYTES);
    *len_bytes = len;
    return UMM_OK;
}

/* Whether a file of len bytes that begins with `in`, of n bytes, is a state that we may read. */
static enum umm_status check_begin(const char *in, size_t n, uint64_t len, struct umm_error *err)
{
    if (n < AT_NUMERICS || memcmp(in, magic, sizeof magic) != 0)
        return umm_error_set(err, UMM_ERR_DATA,
                             n >= sizeof magic && memcmp(in, magic, sizeof magic) == 0
                                 ? "the state is cut short"
                                 : "not a state file");
    if (umm_bytes_get(in + AT_ORDER, 4) == OTHER_ORDER_MARK)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "the state was written in another order of bytes");
    uint64_t major = umm_bytes_get(in + AT_VERSION, 2), minor = umm_bytes_get(in + 10, 2);
    if (major != MAJOR || minor > MINOR)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "the state has version %" PRIu64 ".%" PRIu64
                             ", this program reads up to %d.%d",
                             major, minor, MAJOR, MINOR);
    uint64_t wanted = umm_bytes_get(in + AT_SIZE, 8);
    if (len < wanted)
        return umm_error_set(err, UMM_ERR_DATA,
                             "the state is cut short: %" PRIu64 " bytes are missing", wanted - len);
    if (len > wanted || len < AT_PARTS + CHECKSUM_BYTES ||
        umm_bytes_get(in + AT_ORDER, 4) != ORDER_MARK)
        return umm_error_set(err, UMM_ERR_DATA, "the state is damaged: its checksum differs");
    return UMM_OK;
}

static enum umm_status check(const char *in, size_t len, struct umm_error *err)
{
    enum umm_status status = check_begin(in, len, len, err);
    if (status)
        return status;
    if (umm_bytes_get(in + len - CHECKSUM_BYTES, 8) != umm_hash64(in, len - CHECKSUM_BYTES, 0))
        return umm_error_set(err, UMM_ERR_DATA, "the state is damaged: its checksum differs");
    return UMM_OK;
}

static const char *get_hash(const char *in, struct umm_rowhash *hash)
{
    for (size_t i = 0; i < UMM_ROWHASH_LANES; i++, in += 8)
        hash->lanes[i] = umm_bytes_get(in, 8);
    return in;
}

static enum umm_status get_parts(const char *in, size_t len, struct umm_checkpoint *out,
                                 struct umm_error *err)
{
    const char *lengths = in + AT_PARTS - 4 * UMM_CHECKPOINT_PARTS;
    size_t at = AT_PARTS, end = len - CHECKSUM_BYTES;
    for (unsigned i = 0; i < UMM_CHECKPOINT_PARTS; i++) {
        size_t n = (size_t)umm_bytes_get(lengths + 4 * (size_t)i, 4);
        if (n > end - at)
            return umm_error_set(err, UMM_ERR_DATA, "the state is damaged: its parts do not fit");
        enum umm_status status =
            umm_checkpoint_set(out, (enum umm_checkpoint_part_name)i, in + at, n, err);
        if (status)
            return status;
        at += n;
    }
    if (at == end)
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_DATA, "the state is damaged: its parts do not fit");
}

enum umm_status umm_checkpoint_decode(const char *bytes, size_t len_bytes,
                                      struct umm_checkpoint *out, struct umm_error *err)
{
    *out = (struct umm_checkpoint){.n_rows = 0};
    enum umm_status status = check(bytes, len_bytes, err);
    if (status)
        return status;
    const char *in = bytes + AT_PLAN_HASH + 8;
    out->numerics = (uint32_t)umm_bytes_get(bytes + AT_NUMERICS, 4);
    out->n_out_tail = (uint32_t)umm_bytes_get(bytes + AT_NUMERICS + 4, 4);
    out->n_rows = umm_bytes_get(in, 8);
    out->n_bytes = umm_bytes_get(in + 8, 8);
    out->first_time = (int64_t)umm_bytes_get(in + 16, 8);
    out->last_time = (int64_t)umm_bytes_get(in + 24, 8);
    in = get_hash(get_hash(in + 32, &out->history), &out->history_before);
    out->n_out_rows = umm_bytes_get(in, 8);
    out->out_tail_hash = umm_bytes_get(in + 8, 8);
    status = get_parts(bytes, len_bytes, out, err);
    if (status)
        umm_checkpoint_free(out);
    return status;
}

/* ---- files ----------------------------------------------------------------------- */

/* An error about the content is about the file. */
static enum umm_status place(enum umm_status status, const char *path, struct umm_error *err)
{
    if (status && err)
        umm_error_at(err, path, 0, 0, 0);
    return status;
}

/* The file, -1 if there is none. One that is foreign is not believed; a FIFO would be waited for,
 * and a device may have no end. */
static enum umm_status open_state(const char *path, int *fd, struct umm_error *err)
{
    struct umm_error found = {.status = UMM_OK};
    struct umm_file_info info;
    enum umm_status status = umm_trust_open_read(path, NULL, fd, &info, &found);
    if (status == UMM_ERR_SYSTEM && found.sys_errno == ENOENT)
        return UMM_OK;
    if (!status && info.kind != UMM_FILE_REGULAR) {
        umm_file_close(fd);
        status = umm_error_set_path(&found, UMM_ERR_CONFLICT, path,
                                    "is not a regular file, and so no state");
    }
    if (status && err)
        *err = found;
    return status;
}

enum umm_status umm_checkpoint_check_replaced(const char *path, struct umm_error *err)
{
    char begin[sizeof magic];
    size_t n = 0;
    int fd;
    enum umm_status status = open_state(path, &fd, err);
    if (!status && fd >= 0)
        status = umm_file_read_begin(fd, path, begin, sizeof begin, &n, err);
    umm_file_close(&fd);
    if (!status && memcmp(begin, magic, n) != 0)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                    "not a state file: a state does not take its place");
    return status;
}

enum umm_status umm_checkpoint_load(const char *path, struct umm_checkpoint *out, bool *is_there,
                                    struct umm_error *err)
{
    struct umm_file_info info;
    char begin[AT_NUMERICS];
    void *bytes = NULL;
    size_t len;
    int fd;
    *out = (struct umm_checkpoint){.n_rows = 0};
    *is_there = false;
    enum umm_status status = open_state(path, &fd, err);
    if (status || fd < 0)
        return status;
    *is_there = true;
    status = umm_file_stat_fd(fd, path, &info, err);
    if (!status)
        status = umm_file_read_begin(fd, path, begin, sizeof begin, &len, err);
    /* Whatever is no state is not read as a whole: it may be of any size. */
    if (!status)
        status = place(check_begin(begin, len, info.size_bytes, err), path, err);
    if (!status)
        status = umm_file_read_whole_fd(fd, path, FILE_BYTES_MAX, &bytes, &len, err);
    umm_file_close(&fd);
    if (!status)
        status = place(umm_checkpoint_decode(bytes, len, out, err), path, err);
    free(bytes);
    return status;
}

enum umm_status umm_checkpoint_write(const struct umm_checkpoint *checkpoint, const char *path,
                                     bool is_swept, struct umm_outfile *file, struct umm_error *err)
{
    static const struct umm_outfile_options options = {.is_synced = false};
    char *bytes = NULL;
    size_t len;
    enum umm_status status = umm_checkpoint_encode(checkpoint, &bytes, &len, err);
    if (!status)
        status = umm_output_open_swept(file, path, is_swept, NULL, err);
    if (!status && umm_outfile_is_stream(file))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is no regular file");
    if (!status)
        status = umm_file_write_all(umm_outfile_fd(file), path, bytes, len, err);
    free(bytes);
    return status ? status : umm_outfile_prepare(file, &options, err);
}

enum umm_status umm_checkpoint_save(const struct umm_checkpoint *checkpoint, const char *path,
                                    struct umm_error *err)
{
    const struct umm_outfile_options options = {.is_synced = true};
    struct umm_outfile file = {0};
    char *bytes = NULL;
    size_t len;
    enum umm_status status = umm_checkpoint_encode(checkpoint, &bytes, &len, err);
    if (!status)
        status = umm_output_open_file(&file, path, NULL, err);
    if (!status)
        status = umm_outfile_finish(&file, bytes, len, &options, NULL, err);
    free(bytes);
    return status;
}
