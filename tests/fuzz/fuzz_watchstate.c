/* SPDX-License-Identifier: MIT */
/*
 * fuzz_watchstate.c - bytes as a state of watched positions: no crash, no leak, and what is
 * accepted holds as many positions as it says. Once as they are, and once with the checks of
 * blocks that they lack, or none would come past these.
 */
#include "watch/watchstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "sys/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 24, BLOCK_HEAD = 16 };

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check(const unsigned char *bytes, size_t size)
{
    const struct umm_watch_rules rules = {.max_positions = 64, .max_symbols = 16};
    struct umm_watchstate_found found;
    struct umm_watchlist *list = NULL;
    struct umm_watch_stats stats;
    struct umm_error err = {.status = UMM_OK};
    int fd = -1;
    require(umm_file_scratch("/tmp", &fd, NULL) == UMM_OK &&
                umm_file_write_all(fd, "state", bytes, size, NULL) == UMM_OK &&
                umm_watchlist_open(&rules, &list, NULL) == UMM_OK,
            "no file, or no list");
    if (umm_watchstate_read(fd, "state", size, list, &found, &err) == UMM_OK) {
        umm_watchlist_stats(list, &stats);
        require(stats.n_open + stats.n_closed <= found.n_positions + found.n_events,
                "positions out of nothing");
        require(found.cut_bytes <= size, "more was cut off than there is");
    } else {
        require(*err.message && !strchr(err.message, '\n'), "a message that is no line");
    }
    umm_watchlist_close(list);
    umm_file_close(&fd);
}

/* Give each block, as its length says, the checks that it should have. */
static void mend(unsigned char *bytes, size_t size)
{
    for (size_t at = HEAD; size - at > BLOCK_HEAD;) {
        unsigned char *head = bytes + at;
        size_t n = (size_t)umm_bytes_get(head, 4);
        n = n > 0 && n < size - at - BLOCK_HEAD ? n : size - at - BLOCK_HEAD;
        umm_bytes_put(head, n, 4);
        umm_bytes_put(head + 4, umm_hash64(head, 4, at), 4);
        umm_bytes_put(head + 8, umm_hash64(head + BLOCK_HEAD, n, at), 8);
        at += BLOCK_HEAD + n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *bytes = malloc(size + 1);
    if (!bytes)
        return 0;
    if (size > 0)
        memcpy(bytes, data, size);
    check(bytes, size);
    if (size > HEAD) {
        mend(bytes, size);
        check(bytes, size);
    }
    free(bytes);
    return 0;
}
