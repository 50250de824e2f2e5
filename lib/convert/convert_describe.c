/* SPDX-License-Identifier: MIT */
#include "convert/convert_describe.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "umm/mem.h"

enum { TEXT_MAX = 2048 }; /* what is longer is cut */

static const char *keep(struct umm_convert_result *result, const char *text)
{
    return umm_arena_copy_text(&result->arena, text);
}

static enum umm_status check_kept(const struct umm_convert_result *result, struct umm_error *err)
{
    return umm_arena_check(&result->arena, "a description", err);
}

enum umm_status umm_convert_describe_input(struct umm_convert_result *result, const char *path,
                                           struct umm_error *err)
{
    size_t n = result->n_inputs, size = sizeof *result->inputs;
    if ((n & (n - 1)) == 0) { /* room for as many again */
        struct umm_convert_input *inputs =
            umm_arena_realloc(&result->arena, result->inputs, n * size, (n ? 2 * n : 1) * size);
        if (!inputs)
            return check_kept(result, err);
        result->inputs = inputs;
    }
    struct umm_convert_input *input = &result->inputs[result->n_inputs++];
    input->path = umm_arena_copy_text(&result->arena, path);
    return check_kept(result, err);
}

static void add_source(char text[TEXT_MAX], const struct umm_names *names, int index)
{
    char shown[UMM_EXCERPT_MAX];
    const char *name = names->has_names ? names->text[index] : "";
    umm_line_add(text, TEXT_MAX, "%d", index + 1);
    if (*name)
        umm_line_add(text, TEXT_MAX, " \"%s\"",
                     umm_escape(shown, sizeof shown, name, strlen(name)));
}

static void describe_columns(const struct umm_reading *reading, char text[TEXT_MAX])
{
    char shown[UMM_EXCERPT_MAX];
    for (size_t i = 0; i < reading->schema.n_fields; i++) {
        const char *name = reading->schema.fields[i].name;
        const struct umm_schema_field *field = &reading->schema.fields[i];
        umm_line_add(text, TEXT_MAX, "%s%s=", i ? ", " : "",
                     umm_escape(shown, sizeof shown, name, strlen(name)));
        if (reading->found[i].first < 0) {
            umm_line_add(text, TEXT_MAX, "=%s", field->value);
            continue;
        }
        add_source(text, &reading->names, reading->found[i].first);
        if (field->power)
            umm_line_add(text, TEXT_MAX, "*1e%d", field->power);
        if (reading->found[i].second >= 0) {
            umm_line_add(text, TEXT_MAX, "+");
            add_source(text, &reading->names, reading->found[i].second);
        }
    }
}

/* "groups after ,", "currency,suffix", or both; false for plain digits. */
static bool describe_numbers(const struct umm_notation *notation, char text[TEXT_MAX])
{
    char ways[UMM_WAYS_LIST_MAX];
    if (umm_notation_is_plain(notation))
        return false;
    if (notation->mark)
        umm_line_add(text, TEXT_MAX, "groups after %s%s", umm_group_mark_name(notation->mark),
                     notation->ways ? " and " : "");
    umm_line_add(text, TEXT_MAX, "%s", umm_ways_list(notation->ways, ways));
    return true;
}

/* "epoch in ms", or with counts if there are several: "epoch in ms (744) or us (24)". */
static void describe_epochs(const struct umm_time_spec *spec, const uint64_t *n_epochs,
                            char text[TEXT_MAX])
{
    size_t n_units = 0;
    if (spec->is_unit_forced && spec->epoch_unit > UMM_TIME_TICKS) {
        umm_line_add(text, TEXT_MAX, "days of a spreadsheet");
        return;
    }
    if (spec->has_date) {
        umm_line_add(text, TEXT_MAX, "%s since midnight", umm_time_unit_name(spec->epoch_unit));
        return;
    }
    for (size_t i = 0; i < UMM_TIME_UNITS; i++)
        n_units += n_epochs[i] != 0;
    if (n_units == 0) {
        umm_line_add(text, TEXT_MAX, "epoch in %s",
                     spec->is_unit_forced ? umm_time_unit_name(spec->epoch_unit)
                                          : "s, ms, us or ns");
        return;
    }
    umm_line_add(text, TEXT_MAX, "epoch in");
    for (size_t i = 0, n = 0; i < UMM_TIME_UNITS; i++) {
        if (n_epochs[i] == 0)
            continue;
        umm_line_add(text, TEXT_MAX, "%s %s", n++ ? " or" : "",
                     umm_time_unit_name((enum umm_time_unit)i));
        if (n_units > 1)
            umm_line_add(text, TEXT_MAX, " (%" PRIu64 ")", n_epochs[i]);
    }
}

static void describe_time(const struct umm_time_spec *spec, const uint64_t *n_epochs,
                          char text[TEXT_MAX])
{
    char shown[UMM_EXCERPT_MAX];
    switch (spec->form) {
    case UMM_TIME_FORM_EPOCH: describe_epochs(spec, n_epochs, text); return;
    case UMM_TIME_FORM_ISO: umm_line_add(text, TEXT_MAX, "ISO 8601"); return;
    case UMM_TIME_FORM_YEAR_FIRST: umm_line_add(text, TEXT_MAX, "year, month, day"); return;
    case UMM_TIME_FORM_COMPACT: umm_line_add(text, TEXT_MAX, "YYYYMMDD"); return;
    case UMM_TIME_FORM_MONTH: umm_line_add(text, TEXT_MAX, "year, month"); return;
    case UMM_TIME_FORM_CLOCK: umm_line_add(text, TEXT_MAX, "time of day"); return;
    case UMM_TIME_FORM_PATTERN:
        for (size_t i = 0; i < 2 && spec->patterns[i]; i++)
            umm_line_add(
                text, TEXT_MAX, "%s%s", i ? " or " : "",
                umm_escape(shown, sizeof shown, spec->patterns[i], strlen(spec->patterns[i])));
        return;
    case UMM_TIME_FORM_NONE: break;
    }
    umm_line_add(text, TEXT_MAX, "none read");
}

static const char *time_by(const struct umm_reading *reading, const struct umm_time_spec *spec)
{
    bool is_option = strcmp(reading->time_by, "option") == 0;
    if (is_option || spec->form == UMM_TIME_FORM_NONE)
        return is_option ? reading->time_by : NULL;
    if (spec->form == UMM_TIME_FORM_PATTERN)
        return "layout";
    return spec->form == UMM_TIME_FORM_EPOCH && !spec->is_unit_forced ? "magnitude"
                                                                      : reading->time_by;
}

enum umm_status umm_convert_describe_reading(struct umm_convert_result *result,
                                             struct umm_convert_input *input,
                                             const struct umm_reading *reading,
                                             struct umm_error *err)
{
    char columns[TEXT_MAX] = "", numbers[TEXT_MAX] = "", time[TEXT_MAX] = "", zone[TEXT_MAX] = "";
    int time_index = reading->schema.time_index;
    input->layout = reading->layout ? reading->layout->name : NULL;
    input->delimiter = reading->records.delimiter;
    input->has_header = reading->has_header;
    input->n_header_records = reading->n_header_records;
    input->layout_by = reading->layout_by;
    input->delimiter_by = reading->delimiter_by;
    input->header_by = reading->header_by;
    input->n_bytes = reading->records.byte - input->n_skipped_bytes;
    input->n_blank = reading->records.n_blank;
    input->n_comments = reading->records.n_comments;
    input->n_held_bytes = reading->records.n_held_bytes;
    input->n_footer_lines = reading->records.source.footer.n_left_out;
    if (reading->has_header && reading->is_header_unused)
        input->header_text = umm_arena_copy_text(&result->arena, reading->header_text);
    describe_columns(reading, columns);
    input->columns = keep(result, columns);
    if (describe_numbers(&reading->notation, numbers)) {
        input->numbers = keep(result, numbers);
        input->numbers_by = reading->numbers_by;
    }
    if (time_index < 0)
        return check_kept(result, err);
    describe_time(&reading->times[time_index], input->n_epochs, time);
    input->time_by = time_by(reading, &reading->times[time_index]);
    input->zone_by = reading->zone_by;
    umm_line_add(zone, TEXT_MAX, "%s", reading->tz ? umm_tz_name(reading->tz) : "UTC");
    input->time = keep(result, time);
    input->zone = keep(result, zone);
    return check_kept(result, err);
}

enum umm_status umm_convert_describe_output(struct umm_convert_result *result,
                                            const struct umm_schema *schema,
                                            const struct umm_target *target, struct umm_error *err)
{
    char type[TEXT_MAX] = "";
    char descr[UMM_NPY_TYPE_TEXT_MAX];
    result->has_time = schema->time_index >= 0;
    result->time_unit = schema->time_unit;
    result->n_rows = target->n_rows;
    result->n_written = target->kind == UMM_TARGET_NONE ? 0 : target->n_appended;
    result->has_last_time = result->has_time && result->sequence.n_rows > 0;
    result->last_time = result->sequence.max;
    if (target->kind == UMM_TARGET_APPEND && target->append.n_old > 0 &&
        (!result->has_last_time || target->append.last > result->last_time)) {
        result->has_last_time = true;
        result->last_time = target->append.last;
    }
    umm_target_count_compared(target, &result->n_same, &result->n_revised);
    for (size_t i = 0; i < result->n_inputs; i++)
        result->n_bytes += result->inputs[i].n_bytes;
    result->n_output_bytes = target->header_bytes + target->n_rows * schema->row_bytes;
    if (target->kind == UMM_TARGET_APPEND)
        result->n_output_bytes += target->append.grow.rows.base_bytes;
    if (!schema->is_struct) {
        umm_npy_type_text(&schema->fields[0].type, descr);
        umm_line_add(type, TEXT_MAX, "%s (%" PRIu64 ", %zu)%s", descr, result->n_rows,
                     schema->n_fields, schema->is_fortran ? " Fortran order" : "");
        result->type = keep(result, type);
        return check_kept(result, err);
    }
    for (size_t i = 0; i < schema->n_fields; i++) {
        char name[UMM_EXCERPT_MAX];
        umm_npy_type_text(&schema->fields[i].type, descr);
        umm_escape(name, sizeof name, schema->fields[i].name, strlen(schema->fields[i].name));
        umm_line_add(type, TEXT_MAX, "%s%s %s", i ? ", " : "[", name, descr);
    }
    umm_line_add(type, TEXT_MAX, "] (%" PRIu64 ",)", result->n_rows);
    result->type = keep(result, type);
    return check_kept(result, err);
}

void umm_convert_result_free(struct umm_convert_result *result)
{
    umm_arena_close(&result->arena);
    memset(result, 0, sizeof *result);
}
