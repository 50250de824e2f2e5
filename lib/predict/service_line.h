/* SPDX-License-Identifier: MIT */
/*
 * service_line.h - a line that a client sends, read: a question, a command, or what is wrong with
 * it. The protocol is in umm-formats(5), "Questions and answers as lines".
 *
 *     ID,f1,...,fn        a question by numbers, each a double
 *     ID  or  ID,KEY      a question by a key of a store
 *     !version  !stats  !f4 N
 *
 * Pure functions of the line; nothing is allocated, and any thread may call.
 */
#ifndef UMM_PREDICT_SERVICE_LINE_H
#define UMM_PREDICT_SERVICE_LINE_H

#include "text/csvcell.h"
#include "umm.h"
#include "umm/store.h"

/* Why there is no answer. The words do not change; statuses of raw rows are those of the protocol.
 */
enum umm_service_word {
    UMM_SERVICE_ID,
    UMM_SERVICE_FIELDS,
    UMM_SERVICE_NUMBER,
    UMM_SERVICE_NONFINITE,
    UMM_SERVICE_INTEGER,
    UMM_SERVICE_ABSENT,
    UMM_SERVICE_BUSY,
    UMM_SERVICE_STORE,
    UMM_SERVICE_OVERLOAD,
    UMM_SERVICE_LONG,
    UMM_SERVICE_HALF,
    UMM_SERVICE_COMMAND,
    UMM_SERVICE_WORDS
};

/* "id", "fields", ... */
const char *umm_service_word_name(enum umm_service_word word);

enum umm_service_line_kind {
    UMM_SERVICE_LINE_ROW, /* with its numbers, or its key */
    UMM_SERVICE_LINE_REFUSED,
    UMM_SERVICE_LINE_VERSION,
    UMM_SERVICE_LINE_STATS,
    UMM_SERVICE_LINE_RAW
};

enum { UMM_SERVICE_ID_MAX = UMM_STORE_ID_MAX };

/* An id, or a key, of at most UMM_SERVICE_ID_MAX bytes, without quotes. */
struct umm_service_id {
    size_t len_bytes;
    char text[UMM_SERVICE_ID_MAX + 1];
};

/*
 * word and number: of a refused line, why, and which number of it (from 1), or how many there are
 * (UMM_SERVICE_FIELDS). number is N of a command for raw rows, UINT64_MAX for what is no count.
 * id is empty if it could not be read.
 */
struct umm_service_line {
    enum umm_service_line_kind kind;
    enum umm_service_word word;
    uint64_t number;
    struct umm_service_id id, key;
};

/* The longest line, without its end, for rows of n_inputs numbers. */
static inline size_t umm_service_line_max(size_t n_inputs)
{
    enum { LEAST = 1024, EACH = 64 };
    return LEAST + EACH * n_inputs;
}

/*
 * Write the id as lines have it, in quotes if it has a comma or a quote, or begins as a command
 * does; out has UMM_SERVICE_CELL_MAX bytes. Returns the end.
 */
enum { UMM_SERVICE_CELL_MAX = UMM_CSVCELL_MAX(UMM_SERVICE_ID_MAX) };
char *umm_service_id_put(char *out, const struct umm_service_id *id);

/*
 * Read a line of len_bytes, without its LF; a CR at its end does not count. Numbers: n_inputs of
 * them are expected, and those before the first that is refused are in numbers. A number too large
 * for a double is infinite.
 */
void umm_service_line_read(const char *text, size_t len_bytes, size_t n_inputs, double *numbers,
                           struct umm_service_line *line);

/* The same of a line that asks by the key of a store: the id, unless there is a key. */
void umm_service_line_read_key(const char *text, size_t len_bytes, struct umm_service_line *line);

/*
 * What can be said of the beginning of a line, which is refused with word: its id, if it is all
 * there.
 */
void umm_service_line_refuse(const char *text, size_t len_bytes, enum umm_service_word word,
                             struct umm_service_line *line);

#endif
