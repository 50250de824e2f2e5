/* SPDX-License-Identifier: MIT */
#include "time/tz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"
#include "time/time_civil.h"
#include "time/time_scan.h"
#include "time/tz_posix.h"

enum {
    NAME_CAP = 128,           /* the longest name in tzdata has 32 bytes */
    FILE_MAX_BYTES = 1 << 20, /* the largest file in tzdata has 4 KiB */
    NAMES_MAX = 32,           /* the most abbreviations of a zone in tzdata are 11 */
    DAY_S = 86400,
    ERA_YEARS = 400,
    OFFSET_MIN_S = -89999, /* RFC 9636, section 3.2: what files should hold */
    OFFSET_MAX_S = 93599
};

/* After 400 years the Gregorian calendar repeats, days of the week included. */
#define ERA_S (INT64_C(146097) * DAY_S)

/*
 * A zone is a table of the instants at which its offset changes:
 *
 *     first_offset  | changes[0].offset | changes[1].offset | ...
 *                changes[0].at       changes[1].at
 *
 * A rule for the years after the file's last instant is written out into the
 * same table for one era and some; times from era_end on are looked up a whole
 * number of eras earlier. A change may also be one of the abbreviation alone; names[0] is
 * empty, and stands for what is not known.
 */
struct umm_tz {
    char name[NAME_CAP];
    char names[NAMES_MAX][UMM_TZ_NAME_BYTES];
    int32_t n_names;
    int32_t first_offset_s, first_name;
    size_t n_changes;
    struct umm_tz_change *changes;
    bool is_periodic, is_utc;
    int64_t era_end;
};

/* ---- Lookup ------------------------------------------------------------ */

static int64_t clamp(int64_t sec)
{
    if (sec < -UMM_TZ_SEC_MAX)
        return -UMM_TZ_SEC_MAX;
    return sec > UMM_TZ_SEC_MAX ? UMM_TZ_SEC_MAX : sec;
}

/* How many seconds, in whole eras, sec lies beyond the table. */
static int64_t eras_beyond(const struct umm_tz *tz, int64_t sec)
{
    if (!tz->is_periodic || sec < tz->era_end)
        return 0;
    return ((sec - tz->era_end) / ERA_S + 1) * ERA_S;
}

/* The number of changes at or before sec. */
static size_t changes_until(const struct umm_tz *tz, int64_t sec)
{
    size_t low = 0, high = tz->n_changes;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tz->changes[middle].at <= sec)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int32_t offset_after(const struct umm_tz *tz, size_t n_changes)
{
    return n_changes == 0 ? tz->first_offset_s : tz->changes[n_changes - 1].offset_s;
}

static const char *name_after(const struct umm_tz *tz, size_t n_changes)
{
    return tz->names[n_changes == 0 ? tz->first_name : tz->changes[n_changes - 1].name];
}

int32_t umm_tz_utc_offset(const struct umm_tz *tz, int64_t utc_sec)
{
    if (!tz)
        return 0;
    int64_t sec = clamp(utc_sec);
    return offset_after(tz, changes_until(tz, sec - eras_beyond(tz, sec)));
}

/* What a local time can mean: the first and last instant, and how many there are. */
struct meaning {
    int64_t first;
    int64_t last;
    int n_instants;
};

/* No offset is larger. */
static const int64_t reach = INT64_C(26) * 3600;

static bool is_text(const char *name, const char *text, size_t len_bytes)
{
    return strlen(name) == len_bytes && memcmp(name, text, len_bytes) == 0;
}

/*
 * Try the offset of every stretch between changes that the instant could lie in,
 * given that none is larger than reach. A time within none of them was skipped by a
 * change; first and last are then the two ways to read it. With a name, only
 * stretches that have it count.
 */
static struct meaning look_up_local(const struct umm_tz *tz, int64_t local, const char *name,
                                    size_t name_bytes)
{
    struct meaning found = {0}, gap = {0};

    for (size_t i = changes_until(tz, local - reach); i <= tz->n_changes; i++) {
        int64_t utc = local - offset_after(tz, i);
        bool has_begun = i == 0 || utc >= tz->changes[i - 1].at;
        bool has_ended = i < tz->n_changes && utc >= tz->changes[i].at;
        if (has_begun && !has_ended) {
            if (name && !is_text(name_after(tz, i), name, name_bytes))
                continue;
            if (found.n_instants++ == 0)
                found.first = utc;
            found.last = utc;
        } else if (has_ended && local - tz->changes[i].offset_s < tz->changes[i].at) {
            gap.first = local - tz->changes[i].offset_s;
            gap.last = utc;
        }
        if (i < tz->n_changes && tz->changes[i].at > local + reach)
            break;
    }
    return found.n_instants ? found : gap;
}

enum umm_tz_result umm_tz_local_to_utc(const struct umm_tz *tz, int64_t local_sec,
                                       enum umm_tz_fold fold, int64_t *utc_sec)
{
    if (!tz) {
        *utc_sec = local_sec;
        return UMM_TZ_OK;
    }
    int64_t sec = clamp(local_sec);
    int64_t shift = eras_beyond(tz, sec);
    struct meaning meaning = look_up_local(tz, sec - shift, NULL, 0);

    if ((fold == UMM_TZ_FOLD_ERROR || fold == UMM_TZ_FOLD_INFER) && meaning.n_instants != 1)
        return meaning.n_instants == 0 ? UMM_TZ_NONEXISTENT : UMM_TZ_AMBIGUOUS;
    *utc_sec = shift + (fold == UMM_TZ_FOLD_LATER ? meaning.last : meaning.first);
    return UMM_TZ_OK;
}

static bool has_name(const struct umm_tz *tz, const char *name, size_t len_bytes)
{
    for (int32_t i = 1; i < tz->n_names; i++)
        if (is_text(tz->names[i], name, len_bytes))
            return true;
    return false;
}

enum umm_tz_result umm_tz_named_to_utc(const struct umm_tz *tz, int64_t local_sec, const char *name,
                                       size_t len_bytes, enum umm_tz_fold fold, int64_t *utc_sec)
{
    if (!tz || tz->is_utc) {
        bool is_ours = is_text("UTC", name, len_bytes) || is_text("GMT", name, len_bytes);
        if (is_ours)
            *utc_sec = local_sec;
        return is_ours ? UMM_TZ_OK : UMM_TZ_NO_NAME;
    }
    if (!has_name(tz, name, len_bytes))
        return UMM_TZ_NO_NAME;
    int64_t sec = clamp(local_sec);
    int64_t shift = eras_beyond(tz, sec);
    struct meaning meaning = look_up_local(tz, sec - shift, name, len_bytes);
    if (meaning.n_instants == 0)
        return UMM_TZ_NAME_THEN;
    if (meaning.n_instants > 1 && (fold == UMM_TZ_FOLD_ERROR || fold == UMM_TZ_FOLD_INFER))
        return UMM_TZ_AMBIGUOUS;
    *utc_sec = shift + (fold == UMM_TZ_FOLD_LATER ? meaning.last : meaning.first);
    return UMM_TZ_OK;
}

/*
 * Where the stretch after i changes has local times of its own: its neighbours' are kept off by
 * their offsets, and those beyond by their distance, or where that is small by reach.
 */
static struct umm_tz_stretch own_stretch(const struct umm_tz *tz, size_t i)
{
    const struct umm_tz_change *changes = tz->changes;
    const int32_t own = offset_after(tz, i);
    struct umm_tz_stretch s = {-UMM_TZ_SEC_MAX, UMM_TZ_SEC_MAX, own};

    if (i > 0) {
        int32_t before = offset_after(tz, i - 1);
        bool is_near = i > 1 && changes[i - 1].at - changes[i - 2].at < 2 * reach;
        s.from_sec = changes[i - 1].at + (is_near ? reach : own > before ? own : before);
    }
    if (i < tz->n_changes) {
        int32_t after = offset_after(tz, i + 1);
        bool is_near = i + 1 < tz->n_changes && changes[i + 1].at - changes[i].at < 2 * reach;
        s.until_sec = changes[i].at + (is_near ? -reach : own < after ? own : after);
    }
    return s;
}

bool umm_tz_find_stretch(const struct umm_tz *tz, int64_t local_sec, struct umm_tz_stretch *stretch)
{
    if (!tz) {
        *stretch = (struct umm_tz_stretch){-UMM_TZ_SEC_MAX, UMM_TZ_SEC_MAX, 0};
        return local_sec >= -UMM_TZ_SEC_MAX && local_sec < UMM_TZ_SEC_MAX;
    }
    for (size_t i = changes_until(tz, local_sec - reach); i <= tz->n_changes; i++) {
        struct umm_tz_stretch s = own_stretch(tz, i);
        if (tz->is_periodic && s.until_sec > tz->era_end)
            s.until_sec = tz->era_end;
        if (local_sec < s.from_sec)
            return false;
        if (local_sec < s.until_sec) {
            *stretch = s;
            return true;
        }
    }
    return false;
}

/* ---- Building the table ------------------------------------------------ */

static enum umm_status reserve(struct umm_tz *tz, size_t n_more, struct umm_error *err)
{
    size_t cap, len_bytes;

    if (__builtin_add_overflow(tz->n_changes, n_more, &cap) ||
        __builtin_mul_overflow(cap, sizeof *tz->changes, &len_bytes))
        return umm_error_set_memory(err, SIZE_MAX, "a time zone");
    struct umm_tz_change *changes = realloc(tz->changes, len_bytes ? len_bytes : 1);
    if (!changes)
        return umm_error_set_memory(err, len_bytes, "a time zone");
    tz->changes = changes;
    return UMM_OK;
}

/*
 * Add a change not earlier than the last one; room is reserved. Of two at the
 * same instant the later counts, and one that changes nothing is left out.
 */
static void add_change(struct umm_tz *tz, int64_t at, int32_t offset_s, int32_t name)
{
    if (tz->n_changes > 0 && tz->changes[tz->n_changes - 1].at == at)
        tz->n_changes--;
    if (offset_after(tz, tz->n_changes) != offset_s ||
        name_after(tz, tz->n_changes) != tz->names[name])
        tz->changes[tz->n_changes++] =
            (struct umm_tz_change){.at = at, .offset_s = offset_s, .name = name};
}

/* The number of an abbreviation, which is then one of the zone's. */
static int32_t number_of_name(struct umm_tz *tz, const char *text, size_t len_bytes)
{
    if (len_bytes == 0 || len_bytes >= UMM_TZ_NAME_BYTES)
        return 0;
    tz->n_names += tz->n_names == 0; /* the empty one */
    for (int32_t i = 1; i < tz->n_names; i++)
        if (is_text(tz->names[i], text, len_bytes))
            return i;
    if (tz->n_names == NAMES_MAX)
        return 0;
    memcpy(tz->names[tz->n_names], text, len_bytes);
    return tz->n_names++;
}

/*
 * Write the rule out from after the file's last time (which need not have changed the
 * offset), or from the year 0 if it has none. A change may lie in the year beside its own:
 * the years at both ends have neighbours.
 */
static enum umm_status add_rule(struct umm_tz *tz, const struct umm_tz_posix *rule,
                                const int64_t *last, struct umm_error *err)
{
    enum { N_YEARS = ERA_YEARS + 5 };
    struct umm_tz_change changes[2 * N_YEARS];
    const int32_t names[2] = {number_of_name(tz, rule->std_name, strlen(rule->std_name)),
                              number_of_name(tz, rule->dst_name, strlen(rule->dst_name))};
    int64_t first_year = 0;
    int month, day;

    if (last)
        umm_time_civil_from_days(*last / DAY_S - (*last % DAY_S < 0), &first_year, &month, &day);
    umm_tz_posix_changes(rule, first_year - 1, N_YEARS, changes);
    enum umm_status status = reserve(tz, 2 * N_YEARS, err);
    if (status)
        return status;
    for (int i = 0; i < 2 * N_YEARS; i++) {
        if (!last || changes[i].at > *last)
            add_change(tz, changes[i].at, changes[i].offset_s, names[changes[i].name]);
    }
    tz->is_periodic = true;
    tz->era_end = umm_time_days_from_civil(first_year + ERA_YEARS + 2, 1, 1) * DAY_S;
    return UMM_OK;
}

/* ---- TZif -------------------------------------------------------------- */

struct tzif {
    const unsigned char *bytes;
    size_t len_bytes;
    struct umm_error *err;
};

struct tzif_header {
    char version;
    uint32_t n_ut, n_std, n_leap, n_times, n_types, n_chars;
};

enum { TZIF_HEADER_BYTES = 44, TZIF_TYPE_BYTES = 6 };

static enum umm_status bad_file(const struct tzif *file, const char *what)
{
    return umm_error_set(file->err, UMM_ERR_DATA, "not a valid time zone file: %s", what);
}

static uint32_t get_be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t get_time(const unsigned char *p, size_t width)
{
    if (width == 4)
        return (int32_t)get_be32(p);
    return (int64_t)((uint64_t)get_be32(p) << 32 | get_be32(p + 4));
}

static enum umm_status read_header(const struct tzif *file, size_t pos, struct tzif_header *h)
{
    if (file->len_bytes - pos < TZIF_HEADER_BYTES)
        return bad_file(file, "it ends within a header");
    const unsigned char *p = file->bytes + pos;
    if (memcmp(p, "TZif", 4) != 0)
        return bad_file(file, "it does not begin with TZif");
    *h = (struct tzif_header){.version = (char)p[4],
                              .n_ut = get_be32(p + 20),
                              .n_std = get_be32(p + 24),
                              .n_leap = get_be32(p + 28),
                              .n_times = get_be32(p + 32),
                              .n_types = get_be32(p + 36),
                              .n_chars = get_be32(p + 40)};
    return UMM_OK;
}

/* The length of a data block whose times have width bytes; counts are below 2^32. */
static uint64_t block_bytes(const struct tzif_header *h, size_t width)
{
    return h->n_times * (uint64_t)(width + 1) + h->n_types * (uint64_t)TZIF_TYPE_BYTES +
           h->n_chars + h->n_leap * (uint64_t)(width + 4) + h->n_std + h->n_ut;
}

/* The number of a type's abbreviation; a file without it, or with a wrong place, has none. */
static int32_t read_name(const unsigned char *types, const struct tzif_header *h, uint32_t type,
                         struct umm_tz *tz)
{
    const char *chars = (const char *)types + (size_t)h->n_types * TZIF_TYPE_BYTES;
    const uint32_t at = types[(size_t)type * TZIF_TYPE_BYTES + 5];

    if (at >= h->n_chars || !memchr(chars + at, '\0', h->n_chars - at))
        return 0;
    return number_of_name(tz, chars + at, strlen(chars + at));
}

/*
 * A data block: times, then an index of a type for each, then types of 6 bytes
 * {i32 offset, u8 is_dst, u8 abbreviation}, then abbreviations with a NUL after each, then
 * what is of no use here. *last is set to the last of the times, if there are any.
 */
static enum umm_status read_block(const struct tzif *file, size_t pos, const struct tzif_header *h,
                                  size_t width, struct umm_tz *tz, int64_t *last)
{
    const unsigned char *times = file->bytes + pos;
    const unsigned char *indexes = times + h->n_times * width;
    const unsigned char *types = indexes + h->n_times;

    if (h->n_leap != 0)
        return umm_error_set(file->err, UMM_ERR_UNSUPPORTED,
                             "time zone file counts leap seconds: use the zone without \"right/\"");
    if (h->n_types == 0 || h->n_types > 256)
        return bad_file(file, "its number of local time types is wrong");
    for (uint32_t i = 0; i < h->n_types; i++) {
        int32_t offset_s = (int32_t)get_be32(types + (size_t)i * TZIF_TYPE_BYTES);
        if (offset_s < OFFSET_MIN_S || offset_s > OFFSET_MAX_S)
            return bad_file(file, "an offset from UTC is out of range");
    }
    enum umm_status status = reserve(tz, h->n_times, file->err);
    if (status)
        return status;
    tz->first_offset_s = (int32_t)get_be32(types);
    tz->first_name = read_name(types, h, 0, tz);
    for (uint32_t i = 0; i < h->n_times; i++) {
        int64_t at = get_time(times + i * width, width);
        if (at < -UMM_TZ_SEC_MAX || at > UMM_TZ_SEC_MAX || (i > 0 && at <= *last))
            return bad_file(file, "its times are not in order");
        if (indexes[i] >= h->n_types)
            return bad_file(file, "a local time type is missing");
        add_change(tz, at, (int32_t)get_be32(types + (size_t)indexes[i] * TZIF_TYPE_BYTES),
                   read_name(types, h, indexes[i], tz));
        *last = at;
    }
    return UMM_OK;
}

/* The newline, TZ text, newline that close a file of version 2 or later. */
static enum umm_status read_footer(const struct tzif *file, size_t pos, struct umm_tz *tz,
                                   const int64_t *last)
{
    const char *line = (const char *)file->bytes + pos;
    size_t len_bytes = file->len_bytes - pos;
    struct umm_tz_posix rule;

    if (len_bytes < 2 || line[0] != '\n' || line[len_bytes - 1] != '\n')
        return bad_file(file, "its last line is missing");
    if (len_bytes == 2)
        return UMM_OK;
    if (!umm_tz_posix_parse(line + 1, len_bytes - 2, &rule))
        return bad_file(file, "its last line is not a POSIX TZ text");
    if (!last) {
        tz->first_offset_s = rule.std_offset_s;
        tz->first_name = number_of_name(tz, rule.std_name, strlen(rule.std_name));
    }
    return rule.has_dst ? add_rule(tz, &rule, last, file->err) : UMM_OK;
}

static enum umm_status read_file(const struct tzif *file, struct umm_tz *tz)
{
    struct tzif_header h;
    size_t pos = TZIF_HEADER_BYTES, width = 4;
    enum umm_status status = read_header(file, 0, &h);

    if (status)
        return status;
    bool has_footer = h.version >= '2'; /* later versions are to be read like it */
    if (has_footer) {
        uint64_t skip = block_bytes(&h, width);
        if (skip > file->len_bytes - pos)
            return bad_file(file, "it ends within its first block");
        pos += (size_t)skip;
        width = 8;
        if ((status = read_header(file, pos, &h)) != UMM_OK)
            return status;
        pos += TZIF_HEADER_BYTES;
    }
    uint64_t len_bytes = block_bytes(&h, width);
    if (len_bytes > file->len_bytes - pos)
        return bad_file(file, "it ends within its data");
    int64_t last = 0;
    if ((status = read_block(file, pos, &h, width, tz, &last)) != UMM_OK || !has_footer)
        return status;
    return read_footer(file, pos + (size_t)len_bytes, tz, h.n_times > 0 ? &last : NULL);
}

/* ---- Opening ----------------------------------------------------------- */

static enum umm_status unknown_zone(const char *name, struct umm_error *err)
{
    char excerpt[UMM_EXCERPT_MAX];

    return umm_error_set(err, UMM_ERR_ARGUMENT, "unknown time zone: \"%s\"",
                         umm_escape(excerpt, sizeof excerpt, name, strlen(name)));
}

/* A zone of that name (any text shorter than NAME_CAP) that is UTC so far. */
static enum umm_status new_zone(const char *name, struct umm_tz **out, struct umm_error *err)
{
    size_t len = strlen(name);

    if (len >= NAME_CAP)
        return unknown_zone(name, err);
    struct umm_tz *tz = calloc(1, sizeof *tz);
    if (!tz)
        return umm_error_set_memory(err, sizeof *tz, "a time zone");
    memcpy(tz->name, name, len);
    *out = tz;
    return UMM_OK;
}

enum umm_status umm_tz_parse(const char *name, const void *bytes, size_t len_bytes,
                             struct umm_tz **out, struct umm_error *err)
{
    struct tzif file = {.bytes = bytes, .len_bytes = len_bytes, .err = err};
    struct umm_tz *tz = NULL;
    enum umm_status status = new_zone(name, &tz, err);

    if (!status)
        status = read_file(&file, tz);
    if (status) {
        umm_tz_close(tz);
        return status;
    }
    *out = tz;
    return UMM_OK;
}

/* +h, +hh, +hhmm or +hh:mm, or with '-'. */
static bool scan_fixed_offset(const char *name, int32_t *offset_s)
{
    struct umm_time_cursor cursor = {.at = name, .end = name + strlen(name)};

    if (umm_time_scan_zone(&cursor, offset_s))
        return cursor.at == cursor.end;
    if ((name[0] != '+' && name[0] != '-') || !umm_time_is_digit(name[1]) || name[2] != '\0')
        return false;
    *offset_s = (name[1] - '0') * (name[0] == '-' ? -3600 : 3600);
    return true;
}

static bool is_name_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || umm_time_is_digit(c) || c == '_' ||
           c == '+' || c == '-' || c == '/';
}

static bool is_file_name(const char *name)
{
    if (name[0] == '\0' || name[0] == '/' || strlen(name) >= NAME_CAP)
        return false;
    for (const char *p = name; *p; p++) {
        if (!is_name_byte(*p))
            return false;
    }
    return true;
}

static enum umm_status open_file(const char *name, const char *dir, struct umm_tz **out,
                                 struct umm_error *err)
{
    struct umm_error file_err = {0};
    char *path = NULL;
    void *bytes = NULL;
    size_t len_bytes = 0;

    if (asprintf(&path, "%s/%s", dir, name) < 0)
        return umm_error_set_memory(err, strlen(dir) + strlen(name), "a file name");
    enum umm_status status =
        umm_file_read_whole(path, FILE_MAX_BYTES, &bytes, &len_bytes, &file_err);
    if (!status) {
        status = umm_tz_parse(name, bytes, len_bytes, out, &file_err);
        umm_error_at(&file_err, path, 0, 0, 0);
    }
    if (status && err)
        *err = file_err;
    int sys_errno = file_err.sys_errno;
    if (status == UMM_ERR_SYSTEM &&
        (sys_errno == ENOENT || sys_errno == ENOTDIR || sys_errno == EISDIR)) {
        char excerpt[2 * UMM_EXCERPT_MAX];
        umm_escape(excerpt, sizeof excerpt, dir, strlen(dir));
        status = umm_error_set(err, UMM_ERR_ARGUMENT, "unknown time zone: \"%s\" (not in %s)", name,
                               excerpt);
    }
    free(bytes);
    free(path);
    return status;
}

enum umm_status umm_tz_open(const char *name, const char *zoneinfo_dir, struct umm_tz **out,
                            struct umm_error *err)
{
    int32_t offset_s = 0;

    if (strcmp(name, "UTC") == 0 || scan_fixed_offset(name, &offset_s)) {
        enum umm_status status = new_zone(name, out, err);
        if (!status) {
            (*out)->first_offset_s = offset_s;
            (*out)->is_utc = offset_s == 0;
        }
        return status;
    }
    if (!is_file_name(name))
        return unknown_zone(name, err);
    return open_file(name, zoneinfo_dir ? zoneinfo_dir : "/usr/share/zoneinfo", out, err);
}

void umm_tz_close(struct umm_tz *tz)
{
    if (!tz)
        return;
    free(tz->changes);
    free(tz);
}

const char *umm_tz_name(const struct umm_tz *tz)
{
    return tz ? tz->name : "UTC";
}
