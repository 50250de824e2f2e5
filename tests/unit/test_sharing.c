/* SPDX-License-Identifier: MIT */
/* Against this process, and children of it, whose mappings are known. */
#include "probe/sharing.h"

#include "tasks.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGES = 64, CHANGED = 16, CHILDREN = 3 };

/* A file of PAGES pages, already without a name. */
static int make_file(struct umm_sharing_file *file, size_t *page_bytes)
{
    char path[] = "/tmp/umm-test-sharing-XXXXXX";
    struct stat st;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    *page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    char *page = calloc(1, *page_bytes);
    assert_non_null(page);
    memset(page, 'x', *page_bytes);
    for (int i = 0; i < PAGES; i++)
        assert_int_equal(write(fd, page, *page_bytes), *page_bytes);
    free(page);
    unlink(path);
    assert_int_equal(fstat(fd, &st), 0);
    *file = (struct umm_sharing_file){.device = st.st_dev, .inode = st.st_ino};
    return fd;
}

static char *map_all(int fd, size_t len_bytes)
{
    char *at = mmap(NULL, len_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    assert_true(at != MAP_FAILED);
    volatile char sum = 0;
    for (size_t i = 0; i < len_bytes; i += 512)
        sum = (char)(sum + at[i]);
    return at;
}

/* A child that maps the file, changes n_changed pages, says so and waits to be killed. */
static pid_t start_child(int fd, size_t page_bytes, int n_changed)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork_mortal();
    if (pid == 0) {
        char *at = map_all(fd, PAGES * page_bytes);
        for (int i = 0; i < n_changed; i++)
            at[(size_t)i * page_bytes] = 'y';
        if (write(ready[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_sums(void **state)
{
    struct umm_sharing_file files[2] = {{.device = 1, .inode = 1}};
    struct umm_sharing found[2];
    pid_t children[CHILDREN];
    size_t page_bytes;
    (void)state;
    int fd = make_file(&files[1], &page_bytes);
    for (int i = 0; i < CHILDREN; i++)
        children[i] = start_child(fd, page_bytes, 0);
    assert_int_equal(umm_sharing_read(NULL, files, 2, found, NULL), UMM_OK);
    uint64_t size = PAGES * page_bytes;
    assert_int_equal(found[0].n_processes, 0);
    assert_int_equal(found[1].n_processes, CHILDREN);
    assert_int_equal(found[1].rss_bytes, CHILDREN * size);
    /* PSS is rounded down to a KiB in each process. */
    assert_in_range(found[1].pss_bytes, size - CHILDREN * 1024, size);
    assert_int_equal(found[1].anonymous_bytes, 0);
    assert_true(umm_sharing_one_copy(&found[1]) == 1.0);
    for (int i = 0; i < CHILDREN; i++) {
        assert_int_equal(found[1].processes[i].pid, children[i]);
        assert_int_equal(found[1].processes[i].mapped_bytes, size);
        end_child(children[i]);
    }
    umm_sharing_free(&found[1]);
    assert_int_equal(umm_sharing_read(NULL, files, 2, found, NULL), UMM_OK);
    assert_int_equal(found[1].n_processes, 0);
    assert_true(umm_sharing_one_copy(&found[1]) == -1);
    close(fd);
}

/* A number is given again on another device: a file of this number there is another file. */
static void test_another_device(void **state)
{
    struct umm_sharing_file files[3];
    struct umm_sharing found[3];
    size_t page_bytes;
    (void)state;
    int fd = make_file(&files[1], &page_bytes);
    files[0] = files[2] = files[1];
    files[0].device++;
    files[2].device++;
    files[2].path = "/another";
    pid_t child = start_child(fd, page_bytes, 0);
    assert_int_equal(umm_sharing_read(NULL, files, 3, found, NULL), UMM_OK);
    assert_int_equal(found[0].n_processes, 0);
    assert_int_equal(found[1].n_processes, 1);
    assert_int_equal(found[2].n_processes, 0);
    end_child(child);
    umm_sharing_free(&found[1]);
    close(fd);
}

static void test_own_copies(void **state)
{
    struct umm_sharing_file file;
    struct umm_sharing found;
    size_t page_bytes;
    (void)state;
    int fd = make_file(&file, &page_bytes);
    pid_t child = start_child(fd, page_bytes, CHANGED);
    assert_int_equal(umm_sharing_read(NULL, &file, 1, &found, NULL), UMM_OK);
    assert_int_equal(found.n_processes, 1);
    assert_int_equal(found.anonymous_bytes, CHANGED * page_bytes);
    assert_true(umm_sharing_one_copy(&found) == 1.0 - (double)CHANGED / PAGES);
    end_child(child);
    umm_sharing_free(&found);
    close(fd);
}

static void test_lines(void **state)
{
    struct umm_mapping m;
    (void)state;
    assert_true(umm_mapping_parse("7f00-7fff r-xp 00001000 fe:01 4711    /a b\nRss: 1", &m));
    assert_int_equal(m.start, 0x7f00);
    assert_int_equal(m.end, 0x7fff);
    assert_int_equal(m.inode, 4711);
    assert_int_equal(m.path_len, 4);
    assert_memory_equal(m.path, "/a b", 4);
    assert_true(umm_mapping_parse("0-ffffffffffffffff ---p 0 00:00 0", &m));
    assert_int_equal(m.path_len, 0);
    assert_false(umm_mapping_parse("Rss:        12 kB", &m));
    assert_false(umm_mapping_parse("7f00-7eff r-xp 0 fe:01 1", &m));
    assert_false(umm_mapping_parse("7f00-7fff r-x 0 fe:01 1", &m));
    assert_false(umm_mapping_parse("10000000000000000-7fff r-xp 0 fe:01 1", &m));
    assert_false(umm_mapping_parse("7f00-7fff r-xp 0 100000000:01 1", &m));
    assert_false(umm_mapping_parse("", &m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums), cmocka_unit_test(test_own_copies),
        cmocka_unit_test(test_another_device), cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
