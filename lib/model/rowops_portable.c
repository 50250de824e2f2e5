/* SPDX-License-Identifier: MIT */
#include "model/rowops_engines.h"

static void look_up(const uint8_t table[256], const uint8_t *x, size_t n, uint8_t *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = table[x[i]];
}

#define VECTOR_BYTES 16
#define TARGET
#define TABLE  look_up
#define ENGINE umm_rowops_portable
#include "model/rowops.inc"
