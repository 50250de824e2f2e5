/* SPDX-License-Identifier: MIT */
/*
 * isolate.h - a /dev/shm of this process's own, so that what is left in it can only be
 * what this process and its children left, however busy the machine is.
 */
#ifndef UMM_SYS_ISOLATE_H
#define UMM_SYS_ISOLATE_H

#include "umm.h"

/*
 * From now on, for this process and what it starts, /dev/shm is a new and empty tmpfs
 * that is gone with the last of them. False, and nothing changed for files, where the
 * kernel does not allow it: it takes the superuser, or user namespaces. Once, from a
 * process with one thread.
 *
 * What it starts afterwards can open this process's /proc/PID/fd/N as before.
 *
 * Sources: unshare(2), user_namespaces(7), mount_namespaces(7), ptrace(2) on access checks.
 */
bool umm_isolate_shared_memory(void);

#endif
