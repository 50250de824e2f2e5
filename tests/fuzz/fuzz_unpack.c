/* SPDX-License-Identifier: MIT */
/*
 * fuzz_unpack.c - bytes as a packed file: all of its text, from a file and through a pipe in
 * pieces. Both must end alike, and what is checked first must give the same text.
 */
#include "reading/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    OPTION_BYTES = 2,
    TEXT_MAX = 1 << 20,
    PIECES_MAX = 200,
    LONGEST_READ = 70000,
    NAME_BYTES = 512
};

struct outcome {
    enum umm_status status;
    struct umm_error err;
    size_t n_texts, len;
    uint64_t hash; /* of all texts and of their ends */
};

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void mix(struct outcome *outcome, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        outcome->hash = (outcome->hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
}

static enum umm_status read_text(struct umm_source *source, size_t cap, struct outcome *outcome)
{
    static char out[LONGEST_READ];
    size_t n = 1;
    enum umm_status status = UMM_OK;
    while (!status && n) {
        status = umm_source_read(source, NULL, out, cap, &n, &outcome->err);
        if (status)
            break;
        require(n <= cap, "more than there is room for");
        mix(outcome, out, n);
        outcome->len += n;
        require(outcome->len <= TEXT_MAX + LONGEST_READ, "more than the limit");
    }
    mix(outcome, "", 1);
    return status;
}

static void run(const char *path, size_t cap, bool is_checked_first, struct outcome *outcome)
{
    struct umm_unpack *archive = NULL;
    const struct umm_source_options options = {
        .unpack = {.max_bytes = TEXT_MAX, .is_checked_first = is_checked_first},
        .archive = &archive};
    bool has_text = true;
    memset(outcome, 0, sizeof *outcome);
    while (!outcome->status && has_text) {
        struct umm_source source = {.fd = -1};
        outcome->status = umm_source_open(&source, path, &options, NULL, &outcome->err);
        if (!outcome->status)
            outcome->status = read_text(&source, cap, outcome);
        umm_source_close(&source);
        outcome->n_texts++;
        has_text = false;
        if (!outcome->status && archive)
            outcome->status = umm_unpack_next(archive, &has_text, &outcome->err);
    }
    umm_unpack_close(archive);
    require(!outcome->status || (outcome->err.status == outcome->status && outcome->err.message[0]),
            "no message");
    require(strpbrk(outcome->err.message, "\n\r\x1b") == NULL, "an unsafe message");
}

static void run_file(const uint8_t *bytes, size_t len, size_t cap, bool is_checked_first,
                     struct outcome *outcome)
{
    char path[32];
    int fd = memfd_create("input", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, bytes, len) == (ssize_t)len, "no memfd");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    run(path, cap, is_checked_first, outcome);
    close(fd);
}

/* With O_DIRECT a read of the pipe returns what one write wrote, and drops what it has no room for.
 */
static void run_pipe(const uint8_t *bytes, size_t len, size_t step, size_t cap,
                     struct outcome *outcome)
{
    int ends[2];
    require(pipe2(ends, O_DIRECT | O_CLOEXEC) == 0, "no pipe");
    require(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0, "no room in the pipe");
    if (step < len / PIECES_MAX + 1)
        step = len / PIECES_MAX + 1;
    for (size_t at = 0; at < len; at += step) {
        size_t n = len - at < step ? len - at : step;
        require(write(ends[1], bytes + at, n) == (ssize_t)n, "a full pipe");
    }
    close(ends[1]);
    require(dup2(ends[0], 0) == 0, "no standard input");
    close(ends[0]);
    run("-", cap > step ? cap : step, false, outcome);
}

static bool is_too_much(const struct outcome *outcome)
{
    return strstr(outcome->err.message, "unpacks to more");
}

/*
 * In whatever way a file is read, the text is the same, if there is any. Of several things that are
 * wrong another one may come first, and what is spooled on the way counts otherwise.
 */
static void compare(const struct outcome *a, const struct outcome *b)
{
    if (is_too_much(a) || is_too_much(b))
        return;
    require(a->status == b->status, "another status");
    require(a->status || (a->n_texts == b->n_texts && a->len == b->len && a->hash == b->hash),
            "another text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome file, pieces, checked;
    if (size < OPTION_BYTES || size > 60000)
        return 0;
    const uint8_t *bytes = data + OPTION_BYTES;
    const size_t len = size - OPTION_BYTES, cap = 4 + (size_t)data[1] * data[1];
    run_file(bytes, len, cap, false, &file);
    run_file(bytes, len, cap, true, &checked);
    compare(&file, &checked);
    /* A tar archive whose first member has an end of line in its name looks like text at first. */
    if (umm_packing_of((const char *)bytes, len, true) == UMM_PACKING_TAR &&
        (memchr(bytes, '\n', NAME_BYTES) || memchr(bytes, '\r', NAME_BYTES)))
        return 0;
    run_pipe(bytes, len, 1 + data[0], cap, &pieces);
    compare(&file, &pieces);
    return 0;
}
