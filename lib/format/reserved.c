/* SPDX-License-Identifier: MIT */
#include "format/reserved.h"

#include "base/error.h"
#include "format/marks.h"
#include "sys/file.h"

static enum umm_status refuse(const char *path, const char *what, enum umm_hint hint,
                              struct umm_error *err)
{
    (void)umm_error_set_path(err, UMM_ERR_CONFLICT, path, "%s", what);
    return umm_error_hint(err, UMM_ERR_CONFLICT, hint);
}

enum umm_status umm_reserved_check(const struct umm_outfile_place *place, const char *path,
                                   struct umm_error *err)
{
    if (place->is_stream)
        return UMM_OK;
    if (umm_marks_pool(place->dir_fd))
        return refuse(path, "is in the directory of a pool", UMM_HINT_ADD_TO_POOL, err);
    if (umm_marks_store_file(place->dir_fd, place->base))
        return refuse(path, "is a file of a feature store", UMM_HINT_ADD_TO_STORE, err);
    return UMM_OK;
}

enum umm_status umm_reserved_check_path(const char *path, struct umm_error *err)
{
    struct umm_outfile_place place;
    if (umm_outfile_locate(&place, path, NULL))
        return UMM_OK;
    enum umm_status status = umm_reserved_check(&place, path, err);
    umm_file_close(&place.dir_fd);
    return status;
}
