/* SPDX-License-Identifier: MIT */
#include "sys/isolate.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/file.h"

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool is_written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    umm_file_close(&fd);
    return is_written;
}

/* A user namespace in which our ids stay, and we may mount. */
static bool enter_user_namespace(bool *is_entered)
{
    char users[64], groups[64];
    unsigned uid = (unsigned)geteuid(), gid = (unsigned)getegid();
    snprintf(users, sizeof users, "%u %u 1\n", uid, uid);
    snprintf(groups, sizeof groups, "%u %u 1\n", gid, gid);
    *is_entered = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    return *is_entered && write_text("/proc/self/setgroups", "deny\n") &&
           write_text("/proc/self/uid_map", users) && write_text("/proc/self/gid_map", groups);
}

/* Nothing that is mounted here may show up outside. */
static bool mount_own(void)
{
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == 0;
}

/*
 * Entering gave us every capability there, and what we start loses them, unless it is the
 * superuser's: it could look into our /proc no more, which only a process with all that we have may
 * see.
 */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (geteuid() != 0)
        (void)syscall(SYS_capset, &header, none);
}

bool umm_isolate_shared_memory(void)
{
    bool is_entered = false;
    bool is_isolated =
        (unshare(CLONE_NEWNS) == 0 || enter_user_namespace(&is_entered)) && mount_own();
    if (is_entered)
        drop_capabilities();
    return is_isolated;
}
