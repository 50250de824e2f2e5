/* SPDX-License-Identifier: MIT */
#include "sys/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"

_Static_assert(UMM_PROCFS_CWD == AT_FDCWD, "the kernel's number");

/* ---- files --------------------------------------------------------------- */

void umm_procfs_text_free(struct umm_procfs_text *text)
{
    free(text->bytes);
    memset(text, 0, sizeof *text);
}

static enum umm_status open_at(int dir_fd, const char *name, int flags, int *fd,
                               struct umm_error *err)
{
    *fd = umm_file_openat(dir_fd, name, flags | O_CLOEXEC | O_NOCTTY);
    return *fd < 0 ? umm_error_set_errno(err, errno, name, "cannot open") : UMM_OK;
}

enum umm_status umm_procfs_open(int dir_fd, const char *name, int *fd, struct umm_error *err)
{
    return open_at(dir_fd, name, O_PATH | O_DIRECTORY, fd, err);
}

/* Room for at least one more byte and the final zero. */
static enum umm_status make_room(struct umm_procfs_text *text, struct umm_error *err)
{
    enum { FIRST_BYTES = 8192 };
    size_t cap = FIRST_BYTES;
    if (text->cap_bytes - text->len_bytes >= 2)
        return UMM_OK;
    if (text->cap_bytes && __builtin_mul_overflow(text->cap_bytes, 2, &cap))
        cap = SIZE_MAX; /* which realloc refuses */
    char *bytes = realloc(text->bytes, cap);
    if (!bytes)
        return umm_error_set_memory(err, cap, "a text of the kernel");
    text->bytes = bytes;
    text->cap_bytes = cap;
    return UMM_OK;
}

static enum umm_status read_all(int fd, const char *name, struct umm_procfs_text *text,
                                struct umm_error *err)
{
    text->len_bytes = 0;
    for (;;) {
        enum umm_status status = make_room(text, err);
        if (status)
            return status;
        ssize_t n = read(fd, text->bytes + text->len_bytes, text->cap_bytes - text->len_bytes - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return umm_error_set_errno(err, errno, name, "cannot read");
        text->len_bytes += (size_t)n;
        text->bytes[text->len_bytes] = '\0';
        if (n == 0)
            return UMM_OK;
    }
}

enum umm_status umm_procfs_read(int dir_fd, const char *name, struct umm_procfs_text *text,
                                struct umm_error *err)
{
    int fd;
    enum umm_status status = open_at(dir_fd, name, O_RDONLY | O_NONBLOCK, &fd, err);
    if (status)
        return status;
    status = read_all(fd, name, text, err);
    (void)close(fd);
    return status;
}

bool umm_procfs_is_gone(const struct umm_error *err)
{
    return err->status == UMM_ERR_SYSTEM && (err->sys_errno == ESRCH || err->sys_errno == ENOENT);
}

bool umm_procfs_is_denied(const struct umm_error *err)
{
    return err->status == UMM_ERR_SYSTEM && (err->sys_errno == EACCES || err->sys_errno == EPERM);
}

/* ---- directories --------------------------------------------------------- */

struct numbers {
    uint32_t *at;
    size_t n, cap;
};

/*
 * Room for the descriptors of most programs at once: pieces that a list leaves as it grows stay in
 * malloc's cache, and a program that looks at itself would count them as memory in use.
 */
static enum umm_status add_number(struct numbers *list, uint64_t value, struct umm_error *err)
{
    enum { FIRST = 256 };
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : FIRST;
        uint32_t *at = realloc(list->at, cap * sizeof *at);
        if (!at)
            return umm_error_set_memory(err, cap * sizeof *at, "a list of numbers");
        list->at = at;
        list->cap = cap;
    }
    list->at[list->n++] = (uint32_t)value;
    return UMM_OK;
}

static enum umm_status read_numbers(DIR *dir, const char *name, struct numbers *list,
                                    struct umm_error *err)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry && errno)
            return umm_error_set_errno(err, errno, name, "cannot list");
        if (!entry)
            return UMM_OK;
        const char *at = entry->d_name;
        uint64_t value;
        if (!umm_procfs_number(&at, &value) || *at || value > UINT32_MAX)
            continue;
        enum umm_status status = add_number(list, value, err);
        if (status)
            return status;
    }
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

enum umm_status umm_procfs_list(int dir_fd, const char *name, uint32_t **numbers, size_t *n,
                                struct umm_error *err)
{
    struct numbers list = {0};
    int fd;
    *numbers = NULL;
    *n = 0;
    enum umm_status status = open_at(dir_fd, name, O_RDONLY | O_DIRECTORY, &fd, err);
    if (status)
        return status;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        status = umm_error_set_errno(err, errno, name, "cannot list");
        (void)close(fd);
        return status;
    }
    status = read_numbers(dir, name, &list, err);
    (void)closedir(dir);
    if (status) {
        free(list.at);
        return status;
    }
    if (list.n)
        qsort(list.at, list.n, sizeof *list.at, compare_numbers);
    *numbers = list.at;
    *n = list.n;
    return UMM_OK;
}

/* ---- texts --------------------------------------------------------------- */

const char *umm_procfs_next_line(const char *text)
{
    const char *end = strchr(text, '\n');
    return end ? end + 1 : text + strlen(text);
}

bool umm_procfs_number(const char **text, uint64_t *value)
{
    const char *p = *text;
    uint64_t v = 0;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
            return false;
    if (p == *text)
        return false;
    *text = p;
    *value = v;
    return true;
}

/* What stands after key up to the end of its line; NULL when there is no such line. */
static const char *find_value(const char *text, const char *key, size_t *len_bytes)
{
    size_t key_len = strlen(key);
    for (; *text; text = umm_procfs_next_line(text)) {
        if (strncmp(text, key, key_len) != 0)
            continue;
        text += key_len;
        text += strspn(text, " \t");
        *len_bytes = strcspn(text, "\n");
        return text;
    }
    return NULL;
}

bool umm_procfs_field(const char *text, const char *key, uint64_t *value)
{
    size_t len;
    uint64_t v;
    const char *at = find_value(text, key, &len);
    if (!at || !umm_procfs_number(&at, &v))
        return false;
    at += strspn(at, " ");
    if (strncmp(at, "kB", 2) == 0 && __builtin_mul_overflow(v, 1024, &v))
        return false;
    *value = v;
    return true;
}
