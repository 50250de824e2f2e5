/* SPDX-License-Identifier: MIT */
/*
 * shortest.h - the shortest decimal text of a floating-point number that reads back
 * to the same bits.
 *
 * Of all decimals that round (to nearest, ties to even) to the value, those with the
 * fewest significant digits are taken, and of these the one closest to the value:
 * the digits of Python's repr and of ECMAScript. The notation is ECMAScript's
 * Number::toString, which RFC 8785 prescribes for JSON: positional from 1e-6 up to,
 * not including, 1e21, and 1.5e-7, 1e+21 beyond. Apart from two things: the sign of
 * -0 is kept, and infinities are "inf" and "-inf". There is no ".0". A NaN is "NaN",
 * its sign and payload are lost.
 *
 * What is finite is within the grammar of umm_num_parse_f64 (_f32), which gives back
 * the same bits. Each function writes at out, adds no terminator and returns the end
 * of the text. It may overwrite all UMM_PRINT_SHORTEST_MAX bytes of room that the
 * caller provides. They cannot fail, do not know locales, and may run on any thread.
 *
 * Source: Giulietti, "The Schubfach way to render doubles" (2020, 2022), on the
 * powers of ten of pow10.h; numbers of few decimals take a shorter way.
 */
#ifndef UMM_TEXT_SHORTEST_H
#define UMM_TEXT_SHORTEST_H

#include <stdint.h>

enum { UMM_PRINT_SHORTEST_MAX = 32 }; /* the longest: -0.0000012345678901234567 */

char *umm_print_f64_shortest(char *out, double v);
char *umm_print_f32_shortest(char *out, float v);

/* A binary16, by its bits: C11 has no type for it. */
char *umm_print_f16_shortest(char *out, uint16_t bits);

#endif
