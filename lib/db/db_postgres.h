/* SPDX-License-Identifier: MIT */
/*
 * db_postgres.h - what the files of the engine for PostgreSQL share: connections and transactions
 * are db_postgres.c's, tables db_postgres_table.c's, rows db_postgres_rows.c's. db.h says what the
 * functions do.
 */
#ifndef UMM_DB_DB_POSTGRES_H
#define UMM_DB_DB_POSTGRES_H

#include "db/copybinary.h"
#include "db/engine.h"
#include "db/pgconn.h"

/* 2000-01-01, from which timestamptz counts. */
#define UMM_POSTGRES_EPOCH_US INT64_C(946684800000000)

/* Rows on their way to the server: copies of one row, whose values alone differ. */
struct umm_pgsender {
    bool is_open;
    char *rows;
    size_t row_bytes, n, cap_rows;
    size_t first_bytes; /* of a row, before its first value */
};

/* Rows on their way from it. */
struct umm_pgreader {
    bool is_open;
    const struct umm_db_shape *shape;
    struct umm_copybinary stream;
    struct umm_copybinary_cell *cells;
    const char *at, *end; /* of the piece that is read */
};

struct umm_postgres {
    struct umm_db db;
    struct umm_pgconn *conn;
    bool is_keyless; /* the table was made in this transaction, and has no key so far */
    struct umm_pgsender sender;
    struct umm_pgreader reader;
};

/* SCHEMA.TABLE or TABLE, quoted. UMM_ERR_ARGUMENT: PostgreSQL would cut it. */
UMM_MUST_USE enum umm_status umm_postgres_quote_table(const struct umm_postgres *p,
                                                      struct umm_textbuf *sql, const char *name,
                                                      struct umm_error *err);

/* The quoted name as a text, for to_regclass(); free it. */
UMM_MUST_USE enum umm_status umm_postgres_name_text(const struct umm_postgres *p, const char *name,
                                                    char **text, struct umm_error *err);

/* What asks for the columns of the table that $1 names so; and their table, from its answer. */
extern const char umm_postgres_describe_sql[];
UMM_MUST_USE enum umm_status umm_postgres_take_table(const struct umm_pgrows *rows,
                                                     struct umm_db_table *table,
                                                     struct umm_error *err);

enum umm_status umm_postgres_describe(struct umm_db *db, const char *name,
                                      struct umm_db_table *table, struct umm_error *err);
enum umm_status umm_postgres_create(struct umm_db *db, const struct umm_db_shape *shape,
                                    struct umm_error *err);

/* The number that pg_type.h has for the type of a column. */
unsigned umm_postgres_oid(const struct umm_db_column *column);

/* Give the table its key, when its first rows are there. */
UMM_MUST_USE enum umm_status umm_postgres_add_key(struct umm_postgres *p,
                                                  const struct umm_db_shape *shape,
                                                  struct umm_error *err);

enum umm_status umm_postgres_put(struct umm_db *db, const struct umm_db_shape *shape,
                                 const union umm_db_value *rows, size_t n, struct umm_error *err);
enum umm_status umm_postgres_flush(struct umm_db *db, const struct umm_db_shape *shape,
                                   struct umm_error *err);
enum umm_status umm_postgres_replace(struct umm_db *db, const struct umm_db_shape *shape,
                                     const union umm_db_value *row, struct umm_error *err);
enum umm_status umm_postgres_scan(struct umm_db *db, const struct umm_db_shape *shape,
                                  const struct umm_db_query *query, struct umm_error *err);
enum umm_status umm_postgres_scan_next(struct umm_db *db, union umm_db_value *rows, size_t cap,
                                       size_t *n, struct umm_error *err);
enum umm_status umm_postgres_scan_end(struct umm_db *db, struct umm_error *err);
enum umm_status umm_postgres_list(struct umm_db *db, const struct umm_db_shape *shape,
                                  enum umm_status (*tell)(void *user,
                                                          const struct umm_db_entry *entry,
                                                          struct umm_error *err),
                                  void *user, struct umm_error *err);

#endif
