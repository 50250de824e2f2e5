/* SPDX-License-Identifier: MIT */
#include "db/db.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "db/engine.h"

/* ---- places -------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_sqlite(const char *place)
{
    return begins(place, "sqlite:");
}

/* A URI, its scheme alone for what the environment says, or words with "=". */
static bool is_postgres(const char *place)
{
    return begins(place, "postgresql://") || begins(place, "postgres://") ||
           strcmp(place, "postgresql:") == 0 || strcmp(place, "postgres:") == 0 ||
           (!is_sqlite(place) && strchr(place, '='));
}

bool umm_db_is_place(const char *place)
{
    return is_sqlite(place) || is_postgres(place);
}

static void blank(char *from, const char *end)
{
    while (from < end)
        *from++ = '*';
}

void umm_db_hide_password(char *place)
{
    if (!is_postgres(place))
        return;
    char *end = place + strlen(place), *authority = strstr(place, "://");
    if (authority && begins(place, "postgres")) {
        authority += 3;
        /* Up to the last @: a password may have one that should have been written as %40. */
        char *at = strrchr(authority, '@'), *colon = strchr(authority, ':');
        if (at && colon && colon < at)
            blank(colon + 1, at);
    }
    /* What follows the word may be quoted in more than one way: all of it goes. */
    char *word = strstr(place, "password");
    if (word)
        blank(word + strlen("password"), end);
}

enum umm_status umm_db_open(const char *place, enum umm_db_mode mode, struct umm_run *run,
                            struct umm_db **db, struct umm_error *err)
{
    const struct umm_db_engine *engine = is_sqlite(place) ? umm_db_sqlite : umm_db_postgres;
    *db = NULL;
    if (!umm_db_is_place(place))
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "no place of a database: sqlite:FILE, postgresql://HOST/NAME, or a "
                             "connection string of libpq");
    if (!engine)
        return umm_error_set(
            err, UMM_ERR_UNSUPPORTED, "this build has no %s: %s was missing when it was made",
            is_sqlite(place) ? "SQLite" : "PostgreSQL", is_sqlite(place) ? "libsqlite3" : "libpq");
    enum umm_status status = engine->open(place, mode, run, db, err);
    if (status) {
        umm_db_close(*db);
        *db = NULL;
    }
    return status;
}

void umm_db_close(struct umm_db *db)
{
    if (db)
        db->engine->close(db);
}

const char *umm_db_shown(const struct umm_db *db)
{
    return db->shown;
}

const char *umm_db_kind_name(const struct umm_db *db)
{
    return db->engine->name;
}

bool umm_db_has_timestamps(const struct umm_db *db)
{
    return db->engine->has_timestamps;
}

bool umm_db_has_any(const struct umm_db *db)
{
    return db->engine->has_any;
}

/* ---- what an engine does --------------------------------------------------------------- */

enum umm_status umm_db_begin(struct umm_db *db, const char *table,
                             const struct umm_db_series *series, enum umm_lock_wait wait,
                             struct umm_db_table *found, struct umm_error *err)
{
    *found = (struct umm_db_table){.is_there = false};
    if (!*table)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "a table has a name");
    return db->engine->begin(db, table, series, wait, found, err);
}

enum umm_status umm_db_commit(struct umm_db *db, struct umm_error *err)
{
    return db->engine->commit(db, err);
}

enum umm_status umm_db_describe(struct umm_db *db, const char *name, struct umm_db_table *table,
                                struct umm_error *err)
{
    *table = (struct umm_db_table){.is_there = false};
    return db->engine->describe(db, name, table, err);
}

enum umm_status umm_db_create(struct umm_db *db, const struct umm_db_shape *shape,
                              struct umm_error *err)
{
    return db->engine->create(db, shape, err);
}

enum umm_status umm_db_put(struct umm_db *db, const struct umm_db_shape *shape,
                           const union umm_db_value *rows, size_t n, struct umm_error *err)
{
    return n ? db->engine->put(db, shape, rows, n, err) : UMM_OK;
}

enum umm_status umm_db_flush(struct umm_db *db, const struct umm_db_shape *shape,
                             struct umm_error *err)
{
    return db->engine->flush(db, shape, err);
}

enum umm_status umm_db_replace(struct umm_db *db, const struct umm_db_shape *shape,
                               const union umm_db_value *row, struct umm_error *err)
{
    return db->engine->replace(db, shape, row, err);
}

enum umm_status umm_db_scan(struct umm_db *db, const struct umm_db_shape *shape,
                            const struct umm_db_query *query, struct umm_error *err)
{
    return db->engine->scan(db, shape, query, err);
}

enum umm_status umm_db_scan_next(struct umm_db *db, union umm_db_value *rows, size_t cap, size_t *n,
                                 struct umm_error *err)
{
    return db->engine->scan_next(db, rows, cap, n, err);
}

enum umm_status umm_db_scan_end(struct umm_db *db, struct umm_error *err)
{
    return db->engine->scan_end(db, err);
}

enum umm_status umm_db_list(struct umm_db *db, const struct umm_db_shape *shape,
                            enum umm_status (*tell)(void *user, const struct umm_db_entry *entry,
                                                    struct umm_error *err),
                            void *user, struct umm_error *err)
{
    return db->engine->list(db, shape, tell, user, err);
}
