/* SPDX-License-Identifier: MIT */
/* watch_clients.h - those that send events to a live watch, and what they are answered. */
#ifndef UMM_WATCH_WATCH_CLIENTS_H
#define UMM_WATCH_WATCH_CLIENTS_H

#include "umm.h"
#include "watch/event.h"

/* The number of a file that is followed, which is no client of the service's. */
#define UMM_WATCH_FOLLOWED UINT64_MAX

enum { UMM_WATCH_ANSWER_MAX = UMM_ERROR_MESSAGE_MAX + 64 };

struct umm_watch_client {
    uint64_t id; /* 0: nobody */
    struct umm_events *events;
    uint64_t n_taken, n_syncs; /* n_syncs: that are to be answered */
    bool is_connection, is_lost, is_passing_over;
};

struct umm_watch_clients {
    struct umm_watch_client *list; /* by the place of the service's client; a followed file is 0 */
    size_t n, n_syncs;
    uint64_t followed_bytes;
};

UMM_MUST_USE enum umm_status umm_watch_clients_add(struct umm_watch_clients *clients, uint64_t id,
                                                   bool is_connection,
                                                   const struct umm_events_options *options,
                                                   struct umm_error *err);
void umm_watch_clients_remove(struct umm_watch_clients *clients, uint64_t id);
void umm_watch_clients_free(struct umm_watch_clients *clients);

/* NULL: there is none. */
struct umm_watch_client *umm_watch_client(struct umm_watch_clients *clients, uint64_t id);

/* Lines that are answered: "!WORD LINE what is wrong", "!sync N", "!command ...". Their lengths. */
size_t umm_watch_word_answer(const struct umm_watch_client *client, const struct umm_error *bad,
                             char line[UMM_WATCH_ANSWER_MAX]);
size_t umm_watch_word_sync(const struct umm_watch_client *client, char line[UMM_WATCH_ANSWER_MAX]);
size_t umm_watch_word_unknown(const char *text, size_t len_bytes, char line[UMM_WATCH_ANSWER_MAX]);

#endif
