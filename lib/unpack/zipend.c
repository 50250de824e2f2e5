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
    enum { RECORD_BYTES = 56, REST_BYTES = 44, LOCATOR_BYTES = 20, PLACE_AT = 8 };
    enum { COUNT_AT = 32, SIZE_AT = 40, START_AT = 48 };
    if (end->at < RECORD_BYTES + LOCATOR_BYTES)
        return;
    const char *locator = tail + end->at - LOCATOR_BYTES, *record = locator - RECORD_BYTES;
    if (memcmp(locator, "PK\6\7", 4) != 0 || memcmp(record, "PK\6\6", 4) != 0 ||
        umm_bytes_get(record + 4, 8) != REST_BYTES)
        return;
    end->at = (size_t)(record - tail);
    end->n_members = umm_bytes_get(record + COUNT_AT, 8);
    end->directory_bytes = umm_bytes_get(record + SIZE_AT, 8);
    end->directory_at = umm_bytes_get(record + START_AT, 8);
    end->is_zip64 = true;
    end->is_elsewhere = false;
    end->is_sure = umm_bytes_get(locator + PLACE_AT, 8) == end->directory_at + end->directory_bytes;
}

static bool has_locator(const char *tail, size_t record_at)
{
    enum { LOCATOR_BYTES = 20 };
    return record_at >= LOCATOR_BYTES && memcmp(tail + record_at - LOCATOR_BYTES, "PK\6\7", 4) == 0;
}

bool umm_zipend_find(const char *tail, size_t len_bytes, struct umm_zipend *end)
{
    enum {
        RECORD_BYTES = 22,
        DISKS_AT = 4,
        HERE_AT = 8,
        COUNT_AT = 10,
        SIZE_AT = 12,
        START_AT = 16
    };
    for (size_t at = len_bytes < RECORD_BYTES ? 0 : len_bytes - RECORD_BYTES + 1; at-- > 0;) {
        const char *record = tail + at;
        if (memcmp(record, "PK\5\6", 4) != 0 || umm_bytes_get(record + DISKS_AT, 4) != 0 ||
            memcmp(record + HERE_AT, record + COUNT_AT, 2) != 0)
            continue;
        *end = (struct umm_zipend){.at = at,
                                   .n_members = umm_bytes_get(record + COUNT_AT, 2),
                                   .directory_bytes = umm_bytes_get(record + SIZE_AT, 4),
                                   .directory_at = umm_bytes_get(record + START_AT, 4),
                                   .is_sure = !has_locator(tail, at)};
        end->is_elsewhere =
            end->n_members == UINT16_MAX || end->directory_bytes == (uint64_t)UINT32_MAX;
        if (end->is_elsewhere || end->directory_at == (uint64_t)UINT32_MAX)
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

/* Where a member is, whose entry has no room for it: after its sizes, if it has none for those. */
static uint64_t wide_place(const char *head, const char *extra, size_t len)
{
    enum { HEAD_BYTES = 4, WIDE = 1, SIZES_AT = 20 };
    size_t at = HEAD_BYTES;
    for (size_t i = 0; i < 2; i++)
        at += umm_bytes_get(head + SIZES_AT + 4 * i, 4) == UINT32_MAX ? 8 : 0;
    while (len >= HEAD_BYTES) {
        const size_t size = HEAD_BYTES + (size_t)umm_bytes_get(extra + 2, 2);
        if (size > len)
            break;
        if (umm_bytes_get(extra, 2) == WIDE)
            return size >= at + 8 ? umm_bytes_get(extra + at, 8) : UINT64_MAX;
        extra += size;
        len -= size;
    }
    return UINT64_MAX;
}

/* An entry of the directory; the name is in the room, without a slash at its end. */
struct entry {
    size_t name_len, len_bytes;
    bool is_sure; /* of its name */
    uint64_t member_at;
};

/* The next one; room is for its name, extra fields and comment. *is_there is false after the last.
 */
static enum umm_status read_entry(struct reader *reader, char *room, struct entry *entry,
                                  bool *is_there, struct umm_error *err)
{
    enum { ENTRY_BYTES = 46, LENGTHS_AT = 28, MEMBER_AT = 42 };
    char head[ENTRY_BYTES];
    enum umm_status status = take(reader, head, sizeof head, is_there, err);
    if (status || !*is_there)
        return status;
    *is_there = memcmp(head, "PK\1\2", 4) == 0;
    if (!*is_there)
        return UMM_OK;
    size_t lengths[3], all = 0;
    for (size_t i = 0; i < 3; i++)
        all += lengths[i] = (size_t)umm_bytes_get(head + LENGTHS_AT + 2 * i, 2);
    status = take(reader, room, all, is_there, err);
    size_t len = lengths[0];
    entry->is_sure = *is_there && is_plain(room, len) && !has_other_name(room + len, lengths[1]);
    while (len && room[len - 1] == '/')
        len--;
    entry->name_len = len;
    entry->len_bytes = sizeof head + all;
    entry->member_at = umm_bytes_get(head + MEMBER_AT, 4);
    if (entry->member_at == UINT32_MAX && *is_there)
        entry->member_at = wide_place(head, room + lengths[0], lengths[1]);
    return status;
}

static enum umm_status make_room(char **room, struct umm_error *err)
{
    const size_t room_bytes = 3 * (size_t)UINT16_MAX;
    *room = malloc(room_bytes);
    return *room ? UMM_OK : umm_error_set_memory(err, room_bytes, "the directory of an archive");
}

enum umm_status umm_zipend_compare(const struct umm_pieces *pieces, size_t n_members,
                                   bool (*has)(const void *user, const char *name,
                                               size_t len_bytes),
                                   const void *user, bool *is_same, struct umm_error *err)
{
    struct reader reader = {.pieces = pieces};
    char *room;
    bool is_there = true;
    enum umm_status status = make_room(&room, err);
    *is_same = true;
    for (size_t i = 0; !status && is_there && *is_same && i < n_members; i++) {
        struct entry entry = {.is_sure = false};
        status = read_entry(&reader, room, &entry, &is_there, err);
        *is_same = status || !is_there || !entry.is_sure || has(user, room, entry.name_len);
    }
    free(room);
    return status;
}

static int compare_places(const void *a, const void *b)
{
    const uint64_t x = ((const struct umm_zipend_entry *)a)->member_at,
                   y = ((const struct umm_zipend_entry *)b)->member_at;
    return x < y ? -1 : x > y;
}

enum umm_status umm_zipend_index(const struct umm_pieces *pieces, uint64_t at, size_t n_members,
                                 struct umm_zipend_entry *entries, bool *is_index,
                                 struct umm_error *err)
{
    struct reader reader = {.pieces = pieces};
    const uint64_t end = at;
    char *room;
    enum umm_status status = make_room(&room, err);
    *is_index = true;
    for (size_t i = 0; !status && *is_index && i < n_members; i++) {
        struct entry entry = {.len_bytes = 0};
        status = read_entry(&reader, room, &entry, is_index, err);
        *is_index = *is_index && entry.member_at < end;
        entries[i] = (struct umm_zipend_entry){at, entry.len_bytes, entry.member_at};
        at += entry.len_bytes;
    }
    free(room);
    if (status || !*is_index)
        return status;
    qsort(entries, n_members, sizeof *entries, compare_places);
    for (size_t i = 1; i < n_members; i++)
        *is_index = *is_index && entries[i - 1].member_at < entries[i].member_at;
    return UMM_OK;
}
