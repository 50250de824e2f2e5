/* SPDX-License-Identifier: MIT */
/*
 * Numbers in notations: what is read and what is not, against strtod; a column of them by
 * every engine against one at a time.
 */
#include "text/notation.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "../notation.h"
#include "random.h"
#include "text/num.h"

static uint64_t state = RANDOM_SEED;

static size_t below(size_t n)
{
    return (size_t)(xorshift64(&state) % n);
}

/* ---- one number ---- */

/* What the text is in that notation; NAN: it is no number. */
static double value_of(const char *text, enum umm_group_mark mark, unsigned ways, char point,
                       struct umm_written *number)
{
    const struct umm_notation notation = {mark, ways};
    double value;
    /* The text's bytes alone: what is behind it must not be read. */
    size_t len = strlen(text);
    char *copy = malloc(len + !len);
    memcpy(copy, text, len);
    bool is_read = umm_notation_read(&notation, point, copy, len, number) &&
                   umm_num_scaled_f64(number->text, number->len_bytes, point, number->power,
                                      &value) == UMM_NUM_OK;
    free(copy);
    return is_read ? value : NAN;
}

static void assert_value(const char *text, enum umm_group_mark mark, unsigned ways, double expected)
{
    struct umm_written number;
    double value = value_of(text, mark, ways, '.', &number);
    if (value != expected || signbit(value) != signbit(expected))
        fail_msg("\"%s\": %.17g, not %.17g", text, value, expected);
}

static void assert_none(const char *text, enum umm_group_mark mark, unsigned ways)
{
    struct umm_written number;
    double value = value_of(text, mark, ways, '.', &number);
    if (!isnan(value))
        fail_msg("\"%s\" was read as %.17g", text, value);
}

enum { ALL = UMM_WAYS_ALL & ~UMM_WAY_RATIO };

static void test_groups_are_read_where_all_are_whole(void **unused)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {{"1,234", 1234},
                {"-1,234.5", -1234.5},
                {"+12,345", 12345},
                {"1,234,567.25", 1234567.25},
                {"2,300,120,000", 2300120000},
                {"1,23,456.78", 123456.78},
                {"12,34,56,789", 123456789},
                {"12,34,567", 1234567},
                {"1234", 1234},
                {"1234.5", 1234.5},
                {"0.5", 0.5},
                {".5", 0.5},
                {"5.", 5},
                {"1,234.", 1234},
                {"1,234e3", 1234000},
                {"1e3", 1000},
                {"123,456,789,012,345,678,901", 123456789012345678901.0}};
    static const char *const bad[] = {
        "1,5",     "12,34",      "12,34,5",   "1234,567",  "1,,234",      ",123",    "123,",
        "1,234,",  "0,123",      "00,123",    "0,123,456", "1,2345",      "1,23,45", "1.234,5",
        "1.5,234", "1.234,567",  "1e1,234",   "1,234 567", "1'234",       "1 234",   "1,234'567",
        "1,23,4",  "123,45,678", "1,234,56",  "12,345,67", "-,123",       "1,-234",  "1,234.5.6",
        ",",       "1,234,5678", "1,234e1,5", "--1,234",   "1,234,56,789"};
    (void)unused;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_value(good[i].text, UMM_GROUP_COMMA, 0, good[i].value);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_none(bad[i], UMM_GROUP_COMMA, 0);
        assert_none(bad[i], UMM_GROUP_COMMA, ALL);
    }
    assert_none("1,234", UMM_GROUP_NONE, 0);
    assert_none("", UMM_GROUP_COMMA, ALL);
    assert_none("-", UMM_GROUP_COMMA, ALL);
}

static void test_each_mark_has_its_forms(void **unused)
{
    struct umm_written number;
    (void)unused;
    for (int m = UMM_GROUP_COMMA; m < UMM_GROUP_MARKS; m++) {
        for (size_t i = 0; group_marks[m][i]; i++) {
            char text[64], mixed[64];
            const char *mark = group_marks[m][i], point = m == UMM_GROUP_DOT ? ',' : '.';
            snprintf(text, sizeof text, "-1%s234%s567%c5", mark, mark, point);
            for (int other = UMM_GROUP_NONE; other < UMM_GROUP_MARKS; other++) {
                if (other == (point == '.' ? UMM_GROUP_DOT : UMM_GROUP_COMMA))
                    continue;
                double value = value_of(text, (enum umm_group_mark)other, 0, point, &number);
                assert_true(other == m ? value == -1234567.5 : isnan(value));
            }
            /* All marks of a number are the same. */
            if (i > 0) {
                snprintf(mixed, sizeof mixed, "1%s234%s567", mark, group_marks[m][0]);
                assert_true(isnan(value_of(mixed, (enum umm_group_mark)m, 0, point, &number)));
            }
        }
    }
}

static void test_random_digits_are_grouped_or_refused(void **unused)
{
    size_t n_good = 0;
    (void)unused;
    for (size_t round = 0; round < 200000; round++) {
        char digits[32], text[128];
        const int m = UMM_GROUP_COMMA + (int)below(UMM_GROUP_MARKS - 1);
        const char *const *marks = group_marks[m];
        const char *mark = marks[below(marks[1] ? marks[2] ? 4 : 2 : 1)];
        size_t n = 1 + below(15);
        for (size_t i = 0; i < n; i++)
            digits[i] = (char)('0' + below(10));
        size_t len = group_digits(digits, n, mark, below(2), text);
        if (below(2)) { /* one byte is lost, or another one */
            size_t at = below(len);
            memmove(text + at, text + at + 1, len - at - 1);
            len--;
            if (len && below(2))
                text[below(len)] = "0123456789,.' "[below(14)];
        }
        text[len] = '\0';
        const char point = m == UMM_GROUP_DOT ? ',' : '.';
        const bool is_plain = len && strspn(text, "0123456789") == len;
        const bool has_point = memchr(text, point, len);
        if (has_point)
            continue;
        struct umm_written number;
        double value = value_of(text, (enum umm_group_mark)m, 0, point, &number);
        bool is_good = is_plain || is_grouping(text, len, (enum umm_group_mark)m);
        if (is_good == isnan(value))
            fail_msg("\"%s\": %.17g", text, value);
        n_good += is_good && !is_plain;
        n = 0;
        for (size_t i = 0; i < len; i++)
            if (text[i] >= '0' && text[i] <= '9')
                digits[n++] = text[i];
        digits[n] = '\0';
        if (is_good)
            assert_true(value == strtod(digits, NULL));
    }
    assert_true(n_good > 10000);
}

static void test_currencies_suffixes_and_signs(void **unused)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {{"$192.71", 192.71},
                {"-$5", -5},
                {"$-5", -5},
                {"+$5", 5},
                {"$ 5", 5},
                {"5$", 5},
                {"5 $", 5},
                {"-5 USD", -5},
                {"US$5", 5},
                {"HK$ 5", 5},
                {"USD 5", 5},
                {"USDT5", 5},
                {"\xe2\x82\xac"
                 "5",
                 5},
                {"5\xc2\xa0\xe2\x82\xac", 5},
                {"\xc2\xa3"
                 "1,234.5",
                 1234.5},
                {"\xc2\xa5"
                 "5",
                 5},
                {"\xe2\x82\xb9 1,23,456.78", 123456.78},
                {"395.86M", 395860000},
                {"308.96K", 308960},
                {"1.5b", 1500000000},
                {"2T", 2e12},
                {"2bn", 2e9},
                {"2 mn", 2e6},
                {"1\xe4\xb8\x87", 10000},
                {"1.5 \xe4\xba\xbf", 150000000},
                {"-0.07M", -70000},
                {"$1.5M", 1500000},
                {"1.5M$", 1500000},
                {"5T$", 5e12},
                {"1.5M USD", 1500000},
                {"5BRL", 5},
                {"5MMXN", 5e6},
                {"2.31%", 2.31},
                {"-0.85 %", -0.85},
                {"+1,234%", 1234},
                {"(12.5)", -12.5},
                {"($1,234.5)", -1234.5},
                {"$(1,234.5)", -1234.5},
                {"$ ( 5 )", -5},
                {"(2.31%)", -2.31},
                {"(0)", -0.0},
                {"true", 1},
                {"False", 0},
                {"TRUE", 1}};
    static const char *const bad[] = {"$",
                                      "$$5",
                                      "$5$",
                                      "$5 USD",
                                      "--5",
                                      "-$-5",
                                      "$--5",
                                      "- 5",
                                      "5K5",
                                      "5KM",
                                      "5MM",
                                      "5Kn",
                                      "K",
                                      "5X",
                                      "1e3K",
                                      "1e3%",
                                      "%5",
                                      "5%%",
                                      "$5%",
                                      "5K%",
                                      "5%K",
                                      "(5",
                                      "5)",
                                      "(-5)",
                                      "-(5)",
                                      "((5))",
                                      "()",
                                      "($)",
                                      "$()",
                                      "(5)K",
                                      "true1",
                                      "t",
                                      "yes",
                                      "-true",
                                      "$true",
                                      "1,5K",
                                      "$1,5",
                                      "5 5",
                                      "ABC5",
                                      "5 XYZ",
                                      "0,5 \xe2\x82\xac",
                                      "M5",
                                      "5 M5",
                                      "n",
                                      "5n",
                                      "\xe2\x82\xa5"
                                      "5",
                                      "\xc2\xa2"
                                      "5",
                                      "5K 5",
                                      "5m\xc2"};
    (void)unused;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_value(good[i].text, UMM_GROUP_COMMA, ALL, good[i].value);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_none(bad[i], UMM_GROUP_COMMA, ALL);
    assert_value("2.31%", UMM_GROUP_NONE, UMM_WAY_RATIO, 0.0231);
    assert_value("-0.85%", UMM_GROUP_NONE, UMM_WAY_RATIO, -0.0085);
    /* Each is read only where it is asked for. */
    static const char *const asked[] = {"$5", "5%", "5K", "(5)", "true"};
    static const unsigned ways[] = {UMM_WAY_CURRENCY, UMM_WAY_PERCENT, UMM_WAY_SUFFIX,
                                    UMM_WAY_PARENTHESES, UMM_WAY_BOOLEAN};
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 5; k++) {
            struct umm_written number;
            double value = value_of(asked[i], UMM_GROUP_NONE, ways[k], '.', &number);
            assert_true(isnan(value) == (i != k));
            assert_true(i != k || number.used.ways == ways[k]);
        }
}

static void test_names_of_marks_and_ways(void **unused)
{
    enum umm_group_mark mark;
    unsigned ways;
    char list[UMM_WAYS_LIST_MAX];
    (void)unused;
    for (int m = UMM_GROUP_COMMA; m < UMM_GROUP_MARKS; m++) {
        assert_true(umm_group_mark_find(umm_group_mark_name((enum umm_group_mark)m), &mark));
        assert_int_equal(mark, m);
        for (size_t i = 0; group_marks[m][i]; i++) {
            assert_true(umm_group_mark_find(group_marks[m][i], &mark));
            assert_int_equal(mark, m);
        }
    }
    assert_false(umm_group_mark_find("", &mark));
    assert_false(umm_group_mark_find(",,", &mark));
    assert_false(umm_group_mark_find("_", &mark));
    for (unsigned w = 1; w <= UMM_WAYS_ALL; w++) {
        assert_true(umm_ways_parse(umm_ways_list(w, list), &ways));
        assert_int_equal(ways, w);
    }
    assert_string_equal(umm_ways_list(0, list), "");
    static const char *const bad[] = {"", "currency,", ",suffix", "percents", "suffix ratio"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(umm_ways_parse(bad[i], &ways));
}

/* ---- a column ---- */

enum { FIELDS = 512, ROOM = 96 * FIELDS, PAGE = 4096 };

struct sheet {
    char *map, *text;
    uint32_t begins[FIELDS], ends[FIELDS];
};

/* Digits of a random number, with a point or not, in groups or nearly so, or not. */
static size_t random_digits(char *out, const struct umm_notation *notation, char point)
{
    char digits[32];
    size_t n = 1 + below(below(8) ? 13 : 20), len;
    for (size_t i = 0; i < n; i++)
        digits[i] = (char)('0' + (i ? below(10) : 1 + below(9)));
    if (notation->mark != UMM_GROUP_NONE && below(4)) {
        const char *const *marks = group_marks[notation->mark];
        len = group_digits(digits, n, marks[below(8) || !marks[1] ? 0 : 1], below(4) == 0, out);
        if (below(6) == 0) { /* one digit too many in the first group, perhaps */
            memmove(out + 1, out, len++);
            out[0] = '7';
        }
    } else if (below(20) == 0) {
        out[0] = '0';
        len = 1;
    } else {
        memcpy(out, digits, n);
        len = n;
    }
    if (below(2)) {
        out[len++] = point;
        for (size_t i = below(7); i-- > 0;)
            out[len++] = (char)('0' + below(10));
    }
    if (below(12) == 0)
        out[below(len)] = "0123456789,.' eK$"[below(17)];
    return len;
}

static size_t random_number(char *out, const struct umm_notation *notation, char point)
{
    static const char *const before[] = {"$", "-", "-$", "$-", "\xe2\x82\xac ", "(", "US$", "+"};
    static const char *const after[] = {"K", "M", " bn", "%", ")", "$", " EUR", "T$"};
    size_t len = 0;
    if (below(20) == 0)
        return 0;
    if (notation->ways && below(2))
        len += (size_t)sprintf(out, "%s", before[below(8)]);
    len += random_digits(out + len, notation, point);
    if (notation->ways && below(2))
        len += (size_t)sprintf(out + len, "%s", after[below(8)]);
    return len;
}

/* The fields end right before a guard page. */
static void make_sheet(struct sheet *sheet, const struct umm_notation *notation, char point)
{
    static char text[ROOM];
    size_t len = 0;
    for (size_t i = 0; i < FIELDS; i++) {
        sheet->begins[i] = (uint32_t)len;
        len += random_number(text + len, notation, point);
        sheet->ends[i] = (uint32_t)len;
        text[len++] = ';';
    }
    len--;
    sheet->text = sheet->map + UMM_DECIMAL_PAD + ROOM - len;
    memcpy(sheet->text, text, len);
}

/* Whether an engine has no reason to leave the number to its caller. */
static bool is_easy(const struct umm_written *n, char point, double value, int power)
{
    size_t n_digits = 0;
    for (size_t i = 0; i < n->len_bytes; i++)
        n_digits += n->text[i] >= '0' && n->text[i] <= '9';
    const char *at = memchr(n->text, point, n->len_bytes);
    const char *first = n->text + (*n->text == '-' || *n->text == '+');
    return n_digits <= 15 && !memchr(n->text, 'e', n->len_bytes) && *first != point &&
           !(at && at == n->text + n->len_bytes - 1) && fabs(value) < 0x1p53 && power > -15 &&
           power < 15;
}

struct case_of {
    const struct sheet *sheet;
    struct umm_notation notation;
    enum umm_cpu cpu;
    int power;
    char point;
};

/* The plain digits of field i, and whether it is a number. */
static bool read_field(const struct case_of *c, size_t i, struct umm_written *number)
{
    const char *text = c->sheet->text + c->sheet->begins[i];
    bool is = umm_notation_read(&c->notation, c->point, text,
                                c->sheet->ends[i] - c->sheet->begins[i], number);
    number->power += c->power;
    return is;
}

static size_t check_f64(const struct case_of *c, const struct umm_decimal_column *column)
{
    static uint32_t odd[FIELDS];
    size_t n_odd = umm_notation_f64(c->cpu, &c->notation, c->power, column, odd), at = 0;
    for (size_t i = 0; i < FIELDS; i++) {
        struct umm_written number;
        double wanted = NAN, got;
        bool is_empty = c->sheet->begins[i] == c->sheet->ends[i];
        bool is =
            read_field(c, i, &number) && umm_num_scaled_f64(number.text, number.len_bytes, c->point,
                                                            number.power, &wanted) == UMM_NUM_OK;
        memcpy(&got, column->out + i * column->out_stride, sizeof got);
        if (at < n_odd && odd[at] == i) {
            at++;
            if (is_empty || (is && is_easy(&number, c->point, wanted, number.power)))
                fail_msg("cpu %d left \"%.*s\"", (int)c->cpu, (int)number.len_bytes, number.text);
            continue;
        }
        if (!(is_empty ? isnan(got) : is && memcmp(&got, &wanted, sizeof got) == 0))
            fail_msg("cpu %d: \"%.*s\" times 10^%d: %.17g, not %.17g", (int)c->cpu,
                     (int)(c->sheet->ends[i] - c->sheet->begins[i]),
                     c->sheet->text + c->sheet->begins[i], c->power, got, wanted);
    }
    assert_int_equal(at, n_odd);
    return n_odd;
}

static void check_i64(const struct case_of *c, const struct umm_decimal_column *column)
{
    static uint32_t odd[FIELDS];
    size_t n_odd = umm_notation_i64(c->cpu, &c->notation, c->power, column, odd), at = 0;
    for (size_t i = 0; i < FIELDS; i++) {
        struct umm_written number;
        int64_t wanted = 0, got;
        if (at < n_odd && odd[at] == i) {
            at++;
            continue;
        }
        assert_true(read_field(c, i, &number));
        assert_int_equal(
            umm_num_scaled_i64(number.text, number.len_bytes, c->point, number.power, &wanted),
            UMM_NUM_OK);
        memcpy(&got, column->out + i * column->out_stride, sizeof got);
        assert_int_equal(got, wanted);
    }
    assert_int_equal(at, n_odd);
}

static void test_engines_agree_with_one_at_a_time(void **unused)
{
    static char out[FIELDS * 24];
    static const int powers[] = {0, 0, -9, -2, 3, 9, -25, 30};
    struct sheet sheet;
    size_t size = (UMM_DECIMAL_PAD + ROOM + 2 * PAGE - 1) / PAGE * PAGE, n_odd = 0, n = 0;
    char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)unused;
    assert_ptr_not_equal(map, MAP_FAILED);
    assert_int_equal(mprotect(map + size - PAGE, PAGE, PROT_NONE), 0);
    sheet.map = map + size - PAGE - UMM_DECIMAL_PAD - ROOM;
    for (size_t round = 0; round < 300; round++) {
        struct case_of c = {.sheet = &sheet,
                            .notation = {(enum umm_group_mark)below(UMM_GROUP_MARKS),
                                         below(2) ? 0 : (unsigned)below(UMM_WAYS_ALL + 1)},
                            .power = powers[below(8)],
                            .point = '.'};
        if (c.notation.mark == UMM_GROUP_DOT)
            c.point = ',';
        make_sheet(&sheet, &c.notation, c.point);
        uint32_t begins[FIELDS];
        const size_t late = below(2) ? 0 : 1 + below(9);
        for (size_t i = 0; i < FIELDS; i++)
            begins[i] = sheet.begins[i] - 1 - (late && i % late == 0);
        struct umm_decimal_column column = {.text = sheet.text,
                                            .begins = begins,
                                            .begin_add = 1,
                                            .late_every = late,
                                            .ends = sheet.ends,
                                            .n = FIELDS,
                                            .out = out,
                                            .out_stride = 8 * (1 + below(3)),
                                            .point = c.point,
                                            .is_empty_nan = true};
        for (int cpu = 0; cpu <= (int)umm_cpu_best(); cpu++) {
            c.cpu = (enum umm_cpu)cpu;
            n_odd += check_f64(&c, &column);
            n += FIELDS;
            check_i64(&c, &column);
        }
    }
    assert_true(n_odd < n); /* not all was left to the caller */
    munmap(map, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_are_read_where_all_are_whole),
        cmocka_unit_test(test_each_mark_has_its_forms),
        cmocka_unit_test(test_random_digits_are_grouped_or_refused),
        cmocka_unit_test(test_currencies_suffixes_and_signs),
        cmocka_unit_test(test_names_of_marks_and_ways),
        cmocka_unit_test(test_engines_agree_with_one_at_a_time),
    };
    return cmocka_run_group_tests_name("notation", tests, NULL, NULL);
}
