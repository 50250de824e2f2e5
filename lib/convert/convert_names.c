/* SPDX-License-Identifier: MIT */
/*
 * Texts that follow each other as one series, although their names are of two symbols:
 * BTCUSDT-1m-2024-01.csv and ETHUSDT-1m-2024-01.csv. Their rows would be wrong numbers.
 */
#include <string.h>

#include "base/error.h"
#include "base/hint.h"
#include "convert/convert_job.h"

/* Whether there is a text to compare with, and nothing else says whose the rows are. */
static bool is_due(const struct umm_convert_job *job)
{
    const struct umm_convert_options *o = job->options;
    const struct umm_instrument_options *instrument = &o->reading.instrument;
    const bool is_one = instrument->one_series && !instrument->one_series[0];
    const bool are_several =
        o->names || o->n_inputs > 1 || (job->archive && umm_unpack_n_members(job->archive) > 1);
    /* Inputs that are appended to each other were grouped by their names, or by a given symbol. */
    return are_several && !o->are_inputs_appended && !job->split && !is_one && !instrument->n_where;
}

/* A symbol in lower case could be any word: first-1m.csv and second-1m.csv. */
static bool is_symbol(const char *symbol)
{
    return symbol[strcspn(symbol, "abcdefghijklmnopqrstuvwxyz")] == '\0';
}

/* What the name of the member tells, or else that of the file. */
static bool read_name(const struct umm_convert_job *job,
                      const struct umm_deliveryname_reader *reader, struct umm_deliveryname *name)
{
    const char *member = job->archive ? umm_unpack_member(job->archive) : NULL;
    const bool is_told = (member && umm_deliveryname_read(reader, member, name, NULL) == UMM_OK) ||
                         umm_deliveryname_read(reader, job->archive_path, name, NULL) == UMM_OK;
    return is_told && is_symbol(name->symbol);
}

enum umm_status umm_convert_check_name(struct umm_convert_job *job, struct umm_error *err)
{
    static const struct umm_deliveryname_options no_options = {.symbol = NULL};
    struct umm_convert_names *names = job->options->names ? job->options->names : &job->names;
    struct umm_deliveryname name;
    enum umm_status status = UMM_OK;
    if (!is_due(job))
        return UMM_OK;
    if (!names->reader)
        status = umm_deliveryname_reader_new(&no_options, &names->reader, err);
    if (status || !read_name(job, names->reader, &name) ||
        (names->has_symbol && strcmp(names->symbol, name.symbol) == 0))
        return status;
    if (!names->has_symbol) {
        names->has_symbol = true;
        memcpy(names->symbol, name.symbol, sizeof names->symbol);
        return UMM_OK;
    }
    char now[UMM_EXCERPT_MAX], before[UMM_EXCERPT_MAX];
    umm_error_set_path(err, UMM_ERR_DATA, job->path,
                       "its name tells the symbol \"%s\", and the name of a file before it "
                       "\"%s\": not one series",
                       umm_escape(now, sizeof now, name.symbol, strlen(name.symbol)),
                       umm_escape(before, sizeof before, names->symbol, strlen(names->symbol)));
    return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_SERIES_OF_NAMES);
}

void umm_convert_names_free(struct umm_convert_names *names)
{
    umm_deliveryname_reader_free(names->reader);
    *names = (struct umm_convert_names){.reader = NULL};
}
