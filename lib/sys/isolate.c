/* SPDX-License-Identifier: MIT */
#include "sys/isolate.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "sys/file.h"

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool is_written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    umm_file_close(&fd);
    return is_written;
}

/* A user namespace in which we are who we are, and may mount. */
static bool enter_user_namespace(void)
{
    char users[64], groups[64];
    unsigned uid = (unsigned)geteuid(), gid = (unsigned)getegid();
    snprintf(users, sizeof users, "%u %u 1\n", uid, uid);
    snprintf(groups, sizeof groups, "%u %u 1\n", gid, gid);
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           write_text("/proc/self/setgroups", "deny\n") &&
           write_text("/proc/self/uid_map", users) && write_text("/proc/self/gid_map", groups);
}

bool umm_isolate_shared_memory(void)
{
    if (unshare(CLONE_NEWNS) < 0 && !enter_user_namespace())
        return false;
    /* Nothing that is mounted here may show up outside. */
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return false;
    return mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == 0;
}
