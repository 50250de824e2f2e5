/* SPDX-License-Identifier: MIT */
#include "db/db_postgres.h"

#ifdef UMM_WITH_POSTGRES

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* What is sent at once: more is not faster, and falls out of the processor's cache. */
enum { SEND_BYTES = 128 * 1024 };

static size_t size_of(const struct umm_db_field *field)
{
    return field->column.size_bytes;
}

/* ---- rows in ---------------------------------------------------------------------------- */

/* 4714-11-24 BC: datatype/timestamp.h. The other end is beyond 64 bits from 1970. */
static const int64_t FIRST_US = INT64_C(-211813488000000000) + UMM_POSTGRES_EPOCH_US;

static enum umm_status check_time(const struct umm_postgres *p, const struct umm_db_field *field,
                                  int64_t count, struct umm_error *err)
{
    if (field->column.type != UMM_DB_TIMESTAMP || count >= FIRST_US)
        return UMM_OK;
    return umm_db_refuse_value(err, &p->db, field, "a time beyond those of timestamptz for it");
}

/* The bits that the server has for a value, in the low size_of(field) bytes. */
static uint64_t bits_of(const struct umm_db_field *field, const union umm_db_value *value)
{
    if (field->column.type == UMM_DB_TIMESTAMP)
        return (uint64_t)value->integer - UMM_POSTGRES_EPOCH_US;
    if (field->kind == UMM_DB_KIND_REAL && size_of(field) == 4) {
        const float narrow = (float)value->real;
        uint32_t bits;
        memcpy(&bits, &narrow, sizeof bits);
        return bits;
    }
    return (uint64_t)value->integer;
}

/*
 * All rows of a shape have one length, and differ in the values alone:
 *
 *     | number of fields | length, symbol | length, timeframe | length, value | length, value | ...
 *     first_bytes: -----------------------------------------> |
 */
static enum umm_status make_rows(struct umm_postgres *p, const struct umm_db_shape *shape,
                                 struct umm_error *err)
{
    struct umm_pgsender *sender = &p->sender;
    const struct umm_db_series *series = &shape->series;
    const size_t n_symbol = series->symbol ? strlen(series->symbol) : 0;
    const size_t n_timeframe = series->symbol ? strlen(series->timeframe) : 0;
    const size_t n_series = series->symbol ? 2 : 0;
    sender->first_bytes =
        UMM_COPYBINARY_ROW + n_series * UMM_COPYBINARY_FIELD + n_symbol + n_timeframe;
    sender->row_bytes = sender->first_bytes;
    for (size_t i = 0; i < shape->n_fields; i++)
        sender->row_bytes += UMM_COPYBINARY_FIELD + size_of(&shape->fields[i]);
    sender->cap_rows = sender->row_bytes < SEND_BYTES ? SEND_BYTES / sender->row_bytes : 1;
    sender->n = 0;
    free(sender->rows);
    sender->rows = malloc(sender->cap_rows * sender->row_bytes);
    if (!sender->rows)
        return umm_error_set_memory(err, sender->cap_rows * sender->row_bytes, "rows");
    char *at = umm_copybinary_put_row(sender->rows, shape->n_fields + n_series);
    if (series->symbol) {
        at = umm_copybinary_put_bytes(at, series->symbol, n_symbol);
        at = umm_copybinary_put_bytes(at, series->timeframe, n_timeframe);
    }
    for (size_t i = 0; i < shape->n_fields; i++)
        at = umm_copybinary_put_number(at, 0, size_of(&shape->fields[i]));
    for (size_t r = 1; r < sender->cap_rows; r++, at += sender->row_bytes)
        memcpy(at, sender->rows, sender->row_bytes);
    return UMM_OK;
}

static enum umm_status begin_sending(struct umm_postgres *p, const struct umm_db_shape *shape,
                                     struct umm_error *err)
{
    struct umm_textbuf sql = {.text = NULL};
    char header[UMM_COPYBINARY_HEADER];
    enum umm_status status = make_rows(p, shape, err);
    if (status)
        return status;
    umm_textbuf_add(&sql, "COPY ");
    (void)!umm_postgres_quote_table(p, &sql, shape->table, NULL); /* as it was for its columns */
    umm_textbuf_add(&sql, " (");
    umm_db_quote_fields(&sql, shape, true);
    /* Nobody else sees rows of a table that is made with them: they are written as old ones. */
    umm_textbuf_add(&sql, ") FROM STDIN (FORMAT binary%s)", p->is_keyless ? ", FREEZE" : "");
    status = umm_pgconn_send_begin(p->conn, &sql, err);
    p->sender.is_open = !status;
    umm_copybinary_put_header(header);
    return status ? status : umm_pgconn_send(p->conn, header, sizeof header, err);
}

static enum umm_status send_rows(struct umm_postgres *p, struct umm_error *err)
{
    struct umm_pgsender *sender = &p->sender;
    const size_t n_bytes = sender->n * sender->row_bytes;
    sender->n = 0;
    return umm_pgconn_send(p->conn, sender->rows, n_bytes, err);
}

/* One column of n rows: `at` is the value in the first. */
static void put_column(const struct umm_db_field *field, const union umm_db_value *value,
                       size_t n_fields, size_t n, char *at, size_t row_bytes)
{
    const uint64_t epoch = field->column.type == UMM_DB_TIMESTAMP ? UMM_POSTGRES_EPOCH_US : 0;
    if (size_of(field) == sizeof(uint64_t))
        for (size_t r = 0; r < n; r++, value += n_fields, at += row_bytes)
            umm_copybinary_put_u64(at, (uint64_t)value->integer - epoch);
    else
        for (size_t r = 0; r < n; r++, value += n_fields, at += row_bytes)
            umm_copybinary_put_number(at - UMM_COPYBINARY_FIELD, bits_of(field, value),
                                      size_of(field));
}

static enum umm_status put_rows(struct umm_postgres *p, const struct umm_db_shape *shape,
                                const union umm_db_value *rows, size_t n, struct umm_error *err)
{
    struct umm_pgsender *sender = &p->sender;
    char *at = sender->rows + sender->n * sender->row_bytes + sender->first_bytes;
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct umm_db_field *field = &shape->fields[i];
        if (field->column.type == UMM_DB_TIMESTAMP)
            for (size_t r = 0; r < n; r++) {
                enum umm_status status =
                    check_time(p, field, rows[r * shape->n_fields + i].integer, err);
                if (status)
                    return status;
            }
        at += UMM_COPYBINARY_FIELD;
        put_column(field, rows + i, shape->n_fields, n, at, sender->row_bytes);
        at += size_of(field);
    }
    sender->n += n;
    return UMM_OK;
}

enum umm_status umm_postgres_put(struct umm_db *db, const struct umm_db_shape *shape,
                                 const union umm_db_value *rows, size_t n, struct umm_error *err)
{
    struct umm_postgres *p = (struct umm_postgres *)db;
    const struct umm_pgsender *sender = &p->sender;
    enum umm_status status = sender->is_open ? UMM_OK : begin_sending(p, shape, err);
    while (!status && n) {
        const size_t room = sender->cap_rows - sender->n, n_now = n < room ? n : room;
        status = put_rows(p, shape, rows, n_now, err);
        rows += n_now * shape->n_fields;
        n -= n_now;
        if (!status && sender->n == sender->cap_rows)
            status = send_rows(p, err);
    }
    return status;
}

enum umm_status umm_postgres_flush(struct umm_db *db, const struct umm_db_shape *shape,
                                   struct umm_error *err)
{
    struct umm_postgres *p = (struct umm_postgres *)db;
    char trailer[UMM_COPYBINARY_TRAILER];
    enum umm_status status = UMM_OK;
    if (p->sender.is_open) {
        p->sender.is_open = false;
        umm_copybinary_put_trailer(trailer);
        status = send_rows(p, err);
        if (!status)
            status = umm_pgconn_send(p->conn, trailer, sizeof trailer, err);
        if (!status)
            status = umm_pgconn_send_end(p->conn, err);
    }
    return !status && p->is_keyless ? umm_postgres_add_key(p, shape, err) : status;
}

/* The parameters of one row: first symbol and timeframe, where there are any. */
struct row_params {
    struct umm_pgparams with;
    unsigned *types;
    const char **values;
    int *lengths, *formats;
    char *bytes;
    int first;
};

static void free_params(struct row_params *of)
{
    free(of->types);
    free(of->values);
    free(of->lengths);
    free(of->formats);
    free(of->bytes);
}

static enum umm_status make_params(const struct umm_postgres *p, const struct umm_db_shape *shape,
                                   const union umm_db_value *row, struct row_params *of,
                                   struct umm_error *err)
{
    const size_t n = shape->n_fields + 2;
    enum umm_status status = UMM_OK;
    *of = (struct row_params){.types = calloc(n, sizeof *of->types),
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
    }
    char *at = of->bytes;
    for (size_t i = 0; !status && i < shape->n_fields; i++) {
        const struct umm_db_field *field = &shape->fields[i];
        const size_t k = (size_t)of->first + i;
        of->types[k] = umm_postgres_oid(&field->column);
        of->values[k] = at + UMM_COPYBINARY_FIELD;
        of->lengths[k] = (int)size_of(field);
        of->formats[k] = 1;
        status = check_time(p, field, row[i].integer, err);
        at = umm_copybinary_put_number(at, bits_of(field, &row[i]), size_of(field));
    }
    of->with = (struct umm_pgparams){of->first + (int)shape->n_fields, of->types, of->values,
                                     of->lengths, of->formats};
    return status;
}

static enum umm_status change_row(struct umm_postgres *p, struct umm_textbuf *sql,
                                  const struct row_params *of, bool *is_done, struct umm_error *err)
{
    struct umm_pgrows rows;
    enum umm_status status = umm_pgconn_execute(p->conn, sql, &of->with, "replace", &rows, err);
    *is_done = !status && umm_pgrows_has_changed(&rows);
    umm_pgrows_free(&rows);
    return status;
}

static enum umm_status update_row(struct umm_postgres *p, const struct umm_db_shape *shape,
                                  const struct row_params *of, bool *is_done, struct umm_error *err)
{
    struct umm_textbuf sql = {.text = NULL};
    umm_textbuf_add(&sql, "UPDATE ");
    (void)!umm_postgres_quote_table(p, &sql, shape->table, NULL);
    umm_textbuf_add(&sql, " SET ");
    for (size_t i = 0; i < shape->n_fields; i++) {
        umm_textbuf_add(&sql, "%s", i ? ", " : "");
        umm_db_quote(&sql, shape->fields[i].column.name);
        umm_textbuf_add(&sql, " = $%d", of->first + (int)i + 1);
    }
    umm_textbuf_add(&sql, " WHERE ");
    umm_db_quote(&sql, shape->fields[shape->time].column.name);
    umm_textbuf_add(&sql, " = $%d%s", of->first + (int)shape->time + 1,
                    of->first ? " AND \"symbol\" = $1 AND \"timeframe\" = $2" : "");
    return change_row(p, &sql, of, is_done, err);
}

static enum umm_status insert_row(struct umm_postgres *p, const struct umm_db_shape *shape,
                                  const struct row_params *of, struct umm_error *err)
{
    struct umm_textbuf sql = {.text = NULL};
    bool is_done;
    umm_textbuf_add(&sql, "INSERT INTO ");
    (void)!umm_postgres_quote_table(p, &sql, shape->table, NULL);
    umm_textbuf_add(&sql, " (");
    umm_db_quote_fields(&sql, shape, true);
    umm_textbuf_add(&sql, ") VALUES (");
    for (int i = 0; i < of->with.n; i++)
        umm_textbuf_add(&sql, "%s$%d", i ? ", " : "", i + 1);
    umm_textbuf_add(&sql, ")");
    return change_row(p, &sql, of, &is_done, err);
}

enum umm_status umm_postgres_replace(struct umm_db *db, const struct umm_db_shape *shape,
                                     const union umm_db_value *row, struct umm_error *err)
{
    struct umm_postgres *p = (struct umm_postgres *)db;
    struct row_params of;
    bool is_done = false;
    enum umm_status status = make_params(p, shape, row, &of, err);
    if (!status)
        status = update_row(p, shape, &of, &is_done, err);
    if (!status && !is_done)
        status = insert_row(p, shape, &of, err);
    free_params(&of);
    return status;
}

/* ---- rows out --------------------------------------------------------------------------- */

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

static enum umm_status add_where(struct umm_postgres *p, struct umm_textbuf *sql,
                                 const struct umm_db_shape *shape, const struct umm_db_query *query,
                                 struct umm_error *err)
{
    const struct umm_db_field *time = &shape->fields[shape->time];
    enum umm_status status = UMM_OK;
    umm_textbuf_add(sql, " WHERE true");
    if (shape->series.symbol) {
        umm_textbuf_add(sql, " AND \"symbol\" = ");
        status = umm_pgconn_add_literal(p->conn, sql, shape->series.symbol, err);
        umm_textbuf_add(sql, " AND \"timeframe\" = ");
        if (!status)
            status = umm_pgconn_add_literal(p->conn, sql, shape->series.timeframe, err);
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
    for (size_t i = 0; !status && i < query->n_conditions; i++) {
        umm_textbuf_add(sql, " AND ");
        umm_db_quote(sql, query->conditions[i].column->name);
        umm_textbuf_add(sql, " = ");
        status = umm_pgconn_add_literal(p->conn, sql, query->conditions[i].value, err);
    }
    umm_textbuf_add(sql, " ORDER BY ");
    umm_db_quote(sql, time->column.name);
    umm_textbuf_add(sql, "%s", query->is_newest_first ? " DESC" : "");
    if (query->limit)
        umm_textbuf_add(sql, " LIMIT %" PRIu64, query->limit);
    return status;
}

/* Begin to read what COPY sends, of n columns. */
static enum umm_status begin_reading(struct umm_postgres *p, struct umm_textbuf *sql, size_t n,
                                     struct umm_error *err)
{
    struct umm_pgreader *reader = &p->reader;
    free(reader->cells);
    *reader = (struct umm_pgreader){.cells = calloc(n, sizeof *reader->cells)};
    if (!reader->cells) {
        umm_textbuf_free(sql);
        return umm_error_set_memory(err, n * sizeof *reader->cells, "rows");
    }
    enum umm_status status = umm_pgconn_read_begin(p->conn, sql, err);
    reader->is_open = !status;
    return status;
}

enum umm_status umm_postgres_scan(struct umm_db *db, const struct umm_db_shape *shape,
                                  const struct umm_db_query *query, struct umm_error *err)
{
    struct umm_postgres *p = (struct umm_postgres *)db;
    struct umm_textbuf sql = {.text = NULL};
    umm_textbuf_add(&sql, "COPY (SELECT ");
    umm_db_quote_fields(&sql, shape, false);
    umm_textbuf_add(&sql, " FROM ");
    (void)!umm_postgres_quote_table(p, &sql, shape->table, NULL);
    enum umm_status status = add_where(p, &sql, shape, query, err);
    umm_textbuf_add(&sql, ") TO STDOUT (FORMAT binary)");
    if (status) {
        umm_textbuf_free(&sql);
        return status;
    }
    status = begin_reading(p, &sql, shape->n_fields, err);
    p->reader.shape = shape;
    return status;
}

/* The next row of n columns, in the reader's cells. */
static enum umm_status next_row(struct umm_postgres *p, size_t n, bool *is_row,
                                struct umm_error *err)
{
    struct umm_pgreader *reader = &p->reader;
    enum umm_status status = UMM_OK;
    *is_row = false;
    while (!status && reader->is_open && !*is_row) {
        size_t len;
        if (reader->at != reader->end) {
            status = umm_copybinary_next(&reader->stream, &reader->at, reader->end, reader->cells,
                                         n, is_row, err);
            continue;
        }
        status = umm_pgconn_read(p->conn, &reader->at, &len, err);
        reader->end = reader->at + len;
        reader->is_open = !status && reader->at;
        if (!status && !reader->at && !reader->stream.is_ended)
            status = umm_error_set_path(err, UMM_ERR_DATA, p->db.shown, "rows end without an end");
    }
    return status;
}

static enum umm_status read_value(struct umm_postgres *p, const struct umm_db_field *field,
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
    if (__builtin_add_overflow(out->integer, UMM_POSTGRES_EPOCH_US, &out->integer))
        return umm_db_refuse_value(err, &p->db, field, "a time beyond 290,000 years");
    return UMM_OK;
}

enum umm_status umm_postgres_scan_next(struct umm_db *db, union umm_db_value *rows, size_t cap,
                                       size_t *n, struct umm_error *err)
{
    struct umm_postgres *p = (struct umm_postgres *)db;
    const size_t n_fields = p->reader.shape->n_fields;
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
            status = read_value(p, &p->reader.shape->fields[i], &p->reader.cells[i], &rows[i], err);
        rows += n_fields;
        *n += !status;
    }
    return status;
}

/* What is left of a scan that was limited is its end; of another one, it may be very much. */
enum umm_status umm_postgres_scan_end(struct umm_db *db, struct umm_error *err)
{
    struct umm_postgres *p = (struct umm_postgres *)db;
    bool is_row = false;
    if (!p->reader.is_open)
        return UMM_OK;
    enum umm_status status = next_row(p, p->reader.shape->n_fields, &is_row, err);
    if (is_row)
        umm_pgconn_read_stop(p->conn);
    p->reader.is_open = false;
    return status;
}

static enum umm_status read_entry(struct umm_postgres *p, const struct umm_db_field *time,
                                  bool has_series, struct umm_db_entry *entry, char *names,
                                  struct umm_error *err)
{
    union umm_db_value first, last;
    if (!p->reader.cells[0].bytes || p->reader.cells[0].len_bytes != 8)
        return umm_error_set_path(err, UMM_ERR_DATA, p->db.shown, "a count is no number");
    *entry = (struct umm_db_entry){.n_rows = (uint64_t)umm_copybinary_number(&p->reader.cells[0])};
    if (!entry->n_rows)
        return UMM_OK;
    enum umm_status status = read_value(p, time, &p->reader.cells[1], &first, err);
    if (!status)
        status = read_value(p, time, &p->reader.cells[2], &last, err);
    if (status)
        return status;
    entry->first = first.integer;
    entry->last = last.integer;
    for (size_t i = 3; has_series && i < 5; i++) {
        const struct umm_copybinary_cell *cell = &p->reader.cells[i];
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

enum umm_status umm_postgres_list(struct umm_db *db, const struct umm_db_shape *shape,
                                  enum umm_status (*tell)(void *user,
                                                          const struct umm_db_entry *entry,
                                                          struct umm_error *err),
                                  void *user, struct umm_error *err)
{
    struct umm_postgres *p = (struct umm_postgres *)db;
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
    (void)!umm_postgres_quote_table(p, &sql, shape->table, NULL);
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

#endif
