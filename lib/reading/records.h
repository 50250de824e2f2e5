/* SPDX-License-Identifier: MIT */
/*
 * records.h - the records of one text input, one after the other, each with its
 * place. Memory is one buffer of fixed size, whatever the input's size.
 *
 *     buffer   |.......#########################........|
 *                     begin                    end     cap
 *                     line, byte: place of begin
 */
#ifndef UMM_READING_RECORDS_H
#define UMM_READING_RECORDS_H

#include "base/cpu.h"
#include "reading/source.h"
#include "text/csv.h"
#include "umm.h"

enum {
    UMM_RECORDS_READ_BYTES = 256 * 1024, /* best for the caches; see umm_records_cut */
    UMM_RECORDS_EDGE_BYTES = 16 * 1024,  /* of a record that a read cuts, mostly less */
    /* The longest record and the bytes that end it; and room to read after it. */
    UMM_RECORDS_BYTES = UMM_CSV_RECORD_MAX + 2 + 2 * UMM_RECORDS_READ_BYTES
};

struct umm_records {
    struct umm_source source;
    struct umm_run *run;
    char *room; /* UMM_SCAN_PAD bytes, the buffer, UMM_SCAN_PAD bytes */
    char *buffer;
    size_t begin, end;
    size_t step_bytes; /* to read at most at once; 0 for what is fast */
    bool is_end;
    bool is_last_held;            /* a last line that lacks its end is not there */
    bool is_prompt;               /* of a stream: a line that is there is not kept waiting */
    char delimiter;               /* set it before the first umm_records_next */
    char comment;                 /* lines that begin with it are passed over; 0 for none */
    uint64_t n_blank, n_comments; /* lines passed over */
    uint64_t line;                /* of the next record, from 1; 0 when a seek made it unknown */
    uint64_t byte;                /* of the next record, from 0 */
    uint64_t n_held_bytes;        /* of a last line that was held back */
    uint64_t bad_end;             /* some record before this byte is for umm_records_next */
    size_t bad_bytes;             /* how much text around such a record is taken with it */
};

/* Open path ("-" is standard input); options NULL for the usual ones. Close it after any open. */
UMM_MUST_USE enum umm_status umm_records_open_with(struct umm_records *records, const char *path,
                                                   const struct umm_source_options *options,
                                                   struct umm_run *run, struct umm_error *err);
void umm_records_close(struct umm_records *records);

/* Whether the input has a size that makes memory worth having before it is touched. */
bool umm_records_is_long(const struct umm_records *records);

/*
 * Look at what comes next without consuming it: at least 64 KiB of text unless
 * the input ends before (*is_end); at least a line when prompt.
 */
UMM_MUST_USE enum umm_status umm_records_peek(struct umm_records *records, const char **text,
                                              size_t *len_bytes, bool *is_end,
                                              struct umm_error *err);

/* The same with all of the next record, and as much text whatever pieces it comes in. */
UMM_MUST_USE enum umm_status umm_records_peek_record(struct umm_records *records, const char **text,
                                                     size_t *len_bytes, bool *is_end,
                                                     struct umm_error *err);

/* Consume n_lines physical lines, or as many as there are. */
UMM_MUST_USE enum umm_status umm_records_skip_lines(struct umm_records *records, uint64_t n_lines,
                                                    struct umm_error *err);

/*
 * A record and where it begins. problem is NULL for a record that could be split;
 * otherwise it says what is wrong, bad_at where, and the record is the physical
 * lines from its first byte to the end of the one with the offending byte.
 */
struct umm_placed_record {
    struct umm_csv_record record;
    uint64_t line;
    uint64_t byte;
    const char *problem;
    size_t bad_at;
};

/*
 * The next record that is neither blank nor a comment; *has_record is false at the
 * end. The record is valid until the next call. UMM_ERR_DATA for what no policy can pass
 * over: a NUL byte, a line longer than UMM_CSV_RECORD_MAX.
 */
UMM_MUST_USE enum umm_status umm_records_next(struct umm_records *records,
                                              struct umm_placed_record *placed, bool *has_record,
                                              struct umm_error *err);

/* Pass over blank lines and comments before the next record. */
UMM_MUST_USE enum umm_status umm_records_skip_void(struct umm_records *records,
                                                   struct umm_error *err);

/* The number of the physical line on which that byte lies, by counting from the start. */
UMM_MUST_USE enum umm_status umm_records_count_lines(struct umm_records *records, uint64_t byte,
                                                     uint64_t *line, struct umm_error *err);

/* Whether a record is blank, so that umm_records_next would pass over it. */
bool umm_records_is_blank(const struct umm_records *records, const struct umm_csv_record *record);

struct umm_block;

/*
 * Cut about want_bytes of whole records off, as a block: on true *block holds them,
 * scanned and regular, with its place, and they are consumed. On false the next
 * *n_bytes bytes (at least one record) are for umm_records_next. Nothing is copied:
 * the block, made by umm_block_init with room for UMM_RECORDS_BYTES, and the records
 * exchange buffers. Not after a seek to a line unknown.
 */
UMM_MUST_USE enum umm_status umm_records_cut(struct umm_records *records, enum umm_cpu cpu,
                                             size_t want_bytes, struct umm_block *block,
                                             bool *is_cut, size_t *n_bytes, struct umm_error *err);

/* Go on at that byte, which begins a record on physical line `line` (0: unknown). */
UMM_MUST_USE enum umm_status umm_records_seek(struct umm_records *records, uint64_t byte,
                                              uint64_t line, struct umm_error *err);

/*
 * A place to come back to after a look at what follows it: umm_records_mark before the look,
 * umm_records_return after it, once. Of a stream, everything in between is kept in memory.
 */
struct umm_records_mark {
    uint64_t line, byte, n_blank, n_comments, n_raw_bytes;
};
UMM_MUST_USE enum umm_status umm_records_mark(struct umm_records *records,
                                              struct umm_records_mark *mark, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_records_return(struct umm_records *records,
                                                const struct umm_records_mark *mark,
                                                struct umm_error *err);

#endif
