/* SPDX-License-Identifier: MIT */
#include "db/db_postgres.h"

#ifdef UMM_WITH_POSTGRES

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/lockwait.h"

enum { NS_PER_MS = 1000000, FAIL_WAIT_MS = 100, SQL_MAX_BYTES = 512 };

/* ---- opening --------------------------------------------------------------------------- */

static void postgres_close(struct umm_db *db)
{
    struct umm_postgres *p = (struct umm_postgres *)db;
    umm_pgconn_close(p->conn);
    free(p->sender.rows);
    free(p->reader.cells);
    free(p);
}

static enum umm_status postgres_open(const char *place, enum umm_db_mode mode, struct umm_run *run,
                                     struct umm_db **db, struct umm_error *err)
{
    const bool is_bare = strcmp(place, "postgresql:") == 0 || strcmp(place, "postgres:") == 0;
    struct umm_postgres *p = calloc(1, sizeof *p);
    if (!p)
        return umm_error_set_memory(err, sizeof *p, "a database");
    *db = &p->db;
    p->db = (struct umm_db){.engine = umm_db_postgres, .run = run, .mode = mode};
    enum umm_status status = umm_pgconn_open(is_bare ? "" : place, run, &p->conn, err);
    if (p->conn)
        snprintf(p->db.shown, sizeof p->db.shown, "%s", umm_pgconn_shown(p->conn));
    return status;
}

/* ---- transactions ----------------------------------------------------------------------- */

/* What a transaction is begun for. */
struct beginning {
    const char *table; /* quoted, as a text */
    const struct umm_db_series *series;
    enum umm_lock_wait wait;
};

static enum umm_status refuse_busy(const struct umm_postgres *p, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_BUSY, p->db.shown, "another process has it locked");
}

/*
 * Lock the series of the table for a change, if it is there, and then see what it is. The n steps
 * before that, at most 2, are sent with it.
 */
static enum umm_status look(struct umm_postgres *p, const struct beginning *of,
                            const struct umm_pgstep *before, size_t n, struct umm_db_table *table,
                            struct umm_error *err)
{
    enum { BEFORE_MAX = 2, N_MAX = BEFORE_MAX + 2 };
    char lock[SQL_MAX_BYTES];
    const char *const values[] = {of->table, of->series->symbol ? of->series->symbol : "",
                                  of->series->timeframe ? of->series->timeframe : ""};
    const struct umm_pgparams all = {.n = 3, .values = values}, name = {.n = 1, .values = values};
    const bool is_locked = p->db.mode != UMM_DB_READ;
    const size_t last = n + is_locked;
    struct umm_pgstep steps[N_MAX];
    struct umm_pgrows rows[N_MAX];
    snprintf(lock, sizeof lock,
             "SELECT CASE WHEN to_regclass($1) IS NULL THEN 'true' ELSE "
             "%s(hashtextextended(concat_ws(chr(1), 'umm-db', to_regclass($1)::oid::text, "
             "$2::text, $3::text), 0))::text END",
             of->wait == UMM_LOCK_FAIL ? "pg_try_advisory_xact_lock" : "pg_advisory_xact_lock");
    for (size_t i = 0; i < n; i++)
        steps[i] = before[i];
    if (is_locked)
        steps[n] = (struct umm_pgstep){lock, &all, "lock"};
    steps[last] = (struct umm_pgstep){umm_postgres_describe_sql, &name, "read"};
    enum umm_status status = umm_pgconn_run(p->conn, steps, last + 1, rows, err);
    if (!status && is_locked && strcmp(umm_pgrows_text(&rows[n], 0, 0), "false") == 0)
        status = refuse_busy(p, err);
    if (!status)
        status = umm_postgres_take_table(&rows[last], table, err);
    for (size_t i = 0; i <= last; i++)
        umm_pgrows_free(&rows[i]);
    return status;
}

/*
 * Two that make a table would see none both: the lock for that is the connection's, and let go at
 * once if the table is there by then.
 */
static enum umm_status look_for_making(struct umm_postgres *p, const struct beginning *of,
                                       struct umm_db_table *table, struct umm_error *err)
{
    char lock[SQL_MAX_BYTES];
    const struct umm_pgparams name = {.n = 1, .values = &of->table};
    struct umm_pgrows rows;
    snprintf(lock, sizeof lock, "SELECT %s(hashtextextended('umm-db ' || $1::text, 0))::text",
             of->wait == UMM_LOCK_FAIL ? "pg_try_advisory_lock" : "pg_advisory_lock");
    enum umm_status status =
        umm_pgconn_run(p->conn, &(struct umm_pgstep){lock, &name, "lock"}, 1, &rows, err);
    if (!status && strcmp(umm_pgrows_text(&rows, 0, 0), "false") == 0)
        status = refuse_busy(p, err);
    umm_pgrows_free(&rows);
    if (!status)
        status = look(p, of, NULL, 0, table, err);
    if (status || !table->is_there)
        return status;
    static const char unlock[] =
        "SELECT pg_advisory_unlock(hashtextextended('umm-db ' || $1::text, 0))";
    return umm_pgconn_run(p->conn, &(struct umm_pgstep){unlock, &name, "lock"}, 1, NULL, err);
}

static enum umm_status postgres_begin(struct umm_db *db, const char *table_name,
                                      const struct umm_db_series *series, enum umm_lock_wait wait,
                                      struct umm_db_table *table, struct umm_error *err)
{
    struct umm_postgres *p = (struct umm_postgres *)db;
    const uint64_t limit_ms = umm_lockwait_limit_ns(db->run) / NS_PER_MS + 1;
    char *name, limit[SQL_MAX_BYTES];
    const struct umm_pgstep first[] = {{db->mode == UMM_DB_READ
                                            ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                                            : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
                                        NULL, "begin"},
                                       {limit, NULL, "begin"}};
    snprintf(limit, sizeof limit, "SET LOCAL lock_timeout = %" PRIu64,
             wait == UMM_LOCK_FAIL  ? FAIL_WAIT_MS
             : limit_ms > INT32_MAX ? 0
                                    : limit_ms);
    enum umm_status status = umm_postgres_name_text(p, table_name, &name, err);
    if (status)
        return status;
    const struct beginning of = {.table = name, .series = series, .wait = wait};
    status = look(p, &of, first, sizeof first / sizeof *first, table, err);
    if (!status && !table->is_there && db->mode == UMM_DB_MAKE)
        status = look_for_making(p, &of, table, err);
    free(name);
    return status;
}

static enum umm_status postgres_commit(struct umm_db *db, struct umm_error *err)
{
    struct umm_postgres *p = (struct umm_postgres *)db;
    return umm_pgconn_run(p->conn, &(struct umm_pgstep){"COMMIT", NULL, "commit"}, 1, NULL, err);
}

static const struct umm_db_engine engine = {.name = "postgresql",
                                            .has_timestamps = true,
                                            .has_any = false,
                                            .open = postgres_open,
                                            .close = postgres_close,
                                            .begin = postgres_begin,
                                            .commit = postgres_commit,
                                            .describe = umm_postgres_describe,
                                            .create = umm_postgres_create,
                                            .put = umm_postgres_put,
                                            .flush = umm_postgres_flush,
                                            .replace = umm_postgres_replace,
                                            .scan = umm_postgres_scan,
                                            .scan_next = umm_postgres_scan_next,
                                            .scan_end = umm_postgres_scan_end,
                                            .list = umm_postgres_list};
const struct umm_db_engine *const umm_db_postgres = &engine;

#else

const struct umm_db_engine *const umm_db_postgres = NULL;

#endif
