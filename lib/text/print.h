/* SPDX-License-Identifier: MIT */
/*
 * print.h - small, fast printers of integers and fixed-point decimals.
 *
 * Each writes ASCII digits at out, adds no terminator and returns the end of what
 * it wrote, so that calls chain: p = umm_print_i64(p, t); *p++ = ','; ... The
 * caller provides the room stated by the constants below. They cannot fail, hold
 * no state, do not know locales and may run on any thread.
 */
#ifndef UMM_TEXT_PRINT_H
#define UMM_TEXT_PRINT_H

#include <stdint.h>

enum {
    UMM_PRINT_U64_MAX = 20,           /* 18446744073709551615 */
    UMM_PRINT_I64_MAX = 20,           /* -9223372036854775808 */
    UMM_PRINT_FIXED_MAX = 21,         /* -9.223372036854775808 */
    UMM_PRINT_FIXED_DECIMALS_MAX = 18 /* the most decimals umm_print_fixed writes */
};

/* v in decimal, no leading zeros; at most UMM_PRINT_U64_MAX bytes. */
char *umm_print_u64(char *out, uint64_t v);

/* The same with a '-' before negative values; at most UMM_PRINT_I64_MAX bytes. */
char *umm_print_i64(char *out, int64_t v);

/*
 * The number scaled / 10^n_decimals with exactly n_decimals digits after a '.',
 * at least one before it, and no point when n_decimals is 0: (-1234, 2) gives
 * "-12.34", (5, 3) gives "0.005", (0, 2) gives "0.00". n_decimals must be at most
 * UMM_PRINT_FIXED_DECIMALS_MAX. At most UMM_PRINT_FIXED_MAX bytes.
 */
char *umm_print_fixed(char *out, int64_t scaled, unsigned n_decimals);

#endif
