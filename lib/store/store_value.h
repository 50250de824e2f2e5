/* SPDX-License-Identifier: MIT */
/*
 * store_value.h - an entry of a store as the value of a key on a server, little-endian:
 *
 *     0   "UMMVEC"        6 bytes
 *     6   version         1
 *     7   inactive        1: 0, or 1
 *     8   dim             4
 *     12  check           4
 *     16  timestamp       8, ns since 1970
 *     24  expires         8, the same; NaT: never
 *     32  generation      8  \ which the server
 *     40  position        8  / writes
 *     48  vector          dim float32
 *
 * check is the low half of XXH64 of the vector's bytes; its seed is XXH64 of the id and the 8 bytes
 * of expires after it, and the seed of that is the timestamp.
 */
#ifndef UMM_STORE_STORE_VALUE_H
#define UMM_STORE_STORE_VALUE_H

#include "umm.h"
#include "umm/store.h"

enum {
    UMM_STORE_VALUE_FRONT_BYTES = 32, /* what a client writes, before the vector */
    UMM_STORE_VALUE_HEAD_BYTES = 48
};

/*
 * The front of a value, and its vector in the 4 * dim bytes of vector_bytes. Neither id
 * nor vector is looked at.
 */
void umm_store_value_write(const struct umm_store_entry *entry, const float *vector, uint32_t dim,
                           char front[UMM_STORE_VALUE_FRONT_BYTES], char *vector_bytes);

enum umm_store_value_state {
    UMM_STORE_VALUE_SOUND,
    UMM_STORE_VALUE_FOREIGN, /* no value of a store */
    UMM_STORE_VALUE_VERSION, /* one of another version */
    UMM_STORE_VALUE_DIM,     /* the vector has another length */
    UMM_STORE_VALUE_DAMAGED  /* its check differs, or its length */
};

/*
 * Take apart the len_bytes of the id's value: *entry and the vector (either may
 * be NULL), which have any content unless it is sound.
 */
enum umm_store_value_state umm_store_value_read(const void *bytes, size_t len_bytes, const void *id,
                                                size_t id_bytes, uint32_t dim,
                                                struct umm_store_entry *entry, float *vector);

/* The same of a value's first 48 bytes alone, without check and vector. */
enum umm_store_value_state umm_store_value_read_head(const void *bytes, size_t len_bytes,
                                                     struct umm_store_entry *entry, uint32_t *dim);

#endif
