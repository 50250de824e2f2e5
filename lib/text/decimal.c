/* SPDX-License-Identifier: MIT */
#include "text/decimal.h"

#include <string.h>

#include "text/decimal_engines.h"

/* The i-th field of a column. */
static inline const char *field_at(const struct umm_decimal_column *c, size_t i, size_t *len)
{
    uint32_t begin = c->begins[i * c->stride] + c->begin_add;
    *len = c->ends[i * c->stride] - begin;
    return c->text + begin;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as text");

static const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;

/* The top bit of each byte of word that is zero, exactly; bytes are below 0x80. */
static inline uint64_t zero_bytes(uint64_t word)
{
    return ~(word + ones * 0x7F) & tops & ~word;
}

/* Eight digits, one to a byte, the first in the lowest. */
static inline uint64_t join_eight(uint64_t digits)
{
    const uint64_t pairs = 0x000000FF000000FF;
    digits = digits * 10 + (digits >> 8);
    return ((digits & pairs) * (100 + (UINT64_C(1000000) << 32)) +
            ((digits >> 16) & pairs) * (1 + (UINT64_C(10000) << 32))) >>
           32;
}

struct plain {
    uint64_t value;
    unsigned n_decimals;
    bool is_odd, has_point;
};

/*
 * len digits and at most one point before end, in two words of eight bytes, right-
 * aligned; what is before the point moves up by one byte to close its gap.
 */
static inline struct plain parse_plain(const char *end, size_t len, char point)
{
    struct plain r = {.is_odd = true};
    uint64_t front = 0, back;
    if (len - 1 >= 16)
        return r;
    memcpy(&back, end - 8, sizeof back);
    back ^= ones * '0';
    uint64_t is_high = back;
    if (len > 8) {
        memcpy(&front, end - 16, sizeof front);
        front = (front ^ ones * '0') & (UINT64_MAX << (8 * (16 - len)));
        is_high |= front;
    } else {
        back &= UINT64_MAX << (8 * (8 - len));
        is_high = back;
    }
    const uint64_t gap = ones * (unsigned char)(point ^ '0');
    uint64_t in_back = zero_bytes(back ^ gap), in_front = zero_bytes(front ^ gap);
    if (in_back) {
        uint64_t bit = (in_back & -in_back) >> 7, below = bit - 1;
        r.n_decimals = 7 - (unsigned)__builtin_ctzll(bit) / 8;
        back = (back & ~(below | bit * 0xFF)) | (back & below) << 8 | front >> 56;
        front <<= 8;
    } else if (in_front) {
        uint64_t bit = (in_front & -in_front) >> 7, below = bit - 1;
        r.n_decimals = 15 - (unsigned)__builtin_ctzll(bit) / 8;
        front = (front & ~(below | bit * 0xFF)) | (front & below) << 8;
    }
    r.has_point = (in_back | in_front) != 0;
    /* A byte of ten or more is no digit; neither is one with its top bit. */
    is_high |= (front + ones * 0x76) | (back + ones * 0x76);
    r.value = join_eight(front) * 100000000 + join_eight(back);
    r.is_odd = (is_high & tops) || len == r.has_point || r.value > UINT64_C(1) << 53;
    return r;
}

size_t umm_decimal_f64_portable(const struct umm_decimal_column *c, size_t first, uint32_t *odd)
{
    static const double powers[16] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    size_t n_odd = 0;
    for (size_t i = first; i < c->n; i++) {
        size_t len;
        const char *field = field_at(c, i, &len), *end = field + len;
        if (len == 0 && c->is_empty_nan) {
            memcpy(c->out + i * c->out_stride, &umm_decimal_nan, sizeof umm_decimal_nan);
            continue;
        }
        bool is_negative = len && *field == '-';
        struct plain r = parse_plain(end, len - (len && (is_negative || *field == '+')), c->point);
        double value = (double)r.value / powers[r.n_decimals];
        value = is_negative ? -value : value;
        memcpy(c->out + i * c->out_stride, &value, sizeof value);
        if (r.is_odd)
            odd[n_odd++] = (uint32_t)i;
    }
    return n_odd;
}

size_t umm_decimal_i64_portable(const struct umm_decimal_column *c, size_t first, uint32_t *odd)
{
    size_t n_odd = 0;
    for (size_t i = first; i < c->n; i++) {
        size_t len;
        const char *field = field_at(c, i, &len), *end = field + len;
        bool is_negative = len && *field == '-';
        struct plain r = parse_plain(end, len - (len && (is_negative || *field == '+')), '.');
        int64_t value = is_negative ? -(int64_t)r.value : (int64_t)r.value;
        memcpy(c->out + i * c->out_stride, &value, sizeof value);
        if (r.is_odd || r.has_point)
            odd[n_odd++] = (uint32_t)i;
    }
    return n_odd;
}

size_t umm_decimal_f64(enum umm_cpu cpu, const struct umm_decimal_column *column, uint32_t *odd)
{
#if defined(__x86_64__)
    if (cpu == UMM_CPU_AVX512)
        return umm_decimal_f64_avx512(column, odd);
    if (cpu == UMM_CPU_AVX2)
        return umm_decimal_f64_avx2(column, odd);
#elif defined(__aarch64__)
    if (cpu == UMM_CPU_NEON)
        return umm_decimal_f64_neon(column, odd);
#endif
    (void)cpu;
    return umm_decimal_f64_portable(column, 0, odd);
}

size_t umm_decimal_i64(enum umm_cpu cpu, const struct umm_decimal_column *column, uint32_t *odd)
{
#if defined(__x86_64__)
    if (cpu == UMM_CPU_AVX512)
        return umm_decimal_i64_avx512(column, odd);
    if (cpu == UMM_CPU_AVX2)
        return umm_decimal_i64_avx2(column, odd);
#elif defined(__aarch64__)
    if (cpu == UMM_CPU_NEON)
        return umm_decimal_i64_neon(column, odd);
#endif
    (void)cpu;
    return umm_decimal_i64_portable(column, 0, odd);
}
