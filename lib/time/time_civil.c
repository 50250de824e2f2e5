/* SPDX-License-Identifier: MIT */
#include "time/time_civil.h"

void umm_time_civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t z = days + UMM_TIME_EPOCH_SHIFT_DAYS;
    int64_t era = (z >= 0 ? z : z - (UMM_TIME_ERA_DAYS - 1)) / UMM_TIME_ERA_DAYS;
    int day_of_era = (int)(z - era * UMM_TIME_ERA_DAYS);
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march_month = (5 * day_of_year + 2) / 153;

    *day = day_of_year - (153 * march_month + 2) / 5 + 1;
    *month = march_month + (march_month < 10 ? 3 : -9);
    *year = year_of_era + era * 400 + (*month <= 2);
}
