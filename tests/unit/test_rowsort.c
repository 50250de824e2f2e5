/* SPDX-License-Identifier: MIT */
/* Rows through a sorter of any memory, in any pieces, against a stable sort of all at once. */
#include "order/rowsort.h"

#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS_MAX = 3000, GROUPS_MAX = 40 };

/* A row: when, and which one it was. */
struct row {
    int64_t time;
    uint64_t number;
};

static struct umm_schema_field fields[] = {
    {.name = "time", .is_time = true, .type = {.kind = 'i', .size_bytes = 8}},
    {.name = "number", .type = {.kind = 'i', .size_bytes = 8}, .offset_bytes = 8},
};
static const struct umm_schema schema = {
    .is_struct = true, .n_fields = 2, .fields = fields, .row_bytes = sizeof(struct row)};

struct input {
    size_t n, n_groups;
    struct row rows[ROWS_MAX];
    int64_t times[ROWS_MAX];
    uint32_t groups[ROWS_MAX];
};

static void make_input(struct input *input, size_t n, size_t n_groups, uint64_t n_times,
                       uint64_t *state)
{
    input->n = n;
    input->n_groups = n_groups;
    for (size_t i = 0; i < n; i++) {
        input->times[i] = (int64_t)(xorshift64(state) % n_times) - (int64_t)(n_times / 3);
        input->groups[i] = (uint32_t)(xorshift64(state) % n_groups);
        input->rows[i] = (struct row){input->times[i], i};
    }
}

/* Whether row a of the input comes before row b. */
static bool is_before(const struct input *input, bool is_by_time, uint64_t a, uint64_t b)
{
    if (is_by_time && input->times[a] != input->times[b])
        return input->times[a] < input->times[b];
    return a < b;
}

/* The rows of a group, each once and in order. */
static void check_group(const struct umm_rowsort *sort, const struct input *input, uint32_t group)
{
    struct umm_rowsort_cursor cursor;
    const char *rows;
    size_t n = 1, n_wanted = 0, n_found = 0;
    uint64_t last = 0;
    for (size_t i = 0; i < input->n; i++)
        n_wanted += input->groups[i] == group;
    assert_int_equal(umm_rowsort_cursor_open(&cursor, sort, group, 256, NULL), UMM_OK);
    while (n) {
        assert_int_equal(umm_rowsort_cursor_next(&cursor, &rows, &n, NULL), UMM_OK);
        for (size_t i = 0; i < n; i++, n_found++) {
            struct row row;
            memcpy(&row, rows + i * sizeof row, sizeof row);
            assert_true(row.number < input->n);
            assert_int_equal(input->groups[row.number], group);
            assert_int_equal(input->times[row.number], row.time);
            if (n_found)
                assert_true(is_before(input, sort->options.is_by_time, last, row.number));
            last = row.number;
        }
    }
    assert_int_equal(n_found, n_wanted);
    umm_rowsort_cursor_close(&cursor);
}

static void push_all(struct umm_rowsort *sort, const struct input *input, size_t from, size_t step)
{
    for (size_t i = from, n; i < input->n; i += n) {
        struct umm_rowsort_bank *later = NULL;
        n = input->n - i < step ? input->n - i : step;
        assert_int_equal(umm_rowsort_push(sort, (const char *)&input->rows[i], &input->times[i],
                                          sort->options.has_groups ? &input->groups[i] : NULL, n,
                                          &later, NULL),
                         UMM_OK);
        if (later)
            assert_int_equal(umm_rowsort_spill(sort, later, NULL), UMM_OK);
    }
    assert_int_equal(umm_rowsort_end(sort, NULL), UMM_OK);
    assert_int_equal(sort->n_rows, input->n - from);
}

static void try_all(const struct input *input)
{
    static const uint64_t memories[] = {1, 200, 1000, 5000, 1 << 20};
    static const size_t steps[] = {1, 7, 100, ROWS_MAX};
    for (size_t m = 0; m < sizeof memories / sizeof *memories; m++)
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
            for (unsigned how = 0; how < 4; how++) {
                struct umm_rowsort sort;
                const struct umm_rowsort_options options = {.memory_bytes = memories[m],
                                                            .schema = &schema,
                                                            .is_by_time = how & 1,
                                                            .has_groups = input->n_groups > 1,
                                                            .is_shared = how & 2};
                if (m == 0 && s > 1)
                    continue;
                umm_rowsort_init(&sort, &options, NULL);
                push_all(&sort, input, 0, steps[s]);
                for (uint32_t g = 0; g <= input->n_groups; g++)
                    check_group(&sort, input, g);
                umm_rowsort_close(&sort);
                umm_rowsort_close(&sort);
            }
}

static void any_rows_are_sorted(void **state)
{
    static const uint64_t ranges[] = {1, 3, 1000, UINT64_C(1) << 40, INT64_MAX};
    static struct input input;
    uint64_t seed = RANDOM_SEED;
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        make_input(&input, 300 + 10 * i, 1, ranges[i], &seed);
        try_all(&input);
        make_input(&input, 400, GROUPS_MAX, ranges[i], &seed);
        try_all(&input);
    }
    make_input(&input, 0, 1, 1, &seed);
    try_all(&input);
    make_input(&input, 1, 1, 1, &seed);
    try_all(&input);
}

static void extreme_times_are_sorted(void **state)
{
    static struct input input = {.n = 6, .n_groups = 1};
    static const int64_t times[] = {INT64_MAX, 0, INT64_MIN, -1, INT64_MAX, INT64_MIN};
    (void)state;
    for (size_t i = 0; i < input.n; i++) {
        input.times[i] = times[i];
        input.rows[i] = (struct row){times[i], i};
    }
    try_all(&input);
}

static void rows_in_order_are_not_sorted(void **state)
{
    static struct input input = {.n = ROWS_MAX, .n_groups = 1};
    struct umm_rowsort sort;
    const struct umm_rowsort_options options = {
        .memory_bytes = 1 << 20, .schema = &schema, .is_by_time = true};
    (void)state;
    for (size_t i = 0; i < input.n; i++) {
        input.times[i] = (int64_t)i / 3;
        input.rows[i] = (struct row){(int64_t)i / 3, i};
    }
    umm_rowsort_init(&sort, &options, NULL);
    push_all(&sort, &input, 0, 11);
    assert_true(sort.banks[0].is_sorted);
    assert_null(sort.banks[0].order);
    check_group(&sort, &input, 0);
    umm_rowsort_close(&sort);
}

/* The first rows are in a file already, and are older than rows of their time that are pushed. */
static void adopted_rows_come_first(void **state)
{
    static struct input input;
    uint64_t seed = RANDOM_SEED;
    (void)state;
    make_input(&input, 500, 1, 50, &seed);
    for (size_t i = 0; i < 200; i++) { /* in order */
        input.times[i] = (int64_t)i / 4;
        input.rows[i].time = (int64_t)i / 4;
    }
    for (uint64_t memory = 1; memory < 100000; memory *= 40) {
        struct umm_rowfile file;
        struct umm_rowsort sort;
        const struct umm_rowsort_options options = {
            .memory_bytes = memory, .schema = &schema, .is_by_time = true};
        assert_int_equal(umm_rowfile_open_scratch(&file, "/tmp", sizeof(struct row), NULL, NULL),
                         UMM_OK);
        assert_int_equal(umm_rowfile_push_many(&file, (const char *)input.rows, 200, NULL), UMM_OK);
        assert_int_equal(umm_rowfile_flush(&file, NULL), UMM_OK);
        umm_rowsort_init(&sort, &options, NULL);
        assert_int_equal(umm_rowsort_adopt(&sort, &file, 200, NULL), UMM_OK);
        push_all(&sort, &input, 200, 13);
        check_group(&sort, &input, 0);
        umm_rowsort_close(&sort);
        umm_rowfile_close(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_rows_are_sorted),
        cmocka_unit_test(extreme_times_are_sorted),
        cmocka_unit_test(rows_in_order_are_not_sorted),
        cmocka_unit_test(adopted_rows_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
