/* SPDX-License-Identifier: MIT */
#include "reading/celladvice.h"

#include <string.h>

#include "text/words.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* How a cell is written that was not read: what to add to the notation. */
struct written {
    unsigned ways;
    enum umm_group_mark mark;
    bool is_comma_decimal;
};

/* Whether the cell is a number in that notation; *used is what of it is not in known. */
static bool is_number(struct umm_csv_field cell, char decimal, struct umm_notation notation,
                      const struct umm_notation *known, struct written *used)
{
    struct umm_written number;
    double ignored;
    if (!umm_notation_read(&notation, decimal, cell.text, cell.len_bytes, &number) ||
        umm_num_parse_f64(number.text, number.len_bytes, decimal, &ignored) == UMM_NUM_MALFORMED)
        return false;
    used->ways = number.used.ways & ~known->ways;
    used->mark = number.used.mark == known->mark ? UMM_GROUP_NONE : number.used.mark;
    return true;
}

/* Try every mark between groups of digits, and every way of writing numbers. */
static bool find_marks(struct umm_csv_field cell, char decimal, const struct umm_notation *known,
                       struct written *used)
{
    /* A percent sign is asked for by whichever of both is not known to be meant. */
    const unsigned not_meant = known->ways & UMM_WAY_RATIO ? UMM_WAY_PERCENT : UMM_WAY_RATIO;
    for (int m = UMM_GROUP_NONE; m < UMM_GROUP_MARKS; m++) {
        const struct umm_notation tried = {(enum umm_group_mark)m, UMM_WAYS_ALL & ~not_meant};
        const bool is_point =
            (m == UMM_GROUP_DOT && decimal == '.') || (m == UMM_GROUP_COMMA && decimal == ',');
        if (!is_point && is_number(cell, decimal, tried, known, used))
            return true;
    }
    return false;
}

/* Try those with the decimal point as it is, then with a decimal comma. */
static bool find_written(struct umm_csv_field cell, char decimal, const struct umm_notation *known,
                         struct written *used)
{
    *used = (struct written){.ways = 0};
    if (find_marks(cell, decimal, known, used))
        return true;
    used->is_comma_decimal = decimal == '.';
    return used->is_comma_decimal && find_marks(cell, ',', known, used);
}

/* "1,500": three digits after a comma, and no point. */
static bool may_be_decimal(struct umm_csv_field cell)
{
    const char *comma = memchr(cell.text, ',', cell.len_bytes);
    const char *end = cell.text + cell.len_bytes;
    return comma && !memchr(comma + 1, ',', (size_t)(end - comma - 1)) &&
           !memchr(cell.text, '.', cell.len_bytes);
}

/* ways: all that will have to be named. */
static enum umm_hint hint_of(const struct written *used, unsigned ways, struct umm_csv_field cell)
{
    const bool has_mark = used->mark != UMM_GROUP_NONE;
    if (ways == UMM_WAY_PERCENT && !has_mark && !used->is_comma_decimal)
        return UMM_HINT_PERCENT;
    if (used->is_comma_decimal)
        return used->ways && has_mark ? UMM_HINT_NUMBERS_GROUPS_DECIMAL
               : used->ways           ? UMM_HINT_NUMBERS_DECIMAL
               : has_mark             ? UMM_HINT_GROUPS_DECIMAL
                                      : UMM_HINT_DECIMAL;
    if (used->ways)
        return has_mark ? UMM_HINT_NUMBERS_GROUPS : UMM_HINT_NUMBERS;
    return used->mark == UMM_GROUP_COMMA && may_be_decimal(cell) ? UMM_HINT_GROUPS_OR_DECIMAL
                                                                 : UMM_HINT_GROUPS;
}

static bool is_missing(struct umm_csv_field cell)
{
    static const char *const words[] = {
        "#N/A",         "#NA",      "#NULL!", "#VALUE!", "#REF!",     "#DIV/0!",
        "#NUM!",        "#NAME?",   "None",   "null",    "(null)",    "nil",
        "NaN",          "NA",       "N/A",    "<NA>",    "n.a.",      "n.a",
        "missing",      ".",        "..",     "...",     "-",         "--",
        "---",          "?",        "*",      "\\N",     "undefined", "\xe2\x80\x93",
        "\xe2\x80\x94", "#N/A N/A", NULL};
    return umm_is_word_of(words, cell.text, cell.len_bytes);
}

/* Letters and no digit. */
static bool is_text(struct umm_csv_field cell)
{
    size_t n = 0;
    for (size_t i = 0; i < cell.len_bytes; i++) {
        if (is_digit(cell.text[i]))
            return false;
        n += is_letter(cell.text[i]) || (unsigned char)cell.text[i] >= 0x80;
    }
    return n > 1;
}

/* The mark of known groups stands where no group ends. */
static bool is_misgrouped(struct umm_csv_field cell, enum umm_group_mark mark)
{
    static const char first[UMM_GROUP_MARKS] = {'\0', ',', '.', '\'', ' '};
    bool has_mark = false;
    for (size_t i = 0; i < cell.len_bytes; i++) {
        if (is_letter(cell.text[i]))
            return false;
        has_mark |= mark != UMM_GROUP_NONE && cell.text[i] == first[mark];
    }
    return has_mark;
}

struct umm_celladvice umm_celladvice_number(const struct umm_schema_field *field,
                                            struct umm_csv_field cell, char decimal,
                                            const struct umm_notation *notation)
{
    struct umm_celladvice advice = {.says = "", .hint = UMM_HINT_NONE};
    struct written used;
    if (is_missing(cell)) {
        advice.hint = UMM_HINT_MISSING;
        return advice;
    }
    const bool is_found = find_written(cell, decimal, notation, &used);
    if ((!is_found || used.is_comma_decimal) && is_misgrouped(cell, notation->mark)) {
        advice.says = "; groups have three digits, or two before the last three";
    } else if (is_found) {
        const unsigned ways = used.ways | notation->ways;
        advice.hint = hint_of(&used, ways, cell);
        umm_ways_list(ways, advice.values[0]);
        strcpy(advice.values[1], umm_group_mark_name(used.mark));
    } else if (field->role == UMM_ROLE_NONE && is_text(cell)) {
        advice.says = "; text cannot be stored";
        advice.hint = UMM_HINT_LEAVE_OUT;
    }
    return advice;
}
