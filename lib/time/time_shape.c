/* SPDX-License-Identifier: MIT */
#include "time/time_shape.h"

#include <string.h>

#include "base/inline.h"
#include "time/time_civil.h"
#include "time/time_epoch.h"
#include "time/time_places.h"

_Static_assert(UMM_TIME_SHAPE_WORDS == 4, "see words_of");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as text");

enum {
    DAY_S = 86400,
    NOON = 12,
    BYTES = 8,
    SECOND = UMM_TIME_SHAPE_WORDS / 2, /* where the words of the second part are */
    YEAR_MIN = 2,
    YEAR_MAX = 9998
};

static const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
static const int32_t scales[] = {0, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};

/* ---- Reading ------------------------------------------------------------- */

static inline uint64_t load(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* The bits of digits that are none: from ten on, and all that are above the limits. */
static inline uint64_t no_digits(uint64_t digits, uint64_t limits)
{
    return (digits | (digits + limits)) & tops;
}

/* The text's words: half of them of each of two parts. */
static inline struct umm_time_shape_words words_of(const char *first, const char *second)
{
    return (struct umm_time_shape_words){
        {load(first), load(first + BYTES), load(second), load(second + BYTES)}};
}

/* Whether bytes that should be as they were are not. */
static inline bool differs(const struct umm_time_shape_words *now,
                           const struct umm_time_shape_words *last,
                           const struct umm_time_shape_words *keep)
{
    return (((now->w[0] ^ last->w[0]) & keep->w[0]) | ((now->w[1] ^ last->w[1]) & keep->w[1]) |
            ((now->w[2] ^ last->w[2]) & keep->w[2]) | ((now->w[3] ^ last->w[3]) & keep->w[3])) != 0;
}

/* The number at its places, of which digits were found to be digits. */
static inline int32_t number_at(const struct umm_time_shape_number *number,
                                const char *const text[2])
{
    const char *part = text[number->part];
    return number->fixed + number->tens * (part[number->at[0]] - '0') +
           number->ones * (part[number->at[1]] - '0');
}

/* Whether the words differ from the last ones in digits of the date alone. */
static bool is_other_date(const struct umm_time_shape *shape,
                          const struct umm_time_shape_words *now,
                          const struct umm_time_shape_words *last)
{
    uint64_t others = 0;
    for (size_t i = 0; i < UMM_TIME_SHAPE_WORDS; i++) {
        const uint64_t date = shape->date.w[i];
        others |= (now->w[i] ^ last->w[i]) & shape->keep.w[i] & ~date;
        others |= no_digits((now->w[i] ^ ones * '0') & date, ones * 0x76 & date);
    }
    return others == 0;
}

/* Count the month that the parts have. */
static bool read_month(const struct umm_time_shape *shape, const char *const text[2],
                       int64_t *month_sec, int32_t *n_days)
{
    enum { FIRST_OF_1900 = 69 };
    int32_t year = number_at(&shape->century, text) * 100 + number_at(&shape->year, text);
    const int32_t month = number_at(&shape->month_number, text);
    if (shape->is_short_year)
        year += year >= FIRST_OF_1900 ? 1900 : 2000;
    /* The zone cannot move these out of what a text may mean. */
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12)
        return false;
    *n_days = umm_time_days_in_month(year, month);
    *month_sec = umm_time_days_from_civil(year, month, 1) * DAY_S;
    return true;
}

/* The day of the month, of which nobody has seen yet that its digits are digits; 0 if not. */
static inline int32_t day_at(const struct umm_time_shape_number *day, const char *const text[2])
{
    const unsigned first = (unsigned char)(text[day->part][day->at[0]] - '0');
    const unsigned second = (unsigned char)(text[day->part][day->at[1]] - '0');
    return first > 9 || second > 9 ? 0 : (int32_t)(day->tens * first + day->ones * second);
}

/* Count the date that the parts have, and keep it. */
static inline bool take_date(const struct umm_time_shape *shape, const char *first,
                             const char *second, const struct umm_time_shape_words *now,
                             struct umm_time_shape_state *state)
{
    const char *const text[2] = {first, second};
    int64_t month_sec = state->month_sec;
    int32_t day, n_days = state->n_days;
    if (n_days && !differs(now, &state->last, &shape->month)) {
        day = day_at(&shape->day, text);
    } else {
        if (!is_other_date(shape, now, &state->last) ||
            !read_month(shape, text, &month_sec, &n_days))
            return false;
        day = number_at(&shape->day, text);
    }
    if (day < 1 || day > n_days)
        return false;
    state->month_sec = month_sec;
    state->n_days = n_days;
    state->last = *now;
    state->day_sec = month_sec + (day - 1) * (int64_t)DAY_S;
    return true;
}

static bool read_fraction(const struct umm_time_shape_clock *clock, const char *text, int32_t *nsec)
{
    int32_t sum = 0;
    for (int i = 0; i < clock->n_fraction; i++) {
        const unsigned digit = (unsigned char)(text[i] - '0');
        if (digit > 9)
            return false;
        sum = sum * 10 + (int32_t)digit;
    }
    *nsec = sum * scales[clock->n_fraction];
    return true;
}

/* The hour of a half day as one of a day; 24, which no hour is, for none. */
static uint32_t whole_hour(const struct umm_time_shape_clock *clock, uint32_t hour)
{
    if (hour < 1 || hour > NOON)
        return 2 * NOON;
    return hour % NOON + (clock->is_pm ? NOON : 0);
}

/*
 * The seconds since midnight. Minutes and seconds are below 60 if their tens are below six, which
 * the limits see to.
 */
static inline bool read_clock(const struct umm_time_shape_clock *clock, const char *part,
                              int32_t *sec)
{
    const uint64_t digits = (load(part + clock->at) ^ ones * '0') & clock->digits;
    const uint64_t pairs = digits * 10 + (digits >> 8);
    uint32_t hour = (uint8_t)(pairs >> clock->shifts[0]) & clock->masks[0];
    const uint32_t minute = (uint8_t)(pairs >> clock->shifts[1]) & clock->masks[1];
    const uint32_t second = (uint8_t)(pairs >> clock->shifts[2]) & clock->masks[2];
    if (__builtin_expect(clock->is_odd, 0)) {
        hour = clock->is_bare ? hour / 10 : hour;
        hour = clock->has_hour_12 ? whole_hour(clock, hour) : hour;
    }
    *sec = (int32_t)(hour * 3600 + minute * 60 + second);
    return (no_digits(digits, clock->limits) | (hour > 23)) == 0;
}

/* Read parts that have the shape's lengths; keep, clock and state are the shape's, or copies. */
UMM_INLINE bool read_parts(const struct umm_time_shape *shape, const struct umm_time_spec *spec,
                           const struct umm_time_shape_words *keep,
                           const struct umm_time_shape_clock *clock,
                           struct umm_time_shape_state *state, bool is_joined, const char *first,
                           const char *second, int64_t *sec, int32_t *nsec)
{
    const char *half = is_joined ? second : first + UMM_TIME_SHAPE_PART;
    const struct umm_time_shape_words now = words_of(first, half);
    int32_t of_day;
    if (!read_clock(clock, is_joined && clock->part ? second : first, &of_day))
        return false;
    if (differs(&now, &state->last, keep) && !take_date(shape, first, second, &now, state))
        return false;
    const int64_t local = state->day_sec + of_day;
    if (__builtin_expect(local < state->stretch.from_sec || local >= state->stretch.until_sec, 0) &&
        (!shape->is_in_zone || shape->has_zone_name ||
         !umm_tz_find_stretch(spec->tz, local, &state->stretch)))
        return false;
    *sec = local - state->stretch.offset_s;
    *nsec = 0;
    return clock->n_fraction == 0 ||
           read_fraction(clock, (clock->fraction_part ? second : first) + clock->fraction_at, nsec);
}

bool umm_time_shape_read(struct umm_time_shape *shape, const struct umm_time_spec *spec,
                         const struct umm_time_parts *parts, struct umm_time *out)
{
    int64_t sec;
    int32_t nsec;
    if (!shape->is_known || parts->len_bytes[0] != shape->len_bytes[0] ||
        parts->len_bytes[1] != shape->len_bytes[1] ||
        !read_parts(shape, spec, &shape->keep, &shape->clock, &shape->state, shape->is_joined,
                    parts->text[0], parts->text[1], &sec, &nsec))
        return false;
    *out = (struct umm_time){.sec = sec, .nsec = nsec};
    return true;
}

/* What umm_time_shape_read_rows does, for texts in one part or in two. */
UMM_INLINE size_t read_rows(struct umm_time_shape *shape, const struct umm_time_spec *spec,
                            const struct umm_time_texts *given, size_t first, size_t end,
                            enum umm_time_unit unit, bool is_joined, int64_t *out)
{
    const struct umm_time_texts texts = *given;
    const int64_t per_s = umm_time_units_per_s(unit);
    const size_t len[2] = {shape->len_bytes[0], shape->len_bytes[1]};
    /* Copies, which no store to out can change. */
    const struct umm_time_shape_words keep = shape->keep;
    const struct umm_time_shape_clock clock = shape->clock;
    struct umm_time_shape_state state = shape->state;
    size_t r = first;
    for (; r < end; r++) {
        int64_t sec;
        int32_t nsec;
        const uint32_t begin = texts.begins[0][r * texts.stride] + texts.begin_add[0];
        const char *first_part = texts.text + begin, *second_part = first_part;
        if (texts.ends[0][r * texts.stride] - texts.end_sub - begin != len[0])
            break;
        if (is_joined) {
            const uint32_t next = texts.begins[1][r * texts.stride] + texts.begin_add[1];
            second_part = texts.text + next;
            if (texts.ends[1][r * texts.stride] - texts.end_sub - next != len[1])
                break;
        }
        if (!read_parts(shape, spec, &keep, &clock, &state, is_joined, first_part, second_part,
                        &sec, &nsec))
            break;
        if (__builtin_expect(nsec != 0, 0)) {
            if (umm_time_to_unit((struct umm_time){sec, nsec}, unit, &out[r]) != UMM_TIME_OK)
                break;
        } else if (__builtin_mul_overflow(sec, per_s, &out[r])) {
            break;
        }
    }
    shape->state = state;
    return r - first;
}

size_t umm_time_shape_read_rows(struct umm_time_shape *shape, const struct umm_time_spec *spec,
                                const struct umm_time_texts *texts, size_t first, size_t end,
                                enum umm_time_unit unit, int64_t *out)
{
    const bool is_joined = texts->begins[1] != NULL;
    if (!shape->is_known || shape->is_joined != is_joined)
        return 0;
    return is_joined ? read_rows(shape, spec, texts, first, end, unit, true, out)
                     : read_rows(shape, spec, texts, first, end, unit, false, out);
}

/* ---- Learning ------------------------------------------------------------ */

/* A text to learn from, and where its bytes lie in the parts. */
struct lesson {
    const char *text;
    size_t len_bytes, split;
    struct umm_time_places places;
};

/* The place of byte number at of the text in its part. */
static uint8_t at_in_part(const struct lesson *lesson, size_t at, uint8_t *part)
{
    *part = at > lesson->split;
    return (uint8_t)(*part ? at - lesson->split - 1 : at);
}

/* The date's digits, n of them from byte at of the part on, may differ. */
static void mark_date(struct umm_time_shape *shape, uint8_t part, size_t at, size_t n)
{
    for (size_t k = at; k < at + n; k++)
        shape->date.w[(part ? SECOND : 0) + k / BYTES] |= UINT64_C(0xFF) << 8 * (k % BYTES);
}

/* Digits of the time of day need not be kept. */
static void mark_clock(struct umm_time_shape *shape, uint8_t part, size_t at, size_t n)
{
    for (size_t k = at; k < at + n; k++)
        shape->keep.w[(part ? SECOND : 0) + k / BYTES] &= ~(UINT64_C(0xFF) << 8 * (k % BYTES));
}

/* The number of n digits, at most two, from byte at of the text on; without any it is fixed. */
static struct umm_time_shape_number learn_number(struct umm_time_shape *shape,
                                                 const struct lesson *lesson, size_t at, int n,
                                                 int32_t fixed)
{
    struct umm_time_shape_number number = {.fixed = n ? 0 : fixed};
    if (n == 0)
        return number;
    const uint8_t first = at_in_part(lesson, at, &number.part);
    number.at[0] = first;
    number.at[1] = (uint8_t)(first + (n == 2));
    number.tens = n == 2 ? 10 : 1;
    number.ones = n == 2;
    mark_date(shape, number.part, first, (size_t)n);
    return number;
}

static size_t at_of(const struct lesson *lesson, enum umm_time_place place)
{
    return (size_t)(lesson->places.at[place] - lesson->text);
}

static struct umm_time_shape_number learn_place(struct umm_time_shape *shape,
                                                const struct lesson *lesson,
                                                enum umm_time_place place, int32_t fixed)
{
    const int n = lesson->places.n_digits[place];
    return learn_number(shape, lesson, n ? at_of(lesson, place) : 0, n, fixed);
}

/* The words that the parts are in. */
static void learn_words(struct umm_time_shape *shape, const struct lesson *lesson)
{
    for (size_t part = 0, to = 0; part < 2; part++, to = SECOND) {
        const size_t len = shape->len_bytes[part];
        if (len == 0)
            continue;
        memcpy(&shape->state.last.w[to], lesson->text + (part ? lesson->split + 1 : 0), len);
        memset(&shape->keep.w[to], 0xFF, len);
    }
}

static bool fits(const struct umm_time_shape *shape)
{
    const size_t part = UMM_TIME_SHAPE_PART;
    return shape->len_bytes[1] ? shape->len_bytes[0] <= part && shape->len_bytes[1] <= part
                               : shape->len_bytes[0] <= 2 * part;
}

/* The date's numbers, where it has no more to it than these; else it must stay as it is. */
static void learn_date(struct umm_time_shape *shape, const struct lesson *lesson)
{
    const struct umm_time_places *places = &lesson->places;
    const int n = places->n_digits[UMM_TIME_PLACE_YEAR];
    int64_t year;
    int month, day;
    if (places->is_date_whole || (n && n != (places->is_short_year ? 2 : 4)))
        return;
    umm_time_civil_from_days(shape->state.day_sec / DAY_S, &year, &month, &day);
    shape->is_short_year = n == 2;
    shape->year.fixed = (int32_t)year;
    if (n == 4)
        shape->century = learn_number(shape, lesson, at_of(lesson, UMM_TIME_PLACE_YEAR), 2, 0);
    if (n)
        shape->year = learn_number(shape, lesson,
                                   at_of(lesson, UMM_TIME_PLACE_YEAR) + (n == 4 ? 2 : 0), 2, 0);
    shape->month_number = learn_place(shape, lesson, UMM_TIME_PLACE_MONTH, month);
    const struct umm_time_shape_words without_day = shape->date;
    shape->day = learn_place(shape, lesson, UMM_TIME_PLACE_DAY, day);
    for (size_t i = 0; i < UMM_TIME_SHAPE_WORDS; i++)
        shape->month.w[i] = shape->keep.w[i] & ~(shape->date.w[i] & ~without_day.w[i]);
    shape->state.n_days = umm_time_days_in_month(year, month);
    shape->state.month_sec = umm_time_days_from_civil(year, month, 1) * DAY_S;
}

/* One number of the time of day; false where it is not within the eight bytes. */
static bool learn_clock_number(struct umm_time_shape *shape, const struct lesson *lesson, int i)
{
    struct umm_time_shape_clock *clock = &shape->clock;
    const enum umm_time_place place = (enum umm_time_place)(UMM_TIME_PLACE_HOUR + i);
    const int n = lesson->places.n_digits[place];
    uint8_t part;
    if (n == 0)
        return true;
    const uint8_t at = at_in_part(lesson, at_of(lesson, place), &part);
    if (part != clock->part || at < clock->at || at + n > clock->at + BYTES)
        return false;
    const int first = at - clock->at;
    if (n == 1 && first == 0 && i)
        return false;
    clock->is_bare |= n == 1 && first == 0;
    clock->is_odd |= clock->is_bare;
    clock->masks[i] = 0xFF;
    clock->shifts[i] = (uint8_t)(8 * (n == 1 && first ? first - 1 : first));
    for (int k = first; k < first + n; k++) {
        const uint64_t most = i && n == 2 && k == first ? 5 : 9;
        clock->digits |= UINT64_C(0xFF) << 8 * k;
        clock->limits |= (0x7F - most) << 8 * k;
    }
    mark_clock(shape, part, at, (size_t)n);
    return true;
}

/* Whether the byte before a number of one digit, which it is joined with, is none. */
static bool is_alone(const struct umm_time_shape *shape, const struct lesson *lesson, int i)
{
    const struct umm_time_shape_clock *clock = &shape->clock;
    const enum umm_time_place place = (enum umm_time_place)(UMM_TIME_PLACE_HOUR + i);
    const bool is_first = i == 0 && clock->is_bare;
    return lesson->places.n_digits[place] != 1 || is_first ||
           (clock->digits >> clock->shifts[i] & 0xFF) == 0;
}

static bool learn_clock(struct umm_time_shape *shape, const struct lesson *lesson)
{
    const struct umm_time_places *places = &lesson->places;
    const int n = places->n_digits[UMM_TIME_PLACE_FRACTION];
    struct umm_time_shape_clock *clock = &shape->clock;
    size_t first = SIZE_MAX;
    for (int i = UMM_TIME_PLACE_HOUR; i <= UMM_TIME_PLACE_SECOND; i++)
        if (places->n_digits[i]) {
            const size_t at = at_of(lesson, (enum umm_time_place)i);
            first = at < first ? at : first;
        }
    clock->is_odd = clock->has_hour_12 = places->has_hour_12;
    clock->is_pm = places->is_pm;
    if (first != SIZE_MAX)
        clock->at = at_in_part(lesson, first, &clock->part);
    for (int i = 0; i < 3; i++)
        if (!learn_clock_number(shape, lesson, i))
            return false;
    for (int i = 0; i < 3; i++)
        if (!is_alone(shape, lesson, i))
            return false;
    clock->n_fraction = (uint8_t)n;
    if (n == 0)
        return true;
    clock->fraction_at =
        at_in_part(lesson, at_of(lesson, UMM_TIME_PLACE_FRACTION), &clock->fraction_part);
    mark_clock(shape, clock->fraction_part, clock->fraction_at, (size_t)n);
    return true;
}

/* Whether the numbers are what their digits say, and no more digits than a shape holds. */
static bool is_plain(const struct lesson *lesson)
{
    for (int i = 0; i < UMM_TIME_PLACES; i++) {
        const int n = lesson->places.n_digits[i];
        const int most = i == UMM_TIME_PLACE_YEAR ? 4 : i == UMM_TIME_PLACE_FRACTION ? 9 : 2;
        if (n < 0 || n > most)
            return false;
    }
    return true;
}

/* Learn the offset that holds around local; false where none does. */
static bool learn_zone(struct umm_time_shape *shape, const struct umm_time_spec *spec,
                       const struct umm_time_places *places, const struct umm_time *time)
{
    shape->is_in_zone = places->is_in_zone;
    shape->has_zone_name = places->has_zone_name;
    if (places->is_in_zone)
        return umm_tz_find_stretch(spec->tz, places->local_sec, &shape->state.stretch) &&
               places->local_sec - shape->state.stretch.offset_s == time->sec;
    shape->state.stretch =
        (struct umm_tz_stretch){INT64_MIN, INT64_MAX, (int32_t)(places->local_sec - time->sec)};
    return true;
}

/* Learn from a text that is time, and see that it then reads as that. */
static bool learn(struct umm_time_shape *shape, const struct umm_time_spec *spec,
                  const struct lesson *lesson, const struct umm_time *time)
{
    char copy[2][2 * UMM_TIME_SHAPE_PART + UMM_TIME_SHAPE_PAD] = {{0}};
    struct umm_time_parts parts = {.text = {copy[0], copy[1]}};
    struct umm_time again;
    int32_t of_day;
    shape->len_bytes[0] = parts.len_bytes[0] = lesson->split;
    shape->len_bytes[1] = parts.len_bytes[1] =
        lesson->split < lesson->len_bytes ? lesson->len_bytes - lesson->split - 1 : 0;
    shape->is_joined = parts.len_bytes[1] > 0;
    if (!lesson->places.has_local || !fits(shape) || !is_plain(lesson) ||
        !learn_zone(shape, spec, &lesson->places, time))
        return false;
    memcpy(copy[0], lesson->text, parts.len_bytes[0]);
    if (parts.len_bytes[1])
        memcpy(copy[1], lesson->text + lesson->split + 1, parts.len_bytes[1]);
    learn_words(shape, lesson);
    if (!learn_clock(shape, lesson) ||
        !read_clock(&shape->clock, parts.text[shape->clock.part], &of_day))
        return false;
    shape->state.day_sec = lesson->places.local_sec - of_day;
    if (shape->state.day_sec % DAY_S ||
        shape->state.day_sec < DAY_S * umm_time_days_from_civil(YEAR_MIN, 1, 1) ||
        shape->state.day_sec >= DAY_S * umm_time_days_from_civil(YEAR_MAX + 1, 1, 1))
        return false;
    learn_date(shape, lesson);
    shape->is_known = true;
    return umm_time_shape_read(shape, spec, &parts, &again) && again.sec == time->sec &&
           again.nsec == time->nsec;
}

enum umm_time_result umm_time_shape_learn(struct umm_time_shape *shape,
                                          const struct umm_time_spec *spec, const char *text,
                                          size_t len_bytes, size_t split, struct umm_time *out)
{
    struct lesson lesson = {.text = text, .len_bytes = len_bytes, .split = split};
    enum umm_time_unit ignored;
    enum umm_time_result result =
        umm_time_parse_places(spec, text, len_bytes, &lesson.places, out, &ignored);
    if (result != UMM_TIME_OK)
        return result;
    *shape = (struct umm_time_shape){.is_known = false};
    shape->is_known = learn(shape, spec, &lesson, out);
    return UMM_TIME_OK;
}
