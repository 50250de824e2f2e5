/* SPDX-License-Identifier: MIT */
/*
 * size.h - sizes for people: "512 B", "1.5 KiB", "23.6 GiB".
 */
#ifndef UMM_TEXT_SIZE_H
#define UMM_TEXT_SIZE_H

#include "umm.h"

enum { UMM_SIZE_TEXT_MAX = 32 };

/* bytes in the unit that leaves one to four digits before the point; returns out. */
const char *umm_size_format(char out[UMM_SIZE_TEXT_MAX], double bytes);

/* The same with its sign, '+' too: for what grew. Nothing is "0 B". */
const char *umm_size_format_change(char out[UMM_SIZE_TEXT_MAX], double bytes);

#endif
