/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "unpack/unpack_work.h"

/* Text of this size may be as compressible as it likes. */
static const uint64_t RATIO_FROM_BYTES = UINT64_C(64) << 20;

/* ---- errors and limits ------------------------------------------------------------- */

const char *umm_unpack_name(const struct umm_unpack *unpack)
{
    return unpack->name ? unpack->name : unpack->path;
}

/* The status of a call that knows no path. */
enum umm_status umm_unpack_place(const struct umm_unpack *u, enum umm_status status,
                                 struct umm_error *err)
{
    if (status && status != UMM_ERR_CANCELLED && err && !err->path[0])
        umm_error_at(err, umm_unpack_name(u), 0, 0, 0);
    return status;
}

enum umm_status umm_unpack_set_name(struct umm_unpack *u, const char *member, struct umm_error *err)
{
    const size_t cap = strlen(u->path) + strlen(member) + sizeof "()";
    char *name = malloc(cap);
    if (!name)
        return umm_error_set_memory(err, cap, "a member's name");
    snprintf(name, cap, "%s(%s)", u->path, member);
    free(u->name);
    u->name = name;
    return UMM_OK;
}

void umm_unpack_clear_name(struct umm_unpack *u)
{
    free(u->name);
    u->name = NULL;
    u->member = NULL;
}

/* A bomb is told before it is stored: by how much comes out of how little. */
static enum umm_status count(const struct umm_unpack *u, uint64_t *total, size_t n,
                             struct umm_error *err)
{
    const uint64_t max_bytes = u->options.max_bytes ? u->options.max_bytes : UMM_UNPACK_BYTES;
    const uint64_t ratio = u->options.max_ratio ? u->options.max_ratio : UMM_UNPACK_RATIO;
    const uint64_t packed = u->feed.is_stream ? u->feed.n_bytes : u->feed.size_bytes;
    *total += n;
    if (*total > max_bytes)
        return umm_error_hint(
            err,
            umm_error_set(err, UMM_ERR_DATA, "unpacks to more than %" PRIu64 " bytes", max_bytes),
            UMM_HINT_UNPACK_BYTES);
    if (*total > RATIO_FROM_BYTES && *total / ratio > packed)
        return umm_error_hint(err,
                              umm_error_set(err, UMM_ERR_DATA,
                                            "unpacks to more than %" PRIu64 " times its size",
                                            ratio),
                              UMM_HINT_UNPACK_RATIO);
    return UMM_OK;
}

/*
 * What the container gives was counted when it came out of the file's filter, except the holes of a
 * sparse member, which take no room in the archive.
 */
static enum umm_status count_content(struct umm_unpack *u, size_t n, struct umm_error *err)
{
    return count(u, u->whole ? &u->n_content : &u->n_unpacked, n, err);
}

/* ---- pieces ------------------------------------------------------------------------ */

enum umm_status umm_unpack_next_of_feed(void *user, const char **bytes, size_t *len,
                                        struct umm_error *err)
{
    struct umm_unpack *u = user;
    return umm_feed_next(&u->feed, bytes, len, err);
}

/* What is unpacked of the whole file: a tar archive. */
enum umm_status umm_unpack_next_of_whole(void *user, const char **bytes, size_t *len,
                                         struct umm_error *err)
{
    struct umm_unpack *u = user;
    if (u->look_at < u->look_len) {
        *bytes = u->look + u->look_at;
        *len = u->look_len - u->look_at;
        u->look_at = u->look_len;
        return UMM_OK;
    }
    enum umm_status status = umm_filter_read(u->whole, u->whole_piece, UMM_FEED_BYTES, len, err);
    *bytes = u->whole_piece;
    return status ? status : count(u, &u->n_unpacked, *len, err);
}

/* What is in a member, as it is there. */
enum umm_status umm_unpack_next_of_member(void *user, const char **bytes, size_t *len,
                                          struct umm_error *err)
{
    struct umm_unpack *u = user;
    *bytes = u->member_piece;
    *len = u->member_len;
    u->member_len = 0;
    if (*len)
        return UMM_OK;
    enum umm_status status =
        umm_container_read(u->container, u->member_piece, UMM_UNPACK_MEMBER_BYTES, len, err);
    return status ? status : count_content(u, *len, err);
}

enum umm_status umm_unpack_make_room(char **piece, size_t cap_bytes, struct umm_error *err)
{
    if (!*piece)
        *piece = malloc(cap_bytes);
    return *piece ? UMM_OK : umm_error_set_memory(err, cap_bytes, "decompression");
}

/* ---- text -------------------------------------------------------------------------- */

/* After the look. */
static enum umm_status read_on(struct umm_unpack *u, char *out, size_t cap, size_t *n,
                               struct umm_error *err)
{
    enum umm_status status = u->inner       ? umm_filter_read(u->inner, out, cap, n, err)
                             : u->container ? umm_container_read(u->container, out, cap, n, err)
                                            : umm_filter_read(u->whole, out, cap, n, err);
    if (status)
        return status;
    return u->container && !u->inner ? count_content(u, *n, err)
                                     : count(u, &u->n_unpacked, *n, err);
}

/* Read the first bytes of a text, all that there is room for unless it ends before. */
enum umm_status umm_unpack_look(struct umm_unpack *u, bool *is_all, struct umm_error *err)
{
    size_t n = 1;
    enum umm_status status = UMM_OK;
    u->look_at = u->look_len = 0;
    while (!status && n && u->look_len < UMM_UNPACK_LOOK_BYTES) {
        status = read_on(u, u->look + u->look_len, UMM_UNPACK_LOOK_BYTES - u->look_len, &n, err);
        u->look_len += status ? 0 : n;
    }
    *is_all = n == 0;
    return status;
}

/* The archive said that it has one entry only. */
static enum umm_status check_only(struct umm_unpack *u, struct umm_error *err)
{
    struct umm_container_entry entry;
    bool has_entry = false;
    if (!u->is_only)
        return UMM_OK;
    u->is_only = false;
    u->n_passed++;
    enum umm_status status = umm_container_next(u->container, &entry, &has_entry, err);
    if (!status && has_entry)
        status =
            umm_error_set(err, UMM_ERR_DATA, "damaged zip archive (more members than it says)");
    return status;
}

enum umm_status umm_unpack_read(struct umm_unpack *u, char *out, size_t cap_bytes, size_t *n_read,
                                struct umm_error *err)
{
    *n_read = 0;
    if (!u->is_text)
        return UMM_OK;
    if (u->look_at < u->look_len) {
        const size_t left = u->look_len - u->look_at, n = left < cap_bytes ? left : cap_bytes;
        memcpy(out, u->look + u->look_at, n);
        u->look_at += n;
        *n_read = n;
        return UMM_OK;
    }
    enum umm_status status = read_on(u, out, cap_bytes, n_read, err);
    if (!status && *n_read == 0) {
        u->is_text = false;
        status = check_only(u, err);
    }
    return umm_unpack_place(u, status, err);
}

/* Read to the end, so that the checksum is compared. */
enum umm_status umm_unpack_read_to_end(struct umm_unpack *u, struct umm_error *err)
{
    char bytes[16 * 1024];
    size_t n = 1;
    enum umm_status status = UMM_OK;
    while (!status && n)
        status = umm_unpack_read(u, bytes, sizeof bytes, &n, err);
    return status;
}

/* ---- the file's filter ------------------------------------------------------------- */

enum umm_status umm_unpack_open_whole(struct umm_unpack *u, struct umm_error *err)
{
    const struct umm_pieces pieces = {umm_unpack_next_of_feed, u};
    umm_filter_close(u->whole);
    u->whole = NULL;
    return umm_filter_open(&u->whole, u->outer, &pieces, err);
}

enum umm_status umm_unpack_spool_whole(struct umm_unpack *u, struct umm_error *err)
{
    const struct umm_pieces pieces = {umm_unpack_next_of_whole, u};
    enum umm_status status = umm_unpack_make_room(&u->whole_piece, UMM_FEED_BYTES, err);
    if (!status)
        status =
            umm_feed_spool(&u->feed, &pieces, u->options.scratch_dir,
                           u->options.max_bytes ? u->options.max_bytes : UMM_UNPACK_BYTES, err);
    umm_filter_close(u->whole);
    u->whole = NULL;
    u->outer = UMM_PACKING_NONE;
    u->n_unpacked = u->n_content = 0;
    return status;
}

enum umm_status umm_unpack_refuse_nested(enum umm_packing packing, enum umm_packing within,
                                         struct umm_error *err)
{
    return umm_error_set(err, UMM_ERR_DATA, "%s within %s; unpack it first",
                         umm_packing_name(packing), umm_packing_name(within));
}
