/* SPDX-License-Identifier: MIT */
/*
 * watchjob.h - events in, looks out:
 *
 *     lines (event) -> list (watchlist) -> looks that are due (looklines) -> a stream, or a command
 *                   \-> state (watchstate)
 *
 * By the clock of the events it is a replay: looks due before the time T of an event come before
 * it, those due at T after all events of T; after the last event those due at its time, and no
 * later ones. The same input gives the same bytes, in whatever pieces it comes.
 *
 * By the clock of the machine, looks are done when they are due, to the millisecond. An output
 * that has no room holds up looks, not events: when there is room again, those at highest risk come
 * first, and what was due meanwhile more than once is skipped and counted.
 */
#ifndef UMM_WATCH_WATCHJOB_H
#define UMM_WATCH_WATCHJOB_H

#include "sys/lock.h"
#include "umm.h"
#include "watch/looklines.h"
#include "watch/watchlist.h"

/*
 * input           a file or "-"; NULL: none, only what comes to listen_fd
 * is_follow       of a file: what is added to it later also
 * listen_fd       a socket that listens, borrowed; -1: none
 * is_kept         the end of the input does not end the job
 * is_input_clock  times are those of events; else what they say is not looked at
 * is_lenient      columns that no event has are passed over
 * is_skipping     a bad event of a file or pipe is told and passed over, not an error
 * fields, has_header, out_fd   looks as lines to out_fd, borrowed, which errors call out_path
 * command         NULL, or argv of what gets looks on its standard input, batch_size of them at
 *                 most (0: 32), or what is there max_delay_ms after the first; envp is its
 *                 environment. scratch_dir: where its input is kept
 * state           NULL: none. checkpoint_ns: 0: a minute
 * tell            about what goes wrong and does not end the job: one call, one line
 */
struct umm_watch_options {
    struct umm_watch_rules rules;
    const char *input;
    bool is_follow, is_kept, is_input_clock, is_lenient, is_skipping;
    int listen_fd;
    struct umm_look_fields fields;
    bool has_header;
    int out_fd;
    const char *out_path;
    char **command, **envp;
    const char *scratch_dir;
    uint64_t batch_size, max_delay_ms;
    const char *state;
    enum umm_lock_wait lock_wait;
    bool is_synced;
    uint64_t checkpoint_ns;
    void (*tell)(void *user, const struct umm_error *err);
    void *tell_user;
};

/*
 * n_events are all that were taken; n_bad were not. n_before: older than the state, passed over.
 * n_polled: looks at all open positions once a second, as the time went that the job saw.
 * n_late_max and so on: of looks, in microseconds.
 */
struct umm_watch_result {
    struct umm_watch_stats list;
    uint64_t n_events, n_bad, n_refused_lines, n_before, n_restored, cut_bytes;
    uint64_t n_closed_looks, n_level_looks[UMM_WATCH_LEVELS_MAX];
    uint64_t late_p50_us, late_p99_us, late_p999_us, late_max_us;
    uint64_t n_polled, n_overloads, n_checkpoints, n_clients, n_refused;
    uint64_t n_commands, n_failed_commands;
    double saved_share; /* of n_polled; NaN: nothing to compare */
    double seconds;
    int exit_code; /* of a command that could not be run: 126 or 127; else 0 */
};

/*
 * Do it, until the input ends or run is cancelled (UMM_ERR_CANCELLED: the state is saved all the
 * same). UMM_ERR_DATA: a bad event. result is filled also after a failure.
 */
UMM_MUST_USE enum umm_status umm_watch_run(const struct umm_watch_options *options,
                                           struct umm_run *run, struct umm_watch_result *result,
                                           struct umm_error *err);

/* Those that rules without levels stand for. */
void umm_watch_default_levels(struct umm_watch_rules *rules);

#endif
