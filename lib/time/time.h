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
 */
#ifndef UMM_TIME_TIME_H
#define UMM_TIME_TIME_H

#include "time/tz.h"
#include "umm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: no text means a time beyond them. */
#define UMM_TIME_SEC_MIN (-INT64_C(62135596800))
#define UMM_TIME_SEC_MAX INT64_C(253402300799)

/*
 * Of arrays and of numbers in texts; of texts only:
 *
 *   TICKS       100 ns since the year 1
 *   EXCEL       days of a spreadsheet, 44197 being 2021-01-01, and a fraction for the time of
 *               day on the clock of the spec's zone, of which 18 digits are rounded to the
 *               nearest millisecond. Days below 61 are refused: 60 is 1900-02-29, which there
 *               never was
 *   EXCEL_1904  the same from 1904-01-01, which is 0
 */
enum umm_time_unit {
    UMM_TIME_S = 0,
    UMM_TIME_MS,
    UMM_TIME_US,
    UMM_TIME_NS,
    UMM_TIME_TICKS,
    UMM_TIME_EXCEL,
    UMM_TIME_EXCEL_1904
};
enum { UMM_TIME_UNITS = UMM_TIME_EXCEL_1904 + 1 };

/* "s", "ms", "us", "ns", "ticks", "excel", "excel1904". */
const char *umm_time_unit_name(enum umm_time_unit unit);

/* The unit of that name, of numbers in texts; false, and *out untouched, if there is none. */
UMM_MUST_USE bool umm_time_unit_parse_in(const char *name, enum umm_time_unit *out);

/*
 * A number is taken for an epoch by its magnitude only if it is one from 1980 up to 2100
 * in seconds, milli-, micro- or nanoseconds since 1970: these never overlap. In seconds:
 */
#define UMM_TIME_EPOCH_FIRST_S INT64_C(315532800)
#define UMM_TIME_EPOCH_END_S   INT64_C(4102444800)

/* The unit in which magnitude is such an epoch; false, and *unit untouched, if in none. */
UMM_MUST_USE bool umm_time_unit_of(uint64_t magnitude, enum umm_time_unit *unit);

/*
 * The forms a text can have. ZONE is "Z" or +HH, +HH:MM, +HHMM (or -), up to
 * 23:59; without one the time is local to the spec's zone. Digits are ASCII.
 *
 *   EPOCH       [+-]digits[.digits][e[+-]digits], in the spec's unit
 *   ISO         YYYY-MM-DD[(T| )HH[:MM[:SS[(.|,)f{1,9}]]]][[ ]ZONE]; month, day, and an
 *               hour with minutes after it may lack their leading zero
 *   YEAR_FIRST  the same with '/' or with '.' between year, month and day
 *   COMPACT     YYYYMMDD, YYYYMMDD(T| )HHMM[SS], YYYYMMDD [H]H:MM[:SS[(.|,)f{1,9}]],
 *               YYYYMMDDHHMMSS[.f{1,9}], YYYYMMDDHHMMSSfff
 *   MONTH       YYYY-MM or YYYY/MM: the month's first day
 *   CLOCK       [H]H:MM[:SS[(.|,)f{1,9}]], of the spec's date
 *   PATTERN     what umm_time_pattern_check describes
 */
enum umm_time_form {
    UMM_TIME_FORM_NONE = 0,
    UMM_TIME_FORM_EPOCH,
    UMM_TIME_FORM_ISO,
    UMM_TIME_FORM_YEAR_FIRST,
    UMM_TIME_FORM_COMPACT,
    UMM_TIME_FORM_MONTH,
    UMM_TIME_FORM_CLOCK,
    UMM_TIME_FORM_PATTERN
};

/*
 * How to read a column of texts. Zero-initialise it. Pointers are borrowed.
 *
 *   epoch_unit      EPOCH: what the number counts, if is_unit_forced
 *   is_unit_forced  EPOCH: take epoch_unit as given; otherwise each number has the
 *                   unit of its magnitude (umm_time_unit_of)
 *   is_epoch        digits that could also be a date and time of day are an epoch; of
 *                   interest to callers that choose the form
 *   clock_digits    COMPACT: 4 or 6 of a time of day without colons (HHMM, HHMMSS); 0:
 *                   either
 *   has_hour_24     24:00:00 is 00:00 of the day after
 *   has_date, date  every text is a time of the day that begins date days after 1970-01-01:
 *                   the form is CLOCK, PATTERN without a date, or EPOCH with a unit that
 *                   counts from midnight, as the zone's clocks show it
 *   patterns        PATTERN: checked patterns; [1], if not NULL, is tried for
 *                   texts that do not have the shape of [0]
 *   tz              zone of texts without one of their own; NULL means UTC
 *   fold            what to do with local times the zone has twice or not at all
 */
struct umm_time_spec {
    enum umm_time_form form;
    enum umm_time_unit epoch_unit;
    bool is_unit_forced;
    bool is_epoch;
    bool has_hour_24;
    bool has_date;
    int64_t date;
    int clock_digits;
    const char *patterns[2];
    const struct umm_tz *tz;
    enum umm_tz_fold fold;
};

enum umm_time_result {
    UMM_TIME_OK = 0,
    UMM_TIME_MALFORMED,    /* not of the form */
    UMM_TIME_WIDTH,        /* fewer digits than neighbours without a separator need */
    UMM_TIME_NO_SUCH_DATE, /* of the form, but 2023-02-30 or 25:00 */
    UMM_TIME_HOUR_24,      /* 24:00:00, which is not taken for the next day's 00:00 */
    UMM_TIME_NO_EPOCH,     /* a number that is no epoch of 1980 to 2100, and no unit given */
    UMM_TIME_CUT,          /* a number like 1.7e9, whose last digits are not there */
    UMM_TIME_OLD_DAY,      /* a spreadsheet's day below 61 */
    UMM_TIME_NO_CLOCK,     /* a number, where a time of day is wanted and no unit given */
    UMM_TIME_NOT_OF_DAY,   /* negative, or 24 hours and more, since midnight */
    UMM_TIME_WEEKDAY,      /* a date that is another day of the week than written */
    UMM_TIME_NO_NAME,      /* a name of a zone that the spec's zone does not have */
    UMM_TIME_NAME_THEN,    /* a name that it has, but not at that time */
    UMM_TIME_AMBIGUOUS,    /* digits that could be an epoch, or a date and time of day */
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
 * EPOCH: without is_unit_forced a number that is no epoch of 1980 to 2100 is
 * UMM_TIME_NO_EPOCH, and one that an exponent makes longer than its digits are is
 * UMM_TIME_CUT: the program that wrote it may have rounded it. Fractions are exact; digits
 * below a nanosecond must be zeros (UMM_TIME_INEXACT). A text that carries its zone is not
 * subject to spec->tz.
 */
UMM_MUST_USE enum umm_time_result umm_time_parse(const struct umm_time_spec *spec, const char *text,
                                                 size_t len_bytes, struct umm_time *out);

/* The same; *unit is what an epoch counts, and left alone for other forms. */
UMM_MUST_USE enum umm_time_result umm_time_parse_unit(const struct umm_time_spec *spec,
                                                      const char *text, size_t len_bytes,
                                                      struct umm_time *out,
                                                      enum umm_time_unit *unit);

/*
 * Find the form of a column from one of its texts: on UMM_TIME_OK spec->form is set and,
 * with COMPACT, spec->clock_digits; nothing else. Only the shape is judged: umm_time_parse
 * may still find that the date does not exist.
 *
 *   - 8, 14 or 17 digits that begin with a date from 19000101 to 21001231 (month 01-12,
 *     day 01-31) are COMPACT, as are 14 with a fraction: none of them is an epoch of 1980
 *     to 2100 in any unit
 *   - numbers that are one are EPOCH; that they could also be dates of another form
 *     (text/time_digits.h) is for callers to judge that see the whole column
 *   - other numbers are UMM_TIME_NO_EPOCH or UMM_TIME_CUT
 *   - numeric dates with the year last or of two digits (dd/mm/yyyy, mm/dd/yy,
 *     dd.mm.yyyy, dd-mm-yyyy and so on, whatever follows) are UMM_TIME_DAY_MONTH,
 *     even if a 28 decides it: the next file of the same layout may have none
 *   - PATTERN is never the answer
 *   - where the spec has a date the only form is CLOCK, and numbers are UMM_TIME_NO_CLOCK
 */
UMM_MUST_USE enum umm_time_result umm_time_detect(const char *text, size_t len_bytes,
                                                  struct umm_time_spec *spec);

/*
 * Check a pattern (a NUL-terminated text) for use in umm_time_spec.patterns.
 * On false *bad, if bad is not NULL, points at the offending place: a conversion
 * that is unknown, repeated or makes no sense without another, or the closing
 * NUL if the pattern does not determine a date; and *why, if why is not NULL, is a
 * phrase that says what is wrong with it ("is there twice").
 *
 *   %Y 4-digit year          %H hour 0-23       %z zone: Z, +HH, +HHMM, +HH:MM
 *   %y 00-68 20yy, else 19yy %I hour 1-12       %Z name of the zone, of those it has
 *   %m month                 %p AM or PM        %s epoch seconds, may be signed
 *   %b %B month's name       %M minute          %F %Y-%m-%d
 *   %d day of the month      %S second          %T %H:%M:%S
 *   %j day of the year       %f 1 to 9 digits of a fraction of the second
 *   %a %A weekday's name     %3f so many        %.f a point and such digits, or nothing
 *   %% a percent sign        %* a word: all up to a blank, a comma or a digit
 *
 * Without a day the month's first is meant, and there is no time of day. A weekday that is
 * not the date's is UMM_TIME_WEEKDAY. %Z takes the name that the zone has at that time, and
 * so tells the two readings of a local time apart that it has twice.
 *
 * Month, day, hour, minute and second take one or two digits (%j one to three), two if
 * two are there. Next to another number without anything between (%H%M%S, %Y%m%d) they
 * want two (%j three; fewer are UMM_TIME_WIDTH): 93000 could be 09:30:00 or 9:3:000. A dash
 * in the first of such numbers (%-H%M%S) says that all of them together are a number without
 * leading zeros: 93000, 930 and 5 are then 09:30:00, 00:09:30 and 00:00:05. Names of months
 * and weekdays are English, in full or from three letters on; they, AM and PM are read
 * without case. White space matches one
 * or more blanks or tabs; every other byte matches itself.
 */
UMM_MUST_USE bool umm_time_pattern_check(const char *pattern, const char **bad, const char **why);

/* The same for a pattern of a time of day, with an hour and without a date. */
UMM_MUST_USE bool umm_time_pattern_check_clock(const char *pattern, const char **bad,
                                               const char **why);

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

/* ---- The parts, for callers that read or write dates another way ---------- */

/*
 * A date and time of day as written; offset_s is seconds east of UTC. zone, if not NULL, is
 * the name of one, and weekday, if not 0, the day from Monday (1) to Sunday (7).
 */
struct umm_time_civil {
    int64_t year;
    int32_t month, day, hour, minute, second, nsec;
    bool has_offset;
    int32_t offset_s;
    const char *zone;
    size_t zone_bytes;
    int32_t weekday;
};

/*
 * The instant of a civil time: in its own offset if it has one, else in the
 * spec's zone. UMM_TIME_NO_SUCH_DATE, _HOUR_24, _WEEKDAY, _RANGE, _NO_NAME, _NAME_THEN,
 * _LOCAL_GAP and _LOCAL_FOLD as for umm_time_parse. nsec is taken as it is.
 */
UMM_MUST_USE enum umm_time_result umm_time_from_civil(const struct umm_time_spec *spec,
                                                      const struct umm_time_civil *civil,
                                                      struct umm_time *out);

#ifdef __cplusplus
}
#endif

#endif
