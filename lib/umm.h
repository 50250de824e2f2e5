/* SPDX-License-Identifier: MIT */
/*
 * umm.h - the public C interface of libumm.
 *
 * It holds the types that every part of the library shares (status, error, run
 * context), numbers, times, arrays and features. Beside it are installed
 *
 *     umm/store.h    vectors by id in mapped files
 *     umm/model.h    models of rows, run in float or int8
 *     umm/mem.h      arena, cache, buffers, window, figures of operations
 *
 * Everything else in libumm.a is private and may change without notice.
 *
 * Conventions
 *   - A function that can fail returns a must-use enum umm_status; UMM_OK is 0.
 *     A trailing `struct umm_error *err` may be NULL; otherwise it is filled on
 *     failure and left alone on success. umm_error_text words it for people.
 *   - Parameters stand in this order: the object that the call is about, what goes
 *     in, the run context, what comes out, the error.
 *   - Objects are opened and closed: umm_x_open gives one, umm_x_close takes it, or
 *     NULL. What gives a writer (umm_array_create, umm_array_append) opens it. A failed
 *     open gives NULL.
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

/* The version of this header; the Makefile and the checks read this line. */
#define UMM_VERSION "0.1.0"

/* For #if: UMM_VERSION_NUMBER is 100 for 0.1.0. */
#define UMM_VERSION_MAJOR  0
#define UMM_VERSION_MINOR  1
#define UMM_VERSION_PATCH  0
#define UMM_VERSION_NUMBER (UMM_VERSION_MAJOR * 10000 + UMM_VERSION_MINOR * 100 + UMM_VERSION_PATCH)

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
    UMM_ERR_CANCELLED,   /* the run context asked to stop */
    UMM_ERR_ABSENT       /* it was looked for, and is not there */
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

/* Room for every text of an error. */
enum { UMM_ERROR_TEXT_MAX = 4 * UMM_ERROR_PATH_MAX + UMM_ERROR_MESSAGE_MAX + 128 };

/*
 * What err says, as one line without its end, in out, which it returns:
 * "bars.csv:17:3: not a number: \"12,5\"", "bars.npy: cannot open: No such file or directory".
 * A path is escaped where it has control characters or quotes. A text that does not fit in
 * cap_bytes (at least 1) is cut.
 */
const char *umm_error_text(const struct umm_error *err, char *out, size_t cap_bytes);

/* ---- Run context ------------------------------------------------------- */

/*
 * What a long call needs from its caller. Zero-initialise it for the defaults.
 * A call that takes a `struct umm_run *` accepts NULL for all defaults.
 *
 * cancelled   set it (umm_run_cancel, from any thread or a signal handler) and
 *             the call cleans up and returns UMM_ERR_CANCELLED soon after
 * n_threads   worker threads to use; 0 means the calling thread's affinity mask
 * progress    called from one thread at a time, not always the calling one, at most
 *             about ten times a second, with work done and total in bytes (total 0:
 *             unknown); so is clock_ns
 * cancel_with another run: cancelling that one cancels this one too; NULL for none
 * clock_ns    a monotonic clock in nanoseconds; NULL means CLOCK_MONOTONIC
 * lock_limit_ns  how long a lock that another process holds is waited for, then it is UMM_ERR_BUSY;
 *             0: an hour; UINT64_MAX: without end. cancel_with's counts if this one has none
 * idle        called about ten times a second, from the thread that waits, while a pipe
 *             brings nothing or takes nothing; its failure is that of the call
 */
struct umm_run {
    int cancelled;
    const struct umm_run *cancel_with;
    unsigned n_threads;
    void (*progress)(void *user, uint64_t done_bytes, uint64_t total_bytes);
    void *progress_user;
    uint64_t (*clock_ns)(void *user);
    void *clock_user;
    enum umm_status (*idle)(void *user, struct umm_error *err);
    void *idle_user;
    uint64_t lock_limit_ns;
    const struct umm_tuning *tuning; /* private: leave it NULL */
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
 * opens it shares the same pages, and only pages that are touched are read. An archive
 * (umm-archive) is opened in the same way; it is not mapped, but a view of its rows has
 * the frames that hold them unpacked into memory of this process, until the close.
 *
 *     file      | header | row 0 | row 1 | ...            | row n-1 |
 *     view                         ^ data      n_rows ^
 *
 * A view is rows of an array: a pointer, a count and a stride. It owns nothing, is made
 * without a system call or an allocation, and is valid until the array is closed.
 *
 * What a mapping means, also for programs that write the files:
 *   - To cut a mapped file short gives its readers SIGBUS when they touch what is gone.
 *     umm tools never do; they replace files by rename, or append.
 *   - A file that was replaced by rename stays mapped as it was. Open it again for the
 *     new one.
 *   - An array that is appended to keeps the rows it had when it was opened.
 *   - A device that cannot be read is also SIGBUS. Programs that must not die of either
 *     read the rows (umm-mmap-slice) instead of mapping them.
 *
 * A view of an archive allocates nothing either, but it may wait for other threads, and
 * fail: UMM_ERR_DATA for damage, UMM_ERR_SYSTEM.
 *
 * Any number of threads may use one array at once; closing it is for one.
 */
struct umm_array;

/*
 * Map the .npy file at path: any type and order, record or plain, of at least one
 * dimension. *array is closed by umm_array_close; NULL on failure. UMM_ERR_DATA for what
 * is no complete .npy file, UMM_ERR_UNSUPPORTED, UMM_ERR_SYSTEM, UMM_ERR_MEMORY.
 */
UMM_MUST_USE enum umm_status umm_array_open(const char *path, struct umm_array **array,
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
 * umm-convert wrote. Of an archive data is NULL: only views have its rows. row_bytes belong to each
 * row, which lie together unless is_fortran.
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

/* ---- Arrays, written --------------------------------------------------- */

/*
 * Rows for an .npy file. Readers see the array as it was, or as a commit left it, and
 * never a part of it: also when the process is killed, or the power fails, at any moment.
 *
 *     create    a new array, which takes the place of what path has at its one commit
 *     append    more rows for the array that is there, at each of its commits
 *     push      rows into buffer and file, invisible to all others
 *     commit    what was pushed is on the device, then visible
 *     close     what was pushed and not committed is gone
 *
 * An array that is mapped keeps the rows it had: open it again for more. After a failure
 * only close the writer. One thread at a time.
 */
struct umm_array_writer;

/* A column of records: its name, and its type as NumPy writes it: "<f8", "<M8[ms]", "|S8". */
struct umm_array_field {
    const char *name;
    const char *type;
};

/*
 * What rows are. Records of n_fields fields end to end; or, without fields, `width` values
 * of a type (bars: 6 of "<f8"), 0 for an array of one dimension.
 */
struct umm_array_layout {
    const struct umm_array_field *fields;
    size_t n_fields;
    const char *type;
    uint64_t width;
};

/*
 * Begin a new array at path; pool:NAME/KEY is an entry of a pool. UMM_ERR_ARGUMENT for a
 * type that is none; UMM_ERR_CONFLICT where the place is an archive's, a store's or a
 * pool's. run, which may be NULL, must live until the close.
 */
UMM_MUST_USE enum umm_status umm_array_create(const char *path,
                                              const struct umm_array_layout *layout,
                                              struct umm_run *run, struct umm_array_writer **writer,
                                              struct umm_error *err);

/*
 * Begin to append to the array at path. It is made, without rows, if there is none and
 * layout is not NULL; otherwise its rows must be those of the layout, or UMM_ERR_CONFLICT.
 * Bytes after the array, which a killed append left, are cut off. UMM_ERR_BUSY: another
 * writer has it, until the close of that.
 */
UMM_MUST_USE enum umm_status umm_array_append(const char *path,
                                              const struct umm_array_layout *layout,
                                              struct umm_run *run, struct umm_array_writer **writer,
                                              struct umm_error *err);

/* Add n_rows rows, end to end in C order. */
UMM_MUST_USE enum umm_status umm_array_push(struct umm_array_writer *writer, const void *rows,
                                            size_t n_rows, struct umm_error *err);

/*
 * Make what was pushed durable, then visible. UMM_ERR_CONFLICT: another program, which takes
 * no lock, has written the array's header, or replaced the file. UMM_ERR_ARGUMENT: a second
 * commit of a new array.
 */
UMM_MUST_USE enum umm_status umm_array_commit(struct umm_array_writer *writer,
                                              struct umm_error *err);

void umm_array_writer_close(struct umm_array_writer *writer);

/* ---- Pools ------------------------------------------------------------- */

/*
 * Arrays in memory under names: complete, read-only .npy files in a directory of the
 * user's own, which any number of processes map and nobody copies. An entry appears
 * complete, or not at all; readers keep what they have mapped when it is replaced or
 * removed. The budget bounds the sizes of all entries. umm-pool(1) has the rest.
 *
 * root is the directory that pools are in; NULL: /dev/shm. One thread at a time per open
 * pool; processes do not disturb each other.
 */
struct umm_pool;

/*
 * Make the pool `name` in the directory root. That it is there already with this budget
 * is no error (*is_new false); with another it is UMM_ERR_CONFLICT. Names of pools and
 * keys are 1 to the stated number of bytes, without '/', control characters and a dot
 * at the front: UMM_ERR_ARGUMENT. A directory that is not this user's own, is open to
 * others or is a link is UMM_ERR_CONFLICT.
 */
UMM_MUST_USE enum umm_status umm_pool_create(const char *root, const char *name,
                                             uint64_t budget_bytes, struct umm_run *run,
                                             bool *is_new, struct umm_error *err);

/* Open it; failures as above. UMM_ERR_CONFLICT when the directory is no (whole) pool. */
UMM_MUST_USE enum umm_status umm_pool_open(const char *root, const char *name,
                                           struct umm_pool **pool, struct umm_error *err);
void umm_pool_close(struct umm_pool *pool);

/*
 * Remove the pool and all in it: nothing at all when it holds a file that is not a
 * pool's (UMM_ERR_CONFLICT), or an entry is being written (UMM_ERR_BUSY). A run that was
 * killed is finished by the next.
 */
UMM_MUST_USE enum umm_status umm_pool_unlink(const char *root, const char *name,
                                             struct umm_run *run, struct umm_error *err);

/*
 * Copy the array in the file input ("-": standard input) to an entry; one of that key
 * is replaced. Bytes after the array are left out of a file's copy, and are
 * UMM_ERR_DATA in a stream. The budget, then the memory itself is set aside before the
 * copy begins: UMM_ERR_CONFLICT when the budget does not allow it, ENOSPC when the
 * memory is not there.
 */
UMM_MUST_USE enum umm_status umm_pool_put(const struct umm_pool *pool, const char *key,
                                          const char *input, struct umm_run *run,
                                          struct umm_error *err);

/* The same for n_rows rows that are in memory, of that layout. */
UMM_MUST_USE enum umm_status umm_pool_put_rows(const struct umm_pool *pool, const char *key,
                                               const struct umm_array_layout *layout,
                                               const void *rows, uint64_t n_rows,
                                               struct umm_run *run, struct umm_error *err);

/*
 * Map an entry, as umm_array_open maps a file; the pool may be closed before the array is.
 * UMM_ERR_ABSENT: there is no such entry.
 */
UMM_MUST_USE enum umm_status umm_pool_get(const struct umm_pool *pool, const char *key,
                                          struct umm_array **array, struct umm_error *err);

/* Remove an entry; UMM_ERR_SYSTEM with ENOENT when there is none. */
UMM_MUST_USE enum umm_status umm_pool_remove(const struct umm_pool *pool, const char *key,
                                             const struct umm_run *run, struct umm_error *err);

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
 * Nothing but the _open and _state_open calls allocates.
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
 * Make the plan of spec under rules (NULL: all zero); close it.
 * UMM_ERR_ARGUMENT names the offending feature, parameter or zone.
 */
UMM_MUST_USE enum umm_status umm_features_open(const char *spec,
                                               const struct umm_features_rules *rules,
                                               struct umm_features **out, struct umm_error *err);
void umm_features_close(struct umm_features *features);

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
UMM_MUST_USE enum umm_status umm_features_state_open(const struct umm_features *features,
                                                     struct umm_features_state **out,
                                                     struct umm_error *err);
void umm_features_state_close(struct umm_features_state *state);

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
                                               const struct umm_run *run, double *const *out,
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
                                                    size_t n_rows, const struct umm_run *run,
                                                    double *const *const *out, size_t *failed,
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

#ifdef __cplusplus
}
#endif

#endif
