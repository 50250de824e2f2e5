/* SPDX-License-Identifier: MIT */
/*
 * umm-alloc.c - libumm-alloc.so: counts the allocations of the program it is preloaded
 * into, for umm-memstat. probe/alloc_counts.h says what is counted, and where.
 *
 * It stands before the C library (or another allocator, preloaded after it) in the
 * order in which names are looked up, and hands every call on. What it adds to a call
 * is a load, two additions and a store to memory that only this thread writes: no lock,
 * no atomic addition, no allocation. It never prints, and without its memory it only
 * hands on.
 */
#include "probe/alloc_counts.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* What stdlib.h and sys/mman.h do not declare, or not everywhere. */
EXPORT void *memalign(size_t alignment, size_t size);
EXPORT void *pvalloc(size_t size);
#undef mmap64 /* a macro in some C libraries */
EXPORT void *mmap64(void *at, size_t size, int prot, int flags, int fd, off_t offset);

/* ---- where a thread counts ----------------------------------------------- */

static struct umm_alloc_memory *shared; /* NULL: not found yet, or not there */
static struct umm_alloc_slot early;     /* what was counted before it was found */
static bool is_settled;                 /* shared was looked for */
static pthread_key_t end_of_thread;
static bool has_key;
static bool is_blind; /* the program's own malloc stands before ours */
static __thread struct umm_alloc_slot *mine;

static uint32_t thread_number(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

/* A slot whose owner is `from` becomes this thread's. */
static bool take_slot(struct umm_alloc_slot *slot, uint32_t from, uint32_t self)
{
    return __atomic_compare_exchange_n(&slot->owner, &from, self, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

/* Threads that were killed leave their slots owned: looked for when no other is left. */
static struct umm_alloc_slot *find_slot(void)
{
    uint32_t self = thread_number();
    for (size_t i = 0; i < UMM_ALLOC_SLOTS; i++)
        if (__atomic_load_n(&shared->slots[i].owner, __ATOMIC_RELAXED) == 0 &&
            take_slot(&shared->slots[i], 0, self))
            return &shared->slots[i];
    for (size_t i = 0; i < UMM_ALLOC_SLOTS; i++) {
        uint32_t owner = __atomic_load_n(&shared->slots[i].owner, __ATOMIC_RELAXED);
        if (kill((pid_t)owner, 0) < 0 && errno == ESRCH &&
            take_slot(&shared->slots[i], owner, self))
            return &shared->slots[i];
    }
    return &shared->overflow;
}

/* After this thread's own destructors ran, others of the C library's still free. */
static void leave_slot(void *slot)
{
    mine = &shared->overflow;
    __atomic_store_n(&((struct umm_alloc_slot *)slot)->owner, 0, __ATOMIC_RELEASE);
}

static void count_process(void)
{
    __atomic_fetch_add(&shared->header.n_processes, 1, __ATOMIC_RELAXED);
    if (is_blind)
        __atomic_fetch_add(&shared->header.n_blind, 1, __ATOMIC_RELAXED);
}

/* The child's only thread is a copy of one that goes on counting in its slot. */
static void begin_child(void)
{
    mine = NULL;
    if (has_key) /* or its end would give the other's slot away */
        (void)pthread_setspecific(end_of_thread, NULL);
    if (shared)
        count_process();
}

/* Every argument a long: of a variable argument on the stack, an int leaves half undefined. */
static void *map_whole(int fd)
{
    const long prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED;
    return (void *)syscall(SYS_mmap, NULL, sizeof(struct umm_alloc_memory), prot, flags, (long)fd,
                           0L);
}

static struct umm_alloc_memory *map_shared(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
    void *at = MAP_FAILED;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && st.st_size == sizeof(struct umm_alloc_memory))
        at = map_whole(fd);
    (void)close(fd);
    if (at == MAP_FAILED)
        return NULL;
    struct umm_alloc_memory *memory = at;
    if (memory->header.magic == UMM_ALLOC_MAGIC && memory->header.n_slots == UMM_ALLOC_SLOTS)
        return memory;
    (void)syscall(SYS_munmap, at, sizeof *memory);
    return NULL;
}

/* Not in a constructor: other libraries' constructors may come first, and allocate. */
static void find_shared(void)
{
    const char *path = environ ? getenv(UMM_ALLOC_VARIABLE) : NULL;
    is_settled = environ != NULL; /* the C library has begun */
    shared = path ? map_shared(path) : NULL;
    if (!shared)
        return;
    count_process();
    has_key = pthread_key_create(&end_of_thread, leave_slot) == 0;
    (void)pthread_atfork(NULL, NULL, begin_child);
}

static void add(uint64_t *count, uint64_t n)
{
    __atomic_fetch_add(count, n, __ATOMIC_RELAXED);
}

static void add_early(struct umm_alloc_slot *to)
{
    const struct umm_alloc_slot from = early;
    memset(&early, 0, sizeof early);
    add(&to->n_allocs, from.n_allocs);
    add(&to->n_frees, from.n_frees);
    add(&to->alloc_bytes, from.alloc_bytes);
    add(&to->n_maps, from.n_maps);
    add(&to->n_unmaps, from.n_unmaps);
    add(&to->map_bytes, from.map_bytes);
}

static __attribute__((noinline, cold)) struct umm_alloc_slot *begin_thread(void)
{
    int sys_errno = errno;
    mine = &early; /* for what is allocated on the way */
    if (!is_settled)
        find_shared();
    if (shared) {
        mine = find_slot();
        add_early(&shared->overflow);
        if (has_key && mine != &shared->overflow)
            (void)pthread_setspecific(end_of_thread, mine);
    }
    struct umm_alloc_slot *slot = mine;
    if (!is_settled)
        mine = NULL;
    errno = sys_errno;
    return slot;
}

/*
 * Nobody else writes to a slot that is owned, so that a plain addition is enough; it is
 * whole for its reader. Only the two that threads share need the atomic one.
 */
static inline void count(struct umm_alloc_slot *slot, uint64_t *what, uint64_t n)
{
    if (__builtin_expect(slot->owner == 0, 0))
        add(what, n);
    else
        __atomic_store_n(what, __atomic_load_n(what, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline struct umm_alloc_slot *my_slot(void)
{
    struct umm_alloc_slot *slot = mine;
    return __builtin_expect(slot != NULL, 1) ? slot : begin_thread();
}

/*
 * Whether what the C library allocates comes by here. dlsym could not tell: in a program
 * that is not position-independent it finds a stub for malloc, as it would find its own.
 */
static bool is_in_the_way(void)
{
    /* Not for the compiler to see through, nor for it to take our own free. */
    char *(*volatile copy)(const char *) = strdup;
    void (*volatile release)(void *) = free;
    struct umm_alloc_slot *before = mine, tried = {0};
    mine = &tried;
    release(copy(""));
    mine = before;
    return tried.n_allocs > 0;
}

/* A program that allocates nothing was also counted. */
__attribute__((constructor)) static void begin_program(void)
{
    (void)my_slot();
    is_blind = !is_in_the_way();
    if (shared && is_blind)
        __atomic_fetch_add(&shared->header.n_blind, 1, __ATOMIC_RELAXED);
}

static inline void count_alloc(size_t bytes)
{
    struct umm_alloc_slot *slot = my_slot();
    count(slot, &slot->n_allocs, 1);
    count(slot, &slot->alloc_bytes, bytes);
}

static inline void count_free(void)
{
    struct umm_alloc_slot *slot = my_slot();
    count(slot, &slot->n_frees, 1);
}

/* ---- the calls under ours ----------------------------------------------- */

static void *first_malloc(size_t size);
static void *first_calloc(size_t n, size_t size);
static void *first_realloc(void *block, size_t size);
static void first_free(void *block);

/* Until they are looked up, the first call of each looks them up: no test afterwards. */
static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
    void *(*mremap)(void *, size_t, size_t, int, ...);
    int (*munmap)(void *, size_t);
} real = {
    .malloc = first_malloc, .calloc = first_calloc, .realloc = first_realloc, .free = first_free};

/* dlsym may allocate before there is an allocator: from here, and it stays. */
static _Alignas(64) char spare[16384];
static size_t spare_used;

static void *take_spare(size_t size)
{
    size_t at = spare_used;
    if (size > sizeof spare - 16)
        return NULL;
    size = (size + 15) & ~(size_t)15;
    if (size > sizeof spare - at)
        return NULL;
    spare_used = at + size;
    return spare + at;
}

static inline bool is_spare(const void *block)
{
    return (uintptr_t)block - (uintptr_t)spare < sizeof spare;
}

/* POSIX has dlsym's result hold a function; C has no cast for it, so its bytes are copied. */
static void look_up(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(function, &found, sizeof found);
}

/* False within itself: the caller then takes a spare block. */
static bool look_up_all(void)
{
    static bool is_busy;
    if (is_busy)
        return false;
    is_busy = true;
    look_up("calloc", &real.calloc);
    look_up("realloc", &real.realloc);
    look_up("free", &real.free);
    look_up("posix_memalign", &real.posix_memalign);
    look_up("aligned_alloc", &real.aligned_alloc);
    look_up("memalign", &real.memalign);
    look_up("valloc", &real.valloc);
    look_up("pvalloc", &real.pvalloc);
    look_up("mmap", &real.mmap);
    look_up("mremap", &real.mremap);
    look_up("munmap", &real.munmap);
    look_up("malloc", &real.malloc);
    is_busy = false;
    return true;
}

static void *first_malloc(size_t size)
{
    return look_up_all() ? real.malloc(size) : take_spare(size);
}

static void *first_calloc(size_t n, size_t size)
{
    size_t bytes;
    if (look_up_all())
        return real.calloc(n, size);
    return __builtin_mul_overflow(n, size, &bytes) ? NULL : take_spare(bytes);
}

static void *first_realloc(void *block, size_t size)
{
    if (look_up_all())
        return real.realloc(block, size);
    return block ? NULL : take_spare(size);
}

static void first_free(void *block)
{
    if (look_up_all())
        real.free(block);
}

/* For the calls that a program may make before any of the four above. */
static inline void be_ready(void)
{
    if (__builtin_expect(real.malloc == first_malloc, 0))
        (void)look_up_all();
}

/* ---- the family ---------------------------------------------------------- */

EXPORT void *malloc(size_t size)
{
    void *block = real.malloc(size);
    if (block)
        count_alloc(size);
    return block;
}

EXPORT void *calloc(size_t n, size_t size)
{
    void *block = real.calloc(n, size);
    if (block)
        count_alloc(n * size);
    return block;
}

/* A spare block grows into a proper one; its old size is not kept, but bounded. */
static void *move_spare(void *block, size_t size)
{
    void *moved = real.malloc(size);
    size_t rest = (size_t)(spare + sizeof spare - (char *)block);
    if (moved)
        memcpy(moved, block, size < rest ? size : rest);
    return moved;
}

EXPORT void *realloc(void *block, size_t size)
{
    void *moved = block && is_spare(block) ? move_spare(block, size) : real.realloc(block, size);
    if (moved)
        count_alloc(size);
    if (block && (moved || !size))
        count_free();
    return moved;
}

EXPORT void *reallocarray(void *block, size_t n, size_t size)
{
    size_t bytes;
    if (!__builtin_mul_overflow(n, size, &bytes))
        return realloc(block, bytes);
    errno = ENOMEM;
    return NULL;
}

EXPORT void free(void *block)
{
    if (!block || is_spare(block))
        return;
    real.free(block);
    count_free();
}

EXPORT int posix_memalign(void **block, size_t alignment, size_t size)
{
    be_ready();
    int code = real.posix_memalign(block, alignment, size);
    if (code == 0)
        count_alloc(size);
    return code;
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    be_ready();
    void *block = real.aligned_alloc(alignment, size);
    if (block)
        count_alloc(size);
    return block;
}

EXPORT void *memalign(size_t alignment, size_t size)
{
    be_ready();
    void *block = real.memalign(alignment, size);
    if (block)
        count_alloc(size);
    return block;
}

EXPORT void *valloc(size_t size)
{
    be_ready();
    void *block = real.valloc(size);
    if (block)
        count_alloc(size);
    return block;
}

EXPORT void *pvalloc(size_t size)
{
    be_ready();
    void *block = real.pvalloc(size);
    if (block)
        count_alloc(size);
    return block;
}

/* ---- maps ---------------------------------------------------------------- */

static void count_map(size_t bytes)
{
    struct umm_alloc_slot *slot = my_slot();
    count(slot, &slot->n_maps, 1);
    count(slot, &slot->map_bytes, bytes);
}

static void count_unmap(void)
{
    struct umm_alloc_slot *slot = my_slot();
    count(slot, &slot->n_unmaps, 1);
}

EXPORT void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
    be_ready();
    void *found = real.mmap(at, size, prot, flags, fd, offset);
    if (found != MAP_FAILED)
        count_map(size);
    return found;
}

/* The same where off_t has 64 bits; elsewhere it goes uncounted. */
#if __SIZEOF_LONG__ == 8
EXPORT void *mmap64(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
    return mmap(at, size, prot, flags, fd, offset);
}
#endif

EXPORT void *mremap(void *at, size_t old_size, size_t size, int flags, ...)
{
    __builtin_va_list args;
    __builtin_va_start(args, flags);
    void *wanted = flags & MREMAP_FIXED ? __builtin_va_arg(args, void *) : NULL;
    __builtin_va_end(args);
    be_ready();
    void *found = real.mremap(at, old_size, size, flags, wanted);
    if (found != MAP_FAILED) {
        count_map(size);
        count_unmap();
    }
    return found;
}

EXPORT int munmap(void *at, size_t size)
{
    be_ready();
    int code = real.munmap(at, size);
    if (code == 0)
        count_unmap();
    return code;
}
