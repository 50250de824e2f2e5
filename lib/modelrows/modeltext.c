/* SPDX-License-Identifier: MIT */
#include "modelrows/modeltext.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/textbuf.h"

enum { FIELD_SEVERAL = UMM_FIELD_NONE - 1 };

/* What is chosen: fields from 0, UMM_FIELD_NONE for none. */
struct choice {
    struct umm_modeltext *text;
    const struct umm_names *names;
    struct umm_found time;
    int id;
    int *inputs;
    uint64_t n_inputs; /* as the text gives them */
};

/* ---- one field --------------------------------------------------------------------- */

static bool is_named(const struct umm_names *names, size_t field, const char *name, size_t len)
{
    const char *has = names->text[field];
    size_t has_len = strlen(has);
    umm_name_trim(&has, &has_len);
    return names->has_names && has_len == len && memcmp(has, name, len) == 0;
}

/* The field of that name; UMM_FIELD_NONE if there is none, FIELD_SEVERAL if there are more. */
static int find_named(const struct umm_names *names, const char *name, size_t len)
{
    int field = UMM_FIELD_NONE;
    for (size_t i = 0; i < names->n; i++)
        if (is_named(names, i, name, len))
            field = field == UMM_FIELD_NONE ? (int)i : FIELD_SEVERAL;
    return field;
}

/* The field of that name, or else of that number; below 0 as above. */
static int find_field(const struct umm_names *names, const char *name, size_t len)
{
    uint64_t number = 0;
    const int named = find_named(names, name, len);
    if (named != UMM_FIELD_NONE)
        return named;
    for (size_t i = 0; i < len; i++) {
        if (name[i] < '0' || name[i] > '9' || number > names->n)
            return UMM_FIELD_NONE;
        number = 10 * number + (uint64_t)(name[i] - '0');
    }
    return len && number < names->n ? (int)number : UMM_FIELD_NONE;
}

/* field: UMM_FIELD_NONE or FIELD_SEVERAL. */
static enum umm_status refuse_field(const struct choice *choice, int field, const char *what,
                                    const char *name, size_t len, struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX], list[UMM_ERROR_MESSAGE_MAX / 2];
    umm_escape(shown, sizeof shown, name, len);
    if (field == FIELD_SEVERAL)
        umm_error_set(err, UMM_ERR_DATA, "%s%s is the name of several of the fields %s", what,
                      shown, umm_columns_list(choice->names, list, sizeof list));
    else if (choice->names->has_names)
        umm_error_set(err, UMM_ERR_DATA, "%s%s is none of the fields %s", what, shown,
                      umm_columns_list(choice->names, list, sizeof list));
    else
        umm_error_set(err, UMM_ERR_DATA, "%s%s is none of the %zu fields, which have no names",
                      what, shown, choice->names->n);
    return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_MODEL_COLUMNS);
}

/* ---- which fields ------------------------------------------------------------------ */

static bool is_time(const struct choice *choice, size_t field)
{
    return (int)field == choice->time.first || (int)field == choice->time.second ||
           (choice->names->has_names && umm_name_is_time(choice->names->text[field]));
}

/* Times as bars have them, except for a field without a name, which may be of anything. */
static void find_time(struct choice *choice)
{
    const struct umm_names *names = choice->names;
    const struct umm_found none = {UMM_FIELD_NONE, UMM_FIELD_NONE};
    if (!names->has_names || umm_columns_find_timestamp(names, &choice->time, NULL) != UMM_OK ||
        choice->time.first < 0 || !names->text[choice->time.first][0])
        choice->time = none;
}

static enum umm_status find_id(struct choice *choice, struct umm_error *err)
{
    struct umm_modeltext *text = choice->text;
    if (text->options.id != text->id) /* else it is what an earlier text was read by */
        text->given_id = text->options.id;
    const char *id = text->given_id;
    choice->id = id ? find_field(choice->names, id, strlen(id)) : UMM_FIELD_NONE;
    if (!id || choice->id >= 0)
        return UMM_OK;
    return refuse_field(choice, choice->id, "the id ", id, strlen(id), err);
}

static enum umm_status take_listed(struct choice *choice, struct umm_error *err)
{
    const uint64_t n_wanted = choice->text->options.n_inputs;
    const char *name = choice->text->options.columns;
    for (uint64_t n = 0;; name++, n++) {
        const size_t len = strcspn(name, ",");
        const int field = find_field(choice->names, name, len);
        if (field < 0)
            return refuse_field(choice, field, "", name, len, err);
        if (n < n_wanted)
            choice->inputs[n] = field;
        name += len;
        choice->n_inputs = n + 1;
        if (!*name)
            return UMM_OK;
    }
}

/* How many of the model's names one field has, and the first that none or several have. */
static uint64_t take_named(struct choice *choice, uint64_t *missing)
{
    const struct umm_modelrows_options *o = &choice->text->options;
    uint64_t n = 0;
    *missing = UINT64_MAX;
    for (uint64_t i = 0; o->names && i < o->n_inputs; i++) {
        const char *name = o->names[i] ? o->names[i] : "";
        const int field = *name ? find_named(choice->names, name, strlen(name)) : UMM_FIELD_NONE;
        choice->inputs[i] = field;
        n += field >= 0;
        if (field < 0 && *missing == UINT64_MAX)
            *missing = i;
    }
    return n;
}

static void take_in_order(struct choice *choice)
{
    choice->n_inputs = 0;
    for (size_t i = 0; i < choice->names->n; i++) {
        if (is_time(choice, i) || (int)i == choice->id)
            continue;
        if (choice->n_inputs < choice->text->options.n_inputs)
            choice->inputs[choice->n_inputs] = (int)i;
        choice->n_inputs++;
    }
}

static bool has_names(const struct umm_modelrows_options *options)
{
    for (uint64_t i = 0; options->names && i < options->n_inputs; i++)
        if (options->names[i])
            return true;
    return false;
}

static enum umm_status take_matched(struct choice *choice, struct umm_error *err)
{
    const struct umm_modelrows_options *o = &choice->text->options;
    uint64_t missing;
    const uint64_t n_found = take_named(choice, &missing);
    choice->n_inputs = n_found;
    if (n_found == o->n_inputs)
        return UMM_OK;
    if (choice->names->has_names && has_names(o) && (n_found || o->n_inputs > 1)) {
        const char *name = o->names[missing] ? o->names[missing] : "without a name";
        return refuse_field(choice, choice->inputs[missing], "the model's input ", name,
                            strlen(name), err);
    }
    take_in_order(choice);
    return UMM_OK;
}

static enum umm_status check_inputs(const struct choice *choice, struct umm_error *err)
{
    const uint64_t n = choice->n_inputs, n_wanted = choice->text->options.n_inputs;
    const bool is_listed = choice->text->options.columns;
    if (n != n_wanted) {
        umm_error_set(err, UMM_ERR_DATA, "%" PRIu64 " field%s %s, and the model takes %" PRIu64, n,
                      n == 1 ? " is" : "s are", is_listed ? "listed" : "left for the inputs",
                      n_wanted);
        return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_MODEL_COLUMNS);
    }
    for (uint64_t i = 0; i < n; i++) {
        const char *name = choice->names->text[choice->inputs[i]];
        char shown[UMM_EXCERPT_MAX];
        umm_escape(shown, sizeof shown, name, strlen(name));
        if (choice->inputs[i] == choice->id)
            return umm_error_set(err, UMM_ERR_DATA, "%s is the id and an input at once", shown);
        if (is_time(choice, (size_t)choice->inputs[i])) {
            umm_error_set(err, UMM_ERR_DATA, "%s holds times: it is no input", shown);
            return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_MODEL_COLUMNS);
        }
    }
    return UMM_OK;
}

/* ---- the list of what is read ------------------------------------------------------- */

/* Whether the field has a name, and no other field has that. */
static bool has_own_name(const struct umm_names *names, int field)
{
    const char *name = names->text[field];
    size_t len = strlen(name);
    umm_name_trim(&name, &len);
    return len && find_named(names, name, len) >= 0;
}

/* One field, by its number from 1; without a name of its own it has one of its number from 0. */
static void add_field(struct umm_textbuf *out, const struct umm_names *names, int field,
                      const char *type)
{
    umm_textbuf_add(out, ",");
    if (!has_own_name(names, field))
        umm_textbuf_add(out, "column_%d=", field);
    umm_textbuf_add(out, "%d:%s", field + 1, type);
}

static enum umm_status make_list(struct choice *choice, struct umm_error *err)
{
    struct umm_textbuf out = {0};
    char id_type[16];
    char *text;
    size_t len;
    snprintf(id_type, sizeof id_type, "S%d", UMM_MODELTEXT_ID_BYTES);
    if (choice->time.first >= 0 && !choice->text->has_no_times &&
        choice->time.first != choice->id) {
        umm_textbuf_add(&out, ",%d", choice->time.first + 1);
        if (choice->time.second >= 0)
            umm_textbuf_add(&out, "+%d", choice->time.second + 1);
        umm_textbuf_add(&out, ":M8");
    }
    if (choice->id >= 0)
        add_field(&out, choice->names, choice->id, id_type);
    for (uint64_t i = 0; i < choice->n_inputs; i++)
        add_field(&out, choice->names, choice->inputs[i], "f8");
    enum umm_status status = umm_textbuf_take(&out, &text, &len, err);
    if (!status) {
        free(choice->text->list);
        choice->text->list = text;
    }
    return status;
}

/* What was read by which name, for the binding of rows. */
static void settle(const struct choice *choice)
{
    struct umm_modeltext *text = choice->text;
    text->options.is_selected = true;
    if (choice->id < 0)
        return;
    if (has_own_name(choice->names, choice->id)) {
        const char *name = choice->names->text[choice->id];
        size_t len = strlen(name);
        umm_name_trim(&name, &len);
        snprintf(text->id, sizeof text->id, "%.*s", (int)len, name);
    } else {
        snprintf(text->id, sizeof text->id, "column_%d", choice->id);
    }
    text->options.id = text->id;
}

enum umm_status umm_modeltext_choose(void *user, const struct umm_names *names,
                                     const char **columns, struct umm_error *err)
{
    struct choice choice = {.text = user, .names = names, .id = UMM_FIELD_NONE};
    const uint64_t n = choice.text->options.n_inputs;
    choice.inputs = calloc(n ? (size_t)n : 1, sizeof *choice.inputs);
    if (!choice.inputs)
        return umm_error_set_memory(err, (size_t)n * sizeof *choice.inputs, "columns");
    find_time(&choice);
    enum umm_status status = find_id(&choice, err);
    if (!status)
        status =
            choice.text->options.columns ? take_listed(&choice, err) : take_matched(&choice, err);
    if (!status)
        status = check_inputs(&choice, err);
    if (!status)
        status = make_list(&choice, err);
    if (!status) {
        settle(&choice);
        *columns = choice.text->list + 1; /* after its first comma */
    }
    free(choice.inputs);
    return status;
}

void umm_modeltext_close(struct umm_modeltext *text)
{
    free(text->list);
    text->list = NULL;
}
