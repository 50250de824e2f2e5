/* SPDX-License-Identifier: MIT */
#include "store/store_value.h"

#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"

static const char MAGIC[] = "UMMVEC";
enum { VERSION = 1 };
enum { AT_VERSION = 6, AT_INACTIVE = 7, AT_DIM = 8, AT_CHECK = 12, AT_TIME = 16, AT_EXPIRES = 24 };
enum { AT_GENERATION = 32, AT_POSITION = 40 };

/* NaT in the value, as NumPy has it. */
static int64_t expires_in_value(int64_t expires_ns)
{
    return expires_ns == INT64_MAX ? INT64_MIN : expires_ns;
}

static uint32_t make_check(const void *id, size_t id_bytes, int64_t timestamp_ns,
                           int64_t expires_ns, const void *vector, size_t vector_bytes)
{
    char key[UMM_STORE_ID_MAX + 8];
    memcpy(key, id, id_bytes);
    (void)umm_bytes_put(key + id_bytes, (uint64_t)expires_ns, 8);
    const uint64_t seed = umm_hash64(key, id_bytes + 8, (uint64_t)timestamp_ns);
    return (uint32_t)umm_hash64(vector, vector_bytes, seed);
}

static void write_vector(char *out, const float *vector, uint32_t dim)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(out, vector, dim * sizeof *vector);
#else
    for (uint32_t i = 0; i < dim; i++) {
        uint32_t bits;
        memcpy(&bits, &vector[i], sizeof bits);
        out = umm_bytes_put(out, bits, sizeof bits);
    }
#endif
}

static void read_vector(float *vector, const char *in, uint32_t dim)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(vector, in, dim * sizeof *vector);
#else
    for (uint32_t i = 0; i < dim; i++) {
        const uint32_t bits = (uint32_t)umm_bytes_get(in + 4 * i, 4);
        memcpy(&vector[i], &bits, sizeof bits);
    }
#endif
}

void umm_store_value_write(const struct umm_store_entry *entry, const float *vector, uint32_t dim,
                           char front[UMM_STORE_VALUE_FRONT_BYTES], char *vector_bytes)
{
    const int64_t expires_ns = expires_in_value(entry->expires_ns);
    memcpy(front, MAGIC, AT_VERSION);
    front[AT_VERSION] = VERSION;
    front[AT_INACTIVE] = !entry->is_active;
    (void)umm_bytes_put(front + AT_DIM, dim, 4);
    write_vector(vector_bytes, vector, dim);
    (void)umm_bytes_put(front + AT_CHECK,
                        make_check(entry->id, entry->id_bytes, entry->timestamp_ns, expires_ns,
                                   vector_bytes, dim * sizeof *vector),
                        4);
    (void)umm_bytes_put(front + AT_TIME, (uint64_t)entry->timestamp_ns, 8);
    (void)umm_bytes_put(front + AT_EXPIRES, (uint64_t)expires_ns, 8);
}

enum umm_store_value_state umm_store_value_read_head(const void *bytes, size_t len_bytes,
                                                     struct umm_store_entry *entry, uint32_t *dim)
{
    const char *at = bytes;
    if (len_bytes < UMM_STORE_VALUE_HEAD_BYTES || memcmp(at, MAGIC, AT_VERSION) != 0)
        return UMM_STORE_VALUE_FOREIGN;
    if (at[AT_VERSION] != VERSION)
        return UMM_STORE_VALUE_VERSION;
    const int64_t expires_ns = (int64_t)umm_bytes_get(at + AT_EXPIRES, 8);
    *dim = (uint32_t)umm_bytes_get(at + AT_DIM, 4);
    entry->is_active = !at[AT_INACTIVE];
    entry->timestamp_ns = (int64_t)umm_bytes_get(at + AT_TIME, 8);
    entry->expires_ns = expires_ns == INT64_MIN ? INT64_MAX : expires_ns;
    entry->generation = (uint32_t)umm_bytes_get(at + AT_GENERATION, 8);
    entry->position = umm_bytes_get(at + AT_POSITION, 8);
    return UMM_STORE_VALUE_SOUND;
}

enum umm_store_value_state umm_store_value_read(const void *bytes, size_t len_bytes, const void *id,
                                                size_t id_bytes, uint32_t dim,
                                                struct umm_store_entry *entry, float *vector)
{
    const char *at = bytes;
    struct umm_store_entry head = {.id_bytes = 0};
    uint32_t its_dim = 0;
    const enum umm_store_value_state state =
        umm_store_value_read_head(bytes, len_bytes, &head, &its_dim);
    if (state != UMM_STORE_VALUE_SOUND)
        return state;
    if (its_dim != dim)
        return UMM_STORE_VALUE_DIM;
    if (len_bytes - UMM_STORE_VALUE_HEAD_BYTES != dim * sizeof *vector || id_bytes == 0 ||
        id_bytes > UMM_STORE_ID_MAX || (unsigned char)at[AT_INACTIVE] > 1)
        return UMM_STORE_VALUE_DAMAGED;
    const char *values = at + UMM_STORE_VALUE_HEAD_BYTES;
    const uint32_t check =
        make_check(id, id_bytes, head.timestamp_ns, expires_in_value(head.expires_ns), values,
                   dim * sizeof *vector);
    if (check != (uint32_t)umm_bytes_get(at + AT_CHECK, 4))
        return UMM_STORE_VALUE_DAMAGED;
    if (vector)
        read_vector(vector, values, dim);
    if (entry) {
        memcpy(head.id, id, id_bytes);
        head.id_bytes = id_bytes;
        *entry = head;
    }
    return UMM_STORE_VALUE_SOUND;
}
