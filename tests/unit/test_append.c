/* SPDX-License-Identifier: MIT */
/*
 * The calls that change a file go through this program's own pwrite, fdatasync and
 * ftruncate, which can fail at any of them and watch what an array's readers see.
 */
#include "convert/append.h"
#include "sys/file.h"

#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the calls ------------------------------------------------------------------ */

enum { HEADER = 128, ROW = 48 };

static struct {
    int n_calls;
    int fail_from, fail_to; /* calls from..to fail, counted from 1 */
    off_t visible;          /* bytes that some header has counted */
    bool has_cut_visible;
    bool has_published_unsynced; /* a header was written before its rows were synced */
    bool is_dirty;
    bool is_unreadable;
    bool is_read_late; /* another program counts its rows before the first read */
} calls;

static bool must_fail(void)
{
    calls.n_calls++;
    if (calls.n_calls < calls.fail_from || calls.n_calls > calls.fail_to)
        return false;
    errno = EIO;
    return true;
}

static off_t counted_bytes(const char *header, size_t len)
{
    struct umm_npy npy;
    if (umm_npy_parse(header, len, &npy, NULL) != UMM_OK)
        return 0;
    off_t bytes = (off_t)(npy.data_offset_bytes + umm_npy_data_bytes(&npy));
    umm_npy_free(&npy);
    return bytes;
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t at)
{
    if (must_fail())
        return -1;
    if (at == 0) {
        off_t bytes = counted_bytes(buf, n);
        calls.visible = bytes > calls.visible ? bytes : calls.visible;
        calls.has_published_unsynced |= calls.is_dirty;
    } else {
        calls.is_dirty = true;
    }
    return syscall(SYS_pwrite64, fd, buf, n, at);
}

/* Without the sync itself, for which thousands of small arrays would wait long. */
int fdatasync(int fd)
{
    (void)fd;
    if (must_fail())
        return -1;
    calls.is_dirty = false;
    return 0;
}

static void count_others(int fd);

/* By the name of its symbol: a fortified pread is an inline function, which clang keeps. */
ssize_t hooked_pread(int fd, void *buf, size_t n, off_t at) __asm__("pread64");

ssize_t hooked_pread(int fd, void *buf, size_t n, off_t at)
{
    if (calls.is_unreadable) {
        errno = EIO;
        return -1;
    }
    if (calls.is_read_late) {
        calls.is_read_late = false;
        count_others(fd);
    }
    return syscall(SYS_pread64, fd, buf, n, at);
}

int ftruncate(int fd, off_t len)
{
    if (must_fail())
        return -1;
    calls.has_cut_visible |= len < calls.visible;
    return (int)syscall(SYS_ftruncate, fd, len);
}

/* ---- arrays ---------------------------------------------------------------------- */

static char scratch[64], path[96];
static struct umm_schema schema;
static struct umm_found *found;

static int make_schema(void **state)
{
    (void)state;
    static const char *names[] = {"timestamp", "open", "high", "low", "close", "volume"};
    struct umm_names all = {.has_names = true, .n = 6, .text = names};
    struct umm_schema_options options = {.time_unit = UMM_TIME_MS};
    strcpy(scratch, "/tmp/umm-test-append-XXXXXX");
    if (!mkdtemp(scratch))
        return -1;
    snprintf(path, sizeof path, "%s/out.npy", scratch);
    return umm_schema_resolve(&options, NULL, &all, &schema, &found, NULL) == UMM_OK ? 0 : -1;
}

static int free_schema(void **state)
{
    (void)state;
    umm_schema_free(&schema);
    free(found);
    unlink(path);
    return rmdir(scratch);
}

struct row {
    int64_t time;
    double value; /* of the last column */
};

static void to_bytes(struct row row, char out[ROW])
{
    double cells[6] = {(double)row.time, 1, 2, 0.5, 1.5, row.value};
    memcpy(out, cells, ROW);
}

/* An array of n rows with n_torn bytes behind it. */
static void make_array(const struct row *rows, size_t n, size_t n_torn)
{
    struct umm_npy npy;
    char *header, bytes[ROW];
    size_t len;
    unlink(path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(umm_schema_npy(&schema, n, &npy, NULL), UMM_OK);
    assert_int_equal(umm_npy_format(&npy, UMM_NPY_ALIGN, &header, &len, NULL), UMM_OK);
    assert_int_equal(len, HEADER);
    assert_int_equal(fwrite(header, 1, len, file), len);
    for (size_t i = 0; i < n; i++) {
        to_bytes(rows[i], bytes);
        assert_int_equal(fwrite(bytes, 1, ROW, file), ROW);
    }
    for (size_t i = 0; i < n_torn; i++)
        assert_int_equal(fputc('x', file), 'x');
    assert_int_equal(fclose(file), 0);
    free(header);
    umm_npy_free(&npy);
    memset(&calls, 0, sizeof calls);
    calls.visible = (off_t)(HEADER + n * ROW);
}

/* Whether the array now holds exactly those rows, as a reader sees it. */
static bool holds(const struct row *rows, size_t n)
{
    static char bytes[HEADER + 400 * ROW];
    char wanted[ROW];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    off_t counted = counted_bytes(bytes, len);
    assert_true(counted > 0 && (size_t)counted <= len);
    if ((size_t)counted != HEADER + n * ROW)
        return false;
    for (size_t i = 0; i < n; i++) {
        to_bytes(rows[i], wanted);
        if (memcmp(bytes + HEADER + i * ROW, wanted, ROW) != 0)
            return false;
    }
    return true;
}

static off_t size_now(void)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

struct result {
    enum umm_status status;
    uint64_t n_same, n_revised;
    struct umm_error err;
};

/* Append rows, with buffers of cap_rows rows. */
static struct result append_rows(const struct row *rows, size_t n, enum umm_revision revision,
                                 size_t cap_rows, bool must_commit)
{
    struct umm_append append;
    struct result r = {.status = UMM_OK};
    char bytes[ROW];
    r.status = umm_append_open(&append, path, &schema, revision, NULL, &r.err);
    if (!r.status && cap_rows < append.grow.rows.cap_rows)
        append.grow.rows.cap_rows = append.earlier.overlap.cap_rows = cap_rows;
    for (size_t i = 0; !r.status && i < n; i++) {
        to_bytes(rows[i], bytes);
        r.status = umm_append_push(&append, bytes, rows[i].time, &r.err);
    }
    if (!r.status && must_commit)
        r.status = umm_append_commit(&append, &r.err);
    r.n_same = append.earlier.overlap.n_same;
    r.n_revised = append.earlier.overlap.n_revised;
    umm_append_close(&append);
    return r;
}

/* ---- a failure at each call -------------------------------------------------------- */

static const struct row old_rows[] = {{1, 1}, {2, 2}, {3, 3}, {4, 4}};
static const struct row overlap[] = {{3, 3}, {4, 9}, {5, 5}, {6, 6}, {7, 7}};
static const struct row wanted_rows[] = {{1, 1}, {2, 2}, {3, 3}, {4, 9}, {5, 5}, {6, 6}, {7, 7}};
enum { N_OLD = 4, N_OVERLAP = 5, N_WANTED = 7 };

/* last is 1 when only one call fails, large when all do from there. */
static void check_failures(int length, size_t n_torn)
{
    for (int at = 1;; at++) {
        make_array(old_rows, N_OLD, n_torn);
        calls.fail_from = at;
        calls.fail_to = at + length - 1;
        struct result r = append_rows(overlap, N_OVERLAP, UMM_REVISION_REPLACE_LAST, 2, true);
        assert_false(calls.has_cut_visible);
        assert_false(calls.has_published_unsynced);
        if (calls.n_calls < at) {
            assert_int_equal(r.status, UMM_OK);
            assert_true(at > 8);
            assert_true(holds(wanted_rows, N_WANTED));
            return;
        }
        assert_int_equal(r.status, UMM_ERR_SYSTEM);
        assert_int_equal(r.err.sys_errno, EIO);
        assert_string_equal(r.err.path, path);
        bool is_old = holds(old_rows, N_OLD);
        if (length == 1)
            assert_true(is_old);
        else
            assert_true(is_old || holds(old_rows, N_OLD - 1) || holds(wanted_rows, N_WANTED));
        memset(&calls, 0, sizeof calls);
        r = append_rows(overlap, N_OVERLAP, UMM_REVISION_REPLACE_LAST, 2, true);
        assert_int_equal(r.status, UMM_OK);
        assert_true(holds(wanted_rows, N_WANTED));
        assert_int_equal(size_now(), HEADER + N_WANTED * ROW);
    }
}

static void one_failure_leaves_the_old_array(void **state)
{
    (void)state;
    check_failures(1, 0);
    check_failures(1, 1);
    check_failures(1, 1000);
}

static void a_dead_device_leaves_whole_rows(void **state)
{
    (void)state;
    check_failures(1000, 0);
    check_failures(1000, 1000);
}

static void what_is_not_committed_is_cut_off(void **state)
{
    (void)state;
    for (size_t cap = 1; cap < 5; cap++) {
        make_array(old_rows, N_OLD, 0);
        assert_int_equal(append_rows(overlap + 2, 3, UMM_REVISION_ERROR, cap, false).status,
                         UMM_OK);
        assert_true(holds(old_rows, N_OLD));
        assert_int_equal(size_now(), HEADER + N_OLD * ROW);
    }
}

/* A write that fails half-way has still made the file longer. */
static void a_half_written_piece_is_cut_off(void **state)
{
    (void)state;
    struct umm_append append;
    char bytes[ROW];
    make_array(old_rows, N_OLD, 0);
    assert_int_equal(umm_append_open(&append, path, &schema, UMM_REVISION_ERROR, NULL, NULL),
                     UMM_OK);
    append.grow.rows.cap_rows = 1;
    to_bytes(overlap[2], bytes);
    assert_int_equal(syscall(SYS_pwrite64, append.grow.fd, bytes, 7, HEADER + N_OLD * ROW), 7);
    calls.fail_from = calls.fail_to = 1;
    assert_int_equal(umm_append_push(&append, bytes, 5, NULL), UMM_ERR_SYSTEM);
    umm_append_close(&append);
    assert_int_equal(size_now(), HEADER + N_OLD * ROW);
    assert_true(holds(old_rows, N_OLD));
}

/* ---- another program, which takes no lock -------------------------------------------  */

enum { N_OTHERS = 14 };

static struct row other_row(size_t i)
{
    return i < N_OLD ? old_rows[i] : (struct row){(int64_t)i + 1, 1000};
}

/* It puts rows behind the old ones, then counts them. */
static void count_others(int fd)
{
    struct umm_npy npy;
    char *header, bytes[ROW];
    size_t len;
    for (size_t i = N_OLD; i < N_OTHERS; i++) {
        to_bytes(other_row(i), bytes);
        assert_int_equal(syscall(SYS_pwrite64, fd, bytes, ROW, HEADER + i * ROW), ROW);
    }
    assert_int_equal(umm_schema_npy(&schema, N_OTHERS, &npy, NULL), UMM_OK);
    assert_int_equal(umm_npy_format(&npy, UMM_NPY_ALIGN, &header, &len, NULL), UMM_OK);
    assert_int_equal(syscall(SYS_pwrite64, fd, header, len, 0), len);
    free(header);
    umm_npy_free(&npy);
    calls.visible = HEADER + N_OTHERS * ROW;
}

/* All that the other program counted is there as it wrote it. */
static void check_others(off_t size)
{
    struct row rows[N_OTHERS];
    for (size_t i = 0; i < N_OTHERS; i++)
        rows[i] = other_row(i);
    assert_false(calls.has_cut_visible);
    assert_int_equal(size_now(), size);
    assert_true(holds(rows, N_OTHERS));
}

/* Begin an append whose buffer has room for two rows. */
static void begin(struct umm_append *append, size_t n_torn, const struct row *rows, size_t n)
{
    char bytes[ROW];
    make_array(old_rows, N_OLD, n_torn);
    assert_int_equal(umm_append_open(append, path, &schema, UMM_REVISION_ERROR, NULL, NULL),
                     UMM_OK);
    append->grow.rows.cap_rows = 2;
    for (size_t i = 0; i < n; i++) {
        to_bytes(rows[i], bytes);
        assert_int_equal(umm_append_push(append, bytes, rows[i].time, NULL), UMM_OK);
    }
}

static void refuses_to_commit(struct umm_append *append)
{
    struct umm_error err = {0};
    assert_int_equal(umm_append_commit(append, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "was changed by another program while it was written");
}

/* Two of the three rows are in the file when the others come, and the third never is. */
static void rows_that_another_counts_are_not_cut_off(void **state)
{
    (void)state;
    struct umm_append append;
    for (int must_commit = 0; must_commit < 2; must_commit++) {
        begin(&append, 0, overlap + 2, 3);
        count_others(append.grow.fd);
        if (must_commit)
            refuses_to_commit(&append);
        umm_append_close(&append);
        check_others(HEADER + N_OTHERS * ROW);
    }
}

/* A torn tail that reaches further than the new rows, of which there are none, too. */
static void a_tail_that_another_counts_is_not_cut_off(void **state)
{
    (void)state;
    struct umm_append append;
    for (size_t n = 0; n < 4; n += 3) {
        begin(&append, 1000, overlap + 2, n);
        count_others(append.grow.fd);
        refuses_to_commit(&append);
        umm_append_close(&append);
        check_others(HEADER + N_OLD * ROW + 1000);
    }
}

/* Between the look at the file's size and that at its header. */
static void rows_counted_during_the_open_are_not_cut_off(void **state)
{
    (void)state;
    struct umm_append append;
    char bytes[ROW];
    make_array(old_rows, N_OLD, 0);
    calls.is_read_late = true;
    assert_int_equal(umm_append_open(&append, path, &schema, UMM_REVISION_ERROR, NULL, NULL),
                     UMM_OK);
    append.grow.rows.cap_rows = 1;
    to_bytes((struct row){N_OTHERS + 1, 0}, bytes);
    assert_int_equal(umm_append_push(&append, bytes, N_OTHERS + 1, NULL), UMM_OK);
    umm_append_close(&append);
    check_others(HEADER + (N_OTHERS + 1) * ROW);
}

static void nothing_is_cut_off_when_the_header_cannot_be_read(void **state)
{
    (void)state;
    struct umm_append append;
    begin(&append, 0, overlap + 2, 3);
    calls.is_unreadable = true;
    umm_append_close(&append);
    assert_int_equal(size_now(), HEADER + (N_OLD + 2) * ROW);
    assert_true(holds(old_rows, N_OLD));
}

/* ---- comparison --------------------------------------------------------------------- */

/* What the header promises, by looking at every old row for every row. */
static enum umm_status push_slowly(struct row *old, size_t n_old, const struct row *rows, size_t n,
                                   enum umm_revision revision, struct result *r)
{
    size_t cursor = 0;
    for (size_t i = 0; i < n && n_old && rows[i].time <= old[n_old - 1].time; i++) {
        size_t first = n_old, same = n_old;
        for (size_t k = n_old; k-- > cursor;) {
            first = old[k].time >= rows[i].time ? k : first;
            if (old[k].time == rows[i].time && old[k].value == rows[i].value)
                same = k;
        }
        if (same < n_old) {
            r->n_same++;
            cursor = same + 1;
            continue;
        }
        cursor = first;
        bool is_there = first < n_old && old[first].time == rows[i].time;
        bool may_replace = revision == UMM_REVISION_REPLACE_LAST && is_there && first + 1 == n_old;
        if (revision != UMM_REVISION_KEEP && !may_replace)
            return UMM_ERR_CONFLICT;
        r->n_revised++;
        if (may_replace)
            r->err.byte = i + 1; /* where the replacement is */
        cursor += is_there;
    }
    if (r->err.byte)
        old[n_old - 1] = rows[r->err.byte - 1];
    return UMM_OK;
}

/* Rows in order of time, some of the same time, with few different values. */
static size_t random_rows(uint64_t *x, struct row *rows, size_t max, int64_t start)
{
    size_t n = xorshift64(x) % (max + 1);
    for (size_t i = 0; i < n; i++) {
        start += (int64_t)(xorshift64(x) % 4 ? 1 + xorshift64(x) % 2 : 0);
        rows[i] = (struct row){start, (double)((start * 7) % 5 + (xorshift64(x) % 9 == 0))};
    }
    return n;
}

static void check_comparison(uint64_t *x)
{
    struct row old[160], rows[80];
    size_t n_old = random_rows(x, old, 80, 100);
    int64_t start = n_old ? old[xorshift64(x) % n_old].time - 1 : 100;
    size_t n = random_rows(x, rows, 80, start), n_new = 0;
    for (size_t i = 0; i < n && n_old && xorshift64(x) % 8; i++)
        for (size_t k = 0; k < n_old; k++)
            if (old[k].time == rows[i].time)
                rows[i].value = old[k].value;
    enum umm_revision revision = (enum umm_revision)(xorshift64(x) % 3);
    const uint64_t n_torn = xorshift64(x) % 100;
    make_array(old, n_old, n_torn);
    struct result got = append_rows(rows, n, revision, 1 + xorshift64(x) % 9, true), want = {0};
    struct row before[80];
    memcpy(before, old, sizeof before);
    want.status = push_slowly(old, n_old, rows, n, revision, &want);
    assert_int_equal(got.status, want.status);
    if (want.status) {
        assert_true(holds(before, n_old));
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (n_old == 0 || rows[i].time > old[n_old - 1].time)
            old[n_old + n_new++] = rows[i];
    assert_true(holds(old, n_old + n_new));
    assert_int_equal(got.n_same, want.n_same);
    assert_int_equal(got.n_revised, want.n_revised);
    /* A killed run may have taken one row out of the count: it is not cut off. */
    const uint64_t n_left = n_new ? 0 : n_torn < ROW ? n_torn : ROW;
    assert_int_equal(size_now(), HEADER + (n_old + n_new) * ROW + n_left);
}

static void comparison_is_the_slow_reference_s(void **state)
{
    (void)state;
    uint64_t x = RANDOM_SEED;
    for (int i = 0; i < 3000; i++)
        check_comparison(&x);
}

/* ---- odd arrays ----------------------------------------------------------------------- */

static void a_time_that_is_none_is_older_than_all(void **state)
{
    (void)state;
    const struct row nan_last[] = {{5, 1}, {6, 1}};
    char nan_time[ROW];
    double none = NAN;
    make_array(nan_last, 2, 0);
    to_bytes(nan_last[1], nan_time);
    memcpy(nan_time, &none, sizeof none);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(syscall(SYS_pwrite64, fd, nan_time, ROW, HEADER + ROW), ROW);
    close(fd);
    struct result r = append_rows(overlap, 1, UMM_REVISION_ERROR, 4, true);
    assert_int_equal(r.status, UMM_ERR_CONFLICT);
    assert_string_equal(r.err.message, "the array's last row has no time");
}

static void a_failed_open_can_be_closed(void **state)
{
    (void)state;
    struct umm_append append;
    struct umm_error err = {0};
    unlink(path);
    assert_int_equal(umm_append_open(&append, path, &schema, UMM_REVISION_ERROR, NULL, &err),
                     UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    umm_append_close(&append);
    umm_append_close(&append);
    assert_int_equal(umm_append_open(&append, scratch, &schema, UMM_REVISION_ERROR, NULL, &err),
                     UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, EISDIR);
    umm_append_close(&append);
    assert_int_equal(umm_append_open(&append, "/dev/null", &schema, UMM_REVISION_ERROR, NULL, &err),
                     UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "is not a regular file");
    umm_append_close(&append);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_failure_leaves_the_old_array),
        cmocka_unit_test(a_dead_device_leaves_whole_rows),
        cmocka_unit_test(what_is_not_committed_is_cut_off),
        cmocka_unit_test(a_half_written_piece_is_cut_off),
        cmocka_unit_test(rows_that_another_counts_are_not_cut_off),
        cmocka_unit_test(a_tail_that_another_counts_is_not_cut_off),
        cmocka_unit_test(rows_counted_during_the_open_are_not_cut_off),
        cmocka_unit_test(nothing_is_cut_off_when_the_header_cannot_be_read),
        cmocka_unit_test(comparison_is_the_slow_reference_s),
        cmocka_unit_test(a_time_that_is_none_is_older_than_all),
        cmocka_unit_test(a_failed_open_can_be_closed),
    };
    return cmocka_run_group_tests(tests, make_schema, free_schema);
}
