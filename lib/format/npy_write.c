/* SPDX-License-Identifier: MIT */
/* The header writer: the text Python's repr would give, and NumPy's padding. */
#include "format/npy.h"

#include "base/error.h"
#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* numpy.lib.format.GROWTH_AXIS_MAX_DIGITS: the digits of 8 * 2**64 - 1. */
enum { GROWTH_DIGITS = 21 };

/* A text under construction in a buffer that dict_capacity() made large enough. */
struct sink {
    char *text;
    size_t len_bytes, cap_bytes;
    bool is_utf8;
};

static void put(struct sink *out, const char *bytes, size_t n)
{
    assert(n <= out->cap_bytes - out->len_bytes);
    memcpy(out->text + out->len_bytes, bytes, n);
    out->len_bytes += n;
}

static void put_text(struct sink *out, const char *text)
{
    put(out, text, strlen(text));
}

/* ---- The dict ---------------------------------------------------------- */

/*
 * A name as Python's repr quotes it: in double quotes only when it has a single
 * quote and no double quote. The caller has refused control characters.
 */
static void put_name(struct sink *out, const char *name)
{
    const char quote = strchr(name, '\'') && !strchr(name, '"') ? '"' : '\'';
    uint32_t point = 0;
    put(out, &quote, 1);
    for (size_t n; *name; name += n) {
        n = umm_utf8_decode(name, SIZE_MAX, &point);
        if (point == (unsigned char)quote || point == '\\')
            put(out, "\\", 1);
        if (point == 0xA0 || point == 0xAD) /* the only two of latin-1 left to repr's \x */
            put_text(out, point == 0xA0 ? "\\xa0" : "\\xad");
        else if (point > 0x7F && !out->is_utf8)
            put(out, &(char){(char)(unsigned char)point}, 1);
        else
            put(out, name, n);
    }
    put(out, &quote, 1);
}

static void put_type(struct sink *out, const struct umm_npy_type *type)
{
    char text[UMM_NPY_TYPE_TEXT_MAX];
    size_t n = umm_npy_type_text(type, text);
    put(out, "'", 1);
    put(out, text, n);
    put(out, "'", 1);
}

static void put_descr(struct sink *out, const struct umm_npy *in)
{
    if (!in->is_struct) {
        put_type(out, &in->type);
        return;
    }
    put_text(out, "[");
    for (size_t i = 0; i < in->n_fields; i++) {
        put_text(out, i ? ", (" : "(");
        put_name(out, in->fields[i].name);
        put_text(out, ", ");
        put_type(out, &in->fields[i].type);
        put_text(out, ")");
    }
    put_text(out, "]");
}

/* Returns the digits of the dimension that may grow, 0 when there is none. */
static size_t put_shape(struct sink *out, const struct umm_npy *in)
{
    unsigned growing = in->is_fortran && in->n_dims ? in->n_dims - 1 : 0;
    size_t n_digits = 0;
    put_text(out, "(");
    for (unsigned i = 0; i < in->n_dims; i++) {
        char digits[24];
        size_t n = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, in->shape[i]);
        put_text(out, i ? ", " : "");
        put(out, digits, n);
        if (i == growing)
            n_digits = n;
    }
    put_text(out, in->n_dims == 1 ? ",)" : ")");
    return n_digits;
}

/* Returns the spaces that keep room for the growing dimension. */
static size_t put_dict(struct sink *out, const struct umm_npy *in)
{
    put_text(out, "{'descr': ");
    put_descr(out, in);
    put_text(out, in->is_fortran ? ", 'fortran_order': True" : ", 'fortran_order': False");
    put_text(out, ", 'shape': ");
    size_t n_digits = put_shape(out, in);
    put_text(out, ", }");
    return n_digits ? GROWTH_DIGITS - n_digits : 0;
}

/* An upper bound: a byte of a name takes at most two, a dimension 20 digits and ", ". */
static size_t dict_capacity(const struct umm_npy *in)
{
    enum {
        FIELD = 2 * UMM_NPY_NAME_MAX + UMM_NPY_TYPE_TEXT_MAX + sizeof ", ('', '')",
        REST = UMM_NPY_DIMS_MAX * 22 + UMM_NPY_TYPE_TEXT_MAX +
               sizeof "{'descr': [''], 'fortran_order': False, 'shape': (,), }"
    };
    return REST + in->n_fields * FIELD;
}

/* ---- Around it --------------------------------------------------------- */

/* Magic, version and header length. */
static size_t prelude_bytes(unsigned major)
{
    return major == 1 ? 10 : 12;
}

static uint64_t header_limit(unsigned major)
{
    return major == 1 ? UINT16_MAX : UMM_NPY_HEADER_MAX;
}

/* What the caller asked for: an exact size, or else an alignment. */
struct request {
    uint32_t align_bytes;
    uint64_t total_bytes;
    bool may_be_long;
};

/*
 * NumPy pads a text that ends on the boundary by a whole further block; so do
 * we, since the bytes are to be the same.
 */
static uint64_t padded_bytes(const struct request *how, unsigned major, size_t text_bytes)
{
    uint64_t used = prelude_bytes(major) + text_bytes + 1;
    return how->total_bytes ? how->total_bytes : used + how->align_bytes - used % how->align_bytes;
}

/* Whether a name has characters that version 1 and 2 cannot hold. */
static enum umm_status scan_names(const struct umm_npy *in, bool *is_wide, struct umm_error *err)
{
    for (size_t i = 0; i < in->n_fields; i++) {
        uint32_t point = 0;
        for (const char *at = in->fields[i].name; *at;
             at += umm_utf8_decode(at, SIZE_MAX, &point)) {
            umm_utf8_decode(at, SIZE_MAX, &point);
            if (point < 0x20 || (point >= 0x7F && point < 0xA0))
                return umm_error_set(err, UMM_ERR_ARGUMENT,
                                     "the name of field %zu has a control character", i + 1);
            *is_wide = *is_wide || point > 0xFF;
        }
    }
    return UMM_OK;
}

static enum umm_status check_request(const struct umm_npy *in, const struct request *how,
                                     bool *is_wide, struct umm_error *err)
{
    uint32_t align = how->align_bytes;
    if (!how->total_bytes && (align < 16 || align > 4096 || (align & (align - 1)) != 0))
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "alignment %" PRIu32 " is not a power of two from 16 to 4096", align);
    enum umm_status status = umm_npy_check(in, err);
    if (status == UMM_OK)
        status = scan_names(in, is_wide, err);
    if (status != UMM_OK)
        return status;
    if (in->major > 3 || (*is_wide && in->major && in->major < 3))
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "NPY version %u cannot hold the names of this record", in->major);
    if (in->has_titles)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "field titles cannot be written");
    return UMM_OK;
}

/* The header's length as np.load counts it: characters, prelude excluded. */
static uint64_t count_characters(const struct sink *dict, uint64_t header_bytes)
{
    for (size_t i = 0; dict->is_utf8 && i < dict->len_bytes; i++)
        if (((unsigned char)dict->text[i] & 0xC0) == 0x80)
            header_bytes--;
    return header_bytes;
}

static enum umm_status check_length(const struct sink *dict, const struct request *how,
                                    unsigned major, uint64_t total, struct umm_error *err)
{
    uint64_t used = prelude_bytes(major) + dict->len_bytes + 1;
    if (used > total)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "a header of %" PRIu64 " bytes does not fit in the %" PRIu64
                             " bytes there are",
                             used, total);
    uint64_t header = total - prelude_bytes(major);
    if (header > header_limit(major))
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "a header of %" PRIu64 " bytes is too long for NPY version %u", header,
                             major);
    uint64_t n = count_characters(dict, header);
    if (n > UMM_NPY_LOADABLE_MAX && !how->may_be_long)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "np.load refuses a header of %" PRIu64 " characters (limit %d)", n,
                             (int)UMM_NPY_LOADABLE_MAX);
    return UMM_OK;
}

/* Put the prelude before and the padding after the dict. */
static enum umm_status wrap(const struct sink *dict, unsigned major, uint64_t total, char **text,
                            size_t *len_bytes, struct umm_error *err)
{
    size_t prelude = prelude_bytes(major), len = (size_t)total;
    uint64_t header = total - prelude;
    char *bytes = malloc(len);
    if (!bytes)
        return umm_error_set_memory(err, len, "an NPY header");
    memset(bytes, ' ', len);
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = (char)major;
    bytes[7] = 0;
    for (size_t i = 8; i < prelude; i++, header >>= 8)
        bytes[i] = (char)(unsigned char)(header & 0xFF);
    memcpy(bytes + prelude, dict->text, dict->len_bytes);
    bytes[len - 1] = '\n';
    *text = bytes;
    *len_bytes = len;
    return UMM_OK;
}

static enum umm_status format(const struct umm_npy *in, const struct request *how, char **text,
                              size_t *len_bytes, struct umm_error *err)
{
    bool is_wide = false;
    enum umm_status status = check_request(in, how, &is_wide, err);
    if (status != UMM_OK)
        return status;
    struct sink dict = {.cap_bytes = dict_capacity(in), .is_utf8 = is_wide || in->major == 3};
    dict.text = malloc(dict.cap_bytes);
    if (!dict.text)
        return umm_error_set_memory(err, dict.cap_bytes, "an NPY header");
    size_t room = put_dict(&dict, in);
    unsigned major = in->major ? in->major : is_wide ? 3 : 1;
    uint64_t total = padded_bytes(how, major, dict.len_bytes + room);
    if (!in->major && major == 1 && total - prelude_bytes(1) > header_limit(1)) {
        major = 2;
        total = padded_bytes(how, major, dict.len_bytes + room);
    }
    status = check_length(&dict, how, major, total, err);
    if (status == UMM_OK)
        status = wrap(&dict, major, total, text, len_bytes, err);
    free(dict.text);
    return status;
}

enum umm_status umm_npy_format(const struct umm_npy *in, uint32_t align_bytes, char **text,
                               size_t *len_bytes, struct umm_error *err)
{
    struct request how = {.align_bytes = align_bytes};
    return format(in, &how, text, len_bytes, err);
}

enum umm_status umm_npy_format_long(const struct umm_npy *in, uint32_t align_bytes, char **text,
                                    size_t *len_bytes, struct umm_error *err)
{
    struct request how = {.align_bytes = align_bytes, .may_be_long = true};
    return format(in, &how, text, len_bytes, err);
}

enum umm_status umm_npy_format_exact(const struct umm_npy *in, uint64_t total_bytes, char **text,
                                     size_t *len_bytes, struct umm_error *err)
{
    struct request how = {.total_bytes = total_bytes, .may_be_long = true};
    if (total_bytes == 0)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "a header cannot be empty");
    return format(in, &how, text, len_bytes, err);
}
