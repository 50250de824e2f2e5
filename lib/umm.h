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

#if !defined(__LP64__)
#error "umm needs a 64-bit system: arrays are mapped whole, and sizes are size_t"
#endif

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

enum { UMM_ERROR_PATH_MAX = 512, UMM_ERROR_MESSAGE_MAX = 512, UMM_ERROR_VALUE_MAX = 64 };

/*
 * What went wrong and where. Plain data, no allocation: copy it freely.
 * path is the file as the caller named it, unescaped, cut at the front when it
 * is too long; line and column are 1-based (column counts bytes), 0 when they
 * do not apply; byte is the offset in the (decompressed) input, valid when line
 * is not 0. message has its variable parts already escaped and has no newline. hint
 * and its values say what may help, in codes of umm's own tools; 0 is nothing.
 */
struct umm_error {
    enum umm_status status;
    int sys_errno;
    unsigned hint;
    uint64_t line;
    uint64_t column;
    uint64_t byte;
    char path[UMM_ERROR_PATH_MAX];
    char message[UMM_ERROR_MESSAGE_MAX];
    char hint_values[2][UMM_ERROR_VALUE_MAX];
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
 * idle        called about ten times a second, from the thread that waits, while a pipe
 *             brings nothing or takes nothing; its failure is that of the call
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
    enum umm_status (*idle)(void *user, struct umm_error *err);
    void *idle_user;
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

/* ---- Arrays, mapped ---------------------------------------------------- */

/*
 * An .npy file in memory, read-only: mapped, not copied, so that every process that
 * opens it shares the same pages, and only pages that are touched are read.
 *
 *     file      | header | row 0 | row 1 | ...            | row n-1 |
 *     view                         ^ data      n_rows ^
 *
 * A view is rows of an array: a pointer, a count and a stride. It owns nothing, is made
 * without a system call or an allocation, and is valid until the array is closed.
 *
 * What a mapping means, for those who write the files, too:
 *   - Who cuts a mapped file short gives its readers SIGBUS when they touch what is gone.
 *     umm tools never do; they replace files by rename, or append.
 *   - A file that was replaced by rename stays mapped as it was. Open it again for the
 *     new one.
 *   - An array that is appended to keeps the rows it had when it was opened.
 *   - A device that cannot be read is SIGBUS, too. Programs that must not die of either
 *     read the rows (umm-mmap-slice) instead of mapping them.
 *
 * Any number of threads may use one array at once; closing it is for one.
 */
struct umm_array;

/*
 * Map the .npy file at path: any type and order, record or plain, of at least one
 * dimension. *array is closed by umm_array_close; NULL on failure. UMM_ERR_DATA for what
 * is no complete .npy file, UMM_ERR_UNSUPPORTED, UMM_ERR_SYSTEM, UMM_ERR_MEMORY.
 */
UMM_MUST_USE enum umm_status umm_array_open(struct umm_array **array, const char *path,
                                            struct umm_error *err);

/* Unmap it; views and pointers into it are dangling then. NULL is allowed. */
void umm_array_close(struct umm_array *array);

/*
 * Expect views of few rows that lie far apart: then a page that is touched is read alone.
 * Otherwise the kernel reads around it, which scans want: 128 KiB, on some devices 8 MiB.
 */
void umm_array_expect_random(struct umm_array *array);

enum { UMM_ARRAY_DIMS_MAX = 32, UMM_ARRAY_TYPE_MAX = 24 };

/*
 * What an array is. type is NumPy's, "<f8", or "|V48" for records of 48 bytes. Element
 * [i][k]... lies at data + i * strides[0] + k * strides[1] + ..., in bytes. data is
 * aligned to align_bytes, a power of two up to 4096: at least 64 in files that NumPy or
 * umm-convert wrote. row_bytes belong to each row, which lie together unless is_fortran.
 */
struct umm_array_info {
    const void *data;
    uint64_t data_bytes;
    uint64_t n_rows;
    uint64_t row_bytes;
    uint64_t n_columns;
    size_t align_bytes;
    bool is_record;
    bool is_fortran;
    unsigned n_dims;
    char type[UMM_ARRAY_TYPE_MAX];
    uint64_t shape[UMM_ARRAY_DIMS_MAX];
    uint64_t strides_bytes[UMM_ARRAY_DIMS_MAX];
};

void umm_array_describe(const struct umm_array *array, struct umm_array_info *info);

/*
 * Rows of an array. data is the first value of the first row; the same value of the next
 * row is stride_bytes further. Rows lie end to end in C order (stride_bytes is row_bytes
 * then); in Fortran order the rows of one column do.
 */
struct umm_view {
    const void *data;
    uint64_t first_row;
    uint64_t n_rows;
    uint64_t stride_bytes;
};

/* Rows first <= i < end, in a few nanoseconds. UMM_ERR_ARGUMENT if they are not there. */
UMM_MUST_USE enum umm_status umm_array_view(const struct umm_array *array, uint64_t first,
                                            uint64_t end, struct umm_view *view,
                                            struct umm_error *err);

/* sec since 1970 UTC, rounded down; 0 <= nsec < 1e9. So -0.5 s is {-1, 500000000}. */
struct umm_time {
    int64_t sec;
    int32_t nsec;
};

/*
 * The time of an ISO 8601 text, "2024-01-01" or "2024-01-01T09:30:00+01:00"; UTC without
 * a zone. UMM_ERR_ARGUMENT for any other text.
 */
UMM_MUST_USE enum umm_status umm_time_from_iso(const char *text, struct umm_time *out,
                                               struct umm_error *err);

/*
 * Rows with *from <= time < *to, found by binary search; NULL is no bound. Their time is
 * the field "timestamp" (or the only one of type M8) of a record, column 0 in
 * milliseconds of a plain array. UMM_ERR_DATA without such a column, and when the rows
 * that the search touches are not in order; others are not looked at.
 */
UMM_MUST_USE enum umm_status umm_array_view_time(const struct umm_array *array,
                                                 const struct umm_time *from,
                                                 const struct umm_time *to, struct umm_view *view,
                                                 struct umm_error *err);

/*
 * A column of every view of an array: in each row, size_bytes bytes of `type` at
 * data + offset_bytes. Records may have it at addresses that are no multiple of its size.
 */
struct umm_array_column {
    uint64_t offset_bytes;
    uint64_t size_bytes;
    char type[UMM_ARRAY_TYPE_MAX];
};

/*
 * The column of that name; a plain array of 6 columns has timestamp, open, high, low,
 * close and volume. With type not NULL, UMM_ERR_DATA unless the column is exactly that:
 * "<f8" for umm_view_f64. UMM_ERR_DATA, with the names there are, if it has no such column.
 */
UMM_MUST_USE enum umm_status umm_array_find_column(const struct umm_array *array, const char *name,
                                                   const char *type,
                                                   struct umm_array_column *column,
                                                   struct umm_error *err);

/* Column number index. UMM_ERR_ARGUMENT if there are not that many. */
UMM_MUST_USE enum umm_status umm_array_column_at(const struct umm_array *array, uint64_t index,
                                                 struct umm_array_column *column,
                                                 struct umm_error *err);

/* Where the column's value is in row number `row` of the view, which is not checked. */
static inline const void *umm_view_at(const struct umm_view *view,
                                      const struct umm_array_column *column, uint64_t row)
{
    return (const char *)view->data + row * view->stride_bytes + column->offset_bytes;
}

/* That value, of a column of this machine's f8. */
static inline double umm_view_f64(const struct umm_view *view,
                                  const struct umm_array_column *column, uint64_t row)
{
    double value;
    __builtin_memcpy(&value, umm_view_at(view, column, row), sizeof value);
    return value;
}

/* ---- Memory: arena ----------------------------------------------------- */

/*
 * Many small allocations with one owner, freed all at once. Blocks of memory are
 * taken from malloc and cut from front to back:
 *
 *     block   | header | given out ......... | zeroed ..... | not yet touched ... |
 *                                            next           zeroed_end        end
 *
 * An arena, and all children it has, belongs to one thread at a time. Two arenas
 * share nothing, no cache line either: give each thread its own.
 *
 * Every allocation is aligned to UMM_ARENA_ALIGN and rounded up to a multiple of it;
 * one of 0 bytes counts as one of 1. All zero bytes is an arena with the defaults.
 * Memory that was given back, or whose arena was reset or closed, is poisoned where
 * the library is built with AddressSanitizer, so that its use is reported.
 */
enum { UMM_ARENA_ALIGN = 16, UMM_ARENA_SMALL_MAX = 1024, UMM_ARENA_LISTS = 56 };

/*
 * block_bytes  what is taken from malloc at first, at least 4 KiB; 0 means 64 KiB (a
 *              child: an eighth of its parent's). Later blocks grow with the arena, up
 *              to 32 times that; those of 2 MiB are huge pages where they can be had
 * limit_bytes  never hold more than that, headers included; 0 means no limit
 */
struct umm_arena_options {
    size_t block_bytes;
    size_t limit_bytes;
};

/* Private. */
struct umm_arena {
    char *next, *zeroed_end, *end;
    struct umm_arena_block *first, *last, *current; /* cut into pieces */
    struct umm_arena_block *large, *large_last;     /* of one piece each */
    struct umm_arena_block *spare;                  /* large ones, kept by a reset */
    struct umm_arena *parent;
    bool is_fixed;
    size_t block_bytes, limit_bytes, failed_bytes;
    size_t n_blocks, reserved_bytes; /* spare ones included */
    size_t cut_bytes;                /* of the blocks before current */
    size_t large_bytes, given_back_bytes, peak_bytes;
    void *lists[UMM_ARENA_LISTS]; /* pieces given back, by size */
};

/* Begin with options (NULL: the defaults). Nothing is allocated yet. */
void umm_arena_init(struct umm_arena *arena, const struct umm_arena_options *options);

/*
 * Begin in the len_bytes at buffer, borrowed until the arena is closed: malloc is
 * never called, and what does not fit fails. About 100 bytes are used up.
 */
void umm_arena_init_buffer(struct umm_arena *arena, void *buffer, size_t len_bytes);

/*
 * A child: an arena that takes its blocks from parent, whose limit and buffer thus bind
 * it. It may be reset and closed on its own; it ends with its parent's reset or close.
 */
void umm_arena_init_child(struct umm_arena *child, struct umm_arena *parent,
                          const struct umm_arena_options *options);

/*
 * Everything allocated is invalid; the blocks that were in use stay for what comes
 * next, as long as there is room for it elsewhere. Costs nothing per allocation.
 */
void umm_arena_reset(struct umm_arena *arena);

/* Everything allocated is invalid, all memory is given back. Init begins it anew. */
void umm_arena_close(struct umm_arena *arena);

/* What the inline functions below do when the block at hand is full. */
void *umm_arena_alloc_slow(struct umm_arena *arena, size_t len_bytes, size_t align_bytes,
                           bool is_zeroed);

/* len_bytes zero bytes, or NULL: no memory, limit reached, buffer full. */
UMM_MUST_USE static inline void *umm_arena_alloc(struct umm_arena *arena, size_t len_bytes)
{
    char *at = arena->next;
    size_t rounded = (len_bytes + UMM_ARENA_ALIGN - 1) & ~(size_t)(UMM_ARENA_ALIGN - 1);
    /* After raw allocations zeroed_end may lie before next. */
    if (len_bytes - 1 < UMM_ARENA_SMALL_MAX && (ptrdiff_t)rounded <= arena->zeroed_end - at) {
        arena->next = at + rounded;
        return at;
    }
    return umm_arena_alloc_slow(arena, len_bytes, UMM_ARENA_ALIGN, true);
}

/* The same with any content. */
UMM_MUST_USE static inline void *umm_arena_alloc_raw(struct umm_arena *arena, size_t len_bytes)
{
    char *at = arena->next;
    size_t rounded = (len_bytes + UMM_ARENA_ALIGN - 1) & ~(size_t)(UMM_ARENA_ALIGN - 1);
    if (len_bytes - 1 < UMM_ARENA_SMALL_MAX && rounded <= (size_t)(arena->end - at)) {
        arena->next = at + rounded;
        return at;
    }
    return umm_arena_alloc_slow(arena, len_bytes, UMM_ARENA_ALIGN, false);
}

/* n items of item_bytes zero bytes; NULL also when the product overflows. */
UMM_MUST_USE static inline void *umm_arena_alloc_array(struct umm_arena *arena, size_t n,
                                                       size_t item_bytes)
{
    bool is_too_much = item_bytes && n > SIZE_MAX / 2 / item_bytes;
    return umm_arena_alloc(arena, is_too_much ? SIZE_MAX : n * item_bytes);
}

/* Zero bytes aligned to align_bytes, any power of two: 64 for AVX-512. */
UMM_MUST_USE void *umm_arena_alloc_aligned(struct umm_arena *arena, size_t len_bytes,
                                           size_t align_bytes);

/* A copy of the text, or NULL. */
UMM_MUST_USE char *umm_arena_copy_text(struct umm_arena *arena, const char *text);

/*
 * Make the allocation at, of old_bytes, one of new_bytes, in place if that is possible;
 * bytes beyond the old ones are zero. at NULL allocates. NULL on failure, when at stays
 * as it was. Only UMM_ARENA_ALIGN is kept. The caller says the size, as with C23's
 * free_sized: an arena writes none down, which is half of its speed.
 */
UMM_MUST_USE void *umm_arena_realloc(struct umm_arena *arena, void *at, size_t old_bytes,
                                     size_t new_bytes);

/*
 * Give back one allocation of len_bytes (NULL: nothing happens). The latest one is
 * taken back at once, a large one goes back to malloc, and others serve allocations of
 * their size when the block at hand is full. Neighbours are not joined.
 */
void umm_arena_free(struct umm_arena *arena, void *at, size_t len_bytes);

/*
 * UMM_OK, or UMM_ERR_MEMORY if an allocation failed since init or reset, so that
 * several can be checked at once; the message says what it was for.
 */
UMM_MUST_USE enum umm_status umm_arena_check(const struct umm_arena *arena, const char *what,
                                             struct umm_error *err);

/*
 * n_blocks and reserved_bytes are what the arena holds, used_bytes what is given out
 * (rounded, and with what alignment skipped), peak_bytes the most it ever was.
 */
struct umm_arena_stats {
    size_t n_blocks;
    size_t reserved_bytes;
    size_t used_bytes;
    size_t peak_bytes;
};

void umm_arena_stats(const struct umm_arena *arena, struct umm_arena_stats *stats);

/* ---- Memory: bounded cache --------------------------------------------- */

/*
 * A cache of a fixed number of entries: the least recently used one goes first, and no
 * entry is returned later than ttl after it was put. Everything is allocated at
 * creation. Keys are bytes, values are copied in and out.
 */
struct umm_cache;

/*
 * Zero-initialise for the defaults; value_bytes must be set.
 *
 * capacity       entries; 0 means 100
 * value_bytes    of every value
 * key_max_bytes  the longest key; 0 means 64
 * ttl_ns         how long an entry lives; 0 means 1,800 seconds
 * known_max      distinct keys remembered to tell first misses from others; 0 means the
 *                greater of 4096 and four times capacity. A key costs 16 bytes
 * is_locked      any thread may call; otherwise one at a time
 * clock_ns       a monotonic clock in nanoseconds; NULL means CLOCK_MONOTONIC
 */
struct umm_cache_options {
    size_t capacity;
    size_t value_bytes;
    size_t key_max_bytes;
    uint64_t ttl_ns;
    size_t known_max;
    bool is_locked;
    uint64_t (*clock_ns)(void *user);
    void *clock_user;
};

/*
 * Every get is a hit or a miss. A miss is compulsory when its key was never asked for or
 * put before: no cache could have had it. That is exact until known_max distinct keys
 * have come (but for two of them having the same 64-bit hash); afterwards a miss whose
 * key is not among those is counted as unclassified, for memory is bounded. An entry
 * found too old counts as an expiration, where it was asked for or where it was next to
 * go; one that goes before its time for want of room is an eviction.
 */
struct umm_cache_stats {
    size_t n_entries;
    uint64_t n_hits;
    uint64_t n_misses;
    uint64_t n_compulsory_misses;
    uint64_t n_unclassified_misses;
    uint64_t n_expirations;
    uint64_t n_evictions;
};

/* UMM_ERR_MEMORY, or UMM_ERR_ARGUMENT for sizes beyond any memory. Free it. */
UMM_MUST_USE enum umm_status umm_cache_new(struct umm_cache **cache,
                                           const struct umm_cache_options *options,
                                           struct umm_error *err);
void umm_cache_free(struct umm_cache *cache);

/* Copy the key's value out: a hit. False is a miss, value is untouched. O(1). */
bool umm_cache_get(struct umm_cache *cache, const void *key, size_t key_bytes, void *value);

/* Put or replace; its time to live begins. UMM_ERR_ARGUMENT: the key is too long. O(1). */
UMM_MUST_USE enum umm_status umm_cache_put(struct umm_cache *cache, const void *key,
                                           size_t key_bytes, const void *value,
                                           struct umm_error *err);

/* Forget one entry; false when there was none. All entries; the counts stay. */
bool umm_cache_remove(struct umm_cache *cache, const void *key, size_t key_bytes);
void umm_cache_clear(struct umm_cache *cache);

void umm_cache_stats(struct umm_cache *cache, struct umm_cache_stats *stats);

/* ---- Memory: buffer pool ----------------------------------------------- */

/*
 * A fixed number of equal buffers, allocated at creation and lent out, last returned
 * first lent. Each begins on a cache line. Content is whatever the last user left.
 */
struct umm_bufpool;

struct umm_bufpool_stats {
    size_t n_buffers;
    size_t n_lent;
    size_t n_lent_peak;
    uint64_t n_takes;   /* that got a buffer */
    uint64_t n_refused; /* that found none */
};

/* n_buffers of buffer_bytes. is_locked: any thread may call; otherwise one at a time. */
UMM_MUST_USE enum umm_status umm_bufpool_new(struct umm_bufpool **pool, size_t n_buffers,
                                             size_t buffer_bytes, bool is_locked,
                                             struct umm_error *err);

/* Lent buffers go with it. */
void umm_bufpool_free(struct umm_bufpool *pool);

/* A buffer, or NULL when all are lent. */
UMM_MUST_USE void *umm_bufpool_take(struct umm_bufpool *pool);

/* Return one (NULL: nothing happens). False, and nothing done: it is not lent by pool. */
bool umm_bufpool_give(struct umm_bufpool *pool, void *buffer);

void umm_bufpool_stats(struct umm_bufpool *pool, struct umm_bufpool_stats *stats);

/* ---- Memory: sliding window -------------------------------------------- */

/*
 * The last n_rows rows of a stream, always in one piece and in order. Each row is
 * written twice, one window apart, so that nothing is ever moved:
 *
 *     | r4 r5 r2 r3 | r4 r5 r2 r3 |      the window: r2 r3 r4 r5
 *             ^-------------^
 *
 * One thread at a time.
 */
struct umm_ring;

UMM_MUST_USE enum umm_status umm_ring_new(struct umm_ring **ring, size_t n_rows, size_t row_bytes,
                                          struct umm_error *err);
void umm_ring_free(struct umm_ring *ring);

/* Add a row (row_bytes, copied); the oldest goes when the window is full. */
void umm_ring_push(struct umm_ring *ring, const void *row);

/* Overwrite the newest row, of a bar still open; false when there is none. */
bool umm_ring_replace_last(struct umm_ring *ring, const void *row);

/*
 * The rows, oldest first, *n_rows of them (fewer at the beginning). Borrowed until the
 * next push or replace.
 */
const void *umm_ring_window(const struct umm_ring *ring, size_t *n_rows);

/* The newest n rows, or NULL when there are fewer; borrowed as above. */
const void *umm_ring_last(const struct umm_ring *ring, size_t n);

/* Forget all rows. n_pushed counts those ever pushed since creation or clear. */
void umm_ring_clear(struct umm_ring *ring);
uint64_t umm_ring_n_pushed(const struct umm_ring *ring);

/* ---- Memory: operation statistics -------------------------------------- */

/*
 * How long operations took, of the most recent ones only, in memory of fixed size: the
 * last 500 of all and the last 100 of each kind. Recording is a few stores.
 */
struct umm_opstats;

enum { UMM_OPSTATS_RECENT = 500, UMM_OPSTATS_RECENT_KIND = 100, UMM_OPSTATS_KINDS_MAX = 64 };

/*
 * n_total were recorded ever, n_recent are summed up here. Percentiles are by nearest
 * rank: p90 is the smallest duration that at least 90 % do not exceed. All 0 for none.
 */
struct umm_opstats_summary {
    uint64_t n_total;
    size_t n_recent;
    uint64_t min_ns, mean_ns, max_ns;
    uint64_t p50_ns, p90_ns, p99_ns;
};

/* Kinds are numbered 0 to n_kinds - 1. UMM_ERR_ARGUMENT: none or too many of them. */
UMM_MUST_USE enum umm_status umm_opstats_new(struct umm_opstats **stats, unsigned n_kinds,
                                             bool is_locked, struct umm_error *err);
void umm_opstats_free(struct umm_opstats *stats);

/* An operation of that kind took so long. A kind that is not there is ignored. */
void umm_opstats_record(struct umm_opstats *stats, unsigned kind, uint64_t duration_ns);

/* Of one kind, and of all. */
void umm_opstats_kind(struct umm_opstats *stats, unsigned kind,
                      struct umm_opstats_summary *summary);
void umm_opstats_all(struct umm_opstats *stats, struct umm_opstats_summary *summary);

/* ---- Feature store ----------------------------------------------------- */

/*
 * Vectors of float32 by id in files that many processes map: any number of readers and
 * one writer at a time. A store is a directory:
 *
 *     vectors.npy   max_positions x dim, <f4
 *     slots.npy     per position: id (bytes), active (bool), timestamp (<M8[ns]),
 *                   generation (<u4: 0 never used, odd while written), check (<u4)
 *     index.umm     from id to position, and the order in which inactive ones go;
 *                   rebuilt from the slots when there is doubt
 *
 * Both arrays may be read with NumPy, mapped; write them only with umm. A full store
 * gives the oldest inactive position (by timestamp) to a new id.
 *
 * Readers take no lock, wait for nobody and never see half a vector. When a writer is
 * killed in the middle of a vector, its id is absent until the next writer opens the
 * store. What is put is seen at once by all; it survives a power cut once
 * umm_store_sync, umm_store_close or the store's creation has returned.
 *
 * Put, get, mark and list cost constant time, eviction log(n); opening does, too, unless
 * a writer was killed before. One thread at a time per open store: threads open their own.
 */
struct umm_store;

enum { UMM_STORE_ID_MAX = 247, UMM_STORE_DIM_MAX = 1 << 20 };

/*
 * max_positions  at most 2^30; 0 means 1000
 * dim            floats in a vector, 1 to UMM_STORE_DIM_MAX; 0 means 32
 * id_max_bytes   the longest id, up to UMM_STORE_ID_MAX; 0 means 31. Room is 7, 15, 23,
 *                31, 39, ... bytes: the next of these is taken
 */
struct umm_store_options {
    uint64_t max_positions;
    uint32_t dim;
    uint32_t id_max_bytes;
};

/*
 * Make the directory path with an empty store, all its room reserved: a full device is
 * an error now. Nothing is done when there is a store of that shape, empty or not;
 * UMM_ERR_CONFLICT when there is anything else.
 */
UMM_MUST_USE enum umm_status
umm_store_create(const char *path, const struct umm_store_options *options, struct umm_error *err);

enum umm_store_access {
    UMM_STORE_READ,
    UMM_STORE_WRITE,    /* wait until no other writer has it, or run is cancelled */
    UMM_STORE_WRITE_NOW /* UMM_ERR_BUSY when one has */
};

/*
 * Open the store in the directory path; *store is closed by umm_store_close, NULL on
 * failure. UMM_ERR_DATA for what is no store, or a damaged one; UMM_ERR_CONFLICT for a
 * writer when one of its files is a link out of it. A writer that finds the traces of a
 * killed one repairs them first, in time linear in the store's size.
 */
UMM_MUST_USE enum umm_status umm_store_open(struct umm_store **store, const char *path,
                                            enum umm_store_access access, struct umm_run *run,
                                            struct umm_error *err);

/* Sync if it was open for writing, let go of everything. NULL is allowed. */
enum umm_status umm_store_close(struct umm_store *store, struct umm_error *err);

/* All that was put so far is on the device. */
UMM_MUST_USE enum umm_status umm_store_sync(struct umm_store *store, struct umm_error *err);

/*
 * n_entries are active or inactive; n_bytes is what the files take; n_puts and
 * n_evictions count since creation or the last repair; n_cleared are positions that this
 * opening found half written, or with an id that a newer one has, and emptied.
 */
struct umm_store_info {
    uint64_t max_positions;
    uint32_t dim, id_max_bytes;
    uint64_t n_entries, n_inactive;
    uint64_t n_puts, n_evictions;
    uint64_t n_bytes;
    uint64_t n_cleared;
};

void umm_store_info(const struct umm_store *store, struct umm_store_info *info);

/* A position's slot. id is terminated. */
struct umm_store_entry {
    char id[UMM_STORE_ID_MAX + 1];
    size_t id_bytes;
    bool is_active;
    int64_t timestamp_ns; /* since 1970 */
    uint64_t position;
};

/*
 * Store a vector of dim floats under the id_bytes bytes at id, active, new or in place
 * of the one it has. UMM_ERR_ARGUMENT for an id that is empty, too long or has a control
 * character; UMM_ERR_CONFLICT when the store is full of active ones.
 */
UMM_MUST_USE enum umm_status umm_store_put(struct umm_store *store, const void *id, size_t id_bytes,
                                           const float *vector, int64_t timestamp_ns,
                                           struct umm_error *err);

/*
 * Copy the id's vector (and its slot, unless entry is NULL). False: there is none, and
 * both may have any content. vector may be NULL, too.
 */
bool umm_store_get(struct umm_store *store, const void *id, size_t id_bytes, float *vector,
                   struct umm_store_entry *entry);

/*
 * Many at once, which hides the time memory takes: n ids, each in cell_bytes with zero
 * bytes behind (as in NumPy's S type), n vectors end to end, and whether each was found.
 * Returns how many were; vectors of others may have any content.
 */
size_t umm_store_get_many(struct umm_store *store, const char *ids, size_t cell_bytes, size_t n,
                          float *vectors, bool *is_found);

/* The same for put; *n_put is n unless the next one failed. */
UMM_MUST_USE enum umm_status umm_store_put_many(struct umm_store *store, const char *ids,
                                                size_t cell_bytes, size_t n, const float *vectors,
                                                int64_t timestamp_ns, size_t *n_put,
                                                struct umm_error *err);

/* Mark an id as not needed: it stays until its room is. False: there is none. */
bool umm_store_mark_inactive(struct umm_store *store, const void *id, size_t id_bytes);

/* Remove the oldest inactive entry; id, unless NULL, is then what it was. False: none. */
bool umm_store_evict(struct umm_store *store, struct umm_store_entry *entry);

/*
 * The first entry at `position` or behind, in order of positions, with its vector unless
 * that is NULL. False at the end. For listing: go on with entry->position + 1.
 */
bool umm_store_next(struct umm_store *store, uint64_t position, struct umm_store_entry *entry,
                    float *vector);

/*
 * More positions. Readers that have the store open find out when they miss an id. In
 * time linear in the store's size. UMM_ERR_CONFLICT: fewer than there are.
 */
UMM_MUST_USE enum umm_status umm_store_resize(struct umm_store *store, uint64_t max_positions,
                                              struct umm_error *err);

/* ---- Features over bars ------------------------------------------------ */

/*
 * Technical features of OHLCV bars, row by row: averages, ranges, oscillators, bands.
 * A plan says which, by a spec such as "ema:20,ema:200@high,macd:12:26:9": names,
 * parameters after colons, '@' and the series they are taken of. A state is one
 * symbol's progress through its bars. However the rows are cut into calls, and
 * whichever engine runs, the results are the same bits; a state may be saved and
 * loaded between any two rows.
 *
 * A plan never changes once made: threads may share it, each with states of its own.
 * Nothing but the _plan and _state_new calls allocates.
 */
struct umm_features;
struct umm_features_state;

/* Whose definitions to follow where they differ; umm-features(1) has the table. */
enum umm_features_compat {
    UMM_FEATURES_TALIB = 0,
    UMM_FEATURES_TRADINGVIEW,
    UMM_FEATURES_TULIP,
    UMM_FEATURES_PANDAS,
    UMM_FEATURES_METASTOCK
};

/*
 * What a row means in which a series of a feature is not a finite number.
 *   ERROR  the call ends there, and names row and column
 *   RESET  the feature has no value there and starts anew with the next row
 *   HOLD   the feature takes no notice of the row and repeats its last value
 */
enum umm_features_nan { UMM_FEATURES_NAN_ERROR = 0, UMM_FEATURES_NAN_RESET, UMM_FEATURES_NAN_HOLD };

/* Switches over single definitions; 0 is what compat says. */
enum umm_features_seed {
    UMM_FEATURES_SEED_COMPAT = 0,
    UMM_FEATURES_SEED_MEAN, /* averages begin with the mean of their first n values */
    UMM_FEATURES_SEED_FIRST /* with their first value */
};
enum umm_features_deviation {
    UMM_FEATURES_DEVIATION_COMPAT = 0,
    UMM_FEATURES_DEVIATION_POPULATION, /* divides by n */
    UMM_FEATURES_DEVIATION_SAMPLE      /* by n - 1 */
};
enum umm_features_start {
    UMM_FEATURES_START_COMPAT = 0,
    UMM_FEATURES_START_UNDEFINED, /* the first bar has no true range; obv begins at 0 */
    UMM_FEATURES_START_DEFINED    /* it is high - low; obv begins at the first volume */
};
enum umm_features_flat {
    UMM_FEATURES_FLAT_COMPAT = 0, /* the rsi of prices that did not move at all is */
    UMM_FEATURES_FLAT_0,
    UMM_FEATURES_FLAT_50,
    UMM_FEATURES_FLAT_100,
    UMM_FEATURES_FLAT_NAN
};

/* All zero: TA-Lib's definitions, NaN is an error, days of UTC. */
struct umm_features_rules {
    enum umm_features_compat compat;
    enum umm_features_nan nan;
    enum umm_features_seed ema_seed, rma_seed;
    enum umm_features_deviation deviation;
    enum umm_features_start true_range, obv;
    enum umm_features_flat rsi_flat;
    const char *time_zone; /* whose days anchor vwap; NULL: UTC */
};

/* Columns of bars, one double per row. Those that a plan does not need may be NULL. */
struct umm_bars {
    const double *time_ms; /* since 1970 UTC */
    const double *open, *high, *low, *close, *volume;
};

/* Bits of umm_features_columns. */
enum {
    UMM_FEATURES_TIME = 1,
    UMM_FEATURES_OPEN = 2,
    UMM_FEATURES_HIGH = 4,
    UMM_FEATURES_LOW = 8,
    UMM_FEATURES_CLOSE = 16,
    UMM_FEATURES_VOLUME = 32
};

enum { UMM_FEATURES_NAME_MAX = 64 };

/*
 * Make the plan of spec under rules (NULL: all zero); umm_features_free it.
 * UMM_ERR_ARGUMENT names the offending feature, parameter or zone.
 */
UMM_MUST_USE enum umm_status umm_features_plan(const char *spec,
                                               const struct umm_features_rules *rules,
                                               struct umm_features **out, struct umm_error *err);
void umm_features_free(struct umm_features *features);

/* The columns of bars that the plan reads. */
unsigned umm_features_columns(const struct umm_features *features);

/* Number of outputs, and of output i its name ("macd_signal_12_26_9") and how many rows
 * have no value before its first. */
size_t umm_features_n_outputs(const struct umm_features *features);
const char *umm_features_name(const struct umm_features *features, size_t i);
uint64_t umm_features_lookback(const struct umm_features *features, size_t i);

/* The plan as text in full, defaults and rules included: equal texts, equal results. */
const char *umm_features_text(const struct umm_features *features);

/* A state before its first row; it uses the plan, which must outlive it. */
UMM_MUST_USE enum umm_status umm_features_state_new(const struct umm_features *features,
                                                    struct umm_features_state **out,
                                                    struct umm_error *err);
void umm_features_state_free(struct umm_features_state *state);

/* Back to before the first row; and a copy, between states of one plan. */
void umm_features_state_reset(struct umm_features_state *state);
void umm_features_state_copy(struct umm_features_state *to, const struct umm_features_state *from);

/* Rows that the state has taken. */
uint64_t umm_features_state_rows(const struct umm_features_state *state);

/*
 * Take n_rows bars: out[i][row] is output i, a NaN (0x7ff8000000000000) where it has no
 * value. Columns and outputs must not overlap. UMM_ERR_DATA under NAN_ERROR: the rows
 * before the one named were taken, and their outputs written. UMM_ERR_CANCELLED as run
 * says, between rows of which umm_features_state_rows knows the number.
 */
UMM_MUST_USE enum umm_status umm_features_take(struct umm_features_state *state,
                                               const struct umm_bars *bars, size_t n_rows,
                                               double *const *out, const struct umm_run *run,
                                               struct umm_error *err);

/*
 * The same for n_states different states of one plan, such as one per symbol, n_rows of each:
 * bars[s] and out[s] are state s's, which may have taken any number of rows before. The bits
 * are those of umm_features_take for each. Recurrences (ema, rma, macd, atr, natr, rsi, adx) of
 * up to 16 states are computed side by side, from 4 states and 32 rows on and until one of them
 * meets a value that is not finite; nothing else is faster so. Each state takes what it can: the
 * status is that of the first that failed, *failed, which is n_states if none did. One thread
 * takes them all; others may take other states of the plan meanwhile.
 */
UMM_MUST_USE enum umm_status umm_features_take_many(struct umm_features_state *const *states,
                                                    const struct umm_bars *bars, size_t n_states,
                                                    size_t n_rows, double *const *const *out,
                                                    const struct umm_run *run, size_t *failed,
                                                    struct umm_error *err);

/* Take one bar, in the order of the columns: time_ms, open, high, low, close, volume. */
UMM_MUST_USE enum umm_status umm_features_push(struct umm_features_state *state,
                                               const double bar[6], double *out,
                                               struct umm_error *err);

/*
 * The state as bytes that any machine can load into a state of an equal plan. _load
 * leaves the state alone unless it succeeds: UMM_ERR_DATA for bytes that are damaged,
 * UMM_ERR_CONFLICT for those of another plan, UMM_ERR_UNSUPPORTED for another version.
 */
size_t umm_features_state_size(const struct umm_features_state *state);
void umm_features_state_save(const struct umm_features_state *state, void *bytes);
UMM_MUST_USE enum umm_status umm_features_state_load(struct umm_features_state *state,
                                                     const void *bytes, size_t len_bytes,
                                                     struct umm_error *err);

/*
 * Feature i of all there are: what it is called and what it is, for people; NULL past
 * the last. *usage is its spec with defaults, *origin where its definition comes from.
 */
const char *umm_features_describe(size_t i, const char **usage, const char **about,
                                  const char **origin);

/* ---- Memory: malloc ---------------------------------------------------- */

/*
 * What a long-lived program may want to set before it starts threads; 0 leaves a matter
 * to the C library.
 *
 * arenas_max  heaps that threads spread over. glibc makes up to 8 a processor, each of
 *             which keeps what its threads freed; 1 or 2 cost little unless threads
 *             allocate all the time
 * trim_bytes  free memory at a heap's end beyond that goes back to the system. glibc
 *             begins with 128 KiB and moves it upwards; a small one costs a call and
 *             page faults again and again, a large one keeps a peak's memory
 * map_bytes   blocks from that size on are mappings of their own, and go back when freed;
 *             at most 32 MiB
 */
struct umm_malloc_tuning {
    uint32_t arenas_max;
    uint32_t trim_bytes;
    uint32_t map_bytes;
};

/* False when the C library has no such settings, or refuses one. See mallopt(3). */
bool umm_malloc_tune(const struct umm_malloc_tuning *tuning);

#ifdef __cplusplus
}
#endif

#endif
