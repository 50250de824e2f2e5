/* SPDX-License-Identifier: MIT */
/* Opening what is there already for writing in place; above outfile, which is above file. */
#include "sys/file.h"

#include "base/error.h"
#include "sys/outfile.h"
#include "sys/trust.h"

#include <errno.h>
#include <fcntl.h>

static enum umm_status not_regular(const char *path, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is not a regular file");
}

/* Open what is an output as any other: what is said there of links holds here. */
static enum umm_status open_output(const char *path, int flags, int *fd, struct umm_file_info *info,
                                   struct umm_error *err)
{
    struct umm_outfile_place place;
    *fd = -1;
    enum umm_status status = umm_outfile_locate(&place, path, err);
    if (!status && place.is_stream)
        status = not_regular(path, err);
    if (!status) {
        *fd = umm_file_openat(place.dir_fd, place.base, flags | O_NOFOLLOW);
        const int sys_errno = *fd < 0 ? errno : 0;
        if (*fd < 0)
            status = umm_trust_check_name(place.dir_fd, place.base, path, "", err);
        if (*fd < 0 && !status)
            status = umm_file_open_error(err, sys_errno, path, "cannot open for writing");
    }
    if (!status)
        status = umm_file_stat_fd(*fd, path, info, err);
    if (!status)
        status = umm_trust_check(place.dir_fd, info, path, "", err);
    umm_file_close(&place.dir_fd);
    return status;
}

enum umm_status umm_file_open_update(const char *path, int *fd, struct umm_file_info *info,
                                     struct umm_error *err)
{
    enum umm_status status =
        open_output(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, fd, info, err);
    if (!status && info->kind != UMM_FILE_REGULAR)
        status = not_regular(path, err);
    if (status)
        umm_file_close(fd);
    return status;
}
