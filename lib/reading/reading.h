/* SPDX-License-Identifier: MIT */
/*
 * reading.h - how one text file is read: layout, delimiter, header, names, columns
 * and forms of time, from what the caller says and what the file shows. Nothing is
 * guessed: what the file leaves open is an error that names the option.
 */
#ifndef UMM_READING_READING_H
#define UMM_READING_READING_H

#include "array/schema.h"
#include "reading/cells.h"
#include "reading/instrument.h"
#include "reading/records.h"
#include "text/layout.h"
#include "umm.h"

/* What the caller says. Zero and NULL leave a matter to the layout or the file. */
struct umm_reading_options {
    const char *layout; /* a preset's name; NULL or "auto": by the file's first lines */
    /* The preset of rows without a header that look like its, by the file's name; NULL: none. */
    const char *layout_of_name;
    const char *names; /* comma-separated, in place of a header's */
    const char *na;    /* comma-separated; NULL: UMM_NA_DEFAULT */
    const char *time_format;
    const char *tz;
    enum umm_tz_fold fold;
    enum umm_header header;
    bool has_time_unit_in;
    enum umm_time_unit time_unit_in;
    bool has_hour_24; /* as in struct umm_time_spec */
    bool has_date;    /* times are of that day: the same */
    int64_t date;
    char delimiter;
    char decimal; /* 0: '.' */
    struct umm_notation notation;
    char comment;
    uint64_t skip_lines;
    uint64_t skip_footer; /* lines at the end that are none of the text */
    /* As struct umm_source_options has them: */
    int fd;
    struct umm_unpack_options unpack;
    struct umm_unpack **archive;
    const char *member;
    bool is_prompt;      /* rows of a stream are read as they come, not in large blocks */
    bool is_order_given; /* else a layout's newest-first rows are reversed */
    bool is_last_held;   /* a last line without its end is left alone */
    struct umm_instrument_options instrument;
    struct umm_schema_options schema;
};

struct umm_reading {
    struct umm_records records;
    struct umm_csv_reader *reader;
    const struct umm_layout *layout; /* NULL: none */
    const char *advised[2]; /* presets of the file's header that have to be asked for; NULL */
    bool has_header, is_header_unused; /* names come from elsewhere */
    size_t n_header_records;
    /* What decided these: "option", "layout", "header", "banner", "name", "text", ... */
    const char *layout_by, *delimiter_by, *header_by, *numbers_by, *time_by, *zone_by;
    struct umm_names names;
    char *header_text;   /* the header's records as they are; NULL without one */
    char *header_symbol; /* whose rows these are, where the header says so; NULL */
    char *names_text;
    size_t n_fields; /* of a row; one more is allowed if it is empty */
    struct umm_schema schema;
    struct umm_found *found;
    struct umm_time_spec *times;
    struct umm_time_spec first_time; /* what each of those is before the first row */
    bool is_settled;                 /* a row was read: the forms of time are known */
    struct umm_tz *tz;
    struct umm_na na;
    struct umm_notation notation;
    struct umm_cells cells;
    struct umm_instrument instrument;
    const struct umm_csv_field *fields; /* of the record that was read last */
};

/*
 * Open path ("-": standard input) and settle how it is read; the next record of
 * reading->records is then the first row. Close it after any open.
 */
UMM_MUST_USE enum umm_status umm_reading_open(struct umm_reading *reading, const char *path,
                                              const struct umm_reading_options *options,
                                              struct umm_run *run, struct umm_error *err);
void umm_reading_close(struct umm_reading *reading);

/*
 * Find the record that is next, without consuming it, in no more text than it takes: a
 * long look is a lot of memory to touch. *len_bytes 0: there is none.
 */
UMM_MUST_USE enum umm_status umm_reading_peek(struct umm_reading *reading,
                                              struct umm_csv_record *record, size_t *len_bytes,
                                              enum umm_csv_split *split, struct umm_error *err);

/*
 * The fields of the record that is next, which is not consumed. *n_fields 0: there is none, or it
 * cannot be split, of which is told when it is read.
 */
UMM_MUST_USE enum umm_status umm_reading_first_fields(struct umm_reading *reading,
                                                      struct umm_csv_record *record,
                                                      const struct umm_csv_field **fields,
                                                      size_t *n_fields, struct umm_error *err);

/* Whether a record of those fields has as many as a row has. */
UMM_MUST_USE bool umm_reading_is_whole(const struct umm_reading *reading,
                                       const struct umm_csv_field *fields, size_t n_fields);

/*
 * Read one record into row, unless a filter passes over it. UMM_ERR_DATA with path, line and column
 * for a row that cannot be used; the next one can still be read.
 */
UMM_MUST_USE enum umm_status umm_reading_row(struct umm_reading *reading,
                                             const struct umm_placed_record *placed,
                                             struct umm_row *row, struct umm_error *err);

/*
 * The row read last is taken: the values that say whose it is must be those of the rows
 * before. UMM_ERR_DATA with its place if they are not: no such row may be passed over.
 */
UMM_MUST_USE enum umm_status umm_reading_take(struct umm_reading *reading,
                                              const struct umm_placed_record *placed,
                                              struct umm_error *err);

/* Put the place of field number index of a record into err. */
void umm_reading_place(const struct umm_reading *reading, const struct umm_placed_record *placed,
                       size_t index, struct umm_error *err);

#endif
