/* SPDX-License-Identifier: MIT */
#include "watch/event.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/csv.h"
#include "text/jsonline.h"
#include "text/nearest.h"
#include "time/time.h"

enum column {
    EVENT,
    TIME,
    ID,
    SYMBOL,
    SIDE,
    ENTRY,
    TAKE_PROFIT,
    STOP_LOSS,
    PRICE,
    N_COLUMNS,
    OTHER = N_COLUMNS
};

static const char *const names[N_COLUMNS] = {"event", "time",        "id",        "symbol", "side",
                                             "entry", "take_profit", "stop_loss", "price"};

enum format { UNKNOWN, CSV, JSON };
enum { FIELDS_MAX = 64 };

/* A cell, or the value of a member; text NULL: it is not there. */
struct cell {
    const char *text, *at;
    size_t len_bytes;
};

struct umm_events {
    struct umm_events_options options;
    enum format format;
    struct umm_csv_reader *csv;
    enum column columns[FIELDS_MAX];
    size_t n_columns;
    uint64_t line, byte; /* of the line at hand; byte of its begin */
    uint64_t next_byte;
    const char *text;
    size_t len_bytes;
    struct cell cells[N_COLUMNS];
    const char *word;
    struct umm_time_spec times[2]; /* of numbers, of ISO 8601 */
    char room[UMM_EVENT_LINE_MAX];
};

enum umm_status umm_events_open(const struct umm_events_options *options,
                                struct umm_events **events, struct umm_error *err)
{
    *events = calloc(1, sizeof **events);
    if (!*events)
        return umm_error_set_memory(err, sizeof **events, "a reader of events");
    (*events)->options = *options;
    (*events)->word = "line";
    (*events)->times[0] = (struct umm_time_spec){
        .form = UMM_TIME_FORM_EPOCH, .epoch_unit = UMM_TIME_MS, .is_unit_forced = true};
    (*events)->times[1] = (struct umm_time_spec){.form = UMM_TIME_FORM_ISO};
    enum umm_status status = umm_csv_reader_new(',', &(*events)->csv, err);
    if (status) {
        umm_events_close(*events);
        *events = NULL;
    }
    return status;
}

void umm_events_close(struct umm_events *events)
{
    if (events)
        umm_csv_reader_free(events->csv);
    free(events);
}

const char *umm_events_word(const struct umm_events *events)
{
    return events->word;
}

/* ---- what is wrong --------------------------------------------------------------- */

static void place(const struct umm_events *events, const char *at, struct umm_error *err)
{
    const size_t offset = at ? (size_t)(at - events->text) : 0;
    umm_error_at(err, events->options.path, events->line, offset + 1, events->byte + offset);
}

/* A thing that is wrong with the line as such; at: where, in it. */
static bool bad_line(struct umm_events *events, const char *at, const char *what,
                     struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    const size_t left = at ? events->len_bytes - (size_t)(at - events->text) : 0;
    if (left > 0)
        (void)umm_error_set(err, UMM_ERR_DATA, "%s: \"%s\"", what,
                            umm_escape(shown, sizeof shown, at, left));
    else
        (void)umm_error_set(err, UMM_ERR_DATA, "%s", what);
    place(events, at ? at : events->text, err);
    return false;
}

static bool bad_cell(struct umm_events *events, enum column column, const char *what,
                     struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    const struct cell *cell = &events->cells[column];
    events->word = names[column];
    if (cell->text)
        (void)umm_error_set(err, UMM_ERR_DATA, "%s %s: \"%s\"", names[column], what,
                            umm_escape(shown, sizeof shown, cell->text, cell->len_bytes));
    else
        (void)umm_error_set(err, UMM_ERR_DATA, "%s %s", names[column], what);
    place(events, cell->text ? cell->at : events->text, err);
    return false;
}

void umm_events_blame(struct umm_events *events, const char *column, const char *what,
                      struct umm_error *err)
{
    events->word = "line";
    for (int i = 0; i < N_COLUMNS; i++) {
        if (strcmp(names[i], column) == 0) {
            (void)bad_cell(events, (enum column)i, what, err);
            return;
        }
    }
    if (*column)
        events->word = column;
    (void)umm_error_set(err, UMM_ERR_DATA, "%s", what);
    place(events, NULL, err);
}

void umm_events_refuse(struct umm_events *events, size_t len_bytes, const char *what,
                       struct umm_error *err)
{
    events->line++;
    events->byte = events->next_byte;
    events->next_byte += len_bytes;
    events->text = "";
    events->len_bytes = 0;
    events->word = "line";
    (void)umm_error_set(err, UMM_ERR_DATA, "%s", what);
    place(events, NULL, err);
}

void umm_events_pass_over(struct umm_events *events, size_t len_bytes)
{
    events->next_byte += len_bytes;
}

/* ---- CSV ------------------------------------------------------------------------- */

static enum column find_column(const char *name, size_t len_bytes)
{
    for (int i = 0; i < N_COLUMNS; i++)
        if (strlen(names[i]) == len_bytes && memcmp(names[i], name, len_bytes) == 0)
            return (enum column)i;
    return OTHER;
}

/* The name of a column that this one is a misspelling of; NULL if there is none. */
static const char *near_name(const char *name, size_t len_bytes)
{
    char copy[UMM_EXCERPT_MAX];
    const size_t n = len_bytes < sizeof copy ? len_bytes : sizeof copy - 1;
    memcpy(copy, name, n);
    copy[n] = '\0';
    struct umm_nearest nearest = {.wanted = copy};
    for (int i = 0; i < N_COLUMNS; i++)
        umm_nearest_look(&nearest, names[i]);
    return nearest.name && strcmp(nearest.name, copy) != 0 ? nearest.name : NULL;
}

static bool bad_name(struct umm_events *events, const char *name, size_t len_bytes, const char *at,
                     const char *what, struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    const char *near = near_name(name, len_bytes);
    (void)umm_escape(shown, sizeof shown, name, len_bytes);
    (void)umm_error_set(err, UMM_ERR_DATA, "%s: \"%s\"%s%s%s", what, shown,
                        near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    place(events, at, err);
    return false;
}

/* The fields of the line; each with its place, as far as that is needed: for quoted ones later. */
static bool split(struct umm_events *events, struct umm_csv_field fields[FIELDS_MAX], size_t *n,
                  struct umm_error *err)
{
    const char *at = events->text, *end = at + events->len_bytes;
    if (!memchr(at, '"', events->len_bytes)) {
        for (*n = 0;; (*n)++) {
            const char *comma = memchr(at, ',', (size_t)(end - at));
            const struct umm_csv_field field = {at, (size_t)((comma ? comma : end) - at)};
            if (*n < FIELDS_MAX)
                fields[*n] = umm_csv_trim(field);
            if (!comma)
                break;
            at = comma + 1;
        }
        (*n)++;
        return true;
    }
    const struct umm_csv_record record = {.text = at,
                                          .len_bytes = events->len_bytes,
                                          .size_bytes = events->len_bytes,
                                          .has_quote = true};
    const struct umm_csv_field *found;
    struct umm_csv_record check;
    size_t bad_at;
    if (umm_csv_split(at, events->len_bytes, true, ',', &check, &bad_at) != UMM_CSV_SPLIT_RECORD)
        return bad_line(events, at + bad_at, "not a record: a quote has no end", err);
    if (umm_csv_fields(events->csv, &record, &found, n, &bad_at, err) != UMM_OK)
        return bad_line(events, at + bad_at, "not a record: text beside quotes", err);
    for (size_t i = 0; i < *n && i < FIELDS_MAX; i++)
        fields[i] = found[i];
    return true;
}

/* Where the field is in the line, also if it was unquoted elsewhere. */
static const char *field_at(const struct umm_events *events, const struct umm_csv_field *field,
                            size_t index)
{
    if (field->text >= events->text && field->text <= events->text + events->len_bytes)
        return field->text;
    const struct umm_csv_record record = {
        .text = events->text, .len_bytes = events->len_bytes, .has_quote = true};
    return events->text + umm_csv_locate(&record, ',', index).offset_bytes;
}

/* Whether any field is, or could have been meant to be, the name of a column. */
static bool has_names(const struct umm_csv_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (find_column(fields[i].text, fields[i].len_bytes) != OTHER ||
            near_name(fields[i].text, fields[i].len_bytes))
            return true;
    return false;
}

static bool take_header(struct umm_events *events, struct umm_error *err)
{
    struct umm_csv_field fields[FIELDS_MAX];
    bool is_there[N_COLUMNS] = {false};
    size_t n;
    if (!split(events, fields, &n, err))
        return false;
    if (n > FIELDS_MAX)
        return bad_line(events, NULL, "more columns than an event can have", err);
    if (!has_names(fields, n))
        return bad_line(events, events->text,
                        "not a header with event and other names, and commas between them", err);
    for (size_t i = 0; i < n; i++) {
        const struct umm_csv_field *field = &fields[i];
        const enum column column = find_column(field->text, field->len_bytes);
        const char *at = field_at(events, field, i);
        if (column == OTHER && !events->options.is_lenient)
            return bad_name(events, field->text, field->len_bytes, at,
                            "the header has a column that no event has", err);
        if (column != OTHER && is_there[column])
            return bad_name(events, field->text, field->len_bytes, at,
                            "the header has a column twice", err);
        if (column != OTHER)
            is_there[column] = true;
        events->columns[i] = column;
    }
    events->n_columns = n;
    if (!is_there[EVENT])
        return bad_line(events, events->text, "the header has no column event", err);
    if (events->options.is_timed && !is_there[TIME])
        return bad_line(events, events->text, "the header has no column time", err);
    return true;
}

static bool take_record(struct umm_events *events, struct umm_error *err)
{
    struct umm_csv_field fields[FIELDS_MAX];
    size_t n;
    if (!split(events, fields, &n, err))
        return false;
    if (n != events->n_columns) {
        (void)umm_error_set(err, UMM_ERR_DATA, "%zu fields; the header has %zu", n,
                            events->n_columns);
        place(events, NULL, err);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (events->columns[i] != OTHER && fields[i].len_bytes > 0)
            events->cells[events->columns[i]] =
                (struct cell){fields[i].text, field_at(events, &fields[i], i), fields[i].len_bytes};
    return true;
}

/* ---- JSON ------------------------------------------------------------------------ */

static bool take_object(struct umm_events *events, struct umm_error *err)
{
    struct umm_jsonline json;
    struct umm_jsonline_member member;
    bool is_there[N_COLUMNS] = {false};
    umm_jsonline_begin(&json, events->text, events->len_bytes, events->room);
    while (umm_jsonline_next(&json, &member)) {
        const enum column column = find_column(member.key, member.key_bytes);
        if (column == OTHER && events->options.is_lenient)
            continue;
        if (column == OTHER)
            return bad_name(events, member.key, member.key_bytes, member.key_at,
                            "a key that no event has", err);
        if (is_there[column])
            return bad_name(events, member.key, member.key_bytes, member.key_at, "a key twice",
                            err);
        is_there[column] = true;
        if (member.kind == UMM_JSONLINE_NULL || member.value_bytes == 0)
            continue;
        events->cells[column] = (struct cell){member.value, member.at, member.value_bytes};
        if (member.kind == UMM_JSONLINE_TRUE || member.kind == UMM_JSONLINE_FALSE)
            return bad_cell(events, column, "is not a text or a number", err);
    }
    return json.wrong ? bad_line(events, json.at, json.wrong, err) : true;
}

/* ---- values ---------------------------------------------------------------------- */

static bool is_text(const struct cell *cell, const char *text)
{
    return strlen(text) == cell->len_bytes && memcmp(cell->text, text, cell->len_bytes) == 0;
}

static bool get_kind(struct umm_events *events, enum umm_event_kind *kind, struct umm_error *err)
{
    const struct cell *cell = &events->cells[EVENT];
    if (!cell->text)
        return bad_cell(events, EVENT, "is missing", err);
    if (is_text(cell, "price"))
        *kind = UMM_EVENT_PRICE;
    else if (is_text(cell, "open"))
        *kind = UMM_EVENT_OPEN;
    else if (is_text(cell, "close"))
        *kind = UMM_EVENT_CLOSE;
    else
        return bad_cell(events, EVENT, "is not open, price or close", err);
    return true;
}

enum cell_rule { OVER, MUST, MAY, NOT }; /* OVER: it is passed over */

/*
 * What does not change what the event means may be there, as feeds repeat a position when they
 * close it. What somebody may take for a change of a position or of a price must not be.
 */
static bool check_cells(struct umm_events *events, enum umm_event_kind kind, struct umm_error *err)
{
    static const unsigned char rules[][N_COLUMNS] = {
        [UMM_EVENT_OPEN] = {MUST, MAY, MUST, MUST, MUST, MUST, MAY, MAY, NOT},
        [UMM_EVENT_PRICE] = {MUST, MAY, OVER, MUST, OVER, NOT, NOT, NOT, MUST},
        [UMM_EVENT_CLOSE] = {MUST, MAY, MUST, OVER, OVER, OVER, OVER, OVER, OVER}};
    const char *const unwanted = kind == UMM_EVENT_OPEN
                                     ? "is not for an open: a price event says it"
                                     : "is not for a price: another open of the position says it";
    for (int i = 0; i < N_COLUMNS; i++) {
        struct cell *cell = &events->cells[i];
        if (rules[kind][i] == MUST && !cell->text)
            return bad_cell(events, (enum column)i, "is missing", err);
        if (rules[kind][i] == NOT && cell->text)
            return bad_cell(events, (enum column)i, unwanted, err);
        if (rules[kind][i] == OVER)
            *cell = (struct cell){NULL, NULL, 0};
    }
    return true;
}

static bool get_number(struct umm_events *events, enum column column, double *value,
                       struct umm_error *err)
{
    const struct cell *cell = &events->cells[column];
    *value = (double)NAN;
    if (!cell->text)
        return true;
    switch (umm_num_parse_f64(cell->text, cell->len_bytes, '.', value)) {
    case UMM_NUM_OK: return true;
    case UMM_NUM_OVERFLOW: return bad_cell(events, column, "is out of range", err);
    case UMM_NUM_MALFORMED:
    case UMM_NUM_INEXACT:
    default: return bad_cell(events, column, "is not a number", err);
    }
}

/*
 * A barrier, NaN for none. Some programs write 0 for none, which as a price is on the wrong side of
 * half of all positions: it is refused, not guessed at.
 */
static bool get_barrier(struct umm_events *events, enum column column, double *value,
                        struct umm_error *err)
{
    if (!get_number(events, column, value, err))
        return false;
    return *value != 0 || bad_cell(events, column, "is 0: leave it empty if there is none", err);
}

/* A number that is of 1980 to 2100 as seconds, and of early 1970 as milliseconds. */
static bool is_in_seconds(const struct cell *cell)
{
    double value;
    return umm_num_parse_f64(cell->text, cell->len_bytes, '.', &value) == UMM_NUM_OK &&
           value >= 315532800 && value < 4102444800;
}

/* Whether the time is a date, and no number: it has a dash after its first byte. */
static bool is_date(const struct cell *cell)
{
    return memchr(cell->text + 1, '-', cell->len_bytes - 1) != NULL;
}

static bool get_time(struct umm_events *events, struct umm_event *event, struct umm_error *err)
{
    const struct cell *cell = &events->cells[TIME];
    struct umm_time time;
    if (!cell->text)
        return bad_cell(events, TIME, "is missing", err);
    if (is_in_seconds(cell))
        return bad_cell(events, TIME, "counts seconds, it seems, and must count milliseconds", err);
    const struct umm_time_spec *spec = &events->times[is_date(cell)];
    enum umm_time_result result = umm_time_parse(spec, cell->text, cell->len_bytes, &time);
    if (result == UMM_TIME_OK)
        result = umm_time_to_unit(time, UMM_TIME_MS, &event->time_ms);
    if (result == UMM_TIME_INEXACT)
        return bad_cell(events, TIME, "is finer than a millisecond", err);
    if (result == UMM_TIME_RANGE)
        return bad_cell(events, TIME, "is out of range for milliseconds since 1970", err);
    if (result != UMM_TIME_OK)
        return bad_cell(events, TIME, umm_time_result_text(result), err);
    event->has_time = true;
    return true;
}

static bool get_side(struct umm_events *events, int *side, struct umm_error *err)
{
    const struct cell *cell = &events->cells[SIDE];
    if (is_text(cell, "long") || is_text(cell, "1"))
        *side = 1;
    else if (is_text(cell, "short") || is_text(cell, "-1"))
        *side = -1;
    else
        return bad_cell(events, SIDE, "is not long, short, 1 or -1", err);
    return true;
}

static struct umm_watch_text get_text(const struct umm_events *events, enum column column)
{
    const struct cell *cell = &events->cells[column];
    return (struct umm_watch_text){cell->text ? cell->text : "", cell->len_bytes};
}

static bool get_event(struct umm_events *events, struct umm_event *event, struct umm_error *err)
{
    struct umm_watch_position *position = &event->position;
    *event = (struct umm_event){.kind = UMM_EVENT_CLOSE};
    if (!get_kind(events, &event->kind, err) || !check_cells(events, event->kind, err) ||
        (events->options.is_timed && !get_time(events, event, err)))
        return false;
    position->id = get_text(events, ID);
    position->symbol = get_text(events, SYMBOL);
    if (event->kind == UMM_EVENT_PRICE)
        return get_number(events, PRICE, &event->price, err);
    if (event->kind == UMM_EVENT_CLOSE)
        return true;
    return get_side(events, &position->side, err) &&
           get_number(events, ENTRY, &position->entry, err) &&
           get_barrier(events, TAKE_PROFIT, &position->take_profit, err) &&
           get_barrier(events, STOP_LOSS, &position->stop_loss, err);
}

/* ---- lines ----------------------------------------------------------------------- */

static bool is_blank(const char *text, size_t len_bytes)
{
    for (size_t i = 0; i < len_bytes; i++)
        if (text[i] != ' ' && text[i] != '\t')
            return false;
    return true;
}

/* Why the line is none that can have an event. */
static const char *why_no_text(const char *text, size_t len_bytes)
{
    if (len_bytes > UMM_EVENT_LINE_MAX)
        return "the line is too long";
    if (memchr(text, '\0', len_bytes))
        return "the line has a zero byte";
    return memchr(text, '\r', len_bytes) ? "the line has a carriage return in it" : NULL;
}

enum umm_events_result umm_events_line(struct umm_events *events, const char *text,
                                       size_t len_bytes, struct umm_event *event,
                                       struct umm_error *err)
{
    events->line++;
    events->byte = events->next_byte;
    events->next_byte += len_bytes + 1;
    if (events->byte == 0 && len_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len_bytes -= 3;
    }
    if (len_bytes > 0 && text[len_bytes - 1] == '\r')
        len_bytes--;
    events->text = text;
    events->len_bytes = len_bytes;
    events->word = "line";
    memset(events->cells, 0, sizeof events->cells);
    if (is_blank(text, len_bytes))
        return UMM_EVENTS_NOTHING;
    const bool is_first = events->format == UNKNOWN;
    const char *why = why_no_text(text, len_bytes);
    if (is_first)
        events->format = *text == '{' ? JSON : CSV;
    if (why) {
        (void)bad_line(events, NULL, why, err);
        return is_first ? UMM_EVENTS_LOST : UMM_EVENTS_BAD;
    }
    if (is_first && events->format == CSV) {
        events->word = "header";
        return take_header(events, err) ? UMM_EVENTS_NOTHING : UMM_EVENTS_LOST;
    }
    if (events->format == CSV ? !take_record(events, err) : !take_object(events, err))
        return UMM_EVENTS_BAD;
    return get_event(events, event, err) ? UMM_EVENTS_EVENT : UMM_EVENTS_BAD;
}
