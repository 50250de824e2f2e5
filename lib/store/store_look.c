/* SPDX-License-Identifier: MIT */
#include "store/store_look.h"
#include "store/store_server.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/store.h"
#include "store/store_text.h"
#include "umm/store.h"

/* Of the bytes of a slot's id, after which all are zero; a zero byte within is damage. */
static size_t id_bytes_of(const struct umm_store_entry *entry)
{
    return umm_store_padded_bytes(entry->id, sizeof entry->id);
}

enum umm_store_state umm_store_look(struct umm_store *store, uint64_t position,
                                    struct umm_store_entry *entry, float *vector)
{
    bool is_sound = false;
    enum umm_store_reading reading = UMM_STORE_READ_TORN;
    *entry = (struct umm_store_entry){.position = position};
    /* The store may have become a smaller one since the position was found. */
    if (position >= store->max_positions)
        return UMM_STORE_FREE;
    for (int n = 0; reading == UMM_STORE_READ_TORN && n < UMM_STORE_TRIES + UMM_STORE_NAPS; n++) {
        reading = umm_store_read_checked(store, (uint32_t)position, entry, vector, &is_sound);
        if (reading == UMM_STORE_READ_TORN && n >= UMM_STORE_TRIES)
            umm_store_nap(store);
    }
    if (reading == UMM_STORE_READ_TORN)
        return UMM_STORE_TORN;
    if (reading == UMM_STORE_READ_OTHER)
        return is_sound ? UMM_STORE_FREE : UMM_STORE_DAMAGED;
    is_sound = is_sound && !umm_store_has_control(entry->id, id_bytes_of(entry));
    return is_sound ? UMM_STORE_SOUND : UMM_STORE_DAMAGED;
}

const char *umm_store_describe_damage(const struct umm_store_entry *entry,
                                      char out[UMM_ERROR_MESSAGE_MAX])
{
    char shown[UMM_EXCERPT_MAX];
    size_t id_bytes = id_bytes_of(entry);
    umm_escape(shown, sizeof shown, entry->id, id_bytes);
    if (id_bytes == 0)
        snprintf(out, UMM_ERROR_MESSAGE_MAX,
                 "position %" PRIu64 " is damaged: it has a check, but no id", entry->position);
    else if (umm_store_has_control(entry->id, id_bytes))
        snprintf(out, UMM_ERROR_MESSAGE_MAX, "\"%s\" is damaged: no id has a control character",
                 shown);
    else
        snprintf(out, UMM_ERROR_MESSAGE_MAX, "\"%s\" is damaged: its check differs", shown);
    return out;
}

static enum umm_status damaged(const struct umm_store *store, const struct umm_store_entry *entry,
                               struct umm_error *err)
{
    char what[UMM_ERROR_MESSAGE_MAX];
    return umm_error_set_path(err, UMM_ERR_DATA, store->path, "%s",
                              umm_store_describe_damage(entry, what));
}

static bool has_id(const struct umm_store_entry *entry, const void *id, size_t id_bytes)
{
    return entry->id_bytes == id_bytes && memcmp(entry->id, id, id_bytes) == 0;
}

bool umm_store_keeps_expiry(const struct umm_store *store)
{
    return store->server || store->has_expiry;
}

uint64_t umm_store_turnover(const struct umm_store *store)
{
    return store->turnover;
}

enum umm_status umm_store_get_checked(struct umm_store *store, const void *id, size_t id_bytes,
                                      float *vector, struct umm_store_entry *entry,
                                      struct umm_error *err)
{
    if (store->server) /* which is checked at each get */
        return umm_store_get(store, id, id_bytes, vector, entry, err);
    enum { TIMES = 8 }; /* that its position is taken from an id just when it was found there */
    for (int n = 0; n < TIMES; n++) {
        enum umm_status status = umm_store_get(store, id, id_bytes, NULL, entry, err);
        if (status)
            return status;
        enum umm_store_state state = umm_store_look(store, entry->position, entry, vector);
        if (!has_id(entry, id, id_bytes))
            continue;
        if (state == UMM_STORE_DAMAGED)
            return damaged(store, entry, err);
        if (state == UMM_STORE_SOUND)
            return UMM_OK;
    }
    return umm_error_set_path(err, UMM_ERR_BUSY, store->path,
                              "its position is written all the time");
}

enum umm_status umm_store_get_each(struct umm_store *store, struct umm_store_asked *asked, size_t n,
                                   struct umm_error *err)
{
    if (store->server)
        return umm_store_server_get_each(store, asked, n, err);
    for (size_t i = 0; i < n; i++) {
        struct umm_store_asked *one = &asked[i];
        one->status =
            umm_store_get_checked(store, one->id, one->id_bytes, one->vector, &one->entry, err);
        if (one->status && one->status != UMM_ERR_ABSENT && one->status != UMM_ERR_BUSY &&
            one->status != UMM_ERR_DATA && one->status != UMM_ERR_ARGUMENT)
            return one->status;
    }
    return UMM_OK;
}

/* What is half written is none, as the next writer will empty it; a busy server has not said so. */
static bool is_none(const struct umm_store *store, enum umm_status status)
{
    return status == UMM_ERR_ABSENT || (status == UMM_ERR_BUSY && !store->server);
}

enum umm_status umm_store_get_sound(struct umm_store *store, const void *id, size_t id_bytes,
                                    float *vector, struct umm_store_entry *entry, bool *is_found,
                                    struct umm_error *err)
{
    const enum umm_status status = umm_store_get_checked(store, id, id_bytes, vector, entry, err);
    *is_found = !status;
    return is_none(store, status) ? UMM_OK : status;
}

enum umm_status umm_store_next_sound(struct umm_store *store, uint64_t position,
                                     struct umm_store_entry *entry, float *vector, bool *is_found,
                                     uint64_t *n_torn, struct umm_error *err)
{
    if (store->server) {
        const enum umm_status at_server =
            umm_store_server_next(store, position, entry, vector, err);
        *is_found = !at_server;
        return at_server == UMM_ERR_ABSENT ? UMM_OK : at_server;
    }
    int64_t now_ns = 0;
    *is_found = false;
    for (; !*is_found && position < store->max_positions; position++) {
        enum umm_store_state state = umm_store_look(store, position, entry, vector);
        if (state == UMM_STORE_DAMAGED)
            return damaged(store, entry, err);
        *n_torn += state == UMM_STORE_TORN;
        *is_found = state == UMM_STORE_SOUND && !umm_store_has_passed(entry->expires_ns, &now_ns);
    }
    return UMM_OK;
}

enum umm_status umm_store_oldest_sound(struct umm_store *store, struct umm_store_entry *entry,
                                       float *vector, bool *is_found, struct umm_error *err)
{
    if (store->server)
        return umm_store_server_oldest(store, entry, vector, is_found, err);
    uint32_t position = umm_store_oldest(store);
    *is_found = position != UMM_STORE_NOWHERE;
    if (!*is_found)
        return UMM_OK;
    enum umm_store_state state = umm_store_look(store, position, entry, vector);
    if (state == UMM_STORE_SOUND)
        return UMM_OK;
    *is_found = false;
    if (state == UMM_STORE_TORN)
        return umm_error_set_path(err, UMM_ERR_DATA, store->path,
                                  "position %" PRIu32 " is half written", position);
    return damaged(store, entry, err);
}

enum umm_status umm_store_evict_shown(struct umm_store *store, const struct umm_store_entry *entry,
                                      bool *was_it, struct umm_error *err)
{
    if (store->server)
        return umm_store_server_evict_shown(store, entry, was_it, err);
    *was_it = true; /* there is no other writer */
    return umm_store_evict(store, NULL, err);
}
