/* SPDX-License-Identifier: MIT */
#include "base/siphash.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static inline void mix(struct state *s, int n_rounds)
{
    while (n_rounds-- > 0) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v1;
        s->v0 += s->v3;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 = rotate(s->v2, 32);
    }
}

static inline void absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    mix(s, 2);
    s->v0 ^= word;
}

/* Little-endian, spelled out: compilers make one load of it. */
static inline uint64_t load(const unsigned char *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

/* The last bytes, fewer than 8, of len_bytes that end at end. */
static inline uint64_t load_tail(const unsigned char *end, size_t len_bytes)
{
    const size_t n = len_bytes % 8;
    uint64_t word = 0;
    if (n && len_bytes > 8)
        return load(end - 8) >> (64 - 8 * n);
    for (size_t i = n; i > 0; i--)
        word |= (uint64_t)end[-(ptrdiff_t)i] << 8 * (n - i);
    return word;
}

uint64_t umm_siphash(const uint64_t key[2], const void *bytes, size_t len_bytes)
{
    /* The letters of "somepseudorandomlygeneratedbytes". */
    struct state s = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                      key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
    const unsigned char *p = bytes, *end = p + len_bytes;
    for (; end - p >= 8; p += 8)
        absorb(&s, load(p));
    absorb(&s, (uint64_t)len_bytes << 56 | load_tail(end, len_bytes));
    s.v2 ^= 0xff;
    mix(&s, 4);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
