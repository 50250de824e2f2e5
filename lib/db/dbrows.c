/* SPDX-License-Identifier: MIT */
#include "db/dbrows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "db/dbrows_type.h"

/* ---- times ---------------------------------------------------------------------------- */

struct umm_time umm_dbrows_instant(const struct umm_dbrows *rows, int64_t count)
{
    return umm_time_from_unit(count, umm_db_field_unit(&rows->fields[rows->time]));
}

int64_t umm_dbrows_bound(const struct umm_db_field *field, const struct umm_time *time)
{
    const enum umm_time_unit unit = umm_db_field_unit(field);
    const struct umm_time lowest = umm_time_from_unit(INT64_MIN, unit);
    const struct umm_time highest = umm_time_from_unit(INT64_MAX, unit);
    static const int64_t per_s[] = {[UMM_TIME_S] = 1,
                                    [UMM_TIME_MS] = 1000,
                                    [UMM_TIME_US] = 1000000,
                                    [UMM_TIME_NS] = 1000000000};
    if (umm_arraycolumn_compare(time, &lowest) <= 0)
        return INT64_MIN;
    if (umm_arraycolumn_compare(time, &highest) >= 0)
        return INT64_MAX;
    const int64_t step_ns = per_s[UMM_TIME_NS] / per_s[unit];
    struct umm_time up = *time;
    up.nsec = (int32_t)((up.nsec + step_ns - 1) / step_ns * step_ns);
    if (up.nsec == per_s[UMM_TIME_NS]) {
        up.nsec = 0;
        up.sec++;
    }
    int64_t count = INT64_MAX;
    (void)!umm_time_to_unit(up, unit, &count);
    return count;
}

/* ---- a list of columns ------------------------------------------------------------------ */

/* One of the list: the array's column and the table's. */
struct pair {
    char array[UMM_NPY_NAME_MAX], table[UMM_NPY_NAME_MAX];
};

struct list {
    struct pair *pairs;
    size_t n;
};

static bool copy_name(char out[UMM_NPY_NAME_MAX], const char *text, size_t len)
{
    if (len == 0 || len >= UMM_NPY_NAME_MAX)
        return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

static enum umm_status read_list(const char *text, struct list *list, struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    size_t n = 1;
    for (const char *at = text; *at; at++)
        n += *at == ',';
    *list = (struct list){.pairs = calloc(n, sizeof *list->pairs)};
    if (!list->pairs)
        return umm_error_set_memory(err, n * sizeof *list->pairs, "columns");
    for (const char *at = text; list->n < n; list->n++) {
        const size_t len = strcspn(at, ","), name = strcspn(at, "=,");
        struct pair *pair = &list->pairs[list->n];
        const bool has_both = name < len;
        if (!copy_name(pair->array, at, name) ||
            !copy_name(pair->table, has_both ? at + name + 1 : at,
                       has_both ? len - name - 1 : name))
            return umm_error_set(err, UMM_ERR_ARGUMENT, "no list of NAME or NAME=COLUMN: \"%s\"",
                                 umm_escape(shown, sizeof shown, text, strlen(text)));
        for (size_t i = 0; i < list->n; i++)
            if (strcmp(list->pairs[i].table, pair->table) == 0 ||
                strcmp(list->pairs[i].array, pair->array) == 0)
                return umm_error_set(err, UMM_ERR_ARGUMENT, "a column is there twice: \"%s\"",
                                     umm_escape(shown, sizeof shown, text, strlen(text)));
        at += len + 1;
    }
    return UMM_OK;
}

static enum umm_status list_array(const struct umm_npy *npy, struct list *list,
                                  struct umm_error *err)
{
    const uint64_t n = umm_arraycolumn_count(npy);
    *list = (struct list){.pairs = NULL};
    if (n == 0 || n > UMM_DB_COLUMNS_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "the array has %s columns",
                             n ? "too many" : "no");
    list->pairs = calloc((size_t)n, sizeof *list->pairs);
    if (!list->pairs)
        return umm_error_set_memory(err, (size_t)n * sizeof *list->pairs, "columns");
    for (; list->n < n; list->n++) {
        struct umm_arraycolumn column;
        umm_arraycolumn_get(npy, list->n, &column);
        if (!column.name[0])
            return umm_error_hint(
                err, umm_error_set(err, UMM_ERR_DATA, "the array's columns have no names"),
                UMM_HINT_DB_COLUMNS);
        snprintf(list->pairs[list->n].array, UMM_NPY_NAME_MAX, "%s", column.name);
        snprintf(list->pairs[list->n].table, UMM_NPY_NAME_MAX, "%s", column.name);
    }
    return UMM_OK;
}

/* ---- columns that belong together ------------------------------------------------------- */

static const struct umm_db_column *find_column(const struct umm_db_table *table, const char *name)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    return NULL;
}

/* "a, b, c", cut where it is long. */
static const char *name_columns(const struct umm_db_table *table, char out[UMM_ERROR_MESSAGE_MAX])
{
    char shown[UMM_EXCERPT_MAX];
    out[0] = '\0';
    for (size_t i = 0; i < table->n_columns; i++) {
        const char *name = table->columns[i].name;
        umm_line_add(out, UMM_ERROR_MESSAGE_MAX / 2, "%s%s", i ? ", " : "",
                     umm_escape(shown, sizeof shown, name, strlen(name)));
    }
    return out;
}

static enum umm_status refuse_name(struct umm_error *err, const char *format_of, const char *name,
                                   const struct umm_db_table *table)
{
    char shown[UMM_EXCERPT_MAX], list[UMM_ERROR_MESSAGE_MAX];
    umm_escape(shown, sizeof shown, name, strlen(name));
    if (table)
        umm_error_set(err, UMM_ERR_CONFLICT, "%s %s; it has %s", format_of, shown,
                      name_columns(table, list));
    else
        umm_error_set(err, UMM_ERR_CONFLICT, "%s %s", format_of, shown);
    return umm_error_hint(err, UMM_ERR_CONFLICT, UMM_HINT_DB_COLUMNS);
}

/* The array's column of that name, or of that number where it has no such name. */
static enum umm_status find_array(const struct umm_npy *npy, const char *name, uint64_t *index,
                                  struct umm_error *err)
{
    uint64_t number = 0;
    size_t n_digits = 0;
    if (umm_arraycolumn_find(npy, name, index, NULL) == UMM_OK)
        return UMM_OK;
    while (name[n_digits] >= '0' && name[n_digits] <= '9' && n_digits < 6)
        number = number * 10 + (uint64_t)(name[n_digits++] - '0');
    if (n_digits && !name[n_digits] && number < umm_arraycolumn_count(npy)) {
        *index = number;
        return UMM_OK;
    }
    return umm_arraycolumn_find(npy, name, index, err);
}

static enum umm_status refuse_types(struct umm_error *err, const struct umm_npy_type *type,
                                    const struct umm_db_column *column)
{
    char shown[UMM_EXCERPT_MAX], words[UMM_EXCERPT_MAX], text[UMM_NPY_TYPE_TEXT_MAX];
    umm_npy_type_text(type, text);
    return umm_error_set(err, UMM_ERR_CONFLICT, "column %s is %s in the array and %s in the table",
                         umm_escape(shown, sizeof shown, column->name, strlen(column->name)), text,
                         umm_escape(words, sizeof words, column->words, strlen(column->words)));
}

static enum umm_status refuse_time(struct umm_error *err, const struct umm_db_column *column)
{
    char shown[UMM_EXCERPT_MAX], words[UMM_EXCERPT_MAX];
    return umm_error_set(err, UMM_ERR_CONFLICT,
                         "column %s is %s in the table, and times go only to whole numbers or, in "
                         "PostgreSQL, to timestamptz",
                         umm_escape(shown, sizeof shown, column->name, strlen(column->name)),
                         umm_escape(words, sizeof words, column->words, strlen(column->words)));
}

/* What an array's column is; a time may also be a number. */
static bool kind_of(const struct umm_arraycolumn *column, bool is_time, enum umm_db_kind *kind)
{
    const char type = column->type.kind;
    if (is_time || type == 'M')
        *kind = UMM_DB_KIND_TIME;
    else if (type == 'f' && column->type.size_bytes <= sizeof(double))
        *kind = UMM_DB_KIND_REAL;
    else if (type == 'i' || type == 'u')
        *kind = UMM_DB_KIND_INTEGER;
    else if (type == 'b')
        *kind = UMM_DB_KIND_BOOL;
    else
        return false;
    return true;
}

/* Whether the values of that kind can be in a column of that type. */
static bool suits(enum umm_db_kind kind, enum umm_db_type type)
{
    if (type == UMM_DB_ANY)
        return true;
    switch (kind) {
    case UMM_DB_KIND_TIME: return type == UMM_DB_TIMESTAMP || type == UMM_DB_INTEGER;
    case UMM_DB_KIND_REAL: return type == UMM_DB_REAL;
    case UMM_DB_KIND_INTEGER: return type == UMM_DB_INTEGER;
    case UMM_DB_KIND_BOOL: return type == UMM_DB_BOOL;
    }
    return false;
}

static enum umm_status refuse_unit(struct umm_error *err, const struct umm_db_column *column)
{
    char shown[UMM_EXCERPT_MAX];
    umm_error_set(
        err, UMM_ERR_CONFLICT,
        "column %s has whole numbers for times, and the table does not say what they count",
        umm_escape(shown, sizeof shown, column->name, strlen(column->name)));
    return umm_error_hint(err, UMM_ERR_CONFLICT, UMM_HINT_DB_UNIT);
}

/* The unit of the counts of a time's column that is there, unless it holds instants. */
static enum umm_status settle_unit(struct umm_db_field *field,
                                   const struct umm_dbrows_options *options, struct umm_error *err)
{
    struct umm_db_column *column = &field->column;
    if (field->kind != UMM_DB_KIND_TIME || column->type == UMM_DB_TIMESTAMP || column->has_unit)
        return UMM_OK;
    if (!options->has_unit)
        return refuse_unit(err, column);
    column->has_unit = column->is_unit_given = true;
    column->unit = options->unit;
    return UMM_OK;
}

enum umm_status umm_dbrows_check_times(const struct umm_db_field *fields, size_t n_fields,
                                       const union umm_db_value *rows, size_t n,
                                       struct umm_error *err)
{
    for (size_t i = 0; i < n_fields; i++) {
        const struct umm_db_column *column = &fields[i].column;
        char shown[UMM_EXCERPT_MAX];
        for (size_t r = 0; column->is_unit_given && r < n; r++) {
            const int64_t count = rows[r * n_fields + i].integer;
            const int64_t sec = umm_time_from_unit(count, column->unit).sec;
            if (sec >= UMM_TIME_SEC_MIN && sec <= UMM_TIME_SEC_MAX)
                continue;
            umm_error_set(err, UMM_ERR_DATA,
                          "column %s has %" PRId64 ", which is no time in %s: its year is not "
                          "1 to 9999",
                          umm_escape(shown, sizeof shown, column->name, strlen(column->name)),
                          count, umm_time_unit_name(column->unit));
            return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_DB_UNIT);
        }
    }
    return UMM_OK;
}

/* The column that a new table has for it. */
static void invent(struct umm_db_field *field, const struct umm_arraycolumn *array,
                   const struct umm_db *db, const struct umm_dbrows_options *options)
{
    struct umm_db_column *column = &field->column;
    const bool has_any = umm_db_has_any(db);
    column->size_bytes = array->type.size_bytes;
    switch (field->kind) {
    case UMM_DB_KIND_TIME:
        column->type =
            umm_db_has_timestamps(db) && !options->is_counted ? UMM_DB_TIMESTAMP : UMM_DB_INTEGER;
        column->size_bytes = 8;
        column->has_unit = true;
        column->unit = UMM_TIME_MS;
        if (array->type.kind == 'M' && !umm_dbrows_unit_of(&array->type, &column->unit))
            column->unit = UMM_TIME_S;
        break;
    case UMM_DB_KIND_REAL:
        column->type = has_any ? UMM_DB_ANY : UMM_DB_REAL;
        if (array->type.size_bytes < 4)
            column->size_bytes = 4;
        break;
    case UMM_DB_KIND_INTEGER:
        column->type = UMM_DB_INTEGER;
        /* There are no unsigned ones: the next size holds them. */
        if (array->type.kind == 'u' && column->size_bytes < 8)
            column->size_bytes *= 2;
        if (column->size_bytes < 2)
            column->size_bytes = 2;
        break;
    case UMM_DB_KIND_BOOL: column->type = UMM_DB_BOOL; break;
    }
}

static enum umm_status bind_one(struct umm_dbrows *rows, const struct umm_npy *npy, uint64_t time,
                                const struct pair *pair, const struct umm_db *db,
                                const struct umm_db_table *table,
                                const struct umm_dbrows_options *options, struct umm_error *err)
{
    struct umm_arraycolumn *array = &rows->columns[rows->n];
    struct umm_db_field *field = &rows->fields[rows->n];
    uint64_t index;
    char text[UMM_NPY_TYPE_TEXT_MAX], shown[UMM_EXCERPT_MAX];
    enum umm_status status = find_array(npy, pair->array, &index, err);
    if (status)
        return status;
    umm_arraycolumn_get(npy, index, array);
    if (index == time)
        rows->time = rows->n;
    rows->n++;
    if (!kind_of(array, index == time, &field->kind)) {
        umm_npy_type_text(&array->type, text);
        return umm_error_set(
            err, UMM_ERR_UNSUPPORTED, "column %s is %s, which tables do not hold here",
            umm_escape(shown, sizeof shown, pair->array, strlen(pair->array)), text);
    }
    if (!table->is_there) {
        snprintf(field->column.name, sizeof field->column.name, "%s", pair->table);
        invent(field, array, db, options);
        return UMM_OK;
    }
    const struct umm_db_column *column = find_column(table, pair->table);
    if (!column)
        return refuse_name(err, "the table has no column", pair->table, table);
    field->column = *column;
    if (!suits(field->kind, column->type))
        return field->kind == UMM_DB_KIND_TIME ? refuse_time(err, column)
                                               : refuse_types(err, &array->type, column);
    return settle_unit(field, options, err);
}

/* What the table has and nothing is sent for, where no list says that it may be so. */
static enum umm_status check_rest(const struct umm_dbrows *rows, const struct umm_db_table *table,
                                  struct umm_error *err)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        bool is_bound = false;
        for (size_t j = 0; j < rows->n; j++)
            is_bound |= strcmp(rows->fields[j].column.name, table->columns[i].name) == 0;
        if (!is_bound)
            return refuse_name(err, "the array has nothing for the table's column",
                               table->columns[i].name, NULL);
    }
    return UMM_OK;
}

enum umm_status umm_dbrows_condition(const struct umm_db_table *table, const char *text,
                                     struct umm_db_condition *condition, struct umm_error *err)
{
    char name[UMM_NPY_NAME_MAX] = "", shown[UMM_EXCERPT_MAX];
    const size_t len = strcspn(text, "=");
    if (!text[len] || !copy_name(name, text, len))
        return umm_error_set(err, UMM_ERR_ARGUMENT, "no COLUMN=VALUE: \"%s\"",
                             umm_escape(shown, sizeof shown, text, strlen(text)));
    *condition = (struct umm_db_condition){find_column(table, name), text + len + 1};
    if (condition->column)
        return UMM_OK;
    return umm_error_hint(err, refuse_name(err, "the table has no column", name, table),
                          UMM_HINT_NONE);
}

/* ---- binding ---------------------------------------------------------------------------- */

static enum umm_status allocate(struct umm_dbrows *rows, size_t n, struct umm_error *err)
{
    rows->fields = calloc(n, sizeof *rows->fields);
    rows->columns = calloc(n, sizeof *rows->columns);
    rows->reals = malloc(UMM_DBROWS_BLOCK * sizeof *rows->reals);
    return rows->fields && rows->columns && rows->reals
               ? UMM_OK
               : umm_error_set_memory(err, n * sizeof *rows->fields, "columns");
}

/* A row of values as a record: whole numbers and doubles of 8 bytes. */
static enum umm_status describe_values(struct umm_dbrows *rows, struct umm_error *err)
{
    struct umm_npy_type type = {.is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
                                .size_bytes = 8};
    enum umm_status status = UMM_OK;
    rows->values.n_dims = 1;
    for (size_t i = 0; !status && i < rows->n; i++) {
        type.kind = rows->fields[i].kind == UMM_DB_KIND_REAL ? 'f' : 'i';
        status = umm_npy_add_field(&rows->values, rows->fields[i].column.name, &type, err);
    }
    return status;
}

enum umm_status umm_dbrows_bind(struct umm_dbrows *rows, const struct umm_npy *npy,
                                const struct umm_db *db, const struct umm_db_table *table,
                                const struct umm_dbrows_options *options, struct umm_error *err)
{
    struct list list = {.pairs = NULL};
    uint64_t time = 0;
    *rows = (struct umm_dbrows){.n = 0};
    enum umm_status status = umm_arraycolumn_find_time(npy, &time, err);
    if (!status)
        status = options->columns ? read_list(options->columns, &list, err)
                                  : list_array(npy, &list, err);
    if (!status)
        status = allocate(rows, list.n, err);
    rows->time = list.n;
    rows->row_bytes = (size_t)umm_npy_row_bytes(npy);
    for (size_t i = 0; !status && i < list.n; i++)
        status = bind_one(rows, npy, time, &list.pairs[i], db, table, options, err);
    if (!status && rows->time == list.n)
        status = umm_error_set(err, UMM_ERR_ARGUMENT,
                               "the time is not among the columns, and rows go by it");
    if (!status && table->is_there && !options->columns)
        status = check_rest(rows, table, err);
    if (!status)
        status = describe_values(rows, err);
    free(list.pairs);
    return status;
}

void umm_dbrows_close(struct umm_dbrows *rows)
{
    free(rows->fields);
    free(rows->columns);
    free(rows->reals);
    umm_npy_free(&rows->values);
    *rows = (struct umm_dbrows){.n = 0};
}

/* ---- a fresh array ---------------------------------------------------------------------- */

static bool may_be_time(const struct umm_db_column *column)
{
    return suits(UMM_DB_KIND_TIME, column->type);
}

static const struct umm_db_column *find_time(const struct umm_db_table *table)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (table->columns[i].is_key && may_be_time(&table->columns[i]))
            return &table->columns[i];
    static const char *const names[] = {"timestamp", "time"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct umm_db_column *column = find_column(table, names[i]);
        if (column && may_be_time(column))
            return column;
    }
    for (size_t i = 0; i < table->n_columns; i++)
        if (table->columns[i].type == UMM_DB_TIMESTAMP)
            return &table->columns[i];
    return NULL;
}

enum umm_status umm_dbrows_time(const struct umm_db_table *table,
                                const struct umm_dbrows_options *options,
                                struct umm_db_field *field, struct umm_error *err)
{
    const struct umm_db_column *column = find_time(table);
    if (!column)
        return umm_error_set(err, UMM_ERR_CONFLICT,
                             "no column of the table is a time: neither one of its key, nor one "
                             "called timestamp or time");
    *field = (struct umm_db_field){.column = *column, .kind = UMM_DB_KIND_TIME};
    return settle_unit(field, options, err);
}

/* The type of an array's column for that of a table. */
static enum umm_status choose_type(struct umm_db_field *field,
                                   const struct umm_dbrows_options *options,
                                   struct umm_npy_type *type, struct umm_error *err)
{
    const struct umm_db_column *column = &field->column;
    char shown[UMM_EXCERPT_MAX], words[UMM_EXCERPT_MAX];
    *type = (struct umm_npy_type){.is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
                                  .size_bytes = column->size_bytes};
    if (field->kind == UMM_DB_KIND_TIME) {
        const enum umm_time_unit unit = options->has_unit  ? options->unit
                                        : column->has_unit ? column->unit
                                                           : UMM_TIME_US;
        type->kind = 'M';
        type->size_bytes = 8;
        snprintf(type->unit, sizeof type->unit, "%s", umm_time_unit_name(unit));
        return UMM_OK;
    }
    switch (column->type) {
    case UMM_DB_ANY:
    case UMM_DB_REAL:
        field->kind = UMM_DB_KIND_REAL;
        type->kind = 'f';
        if (column->type == UMM_DB_ANY)
            type->size_bytes = 8;
        return UMM_OK;
    case UMM_DB_INTEGER:
        field->kind = UMM_DB_KIND_INTEGER;
        type->kind = 'i';
        return UMM_OK;
    case UMM_DB_BOOL:
        field->kind = UMM_DB_KIND_BOOL;
        type->kind = 'b';
        type->size_bytes = 1;
        type->is_big_endian = false;
        return UMM_OK;
    case UMM_DB_TEXT:
    case UMM_DB_OTHER:
    case UMM_DB_TIMESTAMP: break;
    }
    umm_error_set(err, UMM_ERR_UNSUPPORTED, "column %s is %s, which arrays do not hold here",
                  umm_escape(shown, sizeof shown, column->name, strlen(column->name)),
                  umm_escape(words, sizeof words, column->words, strlen(column->words)));
    return umm_error_hint(err, UMM_ERR_UNSUPPORTED, UMM_HINT_DB_COLUMNS);
}

static enum umm_status list_table(const struct umm_db_table *table, struct list *list,
                                  struct umm_error *err)
{
    *list = (struct list){.pairs = calloc(table->n_columns + 1, sizeof *list->pairs)};
    if (!list->pairs)
        return umm_error_set_memory(err, table->n_columns * sizeof *list->pairs, "columns");
    for (; list->n < table->n_columns; list->n++) {
        struct pair *pair = &list->pairs[list->n];
        memcpy(pair->array, table->columns[list->n].name, sizeof pair->array);
        memcpy(pair->table, table->columns[list->n].name, sizeof pair->table);
    }
    return UMM_OK;
}

static bool is_standard(const struct umm_npy *npy)
{
    static const char *const names[] = {"timestamp", "open", "high", "low", "close", "volume"};
    enum { N = sizeof names / sizeof *names };
    bool is = npy->n_fields == N && strcmp(npy->fields[0].type.unit, "ms") == 0;
    for (size_t i = 0; is && i < N; i++)
        is = strcmp(npy->fields[i].name, names[i]) == 0 &&
             (i == 0 || (npy->fields[i].type.kind == 'f' && npy->fields[i].type.size_bytes == 8));
    return is;
}

/* Doubles, the first being the time in milliseconds. */
static enum umm_status flatten(const struct umm_dbrows *rows, struct umm_npy *npy,
                               struct umm_error *err)
{
    for (size_t i = 0; i < npy->n_fields; i++) {
        const struct umm_npy_type *type = &npy->fields[i].type;
        const bool is_time = i == 0 && rows->time == 0 && strcmp(type->unit, "ms") == 0;
        if (!is_time && (type->kind != 'f' || type->size_bytes != 8))
            return umm_error_set(err, UMM_ERR_CONFLICT,
                                 "a plain array has times in milliseconds and then doubles, and "
                                 "the table has other columns");
    }
    const struct umm_npy_type type = {
        .kind = 'f', .is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__, .size_bytes = 8};
    umm_npy_free(npy);
    *npy = (struct umm_npy){.n_dims = 2, .type = type, .shape = {0, rows->n}};
    return UMM_OK;
}

enum umm_status umm_dbrows_design(struct umm_dbrows *rows, const struct umm_db_table *table,
                                  const struct umm_dbrows_options *options, struct umm_npy *npy,
                                  struct umm_error *err)
{
    struct list list = {.pairs = NULL};
    struct umm_db_field time;
    *rows = (struct umm_dbrows){.n = 0};
    *npy = (struct umm_npy){.n_dims = 1};
    enum umm_status status = umm_dbrows_time(table, options, &time, err);
    if (!status)
        status = options->columns ? read_list(options->columns, &list, err)
                                  : list_table(table, &list, err);
    if (!status)
        status = allocate(rows, list.n, err);
    rows->time = list.n;
    for (; !status && rows->n < list.n; rows->n++) {
        const struct pair *pair = &list.pairs[rows->n];
        const struct umm_db_column *column = find_column(table, pair->table);
        struct umm_db_field *field = &rows->fields[rows->n];
        struct umm_npy_type type;
        if (!column) {
            status = refuse_name(err, "the table has no column", pair->table, table);
            break;
        }
        field->column = *column;
        const bool is_time = strcmp(column->name, time.column.name) == 0;
        if (is_time) {
            *field = time;
            rows->time = rows->n;
        } else if (column->type == UMM_DB_TIMESTAMP ||
                   (column->type == UMM_DB_INTEGER && column->has_unit)) {
            field->kind = UMM_DB_KIND_TIME;
        } else {
            field->kind = UMM_DB_KIND_REAL;
        }
        status = choose_type(field, options, &type, err);
        if (!status)
            status = umm_npy_add_field(npy, pair->array, &type, err);
    }
    if (!status && rows->time == list.n)
        status = umm_error_set(err, UMM_ERR_ARGUMENT,
                               "the time is not among the columns, and rows go by it");
    if (!status && !options->is_struct && (options->is_plain || is_standard(npy)))
        status = flatten(rows, npy, err);
    if (!status)
        status = umm_npy_check(npy, err);
    for (size_t i = 0; !status && i < rows->n; i++)
        umm_arraycolumn_get(npy, i, &rows->columns[i]);
    rows->row_bytes = status ? 0 : (size_t)umm_npy_row_bytes(npy);
    if (!status)
        status = describe_values(rows, err);
    free(list.pairs);
    return status;
}

enum umm_status umm_dbrows_check_output(const struct umm_dbrows *rows, struct umm_error *err)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct umm_npy_type *type = &rows->columns[i].type;
        enum umm_time_unit unit;
        if ((type->kind == 'M' && !umm_dbrows_unit_of(type, &unit)) ||
            (type->kind == 'f' && type->size_bytes < 4)) {
            char text[UMM_NPY_TYPE_TEXT_MAX];
            umm_npy_type_text(type, text);
            return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                                 "the array has values of type %s, which are only read here", text);
        }
    }
    return UMM_OK;
}
