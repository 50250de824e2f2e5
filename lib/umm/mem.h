/* SPDX-License-Identifier: MIT */
/*
 * umm/mem.h - memory asked for once: an arena, a cache, a pool of buffers, a sliding window,
 * and figures of operations, each of a bounded size. And what to ask of malloc.
 *
 * The conventions are those of umm.h.
 */
#ifndef UMM_MEM_H
#define UMM_MEM_H

#include "umm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- arena -------------------------------------------------------------- */

/*
 * Many small allocations with one owner, freed all at once. Blocks of memory are
 * taken from malloc and cut from front to back:
 *
 *     block   | header | given out ......... | zeroed ..... | not yet touched ... |
 *                                            next           zeroed_end        end
 *
 * An arena, and all children it has, belongs to one thread at a time. Two arenas
 * share nothing, no cache line either: give each thread its own.
 *
 * Every allocation is aligned to UMM_ARENA_ALIGN and rounded up to a multiple of it;
 * one of 0 bytes counts as one of 1. All zero bytes is an arena with the defaults.
 * Memory that was given back, or whose arena was reset or closed, is poisoned where
 * the library is built with AddressSanitizer, so that its use is reported.
 */
enum { UMM_ARENA_ALIGN = 16, UMM_ARENA_SMALL_MAX = 1024, UMM_ARENA_LISTS = 56 };

/*
 * block_bytes  what is taken from malloc at first, at least 4 KiB; 0 means 64 KiB (a
 *              child: an eighth of its parent's). Later blocks grow with the arena, up
 *              to 32 times that; those of 2 MiB are huge pages where they can be had
 * limit_bytes  never hold more than that, headers included; 0 means no limit
 */
struct umm_arena_options {
    size_t block_bytes;
    size_t limit_bytes;
};

/* Private. */
struct umm_arena {
    char *next, *zeroed_end, *end;
    struct umm_arena_block *first, *last, *current; /* cut into pieces */
    struct umm_arena_block *large, *large_last;     /* of one piece each */
    struct umm_arena_block *spare;                  /* large ones, kept by a reset */
    struct umm_arena *parent;
    bool is_fixed;
    size_t block_bytes, limit_bytes, failed_bytes;
    size_t n_blocks, reserved_bytes; /* spare ones included */
    size_t cut_bytes;                /* of the blocks before current */
    size_t large_bytes, given_back_bytes, peak_bytes;
    void *lists[UMM_ARENA_LISTS]; /* pieces given back, by size */
};

/* Begin with options (NULL: the defaults). Nothing is allocated yet. */
void umm_arena_open(struct umm_arena *arena, const struct umm_arena_options *options);

/*
 * Begin in the len_bytes at buffer, borrowed until the arena is closed: malloc is
 * never called, and what does not fit fails. About 100 bytes are used up.
 */
void umm_arena_open_buffer(struct umm_arena *arena, void *buffer, size_t len_bytes);

/*
 * A child: an arena that takes its blocks from parent, whose limit and buffer thus bind
 * it. It may be reset and closed on its own; it ends with its parent's reset or close.
 */
void umm_arena_open_child(struct umm_arena *child, struct umm_arena *parent,
                          const struct umm_arena_options *options);

/*
 * Everything allocated is invalid; the blocks that were in use stay for what comes
 * next, as long as there is room for it elsewhere. Costs nothing per allocation.
 */
void umm_arena_reset(struct umm_arena *arena);

/* Everything allocated is invalid, all memory is given back; open begins it anew. */
void umm_arena_close(struct umm_arena *arena);

/* What the inline functions below do when the block at hand is full. */
void *umm_arena_alloc_slow(struct umm_arena *arena, size_t len_bytes, size_t align_bytes,
                           bool is_zeroed);

/* len_bytes zero bytes, or NULL: no memory, limit reached, buffer full. */
UMM_MUST_USE static inline void *umm_arena_alloc(struct umm_arena *arena, size_t len_bytes)
{
    char *at = arena->next;
    size_t rounded = (len_bytes + UMM_ARENA_ALIGN - 1) & ~(size_t)(UMM_ARENA_ALIGN - 1);
    /* After raw allocations zeroed_end may lie before next. */
    if (len_bytes - 1 < UMM_ARENA_SMALL_MAX && (ptrdiff_t)rounded <= arena->zeroed_end - at) {
        arena->next = at + rounded;
        return at;
    }
    return umm_arena_alloc_slow(arena, len_bytes, UMM_ARENA_ALIGN, true);
}

/* The same with any content. */
UMM_MUST_USE static inline void *umm_arena_alloc_raw(struct umm_arena *arena, size_t len_bytes)
{
    char *at = arena->next;
    size_t rounded = (len_bytes + UMM_ARENA_ALIGN - 1) & ~(size_t)(UMM_ARENA_ALIGN - 1);
    if (len_bytes - 1 < UMM_ARENA_SMALL_MAX && rounded <= (size_t)(arena->end - at)) {
        arena->next = at + rounded;
        return at;
    }
    return umm_arena_alloc_slow(arena, len_bytes, UMM_ARENA_ALIGN, false);
}

/* n items of item_bytes zero bytes; NULL also when the product overflows. */
UMM_MUST_USE static inline void *umm_arena_alloc_array(struct umm_arena *arena, size_t n,
                                                       size_t item_bytes)
{
    bool is_too_much = item_bytes && n > SIZE_MAX / 2 / item_bytes;
    return umm_arena_alloc(arena, is_too_much ? SIZE_MAX : n * item_bytes);
}

/* Zero bytes aligned to align_bytes, any power of two: 64 for AVX-512. */
UMM_MUST_USE void *umm_arena_alloc_aligned(struct umm_arena *arena, size_t len_bytes,
                                           size_t align_bytes);

/* A copy of the text, or NULL. */
UMM_MUST_USE char *umm_arena_copy_text(struct umm_arena *arena, const char *text);

/*
 * Make the allocation at, of old_bytes, one of new_bytes, in place if that is possible;
 * bytes beyond the old ones are zero. at NULL allocates. NULL on failure, when at stays
 * as it was. Only UMM_ARENA_ALIGN is kept. The caller says the size, as with C23's
 * free_sized: an arena writes none down, which is half of its speed.
 */
UMM_MUST_USE void *umm_arena_realloc(struct umm_arena *arena, void *at, size_t old_bytes,
                                     size_t new_bytes);

/*
 * Give back one allocation of len_bytes (NULL: nothing happens). The latest one is
 * taken back at once, a large one goes back to malloc, and others serve allocations of
 * their size when the block at hand is full. Neighbours are not joined.
 */
void umm_arena_free(struct umm_arena *arena, void *at, size_t len_bytes);

/*
 * UMM_OK, or UMM_ERR_MEMORY if an allocation failed since open or reset, so that
 * several can be checked at once; the message says what it was for.
 */
UMM_MUST_USE enum umm_status umm_arena_check(const struct umm_arena *arena, const char *what,
                                             struct umm_error *err);

/*
 * n_blocks and reserved_bytes are what the arena holds, used_bytes what is given out
 * (rounded, and with what alignment skipped), peak_bytes the most it ever was.
 */
struct umm_arena_stats {
    size_t n_blocks;
    size_t reserved_bytes;
    size_t used_bytes;
    size_t peak_bytes;
};

void umm_arena_stats(const struct umm_arena *arena, struct umm_arena_stats *stats);

/* ---- bounded cache ------------------------------------------------------ */

/*
 * A cache of a fixed number of entries: the least recently used one goes first, and no
 * entry is returned later than ttl after it was put. Everything is allocated at
 * creation. Keys are bytes, values are copied in and out.
 */
struct umm_cache;

/*
 * Zero-initialise for the defaults; value_bytes must be set.
 *
 * capacity       entries; 0 means 100
 * value_bytes    of every value
 * key_max_bytes  the longest key; 0 means 64
 * ttl_ns         how long an entry lives; 0 means 1,800 seconds
 * known_max      distinct keys remembered to tell first misses from others; 0 means the
 *                greater of 4096 and four times capacity. A key costs 16 bytes
 * is_locked      any thread may call; otherwise one at a time
 * clock_ns       a monotonic clock in nanoseconds; NULL means CLOCK_MONOTONIC
 */
struct umm_cache_options {
    size_t capacity;
    size_t value_bytes;
    size_t key_max_bytes;
    uint64_t ttl_ns;
    size_t known_max;
    bool is_locked;
    uint64_t (*clock_ns)(void *user);
    void *clock_user;
};

/*
 * Every get is a hit or a miss. A miss is compulsory when its key was never asked for or
 * put before: no cache could have had it. That is exact until known_max distinct keys
 * have come (unless two of them have the same 64-bit hash); afterwards a miss whose
 * key is not among those is counted as unclassified, for memory is bounded. An entry
 * found too old counts as an expiration, where it was asked for or where it was next to
 * go; one that goes before its time for want of room is an eviction.
 */
struct umm_cache_stats {
    size_t n_entries;
    uint64_t n_hits;
    uint64_t n_misses;
    uint64_t n_compulsory_misses;
    uint64_t n_unclassified_misses;
    uint64_t n_expirations;
    uint64_t n_evictions;
};

/* UMM_ERR_MEMORY, or UMM_ERR_ARGUMENT for sizes beyond any memory. Close it. */
UMM_MUST_USE enum umm_status umm_cache_open(const struct umm_cache_options *options,
                                            struct umm_cache **cache, struct umm_error *err);
void umm_cache_close(struct umm_cache *cache);

/* Copy the key's value out: a hit. False is a miss, value is untouched. O(1). */
bool umm_cache_get(struct umm_cache *cache, const void *key, size_t key_bytes, void *value);

/* Put or replace; its time to live begins. UMM_ERR_ARGUMENT: the key is too long. O(1). */
UMM_MUST_USE enum umm_status umm_cache_put(struct umm_cache *cache, const void *key,
                                           size_t key_bytes, const void *value,
                                           struct umm_error *err);

/* Forget one entry; false when there was none. All entries; the counts stay. */
bool umm_cache_remove(struct umm_cache *cache, const void *key, size_t key_bytes);
void umm_cache_clear(struct umm_cache *cache);

void umm_cache_stats(struct umm_cache *cache, struct umm_cache_stats *stats);

/* ---- buffer pool -------------------------------------------------------- */

/*
 * A fixed number of equal buffers, allocated at creation and lent out, last returned
 * first lent. Each begins on a cache line. Content is whatever the last user left.
 */
struct umm_bufpool;

struct umm_bufpool_stats {
    size_t n_buffers;
    size_t n_lent;
    size_t n_lent_peak;
    uint64_t n_takes;   /* that got a buffer */
    uint64_t n_refused; /* that found none */
};

/* n_buffers of buffer_bytes. is_locked: any thread may call; otherwise one at a time. */
UMM_MUST_USE enum umm_status umm_bufpool_open(size_t n_buffers, size_t buffer_bytes, bool is_locked,
                                              struct umm_bufpool **pool, struct umm_error *err);

/* Lent buffers go with it. */
void umm_bufpool_close(struct umm_bufpool *pool);

/* A buffer, or NULL when all are lent. */
UMM_MUST_USE void *umm_bufpool_take(struct umm_bufpool *pool);

/* Return one (NULL: nothing happens). False, and nothing done: it is not lent by pool. */
bool umm_bufpool_give(struct umm_bufpool *pool, void *buffer);

void umm_bufpool_stats(struct umm_bufpool *pool, struct umm_bufpool_stats *stats);

/* ---- sliding window ----------------------------------------------------- */

/*
 * The last n_rows rows of a stream, always in one piece and in order. Each row is
 * written twice, one window apart, so that nothing is ever moved:
 *
 *     | r4 r5 r2 r3 | r4 r5 r2 r3 |      the window: r2 r3 r4 r5
 *             ^-------------^
 *
 * One thread at a time.
 */
struct umm_ring;

UMM_MUST_USE enum umm_status umm_ring_open(size_t n_rows, size_t row_bytes, struct umm_ring **ring,
                                           struct umm_error *err);
void umm_ring_close(struct umm_ring *ring);

/* Add a row (row_bytes, copied); the oldest goes when the window is full. */
void umm_ring_push(struct umm_ring *ring, const void *row);

/* Overwrite the newest row, of a bar still open; false when there is none. */
bool umm_ring_replace_last(struct umm_ring *ring, const void *row);

/*
 * The rows, oldest first, *n_rows of them (fewer at the beginning). Borrowed until the
 * next push or replace.
 */
const void *umm_ring_window(const struct umm_ring *ring, size_t *n_rows);

/* The newest n rows, or NULL when there are fewer; borrowed as above. */
const void *umm_ring_last(const struct umm_ring *ring, size_t n);

/* Forget all rows. n_pushed counts those ever pushed since creation or clear. */
void umm_ring_clear(struct umm_ring *ring);
uint64_t umm_ring_n_pushed(const struct umm_ring *ring);

/* ---- operation statistics ----------------------------------------------- */

/*
 * How long operations took, of the most recent ones only, in memory of fixed size: the
 * last 500 of all and the last 100 of each kind. Recording is a few stores.
 */
struct umm_opstats;

enum { UMM_OPSTATS_RECENT = 500, UMM_OPSTATS_RECENT_KIND = 100, UMM_OPSTATS_KINDS_MAX = 64 };

/*
 * n_total were recorded ever, n_recent are summed up here. Percentiles are by nearest
 * rank: p90 is the smallest duration that at least 90 % do not exceed. All 0 for none.
 */
struct umm_opstats_summary {
    uint64_t n_total;
    size_t n_recent;
    uint64_t min_ns, mean_ns, max_ns;
    uint64_t p50_ns, p90_ns, p99_ns;
};

/* Kinds are numbered 0 to n_kinds - 1. UMM_ERR_ARGUMENT: none or too many of them. */
UMM_MUST_USE enum umm_status umm_opstats_open(unsigned n_kinds, bool is_locked,
                                              struct umm_opstats **stats, struct umm_error *err);
void umm_opstats_close(struct umm_opstats *stats);

/* An operation of that kind took so long. A kind that is not there is ignored. */
void umm_opstats_record(struct umm_opstats *stats, unsigned kind, uint64_t duration_ns);

/* Of one kind, and of all. */
void umm_opstats_kind(struct umm_opstats *stats, unsigned kind,
                      struct umm_opstats_summary *summary);
void umm_opstats_all(struct umm_opstats *stats, struct umm_opstats_summary *summary);

/* ---- malloc ------------------------------------------------------------- */

/*
 * What a long-lived program may want to set before it starts threads; 0 leaves a matter
 * to the C library.
 *
 * arenas_max  heaps that threads spread over. glibc makes up to 8 a processor, each of
 *             which keeps what its threads freed; 1 or 2 cost little unless threads
 *             allocate all the time
 * trim_bytes  free memory at a heap's end beyond that goes back to the system. glibc
 *             begins with 128 KiB and moves it upwards; a small one costs a call and
 *             page faults again and again, a large one keeps a peak's memory
 * map_bytes   blocks from that size on are mappings of their own, and go back when freed;
 *             at most 32 MiB
 */
struct umm_malloc_tuning {
    uint32_t arenas_max;
    uint32_t trim_bytes;
    uint32_t map_bytes;
};

/* False when the C library has no such settings, or refuses one. See mallopt(3). */
bool umm_malloc_tune(const struct umm_malloc_tuning *tuning);

#ifdef __cplusplus
}
#endif

#endif
