/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target (libFuzzer entry point) for text/time and text/tz. The first byte
 * chooses the form, unit, fold and zone; the rest is
 *   - a text, parsed by that form and looked at by detection
 *   - for patterns: a pattern, a zero byte, a text
 *   - for zones: a TZif file, asked about instants taken from its own bytes
 * Besides memory safety it checks what must hold for every accepted input.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "time/time.h"
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

/* What detection finds is a form that the text has. */
static void fuzz_detect(const char *text, size_t len)
{
    struct umm_time_spec spec = {0};
    struct umm_time time;

    if (umm_time_detect(text, len, &spec) != UMM_TIME_OK)
        return;
    require(spec.form != UMM_TIME_FORM_NONE && spec.form != UMM_TIME_FORM_PATTERN);
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
    size_t skip = (size_t)(zero - text) + 1;
    if (umm_time_parse(spec, text + skip, len - skip, &time) == UMM_TIME_OK)
        check_time(time);
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
    struct umm_time_spec spec = {.form = (enum umm_time_form)(choice % 7),
                                 .epoch_unit = (enum umm_time_unit)(choice >> 3 & 3),
                                 .is_unit_forced = choice >> 5 & 1,
                                 .fold = (enum umm_tz_fold)(choice >> 6 & 1)};
    struct umm_time time;

    if (choice % 7 == 6) {
        fuzz_zone(data + 1, size - 1);
        return 0;
    }
    if (choice >> 7 && umm_tz_open("-0330", NULL, &tz, NULL) == UMM_OK)
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
        fuzz_detect(text, len);
    }
    free(text);
    umm_tz_close(tz);
    return 0;
}
