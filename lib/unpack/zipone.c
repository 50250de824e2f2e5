/* SPDX-License-Identifier: MIT */
#include "unpack/zipone.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

/* ---- where the members are ------------------------------------------------------------- */

static enum umm_status next_of_file(void *user, const char **bytes, size_t *len,
                                    struct umm_error *err)
{
    struct umm_zipone *zip = user;
    return umm_feed_next(zip->feed, bytes, len, err);
}

enum umm_status umm_zipone_index(struct umm_zipone *zip, struct umm_feed *feed,
                                 const struct umm_zipend *end, uint64_t end_at, size_t n_members,
                                 struct umm_error *err)
{
    const struct umm_pieces pieces = {next_of_file, zip};
    bool is_index = false;
    if (zip->entries || zip->is_unfit)
        return UMM_OK;
    zip->is_unfit = n_members == 0 || end->n_members != n_members || end->is_elsewhere ||
                    !end->is_sure || end->directory_bytes > end_at ||
                    end->directory_at != end_at - end->directory_bytes;
    if (zip->is_unfit)
        return UMM_OK;
    zip->feed = feed;
    zip->n = n_members;
    zip->entries = malloc(n_members * sizeof *zip->entries);
    if (!zip->entries)
        return umm_error_set_memory(err, n_members * sizeof *zip->entries,
                                    "the directory of an archive");
    umm_feed_seek(feed, end->directory_at);
    enum umm_status status =
        umm_zipend_index(&pieces, end->directory_at, n_members, zip->entries, &is_index, err);
    if (status) {
        free(zip->entries);
        zip->entries = NULL;
    }
    zip->is_unfit = !status && !is_index;
    return status;
}

void umm_zipone_free(struct umm_zipone *zip)
{
    free(zip->entries);
    free(zip->tail);
    *zip = (struct umm_zipone){.n = 0};
}

/* ---- the archive of one ------------------------------------------------------------------ */

/*
 * The records of zip64 (APPNOTE.TXT 4.3.14 to 4.3.16), for a file of any size. The last one has
 * nothing but their mark.
 */
enum { RECORD_64_BYTES = 56, LOCATOR_BYTES = 20, RECORD_BYTES = 22 };
enum { RECORDS_BYTES = RECORD_64_BYTES + LOCATOR_BYTES + RECORD_BYTES };

static void put_records(char *out, uint64_t directory_at, size_t directory_bytes)
{
    enum { VERSION = 45, HEAD_BYTES = 12 };
    char *p = out;
    memcpy(p, "PK\6\6", 4);
    p = umm_bytes_put(p + 4, RECORD_64_BYTES - HEAD_BYTES, 8);
    p = umm_bytes_put(p, VERSION, 2);
    p = umm_bytes_put(p, VERSION, 2);
    p = umm_bytes_put(p, 0, 8); /* the disks */
    p = umm_bytes_put(p, 1, 8); /* the members, here and in all */
    p = umm_bytes_put(p, 1, 8);
    p = umm_bytes_put(p, directory_bytes, 8);
    p = umm_bytes_put(p, directory_at, 8);
    memcpy(p, "PK\6\7", 4);
    p = umm_bytes_put(p + 4, 0, 4);
    p = umm_bytes_put(p, directory_at + directory_bytes, 8);
    p = umm_bytes_put(p, 1, 4); /* disks in all */
    memcpy(p, "PK\5\6", 4);
    p = umm_bytes_put(p + 4, 0, 4);
    p = umm_bytes_put(p, UINT64_MAX, 8); /* two numbers of members, the directory's size */
    p = umm_bytes_put(p, UINT32_MAX, 4); /* and place */
    umm_bytes_put(p, 0, 2);
}

/* The bytes of the member's entry, which the index has seen. */
static enum umm_status read_entry(struct umm_zipone *zip, const struct umm_zipend_entry *entry,
                                  char *out, struct umm_error *err)
{
    umm_feed_seek(zip->feed, entry->at);
    for (size_t n = 0; n < entry->len_bytes;) {
        const char *bytes;
        size_t len;
        enum umm_status status = umm_feed_next(zip->feed, &bytes, &len, err);
        if (status)
            return status;
        if (len == 0)
            return umm_error_set(err, UMM_ERR_CONFLICT, "was changed while it was read");
        len = len < entry->len_bytes - n ? len : entry->len_bytes - n;
        memcpy(out + n, bytes, len);
        n += len;
    }
    return UMM_OK;
}

static enum umm_status next_piece(void *user, const char **bytes, size_t *len,
                                  struct umm_error *err)
{
    struct umm_zipone *zip = user;
    const uint64_t size = zip->feed->size_bytes;
    enum umm_status status = UMM_OK;
    if (zip->position <= size) {
        umm_feed_seek(zip->feed, zip->position);
        status = umm_feed_next(zip->feed, bytes, len, err);
    } else {
        *bytes = zip->tail + (zip->position - size);
        *len = zip->tail_len - (size_t)(zip->position - size);
    }
    zip->position += status ? 0 : *len;
    return status;
}

static void seek(void *user, uint64_t position)
{
    struct umm_zipone *zip = user;
    zip->position = position;
}

enum umm_status umm_zipone_select(struct umm_zipone *zip, size_t i,
                                  struct umm_container_input *input, struct umm_error *err)
{
    const struct umm_zipend_entry *entry = &zip->entries[i];
    const size_t len = UMM_ZIPEND_BYTES + entry->len_bytes + RECORDS_BYTES;
    char *tail = realloc(zip->tail, len);
    if (!tail)
        return umm_error_set_memory(err, len, "the directory of an archive");
    zip->tail = tail;
    zip->tail_len = len;
    zip->position = 0;
    memset(tail, 0, UMM_ZIPEND_BYTES);
    enum umm_status status = read_entry(zip, entry, tail + UMM_ZIPEND_BYTES, err);
    put_records(tail + UMM_ZIPEND_BYTES + entry->len_bytes,
                zip->feed->size_bytes + UMM_ZIPEND_BYTES, entry->len_bytes);
    *input = (struct umm_container_input){
        .pieces = {next_piece, zip}, .seek = seek, .size_bytes = zip->feed->size_bytes + len};
    return status;
}
