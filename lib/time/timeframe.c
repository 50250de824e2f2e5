/* SPDX-License-Identifier: MIT */
#include "time/timeframe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static const struct unit {
    const char *name;
    int64_t n_seconds, n_months;
} units[] = {{"s", 1, 0},     {"m", 60, 0},     {"h", 3600, 0},
             {"d", 86400, 0}, {"w", 604800, 0}, {"mo", 0, 1}};

/* The unit of that name in any case, or NULL. Only ASCII letters have a case here. */
static const struct unit *find_unit(const char *text, size_t len_bytes)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const char *name = units[i].name;
        size_t k = 0;
        while (k < len_bytes && name[k] && (text[k] == name[k] || text[k] == name[k] - 'a' + 'A'))
            k++;
        if (k == len_bytes && !name[k])
            return &units[i];
    }
    return NULL;
}

static enum umm_status refuse(const char *text, size_t len_bytes, const char *why,
                              struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    return umm_error_set(err, UMM_ERR_ARGUMENT, "%s: \"%s\"", why,
                         umm_escape(shown, sizeof shown, text, len_bytes));
}

enum umm_status umm_timeframe_parse(const char *text, size_t len_bytes, struct umm_timeframe *out,
                                    struct umm_error *err)
{
    const int64_t months_max = 1200, seconds_max = 36525 * (int64_t)86400;
    const char *const form = "not a timeframe, a number and s, m, h, d, w or mo";
    int64_t n = 0;
    size_t at = 0;
    for (; at < len_bytes && text[at] >= '0' && text[at] <= '9'; at++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, text[at] - '0', &n))
            return refuse(text, len_bytes, "a timeframe of more than 100 years", err);
    const struct unit *unit = find_unit(text + at, len_bytes - at);
    if (!unit || n < 1)
        return refuse(text, len_bytes, form, err);
    if (text[at] == 'M' && len_bytes - at == 1)
        return refuse(text, len_bytes, "minutes are m and months are mo", err);
    if (n > (unit->n_months ? months_max : seconds_max / unit->n_seconds))
        return refuse(text, len_bytes, "a timeframe of more than 100 years", err);
    *out = (struct umm_timeframe){n * unit->n_seconds, n * unit->n_months, ""};
    snprintf(out->name, sizeof out->name, "%" PRId64 "%s", n, unit->name);
    return UMM_OK;
}
