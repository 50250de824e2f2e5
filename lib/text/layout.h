/* SPDX-License-Identifier: MIT */
/*
 * layout.h - what is known about the files that exchanges and vendors publish:
 * the meaning of header names, and presets for whole layouts.
 */
#ifndef UMM_TEXT_LAYOUT_H
#define UMM_TEXT_LAYOUT_H

#include "text/notation.h"
#include "umm.h"

/* What a column of bars is. DATE and TIME are halves of a timestamp. */
enum umm_role {
    UMM_ROLE_NONE,
    UMM_ROLE_TIMESTAMP,
    UMM_ROLE_OPEN,
    UMM_ROLE_HIGH,
    UMM_ROLE_LOW,
    UMM_ROLE_CLOSE,
    UMM_ROLE_VOLUME,
    UMM_ROLE_DATE,
    UMM_ROLE_TIME,
    UMM_ROLE_COUNT
};

/* "timestamp", "open", ...; "" for NONE. */
const char *umm_role_name(enum umm_role role);

/*
 * The role that a header cell names, by a fixed list of aliases compared without
 * case, with <> and outer spaces dropped and inner spaces and dashes read as '_'
 * ("<OPEN>", "Open Time", "Vol"). Adjusted closes and quote volumes have none.
 */
enum umm_role umm_role_of(const char *name, size_t len_bytes);

/* Leave out what the comparison above drops at both ends of a name. */
void umm_name_trim(const char **name, size_t *len_bytes);

/* Whether a column of that name holds times: the roles of time, and close_time. */
bool umm_name_is_time(const char *name);

/*
 * Whether a column of that name says whose a row is: symbol, ticker, code, contract and
 * the like, compared without case, blanks and punctuation ("InstrumentID", "<TICKER>").
 * Smaller numbers say it more plainly; 0 says nothing of it. *is_text: only texts do:
 * numbers in a column of that name are something else (an index, an id of a trade).
 */
int umm_name_instrument(const char *name, size_t len_bytes, bool *is_text);

/*
 * Whether a column of that name holds prices or amounts, which are measured and may be
 * rounded, as against ids, times and counts of things, which may not: a role of a bar, or
 * a word of its name says so (price, vwap, volume, quantity, size, ...), and no word
 * says otherwise (id, time, number).
 */
bool umm_name_is_amount(const char *name, size_t len_bytes);

/* Whether two header cells are the same name by the comparison of umm_role_of. */
bool umm_name_equal(const char *a, size_t a_len, const char *b, size_t b_len);

/* Whether a header cell begins with prefix by that comparison. */
bool umm_name_begins(const char *name, size_t len_bytes, const char *prefix, size_t prefix_len);

enum umm_header { UMM_HEADER_AUTO, UMM_HEADER_YES, UMM_HEADER_NO };

/*
 * A preset. NULL, 0 and AUTO leave a matter to detection or to the options.
 *   signatures   header lines, names separated by ',', that select the preset by
 *                themselves; none when it has no header of its own
 *   is_asked_for a header selects it only when the caller asks for it: its numbers or times
 *                are not such as are read without being told; its name is advised
 *   more_header  what the first fields of further records of the header are, names of one
 *                apart by '|'. The others of a record all have one text: that of the first
 *                such record says whose the rows are
 *   names        names of a row's fields, in place of the header's; other_names where a row
 *                has as many fields as those
 *   columns      the selection, in the grammar of text/columns.h
 *   base_volume  what names of volumes begin with when an asset follows: the volume in the
 *                symbol's base asset is then taken, in place of columns' own
 *   symbol       the field of the symbol, "symbol" if NULL
 *   contract_volume  the volume in the base asset of a contract, whose symbol has more than
 *                two parts (BTC-USDT-SWAP); columns has that of a pair (BTC-USDT)
 *   whole_prices the preset of the same header whose prices are whole numbers: where the
 *                first row has no decimal point, the two cannot be told apart
 *   banner       text in a first line that is skipped when it is there
 *   time_formats patterns (time/time.h), the second for texts that are not of the first; NULL
 *                for what is recognised: ISO dates with -, / or . and with zeros or without,
 *                YYYYMMDD, fractions or none, YYYY-MM. %3f is of three digits, %.f may be
 *                missing, %a a weekday, %* any word, %Z a name that tz has
 *   time_unit    in place of these what numbers count: "s" to "ns", "ticks", "excel", as
 *                umm_time_unit_parse_in has them; NULL: of each by its magnitude
 *   tz           the zone of times without one
 *   is_tz_needed times are in a zone that depends: the caller has to say it
 *   notation     how its numbers are written
 *   sample       a row of its form; volume, close: which ones are taken
 */
struct umm_layout {
    const char *name;
    const char *signatures[3];
    bool is_asked_for;
    const char *more_header[2];
    const char *names, *other_names;
    const char *columns;
    const char *base_volume;
    const char *symbol, *contract_volume;
    const char *whole_prices;
    const char *banner;
    const char *time_formats[2];
    const char *time_unit;
    const char *tz;
    bool is_tz_needed;
    char delimiter;
    struct umm_notation notation;
    enum umm_header header;
    bool is_newest_first;
    bool has_epochs;  /* digits in its times are epochs, whatever else they may read as */
    bool has_hour_24; /* 24:00 in them is the next day's 00:00 */
    const char *sample;
    const char *volume;
    const char *close;
};

enum { UMM_LAYOUT_SIGNATURES = 3, UMM_LAYOUT_MORE_HEADER = 2 };

/* The preset of that name, NULL when there is none. */
const struct umm_layout *umm_layout_find(const char *name);

/* The preset number index, in alphabetical order; NULL past the last. */
const struct umm_layout *umm_layout_at(size_t index);

#endif
