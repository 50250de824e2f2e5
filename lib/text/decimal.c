/* SPDX-License-Identifier: MIT */
#include "text/decimal.h"

#include <string.h>

#include "text/decimal_engines.h"

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

#define DECIMAL_NAME(type) umm_decimal_##type##_portable
#define DECIMAL_TARGET
#define decimal_splat(c) (c)
typedef char decimal_point;
#include "text/decimal_fields.inc"

size_t umm_decimal_f64(enum umm_cpu cpu, const struct umm_decimal_column *column, uint32_t *odd)
{
#if defined(__x86_64__)
    if (cpu == UMM_CPU_AVX512)
        return umm_decimal_f64_avx512(column, 0, odd);
    if (cpu == UMM_CPU_AVX2)
        return umm_decimal_f64_avx2(column, 0, odd);
#elif defined(__aarch64__)
    if (cpu == UMM_CPU_NEON)
        return umm_decimal_f64_neon(column, 0, odd);
#endif
    (void)cpu;
    return umm_decimal_f64_portable(column, 0, odd);
}

size_t umm_decimal_i64(enum umm_cpu cpu, const struct umm_decimal_column *column, uint32_t *odd)
{
#if defined(__x86_64__)
    if (cpu == UMM_CPU_AVX512)
        return umm_decimal_i64_avx512(column, 0, odd);
    if (cpu == UMM_CPU_AVX2)
        return umm_decimal_i64_avx2(column, 0, odd);
#elif defined(__aarch64__)
    if (cpu == UMM_CPU_NEON)
        return umm_decimal_i64_neon(column, 0, odd);
#endif
    (void)cpu;
    return umm_decimal_i64_portable(column, 0, odd);
}
