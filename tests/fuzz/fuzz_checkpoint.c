/* SPDX-License-Identifier: MIT */
/*
 * fuzz_checkpoint.c - bytes as a state file: no crash, no leak, and what is accepted is
 * written the same again. Half of the inputs get the checksum that they lack, or none
 * would come past it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "rowjob/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *bytes, size_t len)
{
    struct umm_checkpoint c;
    char *back = NULL;
    size_t back_len = 0;
    if (umm_checkpoint_decode(bytes, len, &c, NULL) != UMM_OK)
        return;
    if (umm_checkpoint_encode(&c, &back, &back_len, NULL) != UMM_OK || back_len != len) {
        fprintf(stderr, "cannot be written again\n");
        abort();
    }
    free(back);
    umm_checkpoint_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size + 1);
    if (!bytes)
        return 0;
    if (size > 0)
        memcpy(bytes, data, size);
    check(bytes, size);
    if (size >= 32) {
        umm_bytes_put(bytes + 16, size, 8);
        umm_bytes_put(bytes + size - 8, umm_hash64(bytes, size - 8, 0), 8);
        check(bytes, size);
    }
    free(bytes);
    return 0;
}
