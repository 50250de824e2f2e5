/* SPDX-License-Identifier: MIT */
/*
 * batchtext.h - what commands print, kept until its turn comes: in memory as long as there is
 * little of it, the rest in one scratch file without a name.
 */
#ifndef UMM_BATCH_BATCHTEXT_H
#define UMM_BATCH_BATCHTEXT_H

#include "umm.h"

/* What all texts of a run share. */
struct umm_batchtext_store {
    const char *scratch_dir;
    int fd;                /* -1: not needed so far */
    uint64_t memory_bytes; /* of all texts */
    uint64_t max_bytes;    /* what these may have */
    uint64_t len_bytes;    /* of the file */
    uint64_t n_in_file;    /* texts with a part there */
    uint64_t spilled_bytes;
};

/* A part that was put into the file. */
struct umm_batchtext_part {
    uint64_t at, len_bytes;
};

/* The parts come first, then what is in memory. All zero is an empty text. */
struct umm_batchtext {
    struct umm_batchtext_part *parts;
    size_t n_parts;
    char *bytes;
    size_t len_bytes, cap_bytes;
    uint64_t all_bytes;
};

void umm_batchtext_store_open(struct umm_batchtext_store *store, const char *scratch_dir,
                              uint64_t max_bytes);
void umm_batchtext_store_close(struct umm_batchtext_store *store);

UMM_MUST_USE enum umm_status umm_batchtext_add(struct umm_batchtext_store *store,
                                               struct umm_batchtext *text, const char *bytes,
                                               size_t len_bytes, struct umm_error *err);

/* Copy up to cap_bytes bytes from offset on to out; *n is 0 at the end. */
UMM_MUST_USE enum umm_status umm_batchtext_read(const struct umm_batchtext_store *store,
                                                const struct umm_batchtext *text, uint64_t offset,
                                                char *out, size_t cap_bytes, size_t *n,
                                                struct umm_error *err);

/* It is empty after that. */
void umm_batchtext_clear(struct umm_batchtext_store *store, struct umm_batchtext *text);

#endif
