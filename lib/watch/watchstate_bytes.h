/* SPDX-License-Identifier: MIT */
/* watchstate_bytes.h - the numbers of the layout in watchstate.h, for what reads and writes it. */
#ifndef UMM_WATCH_WATCHSTATE_BYTES_H
#define UMM_WATCH_WATCHSTATE_BYTES_H

#include <stdint.h>

enum {
    UMM_WATCHSTATE_MAJOR = 1,
    UMM_WATCHSTATE_MINOR = 0,
    UMM_WATCHSTATE_ORDER = 0x01020304,
    UMM_WATCHSTATE_OTHER_ORDER = 0x04030201,
    UMM_WATCHSTATE_HEAD = 24,
    UMM_WATCHSTATE_BLOCK_HEAD = 16,
    UMM_WATCHSTATE_BLOCK_MAX = 1 << 18, /* bytes of records in a block */
    UMM_WATCHSTATE_RECORD_MAX = 1 + 2 * 8 + 3 * 8 + 4 + 2 * 255
};

enum umm_watchstate_kind {
    UMM_WATCHSTATE_PRICE = 1,
    UMM_WATCHSTATE_POSITION,
    UMM_WATCHSTATE_END,
    UMM_WATCHSTATE_OPEN,
    UMM_WATCHSTATE_SET,
    UMM_WATCHSTATE_CLOSE
};

extern const char umm_watchstate_magic[8];

/* Of the length in the first four bytes of a block that begins at `at`. */
uint64_t umm_watchstate_check(const char *head, uint64_t at);

#endif
