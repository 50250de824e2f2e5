/* SPDX-License-Identifier: MIT */
/*
 * fuzz_notation.c - the first four bytes choose a notation, a decimal point and a power of
 * ten; the rest is fields, separated by semicolons. A field is read alone and by every engine
 * as one of a column, with the same bits; digits in groups are read if and only if grouping
 * them gives the text again (tests/notation.h), and are what strtod makes of them.
 */
#include "text/notation.h"

#include "../notation.h"
#include "text/num.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS_MAX = 64, FIELD_MAX = 100, ROOM = FIELDS_MAX * (FIELD_MAX + 1) };

static void require(bool is_true, const char *what, const char *text, size_t len)
{
    if (is_true)
        return;
    fprintf(stderr, "%s: \"%.*s\"\n", what, (int)len, text);
    abort();
}

struct sheet {
    struct umm_notation notation;
    char point;
    int power;
    const char *text;
    size_t n;
    uint32_t begins[FIELDS_MAX], ends[FIELDS_MAX];
};

static bool read_field(const struct sheet *sheet, size_t i, struct umm_written *number)
{
    const char *text = sheet->text + sheet->begins[i];
    bool is = umm_notation_read(&sheet->notation, sheet->point, text,
                                sheet->ends[i] - sheet->begins[i], number);
    number->power += sheet->power;
    return is;
}

/* Digits and marks alone. */
static void check_groups(const struct sheet *sheet, size_t i)
{
    const char *text = sheet->text + sheet->begins[i];
    const size_t len = sheet->ends[i] - sheet->begins[i];
    struct umm_written number;
    char digits[FIELD_MAX + 1];
    double value;
    size_t n = 0;
    for (size_t k = 0; k < len; k++) {
        if (text[k] >= '0' && text[k] <= '9')
            digits[n++] = text[k];
        else if (strchr("eE+-$%().KkMmBbTtnN", text[k]) || text[k] == sheet->point)
            return;
    }
    digits[n] = '\0';
    if (sheet->notation.ways || n == 0)
        return;
    bool is = umm_notation_read(&sheet->notation, sheet->point, text, len, &number) &&
              umm_num_parse_f64(number.text, number.len_bytes, sheet->point, &value) == UMM_NUM_OK;
    require(is == (n == len || is_grouping(text, len, sheet->notation.mark)), "groups", text, len);
    require(!is || value == strtod(digits, NULL), "another number", text, len);
}

static void check_columns(const struct sheet *sheet, enum umm_cpu cpu)
{
    static char f64[8 * FIELDS_MAX], i64[8 * FIELDS_MAX];
    uint32_t odd_f64[FIELDS_MAX], odd_i64[FIELDS_MAX];
    struct umm_decimal_column column = {.text = sheet->text,
                                        .begins = sheet->begins,
                                        .ends = sheet->ends,
                                        .n = sheet->n,
                                        .out = f64,
                                        .out_stride = 8,
                                        .point = sheet->point};
    size_t n_f64 = umm_notation_f64(cpu, &sheet->notation, sheet->power, &column, odd_f64);
    column.out = i64;
    size_t n_i64 = umm_notation_i64(cpu, &sheet->notation, sheet->power, &column, odd_i64);
    for (size_t i = 0, at_f64 = 0, at_i64 = 0; i < sheet->n; i++) {
        const char *text = sheet->text + sheet->begins[i];
        const size_t len = sheet->ends[i] - sheet->begins[i];
        struct umm_written number;
        double f8 = 0;
        int64_t i8 = 0;
        bool is = read_field(sheet, i, &number);
        bool is_odd_f64 = at_f64 < n_f64 && odd_f64[at_f64] == i;
        bool is_odd_i64 = at_i64 < n_i64 && odd_i64[at_i64] == i;
        at_f64 += is_odd_f64;
        at_i64 += is_odd_i64;
        if (!is_odd_f64)
            require(is &&
                        umm_num_scaled_f64(number.text, number.len_bytes, sheet->point,
                                           number.power, &f8) == UMM_NUM_OK &&
                        memcmp(&f8, f64 + 8 * i, sizeof f8) == 0,
                    "binary64", text, len);
        if (!is_odd_i64)
            require(is &&
                        umm_num_scaled_i64(number.text, number.len_bytes, sheet->point,
                                           number.power, &i8) == UMM_NUM_OK &&
                        memcmp(&i8, i64 + 8 * i, sizeof i8) == 0,
                    "integer", text, len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sheet sheet;
    if (size < 4)
        return 0;
    sheet = (struct sheet){.notation = {(enum umm_group_mark)(data[0] % UMM_GROUP_MARKS),
                                        data[1] % (UMM_WAYS_ALL + 1)},
                           .point = data[2] & 1 ? ',' : '.',
                           .power = data[3] % 4 ? 0 : data[3] / 4 - 30};
    if (sheet.notation.mark == (sheet.point == ',' ? UMM_GROUP_COMMA : UMM_GROUP_DOT))
        sheet.notation.mark = UMM_GROUP_NONE;
    size -= 4;
    size = size < ROOM ? size : ROOM;
    /* No byte behind it, so that the sanitizer sees a read too far. */
    char *room = malloc(UMM_DECIMAL_PAD + size);
    if (!room)
        return 0;
    memset(room, '9', UMM_DECIMAL_PAD);
    memcpy(room + UMM_DECIMAL_PAD, data + 4, size);
    sheet.text = room + UMM_DECIMAL_PAD;
    for (size_t at = 0; at < size && sheet.n < FIELDS_MAX; at++) {
        const char *end = memchr(sheet.text + at, ';', size - at);
        size_t len = end ? (size_t)(end - sheet.text) - at : size - at;
        if (len <= FIELD_MAX && !memchr(sheet.text + at, '\0', len)) {
            sheet.begins[sheet.n] = (uint32_t)at;
            sheet.ends[sheet.n++] = (uint32_t)(at + len);
        }
        at += len;
    }
    for (size_t i = 0; i < sheet.n; i++)
        check_groups(&sheet, i);
    for (int cpu = 0; cpu <= (int)umm_cpu_best(); cpu++)
        check_columns(&sheet, (enum umm_cpu)cpu);
    free(room);
    return 0;
}
