/* SPDX-License-Identifier: MIT */
/*
 * A column in a notation: most of its numbers are plain, or plain digits in groups, and
 * those the engines of decimal.h take several at a time; the rest goes one by one.
 */
#include <string.h>

#include "text/notation_engines.h"

/* The engine that takes one number after the other. */
static size_t each_f64(enum umm_cpu cpu, const struct how *how,
                       const struct umm_decimal_column *column, uint32_t *odd)
{
#if defined(__x86_64__)
    if (cpu == UMM_CPU_AVX2 || cpu == UMM_CPU_AVX512)
        return umm_notation_f64_avx2(how, column, odd);
#endif
    (void)cpu;
    return umm_notation_f64_portable(how, column, odd);
}

static size_t each_i64(enum umm_cpu cpu, const struct how *how,
                       const struct umm_decimal_column *column, uint32_t *odd)
{
#if defined(__x86_64__)
    if (cpu == UMM_CPU_AVX2 || cpu == UMM_CPU_AVX512)
        return umm_notation_i64_avx2(how, column, odd);
#endif
    (void)cpu;
    return umm_notation_i64_portable(how, column, odd);
}

typedef size_t each_function(enum umm_cpu cpu, const struct how *how,
                             const struct umm_decimal_column *column, uint32_t *odd);

/* Try the fields that odd lists again, one by one; those that are left are listed in it. */
static size_t retry(enum umm_cpu cpu, const struct how *how,
                    const struct umm_decimal_column *column, uint32_t *odd, size_t n_odd,
                    each_function *each)
{
    enum { ONCE = 256 };
    uint32_t begins[ONCE], ends[ONCE], left[ONCE];
    uint64_t out[ONCE];
    size_t n_left = 0;
    for (size_t at = 0; at < n_odd; at += ONCE) {
        struct umm_decimal_column part = *column;
        part.begins = begins;
        part.ends = ends;
        part.begin_add = 0;
        part.late_every = 0;
        part.n = n_odd - at < ONCE ? n_odd - at : ONCE;
        part.out = (char *)out;
        part.out_stride = sizeof *out;
        for (size_t k = 0; k < part.n; k++) {
            const uint32_t i = odd[at + k];
            const bool is_late = column->late_every && i % column->late_every == 0;
            begins[k] = column->begins[i] + column->begin_add + is_late;
            ends[k] = column->ends[i];
        }
        const size_t n = each(cpu, how, &part, left);
        for (size_t k = 0; k < part.n; k++)
            memcpy(column->out + odd[at + k] * column->out_stride, &out[k], sizeof out[k]);
        for (size_t k = 0; k < n; k++)
            odd[n_left++] = odd[at + left[k]];
    }
    return n_left;
}

/* Whether an integer stays exact, and its sign known, when its point is moved down. */
static bool is_movable(int64_t value)
{
    return value != 0; /* it may have been -0 */
}

/* Add to odd, of n_odd fields in order, the zeros among the others. */
static size_t add_zeros(const struct umm_decimal_column *column, uint32_t *odd, size_t n_odd,
                        size_t n_zeros)
{
    size_t from = n_odd, to = n_odd + n_zeros;
    for (size_t i = column->n; to > from; i--) {
        int64_t value;
        memcpy(&value, column->out + (i - 1) * column->out_stride, sizeof value);
        if (from > 0 && odd[from - 1] == i - 1)
            odd[--to] = odd[--from];
        else if (!is_movable(value))
            odd[--to] = (uint32_t)(i - 1);
    }
    return n_odd + n_zeros;
}

/* Integers times 10^-n: they are read as such, and divided by a power of ten that is exact. */
static size_t divide(enum umm_cpu cpu, int n, const struct umm_decimal_column *column,
                     uint32_t *odd)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    size_t n_odd = umm_decimal_i64(cpu, column, odd), n_zeros = 0;
    for (size_t k = 0; k < n_odd; k++) {
        const int64_t none = 1; /* not one of the zeros that are counted */
        memcpy(column->out + odd[k] * column->out_stride, &none, sizeof none);
    }
    char *out = column->out;
    for (size_t i = 0; i < column->n; i++, out += column->out_stride) {
        int64_t value;
        memcpy(&value, out, sizeof value);
        n_zeros += !is_movable(value);
    }
    if (n_zeros)
        n_odd = add_zeros(column, odd, n_odd, n_zeros);
    out = column->out;
    for (size_t i = 0; i < column->n; i++, out += column->out_stride) {
        int64_t value;
        memcpy(&value, out, sizeof value);
        const double moved = (double)value / powers[n];
        memcpy(out, &moved, sizeof moved);
    }
    return n_odd;
}

size_t umm_notation_f64(enum umm_cpu cpu, const struct umm_notation *notation, int power,
                        const struct umm_decimal_column *column, uint32_t *odd)
{
    static const char marks[UMM_GROUP_MARKS] = {'\0', ',', '.', '\'', ' '};
    const struct how how = {notation->mark, notation->ways, power, column->point};
    struct umm_decimal_column first = *column;
    size_t n_odd;
    first.mark = marks[notation->mark];
    if (power == 0 && (notation->mark == UMM_GROUP_NONE || cpu == UMM_CPU_AVX512))
        n_odd = umm_decimal_f64(cpu, &first, odd);
    else if (power < 0 && power >= -15 && notation->mark == UMM_GROUP_NONE)
        n_odd = divide(cpu, -power, column, odd);
    else
        return each_f64(cpu, &how, column, odd);
    return retry(cpu, &how, column, odd, n_odd, each_f64);
}

size_t umm_notation_i64(enum umm_cpu cpu, const struct umm_notation *notation, int power,
                        const struct umm_decimal_column *column, uint32_t *odd)
{
    const struct how how = {notation->mark, notation->ways, power, column->point};
    if (power != 0 || notation->mark != UMM_GROUP_NONE)
        return each_i64(cpu, &how, column, odd);
    const size_t n_odd = umm_decimal_i64(cpu, column, odd);
    return retry(cpu, &how, column, odd, n_odd, each_i64);
}
