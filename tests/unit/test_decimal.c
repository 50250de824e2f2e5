/* SPDX-License-Identifier: MIT */
/* The engines of decimal.h against the exact parser of one number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "text/decimal.h"

#include "random.h"

enum { FIELDS = 512, ROOM = 64 * FIELDS, PAGE = 4096 };

static uint64_t state = RANDOM_SEED;

static uint64_t next_random(void)
{
    return xorshift64(&state);
}

static size_t below(size_t n)
{
    return (size_t)(next_random() % n);
}

/* One field of a random kind: mostly numbers, some nearly, some nothing. */
static size_t random_field(char *out)
{
    static const char alphabet[] = "0123456789.+-eE, \"x/:";
    size_t kind = below(10), len = 0;
    if (kind == 0)
        return 0;
    if (kind == 1) {
        for (size_t n = 1 + below(20); len < n; len++)
            out[len] = alphabet[below(sizeof alphabet - 1)];
        return len;
    }
    if (below(8) == 0)
        out[len++] = below(2) ? '-' : '+';
    size_t whole = below(kind == 2 ? 20 : 9), decimals = below(kind == 3 ? 20 : 9);
    for (size_t i = 0; i < whole; i++)
        out[len++] = (char)('0' + below(10));
    if (below(3)) {
        out[len++] = '.';
        for (size_t i = 0; i < decimals; i++)
            out[len++] = (char)('0' + below(10));
    }
    return len;
}

/* FIELDS fields separated by commas, ending at a guard page. */
struct sheet {
    char *map;
    char *text;
    size_t len;
    uint32_t positions[FIELDS + 1];
};

static void make_sheet(struct sheet *sheet)
{
    char text[ROOM];
    size_t len = 0;
    sheet->positions[0] = UINT32_MAX;
    for (size_t i = 0; i < FIELDS; i++) {
        len += random_field(text + len);
        sheet->positions[i + 1] = (uint32_t)len;
        text[len++] = ',';
    }
    len--; /* the last field ends at the end */
    sheet->text = sheet->map + UMM_DECIMAL_PAD + ROOM - len;
    memcpy(sheet->text, text, len);
    sheet->len = len;
}

static bool is_plain(const char *text, size_t len, double *value)
{
    return len <= 16 && text[len - 1] != '.' && !memchr(text, 'e', len) &&
           !memchr(text, 'E', len) && umm_num_parse_f64(text, len, '.', value) == UMM_NUM_OK;
}

/* Whether the digits, read as one integer, are at most 2^53. */
static bool is_small(const char *text, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++)
        if (text[i] >= '0' && text[i] <= '9')
            value = value * 10 + (uint64_t)(text[i] - '0');
    return value <= UINT64_C(1) << 53;
}

/* Fields of a sheet: field number k is the sheet's number first + k * stride. */
struct fields {
    uint32_t begins[FIELDS], ends[FIELDS];
    size_t n;
};

/* With late, fields 0, late, 2 * late and so on are said to begin a byte too early. */
static void pick(const struct sheet *sheet, size_t first, size_t stride, size_t late,
                 struct fields *out)
{
    out->n = 0;
    for (size_t i = first; i < FIELDS; i += stride) {
        bool is_late = late && out->n % late == 0;
        out->begins[out->n] = sheet->positions[i] - is_late;
        out->ends[out->n++] = sheet->positions[i + 1];
    }
}

static void check_f64(const struct sheet *sheet, enum umm_cpu cpu, size_t first, size_t stride,
                      size_t late, size_t out_stride)
{
    static char out[FIELDS * 24];
    uint32_t odd[FIELDS];
    struct fields fields;
    pick(sheet, first, stride, late, &fields);
    struct umm_decimal_column column = {.text = sheet->text,
                                        .begins = fields.begins,
                                        .ends = fields.ends,
                                        .begin_add = 1,
                                        .late_every = late,
                                        .n = fields.n,
                                        .out = out,
                                        .out_stride = out_stride,
                                        .point = '.',
                                        .is_empty_nan = true};
    size_t n_odd = umm_decimal_f64(cpu, &column, odd), at = 0;
    for (size_t k = 0; k < column.n; k++) {
        size_t i = first + k * stride;
        const char *text = sheet->text + (uint32_t)(sheet->positions[i] + 1);
        size_t len = sheet->positions[i + 1] - (uint32_t)(sheet->positions[i] + 1);
        double wanted = 0;
        uint64_t got, bits = 0x7ff8000000000000;
        bool is_odd = at < n_odd && odd[at] == k;
        at += is_odd;
        if (is_odd) {
            /* Only what is not plain may be left to the caller. */
            assert_false(len == 0 || (is_plain(text, len, &wanted) && is_small(text, len)));
            continue;
        }
        assert_false(len && text[len - 1] == '.');
        if (len)
            assert_int_equal(umm_num_parse_f64(text, len, '.', &wanted), UMM_NUM_OK);
        if (len)
            memcpy(&bits, &wanted, sizeof bits);
        memcpy(&got, out + k * out_stride, sizeof got);
        if (got != bits)
            fail_msg("engine %d: \"%.*s\": %llx, not %llx", (int)cpu, (int)len, text,
                     (unsigned long long)got, (unsigned long long)bits);
    }
    assert_int_equal(at, n_odd);
}

static void check_i64(const struct sheet *sheet, enum umm_cpu cpu, size_t stride)
{
    static char out[FIELDS * 8];
    uint32_t odd[FIELDS];
    struct fields fields;
    pick(sheet, 0, stride, 0, &fields);
    struct umm_decimal_column column = {.text = sheet->text,
                                        .begins = fields.begins,
                                        .ends = fields.ends,
                                        .begin_add = 1,
                                        .n = fields.n,
                                        .out = out,
                                        .out_stride = 8,
                                        .point = '.'};
    size_t n_odd = umm_decimal_i64(cpu, &column, odd), at = 0;
    for (size_t k = 0; k < column.n; k++) {
        const char *text = sheet->text + (uint32_t)(sheet->positions[k * stride] + 1);
        size_t len =
            sheet->positions[k * stride + 1] - (uint32_t)(sheet->positions[k * stride] + 1);
        int64_t wanted, got;
        if (at < n_odd && odd[at] == k) {
            at++;
            continue;
        }
        assert_int_equal(umm_num_parse_i64(text, len, '.', &wanted), UMM_NUM_OK);
        memcpy(&got, out + k * 8, sizeof got);
        assert_int_equal(got, wanted);
    }
    assert_int_equal(at, n_odd);
}

static void engines_agree_with_the_exact_parser(void **unused)
{
    (void)unused;
    struct sheet sheet;
    size_t size = (UMM_DECIMAL_PAD + ROOM + 2 * PAGE - 1) / PAGE * PAGE;
    char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(map, MAP_FAILED);
    assert_int_equal(mprotect(map + size - PAGE, PAGE, PROT_NONE), 0);
    sheet.map = map + size - PAGE - UMM_DECIMAL_PAD - ROOM;
    for (int round = 0; round < 300; round++) {
        make_sheet(&sheet);
        for (int cpu = 0; cpu <= (int)umm_cpu_best(); cpu++) {
            check_f64(&sheet, (enum umm_cpu)cpu, 0, 1, 0, 8);
            check_f64(&sheet, (enum umm_cpu)cpu, 0, 1, 1 + below(30), 8);
            check_f64(&sheet, (enum umm_cpu)cpu, below(6), 6, below(4), 24);
            check_i64(&sheet, (enum umm_cpu)cpu, 1 + below(4));
        }
    }
    munmap(map, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engines_agree_with_the_exact_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
