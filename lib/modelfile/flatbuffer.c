/* SPDX-License-Identifier: MIT */
#include "modelfile/flatbuffer.h"

#include "base/bytes.h"

#include <string.h>

enum { WAY_BYTES = 4, IDENTIFIER_BYTES = 4 };

/* Ways are unsigned, but those to vtables are signed: both reach all of 2 GiB. */
#define LEN_MAX ((size_t)INT32_MAX)

static void damage(struct umm_flat *flat, const char *what, size_t at)
{
    if (flat->damage)
        return;
    flat->damage = what;
    flat->damage_byte = at;
}

/* Whether n bytes at `at` are all there; what they are is said if not. */
static bool is_within(struct umm_flat *flat, uint64_t at, uint64_t n, const char *what)
{
    if (at <= flat->len_bytes && n <= flat->len_bytes - at)
        return true;
    damage(flat, what, at < flat->len_bytes ? (size_t)at : flat->len_bytes);
    return false;
}

static uint32_t get_u32(const struct umm_flat *flat, size_t at)
{
    return (uint32_t)umm_bytes_get(flat->bytes + at, sizeof(uint32_t));
}

static uint16_t get_u16(const struct umm_flat *flat, size_t at)
{
    return (uint16_t)umm_bytes_get(flat->bytes + at, sizeof(uint16_t));
}

struct umm_flat umm_flat_open(const void *bytes, size_t len_bytes)
{
    struct umm_flat flat = {.bytes = bytes, .len_bytes = len_bytes};
    if (len_bytes > LEN_MAX) {
        flat.len_bytes = 0;
        damage(&flat, "the file is larger than 2 GiB", 0);
    }
    return flat;
}

/* Where the way at `at` leads, 0 if nowhere; its 4 bytes are there. */
static uint32_t follow(struct umm_flat *flat, uint32_t at)
{
    uint64_t to = (uint64_t)at + get_u32(flat, at);
    if (to == at || !is_within(flat, to, WAY_BYTES, "an offset leads outside the file")) {
        damage(flat, "an offset leads nowhere", at);
        return 0;
    }
    return (uint32_t)to;
}

static struct umm_flat_table table_at(struct umm_flat *flat, uint32_t at)
{
    const struct umm_flat_table none = {0};
    struct umm_flat_table table = {.at = at};
    if (!at || !is_within(flat, at, sizeof(int32_t), "a table is outside the file"))
        return none;
    int64_t vtable = (int64_t)at - (int32_t)get_u32(flat, at);
    if (vtable < 0 ||
        !is_within(flat, (uint64_t)vtable, 2 * sizeof(uint16_t), "a vtable is outside the file")) {
        damage(flat, "a vtable is outside the file", at);
        return none;
    }
    table.vtable = (uint32_t)vtable;
    table.vtable_bytes = get_u16(flat, table.vtable);
    table.table_bytes = get_u16(flat, table.vtable + sizeof(uint16_t));
    if (table.vtable_bytes < 2 * sizeof(uint16_t) || table.vtable_bytes % 2 != 0 ||
        table.table_bytes < sizeof(int32_t)) {
        damage(flat, "a vtable is too short", table.vtable);
        return none;
    }
    if (!is_within(flat, table.vtable, table.vtable_bytes, "a vtable is cut off") ||
        !is_within(flat, at, table.table_bytes, "a table is cut off"))
        return none;
    return table;
}

struct umm_flat_table umm_flat_root(struct umm_flat *flat, const char *identifier)
{
    const struct umm_flat_table none = {0};
    if (!is_within(flat, 0, WAY_BYTES + IDENTIFIER_BYTES, "the file is too short"))
        return none;
    if (memcmp(flat->bytes + WAY_BYTES, identifier, IDENTIFIER_BYTES) != 0) {
        damage(flat, "the file has another identifier", WAY_BYTES);
        return none;
    }
    return table_at(flat, follow(flat, 0));
}

/* Where the field's len_bytes stand, 0 if the table has it not. */
static uint32_t find_field(struct umm_flat *flat, struct umm_flat_table table, unsigned id,
                           size_t len_bytes)
{
    size_t entry = 2 * sizeof(uint16_t) + id * sizeof(uint16_t);
    if (!table.at || entry + sizeof(uint16_t) > table.vtable_bytes)
        return 0;
    uint16_t from = get_u16(flat, table.vtable + entry);
    if (!from)
        return 0;
    if (from < sizeof(int32_t) || from + len_bytes > table.table_bytes) {
        damage(flat, "a field is outside its table", table.at);
        return 0;
    }
    return table.at + from;
}

uint64_t umm_flat_bits(struct umm_flat *flat, struct umm_flat_table table, unsigned id,
                       size_t len_bytes, uint64_t absent)
{
    uint32_t at = find_field(flat, table, id, len_bytes);
    return at ? umm_bytes_get(flat->bytes + at, len_bytes) : absent;
}

int32_t umm_flat_i32(struct umm_flat *flat, struct umm_flat_table table, unsigned id,
                     int32_t absent)
{
    return (int32_t)(uint32_t)umm_flat_bits(flat, table, id, sizeof absent, (uint32_t)absent);
}

float umm_flat_f32(struct umm_flat *flat, struct umm_flat_table table, unsigned id, float absent)
{
    uint32_t at = find_field(flat, table, id, sizeof absent);
    return at ? umm_flat_float(get_u32(flat, at)) : absent;
}

struct umm_flat_table umm_flat_table(struct umm_flat *flat, struct umm_flat_table table,
                                     unsigned id)
{
    uint32_t at = find_field(flat, table, id, WAY_BYTES);
    return table_at(flat, at ? follow(flat, at) : 0);
}

struct umm_flat_vector umm_flat_vector(struct umm_flat *flat, struct umm_flat_table table,
                                       unsigned id, size_t each_bytes)
{
    const struct umm_flat_vector none = {0};
    uint32_t field = find_field(flat, table, id, WAY_BYTES);
    uint32_t at = field ? follow(flat, field) : 0;
    if (!at)
        return none;
    struct umm_flat_vector vector = {.at = at + (uint32_t)sizeof(uint32_t), .n = get_u32(flat, at)};
    bool is_there = is_within(flat, vector.at, (uint64_t)vector.n * each_bytes,
                              "a vector goes beyond the file's end");
    return is_there ? vector : none;
}

struct umm_flat_table umm_flat_table_at(struct umm_flat *flat, struct umm_flat_vector vector,
                                        uint32_t i)
{
    return table_at(flat, follow(flat, vector.at + i * WAY_BYTES));
}

int32_t umm_flat_i32_at(const struct umm_flat *flat, struct umm_flat_vector vector, uint32_t i)
{
    return (int32_t)get_u32(flat, vector.at + (size_t)i * sizeof(int32_t));
}

int64_t umm_flat_i64_at(const struct umm_flat *flat, struct umm_flat_vector vector, uint32_t i)
{
    const unsigned char *at = flat->bytes + vector.at + (size_t)i * sizeof(int64_t);
    return (int64_t)umm_bytes_get(at, sizeof(int64_t));
}

float umm_flat_f32_at(const struct umm_flat *flat, struct umm_flat_vector vector, uint32_t i)
{
    return umm_flat_float(get_u32(flat, vector.at + (size_t)i * sizeof(float)));
}

float umm_flat_float(uint32_t bits)
{
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

uint32_t umm_flat_float_bits(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}
