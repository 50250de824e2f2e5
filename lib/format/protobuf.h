/* SPDX-License-Identifier: MIT */
/*
 * protobuf.h - the wire format of Protocol Buffers: fields of a message read in place, and written.
 *
 * A message is a row of fields, each a key (number and wire type) and what the type says:
 *
 *     | key varint | varint | or | 8 bytes | or | length varint, bytes | or | 4 bytes |
 *
 * Nothing is copied and nothing is built: the reader of a message takes the fields that it knows
 * by their numbers, and looks into a message inside of it by a reader of its own. So no input makes
 * it recurse or take memory, which a library that unpacks whole messages cannot promise.
 *
 * Source: protobuf.dev, "Encoding". Groups, which proto3 has not, are damage.
 */
#ifndef UMM_FORMAT_PROTOBUF_H
#define UMM_FORMAT_PROTOBUF_H

#include "umm.h"

/* Bytes of a message: a text (without a zero at its end), packed numbers or a message. */
struct umm_protobuf_bytes {
    const uint8_t *at;
    size_t len;
};

/* A reader. is_damaged: what follows is no field. */
struct umm_protobuf {
    const uint8_t *at, *end;
    bool is_damaged;
};

enum umm_protobuf_wire {
    UMM_PROTOBUF_VARINT = 0,
    UMM_PROTOBUF_FIXED64 = 1,
    UMM_PROTOBUF_BYTES = 2,
    UMM_PROTOBUF_FIXED32 = 5
};

/* value: of all wire types except BYTES; bytes: of those. */
struct umm_protobuf_field {
    uint32_t number;
    enum umm_protobuf_wire wire;
    uint64_t value;
    struct umm_protobuf_bytes bytes;
};

struct umm_protobuf umm_protobuf_open(struct umm_protobuf_bytes message);

/* The next field; false at the end, and where the message is damaged. */
UMM_MUST_USE bool umm_protobuf_next(struct umm_protobuf *in, struct umm_protobuf_field *field);

/* Whether all of message is fields. Messages inside of it are not looked into. */
bool umm_protobuf_is_sound(struct umm_protobuf_bytes message);

/* Whether the bytes are that text. */
bool umm_protobuf_is_text(struct umm_protobuf_bytes bytes, const char *text);

/*
 * The numbers of a repeated field, of that wire type: packed, one by one, or both, as the format
 * allows. Of floats a number is their bits.
 */
struct umm_protobuf_numbers {
    struct umm_protobuf message, packed;
    uint32_t number;
    enum umm_protobuf_wire wire;
};

struct umm_protobuf_numbers umm_protobuf_numbers(struct umm_protobuf_bytes message, uint32_t number,
                                                 enum umm_protobuf_wire wire);

/* The next of them; false at the end, and (is_damaged of message) where there is damage. */
UMM_MUST_USE bool umm_protobuf_number(struct umm_protobuf_numbers *numbers, uint64_t *value);

/* ---- writing ------------------------------------------------------------------------ */

/* A message that grows; all zero is an empty one. free(bytes). is_failed: memory ran out. */
struct umm_protobuf_out {
    uint8_t *bytes;
    size_t len, cap;
    bool is_failed;
};

void umm_protobuf_put_varint(struct umm_protobuf_out *out, uint32_t number, uint64_t value);
void umm_protobuf_put_float(struct umm_protobuf_out *out, uint32_t number, float value);
void umm_protobuf_put_bytes(struct umm_protobuf_out *out, uint32_t number, const void *bytes,
                            size_t len);
void umm_protobuf_put_text(struct umm_protobuf_out *out, uint32_t number, const char *text);

/* Fields that were written elsewhere, as they are. */
void umm_protobuf_put_fields(struct umm_protobuf_out *out, const void *fields, size_t len);

/* What is put from _begin to _end with its result is a message inside, the field number. */
UMM_MUST_USE size_t umm_protobuf_begin(struct umm_protobuf_out *out);
void umm_protobuf_end(struct umm_protobuf_out *out, uint32_t number, size_t begin);

#endif
