/* SPDX-License-Identifier: MIT */
#include "db/copybinary.h"

#include <string.h>

#include "base/error.h"

enum { SIGNATURE = 11, FLAGS = 4, IS_BIG = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ };
static const char signature[SIGNATURE + 1] = "PGCOPY\n\377\r\n\0";

/* ---- writing ---------------------------------------------------------------------------- */

static char *put(char *out, uint64_t value, size_t len_bytes)
{
    for (size_t i = len_bytes; i-- > 0;)
        *out++ = (char)(value >> 8 * i);
    return out;
}

char *umm_copybinary_put_header(char *out)
{
    memcpy(out, signature, SIGNATURE);
    memset(out + SIGNATURE, 0, UMM_COPYBINARY_HEADER - SIGNATURE);
    return out + UMM_COPYBINARY_HEADER;
}

char *umm_copybinary_put_row(char *out, size_t n_fields)
{
    return put(out, n_fields, UMM_COPYBINARY_ROW);
}

char *umm_copybinary_put_number(char *out, uint64_t value, size_t len_bytes)
{
    return put(put(out, len_bytes, UMM_COPYBINARY_FIELD), value, len_bytes);
}

char *umm_copybinary_put_bytes(char *out, const char *bytes, size_t len_bytes)
{
    out = put(out, len_bytes, UMM_COPYBINARY_FIELD);
    memcpy(out, bytes, len_bytes);
    return out + len_bytes;
}

char *umm_copybinary_put_trailer(char *out)
{
    return put(out, UINT16_MAX, UMM_COPYBINARY_TRAILER);
}

/* ---- reading ---------------------------------------------------------------------------- */

/* The cases that come are one load each, which the loop is not. */
static int64_t number(const char *bytes, size_t len_bytes)
{
    uint64_t value = 0;
    if (len_bytes == sizeof(int64_t))
        return (int64_t)umm_copybinary_get_u64(bytes);
    if (len_bytes == sizeof(int32_t)) {
        uint32_t half;
        memcpy(&half, bytes, sizeof half);
        return (int32_t)(IS_BIG ? half : __builtin_bswap32(half));
    }
    for (size_t i = 0; i < len_bytes; i++)
        value = value << 8 | (unsigned char)bytes[i];
    if (len_bytes && len_bytes < sizeof value && (unsigned char)bytes[0] >> 7)
        value |= UINT64_MAX << 8 * len_bytes;
    return (int64_t)value;
}

int64_t umm_copybinary_number(const struct umm_copybinary_cell *cell)
{
    return number(cell->bytes, cell->len_bytes);
}

static enum umm_status refuse(struct umm_error *err, const char *what)
{
    return umm_error_set(err, UMM_ERR_DATA, "rows of COPY in binary: %s", what);
}

static enum umm_status read_header(struct umm_copybinary *stream, const char **at, const char *end,
                                   struct umm_error *err)
{
    if (end - *at < UMM_COPYBINARY_HEADER || memcmp(*at, signature, SIGNATURE) != 0)
        return refuse(err, "they do not begin as they should");
    const char *flags = *at + SIGNATURE;
    const int64_t n_more = number(flags + FLAGS, UMM_COPYBINARY_FIELD);
    /* The upper half changes what follows. */
    if (number(flags, FLAGS) >> 16 != 0)
        return refuse(err, "a flag that is not known");
    if (n_more < 0 || n_more > end - *at - UMM_COPYBINARY_HEADER)
        return refuse(err, "the header is cut");
    *at += UMM_COPYBINARY_HEADER + n_more;
    stream->has_header = true;
    return UMM_OK;
}

enum umm_status umm_copybinary_next(struct umm_copybinary *stream, const char **at, const char *end,
                                    struct umm_copybinary_cell *cells, size_t n_fields,
                                    bool *is_row, struct umm_error *err)
{
    *is_row = false;
    if (!stream->has_header) {
        enum umm_status status = read_header(stream, at, end, err);
        if (status)
            return status;
    }
    if (*at == end)
        return UMM_OK;
    if (stream->is_ended || end - *at < UMM_COPYBINARY_ROW)
        return refuse(err, stream->is_ended ? "bytes after the end" : "a row is cut");
    const int64_t n = number(*at, UMM_COPYBINARY_ROW);
    *at += UMM_COPYBINARY_ROW;
    if (n == -1) {
        stream->is_ended = true;
        return *at == end ? UMM_OK : refuse(err, "bytes after the end");
    }
    if (n < 0 || (uint64_t)n != n_fields)
        return refuse(err, "a row has another number of fields");
    for (size_t i = 0; i < n_fields; i++) {
        if (end - *at < UMM_COPYBINARY_FIELD)
            return refuse(err, "a row is cut");
        const int64_t len = number(*at, UMM_COPYBINARY_FIELD);
        *at += UMM_COPYBINARY_FIELD;
        if (len < -1 || len > end - *at)
            return refuse(err, "a value is cut");
        cells[i] = (struct umm_copybinary_cell){.bytes = len < 0 ? NULL : *at,
                                                .len_bytes = len < 0 ? 0 : (size_t)len};
        *at += cells[i].len_bytes;
    }
    *is_row = true;
    return UMM_OK;
}
