/* SPDX-License-Identifier: MIT */
/*
 * csv.h - records and fields of delimited text.
 *
 * The grammar is RFC 4180 as libcsv's strict mode reads it, with a delimiter of
 * choice: fields may be enclosed in double quotes, a doubled quote stands for
 * one, and delimiters and line ends inside quotes are data. Spaces and tabs
 * around a field are not part of it (a tab is data's edge only when it is not
 * the delimiter); those inside quotes are. A record ends at LF, CR LF or a lone
 * CR. What strict mode refuses (a quote in the middle of an unquoted field, text
 * after a closing quote) is an error here.
 *
 * Splitting into records is ours, because libcsv drops blank lines and knows no
 * positions; a record's fields are libcsv's. Both follow the same state machine.
 */
#ifndef UMM_TEXT_CSV_H
#define UMM_TEXT_CSV_H

#include "umm.h"

enum {
    UMM_CSV_QUOTE = '"',
    UMM_CSV_FIELD_MAX = 64 * 1024,    /* bytes of one field as written; its two quotes are extra */
    UMM_CSV_RECORD_MAX = 1024 * 1024, /* bytes of one record */
    UMM_CSV_COLUMNS_MAX = 4096
};

/* One record: text without its terminator. n_lines counts physical line ends. */
struct umm_csv_record {
    const char *text;
    size_t len_bytes;
    size_t size_bytes; /* with the terminator */
    uint64_t n_lines;
    bool has_quote;
};

enum umm_csv_split {
    UMM_CSV_SPLIT_RECORD,
    UMM_CSV_SPLIT_MORE,         /* no end in these bytes, and more may come */
    UMM_CSV_SPLIT_UNTERMINATED, /* the input ends inside quotes */
    UMM_CSV_SPLIT_NUL,          /* a NUL byte: not text */
    UMM_CSV_SPLIT_FIELD_LONG,   /* a field over UMM_CSV_FIELD_MAX */
    UMM_CSV_SPLIT_RECORD_LONG   /* a record over UMM_CSV_RECORD_MAX */
};

/*
 * Find the record that starts at text. is_end says that no bytes follow text +
 * len_bytes. On anything but RECORD and MORE, *bad_at is the offset of the
 * offending byte (the opening quote, the NUL, the field's first byte). A CR that
 * is the last byte of unfinished input needs one byte MORE to be told from CR LF.
 */
enum umm_csv_split umm_csv_split(const char *text, size_t len_bytes, bool is_end, char delimiter,
                                 struct umm_csv_record *record, size_t *bad_at);

/*
 * The length of the physical line at text, terminator included; len_bytes when it
 * has none.
 */
size_t umm_csv_line_size(const char *text, size_t len_bytes);

/* A field's value; valid until the next umm_csv_fields call on the reader. */
struct umm_csv_field {
    const char *text;
    size_t len_bytes;
};

/* The same without blanks around it. */
static inline struct umm_csv_field umm_csv_trim(struct umm_csv_field cell)
{
    while (cell.len_bytes && (cell.text[0] == ' ' || cell.text[0] == '\t')) {
        cell.text++;
        cell.len_bytes--;
    }
    while (cell.len_bytes &&
           (cell.text[cell.len_bytes - 1] == ' ' || cell.text[cell.len_bytes - 1] == '\t'))
        cell.len_bytes--;
    return cell;
}

struct umm_csv_reader;

/* A reader of fields split by delimiter; free it with umm_csv_reader_free. */
enum umm_status umm_csv_reader_new(char delimiter, struct umm_csv_reader **out,
                                   struct umm_error *err);
void umm_csv_reader_free(struct umm_csv_reader *reader);

/*
 * The fields of one record: *n_fields of them (UMM_CSV_COLUMNS_MAX at most are
 * kept, all are counted) at *fields. Fails with UMM_ERR_DATA on what strict mode
 * refuses; *bad_at is then the offset of the offending byte.
 */
enum umm_status umm_csv_fields(struct umm_csv_reader *reader, const struct umm_csv_record *record,
                               const struct umm_csv_field **fields, size_t *n_fields,
                               size_t *bad_at, struct umm_error *err);

/*
 * Where field number index (from 0) starts in the record: its offset, the physical
 * lines before it within the record, and its 1-based byte column on its line. An
 * index past the last field gives the record's end.
 */
struct umm_csv_place {
    size_t offset_bytes;
    uint64_t lines_before;
    uint64_t column;
};
struct umm_csv_place umm_csv_locate(const struct umm_csv_record *record, char delimiter,
                                    size_t index);
/* The same for a byte offset within the record. */
struct umm_csv_place umm_csv_locate_byte(const struct umm_csv_record *record, size_t offset_bytes);

/*
 * The delimiter of the text: the one of , ; tab | that occurs outside quotes in
 * the first record; of several, the one that occurs equally often in each of the
 * first records. Returns 0 when that leaves more than one (or text ends before a
 * record does), and ',' when none occurs at all or the first record cannot be split:
 * whoever reads it says why. *is_open: the text's end was met while it goes on (not
 * is_end), so that with more of it the answer may be another.
 */
char umm_csv_detect_delimiter(const char *text, size_t len_bytes, bool is_end, bool *is_open);

#endif
