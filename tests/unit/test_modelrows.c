/* SPDX-License-Identifier: MIT */
#include "modelrows/modelrows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hint.h"

static void add_field(struct umm_npy *npy, const char *name, const char *type)
{
    struct umm_npy_type parsed;
    assert_int_equal(umm_npy_type_parse(type, &parsed), UMM_OK);
    assert_int_equal(umm_npy_add_field(npy, name, &parsed, NULL), UMM_OK);
}

/* Records of a time, two doubles around an integer, and a text. */
static struct umm_npy records(void)
{
    struct umm_npy npy = {.n_dims = 1};
    add_field(&npy, "timestamp", "<M8[ms]");
    add_field(&npy, "a", "<f8");
    add_field(&npy, "b", "<i4");
    add_field(&npy, "c", "<f4");
    add_field(&npy, "symbol", "|S4");
    return npy;
}

static struct umm_npy matrix(const char *type, uint64_t n_columns)
{
    struct umm_npy npy = {.n_dims = 2, .shape = {0, n_columns}};
    assert_int_equal(umm_npy_type_parse(type, &npy.type), UMM_OK);
    return npy;
}

struct row {
    int64_t timestamp;
    double a;
    int32_t b;
    float c;
    char symbol[4];
} __attribute__((packed));

/* The names of the bound columns, "b,a". */
static const char *bound(const struct umm_modelrows *rows)
{
    static char out[256];
    out[0] = '\0';
    for (uint64_t i = 0; i < rows->n_inputs; i++) {
        strcat(out, i ? "," : "");
        strcat(out, rows->columns[i].name);
    }
    return out;
}

static void test_columns_are_found_by_name(void **state)
{
    static const char *const names[] = {"c", "a"};
    const struct umm_modelrows_options options = {.n_inputs = 2, .names = names};
    const struct row in[] = {{1, 0.5, 7, 2.25F, "BTC"}, {2, 1e300, -8, -1, "ETH"}};
    struct umm_npy npy = records();
    struct umm_modelrows rows;
    float out[4];
    double wide[4];
    (void)state;
    assert_int_equal(umm_modelrows_bind(&rows, &options, &npy, NULL), UMM_OK);
    assert_true(rows.is_by_name);
    assert_string_equal(bound(&rows), "c,a");
    umm_modelrows_read_f32(&rows, (const char *)in, 2, out);
    assert_true(out[0] == 2.25F && out[1] == 0.5F && out[2] == -1 && isinf(out[3]));
    umm_modelrows_read_f64(&rows, (const char *)in, 2, wide);
    assert_true(wide[3] == 1e300);
    assert_int_equal(umm_modelrows_find_nan(out, 4), 3);
    assert_int_equal(umm_modelrows_find_nan(out, 3), 3);
    umm_modelrows_close(&rows);
    umm_npy_free(&npy);
}

static void test_columns_are_taken_in_order_where_nothing_has_names(void **state)
{
    const struct umm_modelrows_options options = {.n_inputs = 3};
    struct umm_npy npy = records();
    struct umm_modelrows rows;
    (void)state;
    assert_int_equal(umm_modelrows_bind(&rows, &options, &npy, NULL), UMM_OK);
    assert_false(rows.is_by_name);
    assert_string_equal(bound(&rows), "a,b,c");
    umm_modelrows_close(&rows);
    umm_npy_free(&npy);
}

static void test_columns_that_are_said_win(void **state)
{
    static const char *const names[] = {"a", "c"};
    struct umm_modelrows_options options = {.n_inputs = 2, .names = names, .columns = "b,1"};
    struct umm_npy npy = records();
    struct umm_modelrows rows;
    (void)state;
    assert_int_equal(umm_modelrows_bind(&rows, &options, &npy, NULL), UMM_OK);
    assert_string_equal(bound(&rows), "b,a");
    umm_modelrows_close(&rows);
    umm_npy_free(&npy);
    /* Text was read as those columns already. */
    npy = (struct umm_npy){.n_dims = 1};
    add_field(&npy, "c", "<f8");
    add_field(&npy, "x", "<f8");
    options.is_selected = true;
    assert_int_equal(umm_modelrows_bind(&rows, &options, &npy, NULL), UMM_OK);
    assert_string_equal(bound(&rows), "c,x");
    umm_modelrows_close(&rows);
    umm_npy_free(&npy);
    /* Nor does it matter then that they have the model's names, in another order. */
    npy = (struct umm_npy){.n_dims = 1};
    add_field(&npy, "c", "<f8");
    add_field(&npy, "a", "<f8");
    assert_int_equal(umm_modelrows_bind(&rows, &options, &npy, NULL), UMM_OK);
    assert_string_equal(bound(&rows), "c,a");
    umm_modelrows_close(&rows);
    umm_npy_free(&npy);
}

static void test_an_id_is_no_input(void **state)
{
    const struct umm_modelrows_options options = {.n_inputs = 2, .id = "b"};
    struct umm_npy npy = records();
    struct umm_modelrows rows;
    (void)state;
    assert_int_equal(umm_modelrows_bind(&rows, &options, &npy, NULL), UMM_OK);
    assert_string_equal(bound(&rows), "a,c");
    assert_string_equal(rows.id.name, "b");
    umm_modelrows_close(&rows);
    umm_npy_free(&npy);
}

static void test_a_matrix_of_floats_is_copied(void **state)
{
    static const char *const names[] = {"x", "y"};
    const struct umm_modelrows_options options = {.n_inputs = 2, .names = names};
    const float in[] = {1, 2, 3, NAN};
    struct umm_npy npy = matrix("<f4", 2);
    struct umm_modelrows rows;
    float out[4];
    (void)state;
    assert_int_equal(umm_modelrows_bind(&rows, &options, &npy, NULL), UMM_OK);
    assert_true(rows.is_plain_f32);
    umm_modelrows_read_f32(&rows, (const char *)in, 2, out);
    assert_memory_equal(in, out, sizeof in);
    umm_modelrows_close(&rows);
    npy = matrix(">f4", 2);
    assert_int_equal(umm_modelrows_bind(&rows, &options, &npy, NULL), UMM_OK);
    assert_false(rows.is_plain_f32);
    umm_modelrows_close(&rows);
}

static void refuses(const struct umm_modelrows_options *options, struct umm_npy *npy,
                    const char *message, unsigned hint)
{
    struct umm_modelrows rows;
    struct umm_error err = {0};
    assert_int_equal(umm_modelrows_bind(&rows, options, npy, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, message);
    assert_int_equal(err.hint, hint);
    umm_modelrows_close(&rows);
}

static void test_what_does_not_match_is_refused(void **state)
{
    static const char *const names[] = {"a", "z"}, *const others[] = {"p", "q"};
    struct umm_npy npy = records(), wide = matrix("<f8", 3);
    struct umm_modelrows rows;
    (void)state;
    refuses(&(struct umm_modelrows_options){.n_inputs = 2, .names = names}, &npy,
            "the model's input z is none of the columns", UMM_HINT_MODEL_COLUMNS);
    refuses(&(struct umm_modelrows_options){.n_inputs = 2, .names = others}, &npy,
            "the model's input p is none of the columns", UMM_HINT_MODEL_COLUMNS);
    refuses(&(struct umm_modelrows_options){.n_inputs = 2}, &npy,
            "a row has 3 columns of numbers, and the model takes 2", UMM_HINT_MODEL_COLUMNS);
    refuses(&(struct umm_modelrows_options){.n_inputs = 4}, &wide,
            "a row has 3 columns of numbers, and the model takes 4", UMM_HINT_MODEL_COLUMNS);
    refuses(&(struct umm_modelrows_options){.n_inputs = 2, .columns = "a,symbol"}, &npy,
            "the column symbol holds no numbers, but |S4", UMM_HINT_MODEL_COLUMNS);
    refuses(&(struct umm_modelrows_options){.n_inputs = 2, .columns = "a,9"}, &npy,
            "no column 9: there are 5, from 0 on", UMM_HINT_NONE);
    refuses(&(struct umm_modelrows_options){.n_inputs = 2, .columns = "a"}, &npy,
            "1 column is listed, and a row of the model is 2 numbers", UMM_HINT_NONE);
    /* A model of one number may call it anything. */
    npy.n_fields = 2;
    npy.type.size_bytes = 16;
    assert_int_equal(
        umm_modelrows_bind(&rows, &(struct umm_modelrows_options){.n_inputs = 1, .names = others},
                           &npy, NULL),
        UMM_OK);
    umm_modelrows_close(&rows);
    umm_npy_free(&npy);
}

static void test_a_row_with_nan_is_named(void **state)
{
    const struct umm_modelrows_options options = {.n_inputs = 3};
    struct umm_npy npy = records();
    struct umm_modelrows rows;
    struct umm_error err = {0};
    (void)state;
    assert_int_equal(umm_modelrows_bind(&rows, &options, &npy, NULL), UMM_OK);
    assert_int_equal(umm_modelrows_refuse_nan(&rows, 17, 2, (double)NAN, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "row 17: c is nan");
    umm_modelrows_close(&rows);
    umm_npy_free(&npy);
    /* A matrix has no names, not those of bars either: the number is that of the column. */
    const struct umm_modelrows_options turned = {.n_inputs = 3, .columns = "5,3,0"};
    npy = matrix("<f4", 6);
    assert_int_equal(umm_modelrows_bind(&rows, &turned, &npy, NULL), UMM_OK);
    assert_int_equal(umm_modelrows_refuse_nan(&rows, 17, 1, (double)NAN, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "row 17: column 3 is nan");
    umm_modelrows_close(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_found_by_name),
        cmocka_unit_test(test_columns_are_taken_in_order_where_nothing_has_names),
        cmocka_unit_test(test_columns_that_are_said_win),
        cmocka_unit_test(test_an_id_is_no_input),
        cmocka_unit_test(test_a_matrix_of_floats_is_copied),
        cmocka_unit_test(test_what_does_not_match_is_refused),
        cmocka_unit_test(test_a_row_with_nan_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
