/* SPDX-License-Identifier: MIT */
/*
 * instrument.h - whose rows a file has. A column such as symbol, ticker or contract must
 * have one value in all rows of one series: rows of two instruments in one array are wrong
 * numbers, whatever their times.
 *
 *     symbol,time,open,...      filter: symbol = SPY     keys: venue, the same in all rows
 *     SPY,...                   taken
 *     QQQ,...                   passed over; without a filter, refused
 *
 * Where rows are split by a column, each of its values is a series, and the other columns must
 * have one value in all rows of each: umm_instrument_begin makes an object for one.
 *
 * A column counts by its name (umm_name_instrument). One without a name counts where it holds
 * texts, in a file without names if nothing else is read from it. Values are compared byte for
 * byte, without blanks around them. A row that is bad, or passed over, has no say.
 */
#ifndef UMM_READING_INSTRUMENT_H
#define UMM_READING_INSTRUMENT_H

#include <string.h>

#include "array/schema.h"
#include "text/columns.h"
#include "text/csv.h"
#include "umm.h"

enum { UMM_WHERE_MAX = 8 };

/* What the caller says. Texts are borrowed. */
struct umm_instrument_options {
    const char *where[UMM_WHERE_MAX]; /* COLUMN=VALUE: rows that have it, and no others */
    size_t n_where;
    const char *one_series; /* NULL; columns that may have several values; "": all may */
    const char *by;         /* NULL; COLUMN: rows with one value of it are a series of their own */
    bool has_many;          /* the caller tells rows of several series apart */
};

/* A column and the value that it has in all rows. */
struct umm_instrument_key {
    char *name;
    int field;    /* of the record */
    int rank;     /* of umm_name_instrument: the smallest is named to the user */
    bool is_text; /* a number, a time or a flag says nothing */
    bool is_any;  /* it was one */
    char *value;  /* NULL until a row is taken */
    size_t len_bytes;
    uint64_t head; /* the first bytes, then zeros */
};

/* With options.by there are no keys, but series_keys, of each series by itself. */
struct umm_instrument {
    struct umm_instrument_key *filters, *keys, *series_keys;
    size_t n_filters, n_keys, n_series_keys;
    bool is_split;
    struct umm_instrument_key by;
    struct umm_instrument_key stated; /* by the header, for all rows; without a value: nothing */
};

/*
 * Find the columns among the names of a file, and those that the schema gives such a name. Free
 * it after any open. UMM_ERR_DATA: a column that is not there, UMM_ERR_ARGUMENT: no COLUMN=VALUE.
 */
UMM_MUST_USE enum umm_status
umm_instrument_open(struct umm_instrument *instrument, const struct umm_instrument_options *options,
                    const struct umm_names *names, const struct umm_schema *schema,
                    const struct umm_found *found, struct umm_error *err);
void umm_instrument_free(struct umm_instrument *instrument);

/* Begin the keys of one series of a file that is split, without values. Free it after any begin. */
UMM_MUST_USE enum umm_status umm_instrument_begin(struct umm_instrument *series,
                                                  const struct umm_instrument *file,
                                                  struct umm_error *err);

/* The header says that the rows are those of value, as a column name would. */
UMM_MUST_USE enum umm_status umm_instrument_state(struct umm_instrument *instrument,
                                                  const char *name, const char *value,
                                                  struct umm_error *err);

/* Whether all values are known: from then on it is not written to. */
bool umm_instrument_is_known(const struct umm_instrument *instrument);

/* Whether the filters take a row with these fields. */
bool umm_instrument_takes(const struct umm_instrument *instrument,
                          const struct umm_csv_field *fields);

/* Why there is no row: none has what the filters want. UMM_ERR_DATA. */
enum umm_status umm_instrument_refuse_none(const struct umm_instrument *instrument,
                                           struct umm_error *err);

/*
 * A row with these fields is taken: it must have the known values, and gives those that are
 * not. UMM_ERR_DATA if it has another; *field is then the field.
 */
UMM_MUST_USE enum umm_status umm_instrument_take(struct umm_instrument *instrument,
                                                 const struct umm_csv_field *fields, size_t *field,
                                                 struct umm_error *err);

/*
 * Make the values of *before known in *instrument, by the names of their columns. A symbol of the
 * one is the ticker of the other where no name is in both. UMM_ERR_DATA if what the header
 * states is another value.
 */
UMM_MUST_USE enum umm_status umm_instrument_expect(struct umm_instrument *instrument,
                                                   const struct umm_instrument *before,
                                                   struct umm_error *err);

/* Move what is known in *instrument and not in *all to that, by the names. */
UMM_MUST_USE enum umm_status umm_instrument_keep(struct umm_instrument *all,
                                                 struct umm_instrument *instrument,
                                                 struct umm_error *err);

/* Whether a cell is the key's value as it stands, blanks around it or not. */
bool umm_instrument_is_trimmed(const struct umm_instrument_key *key, struct umm_csv_field cell);

/* The same, quickly, where 8 bytes after the cell's first can be read. */
static inline bool umm_instrument_is(const struct umm_instrument_key *key,
                                     struct umm_csv_field cell)
{
    uint64_t head;
    if (cell.len_bytes == key->len_bytes && cell.len_bytes - 1 < sizeof head) {
        memcpy(&head, cell.text, sizeof head);
        if ((head & (UINT64_MAX >> (64 - 8 * cell.len_bytes))) == key->head)
            return true;
    }
    return umm_instrument_is_trimmed(key, cell);
}

#endif
