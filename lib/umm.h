/* SPDX-License-Identifier: MIT */
/*
 * umm.h - the public C interface of libumm.
 *
 * This is the one header that is installed. It holds the types that every part
 * of the library shares (status, error, run context) and the calls a C program
 * outside this project would want. Everything else in libumm.a is private and
 * may change without notice.
 *
 * Conventions
 *   - A function that can fail returns a must-use enum umm_status; UMM_OK is 0.
 *     A trailing `struct umm_error *err` may be NULL; otherwise it is filled on
 *     failure and left alone on success.
 *   - Sizes carry their unit as the last word of the name: len_bytes, n_rows.
 *   - The library never prints, never exits and reads no environment variable.
 *   - Functions are safe to call from any thread on distinct objects unless
 *     their comment says otherwise.
 */
#ifndef UMM_H
#define UMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define UMM_VERSION "0.1.0"

#if defined(__GNUC__) || defined(__clang__)
#define UMM_MUST_USE           __attribute__((warn_unused_result))
#define UMM_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define UMM_MUST_USE
#define UMM_PRINTF(fmt, first)
#endif

/* The version of the linked library, such as "0.1.0"; compare with UMM_VERSION. */
const char *umm_version(void);

/* ---- Errors ------------------------------------------------------------ */

enum umm_status {
    UMM_OK = 0,
    UMM_ERR_ARGUMENT,    /* an option or argument makes no sense */
    UMM_ERR_SYSTEM,      /* a system call failed; sys_errno says why */
    UMM_ERR_MEMORY,      /* memory could not be had */
    UMM_ERR_DATA,        /* the input's content is not acceptable */
    UMM_ERR_CONFLICT,    /* an existing file is not what this job expects */
    UMM_ERR_BUSY,        /* somebody else holds the lock */
    UMM_ERR_UNSUPPORTED, /* valid, but not something this build can do */
    UMM_ERR_CANCELLED    /* the run context asked to stop */
};

enum { UMM_ERROR_PATH_MAX = 512, UMM_ERROR_MESSAGE_MAX = 512 };

/*
 * What went wrong and where. Plain data, no allocation: copy it freely.
 * path is the file as the caller named it, unescaped, cut at the front when it
 * is too long; line and column are 1-based (column counts bytes), 0 when they
 * do not apply; byte is the offset in the (decompressed) input, valid when line
 * is not 0. message has its variable parts already escaped and has no newline.
 */
struct umm_error {
    enum umm_status status;
    int sys_errno;
    uint64_t line;
    uint64_t column;
    uint64_t byte;
    char path[UMM_ERROR_PATH_MAX];
    char message[UMM_ERROR_MESSAGE_MAX];
};

/* A short lower-case name of a status: "ok", "argument", "system", ... */
const char *umm_status_name(enum umm_status status);

/* ---- Run context ------------------------------------------------------- */

/*
 * How a call does its work. Every engine gives the same bytes, errors and counts;
 * they differ in speed. One that the machine lacks is replaced by the next lower.
 * REFERENCE is the slow and obvious way, one record after the other.
 */
enum umm_engine {
    UMM_ENGINE_BEST = 0,
    UMM_ENGINE_REFERENCE,
    UMM_ENGINE_PORTABLE,
    UMM_ENGINE_NEON,
    UMM_ENGINE_AVX2,
    UMM_ENGINE_AVX512
};

/*
 * What a long call needs from its caller. Zero-initialise it for the defaults.
 * A call that takes a `struct umm_run *` accepts NULL for all defaults.
 *
 * cancelled   set it (umm_run_cancel, from any thread or a signal handler) and
 *             the call cleans up and returns UMM_ERR_CANCELLED soon after
 * n_threads   worker threads to use; 0 means the calling thread's affinity mask
 * engine      for tests and measurements; leave it 0
 * block_bytes bytes that a worker takes at once; for tests, leave it 0
 * progress    called from one thread at a time, not always the calling one, at most
 *             about ten times a second, with work done and total in bytes (total 0:
 *             unknown); so is clock_ns
 * cancel_with another run: cancelling that one cancels this one too; NULL for none
 * clock_ns    a monotonic clock in nanoseconds; NULL means CLOCK_MONOTONIC
 */
struct umm_run {
    int cancelled;
    const struct umm_run *cancel_with;
    unsigned n_threads;
    enum umm_engine engine;
    size_t block_bytes;
    void (*progress)(void *user, uint64_t done_bytes, uint64_t total_bytes);
    void *progress_user;
    uint64_t (*clock_ns)(void *user);
    void *clock_user;
};

/* Ask the call that uses run to stop. Async-signal-safe. */
static inline void umm_run_cancel(struct umm_run *run)
{
    __atomic_store_n(&run->cancelled, 1, __ATOMIC_RELAXED);
}

/* Whether somebody asked run to stop. */
static inline bool umm_run_is_cancelled(const struct umm_run *run)
{
    for (; run; run = run->cancel_with)
        if (__atomic_load_n(&run->cancelled, __ATOMIC_RELAXED) != 0)
            return true;
    return false;
}

/* ---- Numbers ----------------------------------------------------------- */

enum umm_num_result {
    UMM_NUM_OK = 0,
    UMM_NUM_MALFORMED, /* the text is not a number of the stated grammar */
    UMM_NUM_OVERFLOW,  /* the nearest value is infinite or outside the type */
    UMM_NUM_INEXACT    /* integers only: the text has a fractional part */
};

/*
 * Parse exactly the len_bytes bytes at text as a decimal number:
 *
 *     [+-] (digits [POINT digits*] | POINT digits) [(e|E) [+-] digits]
 *
 * where POINT is the byte `point` ('.' or ','). Nothing else is accepted: no
 * spaces, no hexadecimal, no "inf" or "nan", no digit grouping. The result is
 * the binary64 (binary32) value nearest to the exact decimal value, ties to
 * even, for any number of digits; it does not depend on the locale or on the
 * floating-point environment's flags. Values too small become a (signed) zero,
 * as IEEE 754 rounding says; values too large are UMM_NUM_OVERFLOW. The binary32
 * parser rounds once, from the decimal text. *out is written on UMM_NUM_OK only.
 *
 * Source: Clinger, "How to read floating point numbers accurately" (1990);
 * Lemire, "Number parsing at a gigabyte per second" (2021) for the 128-bit
 * product; exact big-integer comparison where that is undecided.
 */
UMM_MUST_USE enum umm_num_result umm_num_parse_f64(const char *text, size_t len_bytes, char point,
                                                   double *out);
UMM_MUST_USE enum umm_num_result umm_num_parse_f32(const char *text, size_t len_bytes, char point,
                                                   float *out);

/*
 * The same grammar, for integers: a text whose exact value is an integer that
 * fits ("12", "-3.0", "1e3"); UMM_NUM_INEXACT when it has a fractional part,
 * UMM_NUM_OVERFLOW when it does not fit the type.
 */
UMM_MUST_USE enum umm_num_result umm_num_parse_i64(const char *text, size_t len_bytes, char point,
                                                   int64_t *out);

#ifdef __cplusplus
}
#endif

#endif
