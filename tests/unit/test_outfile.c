/* SPDX-License-Identifier: MIT */
/* Every test runs in a scratch directory of its own as working directory. */
#include "sys/file.h"
#include "sys/outfile.h"

#include "scratch.h"
#include "tasks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- small talk ---- */

static void assert_content(const char *name, const char *text)
{
    void *data;
    size_t len;
    assert_int_equal(umm_file_read_whole(name, 1 << 20, &data, &len, NULL), UMM_OK);
    assert_string_equal(data, text);
    free(data);
}

static struct stat stat_of(const char *name)
{
    struct stat st;
    assert_int_equal(lstat(name, &st), 0);
    return st;
}

/* Entries of the directory that begin with a dot, so all temporaries; the last one's name. */
static int count_hidden(char last[256])
{
    int n = 0;
    DIR *dir = opendir(".");
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] != '.' || strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0)
            continue;
        n++;
        if (last)
            strcpy(last, entry->d_name);
    }
    closedir(dir);
    return n;
}

static enum umm_status begin(struct umm_outfile *out, const char *path, const char *text,
                             struct umm_error *err)
{
    static const struct umm_run patient; /* waits for the reader of a FIFO */
    enum umm_status status = umm_outfile_open(out, path, &patient, err);
    return status ? status : umm_file_write_all(umm_outfile_fd(out), path, text, strlen(text), err);
}

static enum umm_status write_output(const char *path, const char *text, struct umm_error *err)
{
    struct umm_outfile out;
    enum umm_status status = begin(&out, path, text, err);
    if (!status)
        status = umm_outfile_commit(&out, NULL, NULL, err);
    umm_outfile_abort(&out);
    return status;
}

static void assert_refused(const char *path, enum umm_status expected, int sys_errno,
                           const char *message)
{
    struct umm_outfile out;
    struct umm_error err = {0};
    assert_int_equal(umm_outfile_open(&out, path, NULL, &err), expected);
    assert_int_equal(err.sys_errno, sys_errno);
    assert_string_equal(err.message, message);
    assert_int_equal(umm_outfile_fd(&out), -1);
    assert_int_equal(count_hidden(NULL), 0);
}

static void assert_exited(pid_t pid, int code)
{
    int wait_status = 0;
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), code);
}

/* ---- replacing ---- */

static void target_is_old_until_commit_and_new_after(void **state)
{
    (void)state;
    struct umm_outfile out;
    bool is_changed = false;
    put("o", "old");
    assert_int_equal(begin(&out, "o", "new", NULL), UMM_OK);
    assert_false(umm_outfile_is_stream(&out));
    assert_content("o", "old");
    assert_int_equal(count_hidden(NULL), 1);
    assert_int_equal(umm_outfile_commit(&out, NULL, &is_changed, NULL), UMM_OK);
    assert_true(is_changed);
    assert_content("o", "new");
    assert_int_equal(count_hidden(NULL), 0);
    assert_int_equal(umm_outfile_fd(&out), -1);
}

static void abort_leaves_the_target_and_nothing_else(void **state)
{
    (void)state;
    struct umm_outfile out, none = {0};
    put("o", "old");
    assert_int_equal(begin(&out, "o", "new", NULL), UMM_OK);
    umm_outfile_abort(&out);
    umm_outfile_abort(&out);
    umm_outfile_abort(&none);
    assert_content("o", "old");
    assert_int_equal(count_hidden(NULL), 0);
}

static void temporary_has_the_stated_name_and_is_private(void **state)
{
    (void)state;
    struct umm_outfile out;
    char name[256];
    assert_int_equal(begin(&out, "o.npy", "x", NULL), UMM_OK);
    assert_int_equal(count_hidden(name), 1);
    assert_string_equal(name, ".o.npy.umm-0");
    assert_int_equal(stat_of(name).st_mode & 07777, 0600);
    assert_int_equal(fcntl(umm_outfile_fd(&out), F_GETFD), FD_CLOEXEC);
    umm_outfile_abort(&out);
}

static void mode_follows_the_umask_at_open(void **state)
{
    (void)state;
    static const mode_t masks[] = {022, 077, 002, 027, 0, 0777};
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        struct umm_outfile out;
        mode_t before = umask(masks[i]);
        assert_int_equal(begin(&out, "o", "new", NULL), UMM_OK);
        assert_int_equal(umask(before), masks[i]);
        assert_int_equal(umm_outfile_commit(&out, NULL, NULL, NULL), UMM_OK);
        assert_int_equal(stat_of("o").st_mode & 07777, 0666 & ~masks[i]);
        assert_int_equal(unlink("o"), 0);
    }
}

static void replaced_file_passes_its_mode_on(void **state)
{
    (void)state;
    static const mode_t modes[] = {0600, 0640, 0644, 0400, 0777, 0};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct umm_outfile out;
        put("o", "old");
        assert_int_equal(chmod("o", modes[i] | S_ISUID), 0);
        assert_int_equal(begin(&out, "o", "new", NULL), UMM_OK);
        assert_int_equal(umm_outfile_commit(&out, NULL, NULL, NULL), UMM_OK);
        assert_int_equal(stat_of("o").st_mode & 07777, modes[i]);
        assert_int_equal(unlink("o"), 0);
    }
}

static void replaced_file_passes_its_owner_on(void **state)
{
    (void)state;
    struct umm_outfile out;
    if (geteuid() != 0)
        skip();
    put("o", "old");
    assert_int_equal(chown("o", 12345, 23456), 0);
    assert_int_equal(begin(&out, "o", "new", NULL), UMM_OK);
    assert_int_equal(umm_outfile_commit(&out, NULL, NULL, NULL), UMM_OK);
    assert_int_equal(stat_of("o").st_uid, 12345);
    assert_int_equal(stat_of("o").st_gid, 23456);
}

/* In a directory like /tmp: neither owner nor mode, but nothing is opened that was not. */
static void stranger_passes_nothing_on(void **state)
{
    static const mode_t modes[][2] = {{0666, 0644}, {0777, 0644}, {0600, 0600}, {0640, 0600},
                                      {0440, 0600}, {0, 0600},    {0004, 0600}};
    (void)state;
    struct umm_outfile out;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(".", 01777), 0);
    mode_t before = umask(022);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        put("o", "old");
        assert_int_equal(chown("o", 12345, 23456), 0);
        assert_int_equal(chmod("o", modes[i][0]), 0);
        assert_int_equal(begin(&out, "o", "newer", NULL), UMM_OK);
        assert_int_equal(umm_outfile_commit(&out, NULL, NULL, NULL), UMM_OK);
        assert_int_equal(stat_of("o").st_uid, 0);
        assert_int_equal(stat_of("o").st_mode & 07777, modes[i][1]);
        assert_int_equal(unlink("o"), 0);
    }
    umask(before);
    assert_int_equal(chmod(".", 0755), 0);
}

/* New or in the place of another: it is the model's in all that it takes to read it. */
static void model_passes_its_owner_on(void **state)
{
    (void)state;
    struct umm_file_info model;
    int model_fd;
    const struct umm_outfile_options options = {.model_fd = &model_fd};
    struct umm_outfile out;
    put("m", "model");
    assert_int_equal(chmod("m", 0640), 0);
    if (geteuid() == 0)
        assert_int_equal(chown("m", 12345, 23456), 0);
    assert_int_equal(umm_file_open_read("m", &model_fd, &model, NULL), UMM_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(begin(&out, "o", "new", NULL), UMM_OK);
        assert_int_equal(umm_outfile_commit(&out, &options, NULL, NULL), UMM_OK);
        assert_int_equal(stat_of("o").st_uid, model.owner);
        assert_int_equal(stat_of("o").st_gid, model.group);
        assert_int_equal(stat_of("o").st_mode & 07777, 0640);
        if (geteuid() == 0)
            assert_int_equal(chown("o", 1, 1), 0);
    }
    umm_file_close(&model_fd);
    assert_int_equal(unlink("o"), 0);
    assert_int_equal(unlink("m"), 0);
}

static void synced_commit_puts_the_same_file_in_place(void **state)
{
    (void)state;
    struct umm_outfile out;
    struct umm_outfile_options options = {.is_synced = true, .is_if_changed = true};
    bool is_changed = false;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(begin(&out, "o", "new", NULL), UMM_OK);
        assert_int_equal(umm_outfile_commit(&out, &options, &is_changed, NULL), UMM_OK);
        assert_int_equal(is_changed, i == 0);
    }
    assert_content("o", "new");
}

static void chdir_between_open_and_commit_does_not_matter(void **state)
{
    (void)state;
    struct umm_outfile out;
    assert_int_equal(mkdir("a", 0700), 0);
    assert_int_equal(begin(&out, "a/o", "new", NULL), UMM_OK);
    assert_int_equal(rename("a", "b"), 0);
    assert_int_equal(chdir("b"), 0);
    assert_int_equal(umm_outfile_commit(&out, NULL, NULL, NULL), UMM_OK);
    assert_content("o", "new");
    assert_int_equal(count_hidden(NULL), 0);
}

/* In a slot, and with all of them in use. */
static void write_with_all_slots_taken(const char *name)
{
    enum { SLOTS = 8 };
    struct umm_outfile outs[SLOTS];
    for (int i = 0; i < SLOTS; i++)
        assert_int_equal(begin(&outs[i], name, "old", NULL), UMM_OK);
    assert_int_equal(write_output(name, "new", NULL), UMM_OK);
    assert_content(name, "new");
    for (int i = 0; i < SLOTS; i++)
        umm_outfile_abort(&outs[i]);
    assert_int_equal(count_hidden(NULL), 0);
}

static void longest_name_works(void **state)
{
    (void)state;
    char name[257];
    memset(name, 'n', sizeof name);
    name[255] = '\0';
    write_with_all_slots_taken(name);
    name[255] = 'n';
    name[256] = '\0';
    assert_refused(name, UMM_ERR_SYSTEM, ENAMETOOLONG, "cannot write");
}

static void long_name_is_cut_between_characters(void **state)
{
    (void)state;
    struct umm_outfile out;
    char name[256], temp[256];
    for (size_t i = 0; i + 2 <= 255; i += 2)
        memcpy(name + i, "\xC3\xA9", 3);
    assert_int_equal(begin(&out, name, "new", NULL), UMM_OK);
    assert_int_equal(count_hidden(temp), 1);
    assert_non_null(strstr(temp, "\xC3\xA9.umm-"));
    umm_outfile_abort(&out);
}

static void descriptor_reads_back(void **state)
{
    (void)state;
    struct umm_outfile out;
    char buf[3];
    assert_int_equal(begin(&out, "o", "new", NULL), UMM_OK);
    assert_int_equal(umm_file_pread_all(umm_outfile_fd(&out), "o", buf, 3, 0, NULL), UMM_OK);
    assert_memory_equal(buf, "new", 3);
    umm_outfile_abort(&out);
}

/* ---- if changed ---- */

static bool commit_if_changed(const char *path, const char *text)
{
    struct umm_outfile out;
    struct umm_outfile_options options = {.is_if_changed = true};
    bool is_changed = false;
    assert_int_equal(begin(&out, path, text, NULL), UMM_OK);
    assert_int_equal(umm_outfile_commit(&out, &options, &is_changed, NULL), UMM_OK);
    assert_int_equal(count_hidden(NULL), 0);
    return is_changed;
}

static void same_bytes_keep_inode_and_mtime(void **state)
{
    (void)state;
    struct timespec past[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
    put("o", "same");
    assert_int_equal(utimensat(AT_FDCWD, "o", past, 0), 0);
    struct stat before = stat_of("o");
    assert_false(commit_if_changed("o", "same"));
    struct stat after = stat_of("o");
    assert_true(before.st_ino == after.st_ino);
    assert_true(after.st_mtim.tv_sec == 1000000);
}

static void other_bytes_replace(void **state)
{
    (void)state;
    static const char *const texts[] = {"some", "samesame", "sam", ""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        put("o", "same");
        assert_true(commit_if_changed("o", texts[i]));
        assert_content("o", texts[i]);
    }
    assert_true(commit_if_changed("fresh", "x"));
}

static void difference_in_the_last_chunk_is_seen(void **state)
{
    (void)state;
    enum { LEN = 100001 };
    char *text = malloc(LEN + 1);
    assert_non_null(text);
    memset(text, 'a', LEN);
    text[LEN] = '\0';
    put("o", text);
    assert_false(commit_if_changed("o", text));
    text[LEN - 1] = 'b';
    assert_true(commit_if_changed("o", text));
    assert_content("o", text);
    free(text);
}

/* ---- left-overs ---- */

/* A process that has begun the output o n times and stays; killing it leaves its temporaries. */
static pid_t fork_writer(int n)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork_mortal();
    if (pid == 0) {
        for (int i = 0; i < n; i++) {
            struct umm_outfile out;
            if (begin(&out, "o", "half", NULL))
                _exit(1);
        }
        if (write(ends[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return pid;
}

static void kill_writer(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static const char *slot_name(int slot)
{
    static char name[] = ".o.umm-0";
    name[sizeof name - 2] = (char)('0' + slot);
    return name;
}

static void next_open_removes_what_a_killed_writer_left(void **state)
{
    (void)state;
    struct umm_outfile out;
    pid_t pid = fork_writer(1);
    kill_writer(pid);
    assert_int_equal(count_hidden(NULL), 1);
    assert_int_equal(begin(&out, "other", "new", NULL), UMM_OK);
    umm_outfile_abort(&out);
    assert_content(".o.umm-0", "half");
    assert_int_equal(begin(&out, "o", "new", NULL), UMM_OK);
    assert_int_equal(count_hidden(NULL), 1);
    assert_content(".o.umm-0", "new");
    umm_outfile_abort(&out);
    assert_int_equal(count_hidden(NULL), 0);
}

static void next_open_removes_what_was_left_in_any_slot(void **state)
{
    (void)state;
    struct umm_outfile out;
    pid_t pid = fork_writer(8);
    for (int slot = 0; slot < 8; slot++)
        assert_content(slot_name(slot), "half");
    kill_writer(pid);
    assert_int_equal(count_hidden(NULL), 8);
    assert_int_equal(begin(&out, "o", "new", NULL), UMM_OK);
    assert_int_equal(count_hidden(NULL), 1);
    umm_outfile_abort(&out);
    for (int slot = 0; slot < 8; slot++) {
        put(slot_name(slot), "half");
        assert_int_equal(write_output("o", "new", NULL), UMM_OK);
        assert_int_equal(count_hidden(NULL), 0);
    }
}

/* Whatever the output; what is alive, and what only looks similar, stays. */
static void sweep_removes_what_was_left_of_any_output(void **state)
{
    (void)state;
    static const char *const others[] = {".o.umm-8", ".o.umm-a", ".o.umm-", "o.umm-0", ".o.lock"};
    struct umm_outfile mine, out;
    assert_int_equal(begin(&mine, "alive", "mine", NULL), UMM_OK);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        put(others[i], "");
    put(".o.umm-0", "half"), put(".p.npy.umm-7", "half"), put(".q.umm-abcd1234", "half");
    assert_true(umm_outfile_sweep("."));
    assert_false(exists(".o.umm-0") || exists(".p.npy.umm-7") || exists(".q.umm-abcd1234"));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_true(exists(others[i]));
    put(".o.umm-1", "half");
    assert_int_equal(umm_outfile_open_swept(&out, "o", true, NULL, NULL), UMM_OK);
    assert_int_equal(umm_outfile_commit(&out, NULL, NULL, NULL), UMM_OK);
    assert_content(".o.umm-1", "half");
    assert_int_equal(umm_outfile_commit(&mine, NULL, NULL, NULL), UMM_OK);
    assert_content("alive", "mine");
    assert_false(umm_outfile_sweep("none"));
}

static void live_writer_keeps_its_temporary(void **state)
{
    (void)state;
    struct umm_outfile mine;
    pid_t pid = fork_writer(1);
    assert_int_equal(write_output("o", "new", NULL), UMM_OK);
    assert_content(".o.umm-0", "half");
    assert_int_equal(begin(&mine, "o", "mine", NULL), UMM_OK);
    assert_int_equal(write_output("o", "again", NULL), UMM_OK);
    assert_int_equal(umm_outfile_commit(&mine, NULL, NULL, NULL), UMM_OK);
    assert_content("o", "mine");
    assert_content(".o.umm-0", "half");
    kill_writer(pid);
}

/* The first free slot is taken; one that comes free is taken again. */
static void slots_are_used_in_order_and_again(void **state)
{
    (void)state;
    struct umm_outfile outs[4];
    for (int i = 0; i < 3; i++)
        assert_int_equal(begin(&outs[i], "o", slot_name(i), NULL), UMM_OK);
    assert_int_equal(umm_outfile_commit(&outs[1], NULL, NULL, NULL), UMM_OK);
    assert_int_equal(begin(&outs[3], "o", "fourth", NULL), UMM_OK);
    assert_content(".o.umm-0", ".o.umm-0");
    assert_content(".o.umm-1", "fourth");
    assert_content(".o.umm-2", ".o.umm-2");
    assert_int_equal(count_hidden(NULL), 3);
    umm_outfile_abort(&outs[0]), umm_outfile_abort(&outs[2]), umm_outfile_abort(&outs[3]);
    assert_content("o", ".o.umm-1");
}

static void writers_of_one_output_all_succeed(void **state)
{
    (void)state;
    enum { N = 20 };
    struct umm_outfile outs[N];
    char text[N][8], other[256] = "";
    for (int i = 0; i < N; i++) {
        snprintf(text[i], sizeof text[i], "w%d", i);
        assert_int_equal(begin(&outs[i], "o", text[i], NULL), UMM_OK);
        if (i == 8)
            assert_int_equal(count_hidden(NULL), 9);
    }
    for (int slot = 0; slot < 8; slot++)
        assert_content(slot_name(slot), text[slot]);
    /* The others have names at random. */
    DIR *dir = opendir(".");
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] == '.' && strlen(entry->d_name) > strlen(".o.umm-0"))
            strcpy(other, entry->d_name);
    closedir(dir);
    assert_memory_equal(other, ".o.umm-", 7);
    assert_int_equal(strlen(other), 15);
    assert_int_equal(strspn(other + 7, "abcdefghijklmnopqrstuvwxyz0123456789"), 8);
    assert_int_equal(stat_of(other).st_mode & 07777, 0600);
    for (int i = 0; i < N; i++) {
        assert_int_equal(umm_outfile_commit(&outs[i], NULL, NULL, NULL), UMM_OK);
        assert_content("o", text[i]);
    }
    assert_int_equal(count_hidden(NULL), 0);
}

static void processes_that_write_one_output_all_succeed(void **state)
{
    (void)state;
    enum { N = 9, ROUNDS = 400 };
    pid_t pids[N];
    for (int i = 0; i < N; i++) {
        pids[i] = fork_mortal();
        for (int round = 0; pids[i] == 0 && round < ROUNDS; round++)
            if (write_output("o", "whole", NULL))
                _exit(1);
        if (pids[i] == 0)
            _exit(0);
    }
    for (int i = 0; i < N; i++)
        assert_exited(pids[i], 0);
    assert_content("o", "whole");
    assert_int_equal(write_output("o", "last", NULL), UMM_OK);
    assert_int_equal(count_hidden(NULL), 0);
}

static void names_that_only_look_similar_stay(void **state)
{
    (void)state;
    static const char *const others[] = {".o.umm-8",  ".o.umm-a",        ".o.umm-",     ".o.umm-00",
                                         ".o.umm-0.", ".o.umm-abcd1234", ".oo.umm-0",   ".o.umm_0",
                                         "o.umm-0",   ".o.lock.umm-0",   ".o.npy.umm-0"};
    enum { N = sizeof others / sizeof others[0] };
    for (size_t i = 0; i < N; i++)
        put(others[i], "");
    put(".o.umm-0", "");
    assert_int_equal(write_output("o", "new", NULL), UMM_OK);
    for (size_t i = 0; i < N; i++)
        assert_true(exists(others[i]));
    assert_false(exists(".o.umm-0"));
}

static void slots_that_are_no_regular_files_are_left_alone(void **state)
{
    (void)state;
    struct umm_outfile out;
    put("file", "");
    assert_int_equal(mkdir(".o.umm-0", 0700), 0);
    assert_int_equal(symlink("file", ".o.umm-1"), 0);
    assert_int_equal(symlink("none", ".o.umm-2"), 0);
    assert_int_equal(mkfifo(".o.umm-3", 0600), 0);
    assert_int_equal(begin(&out, "o", "new", NULL), UMM_OK);
    assert_content(".o.umm-4", "new");
    assert_int_equal(umm_outfile_commit(&out, NULL, NULL, NULL), UMM_OK);
    assert_content("o", "new");
    assert_int_equal(count_hidden(NULL), 4);
    assert_false(exists("none"));
}

/* As in a directory that everybody may write to: even all slots stop nobody. */
static void files_of_other_users_stay(void **state)
{
    (void)state;
    for (int slot = 0; slot < 8; slot++) {
        put(slot_name(slot), "foreign");
        if (chown(slot_name(slot), geteuid() + 1, (gid_t)-1) < 0) {
            print_message("SKIP: cannot give a file away\n");
            skip();
        }
    }
    assert_int_equal(write_output("o", "new", NULL), UMM_OK);
    assert_content("o", "new");
    for (int slot = 0; slot < 8; slot++)
        assert_content(slot_name(slot), "foreign");
    assert_int_equal(count_hidden(NULL), 8);
}

static void every_slot_survives_a_lock_on_it(void **state)
{
    (void)state;
    int fds[8];
    for (int slot = 0; slot < 8; slot++) {
        put(slot_name(slot), "locked");
        fds[slot] = open(slot_name(slot), O_RDONLY | O_CLOEXEC);
        assert_true(fds[slot] >= 0);
        assert_int_equal(flock(fds[slot], LOCK_SH | LOCK_NB), 0);
    }
    assert_int_equal(write_output("o", "new", NULL), UMM_OK);
    assert_int_equal(count_hidden(NULL), 8);
    for (int slot = 0; slot < 8; slot++)
        close(fds[slot]);
    assert_int_equal(write_output("o", "new", NULL), UMM_OK);
    assert_int_equal(count_hidden(NULL), 0);
}

/*
 * Several processes begin and end the same output at once, so that each cleans up
 * while the others are between creating their files and locking them, and slots
 * change hands all the time. Nobody may lose a file or take another's.
 */
static void cleaning_never_takes_the_file_of_a_beginning_writer(void **state)
{
    (void)state;
    enum { ROUNDS = 200, OTHERS = 3 };
    pid_t pids[OTHERS];
    for (int i = 0; i < OTHERS; i++) {
        pids[i] = fork_mortal();
        while (pids[i] == 0) {
            struct umm_outfile out;
            if (begin(&out, "o", "theirs", NULL))
                _exit(1);
            umm_outfile_abort(&out);
        }
    }
    for (int i = 0; i < ROUNDS; i++) {
        struct umm_error err = {0};
        if (write_output("o", "ours", &err))
            fail_msg("round %d: %s (%s)", i, err.message, strerror(err.sys_errno));
        assert_content("o", "ours");
    }
    for (int i = 0; i < OTHERS; i++) {
        assert_int_equal(waitpid(pids[i], NULL, WNOHANG), 0);
        kill_writer(pids[i]);
    }
    assert_content("o", "ours");
    assert_int_equal(write_output("o", "last", NULL), UMM_OK);
    assert_int_equal(count_hidden(NULL), 0);
}

/* ---- links ---- */

static void link_within_the_directory_stays_and_its_target_is_replaced(void **state)
{
    (void)state;
    char by_path[128];
    put("file", "old");
    snprintf(by_path, sizeof by_path, "%s/file", scratch);
    assert_int_equal(symlink("file", "link"), 0);
    assert_int_equal(symlink("./link", "chain"), 0);
    assert_int_equal(symlink(by_path, "absolute"), 0);
    static const char *const links[] = {"link", "chain", "absolute"};
    for (size_t i = 0; i < 3; i++) {
        ino_t inode = stat_of(links[i]).st_ino;
        assert_int_equal(write_output(links[i], links[i], NULL), UMM_OK);
        assert_content("file", links[i]);
        assert_true(S_ISREG(stat_of("file").st_mode));
        assert_true(stat_of(links[i]).st_ino == inode);
    }
    assert_int_equal(count_hidden(NULL), 0);
}

static void dangling_link_within_the_directory_gets_its_target(void **state)
{
    (void)state;
    assert_int_equal(symlink("later", "link"), 0);
    assert_int_equal(write_output("link", "new", NULL), UMM_OK);
    assert_content("later", "new");
    assert_true(S_ISLNK(stat_of("link").st_mode));
}

static void link_out_of_the_directory_is_refused(void **state)
{
    (void)state;
    static const char message[] = "is a symbolic link out of its directory; "
                                  "name its target (or - for standard output)";
    assert_int_equal(mkdir("sub", 0700), 0);
    put("sub/file", "old");
    assert_int_equal(symlink("sub/file", "out"), 0);
    assert_int_equal(symlink("sub/none", "dangling"), 0);
    assert_int_equal(symlink("gone/none", "nowhere"), 0);
    assert_refused("out", UMM_ERR_ARGUMENT, 0, message);
    assert_refused("dangling", UMM_ERR_ARGUMENT, 0, message);
    assert_refused("nowhere", UMM_ERR_ARGUMENT, 0, message);
    assert_content("sub/file", "old");
}

static void link_in_a_circle_is_eloop(void **state)
{
    (void)state;
    assert_int_equal(symlink("b", "a"), 0);
    assert_int_equal(symlink("a", "b"), 0);
    assert_refused("a", UMM_ERR_SYSTEM, ELOOP, "cannot write");
}

static void dev_stdout_on_a_regular_file_is_refused(void **state)
{
    (void)state;
    int saved = dup(STDOUT_FILENO);
    int fd = open("redirected", O_WRONLY | O_CREAT, 0600);
    struct umm_outfile out, by_fd;
    fflush(stdout);
    assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    enum umm_status status = umm_outfile_open(&out, "/dev/stdout", NULL, NULL);
    enum umm_status fd_status = umm_outfile_open(&by_fd, "/dev/fd/1", NULL, NULL);
    assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
    close(saved), close(fd);
    assert_int_equal(status, UMM_ERR_ARGUMENT);
    assert_int_equal(fd_status, UMM_ERR_ARGUMENT);
}

/* ---- streams ---- */

static void dev_null_is_written_through(void **state)
{
    (void)state;
    struct umm_outfile out;
    struct umm_outfile_options options = {.is_synced = true, .is_if_changed = true};
    bool is_changed = false;
    struct stat before = stat_of("/dev/null");
    assert_int_equal(begin(&out, "/dev/null", "new", NULL), UMM_OK);
    assert_true(umm_outfile_is_stream(&out));
    assert_int_equal(umm_outfile_commit(&out, &options, &is_changed, NULL), UMM_OK);
    assert_true(is_changed);
    struct stat after = stat_of("/dev/null");
    assert_true(S_ISCHR(after.st_mode));
    assert_true(before.st_ino == after.st_ino);
}

static void dev_full_is_enospc(void **state)
{
    (void)state;
    struct umm_error err = {0};
    assert_int_equal(write_output("/dev/full", "new", &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOSPC);
    assert_string_equal(err.path, "/dev/full");
    assert_true(S_ISCHR(stat_of("/dev/full").st_mode));
}

static void fifo_is_written_through(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(symlink("fifo", "link"), 0);
    pid_t pid = fork();
    if (pid == 0) {
        void *data;
        size_t len;
        if (umm_file_read_whole_fd(open("fifo", O_RDONLY), "fifo", 100, &data, &len, NULL))
            _exit(1);
        _exit(strcmp(data, "new") != 0);
    }
    assert_int_equal(write_output("link", "new", NULL), UMM_OK);
    assert_exited(pid, 0);
    assert_true(S_ISFIFO(stat_of("fifo").st_mode));
    assert_int_equal(count_hidden(NULL), 0);
}

static struct umm_run wait_run;

static enum umm_status write_whole(const char *path, const char *text, size_t len,
                                   struct umm_run *run, struct umm_error *err)
{
    struct umm_outfile out;
    enum umm_status status = umm_outfile_open(&out, path, run, err);
    return status ? status : umm_outfile_finish(&out, text, len, NULL, run, err);
}

static void cancel_wait(int number)
{
    (void)number;
    umm_run_cancel(&wait_run);
}

static void wait_for_the_reader_of_a_fifo_ends_with_the_run(void **state)
{
    (void)state;
    struct umm_outfile out;
    struct umm_error err = {0};
    struct sigaction action = {.sa_handler = cancel_wait, .sa_flags = SA_RESTART};
    struct itimerval timer = {.it_value = {.tv_usec = 30000}};
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
    assert_int_equal(umm_outfile_open(&out, "fifo", &wait_run, NULL), UMM_ERR_CANCELLED);
    assert_int_equal(umm_outfile_fd(&out), -1);
    /* A signal before the wait ends it, too. */
    assert_true(umm_run_is_cancelled(&wait_run));
    assert_int_equal(umm_outfile_open(&out, "fifo", &wait_run, NULL), UMM_ERR_CANCELLED);
    assert_int_equal(write_whole("fifo", "x", 1, &wait_run, NULL), UMM_ERR_CANCELLED);
    /* Who cannot be stopped does not wait. */
    assert_int_equal(umm_outfile_open(&out, "fifo", NULL, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENXIO);
    /* With a reader there is no wait; writing waits as ever, until the run ends. */
    static const char text[1 << 20];
    int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_int_equal(write_whole("fifo", text, sizeof text, &wait_run, NULL), UMM_ERR_CANCELLED);
    assert_int_equal(umm_outfile_open(&out, "fifo", &wait_run, NULL), UMM_OK);
    assert_int_equal(fcntl(umm_outfile_fd(&out), F_GETFL) & O_NONBLOCK, 0);
    umm_outfile_abort(&out);
    close(reader);
}

static void dash_and_dev_stdout_are_standard_output(void **state)
{
    (void)state;
    char buf[8];
    int ends[2], saved = dup(STDOUT_FILENO);
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    close(ends[1]);
    enum umm_status dash = write_output("-", "ab", NULL);
    enum umm_status dev = write_output("/dev/stdout", "cd", NULL);
    bool is_open = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
    assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
    close(saved);
    assert_int_equal(dash, UMM_OK);
    assert_int_equal(dev, UMM_OK);
    assert_true(is_open);
    assert_int_equal(read(ends[0], buf, sizeof buf), 4);
    assert_memory_equal(buf, "abcd", 4);
    close(ends[0]);
    assert_false(exists("-"));
}

static void sync_before_the_commit_asks_of_a_stream_what_it_can(void **state)
{
    (void)state;
    struct umm_outfile out = {0};
    struct umm_error err;
    assert_int_equal(umm_outfile_sync(&out, NULL), UMM_OK);
    assert_int_equal(umm_outfile_open(&out, "/dev/null", NULL, NULL), UMM_OK);
    assert_int_equal(umm_outfile_sync(&out, NULL), UMM_OK);
    umm_outfile_abort(&out);
    assert_int_equal(umm_outfile_open(&out, "new", NULL, NULL), UMM_OK);
    assert_int_equal(umm_outfile_sync(&out, NULL), UMM_OK);
    int fd = dup(umm_outfile_fd(&out));
    close(umm_outfile_fd(&out));
    assert_int_equal(umm_outfile_sync(&out, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, EBADF);
    assert_string_equal(err.path, "new");
    assert_string_equal(err.message, "cannot sync");
    assert_int_equal(dup2(fd, umm_outfile_fd(&out)), umm_outfile_fd(&out));
    close(fd);
    umm_outfile_abort(&out);
    assert_int_equal(count_hidden(NULL), 0);
}

/* ---- refusals ---- */

static void directories_are_eisdir(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    assert_int_equal(symlink("d", "link"), 0);
    static const char *const names[] = {"d", "d/", ".", "..", "/", "link", "d/."};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_refused(names[i], UMM_ERR_SYSTEM, EISDIR, "cannot write");
}

static void missing_directory_is_named(void **state)
{
    (void)state;
    struct umm_outfile out;
    struct umm_error err = {0};
    assert_int_equal(umm_outfile_open(&out, "no/dir/o", NULL, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_string_equal(err.path, "no/dir");
    assert_string_equal(err.message, "cannot open the directory");
}

static void empty_name_is_refused(void **state)
{
    (void)state;
    assert_refused("", UMM_ERR_ARGUMENT, 0, "the name of the output is empty");
}

/* In a process that is no longer root: 0 for the expected refusal, 77 for "cannot test". */
static int write_into_read_only_dir(void)
{
    struct umm_error err = {0};
    if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
        return 77;
    if (write_output("dir/o", "new", &err) != UMM_ERR_SYSTEM || err.sys_errno != EACCES)
        return 1;
    if (strcmp(err.message, "cannot create a file in its directory") != 0)
        return 2;
    return strcmp(err.path, "dir/o") == 0 ? 0 : 3;
}

static void read_only_directory_is_eacces_and_keeps_the_target(void **state)
{
    (void)state;
    int wait_status = 0;
    assert_int_equal(mkdir("dir", 0755), 0);
    put("dir/o", "old");
    assert_int_equal(chmod("dir/o", 0666), 0);
    assert_int_equal(chmod("dir", 0555), 0);
    assert_int_equal(chmod(".", 0755), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(write_into_read_only_dir());
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_int_equal(chmod("dir", 0755), 0);
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 77) {
        print_message("SKIP: root that cannot become another user\n");
        skip();
    }
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), 0);
    assert_content("dir/o", "old");
}

/* ---- commits that fail ---- */

static void assert_commit_conflicts(struct umm_outfile *out)
{
    struct umm_error err = {0};
    assert_int_equal(umm_outfile_commit(out, NULL, NULL, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "is no longer a regular file; left alone");
    assert_int_equal(count_hidden(NULL), 0);
    assert_int_equal(umm_outfile_fd(out), -1);
}

static void target_that_became_special_meanwhile_is_left_alone(void **state)
{
    (void)state;
    struct umm_outfile out;
    assert_int_equal(begin(&out, "f", "new", NULL), UMM_OK);
    assert_int_equal(mkfifo("f", 0600), 0);
    assert_commit_conflicts(&out);
    assert_true(S_ISFIFO(stat_of("f").st_mode));
    assert_int_equal(begin(&out, "d", "new", NULL), UMM_OK);
    assert_int_equal(mkdir("d", 0700), 0);
    assert_commit_conflicts(&out);
}

static void stolen_temporary_fails_the_commit(void **state)
{
    (void)state;
    struct umm_outfile out;
    struct umm_error err = {0};
    char name[256];
    put("o", "old");
    assert_int_equal(begin(&out, "o", "new", NULL), UMM_OK);
    assert_int_equal(count_hidden(name), 1);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(umm_outfile_commit(&out, NULL, NULL, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_content("o", "old");
}

/* A host that does not see our lock: its file in our slot is not ours to use or remove. */
static void temporary_of_another_in_the_slot_is_not_committed(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct umm_outfile out;
        struct umm_error err = {0};
        put("o", "old");
        assert_int_equal(begin(&out, "o", "new", NULL), UMM_OK);
        assert_int_equal(unlink(".o.umm-0"), 0);
        put(".o.umm-0", "half");
        if (i == 0) {
            assert_int_equal(umm_outfile_commit(&out, NULL, NULL, &err), UMM_ERR_SYSTEM);
            assert_int_equal(err.sys_errno, ENOENT);
            assert_string_equal(err.message, "cannot rename its temporary file");
        }
        umm_outfile_abort(&out);
        assert_content("o", "old");
        assert_content(".o.umm-0", "half");
        assert_int_equal(unlink(".o.umm-0"), 0);
    }
}

static int count_descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void no_descriptor_is_leaked(void **state)
{
    (void)state;
    struct umm_outfile out;
    int before = count_descriptors();
    put("o", "old");
    assert_int_equal(mkdir("d", 0700), 0);
    assert_int_equal(symlink("d/x", "out"), 0);
    put(".o.umm-0", "");
    assert_false(commit_if_changed("o", "old"));
    assert_true(commit_if_changed("o", "new"));
    assert_int_equal(write_output("/dev/null", "x", NULL), UMM_OK);
    assert_int_not_equal(umm_outfile_open(&out, "d", NULL, NULL), UMM_OK);
    assert_int_not_equal(umm_outfile_open(&out, "out", NULL, NULL), UMM_OK);
    assert_int_equal(begin(&out, "f", "new", NULL), UMM_OK);
    assert_int_equal(mkfifo("f", 0600), 0);
    assert_commit_conflicts(&out);
    assert_int_equal(count_descriptors(), before);
}

/* ---- in an open directory ---- */

static void output_in_an_open_directory(void **state)
{
    (void)state;
    struct umm_outfile out;
    const struct umm_outfile_options options = {.mode = 0444};
    struct umm_error err = {0};
    assert_int_equal(mkdir("d", 0700), 0);
    int fd = open("d", O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    assert_int_equal(umm_outfile_open_in(&out, fd, "o", "label", &err), UMM_OK);
    assert_int_equal(umm_file_write_all(umm_outfile_fd(&out), "o", "new", 3, NULL), UMM_OK);
    /* Another directory in its place changes nothing. */
    assert_int_equal(rename("d", "e"), 0);
    assert_int_equal(mkdir("d", 0700), 0);
    assert_int_equal(umm_outfile_commit(&out, &options, NULL, NULL), UMM_OK);
    assert_content("e/o", "new");
    assert_int_equal(stat_of("e/o").st_mode & 07777, 0444);
    assert_false(exists("d/o"));
    assert_int_equal(symlink("o", "e/link"), 0);
    assert_int_equal(umm_outfile_open_in(&out, fd, "link", "label", &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.path, "label");
    assert_string_equal(err.message, "is not a regular file");
    char longest[UMM_OUTFILE_NAME_MAX + 2] = "";
    memset(longest, 'x', sizeof longest - 1);
    assert_int_equal(umm_outfile_open_in(&out, fd, longest, "label", &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENAMETOOLONG);
    close(fd);
}

static void temporaries_are_known_by_their_names(void **state)
{
    (void)state;
    static const char *const yes[] = {".o.umm-0", ".o.npy.umm-7", "..x.umm-1", ".o.umm-ab3de6gh",
                                      ".o.umm-1.umm-2"};
    static const char *const no[] = {"",
                                     ".",
                                     "o.umm-0",
                                     ".umm-0",
                                     ".o.umm-",
                                     ".o.umm-A",
                                     ".o.umm-12",
                                     ".o.umm-0.npy",
                                     ".umm-pool",
                                     ".o.umm-ab3de6g",
                                     ".o.umm-ab3de6gH",
                                     "..",
                                     ".o.npy.lock"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!umm_outfile_is_temp(yes[i]))
            fail_msg("%s is one", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (umm_outfile_is_temp(no[i]))
            fail_msg("%s is none", no[i]);
}

static void temporary_goes_only_when_its_writer_is_dead(void **state)
{
    (void)state;
    pid_t pid = fork_writer(1);
    assert_false(umm_outfile_remove_temp(AT_FDCWD, ".o.umm-0"));
    assert_content(".o.umm-0", "half");
    kill_writer(pid);
    assert_true(umm_outfile_remove_temp(AT_FDCWD, ".o.umm-0"));
    assert_false(exists(".o.umm-0"));
    assert_true(umm_outfile_remove_temp(AT_FDCWD, ".o.umm-0"));
    assert_int_equal(symlink("x", ".o.umm-0"), 0);
    assert_false(umm_outfile_remove_temp(AT_FDCWD, ".o.umm-0"));
    /* The mode that a killed commit may have left. */
    put(".r.umm-0", "x");
    assert_int_equal(chmod(".r.umm-0", 0444), 0);
    assert_true(umm_outfile_remove_temp(AT_FDCWD, ".r.umm-0"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(target_is_old_until_commit_and_new_after),
        TEST(abort_leaves_the_target_and_nothing_else),
        TEST(temporary_has_the_stated_name_and_is_private),
        TEST(mode_follows_the_umask_at_open),
        TEST(replaced_file_passes_its_mode_on),
        TEST(replaced_file_passes_its_owner_on),
        TEST(stranger_passes_nothing_on),
        TEST(model_passes_its_owner_on),
        TEST(synced_commit_puts_the_same_file_in_place),
        TEST(chdir_between_open_and_commit_does_not_matter),
        TEST(longest_name_works),
        TEST(long_name_is_cut_between_characters),
        TEST(descriptor_reads_back),
        TEST(same_bytes_keep_inode_and_mtime),
        TEST(other_bytes_replace),
        TEST(difference_in_the_last_chunk_is_seen),
        TEST(next_open_removes_what_a_killed_writer_left),
        TEST(next_open_removes_what_was_left_in_any_slot),
        TEST(sweep_removes_what_was_left_of_any_output),
        TEST(live_writer_keeps_its_temporary),
        TEST(slots_are_used_in_order_and_again),
        TEST(writers_of_one_output_all_succeed),
        TEST(processes_that_write_one_output_all_succeed),
        TEST(names_that_only_look_similar_stay),
        TEST(slots_that_are_no_regular_files_are_left_alone),
        TEST(every_slot_survives_a_lock_on_it),
        TEST(files_of_other_users_stay),
        TEST(cleaning_never_takes_the_file_of_a_beginning_writer),
        TEST(link_within_the_directory_stays_and_its_target_is_replaced),
        TEST(dangling_link_within_the_directory_gets_its_target),
        TEST(link_out_of_the_directory_is_refused),
        TEST(link_in_a_circle_is_eloop),
        TEST(dev_stdout_on_a_regular_file_is_refused),
        TEST(dev_null_is_written_through),
        TEST(dev_full_is_enospc),
        TEST(fifo_is_written_through),
        TEST(wait_for_the_reader_of_a_fifo_ends_with_the_run),
        TEST(dash_and_dev_stdout_are_standard_output),
        TEST(sync_before_the_commit_asks_of_a_stream_what_it_can),
        TEST(directories_are_eisdir),
        TEST(missing_directory_is_named),
        TEST(empty_name_is_refused),
        TEST(read_only_directory_is_eacces_and_keeps_the_target),
        TEST(target_that_became_special_meanwhile_is_left_alone),
        TEST(stolen_temporary_fails_the_commit),
        TEST(temporary_of_another_in_the_slot_is_not_committed),
        TEST(no_descriptor_is_leaked),
        TEST(output_in_an_open_directory),
        TEST(temporaries_are_known_by_their_names),
        TEST(temporary_goes_only_when_its_writer_is_dead),
    };
    return cmocka_run_group_tests_name("outfile", tests, NULL, NULL);
}
