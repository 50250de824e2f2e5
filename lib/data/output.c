/* SPDX-License-Identifier: MIT */
#include "data/output.h"

#include <string.h>

#include "base/error.h"
#include "data/archive.h"

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

/* The rows of an archive are not to go for one array; and its journal would stay. */
static enum umm_status refuse_archive(const char *path, struct umm_error *err)
{
    if (strcmp(path, "-") == 0 || !umm_archive_is(path))
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                              "is an archive: umm-archive append adds to it; to replace it, "
                              "remove it first");
}

enum umm_status umm_output_open(struct umm_output *output, const char *path, const char *pool_root,
                                uint64_t size_bytes, bool is_swept, struct umm_run *run,
                                struct umm_error *err)
{
    *output = (struct umm_output){.key = NULL};
    if (umm_output_is_entry(path))
        return open_entry(output, path, pool_root, size_bytes, run, err);
    enum umm_status status = refuse_archive(path, err);
    return status ? status : umm_outfile_open_swept(&output->file, path, is_swept, run, err);
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
