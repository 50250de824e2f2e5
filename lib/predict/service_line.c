/* SPDX-License-Identifier: MIT */
#include "predict/service_line.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "text/decimal.h"
#include "text/words.h"

static const char *const words[UMM_SERVICE_WORDS] = {[UMM_SERVICE_ID] = "id",
                                                     [UMM_SERVICE_FIELDS] = "fields",
                                                     [UMM_SERVICE_NUMBER] = "number",
                                                     [UMM_SERVICE_NONFINITE] = "nonfinite",
                                                     [UMM_SERVICE_INTEGER] = "integer",
                                                     [UMM_SERVICE_ABSENT] = "absent",
                                                     [UMM_SERVICE_BUSY] = "busy",
                                                     [UMM_SERVICE_STORE] = "store",
                                                     [UMM_SERVICE_OVERLOAD] = "overload",
                                                     [UMM_SERVICE_LONG] = "long",
                                                     [UMM_SERVICE_HALF] = "half",
                                                     [UMM_SERVICE_COMMAND] = "command"};

const char *umm_service_word_name(enum umm_service_word word)
{
    return words[word];
}

/* ---- ids ------------------------------------------------------------------------- */

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

/* An id without quotes around it. Returns what comes after it, NULL if it is none. */
static const char *read_plain(const char *at, const char *end, struct umm_service_id *id)
{
    size_t n = 0;
    for (; at < end && *at != ','; at++) {
        if (n == UMM_SERVICE_ID_MAX || *at == '"' || is_control(*at))
            return NULL;
        id->text[n++] = *at;
    }
    id->len_bytes = n;
    return n > 0 ? at : NULL;
}

/* An id whose first quote was read. */
static const char *read_quoted(const char *at, const char *end, struct umm_service_id *id)
{
    size_t n = 0;
    for (; at < end; at++) {
        if (*at == '"') {
            if (at + 1 == end || at[1] != '"')
                break;
            at++;
        }
        if (n == UMM_SERVICE_ID_MAX || is_control(*at))
            return NULL;
        id->text[n++] = *at;
    }
    if (at == end || n == 0 || (at + 1 < end && at[1] != ','))
        return NULL;
    id->len_bytes = n;
    return at + 1;
}

/* Returns the end of the line, or the comma after the id; NULL if it is none. */
static const char *read_id(const char *at, const char *end, struct umm_service_id *id)
{
    const char *rest =
        at < end && *at == '"' ? read_quoted(at + 1, end, id) : read_plain(at, end, id);
    if (!rest)
        id->len_bytes = 0;
    return rest;
}

char *umm_service_id_put(char *out, const struct umm_service_id *id)
{
    return umm_csvcell_put_id(out, id->text, id->len_bytes);
}

/* ---- commands -------------------------------------------------------------------- */

static bool is_text(const char *text, size_t len, const char *command)
{
    return strlen(command) == len && memcmp(text, command, len) == 0;
}

/* Decimal digits; UINT64_MAX: none, or too many. */
static uint64_t read_count(const char *text, size_t len)
{
    const size_t len_max = 18; /* below 2^63 */
    uint64_t count = 0;
    if (len == 0 || len > len_max)
        return UINT64_MAX;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return UINT64_MAX;
        count = count * 10 + (uint64_t)(text[i] - '0');
    }
    return count;
}

static void read_command(const char *text, size_t len, struct umm_service_line *line)
{
    static const char raw[] = "!f4 ";
    const size_t raw_len = sizeof raw - 1;
    line->word = UMM_SERVICE_COMMAND;
    if (is_text(text, len, "!version"))
        line->kind = UMM_SERVICE_LINE_VERSION;
    else if (is_text(text, len, "!stats"))
        line->kind = UMM_SERVICE_LINE_STATS;
    else if (len > raw_len && memcmp(text, raw, raw_len) == 0) {
        line->kind = UMM_SERVICE_LINE_RAW;
        line->number = read_count(text + raw_len, len - raw_len);
    }
}

enum { FIELDS_AT_ONCE = 64 };

/* ---- numbers --------------------------------------------------------------------- */

/* What is no number but a value, in any case of letters. */
static bool read_word(const char *text, size_t len, double *value)
{
    static const char *const nan_words[] = {"nan", NULL};
    static const char *const inf_words[] = {"inf", "+inf", "-inf", NULL};
    if (umm_is_word_of(nan_words, text, len))
        *value = (double)NAN;
    else if (umm_is_word_of(inf_words, text, len))
        *value = *text == '-' ? -(double)INFINITY : (double)INFINITY;
    else
        return false;
    return true;
}

static bool read_number(const char *text, size_t len, double *value)
{
    switch (umm_num_parse_f64(text, len, '.', value)) {
    case UMM_NUM_OK: return true;
    case UMM_NUM_OVERFLOW:
        *value = *text == '-' ? -(double)INFINITY : (double)INFINITY;
        return true;
    case UMM_NUM_MALFORMED:
    case UMM_NUM_INEXACT:
    default: return read_word(text, len, value);
    }
}

/* Field i lies between commas[i] and commas[i + 1], which are places in the line. */
static bool read_field(const char *text, const uint32_t *commas, size_t i, double *numbers)
{
    const char *field = text + commas[i] + 1;
    return read_number(field, commas[i + 1] - commas[i] - 1, &numbers[i]);
}

/* Some fields at once. Returns the first that is no number, from 1; 0: all are numbers. */
static size_t read_fields(const char *text, const uint32_t *commas, size_t n, double *numbers)
{
    uint32_t odd[FIELDS_AT_ONCE];
    size_t first = 0;
    /* The engines read so many bytes before the end of a field: they are to be the line's. */
    while (first < n && commas[first + 1] < UMM_DECIMAL_PAD)
        first++;
    for (size_t i = 0; i < first; i++)
        if (!read_field(text, commas, i, numbers))
            return i + 1;
    const struct umm_decimal_column column = {.text = text,
                                              .begins = commas + first,
                                              .ends = commas + first + 1,
                                              .begin_add = 1,
                                              .n = n - first,
                                              .out = (char *)(numbers + first),
                                              .out_stride = sizeof *numbers,
                                              .point = '.'};
    const size_t n_odd = umm_decimal_f64(umm_cpu_best(), &column, odd);
    for (size_t i = 0; i < n_odd; i++)
        if (!read_field(text, commas, first + odd[i], numbers))
            return first + odd[i] + 1;
    return 0;
}

/* The fields after the id, each with the comma before it; at is a comma of the line text. */
static void read_numbers(const char *text, const char *at, const char *end, size_t n_inputs,
                         double *numbers, struct umm_service_line *line)
{
    uint32_t commas[FIELDS_AT_ONCE + 1];
    size_t n = 0, n_bad = 0;
    while (at < end) {
        size_t n_more = 0;
        commas[0] = (uint32_t)(at - text);
        do {
            const char *next = memchr(at + 1, ',', (size_t)(end - at - 1));
            at = next ? next : end;
            commas[++n_more] = (uint32_t)(at - text);
        } while (at < end && n_more < FIELDS_AT_ONCE);
        if (!n_bad && n < n_inputs) {
            const size_t n_wanted = n_more < n_inputs - n ? n_more : n_inputs - n;
            const size_t bad = read_fields(text, commas, n_wanted, numbers + n);
            n_bad = bad ? n + bad : 0;
        }
        n += n_more;
    }
    if (n != n_inputs) {
        line->word = UMM_SERVICE_FIELDS;
        line->number = n;
    } else if (n_bad) {
        line->word = UMM_SERVICE_NUMBER;
        line->number = n_bad;
    } else {
        line->kind = UMM_SERVICE_LINE_ROW;
    }
}

/* ---- lines ----------------------------------------------------------------------- */

/* Where the line ends, without a CR. */
static const char *end_of(const char *text, size_t len)
{
    return text + len - (len > 0 && text[len - 1] == '\r');
}

/* What all lines begin with. Returns the place after the id of a question, else NULL. */
static const char *begin_line(const char *text, const char *end, struct umm_service_line *line)
{
    line->kind = UMM_SERVICE_LINE_REFUSED;
    line->word = UMM_SERVICE_ID;
    line->number = 0;
    line->id.len_bytes = line->key.len_bytes = 0;
    if (text < end && *text == '!') {
        read_command(text, (size_t)(end - text), line);
        return NULL;
    }
    return read_id(text, end, &line->id);
}

void umm_service_line_read(const char *text, size_t len_bytes, size_t n_inputs, double *numbers,
                           struct umm_service_line *line)
{
    const char *end = end_of(text, len_bytes);
    const char *rest = begin_line(text, end, line);
    if (rest)
        read_numbers(text, rest, end, n_inputs, numbers, line);
}

void umm_service_line_read_key(const char *text, size_t len_bytes, struct umm_service_line *line)
{
    const char *end = end_of(text, len_bytes);
    const char *rest = begin_line(text, end, line);
    if (!rest)
        return;
    if (rest < end) {
        rest = read_id(rest + 1, end, &line->key);
    } else {
        line->key.len_bytes = line->id.len_bytes;
        memcpy(line->key.text, line->id.text, line->id.len_bytes);
    }
    if (rest == end) {
        line->kind = UMM_SERVICE_LINE_ROW;
    } else if (rest) {
        line->word = UMM_SERVICE_FIELDS;
        line->number = 3;
        for (const char *at = rest + 1; at < end; at++)
            line->number += *at == ',';
    }
}

void umm_service_line_refuse(const char *text, size_t len_bytes, enum umm_service_word word,
                             struct umm_service_line *line)
{
    const char *end = text + len_bytes;
    const char *rest = begin_line(text, end, line);
    line->kind = UMM_SERVICE_LINE_REFUSED;
    line->word = word;
    if (!rest || rest == end || *rest != ',')
        line->id.len_bytes = 0; /* it may go on */
}
