/* SPDX-License-Identifier: MIT */
#include "sys/random.h"

#include "base/siphash.h"
#include "sys/clock.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>
#include <unistd.h>

bool umm_random_bits(uint64_t *bits)
{
    size_t n_bytes = 0;
    while (n_bytes < sizeof *bits) {
        const ssize_t n = getrandom((char *)bits + n_bytes, sizeof *bits - n_bytes, 0);
        if (n < 0 && errno != EINTR)
            return false;
        n_bytes += n > 0 ? (size_t)n : 0;
    }
    return true;
}

uint64_t umm_random_key(void)
{
    static const uint64_t key[2] = {0};
    uint64_t bits;
    if (umm_random_bits(&bits))
        return bits;
    const uint64_t known[] = {(uint64_t)umm_clock_realtime_ns(), umm_clock_monotonic_ns(),
                              (uint64_t)getpid(), (uintptr_t)&bits};
    return umm_siphash(key, known, sizeof known);
}
