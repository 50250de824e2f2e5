/* SPDX-License-Identifier: MIT */
/* Names to operands: a list, and a table of open addressing that is at most half full. */
#include "onnx/reader.h"

#include "base/error.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 4 * UMM_GRAPH_NODES_MAX };

static bool is_same(struct umm_protobuf_bytes a, struct umm_protobuf_bytes b)
{
    return a.len == b.len && (!a.len || memcmp(a.at, b.at, a.len) == 0);
}

/* Where in the table the name is, or would be. */
static uint32_t slot_of(const struct umm_onnx_names *names, struct umm_protobuf_bytes name)
{
    const uint32_t mask = names->table_cap - 1;
    uint32_t slot = (uint32_t)umm_hash64(name.at, name.len, names->seed) & mask;
    while (names->table[slot] && !is_same(names->list[names->table[slot] - 1].name, name))
        slot = (slot + 1) & mask;
    return slot;
}

struct umm_onnx_operand *umm_onnx_find(const struct umm_onnx_names *names,
                                       struct umm_protobuf_bytes name)
{
    if (names->n == 0)
        return NULL;
    const uint32_t entry = names->table[slot_of(names, name)];
    return entry ? &names->list[entry - 1] : NULL;
}

/* The seed is an address, which the author of a file does not know: no file has many collisions. */
static enum umm_status grow(struct umm_onnx_names *names, struct umm_error *err)
{
    names->seed = (uint64_t)(uintptr_t)names;
    enum { FIRST = 64 };
    const uint32_t cap = names->cap ? 2 * names->cap : FIRST, table_cap = 2 * cap;
    struct umm_onnx_operand *list = realloc(names->list, cap * sizeof *list);
    if (!list)
        return umm_error_set_memory(err, cap * sizeof *list, "the names of a model");
    names->list = list;
    uint32_t *table = calloc(table_cap, sizeof *table);
    if (!table)
        return umm_error_set_memory(err, table_cap * sizeof *table, "the names of a model");
    free(names->table);
    names->table = table;
    names->cap = cap;
    names->table_cap = table_cap;
    for (uint32_t i = 0; i < names->n; i++)
        table[slot_of(names, list[i].name)] = i + 1;
    return UMM_OK;
}

enum umm_status umm_onnx_name(struct umm_onnx *onnx, const struct umm_onnx_operand *operand,
                              struct umm_error *err)
{
    struct umm_onnx_names *names = &onnx->names;
    char shown[UMM_EXCERPT_MAX];
    if (names->n == NAMES_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "more than %d names", NAMES_MAX);
    enum umm_status status = names->n == names->cap ? grow(names, err) : UMM_OK;
    if (status)
        return status;
    const uint32_t slot = slot_of(names, operand->name);
    if (names->table[slot])
        return umm_error_set(err, UMM_ERR_DATA, "two things have the name \"%s\"",
                             umm_onnx_shown(shown, operand->name));
    names->list[names->n] = *operand;
    names->table[slot] = ++names->n;
    return UMM_OK;
}

void umm_onnx_names_free(struct umm_onnx_names *names)
{
    free(names->list);
    free(names->table);
    *names = (struct umm_onnx_names){0};
}
