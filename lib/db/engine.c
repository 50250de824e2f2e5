/* SPDX-License-Identifier: MIT */
#include "db/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct umm_db_column *umm_db_table_add(struct umm_db_table *table)
{
    const size_t n = table->n_columns;
    if (n == UMM_DB_COLUMNS_MAX)
        return NULL;
    struct umm_db_column *columns = realloc(table->columns, (n + 1) * sizeof *columns);
    if (!columns)
        return NULL;
    table->columns = columns;
    table->n_columns = n + 1;
    columns[n] = (struct umm_db_column){.type = UMM_DB_OTHER};
    return &columns[n];
}

void umm_db_table_free(struct umm_db_table *table)
{
    free(table->columns);
    *table = (struct umm_db_table){.is_there = false};
}

void umm_db_quote(struct umm_textbuf *sql, const char *name)
{
    umm_textbuf_add_bytes(sql, "\"", 1);
    for (const char *at = name; *at; at++) {
        if (*at == '"')
            umm_textbuf_add_bytes(sql, "\"", 1);
        umm_textbuf_add_bytes(sql, at, 1);
    }
    umm_textbuf_add_bytes(sql, "\"", 1);
}

void umm_db_quote_fields(struct umm_textbuf *sql, const struct umm_db_shape *shape, bool is_whole)
{
    if (is_whole && shape->series.symbol)
        umm_textbuf_add(sql, "\"symbol\", \"timeframe\", ");
    for (size_t i = 0; i < shape->n_fields; i++) {
        umm_textbuf_add(sql, "%s", i ? ", " : "");
        umm_db_quote(sql, shape->fields[i].column.name);
    }
}

const char *umm_db_clean(char *out, size_t cap_bytes, const char *text)
{
    size_t len = strlen(text);
    while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
        len--;
    umm_escape(out, cap_bytes, text, len);
    /* Quotes are no danger here, and names stand in them. */
    char *to = out;
    for (const char *from = out; *from; from++)
        if (from[0] != '\\' || from[1] != '"')
            *to++ = *from;
    *to = '\0';
    return out;
}

enum umm_status umm_db_refuse_value(struct umm_error *err, const struct umm_db *db,
                                    const struct umm_db_field *field, const char *what)
{
    char shown[UMM_EXCERPT_MAX];
    const char *name = field->column.name;
    return umm_error_set_path(err, UMM_ERR_DATA, db->shown, "column %s has %s, which is no %s",
                              umm_escape(shown, sizeof shown, name, strlen(name)), what,
                              field->kind == UMM_DB_KIND_TIME      ? "time"
                              : field->kind == UMM_DB_KIND_INTEGER ? "whole number"
                              : field->kind == UMM_DB_KIND_BOOL    ? "truth value"
                                                                   : "number of 8 bytes");
}
