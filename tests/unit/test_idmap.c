/* SPDX-License-Identifier: MIT */
#include "watch/idmap.h"

#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { N = 3000, STEPS = 200000 };

static char texts[N][8];

static struct umm_watch_text text_of(const void *owner, uint32_t number)
{
    (void)owner;
    return (struct umm_watch_text){texts[number], strlen(texts[number])};
}

static size_t count_used(const uint32_t *slots, size_t mask)
{
    size_t n = 0;
    for (size_t i = 0; slots && i <= mask; i++)
        n += slots[i] != 0 && slots[i] != UINT32_MAX;
    return n;
}

static void assert_found(const struct umm_idmap *map, const bool *is_there, uint32_t number)
{
    const struct umm_watch_text text = text_of(NULL, number);
    const uint32_t found = umm_idmap_find(map, umm_idmap_hash(map, &text), &text, text_of, NULL);
    assert_int_equal(found, is_there[number] ? number : UMM_IDMAP_NONE);
}

/* Numbers come and go, mostly come: each is found if it is there, and no slot is lost. */
static void test_random(void **state)
{
    static bool is_there[N];
    struct umm_idmap map = {.key = {1, 2}};
    uint64_t random = RANDOM_SEED;
    size_t n_moving = 0;
    (void)state;
    for (int i = 0; i < N; i++)
        snprintf(texts[i], sizeof texts[i], "%d", i);
    for (size_t step = 0; step < STEPS; step++) {
        uint32_t number = (uint32_t)(xorshift64(&random) % (N * (step + 1) / STEPS + 1));
        if (number == N)
            continue;
        struct umm_watch_text text = text_of(NULL, number);
        uint64_t hash = umm_idmap_hash(&map, &text);
        assert_found(&map, is_there, number);
        if (!is_there[number]) {
            assert_true(umm_idmap_reserve(&map, text_of, NULL));
            umm_idmap_put(&map, hash, number);
            is_there[number] = true;
        } else if (step % 4 == 0) {
            umm_idmap_drop(&map, hash, number, text_of, NULL);
            is_there[number] = false;
        }
        n_moving += map.old != NULL;
        for (uint32_t i = 0; map.old && i < N; i++)
            assert_found(&map, is_there, i);
        if (step % 64 == 0)
            assert_int_equal(map.n,
                             count_used(map.slots, map.mask) + count_used(map.old, map.old_mask));
    }
    assert_true(n_moving > 100);
    umm_idmap_reset(&map);
    assert_int_equal(umm_idmap_size_bytes(&map), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
