/* SPDX-License-Identifier: MIT */
#include "watch/watch_clients.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "serve/serve.h"

static size_t place_of(uint64_t id)
{
    return id == UMM_WATCH_FOLLOWED ? 0 : (size_t)umm_serve_place(id) + 1;
}

struct umm_watch_client *umm_watch_client(struct umm_watch_clients *clients, uint64_t id)
{
    const size_t place = place_of(id);
    return place < clients->n && clients->list[place].id == id ? &clients->list[place] : NULL;
}

enum umm_status umm_watch_clients_add(struct umm_watch_clients *clients, uint64_t id,
                                      bool is_connection, const struct umm_events_options *options,
                                      struct umm_error *err)
{
    const size_t place = place_of(id);
    if (place >= clients->n) {
        const size_t n = place + place / 2 + 1;
        struct umm_watch_client *list = realloc(clients->list, n * sizeof *list);
        if (!list)
            return umm_error_set_memory(err, n * sizeof *list, "clients");
        memset(list + clients->n, 0, (n - clients->n) * sizeof *list);
        clients->list = list;
        clients->n = n;
    }
    struct umm_watch_client *client = &clients->list[place];
    *client = (struct umm_watch_client){.is_connection = is_connection};
    enum umm_status status = umm_events_open(options, &client->events, err);
    client->id = status ? 0 : id;
    return status;
}

void umm_watch_clients_remove(struct umm_watch_clients *clients, uint64_t id)
{
    struct umm_watch_client *client = umm_watch_client(clients, id);
    if (!client)
        return;
    umm_events_close(client->events);
    *client = (struct umm_watch_client){.id = 0};
}

void umm_watch_clients_free(struct umm_watch_clients *clients)
{
    for (size_t i = 0; i < clients->n; i++)
        if (clients->list[i].id)
            umm_events_close(clients->list[i].events);
    free(clients->list);
    *clients = (struct umm_watch_clients){.n = 0};
}

/* ---- answers --------------------------------------------------------------------- */

/* What was printed, as far as it fitted, as a line. */
static size_t end_line(char line[UMM_WATCH_ANSWER_MAX], int n)
{
    const size_t len = n < UMM_WATCH_ANSWER_MAX - 1 ? (size_t)n : UMM_WATCH_ANSWER_MAX - 2;
    line[len] = '\n';
    return len + 1;
}

size_t umm_watch_word_answer(const struct umm_watch_client *client, const struct umm_error *bad,
                             char line[UMM_WATCH_ANSWER_MAX])
{
    const int n = snprintf(line, UMM_WATCH_ANSWER_MAX, "!%s %" PRIu64 " %s",
                           umm_events_word(client->events), bad->line, bad->message);
    return end_line(line, n);
}

size_t umm_watch_word_sync(const struct umm_watch_client *client, char line[UMM_WATCH_ANSWER_MAX])
{
    const int n = snprintf(line, UMM_WATCH_ANSWER_MAX, "!sync %" PRIu64, client->n_taken);
    return end_line(line, n);
}

size_t umm_watch_word_unknown(const char *text, size_t len_bytes, char line[UMM_WATCH_ANSWER_MAX])
{
    char shown[UMM_EXCERPT_MAX];
    const int n = snprintf(line, UMM_WATCH_ANSWER_MAX, "!command not one that is known: \"%s\"",
                           umm_escape(shown, sizeof shown, text, len_bytes));
    return end_line(line, n);
}
