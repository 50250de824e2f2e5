/* SPDX-License-Identifier: MIT */
#include "child/child.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void start(struct umm_child *child, const char *const *words)
{
    const struct umm_child_command command = {.argv = (char *const *)(uintptr_t)words,
                                              .envp = environ};
    bool is_command;
    assert_int_equal(umm_child_open(child, &command, &is_command, NULL), UMM_OK);
}

/* Wait a second at most for its end. */
static enum umm_status wait_for(struct umm_child *child, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (int i = 0; !status && !child->has_ended && i < 100; i++)
        status = umm_child_wait(child, 10000000, err);
    return status;
}

static void exit_code_is_the_commands(void **state)
{
    (void)state;
    struct umm_child child;
    start(&child, (const char *const[]){"sh", "-c", "exit 7", NULL});
    assert_int_equal(wait_for(&child, NULL), UMM_OK);
    assert_true(child.has_ended);
    assert_int_equal(umm_child_exit_code(&child), 7);
    umm_child_close(&child);
}

static void command_that_the_kernel_reaped_is_an_error(void **state)
{
    (void)state;
    struct umm_child child;
    struct umm_error err = {0};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGCHLD, &ignore, &before);
    start(&child, (const char *const[]){"true", NULL});
    enum umm_status status = wait_for(&child, &err);
    umm_child_close(&child);
    sigaction(SIGCHLD, &before, NULL);
    assert_int_equal(status, UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ECHILD);
    assert_string_equal(err.message, "cannot wait for");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_code_is_the_commands),
        cmocka_unit_test(command_that_the_kernel_reaped_is_an_error),
    };
    return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
