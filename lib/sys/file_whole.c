/* SPDX-License-Identifier: MIT */
/* Files that are read as a whole. */
#include "sys/file.h"

#include "base/error.h"

#include <stdlib.h>

/* Content being read: cap_bytes allocated, one of them kept for the final zero. */
struct content {
    char *bytes;
    size_t len_bytes;
    size_t cap_bytes;
};

static enum umm_status content_resize(struct content *c, size_t cap_bytes, struct umm_error *err)
{
    char *bytes = realloc(c->bytes, cap_bytes);
    if (!bytes)
        return umm_error_set_memory(err, cap_bytes, "a file's content");
    c->bytes = bytes;
    c->cap_bytes = cap_bytes;
    return UMM_OK;
}

/* Twice as much, but no more than shows that there are more than max_bytes. */
static enum umm_status content_grow(struct content *c, size_t max_bytes, struct umm_error *err)
{
    size_t cap_bytes, enough_bytes;
    if (__builtin_mul_overflow(c->cap_bytes, 2, &cap_bytes))
        cap_bytes = SIZE_MAX; /* which realloc refuses */
    if (!__builtin_add_overflow(max_bytes, 2, &enough_bytes) && enough_bytes < cap_bytes)
        cap_bytes = enough_bytes;
    return content_resize(c, cap_bytes, err);
}

static enum umm_status read_content(int fd, const char *path, size_t max_bytes, struct content *c,
                                    struct umm_error *err)
{
    for (;;) {
        enum umm_status status = UMM_OK;
        size_t n_read = 0;
        if (c->len_bytes + 1 == c->cap_bytes)
            status = content_grow(c, max_bytes, err);
        if (!status)
            status = umm_file_read(fd, path, NULL, c->bytes + c->len_bytes,
                                   c->cap_bytes - c->len_bytes - 1, &n_read, err);
        if (status || n_read == 0)
            return status;
        c->len_bytes += n_read;
        if (c->len_bytes > max_bytes)
            return umm_error_set_path(err, UMM_ERR_DATA, path, "larger than %zu bytes", max_bytes);
    }
}

enum umm_status umm_file_read_whole_fd(int fd, const char *path, size_t max_bytes, void **data,
                                       size_t *len, struct umm_error *err)
{
    /* A size that fits leaves room to see the end; others (/proc says 0) grow. */
    enum { CAP_MIN = 4096 };
    struct content content = {0};
    struct umm_file_info info;
    enum umm_status status = umm_file_stat_fd(fd, path, &info, err);
    if (status)
        return status;
    if (info.size_bytes > max_bytes)
        status = umm_error_set_path(err, UMM_ERR_DATA, path, "larger than %zu bytes", max_bytes);
    else if (info.size_bytes > SIZE_MAX - CAP_MIN)
        status = umm_error_set_memory(err, SIZE_MAX, "a file's content");
    else
        status = content_resize(&content, (size_t)info.size_bytes + CAP_MIN, err);
    if (!status)
        status = read_content(fd, path, max_bytes, &content, err);
    if (status) {
        free(content.bytes);
        return status;
    }
    content.bytes[content.len_bytes] = '\0';
    *data = content.bytes;
    *len = content.len_bytes;
    return UMM_OK;
}

enum umm_status umm_file_read_whole(const char *path, size_t max_bytes, void **data, size_t *len,
                                    struct umm_error *err)
{
    struct umm_file_info info;
    int fd = -1;
    enum umm_status status = umm_file_open_read(path, &fd, &info, err);
    if (!status && info.kind != UMM_FILE_REGULAR)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is not a regular file");
    if (!status)
        status = umm_file_read_whole_fd(fd, path, max_bytes, data, len, err);
    umm_file_close(&fd);
    return status;
}
