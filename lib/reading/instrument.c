/* SPDX-License-Identifier: MIT */
#include "reading/instrument.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/words.h"
#include "time/time.h"

enum { UNNAMED_RANK = 6 }; /* after those of umm_name_instrument */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the head's first byte is the lowest");

/* ---- values ------------------------------------------------------------------ */

/* A flag, as trades have them. One letter could be a ticker. */
static bool is_flag(struct umm_csv_field cell)
{
    static const char *const flags[] = {"true", "false", "buy", "sell", "bid",
                                        "ask",  "yes",   "no",  NULL};
    return umm_is_word_of(flags, cell.text, cell.len_bytes);
}

/* What other rows of one instrument have another of: a number, a time or a flag. */
static bool says_nothing(struct umm_csv_field cell)
{
    double number;
    struct umm_time_spec spec = {.form = UMM_TIME_FORM_NONE};
    const bool is_time = umm_time_detect(cell.text, cell.len_bytes, &spec) != UMM_TIME_MALFORMED &&
                         spec.form != UMM_TIME_FORM_MONTH; /* of a contract, mostly */
    return umm_num_parse_f64(cell.text, cell.len_bytes, '.', &number) != UMM_NUM_MALFORMED ||
           is_time || is_flag(cell);
}

bool umm_instrument_is_trimmed(const struct umm_instrument_key *key, struct umm_csv_field cell)
{
    cell = umm_csv_trim(cell);
    return key->is_any ||
           (cell.len_bytes == key->len_bytes &&
            memcmp(cell.text, key->value, cell.len_bytes) == 0) ||
           (key->is_text && says_nothing(cell));
}

static enum umm_status set_value(struct umm_instrument_key *key, struct umm_csv_field cell,
                                 struct umm_error *err)
{
    cell = umm_csv_trim(cell);
    key->value = malloc(cell.len_bytes + 1);
    if (!key->value)
        return umm_error_set_memory(err, cell.len_bytes, "a symbol");
    memcpy(key->value, cell.text, cell.len_bytes);
    key->value[cell.len_bytes] = '\0';
    key->len_bytes = cell.len_bytes;
    key->head = 0;
    memcpy(&key->head, cell.text,
           cell.len_bytes < sizeof key->head ? cell.len_bytes : sizeof key->head);
    key->is_any = key->is_text && says_nothing(cell);
    return UMM_OK;
}

/* ---- columns ----------------------------------------------------------------- */

static struct umm_instrument_key *add(struct umm_instrument_key **keys, size_t *n, const char *name,
                                      size_t len, int field, struct umm_error *err)
{
    struct umm_instrument_key *grown = realloc(*keys, (*n + 1) * sizeof *grown);
    char *text = strndup(name, len);
    if (grown)
        *keys = grown;
    if (!grown || !text) {
        free(text);
        umm_error_set_memory(err, (*n + 1) * sizeof *grown, "symbols");
        return NULL;
    }
    struct umm_instrument_key *key = &grown[(*n)++];
    *key = (struct umm_instrument_key){.name = text, .field = field};
    return key;
}

/* The one field that COLUMN means. */
static enum umm_status find_one(const char *column, const struct umm_names *names, int *field,
                                struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    struct umm_found found;
    enum umm_status status = umm_columns_find(column, names, &found, err);
    if (!status && found.second >= 0)
        status = umm_error_set(err, UMM_ERR_ARGUMENT, "one COLUMN is wanted, not \"%s\"",
                               umm_escape(shown, sizeof shown, column, strlen(column)));
    *field = status ? UMM_FIELD_NONE : found.first;
    return status;
}

static enum umm_status add_filter(struct umm_instrument *instrument, const char *where,
                                  const struct umm_names *names, struct umm_error *err)
{
    char column[2 * UMM_COLUMN_NAME_MAX], shown[UMM_EXCERPT_MAX];
    int field;
    bool is_quoted = false;
    size_t len = 0;
    for (; where[len] && (is_quoted || where[len] != '='); len++)
        is_quoted ^= where[len] == '"';
    if (!where[len] || len == 0 || len >= sizeof column)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "COLUMN=VALUE is wanted, not \"%s\"",
                             umm_escape(shown, sizeof shown, where, strlen(where)));
    memcpy(column, where, len);
    column[len] = '\0';
    enum umm_status status = find_one(column, names, &field, err);
    if (status)
        return status;
    struct umm_instrument_key *key =
        add(&instrument->filters, &instrument->n_filters, column, len, field, err);
    const char *value = where + len + 1;
    return key ? set_value(key, (struct umm_csv_field){value, strlen(value)}, err) : UMM_ERR_MEMORY;
}

static bool has_field(const struct umm_instrument_key *keys, size_t n, int field)
{
    for (size_t i = 0; i < n; i++)
        if (keys[i].field == field)
            return true;
    return false;
}

/*
 * Count a column if its name says whose a row is, or if it has none: pandas leaves symbols that
 * were an index without. What is filtered has one value anyway.
 */
static enum umm_status add_key(struct umm_instrument *instrument, const char *name, int field,
                               struct umm_error *err)
{
    char number[sizeof "field " + 3 * sizeof field];
    size_t len = strlen(name);
    bool is_text;
    int rank = umm_name_instrument(name, len, &is_text);
    umm_name_trim(&name, &len);
    if (!len) {
        len = (size_t)snprintf(number, sizeof number, "field %d", field + 1);
        name = number;
        is_text = true;
        rank = UNNAMED_RANK;
    }
    const bool is_by = instrument->is_split && instrument->by.field == field;
    if (!rank || is_by || has_field(instrument->filters, instrument->n_filters, field) ||
        has_field(instrument->keys, instrument->n_keys, field))
        return UMM_OK;
    struct umm_instrument_key *key =
        add(&instrument->keys, &instrument->n_keys, name, len, field, err);
    if (!key)
        return UMM_ERR_MEMORY;
    key->rank = rank;
    key->is_text = is_text;
    return UMM_OK;
}

static void free_keys(struct umm_instrument_key *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(keys[i].name);
        free(keys[i].value);
    }
    free(keys);
}

/* Leave out the columns of a list. */
static enum umm_status drop(struct umm_instrument *instrument, const char *list,
                            const struct umm_names *names, struct umm_error *err)
{
    struct umm_column *columns = NULL;
    size_t n_columns = 0;
    enum umm_status status = umm_columns_parse(list, &columns, &n_columns, err);
    for (size_t i = 0; !status && i < n_columns; i++) {
        struct umm_found found;
        status = umm_columns_find(columns[i].source, names, &found, err);
        for (size_t k = instrument->n_keys; !status && k-- > 0;) {
            struct umm_instrument_key *key = &instrument->keys[k];
            if (key->field != found.first && key->field != found.second)
                continue;
            free(key->name);
            *key = instrument->keys[--instrument->n_keys];
        }
    }
    free(columns);
    return status;
}

static void mark(bool *is_marked, size_t n, int field)
{
    if (field >= 0 && (size_t)field < n)
        is_marked[field] = true;
}

/*
 * Of n fields of the record, those that say nothing of whose a row is. With names those that are
 * read as a time: pandas calls its index of times "index". Without, all that the array has.
 */
static void mark_told(const struct umm_schema *schema, const struct umm_found *found,
                      bool has_names, bool *is_told, size_t n)
{
    memset(is_told, 0, n * sizeof *is_told);
    for (size_t i = 0; i < schema->n_fields; i++) {
        if (has_names && !schema->fields[i].is_time)
            continue;
        mark(is_told, n, found[i].first);
        mark(is_told, n, found[i].second);
    }
}

/* The columns that say whose a row is, except those that the caller names. */
static enum umm_status add_keys(struct umm_instrument *instrument,
                                const struct umm_instrument_options *options,
                                const struct umm_names *names, const struct umm_schema *schema,
                                const struct umm_found *found, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    bool is_told[UMM_CSV_COLUMNS_MAX];
    if (options->one_series && !options->one_series[0])
        return UMM_OK;
    mark_told(schema, found, names->has_names, is_told, names->n);
    for (size_t i = 0; !status && i < names->n; i++)
        if (!is_told[i])
            status = add_key(instrument, names->has_names ? names->text[i] : "", (int)i, err);
    for (size_t i = 0; !status && i < schema->n_fields; i++)
        if (!schema->fields[i].is_time && found[i].first >= 0)
            status = add_key(instrument, schema->fields[i].name, found[i].first, err);
    return status || !options->one_series ? status
                                          : drop(instrument, options->one_series, names, err);
}

static enum umm_status set_by(struct umm_instrument *instrument, const char *column,
                              const struct umm_names *names, struct umm_error *err)
{
    instrument->is_split = true;
    instrument->by.name = strdup(column);
    if (!instrument->by.name)
        return umm_error_set_memory(err, strlen(column), "a column");
    return find_one(column, names, &instrument->by.field, err);
}

enum umm_status umm_instrument_open(struct umm_instrument *instrument,
                                    const struct umm_instrument_options *options,
                                    const struct umm_names *names, const struct umm_schema *schema,
                                    const struct umm_found *found, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    *instrument = (struct umm_instrument){.n_keys = 0};
    for (size_t i = 0; !status && i < options->n_where; i++)
        status = add_filter(instrument, options->where[i], names, err);
    if (!status && options->by)
        status = set_by(instrument, options->by, names, err);
    if (!status)
        status = add_keys(instrument, options, names, schema, found, err);
    if (instrument->is_split) {
        instrument->series_keys = instrument->keys;
        instrument->n_series_keys = instrument->n_keys;
        instrument->keys = NULL;
        instrument->n_keys = 0;
    }
    return status;
}

enum umm_status umm_instrument_begin(struct umm_instrument *series,
                                     const struct umm_instrument *file, struct umm_error *err)
{
    *series = (struct umm_instrument){.n_keys = 0};
    for (size_t i = 0; i < file->n_series_keys; i++) {
        const struct umm_instrument_key *model = &file->series_keys[i];
        struct umm_instrument_key *key = add(&series->keys, &series->n_keys, model->name,
                                             strlen(model->name), model->field, err);
        if (!key)
            return UMM_ERR_MEMORY;
        key->rank = model->rank;
        key->is_text = model->is_text;
    }
    return UMM_OK;
}

void umm_instrument_free(struct umm_instrument *instrument)
{
    free_keys(instrument->filters, instrument->n_filters);
    free_keys(instrument->keys, instrument->n_keys);
    free(instrument->stated.name);
    free(instrument->stated.value);
    free_keys(instrument->series_keys, instrument->n_series_keys);
    free(instrument->by.name);
    *instrument = (struct umm_instrument){.n_keys = 0};
}

enum umm_status umm_instrument_state(struct umm_instrument *instrument, const char *name,
                                     const char *value, struct umm_error *err)
{
    struct umm_instrument_key *stated = &instrument->stated;
    stated->rank = 1;
    stated->name = strdup(name);
    if (!stated->name)
        return umm_error_set_memory(err, strlen(name), "a symbol");
    return set_value(stated, (struct umm_csv_field){value, strlen(value)}, err);
}

/* ---- rows -------------------------------------------------------------------- */

bool umm_instrument_is_known(const struct umm_instrument *instrument)
{
    for (size_t i = 0; i < instrument->n_keys; i++)
        if (!instrument->keys[i].value)
            return false;
    return true;
}

bool umm_instrument_takes(const struct umm_instrument *instrument,
                          const struct umm_csv_field *fields)
{
    for (size_t i = 0; i < instrument->n_filters; i++)
        if (!umm_instrument_is_trimmed(&instrument->filters[i],
                                       fields[instrument->filters[i].field]))
            return false;
    return true;
}

enum umm_status umm_instrument_refuse_none(const struct umm_instrument *instrument,
                                           struct umm_error *err)
{
    char name[UMM_EXCERPT_MAX], value[UMM_EXCERPT_MAX];
    const struct umm_instrument_key *key = &instrument->filters[0];
    return umm_error_set(err, UMM_ERR_DATA, "no row has \"%s\" for %s%s",
                         umm_escape(value, sizeof value, key->value, key->len_bytes),
                         umm_escape(name, sizeof name, key->name, strlen(key->name)),
                         instrument->n_filters > 1 ? " and what else is asked for" : "");
}

static enum umm_status refuse(const struct umm_instrument_key *key, struct umm_csv_field cell,
                              struct umm_error *err)
{
    char name[UMM_EXCERPT_MAX], before[UMM_EXCERPT_MAX / 2], now[UMM_EXCERPT_MAX / 2];
    cell = umm_csv_trim(cell);
    umm_error_set(err, UMM_ERR_DATA, "%s is \"%s\" after \"%s\": not one series",
                  umm_escape(name, sizeof name, key->name, strlen(key->name)),
                  umm_escape(now, sizeof now, cell.text, cell.len_bytes),
                  umm_escape(before, sizeof before, key->value, key->len_bytes));
    return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_SERIES);
}

enum umm_status umm_instrument_take(struct umm_instrument *instrument,
                                    const struct umm_csv_field *fields, size_t *field,
                                    struct umm_error *err)
{
    const struct umm_instrument_key *other = NULL;
    for (size_t i = 0; i < instrument->n_keys; i++) {
        struct umm_instrument_key *key = &instrument->keys[i];
        if (!key->value || umm_instrument_is_trimmed(key, fields[key->field]))
            continue;
        if (!other || key->rank < other->rank)
            other = key;
    }
    if (other) {
        *field = (size_t)other->field;
        return refuse(other, fields[other->field], err);
    }
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < instrument->n_keys; i++)
        if (!instrument->keys[i].value)
            status = set_value(&instrument->keys[i], fields[instrument->keys[i].field], err);
    return status;
}

/* ---- several files ----------------------------------------------------------- */

static const struct umm_instrument_key *find(const struct umm_instrument *instrument,
                                             const struct umm_instrument_key *key)
{
    for (size_t i = 0; i < instrument->n_keys; i++)
        if (umm_name_equal(instrument->keys[i].name, strlen(instrument->keys[i].name), key->name,
                           strlen(key->name)))
            return &instrument->keys[i];
    return NULL;
}

/* The plainest column of all that has a value, such as a symbol; NULL without one. */
static const struct umm_instrument_key *find_plain(const struct umm_instrument *instrument)
{
    for (size_t i = 0; i < instrument->n_keys; i++)
        if (instrument->keys[i].rank == 1 && instrument->keys[i].value)
            return &instrument->keys[i];
    return NULL;
}

/* What the header states is what was known before, if anything was. */
static enum umm_status expect_stated(const struct umm_instrument_key *stated,
                                     const struct umm_instrument *before, struct umm_error *err)
{
    if (!stated->value)
        return UMM_OK;
    const struct umm_instrument_key *known = find(before, stated);
    if (!known)
        known = find_plain(before);
    struct umm_csv_field value = {stated->value, stated->len_bytes};
    return !known || umm_instrument_is_trimmed(known, value) ? UMM_OK : refuse(known, value, err);
}

enum umm_status umm_instrument_expect(struct umm_instrument *instrument,
                                      const struct umm_instrument *before, struct umm_error *err)
{
    enum umm_status status = expect_stated(&instrument->stated, before, err);
    for (size_t i = 0; !status && i < instrument->n_keys; i++) {
        const struct umm_instrument_key *known = find(before, &instrument->keys[i]);
        if (known)
            status = set_value(&instrument->keys[i],
                               (struct umm_csv_field){known->value, known->len_bytes}, err);
    }
    /* One file calls it symbol, and another ticker. */
    const struct umm_instrument_key *known = find_plain(before);
    for (size_t i = 0; !status && known && !find_plain(instrument) && i < instrument->n_keys; i++)
        if (instrument->keys[i].rank == 1)
            status = set_value(&instrument->keys[i],
                               (struct umm_csv_field){known->value, known->len_bytes}, err);
    return status;
}

/* Move one value, if there is one that is new. */
static enum umm_status keep_key(struct umm_instrument *all, struct umm_instrument_key *key,
                                struct umm_error *err)
{
    if (!key->value || find(all, key))
        return UMM_OK;
    struct umm_instrument_key *kept =
        add(&all->keys, &all->n_keys, key->name, strlen(key->name), key->field, err);
    if (!kept)
        return UMM_ERR_MEMORY;
    kept->rank = key->rank;
    kept->value = key->value;
    kept->len_bytes = key->len_bytes;
    key->value = NULL;
    return UMM_OK;
}

enum umm_status umm_instrument_keep(struct umm_instrument *all, struct umm_instrument *instrument,
                                    struct umm_error *err)
{
    enum umm_status status = keep_key(all, &instrument->stated, err);
    for (size_t i = 0; !status && i < instrument->n_keys; i++)
        status = keep_key(all, &instrument->keys[i], err);
    return status;
}
