/* SPDX-License-Identifier: MIT */
/*
 * cli_stdio.h - standard output and standard error that do not block, as a program that shares
 * them with us (Node, say) may have set them. The flag is its own as well and stays; the C library
 * would give up where there is no room for now.
 */
#ifndef UMM_CMD_CLI_STDIO_H
#define UMM_CMD_CLI_STDIO_H

#include "umm.h"

/*
 * Where they do not block, stdout and stderr become streams that wait for their reader. When
 * stop is cancelled, stdout waits no longer; stderr waits about five seconds in all, as a
 * message must not hold the program for ever. The caller sets stderr's buffer.
 */
void cli_stdio_init(const struct umm_run *stop);

/* Why the last write to such a stdout failed; 0 if none did. */
int cli_stdio_errno(void);

#endif
