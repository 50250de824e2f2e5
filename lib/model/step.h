/* SPDX-License-Identifier: MIT */
/*
 * step.h - one thing that a plan does to a block of rows. Blocks stand in slots: the caller's rows,
 * the results, and one for each value of the graph. Rows of a slot follow each other without gaps.
 */
#ifndef UMM_MODEL_STEP_H
#define UMM_MODEL_STEP_H

#include "base/cpu.h"
#include "graph/graph.h"
#include "model/dense.h"
#include "model/dense_f64.h"
#include "model/forest.h"
#include "model/rowops.h"

/* A slot of no step. */
#define UMM_SLOT_NONE UINT32_MAX

/*
 * Where the slots of a block are, of one thread: in to read from, out to write to, which are one
 * place except for what is the caller's. scratch is memory that lasts for one step.
 */
struct umm_frame {
    const void **in;
    void **out;
    void *scratch;
};

struct umm_step;
typedef void umm_step_run(const struct umm_step *step, const struct umm_frame *frame,
                          size_t n_rows);

/*
 * y = f(x), or f(x, x2): slots, of so many numbers a row. What else is set depends on run.
 */
struct umm_step {
    umm_step_run *run;
    enum umm_cpu cpu;
    uint32_t x, x2, y;
    uint32_t x_width, x2_width, width;
    enum umm_graph_type x_type, type; /* of x and of y */
    uint32_t x_first, first, columns; /* which columns of x to which of y, and how many */
    const struct umm_dense *dense;
    const struct umm_dense_f64 *dense_f64;
    const struct umm_forest *forest;
    const uint8_t *table;
    enum umm_rowop_binary binary;
    const void *constant; /* the second operand instead of x2, of x2_width numbers; or the first */
    bool is_constant_first;
    float low, high, alpha;
    struct umm_rowop_quantum x_quantum, x2_quantum, quantum; /* quantum also where there is one */
    const struct umm_rowop_exps *exps;
    enum umm_rowop_norm norm;
};

/* ---- floats (step_float.c) ----------------------------------------------------- */

/* What a node of that op does to floats; NULL: it is none of those. RELU and CLIP of doubles. */
umm_step_run *umm_step_of_floats(enum umm_graph_op op);
umm_step_run umm_step_limit_f64;

/* Layers and trees as they were packed. Trees take floats or doubles, as x_type says. */
umm_step_run umm_step_dense, umm_step_dense_f64, umm_step_trees;

/*
 * Arithmetic of x and x2, or of x and the constant, of floats, doubles, or quantised numbers, where
 * the constant is of doubles (step_binary.c).
 */
umm_step_run umm_step_binary_f32, umm_step_binary_f64, umm_step_binary_quantized;

/* ---- types and columns (step_move.c) ------------------------------------------- */

/*
 * Numbers of x_type as numbers of type, neither quantised, as umm/model.h says: rounded to the
 * nearest float, cut towards zero and to the range of integers, not 0 to true.
 */
umm_step_run umm_step_cast;

/*
 * Floats to quantised numbers, as they are or times the constant (floats, with a margin), and back;
 * any function of one of them, by table; softmax.
 */
umm_step_run umm_step_quantize, umm_step_scale_quantize, umm_step_dequantize, umm_step_table,
    umm_step_softmax;

/* Columns from x_first of x to columns from first of y: `columns` of them, of one type. */
umm_step_run umm_step_copy;

#endif
