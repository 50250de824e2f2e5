/* SPDX-License-Identifier: MIT */
/*
 * Groups of digits the other way round, for the unit test and the fuzzer of text/notation.h:
 * digits are in groups if grouping them gives the text again.
 */
#ifndef UMM_TEST_NOTATION_H
#define UMM_TEST_NOTATION_H

#include "text/notation.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Write digits with mark between groups of three, or of two before the last three. */
static inline size_t group_digits(const char *digits, size_t n, const char *mark, bool is_india,
                                  char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        size_t left = n - i;
        bool is_end = is_india ? left == 3 || (left > 3 && left % 2 == 1) : left % 3 == 0;

        if (i > 0 && is_end) {
            memcpy(out + len, mark, strlen(mark));
            len += strlen(mark);
        }
        out[len++] = digits[i];
    }
    return len;
}

static const char *const group_marks[UMM_GROUP_MARKS][5] = {
    {NULL},
    {",", NULL},
    {".", NULL},
    {"'", "\xe2\x80\x99", NULL},
    {" ", "\xc2\xa0", "\xe2\x80\x89", "\xe2\x80\xaf", NULL}};

/* Whether text is digits in groups after mark: at least two groups, and no leading zero. */
static inline bool is_grouping(const char *text, size_t len, enum umm_group_mark mark)
{
    char digits[256], again[1024];
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        if (text[i] >= '0' && text[i] <= '9' && n < sizeof digits)
            digits[n++] = text[i];
    if (n == 0 || n == sizeof digits || digits[0] == '0')
        return false;
    for (size_t m = 0; group_marks[mark][m]; m++) {
        for (int is_india = 0; is_india < 2; is_india++) {
            size_t again_len = group_digits(digits, n, group_marks[mark][m], is_india, again);

            if (n > 3 && again_len == len && memcmp(again, text, len) == 0)
                return true;
        }
    }
    return false;
}

#endif
