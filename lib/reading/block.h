/* SPDX-License-Identifier: MIT */
/*
 * block.h - many records at once: a block of text whose structure is regular
 * (text/scan.h) becomes rows column by column, with the engine of choice.
 *
 * Records that the fast way cannot vouch for are left alone as "specials", in their
 * places between the rows, for the record-by-record reader; so the result is that
 * reader's, bit for bit, whatever the text.
 *
 *     text      r r r s r r S r r        r: row   s: special between rows
 *     rows      0 1 2 . 3 4 5 6 7        S: special in place of row 5
 */
#ifndef UMM_READING_BLOCK_H
#define UMM_READING_BLOCK_H

#include "array/rowfile.h"
#include "base/cpu.h"
#include "reading/cells.h"
#include "reading/instrument.h"
#include "reading/records.h"
#include "text/scan.h"
#include "umm.h"

union umm_block_number {
    double f8;
    int64_t i8;
};

/* A record for the record-by-record reader, to be taken before row number `row`. */
struct umm_block_special {
    uint32_t row;
    bool is_instead; /* of row number `row`, which holds nothing usable */
    uint32_t begin;  /* of the record in the text */
};

struct umm_block {
    bool is_one_of_many; /* its memory is used again and again, and worth having at once */
    char *room;          /* UMM_SCAN_PAD bytes, the text, UMM_SCAN_PAD bytes */
    char *text;
    size_t len_bytes;
    uint64_t line, byte; /* of the text's first byte; line 0 is unknown */
    char delimiter;
    struct umm_scan scan;
    uint32_t *positions; /* after one more before the first */
    size_t cap_positions;
    /*
     * Field f of row r begins at begins[r * stride + f * step] + begin_add, and one byte
     * later if f is 0 and is_crlf; it ends at ends[r * stride + f * step] - end_sub.
     */
    const uint32_t *begins, *ends;
    size_t stride, step;
    uint32_t begin_add, end_sub;
    bool is_crlf;
    uint32_t *pairs; /* begins and ends of walked rows, interleaved */
    size_t cap_pairs;
    uint32_t *packed; /* begins, then ends of fields that are converted together */
    size_t cap_packed;
    size_t n_rows;
    char *rows_room; /* UMM_ROWFILE_EDGE bytes, the rows */
    char *rows;
    size_t cap_rows_bytes;
    int64_t *times;
    union umm_block_number *column; /* one column before it is narrowed */
    size_t cap_rows;                /* of times and column */
    uint32_t *odd;                  /* of a column, or of all fields */
    size_t cap_odd;
    struct umm_block_special *specials; /* in order */
    size_t n_specials, cap_specials;
    struct umm_rowfile_piece piece; /* to be written later: whoever takes the block says */
    void *later;                    /* likewise, what else is to be done */
    size_t line_at;                 /* of umm_block_line: bytes counted, and the line there */
    uint64_t line_there;
    uint64_t n_blank, n_comments, n_passed_over;
    uint64_t n_epochs[UMM_TIME_UNITS]; /* of the rows' times: epochs by magnitude, by unit */
};

/* What a conversion of blocks needs to know besides the cells. */
struct umm_block_plan {
    const struct umm_cells *cells;           /* with every form of time settled */
    const struct umm_instrument *instrument; /* with every value known */
    size_t n_fields;                         /* of a record */
    char comment;                            /* 0: none */
    bool is_ohlc_checked;
    enum umm_cpu cpu;
};

/*
 * Room for the records' buffer (UMM_RECORDS_BYTES), of which text_bytes are used at
 * once; free after any init. is_one_of_many: much text follows in blocks as long.
 */
UMM_MUST_USE enum umm_status umm_block_init(struct umm_block *block, size_t text_bytes,
                                            bool is_one_of_many, struct umm_error *err);
void umm_block_free(struct umm_block *block);

/* Let text_bytes be used at once, when a record is longer than what was said. Its scan is lost. */
UMM_MUST_USE enum umm_status umm_block_lengthen(struct umm_block *block, size_t text_bytes,
                                                struct umm_error *err);

/*
 * Convert the block's whole records, whose scan is there and regular. Fails with
 * UMM_ERR_MEMORY only.
 */
UMM_MUST_USE enum umm_status umm_block_convert(struct umm_block *block,
                                               const struct umm_block_plan *plan,
                                               struct umm_error *err);

/* Field number f of row r, without its quotes; 8 bytes after its first can be read. */
static inline struct umm_csv_field umm_block_cell(const struct umm_block *block, int f, size_t r)
{
    const size_t at = r * block->stride + (size_t)f * block->step;
    const uint32_t begin = block->begins[at] + block->begin_add + (f == 0 && block->is_crlf);
    return (struct umm_csv_field){block->text + begin, block->ends[at] - block->end_sub - begin};
}

/* The physical line of row r; cheap when the rows come in order. 0 when not known. */
uint64_t umm_block_line(struct umm_block *block, size_t r);

/* The record of row r, or the one that begins at that byte of the text. */
void umm_block_row_record(struct umm_block *block, size_t r, struct umm_placed_record *placed);
void umm_block_record_at(struct umm_block *block, size_t begin, struct umm_placed_record *placed);

#endif
