/* SPDX-License-Identifier: MIT */
/* From a date and time of day as written to the instant. */
#include "time/time_local.h"

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

/* Monday is 1; 1970 began on a Thursday. */
static int weekday_of(int64_t days)
{
    return (int)(((days + 3) % 7 + 7) % 7) + 1;
}

static enum umm_time_result result_of(enum umm_tz_result result)
{
    switch (result) {
    case UMM_TZ_OK: break;
    case UMM_TZ_AMBIGUOUS: return UMM_TIME_LOCAL_FOLD;
    case UMM_TZ_NONEXISTENT: return UMM_TIME_LOCAL_GAP;
    case UMM_TZ_NO_NAME: return UMM_TIME_NO_NAME;
    case UMM_TZ_NAME_THEN: return UMM_TIME_NAME_THEN;
    }
    return UMM_TIME_OK;
}

static enum umm_time_result put(int64_t sec, int32_t nsec, struct umm_time *out)
{
    if (!umm_time_is_in_range(sec))
        return UMM_TIME_RANGE;
    *out = (struct umm_time){.sec = sec, .nsec = nsec};
    return UMM_TIME_OK;
}

enum umm_time_result umm_time_from_local(const struct umm_time_spec *spec, int64_t local_sec,
                                         int32_t nsec, struct umm_time *out)
{
    int64_t sec = local_sec;
    enum umm_time_result result =
        result_of(umm_tz_local_to_utc(spec->tz, local_sec, spec->fold, &sec));
    return result ? result : put(sec, nsec, out);
}

enum umm_time_result umm_time_from_clock(const struct umm_time_spec *spec, int64_t of_day_sec,
                                         int32_t nsec, struct umm_time *out)
{
    if (of_day_sec > DAY_S || (of_day_sec == DAY_S && nsec))
        return UMM_TIME_NOT_OF_DAY;
    if (of_day_sec == DAY_S && !spec->has_hour_24)
        return UMM_TIME_HOUR_24;
    return umm_time_from_local(spec, spec->date * DAY_S + of_day_sec, nsec, out);
}

enum umm_time_result umm_time_from_civil_at(const struct umm_time_spec *spec,
                                            const struct umm_time_civil *civil,
                                            struct umm_time_places *places, struct umm_time *out)
{
    const bool is_next_day = !is_civil(civil);
    if (is_next_day && !is_hour_24(civil))
        return UMM_TIME_NO_SUCH_DATE;
    if (is_next_day && !spec->has_hour_24)
        return UMM_TIME_HOUR_24;
    if (civil->year < 1 || civil->year > 9999)
        return UMM_TIME_RANGE;

    const int64_t days = umm_time_days_from_civil(civil->year, civil->month, civil->day);
    if (civil->weekday && civil->weekday != weekday_of(days))
        return UMM_TIME_WEEKDAY;
    int64_t local = days * DAY_S + civil->hour * 3600 + civil->minute * 60 + civil->second;
    if (places) {
        places->has_local = true;
        places->local_sec = local;
        places->is_in_zone = !civil->has_offset;
        places->has_zone_name = civil->zone != NULL;
    }
    if (civil->has_offset)
        return put(local - civil->offset_s, civil->nsec, out);
    if (!civil->zone)
        return umm_time_from_local(spec, local, civil->nsec, out);
    int64_t sec = local;
    enum umm_time_result result = result_of(
        umm_tz_named_to_utc(spec->tz, local, civil->zone, civil->zone_bytes, spec->fold, &sec));
    return result ? result : put(sec, civil->nsec, out);
}

enum umm_time_result umm_time_from_civil(const struct umm_time_spec *spec,
                                         const struct umm_time_civil *civil, struct umm_time *out)
{
    return umm_time_from_civil_at(spec, civil, NULL, out);
}
