/* SPDX-License-Identifier: MIT */
/*
 * time_civil.h - the proleptic Gregorian calendar: dates as days since 1970-01-01 and back.
 *
 * Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days_from_civil,
 * civil_from_days). Years begin in March, so that the leap day is the last, and are grouped in
 * eras of 400 (146097 days), after which the calendar repeats. 719468 is the number of days
 * from 0000-03-01 to 1970-01-01.
 */
#ifndef UMM_TIME_TIME_CIVIL_H
#define UMM_TIME_TIME_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { UMM_TIME_ERA_DAYS = 146097, UMM_TIME_EPOCH_SHIFT_DAYS = 719468 };

/* Days from 1970-01-01 to a date; years of any sign up to about 1e14. */
static inline int64_t umm_time_days_from_civil(int64_t year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * UMM_TIME_ERA_DAYS + day_of_era - UMM_TIME_EPOCH_SHIFT_DAYS;
}

/* The date that many days from 1970-01-01; |days| up to about 1e16. */
void umm_time_civil_from_days(int64_t days, int64_t *year, int *month, int *day);

/* Whether a year has 366 days. */
static inline bool umm_time_is_leap_year(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* How many days month 1 to 12 of a year has. */
static inline int umm_time_days_in_month(int64_t year, int month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && umm_time_is_leap_year(year));
}

#ifdef __cplusplus
}
#endif

#endif
