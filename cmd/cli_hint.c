/* SPDX-License-Identifier: MIT */
#include "cli_hint.h"

#include <stdio.h>
#include <string.h>

#include "base/hint.h"

/* Where a tool reads text and lacks an option of umm-convert. */
#define BY_CONVERT "umm-convert ... -o - | {TOOL} ..."

/*
 * What a hint is for people. {name} is the option --name: a tool that lacks it skips the
 * sentence and takes the next one for that hint. {!name} is nothing, and a tool that has that
 * option skips the sentence. {0} and {1} are the hint's values, {TOOL} the tool's name.
 */

/* Where there is --time-as, --columns and --time-unit are those of tables, and not of text. */
#define OF_TEXT "{!time-as}"

static const struct {
    enum umm_hint hint;
    const char *text;
} sentences[] = {
    {UMM_HINT_DELIMITER, "; use {delimiter}"},
    {UMM_HINT_DELIMITER, "; umm-convert can be told which: " BY_CONVERT},
    {UMM_HINT_COLUMNS, OF_TEXT "; use {columns} or {layout}"},
    {UMM_HINT_NO_VOLUME,
     OF_TEXT "; name it as volume=FIELD in {columns}, or volume==nan if there is none"},
    {UMM_HINT_NO_FIELD, "; use {columns}, {names}, {layout} or {skip-lines}"},
    {UMM_HINT_NO_FIELD, "; use {columns}, {names} or {layout}"},
    {UMM_HINT_NO_FIELD, "; use {layout}, or name the fields to umm-convert: " BY_CONVERT},
    {UMM_HINT_NO_HEADER, "; use {layout}, {names} or numbers in {columns}"},
    {UMM_HINT_NO_HEADER, "; use {layout}, or name the fields to umm-convert: " BY_CONVERT},
    {UMM_HINT_LAYOUT, "; use {layout}={0}"},
    {UMM_HINT_LAYOUTS, "; use {layout}={0} or {layout}={1}"},
    {UMM_HINT_NAME_COLUMN, OF_TEXT "; name the {0}: {0}=FIELD in {columns}"},
    {UMM_HINT_LEAVE_OUT, OF_TEXT ": leave the column out of {columns}"},
    {UMM_HINT_RENAME, OF_TEXT "; give another name: NAME={0} in {columns}"},
    {UMM_HINT_NAMES, ", or use {names}"},
    {UMM_HINT_DATE_OF_TIME, OF_TEXT ": {columns} timestamp=DATE+TIME,... or {date}"},
    {UMM_HINT_DATE_OF_TIME, OF_TEXT ": {columns} timestamp=DATE+TIME,..."},
    {UMM_HINT_SERIES,
     "; take one with {where} COLUMN=VALUE or each with {by} COLUMN, or say that it "
     "is one with {one-series}"},
    {UMM_HINT_SERIES,
     "; take one with {where} COLUMN=VALUE, or say that it is one with {one-series}"},
    {UMM_HINT_SERIES_OF_NAMES,
     "; {out-root} DIR writes an array for each ({name-pattern} says how names are read), "
     "{one-series} says that they are one"},
    {UMM_HINT_SERIES_OF_NAMES,
     "; {members} takes some of an archive, {one-series} says that they are one"},
    {UMM_HINT_OTHER_MEMBERS,
     "; use {members}, such as '*.csv', if it has no rows, else {columns}, {names} or {layout}"},
    {UMM_HINT_OTHER_MEMBERS,
     OF_TEXT "; use {members}, such as '*.csv', if it has no rows, else {columns} or {layout}"},
    {UMM_HINT_PASS_OVER,
     "; {skip-footer} N passes over the last lines, {bad-rows} skip over all that is no row"},
    {UMM_HINT_PASS_OVER, "; {bad-rows} skip passes over what is no row"},
    {UMM_HINT_PASS_OVER, "; umm-convert can pass over what is no row: " BY_CONVERT},

    {UMM_HINT_MISSING, "; if that means missing, say so with {na}"},
    {UMM_HINT_MISSING, "; if that means missing, say so to umm-convert: " BY_CONVERT},
    {UMM_HINT_DECIMAL, " ({decimal} , reads decimal commas)"},
    {UMM_HINT_DECIMAL, " (umm-convert can read decimal commas: " BY_CONVERT ")"},
    {UMM_HINT_NUMBERS, "; use {numbers}={0}"},
    {UMM_HINT_PERCENT,
     "; use {numbers}=percent to drop the sign, or {numbers}=ratio to divide by 100"},
    {UMM_HINT_GROUPS, "; use {thousands}={1}"},
    {UMM_HINT_GROUPS_OR_DECIMAL,
     "; use {thousands}=, if it is grouped, or {decimal}=, for a decimal comma"},
    {UMM_HINT_GROUPS_OR_DECIMAL, "; use {thousands}=, if it is grouped"},
    {UMM_HINT_NUMBERS_GROUPS, "; use {numbers}={0} and {thousands}={1}"},
    {UMM_HINT_NUMBERS_DECIMAL, "; use {numbers}={0} and {decimal}=,"},
    {UMM_HINT_NUMBERS_DECIMAL, "; umm-convert can read it: " BY_CONVERT},
    {UMM_HINT_GROUPS_DECIMAL, "; use {thousands}={1} and {decimal}=,"},
    {UMM_HINT_GROUPS_DECIMAL, "; umm-convert can read it: " BY_CONVERT},
    {UMM_HINT_NUMBERS_GROUPS_DECIMAL, "; use {numbers}={0}, {thousands}={1} and {decimal}=,"},
    {UMM_HINT_NUMBERS_GROUPS_DECIMAL, "; umm-convert can read it: " BY_CONVERT},

    {UMM_HINT_TIME_FORMAT, "; use {time-format}"},
    {UMM_HINT_WORD_FORMAT, "; use {time-format}, where %a is a weekday and %* passes over a word"},
    {UMM_HINT_DAY_MONTH, "; use {time-format}, such as %d/%m/%Y or %m/%d/%Y"},
    {UMM_HINT_LEADING_ZEROS,
     "; use {time-format} '%Y%m%d %-H%M' or '%Y%m%d %-H%M%S' if it lacks leading zeros"},
    {UMM_HINT_FORMAT_OR_UNIT, "; use {time-format}, or {time-unit-in} for an epoch of other years"},
    {UMM_HINT_DATE_OR_UNIT, "; use {time-format}, {time-unit-in} for an epoch of other years, or "
                            "{date} for times of one day"},
    {UMM_HINT_DATE_OR_UNIT, "; use {time-format}, or {time-unit-in} for an epoch of other years"},
    {UMM_HINT_THIS_FORMAT_OR_UNIT, "; use {time-format}={0}, or {time-unit-in} for an epoch"},
    {UMM_HINT_EXACT_EPOCH, "; use {time-unit-in} if it is exact"},
    {UMM_HINT_THIS_UNIT, "; use {time-unit-in}={0}"},
    {UMM_HINT_THESE_UNITS, "; use {time-unit-in}={0} or {time-unit-in}={1}"},
    {UMM_HINT_UNIT_OR_FORMAT, "; use {time-unit-in}={0} or {time-format}={1}"},
    {UMM_HINT_NAME_OR_UNIT,
     OF_TEXT "; name the {0}, {0}=FIELD in {columns}, or use {time-unit-in}={1}"},
    {UMM_HINT_DATE, "; use {date} for times of day"},
    {UMM_HINT_CLOCK, "; use {time-unit-in}, such as s or ms, or {time-format}, such as %-H%M%S"},
    {UMM_HINT_HOUR_24, "; {hour-24} reads it so"},
    {UMM_HINT_HOUR_24, "; umm-convert can read it so: " BY_CONVERT},
    {UMM_HINT_NAMED_ZONE, "; use {tz}, such as America/New_York for EST and EDT"},
    {UMM_HINT_ANY_WORD, "; %* in {time-format} passes over a word"},
    {UMM_HINT_ZONE_NAME,
     "; use {time-format} with %Z, such as '%Y-%m-%d %H:%M:%S %Z', and {tz} for the zone"},
    {UMM_HINT_ZONE, "; use {tz}"},
    {UMM_HINT_TIME_GAP, "; use {tz-fold} earlier or later"},
    {UMM_HINT_TIME_GAP, "; umm-convert can be told which to take: " BY_CONVERT},
    {UMM_HINT_TIME_FOLD,
     "; use {tz-fold} infer, by the order of the rows, or earlier or later for all such times"},
    {UMM_HINT_TIME_FOLD, "; umm-convert can be told which to take: " BY_CONVERT},
    {UMM_HINT_TIME_FOLD_OPEN, "; use {tz-fold} earlier or later"},
    {UMM_HINT_TIME_FOLD_EQUAL, "; use {dedup} error if no two rows have the same time, or "
                               "{tz-fold} earlier or later for all such times"},
    {UMM_HINT_TIME_FOLD_EQUAL, "; umm-convert can be told which to take: " BY_CONVERT},
    {UMM_HINT_TIME_FOLD_OPEN, "; umm-convert can be told which to take: " BY_CONVERT},

    {UMM_HINT_TYPE, "; use {dtype} {0}"},
    {UMM_HINT_TYPE, OF_TEXT "; give it the type {0} in {columns}"},
    {UMM_HINT_FIELD_TYPE, OF_TEXT "; give it the type {0} in {columns}"},
    {UMM_HINT_TIME_UNIT, OF_TEXT "; use a {0} {time-unit}"},
    {UMM_HINT_TIME_UNIT, "; umm-convert can use a {0} unit: " BY_CONVERT},
    {UMM_HINT_UNIT_OF_M8, "; use M8 and {time-unit}"},
    {UMM_HINT_UNIT_OF_M8, "; use M8"},
    {UMM_HINT_STRUCT, "; use {struct}"},
    {UMM_HINT_EPOCH_TYPE, "; use {struct} (time as M8[{0}]) or {dtype} i8"},
    {UMM_HINT_EPOCH_OUT, "; use {struct} (time as M8[{0}]), or leave the time out with {columns}"},
    {UMM_HINT_PLAIN, "; use {plain}, or leave {fortran} out"},
    {UMM_HINT_DATASET, "; use {name-pattern}, or {symbols} and {timeframes}"},
    {UMM_HINT_DATASET, "; use {symbols} and {timeframes}"},
    {UMM_HINT_SYMBOL, "; name that of all files with {symbols}"},
    {UMM_HINT_TIMEFRAME, "; name that of all files with {timeframes}"},
    {UMM_HINT_NPY, "; use {format} npy"},

    {UMM_HINT_NEWEST_FIRST, "; use {order} asc for newest-first rows, {order} sort for any"},
    {UMM_HINT_NEWEST_FIRST, "; umm-convert can put rows in order: " BY_CONVERT},
    {UMM_HINT_REPEATED_HOUR,
     "; use {tz} and {tz-fold} infer if clocks were set back there, else {order} sort"},
    {UMM_HINT_REPEATED_HOUR, "; umm-convert can be told what it means: " BY_CONVERT},
    {UMM_HINT_SORT, "; use {order} sort"},
    {UMM_HINT_SORT, "; umm-convert can put rows in order: " BY_CONVERT},
    {UMM_HINT_DUPLICATES, "; use {dedup} first or last"},
    {UMM_HINT_DUPLICATES, "; umm-convert can leave one out: " BY_CONVERT},
    {UMM_HINT_TIME_COLUMN, "; {append}, {dedup} and {order} asc or sort need one"},
    {UMM_HINT_REVISION, "; see {on-revision}"},
    {UMM_HINT_REBUILD, "; {rebuild} starts over"},
    {UMM_HINT_APPEND_AGAIN, "; {append} goes on from there"},
    {UMM_HINT_REVISE_LAST, "; see {revise-last}"},

    {UMM_HINT_ADD_TO_ARCHIVE, ": umm-archive append adds to it; to replace it, remove it first"},
    {UMM_HINT_ADD_TO_STORE, ": umm-store put adds to it; to replace it, remove the store first"},
    {UMM_HINT_CREATE_STORE, "; umm-store create makes one, and its dim is {0} for them"},
    {UMM_HINT_ADD_TO_POOL, ": pool:NAME/KEY and umm-pool put write there"},

    {UMM_HINT_REPAIR, "; umm-archive repair mends it"},
    {UMM_HINT_REPAIR_MAY, "; umm-archive repair may mend it"},
    {UMM_HINT_REPAIR_BEFORE, "; umm-archive repair keeps those before"},

    {UMM_HINT_ZSTD_WINDOW, "; pipe it in: zstd -dc --long=31 FILE | ... -"},
    {UMM_HINT_ZSTD_DICTIONARY, "; pipe it in: zstd -dc -D DICTIONARY FILE | ... -"},
    {UMM_HINT_XZ_MEMORY, "; pipe it in: xzcat FILE | ... -"},
    {UMM_HINT_ENCRYPTED, "; pipe it in: unzip -p FILE MEMBER | ... -"},

    {UMM_HINT_MEMBERS, "; say with {members} which ones are meant"},
    {UMM_HINT_UNPACK_BYTES, "; if that is meant, use a larger {max-unpacked}"},
    {UMM_HINT_UNPACK_RATIO, "; if that is meant, use a larger {max-ratio}"},

    {UMM_HINT_MODEL_COLUMNS, "; say which with {columns}"},
    {UMM_HINT_MODEL_NAN, "; use {nan} skip to leave such rows out"},
    {UMM_HINT_ANSWER_NAN, "; see {nan}"},

    {UMM_HINT_DB_COLUMNS, "; see {columns}"},
    {UMM_HINT_DB_UNIT, "; see {time-unit}"},
    {UMM_HINT_DB_COUNTED, "; {time-as} count makes a table that holds it"},
    {UMM_HINT_DB_CREATE, "; {create} yes makes it"},
    {UMM_HINT_DB_SERIES, "; name one with {symbol} and {timeframe}"},

    {UMM_HINT_PASSWORD, "; use {password-file}, or the environment's REDISCLI_AUTH"},
    {UMM_HINT_PASSWORD, "; use the environment's REDISCLI_AUTH"},

    {UMM_HINT_NULL_ITEMS, "; {null} if zero bytes end the items"},
    {UMM_HINT_ITEMS_INPUT, "; {stdin} gives the command its items on standard input"},
};

/* What a sentence is made of: its words, or what stands in braces. */
struct piece {
    const char *text;
    size_t len;
    bool is_option, is_against; /* which the tool must have, or must not */
    bool is_name;               /* of a value or the tool; all false: words */
};

/* The piece at *at, which moves past it; false at the end. */
static bool next_piece(const char **at, struct piece *piece)
{
    const bool is_braced = **at == '{';
    *piece = (struct piece){.text = *at + is_braced};
    piece->is_against = is_braced && *piece->text == '!';
    piece->text += piece->is_against;
    piece->len = strcspn(piece->text, is_braced ? "}" : "{");
    *at = piece->text + piece->len + is_braced;
    const bool is_small = *piece->text >= 'a' && *piece->text <= 'z';
    piece->is_option = is_braced && is_small;
    piece->is_name = is_braced && !is_small;
    return piece->len;
}

static bool has_all(const char *sentence, bool (*has_option)(const char *name, size_t len))
{
    struct piece piece;
    while (next_piece(&sentence, &piece))
        if (piece.is_option && has_option(piece.text, piece.len) == piece.is_against)
            return false;
    return true;
}

static void write_out(const char *sentence, const struct umm_error *err, const char *tool,
                      char out[CLI_HINT_MAX])
{
    struct piece piece;
    for (size_t n = 0; n < CLI_HINT_MAX && next_piece(&sentence, &piece);) {
        if (piece.is_against)
            continue;
        if (piece.is_name) {
            const bool is_value = *piece.text == '0' || *piece.text == '1';
            piece.text = is_value ? err->hint_values[*piece.text - '0'] : tool;
            piece.len = strlen(piece.text);
        }
        n += (size_t)snprintf(out + n, CLI_HINT_MAX - n, "%s%.*s", piece.is_option ? "--" : "",
                              (int)piece.len, piece.text);
    }
}

const char *cli_hint(const struct umm_error *err, const char *tool,
                     bool (*has_option)(const char *name, size_t len), char out[CLI_HINT_MAX])
{
    out[0] = '\0';
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        if (sentences[i].hint != err->hint || !has_all(sentences[i].text, has_option))
            continue;
        write_out(sentences[i].text, err, tool, out);
        break;
    }
    return out;
}
