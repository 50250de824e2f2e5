/* SPDX-License-Identifier: MIT */
/*
 * time.h - times as text and as numbers, exactly.
 *
 * A time is an instant: seconds since 1970-01-01T00:00:00Z without leap seconds,
 * and nanoseconds. Texts are read by a stated form, never guessed at row by row:
 * detect a form from one text, then parse every text with it. Nothing is
 * rounded: what a type cannot hold is an error. The calendar is the proleptic
 * Gregorian one; texts may mean years 1 to 9999 (UTC). A second 60 is refused,
 * since epoch numbers cannot tell it from the next one.
 *
 * Nothing here allocates, keeps state or depends on the locale or the process's
 * time zone; every function may run on any thread.
 *
 * Source of the calendar arithmetic: Howard Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms" (days_from_civil, civil_from_days).
 */
#ifndef UMM_TEXT_TIME_H
#define UMM_TEXT_TIME_H

#include "text/tz.h"
#include "umm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: no text means a time beyond them. */
#define UMM_TIME_SEC_MIN (-INT64_C(62135596800))
#define UMM_TIME_SEC_MAX INT64_C(253402300799)

enum umm_time_unit { UMM_TIME_S = 0, UMM_TIME_MS, UMM_TIME_US, UMM_TIME_NS };

/* "s", "ms", "us", "ns". */
const char *umm_time_unit_name(enum umm_time_unit unit);

/* The unit of that name; false, and *out untouched, if there is none. */
UMM_MUST_USE bool umm_time_unit_parse(const char *name, enum umm_time_unit *out);

/*
 * The forms a text can have. ZONE is "Z" or +HH, +HH:MM, +HHMM (or -), up to
 * 23:59; without one the time is local to the spec's zone. Digits are ASCII.
 *
 *   EPOCH       [+-]digits[.digits], in the spec's unit
 *   ISO         YYYY-MM-DD[(T| )HH[:MM[:SS[(.|,)f{1,9}]]]][[ ]ZONE]
 *   YEAR_FIRST  the same with '/' or with '.' between year, month and day
 *   COMPACT     YYYYMMDD, YYYYMMDD(T| )HHMM[SS], YYYYMMDD HH:MM[:SS],
 *               YYYYMMDDHHMMSS
 *   PATTERN     what umm_time_pattern_check describes
 */
enum umm_time_form {
    UMM_TIME_FORM_NONE = 0,
    UMM_TIME_FORM_EPOCH,
    UMM_TIME_FORM_ISO,
    UMM_TIME_FORM_YEAR_FIRST,
    UMM_TIME_FORM_COMPACT,
    UMM_TIME_FORM_PATTERN
};

/*
 * How to read a column of texts. Zero-initialise it. Pointers are borrowed.
 *
 *   epoch_unit      EPOCH: what the number counts
 *   is_unit_forced  EPOCH: take epoch_unit as given; otherwise a number whose
 *                   magnitude belongs to another unit is UMM_TIME_OTHER_UNIT
 *   patterns        PATTERN: checked patterns; [1], if not NULL, is tried for
 *                   texts that do not have the shape of [0]
 *   tz              zone of texts without one of their own; NULL means UTC
 *   fold            what to do with local times the zone has twice or not at all
 */
struct umm_time_spec {
    enum umm_time_form form;
    enum umm_time_unit epoch_unit;
    bool is_unit_forced;
    const char *patterns[2];
    const struct umm_tz *tz;
    enum umm_tz_fold fold;
};

enum umm_time_result {
    UMM_TIME_OK = 0,
    UMM_TIME_MALFORMED,    /* not of the form */
    UMM_TIME_NO_SUCH_DATE, /* of the form, but 2023-02-30 or 25:00 */
    UMM_TIME_OTHER_UNIT,   /* an epoch number of another unit's magnitude */
    UMM_TIME_LOCAL_GAP,    /* the zone's clocks skipped this local time */
    UMM_TIME_LOCAL_FOLD,   /* the zone's clocks showed this local time twice */
    UMM_TIME_RANGE,        /* before year 1, after year 9999, or beyond the type */
    UMM_TIME_INEXACT,      /* finer than nanoseconds, or than the unit asked for */
    UMM_TIME_DAY_MONTH     /* detect only: day/month or month/day */
};

/* What to say of such a text: "is no date or time of day that exists", "is not a time". */
const char *umm_time_result_text(enum umm_time_result result);

/*
 * Read exactly the len_bytes bytes at text in the form spec->form. No spaces
 * around it are skipped. *out is written on UMM_TIME_OK only.
 *
 * EPOCH: the unit of a number v is decided by |v|: below 1e11 seconds, below
 * 1e14 milliseconds, below 1e17 microseconds, else nanoseconds. Fractions are
 * exact; digits below a nanosecond must be zeros (UMM_TIME_INEXACT). A text that
 * carries its zone is not subject to spec->tz.
 */
UMM_MUST_USE enum umm_time_result umm_time_parse(const struct umm_time_spec *spec, const char *text,
                                                 size_t len_bytes, struct umm_time *out);

/*
 * Find the form of a column from one of its texts: on UMM_TIME_OK spec->form and
 * (EPOCH) spec->epoch_unit are set, and nothing else. Only the shape is judged:
 * umm_time_parse may still find that the date does not exist.
 *
 *   - 8 digits, or 14, that begin with a date from 19000101 to 21001231 (month
 *     01-12, day 01-31) are COMPACT; with a fraction they could be a date or an
 *     epoch, as could 12 digits that read as YYYYMMDDHHMM, or as milliseconds of
 *     1976: these are UMM_TIME_MALFORMED, and somebody has to say
 *   - other numbers are EPOCH, with the unit by magnitude
 *   - numeric dates with the year last or of two digits (dd/mm/yyyy, mm/dd/yy,
 *     dd.mm.yyyy, dd-mm-yyyy and so on, whatever follows) are UMM_TIME_DAY_MONTH,
 *     even if a 28 decides it: the next file of the same layout may have none
 *   - PATTERN is never the answer
 */
UMM_MUST_USE enum umm_time_result umm_time_detect(const char *text, size_t len_bytes,
                                                  struct umm_time_spec *spec);

/*
 * Check a pattern (a NUL-terminated text) for use in umm_time_spec.patterns.
 * On false *bad, if bad is not NULL, points at the offending place: a conversion
 * that is unknown, repeated or makes no sense without another, or the closing
 * NUL if the pattern does not determine a date.
 *
 *   %Y 4-digit year          %H hour 0-23       %z zone: Z, +HH, +HHMM, +HH:MM
 *   %y 00-68 20yy, else 19yy %I hour 1-12       %s epoch seconds, may be signed
 *   %m month                 %p AM or PM        %F %Y-%m-%d
 *   %b %B month's name       %M minute          %T %H:%M:%S
 *   %d day of the month      %S second          %% a percent sign
 *   %j day of the year       %f 1 to 9 digits of a fraction of the second
 *
 * Month, day, hour, minute and second take one or two digits (%j one to three),
 * two if two are there. Month names are English, short or in full; they, AM and
 * PM are read without case. White space matches one or more blanks or tabs;
 * every other byte matches itself.
 */
UMM_MUST_USE bool umm_time_pattern_check(const char *pattern, const char **bad);

/*
 * The time as a count of unit, exactly, or UMM_TIME_INEXACT or UMM_TIME_RANGE
 * (in that order if both apply) with *out untouched.
 */
UMM_MUST_USE enum umm_time_result umm_time_to_unit(struct umm_time time, enum umm_time_unit unit,
                                                   int64_t *out);

/* The time that is value units after 1970; every value has one. */
struct umm_time umm_time_from_unit(int64_t value, enum umm_time_unit unit);

enum { UMM_TIME_ISO_MAX = 40 };

/*
 * Write the time as ISO 8601 in UTC, "2024-01-01T00:00:00Z", with a fraction of
 * 3, 6 or 9 digits if there is one, and return the length without the closing
 * NUL. Years outside 0 to 9999 have a sign ("+10000-01-01T00:00:00Z").
 */
size_t umm_time_format_iso(struct umm_time time, char out[UMM_TIME_ISO_MAX]);

/* ---- The parts, for those who read or write dates another way ---------- */

/* A date and time of day as written; offset_s is seconds east of UTC. */
struct umm_time_civil {
    int64_t year;
    int32_t month, day, hour, minute, second, nsec;
    bool has_offset;
    int32_t offset_s;
};

/*
 * The instant of a civil time: in its own offset if it has one, else in the
 * spec's zone. UMM_TIME_NO_SUCH_DATE, _RANGE, _LOCAL_GAP and _LOCAL_FOLD as for
 * umm_time_parse. nsec is taken as it is.
 */
UMM_MUST_USE enum umm_time_result umm_time_from_civil(const struct umm_time_spec *spec,
                                                      const struct umm_time_civil *civil,
                                                      struct umm_time *out);

/* Days from 1970-01-01 to a date; years of any sign up to about 1e14. */
int64_t umm_time_days_from_civil(int64_t year, int month, int day);

/* The date that many days from 1970-01-01; |days| up to about 1e16. */
void umm_time_civil_from_days(int64_t days, int64_t *year, int *month, int *day);

/* Whether a year has 366 days, and how many days month 1 to 12 of it has. */
bool umm_time_is_leap_year(int64_t year);
int umm_time_days_in_month(int64_t year, int month);

#ifdef __cplusplus
}
#endif

#endif
