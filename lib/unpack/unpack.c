/* SPDX-License-Identifier: MIT */
#include "unpack/unpack.h"

#include <stdlib.h>

#include "base/error.h"
#include "sys/file.h"
#include "unpack/unpack_work.h"

/* ---- open and close ------------------------------------------------------------------- */

/* One text, or a tar archive: what comes out of the file's filter says it. */
static enum umm_status open_compressed(struct umm_unpack *u, struct umm_error *err)
{
    bool is_all = false;
    u->outer = u->packing;
    enum umm_status status = umm_unpack_open_whole(u, err);
    if (!status)
        status = umm_unpack_look(u, &is_all, err);
    if (status)
        return status;
    const enum umm_packing packing = umm_packing_of(u->look, u->look_len, is_all);
    u->is_text = packing == UMM_PACKING_NONE;
    if (u->is_text)
        return UMM_OK;
    if (packing != UMM_PACKING_TAR)
        return umm_unpack_refuse_nested(packing, u->outer, err);
    u->packing = UMM_PACKING_TAR;
    status = umm_unpack_make_room(&u->whole_piece, UMM_FEED_BYTES, err);
    return !status && u->feed.is_stream ? umm_unpack_spool_whole(u, err) : status;
}

static enum umm_status open_packed(struct umm_unpack *u, struct umm_error *err)
{
    const struct umm_pieces raw = {umm_unpack_next_of_feed, u};
    const bool is_archive = umm_packing_is_archive(u->packing);
    const uint64_t max_bytes = u->options.max_bytes ? u->options.max_bytes : UMM_UNPACK_BYTES;
    enum umm_status status = UMM_OK;
    if (umm_packing_is_known_only(u->packing))
        return umm_error_set(err, UMM_ERR_DATA, "%s; unpack it first",
                             umm_packing_name(u->packing));
    if (u->feed.is_stream && (is_archive || u->options.is_checked_first))
        status = umm_feed_spool(&u->feed, &raw, u->options.scratch_dir, max_bytes, err);
    if (!status && !is_archive)
        status = open_compressed(u, err);
    if (!status && umm_packing_is_archive(u->packing))
        status = umm_unpack_list(u, err);
    return status;
}

/* All of it once, and back to the start. */
static enum umm_status check_all(struct umm_unpack *u, struct umm_error *err)
{
    bool has_text = true;
    enum umm_status status = UMM_OK;
    while (!status && has_text) {
        status = umm_unpack_next(u, &has_text, err);
        if (!status && has_text)
            status = umm_unpack_read_to_end(u, err);
    }
    u->next = 0;
    u->is_given = false;
    u->n_unpacked = u->n_content = u->n_passed_over = 0;
    u->n_passed = SIZE_MAX;
    if (status || u->packing != u->outer)
        return status;
    umm_feed_seek(&u->feed, 0);
    return open_compressed(u, err);
}

enum umm_status umm_unpack_open(struct umm_unpack **unpack, const struct umm_unpack_file *file,
                                const struct umm_unpack_options *options, struct umm_run *run,
                                struct umm_error *err)
{
    struct umm_unpack *u = calloc(1, sizeof *u);
    if (!u) {
        int fd = file->is_owned ? file->fd : -1;
        umm_file_close(&fd);
        free(file->buffer);
        return umm_error_set_memory(err, sizeof *u, "decompression");
    }
    u->path = file->path;
    u->is_owned = file->is_owned;
    u->options = *options;
    umm_feed_init(&u->feed, file->path, file->fd, file->is_stream, file->size_bytes, file->buffer,
                  file->len, run);
    u->packing = umm_packing_of(file->buffer, file->len, file->len < UMM_PACKING_LOOK_BYTES);
    enum umm_status status = open_packed(u, err);
    if (!status && options->is_checked_first)
        status = check_all(u, err);
    if (status) {
        umm_unpack_place(u, status, err);
        umm_unpack_close(u);
        return status;
    }
    umm_unpack_clear_name(u);
    *unpack = u;
    return UMM_OK;
}

void umm_unpack_close(struct umm_unpack *u)
{
    if (!u)
        return;
    umm_filter_close(u->inner);
    umm_container_close(u->container);
    umm_filter_close(u->whole);
    umm_zipone_free(&u->one);
    umm_members_free(&u->members);
    umm_feed_free(&u->feed);
    if (u->is_owned)
        umm_file_close(&u->feed.fd);
    free(u->whole_piece);
    free(u->member_piece);
    free(u->name);
    free(u);
}

/* ---- what there is to say --------------------------------------------------------------- */

bool umm_unpack_is_archive(const struct umm_unpack *u)
{
    return umm_packing_is_archive(u->packing);
}

const char *umm_unpack_member(const struct umm_unpack *u)
{
    return u->member;
}

uint64_t umm_unpack_n_members(const struct umm_unpack *u)
{
    return umm_unpack_is_archive(u) ? u->members.n : 1;
}

uint64_t umm_unpack_size(const struct umm_unpack *u)
{
    enum { USUAL_RATIO = 4 };
    if (!u->member)
        return USUAL_RATIO * u->feed.size_bytes;
    const size_t i = umm_members_find(&u->members, u->member);
    const uint64_t size = i < u->members.n ? u->members.items[i].size_bytes : 0;
    return u->inner ? USUAL_RATIO * size : size;
}

uint64_t umm_unpack_position(const struct umm_unpack *u)
{
    return u->feed.position;
}

uint64_t umm_unpack_passed_over(const struct umm_unpack *u)
{
    return u->n_passed_over;
}
