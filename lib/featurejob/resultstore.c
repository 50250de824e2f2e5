/* SPDX-License-Identifier: MIT */
#include "featurejob/resultstore.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/store_look.h"
#include "time/time.h"

const char *umm_resultstore_place(const char *output)
{
    static const char scheme[] = "store:";
    const size_t len = sizeof scheme - 1;
    return output && strncmp(output, scheme, len) == 0 ? output + len : NULL;
}

/* ---- opening --------------------------------------------------------------------- */

/* How long vectors of a new store would have to be. */
static enum umm_status hint_create(const struct umm_resultstore *results, enum umm_status status,
                                   struct umm_error *err)
{
    char dim[UMM_ERROR_VALUE_MAX];
    snprintf(dim, sizeof dim, "%zu", results->n_values);
    return umm_error_hint_at(err, status, UMM_HINT_CREATE_STORE, dim, NULL);
}

static enum umm_status check_dim(const struct umm_resultstore *results, struct umm_error *err)
{
    struct umm_store_info info;
    enum umm_status status = umm_store_info(results->store, &info, err);
    if (status || info.dim == results->n_values)
        return status;
    status =
        umm_error_set_path(err, UMM_ERR_CONFLICT, results->path,
                           "a store of vectors of %" PRIu32 " numbers, and the features have %zu",
                           info.dim, results->n_values);
    return hint_create(results, status, err);
}

enum umm_status umm_resultstore_open(struct umm_resultstore *results, const char *path,
                                     const struct umm_store_reach *reach,
                                     const struct umm_features *features, bool is_now,
                                     struct umm_run *run, struct umm_error *err)
{
    struct umm_error why = {.status = UMM_OK};
    *results = (struct umm_resultstore){
        .path = path, .features = features, .n_values = umm_features_n_outputs(features)};
    results->last = &results->first;
    results->stored = malloc(results->n_values * sizeof *results->stored);
    if (!results->stored)
        return umm_error_set_memory(err, results->n_values * sizeof *results->stored, "a vector");
    enum umm_status status = umm_store_open_with(
        path, is_now ? UMM_STORE_WRITE_NOW : UMM_STORE_WRITE, reach, run, &results->store, &why);
    if (status == UMM_ERR_ABSENT || (status == UMM_ERR_SYSTEM && why.sys_errno == ENOENT))
        status = hint_create(results, status, &why);
    if (status && err)
        *err = why;
    if (!status)
        status = check_dim(results, err);
    if (status)
        umm_resultstore_close(results);
    return status;
}

void umm_resultstore_close(struct umm_resultstore *results)
{
    (void)umm_store_close(results->store, NULL);
    free(results->stored);
    *results = (struct umm_resultstore){.store = NULL};
}

/* ---- places ---------------------------------------------------------------------- */

enum umm_status umm_resultplace_init(struct umm_resultplace *place, struct umm_resultstore *results,
                                     const char *id, size_t id_bytes, struct umm_error *err)
{
    struct umm_error why = {.status = UMM_OK};
    struct umm_store_entry entry;
    *place = (struct umm_resultplace){.id_bytes = id_bytes};
    enum umm_status status = umm_store_check_id(results->store, id, id_bytes, err);
    if (status)
        return status;
    place->id = malloc(id_bytes);
    place->vector = malloc(results->n_values * sizeof *place->vector);
    if (!place->id || !place->vector)
        return umm_error_set_memory(err, results->n_values * sizeof *place->vector, "a vector");
    memcpy(place->id, id, id_bytes);
    status = umm_store_get_sound(results->store, id, id_bytes, place->vector, &entry,
                                 &place->has_stored, &why);
    if (status == UMM_ERR_DATA) /* a power cut damaged it: whatever comes is better */
        place->is_damaged = true;
    else if (status && err)
        *err = why;
    if (!status && place->has_stored)
        place->stored_ns = entry.timestamp_ns;
    return status == UMM_ERR_DATA ? UMM_OK : status;
}

void umm_resultplace_free(struct umm_resultplace *place)
{
    free(place->id);
    free(place->vector);
    *place = (struct umm_resultplace){.id = NULL};
}

/* ---- rows ------------------------------------------------------------------------ */

static enum umm_status refuse_value(const struct umm_resultstore *results, size_t i, double value,
                                    const char *name, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_DATA, name, "%s is %g, more than a float32 holds",
                              umm_features_name(results->features, i), value);
}

static enum umm_status round_row(const struct umm_resultstore *results, double *const *columns,
                                 size_t row, float *vector, const char *name, struct umm_error *err)
{
    for (size_t i = 0; i < results->n_values; i++) {
        const double value = columns[i][row];
        vector[i] = value == value ? (float)value : (float)NAN;
        if (isinf(vector[i]) && !isinf(value))
            return refuse_value(results, i, value, name, err);
    }
    return UMM_OK;
}

static enum umm_status time_in_ns(const struct umm_npy_type *time_type, int64_t count,
                                  int64_t *time_ns, const char *name, struct umm_error *err)
{
    char shown[UMM_TIME_ISO_MAX];
    struct umm_time time;
    if (umm_barreader_time(time_type, count, &time) &&
        umm_time_to_unit(time, UMM_TIME_NS, time_ns) == UMM_TIME_OK)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_DATA, name, "a store cannot hold the time %s",
                              umm_barreader_time_text(time_type, count, shown));
}

enum umm_status umm_resultstore_note(struct umm_resultstore *results, struct umm_resultplace *place,
                                     const struct umm_npy_type *time_type, const int64_t *times,
                                     double *const *columns, size_t first, size_t n,
                                     const char *name, struct umm_error *err)
{
    const size_t last = first + n - 1;
    if (n == 0)
        return UMM_OK;
    enum umm_status status = time_in_ns(time_type, times[last], &place->time_ns, name, err);
    if (!status)
        status = round_row(results, columns, last, place->vector, name, err);
    if (status)
        return status;
    results->n_passed_over += n - 1 + place->is_waiting;
    if (!place->is_waiting) {
        place->is_waiting = true;
        place->next = NULL;
        *results->last = place;
        results->last = &place->next;
    }
    return UMM_OK;
}

enum { ROWS_MAX = 512 }; /* that are put at once */

/* Whether the store has this row to the bit, which nobody needs to see change then, or a newer one.
 */
static enum umm_status is_stored(struct umm_resultstore *results,
                                 const struct umm_resultplace *place, bool *is_kept,
                                 struct umm_error *err)
{
    struct umm_store_entry entry;
    enum umm_status status =
        umm_store_get(results->store, place->id, place->id_bytes, results->stored, &entry, err);
    *is_kept = !status && (entry.timestamp_ns > place->time_ns ||
                           memcmp(results->stored, place->vector,
                                  results->n_values * sizeof *results->stored) == 0);
    return status == UMM_ERR_ABSENT ? UMM_OK : status;
}

static enum umm_status fail_put(const struct umm_resultstore *results, enum umm_status status,
                                struct umm_error *err)
{
    if (err && !err->path[0])
        umm_error_at(err, results->path, 0, 0, 0);
    return status;
}

/*
 * A row that is put though the store has its time or a later one: it was read again, or it is
 * another by now, or what the store has is damaged, its time perhaps.
 */
static enum umm_status put_again(struct umm_resultstore *results, struct umm_resultplace *place,
                                 struct umm_error *err)
{
    const bool was_damaged = place->is_damaged;
    bool is_kept = false;
    enum umm_status status = was_damaged ? UMM_OK : is_stored(results, place, &is_kept, err);
    place->is_damaged = false;
    place->has_stored = true;
    place->stored_ns = place->time_ns;
    results->n_kept += is_kept;
    if (status || is_kept)
        return status;
    const struct umm_store_row row = {.id = place->id,
                                      .id_bytes = place->id_bytes,
                                      .vector = place->vector,
                                      .timestamp_ns = place->time_ns};
    size_t n_put = 0, n_older = 0;
    status = umm_store_put_rows(results->store, &row, 1,
                                was_damaged ? UMM_STORE_PUT_ALL : UMM_STORE_PUT_NOT_OLDER, &n_put,
                                &n_older, err);
    results->n_put += n_put;
    results->n_kept += n_older;
    return status ? fail_put(results, status, err) : UMM_OK;
}

/* Take a place off the list of those that wait. */
static struct umm_resultplace *take(struct umm_resultstore *results)
{
    struct umm_resultplace *place = results->first;
    results->first = place->next;
    if (!results->first)
        results->last = &results->first;
    place->is_waiting = false;
    return place;
}

/* Put the next of those that wait, as many as go at once. */
static enum umm_status put_some(struct umm_resultstore *results, struct umm_error *err)
{
    struct umm_store_row rows[ROWS_MAX];
    size_t n = 0, n_put = 0, n_older = 0;
    enum umm_status status = UMM_OK;
    while (!status && results->first && n < ROWS_MAX) {
        struct umm_resultplace *place = take(results);
        if (place->is_damaged || (place->has_stored && place->time_ns == place->stored_ns)) {
            status = put_again(results, place, err);
        } else if (place->has_stored && place->time_ns < place->stored_ns) {
            results->n_kept++;
        } else {
            rows[n++] = (struct umm_store_row){.id = place->id,
                                               .id_bytes = place->id_bytes,
                                               .vector = place->vector,
                                               .timestamp_ns = place->time_ns};
            place->has_stored = true;
            place->stored_ns = place->time_ns;
        }
    }
    if (status || n == 0)
        return status;
    /* Other machines may write to a store on a server, and be ahead. */
    status =
        umm_store_put_rows(results->store, rows, n, UMM_STORE_PUT_NEWER, &n_put, &n_older, err);
    results->n_put += n_put;
    results->n_kept += n_older;
    return status ? fail_put(results, status, err) : UMM_OK;
}

enum umm_status umm_resultstore_flush(struct umm_resultstore *results, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    while (!status && results->first)
        status = put_some(results, err);
    return status;
}

/* What waited is put, where others find it. */
static enum umm_status settle(struct umm_resultstore *results, struct umm_error *err)
{
    enum umm_status status = umm_resultstore_flush(results, err);
    return status ? status : umm_store_check_place(results->store, err);
}

enum umm_status umm_resultstore_sync(struct umm_resultstore *results, struct umm_error *err)
{
    enum umm_status status = settle(results, err);
    return status ? status : umm_store_sync(results->store, err);
}

enum umm_status umm_resultstore_finish(struct umm_resultstore *results, struct umm_error *err)
{
    enum umm_status status = settle(results, err);
    if (status)
        return status;
    struct umm_store *store = results->store;
    results->store = NULL;
    return umm_store_close(store, err);
}
