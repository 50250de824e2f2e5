/* SPDX-License-Identifier: MIT */
/*
 * random.h - bits that nobody can foretell, from the kernel: names of temporary files, keys of
 * hash tables.
 */
#ifndef UMM_SYS_RANDOM_H
#define UMM_SYS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* Draw 64 bits. False with errno set: none could be had. Any thread. */
bool umm_random_bits(uint64_t *bits);

/*
 * The same for what is better foretold than not done: where the kernel gives no bits, they come
 * from the time, the process and where its memory is.
 */
uint64_t umm_random_key(void);

#endif
