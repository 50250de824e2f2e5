/* SPDX-License-Identifier: MIT */
#include "db/pgconn.h"

#ifdef UMM_WITH_POSTGRES

#include <errno.h>
#include <libpq-fe.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "db/engine.h"
#include "sys/file.h"

struct umm_pgconn {
    PGconn *connection;
    struct umm_run *run;
    bool is_broken; /* in the middle of something: it can only be closed */
    char *piece;    /* of a COPY, libpq's */
    char shown[UMM_DB_SHOWN_MAX];
};

const char *umm_pgconn_shown(const struct umm_pgconn *conn)
{
    return conn->shown;
}

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

static enum umm_status refuse_connection(struct umm_pgconn *conn, const char *what,
                                         struct umm_error *err)
{
    char lines[UMM_ERROR_MESSAGE_MAX], shown[UMM_ERROR_MESSAGE_MAX - UMM_EXCERPT_MAX];
    first_lines(PQerrorMessage(conn->connection), lines);
    conn->is_broken = true;
    if (umm_run_is_cancelled(conn->run))
        return umm_error_set_cancelled(err);
    return umm_error_set_path(err, UMM_ERR_SYSTEM, conn->shown, "cannot %s: %s", what,
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

static enum umm_status refuse(struct umm_pgconn *conn, const PGresult *result, const char *what,
                              struct umm_error *err)
{
    char text[UMM_ERROR_MESSAGE_MAX], shown[UMM_ERROR_MESSAGE_MAX - UMM_EXCERPT_MAX];
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    if (umm_run_is_cancelled(conn->run))
        return umm_error_set_cancelled(err);
    if (!state || PQstatus(conn->connection) == CONNECTION_BAD)
        return refuse_connection(conn, what, err);
    const enum umm_status status = status_of(state);
    if (status == UMM_ERR_BUSY)
        return umm_error_set_path(err, status, conn->shown, "another process has it locked");
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    snprintf(text, sizeof text, "%s%s%s", primary ? primary : "", detail ? ": " : "",
             detail ? detail : "");
    return umm_error_set_path(err, status, conn->shown, "cannot %s: %s", what,
                              umm_db_clean(shown, sizeof shown, text));
}

/* The server is told, so that it does not wait for a lock on behalf of nobody. */
static enum umm_status stop(struct umm_pgconn *conn, enum umm_status status)
{
    char ignored[UMM_EXCERPT_MAX];
    PGcancel *cancel = PQgetCancel(conn->connection);
    if (cancel)
        (void)PQcancel(cancel, ignored, sizeof ignored);
    PQfreeCancel(cancel);
    conn->is_broken = true;
    return status;
}

static enum umm_status wait_on(struct umm_pgconn *conn, bool is_for_room, struct umm_error *err)
{
    const int fd = PQsocket(conn->connection);
    if (fd < 0)
        return refuse_connection(conn, "reach the server", err);
    enum umm_status status = umm_file_wait(fd, conn->shown, is_for_room, conn->run, err);
    if (status)
        return stop(conn, status);
    return PQconsumeInput(conn->connection) ? UMM_OK : refuse_connection(conn, "read", err);
}

static enum umm_status send_all(struct umm_pgconn *conn, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    int left = PQflush(conn->connection);
    while (!status && left > 0) {
        status = wait_on(conn, true, err);
        left = PQflush(conn->connection);
    }
    return !status && left < 0 ? refuse_connection(conn, "send", err) : status;
}

static enum umm_status next_result(struct umm_pgconn *conn, PGresult **result,
                                   struct umm_error *err)
{
    *result = NULL;
    enum umm_status status = send_all(conn, err);
    while (!status && PQisBusy(conn->connection))
        status = wait_on(conn, false, err);
    if (!status)
        *result = PQgetResult(conn->connection);
    return status;
}

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options && options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val && *options->val ? options->val : NULL;
    return NULL;
}

/* postgresql://HOST:PORT/NAME, or with ?host= for a directory of sockets. */
static void show(struct umm_pgconn *conn, const PQconninfoOption *options)
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
    umm_db_clean(conn->shown, sizeof conn->shown, text);
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

static enum umm_status read_place(struct umm_pgconn *conn, const char *place, struct umm_error *err)
{
    char *why = NULL, shown[UMM_ERROR_MESSAGE_MAX / 2];
    enum umm_status status = UMM_OK;
    snprintf(conn->shown, sizeof conn->shown, "postgresql:");
    if (!is_clear(place))
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "the URI has an @ too many: in a user or password, write characters "
                             "such as @, / and ? as %%40, %%2F and %%3F");
    PQconninfoOption *options = PQconninfoParse(place, &why);
    if (options)
        show(conn, options);
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

void umm_pgconn_close(struct umm_pgconn *conn)
{
    if (!conn)
        return;
    PQfreemem(conn->piece);
    PQfinish(conn->connection);
    free(conn);
}

enum umm_status umm_pgconn_open(const char *place, struct umm_run *run, struct umm_pgconn **out,
                                struct umm_error *err)
{
    struct umm_pgconn *conn = *out = calloc(1, sizeof *conn);
    if (!conn)
        return umm_error_set_memory(err, sizeof *conn, "a connection");
    conn->run = run;
    enum umm_status status = read_place(conn, place, err);
    if (status)
        return status;
    PQconninfoOption *defaults = PQconndefaults();
    const bool has_limit = value_of(defaults, "connect_timeout") != NULL;
    PQconninfoFree(defaults);
    /* Of two of one name the later one counts, and the place is read where it stands. */
    const char *const keywords[] = {has_limit ? "client_encoding" : "connect_timeout", "dbname",
                                    "client_encoding", "fallback_application_name", NULL};
    const char *const values[] = {has_limit ? "UTF8" : "15", place, "UTF8", "umm-db", NULL};
    conn->connection = PQconnectdbParams(keywords, values, 1);
    if (!conn->connection)
        return umm_error_set_memory(err, 0, "a connection");
    if (PQstatus(conn->connection) != CONNECTION_OK)
        return refuse_connection(conn, "connect", err);
    PQsetNoticeReceiver(conn->connection, ignore_notice, NULL);
    if (PQsetnonblocking(conn->connection, 1))
        return refuse_connection(conn, "connect", err);
    return UMM_OK;
}

/* ---- statements ------------------------------------------------------------------------- */

size_t umm_pgrows_count(const struct umm_pgrows *rows)
{
    return (size_t)PQntuples(rows->result);
}

bool umm_pgrows_has_changed(const struct umm_pgrows *rows)
{
    return strcmp(PQcmdTuples(rows->result), "0") != 0;
}

const char *umm_pgrows_text(const struct umm_pgrows *rows, size_t row, int column)
{
    return PQgetisnull(rows->result, (int)row, column) ? NULL
                                                       : PQgetvalue(rows->result, (int)row, column);
}

void umm_pgrows_free(struct umm_pgrows *rows)
{
    PQclear(rows->result);
    rows->result = NULL;
}

static enum umm_status check_connection(const struct umm_pgconn *conn, struct umm_error *err)
{
    return conn->is_broken
               ? umm_error_set_path(err, UMM_ERR_SYSTEM, conn->shown, "the connection is lost")
               : UMM_OK;
}

static enum umm_status send_steps(struct umm_pgconn *conn, const struct umm_pgstep *steps, size_t n,
                                  struct umm_error *err)
{
    enum umm_status status = check_connection(conn, err);
    if (!status && !PQenterPipelineMode(conn->connection))
        status = refuse_connection(conn, steps->what, err);
    for (size_t i = 0; !status && i < n; i++) {
        static const struct umm_pgparams none = {.n = 0};
        const struct umm_pgparams *with = steps[i].params ? steps[i].params : &none;
        if (!PQsendQueryParams(conn->connection, steps[i].sql, with->n, with->types, with->values,
                               with->lengths, with->formats, 0))
            status = refuse_connection(conn, steps[i].what, err);
    }
    if (!status && !PQpipelineSync(conn->connection))
        status = refuse_connection(conn, steps->what, err);
    return status;
}

/* What came of one step: its result, and NULL after it. */
static enum umm_status take_step(struct umm_pgconn *conn, const struct umm_pgstep *step,
                                 PGresult **result, struct umm_error *err)
{
    PGresult *after = NULL;
    enum umm_status status = next_result(conn, result, err);
    if (status)
        return status;
    const ExecStatusType class = PQresultStatus(*result);
    if (class != PGRES_COMMAND_OK && class != PGRES_TUPLES_OK && class != PGRES_PIPELINE_ABORTED)
        status = refuse(conn, *result, step->what, err);
    const enum umm_status ended =
        conn->is_broken ? UMM_OK : next_result(conn, &after, status ? NULL : err);
    PQclear(after);
    return status ? status : ended;
}

enum umm_status umm_pgconn_run(struct umm_pgconn *conn, const struct umm_pgstep *steps, size_t n,
                               struct umm_pgrows *rows, struct umm_error *err)
{
    enum umm_status first = send_steps(conn, steps, n, err);
    PGresult *result = NULL;
    for (size_t i = 0; rows && i < n; i++)
        rows[i] = (struct umm_pgrows){.result = NULL};
    for (size_t i = 0; !conn->is_broken && i < n; i++) {
        const enum umm_status status = take_step(conn, &steps[i], &result, first ? NULL : err);
        first = first ? first : status;
        if (rows)
            rows[i].result = result;
        else
            PQclear(result);
        result = NULL;
    }
    if (!conn->is_broken) {
        const enum umm_status status = next_result(conn, &result, first ? NULL : err);
        first = first ? first : status;
    }
    PQclear(result);
    if (!conn->is_broken && !PQexitPipelineMode(conn->connection)) {
        const enum umm_status status = refuse_connection(conn, steps->what, first ? NULL : err);
        first = first ? first : status;
    }
    return first;
}

enum umm_status umm_pgconn_execute(struct umm_pgconn *conn, struct umm_textbuf *sql,
                                   const struct umm_pgparams *params, const char *what,
                                   struct umm_pgrows *rows, struct umm_error *err)
{
    char *text = NULL;
    size_t len;
    enum umm_status status = umm_textbuf_take(sql, &text, &len, err);
    if (!status)
        status = umm_pgconn_run(
            conn, &(struct umm_pgstep){.sql = text, .params = params, .what = what}, 1, rows, err);
    free(text);
    return status;
}

enum umm_status umm_pgconn_add_literal(struct umm_pgconn *conn, struct umm_textbuf *sql,
                                       const char *text, struct umm_error *err)
{
    char *literal = PQescapeLiteral(conn->connection, text, strlen(text));
    if (!literal)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, conn->shown, "a name is no UTF-8");
    umm_textbuf_add(sql, "%s", literal);
    PQfreemem(literal);
    return UMM_OK;
}

/* ---- COPY --------------------------------------------------------------------------------- */

/* The end of a statement outside a pipeline: what it gave, and NULL after it. */
static enum umm_status take_end(struct umm_pgconn *conn, const char *what, struct umm_error *err)
{
    PGresult *result = NULL;
    enum umm_status status = next_result(conn, &result, err);
    const bool is_good = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!status && !is_good)
        status = refuse(conn, result, what, err);
    while (result && !conn->is_broken) {
        PQclear(result);
        const enum umm_status ended = next_result(conn, &result, status ? NULL : err);
        status = status ? status : ended;
    }
    PQclear(result);
    return status;
}

static enum umm_status begin_copy(struct umm_pgconn *conn, struct umm_textbuf *sql,
                                  ExecStatusType expected, const char *what, struct umm_error *err)
{
    char *text = NULL;
    size_t len;
    PGresult *result = NULL;
    enum umm_status status = umm_textbuf_take(sql, &text, &len, err);
    if (!status)
        status = check_connection(conn, err);
    if (!status && !PQsendQuery(conn->connection, text))
        status = refuse_connection(conn, what, err);
    free(text);
    if (!status)
        status = next_result(conn, &result, err);
    if (!status && PQresultStatus(result) != expected) {
        status = refuse(conn, result, what, err);
        if (!conn->is_broken)
            (void)!take_end(conn, what, NULL);
    }
    PQclear(result);
    return status;
}

enum umm_status umm_pgconn_send_begin(struct umm_pgconn *conn, struct umm_textbuf *sql,
                                      struct umm_error *err)
{
    return begin_copy(conn, sql, PGRES_COPY_IN, "insert", err);
}

enum umm_status umm_pgconn_send(struct umm_pgconn *conn, const char *bytes, size_t len_bytes,
                                struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    while (!status && len_bytes) {
        const size_t n = len_bytes < INT_MAX ? len_bytes : INT_MAX;
        if (PQputCopyData(conn->connection, bytes, (int)n) != 1)
            return refuse_connection(conn, "insert", err);
        bytes += n;
        len_bytes -= n;
        status = send_all(conn, err);
    }
    return status;
}

enum umm_status umm_pgconn_send_end(struct umm_pgconn *conn, struct umm_error *err)
{
    if (PQputCopyEnd(conn->connection, NULL) != 1)
        return refuse_connection(conn, "insert", err);
    return take_end(conn, "insert", err);
}

enum umm_status umm_pgconn_read_begin(struct umm_pgconn *conn, struct umm_textbuf *sql,
                                      struct umm_error *err)
{
    return begin_copy(conn, sql, PGRES_COPY_OUT, "read", err);
}

enum umm_status umm_pgconn_read(struct umm_pgconn *conn, const char **piece, size_t *len_bytes,
                                struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    int len = 0;
    *piece = NULL;
    *len_bytes = 0;
    PQfreemem(conn->piece);
    conn->piece = NULL;
    while (!status && (len = PQgetCopyData(conn->connection, &conn->piece, 1)) == 0)
        status = wait_on(conn, false, err);
    if (!status && len == -1)
        return take_end(conn, "read", err);
    if (!status && len < 0)
        status = refuse_connection(conn, "read", err);
    if (!status) {
        *piece = conn->piece;
        *len_bytes = (size_t)len;
    }
    return status;
}

void umm_pgconn_read_stop(struct umm_pgconn *conn)
{
    (void)stop(conn, UMM_OK);
}

#endif
