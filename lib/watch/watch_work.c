/* SPDX-License-Identifier: MIT */
#include "watch/watch_work.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "sys/clock.h"

enum { NS_PER_S = 1000000000, TOLD_MAX = 10 };

#define CHECKPOINT_NS (UINT64_C(60) * NS_PER_S)
/* What is written after a snapshot before it is time for another, whatever the clock says. */
#define JOURNAL_MIN_BYTES (UINT64_C(64) << 20)

void umm_watch_default_levels(struct umm_watch_rules *rules)
{
    static const struct umm_watch_level levels[] = {
        {0.8, 100}, {0.5, 500}, {0.2, 2000}, {-1.0, 5000}};
    rules->n_levels = sizeof levels / sizeof *levels;
    memcpy(rules->levels, levels, sizeof levels);
}

/* ---- input ----------------------------------------------------------------------- */

enum umm_status umm_watch_open_input(const struct umm_watch_work *work, int *fd,
                                     struct umm_file_info *info, struct umm_error *err)
{
    *fd = 0;
    return strcmp(work->options->input, "-") == 0
               ? umm_file_stat_fd(*fd, work->input_name, info, err)
               : umm_file_open_read(work->options->input, fd, info, err);
}

void umm_watch_close_input(int *fd)
{
    if (*fd > 0)
        umm_file_close(fd);
    *fd = -1;
}

/* ---- events ---------------------------------------------------------------------- */

void umm_watch_advance(struct umm_watch_work *work, int64_t now_ms)
{
    struct umm_watch_stats stats;
    umm_watchlist_stats(work->list, &stats);
    if (work->clock_ms != INT64_MIN)
        work->polled_ms += (double)(now_ms - work->clock_ms) * (double)stats.n_open;
    work->clock_ms = now_ms;
}

static enum umm_status apply(struct umm_watchlist *list, const struct umm_event *event,
                             int64_t now_ms, struct umm_error *err)
{
    switch (event->kind) {
    case UMM_EVENT_OPEN: return umm_watchlist_add(list, &event->position, now_ms, err);
    case UMM_EVENT_PRICE:
        return umm_watchlist_price(list, &event->position.symbol, event->price, now_ms, err);
    case UMM_EVENT_CLOSE:
    default: return umm_watchlist_end(list, &event->position.id, now_ms, err);
    }
}

/* Which column of an event the list does not take. */
static const char *column_of(const struct umm_event *event, const struct umm_error *err)
{
    static const char *const columns[] = {"",      "id",          "symbol",   "side",
                                          "entry", "take_profit", "stop_loss"};
    if (err->status == UMM_ERR_CONFLICT)
        return "full";
    if (event->kind == UMM_EVENT_OPEN)
        return err->column < sizeof columns / sizeof *columns ? columns[err->column] : "";
    if (event->kind == UMM_EVENT_CLOSE)
        return "id";
    return err->column == 1 ? "symbol" : "price";
}

enum umm_watch_taken umm_watch_take_event(struct umm_watch_work *work, struct umm_events *events,
                                          const struct umm_event *event, struct umm_error *err)
{
    struct umm_error own = {.status = UMM_OK};
    enum umm_status status = apply(work->list, event, work->clock_ms, &own);
    if (status == UMM_ERR_ARGUMENT || status == UMM_ERR_CONFLICT) {
        umm_events_blame(events, column_of(event, &own), own.message, err);
        return UMM_WATCH_BAD;
    }
    work->result->n_events++;
    if (status == UMM_ERR_ABSENT)
        return UMM_WATCH_TAKEN;
    if (!status && work->state)
        status = umm_watchstate_note(work->state, event, work->clock_ms, &own);
    if (status && err)
        *err = own;
    return status ? UMM_WATCH_FAILED : UMM_WATCH_TAKEN;
}

void umm_watch_tell(const struct umm_watch_work *work, const struct umm_error *err)
{
    if (work->options->tell)
        work->options->tell(work->options->tell_user, err);
}

void umm_watch_tell_untold(struct umm_watch_work *work)
{
    struct umm_error more;
    if (work->n_untold == 0)
        return;
    (void)umm_error_set_path(&more, UMM_ERR_DATA, work->input_name, "%llu more bad event%s",
                             (unsigned long long)work->n_untold, work->n_untold == 1 ? "" : "s");
    umm_watch_tell(work, &more);
    work->n_untold = 0;
}

/* Ten of them a second: a feed that has gone wrong does not fill the log. */
enum umm_status umm_watch_bad_event(struct umm_watch_work *work, const struct umm_error *bad,
                                    struct umm_error *err)
{
    const uint64_t now_ns = umm_clock_monotonic_ns();
    work->result->n_bad++;
    if (!work->options->is_skipping) {
        if (err)
            *err = *bad;
        return bad->status;
    }
    if (now_ns - work->told_ns >= NS_PER_S) {
        umm_watch_tell_untold(work);
        work->told_ns = now_ns;
        work->n_told = 0;
    }
    if (work->n_told++ < TOLD_MAX)
        umm_watch_tell(work, bad);
    else
        work->n_untold++;
    return UMM_OK;
}

/* ---- looks ----------------------------------------------------------------------- */

static void count(struct umm_watch_work *work, const struct umm_watch_look *look)
{
    unsigned i = 0;
    if (look->is_closed) {
        work->result->n_closed_looks++;
        return;
    }
    while (i + 1 < work->levels.n_levels && !(look->risk > work->levels.levels[i].above))
        i++;
    work->result->n_level_looks[i]++;
}

char *umm_watch_print(struct umm_watch_work *work, char *out, const struct umm_watch_look *look,
                      int64_t time_ms, uint64_t late_us)
{
    umm_histogram_add(&work->late, late_us, 1);
    count(work, look);
    return umm_look_print(out, &work->options->fields, look, time_ms, late_us);
}

/* ---- state ----------------------------------------------------------------------- */

enum umm_status umm_watch_save(struct umm_watch_work *work, struct umm_error *err)
{
    work->last_checkpoint_ns = umm_clock_monotonic_ns();
    work->result->n_checkpoints++;
    return umm_watchstate_save(work->state, work->list, work->clock_ms, err);
}

enum umm_status umm_watch_keep(struct umm_watch_work *work, bool is_due, struct umm_error *err)
{
    const struct umm_watch_options *options = work->options;
    const uint64_t every_ns = options->checkpoint_ns ? options->checkpoint_ns : CHECKPOINT_NS;
    uint64_t snapshot_bytes, journal_bytes;
    if (!work->state)
        return UMM_OK;
    enum umm_status status = umm_watchstate_flush(work->state, err);
    umm_watchstate_size(work->state, &snapshot_bytes, &journal_bytes);
    if (!is_due && !status)
        is_due = journal_bytes > JOURNAL_MIN_BYTES + snapshot_bytes ||
                 umm_clock_monotonic_ns() - work->last_checkpoint_ns >= every_ns;
    return !status && is_due ? umm_watch_save(work, err) : status;
}

/* ---- figures --------------------------------------------------------------------- */

/* What the list did in this run alone. */
static void subtract(struct umm_watch_stats *now, const struct umm_watch_stats *before)
{
    now->n_opens -= before->n_opens;
    now->n_replaced -= before->n_replaced;
    now->n_closes -= before->n_closes;
    now->n_prices -= before->n_prices;
    now->n_unknown -= before->n_unknown;
    now->n_brought_forward -= before->n_brought_forward;
    now->n_forgotten -= before->n_forgotten;
}

void umm_watch_fill_result(struct umm_watch_work *work)
{
    struct umm_watch_result *result = work->result;
    enum { MS_PER_S = 1000 };
    umm_watchlist_stats(work->list, &result->list);
    subtract(&result->list, &work->before);
    result->late_p50_us = umm_histogram_at(&work->late, 500);
    result->late_p99_us = umm_histogram_at(&work->late, 990);
    result->late_p999_us = umm_histogram_at(&work->late, 999);
    result->late_max_us = work->late.max;
    result->n_polled = (uint64_t)(work->polled_ms / MS_PER_S);
    result->saved_share = result->n_polled ? 1 - (double)(work->late.n - result->n_closed_looks) /
                                                     (double)result->n_polled
                                           : (double)NAN;
    if (work->command) {
        result->n_commands = work->command->n_runs;
        result->n_failed_commands = work->command->n_failed;
        result->exit_code = work->command->exit_code;
    }
}
