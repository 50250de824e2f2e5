/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "unpack/unpack_work.h"
#include "unpack/zipend.h"

/* ---- the container ------------------------------------------------------------------ */

static void seek_feed(void *user, uint64_t position)
{
    struct umm_unpack *u = user;
    umm_feed_seek(&u->feed, position);
}

static void close_text(struct umm_unpack *u)
{
    umm_filter_close(u->inner);
    u->inner = NULL;
    u->is_text = false;
    u->look_at = u->look_len = 0;
}

/* From its start, or from the header at `position` of a tar archive in a file. */
static enum umm_status open_container(struct umm_unpack *u, uint64_t position,
                                      struct umm_error *err)
{
    const bool is_file = u->outer == UMM_PACKING_NONE;
    const struct umm_container_input input = {
        .pieces = {is_file ? umm_unpack_next_of_feed : umm_unpack_next_of_whole, u},
        .seek = is_file ? seek_feed : NULL,
        .size_bytes = u->feed.size_bytes};
    enum umm_status status = UMM_OK;
    umm_container_close(u->container);
    u->container = NULL;
    close_text(u);
    umm_feed_seek(&u->feed, position);
    if (!is_file) {
        u->n_unpacked = u->n_content = 0;
        status = umm_unpack_open_whole(u, err);
    }
    return status ? status : umm_container_open(&u->container, u->packing, &input, position, err);
}

/* Take the next entry as a member. */
static enum umm_status take_entry(struct umm_unpack *u, bool *has_entry, struct umm_error *err)
{
    struct umm_container_entry entry;
    enum umm_status status = umm_container_next(u->container, &entry, has_entry, err);
    if (status || !*has_entry)
        return status;
    status = umm_members_take(&u->members, &entry, err);
    if (status && umm_unpack_set_name(u, entry.name, NULL) == UMM_OK)
        umm_unpack_place(u, status, err);
    umm_unpack_clear_name(u);
    return status;
}

static enum umm_status check_members(struct umm_unpack *u, struct umm_error *err)
{
    static const char workbook[] = "[Content_Types].xml";
    if (umm_members_find(&u->members, workbook) < u->members.n)
        return umm_error_set(err, UMM_ERR_DATA, "a spreadsheet's workbook; save its sheet as CSV");
    if (u->members.n)
        return UMM_OK;
    umm_error_set(err, UMM_ERR_DATA, "%s without %s", umm_packing_name(u->packing),
                  u->members.pattern && u->members.n_entries ? "a member of such a name"
                                                             : "members");
    return UMM_ERR_DATA;
}

static bool has_entry_named(const void *user, const char *name, size_t len)
{
    return umm_members_has_entry(user, name, len);
}

/* The members are those of the directory at the archive's end: as many, with the same names. */
static enum umm_status compare_directory(struct umm_unpack *u, struct umm_error *err)
{
    const struct umm_zipend *end = &u->end;
    const struct umm_pieces pieces = {umm_unpack_next_of_feed, u};
    const size_t n = u->members.n_entries;
    bool is_same = true;
    if (end->is_elsewhere)
        return UMM_OK;
    if ((end->is_zip64 ? n : n & UINT16_MAX) != end->n_members)
        return umm_error_set(err, UMM_ERR_DATA,
                             "damaged zip archive (%zu members where it says %" PRIu64 ")", n,
                             end->n_members);
    if (u->is_only || end->directory_bytes > u->end_at)
        return UMM_OK;
    umm_feed_seek(&u->feed, u->end_at - end->directory_bytes);
    enum umm_status status =
        umm_zipend_compare(&pieces, n, has_entry_named, &u->members, &is_same, err);
    return status || is_same
               ? status
               : umm_error_set(err, UMM_ERR_DATA, "damaged zip archive (a member has two names)");
}

static enum umm_status list_zip(struct umm_unpack *u, struct umm_error *err)
{
    size_t len = UMM_ZIPEND_BYTES;
    struct umm_zipend *end = &u->end;
    const char *tail;
    bool has_entry = true;
    enum umm_status status = umm_feed_tail(&u->feed, &tail, &len, err);
    if (!status && !umm_zipend_find(tail, len, end))
        status = umm_error_set(err, UMM_ERR_DATA, "zip archive without its end: it may be cut");
    if (status || (end->n_members == 0 && !end->is_elsewhere))
        return status;
    u->end_at = u->feed.size_bytes - len + end->at;
    status = open_container(u, 0, err);
    u->is_only = end->n_members == 1;
    while (!status && has_entry && !(u->is_only && u->members.n_entries))
        status = take_entry(u, &has_entry, err);
    u->n_passed = u->members.n_entries;
    if (!status)
        status = umm_members_sort(&u->members, err);
    return status ? status : compare_directory(u, err);
}

static enum umm_status list_tar(struct umm_unpack *u, struct umm_error *err)
{
    bool has_entry = true;
    enum umm_status status = open_container(u, 0, err);
    while (!status && has_entry)
        status = take_entry(u, &has_entry, err);
    u->n_passed = u->members.n_entries + 1;
    if (!status)
        status = umm_members_sort(&u->members, err);
    return status ? status : umm_container_finish(u->container, err);
}

/* Members of a compressed archive in another order than by name: no way back but a copy. */
static enum umm_status unpack_unordered(struct umm_unpack *u, struct umm_error *err)
{
    if (u->outer == UMM_PACKING_NONE || u->members.is_in_order)
        return UMM_OK;
    umm_container_close(u->container);
    u->container = NULL;
    close_text(u);
    umm_feed_seek(&u->feed, 0);
    u->n_unpacked = u->n_content = 0;
    u->n_passed = SIZE_MAX;
    enum umm_status status = umm_unpack_open_whole(u, err);
    return status ? status : umm_unpack_spool_whole(u, err);
}

enum umm_status umm_unpack_list(struct umm_unpack *u, struct umm_error *err)
{
    u->members.pattern = u->options.members;
    enum umm_status status = u->packing == UMM_PACKING_ZIP ? list_zip(u, err) : list_tar(u, err);
    if (!status)
        status = check_members(u, err);
    return status ? status : unpack_unordered(u, err);
}

/*
 * Have the container be one of a zip archive's members alone. *is_there is false where there is no
 * such way to it, and all of the archive has to be gone through.
 */
static enum umm_status go_straight(struct umm_unpack *u, const struct umm_member *member,
                                   bool *is_there, struct umm_error *err)
{
    struct umm_container_input input;
    struct umm_container_entry entry = {.name = ""};
    enum umm_status status =
        umm_zipone_index(&u->one, &u->feed, &u->end, u->end_at, u->members.n_entries, err);
    if (status || u->one.is_unfit)
        return status;
    u->n_passed = SIZE_MAX;
    umm_container_close(u->container);
    u->container = NULL;
    status = umm_zipone_select(&u->one, member->index, &input, err);
    if (!status)
        status = umm_container_open(&u->container, UMM_PACKING_ZIP, &input, 0, err);
    if (!status)
        status = umm_container_next(u->container, &entry, is_there, err);
    *is_there = !status && *is_there && strcmp(entry.name, member->name) == 0;
    u->one.is_unfit = !status && !*is_there;
    return status;
}

/*
 * Have the container stand at the entry of that index. A zip archive is gone through where members
 * are wanted in the order in which they are stored, which costs the least.
 */
static enum umm_status go_to(struct umm_unpack *u, const struct umm_member *member,
                             struct umm_error *err)
{
    struct umm_container_entry entry = {.name = ""};
    const bool is_tar_file = u->packing == UMM_PACKING_TAR && u->outer == UMM_PACKING_NONE;
    const bool is_first = u->members.is_in_order && member == u->members.items;
    bool has_entry = true, is_there = false;
    enum umm_status status = UMM_OK;
    close_text(u);
    if (u->n_passed == member->index + 1 && u->is_only && !u->is_given)
        return UMM_OK; /* it stands there since the list was made */
    if (u->packing == UMM_PACKING_ZIP && u->n_passed > member->index && !is_first)
        status = go_straight(u, member, &is_there, err);
    if (status || is_there)
        return status;
    if (is_tar_file && u->n_passed != member->index) {
        status = open_container(u, member->position, err);
        u->n_passed = member->index;
    } else if (u->n_passed > member->index) {
        status = open_container(u, 0, err);
        u->n_passed = 0;
    }
    while (!status && has_entry && u->n_passed <= member->index) {
        status = umm_container_next(u->container, &entry, &has_entry, err);
        u->n_passed++;
    }
    if (!status && (!has_entry || strcmp(entry.name, member->name) != 0))
        status = umm_error_set(err, UMM_ERR_CONFLICT, "was changed while it was read");
    return status;
}

/* ---- members as texts ----------------------------------------------------------------- */

/* What a name promises; .gz and the like come after it. A Mac puts a ._x.csv beside x.csv. */
static bool is_called_text(const char *name)
{
    static const char *const suffixes[] = {".csv", ".tsv", ".txt"};
    const size_t len = umm_packing_stem(name, strlen(name));
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    if (base[0] == '.' && base[1] == '_')
        return false;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        const size_t n = strlen(suffixes[i]);
        bool is_so = len > n;
        for (size_t k = 0; is_so && k < n; k++)
            is_so = (name[len - n + k] | ('a' - 'A')) == suffixes[i][k] || suffixes[i][k] == '.';
        if (is_so && name[len - n] == '.')
            return true;
    }
    return false;
}

/* Control characters that no text has, soon. Text of 16 bits a character is text, if of no use. */
static bool is_text(const char *bytes, size_t len)
{
    enum { SOON = 1024 };
    if (len >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
        return true;
    for (size_t i = 0; i < len && i < SOON; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        if (c <= 6 || (c >= 0x0e && c <= 0x1f && c != 0x1a && c != 0x1b))
            return false;
    }
    return true;
}

/*
 * What a member's first bytes say: it may be compressed itself. What was read of it is the first
 * piece for its filter.
 */
static enum umm_status open_inner(struct umm_unpack *u, enum umm_packing packing, bool *is_all,
                                  struct umm_error *err)
{
    const struct umm_pieces pieces = {umm_unpack_next_of_member, u};
    if (umm_packing_is_archive(packing) || umm_packing_is_known_only(packing))
        return umm_unpack_refuse_nested(packing, u->packing, err);
    enum umm_status status = umm_unpack_make_room(&u->member_piece, UMM_UNPACK_MEMBER_BYTES, err);
    if (status)
        return status;
    memcpy(u->member_piece, u->look, u->look_len);
    u->member_len = u->look_len;
    status = umm_filter_open(&u->inner, packing, &pieces, err);
    return status ? status : umm_unpack_look(u, is_all, err);
}

/* Look at the text that begins. */
static enum umm_status begin_text(struct umm_unpack *u, struct umm_error *err)
{
    bool is_all;
    enum umm_status status = umm_unpack_look(u, &is_all, err);
    if (status)
        return status;
    u->is_text = true;
    enum umm_packing packing = umm_packing_of(u->look, u->look_len, is_all);
    if (packing == UMM_PACKING_NONE || !u->container)
        return UMM_OK;
    status = open_inner(u, packing, &is_all, err);
    if (status)
        return status;
    const enum umm_packing within = umm_packing_of(u->look, u->look_len, is_all);
    return within == UMM_PACKING_NONE ? UMM_OK : umm_unpack_refuse_nested(within, packing, err);
}

/* *is_taken is false for a member that is no text. Its checksum tells whether that is so. */
static enum umm_status open_member(struct umm_unpack *u, const struct umm_member *member,
                                   bool *is_taken, struct umm_error *err)
{
    *is_taken = true;
    enum umm_status status = umm_unpack_set_name(u, member->name, err);
    u->member = member->name;
    if (!status)
        status = go_to(u, member, err);
    if (!status)
        status = begin_text(u, err);
    const bool is_called = is_called_text(member->name);
    if (status || (u->look_len ? is_text(u->look, u->look_len) : is_called))
        return status;
    *is_taken = false;
    status = umm_unpack_read_to_end(u, err);
    if (!status && is_called)
        status =
            umm_error_hint(err, umm_error_set(err, UMM_ERR_DATA, "is no text"), UMM_HINT_MEMBERS);
    return status;
}

static enum umm_status refuse_no_text(struct umm_unpack *u, struct umm_error *err)
{
    umm_unpack_clear_name(u);
    return umm_error_set(err, UMM_ERR_DATA, "%s without any text", umm_packing_name(u->packing));
}

static enum umm_status next_member(struct umm_unpack *u, bool *has_text, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    while (!status && !*has_text && u->next < u->members.n) {
        status = open_member(u, &u->members.items[u->next++], has_text, err);
        u->n_passed_over += !status && !*has_text;
    }
    if (!status && !*has_text && !u->is_given)
        status = refuse_no_text(u, err);
    u->is_given = true;
    return status;
}

enum umm_status umm_unpack_next(struct umm_unpack *u, bool *has_text, struct umm_error *err)
{
    *has_text = false;
    if (u->container || umm_packing_is_archive(u->packing))
        return umm_unpack_place(u, next_member(u, has_text, err), err);
    *has_text = !u->is_given;
    u->is_given = true;
    return UMM_OK;
}

enum umm_status umm_unpack_seek(struct umm_unpack *u, const char *member, struct umm_error *err)
{
    char shown[2 * UMM_EXCERPT_MAX];
    const size_t i = umm_members_find(&u->members, member);
    bool is_taken = false;
    if (i == u->members.n) {
        umm_unpack_clear_name(u);
        umm_error_set(err, UMM_ERR_ABSENT, "has no member \"%s\"",
                      umm_escape(shown, sizeof shown, member, strlen(member)));
        return umm_unpack_place(u, UMM_ERR_ABSENT, err);
    }
    enum umm_status status = open_member(u, &u->members.items[i], &is_taken, err);
    if (!status && !is_taken)
        status = umm_error_set(err, UMM_ERR_DATA, "is no text");
    u->next = i + 1;
    u->is_given = true;
    return umm_unpack_place(u, status, err);
}
