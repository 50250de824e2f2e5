/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/pages.h"
#include "umm.h"
#include "umm/mem.h"

/*
 * Under AddressSanitizer no byte is accessible but those given out. The inline
 * functions know nothing of that: their window, next to end, is kept empty, so that
 * every allocation comes here.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(HAS_ASAN)
#include <sanitizer/asan_interface.h>
enum { IS_POISONING = 1 };
#define poison(at, len)   __asan_poison_memory_region(at, len)
#define unpoison(at, len) __asan_unpoison_memory_region(at, len)
#else
enum { IS_POISONING = 0 };
#define poison(at, len)   ((void)(at), (void)(len))
#define unpoison(at, len) ((void)(at), (void)(len))
#endif

/*
 * What stands right before the bytes of a block. They begin on a cache line, so that
 * no two arenas share one, and the header fills the line before.
 *
 *     base   gap   | header | bytes ...                       end |
 */
enum { LINE_BYTES = 64 };

struct umm_arena_block {
    struct umm_arena_block *next, *before;
    void *base; /* what malloc or the parent gave */
    size_t total_bytes;
    char *end;
};

static_assert(sizeof(struct umm_arena_block) <= LINE_BYTES, "a header fills one line");

/* What malloc gives is aligned to 16: so much may be lost before the first line. */
enum { BLOCK_LOSS = 2 * LINE_BYTES - UMM_ARENA_ALIGN };

/* What the inline functions cut must never count as large, which is a quarter of a block. */
enum { BLOCK_BYTES = 65536, BLOCK_BYTES_MIN = 4 * UMM_ARENA_SMALL_MAX };
enum { BLOCK_GROWTH = 32, CHILD_SHARE = 8 };

/*
 * Zeroing goes so far ahead of what was asked for: a run of it costs a fraction of many
 * small ones, and is still in the first level cache when its bytes are used.
 */
enum { ZERO_AHEAD = IS_POISONING ? 0 : 4096 };

/* A piece given back; it stands in the piece itself. */
struct chunk {
    struct chunk *next;
    size_t len_bytes;
};

/* Pieces up to EXACT_MAX have a list per size, others one per power of two. */
enum { EXACT_MAX = 512, N_EXACT = EXACT_MAX / UMM_ARENA_ALIGN, EXACT_LOG2 = 9 };

static char *data_of(struct umm_arena_block *block)
{
    return (char *)block + LINE_BYTES;
}

static size_t room_of(struct umm_arena_block *block)
{
    return (size_t)(block->end - data_of(block));
}

static char *align_up(char *at, size_t align_bytes)
{
    return at + (-(uintptr_t)at & (align_bytes - 1));
}

/* Rounded up, or 0 when that is too much for any arena. */
static size_t round_up(size_t len_bytes)
{
    if (len_bytes == 0)
        return UMM_ARENA_ALIGN;
    return len_bytes > SIZE_MAX / 4
               ? 0
               : (len_bytes + UMM_ARENA_ALIGN - 1) & ~(size_t)(UMM_ARENA_ALIGN - 1);
}

static size_t block_bytes(const struct umm_arena *arena)
{
    return arena->block_bytes ? arena->block_bytes : BLOCK_BYTES;
}

/* Whether a piece has a block of its own: so much that a shared one would waste a lot. */
static bool is_large(const struct umm_arena *arena, size_t len_bytes)
{
    return !arena->is_fixed && len_bytes > block_bytes(arena) / 4;
}

static char *real_end(const struct umm_arena *arena)
{
    return arena->current ? arena->current->end : arena->next;
}

/* Let the inline functions have what they may. */
static void show_window(struct umm_arena *arena, char *zeroed_end)
{
    arena->zeroed_end = IS_POISONING ? arena->next : zeroed_end;
    arena->end = IS_POISONING ? arena->next : real_end(arena);
}

static size_t used_bytes(const struct umm_arena *arena)
{
    size_t here = arena->current ? (size_t)(arena->next - data_of(arena->current)) : 0;
    return arena->cut_bytes + here + arena->large_bytes - arena->given_back_bytes;
}

/* Before used_bytes goes down. */
static void note_peak(struct umm_arena *arena)
{
    size_t used = used_bytes(arena);
    if (used > arena->peak_bytes)
        arena->peak_bytes = used;
}

/* ---- blocks ----------------------------------------------------------------- */

static void *allocate(struct umm_arena *arena, size_t rounded, size_t align_bytes, bool is_zeroed);

static struct umm_arena_block *try_block(struct umm_arena *arena, size_t len_bytes,
                                         size_t align_bytes, bool is_zeroed)
{
    size_t total = len_bytes + LINE_BYTES + (align_bytes - UMM_ARENA_ALIGN);
    if (arena->is_fixed)
        return NULL;
    if (arena->limit_bytes && total > arena->limit_bytes - arena->reserved_bytes)
        return NULL;
    char *base;
    if (arena->parent)
        base = allocate(arena->parent, round_up(total), UMM_ARENA_ALIGN, is_zeroed);
    else
        base = is_zeroed ? calloc(1, total) : umm_pages_room(total);
    if (!base)
        return NULL;
    char *data = align_up(base + LINE_BYTES, align_bytes);
    struct umm_arena_block *block = (void *)(data - LINE_BYTES);
    *block = (struct umm_arena_block){.base = base, .total_bytes = total, .end = data + len_bytes};
    arena->n_blocks++;
    arena->reserved_bytes += total;
    poison(data, len_bytes);
    return block;
}

static void give_block(struct umm_arena *arena, struct umm_arena_block *block)
{
    void *base = block->base;
    size_t total = block->total_bytes;
    arena->n_blocks--;
    arena->reserved_bytes -= total;
    unpoison(data_of(block), (size_t)(block->end - data_of(block)));
    if (arena->parent)
        umm_arena_free(arena->parent, base, total);
    else
        free(base);
}

static void give_list(struct umm_arena *arena, struct umm_arena_block *list)
{
    while (list) {
        struct umm_arena_block *next = list->next;
        give_block(arena, list);
        list = next;
    }
}

/* Give back the blocks that a reset kept and nothing is in now; false: there is none. */
static bool give_unused(struct umm_arena *arena)
{
    struct umm_arena_block *spare = arena->spare, *rest = NULL, *used = arena->current;
    if (used && used == arena->first && arena->next == data_of(used)) {
        rest = used;
        arena->first = arena->last = arena->current = NULL;
        arena->next = NULL;
        show_window(arena, NULL);
    } else if (used) {
        rest = used->next;
        used->next = NULL;
        arena->last = used;
    }
    arena->spare = NULL;
    give_list(arena, spare);
    give_list(arena, rest);
    return spare || rest;
}

/*
 * A block with room for len_bytes on an address divisible by align_bytes, or NULL.
 * A zeroed one is for the source to zero, which may know its memory to be zero.
 */
static struct umm_arena_block *take_block(struct umm_arena *arena, size_t len_bytes,
                                          size_t align_bytes, bool is_zeroed)
{
    struct umm_arena_block *block = try_block(arena, len_bytes, align_bytes, is_zeroed);
    if (!block && give_unused(arena))
        block = try_block(arena, len_bytes, align_bytes, is_zeroed);
    return block;
}

/* A new last block with room for len_bytes, or for more. */
static struct umm_arena_block *add_block(struct umm_arena *arena, size_t len_bytes)
{
    struct umm_arena_block *block = NULL;
    size_t least = block_bytes(arena), wanted = arena->reserved_bytes;
    wanted = wanted < least ? least : wanted;
    wanted = wanted > least * BLOCK_GROWTH ? least * BLOCK_GROWTH : wanted;
    if (arena->limit_bytes && wanted > arena->limit_bytes - arena->reserved_bytes)
        wanted = arena->limit_bytes - arena->reserved_bytes;
    /* A parent may have less. */
    for (wanted -= wanted < BLOCK_LOSS ? wanted : BLOCK_LOSS; !block; wanted /= 2) {
        bool is_last = wanted <= len_bytes;
        block = take_block(arena, is_last ? len_bytes : wanted, LINE_BYTES, false);
        if (!block && is_last)
            return NULL;
    }
    if (arena->last)
        arena->last->next = block;
    else
        arena->first = block;
    arena->last = block;
    return block;
}

/* Go on in another block, which has room for len_bytes. */
static bool enter_next_block(struct umm_arena *arena, size_t len_bytes)
{
    /* Those that a reset kept first. */
    struct umm_arena_block *block = arena->current ? arena->current->next : arena->first;
    while (block && room_of(block) < len_bytes)
        block = block->next;
    if (!block)
        block = add_block(arena, len_bytes);
    if (!block)
        return false;
    if (arena->current)
        arena->cut_bytes += (size_t)(arena->next - data_of(arena->current));
    arena->current = block;
    arena->next = data_of(block);
    show_window(arena, arena->next);
    return true;
}

/* ---- pieces with a block of their own --------------------------------------- */

/* One of the first few spare blocks, if it fits: the same work asks in the same order. */
static struct umm_arena_block *take_spare(struct umm_arena *arena, size_t len_bytes,
                                          size_t align_bytes)
{
    struct umm_arena_block **link = &arena->spare;
    for (int n = 0; n < 16 && *link; n++, link = &(*link)->next) {
        struct umm_arena_block *block = *link;
        if (room_of(block) >= len_bytes && (uintptr_t)data_of(block) % align_bytes == 0) {
            *link = block->next;
            return block;
        }
    }
    return NULL;
}

static void *alloc_large(struct umm_arena *arena, size_t len_bytes, size_t align_bytes,
                         bool is_zeroed)
{
    if (align_bytes < LINE_BYTES)
        align_bytes = LINE_BYTES;
    struct umm_arena_block *block = take_spare(arena, len_bytes, align_bytes);
    bool must_zero = block && is_zeroed;
    if (!block)
        block = take_block(arena, len_bytes, align_bytes, is_zeroed);
    if (!block)
        return NULL;
    unpoison(data_of(block), len_bytes);
    if (must_zero)
        memset(data_of(block), 0, len_bytes);
    block->next = NULL;
    block->before = arena->large_last;
    if (arena->large_last)
        arena->large_last->next = block;
    else
        arena->large = block;
    arena->large_last = block;
    arena->large_bytes += room_of(block);
    return data_of(block);
}

static void free_large(struct umm_arena *arena, struct umm_arena_block *block)
{
    if (block->before)
        block->before->next = block->next;
    else
        arena->large = block->next;
    if (block->next)
        block->next->before = block->before;
    else
        arena->large_last = block->before;
    arena->large_bytes -= room_of(block);
    give_block(arena, block);
}

/* ---- pieces given back ------------------------------------------------------ */

/* The list that a piece of len_bytes is put on. */
static unsigned list_of(size_t len_bytes)
{
    if (len_bytes <= EXACT_MAX)
        return (unsigned)(len_bytes / UMM_ARENA_ALIGN - 1);
    unsigned log2 = 63 - (unsigned)__builtin_clzll(len_bytes);
    unsigned list = N_EXACT + log2 - EXACT_LOG2;
    return list < UMM_ARENA_LISTS ? list : UMM_ARENA_LISTS - 1;
}

static void put_chunk(struct umm_arena *arena, void *at, size_t len_bytes)
{
    struct chunk *chunk = at;
    void **list = &arena->lists[list_of(len_bytes)];
    *chunk = (struct chunk){.next = *list, .len_bytes = len_bytes};
    *list = chunk;
    arena->given_back_bytes += len_bytes;
    poison(at, len_bytes);
}

/* The first piece of that list if it fits; what is left over goes back on a list. */
static void *pop_chunk(struct umm_arena *arena, unsigned list, size_t len_bytes, size_t align_bytes)
{
    struct chunk *chunk = arena->lists[list];
    if (!chunk || (uintptr_t)chunk % align_bytes != 0)
        return NULL;
    unpoison(chunk, sizeof *chunk);
    struct chunk found = *chunk;
    if (found.len_bytes < len_bytes) {
        poison(chunk, sizeof *chunk);
        return NULL;
    }
    arena->lists[list] = found.next;
    arena->given_back_bytes -= found.len_bytes;
    unpoison(chunk, found.len_bytes);
    if (found.len_bytes > len_bytes)
        put_chunk(arena, (char *)chunk + len_bytes, found.len_bytes - len_bytes);
    return chunk;
}

static void *take_chunk(struct umm_arena *arena, size_t len_bytes, size_t align_bytes)
{
    unsigned list = list_of(len_bytes), end = list < N_EXACT ? list + 1 : UMM_ARENA_LISTS;
    void *at = NULL;
    if (!arena->given_back_bytes)
        return NULL;
    for (; !at && list < end; list++)
        at = pop_chunk(arena, list, len_bytes, align_bytes);
    return at;
}

/* ---- allocating ------------------------------------------------------------- */

/* Cut from the block at hand, or NULL. */
static void *cut(struct umm_arena *arena, size_t len_bytes, size_t align_bytes, bool is_zeroed)
{
    if (!arena->current)
        return NULL;
    char *at = align_up(arena->next, align_bytes), *end = real_end(arena);
    if (at > end || len_bytes > (size_t)(end - at))
        return NULL;
    char *zeroed_end = arena->zeroed_end;
    arena->next = at + len_bytes;
    unpoison(at, len_bytes);
    if (is_zeroed && zeroed_end < arena->next) {
        char *from = zeroed_end > at ? zeroed_end : at;
        zeroed_end = end - arena->next > ZERO_AHEAD ? arena->next + ZERO_AHEAD : end;
        memset(from, 0, (size_t)(zeroed_end - from));
    }
    show_window(arena, zeroed_end);
    return at;
}

static void *alloc_piece(struct umm_arena *arena, size_t rounded, size_t align_bytes,
                         bool is_zeroed)
{
    void *at = cut(arena, rounded, align_bytes, is_zeroed);
    if (at)
        return at;
    at = take_chunk(arena, rounded, align_bytes);
    if (at)
        return is_zeroed ? memset(at, 0, rounded) : at;
    /* The next block may begin anywhere, as far as align_bytes is concerned. */
    size_t needed = rounded + align_bytes - UMM_ARENA_ALIGN;
    if (!arena->is_fixed && needed > block_bytes(arena) / 2)
        return alloc_large(arena, rounded, align_bytes, is_zeroed);
    if (arena->is_fixed || !enter_next_block(arena, needed))
        return NULL;
    return cut(arena, rounded, align_bytes, is_zeroed);
}

static void *allocate(struct umm_arena *arena, size_t rounded, size_t align_bytes, bool is_zeroed)
{
    if (!rounded || align_bytes > SIZE_MAX / 4)
        return NULL;
    if (is_large(arena, rounded))
        return alloc_large(arena, rounded, align_bytes, is_zeroed);
    return alloc_piece(arena, rounded, align_bytes, is_zeroed);
}

void *umm_arena_alloc_slow(struct umm_arena *arena, size_t len_bytes, size_t align_bytes,
                           bool is_zeroed)
{
    size_t rounded = round_up(len_bytes);
    char *at = allocate(arena, rounded, align_bytes, is_zeroed);
    if (at)
        poison(at + len_bytes, rounded - len_bytes);
    else
        arena->failed_bytes = len_bytes ? len_bytes : 1;
    return at;
}

void *umm_arena_alloc_aligned(struct umm_arena *arena, size_t len_bytes, size_t align_bytes)
{
    assert(align_bytes && (align_bytes & (align_bytes - 1)) == 0);
    if (align_bytes < UMM_ARENA_ALIGN)
        align_bytes = UMM_ARENA_ALIGN;
    return umm_arena_alloc_slow(arena, len_bytes, align_bytes, true);
}

char *umm_arena_copy_text(struct umm_arena *arena, const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = umm_arena_alloc_raw(arena, len);
    return copy ? memcpy(copy, text, len) : NULL;
}

/* ---- giving back ------------------------------------------------------------ */

/* Whether the piece is the latest one cut. */
static bool is_latest(const struct umm_arena *arena, const char *at, size_t rounded)
{
    return arena->current && at + rounded == arena->next && at >= data_of(arena->current);
}

/* Take back the end of what was cut, from at on. */
static void retract(struct umm_arena *arena, char *at)
{
    char *zeroed_end = arena->zeroed_end;
    size_t len = (size_t)(arena->next - at);
    unpoison(at, len);
    if (zeroed_end > arena->next && len <= UMM_ARENA_SMALL_MAX)
        memset(at, 0, len); /* so that what follows stays known as zero */
    else
        zeroed_end = at;
    poison(at, len);
    arena->next = at;
    show_window(arena, zeroed_end);
}

void umm_arena_free(struct umm_arena *arena, void *at, size_t len_bytes)
{
    size_t rounded = round_up(len_bytes);
    if (!at)
        return;
    note_peak(arena);
    if (is_large(arena, rounded)) {
        free_large(arena, (void *)((char *)at - LINE_BYTES));
    } else if (is_latest(arena, at, rounded)) {
        retract(arena, at);
    } else {
        unpoison(at, rounded);
        put_chunk(arena, at, rounded);
    }
}

/* The same place with another size, if that is possible. */
static bool resize_in_place(struct umm_arena *arena, char *at, size_t old_rounded,
                            size_t new_rounded)
{
    if (is_large(arena, old_rounded) || is_large(arena, new_rounded))
        return old_rounded == new_rounded;
    if (new_rounded < old_rounded) {
        note_peak(arena);
        if (is_latest(arena, at, old_rounded))
            retract(arena, at + new_rounded);
        else
            put_chunk(arena, at + new_rounded, old_rounded - new_rounded);
        return true;
    }
    if (new_rounded == old_rounded)
        return true;
    return is_latest(arena, at, old_rounded) &&
           cut(arena, new_rounded - old_rounded, UMM_ARENA_ALIGN, true);
}

void *umm_arena_realloc(struct umm_arena *arena, void *at, size_t old_bytes, size_t new_bytes)
{
    size_t new_rounded = round_up(new_bytes), old_rounded = round_up(old_bytes);
    size_t kept = old_bytes < new_bytes ? old_bytes : new_bytes;
    if (!at)
        return umm_arena_alloc(arena, new_bytes);
    if (!new_rounded) {
        arena->failed_bytes = new_bytes;
        return NULL;
    }
    unpoison(at, old_rounded);
    if (resize_in_place(arena, at, old_rounded, new_rounded)) {
        /* The old end may have had bytes of an even older one. */
        if (new_bytes > old_bytes)
            memset((char *)at + old_bytes, 0, old_rounded - old_bytes);
        poison((char *)at + new_bytes, new_rounded - new_bytes);
        return at;
    }
    void *moved = umm_arena_alloc(arena, new_bytes);
    if (moved) {
        memcpy(moved, at, kept);
        umm_arena_free(arena, at, old_bytes);
    } else {
        poison((char *)at + old_bytes, old_rounded - old_bytes);
    }
    return moved;
}

/* ---- the whole arena -------------------------------------------------------- */

void umm_arena_open(struct umm_arena *arena, const struct umm_arena_options *options)
{
    memset(arena, 0, sizeof *arena);
    if (!options)
        return;
    arena->limit_bytes = options->limit_bytes;
    arena->block_bytes = options->block_bytes;
    if (arena->block_bytes && arena->block_bytes < BLOCK_BYTES_MIN)
        arena->block_bytes = BLOCK_BYTES_MIN;
    if (arena->block_bytes > SIZE_MAX / 4 / BLOCK_GROWTH)
        arena->block_bytes = SIZE_MAX / 4 / BLOCK_GROWTH;
}

void umm_arena_open_child(struct umm_arena *child, struct umm_arena *parent,
                          const struct umm_arena_options *options)
{
    umm_arena_open(child, options);
    child->parent = parent;
    if (!child->block_bytes)
        child->block_bytes = block_bytes(parent) / CHILD_SHARE;
    if (child->block_bytes < BLOCK_BYTES_MIN)
        child->block_bytes = BLOCK_BYTES_MIN;
}

void umm_arena_open_buffer(struct umm_arena *arena, void *buffer, size_t len_bytes)
{
    umm_arena_open(arena, NULL);
    arena->is_fixed = true;
    arena->reserved_bytes = len_bytes;
    size_t gap = -(uintptr_t)buffer & (UMM_ARENA_ALIGN - 1);
    if (len_bytes < gap + LINE_BYTES)
        return;
    struct umm_arena_block *block = (void *)((char *)buffer + gap);
    size_t room = (len_bytes - gap - LINE_BYTES) & ~(size_t)(UMM_ARENA_ALIGN - 1);
    *block = (struct umm_arena_block){
        .base = buffer, .total_bytes = len_bytes, .end = data_of(block) + room};
    poison(data_of(block), room);
    arena->n_blocks = 1;
    arena->first = arena->last = block;
    (void)enter_next_block(arena, 0);
}

void umm_arena_reset(struct umm_arena *arena)
{
    note_peak(arena);
    /* Large blocks that nobody wanted since the last reset are not wanted. */
    give_list(arena, arena->spare);
    arena->spare = arena->large;
    arena->large = arena->large_last = NULL;
    if (IS_POISONING)
        for (struct umm_arena_block *block = arena->spare; block; block = block->next)
            poison(data_of(block), room_of(block));
    if (IS_POISONING)
        for (struct umm_arena_block *block = arena->first; block; block = block->next)
            poison(data_of(block), room_of(block));
    memset(arena->lists, 0, sizeof arena->lists);
    arena->cut_bytes = arena->large_bytes = arena->given_back_bytes = arena->failed_bytes = 0;
    arena->current = arena->first;
    arena->next = arena->first ? data_of(arena->first) : NULL;
    show_window(arena, arena->next);
}

void umm_arena_close(struct umm_arena *arena)
{
    if (arena->is_fixed && arena->first)
        unpoison(data_of(arena->first), room_of(arena->first));
    if (!arena->is_fixed) {
        give_list(arena, arena->first);
        give_list(arena, arena->large);
        give_list(arena, arena->spare);
    }
    memset(arena, 0, sizeof *arena);
}

enum umm_status umm_arena_check(const struct umm_arena *arena, const char *what,
                                struct umm_error *err)
{
    if (!arena->failed_bytes)
        return UMM_OK;
    for (const struct umm_arena *at = arena; at; at = at->parent)
        if (at->is_fixed || at->limit_bytes)
            return umm_error_set(err, UMM_ERR_MEMORY,
                                 "cannot allocate %zu bytes for %s: the arena may hold %zu bytes",
                                 arena->failed_bytes, what,
                                 at->is_fixed ? at->reserved_bytes : at->limit_bytes);
    return umm_error_set_memory(err, arena->failed_bytes, what);
}

void umm_arena_stats(const struct umm_arena *arena, struct umm_arena_stats *stats)
{
    size_t used = used_bytes(arena);
    *stats =
        (struct umm_arena_stats){.n_blocks = arena->n_blocks,
                                 .reserved_bytes = arena->reserved_bytes,
                                 .used_bytes = used,
                                 .peak_bytes = used > arena->peak_bytes ? used : arena->peak_bytes};
}
