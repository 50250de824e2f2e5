/* SPDX-License-Identifier: MIT */
/*
 * scan.h - the structure of a block of delimited text, many bytes at a time.
 *
 * A scan writes the positions of all delimiters and line ends (a CR stands for its LF)
 * that are not inside quotes, in order: where each field ends, quotes and all. What is
 * inside quotes is known from the parity of the quotes before it (a prefix XOR over
 * their bit mask), which is right only for regular text: each quoted field begins after
 * a delimiter or line end and ends before one, quotes inside it doubled; CR comes before
 * LF only; no NUL; no whole record, nor a field of one, longer than csv.h allows. A block
 * that is not regular says so, and its positions mean nothing: the record-by-record reader
 * of csv.h takes it.
 *
 * Source: Langdale, Lemire, "Parsing gigabytes of JSON per second" (2019), sections
 * 3.1.1 and 3.1.4; Ge, Li, Eilebrecht et al., "Speculative distributed CSV data
 * parsing" (2019) for quote parity.
 */
#ifndef UMM_TEXT_SCAN_H
#define UMM_TEXT_SCAN_H

#include "base/cpu.h"
#include "umm.h"

enum {
    UMM_SCAN_PAD = 64,         /* readable bytes wanted before and after the text */
    UMM_SCAN_SPARE = 64,       /* positions that may be written beyond the last */
    UMM_SCAN_STRETCH = 32768,  /* bytes with no field's end in them: lengths are looked at */
    UMM_SCAN_LEN_MAX = 1 << 30 /* of a block */
};

/*
 * n positions in all, of which n_whole belong to whole records: those that end with
 * the last LF outside quotes. The records take whole_bytes; the counts are theirs. What
 * it has, all of the text has.
 */
struct umm_scan {
    bool is_regular;
    bool has_quotes;
    bool has_unquoted; /* fields; not the last one, while nothing ends it */
    bool has_escapes;  /* doubled quotes in a quoted field */
    bool has_crs;
    bool has_bare_lfs; /* outside quotes, with no CR before */
    size_t n, n_whole;
    size_t whole_bytes;
    size_t n_lines;   /* LFs, inside quotes too */
    size_t n_records; /* LFs outside quotes */
};

/*
 * Scan len_bytes of text, which begins with a record. positions needs room for
 * len_bytes + UMM_SCAN_SPARE; positions[-1] is set to -1, so that the field that ends
 * at positions[i] begins at positions[i - 1] + 1, or + 2 after a CR. UMM_SCAN_PAD bytes
 * after the text must be readable; what they hold does not matter.
 */
void umm_scan(enum umm_cpu cpu, const char *text, size_t len_bytes, char delimiter,
              uint32_t *positions, struct umm_scan *out);

#endif
