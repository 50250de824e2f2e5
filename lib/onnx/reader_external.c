/* SPDX-License-Identifier: MIT */
/*
 * Numbers of constants in other files. A file names them, so they must be below the directory that
 * it is in, with no link on the way: else a model could have any file read as its weights.
 */
#include "onnx/reader.h"

#include "base/error.h"
#include "base/hash.h"
#include "sys/file.h"
#include "sys/trust.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

struct external {
    struct umm_protobuf_bytes location;
    uint64_t offset, len;
    bool has_len;
};

/* A number that stands there as digits. */
static bool parse_digits(struct umm_protobuf_bytes text, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < '0' || text.at[i] > '9' || __builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(text.at[i] - '0'), value))
            return false;
    return text.len > 0;
}

/* One key and its value. */
static bool parse_entry(struct umm_protobuf_bytes message, struct external *external)
{
    enum { KEY = 1, VALUE = 2 };
    struct umm_protobuf_bytes key = {0}, value = {0};
    struct umm_protobuf in = umm_protobuf_open(message);
    struct umm_protobuf_field field;
    while (umm_protobuf_next(&in, &field)) {
        if (field.number == KEY)
            key = field.bytes;
        else if (field.number == VALUE)
            value = field.bytes;
    }
    if (umm_protobuf_is_text(key, "location"))
        external->location = value;
    else if (umm_protobuf_is_text(key, "offset"))
        return parse_digits(value, &external->offset) && !in.is_damaged;
    else if (umm_protobuf_is_text(key, "length")) {
        external->has_len = true;
        return parse_digits(value, &external->len) && !in.is_damaged;
    }
    return !in.is_damaged;
}

/* Where the numbers are that message has elsewhere; *is_external: it says so. */
static enum umm_status find_external(struct umm_protobuf_bytes message, struct external *external,
                                     bool *is_external, struct umm_error *err)
{
    enum { EXTERNAL_DATA = 13, DATA_LOCATION = 14, EXTERNAL = 1 };
    bool is_sound = true;
    struct umm_protobuf in = umm_protobuf_open(message);
    struct umm_protobuf_field field;
    *external = (struct external){0};
    *is_external = false;
    while (is_sound && umm_protobuf_next(&in, &field)) {
        if (field.number == DATA_LOCATION)
            *is_external = field.value == EXTERNAL;
        else if (field.number == EXTERNAL_DATA)
            is_sound = parse_entry(field.bytes, external);
    }
    return is_sound ? UMM_OK
                    : umm_error_set(err, UMM_ERR_DATA, "damaged: where weights are is no number");
}

/* ---- the file ----------------------------------------------------------------------- */

/* Whether a part of the path is "..", or it begins at the root. */
static bool leads_out(const char *name)
{
    if (*name == '/')
        return true;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return true;
    }
    return false;
}

/* What name is in the directory: it is no link, and not foreign. */
static enum umm_status check_part(int dir_fd, const char *name, const struct umm_file_info *beside,
                                  const char *path, struct umm_file_info *named,
                                  struct umm_error *err)
{
    enum umm_status status = umm_file_look_at(dir_fd, name, path, named, err);
    if (!status && named->owner != beside->owner)
        status = umm_trust_check(dir_fd, named, path, "", err);
    if (!status && named->kind == UMM_FILE_LINK)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                    "is a link, which weights of a model may not be");
    return status;
}

/* Open the directory name in *dir_fd in its place. */
static enum umm_status enter(int *dir_fd, const char *name, const char *path, struct umm_error *err)
{
    const int fd = umm_file_enter(*dir_fd, name);
    enum umm_status status = UMM_OK;
    if (fd < 0)
        status = umm_error_set_errno(err, errno, path, "cannot open the directory");
    umm_file_close(dir_fd);
    *dir_fd = fd;
    return status;
}

/*
 * The file of *named is at path, whose first dir_len bytes are the model's directory. Each part is
 * looked at in the one before, which is open, so that nobody leads elsewhere by replacing one
 * meanwhile. path is cut at its parts on the way.
 */
static enum umm_status look_at_parts(char *path, size_t dir_len, const struct umm_file_info *beside,
                                     struct umm_file_info *named, struct umm_error *err)
{
    char *name = path + dir_len, dir[PATH_MAX + 1];
    int dir_fd = -1;
    memcpy(dir, path, dir_len);
    memcpy(dir + dir_len, ".", sizeof "."); /* the model's directory may be a link */
    enum umm_status status = enter(&dir_fd, dir, path, err);
    for (char *slash; !status && (slash = strchr(name, '/')); name = slash + 1) {
        *slash = '\0';
        if (*name)
            status = check_part(dir_fd, name, beside, path, named, err);
        if (!status && *name)
            status = enter(&dir_fd, name, path, err);
        *slash = '/';
    }
    if (!status)
        status = check_part(dir_fd, name, beside, path, named, err);
    umm_file_close(&dir_fd);
    if (status || named->kind == UMM_FILE_REGULAR)
        return status;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is not a regular file");
}

/* Open the file `name` beside the model; path gets its path. What is open is what was looked at. */
static enum umm_status open_beside(const char *model, const char *name, char path[PATH_MAX],
                                   int *fd, struct umm_file_info *info, struct umm_error *err)
{
    struct umm_file_info beside, named = {.kind = UMM_FILE_OTHER};
    const char *slash = strrchr(model, '/');
    const size_t dir_len = slash ? (size_t)(slash - model) + 1 : 0;
    *fd = -1;
    if (leads_out(name))
        return umm_error_set_path(err, UMM_ERR_DATA, name,
                                  "leads out of the directory of the model that names it");
    if (dir_len + strlen(name) >= PATH_MAX)
        return umm_error_set(err, UMM_ERR_DATA, "weights in a file whose path is too long");
    memcpy(path, model, dir_len);
    memcpy(path + dir_len, name, strlen(name) + 1);
    enum umm_status status = umm_file_stat(model, &beside, err);
    if (!status)
        status = look_at_parts(path, dir_len, &beside, &named, err);
    if (!status)
        status = umm_trust_open_read(path, &beside, fd, info, err);
    if (!status && (info->device != named.device || info->inode != named.inode)) {
        status =
            umm_error_set_path(err, UMM_ERR_CONFLICT, path, "was replaced while it was opened");
        umm_file_close(fd);
    }
    return status;
}

/* Constants of a file may take a few times its size, however often they are named. */
static enum umm_status make_room(struct umm_onnx *onnx, const struct umm_file_info *info,
                                 struct umm_error *err)
{
    for (uint32_t i = 0; i < onnx->n_files; i++)
        if (onnx->files[i].device == info->device && onnx->files[i].inode == info->inode)
            return UMM_OK;
    if (onnx->n_files == UMM_ONNX_FILES_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "weights in more than %d files",
                             UMM_ONNX_FILES_MAX);
    onnx->files[onnx->n_files++] = (struct umm_fileid){info->device, info->inode};
    onnx->room_bytes += UMM_ONNX_ROOM_TIMES * info->size_bytes;
    onnx->info->size_bytes += info->size_bytes;
    return UMM_OK;
}

/* ---- its numbers -------------------------------------------------------------------- */

static enum umm_status read_at(struct umm_onnx *onnx, struct umm_onnx_constant *constant,
                               const struct external *external, const char *name,
                               struct umm_error *err)
{
    const uint64_t len_bytes = constant->n * umm_onnx_type_bytes(constant->type);
    char path[PATH_MAX];
    struct umm_file_info info;
    uint8_t *raw = NULL;
    int fd = -1;
    enum umm_status status = open_beside(onnx->path, name, path, &fd, &info, err);
    if (!status &&
        (external->offset > info.size_bytes || len_bytes > info.size_bytes - external->offset))
        status = umm_error_set_path(err, UMM_ERR_DATA, path,
                                    "has %" PRIu64 " bytes, and weights of a model are %" PRIu64
                                    " bytes from byte %" PRIu64,
                                    info.size_bytes, len_bytes, external->offset);
    if (!status)
        status = make_room(onnx, &info, err);
    if (!status)
        status = umm_onnx_alloc(onnx, len_bytes, 1, &raw, err);
    if (!status)
        status = umm_file_pread_all(fd, path, raw, len_bytes, external->offset, err);
    umm_file_close(&fd);
    if (!status)
        onnx->info->hash = umm_hash64(raw, len_bytes, onnx->info->hash);
    constant->raw = raw;
    return status;
}

enum umm_status umm_onnx_external(struct umm_onnx *onnx, struct umm_onnx_constant *constant,
                                  bool *is_external, struct umm_error *err)
{
    struct external external;
    char name[UMM_ONNX_NAME_MAX], shown[UMM_EXCERPT_MAX];
    enum umm_status status = find_external(constant->message, &external, is_external, err);
    if (status || !*is_external)
        return status;
    const uint64_t len_bytes = constant->n * umm_onnx_type_bytes(constant->type);
    umm_onnx_shown(shown, external.location);
    if (!onnx->path)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "weights in another file, \"%s\"", shown);
    if (external.location.len == 0 || external.location.len >= sizeof name ||
        memchr(external.location.at, 0, external.location.len))
        return umm_error_set(err, UMM_ERR_DATA, "weights in a file of no name");
    if (external.has_len && external.len != len_bytes)
        return umm_error_set(err, UMM_ERR_DATA,
                             "weights of %" PRIu64 " bytes in \"%s\", which should be %" PRIu64,
                             external.len, shown, len_bytes);
    umm_onnx_text(name, sizeof name, external.location);
    return read_at(onnx, constant, &external, name, err);
}
