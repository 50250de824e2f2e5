/* SPDX-License-Identifier: MIT */
/*
 * fuzz_copybinary.c - bytes as rows of PostgreSQL's COPY in binary: nothing outside them is read,
 * and rows that are taken and written again are the same bytes.
 *
 *     u8 number of fields | the stream
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/copybinary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

/* The row as it was read, of which NULL is the one value that is not written. */
static void write_again(const struct umm_copybinary_cell *cells, size_t n, const char *from,
                        const char *to)
{
    char *row = malloc((size_t)(to - from) + 1), *at = row;
    require(row != NULL, "no memory");
    at = umm_copybinary_put_row(at, n);
    for (size_t i = 0; i < n; i++) {
        const struct umm_copybinary_cell *cell = &cells[i];
        require(!cell->bytes || (cell->bytes >= from && cell->bytes + cell->len_bytes <= to),
                "a value lies outside its row");
        if (!cell->bytes)
            at = (char *)memset(at, 0xff, UMM_COPYBINARY_FIELD) + UMM_COPYBINARY_FIELD;
        else if (cell->len_bytes == 8)
            at = umm_copybinary_put_number(at, (uint64_t)umm_copybinary_number(cell), 8);
        else
            at = umm_copybinary_put_bytes(at, cell->bytes, cell->len_bytes);
    }
    require(at - row == to - from && memcmp(row, from, (size_t)(to - from)) == 0,
            "a row that is written again differs");
    free(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct umm_copybinary stream = {.has_header = false};
    struct umm_copybinary_cell cells[UINT8_MAX];
    struct umm_error err = {.status = UMM_OK};
    bool is_row = true;
    if (size < 1)
        return 0;
    const size_t n = data[0];
    const char *at = (const char *)data + 1, *end = (const char *)data + size;
    while (is_row) {
        const bool had_header = stream.has_header;
        const char *from = at;
        if (umm_copybinary_next(&stream, &at, end, cells, n, &is_row, &err) != UMM_OK) {
            require(err.status == UMM_ERR_DATA && err.message[0], "a failure that says nothing");
            return 0;
        }
        if (is_row && had_header)
            write_again(cells, n, from, at);
    }
    require(at == end, "bytes were left");
    return 0;
}
