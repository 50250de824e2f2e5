/* SPDX-License-Identifier: MIT */
/*
 * list.h - lists that grow by one element at a time, and the order of texts in them.
 */
#ifndef UMM_BASE_LIST_H
#define UMM_BASE_LIST_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Have room for one more element of each_bytes in a malloc'ed list of n, NULL for none yet. Returns
 * the list, which may have moved, or NULL with the list as it was: no memory. Only lists that grow
 * by this call alone may use it: it takes room for 16, and for twice as many at each power of two.
 */
static inline void *umm_list_room(void *list, size_t n, size_t each_bytes)
{
    const size_t first = 16;
    if (n && (n < first || (n & (n - 1)) != 0))
        return list;
    const size_t cap = n < first ? first : 2 * n;
    return cap > SIZE_MAX / 2 / each_bytes ? NULL : realloc(list, cap * each_bytes);
}

/* For qsort and bsearch over pointers to texts: by their bytes. */
static inline int umm_list_compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

#endif
