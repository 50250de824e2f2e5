/* SPDX-License-Identifier: MIT */
/*
 * split.h - rows of many series in one text: which series each is of, by the value of a column,
 * and the rows by series, in bounded memory (rowsort.h). A series has a number from 0, in the
 * order of the first rows.
 *
 * A value must be a symbol (array/dataset.h), without the blanks around it. Quotes are not part of
 * it. Upper and lower case differ.
 */
#ifndef UMM_ORDER_SPLIT_H
#define UMM_ORDER_SPLIT_H

#include <string.h>

#include "order/rowsort.h"
#include "order/sequence.h"
#include "reading/reading.h"
#include "text/csv.h"
#include "umm.h"

struct umm_split_symbol {
    uint64_t head; /* the first bytes, then zeros */
    struct umm_sequence_place place;
    uint32_t len_bytes;
    uint32_t next; /* the series that the row after its last one was of */
    char *text;
    struct umm_instrument *series; /* what its rows of this file have in common; NULL: not begun */
};

/* All zero is none. */
struct umm_split {
    struct umm_rowsort sort;
    struct umm_split_symbol *symbols;
    struct umm_instrument *known; /* of each: what its rows of the files before have in common */
    size_t n_symbols, cap_symbols;
    uint32_t *slots; /* a hash table: number of the series and 1, 0 for free */
    size_t n_slots;
    uint32_t last; /* the series of the row before */
    /* Room for a block's rows, and for the fields of one. */
    uint32_t *groups;
    size_t cap_groups;
    struct umm_csv_field *fields;
    size_t cap_fields;
};

void umm_split_free(struct umm_split *split);

/*
 * The series of a value, which is a new one if there is none yet. UMM_ERR_DATA without a place: the
 * value is no symbol. UMM_ERR_MEMORY.
 */
UMM_MUST_USE enum umm_status umm_split_find(struct umm_split *split, struct umm_csv_field value,
                                            uint32_t *index, struct umm_error *err);

/* Whether a cell is the symbol as it stands; 8 bytes after the cell's first can be read. */
static inline bool umm_split_is(const struct umm_split_symbol *symbol, struct umm_csv_field cell)
{
    uint64_t head;
    if (cell.len_bytes != symbol->len_bytes || cell.len_bytes == 0)
        return false;
    memcpy(&head, cell.text, sizeof head);
    if (cell.len_bytes > sizeof head)
        return head == symbol->head && memcmp(cell.text, symbol->text, cell.len_bytes) == 0;
    return (head & (UINT64_MAX >> (64 - 8 * cell.len_bytes))) == symbol->head;
}

/* The same as umm_split_find, quickly where rows come by turns or in groups. */
UMM_MUST_USE static inline enum umm_status umm_split_look(struct umm_split *split,
                                                          struct umm_csv_field cell,
                                                          uint32_t *index, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    *index = split->last;
    if (split->n_symbols && umm_split_is(&split->symbols[split->last], cell))
        return UMM_OK;
    if (split->n_symbols)
        *index = split->symbols[split->last].next;
    if (!split->n_symbols || !umm_split_is(&split->symbols[*index], cell))
        status = umm_split_find(split, cell, index, err);
    if (status)
        return status;
    split->symbols[split->last].next = *index;
    split->last = *index;
    return UMM_OK;
}

/*
 * What the rows of a series in this file have in common, by what those of the files before had.
 * It is the split's.
 */
UMM_MUST_USE enum umm_status umm_split_series(struct umm_split *split,
                                              const struct umm_instrument *file, uint32_t index,
                                              struct umm_instrument **series,
                                              struct umm_error *err);

/* A file ends: keep what is known of each series. */
UMM_MUST_USE enum umm_status umm_split_end_file(struct umm_split *split, struct umm_error *err);

/* Room for n numbers in groups, and fields. */
UMM_MUST_USE enum umm_status umm_split_reserve(struct umm_split *split, size_t n_rows,
                                               size_t n_fields, struct umm_error *err);

#endif
