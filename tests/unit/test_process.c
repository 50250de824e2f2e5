/* SPDX-License-Identifier: MIT */
#include "child/child.h"
#include "probe/choice.h"
#include "probe/family.h"
#include "probe/process.h"
#include "probe/snapshot.h"

#include "tasks.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- texts ---- */

#define REST "1 2 3 4 -1 4194560 10 11 12 13 14 15 16 17 20 0 5 0 777 1 2 3\n"

static void test_stat(void **state)
{
    struct umm_process_id id;
    struct umm_process p;
    (void)state;
    assert_true(umm_process_parse_stat("42 (a b) S " REST, &id, &p));
    assert_int_equal(id.pid, 42);
    assert_int_equal(id.ppid, 1);
    assert_int_equal(id.state, 'S');
    assert_int_equal(id.start_ticks, 777);
    assert_string_equal(id.name, "a b");
    assert_false(id.is_kernel_thread);
    assert_int_equal(p.minor_faults, 10);
    assert_int_equal(p.major_faults, 12);
    assert_int_equal(p.n_threads, 5);
    /* A name that looks like the rest of the line. */
    assert_true(umm_process_parse_stat("42 (x) R 9 9) Z " REST, &id, NULL));
    assert_string_equal(id.name, "x) R 9 9");
    assert_int_equal(id.state, 'Z');
    assert_true(umm_process_parse_stat("2 (k) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3 0\n",
                                       &id, NULL));
    assert_true(id.is_kernel_thread);
    static const char *const bad[] = {
        "", "42", "42 (a", "42 (a)", "42 (a) S", "42 (a) S 1", "x (a) S " REST, "42 a S 1", NULL};
    for (int i = 0; bad[i]; i++)
        assert_false(umm_process_parse_stat(bad[i], &id, NULL));
}

static void test_rollup(void **state)
{
    struct umm_process p = {.shmem_bytes = 4096, .pss_bytes = UMM_UNKNOWN};
    (void)state;
    umm_process_parse_rollup("Rss: 100 kB\nPss: 50 kB\nPrivate_Clean: 3 kB\nPrivate_Dirty: 4 kB\n"
                             "Pss_Anon: 30 kB\nPss_Shmem: 1 kB\nAnonymous: 60 kB\n"
                             "LazyFree: 8 kB\nSwap: 9 kB\nSwapPss: 2 kB\n",
                             &p);
    assert_int_equal(p.pss_anonymous_bytes, 30 * 1024);
    assert_int_equal(p.pss_shmem_bytes, 1024);
    assert_int_equal(p.lazy_free_bytes, 8 * 1024);
    assert_int_equal(p.rss_bytes, 100 * 1024);
    assert_int_equal(p.pss_bytes, 50 * 1024);
    assert_int_equal(p.uss_bytes, 7 * 1024);
    assert_int_equal(p.anonymous_bytes, 60 * 1024);
    assert_int_equal(p.file_bytes, 36 * 1024);
    assert_int_equal(p.swap_bytes, 2 * 1024);
    struct umm_process before = p;
    umm_process_parse_rollup("Rss: 1 kB\nAnonymous: 2 kB\n", &p); /* cannot be */
    umm_process_parse_rollup("", &p);
    assert_memory_equal(&p, &before, sizeof p);
}

/* ---- processes ---- */

static void test_self(void **state)
{
    struct umm_process p;
    bool is_there;
    (void)state;
    assert_int_equal(umm_process_read(NULL, (uint32_t)getpid(), &p, &is_there, NULL), UMM_OK);
    assert_true(is_there);
    assert_int_equal(p.id.ppid, getppid());
    assert_true(p.rss_bytes != UMM_UNKNOWN && p.pss_bytes <= p.rss_bytes);
    assert_true(p.uss_bytes <= p.pss_bytes && p.pss_bytes > 0);
    assert_int_equal(p.anonymous_bytes + p.file_bytes + p.shmem_bytes, p.rss_bytes);
    assert_true(p.n_threads >= 1 && p.n_fds >= 3);
}

static pid_t start_child(void)
{
    pid_t pid = fork_mortal();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    return pid;
}

static void test_gone(void **state)
{
    struct umm_process p;
    bool is_there = true;
    siginfo_t info;
    (void)state;
    pid_t pid = start_child();
    assert_int_equal(umm_process_read(NULL, (uint32_t)pid, &p, &is_there, NULL), UMM_OK);
    assert_true(is_there);
    kill(pid, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(umm_process_read(NULL, (uint32_t)pid, &p, &is_there, NULL), UMM_OK);
    assert_false(is_there); /* a zombie */
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(umm_process_read(NULL, (uint32_t)pid, &p, &is_there, NULL), UMM_OK);
    assert_false(is_there);
    assert_true(p.rss_bytes == UMM_UNKNOWN && p.n_fds == UMM_UNKNOWN);
}

static void test_descendants(void **state)
{
    /* 5 is 9's child and 9 is 3's; 8's parent has ended. */
    const struct umm_process_id list[] = {{.pid = 1},
                                          {.pid = 3, .ppid = 1},
                                          {.pid = 5, .ppid = 9},
                                          {.pid = 8, .ppid = 7},
                                          {.pid = 9, .ppid = 3}};
    bool is_chosen[5] = {false, true, false, false, false};
    const bool wanted[5] = {false, true, true, false, true};
    (void)state;
    umm_process_choose_descendants(list, 5, is_chosen);
    assert_memory_equal(is_chosen, wanted, sizeof wanted);
}

static void test_names(void **state)
{
    struct umm_process_id id = {.name = "a-name-of-15-by"};
    (void)state;
    assert_true(umm_process_has_name(&id, "a-name-of-15-bytes-and-more"));
    assert_false(umm_process_has_name(&id, "a-name-of-15"));
}

static bool is_member(const struct umm_family *family, pid_t pid)
{
    for (size_t i = 0; i < family->n_all; i++)
        if (family->all[i].pid == (uint32_t)pid)
            return family->all[i].is_member;
    return false;
}

static void test_family(void **state)
{
    struct umm_family family = {.self = (uint32_t)getpid()};
    (void)state;
    assert_int_equal(umm_family_update(&family, NULL), UMM_OK);
    assert_false(is_member(&family, getppid()));
    assert_false(is_member(&family, getpid()));
    pid_t first = start_child(), second = start_child();
    assert_int_equal(umm_family_update(&family, NULL), UMM_OK);
    assert_true(is_member(&family, first) && is_member(&family, second));
    kill(first, SIGKILL);
    assert_int_equal(waitpid(first, NULL, 0), first);
    assert_int_equal(umm_family_update(&family, NULL), UMM_OK);
    assert_true(!is_member(&family, first) && is_member(&family, second));
    kill(second, SIGKILL);
    assert_int_equal(waitpid(second, NULL, 0), second);
    umm_family_free(&family);
}

/* A child of fork has a memory of its own; one of vfork would not. */
static void test_shares_memory(void **state)
{
    (void)state;
    pid_t pid = start_child();
    assert_false(umm_child_shares_memory((uint32_t)pid, umm_child_self()));
    assert_true(umm_child_shares_memory(umm_child_self(), umm_child_self()));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* ---- snapshots ---- */

#define MAPPING(range, path, rss)                                                                  \
    range " rw-p 00000000 00:00 0 " path "\nSize: 8 kB\nRss: " rss " kB\nPss: 1 kB\n"              \
          "Anonymous: 1 kB\nSwap: 2 kB\nVmFlags: rd wr\n"

static void test_snapshot(void **state)
{
    struct umm_snapshot before = {0}, after = {0}, read;
    struct umm_table table;
    char *text, shown[UMM_TABLE_SHOWN_MAX];
    size_t len;
    double change;
    (void)state;
    assert_int_equal(umm_snapshot_add(&before, "p\tq\\\x1b",
                                      MAPPING("1000-2000", "/b", "4") MAPPING("3000-4000", "", "4")
                                          MAPPING("5000-6000", "/b", "4"),
                                      NULL),
                     UMM_OK);
    umm_snapshot_sort(&before);
    assert_int_equal(before.n, 2);
    assert_string_equal(before.mappings[0].name, "/b");
    assert_int_equal(before.mappings[0].rss_bytes, 8192);
    assert_int_equal(before.mappings[0].swap_bytes, 4096);
    assert_int_equal(before.mappings[0].n_mappings, 2);
    assert_string_equal(before.mappings[1].name, "[anonymous]");
    assert_int_equal(umm_snapshot_print(&before, &text, &len, NULL), UMM_OK);
    assert_int_equal(umm_snapshot_parse(text, len, "f", &read, NULL), UMM_OK);
    assert_int_equal(read.n, 2);
    assert_non_null(strstr(text, "\tp\\tq\\\\\\x1b\t/b\n"));
    assert_string_equal(read.mappings[0].process, "p\tq\\\x1b");
    assert_int_equal(read.mappings[1].size_bytes, 8192);
    free(text);
    assert_int_equal(umm_snapshot_add(&after, "p\tq\\\x1b",
                                      MAPPING("1000-2000", "/b", "2")
                                          MAPPING("3000-4000", "/new\\012line", "8"),
                                      NULL),
                     UMM_OK);
    umm_snapshot_sort(&after);
    umm_snapshot_compare_init(&table);
    assert_int_equal(umm_snapshot_compare(&table, &read, &after, &change, NULL), UMM_OK);
    assert_true(change == 10240.0 - 12288.0);
    assert_int_equal(table.n_rows, 3);
    assert_string_equal(umm_table_show(&table, 0, 0, shown), "+8.0 KiB");
    assert_string_equal(umm_table_show(&table, 1, 0, shown), "-4.0 KiB");
    assert_string_equal(umm_table_show(&table, 2, 0, shown), "-6.0 KiB");
    umm_table_clear(&table);
    umm_snapshot_free(&before);
    umm_snapshot_free(&after);
    umm_snapshot_free(&read);
    /* By another's hand: what is no escape of ours stays. */
    static const char odd[] = "umm-memstat snapshot 1\n1 1 1 1 1 1\t\\q\\x00\\x1\\\t\\x41\\xe9\n";
    assert_int_equal(umm_snapshot_parse(odd, strlen(odd), "f", &read, NULL), UMM_OK);
    assert_string_equal(read.mappings[0].process, "\\q\\x00\\x1\\");
    assert_string_equal(read.mappings[0].name, "A\xe9");
    umm_snapshot_free(&read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stat),        cmocka_unit_test(test_rollup),
        cmocka_unit_test(test_self),        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_descendants), cmocka_unit_test(test_names),
        cmocka_unit_test(test_family),      cmocka_unit_test(test_shares_memory),
        cmocka_unit_test(test_snapshot)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
