/* SPDX-License-Identifier: MIT */
/*
 * logarithm.h - one natural logarithm for all machines.
 *
 * The C library's may give other bits with every version and CPU; this one is made of
 * additions, multiplications and divisions in a fixed order.
 */
#ifndef UMM_BASE_LOGARITHM_H
#define UMM_BASE_LOGARITHM_H

/*
 * ln(x / y), within 2 units in the last place, for finite x and y of one sign; the
 * quotient itself is never rounded, so that values close together lose nothing. NaN when
 * the signs differ or either is 0.
 */
double umm_log_ratio(double x, double y);

#endif
