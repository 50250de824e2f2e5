/* SPDX-License-Identifier: MIT */
#include "sys/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGES = 16 };

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t count_resident(char *memory)
{
    unsigned char is_there[PAGES];
    size_t n = 0;
    assert_int_equal(mincore(memory, PAGES * page_bytes(), is_there), 0);
    for (size_t i = 0; i < PAGES; i++)
        n += is_there[i] & 1;
    return n;
}

static char *map_pages(void)
{
    char *memory = mmap(NULL, PAGES * page_bytes(), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

static void whole_pages_are_there_and_no_others(void **state)
{
    char *memory = map_pages();
    (void)state;
    assert_int_equal(count_resident(memory), 0);
    umm_pages_have(memory + 1, page_bytes() - 1);
    umm_pages_have(memory + 1, 2 * page_bytes() - 2);
    umm_pages_have(memory, 0);
    assert_int_equal(count_resident(memory), 0);
    umm_pages_have(memory + 1, 4 * page_bytes());
    size_t n = count_resident(memory);
    assert_true(n == 3 || n == 0); /* 0: a kernel that does not know it */
    umm_pages_have(memory, PAGES * page_bytes());
    assert_true(count_resident(memory) == (n ? PAGES : 0));
    munmap(memory, PAGES * page_bytes());
}

static void what_is_there_stays(void **state)
{
    char *memory = map_pages();
    (void)state;
    memset(memory + page_bytes(), 'x', page_bytes());
    umm_pages_have(memory, PAGES * page_bytes());
    for (size_t i = 0; i < PAGES * page_bytes(); i++)
        assert_int_equal(memory[i], i / page_bytes() == 1 ? 'x' : 0);
    munmap(memory, PAGES * page_bytes());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_pages_are_there_and_no_others),
        cmocka_unit_test(what_is_there_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
