/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "base/error.h"
#include "modelfile/flatbuffer.h"

#include <stdlib.h>
#include <string.h>

enum { WAY_BYTES = 4, IDENTIFIER_BYTES = 4, FIRST_CAP_BYTES = 4096 };
enum { VTABLE_BYTES_MAX = (2 + UMM_FLAT_FIELDS_MAX) * (int)sizeof(uint16_t) };

/* Add n bytes of zeros; where they are, or NULL: it failed. */
static unsigned char *add(struct umm_flat_builder *builder, size_t n)
{
    if (builder->has_failed || n > (size_t)INT32_MAX - builder->len_bytes) {
        builder->has_failed = true;
        return NULL;
    }
    size_t need = builder->len_bytes + n, cap = builder->cap_bytes;
    while (cap < need)
        cap = cap ? 2 * cap : FIRST_CAP_BYTES;
    unsigned char *bytes = cap > builder->cap_bytes ? realloc(builder->bytes, cap) : builder->bytes;
    if (!bytes) {
        builder->has_failed = true;
        return NULL;
    }
    builder->bytes = bytes;
    builder->cap_bytes = cap;
    memset(bytes + builder->len_bytes, 0, n);
    builder->len_bytes = need;
    return bytes + need - n;
}

/* Fill up so that what comes `before` bytes from here stands at a multiple of align. */
static void align(struct umm_flat_builder *builder, size_t before, size_t align_bytes)
{
    size_t over = (builder->len_bytes + before) % align_bytes;
    if (over)
        add(builder, align_bytes - over);
}

/* The way at slot leads to the end of what is written. */
static void lead(struct umm_flat_builder *builder, size_t slot)
{
    if (!builder->has_failed)
        umm_bytes_put(builder->bytes + slot, builder->len_bytes - slot, WAY_BYTES);
}

void umm_flat_begin(struct umm_flat_builder *builder, const char *identifier)
{
    *builder = (struct umm_flat_builder){0};
    unsigned char *head = add(builder, WAY_BYTES + IDENTIFIER_BYTES);
    if (head)
        memcpy(head + WAY_BYTES, identifier, IDENTIFIER_BYTES);
}

/* Lay out the fields, those of 4 bytes first; the vtable's bytes, of which it returns how many. */
static size_t lay_out(struct umm_flat_field *fields, size_t n_fields,
                      unsigned char vtable[VTABLE_BYTES_MAX], size_t *table_bytes)
{
    size_t from = sizeof(int32_t), vtable_bytes = 2 * sizeof(uint16_t);
    memset(vtable, 0, VTABLE_BYTES_MAX);
    for (size_t len = sizeof(uint32_t); len > 0; len = len > 1 ? 1 : 0)
        for (size_t i = 0; i < n_fields; i++) {
            if (fields[i].len_bytes != len)
                continue;
            size_t entry = (2 + fields[i].id) * sizeof(uint16_t);
            umm_bytes_put(vtable + entry, from, sizeof(uint16_t));
            fields[i].slot = from;
            from += len;
            if (entry + sizeof(uint16_t) > vtable_bytes)
                vtable_bytes = entry + sizeof(uint16_t);
        }
    umm_bytes_put(vtable, vtable_bytes, sizeof(uint16_t));
    umm_bytes_put(vtable + sizeof(uint16_t), from, sizeof(uint16_t));
    *table_bytes = from;
    return vtable_bytes;
}

/* Where a vtable of these bytes stands: one that was written before, or a new one here. */
static size_t put_vtable(struct umm_flat_builder *builder, const unsigned char *vtable,
                         size_t vtable_bytes)
{
    for (unsigned i = 0; i < builder->n_vtables && !builder->has_failed; i++) {
        const unsigned char *old = builder->bytes + builder->vtables[i];
        if (umm_bytes_get(old, sizeof(uint16_t)) == vtable_bytes &&
            memcmp(old, vtable, vtable_bytes) == 0)
            return builder->vtables[i];
    }
    align(builder, vtable_bytes, sizeof(uint32_t));
    unsigned char *at = add(builder, vtable_bytes);
    if (!at)
        return 0;
    memcpy(at, vtable, vtable_bytes);
    size_t place = builder->len_bytes - vtable_bytes;
    if (builder->n_vtables < UMM_FLAT_VTABLES_MAX)
        builder->vtables[builder->n_vtables++] = place;
    return place;
}

void umm_flat_put_table(struct umm_flat_builder *builder, size_t slot,
                        struct umm_flat_field *fields, size_t n_fields)
{
    unsigned char vtable[VTABLE_BYTES_MAX];
    size_t table_bytes = 0;
    size_t vtable_bytes = lay_out(fields, n_fields, vtable, &table_bytes);
    size_t vtable_at = put_vtable(builder, vtable, vtable_bytes);
    align(builder, 0, sizeof(uint32_t));
    lead(builder, slot);
    unsigned char *table = add(builder, table_bytes);
    if (!table)
        return;
    size_t at = builder->len_bytes - table_bytes;
    umm_bytes_put(table, at - vtable_at, sizeof(int32_t));
    for (size_t i = 0; i < n_fields; i++) {
        umm_bytes_put(table + fields[i].slot, fields[i].value, fields[i].len_bytes);
        fields[i].slot += at;
    }
}

/* Write one number of the machine's own order. */
static void put_number(unsigned char *out, const unsigned char *number, size_t each_bytes)
{
    uint32_t four;
    uint64_t eight;
    if (each_bytes == sizeof four) {
        memcpy(&four, number, sizeof four);
        umm_bytes_put(out, four, sizeof four);
    } else if (each_bytes == sizeof eight) {
        memcpy(&eight, number, sizeof eight);
        umm_bytes_put(out, eight, sizeof eight);
    } else {
        *out = *number;
    }
}

/* n numbers; the vector is said to be of n elements, or of as many bytes as they take. */
static void put_numbers(struct umm_flat_builder *builder, size_t slot, const void *numbers,
                        uint64_t n, size_t each_bytes, size_t align_bytes, bool is_said_in_bytes)
{
    align(builder, sizeof(uint32_t), align_bytes);
    lead(builder, slot);
    if (n > (size_t)INT32_MAX / each_bytes)
        builder->has_failed = true;
    size_t n_bytes = builder->has_failed ? 0 : (size_t)n * each_bytes;
    unsigned char *out = add(builder, sizeof(uint32_t) + n_bytes);
    if (!out)
        return;
    out = umm_bytes_put(out, is_said_in_bytes ? n_bytes : n, sizeof(uint32_t));
    for (size_t i = 0; numbers && i < n_bytes; i += each_bytes)
        put_number(out + i, (const unsigned char *)numbers + i, each_bytes);
}

void umm_flat_put_vector(struct umm_flat_builder *builder, size_t slot, const void *numbers,
                         size_t n, size_t each_bytes, size_t align_bytes)
{
    put_numbers(builder, slot, numbers, n, each_bytes, align_bytes, false);
}

void umm_flat_put_bytes(struct umm_flat_builder *builder, size_t slot, const void *numbers,
                        uint64_t n, size_t each_bytes, size_t align_bytes)
{
    put_numbers(builder, slot, numbers, n, each_bytes, align_bytes, true);
}

void umm_flat_put_text(struct umm_flat_builder *builder, size_t slot, const char *text)
{
    umm_flat_put_vector(builder, slot, text, strlen(text), 1, sizeof(uint32_t));
    add(builder, 1);
}

size_t umm_flat_put_ways(struct umm_flat_builder *builder, size_t slot, size_t n)
{
    align(builder, 0, sizeof(uint32_t));
    lead(builder, slot);
    if (n > (size_t)INT32_MAX / WAY_BYTES)
        builder->has_failed = true;
    unsigned char *out =
        builder->has_failed ? NULL : add(builder, sizeof(uint32_t) + n * WAY_BYTES);
    if (!out)
        return 0;
    umm_bytes_put(out, n, sizeof(uint32_t));
    return builder->len_bytes - n * WAY_BYTES;
}

enum umm_status umm_flat_finish(struct umm_flat_builder *builder, void **data, size_t *len_bytes,
                                struct umm_error *err)
{
    *data = NULL;
    *len_bytes = 0;
    if (builder->has_failed) {
        free(builder->bytes);
        *builder = (struct umm_flat_builder){0};
        return umm_error_set(err, UMM_ERR_MEMORY, "out of memory for a model file, or over 2 GiB");
    }
    *data = builder->bytes;
    *len_bytes = builder->len_bytes;
    *builder = (struct umm_flat_builder){0};
    return UMM_OK;
}
