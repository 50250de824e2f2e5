/* SPDX-License-Identifier: MIT */
/*
 * rowhash.h - a hash of all rows so far that goes on where it was left: four words are
 * all it remembers, and how the rows are cut into calls does not matter.
 *
 * Each row is words of 8 bytes, little-endian, the last one filled up with zeros; word
 * number i of a row goes into lane i % 4 by the round of XXH64. It finds changes; it is
 * no protection against somebody who means harm.
 */
#ifndef UMM_ROWJOB_ROWHASH_H
#define UMM_ROWJOB_ROWHASH_H

#include <stddef.h>
#include <stdint.h>

enum { UMM_ROWHASH_LANES = 4 };

/* All zero: no rows. */
struct umm_rowhash {
    uint64_t lanes[UMM_ROWHASH_LANES];
};

/* n more rows, end to end. */
void umm_rowhash_add(struct umm_rowhash *hash, const char *rows, size_t n, size_t row_bytes);

#endif
