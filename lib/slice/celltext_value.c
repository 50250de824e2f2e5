/* SPDX-License-Identifier: MIT */
#include "slice/celltext_value.h"

#include <string.h>

#include "text/print.h"
#include "text/shortest.h"

bool umm_celltext_value_form(const struct umm_npy_type *type, enum umm_celltext_form *form)
{
    switch (type->kind) {
    case 'f':
        *form = type->size_bytes == 8   ? UMM_FORM_F64
                : type->size_bytes == 4 ? UMM_FORM_F32
                                        : UMM_FORM_F16;
        return type->size_bytes <= 8;
    case 'i': *form = UMM_FORM_SIGNED; return true;
    case 'u': *form = UMM_FORM_UNSIGNED; return true;
    case 'b': *form = UMM_FORM_BOOL; return true;
    case 'M':
    case 'm': *form = UMM_FORM_COUNT; return true;
    case 'S': *form = UMM_FORM_BYTES; return true;
    case 'U': *form = UMM_FORM_UCS4; return true;
    default: return false;
    }
}

static inline uint64_t load_bits(const char *value, const struct umm_celltext_cell *cell)
{
    uint64_t v8;
    uint32_t v4;
    uint16_t v2;
    switch (cell->size_bytes) {
    case 8: memcpy(&v8, value, 8); return cell->is_swapped ? __builtin_bswap64(v8) : v8;
    case 4: memcpy(&v4, value, 4); return cell->is_swapped ? __builtin_bswap32(v4) : v4;
    case 2: memcpy(&v2, value, 2); return cell->is_swapped ? __builtin_bswap16(v2) : v2;
    default: return (unsigned char)*value;
    }
}

static inline int64_t sign_extend(uint64_t bits, uint32_t size_bytes)
{
    const unsigned n_unused = 64 - 8 * size_bytes;
    return (int64_t)(bits << n_unused) >> n_unused;
}

static bool is_finite(uint64_t bits, enum umm_celltext_form form)
{
    const uint64_t exponents[] = {[UMM_FORM_F64] = (uint64_t)0x7ff << 52,
                                  [UMM_FORM_F32] = (uint64_t)0xff << 23,
                                  [UMM_FORM_F16] = (uint64_t)0x1f << 10};
    return (bits & exponents[form]) != exponents[form];
}

static char *put_float(char *out, uint64_t bits, enum umm_celltext_form form, bool is_json)
{
    const uint32_t low = (uint32_t)bits;
    double f64;
    float f32;
    if (is_json && !is_finite(bits, form)) {
        memcpy(out, "null", 4);
        return out + 4;
    }
    if (form == UMM_FORM_F16)
        return umm_print_f16_shortest(out, (uint16_t)bits);
    if (form == UMM_FORM_F32) {
        memcpy(&f32, &low, sizeof f32);
        return umm_print_f32_shortest(out, f32);
    }
    memcpy(&f64, &bits, sizeof f64);
    return umm_print_f64_shortest(out, f64);
}

static char *put_word(char *out, const char *word)
{
    const size_t len = strlen(word);
    memcpy(out, word, len);
    return out + len;
}

/* NULL, and *result says why, for a time that ISO 8601 cannot show. */
static char *put_iso(char *out, const struct umm_celltext_cell *cell, const char *value,
                     bool is_json, enum umm_time_result *result)
{
    char iso[UMM_TIME_ISO_MAX];
    struct umm_time time;
    *result = umm_arraycolumn_read_time(cell->column, value, &time);
    if (*result != UMM_TIME_OK)
        return NULL;
    umm_time_format_iso(time, iso);
    if (is_json)
        *out++ = '"';
    out = put_word(out, iso);
    if (is_json)
        *out++ = '"';
    return out;
}

/* Whether the value stands for none: NaT, or NaN in a column of times. */
static bool is_no_time(const struct umm_celltext_cell *cell, uint64_t bits)
{
    const char kind = cell->column->type.kind;
    if (kind == 'M' || kind == 'm')
        return bits == (uint64_t)1 << 63;
    return kind == 'f' && !is_finite(bits, UMM_FORM_F64);
}

char *umm_celltext_value_put(char *out, const struct umm_celltext_cell *cell, const char *value,
                             bool is_json, enum umm_time_result *result)
{
    const uint64_t bits = load_bits(value, cell);
    switch (cell->form) {
    case UMM_FORM_F64:
    case UMM_FORM_F32:
    case UMM_FORM_F16: return put_float(out, bits, cell->form, is_json);
    case UMM_FORM_SIGNED: return umm_print_i64(out, sign_extend(bits, cell->size_bytes));
    case UMM_FORM_UNSIGNED: return umm_print_u64(out, bits);
    case UMM_FORM_BOOL:
        if (is_json)
            return put_word(out, bits ? "true" : "false");
        *out = bits ? '1' : '0';
        return out + 1;
    case UMM_FORM_COUNT:
    case UMM_FORM_ISO:
        if (is_no_time(cell, bits))
            return put_word(out, is_json ? "null" : "NaT");
        if (cell->form == UMM_FORM_ISO)
            return put_iso(out, cell, value, is_json, result);
        return umm_print_i64(out, (int64_t)bits);
    case UMM_FORM_BYTES:
    case UMM_FORM_UCS4: break;
    }
    return out;
}
