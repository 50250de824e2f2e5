/* SPDX-License-Identifier: MIT */
#include "sys/random.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

bool umm_random_bits(uint64_t *bits)
{
    ssize_t n;
    do
        n = getrandom(bits, sizeof *bits, 0);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *bits; /* so few are never drawn in part */
}
