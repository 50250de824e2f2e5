# SPDX-License-Identifier: MIT
"""without.py WHAT ERRNO CMD... - run CMD on a kernel that lacks something.

WHAT is a system call of the table below, or populate (MADV_POPULATE_READ); calls of it
fail with ERRNO, by name. Done with a seccomp filter. Exits 77 where there is none, or no
table for the processor.
"""
import ctypes
import errno
import os
import struct
import sys

NUMBERS = {
    "x86_64": {
        "cachestat": 451, "close_range": 436, "copy_file_range": 326, "fadvise64": 221, "fallocate": 285,
        "fsetxattr": 190, "getrandom": 318, "lgetxattr": 192, "madvise": 28, "memfd_create": 319, "mlock": 149, "openat2": 437, "renameat2": 316,
        "sched_getaffinity": 204, "sendfile": 40, "splice": 275, "statx": 332, "tee": 276,
    },
    "aarch64": {
        "cachestat": 451, "close_range": 436, "copy_file_range": 285, "fadvise64": 223, "fallocate": 47,
        "fsetxattr": 7, "getrandom": 278, "lgetxattr": 9, "madvise": 233, "memfd_create": 279, "mlock": 228, "openat2": 437, "renameat2": 276,
        "sched_getaffinity": 123, "sendfile": 71, "splice": 76, "statx": 291, "tee": 77,
    },
}
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000
SET_NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2


def program(what, error):
    numbers = NUMBERS[os.uname().machine]
    fail = (RETURN, 0, 0, FAIL | getattr(errno, error))
    if what != "populate":
        return [(LOAD, 0, 0, 0), (EQUAL, 0, 1, numbers[what]), fail, (RETURN, 0, 0, ALLOW)]
    return [(LOAD, 0, 0, 0), (EQUAL, 0, 3, numbers["madvise"]), (LOAD, 0, 0, 16 + 8 * 2), (EQUAL, 0, 1, 22), fail,
            (RETURN, 0, 0, ALLOW)]


def main():
    what, error, *command = sys.argv[1:]
    if os.uname().machine not in NUMBERS:
        sys.exit(77)
    code = b"".join(struct.pack("HBBI", *line) for line in program(what, error))
    lines = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(lines))
    libc = ctypes.CDLL(None)
    if libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(SET_SECCOMP, FILTER, head, 0, 0):
        sys.exit(77)
    os.execvp(command[0], command)


main()
