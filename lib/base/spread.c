/* SPDX-License-Identifier: MIT */
#include "base/spread.h"

enum { EACH = 1 << UMM_SPREAD_BITS };

static unsigned bin_of(uint64_t value)
{
    if (value < EACH)
        return (unsigned)value;
    const unsigned shift = 63 - (unsigned)__builtin_clzll(value) - UMM_SPREAD_BITS;
    return (shift << UMM_SPREAD_BITS) + (unsigned)(value >> shift);
}

/* The highest value of a bin. */
static uint64_t top_of(unsigned bin)
{
    if (bin < EACH)
        return bin;
    const unsigned shift = (bin >> UMM_SPREAD_BITS) - 1;
    const uint64_t first = (uint64_t)(bin - (shift << UMM_SPREAD_BITS)) << shift;
    return first + (((uint64_t)1 << shift) - 1);
}

void umm_spread_add(struct umm_spread *spread, uint64_t value)
{
    spread->n++;
    spread->max = value > spread->max ? value : spread->max;
    spread->bins[bin_of(value)]++;
}

uint64_t umm_spread_at(const struct umm_spread *spread, double share)
{
    const double exact = share * (double)spread->n;
    uint64_t rank = (uint64_t)exact, sum = 0;
    rank += (double)rank < exact;
    rank = rank > 0 ? rank : 1;
    for (unsigned i = 0; i < UMM_SPREAD_BINS; i++) {
        sum += spread->bins[i];
        if (sum >= rank && sum > 0) {
            const uint64_t top = top_of(i);
            return top < spread->max ? top : spread->max;
        }
    }
    return spread->max;
}
