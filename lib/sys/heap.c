/* SPDX-License-Identifier: MIT */
#include "sys/heap.h"
#include "umm/mem.h"

#ifdef __GLIBC__
#include <malloc.h>

/* mallinfo2 has sizes that do not wrap at 2 GiB; glibc has it since 2.33. */
bool umm_heap_live_bytes(uint64_t *bytes)
{
    struct mallinfo2 info = mallinfo2();
    *bytes = (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
    return true;
}

bool umm_malloc_tune(const struct umm_malloc_tuning *tuning)
{
    const struct {
        int name;
        uint32_t value;
    } settings[] = {{M_ARENA_MAX, tuning->arenas_max},
                    {M_TRIM_THRESHOLD, tuning->trim_bytes},
                    {M_MMAP_THRESHOLD, tuning->map_bytes}};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (settings[i].value > INT32_MAX ||
            (settings[i].value && mallopt(settings[i].name, (int)settings[i].value) != 1))
            return false;
    return true;
}
#else
bool umm_heap_live_bytes(uint64_t *bytes)
{
    (void)bytes;
    return false;
}

bool umm_malloc_tune(const struct umm_malloc_tuning *tuning)
{
    return tuning->arenas_max == 0 && tuning->trim_bytes == 0 && tuning->map_bytes == 0;
}
#endif
