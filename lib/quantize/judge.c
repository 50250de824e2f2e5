/* SPDX-License-Identifier: MIT */
#include "quantize/judge.h"

#include <math.h>
#include <string.h>

struct umm_quantize_decision umm_quantize_settle(const struct umm_graph *graph,
                                                 struct umm_quantize_decision decision)
{
    const double half = 0.5;
    if (decision.kind != UMM_QUANTIZE_DECISION_DEFAULT)
        return decision;
    if (umm_graph_output_width(graph) > 1)
        return (struct umm_quantize_decision){.kind = UMM_QUANTIZE_ARGMAX};
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (graph->nodes[i].output == graph->outputs[0] && graph->nodes[i].op == UMM_OP_SIGMOID)
            return (struct umm_quantize_decision){.kind = UMM_QUANTIZE_THRESHOLD,
                                                  .threshold = half};
    return (struct umm_quantize_decision){.kind = UMM_QUANTIZE_THRESHOLD, .threshold = 0};
}

static uint32_t place_of_largest(const float *numbers, uint32_t n)
{
    uint32_t at = 0;
    for (uint32_t i = 1; i < n; i++)
        if (numbers[i] > numbers[at])
            at = i;
    return at;
}

bool umm_quantize_is_same(const float *a, const float *b, uint32_t n,
                          struct umm_quantize_decision decision)
{
    if (decision.kind == UMM_QUANTIZE_ARGMAX)
        return place_of_largest(a, n) == place_of_largest(b, n);
    for (uint32_t i = 0; i < n; i++)
        if (((double)a[i] > decision.threshold) != ((double)b[i] > decision.threshold))
            return false;
    return true;
}

/* The root of a quotient of sums of squares. */
static double ratio(double of, double to)
{
    if (of == 0)
        return 0;
    return to > 0 ? sqrt(of / to) : INFINITY;
}

/* Of output i: the sum of squares about its mean. */
static double spread_of(const struct umm_quantize_answers *answers, uint32_t i)
{
    const float *floats = answers->floats + i;
    double mean = 0, sum = 0;
    for (uint64_t row = 0; row < answers->n_rows; row++)
        mean += (double)floats[row * answers->n_outputs];
    mean /= (double)answers->n_rows;
    for (uint64_t row = 0; row < answers->n_rows; row++) {
        const double distance = (double)floats[row * answers->n_outputs] - mean;
        sum += distance * distance;
    }
    return sum;
}

struct umm_quantize_agreement umm_quantize_compare(const struct umm_quantize_answers *answers,
                                                   struct umm_quantize_decision decision)
{
    struct umm_quantize_agreement agreement = {.n_rows = answers->n_rows, .is_one_decision = true};
    const uint32_t n = answers->n_outputs;
    double differences = 0, squares = 0, spread = 0;
    for (uint64_t row = 0; row < answers->n_rows; row++) {
        const float *a = answers->floats + row * n, *b = answers->quantized + row * n;
        agreement.n_same += umm_quantize_is_same(a, b, n, decision);
        agreement.is_one_decision &= umm_quantize_is_same(a, answers->floats, n, decision);
        for (uint32_t i = 0; i < n; i++) {
            const double difference = (double)b[i] - (double)a[i];
            differences += difference * difference;
            squares += (double)a[i] * (double)a[i];
            agreement.largest = fmax(agreement.largest, fabs(difference));
        }
    }
    for (uint32_t i = 0; i < n; i++)
        spread += spread_of(answers, i);
    agreement.relative_rms = ratio(differences, squares);
    agreement.spread_rms = ratio(differences, spread);
    return agreement;
}

/* ---- the worst rows -------------------------------------------------------------------- */

static float distance(const struct umm_quantize_worst *worst)
{
    return fabsf(worst->answer - worst->float_answer);
}

/* The number of a row that differs most. */
static struct umm_quantize_worst worst_of_row(const struct umm_quantize_answers *answers,
                                              uint64_t row, struct umm_quantize_decision decision)
{
    const uint32_t n = answers->n_outputs;
    const float *a = answers->floats + row * n, *b = answers->quantized + row * n;
    struct umm_quantize_worst worst = {.row = answers->numbers[row],
                                       .answer = b[0],
                                       .float_answer = a[0],
                                       .is_same_decision = umm_quantize_is_same(a, b, n, decision)};
    for (uint32_t i = 1; i < n; i++)
        if (fabsf(b[i] - a[i]) > distance(&worst)) {
            worst.output = i;
            worst.answer = b[i];
            worst.float_answer = a[i];
        }
    return worst;
}

size_t umm_quantize_find_worst(const struct umm_quantize_answers *answers,
                               struct umm_quantize_decision decision,
                               struct umm_quantize_worst worst[UMM_QUANTIZE_WORST])
{
    size_t n = 0;
    for (uint64_t row = 0; row < answers->n_rows; row++) {
        const struct umm_quantize_worst one = worst_of_row(answers, row, decision);
        size_t at = n;
        while (at > 0 && distance(&one) > distance(&worst[at - 1]))
            at--;
        if (at == UMM_QUANTIZE_WORST)
            continue;
        n += n < UMM_QUANTIZE_WORST;
        memmove(worst + at + 1, worst + at, (n - at - 1) * sizeof *worst);
        worst[at] = one;
    }
    return n;
}
