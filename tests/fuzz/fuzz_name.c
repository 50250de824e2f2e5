/* SPDX-License-Identifier: MIT */
/*
 * fuzz_name.c - a pattern, a newline and the name of a file: no crash, messages of one line, what
 * is captured lies in the name, and what a reading tells can be the path of a dataset.
 */
#include "array/deliveryname.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check_message(const struct umm_error *err)
{
    require(err->status == UMM_ERR_ARGUMENT && err->message[0], "no message");
    require(strpbrk(err->message, "\n\r\x1b") == NULL, "an unsafe message");
}

static void check_span(const struct umm_namepattern_span *span, const char *name, size_t len)
{
    require(span->text >= name && span->text + span->len_bytes <= name + len, "outside the name");
}

static void check_pattern(const char *text, size_t text_len, const char *name, size_t len)
{
    struct umm_namepattern pattern;
    struct umm_namepattern_match match, other;
    struct umm_error err = {.status = UMM_OK};
    if (umm_namepattern_parse(text, text_len, false, &pattern, &err) != UMM_OK) {
        check_message(&err);
        return;
    }
    switch (umm_namepattern_match(&pattern, name, len, &match, &other)) {
    case UMM_NAMEPATTERN_NONE: return;
    case UMM_NAMEPATTERN_AMBIGUOUS:
        check_span(&other.symbol, name, len);
        check_span(&other.kind, name, len);
        break;
    case UMM_NAMEPATTERN_ONE: break;
    }
    check_span(&match.symbol, name, len);
    check_span(&match.kind, name, len);
    require(!pattern.has_symbol == !match.symbol.len_bytes, "a symbol without bytes");
    require(!pattern.has_timeframe == !match.timeframe.name[0], "a timeframe without a name");
}

static void check_name(const struct umm_deliveryname_reader *reader, const char *name)
{
    struct umm_deliveryname got;
    struct umm_error err = {.status = UMM_OK};
    char directory[UMM_DATASET_NAME_MAX];
    if (umm_deliveryname_read(reader, name, &got, &err) != UMM_OK) {
        check_message(&err);
        return;
    }
    require(umm_dataset_symbol_name(got.symbol, strlen(got.symbol), directory, NULL) == UMM_OK,
            "no symbol");
    require(!strchr(directory, '/') && directory[0] != '.', "a directory that leads out");
    require(got.timeframe.name[0] != '\0', "no timeframe");
}

static struct umm_deliveryname_reader *reader_of(const char *pattern, const char *timeframe)
{
    const struct umm_deliveryname_options options = {.pattern = pattern, .timeframe = timeframe};
    struct umm_deliveryname_reader *reader;
    struct umm_error err = {.status = UMM_OK};
    if (umm_deliveryname_reader_new(&options, &reader, &err) != UMM_OK)
        check_message(&err);
    return reader;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct umm_deliveryname_reader *plain, *daily;
    char text[600];
    if (!plain) {
        plain = reader_of(NULL, NULL);
        daily = reader_of(NULL, "1d");
    }
    if (size == 0 || size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    char *newline = memchr(text, '\n', size), *name = newline ? newline + 1 : text;
    const size_t pattern_len = newline ? (size_t)(newline - text) : 0;
    check_pattern(text, pattern_len, name, size - (size_t)(name - text));
    if (newline)
        *newline = '\0';
    struct umm_deliveryname_reader *own = pattern_len ? reader_of(text, NULL) : NULL;
    if (own)
        check_name(own, name);
    umm_deliveryname_reader_free(own);
    check_name(plain, name);
    check_name(daily, name);
    return 0;
}
