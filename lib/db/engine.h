/* SPDX-License-Identifier: MIT */
/*
 * engine.h - what a kind of database does for db.h, whose functions say what each of these is.
 *
 * An engine's object begins with struct umm_db.
 */
#ifndef UMM_DB_ENGINE_H
#define UMM_DB_ENGINE_H

#include "db/db.h"
#include "text/textbuf.h"
#include "umm.h"

enum { UMM_DB_SHOWN_MAX = 320 };

struct umm_db_engine {
    const char *name;
    bool has_timestamps, has_any;
    enum umm_status (*open)(const char *place, enum umm_db_mode mode, struct umm_run *run,
                            struct umm_db **db, struct umm_error *err);
    void (*close)(struct umm_db *db);
    enum umm_status (*begin)(struct umm_db *db, const char *table,
                             const struct umm_db_series *series, enum umm_lock_wait wait,
                             struct umm_db_table *found, struct umm_error *err);
    enum umm_status (*commit)(struct umm_db *db, struct umm_error *err);
    enum umm_status (*describe)(struct umm_db *db, const char *name, struct umm_db_table *table,
                                struct umm_error *err);
    enum umm_status (*create)(struct umm_db *db, const struct umm_db_shape *shape,
                              struct umm_error *err);
    enum umm_status (*put)(struct umm_db *db, const struct umm_db_shape *shape,
                           const union umm_db_value *rows, size_t n, struct umm_error *err);
    enum umm_status (*flush)(struct umm_db *db, const struct umm_db_shape *shape,
                             struct umm_error *err);
    enum umm_status (*replace)(struct umm_db *db, const struct umm_db_shape *shape,
                               const union umm_db_value *row, struct umm_error *err);
    enum umm_status (*scan)(struct umm_db *db, const struct umm_db_shape *shape,
                            const struct umm_db_query *query, struct umm_error *err);
    enum umm_status (*scan_next)(struct umm_db *db, union umm_db_value *rows, size_t cap, size_t *n,
                                 struct umm_error *err);
    enum umm_status (*scan_end)(struct umm_db *db, struct umm_error *err);
    enum umm_status (*list)(struct umm_db *db, const struct umm_db_shape *shape,
                            enum umm_status (*tell)(void *user, const struct umm_db_entry *entry,
                                                    struct umm_error *err),
                            void *user, struct umm_error *err);
};

struct umm_db {
    const struct umm_db_engine *engine;
    struct umm_run *run;
    enum umm_db_mode mode;
    char shown[UMM_DB_SHOWN_MAX]; /* the place, without a password */
};

/* NULL in a build without the library. */
extern const struct umm_db_engine *const umm_db_sqlite, *const umm_db_postgres;

/* Room for one more column of a table; NULL when memory ends or the table has too many. */
struct umm_db_column *umm_db_table_add(struct umm_db_table *table);

/* The name as an identifier of SQL, in double quotes. */
void umm_db_quote(struct umm_textbuf *sql, const char *name);

/* "a", "b", ...: the fields' columns; symbol and timeframe before them if is_whole. */
void umm_db_quote_fields(struct umm_textbuf *sql, const struct umm_db_shape *shape, bool is_whole);

/* What a database says, in one line that is safe to print; cut to cap_bytes. Returns out. */
const char *umm_db_clean(char *out, size_t cap_bytes, const char *text);

/* UMM_ERR_DATA: what a row has in a column is not what the field is. */
enum umm_status umm_db_refuse_value(struct umm_error *err, const struct umm_db *db,
                                    const struct umm_db_field *field, const char *what);

#endif
