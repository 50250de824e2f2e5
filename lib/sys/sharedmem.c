/* SPDX-License-Identifier: MIT */
#include "sys/sharedmem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"

static const char shown[] = "memory to share";

/* Whether nobody, the owner included, can cut the memory: the kernel holds that for memfd only. */
static bool seal_size(int fd)
{
    return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
}

enum umm_status umm_sharedmem_open(struct umm_sharedmem *memory, size_t len_bytes,
                                   struct umm_error *err)
{
    memset(memory, 0, sizeof *memory);
    int fd = memfd_create("umm", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    /* Without it, or where a sandbox forbids it: a file in memory that has no name. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
        enum umm_status status = umm_file_scratch("/dev/shm", &fd, err);
        if (status)
            return status;
    }
    if (fd < 0)
        return umm_error_set_errno(err, errno, shown, "cannot create");
    void *copy = NULL;
    struct umm_map map;
    enum umm_status status = umm_file_truncate(fd, shown, len_bytes, err);
    if (!status && !seal_size(fd) && !(copy = malloc(len_bytes)))
        status = umm_error_set_memory(err, len_bytes, shown);
    if (!status)
        status = umm_map_open(&map, fd, shown, len_bytes, true, err);
    if (status) {
        free(copy);
        umm_file_close(&fd);
        return status;
    }
    *memory = (struct umm_sharedmem){.map = map, .copy = copy, .fd = fd};
    snprintf(memory->path, sizeof memory->path, "/proc/%ld/fd/%d", (long)getpid(), fd);
    return UMM_OK;
}

enum umm_status umm_sharedmem_look(const struct umm_sharedmem *memory, const void **bytes,
                                   struct umm_error *err)
{
    *bytes = memory->copy ? memory->copy : memory->map.bytes;
    return memory->copy
               ? umm_file_pread_all(memory->fd, shown, memory->copy, memory->map.len_bytes, 0, err)
               : UMM_OK;
}

void umm_sharedmem_close(struct umm_sharedmem *memory)
{
    if (!memory->map.bytes)
        return;
    umm_map_close(&memory->map);
    umm_file_close(&memory->fd);
    free(memory->copy);
    memset(memory, 0, sizeof *memory);
}
