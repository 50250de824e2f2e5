/* SPDX-License-Identifier: MIT */
#include "data/output.h"

#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "data/archive.h"
#include "data/archive_journal.h"
#include "data/guard.h"
#include "format/zstd.h"
#include "sys/file.h"

static const char PREFIX[] = "pool:";

bool umm_output_is_entry(const char *path)
{
    return strncmp(path, PREFIX, sizeof PREFIX - 1) == 0;
}

static enum umm_status open_entry(struct umm_output *output, const char *path,
                                  const char *pool_root, uint64_t size_bytes, struct umm_run *run,
                                  struct umm_error *err)
{
    char name[UMM_POOL_NAME_MAX + 2];
    const char *start = path + sizeof PREFIX - 1, *slash = strchr(start, '/');
    if (!slash)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, path,
                                  "has no key; an entry of a pool is pool:NAME/KEY");
    /* A name that is too long stays so, for its own message. */
    size_t len = (size_t)(slash - start);
    if (len > sizeof name - 1)
        len = sizeof name - 1;
    memcpy(name, start, len);
    name[len] = '\0';
    output->key = slash + 1;
    enum umm_status status =
        umm_pool_open(&output->pool, pool_root ? pool_root : UMM_POOL_ROOT, name, err);
    if (!status)
        status =
            umm_pool_begin(&output->pool, output->key, size_bytes, path, run, &output->file, err);
    if (status)
        umm_pool_close(&output->pool);
    return status;
}

enum { BEGIN_BYTES = 8 };

/* How many bytes the file begins with that the output replaces, at most BEGIN_BYTES; 0 for none. */
static size_t read_begin(const struct umm_outfile *out, char begin[BEGIN_BYTES])
{
    size_t n = 0;
    int fd = umm_outfile_open_replaced(out);
    if (fd >= 0 && umm_file_read(fd, out->path, NULL, begin, BEGIN_BYTES, &n, NULL) != UMM_OK)
        n = 0;
    umm_file_close(&fd);
    return n;
}

/* The rows of an archive, or of its journal, are not to go for one array. */
static enum umm_status refuse_archive(const struct umm_outfile *out, struct umm_error *err)
{
    char begin[BEGIN_BYTES];
    size_t n = read_begin(out, begin);
    if (n == BEGIN_BYTES && umm_journal_is(begin, n))
        return umm_error_set_path(err, UMM_ERR_CONFLICT, out->path, "is the journal of an archive");
    if (!umm_zstd_is_magic(begin, n) || !umm_archive_is(out->path))
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, out->path,
                              "is an archive: umm-archive append adds to it; to replace it, "
                              "remove it first");
}

/* Whether bytes that begin a file, the last character perhaps not whole, are text. */
static bool begins_text(const char *bytes, size_t n)
{
    enum { CHARACTER_MAX = 4 };
    uint32_t point;
    for (size_t i = 0, len; i < n; i += len) {
        len = umm_utf8_decode(bytes + i, n - i, &point);
        if (!len)
            return i > 0 && n - i < CHARACTER_MAX && n == BEGIN_BYTES;
        if (point < ' ' && point != '\t' && point != '\n' && point != '\r')
            return false;
    }
    return true;
}

enum umm_status umm_output_open_text(struct umm_outfile *out, const char *path,
                                     const struct umm_run *run, struct umm_error *err)
{
    char begin[BEGIN_BYTES];
    enum umm_status status = umm_outfile_open(out, path, run, err);
    if (!status)
        status = umm_guard_place(&out->place, path, err);
    if (!status && !begins_text(begin, read_begin(out, begin)))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                    "is no text, but data: a report does not take its place");
    if (status)
        umm_outfile_abort(out);
    return status;
}

enum umm_status umm_output_write_text(const char *path, const char *text, size_t len_bytes,
                                      const struct umm_run *run, struct umm_error *err)
{
    struct umm_outfile out;
    enum umm_status status = umm_output_open_text(&out, path, run, err);
    return status ? status : umm_outfile_finish(&out, text, len_bytes, NULL, err);
}

static enum umm_status open_file(struct umm_outfile *out, const char *path, bool is_swept,
                                 const struct umm_run *run, struct umm_error *err)
{
    enum umm_status status = umm_outfile_open_swept(out, path, is_swept, run, err);
    if (!status)
        status = umm_guard_place(&out->place, path, err);
    if (!status)
        status = refuse_archive(out, err);
    if (status)
        umm_outfile_abort(out);
    return status;
}

enum umm_status umm_output_open_file(struct umm_outfile *out, const char *path,
                                     const struct umm_run *run, struct umm_error *err)
{
    return open_file(out, path, false, run, err);
}

enum umm_status umm_output_open(struct umm_output *output, const char *path, const char *pool_root,
                                uint64_t size_bytes, bool is_swept, struct umm_run *run,
                                struct umm_error *err)
{
    *output = (struct umm_output){.key = NULL};
    if (umm_output_is_entry(path))
        return open_entry(output, path, pool_root, size_bytes, run, err);
    return open_file(&output->file, path, is_swept, run, err);
}

enum umm_status umm_output_commit(struct umm_output *output,
                                  const struct umm_outfile_options *options, struct umm_run *run,
                                  bool *is_changed, struct umm_error *err)
{
    enum umm_status status = output->pool.path
                                 ? umm_pool_commit(&output->pool, output->key, options, run,
                                                   &output->file, is_changed, err)
                                 : umm_outfile_commit(&output->file, options, is_changed, err);
    umm_output_abort(output);
    return status;
}

void umm_output_abort(struct umm_output *output)
{
    umm_outfile_abort(&output->file);
    umm_pool_close(&output->pool);
}
