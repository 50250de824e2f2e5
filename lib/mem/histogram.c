/* SPDX-License-Identifier: MIT */
#include "mem/histogram.h"

/*
 * The highest bits of a value are its slot within its octave; values below two octaves of slots
 * are slots as they are.
 */
static unsigned slot_of(uint64_t value)
{
    const unsigned n = 1U << UMM_HISTOGRAM_BITS;
    if (value < n)
        return (unsigned)value;
    const unsigned shift = 63U - (unsigned)__builtin_clzll(value) - UMM_HISTOGRAM_BITS;
    return shift * n + (unsigned)(value >> shift);
}

/* The largest value of a slot. */
static uint64_t last_of(unsigned slot)
{
    const unsigned n = 1U << UMM_HISTOGRAM_BITS;
    if (slot < n)
        return slot;
    const unsigned shift = slot / n - 1;
    const uint64_t high = slot - shift * n;
    return (high << shift) + ((UINT64_C(1) << shift) - 1);
}

void umm_histogram_add(struct umm_histogram *histogram, uint64_t value, uint64_t n)
{
    histogram->n += n;
    histogram->slots[slot_of(value)] += n;
    if (n && value > histogram->max)
        histogram->max = value;
}

uint64_t umm_histogram_at(const struct umm_histogram *histogram, unsigned per_mille)
{
    const uint64_t whole = 1000;
    /* Rounded up, without n * per_mille, which may be too large. */
    const uint64_t rank =
        histogram->n / whole * per_mille + (histogram->n % whole * per_mille + whole - 1) / whole;
    uint64_t n = 0;
    for (unsigned slot = 0; slot < UMM_HISTOGRAM_SLOTS; slot++) {
        n += histogram->slots[slot];
        if (n && n >= rank) {
            const uint64_t last = last_of(slot);
            return last < histogram->max ? last : histogram->max;
        }
    }
    return 0;
}
