/* SPDX-License-Identifier: MIT */
#include "quantize/seen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* ---- percentiles ------------------------------------------------------------------------- */

uint32_t umm_quantize_bin(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    bits = bits & 0x80000000U ? ~bits : bits | 0x80000000U; /* in the order of numbers */
    return bits >> 16;
}

struct umm_quantize_range umm_quantize_bin_range(uint32_t bin)
{
    uint32_t ends[2] = {bin << 16, bin << 16 | 0xffffU};
    float numbers[2];
    for (int i = 0; i < 2; i++)
        ends[i] = ends[i] & 0x80000000U ? ends[i] ^ 0x80000000U : ~ends[i];
    memcpy(numbers, ends, sizeof numbers);
    return (struct umm_quantize_range){.low = numbers[0], .high = numbers[1]};
}

static struct umm_quantize_range whole_range(const struct umm_quantize_seen *seen)
{
    struct umm_quantize_range range = {.low = INFINITY, .high = -INFINITY};
    for (uint32_t i = 0; i < seen->width; i++) {
        range.low = fminf(range.low, seen->low[i]);
        range.high = fmaxf(range.high, seen->high[i]);
    }
    return range;
}

struct umm_quantize_range umm_quantize_percentile(const struct umm_quantize_seen *seen,
                                                  double share)
{
    struct umm_quantize_range range = whole_range(seen);
    uint64_t n = 0, below = 0, above = 0;
    uint32_t first = 0, last = UMM_QUANTIZE_BINS - 1;
    for (uint32_t i = 0; i < UMM_QUANTIZE_BINS; i++)
        n += seen->bins[i];
    const uint64_t n_outer = (uint64_t)(share * (double)n);
    while (first < last && below + seen->bins[first] <= n_outer)
        below += seen->bins[first++];
    while (last > first && above + seen->bins[last] <= n_outer)
        above += seen->bins[last--];
    range.low = fmaxf(range.low, umm_quantize_bin_range(first).low);
    range.high = fminf(range.high, umm_quantize_bin_range(last).high);
    return range;
}

void umm_quantize_ranges_free(struct umm_quantize_ranges *ranges)
{
    for (uint32_t i = 0; i < ranges->n_values; i++) {
        free(ranges->values[i].low);
        free(ranges->values[i].high);
        free(ranges->values[i].bins);
    }
    free(ranges->values);
    *ranges = (struct umm_quantize_ranges){0};
}

enum umm_status umm_quantize_seen_new(struct umm_quantize_seen *seen, uint32_t width, bool has_bins,
                                      struct umm_error *err)
{
    seen->width = width;
    seen->low = malloc(width * sizeof *seen->low);
    seen->high = malloc(width * sizeof *seen->high);
    seen->bins = has_bins ? calloc(UMM_QUANTIZE_BINS, sizeof *seen->bins) : NULL;
    if (!seen->low || !seen->high || (has_bins && !seen->bins))
        return umm_error_set_memory(err, width * sizeof *seen->low, "ranges");
    for (uint32_t i = 0; i < width; i++) {
        seen->low[i] = INFINITY;
        seen->high[i] = -INFINITY;
    }
    return UMM_OK;
}

bool umm_quantize_see(struct umm_quantize_seen *seen, const float *numbers)
{
    bool is_finite = true;
    for (uint32_t i = 0; i < seen->width; i++) {
        const float number = numbers[i];
        is_finite &= isfinite(number) != 0;
        if (number < seen->low[i])
            seen->low[i] = number;
        if (number > seen->high[i])
            seen->high[i] = number;
        if (seen->bins)
            seen->bins[umm_quantize_bin(number)]++;
    }
    return is_finite;
}

enum umm_status umm_quantize_ranges_new(uint32_t n_values, bool has_bins,
                                        struct umm_quantize_ranges *ranges, struct umm_error *err)
{
    *ranges = (struct umm_quantize_ranges){.has_bins = has_bins};
    ranges->values = calloc(n_values, sizeof *ranges->values);
    if (!ranges->values)
        return umm_error_set_memory(err, n_values * sizeof *ranges->values, "ranges");
    ranges->n_values = n_values;
    return UMM_OK;
}
