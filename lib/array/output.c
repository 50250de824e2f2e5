/* SPDX-License-Identifier: MIT */
#include "array/output.h"

#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "archive/archive_journal.h"
#include "base/error.h"
#include "base/utf8.h"
#include "format/reserved.h"
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
    enum umm_status status = umm_pool_open(pool_root, name, &output->pool, err);
    if (!status)
        status =
            umm_pool_begin(output->pool, output->key, size_bytes, path, run, &output->file, err);
    if (status) {
        umm_pool_close(output->pool);
        output->pool = NULL;
    }
    return status;
}

enum umm_status umm_output_scratch(struct umm_rowfile *rows, const char *path, bool is_stream,
                                   const char *scratch_dir, size_t row_bytes, struct umm_run *run,
                                   struct umm_error *err)
{
    /* In a pool it would take memory that the budget does not see. */
    if (is_stream || !path || umm_output_is_entry(path))
        return umm_rowfile_open_scratch(rows, scratch_dir ? scratch_dir : "/tmp", row_bytes, run,
                                        err);
    const char *slash = strrchr(path, '/');
    if (!slash)
        return umm_rowfile_open_scratch(rows, ".", row_bytes, run, err);
    char *dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (!dir)
        return umm_error_set_memory(err, strlen(path), "a path");
    enum umm_status status = umm_rowfile_open_scratch(rows, dir, row_bytes, run, err);
    free(dir);
    return status;
}

/* Enough for the marks of archives and journals, and for no state to look like text. */
enum { BEGIN_BYTES = 16 };

/*
 * The first *n bytes of the file that the output replaces; 0 for none. One that cannot be read may
 * be anything: it is not replaced.
 */
static enum umm_status read_begin(const struct umm_outfile *out, const struct umm_run *run,
                                  char begin[BEGIN_BYTES], size_t *n, struct umm_error *err)
{
    int fd;
    *n = 0;
    enum umm_status status = umm_outfile_open_replaced(out, run, &fd, err);
    if (!status && fd >= 0)
        status = umm_file_read_begin(fd, out->path, begin, BEGIN_BYTES, n, err);
    umm_file_close(&fd);
    return status;
}

/* An archive that has no journal just now would take this for it, and be closed to all. */
static enum umm_status refuse_journal_name(const char *path, struct umm_error *err)
{
    const size_t len = umm_journal_archive_len(path);
    if (!len)
        return UMM_OK;
    char *archive = strndup(path, len);
    struct umm_file_info info;
    bool is_there = false, is_archive = false;
    if (!archive)
        return umm_error_set_memory(err, len, "a path");
    enum umm_status status = umm_file_find(archive, &is_there, &info, err);
    if (is_there)
        status = umm_archive_is(archive, &is_archive, err);
    free(archive);
    if (status || !is_archive)
        return status;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is the place of an archive's journal");
}

/* The rows of an archive, or of its journal, are not to go for one array. */
static enum umm_status refuse_archive(const struct umm_outfile *out, const struct umm_run *run,
                                      struct umm_error *err)
{
    char begin[BEGIN_BYTES];
    size_t n = 0;
    bool is_archive = false;
    enum umm_status status = read_begin(out, run, begin, &n, err);
    if (!status && umm_journal_is(begin, n))
        return umm_error_set_path(err, UMM_ERR_CONFLICT, out->path, "is the journal of an archive");
    if (!status && umm_zstd_is_magic(begin, n))
        status = umm_archive_is(out->path, &is_archive, err);
    if (status || !is_archive)
        return status ? status : refuse_journal_name(out->path, err);
    status = umm_error_set_path(err, UMM_ERR_CONFLICT, out->path, "is an archive");
    return umm_error_hint(err, status, UMM_HINT_ADD_TO_ARCHIVE);
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
    size_t n = 0;
    enum umm_status status = umm_outfile_open(out, path, run, err);
    if (!status)
        status = umm_reserved_check(&out->place, path, err);
    if (!status)
        status = read_begin(out, run, begin, &n, err);
    if (!status && !begins_text(begin, n))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                    "is no text, but data: a report does not take its place");
    if (!status)
        status = refuse_journal_name(path, err);
    if (status)
        umm_outfile_abort(out);
    return status;
}

enum umm_status umm_output_write_text(const char *path, const char *text, size_t len_bytes,
                                      struct umm_run *run, struct umm_error *err)
{
    struct umm_outfile out;
    enum umm_status status = umm_output_open_text(&out, path, run, err);
    return status ? status : umm_outfile_finish(&out, text, len_bytes, NULL, run, err);
}

enum umm_status umm_output_open_swept(struct umm_outfile *out, const char *path, bool is_swept,
                                      const struct umm_run *run, struct umm_error *err)
{
    enum umm_status status = umm_outfile_open_swept(out, path, is_swept, run, err);
    if (!status)
        status = umm_reserved_check(&out->place, path, err);
    if (!status)
        status = refuse_archive(out, run, err);
    if (status)
        umm_outfile_abort(out);
    return status;
}

enum umm_status umm_output_open_file(struct umm_outfile *out, const char *path,
                                     const struct umm_run *run, struct umm_error *err)
{
    return umm_output_open_swept(out, path, false, run, err);
}

enum umm_status umm_output_open(struct umm_output *output, const char *path, const char *pool_root,
                                uint64_t size_bytes, bool is_swept, struct umm_run *run,
                                struct umm_error *err)
{
    *output = (struct umm_output){.key = NULL};
    if (umm_output_is_entry(path))
        return open_entry(output, path, pool_root, size_bytes, run, err);
    return umm_output_open_swept(&output->file, path, is_swept, run, err);
}

enum umm_status umm_output_commit(struct umm_output *output,
                                  const struct umm_outfile_options *options, struct umm_run *run,
                                  bool *is_changed, struct umm_error *err)
{
    enum umm_status status = output->pool
                                 ? umm_pool_commit(output->pool, output->key, options, run,
                                                   &output->file, is_changed, err)
                                 : umm_outfile_commit(&output->file, options, is_changed, err);
    umm_output_abort(output);
    return status;
}

void umm_output_abort(struct umm_output *output)
{
    umm_outfile_abort(&output->file);
    umm_pool_close(output->pool);
    output->pool = NULL;
}
