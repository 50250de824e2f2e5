/* SPDX-License-Identifier: MIT */
#include "format/protobuf.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

enum { VARINT_MAX = 10 }; /* 64 bits, 7 in each byte */

/* ---- reading ------------------------------------------------------------------------ */

static bool damaged(struct umm_protobuf *in)
{
    in->is_damaged = true;
    in->at = in->end;
    return false;
}

static bool read_varint(struct umm_protobuf *in, uint64_t *value)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < VARINT_MAX && in->at < in->end; i++) {
        const uint8_t byte = *in->at++;
        if (i == VARINT_MAX - 1 && byte > 1)
            return damaged(in); /* a 65th bit */
        bits |= (uint64_t)(byte & 0x7F) << 7 * i;
        if (byte < 0x80) {
            *value = bits;
            return true;
        }
    }
    return damaged(in);
}

static bool read_fixed(struct umm_protobuf *in, size_t n, uint64_t *value)
{
    if ((size_t)(in->end - in->at) < n)
        return damaged(in);
    *value = umm_bytes_get(in->at, n);
    in->at += n;
    return true;
}

static bool read_bytes(struct umm_protobuf *in, struct umm_protobuf_bytes *bytes)
{
    uint64_t len;
    if (!read_varint(in, &len))
        return false;
    if (len > (uint64_t)(in->end - in->at))
        return damaged(in);
    *bytes = (struct umm_protobuf_bytes){in->at, (size_t)len};
    in->at += len;
    return true;
}

static bool read_value(struct umm_protobuf *in, enum umm_protobuf_wire wire, uint64_t *value)
{
    switch (wire) {
    case UMM_PROTOBUF_VARINT: return read_varint(in, value);
    case UMM_PROTOBUF_FIXED64: return read_fixed(in, 8, value);
    case UMM_PROTOBUF_FIXED32: return read_fixed(in, 4, value);
    case UMM_PROTOBUF_BYTES: break;
    }
    return damaged(in);
}

struct umm_protobuf umm_protobuf_open(struct umm_protobuf_bytes message)
{
    static const uint8_t nothing;
    const uint8_t *at = message.at ? message.at : &nothing;
    return (struct umm_protobuf){.at = at, .end = at + message.len};
}

bool umm_protobuf_next(struct umm_protobuf *in, struct umm_protobuf_field *field)
{
    uint64_t key;
    *field = (struct umm_protobuf_field){0};
    if (in->at == in->end || !read_varint(in, &key))
        return false;
    const uint64_t number = key >> 3;
    if (number == 0 || number > (1U << 29) - 1)
        return damaged(in);
    field->number = (uint32_t)number;
    field->wire = (enum umm_protobuf_wire)(key & 7);
    return field->wire == UMM_PROTOBUF_BYTES ? read_bytes(in, &field->bytes)
                                             : read_value(in, field->wire, &field->value);
}

bool umm_protobuf_is_sound(struct umm_protobuf_bytes message)
{
    struct umm_protobuf in = umm_protobuf_open(message);
    struct umm_protobuf_field field;
    while (umm_protobuf_next(&in, &field))
        continue;
    return !in.is_damaged;
}

bool umm_protobuf_is_text(struct umm_protobuf_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && (!bytes.len || memcmp(bytes.at, text, bytes.len) == 0);
}

struct umm_protobuf_numbers umm_protobuf_numbers(struct umm_protobuf_bytes message, uint32_t number,
                                                 enum umm_protobuf_wire wire)
{
    return (struct umm_protobuf_numbers){
        .message = umm_protobuf_open(message), .number = number, .wire = wire};
}

bool umm_protobuf_number(struct umm_protobuf_numbers *numbers, uint64_t *value)
{
    struct umm_protobuf_field field;
    for (;;) {
        if (numbers->packed.at != numbers->packed.end) {
            if (read_value(&numbers->packed, numbers->wire, value))
                return true;
            return damaged(&numbers->message);
        }
        if (!umm_protobuf_next(&numbers->message, &field))
            return false;
        if (field.number != numbers->number)
            continue;
        if (field.wire == numbers->wire) {
            *value = field.value;
            return true;
        }
        if (field.wire != UMM_PROTOBUF_BYTES)
            return damaged(&numbers->message);
        numbers->packed = umm_protobuf_open(field.bytes);
    }
}

/* ---- writing ------------------------------------------------------------------------ */

/* Room for len more bytes; NULL, then and ever after, when there is none. */
static uint8_t *room(struct umm_protobuf_out *out, size_t len)
{
    enum { CAP_MIN = 256 };
    if (out->is_failed)
        return NULL;
    if (len > out->cap - out->len) {
        size_t cap = out->cap ? out->cap : CAP_MIN;
        while (cap - out->len < len && cap <= SIZE_MAX / 4)
            cap *= 2;
        uint8_t *bytes = cap - out->len < len ? NULL : realloc(out->bytes, cap);
        if (!bytes) {
            out->is_failed = true;
            return NULL;
        }
        out->bytes = bytes;
        out->cap = cap;
    }
    return out->bytes + out->len;
}

static size_t varint(uint8_t out[VARINT_MAX], uint64_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        out[n++] = (uint8_t)(value | 0x80);
    out[n++] = (uint8_t)value;
    return n;
}

static void put_key(struct umm_protobuf_out *out, uint32_t number, enum umm_protobuf_wire wire)
{
    uint8_t *at = room(out, VARINT_MAX);
    if (at)
        out->len += varint(at, (uint64_t)number << 3 | (uint64_t)wire);
}

void umm_protobuf_put_varint(struct umm_protobuf_out *out, uint32_t number, uint64_t value)
{
    put_key(out, number, UMM_PROTOBUF_VARINT);
    uint8_t *at = room(out, VARINT_MAX);
    if (at)
        out->len += varint(at, value);
}

void umm_protobuf_put_float(struct umm_protobuf_out *out, uint32_t number, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(out, number, UMM_PROTOBUF_FIXED32);
    uint8_t *at = room(out, sizeof bits);
    if (!at)
        return;
    umm_bytes_put(at, bits, sizeof bits);
    out->len += sizeof bits;
}

void umm_protobuf_put_bytes(struct umm_protobuf_out *out, uint32_t number, const void *bytes,
                            size_t len)
{
    const size_t begin = umm_protobuf_begin(out);
    umm_protobuf_put_fields(out, bytes, len);
    umm_protobuf_end(out, number, begin);
}

void umm_protobuf_put_fields(struct umm_protobuf_out *out, const void *fields, size_t len)
{
    uint8_t *at = len ? room(out, len) : NULL;
    if (!at)
        return;
    memcpy(at, fields, len);
    out->len += len;
}

void umm_protobuf_put_text(struct umm_protobuf_out *out, uint32_t number, const char *text)
{
    umm_protobuf_put_bytes(out, number, text, strlen(text));
}

size_t umm_protobuf_begin(struct umm_protobuf_out *out)
{
    return out->len;
}

/* The length is known now: what is between makes room for it, and for the key. */
void umm_protobuf_end(struct umm_protobuf_out *out, uint32_t number, size_t begin)
{
    uint8_t head[2 * VARINT_MAX];
    if (!room(out, sizeof head))
        return;
    const size_t len = out->len - begin;
    size_t n = varint(head, (uint64_t)number << 3 | UMM_PROTOBUF_BYTES);
    n += varint(head + n, len);
    memmove(out->bytes + begin + n, out->bytes + begin, len);
    memcpy(out->bytes + begin, head, n);
    out->len += n;
}
