/* SPDX-License-Identifier: MIT */
/* decimal_engines.h - the engines of decimal.h; private to decimal*.c and notation*.c. */
#ifndef UMM_TEXT_DECIMAL_ENGINES_H
#define UMM_TEXT_DECIMAL_ENGINES_H

#include "text/decimal.h"

static const uint64_t umm_decimal_nan = 0x7ff8000000000000;

/* What an engine makes of one field. value leaves the point out; it is at most 10^16. */
struct plain {
    uint64_t value;
    unsigned n_decimals; /* digits after the point */
    bool is_odd, has_point;
};

/* Which of eight fields begin late, one group after the other. */
struct late {
    size_t every, next; /* how many fields away the next one is */
    unsigned pattern;
};

static inline struct late late_from(const struct umm_decimal_column *c)
{
    struct late late = {c->late_every, c->late_every ? 0 : SIZE_MAX, 0};
    for (size_t k = 0; late.every && k < 8; k += late.every)
        late.pattern |= 1U << k;
    return late;
}

static inline unsigned late_eight(struct late *late)
{
    if (late->next >= 8) {
        late->next -= late->every ? 8 : 0;
        return 0;
    }
    unsigned mask = late->pattern << late->next & 0xFF;
    while (late->next < 8)
        late->next += late->every;
    late->next -= 8;
    return mask;
}

/* The engines: a column, from its first field on. */
size_t umm_decimal_f64_neon(const struct umm_decimal_column *column, uint32_t *odd);
size_t umm_decimal_i64_neon(const struct umm_decimal_column *column, uint32_t *odd);
size_t umm_decimal_f64_avx2(const struct umm_decimal_column *column, uint32_t *odd);
size_t umm_decimal_i64_avx2(const struct umm_decimal_column *column, uint32_t *odd);
size_t umm_decimal_f64_avx512(const struct umm_decimal_column *column, uint32_t *odd);
size_t umm_decimal_i64_avx512(const struct umm_decimal_column *column, uint32_t *odd);

/* The portable engine on the fields first to last - 1. */
size_t umm_decimal_f64_portable(const struct umm_decimal_column *column, size_t first, size_t last,
                                uint32_t *odd);
size_t umm_decimal_i64_portable(const struct umm_decimal_column *column, size_t first, size_t last,
                                uint32_t *odd);

#endif
