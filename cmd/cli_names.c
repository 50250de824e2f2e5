/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"

/* Names are cut where they end; the text stays allocated, as they point into it. */
static const char *const *split_names(char *text, size_t len, size_t *n)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += text[i] == '\0';
    const char **names = calloc(count + 2, sizeof *names);
    *n = 0;
    for (size_t at = 0; names && at < len; at += strlen(text + at) + 1)
        names[(*n)++] = text + at;
    return names;
}

const char *const *cli_read_names0(const char *file, size_t *n, int *exit_code)
{
    enum { NAMES_BYTES_MAX = 256 * 1024 * 1024 };
    struct umm_error err = {.status = UMM_OK};
    const char *path = strcmp(file, "-") == 0 ? "/dev/stdin" : file;
    void *text = NULL;
    size_t len = 0;
    enum umm_status status = umm_file_read_whole(path, NAMES_BYTES_MAX, &text, &len, &err);
    /* The last name may lack its NUL. */
    char *whole = status ? NULL : realloc(text, len + 1);
    const char *const *names = NULL;
    if (whole) {
        whole[len] = '\0';
        names = split_names(whole, len, n);
    }
    if (!status && !names)
        umm_error_set_memory(&err, len, "the list of names");
    if (!names)
        *exit_code = cli_fail(&err);
    return names;
}

bool cli_parse_shard(const char *text, uint64_t *index, uint64_t *count)
{
    char digits[24];
    const char *slash = strchr(text, '/');
    if (!slash || (size_t)(slash - text) >= sizeof digits)
        return false;
    memcpy(digits, text, (size_t)(slash - text));
    digits[slash - text] = '\0';
    return cli_parse_count(slash + 1, 1, UINT32_MAX, count) &&
           cli_parse_count(digits, 0, *count - 1, index);
}
