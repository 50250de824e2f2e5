/* SPDX-License-Identifier: MIT */
#include "reading/celladvice.h"

#include <string.h>
#include <strings.h>

#include "text/words.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Take text off the cell's begin or end, if it is there. */
static bool strip(struct umm_csv_field *cell, const char *text, bool is_end)
{
    size_t len = strlen(text);
    if (cell->len_bytes <= len)
        return false;
    const char *at = is_end ? cell->text + cell->len_bytes - len : cell->text;
    if (strncasecmp(at, text, len) != 0)
        return false;
    cell->text += is_end ? 0 : len;
    cell->len_bytes -= len;
    while (cell->len_bytes && cell->text[0] == ' ') {
        cell->text++;
        cell->len_bytes--;
    }
    while (cell->len_bytes && cell->text[cell->len_bytes - 1] == ' ')
        cell->len_bytes--;
    return true;
}

static bool strip_any(struct umm_csv_field *cell, const char *const *texts, bool is_end)
{
    for (; *texts; texts++)
        if (strip(cell, *texts, is_end))
            return true;
    return false;
}

/* A mark between digits at text: its length, 0 for none. */
static size_t mark_size(const char *text, size_t len)
{
    static const char *const wide[] = {"\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89", NULL};
    if (strchr(",.' ", *text) && *text)
        return 1;
    for (const char *const *mark = wide; *mark; mark++)
        if (len >= strlen(*mark) && memcmp(text, *mark, strlen(*mark)) == 0)
            return strlen(*mark);
    return 0;
}

/* Digits with marks between them, and nothing else but a sign. */
struct marks {
    size_t n;              /* of marks */
    const char *first;     /* of them */
    const char *last;      /* NULL: none */
    size_t n_behind;       /* digits after the last */
    bool is_in_threes;     /* groups of two or three digits, the last one of three */
    bool is_another_point; /* the last one is another mark than those before */
};

static bool find_marks(struct umm_csv_field cell, struct marks *marks)
{
    bool has_digit = false;
    size_t i = cell.len_bytes && (cell.text[0] == '+' || cell.text[0] == '-'), run = 0;
    *marks = (struct marks){.is_in_threes = true};
    while (i < cell.len_bytes) {
        const char *at = cell.text + i;
        size_t size = is_digit(*at) ? 0 : mark_size(at, cell.len_bytes - i);
        if (is_digit(*at)) {
            has_digit = true;
            run++;
            i++;
            continue;
        }
        /* Nothing follows another mark: it was the decimal one. */
        if (!size || !has_digit || marks->is_another_point)
            return false;
        marks->is_another_point = marks->last && *marks->last != *at;
        if (marks->last)
            marks->is_in_threes &= run == 3 || (run == 2 && !marks->is_another_point);
        marks->first = marks->first ? marks->first : at;
        marks->last = at;
        marks->n++;
        run = 0;
        i += size;
    }
    marks->n_behind = run;
    if (marks->last && !marks->is_another_point)
        marks->is_in_threes &= run == 3;
    return has_digit;
}

static bool is_decimal(struct umm_csv_field cell)
{
    struct marks marks;
    return find_marks(cell, &marks);
}

/* "1,500", "12,34,567", "1.500.000", "1 500", "1,500.25". */
static bool is_grouped(struct umm_csv_field cell)
{
    struct marks marks;
    return find_marks(cell, &marks) && marks.n && marks.is_in_threes;
}

static bool is_comma_decimal(struct umm_csv_field cell)
{
    struct marks marks;
    return find_marks(cell, &marks) && marks.n == 1 && *marks.first == ',';
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

/* Which way of writing numbers the cell has; "" for none of these. */
static const char *unread_way(struct umm_csv_field cell)
{
    static const char *const currencies[] = {"$",        "US$",      "-$",           "\xe2\x82\xac",
                                             "\xc2\xa3", "\xc2\xa5", "\xe2\x82\xb9", "\xe2\x82\xa9",
                                             "USD",      "EUR",      "GBP",          NULL};
    static const char *const suffixes[] = {
        "K", "M", "B", "T", "bn", "mn", "\xe4\xb8\x87", "\xe4\xba\xbf", NULL};
    struct umm_csv_field rest = cell;
    if ((strip_any(&rest, currencies, false) || strip_any(&rest, currencies, true)) &&
        is_decimal(rest))
        return "; currency signs are not read";
    rest = cell;
    if (strip(&rest, "%", true) && is_decimal(rest))
        return "; percent signs are not read";
    rest = cell;
    if (strip_any(&rest, suffixes, true) && is_decimal(rest))
        return "; suffixes such as K, M and B are not read";
    rest = cell;
    if (strip(&rest, "(", false) && strip(&rest, ")", true) && is_decimal(rest))
        return "; a negative number in parentheses is not read";
    return "";
}

struct umm_celladvice umm_celladvice_number(const struct umm_schema_field *field,
                                            struct umm_csv_field cell, char decimal)
{
    static const char *const booleans[] = {"true", "false", "yes", "no", NULL};
    if (is_missing(cell))
        return (struct umm_celladvice){"", UMM_HINT_MISSING};
    if (umm_is_word_of(booleans, cell.text, cell.len_bytes))
        return (struct umm_celladvice){"; true and false are not read as numbers", UMM_HINT_NONE};
    if (is_grouped(cell))
        return (struct umm_celladvice){"; grouped digits are not read", UMM_HINT_NONE};
    if (decimal == '.' && is_comma_decimal(cell))
        return (struct umm_celladvice){"", UMM_HINT_DECIMAL};
    const char *way = unread_way(cell);
    if (!*way && field->role == UMM_ROLE_NONE && is_text(cell))
        return (struct umm_celladvice){"; text cannot be stored", UMM_HINT_LEAVE_OUT};
    return (struct umm_celladvice){way, UMM_HINT_NONE};
}
