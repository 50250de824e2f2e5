/* SPDX-License-Identifier: MIT */
#include "store/store_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "text/csvcell.h"
#include "text/print.h"
#include "text/shortest.h"

/* ---- out ---------------------------------------------------------------------------- */

char *umm_store_print_id(char *out, const struct umm_store_entry *entry)
{
    return umm_csvcell_put(out, entry->id, entry->id_bytes);
}

char *umm_store_print_values(char *out, const float *vector, uint32_t dim)
{
    for (uint32_t i = 0; i < dim; i++) {
        *out++ = ',';
        out = umm_print_f32_shortest(out, vector[i]);
    }
    *out++ = '\n';
    return out;
}

/* ---- in ----------------------------------------------------------------------------- */

static enum umm_status bad(const struct umm_store_line *line, const char *at, const char *what,
                           const char *text, size_t len, struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    (void)umm_error_set(err, UMM_ERR_DATA, "%s: \"%s\"", what,
                        umm_escape(shown, sizeof shown, text, len));
    umm_error_at(err, line->path, line->number, (uint64_t)(at - line->text) + 1,
                 line->byte + (uint64_t)(at - line->text));
    return UMM_ERR_DATA;
}

enum umm_status umm_store_line_bad(const struct umm_store_line *line, const char *at,
                                   const char *what, struct umm_error *err)
{
    const char *end = memchr(at, ',', (size_t)(line->text + line->len - at));
    size_t len = end ? (size_t)(end - at) : (size_t)(line->text + line->len - at);
    return bad(line, at, what, at, len, err);
}

enum umm_status umm_store_line_id(struct umm_store_line *line, const char *at, char *id,
                                  size_t *id_bytes, struct umm_error *err)
{
    const char *end = line->text + line->len;
    bool is_quoted = at < end && *at == '"';
    size_t n = 0;
    for (at += is_quoted; at < end; at++) {
        if (is_quoted && *at == '"' && at + 1 < end && at[1] == '"')
            at++;
        else if (*at == (is_quoted ? '"' : ','))
            break;
        if (n == UMM_STORE_ID_MAX)
            return bad(line, line->text, "the id is too long", line->text, line->len, err);
        id[n++] = *at;
    }
    if (is_quoted && (at == end || (at + 1 < end && at[1] != ',')))
        return bad(line, line->text, "not closed, or text after the quote", line->text, line->len,
                   err);
    line->at = at + (is_quoted && at < end);
    *id_bytes = n;
    return UMM_OK;
}

/* The next field, without the comma before it; false at the end of the line. */
bool umm_store_line_next(struct umm_store_line *line, const char **field, size_t *len)
{
    const char *end = line->text + line->len;
    if (line->at == end)
        return false;
    *field = line->at + 1;
    const char *comma = memchr(*field, ',', (size_t)(end - *field));
    line->at = comma ? comma : end;
    *len = (size_t)(line->at - *field);
    return true;
}

/* The word in letters of either case, whatever the locale says they are. */
static bool is_word(const char *text, size_t len, const char *word)
{
    size_t n = 0;
    for (; n < len && word[n]; n++)
        if (text[n] != word[n] && (word[n] < 'a' || text[n] != word[n] - ('a' - 'A')))
            return false;
    return n == len && !word[n];
}

/* What is no number but a value. */
static bool parse_word(const char *text, size_t len, float *value)
{
    static const struct {
        const char *word;
        float value;
    } words[] = {{"nan", NAN}, {"inf", INFINITY}, {"+inf", INFINITY}, {"-inf", -INFINITY}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (is_word(text, len, words[i].word)) {
            *value = words[i].value;
            return true;
        }
    }
    return false;
}

enum umm_status umm_store_line_value(const struct umm_store_line *line, const char *field,
                                     size_t len, bool is_empty_nan, float *value,
                                     struct umm_error *err)
{
    enum umm_num_result result = umm_num_parse_f32(field, len, '.', value);
    if (result == UMM_NUM_OVERFLOW)
        return bad(line, field, "out of the range of float32", field, len, err);
    if (result == UMM_NUM_OK || parse_word(field, len, value))
        return UMM_OK;
    if (len || !is_empty_nan)
        return bad(line, field, "not a number", field, len, err);
    *value = NAN;
    return UMM_OK;
}

enum umm_status umm_store_line_time(const struct umm_store_line *line, const char *field,
                                    size_t len, const char *name, struct umm_time_spec *spec,
                                    int64_t *time_ns, struct umm_error *err)
{
    struct umm_time time;
    char what[UMM_EXCERPT_MAX];
    enum umm_time_result result = UMM_TIME_OK;
    if (spec->form == UMM_TIME_FORM_NONE)
        result = umm_time_detect(field, len, spec);
    if (result == UMM_TIME_OK)
        result = umm_time_parse(spec, field, len, &time);
    if (result == UMM_TIME_OK)
        result = umm_time_to_unit(time, UMM_TIME_NS, time_ns);
    if (result == UMM_TIME_OK)
        return UMM_OK;
    snprintf(what, sizeof what, "the %s %s", name, umm_time_result_text(result));
    return umm_store_line_bad(line, field, what, err);
}

enum umm_status umm_store_line_values(struct umm_store_line *line, bool is_empty_nan, float *vector,
                                      uint32_t dim, struct umm_error *err)
{
    const char *field;
    size_t len;
    uint32_t n = 0;
    for (; umm_store_line_next(line, &field, &len); n++) {
        float value = 0;
        enum umm_status status = umm_store_line_value(line, field, len, is_empty_nan, &value, err);
        if (status)
            return status;
        if (n < dim)
            vector[n] = value;
    }
    if (n == dim)
        return UMM_OK;
    (void)umm_error_set(err, UMM_ERR_DATA, "%" PRIu32 " values; the store's vectors have %" PRIu32,
                        n, dim);
    umm_error_at(err, line->path, line->number, 1, line->byte);
    return UMM_ERR_DATA;
}
