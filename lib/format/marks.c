/* SPDX-License-Identifier: MIT */
#include "format/marks.h"

#include <string.h>

#include "sys/directory.h"
#include "sys/file.h"
#include "sys/trust.h"
#include "umm/store.h"

/* Open a file in the directory, unless it is another user's; -1 for none. */
static int open_in(int dir_fd, const char *name, struct umm_file_info *info)
{
    int fd;
    if (umm_directory_open_file(dir_fd, "", name, &fd, info, NULL) != UMM_OK)
        return -1;
    if (umm_trust_is_foreign(dir_fd, info))
        umm_file_close(&fd);
    return fd;
}

/* Whether the directory has a file of that name that begins with `begin`. */
static bool has_file(int dir_fd, const char *name, const char *begin)
{
    char found[16];
    size_t len = strlen(begin);
    struct umm_file_info info;
    int fd = open_in(dir_fd, name, &info);
    bool is_one = fd >= 0 && info.size_bytes >= len &&
                  umm_file_pread_all(fd, "", found, len, 0, NULL) == UMM_OK &&
                  memcmp(found, begin, len) == 0;
    umm_file_close(&fd);
    return is_one;
}

bool umm_marks_pool(int dir_fd)
{
    return has_file(dir_fd, UMM_MARK_POOL, UMM_MARK_POOL_BEGIN);
}

/* ---- stores ----------------------------------------------------------------------------- */

/* Of an id, with which a slot would be 56 bytes, and most slots lie across two lines of the cache.
 */
enum { LINE_WORDS = 4 };

enum umm_status umm_marks_describe_slots(struct umm_npy *npy, uint64_t n, uint32_t id_words,
                                         bool has_expiry, struct umm_error *err)
{
    const struct {
        const char *name;
        struct umm_npy_type type;
        bool is_left_out;
    } fields[] = {
        {"id", {.kind = 'S', .size_bytes = id_words * 8 - 1}, false},
        {"active", {.kind = 'b', .size_bytes = 1}, false},
        {"timestamp", {.kind = 'M', .size_bytes = 8, .unit = "ns"}, false},
        {"expires", {.kind = 'M', .size_bytes = 8, .unit = "ns"}, !has_expiry},
        {"generation", {.kind = 'u', .size_bytes = 4}, false},
        {"check", {.kind = 'u', .size_bytes = 4}, false},
        {"reserved", {.kind = 'u', .size_bytes = 8}, !has_expiry || id_words != LINE_WORDS}};
    *npy = (struct umm_npy){.n_dims = 1, .shape = {n}};
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < sizeof fields / sizeof *fields; i++)
        if (!fields[i].is_left_out)
            status = umm_npy_add_field(npy, fields[i].name, &fields[i].type, err);
    if (status)
        umm_npy_free(npy);
    return status;
}

enum umm_status umm_marks_slots(const struct umm_npy *npy, bool *is_slots, bool *has_expiry,
                                struct umm_error *err)
{
    enum { FIELDS_WITH_EXPIRY = 6 };
    struct umm_npy wanted;
    *is_slots = *has_expiry = false;
    if (!npy->is_struct || npy->n_dims != 1 || npy->n_fields == 0 ||
        npy->data_offset_bytes % sizeof(uint64_t) || npy->fields[0].type.size_bytes % 8 != 7 ||
        npy->fields[0].type.size_bytes > UMM_STORE_ID_MAX)
        return UMM_OK;
    uint32_t id_words = npy->fields[0].type.size_bytes / 8 + 1;
    const bool expires = npy->n_fields >= FIELDS_WITH_EXPIRY;
    enum umm_status status = umm_marks_describe_slots(&wanted, 0, id_words, expires, err);
    if (status)
        return status;
    *is_slots = umm_npy_same_type(npy, &wanted);
    *has_expiry = *is_slots && expires;
    umm_npy_free(&wanted);
    return UMM_OK;
}

static bool has_arrays(int dir_fd)
{
    struct umm_file_info info;
    struct umm_npy npy = {0};
    bool is_slots = false, has_expiry;
    int fd = open_in(dir_fd, UMM_MARK_STORE_VECTORS, &info);
    if (fd < 0)
        return false;
    umm_file_close(&fd);
    fd = open_in(dir_fd, UMM_MARK_STORE_SLOTS, &info);
    if (fd >= 0 && (umm_npy_read(fd, "", &npy, NULL) != UMM_OK ||
                    umm_marks_slots(&npy, &is_slots, &has_expiry, NULL) != UMM_OK))
        is_slots = false;
    umm_npy_free(&npy);
    umm_file_close(&fd);
    return is_slots;
}

bool umm_marks_store_file(int dir_fd, const char *base)
{
    bool is_name = strcmp(base, UMM_MARK_STORE_VECTORS) == 0 ||
                   strcmp(base, UMM_MARK_STORE_SLOTS) == 0 ||
                   strcmp(base, UMM_MARK_STORE_INDEX) == 0 || strcmp(base, UMM_MARK_STORE_TTL) == 0;
    return is_name &&
           (has_file(dir_fd, UMM_MARK_STORE_INDEX, UMM_MARK_STORE_BEGIN) || has_arrays(dir_fd));
}
