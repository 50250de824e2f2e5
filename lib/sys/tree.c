/* SPDX-License-Identifier: MIT */
#include "sys/tree.h"

#include "base/error.h"
#include "base/list.h"
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64 };

struct walk {
    struct umm_tree *tree;
    const char *suffix;
    void (*warn)(void *user, const struct umm_error *err);
    void *user;
    struct umm_error *err;
};

static bool has_suffix(const char *name, const char *suffix)
{
    size_t len = strlen(name), n = strlen(suffix);
    return len >= n && memcmp(name + len - n, suffix, n) == 0;
}

/* Takes path over. */
static enum umm_status add(struct umm_tree *tree, char *path, struct umm_error *err)
{
    char **paths = umm_list_room(tree->paths, tree->n_paths, sizeof *paths);
    if (!paths) {
        free(path);
        return umm_error_set_memory(err, (tree->n_paths + 1) * sizeof *paths, "the list of files");
    }
    tree->paths = paths;
    tree->paths[tree->n_paths++] = path;
    return UMM_OK;
}

/* It is left out: that is told, and no reason to leave the rest. */
static void leave_out(const struct walk *walk, int sys_errno, const char *path, const char *what)
{
    struct umm_error problem = {.status = UMM_OK};
    umm_error_set_errno(&problem, sys_errno, path, what);
    walk->tree->n_failed++;
    if (walk->warn)
        walk->warn(walk->user, &problem);
}

static enum umm_status visit_directory(const struct walk *walk, int dir_fd, const char *path,
                                       unsigned depth);

/* A file or directory whose path is known. *is_kept: the tree took path over. */
static enum umm_status visit_path(const struct walk *walk, int dir_fd, const char *name, char *path,
                                  unsigned depth, bool *is_kept)
{
    struct stat st;
    *is_kept = false;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno != ENOENT)
            leave_out(walk, errno, path, "cannot examine");
        return UMM_OK;
    }
    if (S_ISREG(st.st_mode) && has_suffix(name, walk->suffix)) {
        *is_kept = true;
        return add(walk->tree, path, walk->err);
    }
    if (!S_ISDIR(st.st_mode))
        return UMM_OK;
    int fd = umm_file_openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
        return visit_directory(walk, fd, path, depth + 1);
    if (errno != ENOENT)
        leave_out(walk, errno, path, "cannot open");
    return UMM_OK;
}

static enum umm_status visit(const struct walk *walk, int dir_fd, const char *dir, const char *name,
                             unsigned depth)
{
    char *path = NULL;
    bool is_kept;
    if (name[0] == '.')
        return UMM_OK;
    if (asprintf(&path, "%s%s%s", dir, has_suffix(dir, "/") ? "" : "/", name) < 0)
        return umm_error_set_memory(walk->err, strlen(dir) + strlen(name), "a file's name");
    enum umm_status status = visit_path(walk, dir_fd, name, path, depth, &is_kept);
    if (!is_kept)
        free(path);
    return status;
}

/* The root's failure is the caller's. */
static enum umm_status refuse_directory(const struct walk *walk, int sys_errno, const char *path,
                                        unsigned depth)
{
    if (depth == 0)
        return umm_error_set_errno(walk->err, sys_errno, path, "cannot list");
    leave_out(walk, sys_errno, path, "cannot list");
    return UMM_OK;
}

/* Closes dir_fd. */
static enum umm_status visit_directory(const struct walk *walk, int dir_fd, const char *path,
                                       unsigned depth)
{
    enum umm_status status = UMM_OK;
    DIR *dir = depth < DEPTH_MAX ? fdopendir(dir_fd) : NULL;
    if (!dir) {
        int sys_errno = depth < DEPTH_MAX ? errno : ELOOP;
        (void)close(dir_fd);
        return refuse_directory(walk, sys_errno, path, depth);
    }
    while (!status) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry && errno)
            status = refuse_directory(walk, errno, path, depth);
        if (!entry)
            break;
        status = visit(walk, dir_fd, path, entry->d_name, depth);
    }
    (void)closedir(dir);
    return status;
}

enum umm_status umm_tree_list(struct umm_tree *tree, const char *root, const char *suffix,
                              void (*warn)(void *user, const struct umm_error *err), void *user,
                              struct umm_error *err)
{
    const struct walk walk = {
        .tree = tree, .suffix = suffix, .warn = warn, .user = user, .err = err};
    *tree = (struct umm_tree){0};
    int fd = umm_file_openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return umm_error_set_errno(err, errno, root, "cannot open");
    enum umm_status status = visit_directory(&walk, fd, root, 0);
    if (status)
        umm_tree_free(tree);
    else if (tree->n_paths > 1)
        qsort(tree->paths, tree->n_paths, sizeof *tree->paths, umm_list_compare_texts);
    return status;
}

void umm_tree_free(struct umm_tree *tree)
{
    for (size_t i = 0; i < tree->n_paths; i++)
        free(tree->paths[i]);
    free(tree->paths);
    *tree = (struct umm_tree){0};
}
