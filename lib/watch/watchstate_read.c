/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "sys/file.h"
#include "watch/watchstate.h"
#include "watch/watchstate_bytes.h"

const char umm_watchstate_magic[8] = {'U', 'M', 'M', 'W', 'A', 'T', 'C', 'H'};

uint64_t umm_watchstate_check(const char *head, uint64_t at)
{
    return umm_hash64(head, 4, at) & UINT32_MAX;
}

/* Before all that a list takes: prices of a snapshot put its time no later. */
#define FIRST_MS (-(INT64_C(1) << 59))

/* A file that is read, and the block at hand. */
struct reader {
    int fd;
    const char *path;
    uint64_t len_bytes, at; /* at: of the next block */
    char *block;
    const char *next, *end; /* of its records */
    bool is_ended;          /* the snapshot */
    uint64_t n_prices;
    struct umm_watchlist *list;
    struct umm_watchstate_found *found;
};

static enum umm_status damaged(const struct reader *reader, const char *what, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_DATA, reader->path,
                              "the state is damaged: %s in the block at byte %" PRIu64, what,
                              reader->at);
}

/* ---- records --------------------------------------------------------------------- */

static uint64_t get(struct reader *reader, size_t n)
{
    const uint64_t value = umm_bytes_get(reader->next, n);
    reader->next += n;
    return value;
}

static double get_f64(struct reader *reader)
{
    const uint64_t bits = get(reader, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static struct umm_watch_text get_text(struct reader *reader, size_t len_bytes)
{
    const struct umm_watch_text text = {reader->next, len_bytes};
    reader->next += len_bytes;
    return text;
}

static bool has(const struct reader *reader, size_t n)
{
    return (size_t)(reader->end - reader->next) >= n;
}

/* From entry on. */
static bool get_position(struct reader *reader, struct umm_watch_position *position,
                         bool *is_closed)
{
    enum { FIXED = 3 * 8 + 4, SHORT = 0xff };
    if (!has(reader, FIXED))
        return false;
    position->entry = get_f64(reader);
    position->take_profit = get_f64(reader);
    position->stop_loss = get_f64(reader);
    const int side = (int)get(reader, 1);
    position->side = side == SHORT ? -1 : side;
    *is_closed = get(reader, 1) != 0;
    const size_t id_bytes = (size_t)get(reader, 1), symbol_bytes = (size_t)get(reader, 1);
    if (!has(reader, id_bytes + symbol_bytes))
        return false;
    position->id = get_text(reader, id_bytes);
    position->symbol = get_text(reader, symbol_bytes);
    return true;
}

static bool get_price(struct reader *reader, struct umm_watch_text *symbol, double *price)
{
    if (!has(reader, 8 + 1))
        return false;
    *price = get_f64(reader);
    const size_t n = (size_t)get(reader, 1);
    if (!has(reader, n))
        return false;
    *symbol = get_text(reader, n);
    return true;
}

/* What a list does not take is no damage only if it has no room. */
static enum umm_status check_taken(const struct reader *reader, enum umm_status status,
                                   struct umm_error *own, struct umm_error *err)
{
    if (status == UMM_ERR_ARGUMENT)
        return damaged(reader, "what is no position or price", err);
    if (status == UMM_ERR_CONFLICT)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, reader->path,
                                  "the state has more than may be watched: %s", own->message);
    if (status && err)
        *err = *own;
    return status;
}

static enum umm_status take_snapshot(struct reader *reader, enum umm_watchstate_kind kind,
                                     struct umm_error *err)
{
    struct umm_error own = {.status = UMM_OK};
    struct umm_watch_saved saved = {.is_closed = false};
    struct umm_watch_text symbol;
    double price;
    if (reader->is_ended)
        return damaged(reader, "a record of the snapshot after its end", err);
    if (kind == UMM_WATCHSTATE_PRICE) {
        if (!get_price(reader, &symbol, &price))
            return damaged(reader, "a record that is cut", err);
        reader->n_prices++;
        return check_taken(
            reader, umm_watchlist_price(reader->list, &symbol, price, FIRST_MS, &own), &own, err);
    }
    if (!has(reader, 2 * 8))
        return damaged(reader, "a record that is cut", err);
    saved.due_ms = (int64_t)get(reader, 8);
    saved.last_ms = (int64_t)get(reader, 8);
    if (!get_position(reader, &saved.position, &saved.is_closed))
        return damaged(reader, "a record that is cut", err);
    reader->found->n_positions++;
    return check_taken(reader, umm_watchlist_restore(reader->list, &saved, &own), &own, err);
}

static enum umm_status take_end(struct reader *reader, struct umm_error *err)
{
    if (!has(reader, 3 * 8) || reader->is_ended)
        return damaged(reader, "a second end of the snapshot", err);
    reader->found->clock_ms = (int64_t)get(reader, 8);
    const uint64_t n_positions = get(reader, 8), n_prices = get(reader, 8);
    if (n_positions != reader->found->n_positions || n_prices != reader->n_prices)
        return damaged(reader, "another number of positions or prices", err);
    umm_watchlist_settle(reader->list, reader->found->clock_ms);
    reader->is_ended = true;
    return UMM_OK;
}

static enum umm_status take_event(struct reader *reader, enum umm_watchstate_kind kind,
                                  struct umm_error *err)
{
    struct umm_error own = {.status = UMM_OK};
    struct umm_watch_position position = {.side = 0};
    enum umm_status status = UMM_OK;
    double price;
    bool is_closed, is_cut = false;
    if (!reader->is_ended || !has(reader, 8))
        return damaged(reader, "an event before the snapshot's end", err);
    const int64_t now_ms = (int64_t)get(reader, 8);
    if (now_ms < reader->found->clock_ms)
        return damaged(reader, "a time that goes back", err);
    reader->found->clock_ms = now_ms;
    reader->found->n_events++;
    if (kind == UMM_WATCHSTATE_OPEN) {
        is_cut = !get_position(reader, &position, &is_closed);
        if (!is_cut)
            status = umm_watchlist_add(reader->list, &position, now_ms, &own);
    } else if (kind == UMM_WATCHSTATE_SET) {
        is_cut = !get_price(reader, &position.symbol, &price);
        if (!is_cut)
            status = umm_watchlist_price(reader->list, &position.symbol, price, now_ms, &own);
    } else {
        const size_t n = has(reader, 1) ? (size_t)get(reader, 1) : SIZE_MAX;
        is_cut = !has(reader, n);
        position.id = is_cut ? position.id : get_text(reader, n);
        if (!is_cut)
            status = umm_watchlist_end(reader->list, &position.id, now_ms, &own);
        if (status == UMM_ERR_ABSENT)
            status = UMM_OK;
    }
    return is_cut ? damaged(reader, "a record that is cut", err)
                  : check_taken(reader, status, &own, err);
}

static enum umm_status take_records(struct reader *reader, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    while (!status && reader->next < reader->end) {
        const enum umm_watchstate_kind kind = (enum umm_watchstate_kind)get(reader, 1);
        switch (kind) {
        case UMM_WATCHSTATE_PRICE:
        case UMM_WATCHSTATE_POSITION: status = take_snapshot(reader, kind, err); break;
        case UMM_WATCHSTATE_END: status = take_end(reader, err); break;
        case UMM_WATCHSTATE_OPEN:
        case UMM_WATCHSTATE_SET:
        case UMM_WATCHSTATE_CLOSE: status = take_event(reader, kind, err); break;
        default: status = damaged(reader, "a record of no known kind", err);
        }
    }
    return status;
}

/* ---- blocks ---------------------------------------------------------------------- */

/* Whether all from here to the file's end is zero: room that a power cut left without its data. */
static enum umm_status is_zero_to_end(const struct reader *reader, bool *is_zero,
                                      struct umm_error *err)
{
    uint64_t at = reader->at;
    enum umm_status status = UMM_OK;
    *is_zero = true;
    while (!status && *is_zero && at < reader->len_bytes) {
        const uint64_t left = reader->len_bytes - at;
        const size_t n = left < UMM_WATCHSTATE_BLOCK_MAX ? (size_t)left : UMM_WATCHSTATE_BLOCK_MAX;
        status = umm_file_pread_all(reader->fd, reader->path, reader->block, n, at, err);
        for (size_t i = 0; !status && *is_zero && i < n; i++)
            *is_zero = reader->block[i] == 0;
        at += n;
    }
    return status;
}

/*
 * Read the next block. What is no whole block is passed over as the tail that a killed writer
 * left, *is_tail: it reaches to the end of the file, and a snapshot comes before it.
 */
static enum umm_status read_block(struct reader *reader, bool *is_tail, struct umm_error *err)
{
    char head[UMM_WATCHSTATE_BLOCK_HEAD];
    const uint64_t left = reader->len_bytes - reader->at;
    *is_tail = left < sizeof head;
    if (*is_tail)
        return UMM_OK;
    enum umm_status status =
        umm_file_pread_all(reader->fd, reader->path, head, sizeof head, reader->at, err);
    if (status)
        return status;
    const uint64_t n = umm_bytes_get(head, 4);
    if (umm_bytes_get(head + 4, 4) != umm_watchstate_check(head, reader->at) || n == 0 ||
        n > UMM_WATCHSTATE_BLOCK_MAX) {
        status = is_zero_to_end(reader, is_tail, err);
        return status || *is_tail ? status : damaged(reader, "a wrong length", err);
    }
    *is_tail = left - sizeof head < n;
    if (*is_tail)
        return UMM_OK;
    status = umm_file_pread_all(reader->fd, reader->path, reader->block, (size_t)n,
                                reader->at + sizeof head, err);
    if (status)
        return status;
    if (umm_hash64(reader->block, (size_t)n, reader->at) != umm_bytes_get(head + 8, 8)) {
        *is_tail = left - sizeof head == n;
        return *is_tail ? UMM_OK : damaged(reader, "a wrong checksum", err);
    }
    reader->next = reader->block;
    reader->end = reader->block + n;
    return UMM_OK;
}

static enum umm_status read_blocks(struct reader *reader, struct umm_error *err)
{
    bool is_tail = false;
    enum umm_status status = UMM_OK;
    while (!status && !is_tail && reader->at < reader->len_bytes) {
        status = read_block(reader, &is_tail, err);
        if (status || is_tail)
            continue;
        status = take_records(reader, err);
        reader->at += UMM_WATCHSTATE_BLOCK_HEAD + (uint64_t)(reader->end - reader->block);
    }
    if (!status && !reader->is_ended)
        status = damaged(reader, "no end of the snapshot", err);
    if (!status)
        reader->found->cut_bytes = reader->len_bytes - reader->at;
    return status;
}

/* ---- the file -------------------------------------------------------------------- */

static enum umm_status check_head(const char *head, size_t n, const char *path, uint32_t *clock,
                                  struct umm_error *err)
{
    if (n < sizeof umm_watchstate_magic ||
        memcmp(head, umm_watchstate_magic, sizeof umm_watchstate_magic) != 0)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "not a state of watched positions");
    if (n < UMM_WATCHSTATE_HEAD)
        return umm_error_set_path(err, UMM_ERR_DATA, path, "the state is damaged: it is cut short");
    if (umm_bytes_get(head + 12, 4) == UMM_WATCHSTATE_OTHER_ORDER)
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, path,
                                  "the state is of a machine with another order of bytes");
    const unsigned major = (unsigned)umm_bytes_get(head + 8, 2),
                   minor = (unsigned)umm_bytes_get(head + 10, 2);
    if (major != UMM_WATCHSTATE_MAJOR || minor > UMM_WATCHSTATE_MINOR)
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, path,
                                  "the state is of version %u.%u; this program knows %d.%d", major,
                                  minor, UMM_WATCHSTATE_MAJOR, UMM_WATCHSTATE_MINOR);
    *clock = (uint32_t)umm_bytes_get(head + 16, 4);
    if (umm_bytes_get(head + 12, 4) != UMM_WATCHSTATE_ORDER || *clock > 1 ||
        umm_bytes_get(head + 20, 4) != 0)
        return umm_error_set_path(err, UMM_ERR_DATA, path, "the state is damaged: its head");
    return UMM_OK;
}

enum umm_status umm_watchstate_read(int fd, const char *path, uint64_t len_bytes,
                                    struct umm_watchlist *list, struct umm_watchstate_found *found,
                                    struct umm_error *err)
{
    char head[UMM_WATCHSTATE_HEAD] = {0};
    const size_t n = len_bytes < sizeof head ? (size_t)len_bytes : sizeof head;
    struct reader reader = {.fd = fd,
                            .path = path,
                            .len_bytes = len_bytes,
                            .at = UMM_WATCHSTATE_HEAD,
                            .list = list,
                            .found = found};
    uint32_t clock = 0;
    *found = (struct umm_watchstate_found){.is_there = true};
    enum umm_status status = umm_file_pread_all(fd, path, head, n, 0, err);
    if (!status)
        status = check_head(head, n, path, &clock, err);
    found->is_input_clock = clock == 1;
    if (status)
        return status;
    reader.block = malloc(UMM_WATCHSTATE_BLOCK_MAX);
    if (!reader.block)
        return umm_error_set_memory(err, UMM_WATCHSTATE_BLOCK_MAX, "a state");
    status = read_blocks(&reader, err);
    free(reader.block);
    return status;
}
