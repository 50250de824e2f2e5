/* SPDX-License-Identifier: MIT */
#include "db/engine.h"

#ifdef UMM_WITH_SQLITE

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/reserved.h"
#include "sys/clock.h"
#include "sys/lockwait.h"
#include "sys/trust.h"

/* Rows of one INSERT: more are not faster, and take longer to prepare. */
enum { ROWS_PER_INSERT = 100, STEPS_PER_LOOK = 20000 };

struct sqlite {
    struct umm_db db;
    char *path;
    sqlite3 *handle;
    bool is_failing; /* locks are not waited for */
    bool was_absent; /* there was no file at the open */
    bool is_begun;   /* a change, which is not committed */
    int flags;
    uint64_t wait_begun_ns;
    sqlite3_stmt *many, *one; /* INSERT of ROWS_PER_INSERT rows, and of one */
    size_t rows_per_insert;
    sqlite3_stmt *scan;
    const struct umm_db_shape *scanned;
};

/* ---- failures ------------------------------------------------------------------------ */

static enum umm_status status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return UMM_ERR_BUSY;
    case SQLITE_NOMEM: return UMM_ERR_MEMORY;
    case SQLITE_INTERRUPT: return UMM_ERR_CANCELLED;
    case SQLITE_CONSTRAINT:
    case SQLITE_SCHEMA: return UMM_ERR_CONFLICT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return UMM_ERR_DATA;
    case SQLITE_TOOBIG:
    case SQLITE_ERROR: return UMM_ERR_ARGUMENT;
    default: return UMM_ERR_SYSTEM;
    }
}

/* errno of a failed call, where SQLite keeps it. */
static int errno_of(sqlite3 *handle, int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL: return ENOSPC;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: return sqlite3_system_errno(handle);
    default: return 0;
    }
}

static enum umm_status refuse(struct sqlite *s, int code, const char *what, struct umm_error *err)
{
    char shown[UMM_ERROR_MESSAGE_MAX / 2];
    const char *why = s->handle ? sqlite3_errmsg(s->handle) : sqlite3_errstr(code);
    const enum umm_status status = status_of(code);
    const int sys_errno = s->handle ? errno_of(s->handle, code) : 0;
    if (status == UMM_ERR_CANCELLED)
        return umm_error_set_cancelled(err);
    if (status == UMM_ERR_BUSY)
        return umm_error_set_path(err, status, s->db.shown, "another process has it locked");
    if (sys_errno)
        return umm_error_set_errno(err, sys_errno, s->db.shown, "cannot write or read");
    return umm_error_set_path(err, status, s->db.shown, "cannot %s: %s", what,
                              umm_db_clean(shown, sizeof shown, why));
}

static enum umm_status prepare(struct sqlite *s, struct umm_textbuf *sql, const char *what,
                               sqlite3_stmt **statement, struct umm_error *err)
{
    char *text = NULL;
    size_t len = 0;
    *statement = NULL;
    enum umm_status status = umm_textbuf_take(sql, &text, &len, err);
    if (status)
        return status;
    const int code = len > INT_MAX ? SQLITE_TOOBIG
                                   : sqlite3_prepare_v2(s->handle, text, (int)len, statement, NULL);
    free(text);
    return code == SQLITE_OK ? UMM_OK : refuse(s, code, what, err);
}

static enum umm_status execute(struct sqlite *s, const char *sql, const char *what,
                               struct umm_error *err)
{
    s->wait_begun_ns = umm_clock_monotonic_ns();
    const int code = sqlite3_exec(s->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? UMM_OK : refuse(s, code, what, err);
}

/* ---- opening ------------------------------------------------------------------------- */

/* Wait for whoever has the file locked, a hundredth of a second at a time. */
static int wait_on(void *user, int n_calls)
{
    enum { STEP_NS = 10 * 1000 * 1000 };
    struct sqlite *s = user;
    const uint64_t now = umm_clock_monotonic_ns();
    if (n_calls == 0)
        s->wait_begun_ns = now;
    if (s->is_failing || umm_run_is_cancelled(s->db.run) ||
        now - s->wait_begun_ns >= umm_lockwait_limit_ns(s->db.run))
        return 0;
    umm_clock_sleep_until(now + STEP_NS, s->db.run);
    return 1;
}

static int is_to_stop(void *user)
{
    return umm_run_is_cancelled(((struct sqlite *)user)->db.run);
}

/* The file and what SQLite believes beside it: none may be another user's plant. */
static enum umm_status check_trust(struct sqlite *s, struct umm_error *err)
{
    static const char *const ends[] = {"", "-journal", "-wal"};
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < sizeof ends / sizeof *ends; i++) {
        struct umm_file_info info;
        struct umm_error why = {.status = UMM_OK};
        int fd = -1;
        char *path = sqlite3_mprintf("%s%s", s->path, ends[i]);
        if (!path)
            return umm_error_set_memory(err, strlen(s->path), "a path");
        if (umm_trust_open_read(path, NULL, &fd, &info, &why) == UMM_ERR_CONFLICT) {
            status = why.status;
            if (err)
                *err = why;
        }
        umm_file_close(&fd);
        sqlite3_free(path);
    }
    return status;
}

/*
 * A change that fails leaves no empty file where there was none. While its lock is held the file is
 * empty for all: another that waits for the lock finds then that the file has moved, as SQLite
 * does by itself before it writes.
 */
static void remove_empty(struct sqlite *s)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    struct umm_file_info info;
    if (!s->was_absent || !s->is_begun)
        return;
    s->is_failing = true;
    /* Some failures have ended the transaction already. */
    if (!sqlite3_get_autocommit(s->handle))
        (void)execute(s, "ROLLBACK", "end", NULL);
    if (execute(s, "BEGIN IMMEDIATE", "end", NULL) == UMM_OK &&
        umm_file_stat(s->path, &info, NULL) == UMM_OK && info.kind == UMM_FILE_REGULAR &&
        info.size_bytes == 0)
        (void)vfs->xDelete(vfs, s->path, 0);
}

static void sqlite_close(struct umm_db *db)
{
    struct sqlite *s = (struct sqlite *)db;
    sqlite3_finalize(s->many);
    sqlite3_finalize(s->one);
    sqlite3_finalize(s->scan);
    remove_empty(s);
    /* An open transaction is rolled back. */
    sqlite3_close(s->handle);
    free(s->path);
    free(s);
}

static enum umm_status connect(struct sqlite *s, struct umm_error *err)
{
    int code = sqlite3_open_v2(s->path, &s->handle, s->flags, NULL);
    if (code == SQLITE_OK && s->db.mode != UMM_DB_READ &&
        sqlite3_db_readonly(s->handle, "main") == 1)
        return umm_error_set_errno(err, EACCES, s->db.shown, "cannot write");
    if (code == SQLITE_OK)
        code = sqlite3_busy_handler(s->handle, wait_on, s);
    if (code != SQLITE_OK && s->handle && errno_of(s->handle, code))
        return umm_error_set_errno(err, errno_of(s->handle, code), s->db.shown, "cannot open");
    if (code != SQLITE_OK)
        return refuse(s, code, "open", err);
    sqlite3_progress_handler(s->handle, STEPS_PER_LOOK, is_to_stop, s);
    return UMM_OK;
}

static enum umm_status sqlite_open(const char *place, enum umm_db_mode mode, struct umm_run *run,
                                   struct umm_db **db, struct umm_error *err)
{
    const char *file = place + strlen("sqlite:");
    struct sqlite *s = calloc(1, sizeof *s);
    if (!s)
        return umm_error_set_memory(err, sizeof *s, "a database");
    *db = &s->db;
    s->db = (struct umm_db){.engine = umm_db_sqlite, .run = run, .mode = mode};
    snprintf(s->db.shown, sizeof s->db.shown, "%s", file);
    if (!*file)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "sqlite: wants a file after it");
    const size_t cap = strlen(file) + sizeof "./";
    s->path = malloc(cap);
    if (!s->path)
        return umm_error_set_memory(err, cap, "a path");
    /* A name is a file's, also ":memory:" and "file:a?b". */
    snprintf(s->path, cap, "%s%s", file[0] == '/' ? "" : "./", file);
    enum umm_status status = check_trust(s, err);
    if (!status && mode != UMM_DB_READ)
        status = umm_reserved_check_path(file, err);
    if (status)
        return status;
    const int flags = mode == UMM_DB_READ   ? SQLITE_OPEN_READONLY
                      : mode == UMM_DB_MAKE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                            : SQLITE_OPEN_READWRITE;
    bool is_there = false;
    struct umm_file_info info;
    status = umm_file_find(s->path, &is_there, &info, err);
    if (status)
        return status;
    s->was_absent = !is_there;
    s->flags = flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    return connect(s, err);
}

/* ---- tables -------------------------------------------------------------------------- */

static const char *const unit_words[] = {[UMM_TIME_S] = "INTEGER_S",
                                         [UMM_TIME_MS] = "INTEGER_MS",
                                         [UMM_TIME_US] = "INTEGER_US",
                                         [UMM_TIME_NS] = "INTEGER_NS"};

static bool has_word(const char *upper, const char *word)
{
    return strstr(upper, word) != NULL;
}

/*
 * What a declared type means for what is stored. Source: "Datatypes In SQLite", 3.1,
 * determination of column affinity.
 */
static void read_type(struct umm_db_column *column, const char *declared)
{
    char upper[UMM_DB_TYPE_MAX];
    size_t len = 0;
    for (; len < sizeof upper - 1 && declared[len]; len++) {
        const char c = declared[len];
        upper[len] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    upper[len] = '\0';
    memcpy(column->words, declared, len);
    column->words[len] = '\0';
    column->size_bytes = 8;
    if (has_word(upper, "INT")) {
        column->type = UMM_DB_INTEGER;
        for (unsigned i = UMM_TIME_S; i <= UMM_TIME_NS; i++)
            if (strcmp(upper, unit_words[i]) == 0) {
                column->has_unit = true;
                column->unit = (enum umm_time_unit)i;
            }
    } else if (has_word(upper, "CHAR") || has_word(upper, "CLOB") || has_word(upper, "TEXT")) {
        column->type = UMM_DB_TEXT;
    } else if (!upper[0] || has_word(upper, "BLOB")) {
        column->type = UMM_DB_ANY;
        if (!upper[0])
            snprintf(column->words, sizeof column->words, "of no type");
    } else if (strcmp(upper, "BOOLEAN") == 0) {
        column->type = UMM_DB_BOOL;
    } else {
        column->type = UMM_DB_REAL;
        column->is_rounded = true;
    }
}

static enum umm_status take_column(struct sqlite *s, sqlite3_stmt *row, struct umm_db_table *table,
                                   unsigned *n_series, struct umm_error *err)
{
    const char *name = (const char *)sqlite3_column_text(row, 0);
    const char *type = (const char *)sqlite3_column_text(row, 1);
    struct umm_db_column column = {.is_key = sqlite3_column_int(row, 2) > 0};
    if (!name || !type)
        return umm_error_set_memory(err, UMM_DB_TYPE_MAX, "a column");
    table->is_there = true;
    read_type(&column, type);
    const bool is_text = column.type == UMM_DB_TEXT || column.type == UMM_DB_ANY;
    if (is_text && (strcmp(name, "symbol") == 0 || strcmp(name, "timeframe") == 0)) {
        ++*n_series;
        return UMM_OK;
    }
    if (strlen(name) >= sizeof column.name)
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, s->db.shown,
                                  "a column's name has more than %zu bytes",
                                  sizeof column.name - 1);
    memcpy(column.name, name, strlen(name) + 1);
    struct umm_db_column *added = umm_db_table_add(table);
    if (!added)
        return umm_error_set_memory(err, sizeof *added, "columns");
    *added = column;
    return UMM_OK;
}

static enum umm_status sqlite_describe(struct umm_db *db, const char *name,
                                       struct umm_db_table *table, struct umm_error *err)
{
    struct sqlite *s = (struct sqlite *)db;
    struct umm_textbuf sql = {.text = NULL};
    sqlite3_stmt *rows;
    unsigned n_series = 0;
    int code = SQLITE_OK;
    umm_textbuf_add(&sql, "SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid");
    enum umm_status status = prepare(s, &sql, "read", &rows, err);
    if (!status)
        code = sqlite3_bind_text(rows, 1, name, -1, SQLITE_STATIC);
    while (!status && code == SQLITE_OK) {
        code = sqlite3_step(rows);
        if (code != SQLITE_ROW)
            break;
        status = take_column(s, rows, table, &n_series, err);
        code = SQLITE_OK;
    }
    sqlite3_finalize(rows);
    table->has_series = n_series == 2;
    return !status && code != SQLITE_DONE ? refuse(s, code, "read", err) : status;
}

/* A number has no type: a REAL column would store -0 as 0, and NUMERIC other numbers as integers.
 */
static const char *type_word(const struct umm_db_field *field)
{
    switch (field->kind) {
    case UMM_DB_KIND_TIME: return unit_words[field->column.unit];
    case UMM_DB_KIND_INTEGER: return "INTEGER";
    case UMM_DB_KIND_BOOL: return "BOOLEAN";
    case UMM_DB_KIND_REAL: break;
    }
    return "";
}

static enum umm_status sqlite_create(struct umm_db *db, const struct umm_db_shape *shape,
                                     struct umm_error *err)
{
    struct sqlite *s = (struct sqlite *)db;
    struct umm_textbuf sql = {.text = NULL};
    sqlite3_stmt *statement;
    const bool has_series = shape->series.symbol != NULL;
    umm_textbuf_add(&sql, "CREATE TABLE ");
    umm_db_quote(&sql, shape->table);
    umm_textbuf_add(&sql, " (%s",
                    has_series ? "\"symbol\" TEXT NOT NULL, \"timeframe\" TEXT NOT NULL, " : "");
    for (size_t i = 0; i < shape->n_fields; i++) {
        umm_textbuf_add(&sql, "%s", i ? ", " : "");
        umm_db_quote(&sql, shape->fields[i].column.name);
        umm_textbuf_add(&sql, " %s%s", type_word(&shape->fields[i]),
                        i == shape->time ? " NOT NULL" : "");
    }
    umm_textbuf_add(&sql, ", PRIMARY KEY (%s", has_series ? "\"symbol\", \"timeframe\", " : "");
    umm_db_quote(&sql, shape->fields[shape->time].column.name);
    umm_textbuf_add(&sql, ")) WITHOUT ROWID");
    enum umm_status status = prepare(s, &sql, "make the table", &statement, err);
    if (status)
        return status;
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE)
        status = refuse(s, code, "make the table", err);
    sqlite3_finalize(statement);
    return status;
}

/* ---- transactions -------------------------------------------------------------------- */

/* One writer at a time has a file: the lock of the file is that of every series. */
static enum umm_status sqlite_begin(struct umm_db *db, const char *table,
                                    const struct umm_db_series *series, enum umm_lock_wait wait,
                                    struct umm_db_table *found, struct umm_error *err)
{
    struct sqlite *s = (struct sqlite *)db;
    (void)series;
    s->is_failing = wait == UMM_LOCK_FAIL;
    int has_moved = db->mode != UMM_DB_READ;
    enum umm_status status = has_moved ? UMM_OK : execute(s, "BEGIN", "begin", err);
    while (!status && has_moved) {
        status = execute(s, "BEGIN IMMEDIATE", "begin", err);
        s->is_begun = !status;
        has_moved = 0;
        (void)sqlite3_file_control(s->handle, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
        if (!status && has_moved) {
            /* Whoever had the lock has taken the file away again. */
            s->is_begun = false;
            sqlite3_close(s->handle);
            s->handle = NULL;
            status = connect(s, err);
        }
    }
    return status ? status : sqlite_describe(db, table, found, err);
}

static enum umm_status sqlite_commit(struct umm_db *db, struct umm_error *err)
{
    struct sqlite *s = (struct sqlite *)db;
    const enum umm_status status = execute(s, "COMMIT", "commit", err);
    s->is_begun = status != UMM_OK;
    return status;
}

/* ---- rows in ------------------------------------------------------------------------- */

static int bind_series(sqlite3_stmt *statement, const struct umm_db_series *series)
{
    if (!series->symbol)
        return SQLITE_OK;
    int code = sqlite3_bind_text(statement, 1, series->symbol, -1, SQLITE_STATIC);
    return code ? code : sqlite3_bind_text(statement, 2, series->timeframe, -1, SQLITE_STATIC);
}

/* Parameters 1 and 2 are the series, where there is one; the values follow. */
static int first_parameter(const struct umm_db_shape *shape)
{
    return shape->series.symbol ? 3 : 1;
}

static int bind_row(sqlite3_stmt *statement, int at, const struct umm_db_shape *shape,
                    const union umm_db_value *row)
{
    int code = SQLITE_OK;
    for (size_t i = 0; i < shape->n_fields; i++, at++)
        code |= shape->fields[i].kind == UMM_DB_KIND_REAL
                    ? sqlite3_bind_double(statement, at, row[i].real)
                    : sqlite3_bind_int64(statement, at, row[i].integer);
    return code;
}

static enum umm_status prepare_insert(struct sqlite *s, const struct umm_db_shape *shape,
                                      size_t n_rows, sqlite3_stmt **statement,
                                      struct umm_error *err)
{
    struct umm_textbuf sql = {.text = NULL};
    int at = first_parameter(shape);
    umm_textbuf_add(&sql, "INSERT INTO ");
    umm_db_quote(&sql, shape->table);
    umm_textbuf_add(&sql, " (");
    umm_db_quote_fields(&sql, shape, true);
    umm_textbuf_add(&sql, ") VALUES ");
    for (size_t r = 0; r < n_rows; r++) {
        umm_textbuf_add(&sql, "%s(%s", r ? "," : "", shape->series.symbol ? "?1,?2," : "");
        for (size_t i = 0; i < shape->n_fields; i++)
            umm_textbuf_add(&sql, "%s?%d", i ? "," : "", at++);
        umm_textbuf_add(&sql, ")");
    }
    enum umm_status status = prepare(s, &sql, "insert", statement, err);
    if (!status && bind_series(*statement, &shape->series) != SQLITE_OK)
        status = umm_error_set_memory(err, 0, "a series");
    return status;
}

static enum umm_status step_insert(struct sqlite *s, sqlite3_stmt *statement, struct umm_error *err)
{
    const int code = sqlite3_step(statement);
    const enum umm_status status = code == SQLITE_DONE ? UMM_OK : refuse(s, code, "insert", err);
    sqlite3_reset(statement);
    return status;
}

static enum umm_status sqlite_put(struct umm_db *db, const struct umm_db_shape *shape,
                                  const union umm_db_value *rows, size_t n, struct umm_error *err)
{
    struct sqlite *s = (struct sqlite *)db;
    enum umm_status status = UMM_OK;
    if (!s->one) {
        const int most = sqlite3_limit(s->handle, SQLITE_LIMIT_VARIABLE_NUMBER, -1);
        const size_t fitting = ((size_t)most - 2) / shape->n_fields;
        s->rows_per_insert = fitting < ROWS_PER_INSERT ? fitting : ROWS_PER_INSERT;
        status = prepare_insert(s, shape, 1, &s->one, err);
        if (!status)
            status = prepare_insert(s, shape, s->rows_per_insert, &s->many, err);
    }
    while (!status && n) {
        const size_t n_now = n >= s->rows_per_insert ? s->rows_per_insert : 1;
        sqlite3_stmt *statement = n_now == 1 ? s->one : s->many;
        int at = first_parameter(shape), code = SQLITE_OK;
        for (size_t r = 0; r < n_now; r++, rows += shape->n_fields, at += (int)shape->n_fields)
            code |= bind_row(statement, at, shape, rows);
        status = code ? umm_error_set_memory(err, 0, "values") : step_insert(s, statement, err);
        n -= n_now;
    }
    return status;
}

static enum umm_status sqlite_flush(struct umm_db *db, const struct umm_db_shape *shape,
                                    struct umm_error *err)
{
    struct sqlite *s = (struct sqlite *)db;
    (void)shape;
    (void)err;
    sqlite3_finalize(s->one);
    sqlite3_finalize(s->many);
    s->one = s->many = NULL;
    return UMM_OK;
}

static enum umm_status update(struct sqlite *s, const struct umm_db_shape *shape,
                              const union umm_db_value *row, bool *is_there, struct umm_error *err)
{
    struct umm_textbuf sql = {.text = NULL};
    sqlite3_stmt *statement;
    const int first = first_parameter(shape);
    umm_textbuf_add(&sql, "UPDATE ");
    umm_db_quote(&sql, shape->table);
    umm_textbuf_add(&sql, " SET ");
    for (size_t i = 0; i < shape->n_fields; i++) {
        umm_textbuf_add(&sql, "%s", i ? ", " : "");
        umm_db_quote(&sql, shape->fields[i].column.name);
        umm_textbuf_add(&sql, " = ?%d", first + (int)i);
    }
    umm_textbuf_add(&sql, " WHERE ");
    umm_db_quote(&sql, shape->fields[shape->time].column.name);
    umm_textbuf_add(&sql, " = ?%d%s", first + (int)shape->time,
                    shape->series.symbol ? " AND \"symbol\" = ?1 AND \"timeframe\" = ?2" : "");
    enum umm_status status = prepare(s, &sql, "update", &statement, err);
    if (status)
        return status;
    if (bind_series(statement, &shape->series) || bind_row(statement, first, shape, row))
        status = umm_error_set_memory(err, 0, "values");
    if (!status)
        status = step_insert(s, statement, err);
    *is_there = !status && sqlite3_changes(s->handle) > 0;
    sqlite3_finalize(statement);
    return status;
}

static enum umm_status sqlite_replace(struct umm_db *db, const struct umm_db_shape *shape,
                                      const union umm_db_value *row, struct umm_error *err)
{
    bool is_there = false;
    enum umm_status status = update((struct sqlite *)db, shape, row, &is_there, err);
    return status || is_there ? status : sqlite_put(db, shape, row, 1, err);
}

/* ---- rows out ------------------------------------------------------------------------ */

/* Parameters of a scan after those of the series. */
enum { FROM, TO, LIMIT, CONDITIONS };

/*
 * A value is a number for a column of numbers, whose type SQLite would give to a text in its own
 * way; a column of no type may have it as either.
 */
static void add_condition(struct umm_textbuf *sql, const struct umm_db_condition *condition, int at)
{
    const bool is_either = condition->column->type == UMM_DB_ANY;
    umm_textbuf_add(sql, "%s", is_either ? "(" : "");
    umm_db_quote(sql, condition->column->name);
    umm_textbuf_add(sql, " = ?%d", at);
    if (is_either) {
        umm_textbuf_add(sql, " OR ");
        umm_db_quote(sql, condition->column->name);
        umm_textbuf_add(sql, " = ?%d)", at + 1);
    }
}

static enum umm_status bind_condition(struct sqlite *s, const struct umm_db_condition *condition,
                                      int at, struct umm_error *err)
{
    const enum umm_db_type type = condition->column->type;
    const size_t len = strlen(condition->value);
    char name[UMM_EXCERPT_MAX], value[UMM_EXCERPT_MAX];
    int64_t whole;
    double real;
    int code = SQLITE_OK;
    const bool is_whole = umm_num_parse_i64(condition->value, len, '.', &whole) == UMM_NUM_OK;
    const bool is_real =
        umm_num_parse_f64(condition->value, len, '.', &real) == UMM_NUM_OK && !isnan(real);
    if (type != UMM_DB_TEXT && is_whole)
        code = sqlite3_bind_int64(s->scan, at, whole);
    else if (type != UMM_DB_TEXT && is_real)
        code = sqlite3_bind_double(s->scan, at, real);
    else if (type != UMM_DB_TEXT && type != UMM_DB_ANY)
        return umm_error_set_path(
            err, UMM_ERR_DATA, s->db.shown, "column %s has numbers, and \"%s\" is none",
            umm_escape(name, sizeof name, condition->column->name, strlen(condition->column->name)),
            umm_escape(value, sizeof value, condition->value, len));
    else
        code = sqlite3_bind_text(s->scan, at, condition->value, -1, SQLITE_STATIC);
    if (code == SQLITE_OK && type == UMM_DB_ANY)
        code = sqlite3_bind_text(s->scan, at + 1, condition->value, -1, SQLITE_STATIC);
    return code ? umm_error_set_memory(err, 0, "values") : UMM_OK;
}

static enum umm_status bind_scan(struct sqlite *s, const struct umm_db_shape *shape,
                                 const struct umm_db_query *query, struct umm_error *err)
{
    const int first = first_parameter(shape);
    enum umm_status status = UMM_OK;
    int code = bind_series(s->scan, &shape->series);
    if (query->has_from)
        code |= sqlite3_bind_int64(s->scan, first + FROM, query->from);
    if (query->has_to)
        code |= sqlite3_bind_int64(s->scan, first + TO, query->to);
    if (query->limit)
        code |= sqlite3_bind_int64(s->scan, first + LIMIT, (int64_t)query->limit);
    if (code)
        return umm_error_set_memory(err, 0, "values");
    for (size_t i = 0; !status && i < query->n_conditions; i++)
        status = bind_condition(s, &query->conditions[i], first + CONDITIONS + 2 * (int)i, err);
    return status;
}

static enum umm_status sqlite_scan(struct umm_db *db, const struct umm_db_shape *shape,
                                   const struct umm_db_query *query, struct umm_error *err)
{
    struct sqlite *s = (struct sqlite *)db;
    struct umm_textbuf sql = {.text = NULL};
    const char *time = shape->fields[shape->time].column.name, *word = " WHERE ";
    const int first = first_parameter(shape);
    umm_textbuf_add(&sql, "SELECT ");
    umm_db_quote_fields(&sql, shape, false);
    umm_textbuf_add(&sql, " FROM ");
    umm_db_quote(&sql, shape->table);
    if (shape->series.symbol) {
        umm_textbuf_add(&sql, " WHERE \"symbol\" = ?1 AND \"timeframe\" = ?2");
        word = " AND ";
    }
    if (query->has_from) {
        umm_textbuf_add(&sql, "%s", word);
        umm_db_quote(&sql, time);
        umm_textbuf_add(&sql, " >= ?%d", first + FROM);
        word = " AND ";
    }
    if (query->has_to) {
        umm_textbuf_add(&sql, "%s", word);
        umm_db_quote(&sql, time);
        umm_textbuf_add(&sql, " < ?%d", first + TO);
        word = " AND ";
    }
    for (size_t i = 0; i < query->n_conditions; i++, word = " AND ") {
        umm_textbuf_add(&sql, "%s", word);
        add_condition(&sql, &query->conditions[i], first + CONDITIONS + 2 * (int)i);
    }
    umm_textbuf_add(&sql, " ORDER BY ");
    umm_db_quote(&sql, time);
    umm_textbuf_add(&sql, "%s", query->is_newest_first ? " DESC" : "");
    if (query->limit)
        umm_textbuf_add(&sql, " LIMIT ?%d", first + LIMIT);
    enum umm_status status = prepare(s, &sql, "read", &s->scan, err);
    s->scanned = shape;
    return status ? status : bind_scan(s, shape, query, err);
}

static const char *class_words(int class)
{
    switch (class) {
    case SQLITE_NULL: return "NULL";
    case SQLITE_TEXT: return "a text";
    case SQLITE_BLOB: return "a BLOB";
    case SQLITE_FLOAT: return "a fraction";
    default: return "an integer beyond 2^53";
    }
}

static enum umm_status read_value(struct sqlite *s, int at, const struct umm_db_field *field,
                                  union umm_db_value *out, struct umm_error *err)
{
    const int64_t exact = INT64_C(1) << 53;
    const int class = sqlite3_column_type(s->scan, at);
    if (field->kind == UMM_DB_KIND_REAL && class == SQLITE_FLOAT) {
        out->real = sqlite3_column_double(s->scan, at);
        return UMM_OK;
    }
    if (field->kind == UMM_DB_KIND_REAL && class == SQLITE_NULL) {
        out->real = (double)NAN;
        return UMM_OK;
    }
    if (class == SQLITE_INTEGER) {
        const int64_t value = sqlite3_column_int64(s->scan, at);
        const bool is_real = field->kind == UMM_DB_KIND_REAL;
        if (is_real && (value > exact || value < -exact))
            return umm_db_refuse_value(err, &s->db, field, class_words(class));
        if (field->kind == UMM_DB_KIND_BOOL && value != 0 && value != 1)
            return umm_db_refuse_value(err, &s->db, field, "a number other than 0 and 1");
        if (is_real)
            out->real = (double)value;
        else
            out->integer = value;
        return UMM_OK;
    }
    return umm_db_refuse_value(err, &s->db, field, class_words(class));
}

static enum umm_status sqlite_scan_next(struct umm_db *db, union umm_db_value *rows, size_t cap,
                                        size_t *n, struct umm_error *err)
{
    struct sqlite *s = (struct sqlite *)db;
    const size_t n_fields = s->scanned->n_fields;
    enum umm_status status = UMM_OK;
    *n = 0;
    if (umm_run_is_cancelled(db->run))
        return umm_error_set_cancelled(err);
    while (s->scan && !status && *n < cap) {
        const int code = sqlite3_step(s->scan);
        if (code == SQLITE_DONE) {
            sqlite3_finalize(s->scan); /* a further step would begin again */
            s->scan = NULL;
            return UMM_OK;
        }
        if (code != SQLITE_ROW)
            return refuse(s, code, "read", err);
        for (size_t i = 0; !status && i < n_fields; i++)
            status = read_value(s, (int)i, &s->scanned->fields[i], &rows[i], err);
        rows += n_fields;
        *n += !status;
    }
    return status;
}

static enum umm_status sqlite_scan_end(struct umm_db *db, struct umm_error *err)
{
    struct sqlite *s = (struct sqlite *)db;
    (void)err;
    sqlite3_finalize(s->scan);
    s->scan = NULL;
    return UMM_OK;
}

static enum umm_status sqlite_list(struct umm_db *db, const struct umm_db_shape *shape,
                                   enum umm_status (*tell)(void *user,
                                                           const struct umm_db_entry *entry,
                                                           struct umm_error *err),
                                   void *user, struct umm_error *err)
{
    struct sqlite *s = (struct sqlite *)db;
    struct umm_textbuf sql = {.text = NULL};
    sqlite3_stmt *rows;
    const struct umm_db_field *time = &shape->fields[shape->time];
    const bool has_series = shape->series.symbol != NULL;
    umm_textbuf_add(&sql, "SELECT count(*), min(");
    umm_db_quote(&sql, time->column.name);
    umm_textbuf_add(&sql, "), max(");
    umm_db_quote(&sql, time->column.name);
    umm_textbuf_add(&sql, ")%s FROM ", has_series ? ", \"symbol\", \"timeframe\"" : "");
    umm_db_quote(&sql, shape->table);
    if (has_series)
        umm_textbuf_add(&sql,
                        " GROUP BY \"symbol\", \"timeframe\" ORDER BY \"symbol\", \"timeframe\"");
    enum umm_status status = prepare(s, &sql, "read", &rows, err);
    while (!status) {
        const int code = sqlite3_step(rows);
        if (code == SQLITE_DONE)
            break;
        if (code != SQLITE_ROW) {
            status = refuse(s, code, "read", err);
            break;
        }
        struct umm_db_entry entry = {.n_rows = (uint64_t)sqlite3_column_int64(rows, 0),
                                     .first = sqlite3_column_int64(rows, 1),
                                     .last = sqlite3_column_int64(rows, 2)};
        for (int i = 1; !status && entry.n_rows && i <= 2; i++)
            if (sqlite3_column_type(rows, i) != SQLITE_INTEGER)
                status =
                    umm_db_refuse_value(err, db, time, class_words(sqlite3_column_type(rows, i)));
        if (has_series) {
            entry.symbol = (const char *)sqlite3_column_text(rows, 3);
            entry.timeframe = (const char *)sqlite3_column_text(rows, 4);
            if (!entry.symbol || !entry.timeframe)
                status = umm_error_set_path(err, UMM_ERR_DATA, db->shown, "a series has no name");
        }
        if (!status)
            status = tell(user, &entry, err);
    }
    sqlite3_finalize(rows);
    return status;
}

static const struct umm_db_engine engine = {.name = "sqlite",
                                            .has_timestamps = false,
                                            .has_any = true,
                                            .open = sqlite_open,
                                            .close = sqlite_close,
                                            .begin = sqlite_begin,
                                            .commit = sqlite_commit,
                                            .describe = sqlite_describe,
                                            .create = sqlite_create,
                                            .put = sqlite_put,
                                            .flush = sqlite_flush,
                                            .replace = sqlite_replace,
                                            .scan = sqlite_scan,
                                            .scan_next = sqlite_scan_next,
                                            .scan_end = sqlite_scan_end,
                                            .list = sqlite_list};
const struct umm_db_engine *const umm_db_sqlite = &engine;

#else

const struct umm_db_engine *const umm_db_sqlite = NULL;

#endif
