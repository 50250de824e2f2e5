/* SPDX-License-Identifier: MIT */
/*
 * tz.h - time zones: from wall-clock time to UTC and back to an offset.
 *
 * A zone is "UTC" (or "Z"), a fixed offset, or an IANA zone read from the
 * compiled files of tzdata. It is an object of its own because the C library's
 * zone is one per process, comes from the environment, takes a name it does not
 * know for UTC without saying so, and guesses at local times that are ambiguous
 * or do not exist.
 *
 * A zone never changes after it was opened: any number of threads may use one.
 *
 * Sources: RFC 9636 (TZif, versions 1 to 4; it replaces RFC 8536), POSIX.1-2017
 * section 8.3 for the TZ text at the end of a file, with RFC 9636's hours from
 * -167 to 167. The choice between instants is that of ECMAScript's Temporal.
 */
#ifndef UMM_TIME_TZ_H
#define UMM_TIME_TZ_H

#include "umm.h"

#ifdef __cplusplus
extern "C" {
#endif

struct umm_tz;

/*
 * Which instant a local time means that the zone has twice (a clock was set
 * back) or not at all (it was set forward).
 *
 *   ERROR    neither: the caller is told
 *   EARLIER  the first of two; in a gap, the local time read with the offset
 *            that holds after it (02:30 where 02:00 became 03:00: 01:30)
 *   LATER    the second of two; in a gap, the local time read with the offset
 *            that held before it (02:30 becomes 03:30)
 *   INFER    as ERROR here: a caller that has all times finds it by their order
 */
enum umm_tz_fold {
    UMM_TZ_FOLD_ERROR = 0,
    UMM_TZ_FOLD_EARLIER,
    UMM_TZ_FOLD_LATER,
    UMM_TZ_FOLD_INFER
};

enum umm_tz_result {
    UMM_TZ_OK = 0,
    UMM_TZ_AMBIGUOUS,   /* the local time happened twice */
    UMM_TZ_NONEXISTENT, /* the local time was skipped */
    UMM_TZ_NO_NAME,     /* the zone never has that name */
    UMM_TZ_NAME_THEN    /* it does not have that name at that time */
};

/* Seconds given to a zone lie between -UMM_TZ_SEC_MAX and UMM_TZ_SEC_MAX. */
#define UMM_TZ_SEC_MAX (INT64_C(1) << 60)

/*
 * Open the zone called name and store it in *out; close it with umm_tz_close.
 *
 *   "UTC", "Z"                       UTC
 *   "+5" "-05" "-0500" "+02:00"      fixed offset east of UTC, up to 23:59
 *   "Europe/Dublin"                  file of that name below zoneinfo_dir
 *
 * zoneinfo_dir NULL means /usr/share/zoneinfo. A file name has letters, digits
 * and '_', '+', '-', '/' only and does not begin with '/', so that no path
 * leaves the directory. Failures: UMM_ERR_ARGUMENT, "unknown time zone: ...", for
 * a name that is no zone or a zone that the directory does not have,
 * UMM_ERR_DATA for a file that is not valid TZif, UMM_ERR_UNSUPPORTED for one
 * that counts leap seconds ("right/..."), UMM_ERR_SYSTEM, UMM_ERR_MEMORY.
 */
UMM_MUST_USE enum umm_status umm_tz_open(const char *name, const char *zoneinfo_dir,
                                         struct umm_tz **out, struct umm_error *err);

/*
 * The same from the len_bytes bytes of a TZif file in memory, which need not
 * outlive the call; name is only remembered for umm_tz_name.
 */
UMM_MUST_USE enum umm_status umm_tz_parse(const char *name, const void *bytes, size_t len_bytes,
                                          struct umm_tz **out, struct umm_error *err);

/* Free a zone; NULL is allowed. */
void umm_tz_close(struct umm_tz *tz);

/* The name the zone was opened by; lives as long as the zone. "UTC" for NULL. */
const char *umm_tz_name(const struct umm_tz *tz);

/*
 * The instant (seconds since 1970 UTC) at which clocks in the zone show
 * local_sec (the civil time counted as if it were UTC). With UMM_TZ_FOLD_ERROR and
 * _INFER a time that is ambiguous or nonexistent is reported and *utc_sec left alone;
 * with the other two the result is always UMM_TZ_OK. tz NULL is UTC.
 */
UMM_MUST_USE enum umm_tz_result umm_tz_local_to_utc(const struct umm_tz *tz, int64_t local_sec,
                                                    enum umm_tz_fold fold, int64_t *utc_sec);

/*
 * The same where the time is written with the name that the zone has then, "EST" or "EDT" of
 * America/New_York: it tells the two instants of an ambiguous time apart, unless both have it.
 * Names are compared as they are. UTC is also GMT; fixed offsets have no name.
 */
UMM_MUST_USE enum umm_tz_result umm_tz_named_to_utc(const struct umm_tz *tz, int64_t local_sec,
                                                    const char *name, size_t len_bytes,
                                                    enum umm_tz_fold fold, int64_t *utc_sec);

/*
 * Local times that are neither ambiguous nor skipped and have one offset and one name: those
 * of from_sec to before until_sec.
 */
struct umm_tz_stretch {
    int64_t from_sec, until_sec;
    int32_t offset_s;
};

/*
 * Such a stretch that has local_sec in it. false where it has no such stretch, or lies so far
 * in the future that none is looked for. tz NULL is UTC.
 */
UMM_MUST_USE bool umm_tz_find_stretch(const struct umm_tz *tz, int64_t local_sec,
                                      struct umm_tz_stretch *stretch);

/* Seconds that local time is ahead of UTC at the instant utc_sec. tz NULL is UTC. */
int32_t umm_tz_utc_offset(const struct umm_tz *tz, int64_t utc_sec);

#ifdef __cplusplus
}
#endif

#endif
