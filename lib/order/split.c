/* SPDX-License-Identifier: MIT */
#include "order/split.h"

#include <stdlib.h>

#include "array/dataset.h"
#include "base/error.h"
#include "base/hash.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the head's first byte is the lowest");

static void free_series(struct umm_split_symbol *symbol)
{
    if (symbol->series)
        umm_instrument_free(symbol->series);
    free(symbol->series);
    symbol->series = NULL;
}

void umm_split_free(struct umm_split *split)
{
    for (size_t i = 0; i < split->n_symbols; i++) {
        free_series(&split->symbols[i]);
        umm_instrument_free(&split->known[i]);
        free(split->symbols[i].text);
    }
    umm_rowsort_close(&split->sort);
    free(split->symbols);
    free(split->known);
    free(split->slots);
    free(split->groups);
    free(split->fields);
    *split = (struct umm_split){.n_symbols = 0};
}

/* ---- series --------------------------------------------------------------------------- */

/* The slot of a value, or the free one where it belongs. */
static uint32_t *find_slot(const struct umm_split *split, const char *text, size_t len)
{
    for (size_t at = (size_t)umm_hash64(text, len, 0);; at++) {
        uint32_t *slot = &split->slots[at & (split->n_slots - 1)];
        const struct umm_split_symbol *symbol = *slot ? &split->symbols[*slot - 1] : NULL;
        if (!symbol || (symbol->len_bytes == len && memcmp(symbol->text, text, len) == 0))
            return slot;
    }
}

/* Room for one more series, half of the slots being free. */
static enum umm_status grow(struct umm_split *split, struct umm_error *err)
{
    enum { FIRST_SYMBOLS = 64 };
    if (split->n_symbols < split->cap_symbols)
        return UMM_OK;
    const size_t cap = split->cap_symbols ? 2 * split->cap_symbols : FIRST_SYMBOLS;
    struct umm_split_symbol *symbols = realloc(split->symbols, cap * sizeof *symbols);
    split->symbols = symbols ? symbols : split->symbols;
    struct umm_instrument *known = realloc(split->known, cap * sizeof *known);
    split->known = known ? known : split->known;
    uint32_t *slots = calloc(2 * cap, sizeof *slots);
    if (!symbols || !known || !slots) {
        free(slots);
        return umm_error_set_memory(err, cap * sizeof *symbols, "symbols");
    }
    free(split->slots);
    split->slots = slots;
    split->n_slots = 2 * cap;
    split->cap_symbols = cap;
    for (size_t i = 0; i < split->n_symbols; i++)
        *find_slot(split, symbols[i].text, symbols[i].len_bytes) = (uint32_t)i + 1;
    return UMM_OK;
}

static enum umm_status add_symbol(struct umm_split *split, struct umm_csv_field value,
                                  uint32_t *index, struct umm_error *err)
{
    char name[UMM_DATASET_NAME_MAX];
    enum umm_status status = umm_dataset_symbol_name(value.text, value.len_bytes, name, err);
    if (status == UMM_ERR_ARGUMENT && err) /* it is the row's, and not the user's */
        err->status = UMM_ERR_DATA;
    if (status)
        return status == UMM_ERR_ARGUMENT ? UMM_ERR_DATA : status;
    status = grow(split, err);
    if (status)
        return status;
    struct umm_split_symbol *symbol = &split->symbols[split->n_symbols];
    *symbol = (struct umm_split_symbol){.len_bytes = (uint32_t)value.len_bytes,
                                        .text = strndup(value.text, value.len_bytes)};
    if (!symbol->text)
        return umm_error_set_memory(err, value.len_bytes, "a symbol");
    memcpy(&symbol->head, value.text,
           value.len_bytes < sizeof symbol->head ? value.len_bytes : sizeof symbol->head);
    split->known[split->n_symbols] = (struct umm_instrument){.n_keys = 0};
    *index = (uint32_t)split->n_symbols++;
    *find_slot(split, value.text, value.len_bytes) = *index + 1;
    return UMM_OK;
}

enum umm_status umm_split_find(struct umm_split *split, struct umm_csv_field value, uint32_t *index,
                               struct umm_error *err)
{
    value = umm_csv_trim(value);
    const uint32_t slot =
        split->n_slots && value.len_bytes ? *find_slot(split, value.text, value.len_bytes) : 0;
    if (!slot)
        return add_symbol(split, value, index, err);
    *index = slot - 1;
    return UMM_OK;
}

/* ---- what rows have in common ------------------------------------------------------------ */

enum umm_status umm_split_series(struct umm_split *split, const struct umm_instrument *file,
                                 uint32_t index, struct umm_instrument **series,
                                 struct umm_error *err)
{
    struct umm_split_symbol *symbol = &split->symbols[index];
    enum umm_status status = UMM_OK;
    if (!symbol->series) {
        symbol->series = calloc(1, sizeof *symbol->series);
        if (!symbol->series)
            return umm_error_set_memory(err, sizeof *symbol->series, "a symbol");
        status = umm_instrument_begin(symbol->series, file, err);
        if (!status)
            status = umm_instrument_expect(symbol->series, &split->known[index], err);
    }
    *series = symbol->series;
    return status;
}

enum umm_status umm_split_end_file(struct umm_split *split, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t i = 0; i < split->n_symbols; i++) {
        if (!status && split->symbols[i].series)
            status = umm_instrument_keep(&split->known[i], split->symbols[i].series, err);
        free_series(&split->symbols[i]);
    }
    return status;
}

enum umm_status umm_split_reserve(struct umm_split *split, size_t n_rows, size_t n_fields,
                                  struct umm_error *err)
{
    if (n_rows > split->cap_groups) {
        free(split->groups);
        split->groups = malloc(n_rows * sizeof *split->groups);
        split->cap_groups = split->groups ? n_rows : 0;
    }
    if (n_fields > split->cap_fields) {
        free(split->fields);
        split->fields = malloc(n_fields * sizeof *split->fields);
        split->cap_fields = split->fields ? n_fields : 0;
    }
    return split->cap_groups >= n_rows && split->cap_fields >= n_fields
               ? UMM_OK
               : umm_error_set_memory(err, n_rows * sizeof *split->groups, "a block of rows");
}
