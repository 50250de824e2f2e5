/* SPDX-License-Identifier: MIT */
#include "unpack/zipend.h"

#include <string.h>

#include "base/bytes.h"

bool umm_zipend_find(const char *tail, size_t len_bytes, size_t *n_members)
{
    enum { RECORD_BYTES = 22, DISKS_AT = 4, HERE_AT = 8, COUNT_AT = 10 };
    for (size_t at = len_bytes < RECORD_BYTES ? 0 : len_bytes - RECORD_BYTES + 1; at-- > 0;) {
        *n_members = (size_t)umm_bytes_get(tail + at + COUNT_AT, 2);
        if (memcmp(tail + at, "PK\5\6", 4) != 0 || umm_bytes_get(tail + at + DISKS_AT, 4) != 0 ||
            umm_bytes_get(tail + at + HERE_AT, 2) != *n_members)
            continue;
        return true;
    }
    return false;
}
