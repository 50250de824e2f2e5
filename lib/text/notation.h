/* SPDX-License-Identifier: MIT */
/*
 * notation.h - numbers as people and spreadsheets write them: digits in groups, currency
 * and percent signs, suffixes such as K and M, negative numbers in parentheses, true and
 * false. Nothing of it is read unless a notation says so.
 *
 *   NUMBER    [SIGN] [CURRENCY] [SIGN] DIGITS [SUFFIX] [CURRENCY]     one sign, one currency
 *             [SIGN] DIGITS %
 *             (NUMBER) or CURRENCY (NUMBER), without a sign: negative
 *             true, false
 *   DIGITS    GROUPS[.[digits]][EXPONENT], or digits without groups
 *   GROUPS    1 to 3 digits, the first not 0, then groups of 3, all after the same mark; or
 *             1 or 2 digits, groups of 2, and a last one of 3 (India)
 *
 * Blanks may stand between digits and what is before or after them. There is no exponent
 * where a suffix or percent sign follows. A suffix moves the decimal point, and so may the
 * caller: the number is rounded once, after that.
 */
#ifndef UMM_TEXT_NOTATION_H
#define UMM_TEXT_NOTATION_H

#include "base/cpu.h"
#include "text/decimal.h"
#include "umm.h"

/* What stands between groups of digits. */
enum umm_group_mark {
    UMM_GROUP_NONE,
    UMM_GROUP_COMMA,
    UMM_GROUP_DOT,
    UMM_GROUP_APOSTROPHE, /* ' or U+2019 */
    UMM_GROUP_SPACE,      /* a space, or U+00A0, U+2009, U+202F */
    UMM_GROUP_MARKS
};

/* Ways of writing numbers, one bit each. */
enum {
    UMM_WAY_CURRENCY = 1 << 0,    /* $ US$ EUR and so on mean nothing */
    UMM_WAY_PERCENT = 1 << 1,     /* 2.31% is 2.31 */
    UMM_WAY_RATIO = 1 << 2,       /* 2.31% is 0.0231; not together with the other */
    UMM_WAY_SUFFIX = 1 << 3,      /* K M B T, bn and so on: 10^3, 10^6, 10^9, 10^12 */
    UMM_WAY_PARENTHESES = 1 << 4, /* (12.5) is -12.5 */
    UMM_WAY_BOOLEAN = 1 << 5,     /* true is 1, false is 0 */
    UMM_WAYS_ALL = (1 << 6) - 1
};

/* Zero is plain: digits, a point, an exponent. */
struct umm_notation {
    enum umm_group_mark mark;
    unsigned ways;
};

static inline bool umm_notation_is_plain(const struct umm_notation *notation)
{
    return notation->mark == UMM_GROUP_NONE && notation->ways == 0;
}

/* ---- names ------------------------------------------------------------------ */

/* The mark that a text is, or that is called so: apostrophe, space; false if none is. */
UMM_MUST_USE bool umm_group_mark_find(const char *name, enum umm_group_mark *mark);
const char *umm_group_mark_name(enum umm_group_mark mark);

/* The ways in a comma-separated list of currency, percent, ratio, suffix, parentheses, boolean. */
UMM_MUST_USE bool umm_ways_parse(const char *list, unsigned *ways);

/* That list; returns out. */
enum { UMM_WAYS_LIST_MAX = 64 };
const char *umm_ways_list(unsigned ways, char out[UMM_WAYS_LIST_MAX]);

/* ---- one number ------------------------------------------------------------- */

enum { UMM_WRITTEN_MAX = 512 };

/* A number in plain digits, its text in buffer or in the cell, which it borrows. */
struct umm_written {
    const char *text;
    size_t len_bytes;
    int power;                /* of ten, that it is multiplied by */
    struct umm_notation used; /* what of the notation was needed */
    char buffer[UMM_WRITTEN_MAX];
};

/*
 * Put the number at text, without blanks around it, into plain digits for the functions of
 * num.h, which have the last word on what is a number. False if the notation does not read it.
 */
UMM_MUST_USE bool umm_notation_read(const struct umm_notation *notation, char point,
                                    const char *text, size_t len_bytes,
                                    struct umm_written *written);

/* ---- a column --------------------------------------------------------------- */

/*
 * As umm_decimal_f64 and umm_decimal_i64, of numbers in a notation times 10^power: a number
 * is converted as above, or left to the caller.
 */
size_t umm_notation_f64(enum umm_cpu cpu, const struct umm_notation *notation, int power,
                        const struct umm_decimal_column *column, uint32_t *odd);
size_t umm_notation_i64(enum umm_cpu cpu, const struct umm_notation *notation, int power,
                        const struct umm_decimal_column *column, uint32_t *odd);

#endif
