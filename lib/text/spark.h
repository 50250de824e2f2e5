/* SPDX-License-Identifier: MIT */
/* spark.h - a row of numbers as a line of blocks: the least is lowest, the most highest. */
#ifndef UMM_TEXT_SPARK_H
#define UMM_TEXT_SPARK_H

#include <stddef.h>

/* Bytes that n numbers take, with the final zero. */
#define UMM_SPARK_BYTES(n) (3 * (n) + 1)

/*
 * One block, U+2581 to U+2588 in UTF-8, for each of n finite numbers; equal numbers are
 * all lowest. Returns out.
 */
const char *umm_spark(char *out, const double *values, size_t n);

#endif
