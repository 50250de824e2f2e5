/* SPDX-License-Identifier: MIT */
#include "watch/watchstate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array/output.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "format/reserved.h"
#include "sys/file.h"
#include "sys/trust.h"
#include "watch/watchstate_bytes.h"

/*
 * Blocks that are to be written at the file's end:
 *
 *     bytes   | head | records | head | records ...... |          |
 *                               open                   len        cap
 */
struct blocks {
    char *bytes;
    size_t open, len, cap; /* open: of the head of the last block */
    uint64_t at;           /* where in the file bytes[0] will be */
};

struct umm_watchstate {
    struct umm_watchstate_options options;
    struct umm_lock lock;
    int fd;
    struct blocks journal;
    uint64_t snapshot_bytes;
};

/* ---- blocks ---------------------------------------------------------------------- */

/* End the last block, if there is one. */
static void seal(struct blocks *blocks)
{
    if (blocks->len == blocks->open)
        return;
    char *head = blocks->bytes + blocks->open;
    const uint64_t at = blocks->at + blocks->open;
    const size_t n = blocks->len - blocks->open - UMM_WATCHSTATE_BLOCK_HEAD;
    umm_bytes_put(head, n, 4);
    umm_bytes_put(head + 4, umm_watchstate_check(head, at), 4);
    umm_bytes_put(head + 8, umm_hash64(head + UMM_WATCHSTATE_BLOCK_HEAD, n, at), 8);
    blocks->open = blocks->len;
}

static size_t next_cap(const struct blocks *blocks)
{
    return blocks->cap ? 2 * blocks->cap : (size_t)1 << 16;
}

/* Room for a record, in the last block or a new one; NULL: no memory. */
static char *room(struct blocks *blocks)
{
    enum { MOST = UMM_WATCHSTATE_BLOCK_HEAD + UMM_WATCHSTATE_RECORD_MAX };
    if (blocks->len - blocks->open + UMM_WATCHSTATE_RECORD_MAX >
        UMM_WATCHSTATE_BLOCK_HEAD + UMM_WATCHSTATE_BLOCK_MAX)
        seal(blocks);
    if (blocks->cap - blocks->len < MOST) {
        const size_t cap = next_cap(blocks);
        char *bytes = realloc(blocks->bytes, cap);
        if (!bytes)
            return NULL;
        blocks->bytes = bytes;
        blocks->cap = cap;
    }
    if (blocks->len == blocks->open)
        blocks->len += UMM_WATCHSTATE_BLOCK_HEAD;
    return blocks->bytes + blocks->len;
}

static void written(struct blocks *blocks)
{
    blocks->at += blocks->len;
    blocks->open = blocks->len = 0;
}

static enum umm_status no_memory(const struct blocks *blocks, struct umm_error *err)
{
    return umm_error_set_memory(err, next_cap(blocks), "a state");
}

/* ---- records --------------------------------------------------------------------- */

static char *put_f64(char *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return umm_bytes_put(out, bits, sizeof bits);
}

static char *put_text(char *out, const struct umm_watch_text *text)
{
    if (text->len_bytes > 0)
        memcpy(out, text->text, text->len_bytes);
    return out + text->len_bytes;
}

static char *put_price(char *out, const struct umm_watch_text *symbol, double price)
{
    out = umm_bytes_put(put_f64(out, price), symbol->len_bytes, 1);
    return put_text(out, symbol);
}

static char *put_position(char *out, const struct umm_watch_position *position, bool is_closed)
{
    out =
        put_f64(put_f64(put_f64(out, position->entry), position->take_profit), position->stop_loss);
    out = umm_bytes_put(out, (uint64_t)(int64_t)position->side, 1);
    out = umm_bytes_put(out, is_closed, 1);
    out = umm_bytes_put(out, position->id.len_bytes, 1);
    out = umm_bytes_put(out, position->symbol.len_bytes, 1);
    return put_text(put_text(out, &position->id), &position->symbol);
}

enum umm_status umm_watchstate_note(struct umm_watchstate *state, const struct umm_event *event,
                                    int64_t now_ms, struct umm_error *err)
{
    static const enum umm_watchstate_kind kinds[] = {[UMM_EVENT_OPEN] = UMM_WATCHSTATE_OPEN,
                                                     [UMM_EVENT_PRICE] = UMM_WATCHSTATE_SET,
                                                     [UMM_EVENT_CLOSE] = UMM_WATCHSTATE_CLOSE};
    struct blocks *journal = &state->journal;
    const struct umm_watch_position *position = &event->position;
    char *out = room(journal);
    if (!out)
        return no_memory(journal, err);
    out = umm_bytes_put(out, kinds[event->kind], 1);
    out = umm_bytes_put(out, (uint64_t)now_ms, 8);
    switch (event->kind) {
    case UMM_EVENT_OPEN: out = put_position(out, position, false); break;
    case UMM_EVENT_PRICE: out = put_price(out, &position->symbol, event->price); break;
    case UMM_EVENT_CLOSE:
    default:
        out = umm_bytes_put(out, position->id.len_bytes, 1);
        out = put_text(out, &position->id);
    }
    journal->len = (size_t)(out - journal->bytes);
    return UMM_OK;
}

enum umm_status umm_watchstate_flush(struct umm_watchstate *state, struct umm_error *err)
{
    struct blocks *journal = &state->journal;
    const char *path = state->options.path;
    if (journal->len == 0)
        return UMM_OK;
    seal(journal);
    enum umm_status status =
        umm_file_pwrite_all(state->fd, path, journal->bytes, journal->len, journal->at, err);
    if (!status && state->options.is_synced)
        status = umm_file_sync_data(state->fd, path, err);
    if (status)
        umm_file_cut_back(state->fd, path, journal->at);
    else
        written(journal);
    return status;
}

/* ---- the snapshot ---------------------------------------------------------------- */

/* Write the blocks once there is a good piece, or all of them. */
static enum umm_status write_out(struct blocks *blocks, int fd, const char *path, bool is_all,
                                 struct umm_error *err)
{
    if (blocks->len < UMM_WATCHSTATE_BLOCK_MAX && !is_all)
        return UMM_OK;
    seal(blocks);
    enum umm_status status = umm_file_write_all(fd, path, blocks->bytes, blocks->len, err);
    written(blocks);
    return status;
}

static enum umm_status write_head(int fd, const struct umm_watchstate_options *options,
                                  struct umm_error *err)
{
    char head[UMM_WATCHSTATE_HEAD];
    memcpy(head, umm_watchstate_magic, sizeof umm_watchstate_magic);
    char *out = umm_bytes_put(head + sizeof umm_watchstate_magic, UMM_WATCHSTATE_MAJOR, 2);
    out = umm_bytes_put(out, UMM_WATCHSTATE_MINOR, 2);
    out = umm_bytes_put(out, UMM_WATCHSTATE_ORDER, 4);
    out = umm_bytes_put(out, options->is_input_clock, 4);
    (void)umm_bytes_put(out, 0, 4);
    return umm_file_write_all(fd, options->path, head, sizeof head, err);
}

/* Prices come first: none then brings a position forward whose schedule is known. */
static enum umm_status write_prices(const struct umm_watchlist *list, struct blocks *blocks, int fd,
                                    const char *path, uint64_t *n, struct umm_error *err)
{
    struct umm_watch_text symbol;
    uint64_t at = 0;
    double price;
    enum umm_status status = UMM_OK;
    for (*n = 0; !status && umm_watchlist_each_price(list, &at, &symbol, &price); ++*n) {
        char *out = room(blocks);
        if (!out)
            return no_memory(blocks, err);
        out = put_price(umm_bytes_put(out, UMM_WATCHSTATE_PRICE, 1), &symbol, price);
        blocks->len = (size_t)(out - blocks->bytes);
        status = write_out(blocks, fd, path, false, err);
    }
    return status;
}

static enum umm_status write_positions(const struct umm_watchlist *list, struct blocks *blocks,
                                       int fd, const char *path, uint64_t *n, struct umm_error *err)
{
    struct umm_watch_saved saved;
    uint64_t at = 0;
    enum umm_status status = UMM_OK;
    for (*n = 0; !status && umm_watchlist_each(list, &at, &saved); ++*n) {
        char *out = room(blocks);
        if (!out)
            return no_memory(blocks, err);
        out = umm_bytes_put(out, UMM_WATCHSTATE_POSITION, 1);
        out = umm_bytes_put(out, (uint64_t)saved.due_ms, 8);
        out = umm_bytes_put(out, (uint64_t)saved.last_ms, 8);
        out = put_position(out, &saved.position, saved.is_closed);
        blocks->len = (size_t)(out - blocks->bytes);
        status = write_out(blocks, fd, path, false, err);
    }
    return status;
}

static enum umm_status write_end(struct blocks *blocks, int fd, const char *path, int64_t clock_ms,
                                 uint64_t n_positions, uint64_t n_prices, struct umm_error *err)
{
    char *out = room(blocks);
    if (!out)
        return no_memory(blocks, err);
    out = umm_bytes_put(out, UMM_WATCHSTATE_END, 1);
    out = umm_bytes_put(out, (uint64_t)clock_ms, 8);
    out = umm_bytes_put(umm_bytes_put(out, n_positions, 8), n_prices, 8);
    blocks->len = (size_t)(out - blocks->bytes);
    return write_out(blocks, fd, path, true, err);
}

static enum umm_status write_snapshot(int fd, const struct umm_watchstate_options *options,
                                      const struct umm_watchlist *list, int64_t clock_ms,
                                      uint64_t *len_bytes, struct umm_error *err)
{
    struct blocks blocks = {.at = UMM_WATCHSTATE_HEAD};
    uint64_t n_prices = 0, n_positions = 0;
    enum umm_status status = write_head(fd, options, err);
    if (!status)
        status = write_prices(list, &blocks, fd, options->path, &n_prices, err);
    if (!status)
        status = write_positions(list, &blocks, fd, options->path, &n_positions, err);
    if (!status)
        status = write_end(&blocks, fd, options->path, clock_ms, n_positions, n_prices, err);
    *len_bytes = blocks.at;
    free(blocks.bytes);
    return status;
}

enum umm_status umm_watchstate_save(struct umm_watchstate *state, const struct umm_watchlist *list,
                                    int64_t clock_ms, struct umm_error *err)
{
    const struct umm_outfile_options synced = {.is_synced = true};
    const char *path = state->options.path;
    struct umm_outfile file = {0};
    struct umm_file_info info;
    uint64_t len_bytes = 0;
    /* What was written so far must be there if this comes to nothing. */
    enum umm_status status = umm_file_close_checked(&state->fd, path, err);
    if (!status)
        status = umm_output_open_file(&file, path, NULL, err);
    if (!status && umm_outfile_is_stream(&file))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                    "is not a regular file, and so no state");
    if (!status)
        status =
            write_snapshot(umm_outfile_fd(&file), &state->options, list, clock_ms, &len_bytes, err);
    if (!status)
        status = umm_outfile_commit(&file, &synced, NULL, err);
    else
        umm_outfile_abort(&file);
    if (status)
        return status;
    /* What was noted is in the snapshot. */
    state->journal.len = state->journal.open = 0;
    state->journal.at = state->snapshot_bytes = len_bytes;
    status = umm_file_open_update(path, &state->fd, &info, err);
    if (!status && info.size_bytes != len_bytes)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                    "another program has replaced the state");
    return status;
}

void umm_watchstate_size(const struct umm_watchstate *state, uint64_t *snapshot_bytes,
                         uint64_t *journal_bytes)
{
    *snapshot_bytes = state->snapshot_bytes;
    *journal_bytes = state->journal.at - state->snapshot_bytes;
}

/* ---- open and close -------------------------------------------------------------- */

/* What is there, if anything: a foreign file is not believed, a FIFO would be waited for. */
static enum umm_status load(const char *path, struct umm_watchlist *list,
                            struct umm_watchstate_found *found, struct umm_error *err)
{
    struct umm_error own = {.status = UMM_OK};
    struct umm_file_info info;
    int fd = -1;
    enum umm_status status = umm_trust_open_read(path, NULL, &fd, &info, &own);
    if (status == UMM_ERR_SYSTEM && own.sys_errno == ENOENT)
        return UMM_OK;
    if (!status && info.kind != UMM_FILE_REGULAR)
        status = umm_error_set_path(&own, UMM_ERR_CONFLICT, path,
                                    "is not a regular file, and so no state");
    if (!status)
        status = umm_watchstate_read(fd, path, info.size_bytes, list, found, &own);
    umm_file_close(&fd);
    if (status && err)
        *err = own;
    return status;
}

enum umm_status umm_watchstate_open(const struct umm_watchstate_options *options,
                                    struct umm_watchlist *list, struct umm_run *run,
                                    struct umm_watchstate **state,
                                    struct umm_watchstate_found *found, struct umm_error *err)
{
    *found = (struct umm_watchstate_found){.is_there = false};
    *state = calloc(1, sizeof **state);
    if (!*state)
        return umm_error_set_memory(err, sizeof **state, "a state");
    (*state)->options = *options;
    (*state)->fd = -1;
    enum umm_status status = umm_reserved_check_path(options->path, err);
    if (!status)
        status = umm_lock_take(&(*state)->lock, options->path, options->lock_wait, run, err);
    if (!status)
        status = load(options->path, list, found, err);
    if (!status && found->is_there && found->is_input_clock != options->is_input_clock)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, options->path,
                                    found->is_input_clock
                                        ? "the state's times are those of events, not of a clock"
                                        : "the state's times are those of a clock, not of events");
    if (status) {
        umm_watchstate_close(*state);
        *state = NULL;
    }
    return status;
}

void umm_watchstate_close(struct umm_watchstate *state)
{
    if (!state)
        return;
    umm_file_close(&state->fd);
    umm_lock_release(&state->lock);
    free(state->journal.bytes);
    free(state);
}
