/* SPDX-License-Identifier: MIT */
#include "db/db_postgres.h"

#ifdef UMM_WITH_POSTGRES

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { NAME_MAX_BYTES = 63 };

/* Of pg_type.h: what COPY in binary has for them is fixed. */
static const struct {
    unsigned oid;
    enum umm_db_type type;
    unsigned size_bytes;
} types[] = {{16, UMM_DB_BOOL, 1},    /* bool */
             {21, UMM_DB_INTEGER, 2}, /* int2 */
             {23, UMM_DB_INTEGER, 4}, /* int4 */
             {20, UMM_DB_INTEGER, 8}, /* int8 */
             {700, UMM_DB_REAL, 4},   /* float4 */
             {701, UMM_DB_REAL, 8},   /* float8 */
             {25, UMM_DB_TEXT, 0},    /* text */
             {1043, UMM_DB_TEXT, 0},  /* varchar */
             {1184, UMM_DB_TIMESTAMP, 8} /* timestamptz */};
enum { N_TYPES = sizeof types / sizeof *types };

unsigned umm_postgres_oid(const struct umm_db_column *column)
{
    for (size_t i = 0; i < N_TYPES; i++)
        if (types[i].type == column->type && types[i].size_bytes == column->size_bytes)
            return types[i].oid;
    return 0;
}

enum umm_status umm_postgres_quote_table(const struct umm_postgres *p, struct umm_textbuf *sql,
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

enum umm_status umm_postgres_name_text(const struct umm_postgres *p, const char *name, char **text,
                                       struct umm_error *err)
{
    struct umm_textbuf buf = {.text = NULL};
    size_t len;
    *text = NULL;
    enum umm_status status = umm_postgres_quote_table(p, &buf, name, err);
    if (!status)
        return umm_textbuf_take(&buf, text, &len, err);
    umm_textbuf_free(&buf);
    return status;
}

const char umm_postgres_describe_sql[] =
    "SELECT a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod), "
    "coalesce(d.description, ''), coalesce(a.attnum = ANY (i.indkey), false) FROM pg_attribute a "
    "LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary "
    "LEFT JOIN pg_description d ON d.objoid = a.attrelid AND d.objsubid = a.attnum "
    "AND d.classoid = 'pg_class'::regclass "
    "WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

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

static enum umm_status take_column(const struct umm_pgrows *rows, size_t row,
                                   struct umm_db_table *table, unsigned *n_series,
                                   struct umm_error *err)
{
    struct umm_db_column column = {.type = UMM_DB_OTHER};
    const char *name = umm_pgrows_text(rows, row, 0);
    const unsigned long oid = strtoul(umm_pgrows_text(rows, row, 1), NULL, 10);
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
    snprintf(column.words, sizeof column.words, "%s", umm_pgrows_text(rows, row, 2));
    read_unit(&column, umm_pgrows_text(rows, row, 3));
    column.is_key = umm_pgrows_text(rows, row, 4)[0] == 't';
    struct umm_db_column *added = umm_db_table_add(table);
    if (!added)
        return umm_error_set_memory(err, sizeof column, "columns");
    *added = column;
    return UMM_OK;
}

enum umm_status umm_postgres_take_table(const struct umm_pgrows *rows, struct umm_db_table *table,
                                        struct umm_error *err)
{
    unsigned n_series = 0;
    enum umm_status status = UMM_OK;
    umm_db_table_free(table);
    table->is_there = umm_pgrows_count(rows) > 0;
    for (size_t i = 0; !status && i < umm_pgrows_count(rows); i++)
        status = take_column(rows, i, table, &n_series, err);
    table->has_series = n_series == 2;
    return status;
}

enum umm_status umm_postgres_describe(struct umm_db *db, const char *name,
                                      struct umm_db_table *table, struct umm_error *err)
{
    struct umm_postgres *p = (struct umm_postgres *)db;
    struct umm_pgrows rows;
    char *quoted;
    enum umm_status status = umm_postgres_name_text(p, name, &quoted, err);
    if (status)
        return status;
    const struct umm_pgparams params = {.n = 1, .values = (const char *const[]){quoted}};
    const struct umm_pgstep step = {umm_postgres_describe_sql, &params, "read"};
    status = umm_pgconn_run(p->conn, &step, 1, &rows, err);
    if (!status)
        status = umm_postgres_take_table(&rows, table, err);
    umm_pgrows_free(&rows);
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

static enum umm_status comment_unit(struct umm_postgres *p, const struct umm_db_shape *shape,
                                    const struct umm_db_field *field, struct umm_error *err)
{
    struct umm_textbuf sql = {.text = NULL};
    umm_textbuf_add(&sql, "COMMENT ON COLUMN ");
    (void)!umm_postgres_quote_table(p, &sql, shape->table, NULL); /* as it was for the table */
    umm_textbuf_add(&sql, ".");
    umm_db_quote(&sql, field->column.name);
    umm_textbuf_add(&sql, " IS '%s%s'", unit_comment, umm_time_unit_name(field->column.unit));
    return umm_pgconn_execute(p->conn, &sql, NULL, "make the table", NULL, err);
}

enum umm_status umm_postgres_create(struct umm_db *db, const struct umm_db_shape *shape,
                                    struct umm_error *err)
{
    struct umm_postgres *p = (struct umm_postgres *)db;
    struct umm_textbuf sql = {.text = NULL};
    const bool has_series = shape->series.symbol != NULL;
    umm_textbuf_add(&sql, "CREATE TABLE ");
    enum umm_status status = umm_postgres_quote_table(p, &sql, shape->table, err);
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
    umm_textbuf_add(&sql, ")");
    if (status)
        umm_textbuf_free(&sql);
    else
        status = umm_pgconn_execute(p->conn, &sql, NULL, "make the table", NULL, err);
    for (size_t i = 0; !status && i < shape->n_fields; i++)
        if (shape->fields[i].kind == UMM_DB_KIND_TIME)
            status = comment_unit(p, shape, &shape->fields[i], err);
    p->is_keyless = !status;
    return status;
}

/* An index that is made of all rows at once costs less than one that each row goes into. */
enum umm_status umm_postgres_add_key(struct umm_postgres *p, const struct umm_db_shape *shape,
                                     struct umm_error *err)
{
    struct umm_textbuf sql = {.text = NULL};
    umm_textbuf_add(&sql, "ALTER TABLE ");
    (void)!umm_postgres_quote_table(p, &sql, shape->table, NULL); /* as it was for the table */
    umm_textbuf_add(&sql, " ADD PRIMARY KEY (%s",
                    shape->series.symbol ? "\"symbol\", \"timeframe\", " : "");
    umm_db_quote(&sql, shape->fields[shape->time].column.name);
    umm_textbuf_add(&sql, ")");
    enum umm_status status =
        umm_pgconn_execute(p->conn, &sql, NULL, "make the table's key", NULL, err);
    p->is_keyless = status != UMM_OK;
    return status;
}

#endif
