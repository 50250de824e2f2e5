/* SPDX-License-Identifier: MIT */
#include "watch/looklines.h"

#include <string.h>

#include "base/error.h"
#include "text/print.h"
#include "text/shortest.h"

static const char *const names[UMM_LOOK_FIELDS] = {"time_ms", "id",          "symbol",
                                                   "risk",    "interval_ms", "late_us"};

enum umm_status umm_look_fields_parse(const char *text, struct umm_look_fields *fields,
                                      struct umm_error *err)
{
    bool is_there[UMM_LOOK_FIELDS] = {false};
    char shown[UMM_EXCERPT_MAX];
    fields->n = 0;
    for (const char *at = text;; at++) {
        const size_t n = strcspn(at, ",");
        unsigned i = 0;
        while (i < UMM_LOOK_FIELDS && (strlen(names[i]) != n || memcmp(names[i], at, n) != 0))
            i++;
        if (i == UMM_LOOK_FIELDS || is_there[i])
            return umm_error_set(err, UMM_ERR_ARGUMENT, "%s: \"%s\"",
                                 i < UMM_LOOK_FIELDS ? "a field twice" : "not a field of looks",
                                 umm_escape(shown, sizeof shown, at, n));
        is_there[i] = true;
        fields->fields[fields->n++] = (enum umm_look_field)i;
        at += n;
        if (!*at)
            return UMM_OK;
    }
}

static unsigned n_fields(const struct umm_look_fields *fields)
{
    return fields->n ? fields->n : UMM_LOOK_FIELDS;
}

static enum umm_look_field field_at(const struct umm_look_fields *fields, unsigned i)
{
    return fields->n ? fields->fields[i] : (enum umm_look_field)i;
}

char *umm_look_print_names(char *out, const struct umm_look_fields *fields)
{
    for (unsigned i = 0; i < n_fields(fields); i++) {
        const char *name = names[field_at(fields, i)];
        const size_t n = strlen(name);
        memcpy(out, name, n);
        out += n;
        *out++ = ',';
    }
    out[-1] = '\n';
    return out;
}

char *umm_look_print(char *out, const struct umm_look_fields *fields,
                     const struct umm_watch_look *look, int64_t time_ms, uint64_t late_us)
{
    for (unsigned i = 0; i < n_fields(fields); i++) {
        switch (field_at(fields, i)) {
        case UMM_LOOK_TIME: out = umm_print_i64(out, time_ms); break;
        case UMM_LOOK_ID: out = umm_csvcell_put_id(out, look->id.text, look->id.len_bytes); break;
        case UMM_LOOK_SYMBOL:
            out = umm_csvcell_put(out, look->symbol.text, look->symbol.len_bytes);
            break;
        case UMM_LOOK_RISK: out = umm_print_f64_shortest(out, look->risk); break;
        case UMM_LOOK_INTERVAL: out = umm_print_i64(out, look->interval_ms); break;
        case UMM_LOOK_LATE: out = umm_print_u64(out, late_us); break;
        case UMM_LOOK_FIELDS:
        default: break;
        }
        *out++ = ',';
    }
    out[-1] = '\n';
    return out;
}
