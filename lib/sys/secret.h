/* SPDX-License-Identifier: MIT */
/*
 * secret.h - passwords from files: no option's value, which every user of the machine can see.
 */
#ifndef UMM_SYS_SECRET_H
#define UMM_SYS_SECRET_H

#include <stddef.h>

#include "umm.h"

enum { UMM_SECRET_MAX = 1023 };

/*
 * Read the first line of the file at path, without its end, into out, terminated. A pipe is read
 * as far as its first line, and waited for until run is cancelled. UMM_ERR_CONFLICT: a regular
 * file that another user owns, or that others may read, or something that is neither file nor
 * pipe; UMM_ERR_DATA: the line is empty, longer than UMM_SECRET_MAX or has a zero byte. No message
 * has what was read, and out is empty after a failure.
 */
UMM_MUST_USE enum umm_status umm_secret_read(const char *path, struct umm_run *run,
                                             char out[UMM_SECRET_MAX + 1], struct umm_error *err);

#endif
