/* SPDX-License-Identifier: MIT */
/*
 * fuzz_watchevent.c - a byte that says how, then lines of events: no crash, texts that lie within
 * their line, a place and one word for what is bad, and nothing after a header that is lost.
 */
#include "watch/event.h"

#include <math.h>
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

/* Every byte is there to be read. */
static void touch(const struct umm_watch_text *text)
{
    unsigned sum = 0;
    for (size_t i = 0; i < text->len_bytes; i++)
        sum += (unsigned char)text->text[i];
    require(sum <= text->len_bytes * 255, "a text that cannot be summed");
}

static void check_event(const struct umm_event *event, bool is_timed)
{
    const struct umm_watch_position *position = &event->position;
    touch(&position->id);
    touch(&position->symbol);
    require(event->has_time == is_timed, "a time that was not asked for, or is missing");
    if (event->kind == UMM_EVENT_OPEN)
        require(abs(position->side) == 1 && isfinite(position->entry) &&
                    position->id.len_bytes > 0 && position->symbol.len_bytes > 0,
                "an open that lacks something");
    else if (event->kind == UMM_EVENT_PRICE)
        require(isfinite(event->price) && position->symbol.len_bytes > 0,
                "a price that lacks something");
    else
        require(position->id.len_bytes > 0, "a close that lacks something");
}

static void check_bad(const struct umm_events *events, const struct umm_error *err, uint64_t line)
{
    const char *word = umm_events_word(events);
    require(err->status == UMM_ERR_DATA && err->line == line && err->column > 0, "no place");
    require(*err->message && !strchr(err->message, '\n'), "a message that is no line");
    require(*word && strspn(word, "abcdefghijklmnopqrstuvwxyz_") == strlen(word), "no word");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct umm_events_options options = {
        .path = "events", .is_timed = *data & 1, .is_lenient = *data & 2};
    const char *at = (const char *)data + 1, *end = (const char *)data + size;
    struct umm_events *events;
    enum umm_events_result result = UMM_EVENTS_NOTHING;
    if (umm_events_open(&options, &events, NULL) != UMM_OK)
        return 0;
    for (uint64_t line = 1; at < end && result != UMM_EVENTS_LOST; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const size_t n = (size_t)((newline ? newline : end) - at);
        char *copy = malloc(n + (n == 0));
        struct umm_event event;
        struct umm_error err;
        if (!copy)
            break;
        memcpy(copy, at, n);
        result = umm_events_line(events, copy, n, &event, &err);
        if (result == UMM_EVENTS_EVENT)
            check_event(&event, options.is_timed);
        else if (result != UMM_EVENTS_NOTHING)
            check_bad(events, &err, line);
        free(copy);
        at += n + 1;
    }
    umm_events_close(events);
    return 0;
}
