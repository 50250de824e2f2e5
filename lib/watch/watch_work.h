/* SPDX-License-Identifier: MIT */
/* watch_work.h - what a replay and a live watch share. For watch*.c. */
#ifndef UMM_WATCH_WATCH_WORK_H
#define UMM_WATCH_WATCH_WORK_H

#include "mem/histogram.h"
#include "sys/file.h"
#include "watch/event.h"
#include "watch/watchcommand.h"
#include "watch/watchjob.h"
#include "watch/watchstate.h"

struct umm_watch_work {
    const struct umm_watch_options *options;
    struct umm_run *run;
    const char *input_name; /* for messages */
    struct umm_watch_result *result;
    struct umm_watchlist *list;
    struct umm_watchstate *state; /* NULL: none */
    struct umm_watchstate_found found;
    struct umm_watchcommand *command; /* NULL: looks go to a stream */
    struct umm_watch_stats before;    /* of the list: restored, and nothing done yet */
    struct umm_histogram late;
    struct umm_watch_rules levels;
    bool is_torn;     /* looks that the list has as done did not go out */
    int64_t clock_ms; /* of the list: of the last event, or call */
    double polled_ms; /* open positions times milliseconds */
    uint64_t last_checkpoint_ns;
    uint64_t told_ns, n_told, n_untold; /* of bad events */
};

/* Open the input; standard input is 0, which stays open. */
UMM_MUST_USE enum umm_status umm_watch_open_input(const struct umm_watch_work *work, int *fd,
                                                  struct umm_file_info *info,
                                                  struct umm_error *err);
void umm_watch_close_input(int *fd);

/* The list's time goes on to now_ms. */
void umm_watch_advance(struct umm_watch_work *work, int64_t now_ms);

enum umm_watch_taken { UMM_WATCH_TAKEN, UMM_WATCH_BAD, UMM_WATCH_FAILED };

/* An event goes into list and state. BAD: err says why, as umm_events_blame does. */
enum umm_watch_taken umm_watch_take_event(struct umm_watch_work *work, struct umm_events *events,
                                          const struct umm_event *event, struct umm_error *err);

/* A bad event of a file or pipe: an error, or told and counted. */
UMM_MUST_USE enum umm_status umm_watch_bad_event(struct umm_watch_work *work,
                                                 const struct umm_error *bad,
                                                 struct umm_error *err);

void umm_watch_tell(const struct umm_watch_work *work, const struct umm_error *err);

/* How many more were bad than were told. */
void umm_watch_tell_untold(struct umm_watch_work *work);

/* Count a look and print it; the end of the line. */
char *umm_watch_print(struct umm_watch_work *work, char *out, const struct umm_watch_look *look,
                      int64_t time_ms, uint64_t late_us);

/* Write what the state was told; and a new snapshot if it is time for one, or is_due. */
UMM_MUST_USE enum umm_status umm_watch_keep(struct umm_watch_work *work, bool is_due,
                                            struct umm_error *err);

UMM_MUST_USE enum umm_status umm_watch_save(struct umm_watch_work *work, struct umm_error *err);

/* The figures as they are now. */
void umm_watch_fill_result(struct umm_watch_work *work);

/* By one clock, and by the other. */
UMM_MUST_USE enum umm_status umm_watch_replay(struct umm_watch_work *work, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_watch_live(struct umm_watch_work *work, struct umm_error *err);

#endif
