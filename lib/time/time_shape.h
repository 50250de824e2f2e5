/* SPDX-License-Identifier: MIT */
/*
 * time_shape.h - times that are written like one that was read before, fast: what
 * umm_time_parse makes of a text depends on its numbers and on which of its bytes are digits
 * of them. Where all other bytes are the same, and numbers stand in the same places, the
 * text is read by these places; a date is only counted when it is another than before.
 *
 *     2024-01-02 09:30:00    learnt by umm_time_parse
 *     ....-..-.. ..:..:..    the bytes that must be as they were
 *     dddd dd dd             the date: most rows have that of the row before
 *                cc cc cc    the time of day
 *
 * What a shape reads is what umm_time_parse reads, to the bit; what it does not vouch for is
 * left to that. A shape is for one thread at a time.
 */
#ifndef UMM_TIME_TIME_SHAPE_H
#define UMM_TIME_TIME_SHAPE_H

#include "time/time.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    UMM_TIME_SHAPE_WORDS = 4,
    UMM_TIME_SHAPE_PART = 16, /* the longest part of two, or half of one */
    UMM_TIME_SHAPE_PAD = 32   /* bytes that must be readable after a part, whatever they are */
};

/* A text, or two that stand for one with a blank between; len_bytes[1] is 0 for one. */
struct umm_time_parts {
    const char *text[2];
    size_t len_bytes[2];
};

/* A number of the date, of up to two digits: tens times the first, ones times the second, fixed. */
struct umm_time_shape_number {
    uint8_t part;
    uint8_t at[2];
    uint8_t tens, ones;
    int32_t fixed;
};

/*
 * The time of day, whose digits lie within eight bytes of a part. Joined in pairs (tens * 10 +
 * ones) each number is a byte of these.
 */
struct umm_time_shape_clock {
    uint8_t part, at;
    uint8_t shifts[3]; /* to the bytes of hour, minute and second */
    uint8_t masks[3];  /* 0xFF, or 0 for a number that is not there, and 0 */
    uint64_t digits;   /* 0xFF for each byte that is one */
    uint64_t limits;   /* what reaches the top bit of such a byte when it is too large */
    bool is_odd;       /* one of the next two: */
    bool is_bare;      /* the hour's one digit is the first byte: it is in the place of tens */
    bool has_hour_12, is_pm;
    uint8_t n_fraction, fraction_part, fraction_at;
};

/* Words of a text: of one part, or half of them of each of two. */
struct umm_time_shape_words {
    uint64_t w[UMM_TIME_SHAPE_WORDS];
};

/* What changes from one row to the next. */
struct umm_time_shape_state {
    struct umm_time_shape_words last; /* of the text whose date is known */
    int64_t day_sec, month_sec;       /* local midnight of the date, and of its month's first day */
    int32_t n_days;                   /* of the month; 0: it is not known */
    struct umm_tz_stretch stretch;    /* of local times around: one offset for all */
};

/* Zero-initialise it: it has learnt nothing then. */
struct umm_time_shape {
    size_t len_bytes[2];
    bool is_known; /* else it has learnt nothing */
    bool is_joined;
    struct umm_time_shape_words keep;  /* 0xFF for each byte but the time of day's digits */
    struct umm_time_shape_words date;  /* and for the digits of the date */
    struct umm_time_shape_words month; /* as keep, without the digits of the day */
    struct umm_time_shape_clock clock;
    struct umm_time_shape_number century, year, month_number, day;
    bool is_short_year;
    bool is_in_zone, has_zone_name;
    struct umm_time_shape_state state;
};

/*
 * Read text, which is a whole one, by umm_time_parse, and learn its shape from it if it has one.
 * split is where the blank between two parts stands, or len_bytes for one part. *out is
 * written on UMM_TIME_OK only.
 */
UMM_MUST_USE enum umm_time_result umm_time_shape_learn(struct umm_time_shape *shape,
                                                       const struct umm_time_spec *spec,
                                                       const char *text, size_t len_bytes,
                                                       size_t split, struct umm_time *out);

/*
 * Read parts if they have the shape, and are a time: true, and *out is what umm_time_parse gives
 * for the spec that the shape was learnt by. false says nothing, and leaves *out alone.
 */
UMM_MUST_USE bool umm_time_shape_read(struct umm_time_shape *shape,
                                      const struct umm_time_spec *spec,
                                      const struct umm_time_parts *parts, struct umm_time *out);

/*
 * Texts of a column, one or two to a row: part k of row r is text[begins[k][r * stride] +
 * begin_add[k] .. ends[k][r * stride] - end_sub). begins[1] NULL: one to a row.
 */
struct umm_time_texts {
    const char *text;
    const uint32_t *begins[2], *ends[2];
    size_t stride;
    uint32_t begin_add[2], end_sub;
};

/*
 * Read rows from number `first` on, before end, as umm_time_shape_read does, for as long as they
 * have the shape and the unit holds them exactly: their number. out[r] is the time of row r as
 * a count of unit.
 */
UMM_MUST_USE size_t umm_time_shape_read_rows(struct umm_time_shape *shape,
                                             const struct umm_time_spec *spec,
                                             const struct umm_time_texts *texts, size_t first,
                                             size_t end, enum umm_time_unit unit, int64_t *out);

#ifdef __cplusplus
}
#endif

#endif
