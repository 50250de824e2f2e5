/* SPDX-License-Identifier: MIT */
#include "batch/batchjournal_lines.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "base/line.h"

uint32_t umm_batchjournal_check(const char *line, size_t len_bytes, uint64_t seed)
{
    return (uint32_t)umm_hash64(line, len_bytes, seed);
}

uint64_t umm_batchjournal_describe(const struct umm_batchjournal_key *key,
                                   char line[UMM_BATCHJOURNAL_LINE_MAX])
{
    line[0] = '\0';
    umm_line_add(line, UMM_BATCHJOURNAL_LINE_MAX,
                 "list %" PRIu64 " %016" PRIx64 " command %016" PRIx64 " part %" PRIu64 " %" PRIu64,
                 key->n_all, key->list_hash, key->command_hash, key->index, key->count);
    return umm_hash64(line, strlen(line), 0);
}
