/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"

/* No file has an empty name, and a list of nothing but NULs would take a lot of memory. */
static enum umm_status check_names(const char *file, const char *text, size_t len,
                                   struct umm_error *err)
{
    size_t n = 1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\0')
            continue;
        if (i == 0 || text[i - 1] == '\0')
            return umm_error_set_path(err, UMM_ERR_DATA,
                                      strcmp(file, "-") == 0 ? "standard input" : file,
                                      "name %zu is empty", n);
        n++;
    }
    return UMM_OK;
}

/* Names, and after them in the same memory the text that they point into. */
static const char **split_names(const char *text, size_t len, size_t *n)
{
    size_t count = 1;
    for (size_t i = 0; i < len; i++)
        count += text[i] == '\0';
    const char **names = calloc(1, (count + 1) * sizeof *names + len + 1);
    if (!names)
        return NULL;
    /* calloc's zero ends the last name, which may lack its NUL. */
    char *copy = (char *)(names + count + 1);
    memcpy(copy, text, len);
    *n = 0;
    for (size_t at = 0; at < len; at += strlen(copy + at) + 1)
        names[(*n)++] = copy + at;
    return names;
}

enum umm_status cli_read_whole(const char *file, size_t max_bytes, void **data, size_t *len,
                               struct umm_error *err)
{
    /* Not /dev/stdin: a socket cannot be opened again, nor can a file of another user's. */
    if (strcmp(file, "-") == 0)
        return umm_file_read_whole_fd(STDIN_FILENO, "standard input", max_bytes, data, len, err);
    int fd = -1;
    enum umm_status status = umm_file_open_read(file, &fd, NULL, err);
    if (!status)
        status = umm_file_read_whole_fd(fd, file, max_bytes, data, len, err);
    umm_file_close(&fd);
    return status;
}

const char **cli_read_names0(const char *file, size_t *n, int *exit_code)
{
    enum { NAMES_BYTES_MAX = 64 * 1024 * 1024 };
    struct umm_error err = {.status = UMM_OK};
    const char **names = NULL;
    void *text = NULL;
    size_t len = 0;
    enum umm_status status = cli_read_whole(file, NAMES_BYTES_MAX, &text, &len, &err);
    if (!status)
        status = check_names(file, text, len, &err);
    if (!status)
        names = split_names(text, len, n);
    if (!status && !names)
        umm_error_set_memory(&err, len, "the list of names");
    free(text);
    if (!names)
        *exit_code = cli_fail(&err);
    return names;
}
