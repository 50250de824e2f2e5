/* SPDX-License-Identifier: MIT */
#include "umm.h"
#include "umm/mem.h"

#include "random.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(HAS_ASAN)
enum { IS_ASAN = 1 };
#else
enum { IS_ASAN = 0 };
#endif

static bool is_zero(const void *at, size_t len)
{
    const unsigned char *byte = at;
    for (size_t i = 0; i < len; i++)
        if (byte[i])
            return false;
    return true;
}

/* Bytes that malloc has handed out and not got back; 0 under a sanitizer. */
static size_t malloc_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void allocations_are_zero_and_aligned(void **state)
{
    (void)state;
    struct umm_arena arena = {0};
    for (size_t len = 0; len < 3000; len++) {
        char *at = umm_arena_alloc(&arena, len);
        assert_non_null(at);
        assert_int_equal((uintptr_t)at % UMM_ARENA_ALIGN, 0);
        assert_true(is_zero(at, len));
        memset(at, 0xff, len);
        char *raw = umm_arena_alloc_raw(&arena, len);
        assert_non_null(raw);
        assert_true(raw >= at + len || raw + len <= at);
        memset(raw, 0xff, len);
    }
    for (size_t align = 1; align <= 1 << 20; align *= 2) {
        for (size_t len = 1; len < 200000; len *= 7) {
            char *at = umm_arena_alloc_aligned(&arena, len, align);
            assert_non_null(at);
            assert_int_equal((uintptr_t)at % align, 0);
            assert_true(is_zero(at, len));
            memset(at, 0xff, len);
        }
    }
    umm_arena_close(&arena);
}

static void sizes_that_cannot_be_fail(void **state)
{
    (void)state;
    struct umm_arena arena = {0};
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX / 2, SIZE_MAX / 4 + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_null(umm_arena_alloc(&arena, sizes[i]));
        assert_null(umm_arena_alloc_raw(&arena, sizes[i]));
        assert_null(umm_arena_alloc_aligned(&arena, sizes[i], 64));
        assert_null(umm_arena_alloc_array(&arena, sizes[i], 3));
    }
    assert_null(umm_arena_alloc_aligned(&arena, 1, SIZE_MAX / 2 + 1));
    assert_null(umm_arena_alloc_array(&arena, 1 + SIZE_MAX / 16, 16));
    assert_non_null(umm_arena_alloc_array(&arena, 0, 16));
    char *at = umm_arena_alloc(&arena, 10);
    strcpy(at, "kept");
    assert_null(umm_arena_realloc(&arena, at, 10, SIZE_MAX));
    assert_string_equal(at, "kept");
    umm_arena_close(&arena);
}

static void failures_are_remembered(void **state)
{
    (void)state;
    struct umm_arena arena;
    struct umm_error err;
    umm_arena_open(&arena, &(struct umm_arena_options){.limit_bytes = 100000});
    assert_non_null(umm_arena_alloc(&arena, 5000));
    assert_int_equal(umm_arena_check(&arena, "rows", &err), UMM_OK);
    assert_null(umm_arena_alloc(&arena, 100000));
    assert_non_null(umm_arena_alloc(&arena, 16));
    assert_int_equal(umm_arena_check(&arena, "rows", &err), UMM_ERR_MEMORY);
    assert_string_equal(err.message, "cannot allocate 100000 bytes for rows: the arena may hold "
                                     "100000 bytes");
    umm_arena_reset(&arena);
    assert_int_equal(umm_arena_check(&arena, "rows", &err), UMM_OK);
    umm_arena_close(&arena);
}

/* Small pieces until it fails: nearly all of a limit can be used, and never more. */
static void limit_is_used_up_and_kept(void **state)
{
    (void)state;
    const size_t limits[] = {2000, 65536, 100000, 1000000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct umm_arena arena;
        struct umm_arena_stats stats;
        umm_arena_open(&arena, &(struct umm_arena_options){.limit_bytes = limits[i]});
        for (int cycle = 0; cycle < 3; cycle++) {
            size_t n = 0;
            while (umm_arena_alloc(&arena, 48))
                n++;
            umm_arena_stats(&arena, &stats);
            assert_true(stats.reserved_bytes <= limits[i]);
            assert_int_equal(stats.used_bytes, n * 48);
            assert_true(stats.used_bytes > limits[i] - limits[i] / 5);
            umm_arena_reset(&arena);
        }
        umm_arena_close(&arena);
    }
}

/* What a reset kept is in nobody's way: a limit bounds what is in use. */
static void kept_blocks_make_room(void **state)
{
    (void)state;
    enum { LIMIT = 1000000 };
    struct umm_arena arena, child;
    struct umm_arena_stats stats;
    umm_arena_open(&arena, &(struct umm_arena_options){.limit_bytes = LIMIT});
    for (int cycle = 0; cycle < 3; cycle++) {
        assert_non_null(umm_arena_alloc(&arena, 600000));
        umm_arena_reset(&arena);
        assert_non_null(umm_arena_alloc(&arena, 700000));
        umm_arena_reset(&arena);
        while (umm_arena_alloc(&arena, 48))
            continue;
        umm_arena_reset(&arena);
        char *large = umm_arena_alloc(&arena, 800000), *small = umm_arena_alloc(&arena, 48);
        assert_true(small && large && is_zero(large, 800000));
        memset(small, 1, 48);
        umm_arena_reset(&arena);
        umm_arena_open_child(&child, &arena, NULL);
        assert_non_null(umm_arena_alloc(&child, 850000));
        umm_arena_close(&child);
        umm_arena_stats(&arena, &stats);
        assert_true(stats.reserved_bytes <= LIMIT);
        umm_arena_reset(&arena);
    }
    umm_arena_close(&arena);
}

static void reset_keeps_blocks(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct umm_arena arena = {0};
    struct umm_arena_stats first, later;
    char **at = malloc(N * sizeof *at);
    size_t held = 0;
    for (int cycle = 0; cycle < 4; cycle++) {
        for (size_t i = 0; i < N; i++) {
            size_t len = i % 100 == 0 ? 40000 + i % 7 : 1 + i % 300;
            char *piece = umm_arena_alloc(&arena, len);
            assert_true(is_zero(piece, len));
            memset(piece, 0xee, len);
            if (cycle)
                assert_ptr_equal(piece, at[i]);
            at[i] = piece;
        }
        umm_arena_stats(&arena, cycle ? &later : &first);
        umm_arena_reset(&arena);
        if (cycle == 0)
            held = malloc_bytes();
        assert_int_equal(malloc_bytes(), held);
    }
    assert_memory_equal(&first, &later, sizeof first);
    /* Large blocks that a cycle did not use go at its end; the others stay. */
    umm_arena_reset(&arena);
    umm_arena_stats(&arena, &later);
    assert_true(later.n_blocks < first.n_blocks - N / 100 + 1);
    assert_int_equal(later.used_bytes, 0);
    assert_int_equal(later.peak_bytes, first.used_bytes);
    umm_arena_close(&arena);
    free(at);
}

static void freed_pieces_are_used_again(void **state)
{
    (void)state;
    struct umm_arena arena = {0};
    struct umm_arena_stats stats;
    void *held[64] = {0};
    for (size_t i = 0; i < 200000; i++) {
        size_t slot = i * 7 % 64, len = 16 + slot * 31;
        umm_arena_free(&arena, held[slot], len);
        held[slot] = umm_arena_alloc(&arena, len);
        assert_true(is_zero(held[slot], len));
        memset(held[slot], 0xdd, len);
    }
    umm_arena_stats(&arena, &stats);
    assert_true(stats.reserved_bytes < 300000);
    for (size_t slot = 0; slot < 64; slot++)
        umm_arena_free(&arena, held[slot], 16 + slot * 31);
    umm_arena_stats(&arena, &stats);
    assert_int_equal(stats.used_bytes, 0);
    umm_arena_close(&arena);
}

static void large_pieces_go_back_at_once(void **state)
{
    (void)state;
    struct umm_arena arena = {0};
    struct umm_arena_stats stats;
    void *a = umm_arena_alloc(&arena, 1000000), *b = umm_arena_alloc(&arena, 2000000);
    void *c = umm_arena_alloc(&arena, 3000000);
    assert_true(a && b && c);
    umm_arena_free(&arena, b, 2000000);
    umm_arena_stats(&arena, &stats);
    assert_int_equal(stats.n_blocks, 2);
    assert_int_equal(stats.used_bytes, 4000000);
    assert_int_equal(stats.peak_bytes, 6000000);
    umm_arena_free(&arena, a, 1000000);
    umm_arena_free(&arena, c, 3000000);
    umm_arena_stats(&arena, &stats);
    assert_int_equal(stats.reserved_bytes, 0);
    umm_arena_close(&arena);
}

static void realloc_in_place_at_the_end(void **state)
{
    (void)state;
    struct umm_arena arena = {0};
    char *at = umm_arena_realloc(&arena, NULL, 0, 10);
    memset(at, 'x', 10);
    assert_ptr_equal(umm_arena_realloc(&arena, at, 10, 4000), at);
    assert_true(is_zero(at + 10, 3990));
    memset(at, 'x', 4000);
    assert_ptr_equal(umm_arena_realloc(&arena, at, 4000, 5), at);
    assert_ptr_equal(umm_arena_realloc(&arena, at, 5, 3000), at);
    assert_true(is_zero(at + 5, 2995));
    assert_memory_equal(at, "xxxxx", 5);
    umm_arena_free(&arena, at, 3000);
    assert_ptr_equal(umm_arena_alloc(&arena, 20), at);
    assert_true(is_zero(at, 20));
    umm_arena_close(&arena);
}

static void buffer_is_all_there_is(void **state)
{
    (void)state;
    enum { CAP = 10000 };
    char *room = malloc(CAP + 1);
    struct umm_error err;
    for (size_t cap = 0; cap < 300; cap++) {
        struct umm_arena small;
        umm_arena_open_buffer(&small, room + cap % 17, cap);
        char *at = umm_arena_alloc(&small, 32);
        assert_true(!at || (at >= room + cap % 17 && at + 32 <= room + cap % 17 + cap));
        assert_true(at || cap < 32 + 64 + 15 + 15);
        umm_arena_close(&small);
    }
    struct umm_arena arena;
    size_t before = malloc_bytes(), n = 0;
    umm_arena_open_buffer(&arena, room + 1, CAP);
    for (int cycle = 0; cycle < 3; cycle++) {
        for (n = 0; umm_arena_alloc(&arena, 100); n++)
            continue;
        assert_true(n >= (CAP - 128) / 112);
        assert_null(umm_arena_alloc(&arena, 50000));
        umm_arena_reset(&arena);
    }
    char *a = umm_arena_alloc(&arena, 5000), *b = umm_arena_alloc(&arena, 4000);
    memset(a, 1, 5000);
    assert_non_null(b);
    assert_null(umm_arena_alloc(&arena, 4999));
    assert_int_equal(umm_arena_check(&arena, "it", &err), UMM_ERR_MEMORY);
    assert_string_equal(err.message,
                        "cannot allocate 4999 bytes for it: the arena may hold 10000 bytes");
    umm_arena_free(&arena, a, 5000);
    a = umm_arena_alloc(&arena, 4999);
    assert_non_null(a);
    assert_true(is_zero(a, 4999));
    assert_int_equal(malloc_bytes(), before);
    umm_arena_close(&arena);
    memset(room, 0, CAP + 1); /* all accessible again */
    free(room);
}

static void children_live_in_their_parent(void **state)
{
    (void)state;
    enum { CAP = 100000 };
    char *room = malloc(CAP);
    struct umm_arena parent, child, grandchild;
    struct umm_arena_stats stats;
    umm_arena_open_buffer(&parent, room, CAP);
    for (int cycle = 0; cycle < 50; cycle++) {
        umm_arena_open_child(&child, &parent, NULL);
        umm_arena_open_child(&grandchild, &child, NULL);
        for (int i = 0; i < 300; i++) {
            char *a = umm_arena_alloc(&child, 50), *b = umm_arena_alloc(&grandchild, 70);
            assert_true(a >= room && a < room + CAP && is_zero(a, 50));
            assert_true(b >= room && b < room + CAP && is_zero(b, 70));
            memset(a, 0xaa, 50);
            memset(b, 0xbb, 70);
        }
        if (cycle % 3 == 0) {
            umm_arena_reset(&parent); /* ends them both */
        } else {
            umm_arena_close(&grandchild);
            umm_arena_close(&child);
        }
        umm_arena_stats(&parent, &stats);
        assert_int_equal(stats.used_bytes, 0);
    }
    /* What fails in a child is the child's failure. */
    struct umm_error err;
    umm_arena_open_child(&child, &parent, NULL);
    assert_null(umm_arena_alloc(&child, 2 * CAP));
    assert_int_equal(umm_arena_check(&child, "it", &err), UMM_ERR_MEMORY);
    assert_string_equal(err.message,
                        "cannot allocate 200000 bytes for it: the arena may hold 100000 bytes");
    assert_int_equal(umm_arena_check(&parent, "it", &err), UMM_OK);
    umm_arena_close(&child);
    umm_arena_close(&parent);
    free(room);
}

/* ---- against malloc ---------------------------------------------------------- */

struct piece {
    unsigned char *at;
    size_t len;
    unsigned char fill;
};

static void check_piece(const struct piece *piece)
{
    for (size_t i = 0; i < piece->len; i++)
        if (piece->at[i] != piece->fill)
            fail_msg("byte %zu of %zu is not the one written", i, piece->len);
}

/* Mostly small, some large. */
static size_t random_len(uint64_t *seed)
{
    uint64_t r = xorshift64(seed), span = r % 100;
    return (r >> 32) % (span < 70 ? 70 : span < 95 ? 2000 : 60000);
}

/*
 * Random calls: what is written in a piece stays (so that none overlap), new bytes are
 * zero where they should be, and the books are right.
 */
static void run_random(struct umm_arena *arena, uint64_t seed, int n_calls)
{
    enum { N_PIECES = 200 };
    struct piece pieces[N_PIECES] = {{0}};
    struct umm_arena_stats stats;
    for (int call = 0; call < n_calls; call++) {
        struct piece *piece = &pieces[xorshift64(&seed) % N_PIECES];
        size_t len = random_len(&seed), was = piece->len, zero_from = 0;
        uint64_t what = xorshift64(&seed) % 1000;
        unsigned char *at;
        if (what == 0) {
            for (size_t i = 0; i < N_PIECES; i++)
                check_piece(&pieces[i]);
            umm_arena_reset(arena);
            memset(pieces, 0, sizeof pieces);
            umm_arena_stats(arena, &stats);
            assert_int_equal(stats.used_bytes, 0);
            continue;
        }
        if (piece->at)
            check_piece(piece);
        if (what < 300 && piece->at) {
            umm_arena_free(arena, piece->at, piece->len);
            *piece = (struct piece){0};
            continue;
        }
        if (what < 500 || piece->at) {
            at = umm_arena_realloc(arena, piece->at, piece->len, len);
            for (size_t i = 0; at && i < was && i < len; i++)
                assert_int_equal(at[i], piece->fill);
            zero_from = piece->at ? was : 0;
        } else if (what < 600) {
            size_t align = (size_t)1 << (xorshift64(&seed) % 10);
            at = umm_arena_alloc_aligned(arena, len, align);
            assert_int_equal((uintptr_t)at % align, 0);
        } else if (what < 800) {
            at = umm_arena_alloc_raw(arena, len);
            zero_from = len;
        } else {
            at = umm_arena_alloc(arena, len);
        }
        if (!at)
            continue; /* of a limited one; the piece is as it was */
        assert_true(zero_from >= len || is_zero(at + zero_from, len - zero_from));
        *piece = (struct piece){at, len, (unsigned char)(1 + call % 255)};
        memset(at, piece->fill, len);
    }
    umm_arena_stats(arena, &stats);
    assert_true(stats.used_bytes <= stats.reserved_bytes);
    assert_true(stats.used_bytes <= stats.peak_bytes);
}

static void random_calls_agree_with_a_model(void **state)
{
    (void)state;
    char *room = malloc(200000);
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct umm_arena arena, child;
        umm_arena_open(&arena, NULL);
        run_random(&arena, seed * 77, 6000);
        umm_arena_open_child(&child, &arena, NULL);
        run_random(&child, seed * 99, 3000);
        umm_arena_close(&child);
        run_random(&arena, seed * 111, 1000);
        umm_arena_close(&arena);
        umm_arena_open(&arena, &(struct umm_arena_options){.block_bytes = seed * 1001});
        run_random(&arena, seed * 1234, 3000);
        umm_arena_close(&arena);
        umm_arena_open(&arena, &(struct umm_arena_options){.limit_bytes = 150000 * seed});
        run_random(&arena, seed * 4321, 3000);
        umm_arena_close(&arena);
        umm_arena_open_buffer(&arena, room + seed, 199000);
        run_random(&arena, seed * 555, 3000);
        umm_arena_open_child(&child, &arena, &(struct umm_arena_options){.limit_bytes = 50000});
        run_random(&child, seed * 666, 3000);
        umm_arena_close(&arena);
    }
    free(room);
}

/* ---- what AddressSanitizer sees ----------------------------------------------- */

/* Whether a child process that runs it dies. */
static bool dies(void (*misuse)(void))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        fclose(stderr); /* its report */
        misuse();
        _exit(0);
    }
    int wstatus;
    assert_int_equal(waitpid(pid, &wstatus, 0), pid);
    return wstatus != 0;
}

static void write_at(char *volatile at)
{
    *at = 'x';
}

static void write_after_reset(void)
{
    struct umm_arena arena = {0};
    char *at = umm_arena_alloc(&arena, 100);
    umm_arena_reset(&arena);
    write_at(at);
}

static void write_large_after_reset(void)
{
    struct umm_arena arena = {0};
    char *at = umm_arena_alloc(&arena, 100000);
    umm_arena_reset(&arena);
    write_at(at + 50000);
}

static void write_after_free(void)
{
    struct umm_arena arena = {0};
    char *at = umm_arena_alloc(&arena, 100), *next = umm_arena_alloc(&arena, 1);
    umm_arena_free(&arena, at, 100);
    write_at(next);
    write_at(at);
}

static void write_past_the_end(void)
{
    struct umm_arena arena = {0};
    char *at = umm_arena_alloc(&arena, 13), *next = umm_arena_alloc(&arena, 1);
    write_at(next);
    write_at(at + 13);
}

static void write_after_parents_reset(void)
{
    struct umm_arena arena = {0}, child;
    umm_arena_open_child(&child, &arena, NULL);
    char *at = umm_arena_alloc(&child, 100);
    umm_arena_reset(&arena);
    write_at(at);
}

static void misuse_is_caught_by_asan(void **state)
{
    (void)state;
    if (!IS_ASAN)
        skip();
    assert_true(dies(write_after_reset));
    assert_true(dies(write_large_after_reset));
    assert_true(dies(write_after_free));
    assert_true(dies(write_past_the_end));
    assert_true(dies(write_after_parents_reset));
}

static void texts_are_copied_with_their_end(void **state)
{
    (void)state;
    char room[UMM_ARENA_ALIGN * 8], text[] = "text";
    struct umm_arena arena;
    umm_arena_open_buffer(&arena, room, sizeof room);
    char *copy = umm_arena_copy_text(&arena, text);
    text[0] = 'n';
    assert_string_equal(copy, "text");
    copy = umm_arena_copy_text(&arena, "");
    assert_string_equal(copy, "");
    for (int i = 0; i < 8 && copy; i++)
        copy = umm_arena_copy_text(&arena, text);
    assert_null(copy);
    assert_int_equal(umm_arena_check(&arena, "a text", NULL), UMM_ERR_MEMORY);
    umm_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_zero_and_aligned),
        cmocka_unit_test(sizes_that_cannot_be_fail),
        cmocka_unit_test(failures_are_remembered),
        cmocka_unit_test(limit_is_used_up_and_kept),
        cmocka_unit_test(kept_blocks_make_room),
        cmocka_unit_test(reset_keeps_blocks),
        cmocka_unit_test(freed_pieces_are_used_again),
        cmocka_unit_test(large_pieces_go_back_at_once),
        cmocka_unit_test(realloc_in_place_at_the_end),
        cmocka_unit_test(buffer_is_all_there_is),
        cmocka_unit_test(children_live_in_their_parent),
        cmocka_unit_test(texts_are_copied_with_their_end),
        cmocka_unit_test(random_calls_agree_with_a_model),
        cmocka_unit_test(misuse_is_caught_by_asan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
