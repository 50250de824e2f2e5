/* SPDX-License-Identifier: MIT */
/* Element types, fields and sizes; npy_parse.c reads a header, npy_write.c writes one. */
#include "format/npy.h"

#include "base/error.h"
#include "base/line.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Element types ----------------------------------------------------- */

/* A decimal number without sign or leading zeros, at most INT32_MAX: NumPy's limit. */
static bool read_count(const char **at, uint32_t *out)
{
    const char *p = *at;
    uint32_t value = 0;
    if (*p < '0' || *p > '9' || (p[0] == '0' && p[1] >= '0' && p[1] <= '9'))
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        uint32_t digit = (uint32_t)(*p - '0');
        if (value > (INT32_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *at = p;
    *out = value;
    return true;
}

/* Time units as in "ms" or "25s"; the normal form goes to out. */
static bool read_unit(const char *text, char out[8])
{
    static const char known[][3] = {"Y",  "M",  "W",  "D",  "h",  "m", "s",
                                    "ms", "us", "ns", "ps", "fs", "as"};
    const char *name = text;
    uint32_t count = 1;
    memset(out, 0, 8);
    if (strcmp(text, "") == 0 || strcmp(text, "generic") == 0)
        return true;
    if (*name >= '0' && *name <= '9' && (!read_count(&name, &count) || count == 0))
        return false;
    const char *kept = count == 1 ? name : text;
    if (strlen(kept) > 7)
        return false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i]) == 0) {
            memcpy(out, kept, strlen(kept) + 1);
            return true;
        }
    return false;
}

static bool has_byte_order(const struct umm_npy_type *type)
{
    return strchr("fiucMmU", type->kind) && type->size_bytes != 1;
}

static bool size_suits_kind(char kind, uint32_t n)
{
    switch (kind) {
    case 'b': return n == 1;
    case 'i':
    case 'u': return n == 1 || n == 2 || n == 4 || n == 8;
    case 'f': return n == 2 || n == 4 || n == 8 || n == 16;
    case 'c': return n == 8 || n == 16 || n == 32;
    case 'M':
    case 'm': return n == 8;
    case 'U': return n <= INT32_MAX && n % 4 == 0;
    case 'S':
    case 'V': return n <= INT32_MAX;
    default: return false;
    }
}

static bool type_is_known(const struct umm_npy_type *type)
{
    char normal[8];
    if (!size_suits_kind(type->kind, type->size_bytes))
        return false;
    if (type->is_big_endian && !has_byte_order(type))
        return false;
    if (type->unit[0] == '\0')
        return true;
    return (type->kind == 'M' || type->kind == 'm') && memchr(type->unit, '\0', 8) &&
           read_unit(type->unit, normal) && strcmp(type->unit, normal) == 0;
}

/* The "[25s]" of a time type, which may be missing. */
static bool read_unit_suffix(const char *at, char unit[8])
{
    char name[16];
    size_t len = strlen(at);
    if (len == 0)
        return true;
    if (len < 3 || len - 2 >= sizeof name || at[0] != '[' || at[len - 1] != ']')
        return false;
    memcpy(name, at + 1, len - 2);
    name[len - 2] = '\0';
    return read_unit(name, unit);
}

enum umm_status umm_npy_type_parse(const char *descr, struct umm_npy_type *out)
{
    struct umm_npy_type type = {.is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__};
    const char *at = descr;
    if (*at && strchr("<>|=", *at)) {
        if (*at == '<' || *at == '>')
            type.is_big_endian = *at == '>';
        at++;
    }
    if (*at == '\0')
        return UMM_ERR_DATA;
    type.kind = *at++;
    if (!read_count(&at, &type.size_bytes))
        return UMM_ERR_DATA;
    if (type.kind == 'U') {
        if (type.size_bytes > INT32_MAX / 4)
            return UMM_ERR_DATA;
        type.size_bytes *= 4;
    }
    if (type.kind == 'M' || type.kind == 'm') {
        if (!read_unit_suffix(at, type.unit))
            return UMM_ERR_DATA;
    } else if (*at) {
        return UMM_ERR_DATA;
    }
    type.is_big_endian = type.is_big_endian && has_byte_order(&type);
    if (!type_is_known(&type))
        return UMM_ERR_DATA;
    *out = type;
    return UMM_OK;
}

size_t umm_npy_type_text(const struct umm_npy_type *type, char out[UMM_NPY_TYPE_TEXT_MAX])
{
    char order = !has_byte_order(type) ? '|' : type->is_big_endian ? '>' : '<';
    uint32_t n = type->kind == 'U' ? type->size_bytes / 4 : type->size_bytes;
    int len = type->unit[0]
                  ? snprintf(out, UMM_NPY_TYPE_TEXT_MAX, "%c%c%" PRIu32 "[%.7s]", order, type->kind,
                             n, type->unit)
                  : snprintf(out, UMM_NPY_TYPE_TEXT_MAX, "%c%c%" PRIu32, order, type->kind, n);
    return (size_t)len;
}

/* ---- Fields and sizes -------------------------------------------------- */

void umm_npy_free(struct umm_npy *npy)
{
    if (!npy)
        return;
    free(npy->fields);
    memset(npy, 0, sizeof *npy);
}

/* NumPy's rule: raw bytes without a name. */
static bool is_padding(const struct umm_npy_field *field)
{
    return field->name[0] == '\0' && field->type.kind == 'V';
}

/* Make room for one more field; the capacity is the next power of two. */
static enum umm_status reserve_field(struct umm_npy *npy, struct umm_error *err)
{
    size_t n = npy->n_fields;
    if (n >= UMM_NPY_FIELDS_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "a record has more than %d fields",
                             (int)UMM_NPY_FIELDS_MAX);
    if (npy->fields && (n & (n - 1)) != 0)
        return UMM_OK;
    size_t len_bytes = (n ? 2 * n : 1) * sizeof *npy->fields;
    struct umm_npy_field *fields = realloc(npy->fields, len_bytes);
    if (!fields)
        return umm_error_set_memory(err, len_bytes, "the fields of a record");
    npy->fields = fields;
    return UMM_OK;
}

enum umm_status umm_npy_add_field(struct umm_npy *npy, const char *name,
                                  const struct umm_npy_type *type, struct umm_error *err)
{
    uint32_t at = npy->is_struct ? npy->type.size_bytes : 0;
    size_t name_len = strlen(name);
    char excerpt[UMM_EXCERPT_MAX];
    if (!type_is_known(type))
        return umm_error_set(err, UMM_ERR_ARGUMENT, "field \"%s\" has an unknown type",
                             umm_escape(excerpt, sizeof excerpt, name, name_len));
    if (name_len >= UMM_NPY_NAME_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "field name longer than %d bytes: \"%s\"",
                             UMM_NPY_NAME_MAX - 1,
                             umm_escape(excerpt, sizeof excerpt, name, name_len));
    if (type->size_bytes > INT32_MAX - at)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "a record is larger than %" PRId32 " bytes",
                             INT32_MAX);
    enum umm_status status = reserve_field(npy, err);
    if (status != UMM_OK)
        return status;
    struct umm_npy_field *field = &npy->fields[npy->n_fields++];
    *field = (struct umm_npy_field){.type = *type, .offset_bytes = at};
    memcpy(field->name, name, name_len + 1);
    field->is_padding = is_padding(field);
    npy->is_struct = true;
    npy->type = (struct umm_npy_type){.kind = 'V', .size_bytes = at + type->size_bytes};
    return UMM_OK;
}

static bool name_is_utf8(const char *name)
{
    uint32_t point = 0;
    if (!memchr(name, '\0', UMM_NPY_NAME_MAX))
        return false;
    while (*name) {
        size_t n = umm_utf8_decode(name, SIZE_MAX, &point);
        if (n == 0)
            return false;
        name += n;
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    const struct umm_npy_field *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static enum umm_status check_names_differ(const struct umm_npy *npy, struct umm_error *err)
{
    size_t n = 0, len_bytes = npy->n_fields * sizeof(struct umm_npy_field *);
    const struct umm_npy_field **sorted = malloc(len_bytes ? len_bytes : 1);
    if (!sorted)
        return umm_error_set_memory(err, len_bytes, "the names of a record");
    for (size_t i = 0; i < npy->n_fields; i++)
        if (!npy->fields[i].is_padding)
            sorted[n++] = &npy->fields[i];
    qsort(sorted, n, sizeof *sorted, by_name);
    enum umm_status status = UMM_OK;
    for (size_t i = 1; i < n && status == UMM_OK; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0) {
            char excerpt[UMM_EXCERPT_MAX];
            const char *name = sorted[i]->name;
            status = umm_error_set(err, UMM_ERR_DATA, "two fields are named \"%s\"",
                                   umm_escape(excerpt, sizeof excerpt, name, strlen(name)));
        }
    free(sorted);
    return status;
}

static enum umm_status check_fields(const struct umm_npy *npy, struct umm_error *err)
{
    uint64_t end = 0;
    if (npy->n_fields > UMM_NPY_FIELDS_MAX || (npy->n_fields && !npy->fields))
        return umm_error_set(err, UMM_ERR_DATA, "a record has more than %d fields",
                             (int)UMM_NPY_FIELDS_MAX);
    for (size_t i = 0; i < npy->n_fields; i++) {
        const struct umm_npy_field *field = &npy->fields[i];
        if (!type_is_known(&field->type))
            return umm_error_set(err, UMM_ERR_DATA, "field %zu has an unknown type", i + 1);
        if (!name_is_utf8(field->name))
            return umm_error_set(err, UMM_ERR_DATA, "the name of field %zu is not UTF-8", i + 1);
        if (field->is_padding != is_padding(field))
            return umm_error_set(err, UMM_ERR_DATA, "field %zu is marked wrongly as padding or not",
                                 i + 1);
        if (field->offset_bytes != end)
            return umm_error_set(err, UMM_ERR_DATA, "field %zu does not follow field %zu", i + 1,
                                 i);
        end += field->type.size_bytes;
    }
    if (npy->type.kind != 'V' || npy->type.size_bytes != end)
        return umm_error_set(err, UMM_ERR_DATA, "the fields do not fill the record");
    return check_names_differ(npy, err);
}

enum umm_status umm_npy_check(const struct umm_npy *npy, struct umm_error *err)
{
    if (!type_is_known(&npy->type))
        return umm_error_set(err, UMM_ERR_DATA, "unknown element type");
    if (npy->n_dims > UMM_NPY_DIMS_MAX)
        return umm_error_set(err, UMM_ERR_DATA, "more than %d dimensions", (int)UMM_NPY_DIMS_MAX);
    /* Dimensions of 0 are left out, so that no partial product can overflow either. */
    uint64_t bytes = npy->type.size_bytes ? npy->type.size_bytes : 1;
    for (unsigned i = 0; i < npy->n_dims; i++) {
        uint64_t n = npy->shape[i] ? npy->shape[i] : 1;
        if (__builtin_mul_overflow(bytes, n, &bytes) || bytes > INT64_MAX)
            return umm_error_set(err, UMM_ERR_DATA, "the shape is too large for a file");
    }
    if (npy->data_offset_bytes > INT64_MAX - bytes)
        return umm_error_set(err, UMM_ERR_DATA, "the shape is too large for a file");
    if (npy->is_struct)
        return check_fields(npy, err);
    if (npy->fields || npy->n_fields)
        return umm_error_set(err, UMM_ERR_DATA, "fields in an array that is not a struct");
    return UMM_OK;
}

uint64_t umm_npy_row_bytes(const struct umm_npy *npy)
{
    uint64_t bytes = npy->type.size_bytes;
    for (unsigned i = 1; i < npy->n_dims; i++)
        bytes *= npy->shape[i];
    return bytes;
}

uint64_t umm_npy_data_bytes(const struct umm_npy *npy)
{
    return (npy->n_dims ? npy->shape[0] : 1) * umm_npy_row_bytes(npy);
}

static bool types_equal(const struct umm_npy_type *a, const struct umm_npy_type *b)
{
    return a->kind == b->kind && a->is_big_endian == b->is_big_endian &&
           a->size_bytes == b->size_bytes && strcmp(a->unit, b->unit) == 0;
}

bool umm_npy_same_type(const struct umm_npy *a, const struct umm_npy *b)
{
    if (a->is_struct != b->is_struct || a->n_dims != b->n_dims || a->n_fields != b->n_fields ||
        !types_equal(&a->type, &b->type))
        return false;
    if (a->n_dims > 1 && a->is_fortran != b->is_fortran)
        return false;
    for (unsigned i = 1; i < a->n_dims; i++)
        if (a->shape[i] != b->shape[i])
            return false;
    for (size_t i = 0; i < a->n_fields; i++) {
        const struct umm_npy_field *x = &a->fields[i], *y = &b->fields[i];
        if (strcmp(x->name, y->name) != 0 || !types_equal(&x->type, &y->type))
            return false;
    }
    return true;
}

enum { ROWS_TEXT_MAX = 160 };

/* What the rows are, for messages: names escaped, cut to what fits. */
static void describe_rows(const struct umm_npy *npy, char out[ROWS_TEXT_MAX])
{
    char type[UMM_NPY_TYPE_TEXT_MAX];
    out[0] = '\0';
    for (size_t i = 0; npy->is_struct && i < npy->n_fields; i++) {
        char name[UMM_EXCERPT_MAX];
        umm_npy_type_text(&npy->fields[i].type, type);
        umm_escape(name, sizeof name, npy->fields[i].name, strlen(npy->fields[i].name));
        umm_line_add(out, ROWS_TEXT_MAX, "%s%s %s", i ? ", " : "[", name, type);
    }
    if (npy->is_struct) {
        umm_line_add(out, ROWS_TEXT_MAX, npy->n_fields ? "]" : "[]");
        return;
    }
    umm_npy_type_text(&npy->type, type);
    umm_line_add(out, ROWS_TEXT_MAX, npy->n_dims ? "%s (N" : "%s (", type);
    for (unsigned i = 1; i < npy->n_dims; i++)
        umm_line_add(out, ROWS_TEXT_MAX, ", %" PRIu64, npy->shape[i]);
    umm_line_add(out, ROWS_TEXT_MAX, npy->n_dims == 1 ? ",)" : ")");
}

enum umm_status umm_npy_refuse_rows(struct umm_error *err, const char *path, const char *what,
                                    const struct umm_npy *has, const struct umm_npy *gives)
{
    char has_text[ROWS_TEXT_MAX], gives_text[ROWS_TEXT_MAX];
    describe_rows(has, has_text);
    describe_rows(gives, gives_text);
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                              "%s has other columns: %s; the input gives %s", what, has_text,
                              gives_text);
}
