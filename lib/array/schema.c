/* SPDX-License-Identifier: MIT */
#include "array/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/utf8.h"

static const char *const standard[] = {"timestamp", "open", "high", "low", "close", "volume"};
enum { N_STANDARD = sizeof standard / sizeof *standard };

/* ---- items: what to select -------------------------------------------------- */

/* One item for every field, a date and a time of day joined at the date's place. */
static enum umm_status all_items(const struct umm_names *names, struct umm_column **items,
                                 size_t *n_items, struct umm_error *err)
{
    struct umm_found stamp = {UMM_FIELD_NONE, UMM_FIELD_NONE};
    if (umm_columns_find_timestamp(names, &stamp, NULL) != UMM_OK)
        stamp = (struct umm_found){UMM_FIELD_NONE, UMM_FIELD_NONE};
    struct umm_column *list = calloc(names->n ? names->n : 1, sizeof *list);
    if (!list)
        return umm_error_set_memory(err, names->n * sizeof *list, "the list of columns");
    size_t n = 0;
    for (size_t i = 0; i < names->n; i++) {
        bool is_stamp = (int)i == stamp.first;
        if (stamp.second >= 0 && (int)i == stamp.second)
            continue;
        if (is_stamp && (stamp.second >= 0 || !names->text[i][0]))
            strcpy(list[n].name, standard[0]);
        snprintf(list[n].source, sizeof list[n].source, "%zu", i + 1);
        if (is_stamp && stamp.second >= 0)
            snprintf(list[n].source, sizeof list[n].source, "%zu+%d", i + 1, stamp.second + 1);
        n++;
    }
    *items = list;
    *n_items = n;
    return UMM_OK;
}

static enum umm_status standard_items(struct umm_column **items, size_t *n_items,
                                      struct umm_error *err)
{
    struct umm_column *list = calloc(N_STANDARD, sizeof *list);
    if (!list)
        return umm_error_set_memory(err, N_STANDARD * sizeof *list, "the list of columns");
    for (size_t i = 0; i < N_STANDARD; i++)
        strcpy(list[i].source, standard[i]);
    *items = list;
    *n_items = N_STANDARD;
    return UMM_OK;
}

static enum umm_status get_items(const char *columns, const struct umm_names *names,
                                 struct umm_column **items, size_t *n_items, struct umm_error *err)
{
    if (!columns)
        return standard_items(items, n_items, err);
    if (strcmp(columns, "all") == 0)
        return all_items(names, items, n_items, err);
    return umm_columns_parse(columns, items, n_items, err);
}

/* ---- fields: name, role, type ----------------------------------------------- */

static bool is_number(const char *text)
{
    return text[strspn(text, "0123456789")] == '\0';
}

static enum umm_status refuse_long_name(int number, struct umm_error *err)
{
    char shown[16];
    snprintf(shown, sizeof shown, "%d", number);
    umm_error_set(err, UMM_ERR_DATA, "the name of field %d is longer than %d bytes", number,
                  UMM_COLUMN_NAME_MAX - 1);
    return umm_error_hint_at(err, UMM_ERR_DATA, UMM_HINT_RENAME, shown, NULL);
}

/* What the file calls a field; "" where it is in none. */
static const char *title_of(const struct umm_names *names, const struct umm_found *found)
{
    return names->has_names && found->first >= 0 ? names->text[found->first] : "";
}

/* The name in the output: as asked for, else as written, else as in the header. */
static enum umm_status set_name(struct umm_schema_field *field, const struct umm_column *item,
                                const struct umm_names *names, const struct umm_found *found,
                                struct umm_error *err)
{
    const char *title = title_of(names, found);
    const char *name = item->name;
    if (!*name && !is_number(item->source) && !strpbrk(item->source, "|+*\""))
        name = item->source;
    if (!*name)
        name = title;
    size_t len = strlen(name);
    if (name == title)
        umm_name_trim(&name, &len);
    if (len >= sizeof field->name)
        return refuse_long_name(found->first + 1, err);
    memcpy(field->name, name, len);
    field->role = umm_role_of(name, len);
    if (field->role == UMM_ROLE_NONE)
        field->role = umm_role_of(title, strlen(title));
    return UMM_OK;
}

/* f8 f4 i8 i4, little-endian. */
static bool number_type(const char *name, struct umm_npy_type *type)
{
    static const char *const known[] = {"f8", "f4", "i8", "i4"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i]) == 0) {
            *type = (struct umm_npy_type){.kind = name[0], .size_bytes = (uint32_t)(name[1] - '0')};
            return true;
        }
    }
    return false;
}

/* S1 to S255: text. */
static bool text_type(const char *name, struct umm_npy_type *type)
{
    int64_t size;
    if (name[0] != 'S' || name[1] < '1' || name[1] > '9' || !is_number(name + 1) ||
        umm_num_parse_i64(name + 1, strlen(name + 1), '.', &size) != UMM_NUM_OK ||
        size > UMM_SCHEMA_CELL_MAX)
        return false;
    *type = (struct umm_npy_type){.kind = 'S', .size_bytes = (uint32_t)size};
    return true;
}

/* Whether counts of unit since 1970 fit a number of that type. */
static enum umm_status check_time_type(const struct umm_schema_field *field,
                                       enum umm_time_unit unit, struct umm_error *err)
{
    const struct umm_npy_type *type = &field->type;
    const char *name = umm_time_unit_name(unit);
    const char *what = NULL;
    enum umm_hint hint = UMM_HINT_EPOCH_TYPE;
    if (type->kind == 'f' && type->size_bytes == 4) {
        what = "f4";
        hint = UMM_HINT_EPOCH_OUT;
    } else if (type->kind == 'i' && type->size_bytes == 4 && unit != UMM_TIME_S)
        what = "i4";
    else if (type->kind == 'f' && unit == UMM_TIME_NS)
        what = "f8";
    if (!what)
        return UMM_OK;
    umm_error_set(err, UMM_ERR_ARGUMENT, "epochs in %s do not fit %s", name, what);
    return umm_error_hint_at(err, UMM_ERR_ARGUMENT, hint, name, NULL);
}

/* A float holds a number as it holds one of the text: rounded, unless it is an exact integer. */
static bool is_float_for(const struct umm_schema_field *field)
{
    const size_t len = strlen(field->value);
    double f8 = 0;
    float f4 = 0;
    int64_t i8;
    if (strcasecmp(field->value, "nan") == 0)
        return true;
    if (field->type.size_bytes == 8 ? umm_num_parse_f64(field->value, len, '.', &f8) != UMM_NUM_OK
                                    : umm_num_parse_f32(field->value, len, '.', &f4) != UMM_NUM_OK)
        return false;
    if (field->type.size_bytes == 4)
        f8 = (double)f4;
    return !field->is_exact || umm_num_parse_i64(field->value, len, '.', &i8) != UMM_NUM_OK ||
           (f8 < 0x1p63 && (int64_t)f8 == i8);
}

static bool is_integer_for(const struct umm_schema_field *field)
{
    int64_t i8;
    return umm_num_parse_i64(field->value, strlen(field->value), '.', &i8) == UMM_NUM_OK &&
           (field->type.size_bytes == 8 || (i8 >= INT32_MIN && i8 <= INT32_MAX));
}

/* Whether the type can hold the one value of all rows. */
static enum umm_status check_value(const struct umm_schema_field *field, struct umm_error *err)
{
    if (field->type.kind == 'f' ? is_float_for(field) : is_integer_for(field))
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_ARGUMENT, "%s cannot be %s in %c%u", field->name,
                         field->value, field->type.kind, (unsigned)field->type.size_bytes);
}

/* Text as it stands, also where its name is that of a time. */
static enum umm_status set_text(struct umm_schema_field *field, const struct umm_schema *schema,
                                struct umm_error *err)
{
    field->is_time = false;
    field->is_typed = true;
    if (field->power || field->value[0])
        return umm_error_set(err, UMM_ERR_ARGUMENT, "'%s' is text: it is %s", field->name,
                             field->power ? "not multiplied" : "in a field of each row");
    if (schema->is_struct)
        return UMM_OK;
    umm_error_set(err, UMM_ERR_ARGUMENT, "type S is for structs, not for plain arrays");
    return umm_error_hint(err, UMM_ERR_ARGUMENT, UMM_HINT_STRUCT);
}

static enum umm_status set_type(struct umm_schema_field *field, const struct umm_column *item,
                                const struct umm_schema *schema, const char *dtype,
                                struct umm_error *err)
{
    char m8[16], shown[UMM_EXCERPT_MAX];
    if (text_type(item->type, &field->type))
        return set_text(field, schema, err);
    const char *number = item->type[0] ? item->type : dtype;
    snprintf(m8, sizeof m8, "M8[%s]", umm_time_unit_name(schema->time_unit));
    field->is_typed = item->type[0];
    bool wants_m8 = strncmp(item->type, "M8", 2) == 0;
    if (wants_m8 && strcmp(item->type, "M8") != 0 && strcmp(item->type, m8) != 0)
        return umm_error_hint(
            err,
            umm_error_set(err, UMM_ERR_ARGUMENT, "type %s of '%s' is not the time unit",
                          umm_escape(shown, sizeof shown, item->type, strlen(item->type)),
                          field->name),
            UMM_HINT_UNIT_OF_M8);
    field->is_time |= wants_m8;
    if (field->is_time && (field->power || field->value[0]))
        return umm_error_set(err, UMM_ERR_ARGUMENT, "'%s' is a time: it is %s", field->name,
                             field->power ? "not multiplied" : "in a field of each row");
    if (field->is_time && schema->is_struct && (wants_m8 || !item->type[0])) {
        field->type = (struct umm_npy_type){.kind = 'M', .size_bytes = 8};
        strcpy(field->type.unit, umm_time_unit_name(schema->time_unit));
        return UMM_OK;
    }
    if (wants_m8)
        return umm_error_hint(
            err,
            umm_error_set(err, UMM_ERR_ARGUMENT, "type M8 is for structs, not for plain arrays"),
            UMM_HINT_STRUCT);
    if (!number_type(number, &field->type))
        return umm_error_set(err, UMM_ERR_ARGUMENT, "unknown type \"%s\": use f8, f4, i8, i4%s",
                             umm_escape(shown, sizeof shown, number, strlen(number)),
                             number == dtype ? "" : ", M8 or S1 to S255");
    if (field->value[0])
        return check_value(field, err);
    return field->is_time ? check_time_type(field, schema->time_unit, err) : UMM_OK;
}

/* Whether the fields are the six standard ones, so that names can be left out. */
static bool is_standard(const struct umm_schema *schema, const struct umm_column *items)
{
    if (schema->n_fields != N_STANDARD || schema->time_unit != UMM_TIME_MS)
        return false;
    for (size_t i = 0; i < N_STANDARD; i++)
        if (strcmp(schema->fields[i].name, standard[i]) != 0 || items[i].type[0])
            return false;
    return true;
}

static enum umm_status find_items(struct umm_schema *schema, const struct umm_column *items,
                                  const struct umm_names *names, struct umm_found *found,
                                  struct umm_error *err)
{
    for (size_t i = 0; i < schema->n_fields; i++) {
        struct umm_schema_field *field = &schema->fields[i];
        const char *source = items[i].source;
        bool is_stamp = umm_name_equal(source, strlen(source), standard[0], strlen(standard[0]));
        enum umm_status status = is_stamp ? umm_columns_find_timestamp(names, &found[i], err)
                                          : umm_columns_find(source, names, &found[i], err);
        if (!status)
            status = set_name(field, &items[i], names, &found[i], err);
        if (status)
            return status;
        /* The name decides; where it says nothing, the header's does. */
        const char *title = title_of(names, &found[i]);
        const char *value = umm_columns_value(source);
        strcpy(field->value, value ? value : "");
        field->power = items[i].power;
        field->is_chosen = !is_stamp;
        field->is_exact = !umm_name_is_amount(field->name, strlen(field->name)) &&
                          !umm_name_is_amount(title, strlen(title));
        bool is_open = umm_role_of(field->name, strlen(field->name)) == UMM_ROLE_NONE;
        field->is_time = found[i].second >= 0 || umm_name_is_time(field->name) ||
                         (is_open && umm_name_is_time(title));
    }
    return UMM_OK;
}

static bool is_utf8(const char *text)
{
    uint32_t point;
    size_t n = 1;
    for (; *text && n; text += n)
        n = umm_utf8_decode(text, SIZE_MAX, &point);
    return n;
}

static enum umm_status refuse_name(const char *before, const char *name, const char *after,
                                   struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    umm_error_set(err, UMM_ERR_DATA, "%s \"%s\"%s", before,
                  umm_escape(shown, sizeof shown, name, strlen(name)), after);
    return umm_error_hint_at(err, UMM_ERR_DATA, UMM_HINT_RENAME, "FIELD", NULL);
}

/* Names of a struct, which must be different. */
static enum umm_status check_names(const struct umm_schema *schema, const struct umm_column *items,
                                   struct umm_error *err)
{
    for (size_t i = 0; i < schema->n_fields; i++) {
        const char *name = schema->fields[i].name;
        if (!name[0])
            return umm_error_hint(err,
                                  umm_error_set(err, UMM_ERR_ARGUMENT,
                                                "column %s has no name: write NAME=%s",
                                                items[i].source, items[i].source),
                                  UMM_HINT_NAMES);
        if (!is_utf8(name))
            return refuse_name("the name", name, " is not UTF-8", err);
        for (size_t k = 0; k < i; k++)
            if (strcmp(name, schema->fields[k].name) == 0)
                return refuse_name("two columns are named", name, "", err);
    }
    return UMM_OK;
}

static enum umm_status set_types(struct umm_schema *schema, const struct umm_column *items,
                                 const struct umm_schema_options *options, struct umm_error *err)
{
    bool standard_six = is_standard(schema, items);
    schema->is_struct = options->is_struct || (!standard_six && !options->is_plain);
    schema->time_index = UMM_FIELD_NONE;
    enum umm_status status = schema->is_struct ? check_names(schema, items, err) : UMM_OK;
    for (size_t i = 0; !status && i < schema->n_fields; i++) {
        struct umm_schema_field *field = &schema->fields[i];
        status = set_type(field, &items[i], schema, options->dtype ? options->dtype : "f8", err);
        if (status)
            break;
        const struct umm_npy_type *first = &schema->fields[0].type;
        if (!schema->is_struct &&
            (field->type.kind != first->kind || field->type.size_bytes != first->size_bytes))
            return umm_error_hint(
                err, umm_error_set(err, UMM_ERR_ARGUMENT, "a plain array has one type"),
                UMM_HINT_STRUCT);
        if (field->is_time && schema->time_index == UMM_FIELD_NONE)
            schema->time_index = (int)i;
        field->offset_bytes = schema->row_bytes;
        schema->row_bytes += field->type.size_bytes;
    }
    if (status)
        return status;
    if (schema->is_struct && schema->is_fortran)
        return umm_error_hint(
            err, umm_error_set(err, UMM_ERR_ARGUMENT, "only a plain array can be in Fortran order"),
            UMM_HINT_PLAIN);
    return UMM_OK;
}

enum umm_status umm_schema_resolve(const struct umm_schema_options *options, const char *columns,
                                   const struct umm_names *names, struct umm_schema *schema,
                                   struct umm_found **found, struct umm_error *err)
{
    struct umm_column *items = NULL;
    size_t n_items = 0;
    memset(schema, 0, sizeof *schema);
    *found = NULL;
    enum umm_status status = UMM_OK;
    if (options->choose)
        status = options->choose(options->choose_user, names, &columns, err);
    else if (options->columns)
        columns = options->columns;
    if (!status)
        status = get_items(columns, names, &items, &n_items, err);
    if (status)
        return status;
    schema->is_fortran = options->is_fortran;
    schema->time_unit = options->time_unit;
    schema->n_fields = n_items;
    schema->fields = calloc(n_items, sizeof *schema->fields);
    *found = calloc(n_items, sizeof **found);
    if (!schema->fields || !*found)
        status = umm_error_set_memory(err, n_items * sizeof *schema->fields, "the columns");
    if (!status)
        status = find_items(schema, items, names, *found, err);
    if (!status)
        status = set_types(schema, items, options, err);
    free(items);
    if (status) {
        umm_schema_free(schema);
        free(*found);
        *found = NULL;
    }
    return status;
}

void umm_schema_free(struct umm_schema *schema)
{
    free(schema->fields);
    memset(schema, 0, sizeof *schema);
}

bool umm_schema_equal(const struct umm_schema *a, const struct umm_schema *b)
{
    if (a->n_fields != b->n_fields || a->is_struct != b->is_struct)
        return false;
    for (size_t i = 0; i < a->n_fields; i++) {
        const struct umm_schema_field *f = &a->fields[i], *g = &b->fields[i];
        if (strcmp(f->name, g->name) != 0 || f->is_time != g->is_time ||
            f->type.kind != g->type.kind || f->type.size_bytes != g->type.size_bytes)
            return false;
    }
    return true;
}

int umm_schema_find_role(const struct umm_schema *schema, enum umm_role role)
{
    for (size_t i = 0; i < schema->n_fields; i++)
        if (schema->fields[i].role == role)
            return (int)i;
    return UMM_FIELD_NONE;
}

int64_t umm_schema_time(const struct umm_schema *schema, const char *row_bytes)
{
    const struct umm_schema_field *field = &schema->fields[schema->time_index];
    const char *at = row_bytes + field->offset_bytes;
    int64_t i8;
    int32_t i4;
    double f8;
    if (field->type.kind == 'f') {
        memcpy(&f8, at, sizeof f8);
        return f8 > -9.2e18 && f8 < 9.2e18 ? (int64_t)f8 : INT64_MIN;
    }
    if (field->type.size_bytes == 4) {
        memcpy(&i4, at, sizeof i4);
        return i4;
    }
    memcpy(&i8, at, sizeof i8);
    return i8;
}

enum umm_status umm_schema_npy(const struct umm_schema *schema, uint64_t n_rows,
                               struct umm_npy *npy, struct umm_error *err)
{
    memset(npy, 0, sizeof *npy);
    npy->is_fortran = schema->is_fortran;
    npy->shape[0] = n_rows;
    if (!schema->is_struct) {
        npy->n_dims = 2;
        npy->shape[1] = schema->n_fields;
        npy->type = schema->fields[0].type;
        return UMM_OK;
    }
    npy->n_dims = 1;
    for (size_t i = 0; i < schema->n_fields; i++) {
        enum umm_status status =
            umm_npy_add_field(npy, schema->fields[i].name, &schema->fields[i].type, err);
        if (status) {
            umm_npy_free(npy);
            return status;
        }
    }
    return UMM_OK;
}
