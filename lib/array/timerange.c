/* SPDX-License-Identifier: MIT */
#include "array/timerange.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum umm_status umm_time_from_iso(const char *text, struct umm_time *out, struct umm_error *err)
{
    const struct umm_time_spec spec = {.form = UMM_TIME_FORM_ISO};
    char shown[UMM_EXCERPT_MAX];
    enum umm_time_result result = umm_time_parse(&spec, text, strlen(text), out);
    if (result == UMM_TIME_OK)
        return UMM_OK;
    umm_escape(shown, sizeof shown, text, strlen(text));
    return umm_error_set(err, UMM_ERR_ARGUMENT, "%s: \"%s\"",
                         result == UMM_TIME_MALFORMED ? "not an ISO 8601 date or time"
                                                      : umm_time_result_text(result),
                         shown);
}

enum umm_status umm_timerange_rows(const struct umm_timerange *range,
                                   const struct umm_arrayfile *file, uint64_t *first, uint64_t *end,
                                   struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    *first = 0;
    *end = file->n_rows;
    if (range->has_from)
        status = umm_arrayfile_find_time(file, &range->from, first, err);
    if (!status && range->has_to)
        status = umm_arrayfile_find_time(file, &range->to, end, err);
    if (!status && *end < *first)
        *end = *first;
    return status;
}

/* ---- names ------------------------------------------------------------------------ */

/* An end of the range, or what stands for one that is not there. */
static void name_end(bool is_there, struct umm_time time, const char *absent,
                     char out[UMM_TIME_ISO_MAX])
{
    const int64_t day_s = 86400;
    char *to = out;
    if (!is_there) {
        strcpy(out, absent);
        return;
    }
    umm_time_format_iso(time, out);
    if (time.nsec == 0 && time.sec % day_s == 0) {
        *strchr(out, 'T') = '\0';
        return;
    }
    for (const char *from = out; *from; from++)
        if (*from != ':')
            *to++ = *from;
    *to = '\0';
}

const char *umm_timerange_name(const struct umm_timerange *range, char out[UMM_TIMERANGE_NAME_MAX])
{
    char from[UMM_TIME_ISO_MAX], to[UMM_TIME_ISO_MAX];
    out[0] = '\0';
    if (!range->has_from && !range->has_to)
        return out;
    name_end(range->has_from, range->from, "start", from);
    name_end(range->has_to, range->to, "end", to);
    snprintf(out, UMM_TIMERANGE_NAME_MAX, "%s_%s", from, to);
    return out;
}
