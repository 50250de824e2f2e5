/* SPDX-License-Identifier: MIT */
#include "text/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "text/num.h"

/* ---- parsing --------------------------------------------------------------- */

/* The first of the stop bytes in text outside double quotes, or the end. */
static size_t span_to(const char *text, const char *stops)
{
    bool is_quoted = false;
    size_t i = 0;
    for (; text[i]; i++) {
        if (text[i] == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && strchr(stops, text[i]))
            break;
    }
    return i;
}

/* Copy text without surrounding double quotes; false when it does not fit. */
static bool copy_name(char *out, size_t cap_bytes, const char *text, size_t len_bytes)
{
    if (len_bytes >= 2 && text[0] == '"' && text[len_bytes - 1] == '"') {
        text++;
        len_bytes -= 2;
    }
    if (len_bytes >= cap_bytes)
        return false;
    memcpy(out, text, len_bytes);
    out[len_bytes] = '\0';
    return true;
}

static bool copy_raw(char *out, size_t cap_bytes, const char *text, size_t len_bytes)
{
    if (len_bytes >= cap_bytes)
        return false;
    memcpy(out, text, len_bytes);
    out[len_bytes] = '\0';
    return true;
}

/*
 * A FIELD: a quoted name, or text without the marks that divide an ITEM; a * only
 * after something, at the end.
 */
static bool is_field(const char *text, size_t len)
{
    const char *end = text + len;
    if (len && text[0] == '"')
        return len >= 2 && memchr(text + 1, '"', len - 1) == end - 1;
    for (const char *p = text; p < end; p++)
        if (strchr("\"=:|+", *p) || (*p == '*' && (p == text || p + 1 < end)))
            return false;
    return len > 0;
}

/* A number, or nan. */
static bool is_value(const char *text)
{
    double ignored;
    size_t len = strlen(text);
    return len < UMM_COLUMN_VALUE_MAX &&
           (strcasecmp(text, "nan") == 0 ||
            umm_num_parse_f64(text, len, '.', &ignored) == UMM_NUM_OK);
}

/* A SOURCE: FIELDs, two at most between one | and the next, or a VALUE after the last |. */
static bool is_source(const char *text)
{
    bool has_second = false;
    for (;;) {
        if (*text == '=' && !has_second)
            return is_value(text + 1);
        size_t len = span_to(text, "+|");
        char mark = text[len];
        if (!is_field(text, len) || (mark == '+' && has_second))
            return false;
        has_second = mark == '+';
        if (!mark)
            return true;
        text += len + 1;
    }
}

/* The power of ten that a number is, exactly; false if it is none, or too large a one. */
static bool parse_power(const char *text, size_t len_bytes, int *power)
{
    int64_t one;
    for (int p = -UMM_COLUMN_POWER_MAX; p <= UMM_COLUMN_POWER_MAX; p++) {
        if (umm_num_scaled_i64(text, len_bytes, '.', -p, &one) == UMM_NUM_OK && one == 1) {
            *power = p;
            return true;
        }
    }
    return false;
}

/* Take *POWER off the end of a SOURCE; false if what is there is none. */
static bool take_power(char *source, int *power)
{
    size_t last = SIZE_MAX;
    for (size_t i = span_to(source, "*"); source[i]; i += 1 + span_to(source + i + 1, "*"))
        last = i;
    /* A * that nothing follows, or another alternative, is that of a PREFIX. */
    if (last == SIZE_MAX || !source[last + 1] || strchr("|+*", source[last + 1]))
        return true;
    char *number = source + last + 1;
    if (!parse_power(number, strlen(number), power))
        return false;
    memset(source + last, 0, 1 + strlen(number));
    return true;
}

static bool parse_item(const char *text, size_t len_bytes, struct umm_column *column)
{
    memset(column, 0, sizeof *column);
    const char *end = text + len_bytes;
    size_t name = span_to(text, "=,");
    if (text[name] == '=') {
        if (!is_field(text, name) || !copy_name(column->name, sizeof column->name, text, name))
            return false;
        text += name + 1;
    }
    size_t source = span_to(text, ":,");
    if (!copy_raw(column->source, sizeof column->source, text, source) ||
        !take_power(column->source, &column->power) || !is_source(column->source))
        return false;
    const bool is_constant = column->source[0] == '=';
    if (is_constant && (!column->name[0] || column->power))
        return false;
    text += source;
    if (text == end)
        return true;
    text++;
    return text < end && copy_raw(column->type, sizeof column->type, text, (size_t)(end - text));
}

enum umm_status umm_columns_parse(const char *text, struct umm_column **columns, size_t *n_columns,
                                  struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    size_t n = 1;
    for (const char *p = text; *(p += span_to(p, ",")); p++)
        n++;
    struct umm_column *list = calloc(n, sizeof *list);
    if (!list)
        return umm_error_set_memory(err, n * sizeof *list, "the list of columns");
    for (size_t i = 0; i < n; i++) {
        size_t len = span_to(text, ",");
        if (!parse_item(text, len, &list[i])) {
            free(list);
            return umm_error_set(err, UMM_ERR_ARGUMENT, "not a column: \"%s\"",
                                 umm_escape(shown, sizeof shown, text, len));
        }
        text += len + 1;
    }
    *columns = list;
    *n_columns = n;
    return UMM_OK;
}

const char *umm_columns_value(const char *source)
{
    for (;;) {
        if (*source == '=')
            return source + 1;
        source += span_to(source, "|");
        if (!*source++)
            return NULL;
    }
}

bool umm_columns_is_by_number(const char *source)
{
    const char *end = source + strspn(source, "0123456789+|");
    return *end == '\0' || (*end == '=' && (end == source || end[-1] == '|'));
}

/* ---- finding --------------------------------------------------------------- */

const char *umm_columns_list(const struct umm_names *names, char *out, size_t cap_bytes)
{
    enum { ROOM = UMM_EXCERPT_MAX + 8 };
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < names->n; i++) {
        char shown[UMM_EXCERPT_MAX];
        if (used + ROOM > cap_bytes) {
            snprintf(out + used, cap_bytes - used, ", ...");
            break;
        }
        umm_escape(shown, sizeof shown, names->text[i], strlen(names->text[i]));
        used += (size_t)snprintf(out + used, cap_bytes - used, "%s\"%s\"", i ? ", " : "", shown);
    }
    return out;
}

enum { ABSENT = -1, SEVERAL = -2 };

/* The only field for which match holds: ABSENT, SEVERAL, or its index. */
static int only_match(const struct umm_names *names,
                      bool (*match)(const char *name, const void *key), const void *key)
{
    int found = ABSENT;
    for (size_t i = 0; i < names->n; i++) {
        if (!match(names->text[i], key))
            continue;
        if (found != ABSENT)
            return SEVERAL;
        found = (int)i;
    }
    return found;
}

static bool has_name(const char *name, const void *key)
{
    return umm_name_equal(name, strlen(name), key, strlen(key));
}

static bool has_role(const char *name, const void *key)
{
    return umm_role_of(name, strlen(name)) == *(const enum umm_role *)key;
}

static int by_prefix(const struct umm_names *names, const char *prefix, size_t len)
{
    for (size_t i = 0; i < names->n; i++) {
        if (umm_name_begins(names->text[i], strlen(names->text[i]), prefix, len))
            return (int)i;
    }
    return ABSENT;
}

static int by_number(const struct umm_names *names, const char *digits)
{
    unsigned long n = 0;
    for (const char *p = digits; *p; p++) {
        n = n * 10 + (unsigned long)(*p - '0');
        if (n > names->n)
            return ABSENT;
    }
    return n ? (int)n - 1 : ABSENT;
}

/* One FIELD. */
static int find_field(const char *text, size_t len, const struct umm_names *names)
{
    char name[UMM_COLUMN_NAME_MAX];
    bool is_quoted = len && text[0] == '"';
    if (len == 0 || !copy_name(name, sizeof name, text, len))
        return ABSENT;
    if (!is_quoted && name[strspn(name, "0123456789")] == '\0')
        return by_number(names, name);
    if (!names->has_names)
        return ABSENT;
    if (!is_quoted && text[len - 1] == '*')
        return by_prefix(names, name, len - 1);
    int found = only_match(names, has_name, name);
    enum umm_role role = umm_role_of(name, strlen(name));
    if (found != ABSENT || role == UMM_ROLE_NONE || is_quoted)
        return found;
    return only_match(names, has_role, &role);
}

/* One ALT; *missing is then the FIELD that was not found. */
static int find_alternative(const char *text, size_t len, const struct umm_names *names,
                            struct umm_found *found)
{
    size_t first = span_to(text, "+|");
    if (first > len)
        first = len;
    found->second = UMM_FIELD_NONE;
    found->first = find_field(text, first, names);
    if (found->first < 0 || first == len)
        return found->first;
    found->second = find_field(text + first + 1, len - first - 1, names);
    return found->second < 0 ? found->second : found->first;
}

static enum umm_status not_found(int code, const char *what, const struct umm_names *names,
                                 struct umm_error *err)
{
    char list[320], shown[UMM_EXCERPT_MAX];
    umm_escape(shown, sizeof shown, what, strlen(what));
    if (what[strspn(what, "0123456789")] == '\0')
        return umm_error_set(err, UMM_ERR_DATA, "no field number %s: there are %zu", shown,
                             names->n);
    if (code == SEVERAL)
        return umm_error_hint(err,
                              umm_error_set(err, UMM_ERR_DATA,
                                            "several fields could be '%s' among %s", shown,
                                            umm_columns_list(names, list, sizeof list)),
                              UMM_HINT_COLUMNS);
    if (names->has_names)
        return umm_error_hint(err,
                              umm_error_set(err, UMM_ERR_DATA, "no field for '%s' among %s", shown,
                                            umm_columns_list(names, list, sizeof list)),
                              umm_role_of(what, strlen(what)) == UMM_ROLE_VOLUME
                                  ? UMM_HINT_NO_VOLUME
                                  : UMM_HINT_NO_FIELD);
    return umm_error_hint(err,
                          umm_error_set(err, UMM_ERR_DATA,
                                        "no field for '%s': no header names the %zu fields", shown,
                                        names->n),
                          UMM_HINT_NO_HEADER);
}

enum umm_status umm_columns_find(const char *source, const struct umm_names *names,
                                 struct umm_found *found, struct umm_error *err)
{
    int code = ABSENT;
    for (const char *text = source;;) {
        size_t len = span_to(text, "|");
        if (*text == '=') {
            *found = (struct umm_found){UMM_FIELD_NONE, UMM_FIELD_NONE};
            return UMM_OK;
        }
        code = find_alternative(text, len, names, found);
        if (code >= 0)
            return UMM_OK;
        if (code == SEVERAL || !text[len])
            return not_found(code, source, names, err);
        text += len + 1;
    }
}

enum umm_status umm_columns_find_timestamp(const struct umm_names *names, struct umm_found *found,
                                           struct umm_error *err)
{
    static const enum umm_role roles[] = {UMM_ROLE_TIMESTAMP, UMM_ROLE_DATE, UMM_ROLE_TIME};
    found->second = UMM_FIELD_NONE;
    found->first = names->has_names ? only_match(names, has_name, "timestamp") : ABSENT;
    for (size_t i = 0; found->first == ABSENT && names->has_names && i < 3; i++)
        found->first = only_match(names, has_role, &roles[i]);
    if (found->first == ABSENT && names->has_names && names->n && !names->text[0][0])
        found->first = 0;
    if (found->first < 0)
        return not_found(found->first, "timestamp", names, err);
    if (umm_role_of(names->text[found->first], strlen(names->text[found->first])) ==
        UMM_ROLE_DATE) {
        enum umm_role role = UMM_ROLE_TIME;
        int second = only_match(names, has_role, &role);
        if (second == SEVERAL)
            return not_found(second, "time", names, err);
        found->second = second;
    }
    return UMM_OK;
}
