/* SPDX-License-Identifier: MIT */
/*
 * csvcell.h - a text as a cell of CSV, as RFC 4180 has it: in quotes if it has a comma, a quote
 * or a line's end, and then each quote twice.
 */
#ifndef UMM_TEXT_CSVCELL_H
#define UMM_TEXT_CSVCELL_H

#include <stddef.h>

/* Bytes that the cell of a text of len_bytes takes at most. */
#define UMM_CSVCELL_MAX(len_bytes) (2 * (len_bytes) + 2)

/* Write the cell of the text to out, which has UMM_CSVCELL_MAX(len_bytes); returns its end. */
char *umm_csvcell_put(char *out, const char *text, size_t len_bytes);

/* The same of an id that may begin a line: in quotes also if it begins as commands do, with '!'. */
char *umm_csvcell_put_id(char *out, const char *text, size_t len_bytes);

#endif
