/* SPDX-License-Identifier: MIT */
#include "reading/headrow.h"

#include <string.h>

/* Whether a cell is a number as the file's are written, and not as all are. */
static bool is_written(const struct umm_headrow *how, struct umm_csv_field cell)
{
    double value;
    struct umm_written number;
    return umm_notation_read(&how->notation, how->decimal, cell.text, cell.len_bytes, &number) &&
           umm_num_parse_f64(number.text, number.len_bytes, how->decimal, &value) !=
               UMM_NUM_MALFORMED;
}

/* Whether a cell reads as data: a number, a time, or a missing value's text. */
static bool is_data(const struct umm_headrow *how, struct umm_csv_field cell)
{
    double value;
    struct umm_time ignored;
    struct umm_time_spec spec = {0};
    if (umm_num_parse_f64(cell.text, cell.len_bytes, how->decimal, &value) != UMM_NUM_MALFORMED ||
        is_written(how, cell) ||
        umm_time_detect(cell.text, cell.len_bytes, &spec) != UMM_TIME_MALFORMED)
        return true;
    spec = (struct umm_time_spec){.form = UMM_TIME_FORM_PATTERN,
                                  .patterns = {how->time_formats[0], how->time_formats[1]}};
    if (spec.patterns[0] &&
        umm_time_parse(&spec, cell.text, cell.len_bytes, &ignored) != UMM_TIME_MALFORMED)
        return true;
    return cell.len_bytes && umm_na_has(how->na, cell);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Marks before a digit, and no word after it: "$1,500.25", "(12)", "2.31%", "100K". */
static bool looks_like_value(struct umm_csv_field cell)
{
    size_t i = 0, n_letters = 0;
    while (i < cell.len_bytes && !is_digit(cell.text[i]) && !is_letter(cell.text[i]))
        i++;
    if (i == cell.len_bytes || !is_digit(cell.text[i]))
        return false;
    for (; i < cell.len_bytes; i++)
        n_letters += is_letter(cell.text[i]);
    return n_letters <= 1;
}

bool umm_headrow_is(const struct umm_headrow *how, const struct umm_csv_field *fields,
                    size_t n_fields)
{
    bool has_text = false;
    for (size_t i = 0; i < n_fields; i++) {
        if (is_data(how, fields[i]) || (!how->is_needed && looks_like_value(fields[i])))
            return false;
        has_text |= fields[i].len_bytes > 0;
    }
    return has_text;
}
