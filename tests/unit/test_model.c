/* SPDX-License-Identifier: MIT */
/*
 * Models of random graphs, run in blocks and batches of every length, by one thread and by several,
 * by the best engine and by plain C: one answer, which is that of a slow interpreter. Rows end
 * where memory does; running allocates nothing.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "graph_interpreter.h"
#include "model/describe.h"
#include "model/model.h"
#include "model/plan.h"
#include "random_graph.h"
#include "tasks.h"

/* ---- an allocator that counts -------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_COUNT 0
#elif defined(__has_feature)
#define CAN_COUNT (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
#else
#define CAN_COUNT 1
#endif

static unsigned long n_allocations;

#if CAN_COUNT
extern void *__libc_malloc(size_t len);           /* NOLINT */
extern void *__libc_calloc(size_t n, size_t len); /* NOLINT */
void *malloc(size_t len)
{
    __atomic_fetch_add(&n_allocations, 1, __ATOMIC_RELAXED);
    return __libc_malloc(len);
}
void *calloc(size_t n, size_t len)
{
    __atomic_fetch_add(&n_allocations, 1, __ATOMIC_RELAXED);
    return __libc_calloc(n, len);
}
#endif

/* ---- numbers that end where memory does ---------------------------------------- */

struct guarded {
    char *bytes, *pages;
    size_t n_pages_bytes;
};

static struct guarded guard(size_t len_bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct guarded g = {.n_pages_bytes = (len_bytes / page + 2) * page};
    g.pages =
        mmap(NULL, g.n_pages_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g.pages != MAP_FAILED);
    assert_int_equal(mprotect(g.pages + g.n_pages_bytes - page, page, PROT_NONE), 0);
    g.bytes = g.pages + g.n_pages_bytes - page - len_bytes;
    return g;
}

static void unguard(struct guarded *g)
{
    assert_int_equal(munmap(g->pages, g->n_pages_bytes), 0);
}

/* ---- a model with rows and the results that are right -------------------------- */

enum { ROWS = 150 };

struct subject {
    struct random_graph random;
    struct umm_model *model;
    struct umm_model_info info;
    double *rows;
    float *rows_f32;
    float *results; /* of one plan, to which all others are equal */
    uint64_t n_rows;
};

static double random_number(struct random_graph *of, enum umm_graph_type type)
{
    if (type == UMM_GRAPH_BOOL)
        return random_below(of, 2);
    if (type == UMM_GRAPH_I32 || type == UMM_GRAPH_I64)
        return (double)random_below(of, 20) - 10;
    if (of->takes_nan && random_below(of, 200) == 0)
        return (double)(random_below(of, 2) ? NAN : -0.0F);
    /* Halfway between two steps of a scale, or close to it. */
    if (random_below(of, 4) == 0)
        return (double)((float)random_below(of, 80) * 0.05F - 2);
    return (double)random_float(of, -2, 2);
}

/* Floats that doubles also hold, so that both are one row. */
static void fill_rows(struct subject *s)
{
    double *at = s->rows;
    for (uint64_t r = 0; r < s->n_rows; r++)
        for (uint32_t k = 0; k < s->random.graph->n_inputs; k++) {
            const struct umm_graph_value *value =
                &s->random.graph->values[s->random.graph->inputs[k]];
            for (uint32_t i = 0; i < value->width; i++)
                *at++ = random_number(&s->random, value->type);
        }
    for (uint64_t i = 0; i < s->n_rows * s->info.n_inputs; i++)
        s->rows_f32[i] = (float)s->rows[i];
}

static void run_plain(struct subject *s)
{
    struct umm_model_plan *plan;
    assert_int_equal(umm_model_plan(s->model, NULL, &plan, NULL), UMM_OK);
    umm_model_run(plan, s->rows_f32, s->n_rows, s->results);
    umm_model_plan_close(plan);
}

static void set_up(struct subject *s, uint64_t n_rows)
{
    struct umm_error err = {0};
    if (umm_model_new(s->random.graph, NULL, NULL, &s->model, &err))
        fail_msg("%s", err.message);
    umm_model_info(s->model, &s->info);
    s->n_rows = n_rows;
    s->rows = calloc(n_rows * s->info.n_inputs, sizeof *s->rows);
    s->rows_f32 = calloc(n_rows * s->info.n_inputs, sizeof *s->rows_f32);
    s->results = calloc(n_rows * s->info.n_outputs, sizeof *s->results);
    fill_rows(s);
    run_plain(s);
}

static void tear_down(struct subject *s)
{
    umm_model_close(s->model);
    free(s->rows);
    free(s->rows_f32);
    free(s->results);
}

/* ---- against the interpreter ---------------------------------------------------- */

static bool is_right(double expected, float got, bool is_exact)
{
    if (isnan(expected) || isnan(got))
        return isnan(expected) && isnan(got);
    if ((float)expected == got)
        return true;
    return !is_exact && fabs(expected - (double)got) <= 2e-6 * fmax(1, fabs(expected));
}

static void check_row(const struct subject *s, uint64_t row, double *expected)
{
    const struct umm_graph *graph = s->random.graph;
    const float *got = s->results + row * s->info.n_outputs;
    assert_true(interpret_row(graph, s->rows + row * s->info.n_inputs, expected));
    for (uint32_t k = 0, at = 0; k < graph->n_outputs; k++)
        for (uint32_t i = 0; i < graph->values[graph->outputs[k]].width; i++, at++)
            if (!is_right(expected[at], got[at], s->random.is_exact[graph->outputs[k]]))
                fail_msg("row %u, number %u is %.9g, not %.17g", (unsigned)row, at, (double)got[at],
                         expected[at]);
}

/* ---- in all ways ---------------------------------------------------------------- */

struct way {
    struct umm_model_plan_options options;
    uint64_t batch_rows; /* in one call */
};

/* The rows from first on, as floats or doubles that end where memory does, give their results. */
static void check_batch(const struct subject *s, struct umm_model_plan *plan, uint64_t first,
                        uint64_t n, bool is_f64)
{
    const uint64_t n_numbers = n * s->info.n_inputs, at = first * s->info.n_inputs;
    const size_t result_bytes = n * s->info.n_outputs * sizeof(float);
    struct guarded rows = guard(n_numbers * (is_f64 ? sizeof(double) : sizeof(float)));
    struct guarded results = guard(result_bytes);
    float *to = (float *)(void *)results.bytes;
    if (is_f64) {
        memcpy(rows.bytes, s->rows + at, n_numbers * sizeof(double));
        umm_model_run_f64(plan, (const double *)(void *)rows.bytes, n, to);
    } else {
        memcpy(rows.bytes, s->rows_f32 + at, n_numbers * sizeof(float));
        umm_model_run(plan, (const float *)(void *)rows.bytes, n, to);
    }
    assert_memory_equal(to, s->results + first * s->info.n_outputs, result_bytes);
    unguard(&rows);
    unguard(&results);
}

/* Whether the results are those of run_plain, bit for bit, of floats and doubles in turn. */
static void check_way(const struct subject *s, const struct way *way)
{
    struct umm_model_plan *plan;
    bool is_f64 = way->batch_rows % 2 == 0;
    assert_int_equal(umm_model_plan(s->model, &way->options, &plan, NULL), UMM_OK);
    for (uint64_t first = 0; first < s->n_rows; first += way->batch_rows, is_f64 = !is_f64) {
        const uint64_t left = s->n_rows - first;
        check_batch(s, plan, first, left < way->batch_rows ? left : way->batch_rows, is_f64);
        if (way->batch_rows >= s->n_rows)
            check_batch(s, plan, 0, s->n_rows, !is_f64);
    }
    umm_model_plan_close(plan);
}

static void random_graphs_have_one_answer(void **state)
{
    (void)state;
    enum { GRAPHS = 400 };
    static const uint32_t lengths[] = {1, 2, 3, 7, 13, 100, ROWS};
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        struct subject s = {0};
        make_random_graph(&s.random, seed);
        set_up(&s, ROWS);
        double *expected = calloc(s.info.n_outputs, sizeof *expected);
        for (uint64_t row = 0; row < ROWS; row += 1 + row / 8)
            check_row(&s, row, expected);
        free(expected);
        for (unsigned i = 0; i < 7; i++) {
            const struct way way = {.options = {.batch_rows = lengths[(i + seed) % 7],
                                                .is_portable = (i + seed) % 2 == 0,
                                                .n_threads = 1 + (uint32_t)(i % 3 == 2)},
                                    .batch_rows = lengths[i]};
            check_way(&s, &way);
        }
        tear_down(&s);
    }
}

/* ---- a network of a usual shape -------------------------------------------------- */

static int32_t add_layer(struct random_graph *of, int32_t x, uint32_t width, bool is_last,
                         bool is_int8)
{
    int32_t inputs[1] = {x};
    const uint32_t n_in = of->graph->values[x].width;
    struct umm_graph_node node = {.op = UMM_OP_DENSE,
                                  .name = "",
                                  .op_name = "Gemm",
                                  .place = of->graph->n_nodes,
                                  .n_inputs = 1,
                                  .inputs = inputs,
                                  .limits = {is_last ? -INFINITY : 0, INFINITY}};
    node.weights = random_tensor(of, is_int8 ? UMM_GRAPH_I8 : UMM_GRAPH_F32, width, n_in, is_int8);
    node.bias = random_tensor(of, is_int8 ? UMM_GRAPH_I32 : UMM_GRAPH_F32, 1, width, is_int8);
    node.output = random_value(of, is_int8 && !is_last ? UMM_GRAPH_I8 : UMM_GRAPH_F32, width);
    assert_int_equal(umm_graph_add_node(of->graph, &node, NULL), UMM_OK);
    of->is_exact[node.output] = true;
    return node.output;
}

static int32_t add_quantize(struct random_graph *of, int32_t x, bool is_by_reciprocal)
{
    int32_t inputs[1] = {x};
    struct umm_graph_node node = {.op = UMM_OP_QUANTIZE,
                                  .name = "",
                                  .op_name = "QuantizeLinear",
                                  .is_by_reciprocal = is_by_reciprocal,
                                  .n_inputs = 1,
                                  .inputs = inputs};
    node.output = random_value(of, UMM_GRAPH_I8, of->graph->values[x].width);
    assert_int_equal(umm_graph_add_node(of->graph, &node, NULL), UMM_OK);
    return node.output;
}

/* 32-64-64-1. */
static void make_network(struct random_graph *of, bool is_int8)
{
    *of = (struct random_graph){.state = RANDOM_SEED};
    assert_int_equal(umm_graph_new(&of->graph, NULL), UMM_OK);
    int32_t value = random_value(of, UMM_GRAPH_F32, 32);
    assert_int_equal(umm_graph_add_input(of->graph, value, NULL), UMM_OK);
    if (is_int8)
        value = add_quantize(of, value, false);
    value = add_layer(of, value, 64, false, is_int8);
    value = add_layer(of, value, 64, false, is_int8);
    value = add_layer(of, value, 1, true, is_int8);
    assert_int_equal(umm_graph_add_output(of->graph, value, NULL), UMM_OK);
}

/* So many rows that threads are woken, shares that are no multiple of a block among them. */
static void threads_change_nothing(void **state)
{
    (void)state;
    enum { MANY = 5003 };
    for (int is_int8 = 0; is_int8 < 2; is_int8++) {
        struct subject s = {0};
        make_network(&s.random, is_int8);
        set_up(&s, MANY);
        double expected;
        for (uint64_t row = 0; row < MANY; row += 97)
            check_row(&s, row, &expected);
        for (uint32_t i = 0; i < 6; i++) {
            const struct way way = {
                .options = {.n_threads = 1 + i % 3, .batch_rows = i < 3 ? 0 : 13},
                .batch_rows = MANY};
            check_way(&s, &way);
        }
        tear_down(&s);
    }
}

/* ---- multiplying, then quantising ----------------------------------------------- */

struct scaling {
    enum umm_graph_op op;
    uint32_t width, constant_width;
    bool is_first, is_by_reciprocal, has_other_reader, is_output;
    size_t n_steps; /* these two, and dequantising; what else reads the product takes more */
};

/* x OP constant, quantised, as the output; the product as another, or quantised once more. */
static void make_scaling(struct random_graph *of, const struct scaling *scaling, uint64_t seed)
{
    *of = (struct random_graph){.state = RANDOM_SEED * (2 * seed + 1), .takes_nan = true};
    assert_int_equal(umm_graph_new(&of->graph, NULL), UMM_OK);
    int32_t x = random_value(of, UMM_GRAPH_F32, scaling->width);
    assert_int_equal(umm_graph_add_input(of->graph, x, NULL), UMM_OK);
    struct umm_graph_node node = {.op = scaling->op,
                                  .name = "",
                                  .op_name = "Mul",
                                  .n_inputs = 1,
                                  .inputs = &x,
                                  .is_constant_first = scaling->is_first,
                                  .output = random_value(of, UMM_GRAPH_F32, scaling->width)};
    node.constant = random_tensor(of, UMM_GRAPH_F32, 1, scaling->constant_width, 0);
    assert_int_equal(umm_graph_add_node(of->graph, &node, NULL), UMM_OK);
    const int32_t product = node.output;
    for (int i = 0; i <= scaling->has_other_reader; i++) {
        const int32_t quantised = add_quantize(of, product, scaling->is_by_reciprocal);
        assert_int_equal(umm_graph_add_output(of->graph, quantised, NULL), UMM_OK);
    }
    if (scaling->is_output)
        assert_int_equal(umm_graph_add_output(of->graph, product, NULL), UMM_OK);
    for (uint32_t i = 0; i < of->graph->n_outputs; i++)
        of->is_exact[of->graph->outputs[i]] = true;
}

static void check_scaling(const struct scaling *scaling, uint64_t seed)
{
    struct subject s = {0};
    struct umm_model_plan *plan;
    make_scaling(&s.random, scaling, seed);
    set_up(&s, ROWS);
    assert_int_equal(umm_model_plan(s.model, NULL, &plan, NULL), UMM_OK);
    assert_int_equal(plan->steps.n_steps, scaling->n_steps);
    umm_model_plan_close(plan);
    double *expected = calloc(s.info.n_outputs, sizeof *expected);
    for (uint64_t row = 0; row < ROWS; row++)
        check_row(&s, row, expected);
    free(expected);
    for (uint32_t i = 0; i < 4; i++) {
        const struct way way = {.options = {.batch_rows = 1 + 6 * i, .is_portable = i % 2 == 0},
                                .batch_rows = i < 2 ? 7 : ROWS};
        check_way(&s, &way);
    }
    tear_down(&s);
}

/* One step where nobody else sees the product, else two; the bits of two. */
static void scaling_joins_quantising(void **state)
{
    (void)state;
    static const uint32_t widths[] = {1, 2, 16, 17, 32, 67};
    for (unsigned i = 0; i < 6; i++) {
        const uint32_t w = widths[i];
        const struct scaling cases[] = {
            {.op = UMM_OP_MUL, .constant_width = w, .n_steps = 2},
            {.op = UMM_OP_MUL, .constant_width = w, .is_first = true, .n_steps = 2},
            {.op = UMM_OP_MUL, .constant_width = w, .is_by_reciprocal = true, .n_steps = 2},
            {.op = UMM_OP_MUL, .constant_width = 1, .n_steps = w == 1 ? 2 : 3},
            {.op = UMM_OP_DIV, .constant_width = w, .n_steps = 3},
            {.op = UMM_OP_MUL, .constant_width = w, .has_other_reader = true, .n_steps = 7},
            {.op = UMM_OP_MUL, .constant_width = w, .is_output = true, .n_steps = 5},
        };
        for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
            struct scaling scaling = cases[k];
            scaling.width = w;
            check_scaling(&scaling, i);
        }
    }
}

static void running_allocates_nothing(void **state)
{
    (void)state;
    if (!CAN_COUNT)
        skip();
    for (unsigned i = 0; i < 4; i++) {
        struct subject s = {0};
        make_network(&s.random, i % 2);
        set_up(&s, 5000);
        const struct umm_model_plan_options options = {.n_threads = 1 + i / 2};
        struct umm_model_plan *plan;
        assert_int_equal(umm_model_plan(s.model, &options, &plan, NULL), UMM_OK);
        const unsigned long before = n_allocations;
        for (uint64_t n = 1; n <= s.n_rows; n = 3 * n + 1) {
            umm_model_run(plan, s.rows_f32, n, s.results);
            umm_model_run_f64(plan, s.rows, n, s.results);
        }
        assert_int_equal(n_allocations, before);
        umm_model_plan_close(plan);
        tear_down(&s);
    }
}

/* Plans of one model in threads of their own, which all pack its layers. */
static struct subject shared;

static void *plan_and_run(void *user)
{
    (void)user;
    float *results = calloc(shared.n_rows * shared.info.n_outputs, sizeof *results);
    struct umm_model_plan *plan = NULL;
    const struct umm_model_plan_options options = {.n_threads = 2};
    bool is_equal = umm_model_plan(shared.model, &options, &plan, NULL) == UMM_OK;
    for (int i = 0; is_equal && i < 3; i++) {
        umm_model_run(plan, shared.rows_f32, shared.n_rows, results);
        is_equal = memcmp(results, shared.results, shared.n_rows * sizeof *results) == 0;
    }
    umm_model_plan_close(plan);
    free(results);
    return is_equal ? NULL : &shared;
}

static void plans_of_one_model_run_side_by_side(void **state)
{
    (void)state;
    shared = (struct subject){0};
    make_network(&shared.random, true);
    set_up(&shared, 4000);
    struct umm_model *with_layers = shared.model;
    /* A model whose layers no plan has asked for yet. */
    make_network(&shared.random, true);
    assert_int_equal(umm_model_new(shared.random.graph, NULL, NULL, &shared.model, NULL), UMM_OK);
    run_in_four_threads(plan_and_run, NULL);
    umm_model_close(with_layers);
    tear_down(&shared);
}

/* ---- what is said of models ------------------------------------------------------ */

static void add_input(struct umm_graph *graph, const char *name, enum umm_graph_type type,
                      uint32_t width)
{
    int32_t index;
    const struct umm_graph_value value = {name, type, width, 0.5F, 3};
    assert_int_equal(umm_graph_add_value(graph, &value, &index, NULL), UMM_OK);
    assert_int_equal(umm_graph_add_input(graph, index, NULL), UMM_OK);
    assert_int_equal(umm_graph_add_output(graph, index, NULL), UMM_OK);
}

static struct umm_model *model_of_inputs(void)
{
    struct umm_graph *graph;
    struct umm_model *model;
    assert_int_equal(umm_graph_new(&graph, NULL), UMM_OK);
    add_input(graph, "price", UMM_GRAPH_F32, 1);
    add_input(graph, "rest", UMM_GRAPH_I8, 2);
    add_input(graph, "count", UMM_GRAPH_I64, 1);
    add_input(graph, "small", UMM_GRAPH_I32, 1);
    add_input(graph, "", UMM_GRAPH_BOOL, 1);
    assert_int_equal(umm_model_new(graph, NULL, NULL, &model, NULL), UMM_OK);
    return model;
}

static void inputs_have_names_and_types(void **state)
{
    (void)state;
    struct umm_model *model = model_of_inputs();
    struct umm_model_info info;
    umm_model_info(model, &info);
    assert_int_equal(info.n_inputs, 6);
    assert_int_equal(info.n_outputs, 6);
    assert_true(info.is_f64);
    assert_true(info.has_integers);
    assert_string_equal(umm_model_name(model, false, 0), "price");
    assert_null(umm_model_name(model, false, 1));
    assert_null(umm_model_name(model, false, 2));
    assert_string_equal(umm_model_name(model, true, 3), "count");
    assert_null(umm_model_name(model, false, 5));
    assert_null(umm_model_name(model, false, 6));
    umm_model_close(model);
}

static void integers_are_checked_and_cut(void **state)
{
    (void)state;
    struct umm_model *model = model_of_inputs();
    struct umm_model_plan *plan;
    struct umm_error err = {0};
    double rows[2][6] = {{0.1, 0.2, -70, 1e15, -2147483648.0, 1},
                         {NAN, NAN, 300, 9007199254740993.0, 2147483647.0, 0}};
    float results[12];
    const float expected[12] = {
        0.1F,          0, -65.5F, 1e15F, -2147483648.0F, 1, NAN, 0, 62, 9007199254740992.0F,
        2147483648.0F, 0};
    assert_int_equal(umm_model_check_f64(model, rows[0], 2, &err), UMM_OK);
    assert_int_equal(umm_model_plan(model, NULL, &plan, NULL), UMM_OK);
    umm_model_run_f64(plan, rows[0], 2, results);
    for (unsigned i = 0; i < 12; i++)
        assert_true(results[i] == expected[i] || (isnan(expected[i]) && isnan(results[i])));
    rows[1][4] = 2147483648.0;
    rows[1][3] = 0.5;
    assert_int_equal(umm_model_check_f64(model, rows[0], 2, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "number 4 is 0.5, where the input \"count\" takes integers");
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 4);
    umm_model_run_f64(plan, rows[1], 1, results);
    assert_true(results[3] == 0 && results[4] == 2147483648.0F);
    rows[1][3] = NAN;
    assert_int_equal(umm_model_check_f64(model, rows[1], 1, &err), UMM_ERR_DATA);
    umm_model_run_f64(plan, rows[1], 1, results);
    assert_true(results[3] == 0);
    const float truth[6] = {0, 0, 0, 0, 0, 2};
    assert_int_equal(umm_model_check(model, truth, 1, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "number 6 is 2, where the input \"\" takes 0 or 1");
    umm_model_run(plan, truth, 1, results);
    assert_true(results[5] == 1);
    umm_model_plan_close(plan);
    umm_model_close(model);
}

/* What is said holds also where nothing is: no rows. */
static void no_rows_are_no_work(void **state)
{
    (void)state;
    struct umm_model *model = model_of_inputs();
    struct umm_model_plan *plan;
    const struct umm_model_plan_options options = {.n_threads = 3};
    assert_int_equal(umm_model_plan(model, &options, &plan, NULL), UMM_OK);
    umm_model_run(plan, NULL, 0, NULL);
    assert_int_equal(umm_model_check(model, NULL, 0, NULL), UMM_OK);
    umm_model_plan_close(plan);
    umm_model_close(model);
    umm_model_close(NULL);
    umm_model_plan_close(NULL);
}

static void a_model_is_described(void **state)
{
    (void)state;
    struct random_graph random;
    struct umm_model *model;
    struct umm_textbuf text = {0};
    make_network(&random, true);
    assert_int_equal(umm_model_new(random.graph, NULL, NULL, &model, NULL), UMM_OK);
    umm_model_describe_text(model, &text);
    assert_non_null(strstr(text.text, "\nlayers: 3, 3 of int8; trees: 0\n"));
    assert_non_null(strstr(text.text, "\n  dense              32 -> 64     int8, relu, 2112 "));
    umm_textbuf_free(&text);
    umm_model_close(model);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    struct umm_graph *graph;
    struct umm_model *model;
    struct umm_error err = {0};
    assert_int_equal(umm_graph_new(&graph, NULL), UMM_OK);
    assert_int_equal(umm_model_new(graph, NULL, NULL, &model, &err), UMM_ERR_DATA);
    assert_null(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graphs_have_one_answer),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(scaling_joins_quantising),
        cmocka_unit_test(running_allocates_nothing),
        cmocka_unit_test(plans_of_one_model_run_side_by_side),
        cmocka_unit_test(inputs_have_names_and_types),
        cmocka_unit_test(integers_are_checked_and_cut),
        cmocka_unit_test(no_rows_are_no_work),
        cmocka_unit_test(a_model_is_described),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
