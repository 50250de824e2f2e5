/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "store/store_files.h"
#include "sys/file.h"
#include "text/num.h"
#include "text/print.h"

/* "ttl_ns 1800000000000" and a newline. */
static const char BEGIN[] = "ttl_ns ";
enum { BEGIN_BYTES = sizeof BEGIN - 1 };

enum umm_status umm_store_check_ttl(int64_t ttl_ns, struct umm_error *err)
{
    static const int64_t MS = 1000000;
    if (ttl_ns >= MS)
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_ARGUMENT, "a time to live is at least 1 ms");
}

size_t umm_store_print_ttl(char out[UMM_STORE_TTL_LINE_MAX], int64_t ttl_ns)
{
    memcpy(out, BEGIN, BEGIN_BYTES);
    char *end = umm_print_i64(out + BEGIN_BYTES, ttl_ns);
    *end++ = '\n';
    return (size_t)(end - out);
}

static bool parse(const char *line, size_t len, int64_t *ttl_ns)
{
    int64_t value;
    if (len < BEGIN_BYTES + 2 || memcmp(line, BEGIN, BEGIN_BYTES) != 0 || line[len - 1] != '\n' ||
        umm_num_parse_i64(line + BEGIN_BYTES, len - BEGIN_BYTES - 1, '.', &value) != UMM_NUM_OK ||
        umm_store_check_ttl(value, NULL) != UMM_OK)
        return false;
    *ttl_ns = value;
    return true;
}

enum umm_status umm_store_read_ttl(const struct umm_store *store, int64_t *ttl_ns,
                                   struct umm_error *err)
{
    char line[UMM_STORE_TTL_LINE_MAX];
    int fd = -1;
    struct umm_file_info info;
    struct umm_error cause;
    *ttl_ns = 0;
    enum umm_status status = umm_file_open_read(store->ttl_path, &fd, &info, &cause);
    if (status == UMM_ERR_SYSTEM && cause.sys_errno == ENOENT)
        return UMM_OK;
    if (status && err)
        *err = cause;
    if (status)
        return status;
    const size_t len = info.size_bytes < sizeof line ? (size_t)info.size_bytes : 0;
    status = umm_file_pread_all(fd, store->ttl_path, line, len, 0, err);
    umm_file_close(&fd);
    if (!status && !parse(line, len, ttl_ns))
        status = umm_error_set_path(err, UMM_ERR_DATA, store->ttl_path,
                                    "is not the time to live of a feature store");
    return status;
}
