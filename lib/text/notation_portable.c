/* SPDX-License-Identifier: MIT */
/* The portable engine: one byte after the other. */
#include <string.h>

#include "text/notation_engines.h"

/* Digits in more bytes are rare, and may be too many for 64 bits. */
enum { DIGITS_BYTES_MAX = 40, DIGITS_MAX = 18 };

/* Digits up to a byte that is none: where they end. */
static inline const char *read_digits(const char *at, const char *end, uint64_t *value)
{
    for (; at < end && (unsigned char)(*at - '0') <= 9; at++)
        *value = *value * 10 + (uint64_t)(*at - '0');
    return at;
}

/* Digits in groups, or without, up to the point: where they end; NULL: no such digits. */
static inline const char *read_groups(const struct how *how, const char *at, const char *end,
                                      struct umm_groups *groups, size_t *n_digits, uint64_t *value)
{
    const char *before = NULL;
    const bool is_zero = *at == '0';
    for (;;) {
        const char *begin = at;
        at = read_digits(at, end, value);
        const size_t n = (size_t)(at - begin);
        *n_digits += n;
        if (at == end || *at == how->point)
            return groups->n == 0 || (!is_zero && umm_groups_end(groups, n)) ? at : NULL;
        const size_t size = umm_group_mark_size(how->mark, at, (size_t)(end - at));
        if (!size || (before && (*before != *at || memcmp(before, at, size) != 0)))
            return NULL;
        umm_groups_add(groups, n);
        before = at;
        at += size;
    }
}

struct plain umm_notation_digits(const struct how *how, const char *end, size_t len)
{
    struct plain r = {.is_odd = true};
    struct umm_groups groups = {.n = 0};
    size_t n_digits = 0;
    if (len == 0 || len > DIGITS_BYTES_MAX)
        return r;
    const char *at = read_groups(how, end - len, end, &groups, &n_digits, &r.value);
    if (!at || n_digits == 0)
        return r;
    if (at < end) {
        r.has_point = true;
        r.n_decimals = (unsigned)(end - at) - 1;
        n_digits += r.n_decimals;
        at = read_digits(at + 1, end, &r.value);
        if (at < end || r.n_decimals == 0)
            return r;
    }
    r.is_odd = n_digits > DIGITS_MAX || r.value > UINT64_C(1) << 53;
    return r;
}

#define NOTATION_NAME(type) umm_notation_##type##_portable
#define NOTATION_SCOPE
#define NOTATION_TARGET
#define NOTATION_DIGITS umm_notation_digits
#include "text/notation_fields.inc"
