/* SPDX-License-Identifier: MIT */
/*
 * convert.h - from delimited text to an .npy array.
 *
 *     files -> records -> fields -> cells -> [bad rows] -> order, duplicates -> target
 *             (records)  (reading)  (cells) (quarantine)   (rowsort, sequence) (target)
 *
 * Several inputs follow each other as one, and so do the members of an archive, in order by name.
 * Or each is appended to those before it: then its rows are in an order of their own, and what is
 * not newer than all before it must be there already.
 * Memory does not depend on their size.
 */
#ifndef UMM_CONVERT_CONVERT_H
#define UMM_CONVERT_CONVERT_H

#include "array/deliveryname.h"
#include "convert/target.h"
#include "order/sequence.h"
#include "reading/reading.h"
#include "sys/lock.h"
#include "umm.h"
#include "umm/mem.h"

enum { UMM_CONVERT_MEMORY = 256 * 1024 * 1024 };

enum umm_bad_rows { UMM_BAD_ROWS_FAIL, UMM_BAD_ROWS_SKIP, UMM_BAD_ROWS_QUARANTINE };

/*
 * An archive that a run of members leaves open at its last one, for a run that goes on after it: to
 * open it again, and to look for a member from its beginning, takes long where there are many. Zero
 * is none. The path is that of an input, and must live until the close, as must the run.
 */
struct umm_convert_archive {
    struct umm_unpack *unpack;
    const char *path;
};
void umm_convert_archive_close(struct umm_convert_archive *archive);

/*
 * The symbol that the names of texts tell, in one run or several: rows of two symbols are not one
 * series. All zero is none.
 */
struct umm_convert_names {
    struct umm_deliveryname_reader *reader; /* NULL until there are several texts */
    bool has_symbol;
    char symbol[UMM_DATASET_SYMBOL_MAX + 1];
};
void umm_convert_names_free(struct umm_convert_names *names);

/* What the caller asks for; zero is the default of everything but the files. */
struct umm_convert_options {
    const char *const *inputs; /* "-" is standard input */
    size_t n_inputs;
    const char *const *members; /* of inputs[i], an archive, only members[i]; NULL: all of them */
    struct umm_convert_archive *archive; /* where one of members is kept; NULL: nowhere */
    const char *output;          /* as array/output.h says; NULL converts and writes nothing */
    const struct umm_sink *sink; /* takes the rows in place of an output, which is NULL */
    const char *pool_root;       /* where pools are; NULL: UMM_POOL_ROOT */
    bool is_swept;               /* umm_outfile_sweep was done to the output's directory */
    const char *scratch_dir;     /* to spool rows for a stream; NULL: /tmp */
    struct umm_reading_options reading;
    uint32_t align_bytes;
    enum umm_bad_rows bad_rows;
    const char *quarantine; /* the file, with UMM_BAD_ROWS_QUARANTINE */
    bool has_max_bad;
    uint64_t max_bad;
    enum umm_order order;
    enum umm_dedup dedup;
    uint64_t memory_bytes; /* for rows that wait to be sorted; 0: UMM_CONVERT_MEMORY */
    bool is_ohlc_checked;
    struct umm_instrument *series; /* whose the rows of earlier runs are, kept for later; or NULL */
    struct umm_convert_names
        *names;        /* of texts of earlier runs, whose rows these follow; or NULL */
    bool may_be_empty; /* an input without a row is none to refuse; an append's never is */
    bool is_append;
    bool are_inputs_appended; /* each input to those before it; into a file, or nowhere */
    enum umm_revision revision;
    bool is_tail; /* append: start at the first newer row, do not compare */
    bool is_locked;
    enum umm_lock_wait lock_wait;
    bool has_rows;
    uint64_t n_rows;
    bool is_synced;
    bool is_if_changed;
};

/*
 * What was decided and counted for one text: an input, or a member of one that is an archive. Texts
 * are in the result's arena.
 */
struct umm_convert_input {
    const char *path;   /* of a member "FILE(MEMBER)" */
    const char *layout; /* preset's name, or NULL */
    char delimiter;
    bool has_header;
    size_t n_header_records;
    /* What decided: "option", "layout", "header", "banner", "name", "text", "magnitude", "default".
     */
    const char *layout_by, *delimiter_by, *header_by, *numbers_by, *time_by, *zone_by;
    const char *columns;      /* "timestamp=1 \"open_time\", open=2 \"open\", ..." */
    const char *numbers;      /* "groups after , and currency,suffix"; NULL: plain digits */
    const char *time;         /* "epoch in ms", "ISO 8601, UTC", ... */
    const char *zone;         /* name of the zone of texts without one */
    uint64_t n_bytes;         /* of text */
    uint64_t n_skipped_bytes; /* of text that --tail passed over; not in n_bytes */
    uint64_t n_rows, n_rejected, n_blank, n_comments;
    uint64_t n_epochs[UMM_TIME_UNITS]; /* of the rows read: by magnitude epochs of that unit */
    uint64_t n_passed_over;            /* rows that a filter does not take */
    uint64_t n_held_bytes;   /* of a last line that lacks its end, left for another time */
    uint64_t n_footer_lines; /* passed over at the end */
    const char *header_text; /* of a header that gives no names: it was passed over */
};

struct umm_convert_result {
    struct umm_arena arena; /* of the inputs and all texts */
    struct umm_convert_input *inputs;
    size_t n_inputs;
    const char *type; /* of the array: "<f8 (744, 6)" or the list of fields */
    enum umm_time_unit time_unit;
    bool has_time;
    struct umm_sequence sequence; /* times of all accepted rows */
    bool has_last_time;           /* of the output's rows, old ones included */
    int64_t last_time;
    uint64_t n_rows;    /* in the output */
    uint64_t n_written; /* fresh or appended */
    uint64_t n_rejected;
    uint64_t n_other_members;   /* of archives, that are no text: they were passed over */
    uint64_t n_same, n_revised; /* append: rows compared equal; different and let be */
    uint64_t n_bytes;           /* of text, all inputs */
    uint64_t n_output_bytes;
    bool is_changed;
    bool is_append, is_reversed, is_sorted; /* is_sorted: rows came in another order */
    double seconds;
};

/*
 * What contradicts each other in options, before any file is looked at: the first of these,
 * or NONE.
 */
enum umm_convert_clash {
    UMM_CONVERT_CLASH_NONE = 0,
    UMM_CONVERT_CLASH_MAX_BAD,        /* max_bad, and no bad row is accepted */
    UMM_CONVERT_CLASH_DEDUP_KEEP,     /* dedup, and rows in any order */
    UMM_CONVERT_CLASH_STRUCT_PLAIN,   /* a struct and a plain array */
    UMM_CONVERT_CLASH_ENTRY,          /* a pool's entry, which is_append or is_locked is not for */
    UMM_CONVERT_CLASH_NO_APPEND,      /* is_tail or revision without is_append */
    UMM_CONVERT_CLASH_APPEND_KEEP,    /* is_append, and rows in any order */
    UMM_CONVERT_CLASH_APPEND_FORTRAN, /* is_append, and Fortran order */
    UMM_CONVERT_CLASH_APPEND_ROWS,    /* is_append, and a number of rows */
    UMM_CONVERT_CLASH_APPEND_STDOUT,  /* is_append to standard output */
    UMM_CONVERT_CLASH_TAIL_ASC,       /* is_tail, and newest-first rows */
    UMM_CONVERT_CLASH_FOLD_ORDER,     /* UMM_TZ_FOLD_INFER, and rows in any order */
    UMM_CONVERT_CLASH_DATE_ORDER,     /* has_date, and rows in any order */
    UMM_CONVERT_CLASH_TAIL_SORT,      /* is_tail, and rows in no order */
    UMM_CONVERT_CLASH_BY_TAIL,        /* is_tail, and an array for each of many series */
    UMM_CONVERT_CLASH_BY_ROWS,        /* a number of rows, likewise */
    UMM_CONVERT_CLASH_BY_FOLD,        /* UMM_TZ_FOLD_INFER, likewise */
    UMM_CONVERT_CLASHES
};
enum umm_convert_clash umm_convert_find_clash(const struct umm_convert_options *options);

/*
 * Convert. On success *result is filled and owned by the caller; rows may have been
 * rejected (n_rejected) when bad_rows allows it. On failure it is empty, and the
 * output is as it was. UMM_ERR_ARGUMENT for options with a clash.
 */
UMM_MUST_USE enum umm_status umm_convert(const struct umm_convert_options *options,
                                         struct umm_run *run, struct umm_convert_result *result,
                                         struct umm_error *err);

void umm_convert_result_free(struct umm_convert_result *result);

#endif
