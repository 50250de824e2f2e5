/* SPDX-License-Identifier: MIT */
/*
 * flatbuffer.h - FlatBuffers: tables, vectors and texts in bytes that nobody has checked, and a
 * writer of them.
 *
 *     root    u32, how far the root table is from here; then 4 bytes of identifier
 *     table   i32, how far its vtable is before it; then its fields
 *     vtable  u16 its bytes, u16 the table's bytes, then u16 for each field: where in the table it
 *             is, 0 if it has the default
 *     field   a number, or u32: how far its table, vector or text is from here
 *     vector  u32, how many elements; then these
 *
 * All is little-endian. Source: FlatBuffers' "Internals" page and its binary schema.
 */
#ifndef UMM_MODELFILE_FLATBUFFER_H
#define UMM_MODELFILE_FLATBUFFER_H

#include "umm.h"

/*
 * Bytes that are read. damage is NULL until a call finds what cannot be: then it says what, and
 * damage_byte where. The first one stays. Calls never read outside the bytes, and what is damaged
 * is absent: so a reader may look at damage once, after many calls.
 */
struct umm_flat {
    const unsigned char *bytes;
    size_t len_bytes;
    const char *damage;
    size_t damage_byte;
};

/* Places in the bytes; at is 0 where there is none. */
struct umm_flat_table {
    uint32_t at, vtable;
    uint16_t vtable_bytes, table_bytes;
};

/* at is that of the first element. */
struct umm_flat_vector {
    uint32_t at, n;
};

/* Begin to read; the root, if the bytes have that identifier of 4 bytes. */
struct umm_flat umm_flat_open(const void *bytes, size_t len_bytes);
struct umm_flat_table umm_flat_root(struct umm_flat *flat, const char *identifier);

/* Field number id of a table, as its unsigned bits of len_bytes; absent where the table is. */
uint64_t umm_flat_bits(struct umm_flat *flat, struct umm_flat_table table, unsigned id,
                       size_t len_bytes, uint64_t absent);
int32_t umm_flat_i32(struct umm_flat *flat, struct umm_flat_table table, unsigned id,
                     int32_t absent);
float umm_flat_f32(struct umm_flat *flat, struct umm_flat_table table, unsigned id, float absent);

/* A field that leads to a table, or to a vector of elements of each_bytes. */
struct umm_flat_table umm_flat_table(struct umm_flat *flat, struct umm_flat_table table,
                                     unsigned id);
struct umm_flat_vector umm_flat_vector(struct umm_flat *flat, struct umm_flat_table table,
                                       unsigned id, size_t each_bytes);

/* Element i of a vector of tables (its elements have 4 bytes), of i32, i64 or f32; i < n. */
struct umm_flat_table umm_flat_table_at(struct umm_flat *flat, struct umm_flat_vector vector,
                                        uint32_t i);
int32_t umm_flat_i32_at(const struct umm_flat *flat, struct umm_flat_vector vector, uint32_t i);
int64_t umm_flat_i64_at(const struct umm_flat *flat, struct umm_flat_vector vector, uint32_t i);
float umm_flat_f32_at(const struct umm_flat *flat, struct umm_flat_vector vector, uint32_t i);

/* The bits of a float, and the float of such bits. */
float umm_flat_float(uint32_t bits);
uint32_t umm_flat_float_bits(float number);

/*
 * What is written, from front to back: a parent before its children, a vtable before the first
 * table that has it. Each put_ takes slot, where a parent keeps room for the way to what is put
 * (umm_flat_begin: for the root). Once memory ends or the bytes are more than 2 GiB, calls do
 * nothing, and umm_flat_finish fails. The same calls give the same bytes.
 */
enum { UMM_FLAT_VTABLES_MAX = 32, UMM_FLAT_FIELDS_MAX = 12, UMM_FLAT_ROOT_SLOT = 0 };

struct umm_flat_builder {
    unsigned char *bytes;
    size_t len_bytes, cap_bytes;
    bool has_failed;
    size_t vtables[UMM_FLAT_VTABLES_MAX];
    unsigned n_vtables;
};

/* A field of 1 or 4 bytes; one that leads to a child has 4, and value 0. slot: where it stands. */
struct umm_flat_field {
    unsigned id;
    size_t len_bytes;
    uint32_t value;
    size_t slot;
};

void umm_flat_begin(struct umm_flat_builder *builder, const char *identifier);

/* Put a table of n_fields; sets the slots of its fields. */
void umm_flat_put_table(struct umm_flat_builder *builder, size_t slot,
                        struct umm_flat_field *fields, size_t n_fields);

/*
 * Put a vector of n numbers of each_bytes (1, 4, 8; NULL: zeros), the first at a multiple of
 * align_bytes; or a vector of bytes that are such numbers.
 */
void umm_flat_put_vector(struct umm_flat_builder *builder, size_t slot, const void *numbers,
                         size_t n, size_t each_bytes, size_t align_bytes);
void umm_flat_put_bytes(struct umm_flat_builder *builder, size_t slot, const void *numbers,
                        uint64_t n, size_t each_bytes, size_t align_bytes);
void umm_flat_put_text(struct umm_flat_builder *builder, size_t slot, const char *text);

/* Put a vector of n ways to children; returns the slot of the first, the others follow at 4 bytes
 * each. */
size_t umm_flat_put_ways(struct umm_flat_builder *builder, size_t slot, size_t n);

/* Give the bytes, which the caller frees; nothing of the builder is left. */
UMM_MUST_USE enum umm_status umm_flat_finish(struct umm_flat_builder *builder, void **data,
                                             size_t *len_bytes, struct umm_error *err);

#endif
