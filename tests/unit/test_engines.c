/* SPDX-License-Identifier: MIT */
/*
 * Every engine, thread count and block size against the record-by-record reader, on
 * random files: same bytes, same counts, same error in the same place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "convert/convert.h"

#include "base/tuning.h"
#include "random.h"

enum { FILES = 900, COMBINATIONS = 6, TEXT_MAX = 32 * 1024, PATH_SIZE = 128 };

static char directory[] = "/tmp/umm-engines-XXXXXX";
static uint64_t state = RANDOM_SEED;

static size_t below(size_t n)
{
    return (size_t)(xorshift64(&state) % n);
}

/* ---- random files --------------------------------------------------------------- */

/* What a file is like; chances are in 1024ths a row or cell. */
struct style {
    char delimiter;
    char comment;
    size_t quoting; /* 0 none, 1 all, 2 some */
    size_t ending;  /* 0 LF, 1 CR LF, 2 mixed */
    size_t dirt;
    size_t missing;
    size_t time; /* 0 epoch, 1 ISO, 2 ISO date and time in two columns, 3, 4 compact */
    unsigned unit;
    size_t other_units; /* of 1024 epochs, how many have any unit */
    size_t n_extra;
    bool is_trailing;
    struct umm_notation notation;
    bool has_backward; /* times go back or repeat now and then */
};

struct text {
    char bytes[TEXT_MAX + 1024];
    size_t len;
};

static void put(struct text *t, const char *piece)
{
    size_t len = strlen(piece);
    memcpy(t->bytes + t->len, piece, len);
    t->len += len;
}

static void put_cell(struct text *t, const struct style *style, const char *cell)
{
    bool is_quoted = style->quoting == 1 || (style->quoting == 2 && below(3) == 0);
    if (is_quoted)
        put(t, "\"");
    put(t, cell);
    if (is_quoted)
        put(t, "\"");
}

/* Put marks into the digits before the point, and signs and a suffix around all: mostly well. */
static void dress(char *cell, const struct umm_notation *notation)
{
    static const char *const before[] = {"", "$", "\xe2\x82\xac ", "-"};
    static const char *const after[] = {"", "K", "%", " M", "5"};
    static const char *const marks[UMM_GROUP_MARKS] = {"", ",", ".", "\xe2\x80\x99", " "};
    char plain[64];
    strcpy(plain, cell);
    size_t n_whole = strcspn(plain, "."), behind = notation->ways ? below(5) : 0;
    if (notation->ways && behind != 2 && *plain != '-')
        cell += sprintf(cell, "%s", before[below(4)]);
    for (size_t i = 0; i < n_whole; i++) {
        bool is_end = i && (n_whole - i) % 3 == 0;
        if (is_end && below(50))
            cell += sprintf(cell, "%s", below(9) ? marks[notation->mark] : "");
        *cell++ = plain[i];
    }
    sprintf(cell, "%s%s", plain + n_whole, after[behind]);
}

static void random_number(char *out, const struct style *style)
{
    static const char *const odd[] = {"1e5",    "-0",     "+3.25", "12345678901234567890.5",
                                      ".5",     "7.",     " 8 ",   "99999999999999999",
                                      "0.1e-3", "1.0e10", "x",     "1.2.3",
                                      "nan",    "--1",    "1e999", "0000000000000000001"};
    if (below(1024) < style->missing) {
        strcpy(out, below(3) ? "" : "null");
        return;
    }
    if (below(1024) < style->dirt || below(60) == 0) {
        /* Without dirt only those that are numbers. */
        strcpy(out, odd[below(style->dirt ? 16 : 10)]);
        return;
    }
    if (below(12) == 0) {
        /* Many of these lie exactly between two binary32. */
        sprintf(out, "%zu", ((size_t)1 << 24) + below((size_t)1 << 27));
        return;
    }
    unsigned long whole = below(100000), decimals = below(7);
    int n = sprintf(out, "%s%lu", below(30) ? "" : "-", whole);
    if (decimals)
        sprintf(out + n, ".%0*lu", (int)decimals, (unsigned long)below(10));
    if (!umm_notation_is_plain(&style->notation) && below(8))
        dress(out, &style->notation);
}

static void put_ending(struct text *t, const struct style *style)
{
    bool is_crlf = style->ending == 1 || (style->ending == 2 && below(4) == 0);
    put(t, is_crlf ? "\r\n" : "\n");
}

static void put_delimiter(struct text *t, const struct style *style)
{
    char delimiter[2] = {style->delimiter, '\0'};
    put(t, delimiter);
}

/* An epoch of the file's unit, mostly; some could be a date as well, some are none. */
static void put_epoch(char *cell, const struct style *style, long long sec)
{
    static const char *const zeros[] = {"", "000", "000000", "000000000"};
    static const char *const odd[] = {"5",     "-1577836800", "170306093000",  "1501010000",
                                      "1.7e9", "4102444800",  "4102444800000", "315532799999999"};
    unsigned unit = below(1024) < style->other_units ? (unsigned)below(4) : style->unit;
    if (below(2048) < style->dirt)
        strcpy(cell, odd[below(8)]);
    else
        sprintf(cell, "%lld%s%s", sec, zeros[unit], below(100) ? "" : below(2) ? ".0" : ".5");
}

static void put_time(struct text *t, const struct style *style, long long sec)
{
    char cell[64], day[UMM_TIME_ISO_MAX];
    struct umm_time time = {sec, 0};
    umm_time_format_iso(time, day);
    switch (style->time) {
    case 0: put_epoch(cell, style, sec); break;
    case 4: sprintf(cell, "%.4s%.2s%.2s%.2s", day, day + 5, day + 8, day + 11); break;
    case 1:
        sprintf(cell, "%.10s%c%.8s%s", day, below(9) ? ' ' : 'T', day + 11, below(9) ? "" : "Z");
        break;
    case 2:
        sprintf(cell, "%.10s", day);
        put_cell(t, style, cell);
        put_delimiter(t, style);
        sprintf(cell, "%.*s", below(2) ? 8 : 5, day + 11);
        break;
    default: sprintf(cell, "%.4s%.2s%.2s %.2s%.2s00", day, day + 5, day + 8, day + 11, day + 14);
    }
    put_cell(t, style, cell);
}

static void put_dirt(struct text *t, const struct style *style)
{
    static const char *const lines[] = {"1,2,3\n",     "\"a\"b,1\n",   "x\"y\n",
                                        "\"no, end\n", "\r",           "\"two\nlines\",1,2\n",
                                        " \n",         ",,,,,,,,,,\n", "\"\"\n"};
    (void)style;
    put(t, lines[below(9)]);
}

static void random_file(struct text *t, const struct style *style, size_t n_rows)
{
    static const char *const names[] = {"open", "high", "low", "close", "volume"};
    char cell[64];
    long long sec = 1600000020 + 60 * (long long)below(1000000);
    if (below(4) == 0)
        sec = 1501010000 - 60 * (long long)below(3);
    t->len = 0;
    put(t, style->time == 2 ? "date" : "timestamp");
    if (style->time == 2) {
        put_delimiter(t, style);
        put(t, "time");
    }
    for (size_t i = 0; i < 5 + style->n_extra; i++) {
        put_delimiter(t, style);
        sprintf(cell, "extra%zu", i);
        put(t, i < 5 ? names[i] : cell);
    }
    put_ending(t, style);
    for (size_t r = 0; r < n_rows && t->len < TEXT_MAX; r++) {
        if (below(1024) < style->dirt)
            put_dirt(t, style);
        if (below(200) == 0)
            put_ending(t, style);
        if (style->comment && below(50) == 0)
            put(t, "# \"a comment, with\n");
        put_time(t, style, sec);
        for (size_t i = 0; i < 5 + style->n_extra; i++) {
            put_delimiter(t, style);
            random_number(cell, style);
            put_cell(t, style, cell);
        }
        if (style->is_trailing && below(9))
            put_delimiter(t, style);
        if (r + 1 < n_rows || below(2))
            put_ending(t, style);
        if (style->has_backward && below(64) == 0)
            sec -= 60 * (long long)below(3);
        else
            sec += below(40) ? 60 : 60 * (long long)below(500);
    }
}

static struct style random_style(void)
{
    struct style s = {.delimiter = ",;\t|"[below(4)],
                      .comment = below(4) ? '\0' : '#',
                      .quoting = below(4) % 3,
                      .ending = below(4) % 3,
                      .dirt = below(3) ? 0 : below(60),
                      .missing = below(3) ? 0 : below(300),
                      .time = below(20) ? below(4) : 4,
                      .unit = below(2) ? 1 : (unsigned)below(4),
                      .other_units = below(3) ? 0 : below(1024),
                      .n_extra = below(3) ? 0 : below(7),
                      .is_trailing = below(8) == 0,
                      .has_backward = below(4) == 0};
    if (below(4) == 0)
        s.notation = (struct umm_notation){
            (enum umm_group_mark)(below(2) ? UMM_GROUP_APOSTROPHE : UMM_GROUP_SPACE),
            below(2) ? 0 : UMM_WAYS_ALL & ~(below(2) ? UMM_WAY_RATIO : UMM_WAY_PERCENT)};
    if (s.notation.mark == UMM_GROUP_SPACE && s.delimiter != ',' && below(2))
        s.notation.mark = UMM_GROUP_COMMA;
    if (s.delimiter == ' ')
        s.delimiter = ',';
    return s;
}

/* ---- conversions ------------------------------------------------------------------ */

struct outcome {
    enum umm_status status;
    struct umm_error err;
    struct umm_convert_result result;
    char *bytes, *quarantine;
    size_t len, quarantine_len;
};

static char *slurp(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    *len = 0;
    if (!file)
        return NULL;
    char *bytes = malloc(1 << 20);
    *len = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void convert(struct umm_convert_options *options, struct umm_run *run, struct outcome *o)
{
    memset(o, 0, sizeof *o);
    unlink(options->output);
    unlink(options->quarantine);
    o->status = umm_convert(options, run, &o->result, &o->err);
    o->bytes = slurp(options->output, &o->len);
    o->quarantine = slurp(options->quarantine, &o->quarantine_len);
}

static void release(struct outcome *o)
{
    umm_convert_result_free(&o->result);
    free(o->bytes);
    free(o->quarantine);
}

static void random_options(struct umm_convert_options *o, const struct style *style)
{
    static const char *const dtypes[] = {"f8", "f8", "f4", "i8", "i4"};
    static const char *const columns[] = {NULL,
                                          "timestamp,close",
                                          "open,volume:f4,low:i4",
                                          "all",
                                          "t=timestamp,c=close:i8,high",
                                          "volume,timestamp,open",
                                          "timestamp,open*1e-9,high*100,close:i8,volume*1e3",
                                          "timestamp,open,high,low,close,volume==nan",
                                          "n==7:i4,close*0.01,low,v=nothing|=-0.5:f4,timestamp"};
    o->reading.schema.time_unit = UMM_TIME_MS;
    o->reading.comment = style->comment;
    o->reading.delimiter = style->delimiter;
    o->reading.schema.columns = columns[below(9)];
    o->reading.notation = style->notation;
    if (style->time == 2 && o->reading.schema.columns && strcmp(columns[3], "all") != 0)
        o->reading.schema.columns = NULL;
    o->reading.schema.is_struct = below(3) == 0;
    o->reading.schema.dtype = o->reading.schema.is_struct ? dtypes[below(5)] : "f8";
    if (below(4) == 0)
        o->reading.schema.time_unit = (enum umm_time_unit)below(3);
    o->reading.na = below(6) ? NULL : below(2) ? "null,1e5" : "null";
    o->bad_rows = (enum umm_bad_rows)below(3);
    o->order = (enum umm_order)below(3);
    o->dedup = o->order == UMM_ORDER_KEEP || !o->reading.schema.columns ||
                       !strstr(o->reading.schema.columns, "timestamp")
                   ? UMM_DEDUP_NONE
                   : (enum umm_dedup)below(4);
    if (o->order == UMM_ORDER_ASC)
        o->order = UMM_ORDER_KEEP, o->dedup = UMM_DEDUP_NONE;
    o->is_ohlc_checked = !o->reading.schema.columns && below(3) == 0;
}

static void assert_same(const struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->status, b->status);
    if (a->status) {
        assert_string_equal(a->err.message, b->err.message);
        assert_string_equal(a->err.path, b->err.path);
        assert_int_equal(a->err.line, b->err.line);
        assert_int_equal(a->err.column, b->err.column);
        assert_int_equal(a->err.byte, b->err.byte);
        assert_null(b->bytes);
        return;
    }
    assert_int_equal(a->result.n_rows, b->result.n_rows);
    assert_int_equal(a->result.n_rejected, b->result.n_rejected);
    assert_int_equal(a->result.inputs[0].n_rows, b->result.inputs[0].n_rows);
    assert_int_equal(a->result.inputs[0].n_blank, b->result.inputs[0].n_blank);
    assert_int_equal(a->result.inputs[0].n_comments, b->result.inputs[0].n_comments);
    assert_int_equal(a->result.inputs[0].n_bytes, b->result.inputs[0].n_bytes);
    assert_memory_equal(a->result.inputs[0].n_epochs, b->result.inputs[0].n_epochs,
                        sizeof a->result.inputs[0].n_epochs);
    assert_memory_equal(&a->result.sequence, &b->result.sequence, sizeof a->result.sequence);
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->bytes, b->bytes, a->len);
    assert_int_equal(a->quarantine_len, b->quarantine_len);
    if (a->quarantine_len)
        assert_memory_equal(a->quarantine, b->quarantine, a->quarantine_len);
}

static void write_file(const char *path, const struct text *t)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(t->bytes, 1, t->len, file), t->len);
    fclose(file);
}

static void every_way_gives_the_same(void **unused)
{
    static const size_t blocks[] = {1, 2, 3, 7, 13, 64, 100, 1000, 5000, 0};
    static const unsigned threads[] = {1, 1, 2, 3, 8};
    static struct text text;
    char input[PATH_SIZE], output[PATH_SIZE], quarantine[PATH_SIZE];
    size_t n_done = 0;
    (void)unused;
    snprintf(input, sizeof input, "%s/in.csv", directory);
    snprintf(output, sizeof output, "%s/out.npy", directory);
    snprintf(quarantine, sizeof quarantine, "%s/bad.csv", directory);
    const char *inputs[] = {input};
    for (int file = 0; file < FILES; file++) {
        struct style style = random_style();
        struct umm_convert_options options = {
            .inputs = inputs, .n_inputs = 1, .output = output, .quarantine = quarantine};
        struct outcome wanted, got;
        random_file(&text, &style, 1 + below(below(10) ? 60 : 400));
        write_file(input, &text);
        random_options(&options, &style);
        struct umm_tuning tuning = {.engine = UMM_ENGINE_REFERENCE};
        struct umm_run run = {.tuning = &tuning, .n_threads = 1};
        convert(&options, &run, &wanted);
        n_done += wanted.status == UMM_OK;
        for (int i = 0; i < COMBINATIONS; i++) {
            tuning.engine = (enum umm_engine)(UMM_ENGINE_PORTABLE + below(4));
            run.n_threads = threads[below(5)];
            tuning.block_bytes = blocks[below(10)];
            convert(&options, &run, &got);
            if (got.status != wanted.status)
                print_message("file %d, engine %d, threads %u, block %zu: %s | %s\n", file,
                              (int)tuning.engine, run.n_threads, tuning.block_bytes,
                              wanted.err.message, got.err.message);
            assert_same(&wanted, &got);
            release(&got);
        }
        release(&wanted);
    }
    print_message("%zu of %d files converted, the others refused\n", n_done, FILES);
    assert_true(n_done > FILES / 3);
    unlink(input);
    unlink(output);
    unlink(quarantine);
}

static int make_directory(void **unused)
{
    (void)unused;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **unused)
{
    (void)unused;
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_gives_the_same),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
