/* SPDX-License-Identifier: MIT */
/* The clients of a service: their places and lists. */
#include "serve/state.h"

#include "net/socket.h"
#include "sys/file.h"

struct umm_serve_client *umm_serve_new_client(struct umm_serve *serve)
{
    uint32_t place = serve->n_used;
    if (serve->first_free)
        place = serve->first_free - 1;
    else if (serve->n_used == serve->n_places)
        return NULL;
    struct umm_serve_client *client = &serve->clients[place];
    if (serve->first_free)
        serve->first_free = client->next_free;
    else
        serve->n_used++;
    *client = (struct umm_serve_client){.id = ++serve->n_ids << UMM_SERVE_PLACE_BITS | place,
                                        .in = {.fd = -1},
                                        .out = {.fd = -1},
                                        .left = client->left,
                                        .answers = client->answers,
                                        .is_open = true,
                                        .is_in_run = client->is_in_run,
                                        .is_in_sends = client->is_in_sends};
    serve->stats.n_clients++;
    serve->stats.n_joined++;
    return client;
}

static void close_ends(struct umm_serve *serve, struct umm_serve_client *client)
{
    if (client->has_in)
        umm_poll_remove(&serve->poll, client->in.fd);
    if (client->has_own_out)
        umm_poll_remove(&serve->poll, client->out.fd);
    if (!client->is_stream && client->fail_errno)
        umm_file_close(&client->in.fd);
    else if (!client->is_stream)
        umm_socket_close_gently(&client->in.fd);
    client->in.fd = client->out.fd = -1;
}

void umm_serve_drop_client(struct umm_serve *serve, struct umm_serve_client *client)
{
    const uint64_t id = client->id, lost = client->answers.len;
    client->is_open = false;
    umm_serve_see_growth(serve, client);
    close_ends(serve, client);
    umm_buffer_clear(&client->left);
    umm_buffer_clear(&client->answers);
    serve->stats.n_clients--;
    serve->stats.n_left++;
    serve->stats.n_dropped += lost > 0;
    serve->stats.lost_bytes += lost;
    if (client->is_stream)
        serve->n_streams--;
    else
        serve->n_connections--;
    client->id = 0;
    client->next_free = serve->first_free;
    serve->first_free = umm_serve_place(id) + 1;
    if (serve->calls.leave)
        serve->calls.leave(serve->calls.user, id, lost);
}

static uint32_t place_of(const struct umm_serve *serve, const struct umm_serve_client *client)
{
    return (uint32_t)(client - serve->clients);
}

void umm_serve_list_run(struct umm_serve *serve, struct umm_serve_client *client)
{
    const bool can_read =
        client->is_ready && client->is_open && client->left.len < serve->options.in_max_bytes;
    if (client->is_in_run || client->is_full || client->is_ending || client->fail_errno ||
        !(client->is_again || can_read))
        return;
    client->is_in_run = true;
    serve->run.places[serve->run.n++] = place_of(serve, client);
}

void umm_serve_list_send(struct umm_serve *serve, struct umm_serve_client *client)
{
    if (client->is_in_sends)
        return;
    client->is_in_sends = true;
    serve->sends.places[serve->sends.n++] = place_of(serve, client);
}

void umm_serve_see_growth(struct umm_serve *serve, struct umm_serve_client *client)
{
    const bool is_growing = client->is_open && !client->is_full && !client->fail_errno &&
                            client->left.len < serve->options.in_max_bytes;
    if (is_growing != client->is_growing)
        serve->n_growing += is_growing ? 1 : UINT32_MAX; /* less one */
    client->is_growing = is_growing;
}
