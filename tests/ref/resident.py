# SPDX-License-Identifier: MIT
"""resident.py FILE [evict] - which pages of FILE are in memory, by mincore(2).

Prints runs of resident pages, "0-3 17", "" for none. With "evict" FILE is synced and let go
first; that some of it stays prints as such, and is how a test learns that a file system
(tmpfs, overlay) does not let go. For the owner of FILE: others are told "all".
"""
import ctypes
import mmap
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]


def resident(fd, size):
    if size == 0:
        return []
    n = -(-size // mmap.PAGESIZE)
    at = libc.mmap(None, size, 1, 1, fd, 0)
    pages = ctypes.create_string_buffer(n)
    if at in (None, ctypes.c_void_p(-1).value) or libc.mincore(at, size, pages):
        sys.exit(f"resident.py: {os.strerror(ctypes.get_errno())}")
    return [i for i, page in enumerate(pages.raw) if page & 1]


def runs(pages):
    out = []
    for page in pages:
        if out and out[-1][1] == page - 1:
            out[-1][1] = page
        else:
            out.append([page, page])
    return " ".join(f"{a}-{b}" if b > a else str(a) for a, b in out)


fd = os.open(sys.argv[1], os.O_RDONLY)
if "evict" in sys.argv[2:]:
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
print(runs(resident(fd, os.fstat(fd).st_size)))
