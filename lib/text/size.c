/* SPDX-License-Identifier: MIT */
#include "text/size.h"

#include <math.h>
#include <stdio.h>

static const char *format(char out[UMM_SIZE_TEXT_MAX], double bytes, const char *sign)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    bytes = fabs(bytes);
    /* 1023.95 would be shown as 1024.0: the next unit's 1.0. */
    while (bytes >= 1023.95 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1024;
        unit++;
    }
    snprintf(out, UMM_SIZE_TEXT_MAX, "%s%.*f %s", sign, unit ? 1 : 0, bytes, units[unit]);
    return out;
}

const char *umm_size_format(char out[UMM_SIZE_TEXT_MAX], double bytes)
{
    return format(out, bytes, bytes < 0 ? "-" : "");
}

const char *umm_size_format_change(char out[UMM_SIZE_TEXT_MAX], double bytes)
{
    return format(out, bytes, fabs(bytes) < 0.5 ? "" : bytes < 0 ? "-" : "+");
}
