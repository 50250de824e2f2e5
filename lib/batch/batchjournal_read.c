/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "batch/batchjournal.h"
#include "batch/batchjournal_lines.h"

/* A run has fewer at once; more in a file are no journal's. */
enum { FLIGHTS_MAX = 65536 };

struct reader {
    const char *path;
    const struct umm_batchjournal_key *key;
    struct umm_batchjournal_past *past;
    uint64_t seed;
    uint64_t line; /* its number */
    bool has_run;
};

/* ---- words ----------------------------------------------------------------------- */

/* The number at *at, with a blank or the end after it, which *at moves past. */
static bool take_number(const char **at, uint64_t *value)
{
    const char *p = *at;
    uint64_t number = 0;
    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
            return false;
    if (*p && *p != ' ')
        return false;
    *value = number;
    *at = p + (*p == ' ');
    return true;
}

static bool take_numbers(const char *at, uint64_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!take_number(&at, &values[i]))
            return false;
    return *at == '\0';
}

/* Whether the line begins with that word, which *at moves past. */
static bool take_word(const char **at, const char *word)
{
    const size_t n = strlen(word);
    if (strncmp(*at, word, n) != 0 || ((*at)[n] && (*at)[n] != ' '))
        return false;
    *at += n + ((*at)[n] == ' ');
    return true;
}

/* ---- lines ----------------------------------------------------------------------- */

enum outcome { GOOD, BAD, NO_MEMORY };

static bool is_range(const struct reader *reader, uint64_t first, uint64_t n)
{
    return n > 0 && first < reader->key->n_items && n <= reader->key->n_items - first;
}

static enum outcome take_run(struct reader *reader, const char *at)
{
    struct umm_batch_runner *runner = &reader->past->runner;
    uint64_t session;
    const size_t n = strcspn(at, " ");
    char *end;
    if (n == 0 || n >= sizeof runner->boot || at[n] != ' ')
        return BAD;
    memcpy(runner->boot, at, n);
    runner->boot[n] = '\0';
    at += n + 1;
    if (!take_number(&at, &runner->pid_namespace) || !take_number(&at, &session) ||
        session > UINT32_MAX || strlen(at) != 16 || strspn(at, "0123456789abcdef") != 16)
        return BAD;
    runner->session = (uint32_t)session;
    runner->mark = strtoull(at, &end, 16);
    reader->past->is_running = reader->has_run = true;
    reader->past->n_flights = 0;
    return GOOD;
}

static enum outcome take_start(struct reader *reader, const char *at)
{
    struct umm_batchjournal_past *past = reader->past;
    enum { FIRST, N, PID, FROM, UNTIL, COUNT };
    uint64_t v[COUNT];
    if (!take_numbers(at, v, COUNT) || !is_range(reader, v[FIRST], v[N]) || v[PID] == 0 ||
        v[PID] > INT32_MAX || !past->is_running || past->n_flights == FLIGHTS_MAX)
        return BAD;
    struct umm_batch_flight *flights =
        umm_list_room(past->flights, past->n_flights, sizeof *flights);
    if (!flights)
        return NO_MEMORY;
    past->flights = flights;
    flights[past->n_flights++] =
        (struct umm_batch_flight){v[FIRST], v[N], (uint32_t)v[PID], v[FROM], v[UNTIL]};
    return GOOD;
}

/* The batch is in flight no more; false if it was not. */
static bool land(struct umm_batchjournal_past *past, uint64_t first, uint64_t n)
{
    for (size_t i = past->n_flights; i-- > 0;)
        if (past->flights[i].first == first && past->flights[i].n == n) {
            past->flights[i] = past->flights[--past->n_flights];
            return true;
        }
    return false;
}

static enum outcome take_done(struct reader *reader, const char *at)
{
    struct umm_batchjournal_past *past = reader->past;
    enum { FIRST, N, TIME, PEAK, COUNT };
    uint64_t v[COUNT];
    if (!take_numbers(at, v, COUNT) || !land(past, v[FIRST], v[N]))
        return BAD;
    for (uint64_t i = v[FIRST]; i < v[FIRST] + v[N]; i++) {
        if (past->states[i] != UMM_BATCH_PENDING)
            return BAD;
        past->states[i] = UMM_BATCH_DONE;
    }
    past->n_done += v[N];
    return GOOD;
}

static enum outcome take_again(struct reader *reader, const char *at)
{
    uint64_t v[2];
    return take_numbers(at, v, 2) && land(reader->past, v[0], v[1]) ? GOOD : BAD;
}

static enum outcome take_fail(struct reader *reader, const char *at)
{
    struct umm_batchjournal_past *past = reader->past;
    struct umm_batch_failure failure = {0};
    if (!take_number(&at, &failure.item) || !take_number(&at, &failure.n_tries) ||
        !land(past, failure.item, 1) || past->states[failure.item] != UMM_BATCH_PENDING)
        return BAD;
    struct umm_batch_failure *failures =
        umm_list_room(past->failures, past->n_failures, sizeof *failures);
    if (!failures)
        return NO_MEMORY;
    past->failures = failures;
    failure.reason = strdup(at);
    if (!failure.reason)
        return NO_MEMORY;
    failures[past->n_failures++] = failure;
    past->states[failure.item] = UMM_BATCH_FAILED;
    past->n_failed++;
    return GOOD;
}

static enum outcome take_retry(struct reader *reader, const char *at)
{
    if (*at || !reader->past->is_running)
        return BAD;
    umm_batchjournal_past_retry(reader->past, reader->key->n_items);
    return GOOD;
}

static enum outcome take_synced(struct reader *reader, const char *at)
{
    (void)reader;
    return *at ? BAD : GOOD;
}

static enum outcome take_end(struct reader *reader, const char *at)
{
    if (*at || !reader->past->is_running)
        return BAD;
    reader->past->is_running = false;
    reader->past->n_flights = 0;
    return GOOD;
}

static const struct {
    const char *word;
    enum outcome (*take)(struct reader *reader, const char *at);
} kinds[] = {{"start", take_start}, {"done", take_done},    {"again", take_again},
             {"fail", take_fail},   {"run", take_run},      {"retry", take_retry},
             {"end", take_end},     {"synced", take_synced}};

static enum outcome take_line(struct reader *reader, const char *line)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *at = line;
        if (take_word(&at, kinds[i].word))
            return kinds[i].take(reader, at);
    }
    return BAD;
}

/*
 * The line of n bytes without its newline, its check taken off, in out. False if it is too long,
 * has a zero byte, or has another check than it should.
 */
static bool check_line(const char *bytes, size_t n, uint64_t seed,
                       char out[UMM_BATCHJOURNAL_LINE_MAX])
{
    const size_t tail = 1 + UMM_BATCHJOURNAL_CHECK_DIGITS;
    char expected[UMM_BATCHJOURNAL_CHECK_DIGITS + 2];
    if (n <= tail || n - tail >= UMM_BATCHJOURNAL_LINE_MAX || memchr(bytes, '\0', n))
        return false;
    memcpy(out, bytes, n - tail);
    out[n - tail] = '\0';
    snprintf(expected, sizeof expected, " %08" PRIx32, umm_batchjournal_check(out, n - tail, seed));
    return memcmp(bytes + n - tail, expected, tail) == 0;
}

/* ---- the whole ------------------------------------------------------------------- */

static enum umm_status damaged(const struct reader *reader, uint64_t byte, struct umm_error *err)
{
    (void)umm_error_set_path(err, UMM_ERR_DATA, reader->path, "the journal is damaged here");
    umm_error_at(err, reader->path, reader->line, 1, byte);
    return UMM_ERR_DATA;
}

/* A number after a word of the second line, in that base. */
static bool take_field(const char **at, const char *word, int base, uint64_t *value)
{
    char *end;
    if (word && !take_word(at, word))
        return false;
    if (strspn(*at, "0123456789abcdef") == 0)
        return false;
    *value = strtoull(*at, &end, base);
    if (*end && *end != ' ')
        return false;
    *at = end + (*end == ' ');
    return true;
}

/* Which part of what it is of is another than this run's. */
static enum umm_status check_key(const struct reader *reader, const char *line,
                                 struct umm_error *err)
{
    const struct umm_batchjournal_key *key = reader->key;
    struct umm_batchjournal_key found = {0};
    const char *at = line;
    if (!take_field(&at, "list", 10, &found.n_all) ||
        !take_field(&at, NULL, 16, &found.list_hash) ||
        !take_field(&at, "command", 16, &found.command_hash) ||
        !take_field(&at, "part", 10, &found.index) || !take_field(&at, NULL, 10, &found.count))
        return damaged(reader, strlen(umm_batchjournal_magic), err);
    if (found.n_all != key->n_all || found.list_hash != key->list_hash)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, reader->path,
                                  "the journal is of another list of items");
    if (found.command_hash != key->command_hash)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, reader->path,
                                  "the journal is of another command");
    if (found.index != key->index || found.count != key->count)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, reader->path,
                                  "the journal is of another part of the list");
    return UMM_OK;
}

/* The first two lines, of which the file is made: it has both, or is no journal. */
static enum umm_status read_head(const struct reader *reader, const char *bytes, size_t len_bytes,
                                 size_t *at, struct umm_error *err)
{
    const size_t n_magic = strlen(umm_batchjournal_magic);
    char line[UMM_BATCHJOURNAL_LINE_MAX];
    if (len_bytes < n_magic || memcmp(bytes, umm_batchjournal_magic, n_magic) != 0)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, reader->path,
                                  "is there already, and is no journal of items");
    const char *begin = bytes + n_magic, *end = memchr(begin, '\n', len_bytes - n_magic);
    if (!end || !check_line(begin, (size_t)(end - begin), 0, line))
        return damaged(reader, n_magic, err);
    *at = (size_t)(end - bytes) + 1;
    return check_key(reader, line, err);
}

/*
 * A kill may leave a bad line at the end, a power cut anywhere after the last sync: what follows it
 * does not count. Where a sync followed, it means damage.
 */
static bool has_sync(const struct reader *reader, const char *bytes, size_t len_bytes)
{
    char line[UMM_BATCHJOURNAL_LINE_MAX];
    const char *end;
    for (; (end = memchr(bytes, '\n', len_bytes)); bytes = end + 1) {
        len_bytes -= (size_t)(end - bytes) + 1;
        if (check_line(bytes, (size_t)(end - bytes), reader->seed, line) &&
            strcmp(line, "synced") == 0)
            return true;
    }
    return false;
}

static enum umm_status read_lines(struct reader *reader, const char *bytes, size_t len_bytes,
                                  size_t at, struct umm_error *err)
{
    char line[UMM_BATCHJOURNAL_LINE_MAX];
    for (;; reader->line++) {
        const char *begin = bytes + at, *end = memchr(begin, '\n', len_bytes - at);
        if (!end || !check_line(begin, (size_t)(end - begin), reader->seed, line)) {
            const size_t skip = end ? (size_t)(end - bytes) + 1 : len_bytes;
            reader->past->len_bytes = at;
            return has_sync(reader, bytes + skip, len_bytes - skip) ? damaged(reader, at, err)
                                                                    : UMM_OK;
        }
        const enum outcome outcome = take_line(reader, line);
        if (outcome == NO_MEMORY)
            return umm_error_set_memory(err, sizeof line, "what a journal says");
        if (outcome == BAD)
            return damaged(reader, at, err);
        at = (size_t)(end - bytes) + 1;
    }
}

enum umm_status umm_batchjournal_parse(const char *bytes, size_t len_bytes, const char *path,
                                       const struct umm_batchjournal_key *key,
                                       struct umm_batchjournal_past *past, struct umm_error *err)
{
    struct reader reader = {.path = path, .key = key, .past = past, .line = 2};
    char line[UMM_BATCHJOURNAL_LINE_MAX];
    size_t at = 0;
    *past = (struct umm_batchjournal_past){.is_there = true};
    reader.seed = umm_batchjournal_describe(key, line);
    enum umm_status status = read_head(&reader, bytes, len_bytes, &at, err);
    if (status)
        return status;
    past->states = calloc(key->n_items + 1, 1);
    if (!past->states)
        return umm_error_set_memory(err, key->n_items + 1, "what a journal says");
    reader.line++;
    return read_lines(&reader, bytes, len_bytes, at, err);
}

void umm_batchjournal_past_retry(struct umm_batchjournal_past *past, uint64_t n_items)
{
    for (size_t i = 0; i < past->n_failures; i++)
        free(past->failures[i].reason);
    past->n_failures = 0;
    for (uint64_t i = 0; past->n_failed > 0 && i < n_items; i++)
        if (past->states[i] == UMM_BATCH_FAILED) {
            past->states[i] = UMM_BATCH_PENDING;
            past->n_failed--;
        }
}

void umm_batchjournal_past_free(struct umm_batchjournal_past *past)
{
    umm_batchjournal_past_retry(past, 0);
    free(past->failures);
    free(past->flights);
    free(past->states);
    *past = (struct umm_batchjournal_past){.is_there = false};
}
