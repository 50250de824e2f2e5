/* SPDX-License-Identifier: MIT */
/*
 * The header reader: a Python literal of exactly one shape. Every level of the
 * literal has its own function, so nothing recurses and nesting has a limit by
 * construction; every byte is looked at a bounded number of times.
 *
 *     {'descr': TYPE | [(NAME, TYPE), ...], 'fortran_order': BOOL, 'shape': (INT, ...)}
 *     NAME = STRING | (TITLE, STRING)
 */
#include "format/npy_parse.h"

#include "base/error.h"
#include "base/utf8.h"

#include <string.h>

/* at walks from start to end, the text after the prelude. */
struct reader {
    const char *start, *at, *end;
    bool is_utf8;
    struct umm_error *err;
};

/* ---- Tokens ------------------------------------------------------------ */

static enum umm_status malformed(const struct reader *in, const char *expected)
{
    char excerpt[UMM_EXCERPT_MAX];
    size_t at = (size_t)(in->at - in->start) + 1, left = (size_t)(in->end - in->at);
    if (left == 0)
        return umm_error_set(in->err, UMM_ERR_DATA,
                             "malformed NPY header: it ends at byte %zu, expected %s", at,
                             expected);
    umm_escape(excerpt, sizeof excerpt, in->at, left < 32 ? left : 32);
    return umm_error_set(in->err, UMM_ERR_DATA,
                         "malformed NPY header: expected %s at byte %zu, found \"%s\"", expected,
                         at, excerpt);
}

/* What Python allows between tokens inside brackets. */
static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* The next character after white space, '\0' at the end. */
static char peek(struct reader *in)
{
    while (in->at < in->end && is_space(*in->at))
        in->at++;
    return in->at < in->end ? *in->at : '\0';
}

/* Take c if it comes next; a zero byte never does. */
static bool take(struct reader *in, char c)
{
    if (peek(in) != c || in->at == in->end)
        return false;
    in->at++;
    return true;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool take_word(struct reader *in, const char *word)
{
    size_t len = strlen(word);
    (void)peek(in);
    if ((size_t)(in->end - in->at) < len || memcmp(in->at, word, len) != 0)
        return false;
    if (in->at + len < in->end && is_word(in->at[len]))
        return false;
    in->at += len;
    return true;
}

/* After an item of a list: a comma, or the end, which is not taken here. */
static enum umm_status take_comma(struct reader *in, char closing, const char *expected)
{
    return take(in, ',') || peek(in) == closing ? UMM_OK : malformed(in, expected);
}

/* ---- Strings ----------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* n digits of \xHH, \uHHHH or \UHHHHHHHH. */
static bool read_hex(struct reader *in, unsigned n, uint32_t *point)
{
    *point = 0;
    for (; n > 0; n--, in->at++) {
        int digit = in->at < in->end ? hex_digit(*in->at) : -1;
        if (digit < 0)
            return false;
        *point = *point << 4 | (uint32_t)digit;
    }
    return true;
}

/* Up to three digits of \OOO. */
static void read_octal(struct reader *in, uint32_t *point)
{
    *point = 0;
    for (int n = 0; n < 3 && in->at < in->end && *in->at >= '0' && *in->at <= '7'; n++)
        *point = *point << 3 | (uint32_t)(*in->at++ - '0');
}

/* What follows a backslash; only what Python's repr or a person would write. */
static bool read_escape(struct reader *in, uint32_t *point)
{
    static const char letter[] = "\\'\"abfnrtv", value[] = "\\'\"\a\b\f\n\r\t\v";
    if (in->at == in->end || *in->at == '\0')
        return false;
    char c = *in->at;
    const char *known = strchr(letter, c);
    if (c >= '0' && c <= '7') {
        read_octal(in, point);
        return true;
    }
    in->at++;
    if (known) {
        *point = (unsigned char)value[known - letter];
        return true;
    }
    unsigned n = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    return n > 0 && read_hex(in, n, point);
}

/* One character of a string as UTF-8; returns its bytes, 0 when it is none. */
static size_t read_character(struct reader *in, char piece[4])
{
    uint32_t point = (unsigned char)*in->at++;
    if (point == '\\') {
        if (!read_escape(in, &point) || point == 0)
            return 0;
    } else if (point == 0 || point == '\n' || point == '\r') {
        return 0;
    } else if (point > 0x7F && in->is_utf8) {
        /* A byte of a longer character; names are checked as a whole later. */
        piece[0] = (char)(unsigned char)point;
        return 1;
    }
    return umm_utf8_encode(point, piece);
}

/*
 * A quoted string as terminated UTF-8 into out, or only past it when out is
 * NULL. What does not fit is refused: it could not be something we know.
 */
static enum umm_status read_string(struct reader *in, const char *what, char *out, size_t cap_bytes)
{
    char quote = peek(in);
    size_t used = 0;
    if ((quote == 'u' || quote == 'U') && in->end - in->at > 1)
        quote = *++in->at;
    if (quote != '\'' && quote != '"')
        return malformed(in, what);
    const char *opening = in->at++;
    while (in->at < in->end && *in->at != quote) {
        char piece[4];
        const char *character = in->at;
        size_t n = read_character(in, piece);
        if (n == 0) {
            in->at = character;
            return malformed(in, "a character of a string");
        }
        if (!out)
            continue;
        if (n >= cap_bytes - used)
            return umm_error_set(in->err, UMM_ERR_UNSUPPORTED,
                                 "%s at byte %zu of the NPY header is longer than %zu bytes", what,
                                 (size_t)(opening - in->start) + 1, cap_bytes - 1);
        memcpy(out + used, piece, n);
        used += n;
    }
    if (!take(in, quote)) {
        in->at = opening;
        return malformed(in, "a string that ends");
    }
    if (out)
        out[used] = '\0';
    return UMM_OK;
}

/* ---- shape and fortran_order ------------------------------------------- */

/* Digits with an optional Python 2 'L'; no sign, no leading zeros, no underscores. */
static enum umm_status read_dimension(struct reader *in, uint64_t *out)
{
    char first = peek(in);
    const char *digits = in->at;
    uint64_t value = 0;
    if (first == '-')
        return malformed(in, "a dimension that is not negative");
    for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++)
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(*in->at - '0'), &value) || value > INT64_MAX) {
            in->at = digits;
            return malformed(in, "a dimension below 2**63");
        }
    if (in->at == digits || (first == '0' && in->at - digits > 1)) {
        in->at = digits;
        return malformed(in, "a dimension");
    }
    if (in->at < in->end && (*in->at == 'L' || *in->at == 'l'))
        in->at++;
    if (in->at < in->end && is_word(*in->at))
        return malformed(in, "the end of a number");
    *out = value;
    return UMM_OK;
}

/* A tuple: one dimension needs its comma, "(5)" is a number in brackets. */
static enum umm_status read_shape(struct reader *in, struct umm_npy *out)
{
    if (!take(in, '('))
        return malformed(in, "the tuple of 'shape'");
    bool has_comma = true;
    while (!take(in, ')')) {
        if (!has_comma)
            return malformed(in, "',' or ')'");
        if (out->n_dims == UMM_NPY_DIMS_MAX)
            return umm_error_set(in->err, UMM_ERR_DATA, "more than %d dimensions",
                                 (int)UMM_NPY_DIMS_MAX);
        enum umm_status status = read_dimension(in, &out->shape[out->n_dims]);
        if (status != UMM_OK)
            return status;
        out->n_dims++;
        has_comma = take(in, ',');
    }
    return out->n_dims == 1 && !has_comma ? malformed(in, "',' in a tuple of one") : UMM_OK;
}

static enum umm_status read_bool(struct reader *in, bool *out)
{
    *out = take_word(in, "True");
    return *out || take_word(in, "False") ? UMM_OK : malformed(in, "True or False");
}

/* ---- descr ------------------------------------------------------------- */

static bool is_object(const char *descr)
{
    return descr[strspn(descr, "<>|=")] == 'O';
}

static enum umm_status read_type(struct reader *in, struct umm_npy_type *out)
{
    enum { TEXT_MAX = 64 };
    char descr[TEXT_MAX], excerpt[UMM_EXCERPT_MAX];
    enum umm_status status = read_string(in, "an element type", descr, sizeof descr);
    if (status != UMM_OK)
        return status;
    if (umm_npy_type_parse(descr, out) == UMM_OK)
        return UMM_OK;
    umm_escape(excerpt, sizeof excerpt, descr, strlen(descr));
    return umm_error_set(in->err, UMM_ERR_DATA,
                         is_object(descr) ? "the array holds Python objects (\"%s\"), not numbers"
                                          : "unknown element type \"%s\"",
                         excerpt);
}

/* STRING, or the pair of a title and the name. */
static enum umm_status read_name(struct reader *in, char name[UMM_NPY_NAME_MAX], bool *has_title)
{
    if (!take(in, '('))
        return read_string(in, "a field name", name, UMM_NPY_NAME_MAX);
    *has_title = true;
    enum umm_status status = read_string(in, "a field title", NULL, 0);
    if (status != UMM_OK)
        return status;
    if (!take(in, ','))
        return malformed(in, "',' between a title and a name");
    status = read_string(in, "a field name", name, UMM_NPY_NAME_MAX);
    if (status != UMM_OK)
        return status;
    (void)take(in, ',');
    return take(in, ')') ? UMM_OK : malformed(in, "')' after a name");
}

static enum umm_status read_field(struct reader *in, struct umm_npy *out)
{
    char name[UMM_NPY_NAME_MAX];
    struct umm_npy_type type;
    if (!take(in, '('))
        return malformed(in, "'(' of a field");
    enum umm_status status = read_name(in, name, &out->has_titles);
    if (status != UMM_OK)
        return status;
    if (!take(in, ','))
        return malformed(in, "',' after a field name");
    if (peek(in) == '[' || peek(in) == '(')
        return umm_error_set(in->err, UMM_ERR_UNSUPPORTED,
                             "records in records are not supported (field %zu)", out->n_fields + 1);
    status = read_type(in, &type);
    if (status != UMM_OK)
        return status;
    if (take(in, ',') && peek(in) != ')')
        return umm_error_set(in->err, UMM_ERR_UNSUPPORTED,
                             "fields that are arrays are not supported (field %zu)",
                             out->n_fields + 1);
    if (!take(in, ')'))
        return malformed(in, "')' of a field");
    return umm_npy_add_field(out, name, &type, in->err);
}

static enum umm_status read_descr(struct reader *in, struct umm_npy *out)
{
    if (peek(in) == '(')
        return umm_error_set(in->err, UMM_ERR_UNSUPPORTED, "sub-array types are not supported");
    if (!take(in, '['))
        return read_type(in, &out->type);
    out->is_struct = true;
    out->type = (struct umm_npy_type){.kind = 'V'};
    enum umm_status status = UMM_OK;
    while (status == UMM_OK && !take(in, ']')) {
        status = read_field(in, out);
        if (status == UMM_OK)
            status = take_comma(in, ']', "',' or ']'");
    }
    return status;
}

/* ---- The dict ---------------------------------------------------------- */

static const char *const keys[] = {"descr", "fortran_order", "shape"};
enum { DESCR, FORTRAN_ORDER, SHAPE, N_KEYS };

static enum umm_status read_key(struct reader *in, unsigned *key)
{
    char name[sizeof "fortran_order"];
    (void)peek(in);
    const char *opening = in->at;
    /* A key too long for name is unknown too, but a broken string says more of itself. */
    enum umm_status status = read_string(in, "a key", name, sizeof name);
    if (status == UMM_ERR_DATA)
        return status;
    for (*key = 0; status == UMM_OK && *key < N_KEYS; (*key)++)
        if (strcmp(name, keys[*key]) == 0)
            return UMM_OK;
    in->at = opening;
    return malformed(in, "'descr', 'fortran_order' or 'shape'");
}

static enum umm_status read_item(struct reader *in, struct umm_npy *out, bool seen[N_KEYS])
{
    unsigned key = 0;
    enum umm_status status = read_key(in, &key);
    if (status != UMM_OK)
        return status;
    if (seen[key])
        return umm_error_set(in->err, UMM_ERR_DATA, "malformed NPY header: two keys '%s'",
                             keys[key]);
    seen[key] = true;
    if (!take(in, ':'))
        return malformed(in, "':' after a key");
    if (key == DESCR)
        return read_descr(in, out);
    return key == SHAPE ? read_shape(in, out) : read_bool(in, &out->is_fortran);
}

enum umm_status umm_npy_parse_dict(const char *text, size_t len_bytes, bool is_utf8,
                                   struct umm_npy *out, struct umm_error *err)
{
    struct reader in = {
        .start = text, .at = text, .end = text + len_bytes, .is_utf8 = is_utf8, .err = err};
    bool seen[N_KEYS] = {false};
    enum umm_status status = UMM_OK;
    if (!take(&in, '{'))
        return malformed(&in, "'{'");
    while (status == UMM_OK && !take(&in, '}')) {
        status = read_item(&in, out, seen);
        if (status == UMM_OK)
            status = take_comma(&in, '}', "',' or '}'");
    }
    if (status != UMM_OK)
        return status;
    (void)peek(&in);
    if (in.at != in.end)
        return malformed(&in, "nothing after the '}'");
    for (unsigned i = 0; i < N_KEYS; i++)
        if (!seen[i])
            return umm_error_set(err, UMM_ERR_DATA, "malformed NPY header: no key '%s'", keys[i]);
    return UMM_OK;
}
