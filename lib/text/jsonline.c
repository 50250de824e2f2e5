/* SPDX-License-Identifier: MIT */
#include "text/jsonline.h"

#include <string.h>

void umm_jsonline_begin(struct umm_jsonline *json, const char *text, size_t len_bytes, char *room)
{
    *json = (struct umm_jsonline){.at = text, .end = text + len_bytes, .room = room};
}

static bool is_wrong(struct umm_jsonline *json, const char *what)
{
    json->wrong = what;
    return false;
}

static void skip_blanks(struct umm_jsonline *json)
{
    while (json->at < json->end && (*json->at == ' ' || *json->at == '\t' || *json->at == '\r'))
        json->at++;
}

static bool take(struct umm_jsonline *json, char byte)
{
    skip_blanks(json);
    if (json->at == json->end || *json->at != byte)
        return false;
    json->at++;
    return true;
}

/* ---- texts ----------------------------------------------------------------------- */

/* Four hexadecimal digits after "\u". */
static bool take_unit(struct umm_jsonline *json, uint32_t *unit)
{
    enum { DIGITS = 4 };
    *unit = 0;
    if (json->end - json->at < DIGITS)
        return false;
    for (int i = 0; i < DIGITS; i++) {
        const char c = *json->at++;
        const bool is_digit = c >= '0' && c <= '9';
        const char letter = (char)(c | 0x20);
        if (!is_digit && (letter < 'a' || letter > 'f'))
            return false;
        *unit = *unit << 4 | (uint32_t)(is_digit ? c - '0' : letter - 'a' + 10);
    }
    return true;
}

static char *put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    }
    return out;
}

/* After "\u": one unit of UTF-16, or the two of a pair. */
static bool take_code(struct umm_jsonline *json, uint32_t *code)
{
    uint32_t low;
    if (!take_unit(json, code))
        return false;
    if (*code < 0xd800 || *code > 0xdfff)
        return true;
    if (*code > 0xdbff || json->end - json->at < 2 || json->at[0] != '\\' || json->at[1] != 'u')
        return false;
    json->at += 2;
    if (!take_unit(json, &low) || low < 0xdc00 || low > 0xdfff)
        return false;
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

static bool take_escape(struct umm_jsonline *json)
{
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    if (json->at == json->end)
        return is_wrong(json, "a text has no end");
    const char c = *json->at++;
    const char *name = c ? strchr(names, c) : NULL;
    uint32_t code;
    if (name) {
        *json->room++ = bytes[name - names];
    } else if (c == 'u' && take_code(json, &code)) {
        json->room = put_utf8(json->room, code);
    } else {
        return is_wrong(json, "not an escape of JSON");
    }
    return true;
}

/* After the opening quote. What has no escapes is left where it is. */
static bool take_text(struct umm_jsonline *json, const char **text, size_t *len_bytes)
{
    const char *begin = json->at;
    char *copy = json->room;
    bool is_copied = false;
    for (;;) {
        if (json->at == json->end)
            return is_wrong(json, "a text has no end");
        const char c = *json->at++;
        if (c == '"')
            break;
        if ((unsigned char)c < 0x20)
            return is_wrong(json, "a control character in a text");
        if (c == '\\' && !is_copied) {
            const size_t n = (size_t)(json->at - 1 - begin);
            memcpy(copy, begin, n);
            json->room = copy + n;
            is_copied = true;
        }
        if (c == '\\' && !take_escape(json))
            return false;
        if (c != '\\' && is_copied)
            *json->room++ = c;
    }
    *text = is_copied ? copy : begin;
    *len_bytes = (size_t)((is_copied ? json->room : json->at - 1) - *text);
    return true;
}

/* ---- other values ---------------------------------------------------------------- */

static size_t count_digits(const char *at, const char *end)
{
    size_t n = 0;
    while (at + n < end && at[n] >= '0' && at[n] <= '9')
        n++;
    return n;
}

/* The length of the number at `at`, 0 if there is none. */
static size_t number_bytes(const char *at, const char *end)
{
    const char *p = at + (at < end && *at == '-');
    size_t n = count_digits(p, end);
    if (n == 0 || (n > 1 && *p == '0'))
        return 0;
    p += n;
    if (p < end && *p == '.') {
        n = count_digits(p + 1, end);
        if (n == 0)
            return 0;
        p += 1 + n;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '-' || *p == '+');
        n = count_digits(p, end);
        if (n == 0)
            return 0;
        p += n;
    }
    return (size_t)(p - at);
}

static bool take_word(struct umm_jsonline *json, struct umm_jsonline_member *member)
{
    static const struct {
        const char *word;
        enum umm_jsonline_kind kind;
    } words[] = {
        {"true", UMM_JSONLINE_TRUE}, {"false", UMM_JSONLINE_FALSE}, {"null", UMM_JSONLINE_NULL}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t n = strlen(words[i].word);
        if ((size_t)(json->end - json->at) >= n && memcmp(json->at, words[i].word, n) == 0) {
            member->kind = words[i].kind;
            member->value = json->at;
            member->value_bytes = n;
            json->at += n;
            return true;
        }
    }
    return is_wrong(json, "not a text, number, true, false or null");
}

static bool take_value(struct umm_jsonline *json, struct umm_jsonline_member *member)
{
    skip_blanks(json);
    member->at = json->at;
    if (take(json, '"')) {
        member->kind = UMM_JSONLINE_TEXT;
        return take_text(json, &member->value, &member->value_bytes);
    }
    const size_t n = number_bytes(json->at, json->end);
    if (n == 0)
        return take_word(json, member);
    member->kind = UMM_JSONLINE_NUMBER;
    member->value = json->at;
    member->value_bytes = n;
    json->at += n;
    return true;
}

bool umm_jsonline_next(struct umm_jsonline *json, struct umm_jsonline_member *member)
{
    const bool is_first = !json->is_begun;
    json->is_begun = true;
    if (is_first && !take(json, '{'))
        return is_wrong(json, "an object begins with {");
    if (take(json, '}')) {
        skip_blanks(json);
        return json->at == json->end ? false : is_wrong(json, "text after the object");
    }
    if (!is_first && !take(json, ','))
        return is_wrong(json, "a comma or } is missing");
    skip_blanks(json);
    member->key_at = json->at;
    if (!take(json, '"'))
        return is_wrong(json, "a key in quotes is missing");
    if (!take_text(json, &member->key, &member->key_bytes))
        return false;
    if (!take(json, ':'))
        return is_wrong(json, "a colon is missing");
    return take_value(json, member);
}
