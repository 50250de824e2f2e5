/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "base/fnv.h"
#include "feature/stream.h"

enum { AT_VERSION = 8, AT_NUMERICS = 12, AT_PLAN = 16, AT_ROWS = 24, AT_COUNT = 32, AT_WORDS = 40 };

static const char magic[8] = {'U', 'M', 'M', 'F', 'E', 'A', 'T', '\n'};

static void put_number(unsigned char *out, uint64_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++)
        out[i] = (unsigned char)(value >> 8 * i);
}

static uint64_t get_number(const unsigned char *in, unsigned len)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < len; i++)
        value |= (uint64_t)in[i] << 8 * i;
    return value;
}

static uint64_t hash_of_plan(const struct umm_features *plan)
{
    return umm_fnv(UMM_FNV_START, plan->text, strlen(plan->text));
}

size_t umm_features_state_size(const struct umm_features_state *state)
{
    return AT_WORDS + (state->plan->n_words + 1) * sizeof(uint64_t);
}

void umm_features_state_save(const struct umm_features_state *state, void *bytes)
{
    unsigned char *out = bytes;
    const size_t n_words = state->plan->n_words, end = umm_features_state_size(state) - 8;
    memcpy(out, magic, sizeof magic);
    put_number(out + AT_VERSION, UMM_FEATURES_LAYOUT, 4);
    put_number(out + AT_NUMERICS, state->plan->numerics, 4);
    put_number(out + AT_PLAN, hash_of_plan(state->plan), 8);
    put_number(out + AT_ROWS, state->n_rows, 8);
    put_number(out + AT_COUNT, n_words, 8);
    for (size_t i = 0; i < n_words; i++) {
        uint64_t bits;
        memcpy(&bits, &state->words[i], sizeof bits);
        put_number(out + AT_WORDS + 8 * i, bits, 8);
    }
    put_number(out + end, umm_fnv(UMM_FNV_START, bytes, end), 8);
}

static double word_at(const unsigned char *in, size_t i)
{
    uint64_t bits = get_number(in + AT_WORDS + 8 * i, 8);
    double word;
    memcpy(&word, &bits, sizeof word);
    return word;
}

/* Rows that an item has counted are a whole number, not above all rows. */
static bool are_counts_valid(const struct umm_features *plan, const unsigned char *in)
{
    const uint64_t exact = UINT64_C(1) << 53, n_rows = get_number(in + AT_ROWS, 8);
    if (n_rows > exact)
        return false;
    for (size_t i = 0; i < plan->n_items; i++) {
        double count = word_at(in, plan->items[i].first_word);
        if (!(count >= 0 && count <= (double)n_rows) || (double)(uint64_t)count != count)
            return false;
    }
    return true;
}

enum umm_status umm_features_state_load(struct umm_features_state *state, const void *bytes,
                                        size_t len_bytes, struct umm_error *err)
{
    const unsigned char *in = bytes;
    const struct umm_features *plan = state->plan;
    if (len_bytes < AT_WORDS + 8 || memcmp(in, magic, sizeof magic) != 0)
        return umm_error_set(err, UMM_ERR_DATA, "not the state of features");
    if (get_number(in + AT_VERSION, 4) != UMM_FEATURES_LAYOUT ||
        get_number(in + AT_NUMERICS, 4) > UMM_FEATURES_NUMERICS)
        return umm_error_set(
            err, UMM_ERR_UNSUPPORTED, "state of another version: layout %u, numerics %u",
            (unsigned)get_number(in + AT_VERSION, 4), (unsigned)get_number(in + AT_NUMERICS, 4));
    if (get_number(in + len_bytes - 8, 8) != umm_fnv(UMM_FNV_START, bytes, len_bytes - 8))
        return umm_error_set(err, UMM_ERR_DATA, "the state is damaged: its checksum differs");
    if (get_number(in + AT_PLAN, 8) != hash_of_plan(plan))
        return umm_error_set(err, UMM_ERR_CONFLICT, "the state is of other features or rules");
    if (get_number(in + AT_NUMERICS, 4) != plan->numerics)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "the state is of arithmetic number %u, its features are of %u",
                             (unsigned)get_number(in + AT_NUMERICS, 4), plan->numerics);
    if (len_bytes != umm_features_state_size(state) ||
        get_number(in + AT_COUNT, 8) != plan->n_words || !are_counts_valid(plan, in))
        return umm_error_set(err, UMM_ERR_DATA, "the state is damaged: it does not fit its plan");
    state->n_rows = get_number(in + AT_ROWS, 8);
    for (size_t i = 0; i < plan->n_words; i++)
        state->words[i] = word_at(in, i);
    return UMM_OK;
}
