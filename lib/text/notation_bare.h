/* SPDX-License-Identifier: MIT */
/* notation_bare.h - a number without what is around its digits; private to notation*.c. */
#ifndef UMM_TEXT_NOTATION_BARE_H
#define UMM_TEXT_NOTATION_BARE_H

#include "text/notation.h"

/* Digits with what may be among them; before they are bare, all of the number. */
struct umm_bare {
    const char *text;
    size_t len;
    int power;
    bool is_negative;
    unsigned used; /* ways */
};

/* Leave out what is around the digits of a number of at least one byte; false: not such a one. */
bool umm_notation_strip(unsigned ways, struct umm_bare *bare);

/* Whether a number of at least one byte begins and ends in digits. */
static inline bool umm_notation_is_bare(const char *text, size_t len)
{
    const unsigned char first = (unsigned char)(text[0] - '0');
    const unsigned char last = (unsigned char)(text[len - 1] - '0');
    return first <= 9 && last <= 9;
}

/* The length of the mark between groups that text begins with; 0 if it is none. */
static inline size_t umm_group_mark_size(enum umm_group_mark mark, const char *text, size_t len)
{
    const bool is_wide = len >= 3 && text[0] == '\xe2' && text[1] == '\x80';
    switch (mark) {
    case UMM_GROUP_COMMA: return *text == ',';
    case UMM_GROUP_DOT: return *text == '.';
    case UMM_GROUP_APOSTROPHE: return *text == '\'' ? 1 : is_wide && text[2] == '\x99' ? 3 : 0;
    case UMM_GROUP_SPACE:
        if (*text == ' ')
            return 1;
        if (is_wide)
            return text[2] == '\x89' || text[2] == '\xaf' ? 3 : 0;
        return len >= 2 && text[0] == '\xc2' && text[1] == '\xa0' ? 2 : 0;
    case UMM_GROUP_NONE:
    case UMM_GROUP_MARKS: break;
    }
    return 0;
}

/* The sizes of groups of digits, one after the other. */
struct umm_groups {
    size_t n;
    size_t first; /* digits in the first of them */
    bool is_west, is_india;
};

/* Another group, of n digits, which a mark ends. */
static inline void umm_groups_add(struct umm_groups *groups, size_t n)
{
    if (groups->n++ == 0) {
        groups->first = n;
        groups->is_west = n >= 1 && n <= 3;
        groups->is_india = n >= 1 && n <= 2;
    } else {
        groups->is_west &= n == 3;
        groups->is_india &= n == 2;
    }
}

/* Whether n digits may be the last group. */
static inline bool umm_groups_end(const struct umm_groups *groups, size_t n)
{
    return n == 3 && (groups->is_west || groups->is_india);
}

#endif
