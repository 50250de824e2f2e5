/* SPDX-License-Identifier: MIT */
#include "scratch.h"

#include <fcntl.h>

#include "sys/uptodate.h"

enum { OLD = 1000000000 };

/* The file of that name, of that second. */
static void put_at(const char *name, time_t second)
{
    const struct timespec times[2] = {{second, 5}, {second, 5}};
    put(name, "x");
    assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

static struct timespec time_of(const char *name)
{
    struct stat st;
    assert_int_equal(stat(name, &st), 0);
    return st.st_mtim;
}

static void an_output_is_touched_if_it_is_older(void **unused)
{
    (void)unused;
    struct umm_uptodate inputs = {0};
    put_at("out", OLD);
    umm_uptodate_settle(&inputs, "out");
    put_at("older", OLD - 1);
    put_at("same", OLD);
    umm_uptodate_look(&inputs, "older");
    umm_uptodate_look(&inputs, "same");
    umm_uptodate_look(&inputs, "none");
    umm_uptodate_settle(&inputs, "out");
    assert_int_equal(time_of("out").tv_sec, OLD);
    put_at("newer", OLD + 1);
    umm_uptodate_look(&inputs, "newer");
    umm_uptodate_look(&inputs, "older");
    umm_uptodate_settle(&inputs, "none");
    umm_uptodate_settle(&inputs, "out");
    assert_true(time_of("out").tv_sec > OLD + 1);
    assert_false(exists("none"));
}

static void a_pipe_is_of_this_moment(void **unused)
{
    (void)unused;
    struct umm_uptodate inputs = {0};
    put_at("out", OLD);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    umm_uptodate_look(&inputs, "pipe");
    umm_uptodate_settle(&inputs, "pipe");
    umm_uptodate_settle(&inputs, "out");
    assert_true(time_of("out").tv_sec > OLD);
}

static void standard_input_may_be_a_file(void **unused)
{
    (void)unused;
    struct umm_uptodate inputs = {0};
    int kept = dup(0), fd;
    put_at("in", OLD);
    put_at("out", OLD + 1);
    fd = open("in", O_RDONLY);
    assert_true(fd >= 0 && dup2(fd, 0) == 0);
    umm_uptodate_look(&inputs, "-");
    umm_uptodate_settle(&inputs, "out");
    dup2(kept, 0);
    close(kept);
    close(fd);
    assert_int_equal(time_of("out").tv_sec, OLD + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_output_is_touched_if_it_is_older),
        cmocka_unit_test(a_pipe_is_of_this_moment),
        cmocka_unit_test(standard_input_may_be_a_file),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
