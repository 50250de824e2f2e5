/* SPDX-License-Identifier: MIT */
/*
 * error.h - filling a struct umm_error, and making foreign text printable.
 *
 * None of these allocate. All accept err == NULL. The first error wins: callers
 * that clean up after a failure pass NULL to the cleanup's calls.
 */
#ifndef UMM_BASE_ERROR_H
#define UMM_BASE_ERROR_H

#include "base/hint.h"
#include "umm.h"

/* Fill err with status and a formatted message, no place, no errno; return status. */
UMM_PRINTF(3, 4)
enum umm_status umm_error_set(struct umm_error *err, enum umm_status status, const char *fmt, ...);

/* The same about the file path. */
UMM_PRINTF(4, 5)
enum umm_status umm_error_set_path(struct umm_error *err, enum umm_status status, const char *path,
                                   const char *fmt, ...);

/*
 * A failed system call on path: status UMM_ERR_SYSTEM, sys_errno as given (read
 * errno before calling anything else), message what was tried ("cannot open").
 * Whoever prints the error appends the system's words for sys_errno.
 */
enum umm_status umm_error_set_errno(struct umm_error *err, int sys_errno, const char *path,
                                    const char *what);

/* UMM_ERR_MEMORY: len_bytes could not be allocated for what. */
enum umm_status umm_error_set_memory(struct umm_error *err, size_t len_bytes, const char *what);

/* UMM_ERR_CANCELLED with a plain message. */
enum umm_status umm_error_set_cancelled(struct umm_error *err);

/*
 * Add to err what may help, and return status, which is what err was set to. The first
 * value, or both, are what the hint is about where base/hint.h says so; neither holds
 * more than UMM_ERROR_VALUE_MAX - 1 bytes, and what is longer is cut. NULL: none.
 */
enum umm_status umm_error_hint(struct umm_error *err, enum umm_status status, enum umm_hint hint);
enum umm_status umm_error_hint_at(struct umm_error *err, enum umm_status status, enum umm_hint hint,
                                  const char *first, const char *second);

/* Say where in path the error is: 1-based line and byte column, byte offset. */
void umm_error_at(struct umm_error *err, const char *path, uint64_t line, uint64_t column,
                  uint64_t byte);

/*
 * Write the bytes of text to out (cap_bytes, always terminated) so that they are
 * safe on a terminal and in a log: printable ASCII and valid UTF-8 as they are,
 * '"' and '\' with a backslash, \t \n \r as such, other bytes as \xHH. A text
 * that does not fit in cap_bytes is cut and ends in "...". Returns out.
 */
const char *umm_escape(char *out, size_t cap_bytes, const char *text, size_t len_bytes);

/* Room for the excerpt of offending text that a message shows. */
enum { UMM_EXCERPT_MAX = 64 };

#endif
