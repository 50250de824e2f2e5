/* SPDX-License-Identifier: MIT */
#include "unpack/zipend.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

/* ---- the record ----------------------------------------------------------------------- */

/*
 * Take the numbers of the record of zip64 (APPNOTE.TXT 4.3.14), if it and its locator stand right
 * before the record at end->at, as they do unless there is something more in it.
 */
static void take_zip64(const char *tail, struct umm_zipend *end)
{
    enum { RECORD_BYTES = 56, REST_BYTES = 44, LOCATOR_BYTES = 20, COUNT_AT = 32, SIZE_AT = 40 };
    if (end->at < RECORD_BYTES + LOCATOR_BYTES)
        return;
    const char *locator = tail + end->at - LOCATOR_BYTES, *record = locator - RECORD_BYTES;
    if (memcmp(locator, "PK\6\7", 4) != 0 || memcmp(record, "PK\6\6", 4) != 0 ||
        umm_bytes_get(record + 4, 8) != REST_BYTES)
        return;
    end->at = (size_t)(record - tail);
    end->n_members = umm_bytes_get(record + COUNT_AT, 8);
    end->directory_bytes = umm_bytes_get(record + SIZE_AT, 8);
    end->is_zip64 = true;
    end->is_elsewhere = false;
}

bool umm_zipend_find(const char *tail, size_t len_bytes, struct umm_zipend *end)
{
    enum { RECORD_BYTES = 22, DISKS_AT = 4, HERE_AT = 8, COUNT_AT = 10, SIZE_AT = 12 };
    for (size_t at = len_bytes < RECORD_BYTES ? 0 : len_bytes - RECORD_BYTES + 1; at-- > 0;) {
        const char *record = tail + at;
        if (memcmp(record, "PK\5\6", 4) != 0 || umm_bytes_get(record + DISKS_AT, 4) != 0 ||
            memcmp(record + HERE_AT, record + COUNT_AT, 2) != 0)
            continue;
        *end = (struct umm_zipend){.at = at,
                                   .n_members = umm_bytes_get(record + COUNT_AT, 2),
                                   .directory_bytes = umm_bytes_get(record + SIZE_AT, 4)};
        end->is_elsewhere =
            end->n_members == UINT16_MAX || end->directory_bytes == (uint64_t)UINT32_MAX;
        if (end->is_elsewhere)
            take_zip64(tail, end);
        return true;
    }
    return false;
}

/* ---- the directory --------------------------------------------------------------------- */

/* Of pieces what was not taken yet. */
struct reader {
    const struct umm_pieces *pieces;
    const char *at;
    size_t len;
};

/* The next n bytes; *is_there is false if there are not so many. */
static enum umm_status take(struct reader *reader, char *out, size_t n, bool *is_there,
                            struct umm_error *err)
{
    *is_there = true;
    while (n) {
        if (reader->len == 0) {
            enum umm_status status =
                reader->pieces->next(reader->pieces->user, &reader->at, &reader->len, err);
            *is_there = !status && reader->len;
            if (!*is_there)
                return status;
        }
        const size_t m = n < reader->len ? n : reader->len;
        memcpy(out, reader->at, m);
        out += m;
        reader->at += m;
        reader->len -= m;
        n -= m;
    }
    return UMM_OK;
}

/* Whether another name stands among the extra fields, which takes the place of this one. */
static bool has_other_name(const char *extra, size_t len)
{
    enum { HEAD_BYTES = 4, UNICODE_PATH = 0x7075 };
    while (len >= HEAD_BYTES) {
        const size_t size = HEAD_BYTES + (size_t)umm_bytes_get(extra + 2, 2);
        if (umm_bytes_get(extra, 2) == UNICODE_PATH)
            return true;
        if (size > len)
            break;
        extra += size;
        len -= size;
    }
    return false;
}

static bool is_plain(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (name[i] < ' ' || name[i] > '~' || name[i] == '\\')
            return false;
    return true;
}

/* One entry; room is for its name, extra fields and comment. *is_there is false after the last. */
static enum umm_status read_entry(struct reader *reader, char *room, size_t *len, bool *is_there,
                                  bool *is_sure, struct umm_error *err)
{
    enum { ENTRY_BYTES = 46, LENGTHS_AT = 28 };
    char entry[ENTRY_BYTES];
    enum umm_status status = take(reader, entry, sizeof entry, is_there, err);
    if (status || !*is_there)
        return status;
    *is_there = memcmp(entry, "PK\1\2", 4) == 0;
    if (!*is_there)
        return UMM_OK;
    size_t lengths[3], all = 0;
    for (size_t i = 0; i < 3; i++)
        all += lengths[i] = (size_t)umm_bytes_get(entry + LENGTHS_AT + 2 * i, 2);
    status = take(reader, room, all, is_there, err);
    *len = lengths[0];
    *is_sure = *is_there && is_plain(room, *len) && !has_other_name(room + *len, lengths[1]);
    while (*len && room[*len - 1] == '/')
        --*len;
    return status;
}

enum umm_status umm_zipend_compare(const struct umm_pieces *pieces, size_t n_members,
                                   bool (*has)(const void *user, const char *name,
                                               size_t len_bytes),
                                   const void *user, bool *is_same, struct umm_error *err)
{
    const size_t room_bytes = 3 * (size_t)UINT16_MAX;
    struct reader reader = {.pieces = pieces};
    char *room = malloc(room_bytes);
    if (!room)
        return umm_error_set_memory(err, room_bytes, "the directory of an archive");
    bool is_there = true;
    enum umm_status status = UMM_OK;
    *is_same = true;
    for (size_t i = 0; !status && is_there && *is_same && i < n_members; i++) {
        size_t len = 0;
        bool is_sure = false;
        status = read_entry(&reader, room, &len, &is_there, &is_sure, err);
        *is_same = status || !is_there || !is_sure || has(user, room, len);
    }
    free(room);
    return status;
}
