/* SPDX-License-Identifier: MIT */
/*
 * alloc.c - a library to preload (LD_PRELOAD) that makes one allocation of a program
 * fail, for tests/fault/alloc.
 *
 * Counted from main on, in all threads: malloc and its kin, mmap, and the start of a
 * thread, by the program and by the libraries it calls. Not counted is what a sanitizer
 * allocates in a new thread before the thread's own function runs: that may not fail.
 *
 *   UMM_ALLOC_FAIL  N: the Nth fails (counted from 1); N+: that one and all after it
 *   UMM_ALLOC_LOG   file to write to: "failed WHAT" for the first that did, and at the
 *                   end "count N"
 *
 * The program does not see these variables, nor does what it starts.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool is_counting, is_lasting;
static unsigned long n_seen, n_fail;
static const char *log_path;
/* Whether this thread is in a function of the program; of a kind that costs no allocation. */
static _Thread_local bool is_begun __attribute__((tls_model("initial-exec")));
static int (*real_main)(int, char **, char **);

static void note(const char *what, unsigned long n)
{
    char line[80];
    int code = errno, len = snprintf(line, sizeof line, "%s %lu\n", what, n);
    int fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line, (size_t)len) != len)
        _exit(98);
    close(fd);
    errno = code;
}

/* Whether this call, the next one in the count, is to fail. */
static bool fails(const char *what, size_t size)
{
    if (!__atomic_load_n(&is_counting, __ATOMIC_RELAXED) || !is_begun)
        return false;
    unsigned long n = __atomic_add_fetch(&n_seen, 1, __ATOMIC_RELAXED);
    if (!n_fail || n < n_fail || (n > n_fail && !is_lasting))
        return false;
    if (n == n_fail)
        note(what, size);
    errno = ENOMEM;
    return true;
}

/* The next definition of name: the C library's, or a sanitizer's. */
static void next(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        _exit(97);
    memcpy(function, &found, sizeof found);
}

#define NEXT(name, type, ...)                                                                      \
    static type (*real)(__VA_ARGS__);                                                              \
    if (!real)                                                                                     \
    next(name, &real)

/* ---- what fails ---------------------------------------------------------------- */

void *malloc(size_t size)
{
    NEXT("malloc", void *, size_t);
    return fails("failed malloc", size) ? NULL : real(size);
}

void *calloc(size_t n, size_t size)
{
    NEXT("calloc", void *, size_t, size_t);
    return fails("failed calloc", n * size) ? NULL : real(n, size);
}

void *realloc(void *old, size_t size)
{
    NEXT("realloc", void *, void *, size_t);
    return fails("failed realloc", size) ? NULL : real(old, size);
}

void *reallocarray(void *old, size_t n, size_t size)
{
    NEXT("reallocarray", void *, void *, size_t, size_t);
    return fails("failed reallocarray", n * size) ? NULL : real(old, n, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    NEXT("aligned_alloc", void *, size_t, size_t);
    return fails("failed aligned_alloc", size) ? NULL : real(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    NEXT("posix_memalign", int, void **, size_t, size_t);
    return fails("failed posix_memalign", size) ? ENOMEM : real(out, alignment, size);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    NEXT("mmap", void *, void *, size_t, int, int, int, off_t);
    return fails("failed mmap", size) ? MAP_FAILED
                                      : real(address, size, protection, flags, fd, offset);
}

/* What a thread is to do. */
struct work {
    void *(*start)(void *);
    void *argument;
};

static void *begin(void *user)
{
    const struct work work = *(struct work *)user;
    free(user);
    is_begun = true;
    return work.start(work.argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument)
{
    NEXT("pthread_create", int, pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (fails("failed pthread_create", 0))
        return EAGAIN;
    const bool was_begun = is_begun;
    is_begun = false;
    struct work *work = malloc(sizeof *work);
    is_begun = was_begun;
    if (!work)
        return EAGAIN;
    *work = (struct work){start, argument};
    const int code = real(thread, attributes, begin, work);
    if (code)
        free(work);
    return code;
}

/* ---- from main to the end ------------------------------------------------------ */

static void take_settings(void)
{
    char *end = NULL;
    const char *fail = getenv("UMM_ALLOC_FAIL");
    n_fail = fail ? strtoul(fail, &end, 10) : 0;
    is_lasting = fail && *end == '+';
    log_path = getenv("UMM_ALLOC_LOG");
    unsetenv("UMM_ALLOC_FAIL");
    unsetenv("LD_PRELOAD");
}

static int counted_main(int argc, char **argv, char **environment)
{
    take_settings();
    is_counting = log_path != NULL;
    is_begun = true;
    int code = real_main(argc, argv, environment);
    is_counting = false;
    return code;
}

__attribute__((destructor)) static void end(void)
{
    is_counting = false;
    if (log_path)
        note("count", n_seen);
}

/* The C library's own start of a program, with our main around the program's. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    NEXT("__libc_start_main", int, int (*)(int, char **, char **), int, char **, void (*)(void),
         void (*)(void), void (*)(void), void *);
    real_main = main;
    return real(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}
