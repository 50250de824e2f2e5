/* SPDX-License-Identifier: MIT */
/*
 * fuzz_batchjournal.c - bytes as a journal of items: no crash, no leak, and what is accepted says
 * no more than its lines do. Once as they are, and once with the checks of lines that they lack, or
 * none would come past these.
 */
#include "batch/batchjournal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch/batchjournal_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct umm_batchjournal_key key = {
    .n_items = 12, .n_all = 12, .count = 1, .list_hash = 7, .command_hash = 8};

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check(const char *bytes, size_t size)
{
    struct umm_batchjournal_past past;
    struct umm_error err = {.status = UMM_OK};
    if (umm_batchjournal_parse(bytes, size, "j", &key, &past, &err) == UMM_OK) {
        uint64_t n[4] = {0};
        for (uint64_t i = 0; i < key.n_items; i++)
            n[past.states[i] & 3]++;
        require(n[UMM_BATCH_DONE] == past.n_done && n[UMM_BATCH_FAILED] == past.n_failed &&
                    n[UMM_BATCH_HELD] == 0 && past.n_failures == past.n_failed,
                "counts that are not those of the states");
        require(past.len_bytes <= size, "more bytes than there are");
        for (size_t i = 0; i < past.n_flights; i++)
            require(past.flights[i].first + past.flights[i].n <= key.n_items, "a batch of nothing");
    } else {
        require(*err.message && !strchr(err.message, '\n'), "a message that is no line");
    }
    umm_batchjournal_past_free(&past);
}

/* The first two lines, then each line of the input with its check. */
static void check_mended(const char *bytes, size_t size)
{
    struct umm_textbuf text = {0};
    char line[UMM_BATCHJOURNAL_LINE_MAX];
    const uint64_t seed = umm_batchjournal_describe(&key, line);
    umm_textbuf_add(&text, "%s%s %08" PRIx32 "\n", umm_batchjournal_magic, line,
                    umm_batchjournal_check(line, strlen(line), 0));
    while (size > 0) {
        const char *end = memchr(bytes, '\n', size);
        const size_t n = end ? (size_t)(end - bytes) : size;
        umm_textbuf_add_bytes(&text, bytes, n);
        umm_textbuf_add(&text, " %08" PRIx32 "\n", umm_batchjournal_check(bytes, n, seed));
        bytes += n + (end != NULL);
        size -= n + (end != NULL);
    }
    if (!text.is_failed)
        check(text.text, text.len_bytes);
    umm_textbuf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size + 1);
    if (!bytes)
        return 0;
    if (size > 0)
        memcpy(bytes, data, size);
    check(bytes, size);
    check_mended(bytes, size);
    free(bytes);
    return 0;
}
