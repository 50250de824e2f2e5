/* SPDX-License-Identifier: MIT */
#include "sys/secret.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"

static enum umm_status check_file(const struct umm_file_info *info, const char *path,
                                  struct umm_error *err)
{
    if (info->kind == UMM_FILE_STREAM)
        return UMM_OK;
    if (info->kind != UMM_FILE_REGULAR)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                  "is neither a regular file nor a pipe");
    if (info->owner != geteuid())
        return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                  "has a password, but belongs to another user (uid %u)",
                                  info->owner);
    /* Of an ACL these bits have the mask: what it gives to others is among them. */
    if (info->mode & (S_IRWXG | S_IRWXO))
        return umm_error_set_path(
            err, UMM_ERR_CONFLICT, path,
            "has a password, but others may use it: chmod 600 keeps them out");
    return UMM_OK;
}

/* *len_bytes: up to the end of the line, or of the file; more than UMM_SECRET_MAX: there is more.
 */
static enum umm_status read_line(int fd, const char *path, struct umm_run *run, char *out,
                                 size_t *len_bytes, struct umm_error *err)
{
    size_t len = 0, n_read = 1;
    enum umm_status status = UMM_OK;
    const char *newline = NULL;
    while (!status && n_read && !newline && len <= UMM_SECRET_MAX) {
        status = umm_file_read(fd, path, run, out + len, UMM_SECRET_MAX + 1 - len, &n_read, err);
        if (status)
            break;
        newline = memchr(out + len, '\n', n_read);
        len += n_read;
    }
    *len_bytes = newline ? (size_t)(newline - out) : len;
    return status;
}

enum umm_status umm_secret_read(const char *path, struct umm_run *run, char out[UMM_SECRET_MAX + 1],
                                struct umm_error *err)
{
    struct umm_file_info info;
    size_t len = 0;
    int fd = -1;
    enum umm_status status = umm_file_open_read(path, &fd, &info, err);
    if (!status)
        status = check_file(&info, path, err);
    if (!status)
        status = read_line(fd, path, run, out, &len, err);
    umm_file_close(&fd);
    len -= !status && len > 0 && len <= UMM_SECRET_MAX && out[len - 1] == '\r';
    if (!status && len == 0)
        status = umm_error_set_path(err, UMM_ERR_DATA, path,
                                    "its first line, which is to be a password, is empty");
    else if (!status && len > UMM_SECRET_MAX)
        status = umm_error_set_path(err, UMM_ERR_DATA, path,
                                    "its first line is too long for a password");
    else if (!status && memchr(out, '\0', len))
        status = umm_error_set_path(err, UMM_ERR_DATA, path, "its first line has a zero byte");
    if (status)
        explicit_bzero(out, UMM_SECRET_MAX + 1);
    else
        out[len] = '\0';
    return status;
}
