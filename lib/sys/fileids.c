/* SPDX-License-Identifier: MIT */
#include "sys/fileids.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct umm_fileid));
}

void umm_fileids_sort(struct umm_fileid *ids, size_t n)
{
    qsort(ids, n, sizeof *ids, compare);
}

bool umm_fileids_has_twins(const struct umm_fileid *ids, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (compare(&ids[i - 1], &ids[i]) == 0)
            return true;
    return false;
}

bool umm_fileids_meet(const struct umm_fileid *a, size_t n_a, const struct umm_fileid *b,
                      size_t n_b)
{
    for (size_t i = 0; i < n_b; i++)
        if (bsearch(&b[i], a, n_a, sizeof *a, compare))
            return true;
    return false;
}
