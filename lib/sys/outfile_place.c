/* SPDX-License-Identifier: MIT */
/* Where an output goes: its directory and its name there, after links. */
#include "sys/outfile.h"

#include "base/error.h"
#include "sys/file.h"
#include "sys/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static const char LINK_LEADS_OUT[] = "is a symbolic link out of its directory; "
                                     "name its target (or - for standard output)";

/* "a/b/c" is "a/b" and "c"; "c" is "." and "c"; "/c" is "/" and "c". */
static bool split_path(const char *path, char dir[PATH_MAX], char base[UMM_OUTFILE_NAME_MAX + 1])
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t dir_len = slash ? (size_t)(slash - path) : 0;
    if (dir_len >= PATH_MAX || strlen(name) > UMM_OUTFILE_NAME_MAX)
        return false;
    memcpy(dir, path, dir_len);
    dir[dir_len] = '\0';
    if (dir_len == 0)
        memcpy(dir, slash ? "/" : ".", 2);
    memcpy(base, name, strlen(name) + 1);
    return true;
}

/* Whether dir, as seen from the directory dir_fd, is that same directory. */
static bool is_same_dir(int dir_fd, const char *dir)
{
    struct stat here, there;
    return fstat(dir_fd, &here) == 0 && fstatat(dir_fd, dir, &there, 0) == 0 &&
           here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* The name is a link to a regular file or to nothing: take over what it says. */
static enum umm_status follow_link(struct umm_outfile_place *place, const char *path,
                                   struct umm_error *err)
{
    char target[PATH_MAX], dir[PATH_MAX], base[UMM_OUTFILE_NAME_MAX + 1];
    ssize_t len = readlinkat(place->dir_fd, place->base, target, sizeof target - 1);
    if (len < 0)
        return umm_error_set_errno(err, errno, path, "cannot write");
    target[len] = '\0';
    if (!split_path(target, dir, base) || !is_same_dir(place->dir_fd, dir))
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, path, "%s", LINK_LEADS_OUT);
    memcpy(place->base, base, sizeof base);
    return UMM_OK;
}

static bool is_in_proc(const struct umm_outfile_place *place)
{
    struct statfs fs;
    return fstatfs(place->dir_fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* The name is a link to a stream, wherever that is: the place is the one that it says. */
static enum umm_status follow_to_stream(struct umm_outfile_place *place, const char *path,
                                        struct umm_error *err)
{
    char target[PATH_MAX], dir[PATH_MAX];
    ssize_t len = readlinkat(place->dir_fd, place->base, target, sizeof target - 1);
    if (len < 0)
        return umm_error_set_errno(err, errno, path, "cannot write");
    target[len] = '\0';
    if (!split_path(target, dir, place->base))
        return umm_error_set_errno(err, ENAMETOOLONG, path, "cannot write");
    int dir_fd = umm_file_openat(place->dir_fd, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return umm_error_set_errno(err, errno, path, "cannot open the directory that it leads to");
    umm_file_close(&place->dir_fd);
    place->dir_fd = dir_fd;
    return UMM_OK;
}

static void take_stream(struct umm_outfile_place *place, const struct stat *st)
{
    place->is_stream = true;
    place->is_fifo = S_ISFIFO(st->st_mode);
    place->device = st->st_dev;
    place->inode = st->st_ino;
}

/* The name is a link, which st is of. *is_link is false when the place is found. */
static enum umm_status examine_link(struct umm_outfile_place *place, const struct stat *st,
                                    const char *path, bool *is_link, struct umm_error *err)
{
    const struct umm_file_info link = {.kind = UMM_FILE_LINK, .owner = st->st_uid};
    struct stat target;
    const int rc = fstatat(place->dir_fd, place->base, &target, 0), sys_errno = rc < 0 ? errno : 0;
    const bool is_stream = rc == 0 && !S_ISREG(target.st_mode) && !S_ISDIR(target.st_mode);
    enum umm_status status =
        is_stream ? umm_trust_check_stream(place->dir_fd, &link, path, err)
                  : umm_trust_check(place->dir_fd, &link, path, "is a symbolic link that ", err);
    *is_link = true;
    if (status)
        return status;
    if (rc < 0 ? sys_errno == ENOENT : S_ISREG(target.st_mode))
        return follow_link(place, path, err);
    if (!is_stream)
        return umm_error_set_errno(err, rc < 0 ? sys_errno : EISDIR, path, "cannot write");
    if (!is_in_proc(place))
        return follow_to_stream(place, path, err);
    take_stream(place, &target);
    place->is_magic = true;
    *is_link = false;
    return UMM_OK;
}

/*
 * Look at the name once: UMM_OK with *is_link when it was a link and base is now
 * its target, else with is_stream decided.
 */
static enum umm_status examine_name(struct umm_outfile_place *place, const char *path,
                                    bool *is_link, struct umm_error *err)
{
    struct stat st = {0};
    *is_link = false;
    if (place->base[0] == '\0')
        return umm_error_set_errno(err, EISDIR, path, "cannot write");
    if (fstatat(place->dir_fd, place->base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? UMM_OK : umm_error_set_errno(err, errno, path, "cannot write");
    if (S_ISLNK(st.st_mode))
        return examine_link(place, &st, path, is_link, err);
    if (S_ISDIR(st.st_mode))
        return umm_error_set_errno(err, EISDIR, path, "cannot write");
    if (S_ISREG(st.st_mode))
        return UMM_OK;
    take_stream(place, &st);
    const struct umm_file_info stream = {.kind = UMM_FILE_STREAM, .owner = st.st_uid};
    return umm_trust_check_stream(place->dir_fd, &stream, path, err);
}

static enum umm_status examine_place(struct umm_outfile_place *place, const char *path,
                                     struct umm_error *err)
{
    enum { LINKS_MAX = 40 }; /* as in the kernel */
    for (int i = 0; i < LINKS_MAX; i++) {
        bool is_link;
        enum umm_status status = examine_name(place, path, &is_link, err);
        if (status || !is_link)
            return status;
    }
    return umm_error_set_errno(err, ELOOP, path, "cannot write");
}

enum umm_status umm_outfile_locate(struct umm_outfile_place *place, const char *path,
                                   struct umm_error *err)
{
    char dir[PATH_MAX];
    *place = (struct umm_outfile_place){.dir_fd = -1};
    if (strcmp(path, "-") == 0) {
        place->is_stream = true;
        return UMM_OK;
    }
    if (path[0] == '\0')
        return umm_error_set(err, UMM_ERR_ARGUMENT, "the name of the output is empty");
    if (!split_path(path, dir, place->base))
        return umm_error_set_errno(err, ENAMETOOLONG, path, "cannot write");
    /* O_PATH asks for no permission to list the directory, only to use names in it. */
    place->dir_fd = umm_file_openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place->dir_fd < 0)
        return umm_error_set_errno(err, errno, dir, "cannot open the directory");
    enum umm_status status = examine_place(place, path, err);
    if (status)
        umm_file_close(&place->dir_fd);
    return status;
}

static bool is_same_place(const struct umm_outfile_place *a, const struct umm_outfile_place *b)
{
    struct stat dir_a, dir_b;
    if (a->is_stream || b->is_stream)
        return a->dir_fd < 0 && b->dir_fd < 0;
    return strcmp(a->base, b->base) == 0 && fstat(a->dir_fd, &dir_a) == 0 &&
           fstat(b->dir_fd, &dir_b) == 0 && dir_a.st_dev == dir_b.st_dev &&
           dir_a.st_ino == dir_b.st_ino;
}

bool umm_outfile_is_same(const char *a, const char *b)
{
    struct umm_outfile_place place_a, place_b;
    bool is_same = false;
    if (umm_outfile_locate(&place_a, a, NULL))
        return false;
    if (!umm_outfile_locate(&place_b, b, NULL)) {
        is_same = is_same_place(&place_a, &place_b);
        umm_file_close(&place_b.dir_fd);
    }
    umm_file_close(&place_a.dir_fd);
    return is_same;
}

bool umm_outfile_goes_to_stream(const char *path)
{
    struct umm_outfile_place place;
    if (umm_outfile_locate(&place, path, NULL))
        return false;
    umm_file_close(&place.dir_fd);
    return place.is_stream;
}

bool umm_outfile_is_file(const char *path, const struct umm_file_info *info)
{
    struct umm_file_info out;
    if (strcmp(path, "-") != 0)
        return umm_file_same(path, info->device, info->inode);
    return umm_file_stat_fd(STDOUT_FILENO, path, &out, NULL) == UMM_OK &&
           out.device == info->device && out.inode == info->inode;
}

bool umm_outfile_meets(const char *path, const char *file)
{
    struct umm_file_info info;
    return (strcmp(path, "-") != 0 && umm_outfile_is_same(path, file)) ||
           (umm_file_stat(file, &info, NULL) == UMM_OK && info.kind == UMM_FILE_REGULAR &&
            umm_outfile_is_file(path, &info));
}
