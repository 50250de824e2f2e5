/* SPDX-License-Identifier: MIT */
/*
 * fuzz_slice.c - four bytes of options, then an .npy file: in every format, no crash,
 * messages of one line, and as many rows as the report says.
 */
#include "slice/slice.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { N_OPTIONS = 4 };

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check_message(enum umm_status status, const struct umm_error *err)
{
    require(err->status == status && err->message[0] != '\0', "no message");
    require(strpbrk(err->message, "\n\r\x1b") == NULL, "an unsafe message");
}

/* Open on a file that holds the bytes; its name is in path. */
static int make_input(const uint8_t *data, size_t size, char path[64])
{
    int fd = memfd_create("slice", MFD_CLOEXEC);
    require(fd >= 0, "no memory file");
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, data + done, size - done);
        require(n > 0, "cannot write");
        done += (size_t)n;
    }
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const columns[] = {NULL,  "0", "close,timestamp",
                                          "1,0", "a", "timestamp,a,0"};
    if (size < N_OPTIONS)
        return 0;
    const struct umm_range ranges[] = {{.has_start = true, .start = (int8_t)data[0], .step = 1},
                                       {.step = data[1] ? (int8_t)data[1] : 1}};
    char path[64];
    struct umm_error err = {0};
    const struct umm_slice_options options = {
        .input = path,
        .output = "/dev/null",
        .format = (enum umm_slice_format)(data[2] & 3),
        .ranges = ranges,
        .n_ranges = data[2] >> 2 & 1 ? 2 : data[2] >> 3 & 1,
        .columns = columns[data[3] % (sizeof columns / sizeof *columns)],
        .range = {.has_from = data[2] >> 4 & 1, .has_to = data[2] >> 5 & 1, .to.sec = 1600000000},
        .is_strict = data[2] >> 6 & 1,
        .is_time_iso = data[2] >> 7 & 1};
    int fd = make_input(data + N_OPTIONS, size - N_OPTIONS, path);
    struct umm_slice_result result;
    enum umm_status status = umm_slice(&options, NULL, &result, &err);
    if (status)
        check_message(status, &err);
    else
        require(options.n_ranges > 1 || result.n_rows <= result.n_rows_in, "too many rows");
    char *text = NULL;
    size_t len = 0;
    err = (struct umm_error){0};
    status = umm_slice_describe(&options, &text, &len, &err);
    if (status)
        check_message(status, &err);
    free(text);
    close(fd);
    return 0;
}
