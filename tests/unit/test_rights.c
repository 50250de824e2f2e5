/* SPDX-License-Identifier: MIT */
/* Every test runs in a scratch directory of its own as working directory. */
#include "sys/rights.h"

#include "scratch.h"

#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char ACL_NAME[] = "system.posix_acl_access";
static const struct umm_rights_own OWN = {0644, 0, 0};

struct entry {
    unsigned tag, permissions, id;
};

static size_t make_acl(unsigned char *acl, const struct entry *entries, size_t n)
{
    unsigned char *at = umm_bytes_put(acl, 2, 4);
    for (size_t i = 0; i < n; i++) {
        at = umm_bytes_put(at, entries[i].tag, 2);
        at = umm_bytes_put(at, entries[i].permissions, 2);
        at = umm_bytes_put(at, entries[i].id, 4);
    }
    return (size_t)(at - acl);
}

/* The group has nothing, user 12 reads and writes, group 13 reads, others read. */
static const struct entry LIST[] = {{1, 6, UINT32_MAX}, {2, 6, 12},          {4, 0, UINT32_MAX},
                                    {8, 4, 13},         {16, 6, UINT32_MAX}, {32, 4, UINT32_MAX}};
enum { N_LIST = sizeof LIST / sizeof *LIST };

/* The rights of name, with that list; the test is skipped where there are none. */
static void read_listed(const char *name, struct umm_rights *rights)
{
    unsigned char acl[256];
    struct stat st;
    size_t len = make_acl(acl, LIST, N_LIST);
    put(name, "old");
    if (setxattr(name, ACL_NAME, acl, len, 0) < 0) {
        print_message("SKIP: no access control lists here\n");
        skip();
    }
    int dir_fd = open(".", O_PATH | O_DIRECTORY);
    assert_int_equal(lstat(name, &st), 0);
    assert_int_equal(umm_rights_read(rights, dir_fd, name, &st, name, NULL), UMM_OK);
    close(dir_fd);
    assert_int_equal(rights->mode, 0664);
    assert_true(rights->has_acls);
    assert_int_equal(rights->acl_bytes, len);
    assert_memory_equal(rights->acl, acl, len);
}

static void give(const struct umm_rights *rights, const char *name,
                 const struct umm_rights_own *own)
{
    int fd, dir_fd = open(".", O_PATH | O_DIRECTORY);
    put(name, "new");
    fd = open(name, O_RDWR);
    assert_int_equal(umm_rights_give(rights, dir_fd, fd, own, name, NULL), UMM_OK);
    close(fd);
    close(dir_fd);
}

static unsigned mode_of(const char *name)
{
    struct stat st;
    assert_int_equal(lstat(name, &st), 0);
    return st.st_mode & 07777;
}

static void a_list_is_passed_on_whole(void **state)
{
    struct umm_rights rights, by_fd;
    unsigned char acl[256];
    (void)state;
    read_listed("old", &rights);
    const struct umm_rights_own own = {0644, rights.owner, rights.group};
    give(&rights, "new", &own);
    assert_int_equal(mode_of("new"), 0664);
    assert_int_equal(getxattr("new", ACL_NAME, acl, sizeof acl), rights.acl_bytes);
    assert_memory_equal(acl, rights.acl, rights.acl_bytes);
    int fd = open("old", O_RDONLY);
    assert_int_equal(umm_rights_read_fd(&by_fd, fd, "old", NULL), UMM_OK);
    close(fd);
    assert_int_equal(by_fd.acl_bytes, rights.acl_bytes);
    assert_memory_equal(by_fd.acl, rights.acl, rights.acl_bytes);
}

/* Of one that has none, nothing that the new file has from its directory stays, either. */
static void a_list_is_removed_by_a_file_without_one(void **state)
{
    struct umm_rights rights, none;
    struct stat st;
    (void)state;
    read_listed("old", &rights);
    put("plain", "");
    assert_int_equal(chmod("plain", 0640), 0);
    assert_int_equal(lstat("plain", &st), 0);
    assert_int_equal(umm_rights_read(&none, AT_FDCWD, "plain", &st, "plain", NULL), UMM_OK);
    const struct umm_rights_own own = {0644, none.owner, none.group};
    assert_true(none.has_acls && !none.acl_bytes);
    int fd = open("old", O_RDWR), dir_fd = open(".", O_PATH | O_DIRECTORY);
    assert_int_equal(umm_rights_give(&none, dir_fd, fd, &own, "old", NULL), UMM_OK);
    close(fd);
    close(dir_fd);
    assert_int_equal(mode_of("old"), 0640);
    assert_int_equal(getxattr("old", ACL_NAME, NULL, 0), -1);
    assert_int_equal(errno, ENODATA);
}

/* What the kernel does not take is left out, with all that any entry denied. */
static void a_list_that_cannot_be_set_leaves_what_all_had(void **state)
{
    static const struct entry unsorted[] = {{32, 4, UINT32_MAX}, {4, 4, UINT32_MAX}, {2, 6, 12},
                                            {1, 6, UINT32_MAX},  {2, 4, 14},         {16, 6, 0}};
    struct umm_rights rights = {.mode = 0664, .owner = geteuid(), .group = getegid()};
    const struct umm_rights_own own = {0644, geteuid(), getegid()};
    (void)state;
    rights.has_acls = true;
    rights.acl_bytes = make_acl(rights.acl, unsorted, 6);
    give(&rights, "new", &own);
    assert_int_equal(mode_of("new"), 0644);
    rights.acl[4 + 8 + 2] = 0; /* the group */
    give(&rights, "new", &own);
    assert_int_equal(mode_of("new"), 0600);
}

/* Where it belongs to another group: neither that group nor the one before is worse kept out. */
static void another_group_has_what_both_had(void **state)
{
    static const unsigned modes[][2] = {{0640, 0600}, {0604, 0600}, {0664, 0644}, {0755, 0755},
                                        {0777, 0777}, {0660, 0600}, {0, 0},       {0675, 0655}};
    (void)state;
    if (geteuid() == 0)
        skip(); /* who may give any group; trust-outputs.bats has two users */
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        const struct umm_rights rights = {
            .mode = modes[i][0], .owner = geteuid(), .group = getegid() + 1};
        const struct umm_rights_own own = {0644, geteuid(), getegid()};
        give(&rights, "new", &own);
        assert_int_equal(mode_of("new"), modes[i][1]);
        assert_int_equal(unlink("new"), 0);
    }
}

static void another_users_file_is_no_model_where_all_may_write(void **state)
{
    struct umm_rights rights = {.mode = 0666, .owner = OWN.owner + 1, .group = OWN.group};
    (void)state;
    assert_int_equal(chmod(".", 01777), 0);
    give(&rights, "new", &OWN);
    assert_int_equal(mode_of("new"), 0644);
    rights = (struct umm_rights){.mode = 0640, .owner = OWN.owner, .group = OWN.group};
    rights.is_linked = true;
    give(&rights, "new", &OWN);
    assert_int_equal(mode_of("new"), 0640);
    rights.mode = 0666;
    give(&rights, "new", &OWN);
    assert_int_equal(mode_of("new"), 0644);
}

static void no_bit_beyond_0777_is_set(void **state)
{
    (void)state;
    put("new", "");
    int fd = open("new", O_RDWR);
    assert_int_equal(umm_rights_set_mode(fd, 07755, "new", NULL), UMM_OK);
    close(fd);
    assert_int_equal(mode_of("new"), 0755);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)
    const struct CMUnitTest tests[] = {
        TEST(a_list_is_passed_on_whole),
        TEST(a_list_is_removed_by_a_file_without_one),
        TEST(a_list_that_cannot_be_set_leaves_what_all_had),
        TEST(another_group_has_what_both_had),
        TEST(another_users_file_is_no_model_where_all_may_write),
        TEST(no_bit_beyond_0777_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
