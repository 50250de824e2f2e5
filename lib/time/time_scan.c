/* SPDX-License-Identifier: MIT */
#include "time/time_scan.h"

int umm_time_scan_digits(struct umm_time_cursor *cursor, int min_digits, int max_digits,
                         int32_t *value)
{
    const char *p = cursor->at;
    int32_t sum = 0;
    int n = 0;

    for (; n < max_digits && p < cursor->end && umm_time_is_digit(*p); n++)
        sum = sum * 10 + (*p++ - '0');
    if (n < min_digits)
        return 0;
    cursor->at = p;
    *value = sum;
    return n;
}

bool umm_time_scan_fraction(struct umm_time_cursor *cursor, int32_t *nsec)
{
    int32_t value;
    int n_digits = umm_time_scan_digits(cursor, 1, 9, &value);

    if (n_digits == 0)
        return false;
    for (int i = n_digits; i < 9; i++)
        value *= 10;
    *nsec = value;
    return true;
}

bool umm_time_scan_zone(struct umm_time_cursor *cursor, int32_t *offset_s)
{
    struct umm_time_cursor c = *cursor;
    int32_t hours, minutes = 0;

    if (c.at == c.end)
        return false;
    char first = *c.at++;
    if (first == 'Z') {
        *offset_s = 0;
        *cursor = c;
        return true;
    }
    if ((first != '+' && first != '-') || umm_time_scan_digits(&c, 2, 2, &hours) == 0)
        return false;
    bool has_colon = c.at < c.end && *c.at == ':';
    if (has_colon)
        c.at++;
    if (umm_time_scan_digits(&c, 2, 2, &minutes) == 0 && has_colon)
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *offset_s = (hours * 60 + minutes) * (first == '-' ? -60 : 60);
    *cursor = c;
    return true;
}
