/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target (libFuzzer entry point) for text/time and text/tz. The first byte
 * chooses the form, unit, fold and zone; the rest is
 *   - a text, parsed by that form and looked at by detection
 *   - for patterns: a pattern, a zero byte, a text
 *   - for zones: a TZif file, asked about instants taken from its own bytes
 * Besides memory safety it checks what must hold for every accepted input: among other
 * things, that texts of the shape of one that was read are read by it as they are without.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "time/time.h"
#include "time/time_shape.h"
#include "time/tz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* An accepted time is in range and returns from its own ISO text. */
static void check_time(struct umm_time time)
{
    const struct umm_time_spec iso = {.form = UMM_TIME_FORM_ISO};
    struct umm_time back;
    char buf[UMM_TIME_ISO_MAX];
    int64_t value;

    require(time.sec >= UMM_TIME_SEC_MIN && time.sec <= UMM_TIME_SEC_MAX);
    require(time.nsec >= 0 && time.nsec < 1000000000);
    size_t len = umm_time_format_iso(time, buf);
    require(umm_time_parse(&iso, buf, len, &back) == UMM_TIME_OK);
    require(back.sec == time.sec && back.nsec == time.nsec);
    for (int unit = UMM_TIME_S; unit <= UMM_TIME_NS; unit++) {
        if (umm_time_to_unit(time, (enum umm_time_unit)unit, &value) != UMM_TIME_OK)
            continue;
        back = umm_time_from_unit(value, (enum umm_time_unit)unit);
        require(back.sec == time.sec && back.nsec == time.nsec);
    }
}

enum { SHAPED_MAX = 64 };

/* A shape that was learnt from the text reads it, and others like it, as the parser does. */
static void check_shape(const struct umm_time_spec *spec, const char *text, size_t len)
{
    struct umm_time_shape shape = {.is_known = false};
    struct umm_time learnt, got, want;
    char copy[SHAPED_MAX + UMM_TIME_SHAPE_PAD];
    const char *blank = memchr(text, ' ', len);
    const size_t split = blank && len % 2 ? (size_t)(blank - text) : len;

    if (len == 0 || len > SHAPED_MAX || split + 1 == len ||
        umm_time_shape_learn(&shape, spec, text, len, split, &learnt) != UMM_TIME_OK)
        return;
    memset(copy + len, 0xA5, UMM_TIME_SHAPE_PAD);
    const struct umm_time_parts parts = {{copy, split < len ? copy + split + 1 : ""},
                                         {split, split < len ? len - split - 1 : 0}};
    for (size_t i = 0; i <= len; i++) {
        memcpy(copy, text, len);
        if (i < len)
            copy[i] = (char)(copy[i] >= '0' && copy[i] < '9' ? copy[i] + 1 : copy[i] ^ 1);
        if (split < len && copy[split] != ' ')
            continue;
        if (!umm_time_shape_read(&shape, spec, &parts, &got))
            continue;
        require(umm_time_parse(spec, copy, len, &want) == UMM_TIME_OK);
        require(got.sec == want.sec && got.nsec == want.nsec);
        check_time(got);
    }
}

/* What a number, or a time of day, may be besides. */
static void fuzz_others(const char *text, size_t len)
{
    struct umm_time time;

    for (int unit = UMM_TIME_S; unit < UMM_TIME_UNITS; unit++) {
        struct umm_time_spec spec = {.form = UMM_TIME_FORM_EPOCH,
                                     .epoch_unit = (enum umm_time_unit)unit,
                                     .is_unit_forced = true};
        for (int with_date = 0; with_date < 2; with_date++) {
            spec.has_date = with_date != 0;
            spec.has_hour_24 = len % 2;
            if (umm_time_parse(&spec, text, len, &time) != UMM_TIME_OK)
                continue;
            check_time(time);
            require(!spec.has_date || (time.sec >= 0 && time.sec <= 86400));
        }
    }
    const struct umm_time_spec clock = {
        .form = UMM_TIME_FORM_CLOCK, .has_date = true, .date = 19000, .has_hour_24 = len % 2};
    if (umm_time_parse(&clock, text, len, &time) == UMM_TIME_OK)
        check_time(time);
    check_shape(&clock, text, len);
}

/* What detection finds is a form that the text has. */
static void fuzz_detect(const char *text, size_t len)
{
    struct umm_time_spec spec = {0};
    struct umm_time time;

    if (umm_time_detect(text, len, &spec) != UMM_TIME_OK)
        return;
    require(spec.form != UMM_TIME_FORM_NONE && spec.form != UMM_TIME_FORM_PATTERN);
    check_shape(&spec, text, len);
    enum umm_time_result result = umm_time_parse(&spec, text, len, &time);
    require(result != UMM_TIME_MALFORMED && result != UMM_TIME_NO_EPOCH);
}

/* Checked or not, a pattern is only ever compared with the text. */
static void fuzz_pattern(struct umm_time_spec *spec, const char *text, size_t len)
{
    const char *zero = memchr(text, '\0', len);
    const char *bad = NULL;
    struct umm_time time;

    if (!zero)
        return;
    spec->patterns[0] = text;
    if (!umm_time_pattern_check(text, &bad, NULL))
        require(bad >= text && bad <= zero);
    spec->has_date = umm_time_pattern_check_clock(text, NULL, NULL);
    spec->date = 19000;
    size_t skip = (size_t)(zero - text) + 1;
    if (umm_time_parse(spec, text + skip, len - skip, &time) == UMM_TIME_OK)
        check_time(time);
    check_shape(spec, text + skip, len - skip);
}

/* Either reading of a local time is an instant at which clocks show it, or a gap. */
static void check_local(const struct umm_tz *tz, int64_t local)
{
    int64_t only = 0, earlier = 0, later = 0;
    enum umm_tz_result result = umm_tz_local_to_utc(tz, local, UMM_TZ_FOLD_ERROR, &only);

    require(umm_tz_local_to_utc(tz, local, UMM_TZ_FOLD_EARLIER, &earlier) == UMM_TZ_OK);
    require(umm_tz_local_to_utc(tz, local, UMM_TZ_FOLD_LATER, &later) == UMM_TZ_OK);
    if (local < -UMM_TZ_SEC_MAX / 2 || local > UMM_TZ_SEC_MAX / 2)
        return;
    struct umm_tz_stretch stretch;
    if (umm_tz_find_stretch(tz, local, &stretch)) {
        require(result == UMM_TZ_OK && only == local - stretch.offset_s);
        require(stretch.from_sec <= local && local < stretch.until_sec);
    }
    bool is_shown = earlier + umm_tz_utc_offset(tz, earlier) == local &&
                    later + umm_tz_utc_offset(tz, later) == local;
    require(result == UMM_TZ_OK ? only == earlier && earlier == later : earlier < later);
    require(is_shown == (result != UMM_TZ_NONEXISTENT));
}

static void fuzz_zone(const uint8_t *data, size_t size)
{
    struct umm_error err;
    struct umm_tz *tz = NULL;

    if (umm_tz_parse("fuzz", data, size, &tz, &err) != UMM_OK)
        return;
    for (size_t i = 0; i + 8 <= size && i < 512; i += 4) {
        int64_t value;
        memcpy(&value, data + i, sizeof value);
        check_local(tz, value);
        check_local(tz, (int64_t)__builtin_bswap64((uint64_t)value) % UMM_TIME_SEC_MAX);
        check_local(tz, (int32_t)__builtin_bswap32((uint32_t)value));
    }
    umm_tz_close(tz);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    unsigned choice = data[0];
    struct umm_tz *tz = NULL;
    static const enum umm_time_form forms[] = {
        UMM_TIME_FORM_NONE,    UMM_TIME_FORM_EPOCH,   UMM_TIME_FORM_ISO, UMM_TIME_FORM_YEAR_FIRST,
        UMM_TIME_FORM_COMPACT, UMM_TIME_FORM_PATTERN, UMM_TIME_FORM_NONE};
    struct umm_time_spec spec = {.form = forms[choice % 7],
                                 .epoch_unit = (enum umm_time_unit)(choice >> 3 & 3),
                                 .is_unit_forced = choice >> 5 & 1,
                                 .fold = (enum umm_tz_fold)(choice >> 6 & 1),
                                 .has_hour_24 = size % 2};
    struct umm_time time;

    if (choice % 7 == 6) {
        fuzz_zone(data + 1, size - 1);
        return 0;
    }
    const char *zone = size % 2 ? "-0330" : "America/New_York";
    if (choice >> 7 && umm_tz_open(zone, NULL, &tz, NULL) == UMM_OK)
        spec.tz = tz;
    /* A copy of exactly the text's size: a byte too far is seen. */
    size_t len = size - 1;
    char *text = malloc(len + !len);
    if (text) {
        memcpy(text, data + 1, len);
        if (spec.form == UMM_TIME_FORM_PATTERN)
            fuzz_pattern(&spec, text, len);
        else if (umm_time_parse(&spec, text, len, &time) == UMM_TIME_OK)
            check_time(time);
        if (spec.form != UMM_TIME_FORM_PATTERN)
            check_shape(&spec, text, len);
        fuzz_others(text, len);
        fuzz_detect(text, len);
    }
    free(text);
    umm_tz_close(tz);
    return 0;
}
