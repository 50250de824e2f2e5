/* SPDX-License-Identifier: MIT */
#include "sys/rights.h"

#include "base/bytes.h"
#include "base/error.h"
#include "sys/file.h"
#include "sys/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/*
 * An ACL, little-endian:
 *
 *     0   version, 4 bytes: 2
 *     4   an entry of 8 bytes for each of its users and groups, and for the mask
 *             0   tag, 2 bytes
 *             2   permissions, 2 bytes: read 4, write 2, execute 1
 *             4   user or group, 4 bytes; -1 where the tag says enough
 *
 * Where there is one, the group bits of the mode are its mask, not the rights of the group.
 */
enum {
    ACL_VERSION = 2,
    ACL_HEAD_BYTES = 4,
    ACL_ENTRY_BYTES = 8,
    ACL_OWNER = 0x01,
    ACL_USER = 0x02,
    ACL_GROUP_OF_FILE = 0x04,
    ACL_GROUP = 0x08,
    ACL_MASK = 0x10,
    ACL_OTHERS = 0x20,
    ACL_PLAIN_BYTES = ACL_HEAD_BYTES + 3 * ACL_ENTRY_BYTES
};
static const char ACL_NAME[] = "system.posix_acl_access";

enum { OTHERS = S_IRWXG | S_IRWXO, OWNER_KEEPS = S_IRUSR | S_IWUSR };

/* ---- reading ---------------------------------------------------------------------- */

/* No ACLs: of this file system, of this kernel, or of what a sandbox lets through. */
static bool is_unsupported(int sys_errno)
{
    return sys_errno == EOPNOTSUPP || sys_errno == ENOSYS || sys_errno == EPERM;
}

/* What one of the getxattr calls has returned. */
static enum umm_status take_acl(struct umm_rights *rights, ssize_t n, const char *path,
                                struct umm_error *err)
{
    if (n < 0 && errno != ENODATA && !is_unsupported(errno))
        return umm_error_set_errno(err, errno, path, "cannot read its access control list");
    rights->has_acls = n >= 0 || errno == ENODATA;
    rights->acl_bytes = n < 0 ? 0 : (size_t)n;
    return UMM_OK;
}

/* Where /proc is missing, or closed to this process. A name that is gone has no ACL. */
static ssize_t read_acl_by_opening(struct umm_rights *rights, int dir_fd, const char *name)
{
    int fd =
        umm_file_openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : fgetxattr(fd, ACL_NAME, rights->acl, sizeof rights->acl);
    int sys_errno = fd < 0 && errno == ENOENT ? ENODATA : errno;
    umm_file_close(&fd);
    errno = sys_errno;
    return n;
}

static void fill(struct umm_rights *rights, const struct stat *st)
{
    rights->mode = st->st_mode & 0777;
    rights->owner = st->st_uid;
    rights->group = st->st_gid;
    rights->is_linked = st->st_nlink > 1;
    rights->has_acls = false;
    rights->acl_bytes = 0;
}

enum umm_status umm_rights_read(struct umm_rights *rights, int dir_fd, const char *name,
                                const struct stat *st, const char *path, struct umm_error *err)
{
    char by_proc[sizeof "/proc/self/fd/-2147483648/" + NAME_MAX];
    fill(rights, st);
    /* A mask of nothing, and nothing for others: no entry can allow anything. */
    if (!(rights->mode & OTHERS))
        return UMM_OK;
    snprintf(by_proc, sizeof by_proc, "/proc/self/fd/%d/%s", dir_fd, name);
    ssize_t n = lgetxattr(by_proc, ACL_NAME, rights->acl, sizeof rights->acl);
    if (n < 0 && errno != ENODATA && !is_unsupported(errno))
        n = read_acl_by_opening(rights, dir_fd, name);
    return take_acl(rights, n, path, err);
}

enum umm_status umm_rights_read_fd(struct umm_rights *rights, int fd, const char *path,
                                   struct umm_error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return umm_error_set_errno(err, errno, path, "cannot examine");
    fill(rights, &st);
    if (!(rights->mode & OTHERS))
        return UMM_OK;
    return take_acl(rights, fgetxattr(fd, ACL_NAME, rights->acl, sizeof rights->acl), path, err);
}

/* ---- giving ----------------------------------------------------------------------- */

enum umm_status umm_rights_set_mode(int fd, unsigned mode, const char *path, struct umm_error *err)
{
    if (fchmod(fd, mode & 0777) < 0)
        return umm_error_set_errno(err, errno, path, "cannot set the mode of its temporary file");
    return UMM_OK;
}

/*
 * The mode without an ACL and for another group: what the file's group and everybody else had, and
 * every user and group of the ACL. Whoever was denied something now belongs to any of them.
 */
static unsigned mode_for_all(const struct umm_rights *rights)
{
    unsigned mask = rights->mode >> 3 & 7, all = rights->mode & mask;
    for (size_t at = ACL_HEAD_BYTES; at + ACL_ENTRY_BYTES <= rights->acl_bytes;
         at += ACL_ENTRY_BYTES) {
        uint64_t tag = umm_bytes_get(rights->acl + at, 2);
        if (tag != ACL_OWNER && tag != ACL_MASK)
            all &= (unsigned)umm_bytes_get(rights->acl + at + 2, 2);
    }
    return (rights->mode & S_IRWXU) | all << 3 | all;
}

/* Whether the file has the model's group; owner and group are given as far as that can be done. */
static bool give_owner(const struct umm_rights *model, int fd, const struct umm_rights_own *own)
{
    if (model->owner != own->owner && fchown(fd, model->owner, model->group) == 0)
        return true;
    return model->group == own->group || fchown(fd, (uid_t)-1, model->group) == 0;
}

static void *put_entry(void *at, unsigned tag, unsigned permissions)
{
    return umm_bytes_put(umm_bytes_put(umm_bytes_put(at, tag, 2), permissions & 7, 2), UINT32_MAX,
                         4);
}

/*
 * The ACL that says no more than a mode. Setting it also removes one that the file may have from
 * its directory, which the mode's bits would bring to life.
 */
static void make_plain_acl(unsigned mode, unsigned char acl[ACL_PLAIN_BYTES])
{
    void *at = umm_bytes_put(acl, ACL_VERSION, ACL_HEAD_BYTES);
    at = put_entry(at, ACL_OWNER, mode >> 6);
    at = put_entry(at, ACL_GROUP_OF_FILE, mode >> 3);
    (void)put_entry(at, ACL_OTHERS, mode);
}

/* In one call, so that no moment has the bits of one and the list of the other. */
static enum umm_status set_acl(int fd, const void *acl, size_t acl_bytes, bool *is_set,
                               const char *path, struct umm_error *err)
{
    *is_set = fsetxattr(fd, ACL_NAME, acl, acl_bytes, 0) == 0;
    /* EINVAL: it has users or groups that this user namespace does not know. */
    if (*is_set || is_unsupported(errno) || errno == EINVAL)
        return UMM_OK;
    return umm_error_set_errno(err, errno, path,
                               "cannot set the access control list of its "
                               "temporary file");
}

enum umm_status umm_rights_give(const struct umm_rights *model, int dir_fd, int fd,
                                const struct umm_rights_own *own, const char *path,
                                struct umm_error *err)
{
    unsigned char plain[ACL_PLAIN_BYTES];
    bool is_set = false;
    enum umm_status status = UMM_OK;
    if (!umm_trust_is_model(dir_fd, model->owner, model->is_linked, own->owner)) {
        bool is_plain = model->group == own->group && !model->acl_bytes;
        unsigned allowed = is_plain ? model->mode : mode_for_all(model);
        return umm_rights_set_mode(fd, own->mode & (allowed | OWNER_KEEPS), path, err);
    }
    bool is_same_group = give_owner(model, fd, own);
    if (is_same_group && model->acl_bytes)
        status = set_acl(fd, model->acl, model->acl_bytes, &is_set, path, err);
    if (status || is_set)
        return status;
    unsigned mode = is_same_group && !model->acl_bytes ? model->mode : mode_for_all(model);
    make_plain_acl(mode, plain);
    if (model->has_acls)
        status = set_acl(fd, plain, sizeof plain, &is_set, path, err);
    return status || is_set ? status : umm_rights_set_mode(fd, mode, path, err);
}
