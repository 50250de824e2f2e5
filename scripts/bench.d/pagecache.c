/* SPDX-License-Identifier: MIT */
/*
 * pagecache direct|scan FILE - prints seconds.
 *
 *   direct   FILE past the page cache (O_DIRECT) by four threads, 2 MiB at a time into huge
 *            pages: what the device can do
 *   scan     a byte of every cache line of FILE, mapped: what those who come after get
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STEP = 2 * 1024 * 1024, THREADS = 4, LINE = 64 };

static const char *path;
static size_t size;
static atomic_size_t next_step, n_read;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *read_direct(void *buffer)
{
    int fd = open(path, O_RDONLY | O_DIRECT);
    if (fd < 0)
        die(path);
    for (size_t at; (at = atomic_fetch_add(&next_step, 1) * STEP) < size;) {
        ssize_t n = pread(fd, buffer, STEP, (off_t)at);
        if (n < 0)
            die(path);
        atomic_fetch_add(&n_read, (size_t)n);
    }
    close(fd);
    return NULL;
}

static double direct(void)
{
    pthread_t threads[THREADS];
    void *buffers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        if (posix_memalign(&buffers[i], STEP, STEP) != 0)
            die("memory");
        (void)madvise(buffers[i], STEP, MADV_HUGEPAGE);
        memset(buffers[i], 1, STEP);
    }
    double start = now_s();
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, read_direct, buffers[i]) != 0)
            die("threads");
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    double seconds = now_s() - start;
    if (n_read != size) {
        fprintf(stderr, "%s: read %zu of %zu bytes\n", path, (size_t)n_read, size);
        exit(1);
    }
    return seconds;
}

static double scan(void)
{
    static volatile unsigned sum;
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        die(path);
    double start = now_s();
    const unsigned char *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        die(path);
    unsigned total = 0;
    for (size_t i = 0; i < size; i += LINE)
        total += bytes[i];
    sum = total;
    return now_s() - start;
}

int main(int argc, char **argv)
{
    struct stat st;
    if (argc != 3) {
        fprintf(stderr, "Usage: pagecache direct|scan FILE\n");
        return 2;
    }
    path = argv[2];
    if (stat(path, &st) < 0)
        die(path);
    size = (size_t)st.st_size;
    printf("%.9f\n", strcmp(argv[1], "direct") == 0 ? direct() : scan());
    return 0;
}
