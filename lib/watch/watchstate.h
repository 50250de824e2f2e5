/* SPDX-License-Identifier: MIT */
/*
 * watchstate.h - positions and prices in a file: a snapshot, and after it what has come since.
 * Little-endian on every machine:
 *
 *      0  "UMMWATCH"
 *      8  u16 major version, u16 minor version
 *     12  u32 0x01020304: another order of bytes would show here
 *     16  u32 1 if times are those of events, 0 if they are milliseconds since 1970 as clocks show
 *     20  u32 0
 *     24  blocks, to the end of the file
 *
 *     block       u32 bytes of the records, u32 check of that, u64 XXH64 of the records | records
 *                 (the check: the low half of the XXH64 of the four bytes; the seed of both is
 *                 where in the file the block begins)
 *
 *     1 price     f64 price, u8 bytes of the symbol | symbol
 *     2 position  i64 due, i64 last look | f64 entry, take profit, stop loss
 *                 | i8 side, u8 is closed, u8 bytes of the id, u8 bytes of the symbol | id, symbol
 *     3 end       i64 clock, u64 positions, u64 prices: of the snapshot, which ends here
 *     4 open      i64 time, then as position from entry on
 *     5 set       i64 time, then as price
 *     6 close     i64 time, u8 bytes of the id | id
 *
 * Each record begins with its number, a byte. A snapshot takes the place of the file before it, by
 * rename; then each turn's events are one write. A last block that is not whole is that of a
 * writer that was killed, or of a power cut, and is passed over; other damage is an error.
 */
#ifndef UMM_WATCH_WATCHSTATE_H
#define UMM_WATCH_WATCHSTATE_H

#include "sys/lock.h"
#include "umm.h"
#include "watch/event.h"
#include "watch/watchlist.h"

struct umm_watchstate;

/* is_synced: each turn's events are on the device before umm_watchstate_flush returns. */
struct umm_watchstate_options {
    const char *path;
    enum umm_lock_wait lock_wait;
    bool is_synced, is_input_clock;
};

/* What a file had; all zero if there was none. */
struct umm_watchstate_found {
    bool is_there, is_input_clock;
    int64_t clock_ms; /* of the last that is in it */
    uint64_t n_positions, n_events;
    uint64_t cut_bytes; /* of a block that was not whole */
};

/*
 * Lock the state for this process, and put what it has into list, which is empty. *state is closed
 * by umm_watchstate_close, which also unlocks. UMM_ERR_DATA: damaged; UMM_ERR_UNSUPPORTED: of a
 * newer version; UMM_ERR_CONFLICT: not a state of this kind, of the other clock, or the list has no
 * room for it; UMM_ERR_BUSY. Nothing is written yet.
 */
UMM_MUST_USE enum umm_status umm_watchstate_open(const struct umm_watchstate_options *options,
                                                 struct umm_watchlist *list, struct umm_run *run,
                                                 struct umm_watchstate **state,
                                                 struct umm_watchstate_found *found,
                                                 struct umm_error *err);
void umm_watchstate_close(struct umm_watchstate *state);

/*
 * Write all of the list as the state, in place of what there was: complete or not at all, and on
 * the device. The first one comes before any event.
 */
UMM_MUST_USE enum umm_status umm_watchstate_save(struct umm_watchstate *state,
                                                 const struct umm_watchlist *list, int64_t clock_ms,
                                                 struct umm_error *err);

/* Take note of an event that the list has taken at now_ms. */
UMM_MUST_USE enum umm_status umm_watchstate_note(struct umm_watchstate *state,
                                                 const struct umm_event *event, int64_t now_ms,
                                                 struct umm_error *err);

/* Write what was noted, by one write. After a failure the file is as it was before. */
UMM_MUST_USE enum umm_status umm_watchstate_flush(struct umm_watchstate *state,
                                                  struct umm_error *err);

/* Bytes of the snapshot, and of what was written after it. */
void umm_watchstate_size(const struct umm_watchstate *state, uint64_t *snapshot_bytes,
                         uint64_t *journal_bytes);

/* What the file open at fd, of len_bytes, has. path is for errors. */
UMM_MUST_USE enum umm_status umm_watchstate_read(int fd, const char *path, uint64_t len_bytes,
                                                 struct umm_watchlist *list,
                                                 struct umm_watchstate_found *found,
                                                 struct umm_error *err);

#endif
