/* SPDX-License-Identifier: MIT */
#include "text/nearest.h"

#include <string.h>

enum { LEN_MAX = 63 }; /* nobody mistypes longer names */

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Row i of the table has the distances of a's first i bytes from each start of b. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][LEN_MAX + 1];
    for (size_t i = 0; i <= a_len; i++) {
        size_t *now = rows[i % 3];
        const size_t *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t k = 1; k <= b_len; k++) {
            if (i == 0) {
                now[k] = k;
                continue;
            }
            const char x = fold(a[i - 1]), y = fold(b[k - 1]);
            now[k] = least(last[k - 1] + (x != y), least(last[k], now[k - 1]) + 1);
            if (i > 1 && k > 1 && x == fold(b[k - 2]) && fold(a[i - 2]) == y)
                now[k] = least(now[k], before[k - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

void umm_nearest_look(struct umm_nearest *nearest, const char *name)
{
    const size_t len = strlen(name), wanted_len = strlen(nearest->wanted);
    const size_t n_more = len > wanted_len ? len - wanted_len : wanted_len - len;
    if (len == 0 || wanted_len == 0 || len > LEN_MAX || wanted_len > LEN_MAX || n_more > len / 3)
        return;
    const size_t found = distance(nearest->wanted, wanted_len, name, len);
    if (found > len / 3 || (nearest->name && found >= nearest->distance))
        return;
    nearest->name = name;
    nearest->distance = found;
}
