/* SPDX-License-Identifier: MIT */
/*
 * num.c - decimal text to binary64, binary32 and 64-bit integers.
 *
 * A number goes through up to three stages, each handing on what it cannot decide:
 *
 *   scan        one pass: grammar, sign, the first 19 significant digits as an
 *               integer w and a power of ten q. The value is w * 10^q, or lies in
 *               [w, w + 1) * 10^q when digits were cut off.
 *   Clinger     w and 10^|q| are both exact in the target type: one multiplication
 *               or division, which IEEE 754 rounds correctly.
 *   product     w * T, with T the leading 128 bits of 10^q, bounds the value from
 *               below, and adding what was truncated bounds it from above. Rounding
 *               is monotonic, so if both bounds round alike that is the answer.
 *   exact       otherwise the bounds round to neighbours, and big integers compare
 *               the value with the point halfway between those two.
 */
#include "text/num.h"

#include "base/inline.h"
#include "base/multiply.h"
#include "text/pow10.h"

#include <assert.h>
#include <float.h>
#include <string.h>

/* Any 19-digit integer, and its successor, fits in 64 bits; not every 20-digit one. */
enum { DIGITS_MAX = 19 };

/*
 * Exponents stop growing here. Far beyond any type's range, and far above the
 * number of digits an address space can hold (2^57), so that adding digit counts
 * neither overflows an int64_t nor brings a saturated exponent back into range.
 */
#define EXPONENT_SATURATED ((int64_t)1 << 60)

struct number {
    uint64_t w;        /* the first DIGITS_MAX significant digits */
    int64_t q;         /* the power of ten of w's last digit */
    const char *first; /* is_cut only: the first significant digit, */
    const char *end;   /* the end of the digits, */
    size_t n_digits;   /* and how many there are between, points not counted */
    bool is_cut;       /* there are more than DIGITS_MAX of them */
    bool is_negative;
};

/* ---- scan ---- */

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* The 8 bytes at p, the first one lowest. */
static inline uint64_t load_8(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

/*
 * '0'..'9' are 0x30..0x39: the high half of each byte must be 3, and still be 3
 * after adding 6. A carry out of a byte needs that byte to be above 0xf9, whose
 * high half is not 3, so carries never hide a bad byte.
 */
static inline bool is_8_digits(uint64_t v)
{
    const uint64_t high = 0xf0f0f0f0f0f0f0f0, threes = 0x3030303030303030;

    return (((v & high) ^ threes) | (((v + 0x0606060606060606) & high) ^ threes)) == 0;
}

/* Eight ASCII digits to their value, by merging neighbours: 8 x 1, 4 x 2, 2 x 4 digits. */
static inline uint64_t value_of_8_digits(uint64_t v)
{
    v &= 0x0f0f0f0f0f0f0f0f;
    v = (v * 10 + (v >> 8)) & 0x00ff00ff00ff00ff;
    v = (v * 100 + (v >> 16)) & 0x0000ffff0000ffff;
    return (v * 10000 + (v >> 32)) & 0xffffffff;
}

/* Take digits from p on into *w, modulo 2^64; return where they end. */
static inline const char *scan_digits(const char *p, const char *end, uint64_t *w)
{
    uint64_t v = *w;

    while (end - p >= 8) {
        uint64_t chunk = load_8(p);

        if (!is_8_digits(chunk))
            break;
        v = v * 100000000 + value_of_8_digits(chunk);
        p += 8;
    }
    for (; p < end && is_digit(*p); p++)
        v = v * 10 + (uint64_t)(*p - '0');
    *w = v;
    return p;
}

/* The exponent after the letter, saturated: its end, or NULL when it has no digits. */
static const char *scan_exponent(const char *p, const char *end, int64_t *exponent)
{
    bool is_negative = p < end && *p == '-';
    int64_t e = 0;

    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end || !is_digit(*p))
        return NULL;
    for (; p < end && is_digit(*p); p++)
        if (e < EXPONENT_SATURATED / 16)
            e = e * 10 + (*p - '0');
        else
            e = EXPONENT_SATURATED;
    *exponent = is_negative ? -e : e;
    return p;
}

/*
 * A text of more than DIGITS_MAX digits, first of them at p, n_digits in all: drop
 * the leading zeros, and if it is still too long take w again, from the first
 * DIGITS_MAX significant digits only.
 */
static void cut_digits(struct number *num, const char *p, const char *end, size_t n_digits)
{
    unsigned n = 0;

    for (; p < end && !(is_digit(*p) && *p != '0'); p++)
        n_digits -= is_digit(*p);
    if (n_digits <= DIGITS_MAX)
        return;
    num->first = p;
    num->end = end;
    num->n_digits = n_digits;
    num->is_cut = true;
    for (num->w = 0; n < DIGITS_MAX; p++) {
        if (is_digit(*p)) {
            num->w = num->w * 10 + (uint64_t)(*p - '0');
            n++;
        }
    }
    num->q += (int64_t)(n_digits - DIGITS_MAX);
}

/* Read the whole text; false when it is not of the grammar. */
static inline bool scan(struct number *num, const char *text, size_t len_bytes, char point)
{
    const char *p = text, *end = text + len_bytes, *digits, *digits_end;
    size_t n_digits, n_decimals = 0;

    num->w = 0;
    num->q = 0;
    num->is_cut = false;
    num->is_negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    digits = p;
    p = scan_digits(p, end, &num->w);
    n_digits = (size_t)(p - digits);
    if (p < end && *p == point) {
        const char *decimals = p + 1;

        p = scan_digits(decimals, end, &num->w);
        n_decimals = (size_t)(p - decimals);
        n_digits += n_decimals;
    }
    if (n_digits == 0)
        return false;
    digits_end = p;
    if (p < end && (*p == 'e' || *p == 'E'))
        p = scan_exponent(p + 1, end, &num->q);
    num->q -= (int64_t)n_decimals;
    if (n_digits > DIGITS_MAX)
        cut_digits(num, digits, digits_end, n_digits);
    return p == end;
}

/* ---- rounding ---- */

/* A binary interchange format; its values are handled as bits, sign apart. */
struct format {
    int mantissa_bits; /* stored ones */
    int exponent_max;  /* the biased exponent of infinity */
};

static const struct format binary64 = {52, 2047};
static const struct format binary32 = {23, 255};

/*
 * The bits of the value nearest, ties to even, to (top + f) * 2^exponent, where top
 * has its high bit set, 0 <= f < 1 and has_rest tells whether f > 0. Infinity is
 * one step above the largest finite value.
 */
static inline uint64_t round_bits(uint64_t top, bool has_rest, int exponent,
                                  const struct format *fmt)
{
    int biased = exponent + 63 + fmt->exponent_max / 2;
    int drop = 63 - fmt->mantissa_bits;
    uint64_t kept, dropped, half;

    if (biased >= fmt->exponent_max)
        return (uint64_t)fmt->exponent_max << fmt->mantissa_bits;
    if (biased < 1) {
        /* Subnormal: the exponent stays at 1 and the significand loses its low bits. */
        drop += 1 - biased;
        biased = 1;
        if (drop > 64)
            return 0;
    }
    kept = drop < 64 ? top >> drop : 0;
    half = (uint64_t)1 << (drop - 1);
    dropped = drop < 64 ? top & (half * 2 - 1) : top;
    if (dropped > half || (dropped == half && (has_rest || (kept & 1))))
        kept++;
    /* The leading 1 of a normal number adds 1 to the exponent field, as does a carry. */
    return ((uint64_t)(biased - 1) << fmt->mantissa_bits) + kept;
}

/* ---- product ---- */

/* limb[2] * 2^128 + limb[1] * 2^64 + limb[0], times 2^exponent */
struct product {
    uint64_t limb[3];
    int exponent;
};

/* Round a product that has its high bit or the one below it set. */
static inline uint64_t round_product(const struct product *p, const struct format *fmt)
{
    if (p->limb[2] >> 63)
        return round_bits(p->limb[2], (p->limb[1] | p->limb[0]) != 0, p->exponent + 128, fmt);
    return round_bits(p->limb[2] << 1 | p->limb[1] >> 63, (p->limb[1] << 1 | p->limb[0]) != 0,
                      p->exponent + 127, fmt);
}

/*
 * Bounds of w * 10^q, 0 < w: *low gets the rounded lower bound w * T and *high the
 * rounded upper bound w * (T + 1), or w * T again where T is exact.
 */
static inline void round_bounds(uint64_t w, int q, const struct format *fmt, uint64_t *low,
                                uint64_t *high)
{
    const struct umm_pow10 *t = &umm_pow10[q - UMM_POW10_MIN];
    int n_shift = __builtin_clzll(w);
    struct product p = {.exponent = umm_pow10_log2(q) - 127 - n_shift};
    uint64_t carry;

    w <<= n_shift;
    p.limb[0] = umm_multiply_add(w, t->lo, 0, &carry);
    p.limb[1] = umm_multiply_add(w, t->hi, carry, &p.limb[2]);
    *low = *high = round_product(&p, fmt);
    if (q >= UMM_POW10_EXACT_MIN && q <= UMM_POW10_EXACT_MAX)
        return;
    /* w * (T + 1) < 2^64 * 2^128, so the last carry ends in limb[2]. */
    carry = __builtin_add_overflow(p.limb[0], w, &p.limb[0]);
    carry = __builtin_add_overflow(p.limb[1], carry, &p.limb[1]);
    p.limb[2] += carry;
    *high = round_product(&p, fmt);
}

/* ---- exact ---- */

/*
 * Significant digits that are looked at one by one. The point halfway between two
 * neighbouring binary64 values has at most 768 of them, so what comes later can
 * only break a tie, and one more digit that says "not zero" stands for all of it.
 */
enum { EXACT_DIGITS_MAX = 800 };

/*
 * The largest integers compared: 801 digits have 2661 bits. With them 10^q's
 * exponent goes down to -342 - (801 - 19) = -1124, and 5^1124 times a 54-bit
 * significand has 2664. Shifting makes the two sides about equal, so neither gets
 * longer than the longer was. 44 limbs have 2816 bits.
 */
enum { BIG_LIMBS = 44 };

struct big {
    unsigned n_limbs; /* no zero limbs on top */
    uint64_t limb[BIG_LIMBS];
};

static void big_set(struct big *b, uint64_t v)
{
    b->limb[0] = v;
    b->n_limbs = v != 0;
}

static void big_multiply_add(struct big *b, uint64_t factor, uint64_t carry)
{
    for (unsigned i = 0; i < b->n_limbs; i++)
        b->limb[i] = umm_multiply_add(b->limb[i], factor, carry, &carry);
    if (carry) {
        assert(b->n_limbs < BIG_LIMBS);
        b->limb[b->n_limbs++] = carry;
    }
}

static void big_multiply_pow5(struct big *b, unsigned exponent)
{
    const uint64_t pow5_27 = 7450580596923828125; /* the largest in 64 bits */
    uint64_t rest = 1;

    for (; exponent >= 27; exponent -= 27)
        big_multiply_add(b, pow5_27, 0);
    while (exponent-- > 0)
        rest *= 5;
    big_multiply_add(b, rest, 0);
}

static void big_shift_left(struct big *b, unsigned n_bits)
{
    unsigned n_limbs = n_bits / 64;

    big_multiply_add(b, (uint64_t)1 << n_bits % 64, 0);
    assert(b->n_limbs + n_limbs <= BIG_LIMBS);
    memmove(b->limb + n_limbs, b->limb, b->n_limbs * sizeof b->limb[0]);
    memset(b->limb, 0, n_limbs * sizeof b->limb[0]);
    b->n_limbs += n_limbs;
}

static int big_compare(const struct big *a, const struct big *b)
{
    if (a->n_limbs != b->n_limbs)
        return a->n_limbs < b->n_limbs ? -1 : 1;
    for (unsigned i = a->n_limbs; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

/* Set b to the significant digits of num, shortened as said above; return their power of ten. */
static int big_set_digits(struct big *b, const struct number *num)
{
    const char *p = num->first;
    unsigned n_done = 0;
    int exponent = (int)num->q;

    big_set(b, 0);
    while (p < num->end && n_done < EXACT_DIGITS_MAX) {
        uint64_t chunk = 0, scale = 1;

        for (unsigned n = 0; n < DIGITS_MAX && p < num->end && n_done < EXACT_DIGITS_MAX; p++) {
            if (!is_digit(*p))
                continue;
            chunk = chunk * 10 + (uint64_t)(*p - '0');
            scale *= 10;
            n++;
            n_done++;
        }
        big_multiply_add(b, scale, chunk);
    }
    exponent -= (int)n_done - DIGITS_MAX;
    while (p < num->end && (*p == '0' || !is_digit(*p)))
        p++;
    if (p == num->end)
        return exponent;
    big_multiply_add(b, 10, 1);
    return exponent - 1;
}

/*
 * Which of the value `bits` and its successor is nearest to num, which lies closer
 * to the point halfway between them than to any other such point. With that point
 * m * 2^e and the number d * 10^k, compare
 *
 *     d * 5^k * 2^(k - e)  with  m              when k >= 0
 *     d * 2^(k - e)        with  m * 5^-k       when k < 0
 *
 * where a negative power of two moves to the other side.
 */
static uint64_t round_exactly(const struct number *num, uint64_t bits, const struct format *fmt)
{
    const uint64_t hidden = (uint64_t)1 << fmt->mantissa_bits;
    int biased = (int)(bits >> fmt->mantissa_bits);
    int e = (biased ? biased : 1) - fmt->exponent_max / 2 - fmt->mantissa_bits - 1;
    uint64_t m = (bits & (hidden - 1)) | (biased ? hidden : 0);
    struct big value, halfway;
    int k = (int)num->q, order;

    big_set(&halfway, m * 2 + 1);
    if (num->is_cut)
        k = big_set_digits(&value, num);
    else
        big_set(&value, num->w);
    big_multiply_pow5(k >= 0 ? &value : &halfway, (unsigned)(k >= 0 ? k : -k));
    if (k >= e)
        big_shift_left(&value, (unsigned)(k - e));
    else
        big_shift_left(&halfway, (unsigned)(e - k));
    order = big_compare(&value, &halfway);
    return bits + (order > 0 || (order == 0 && (bits & 1)));
}

/* The bits, without the sign, of the value nearest to num. */
static inline uint64_t nearest(const struct number *num, const struct format *fmt)
{
    uint64_t low, high, unused;

    if (num->w == 0 || num->q < UMM_POW10_MIN)
        return 0;
    if (num->q > UMM_POW10_MAX)
        return (uint64_t)fmt->exponent_max << fmt->mantissa_bits;
    round_bounds(num->w, (int)num->q, fmt, &low, &high);
    if (num->is_cut)
        round_bounds(num->w + 1, (int)num->q, fmt, &unused, &high);
    if (low == high)
        return low;
    /* The bounds differ by less than 2^-58 of the value, so at most by one step. */
    assert(high == low + 1);
    return round_exactly(num, low, fmt);
}

/* ---- the public functions ---- */

/* Inlined by force: the usual power, zero, must cost nothing. */
#define SCALED UMM_INLINE enum umm_num_result

/* Where intermediate results carry more bits than their type, one operation rounds twice. */
#if FLT_EVAL_METHOD == 0
enum { HAS_EXACT_OPERATIONS = 1 };
#else
enum { HAS_EXACT_OPERATIONS = 0 };
#endif

SCALED scaled_f64(const char *text, size_t len_bytes, char point, int power, double *out)
{
    static const double pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct number num;
    uint64_t bits;

    if (!scan(&num, text, len_bytes, point))
        return UMM_NUM_MALFORMED;
    num.q += power;
    /* 5^22 < 2^53 < 5^23: these powers are exact. A number that was cut has w >= 10^18. */
    if (HAS_EXACT_OPERATIONS && num.w <= (uint64_t)1 << DBL_MANT_DIG && num.q >= -22 &&
        num.q <= 22) {
        double v = (double)num.w;

        v = num.q < 0 ? v / pow10[-num.q] : v * pow10[num.q];
        *out = num.is_negative ? -v : v;
        return UMM_NUM_OK;
    }
    bits = nearest(&num, &binary64);
    if (bits >> binary64.mantissa_bits == (uint64_t)binary64.exponent_max)
        return UMM_NUM_OVERFLOW;
    bits |= (uint64_t)num.is_negative << 63;
    memcpy(out, &bits, sizeof bits);
    return UMM_NUM_OK;
}

enum umm_num_result umm_num_parse_f64(const char *text, size_t len_bytes, char point, double *out)
{
    return scaled_f64(text, len_bytes, point, 0, out);
}

enum umm_num_result umm_num_scaled_f64(const char *text, size_t len_bytes, char point, int power,
                                       double *out)
{
    return scaled_f64(text, len_bytes, point, power, out);
}

SCALED scaled_f32(const char *text, size_t len_bytes, char point, int power, float *out)
{
    static const float pow10[] = {1e0F, 1e1F, 1e2F, 1e3F, 1e4F, 1e5F,
                                  1e6F, 1e7F, 1e8F, 1e9F, 1e10F};
    struct number num;
    uint32_t bits;

    if (!scan(&num, text, len_bytes, point))
        return UMM_NUM_MALFORMED;
    num.q += power;
    /* 5^10 < 2^24 < 5^11: these powers are exact. A number that was cut has w >= 10^18. */
    if (HAS_EXACT_OPERATIONS && num.w <= (uint64_t)1 << FLT_MANT_DIG && num.q >= -10 &&
        num.q <= 10) {
        float v = (float)num.w;

        v = num.q < 0 ? v / pow10[-num.q] : v * pow10[num.q];
        *out = num.is_negative ? -v : v;
        return UMM_NUM_OK;
    }
    bits = (uint32_t)nearest(&num, &binary32);
    if (bits >> binary32.mantissa_bits == (uint32_t)binary32.exponent_max)
        return UMM_NUM_OVERFLOW;
    bits |= (uint32_t)num.is_negative << 31;
    memcpy(out, &bits, sizeof bits);
    return UMM_NUM_OK;
}

enum umm_num_result umm_num_parse_f32(const char *text, size_t len_bytes, char point, float *out)
{
    return scaled_f32(text, len_bytes, point, 0, out);
}

enum umm_num_result umm_num_scaled_f32(const char *text, size_t len_bytes, char point, int power,
                                       float *out)
{
    return scaled_f32(text, len_bytes, point, power, out);
}

/*
 * For a number that was cut: UMM_NUM_OK when it is w * 10^q after all, the digits
 * after them being zeros. Otherwise it has over 19 digits up to the last that is not
 * zero, whose power of ten decides between a fraction and a too large integer. The
 * first significant digit stops the search for that last one at the latest.
 */
static enum umm_num_result check_cut_integer(const struct number *num)
{
    size_t n_digits = num->n_digits;
    const char *p = num->end;

    for (; !(is_digit(p[-1]) && p[-1] != '0'); p--)
        n_digits -= is_digit(p[-1]);
    if (n_digits <= DIGITS_MAX)
        return UMM_NUM_OK;
    return num->q < (int64_t)(n_digits - DIGITS_MAX) ? UMM_NUM_INEXACT : UMM_NUM_OVERFLOW;
}

SCALED scaled_i64(const char *text, size_t len_bytes, char point, int power, int64_t *out)
{
    struct number num;
    uint64_t w;

    if (!scan(&num, text, len_bytes, point))
        return UMM_NUM_MALFORMED;
    num.q += power;
    if (num.is_cut) {
        enum umm_num_result result = check_cut_integer(&num);

        if (result != UMM_NUM_OK)
            return result;
    }
    w = num.w;
    for (; w && num.q < 0; num.q++, w /= 10)
        if (w % 10)
            return UMM_NUM_INEXACT;
    for (; w && num.q > 0; num.q--)
        if (__builtin_mul_overflow(w, 10, &w))
            return UMM_NUM_OVERFLOW;
    if (w > (uint64_t)INT64_MAX + num.is_negative)
        return UMM_NUM_OVERFLOW;
    /* Negating modulo 2^64 and copying the bits makes INT64_MIN no special case. */
    w = num.is_negative ? 0 - w : w;
    memcpy(out, &w, sizeof w);
    return UMM_NUM_OK;
}

enum umm_num_result umm_num_parse_i64(const char *text, size_t len_bytes, char point, int64_t *out)
{
    return scaled_i64(text, len_bytes, point, 0, out);
}

enum umm_num_result umm_num_scaled_i64(const char *text, size_t len_bytes, char point, int power,
                                       int64_t *out)
{
    return scaled_i64(text, len_bytes, point, power, out);
}
