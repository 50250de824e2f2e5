/* SPDX-License-Identifier: MIT */
#include "db/engine.h"

#ifdef UMM_WITH_POSTGRES

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "db/copybinary.h"
#include "sys/file.h"
#include "sys/lockwait.h"

enum { SEND_BYTES = 256 * 1024, NAME_MAX_BYTES = 63, NS_PER_MS = 1000000, FAIL_WAIT_MS = 100 };

/* Of pg_type.h: what COPY in binary has for them is fixed. */
enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_VARCHAR = 1043,
    OID_TIMESTAMPTZ = 1184
};

/* 2000-01-01, from which timestamptz counts. */
static const int64_t EPOCH_US = INT64_C(946684800000000);

struct postgres {
    struct umm_db db;
    PGconn *connection;
    bool is_broken; /* in the middle of something: it can only be closed */
    bool is_sending;
    char *buffer; /* rows to send */
    size_t used_bytes, cap_bytes;
    const struct umm_db_shape *scanned;
    struct umm_copybinary stream;
    struct umm_copybinary_cell *cells;
    char *piece; /* of libpq, being read */
    const char *at, *end;
    bool is_scanning;
};

/* ---- failures ------------------------------------------------------------------------- */

/* What libpq says, without its advice, which it indents. */
static void first_lines(const char *text, char out[UMM_ERROR_MESSAGE_MAX])
{
    out[0] = '\0';
    while (*text) {
        const size_t len = strcspn(text, "\n");
        if (len && *text != '\t')
            umm_line_add(out, UMM_ERROR_MESSAGE_MAX, "%s%.*s", out[0] ? "; " : "",
                         len > UMM_ERROR_MESSAGE_MAX ? UMM_ERROR_MESSAGE_MAX : (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static enum umm_status refuse_connection(struct postgres *p, const char *what,
                                         struct umm_error *err)
{
    char lines[UMM_ERROR_MESSAGE_MAX], shown[UMM_ERROR_MESSAGE_MAX - UMM_EXCERPT_MAX];
    first_lines(PQerrorMessage(p->connection), lines);
    p->is_broken = true;
    if (umm_run_is_cancelled(p->db.run))
        return umm_error_set_cancelled(err);
    return umm_error_set_path(err, UMM_ERR_SYSTEM, p->db.shown, "cannot %s: %s", what,
                              umm_db_clean(shown, sizeof shown, lines));
}

static enum umm_status status_of(const char *state)
{
    static const struct {
        const char *begins;
        enum umm_status status;
    } table[] = {{"55P03", UMM_ERR_BUSY},   {"40P01", UMM_ERR_BUSY},  {"23", UMM_ERR_CONFLICT},
                 {"42501", UMM_ERR_SYSTEM}, {"42", UMM_ERR_CONFLICT}, {"22", UMM_ERR_DATA},
                 {"3F", UMM_ERR_CONFLICT}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strncmp(state, table[i].begins, strlen(table[i].begins)) == 0)
            return table[i].status;
    return UMM_ERR_SYSTEM;
}

static enum umm_status refuse(struct postgres *p, const PGresult *result, const char *what,
                              struct umm_error *err)
{
    char text[UMM_ERROR_MESSAGE_MAX], shown[UMM_ERROR_MESSAGE_MAX - UMM_EXCERPT_MAX];
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    if (umm_run_is_cancelled(p->db.run))
        return umm_error_set_cancelled(err);
    if (!state || PQstatus(p->connection) == CONNECTION_BAD)
        return refuse_connection(p, what, err);
    const enum umm_status status = status_of(state);
    if (status == UMM_ERR_BUSY)
        return umm_error_set_path(err, status, p->db.shown, "another process has it locked");
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    snprintf(text, sizeof text, "%s%s%s", primary ? primary : "", detail ? ": " : "",
             detail ? detail : "");
    return umm_error_set_path(err, status, p->db.shown, "cannot %s: %s", what,
                              umm_db_clean(shown, sizeof shown, text));
}

/* ---- waiting -------------------------------------------------------------------------- */

/* The server is told, so that it does not wait for a lock on behalf of nobody. */
static enum umm_status stop(struct postgres *p, enum umm_status status)
{
    char ignored[UMM_EXCERPT_MAX];
    PGcancel *cancel = PQgetCancel(p->connection);
    if (cancel)
        (void)PQcancel(cancel, ignored, sizeof ignored);
    PQfreeCancel(cancel);
    p->is_broken = true;
    return status;
}

static enum umm_status wait_on(struct postgres *p, bool is_for_room, struct umm_error *err)
{
    const int fd = PQsocket(p->connection);
    if (fd < 0)
        return refuse_connection(p, "reach the server", err);
    enum umm_status status = umm_file_wait(fd, p->db.shown, is_for_room, p->db.run, err);
    if (status)
        return stop(p, status);
    return PQconsumeInput(p->connection) ? UMM_OK : refuse_connection(p, "read", err);
}

static enum umm_status send_all(struct postgres *p, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    int left = PQflush(p->connection);
    while (!status && left > 0) {
        status = wait_on(p, true, err);
        left = PQflush(p->connection);
    }
    return !status && left < 0 ? refuse_connection(p, "send", err) : status;
}

static enum umm_status next_result(struct postgres *p, PGresult **result, struct umm_error *err)
{
    *result = NULL;
    enum umm_status status = send_all(p, err);
    while (!status && PQisBusy(p->connection))
        status = wait_on(p, false, err);
    if (!status)
        *result = PQgetResult(p->connection);
    return status;
}

/* The results that may follow the last one. */
static enum umm_status drain(struct postgres *p, struct umm_error *err)
{
    PGresult *result;
    enum umm_status status = next_result(p, &result, err);
    while (!status && result) {
        PQclear(result);
        status = next_result(p, &result, err);
    }
    return status;
}

/* Parameters are texts of the server's choice of type, or bytes of types that are said. */
struct parameters {
    int n;
    const Oid *types;
    const char *const *values;
    const int *lengths, *formats;
};

/* Run sql, which is freed; the result is the caller's if it is not NULL. */
static enum umm_status execute(struct postgres *p, struct umm_textbuf *sql,
                               const struct parameters *with, ExecStatusType expected,
                               const char *what, PGresult **out, struct umm_error *err)
{
    char *text = NULL;
    size_t len;
    PGresult *result = NULL;
    enum umm_status status = umm_textbuf_take(sql, &text, &len, err);
    if (!status && p->is_broken)
        status = umm_error_set_path(err, UMM_ERR_SYSTEM, p->db.shown, "the connection is lost");
    if (!status && !PQsendQueryParams(p->connection, text, with ? with->n : 0,
                                      with ? with->types : NULL, with ? with->values : NULL,
                                      with ? with->lengths : NULL, with ? with->formats : NULL, 0))
        status = refuse_connection(p, what, err);
    free(text);
    if (!status)
        status = next_result(p, &result, err);
    if (!status && (!result || PQresultStatus(result) != expected))
        status = refuse(p, result, what, err);
    const bool is_copy = expected == PGRES_COPY_IN || expected == PGRES_COPY_OUT;
    if (!p->is_broken && (status || !is_copy)) {
        const enum umm_status drained = drain(p, status ? NULL : err);
        status = status ? status : drained;
    }
    if (!status && out)
        *out = result;
    else
        PQclear(result);
    return status;
}

static enum umm_status command(struct postgres *p, const char *sql, const char *what,
                               struct umm_error *err)
{
    struct umm_textbuf text = {.text = NULL};
    umm_textbuf_add(&text, "%s", sql);
    return execute(p, &text, NULL, PGRES_COMMAND_OK, what, NULL, err);
}

/* ---- opening --------------------------------------------------------------------------- */

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options && options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val && *options->val ? options->val : NULL;
    return NULL;
}

/* postgresql://HOST:PORT/NAME, or with ?host= for a directory of sockets. */
static void show(struct postgres *p, const PQconninfoOption *options)
{
    const char *host = value_of(options, "host"), *port = value_of(options, "port");
    const char *name = value_of(options, "dbname");
    char text[UMM_DB_SHOWN_MAX];
    if (!host)
        host = value_of(options, "hostaddr");
    const bool is_socket = host && host[0] == '/';
    snprintf(text, sizeof text, "postgresql://%s%s%s/%s%s%s%s%s", host && !is_socket ? host : "",
             port && !is_socket ? ":" : "", port && !is_socket ? port : "", name ? name : "",
             is_socket ? "?host=" : "", is_socket ? host : "", is_socket && port ? "&port=" : "",
             is_socket && port ? port : "");
    umm_db_clean(p->db.shown, sizeof p->db.shown, text);
}

/*
 * A password with a character that is none of a URI is read as something else, such as a port, and
 * what libpq says of that would tell a part of it: so there is one @, and before the path.
 */
static bool is_clear(const char *place)
{
    const char *authority = strstr(place, "://");
    if (!authority || strncmp(place, "postgres", 8) != 0)
        return true;
    authority += 3;
    const char *at = strchr(authority, '@');
    return !at ||
           (at == strrchr(authority, '@') && (size_t)(at - authority) < strcspn(authority, "/?#"));
}

static enum umm_status read_place(struct postgres *p, const char *place, struct umm_error *err)
{
    char *why = NULL, shown[UMM_ERROR_MESSAGE_MAX / 2];
    enum umm_status status = UMM_OK;
    snprintf(p->db.shown, sizeof p->db.shown, "postgresql:");
    if (!is_clear(place))
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "the URI has an @ too many: in a user or password, write characters "
                             "such as @, / and ? as %%40, %%2F and %%3F");
    PQconninfoOption *options = PQconninfoParse(place, &why);
    if (options)
        show(p, options);
    else if (!why || strchr(place, '@') || strstr(place, "pass"))
        status = umm_error_set(err, UMM_ERR_ARGUMENT, "libpq cannot read the connection string");
    else
        status = umm_error_set(err, UMM_ERR_ARGUMENT, "libpq cannot read the connection string: %s",
                               umm_db_clean(shown, sizeof shown, why));
    PQfreemem(why);
    PQconninfoFree(options);
    return status;
}

static void ignore_notice(void *user, const PGresult *result)
{
    (void)user;
    (void)result;
}

static void postgres_close(struct umm_db *db)
{
    struct postgres *p = (struct postgres *)db;
    PQfreemem(p->piece);
    PQfinish(p->connection);
    free(p->buffer);
    free(p->cells);
    free(p);
}

static enum umm_status postgres_open(const char *place, enum umm_db_mode mode, struct umm_run *run,
                                     struct umm_db **db, struct umm_error *err)
{
    const bool is_bare = strcmp(place, "postgresql:") == 0 || strcmp(place, "postgres:") == 0;
    struct postgres *p = calloc(1, sizeof *p);
    if (!p)
        return umm_error_set_memory(err, sizeof *p, "a database");
    *db = &p->db;
    p->db = (struct umm_db){.engine = umm_db_postgres, .run = run, .mode = mode};
    enum umm_status status = read_place(p, is_bare ? "" : place, err);
    if (status)
        return status;
    PQconninfoOption *defaults = PQconndefaults();
    const bool has_limit = value_of(defaults, "connect_timeout") != NULL;
    PQconninfoFree(defaults);
    /* Of two of one name the later one counts, and the place is read where it stands. */
    const char *const keywords[] = {has_limit ? "client_encoding" : "connect_timeout", "dbname",
                                    "client_encoding", "fallback_application_name", NULL};
    const char *const values[] = {has_limit ? "UTF8" : "15", is_bare ? "" : place, "UTF8", "umm-db",
                                  NULL};
    p->connection = PQconnectdbParams(keywords, values, 1);
    if (!p->connection)
        return umm_error_set_memory(err, 0, "a connection");
    if (PQstatus(p->connection) != CONNECTION_OK)
        return refuse_connection(p, "connect", err);
    PQsetNoticeReceiver(p->connection, ignore_notice, NULL);
    if (PQsetnonblocking(p->connection, 1))
        return refuse_connection(p, "connect", err);
    return UMM_OK;
}

/* ---- transactions ----------------------------------------------------------------------- */

/* SCHEMA.TABLE or TABLE, quoted. UMM_ERR_ARGUMENT: PostgreSQL would cut it. */
static enum umm_status quote_table(const struct postgres *p, struct umm_textbuf *sql,
                                   const char *name, struct umm_error *err)
{
    const char *dot = strchr(name, '.');
    const size_t n_schema = dot ? (size_t)(dot - name) : 0;
    const char *table = dot ? dot + 1 : name;
    if (n_schema > NAME_MAX_BYTES || strlen(table) > NAME_MAX_BYTES || !*table || dot == name)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, p->db.shown,
                                  "a table's name has 1 to %d bytes", NAME_MAX_BYTES);
    if (dot) {
        char schema[NAME_MAX_BYTES + 1];
        memcpy(schema, name, n_schema);
        schema[n_schema] = '\0';
        umm_db_quote(sql, schema);
        umm_textbuf_add(sql, ".");
    }
    umm_db_quote(sql, table);
    return UMM_OK;
}

/* The quoted name as a text, for to_regclass(). */
static enum umm_status name_text(const struct postgres *p, const char *name, char **text,
                                 struct umm_error *err)
{
    struct umm_textbuf buf = {.text = NULL};
    size_t len;
    *text = NULL;
    enum umm_status status = quote_table(p, &buf, name, err);
    if (!status)
        return umm_textbuf_take(&buf, text, &len, err);
    umm_textbuf_free(&buf);
    return status;
}

/* One value of one row; is_true: it begins with t. */
static enum umm_status ask(struct postgres *p, const char *sql, int n, const char *const *values,
                           bool *is_there, bool *is_true, struct umm_error *err)
{
    struct umm_textbuf text = {.text = NULL};
    const struct parameters with = {.n = n, .values = values};
    PGresult *result = NULL;
    umm_textbuf_add(&text, "%s", sql);
    enum umm_status status = execute(p, &text, &with, PGRES_TUPLES_OK, "lock", &result, err);
    if (status)
        return status;
    *is_there = PQntuples(result) == 1 && !PQgetisnull(result, 0, 0);
    *is_true = *is_there && PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return UMM_OK;
}

static enum umm_status take_lock(struct postgres *p, const char *function, const char *key, int n,
                                 const char *const *values, enum umm_lock_wait wait,
                                 struct umm_error *err)
{
    char sql[512];
    bool is_there, is_true;
    const char *const of = wait == UMM_LOCK_FAIL ? "pg_try_advisory" : "pg_advisory";
    snprintf(sql, sizeof sql, "SELECT %s%s(hashtextextended(%s, 0))", of, function, key);
    enum umm_status status = ask(p, sql, n, values, &is_there, &is_true, err);
    if (!status && wait == UMM_LOCK_FAIL && !is_true)
        status =
            umm_error_set_path(err, UMM_ERR_BUSY, p->db.shown, "another process has it locked");
    return status;
}

/*
 * Two that make a table would see none both: the lock for that is the connection's, and let go at
 * once if the table is there by then.
 */
static enum umm_status lock_making(struct postgres *p, const char *name, enum umm_lock_wait wait,
                                   bool *is_there, struct umm_error *err)
{
    static const char key[] = "'umm-db ' || $1::text";
    bool is_true, is_ignored;
    enum umm_status status = take_lock(p, "_lock", key, 1, &name, wait, err);
    if (!status)
        status = ask(p, "SELECT to_regclass($1)::oid::text", 1, &name, is_there, &is_true, err);
    if (!status && *is_there)
        status = ask(p, "SELECT pg_advisory_unlock(hashtextextended('umm-db ' || $1::text, 0))", 1,
                     &name, &is_ignored, &is_true, err);
    return status;
}

static enum umm_status lock_series(struct postgres *p, const char *name,
                                   const struct umm_db_series *series, enum umm_lock_wait wait,
                                   struct umm_error *err)
{
    const char *const values[] = {name, series->symbol ? series->symbol : "",
                                  series->timeframe ? series->timeframe : ""};
    bool is_there = false, is_true;
    enum umm_status status =
        ask(p, "SELECT to_regclass($1)::oid::text", 1, values, &is_there, &is_true, err);
    if (!status && !is_there && p->db.mode == UMM_DB_MAKE)
        status = lock_making(p, name, wait, &is_there, err);
    if (status || !is_there)
        return status;
    return take_lock(p, "_xact_lock",
                     "concat_ws(chr(1), 'umm-db', to_regclass($1)::oid::text, $2::text, $3::text)",
                     3, values, wait, err);
}

static enum umm_status postgres_begin(struct umm_db *db, const char *table,
                                      const struct umm_db_series *series, enum umm_lock_wait wait,
                                      struct umm_error *err)
{
    struct postgres *p = (struct postgres *)db;
    const uint64_t limit_ms = umm_lockwait_limit_ns(db->run) / NS_PER_MS + 1;
    char *name, sql[64];
    if (db->mode == UMM_DB_READ)
        return command(p, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "begin", err);
    enum umm_status status =
        command(p, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", "begin", err);
    snprintf(sql, sizeof sql, "SET LOCAL lock_timeout = %" PRIu64,
             wait == UMM_LOCK_FAIL  ? FAIL_WAIT_MS
             : limit_ms > INT32_MAX ? 0
                                    : limit_ms);
    if (!status)
        status = command(p, sql, "begin", err);
    if (!status)
        status = name_text(p, table, &name, err);
    if (status)
        return status;
    status = lock_series(p, name, series, wait, err);
    free(name);
    return status;
}

static enum umm_status postgres_commit(struct umm_db *db, struct umm_error *err)
{
    return command((struct postgres *)db, "COMMIT", "commit", err);
}

/* ---- tables ----------------------------------------------------------------------------- */

static const struct {
    unsigned oid;
    enum umm_db_type type;
    unsigned size_bytes;
} types[] = {{OID_BOOL, UMM_DB_BOOL, 1},
             {OID_INT2, UMM_DB_INTEGER, 2},
             {OID_INT4, UMM_DB_INTEGER, 4},
             {OID_INT8, UMM_DB_INTEGER, 8},
             {OID_FLOAT4, UMM_DB_REAL, 4},
             {OID_FLOAT8, UMM_DB_REAL, 8},
             {OID_TEXT, UMM_DB_TEXT, 0},
             {OID_VARCHAR, UMM_DB_TEXT, 0},
             {OID_TIMESTAMPTZ, UMM_DB_TIMESTAMP, 8}};
enum { N_TYPES = sizeof types / sizeof *types };

static const char unit_comment[] = "unit: ";

static void read_unit(struct umm_db_column *column, const char *comment)
{
    const size_t n = strlen(unit_comment);
    for (unsigned i = UMM_TIME_S; i <= UMM_TIME_NS; i++)
        if (strncmp(comment, unit_comment, n) == 0 &&
            strcmp(comment + n, umm_time_unit_name((enum umm_time_unit)i)) == 0) {
            column->has_unit = true;
            column->unit = (enum umm_time_unit)i;
        }
}

static enum umm_status take_column(struct postgres *p, const PGresult *rows, int row,
                                   struct umm_db_table *table, unsigned *n_series,
                                   struct umm_error *err)
{
    struct umm_db_column column = {.type = UMM_DB_OTHER};
    const char *name = PQgetvalue(rows, row, 0);
    const unsigned long oid = strtoul(PQgetvalue(rows, row, 1), NULL, 10);
    table->is_there = true;
    for (size_t i = 0; i < N_TYPES; i++)
        if (types[i].oid == oid) {
            column.type = types[i].type;
            column.size_bytes = types[i].size_bytes;
        }
    if (column.type == UMM_DB_TEXT &&
        (strcmp(name, "symbol") == 0 || strcmp(name, "timeframe") == 0)) {
        ++*n_series;
        return UMM_OK;
    }
    snprintf(column.name, sizeof column.name, "%s", name);
    snprintf(column.words, sizeof column.words, "%s", PQgetvalue(rows, row, 2));
    read_unit(&column, PQgetvalue(rows, row, 3));
    column.is_key = PQgetvalue(rows, row, 4)[0] == 't';
    struct umm_db_column *added = umm_db_table_add(table);
    if (!added)
        return umm_error_set_memory(err, sizeof column, "columns");
    *added = column;
    (void)p;
    return UMM_OK;
}

static enum umm_status postgres_describe(struct umm_db *db, const char *name,
                                         struct umm_db_table *table, struct umm_error *err)
{
    struct postgres *p = (struct postgres *)db;
    struct umm_textbuf sql = {.text = NULL};
    PGresult *rows = NULL;
    unsigned n_series = 0;
    char *quoted;
    enum umm_status status = name_text(p, name, &quoted, err);
    if (status)
        return status;
    const char *const values[] = {quoted};
    const struct parameters with = {.n = 1, .values = values};
    umm_textbuf_add(&sql, "SELECT a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod), "
                          "col_description(a.attrelid, a.attnum), "
                          "coalesce(a.attnum = ANY (i.indkey), false) FROM pg_attribute a "
                          "LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary "
                          "WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 "
                          "AND NOT a.attisdropped ORDER BY a.attnum");
    status = execute(p, &sql, &with, PGRES_TUPLES_OK, "read", &rows, err);
    for (int i = 0; !status && i < PQntuples(rows); i++)
        status = take_column(p, rows, i, table, &n_series, err);
    table->has_series = n_series == 2;
    PQclear(rows);
    free(quoted);
    return status;
}

static const char *type_word(const struct umm_db_field *field)
{
    const struct umm_db_column *column = &field->column;
    switch (column->type) {
    case UMM_DB_TIMESTAMP: return "timestamptz";
    case UMM_DB_BOOL: return "boolean";
    case UMM_DB_REAL: return column->size_bytes == 4 ? "real" : "double precision";
    case UMM_DB_INTEGER:
        return column->size_bytes == 2   ? "smallint"
               : column->size_bytes == 4 ? "integer"
                                         : "bigint";
    case UMM_DB_TEXT:
    case UMM_DB_ANY:
    case UMM_DB_OTHER: break;
    }
    return "text";
}

static enum umm_status comment_unit(struct postgres *p, const struct umm_db_shape *shape,
                                    const struct umm_db_field *field, struct umm_error *err)
{
    struct umm_textbuf sql = {.text = NULL};
    umm_textbuf_add(&sql, "COMMENT ON COLUMN ");
    (void)quote_table(p, &sql, shape->table, NULL); /* as it was for the table */
    umm_textbuf_add(&sql, ".");
    umm_db_quote(&sql, field->column.name);
    umm_textbuf_add(&sql, " IS '%s%s'", unit_comment, umm_time_unit_name(field->column.unit));
    return execute(p, &sql, NULL, PGRES_COMMAND_OK, "make the table", NULL, err);
}

static enum umm_status postgres_create(struct umm_db *db, const struct umm_db_shape *shape,
                                       struct umm_error *err)
{
    struct postgres *p = (struct postgres *)db;
    struct umm_textbuf sql = {.text = NULL};
    const bool has_series = shape->series.symbol != NULL;
    umm_textbuf_add(&sql, "CREATE TABLE ");
    enum umm_status status = quote_table(p, &sql, shape->table, err);
    umm_textbuf_add(&sql, " (%s",
                    has_series ? "\"symbol\" text NOT NULL, \"timeframe\" text NOT NULL, " : "");
    for (size_t i = 0; !status && i < shape->n_fields; i++) {
        const struct umm_db_field *field = &shape->fields[i];
        if (strlen(field->column.name) > NAME_MAX_BYTES)
            status = umm_error_set_path(err, UMM_ERR_ARGUMENT, db->shown,
                                        "a column's name has at most %d bytes", NAME_MAX_BYTES);
        umm_textbuf_add(&sql, "%s", i ? ", " : "");
        umm_db_quote(&sql, field->column.name);
        umm_textbuf_add(&sql, " %s%s", type_word(field), i == shape->time ? " NOT NULL" : "");
    }
    umm_textbuf_add(&sql, ", PRIMARY KEY (%s", has_series ? "\"symbol\", \"timeframe\", " : "");
    umm_db_quote(&sql, shape->fields[shape->time].column.name);
    umm_textbuf_add(&sql, "))");
    if (status)
        umm_textbuf_free(&sql);
    else
        status = execute(p, &sql, NULL, PGRES_COMMAND_OK, "make the table", NULL, err);
    for (size_t i = 0; !status && i < shape->n_fields; i++)
        if (shape->fields[i].kind == UMM_DB_KIND_TIME)
            status = comment_unit(p, shape, &shape->fields[i], err);
    return status;
}

/* ---- rows in ---------------------------------------------------------------------------- */

static size_t size_of(const struct umm_db_field *field)
{
    return field->column.size_bytes;
}

/* The bits that the server has for a value, in the low size_of(field) bytes. */
static enum umm_status bits_of(const struct postgres *p, const struct umm_db_field *field,
                               const union umm_db_value *value, uint64_t *bits,
                               struct umm_error *err)
{
    /* 4714-11-24 BC, and the end of 294276: datatype/timestamp.h. */
    const int64_t first = INT64_C(-211813488000000000), end = INT64_C(9223371331200000000);
    *bits = (uint64_t)value->integer;
    if (field->column.type == UMM_DB_TIMESTAMP) {
        int64_t count;
        if (__builtin_sub_overflow(value->integer, EPOCH_US, &count) || count < first ||
            count >= end)
            return umm_db_refuse_value(err, &p->db, field,
                                       "a time beyond those of timestamptz for it");
        *bits = (uint64_t)count;
    } else if (field->kind == UMM_DB_KIND_REAL && size_of(field) == 4) {
        const float narrow = (float)value->real;
        uint32_t narrow_bits;
        memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
        *bits = narrow_bits;
    }
    return UMM_OK;
}

static void add_copy(struct umm_textbuf *sql, const struct postgres *p,
                     const struct umm_db_shape *shape)
{
    umm_textbuf_add(sql, "COPY ");
    (void)quote_table(p, sql, shape->table, NULL);
    umm_textbuf_add(sql, " (");
    umm_db_quote_fields(sql, shape, true);
    umm_textbuf_add(sql, ") FROM STDIN (FORMAT binary)");
}

static enum umm_status begin_copy(struct postgres *p, const struct umm_db_shape *shape,
                                  struct umm_error *err)
{
    struct umm_textbuf sql = {.text = NULL};
    add_copy(&sql, p, shape);
    enum umm_status status = execute(p, &sql, NULL, PGRES_COPY_IN, "insert", NULL, err);
    if (!p->buffer)
        p->buffer = malloc(SEND_BYTES);
    if (!status && !p->buffer)
        status = umm_error_set_memory(err, SEND_BYTES, "rows");
    if (status)
        return status;
    p->cap_bytes = SEND_BYTES;
    p->used_bytes = (size_t)(umm_copybinary_put_header(p->buffer) - p->buffer);
    p->is_sending = true;
    return UMM_OK;
}

static enum umm_status send_buffer(struct postgres *p, struct umm_error *err)
{
    if (p->used_bytes && PQputCopyData(p->connection, p->buffer, (int)p->used_bytes) != 1)
        return refuse_connection(p, "insert", err);
    p->used_bytes = 0;
    return send_all(p, err);
}

static size_t most_of_row(const struct umm_db_shape *shape)
{
    size_t most = UMM_COPYBINARY_ROW + UMM_COPYBINARY_TRAILER +
                  shape->n_fields * (UMM_COPYBINARY_FIELD + sizeof(union umm_db_value));
    if (shape->series.symbol)
        most += 2 * UMM_COPYBINARY_FIELD + strlen(shape->series.symbol) +
                strlen(shape->series.timeframe);
    return most;
}

static enum umm_status put_row(struct postgres *p, const struct umm_db_shape *shape,
                               const union umm_db_value *row, struct umm_error *err)
{
    char *at = p->buffer + p->used_bytes;
    const struct umm_db_series *series = &shape->series;
    enum umm_status status = UMM_OK;
    at = umm_copybinary_put_row(at, shape->n_fields + (series->symbol ? 2 : 0));
    if (series->symbol) {
        at = umm_copybinary_put_bytes(at, series->symbol, strlen(series->symbol));
        at = umm_copybinary_put_bytes(at, series->timeframe, strlen(series->timeframe));
    }
    for (size_t i = 0; !status && i < shape->n_fields; i++) {
        uint64_t bits;
        status = bits_of(p, &shape->fields[i], &row[i], &bits, err);
        if (!status)
            at = umm_copybinary_put_number(at, bits, size_of(&shape->fields[i]));
    }
    p->used_bytes = (size_t)(at - p->buffer);
    return status;
}

static enum umm_status postgres_put(struct umm_db *db, const struct umm_db_shape *shape,
                                    const union umm_db_value *rows, size_t n, struct umm_error *err)
{
    struct postgres *p = (struct postgres *)db;
    const size_t most = most_of_row(shape);
    enum umm_status status = p->is_sending ? UMM_OK : begin_copy(p, shape, err);
    if (!status && most + UMM_COPYBINARY_HEADER > p->cap_bytes)
        status = umm_error_set_path(err, UMM_ERR_UNSUPPORTED, db->shown, "rows are too long");
    for (size_t r = 0; !status && r < n; r++) {
        if (p->used_bytes + most > p->cap_bytes)
            status = send_buffer(p, err);
        if (!status)
            status = put_row(p, shape, rows + r * shape->n_fields, err);
    }
    return status;
}

static enum umm_status postgres_flush(struct umm_db *db, struct umm_error *err)
{
    struct postgres *p = (struct postgres *)db;
    PGresult *result = NULL;
    if (!p->is_sending)
        return UMM_OK;
    p->is_sending = false;
    p->used_bytes = (size_t)(umm_copybinary_put_trailer(p->buffer + p->used_bytes) - p->buffer);
    enum umm_status status = send_buffer(p, err);
    if (!status && PQputCopyEnd(p->connection, NULL) != 1)
        status = refuse_connection(p, "insert", err);
    if (!status)
        status = next_result(p, &result, err);
    if (!status && (!result || PQresultStatus(result) != PGRES_COMMAND_OK))
        status = refuse(p, result, "insert", err);
    PQclear(result);
    return status ? status : drain(p, err);
}

static Oid oid_of(const struct umm_db_column *column)
{
    for (size_t i = 0; i < N_TYPES; i++)
        if (types[i].type == column->type && types[i].size_bytes == column->size_bytes)
            return types[i].oid;
    return 0;
}

/* The parameters of one row: first symbol and timeframe, where there are any. */
struct row_parameters {
    struct parameters with;
    Oid *types;
    const char **values;
    int *lengths, *formats;
    char *bytes;
    int first;
};

static void free_parameters(struct row_parameters *of)
{
    free(of->types);
    free(of->values);
    free(of->lengths);
    free(of->formats);
    free(of->bytes);
}

static enum umm_status make_parameters(const struct postgres *p, const struct umm_db_shape *shape,
                                       const union umm_db_value *row, struct row_parameters *of,
                                       struct umm_error *err)
{
    const size_t n = shape->n_fields + 2;
    enum umm_status status = UMM_OK;
    *of = (struct row_parameters){.types = calloc(n, sizeof *of->types),
                                  .values = calloc(n, sizeof *of->values),
                                  .lengths = calloc(n, sizeof *of->lengths),
                                  .formats = calloc(n, sizeof *of->formats),
                                  .bytes = calloc(n, UMM_COPYBINARY_FIELD + 8)};
    if (!of->types || !of->values || !of->lengths || !of->formats || !of->bytes)
        return umm_error_set_memory(err, n * sizeof *of->values, "values");
    if (shape->series.symbol) {
        of->first = 2;
        of->values[0] = shape->series.symbol;
        of->values[1] = shape->series.timeframe;
        of->types[0] = of->types[1] = OID_TEXT;
    }
    char *at = of->bytes;
    for (size_t i = 0; !status && i < shape->n_fields; i++) {
        const struct umm_db_field *field = &shape->fields[i];
        const size_t k = (size_t)of->first + i;
        uint64_t bits;
        status = bits_of(p, field, &row[i], &bits, err);
        of->types[k] = oid_of(&field->column);
        of->values[k] = at + UMM_COPYBINARY_FIELD;
        of->lengths[k] = (int)size_of(field);
        of->formats[k] = 1;
        if (!status)
            at = umm_copybinary_put_number(at, bits, size_of(field));
    }
    of->with = (struct parameters){of->first + (int)shape->n_fields, of->types, of->values,
                                   of->lengths, of->formats};
    return status;
}

static enum umm_status change_row(struct postgres *p, struct umm_textbuf *sql,
                                  const struct row_parameters *of, bool *is_done,
                                  struct umm_error *err)
{
    PGresult *result = NULL;
    enum umm_status status = execute(p, sql, &of->with, PGRES_COMMAND_OK, "replace", &result, err);
    *is_done = !status && strcmp(PQcmdTuples(result), "0") != 0;
    if (!status)
        PQclear(result);
    return status;
}

static enum umm_status postgres_replace(struct umm_db *db, const struct umm_db_shape *shape,
                                        const union umm_db_value *row, struct umm_error *err)
{
    struct postgres *p = (struct postgres *)db;
    struct umm_textbuf sql = {.text = NULL};
    struct row_parameters of;
    bool is_done = false;
    enum umm_status status = make_parameters(p, shape, row, &of, err);
    umm_textbuf_add(&sql, "UPDATE ");
    (void)quote_table(p, &sql, shape->table, NULL);
    umm_textbuf_add(&sql, " SET ");
    for (size_t i = 0; i < shape->n_fields; i++) {
        umm_textbuf_add(&sql, "%s", i ? ", " : "");
        umm_db_quote(&sql, shape->fields[i].column.name);
        umm_textbuf_add(&sql, " = $%d", of.first + (int)i + 1);
    }
    umm_textbuf_add(&sql, " WHERE ");
    umm_db_quote(&sql, shape->fields[shape->time].column.name);
    umm_textbuf_add(&sql, " = $%d%s", of.first + (int)shape->time + 1,
                    of.first ? " AND \"symbol\" = $1 AND \"timeframe\" = $2" : "");
    if (status)
        umm_textbuf_free(&sql);
    else
        status = change_row(p, &sql, &of, &is_done, err);
    if (!status && !is_done) {
        umm_textbuf_add(&sql, "INSERT INTO ");
        (void)quote_table(p, &sql, shape->table, NULL);
        umm_textbuf_add(&sql, " (");
        umm_db_quote_fields(&sql, shape, true);
        umm_textbuf_add(&sql, ") VALUES (");
        for (int i = 0; i < of.with.n; i++)
            umm_textbuf_add(&sql, "%s$%d", i ? ", " : "", i + 1);
        umm_textbuf_add(&sql, ")");
        status = change_row(p, &sql, &of, &is_done, err);
    }
    free_parameters(&of);
    return status;
}

/* ---- rows out --------------------------------------------------------------------------- */

/* COPY takes no parameters: a literal in its place. */
static enum umm_status add_literal(struct postgres *p, struct umm_textbuf *sql, const char *text,
                                   struct umm_error *err)
{
    char *literal = PQescapeLiteral(p->connection, text, strlen(text));
    if (!literal)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, p->db.shown, "a name is no UTF-8");
    umm_textbuf_add(sql, "%s", literal);
    PQfreemem(literal);
    return UMM_OK;
}

static void add_time(struct umm_textbuf *sql, const struct umm_db_field *field, int64_t count)
{
    char text[UMM_TIME_ISO_MAX];
    const struct umm_time time = umm_time_from_unit(count, umm_db_field_unit(field));
    if (field->column.type != UMM_DB_TIMESTAMP)
        umm_textbuf_add(sql, "(%" PRId64 ")", count);
    else if (time.sec < UMM_TIME_SEC_MIN)
        umm_textbuf_add(sql, "'-infinity'::timestamptz");
    else if (time.sec > UMM_TIME_SEC_MAX)
        umm_textbuf_add(sql, "'infinity'::timestamptz");
    else {
        umm_time_format_iso(time, text);
        umm_textbuf_add(sql, "'%s'::timestamptz", text);
    }
}

static enum umm_status add_where(struct postgres *p, struct umm_textbuf *sql,
                                 const struct umm_db_shape *shape, const struct umm_db_query *query,
                                 struct umm_error *err)
{
    const struct umm_db_field *time = &shape->fields[shape->time];
    enum umm_status status = UMM_OK;
    umm_textbuf_add(sql, " WHERE true");
    if (shape->series.symbol) {
        umm_textbuf_add(sql, " AND \"symbol\" = ");
        status = add_literal(p, sql, shape->series.symbol, err);
        umm_textbuf_add(sql, " AND \"timeframe\" = ");
        if (!status)
            status = add_literal(p, sql, shape->series.timeframe, err);
    }
    if (query->has_from && query->from != INT64_MIN) {
        umm_textbuf_add(sql, " AND ");
        umm_db_quote(sql, time->column.name);
        umm_textbuf_add(sql, " >= ");
        add_time(sql, time, query->from);
    }
    if (query->has_to && query->to != INT64_MAX) {
        umm_textbuf_add(sql, " AND ");
        umm_db_quote(sql, time->column.name);
        umm_textbuf_add(sql, " < ");
        add_time(sql, time, query->to);
    }
    umm_textbuf_add(sql, " ORDER BY ");
    umm_db_quote(sql, time->column.name);
    umm_textbuf_add(sql, "%s", query->is_newest_first ? " DESC" : "");
    if (query->limit)
        umm_textbuf_add(sql, " LIMIT %" PRIu64, query->limit);
    return status;
}

/* Begin to read what COPY sends, of n columns. */
static enum umm_status begin_reading(struct postgres *p, struct umm_textbuf *sql, size_t n,
                                     struct umm_error *err)
{
    free(p->cells);
    p->cells = calloc(n, sizeof *p->cells);
    p->stream = (struct umm_copybinary){.has_header = false};
    p->at = p->end = NULL;
    if (!p->cells) {
        umm_textbuf_free(sql);
        return umm_error_set_memory(err, n * sizeof *p->cells, "rows");
    }
    enum umm_status status = execute(p, sql, NULL, PGRES_COPY_OUT, "read", NULL, err);
    p->is_scanning = !status;
    return status;
}

static enum umm_status postgres_scan(struct umm_db *db, const struct umm_db_shape *shape,
                                     const struct umm_db_query *query, struct umm_error *err)
{
    struct postgres *p = (struct postgres *)db;
    struct umm_textbuf sql = {.text = NULL};
    umm_textbuf_add(&sql, "COPY (SELECT ");
    umm_db_quote_fields(&sql, shape, false);
    umm_textbuf_add(&sql, " FROM ");
    (void)quote_table(p, &sql, shape->table, NULL);
    enum umm_status status = add_where(p, &sql, shape, query, err);
    umm_textbuf_add(&sql, ") TO STDOUT (FORMAT binary)");
    if (status) {
        umm_textbuf_free(&sql);
        return status;
    }
    p->scanned = shape;
    return begin_reading(p, &sql, shape->n_fields, err);
}

/* The end of what COPY sends: whether it was one. */
static enum umm_status end_reading(struct postgres *p, struct umm_error *err)
{
    PGresult *result = NULL;
    p->is_scanning = false;
    enum umm_status status = next_result(p, &result, err);
    if (!status && (!result || PQresultStatus(result) != PGRES_COMMAND_OK))
        status = refuse(p, result, "read", err);
    else if (!status && !p->stream.is_ended)
        status = umm_error_set_path(err, UMM_ERR_DATA, p->db.shown, "rows end without an end");
    PQclear(result);
    return status ? status : drain(p, err);
}

/* The next row, in p->cells. */
static enum umm_status next_row(struct postgres *p, size_t n, bool *is_row, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    *is_row = false;
    while (!status && p->is_scanning && !*is_row) {
        if (p->at != p->end) {
            status = umm_copybinary_next(&p->stream, &p->at, p->end, p->cells, n, is_row, err);
            if (status)
                return status;
            continue;
        }
        PQfreemem(p->piece);
        p->piece = NULL;
        const int len = PQgetCopyData(p->connection, &p->piece, 1);
        if (len == 0)
            status = wait_on(p, false, err);
        else if (len == -1)
            status = end_reading(p, err);
        else if (len < 0)
            status = refuse_connection(p, "read", err);
        p->at = p->piece;
        p->end = len > 0 ? p->piece + len : p->piece;
    }
    return status;
}

static enum umm_status read_value(struct postgres *p, const struct umm_db_field *field,
                                  const struct umm_copybinary_cell *cell, union umm_db_value *out,
                                  struct umm_error *err)
{
    const bool is_real = field->kind == UMM_DB_KIND_REAL;
    if (!cell->bytes && is_real) {
        out->real = (double)NAN;
        return UMM_OK;
    }
    if (!cell->bytes || cell->len_bytes != size_of(field))
        return umm_db_refuse_value(err, &p->db, field, cell->bytes ? "another size" : "NULL");
    out->integer = umm_copybinary_number(cell);
    if (is_real && cell->len_bytes == 4) {
        const uint32_t bits = (uint32_t)out->integer;
        float narrow;
        memcpy(&narrow, &bits, sizeof narrow);
        out->real = narrow;
    }
    if (field->column.type != UMM_DB_TIMESTAMP)
        return UMM_OK;
    if (out->integer == INT64_MAX || out->integer == INT64_MIN)
        return umm_db_refuse_value(err, &p->db, field, "infinity");
    if (__builtin_add_overflow(out->integer, EPOCH_US, &out->integer))
        return umm_db_refuse_value(err, &p->db, field, "a time beyond 290,000 years");
    return UMM_OK;
}

static enum umm_status postgres_scan_next(struct umm_db *db, union umm_db_value *rows, size_t cap,
                                          size_t *n, struct umm_error *err)
{
    struct postgres *p = (struct postgres *)db;
    const size_t n_fields = p->scanned->n_fields;
    bool is_row = true;
    enum umm_status status = UMM_OK;
    *n = 0;
    if (umm_run_is_cancelled(db->run))
        return umm_error_set_cancelled(err);
    while (!status && *n < cap) {
        status = next_row(p, n_fields, &is_row, err);
        if (status || !is_row)
            return status;
        for (size_t i = 0; !status && i < n_fields; i++)
            status = read_value(p, &p->scanned->fields[i], &p->cells[i], &rows[i], err);
        rows += n_fields;
        *n += !status;
    }
    return status;
}

/* What is left of a scan that was limited is its end; of another one, it may be very much. */
static enum umm_status postgres_scan_end(struct umm_db *db, struct umm_error *err)
{
    struct postgres *p = (struct postgres *)db;
    bool is_row = false;
    if (!p->is_scanning || p->is_broken)
        return UMM_OK;
    enum umm_status status = next_row(p, p->scanned->n_fields, &is_row, err);
    if (is_row)
        return stop(p, UMM_OK);
    return status;
}

static enum umm_status read_entry(struct postgres *p, const struct umm_db_field *time,
                                  bool has_series, struct umm_db_entry *entry, char *names,
                                  struct umm_error *err)
{
    union umm_db_value first, last;
    if (!p->cells[0].bytes || p->cells[0].len_bytes != 8)
        return umm_error_set_path(err, UMM_ERR_DATA, p->db.shown, "a count is no number");
    *entry = (struct umm_db_entry){.n_rows = (uint64_t)umm_copybinary_number(&p->cells[0])};
    if (!entry->n_rows)
        return UMM_OK;
    enum umm_status status = read_value(p, time, &p->cells[1], &first, err);
    if (!status)
        status = read_value(p, time, &p->cells[2], &last, err);
    if (status)
        return status;
    entry->first = first.integer;
    entry->last = last.integer;
    for (size_t i = 3; has_series && i < 5; i++) {
        const struct umm_copybinary_cell *cell = &p->cells[i];
        char *out = names + (i - 3) * UMM_ERROR_PATH_MAX;
        if (!cell->bytes || cell->len_bytes >= UMM_ERROR_PATH_MAX)
            return umm_error_set_path(err, UMM_ERR_DATA, p->db.shown,
                                      "a series has no name, or one of more than %d bytes",
                                      UMM_ERROR_PATH_MAX - 1);
        memcpy(out, cell->bytes, cell->len_bytes);
        out[cell->len_bytes] = '\0';
    }
    entry->symbol = has_series ? names : NULL;
    entry->timeframe = has_series ? names + UMM_ERROR_PATH_MAX : NULL;
    return UMM_OK;
}

static enum umm_status postgres_list(struct umm_db *db, const struct umm_db_shape *shape,
                                     enum umm_status (*tell)(void *user,
                                                             const struct umm_db_entry *entry,
                                                             struct umm_error *err),
                                     void *user, struct umm_error *err)
{
    struct postgres *p = (struct postgres *)db;
    struct umm_textbuf sql = {.text = NULL};
    const struct umm_db_field *time = &shape->fields[shape->time];
    const bool has_series = shape->series.symbol != NULL;
    const size_t n = has_series ? 5 : 3;
    char names[2 * UMM_ERROR_PATH_MAX];
    bool is_row = true;
    umm_textbuf_add(&sql, "COPY (SELECT count(*), min(");
    umm_db_quote(&sql, time->column.name);
    umm_textbuf_add(&sql, "), max(");
    umm_db_quote(&sql, time->column.name);
    umm_textbuf_add(&sql, ")%s FROM ", has_series ? ", \"symbol\"::text, \"timeframe\"::text" : "");
    (void)quote_table(p, &sql, shape->table, NULL);
    umm_textbuf_add(&sql, "%s) TO STDOUT (FORMAT binary)",
                    has_series ? " GROUP BY \"symbol\", \"timeframe\" "
                                 "ORDER BY \"symbol\" COLLATE \"C\", \"timeframe\" COLLATE \"C\""
                               : "");
    enum umm_status status = begin_reading(p, &sql, n, err);
    while (!status && is_row) {
        struct umm_db_entry entry;
        status = next_row(p, n, &is_row, err);
        if (!status && is_row)
            status = read_entry(p, time, has_series, &entry, names, err);
        if (!status && is_row)
            status = tell(user, &entry, err);
    }
    return status;
}

static const struct umm_db_engine engine = {.name = "postgresql",
                                            .has_timestamps = true,
                                            .has_any = false,
                                            .open = postgres_open,
                                            .close = postgres_close,
                                            .begin = postgres_begin,
                                            .commit = postgres_commit,
                                            .describe = postgres_describe,
                                            .create = postgres_create,
                                            .put = postgres_put,
                                            .flush = postgres_flush,
                                            .replace = postgres_replace,
                                            .scan = postgres_scan,
                                            .scan_next = postgres_scan_next,
                                            .scan_end = postgres_scan_end,
                                            .list = postgres_list};
const struct umm_db_engine *const umm_db_postgres = &engine;

#else

const struct umm_db_engine *const umm_db_postgres = NULL;

#endif
