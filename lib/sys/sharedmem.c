/* SPDX-License-Identifier: MIT */
#include "sys/sharedmem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"

static const char shown[] = "memory to share";

enum umm_status umm_sharedmem_open(struct umm_sharedmem *memory, size_t len_bytes,
                                   struct umm_error *err)
{
    memset(memory, 0, sizeof *memory);
    int fd = memfd_create("umm", MFD_CLOEXEC);
    /* Without it, or where a sandbox forbids it: a file in memory that has no name. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
        enum umm_status status = umm_file_scratch("/dev/shm", &fd, err);
        if (status)
            return status;
    }
    if (fd < 0)
        return umm_error_set_errno(err, errno, shown, "cannot create");
    void *at = MAP_FAILED;
    int code;
    do
        code = ftruncate(fd, (off_t)len_bytes);
    while (code < 0 && errno == EINTR);
    if (code == 0)
        at = mmap(NULL, len_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        enum umm_status status = umm_error_set_errno(err, errno, shown, "cannot create");
        (void)close(fd);
        return status;
    }
    *memory = (struct umm_sharedmem){.at = at, .len_bytes = len_bytes, .fd = fd};
    snprintf(memory->path, sizeof memory->path, "/proc/%ld/fd/%d", (long)getpid(), fd);
    return UMM_OK;
}

void umm_sharedmem_close(struct umm_sharedmem *memory)
{
    if (!memory->at)
        return;
    (void)munmap(memory->at, memory->len_bytes);
    (void)close(memory->fd);
    memset(memory, 0, sizeof *memory);
}
