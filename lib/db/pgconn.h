/* SPDX-License-Identifier: MIT */
/*
 * pgconn.h - a connection to a server of PostgreSQL: statements, their rows as text, and streams of
 * COPY. The only user of libpq.
 *
 * A wait for the server ends when the run is cancelled: UMM_ERR_CANCELLED, the server is told to
 * stop, and the connection can only be closed. What the server refuses is UMM_ERR_BUSY where a lock
 * was not had in time, UMM_ERR_CONFLICT or UMM_ERR_DATA where a table or a value is at fault, else
 * UMM_ERR_SYSTEM, with its message in one line. `what` completes "cannot ..." there.
 *
 * One thread at a time has an object.
 */
#ifndef UMM_DB_PGCONN_H
#define UMM_DB_PGCONN_H

#include "text/textbuf.h"
#include "umm.h"

/* NULL is none. */
struct umm_pgconn;

/*
 * Connect: place is what psql takes, "" what the environment says. *conn must be closed in any
 * case, and run live until then.
 */
UMM_MUST_USE enum umm_status umm_pgconn_open(const char *place, struct umm_run *run,
                                             struct umm_pgconn **conn, struct umm_error *err);
void umm_pgconn_close(struct umm_pgconn *conn);

/* The place as messages have it, without user and password. */
const char *umm_pgconn_shown(const struct umm_pgconn *conn);

/* Values for $1 and so on: texts, or bytes of the types (0: of the server's choice) that are said.
 */
struct umm_pgparams {
    int n;
    const unsigned *types;
    const char *const *values;
    const int *lengths, *formats;
};

/* One statement; params may be NULL. */
struct umm_pgstep {
    const char *sql;
    const struct umm_pgparams *params;
    const char *what;
};

/* What a statement gave. All zero is nothing. */
struct umm_pgrows {
    void *result; /* private */
};

/* Rows that there are; rows that a statement has changed; a value, NULL for NULL. */
size_t umm_pgrows_count(const struct umm_pgrows *rows);
bool umm_pgrows_has_changed(const struct umm_pgrows *rows);
const char *umm_pgrows_text(const struct umm_pgrows *rows, size_t row, int column);
void umm_pgrows_free(struct umm_pgrows *rows);

/*
 * Run n statements, each after the one before, and wait once: all are sent at the beginning. After
 * one that fails none is run. rows: n of them, to be freed in any case; NULL: they are of no
 * interest.
 */
UMM_MUST_USE enum umm_status umm_pgconn_run(struct umm_pgconn *conn, const struct umm_pgstep *steps,
                                            size_t n, struct umm_pgrows *rows,
                                            struct umm_error *err);

/* Run one statement, which is freed, in the same way; rows may be NULL. */
UMM_MUST_USE enum umm_status umm_pgconn_execute(struct umm_pgconn *conn, struct umm_textbuf *sql,
                                                const struct umm_pgparams *params, const char *what,
                                                struct umm_pgrows *rows, struct umm_error *err);

/* Add the text as a literal. UMM_ERR_ARGUMENT: it is no UTF-8. */
UMM_MUST_USE enum umm_status umm_pgconn_add_literal(struct umm_pgconn *conn,
                                                    struct umm_textbuf *sql, const char *text,
                                                    struct umm_error *err);

/*
 * COPY ... FROM STDIN, whose statement is freed: bytes are sent in pieces of any size. They are
 * with the server after the end. No other statement may come between.
 */
UMM_MUST_USE enum umm_status umm_pgconn_send_begin(struct umm_pgconn *conn, struct umm_textbuf *sql,
                                                   struct umm_error *err);
UMM_MUST_USE enum umm_status umm_pgconn_send(struct umm_pgconn *conn, const char *bytes,
                                             size_t len_bytes, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_pgconn_send_end(struct umm_pgconn *conn, struct umm_error *err);

/*
 * COPY ... TO STDOUT, whose statement is freed. *piece is NULL after the last one, and good until
 * the next call. Whoever reads no further stops it, and can then only close the connection.
 */
UMM_MUST_USE enum umm_status umm_pgconn_read_begin(struct umm_pgconn *conn, struct umm_textbuf *sql,
                                                   struct umm_error *err);
UMM_MUST_USE enum umm_status umm_pgconn_read(struct umm_pgconn *conn, const char **piece,
                                             size_t *len_bytes, struct umm_error *err);
void umm_pgconn_read_stop(struct umm_pgconn *conn);

#endif
