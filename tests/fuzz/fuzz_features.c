/* SPDX-License-Identifier: MIT */
/*
 * fuzz_features.c - a byte of rules, a spec, a zero byte, the words of a state: no crash,
 * messages of one line, a plan whose text begins with a spec of the same plan, and a state
 * of any words that were well sealed takes rows and saves what it loads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "umm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SPEC_MAX = 200, ROWS = 40, OUTPUTS_MAX = 64, AT_ROWS = 24, AT_WORDS = 40 };

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check_text(const struct umm_features *plan, const struct umm_features_rules *rules)
{
    const char *text = umm_features_text(plan), *end = strchr(text, ' ');
    struct umm_features *same;
    require(end != NULL, "a text without rules");
    char *spec = strndup(text, (size_t)(end - text));
    require(umm_features_open(spec, rules, &same, NULL) == UMM_OK, "a text that is no spec");
    require(strcmp(umm_features_text(same), text) == 0, "a text of another plan");
    umm_features_close(same);
    free(spec);
}

/* The bytes of a state whose words are `words`, repeated as often as it takes. */
static void seal(unsigned char *bytes, size_t len, const uint8_t *words, size_t n)
{
    for (size_t i = AT_ROWS; n > 0 && i < len - 8; i++)
        if (i < AT_ROWS + 8 || i >= AT_WORDS)
            bytes[i] = words[(i - AT_ROWS) % n];
    uint64_t hash = umm_fnv(UMM_FNV_START, bytes, len - 8);
    for (unsigned i = 0; i < 8; i++)
        bytes[len - 8 + i] = (unsigned char)(hash >> 8 * i);
}

static void take(struct umm_features_state *state, size_t n_outputs)
{
    static double columns[6][ROWS], out[OUTPUTS_MAX][ROWS];
    const struct umm_bars bars = {columns[0], columns[1], columns[2],
                                  columns[3], columns[4], columns[5]};
    double *to[OUTPUTS_MAX];
    for (unsigned c = 0; c < 6; c++)
        for (unsigned i = 0; i < ROWS; i++)
            columns[c][i] = (double)(i * (c + 3) % 11 + 1);
    for (size_t i = 0; i < n_outputs; i++)
        to[i] = out[i];
    require(umm_features_take(state, &bars, ROWS, NULL, to, NULL) == UMM_OK, "rows not taken");
    for (size_t i = 0; i < n_outputs; i++)
        for (unsigned row = 0; row < ROWS; row++) {
            uint64_t bits;
            memcpy(&bits, &out[i][row], sizeof bits);
            require(out[i][row] == out[i][row] || bits == 0x7ff8000000000000, "another NaN");
        }
}

static void check_states(const struct umm_features *plan, const uint8_t *words, size_t n)
{
    struct umm_features_state *state;
    require(umm_features_state_open(plan, &state, NULL) == UMM_OK, "no state");
    size_t len = umm_features_state_size(state);
    unsigned char *bytes = malloc(len), *again = malloc(len);
    require(bytes && again, "no memory");
    umm_features_state_save(state, bytes);
    if (n > 0 && words[0] & 1)
        memcpy(bytes, words, n < len ? n : len);
    else
        seal(bytes, len, words, n);
    struct umm_error err = {0};
    if (umm_features_state_load(state, bytes, len, &err) == UMM_OK) {
        umm_features_state_save(state, again);
        require(memcmp(bytes, again, len) == 0, "a state saved otherwise");
        if (umm_features_n_outputs(plan) <= OUTPUTS_MAX)
            take(state, umm_features_n_outputs(plan));
    } else {
        require(err.message[0] && !strpbrk(err.message, "\n\r\x1b"), "an unsafe message");
    }
    free(again);
    free(bytes);
    umm_features_state_close(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct umm_features_rules rules = {.compat = (enum umm_features_compat)(data[0] % 6),
                                             .nan = (enum umm_features_nan)(data[0] / 6 % 3)};
    const uint8_t *end = memchr(data + 1, 0, size - 1);
    size_t len = end ? (size_t)(end - data - 1) : size - 1;
    if (len > SPEC_MAX)
        return 0;
    char *spec = strndup((const char *)data + 1, len);
    struct umm_features *plan;
    struct umm_error err = {0};
    if (umm_features_open(spec, &rules, &plan, &err) == UMM_OK) {
        check_text(plan, &rules);
        check_states(plan, data + 1 + len, size - 1 - len);
        umm_features_close(plan);
    } else {
        require(err.message[0] && !strpbrk(err.message, "\n\r\x1b"), "an unsafe message");
    }
    free(spec);
    return 0;
}
