/* SPDX-License-Identifier: MIT */
/* Every test runs in a scratch directory of its own as working directory. */
#include "sys/secret.h"

#include "scratch.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char got[UMM_SECRET_MAX + 1];
static struct umm_error err;

static void make(const char *name, const void *bytes, size_t len)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(name, 0600), 0);
}

static void gives(const char *text, const char *password)
{
    make("file", text, strlen(text));
    assert_int_equal(umm_secret_read("file", NULL, got, &err), UMM_OK);
    assert_string_equal(got, password);
}

/* Nothing of what is in the file is told, or stays. */
static void refused(enum umm_status status, const char *what)
{
    static const char zeros[sizeof got];
    memset(got, 'x', sizeof got);
    assert_int_equal(umm_secret_read("file", NULL, got, &err), status);
    assert_non_null(strstr(err.message, what));
    assert_null(strstr(err.message, "secret"));
    assert_memory_equal(got, zeros, sizeof got);
}

static void first_line(void **state)
{
    (void)state;
    gives("secret", "secret");
    gives("secret\n", "secret");
    gives("secret\r\nmore\n", "secret");
    gives(" p@ss word/?7\t\n", " p@ss word/?7\t");
    gives("\r\r\n", "\r");
    char line[UMM_SECRET_MAX + 2];
    memset(line, 'a', sizeof line);
    line[UMM_SECRET_MAX] = '\0';
    gives(line, line);
    line[UMM_SECRET_MAX] = 'a';
    make("file", line, sizeof line);
    refused(UMM_ERR_DATA, "is too long");
    /* Nor is the end of a line of that length missing where it cannot be read at once. */
    line[UMM_SECRET_MAX] = '\n';
    make("file", line, sizeof line);
    line[UMM_SECRET_MAX] = '\0';
    assert_int_equal(umm_secret_read("file", NULL, got, &err), UMM_OK);
    assert_string_equal(got, line);
}

static void no_password(void **state)
{
    (void)state;
    gives("secret\n", "secret");
    make("file", "", 0);
    refused(UMM_ERR_DATA, "is empty");
    make("file", "\nsecret\n", 8);
    refused(UMM_ERR_DATA, "is empty");
    make("file", "secret\0x\n", 9);
    refused(UMM_ERR_DATA, "has a zero byte");
    assert_int_equal(umm_secret_read("none", NULL, got, &err), UMM_ERR_SYSTEM);
    assert_int_equal(umm_secret_read(".", NULL, got, &err), UMM_ERR_SYSTEM);
}

static void others(void **state)
{
    (void)state;
    static const mode_t modes[] = {0604, 0640, 0620, 0601, 0666};
    make("file", "secret\n", 7);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod("file", modes[i]), 0);
        refused(UMM_ERR_CONFLICT, "others may use it");
    }
    assert_int_equal(chmod("file", 0400), 0);
    assert_int_equal(umm_secret_read("file", NULL, got, &err), UMM_OK);
    if (geteuid() != 0) {
        print_message("SKIP: only root gives files to others\n");
        return;
    }
    assert_int_equal(chmod("file", 0600), 0);
    assert_int_equal(chown("file", 12345, 12345), 0);
    refused(UMM_ERR_CONFLICT, "belongs to another user (uid 12345)");
}

/* In pieces, and with its other end still open. */
static void pipes(void **state)
{
    (void)state;
    int ends[2];
    char path[32];
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    assert_int_equal(write(ends[1], "sec", 3), 3);
    assert_int_equal(write(ends[1], "ret\n", 4), 4);
    assert_int_equal(umm_secret_read(path, NULL, got, &err), UMM_OK);
    assert_string_equal(got, "secret");
    struct umm_run run = {0};
    umm_run_cancel(&run);
    assert_int_equal(umm_secret_read(path, &run, got, &err), UMM_ERR_CANCELLED);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_line, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(no_password, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(others, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(pipes, enter_scratch, leave_scratch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
