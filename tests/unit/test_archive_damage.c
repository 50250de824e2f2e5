/* SPDX-License-Identifier: MIT */
/*
 * Archives that a crash, a mistake or an enemy left: no stored row is lost, no other
 * archive's row taken for one, and no count believed that the file does not hold.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/archive_check.h"
#include "archive/archive_journal.h"
#include "archive/archive_writer.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/hint.h"

#include "random.h"

enum { ROW_BYTES = 48, FRAME_ROWS = 100, ROWS_MAX = 1000, PATH_SIZE = 128, FILE_MAX = 1 << 20 };

static char directory[] = "/tmp/umm-damage-XXXXXX";
static char path[PATH_SIZE], journal[PATH_SIZE];
static char rows[ROWS_MAX * ROW_BYTES];

static bool must_sync_fail;

int fdatasync(int fd)
{
    errno = EDQUOT;
    return must_sync_fail ? -1 : (int)syscall(SYS_fdatasync, fd);
}

static const char *row(size_t i)
{
    return rows + i * ROW_BYTES;
}

static struct umm_npy type_of(uint64_t columns)
{
    return (struct umm_npy){.n_dims = 2, .shape = {0, columns}, .type = {'f', false, 8, ""}};
}

static enum umm_status try_writer(struct umm_archive_writer *w, uint64_t columns,
                                  struct umm_error *err)
{
    static const struct umm_archive_writer_options options = {.frame_rows = FRAME_ROWS,
                                                              .lock_wait = UMM_LOCK_FAIL};
    static struct umm_run run = {.n_threads = 3};
    struct umm_npy npy = type_of(columns);
    return umm_archive_writer_open(w, path, &npy, &options, &run, err);
}

static void open_writer(struct umm_archive_writer *w)
{
    struct umm_error err = {.status = UMM_OK};
    if (try_writer(w, 6, &err) != UMM_OK)
        fail_msg("%s: %s", err.path, err.message);
}

/* Rows from..to go on in the archive, as far as `how` says: 's'tore or 'c'ommit. */
static void append(size_t from, size_t to, char how)
{
    struct umm_archive_writer w;
    open_writer(&w);
    assert_int_equal(w.archive.n_rows, from);
    assert_int_equal(umm_archive_writer_push(&w, row(from), to - from, NULL), UMM_OK);
    assert_int_equal(how == 's' ? umm_archive_writer_store(&w, NULL)
                                : umm_archive_writer_commit(&w, true, NULL),
                     UMM_OK);
    umm_archive_writer_close(&w);
}

static void assert_holds(size_t n)
{
    static char out[sizeof rows];
    struct umm_archive a;
    struct umm_error err = {.status = UMM_OK};
    if (umm_archive_open(&a, path, &err) != UMM_OK)
        fail_msg("%s: %s", err.path, err.message);
    assert_int_equal(a.n_rows, n);
    assert_int_equal(umm_archive_read(&a, 0, n, out, NULL), UMM_OK);
    assert_memory_equal(out, rows, n * ROW_BYTES);
    umm_archive_close(&a);
}

static enum umm_status try_open(struct umm_error *err)
{
    struct umm_archive a;
    enum umm_status status = umm_archive_open(&a, path, err);
    umm_archive_close(&a);
    return status;
}

static size_t slurp(const char *name, char *bytes)
{
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, FILE_MAX, file);
    fclose(file);
    return len;
}

static void spit(const char *name, const char *bytes, size_t len)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static int start(void **unused)
{
    (void)unused;
    unlink(path);
    unlink(journal);
    return 0;
}

/* Where the full frames of the archive end, and what a journal of the rows behind notes. */
static uint64_t end_of_full(uint64_t *anchor)
{
    struct umm_archive a;
    assert_int_equal(umm_archive_open(&a, path, NULL), UMM_OK);
    uint64_t at = a.offsets[a.n_full];
    *anchor = umm_archive_anchor(&a, a.n_full * FRAME_ROWS);
    umm_archive_close(&a);
    return at;
}

/* ---- crashes ---------------------------------------------------------------------- */

/* The journal is all that has the rows of a torn last frame: nobody may drop it. */
static void a_refused_writer_keeps_the_journal(void **unused)
{
    static char bytes[FILE_MAX];
    struct umm_archive_writer w;
    uint64_t anchor, sound;
    (void)unused;
    append(0, 250, 'c');
    uint64_t at = end_of_full(&anchor);
    assert_int_equal(
        umm_journal_create(journal, -1, 200, anchor, row(200), 50, ROW_BYTES, &sound, NULL),
        UMM_OK);
    size_t len = slurp(path, bytes);
    memset(bytes + at, 'x', 100);
    spit(path, bytes, len);
    assert_holds(250);
    assert_int_equal(try_writer(&w, 5, NULL), UMM_ERR_CONFLICT);
    umm_archive_writer_close(&w);
    assert_holds(250);
    append(250, 300, 'c');
    assert_holds(300);
}

/* However many frames are pushed at once, the journal stays one that can be read. */
static void a_journal_has_less_than_a_frame(void **unused)
{
    struct umm_archive_writer w;
    struct stat st;
    (void)unused;
    open_writer(&w);
    for (size_t n = 0; n < 900; n += 150) {
        assert_int_equal(umm_archive_writer_push(&w, row(n), 150, NULL), UMM_OK);
        assert_int_equal(umm_archive_writer_store(&w, NULL), UMM_OK);
        assert_holds(n + 150);
        if (stat(journal, &st) == 0)
            assert_true(st.st_size < FRAME_ROWS * (ROW_BYTES + UMM_JOURNAL_RECORD_EXTRA));
    }
    umm_archive_writer_close(&w);
    assert_holds(900);
}

static void a_journal_is_as_private_as_its_archive(void **unused)
{
    struct stat st;
    (void)unused;
    append(0, 150, 'c');
    assert_int_equal(chmod(path, 0600), 0);
    append(150, 160, 's');
    assert_int_equal(stat(journal, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(umm_archive_compact(path, NULL, NULL, NULL), UMM_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_holds(160);
}

/* ---- room ------------------------------------------------------------------------- */

/* 90 rows that 50 of the last frame are among wait in the journal. */
static void make_waiting(char *bytes, size_t *len)
{
    uint64_t anchor, sound;
    start(NULL);
    append(0, 250, 'c');
    (void)end_of_full(&anchor);
    assert_int_equal(
        umm_journal_create(journal, -1, 200, anchor, row(200), 90, ROW_BYTES, &sound, NULL),
        UMM_OK);
    *len = slurp(path, bytes);
}

/* Wherever a commit finds no more room, the file has the bytes it had. */
static void a_commit_without_room_leaves_the_file(void **unused)
{
    static char before[FILE_MAX], after[FILE_MAX];
    struct umm_archive_repair_result result;
    static struct umm_run run = {.n_threads = 1};
    struct rlimit limit, small;
    size_t len, n_failed = 0;
    (void)unused;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    enum umm_status status = UMM_ERR_SYSTEM;
    for (size_t more = 0; status; more += 50) {
        make_waiting(before, &len);
        small = limit;
        small.rlim_cur = len + more;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        status = umm_archive_repair(path, NULL, &run, &result, NULL);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_holds(290);
        if (!status)
            break;
        n_failed++;
        assert_int_equal(slurp(path, after), len);
        assert_memory_equal(before, after, len);
        append(290, 300, 'c');
        assert_holds(300);
    }
    assert_true(n_failed > 5);
    signal(SIGXFSZ, handler);
}

/* ---- cuts ------------------------------------------------------------------------- */

/* Of the cuts from..to, those near an edge, and every seventh where a sanitizer takes its time. */
static bool is_tried(size_t cut, size_t from, size_t edge, size_t to)
{
    enum { NEAR = 20, STEP = 7 };
    return !getenv("UMM_SAN") || cut % STEP == 0 || cut < from + NEAR || cut + NEAR > to ||
           (cut + NEAR > edge && cut < edge + NEAR);
}

/* The header counts 730 rows, and the file ends at any byte of the last two frames. */
static void a_cut_file_keeps_its_whole_frames(void **unused)
{
    static char bytes[FILE_MAX];
    static const struct umm_archive_writer_options torn = {.is_torn_taken = true};
    struct umm_archive_repair_result result;
    struct umm_archive_stat stat;
    struct umm_archive a;
    (void)unused;
    append(0, 730, 'c');
    size_t len = slurp(path, bytes);
    assert_int_equal(umm_archive_open(&a, path, NULL), UMM_OK);
    uint64_t sixth = a.offsets[6], end = a.offsets[7], last = len - umm_seekable_table_bytes(10);
    umm_archive_close(&a);
    for (size_t cut = (size_t)sixth; cut <= len; cut++) {
        size_t n = cut < end ? 600 : cut < last ? 700 : 730;
        if (!is_tried(cut, (size_t)sixth, (size_t)end, len))
            continue;
        spit(path, bytes, cut);
        assert_int_equal(try_open(NULL), n == 730 ? UMM_OK : UMM_ERR_DATA);
        assert_int_equal(umm_archive_repair(path, &torn, NULL, &result, NULL), UMM_OK);
        assert_int_equal(result.n_rows, n);
        assert_int_equal(result.n_lost, 730 - n);
        assert_true(result.is_changed == (cut < len));
        assert_holds(n);
        struct umm_error err = {.status = UMM_OK};
        if (cut % 64 == 0 && umm_archive_verify(path, NULL, &stat, &err) != UMM_OK)
            fail_msg("cut at %zu: %s", cut, err.message);
    }
}

/* Frames that may be sound follow: they are not thrown away. */
static void a_hole_is_not_a_cut(void **unused)
{
    static char bytes[FILE_MAX];
    static const struct umm_archive_writer_options torn = {.is_torn_taken = true};
    struct umm_archive_repair_result result;
    struct umm_archive a;
    (void)unused;
    append(0, 730, 'c');
    size_t len = slurp(path, bytes);
    assert_int_equal(umm_archive_open(&a, path, NULL), UMM_OK);
    memset(bytes + a.offsets[1], 0, 64);
    umm_archive_close(&a);
    spit(path, bytes, len - 1);
    assert_int_equal(umm_archive_repair(path, &torn, NULL, &result, NULL), UMM_ERR_DATA);
}

/* ---- holes in journals ------------------------------------------------------------ */

enum { RECORD_ROWS = 4, RECORD_BYTES = UMM_JOURNAL_RECORD_EXTRA + RECORD_ROWS * ROW_BYTES };

static size_t record_at(size_t i)
{
    return UMM_JOURNAL_HEAD_BYTES + i * RECORD_BYTES;
}

/* 250 rows in frames, and 40 in ten records, which are in `bytes`. */
static size_t make_records(char *bytes)
{
    start(NULL);
    append(0, 250, 'c');
    for (size_t n = 250; n < 290; n += RECORD_ROWS)
        append(n, n + RECORD_ROWS, 's');
    size_t len = slurp(journal, bytes);
    assert_int_equal(len, record_at(10));
    return len;
}

/* Everybody refuses it and changes nothing; a repair keeps `sound` records and drops n rows. */
static void assert_damaged(size_t sound, size_t n)
{
    static char before[FILE_MAX], after[FILE_MAX];
    static const struct umm_archive_writer_options torn = {.is_torn_taken = true};
    static struct umm_run run = {.n_threads = 1};
    struct umm_archive_repair_result result;
    struct umm_archive_stat stat;
    struct umm_archive_writer w;
    struct umm_error err = {.status = UMM_OK};
    char text[UMM_ERROR_MESSAGE_MAX];
    size_t len = slurp(journal, before);
    assert_int_equal(try_open(&err), UMM_ERR_DATA);
    assert_string_equal(err.path, journal);
    snprintf(text, sizeof text, "damaged at byte %zu: %zu rows from there on are lost",
             record_at(sound), n);
    assert_string_equal(err.message, text);
    assert_int_equal(err.hint, UMM_HINT_REPAIR_BEFORE);
    assert_int_equal(umm_archive_verify(path, NULL, &stat, NULL), UMM_ERR_DATA);
    assert_int_equal(try_writer(&w, 6, NULL), UMM_ERR_DATA);
    umm_archive_writer_close(&w);
    assert_int_equal(umm_archive_repair(path, NULL, &run, &result, NULL), UMM_ERR_DATA);
    assert_int_equal(umm_archive_compact(path, NULL, &run, NULL), UMM_ERR_DATA);
    assert_int_equal(slurp(journal, after), len);
    assert_memory_equal(before, after, len);
    assert_int_equal(umm_archive_repair(path, &torn, &run, &result, NULL), UMM_OK);
    assert_int_equal(result.damaged_at, record_at(sound));
    assert_int_equal(result.n_dropped, n);
    assert_int_equal(result.n_rows, 250 + sound * RECORD_ROWS);
    assert_holds(250 + sound * RECORD_ROWS);
    assert_int_not_equal(access(journal, F_OK), 0);
}

static void a_hole_in_a_journal_is_damage(void **unused)
{
    static char bytes[FILE_MAX], frames[FILE_MAX];
    (void)unused;
    size_t len = make_records(bytes), frames_len = slurp(path, frames);
    for (size_t i = record_at(0); i < record_at(9); i += 37) {
        spit(path, frames, frames_len);
        bytes[i] ^= 1;
        spit(journal, bytes, len);
        size_t sound = (i - record_at(0)) / RECORD_BYTES;
        assert_damaged(sound, 40 - sound * RECORD_ROWS);
        bytes[i] ^= 1;
    }
    /* Several: the last record that is sound says how many rows there are. */
    spit(path, frames, frames_len);
    memset(bytes + record_at(2) + 7, 0, 2 * RECORD_BYTES);
    memset(bytes + record_at(6), 'x', RECORD_BYTES);
    memset(bytes + record_at(8), 0, 2 * RECORD_BYTES);
    spit(journal, bytes, len);
    assert_damaged(2, 24);
    /* One that is alone. */
    spit(path, frames, frames_len);
    memset(bytes + record_at(5), 0, RECORD_BYTES);
    spit(journal, bytes, len);
    assert_damaged(2, 24);
    /* Behind it the tail of an append that was killed. */
    spit(path, frames, frames_len);
    spit(journal, bytes, record_at(8) + 3);
    assert_damaged(2, 24);
}

/* A tail without a sound record that fits, or with one of rows that frames have. */
static void a_tail_of_a_journal_is_no_damage(void **unused)
{
    static char bytes[FILE_MAX], torn[FILE_MAX], frames[FILE_MAX];
    (void)unused;
    size_t len = make_records(bytes), frames_len = slurp(path, frames);
    for (size_t i = 0; i < len - record_at(5); i += 5) {
        memcpy(torn, bytes, len);
        /* An append of five times as many rows, of which not all blocks came to the disk. */
        umm_bytes_put(torn + record_at(5) + 8, 5 * RECORD_ROWS + 2, 4);
        memset(torn + record_at(6), 0, len - record_at(6));
        memcpy(torn + record_at(5) + i, bytes + record_at(5), len - record_at(5) - i);
        spit(journal, torn, len);
        /* Elsewhere the records of others would be in a place that may be theirs. */
        if (i % UMM_JOURNAL_RECORD_EXTRA)
            assert_holds(270);
    }
    /* Records of earlier rows: what the file had before it was this journal. */
    memcpy(torn, bytes, len);
    memcpy(torn + record_at(5), bytes + record_at(2), 3 * RECORD_BYTES);
    spit(journal, torn, record_at(8));
    assert_holds(270);
    append(270, 274, 's');
    assert_holds(274);
    assert_int_equal(slurp(journal, torn), record_at(6)); /* of the old tail nothing is left */
    /* Killed before it removed the journal, which then decayed. */
    spit(path, frames, frames_len);
    spit(journal, bytes, len);
    struct umm_archive_repair_result result;
    static struct umm_run run = {.n_threads = 1};
    assert_int_equal(umm_archive_repair(path, NULL, &run, &result, NULL), UMM_OK);
    bytes[record_at(4)] ^= 1;
    spit(journal, bytes, len);
    assert_holds(290);
    append(290, 294, 's');
    assert_holds(294);
}

/* A record that is whole and sound, but not of the rows that come next, or of a later layout. */
static void only_records_that_follow_are_taken(void **unused)
{
    static char bytes[FILE_MAX], other[FILE_MAX];
    static const struct {
        size_t at, n_bytes;
        uint64_t value;
    } changes[] = {{0, 8, 249 + 5 * RECORD_ROWS}, {0, 8, 251 + 5 * RECORD_ROWS}, {12, 4, 1}};
    (void)unused;
    size_t len = make_records(bytes);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char *record = other + record_at(5);
        memcpy(other, bytes, len);
        umm_bytes_put(record + changes[i].at, changes[i].value, changes[i].n_bytes);
        umm_bytes_put(record + RECORD_BYTES - 8, umm_hash64(record, RECORD_BYTES - 8, 0), 8);
        spit(journal, other, record_at(6));
        assert_holds(270);
    }
}

/* What a sync refused is not stored, and nobody is to read it. */
static void rows_that_were_not_synced_are_not_there(void **unused)
{
    struct umm_archive_writer w;
    struct umm_error err;
    (void)unused;
    append(0, 250, 'c');
    append(250, 254, 's');
    open_writer(&w);
    assert_int_equal(umm_archive_writer_push(&w, row(254), 4, NULL), UMM_OK);
    must_sync_fail = true;
    assert_int_equal(umm_archive_writer_store(&w, &err), UMM_ERR_SYSTEM);
    must_sync_fail = false;
    assert_int_equal(err.sys_errno, EDQUOT);
    assert_string_equal(err.path, journal);
    assert_holds(254);
    umm_archive_writer_close(&w);
    assert_holds(254);
    append(254, 258, 's');
    assert_holds(258);
}

/* ---- another file of that name ---------------------------------------------------- */

/* Halfway through, another program puts its file in the archive's place. */
static void replace_archive(void *user, uint64_t done, uint64_t total)
{
    const char *name = user;
    if (done > total / 2 && access(name, F_OK) == 0)
        assert_int_equal(rename(name, path), 0);
}

/* A second passes between two looks, so that each is told how far the work is. */
static uint64_t next_second(void *user)
{
    uint64_t *now_ns = user;
    return *now_ns += 1000000000;
}

static void a_compact_does_not_take_the_place_of_another_file(void **unused)
{
    static const char text[] = "the archive of another program, which is complete";
    char name[PATH_SIZE + 6], got[sizeof text];
    uint64_t now_ns = 0;
    struct umm_run run = {.n_threads = 1,
                          .progress = replace_archive,
                          .progress_user = name,
                          .clock_ns = next_second,
                          .clock_user = &now_ns};
    struct umm_error err;
    (void)unused;
    snprintf(name, sizeof name, "%s.other", path);
    append(0, 730, 'c');
    spit(name, text, sizeof text);
    assert_int_equal(umm_archive_compact(path, NULL, &run, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "was replaced while it was written");
    assert_string_equal(err.path, path);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(got, 1, sizeof got, file), sizeof got);
    assert_int_equal(fgetc(file), EOF);
    fclose(file);
    assert_memory_equal(got, text, sizeof text);
    assert_int_not_equal(access(journal, F_OK), 0);
}

/* A signal ends the program after so much time of its own; 0: no more. */
static void limit_processor_seconds(time_t seconds)
{
    const struct itimerval limit = {.it_value = {.tv_sec = seconds}};
    assert_int_equal(setitimer(ITIMER_PROF, &limit, NULL), 0);
}

/* Heads everywhere, each of a record that would have to be hashed to the end. */
static void a_search_in_a_journal_ends(void **unused)
{
    enum { N = 100000, STEP = UMM_JOURNAL_RECORD_EXTRA + ROW_BYTES };
    struct umm_journal j;
    uint64_t sound, anchor = 0;
    (void)unused;
    for (int is_followed = 0; is_followed < 2; is_followed++) {
        size_t len = (size_t)N * STEP;
        char *bytes = calloc(1, len);
        assert_non_null(bytes);
        for (size_t i = 1; i < N; i++) {
            size_t left = len - i * STEP - UMM_JOURNAL_RECORD_EXTRA;
            umm_bytes_put(bytes + i * STEP, i, 8);
            umm_bytes_put(bytes + i * STEP + 8, left / ROW_BYTES - (is_followed ? 0 : 9), 4);
        }
        assert_int_equal(
            umm_journal_create(journal, -1, 0, anchor, NULL, 0, ROW_BYTES, &sound, NULL), UMM_OK);
        FILE *file = fopen(journal, "ab");
        assert_int_equal(fwrite(bytes, 1, len, file), len);
        fclose(file);
        limit_processor_seconds(getenv("UMM_SAN") ? 300 : 30);
        assert_int_equal(umm_journal_read(journal, NULL, ROW_BYTES, &j, NULL), UMM_OK);
        limit_processor_seconds(0);
        assert_int_equal(j.n_rows, 0);
        assert_int_equal(j.sound_bytes, sound);
        assert_int_equal(j.is_damaged, is_followed);
        assert_int_equal(j.end_row, 0);
        umm_journal_free(&j);
        free(bytes);
    }
}

/* ---- others' journals ------------------------------------------------------------- */

static void rows_of_other_archives_are_not_taken(void **unused)
{
    static char bytes[FILE_MAX], frames[FILE_MAX];
    uint64_t sound;
    struct umm_error err;
    (void)unused;
    /* The journals of an archive of other rows, without a full frame: appended to, and as
       it is when the last frame is about to change. */
    append(0, 40, 'c');
    append(40, 45, 's');
    size_t len = slurp(journal, bytes);
    start(NULL);
    rows[3] ^= 1;
    append(0, 40, 'c');
    rows[3] ^= 1;
    spit(journal, bytes, len);
    assert_int_equal(try_open(&err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, umm_archive_other_journal);
    struct umm_archive a = {.rows_per_frame = FRAME_ROWS};
    uint64_t anchor = umm_archive_anchor(&a, 0);
    for (size_t n = 20; n <= 60; n += 20) {
        assert_int_equal(
            umm_journal_create(journal, -1, 0, anchor, row(0), n, ROW_BYTES, &sound, NULL), UMM_OK);
        assert_int_equal(try_open(NULL), UMM_ERR_CONFLICT);
    }
    /* Beside a frame that is torn it is believed. */
    len = slurp(path, frames);
    memset(frames + len - 60, 'x', 20);
    spit(path, frames, len);
    assert_holds(60);
}

/* ---- lies ------------------------------------------------------------------------- */

static void a_table_that_lies_is_not_believed(void **unused)
{
    static char bytes[FILE_MAX], lie[FILE_MAX];
    (void)unused;
    append(0, 730, 'c');
    size_t len = slurp(path, bytes), at = len - umm_seekable_table_bytes(10);
    for (size_t k = 0; k < 10; k++)
        for (size_t field = 0; field < 3; field++) {
            char *p = lie + at + UMM_SEEKABLE_HEADER_BYTES + k * UMM_SEEKABLE_ENTRY_BYTES;
            memcpy(lie, bytes, len);
            umm_bytes_put(p + 4 * field, 0xFFFFFFF0U, 4);
            spit(path, lie, len);
            /* Checksums are compared when the frame is read; the rest is walked around. */
            if (k == 0 && field == 2) /* or it is the header that is damaged */
                assert_int_equal(try_open(NULL), UMM_ERR_DATA);
            else if (field < 2 || k < 2)
                assert_holds(730);
        }
    for (uint64_t n = 0; n < 12; n++) {
        memcpy(lie, bytes, len);
        umm_bytes_put(lie + len - UMM_SEEKABLE_FOOTER_BYTES, n == 11 ? 0x7FFFFFF : n, 4);
        spit(path, lie, len);
        assert_holds(730);
    }
}

/* A count of rows without their frames costs no memory, and is not waited for. */
static void a_count_that_lies_is_not_believed(void **unused)
{
    struct umm_npy npy = type_of(6);
    struct rlimit limit, small;
    char *header;
    size_t len;
    struct umm_error err;
    (void)unused;
    append(0, 100, 'c');
    assert_int_equal(umm_archive_format_header(&npy, UINT64_C(1) << 57, false, &header, &len, NULL),
                     UMM_OK);
    FILE *file = fopen(path, "r+b");
    assert_int_equal(fwrite(header, 1, len, file), len);
    fclose(file);
    free(header);
    assert_int_equal(truncate(path, 1L << 40), 0);
    getrlimit(RLIMIT_AS, &limit);
    small = limit;
    small.rlim_cur = (rlim_t)1 << 31;
    if (!getenv("UMM_SAN"))
        setrlimit(RLIMIT_AS, &small);
    assert_int_equal(try_open(&err), UMM_ERR_DATA);
    setrlimit(RLIMIT_AS, &limit);
}

/* A header of another writer has another length: rewriting it would spoil the file. */
static void a_header_of_another_length_is_not_rewritten(void **unused)
{
    static char bytes[FILE_MAX];
    char raw[512], text[512], *header;
    struct umm_npy npy = type_of(6);
    struct umm_zstd_raw frame;
    struct umm_archive_writer w;
    size_t len, text_len = 192;
    (void)unused;
    append(0, 100, 'c');
    size_t all = slurp(path, bytes);
    assert_int_equal(umm_archive_format_header(&npy, 100, false, &header, &len, NULL), UMM_OK);
    assert_true(umm_zstd_parse_raw(header, len, &frame));
    memset(text, ' ', sizeof text);
    memcpy(text, header + frame.content_at, frame.content_bytes - 1);
    text[text_len - 1] = '\n';
    umm_bytes_put(text + 8, text_len - 10, 2);
    free(header);
    size_t raw_len = umm_zstd_format_raw(text, text_len, true, raw);
    FILE *file = fopen(path, "wb");
    fwrite(raw, 1, raw_len, file);
    fwrite(bytes + len, 1, all - len, file);
    fclose(file);
    assert_holds(100);
    assert_int_equal(try_writer(&w, 6, NULL), UMM_ERR_UNSUPPORTED);
    umm_archive_writer_close(&w);
    assert_holds(100);
}

static void one_of_a_later_version_says_so(void **unused)
{
    static char bytes[FILE_MAX];
    char description[UMM_ARCHIVE_DESCRIPTION_BYTES];
    struct umm_zstd_raw frame;
    struct umm_error err;
    (void)unused;
    append(0, 10, 'c');
    size_t len = slurp(path, bytes);
    assert_true(umm_zstd_parse_raw(bytes, len, &frame));
    umm_archive_format_description(FRAME_ROWS, description);
    assert_memory_equal(bytes + frame.size_bytes, description, sizeof description);
    bytes[frame.size_bytes + 16]++;
    spit(path, bytes, len);
    assert_int_equal(try_open(&err), UMM_ERR_DATA);
    assert_string_equal(err.message, "the archive's description is damaged");
    assert_int_equal(err.hint, UMM_HINT_REPAIR_MAY);
    bool is_archive = false;
    assert_int_equal(umm_archive_is(path, &is_archive, NULL), UMM_OK);
    assert_true(is_archive);
}

static int set_up(void **unused)
{
    uint64_t x = RANDOM_SEED;
    (void)unused;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/a.npy.zst", directory);
    snprintf(journal, sizeof journal, "%s/a.npy.zst.journal", directory);
    for (size_t i = 0; i < sizeof rows; i++) {
        uint64_t random = xorshift64(&x);
        rows[i] = (char)(i % 8 < 5 ? i / ROW_BYTES : random);
    }
    return 0;
}

static int tear_down(void **unused)
{
    start(unused);
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_refused_writer_keeps_the_journal, start),
        cmocka_unit_test_setup(a_journal_has_less_than_a_frame, start),
        cmocka_unit_test_setup(a_journal_is_as_private_as_its_archive, start),
        cmocka_unit_test_setup(a_commit_without_room_leaves_the_file, start),
        cmocka_unit_test_setup(a_cut_file_keeps_its_whole_frames, start),
        cmocka_unit_test_setup(a_hole_is_not_a_cut, start),
        cmocka_unit_test_setup(a_hole_in_a_journal_is_damage, start),
        cmocka_unit_test_setup(a_tail_of_a_journal_is_no_damage, start),
        cmocka_unit_test_setup(only_records_that_follow_are_taken, start),
        cmocka_unit_test_setup(rows_that_were_not_synced_are_not_there, start),
        cmocka_unit_test_setup(a_compact_does_not_take_the_place_of_another_file, start),
        cmocka_unit_test_setup(a_search_in_a_journal_ends, start),
        cmocka_unit_test_setup(rows_of_other_archives_are_not_taken, start),
        cmocka_unit_test_setup(a_table_that_lies_is_not_believed, start),
        cmocka_unit_test_setup(a_count_that_lies_is_not_believed, start),
        cmocka_unit_test_setup(a_header_of_another_length_is_not_rewritten, start),
        cmocka_unit_test_setup(one_of_a_later_version_says_so, start),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
