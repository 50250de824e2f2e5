/* SPDX-License-Identifier: MIT */
#include "sys/tree.h"

#include "base/error.h"

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
    if (tree->n_paths == tree->cap_paths) {
        size_t cap = tree->cap_paths ? 2 * tree->cap_paths : 64;
        char **paths = realloc(tree->paths, cap * sizeof *paths);
        if (!paths) {
            free(path);
            return umm_error_set_memory(err, cap * sizeof *paths, "the list of files");
        }
        tree->paths = paths;
        tree->cap_paths = cap;
    }
    tree->paths[tree->n_paths++] = path;
    return UMM_OK;
}

static enum umm_status visit_directory(const struct walk *walk, int dir_fd, const char *path,
                                       unsigned depth);

static enum umm_status visit(const struct walk *walk, int dir_fd, const char *dir, const char *name,
                             unsigned depth)
{
    struct stat st;
    char *path = NULL;
    if (name[0] == '.' || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return UMM_OK;
    bool is_wanted = S_ISREG(st.st_mode) && has_suffix(name, walk->suffix);
    if (!is_wanted && !S_ISDIR(st.st_mode))
        return UMM_OK;
    if (asprintf(&path, "%s%s%s", dir, has_suffix(dir, "/") ? "" : "/", name) < 0)
        return umm_error_set_memory(walk->err, strlen(dir) + strlen(name), "a file's name");
    if (is_wanted)
        return add(walk->tree, path, walk->err);
    enum umm_status status = UMM_OK;
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
        status = visit_directory(walk, fd, path, depth + 1);
    else if (errno != ENOENT)
        status = umm_error_set_errno(walk->err, errno, path, "cannot open");
    free(path);
    return status;
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
        return umm_error_set_errno(walk->err, sys_errno, path, "cannot list");
    }
    while (!status) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry && errno)
            status = umm_error_set_errno(walk->err, errno, path, "cannot list");
        if (!entry)
            break;
        status = visit(walk, dir_fd, path, entry->d_name, depth);
    }
    (void)closedir(dir);
    return status;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum umm_status umm_tree_list(struct umm_tree *tree, const char *root, const char *suffix,
                              struct umm_error *err)
{
    const struct walk walk = {.tree = tree, .suffix = suffix, .err = err};
    *tree = (struct umm_tree){0};
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return umm_error_set_errno(err, errno, root, "cannot open");
    enum umm_status status = visit_directory(&walk, fd, root, 0);
    if (status)
        umm_tree_free(tree);
    else if (tree->n_paths > 1)
        qsort(tree->paths, tree->n_paths, sizeof *tree->paths, compare_paths);
    return status;
}

void umm_tree_free(struct umm_tree *tree)
{
    for (size_t i = 0; i < tree->n_paths; i++)
        free(tree->paths[i]);
    free(tree->paths);
    *tree = (struct umm_tree){0};
}
