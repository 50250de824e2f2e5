/* SPDX-License-Identifier: MIT */
/*
 * fuzz_convert.c - bytes as a file to convert, without an output. The first eight
 * choose the options, the rest is the file's. However it is read, it must end the same
 * way, in the same error at the same place or in the same decisions and counts:
 *
 *     file    record by record, the slow and obvious way
 *     blocks  the file again, in blocks of a few bytes, with another engine
 *     pieces  through a pipe whose reads give a few bytes each
 */
#include "base/fnv.h"
#include "base/tuning.h"
#include "convert/convert.h"
#include "convert/convert_by.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPTION_BYTES = 8, PIECES_MAX = 200 };

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

/* ---- options ---- */

#define PICK(list, byte) ((list)[(byte) % (sizeof(list) / sizeof *(list))])

static void choose(struct umm_convert_options *options, const uint8_t *b)
{
    static const char *const layouts[] = {
        NULL,       NULL,        "binance",    "yahoo",      "stooq",
        "histdata", "dukascopy", "metatrader", "backtrader", "cryptodatadownload",
        "yfinance", "okx",       "sierra",     "kibot",      "firstrate"};
    static const char *const columns[] = {NULL,
                                          NULL,
                                          "all",
                                          "1,2,3",
                                          "timestamp,close",
                                          "t=1:M8,a=2:i4,b=3:f4,c=4:i8",
                                          "timestamp=date+time|1,2",
                                          "timestamp,trade_id,ts=2:f4,n=3:f4",
                                          "close,volume=vol*|2",
                                          "timestamp,open*1e-9,close*100:i8,v==7:i4",
                                          "timestamp,open,high,low,close,volume=volume|=nan"};
    static const char *const types[] = {NULL, "f8", "f4", "i8", "i4"};
    static const char *const formats[] = {
        NULL, NULL, NULL, "%d/%m/%Y", "%Y-%m-%d %I-%p", "%Y%m%d%H", "%Y%m%d %-H%M%S%.f"};
    static const char *const zones[] = {NULL, NULL, "UTC", "+05:30", "America/New_York"};
    static const char *const nas[] = {NULL, NULL, "", "-999,null"};
    static const char delimiters[] = {0, 0, 0, ',', ';', '\t', '|', ' '};
    struct umm_reading_options *reading = &options->reading;
    reading->layout = PICK(layouts, b[0]);
    reading->delimiter = PICK(delimiters, b[0] >> 5);
    reading->schema.columns = PICK(columns, b[1]);
    reading->schema.dtype = PICK(types, b[1] >> 4);
    reading->schema.is_struct = b[2] & 1;
    reading->schema.is_plain = b[2] & 2;
    reading->schema.is_fortran = b[2] & 4;
    reading->schema.time_unit = (enum umm_time_unit)(b[2] >> 3 & 3);
    reading->has_time_unit_in = (b[2] >> 5) == 7;
    reading->time_unit_in = (enum umm_time_unit)(b[7] % UMM_TIME_UNITS);
    reading->time_format = PICK(formats, b[3]);
    reading->tz = PICK(zones, b[3] >> 4);
    reading->fold = (enum umm_tz_fold)(b[4] % 3);
    reading->na = PICK(nas, b[4] >> 2);
    reading->decimal = b[4] & 16 ? ',' : '\0';
    static const struct umm_notation notations[] = {
        {UMM_GROUP_NONE, 0},
        {UMM_GROUP_NONE, 0},
        {UMM_GROUP_NONE, UMM_WAYS_ALL & ~UMM_WAY_RATIO},
        {UMM_GROUP_COMMA, 0},
        {UMM_GROUP_COMMA, UMM_WAYS_ALL & ~UMM_WAY_PERCENT},
        {UMM_GROUP_DOT, UMM_WAY_CURRENCY},
        {UMM_GROUP_APOSTROPHE, UMM_WAY_SUFFIX | UMM_WAY_BOOLEAN},
        {UMM_GROUP_SPACE, UMM_WAYS_ALL & ~UMM_WAY_RATIO}};
    reading->notation = PICK(notations, b[2] >> 5);
    reading->comment = b[4] & 32 ? '#' : '\0';
    reading->header = (enum umm_header)(b[5] % 3);
    reading->skip_lines = (b[5] >> 2) % 8 == 7 ? 2 : 0;
    static const char *const names[] = {"timestamp,open,high,low,close,volume",
                                        "timestamp,symbol,open,high,low,close,volume"};
    reading->names = (b[5] >> 5) >= 6 ? names[(b[5] >> 5) - 6] : NULL;
    options->bad_rows = b[6] & 4 ? UMM_BAD_ROWS_SKIP : UMM_BAD_ROWS_FAIL;
    options->has_max_bad = b[6] & 8;
    options->max_bad = 3;
    options->order = (enum umm_order)((b[6] >> 4) % 4);
    /* Runs of a few rows, merged in several steps. */
    options->memory_bytes = b[2] & 128 ? UINT64_C(16) << (b[3] & 7) : 0;
    reading->is_order_given = options->order != UMM_ORDER_CHECK;
    options->dedup =
        options->order == UMM_ORDER_KEEP ? UMM_DEDUP_NONE : (enum umm_dedup)((b[6] >> 6) & 3);
    options->is_ohlc_checked = (b[7] & 7) == 7;
    static const char *const wheres[] = {"symbol=BTCUSD", "1=2", "2=", "close=1"};
    static const char *const series[] = {"", "symbol"}, *const bys[] = {"symbol", "1", "close"};
    if ((b[7] >> 3 & 7) == 7)
        reading->instrument.where[reading->instrument.n_where++] = PICK(wheres, b[6]);
    if ((b[7] >> 3 & 7) == 6)
        reading->instrument.one_series = PICK(series, b[6]);
    reading->is_last_held = (b[7] & 7) == 6;
    reading->skip_footer = (b[7] & 7) == 5 ? 1 + b[5] % 3 : 0;
    if ((b[7] >> 3 & 7) == 5)
        reading->instrument.by = PICK(bys, b[6]);
}

/* ---- one run ---- */

struct outcome {
    enum umm_status status;
    struct umm_error err;
    struct umm_convert_result result;
    uint64_t datasets; /* a hash of what was told about each */
};

static void on_dataset(void *user, const char *path, const struct umm_convert_options *options,
                       enum umm_status status, const struct umm_convert_result *result,
                       const struct umm_error *err)
{
    struct outcome *outcome = user;
    (void)options;
    outcome->datasets = umm_fnv(outcome->datasets, path, strlen(path));
    if (status) {
        outcome->datasets = umm_fnv(outcome->datasets, err->message, strlen(err->message));
        return;
    }
    outcome->datasets = umm_fnv(outcome->datasets, result->type, strlen(result->type));
    outcome->datasets = umm_fnv(outcome->datasets, &result->sequence, sizeof result->sequence);
}

static void run_by(const struct umm_convert_options *options, struct umm_run *context,
                   struct outcome *outcome)
{
    const struct umm_convert_by by = {.each = options,
                                      .root = "/nowhere",
                                      .names = {.timeframe = "1m"},
                                      .is_dry = true,
                                      .done = on_dataset,
                                      .user = outcome};
    outcome->status = umm_convert_by(&by, context, &outcome->result, &outcome->err);
}

static void run(const struct umm_convert_options *chosen, const char *path,
                const struct umm_run *how, struct outcome *outcome)
{
    struct umm_run context = *how;
    struct umm_convert_options options = *chosen;
    memset(outcome, 0, sizeof *outcome);
    options.inputs = &path;
    options.n_inputs = 1;
    if (options.reading.instrument.by)
        run_by(&options, &context, outcome);
    else
        outcome->status = umm_convert(&options, &context, &outcome->result, &outcome->err);
    if (outcome->status)
        require(outcome->err.status == outcome->status && outcome->err.message[0], "no message");
    require(strpbrk(outcome->err.message, "\n\r\x1b") == NULL, "an unsafe message");
}

static void run_file(const struct umm_convert_options *options, const uint8_t *bytes, size_t len,
                     const struct umm_run *how, struct outcome *outcome)
{
    char path[32];
    int fd = memfd_create("input", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, bytes, len) == (ssize_t)len, "no memfd");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    run(options, path, how, outcome);
    close(fd);
}

/* With O_DIRECT a read of the pipe returns what one write wrote. */
static void run_pipe(const struct umm_convert_options *options, const uint8_t *bytes, size_t len,
                     size_t step, const struct umm_run *how, struct outcome *outcome)
{
    int ends[2];
    require(pipe2(ends, O_DIRECT | O_CLOEXEC) == 0, "no pipe");
    require(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0, "no room in the pipe");
    if (step < len / PIECES_MAX + 1)
        step = len / PIECES_MAX + 1;
    for (size_t at = 0; at < len; at += step) {
        size_t n = len - at < step ? len - at : step;
        require(write(ends[1], bytes + at, n) == (ssize_t)n, "a full pipe");
    }
    close(ends[1]);
    require(dup2(ends[0], 0) == 0, "no standard input");
    close(ends[0]);
    run(options, "-", how, outcome);
}

/* ---- two runs compared ---- */

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void compare_inputs(const struct umm_convert_input *a, const struct umm_convert_input *b)
{
    require(a->layout == b->layout && a->delimiter == b->delimiter, "another layout");
    require(a->has_header == b->has_header, "another header");
    require(is_same_text(a->columns, b->columns), "other columns");
    require(is_same_text(a->time, b->time) && is_same_text(a->zone, b->zone), "another time");
    require(a->n_bytes == b->n_bytes && a->n_rows == b->n_rows, "other rows of the input");
    require(a->n_rejected == b->n_rejected, "other rejected rows of the input");
    require(memcmp(a->n_epochs, b->n_epochs, sizeof a->n_epochs) == 0, "other units of epochs");
    require(a->n_blank == b->n_blank && a->n_comments == b->n_comments, "other lines");
    require(a->n_passed_over == b->n_passed_over, "other rows passed over");
    require(a->n_held_bytes == b->n_held_bytes, "another last line");
    require(a->n_footer_lines == b->n_footer_lines, "other last lines");
}

static void compare(const struct outcome *a, const struct outcome *b)
{
    require(a->status == b->status, "another status");
    if (a->status) {
        require(a->err.line == b->err.line && a->err.column == b->err.column, "another place");
        require(a->err.byte == b->err.byte, "another byte");
        require(strcmp(a->err.message, b->err.message) == 0, "another message");
        return;
    }
    const struct umm_convert_result *p = &a->result, *q = &b->result;
    require(p->n_inputs == 1 && q->n_inputs == 1, "inputs");
    require(a->datasets == b->datasets, "other datasets");
    compare_inputs(&p->inputs[0], &q->inputs[0]);
    require(is_same_text(p->type, q->type), "another type");
    require(p->n_rows == q->n_rows && p->n_rejected == q->n_rejected, "other rows");
    require(p->n_bytes == q->n_bytes && p->n_output_bytes == q->n_output_bytes, "other sizes");
    require(p->is_reversed == q->is_reversed && p->has_time == q->has_time, "another order");
    require(memcmp(&p->sequence, &q->sequence, sizeof p->sequence) == 0, "another sequence");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct umm_convert_options options = {.n_inputs = 0};
    static struct outcome file, blocks, pieces;
    const struct umm_tuning slow = {.engine = UMM_ENGINE_REFERENCE};
    struct umm_tuning quick = {.engine = UMM_ENGINE_BEST};
    struct umm_run reference = {.n_threads = 1, .tuning = &slow};
    struct umm_run fast = {.n_threads = 1};
    const uint8_t *bytes = data + OPTION_BYTES;
    if (size < OPTION_BYTES)
        return 0;
    choose(&options, data);
    run_file(&options, bytes, size - OPTION_BYTES, &reference, &file);
    run_pipe(&options, bytes, size - OPTION_BYTES, 1 + data[7] / 8, &fast, &pieces);
    compare(&file, &pieces);
    quick = (struct umm_tuning){(enum umm_engine)(UMM_ENGINE_PORTABLE + data[7] % 3), 16 + data[7]};
    fast.tuning = &quick;
    run_file(&options, bytes, size - OPTION_BYTES, &fast, &blocks);
    compare(&file, &blocks);
    umm_convert_result_free(&file.result);
    umm_convert_result_free(&blocks.result);
    umm_convert_result_free(&pieces.result);
    return 0;
}
