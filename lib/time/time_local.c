/* SPDX-License-Identifier: MIT */
/* From a date and time of day as written to the instant. */
#include "time/time.h"

#include "time/time_civil.h"
#include "time/time_epoch.h"

enum { DAY_S = 86400 };

static bool is_civil(const struct umm_time_civil *c)
{
    return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= umm_time_days_in_month(c->year, c->month) && c->hour >= 0 && c->hour <= 23 &&
           c->minute >= 0 && c->minute <= 59 && c->second >= 0 && c->second <= 59;
}

/* 24:00:00 of a day that exists. */
static bool is_hour_24(const struct umm_time_civil *c)
{
    struct umm_time_civil midnight = *c;
    midnight.hour = 0;
    return c->hour == 24 && c->minute == 0 && c->second == 0 && c->nsec == 0 && is_civil(&midnight);
}

enum umm_time_result umm_time_from_civil(const struct umm_time_spec *spec,
                                         const struct umm_time_civil *civil, struct umm_time *out)
{
    if (!is_civil(civil))
        return is_hour_24(civil) ? UMM_TIME_HOUR_24 : UMM_TIME_NO_SUCH_DATE;
    if (civil->year < 1 || civil->year > 9999)
        return UMM_TIME_RANGE;

    int64_t local = umm_time_days_from_civil(civil->year, civil->month, civil->day) * DAY_S +
                    civil->hour * 3600 + civil->minute * 60 + civil->second;
    int64_t sec = local;
    if (civil->has_offset) {
        sec = local - civil->offset_s;
    } else if (spec->tz) {
        switch (umm_tz_local_to_utc(spec->tz, local, spec->fold, &sec)) {
        case UMM_TZ_OK: break;
        case UMM_TZ_AMBIGUOUS: return UMM_TIME_LOCAL_FOLD;
        case UMM_TZ_NONEXISTENT: return UMM_TIME_LOCAL_GAP;
        }
    }
    if (!umm_time_is_in_range(sec))
        return UMM_TIME_RANGE;
    *out = (struct umm_time){.sec = sec, .nsec = civil->nsec};
    return UMM_TIME_OK;
}
