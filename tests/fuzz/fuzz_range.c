/* SPDX-License-Identifier: MIT */
/*
 * fuzz_range.c - the first 8 bytes are a number of rows, the rest is a range: no crash,
 * messages of one line, and the rows are those that Python's rule gives, computed here
 * in 128 bits.
 */
#include "text/range.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

__extension__ typedef __int128 wide;

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static wide clamp(wide index, wide n, wide low, wide high)
{
    if (index < 0)
        index += n;
    return index < low ? low : index > high ? high : index;
}

static void check(const struct umm_range *range, const struct umm_rows *rows, uint64_t n_rows)
{
    const wide n = n_rows, step = range->step;
    const wide low = step < 0 ? -1 : 0, high = step < 0 ? n - 1 : n;
    wide start = step < 0 ? high : low, stop = step < 0 ? low : high, count = 0;
    if (range->has_start)
        start = clamp(range->start, n, low, high);
    if (range->has_stop)
        stop = clamp(range->stop, n, low, high);
    if (step > 0 && stop > start)
        count = (stop - start + step - 1) / step;
    if (step < 0 && stop < start)
        count = (start - stop - step - 1) / -step;
    require(rows->n == (uint64_t)count && count <= n, "another number of rows");
    require(count == 0 || rows->first == (uint64_t)start, "another first row");
    require(count < 2 || rows->step == range->step, "another step");
}

/* A list is refused at the first word that is no range, or has what its words are. */
static void check_list(const char *text, size_t len_bytes)
{
    struct umm_range *ranges = NULL;
    struct umm_error err = {0};
    size_t n = 0;
    if (umm_range_parse_list(text, len_bytes, &ranges, &n, &err) != UMM_OK) {
        require(ranges == NULL && err.status == UMM_ERR_DATA && err.line > 0, "no place");
        require(err.byte < len_bytes && err.column <= err.byte + 1, "no such place");
        return;
    }
    require(n <= len_bytes, "more ranges than bytes");
    free(ranges);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t n_rows;
    struct umm_range range;
    struct umm_rows rows, strict;
    struct umm_error err = {0};
    if (size < sizeof n_rows)
        return 0;
    memcpy(&n_rows, data, sizeof n_rows);
    n_rows &= INT64_MAX;
    if (data[0] & 1)
        n_rows &= 31;
    check_list((const char *)data + sizeof n_rows, size - sizeof n_rows);
    enum umm_status status =
        umm_range_parse((const char *)data + sizeof n_rows, size - sizeof n_rows, &range, &err);
    if (status) {
        require(status == UMM_ERR_ARGUMENT && err.message[0], "no message");
        require(strpbrk(err.message, "\n\r\x1b") == NULL, "an unsafe message");
        return 0;
    }
    status = umm_range_resolve(&range, n_rows, false, &rows, &err);
    require(!status || (range.is_single && status == UMM_ERR_DATA), "refused");
    if (status)
        return 0;
    if (range.is_single)
        require(rows.n == 1 && rows.first < n_rows, "a row that is not there");
    else
        check(&range, &rows, n_rows);
    if (umm_range_resolve(&range, n_rows, true, &strict, &err) == UMM_OK)
        require(memcmp(&rows, &strict, sizeof rows) == 0, "strict gives other rows");
    return 0;
}
