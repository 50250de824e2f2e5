/* SPDX-License-Identifier: MIT */
#include "text/spark.h"

#include <string.h>

const char *umm_spark(char *out, const double *values, size_t n)
{
    enum { LEVELS = 8 };
    double low = n ? values[0] : 0, high = low;
    char *at = out;
    for (size_t i = 0; i < n; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    for (size_t i = 0; i < n; i++) {
        double share = high > low ? (values[i] - low) / (high - low) : 0;
        int level = (int)(share * LEVELS);
        memcpy(at, "\xe2\x96", 2);
        at[2] = (char)(0x81 + (level < LEVELS ? level : LEVELS - 1));
        at += 3;
    }
    *at = '\0';
    return out;
}
