/* SPDX-License-Identifier: MIT */
/*
 * fuzz_npy.c - bytes as an NPY header: no crash, no leak, and whatever is
 * accepted says the same after it was written and read again.
 *
 *   clang -g -O1 -std=c11 -D_GNU_SOURCE -Ilib -fsanitize=fuzzer,address,undefined \
 *       tests/fuzz/fuzz_npy.c lib/format/npy.c lib/format/npy_parse.c lib/format/npy_read.c \
 *       lib/format/npy_write.c lib/base/error.c lib/sys/file.c lib/sys/clock.c -o fuzz_npy
 */
#include "format/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void require_same(const struct umm_npy *a, const struct umm_npy *b)
{
    require(umm_npy_same_type(a, b), "another type");
    require(a->n_dims == b->n_dims, "another number of dimensions");
    require(memcmp(a->shape, b->shape, sizeof a->shape) == 0, "another shape");
    require(a->is_fortran == b->is_fortran, "another order");
    for (size_t i = 0; i < a->n_fields; i++)
        require(a->fields[i].offset_bytes == b->fields[i].offset_bytes, "another offset");
}

/* A name with a control character is read, but never written. */
static bool is_writable(const struct umm_npy *npy)
{
    for (size_t i = 0; i < npy->n_fields; i++)
        for (const unsigned char *c = (const unsigned char *)npy->fields[i].name; *c; c++)
            if (*c < 0x20 || *c == 0x7F || (*c == 0xC2 && c[1] < 0xA0))
                return false;
    return true;
}

static void check_return_trip(struct umm_npy *npy)
{
    struct umm_npy back;
    char *text = NULL;
    size_t len_bytes = 0;
    npy->has_titles = false;
    npy->major = 0;
    npy->data_offset_bytes = 0;
    enum umm_status status = umm_npy_format_long(npy, 16, &text, &len_bytes, NULL);
    require((status == UMM_OK) == is_writable(npy), "cannot be written");
    if (status != UMM_OK)
        return;
    require(len_bytes % 16 == 0, "not aligned");
    status = umm_npy_parse(text, len_bytes, &back, NULL);
    /* Ours may be longer than the header we read, too long for the largest arrays. */
    if (status == UMM_OK)
        require_same(npy, &back);
    else
        require(umm_npy_data_bytes(npy) > INT64_MAX - len_bytes, "cannot be read back");
    free(text);
    umm_npy_free(&back);
}

static void check_type(const uint8_t *data, size_t size)
{
    char descr[32] = {0}, text[UMM_NPY_TYPE_TEXT_MAX], again[UMM_NPY_TYPE_TEXT_MAX];
    struct umm_npy_type type;
    memcpy(descr, data, size < sizeof descr ? size : sizeof descr - 1);
    if (umm_npy_type_parse(descr, &type) != UMM_OK)
        return;
    require(umm_npy_type_text(&type, text) == strlen(text), "another length");
    require(umm_npy_type_parse(text, &type) == UMM_OK, "type cannot be read back");
    umm_npy_type_text(&type, again);
    require(strcmp(text, again) == 0, "another type text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct umm_npy npy;
    struct umm_error err = {0};
    check_type(data, size);
    enum umm_status status = umm_npy_parse(data, size, &npy, &err);
    if (status == UMM_OK) {
        require(npy.data_offset_bytes <= size, "data offset past the end");
        check_return_trip(&npy);
    } else {
        require(err.status == status && err.message[0] != '\0', "no message");
        require(strchr(err.message, '\n') == NULL, "message of several lines");
    }
    umm_npy_free(&npy);
    return 0;
}
