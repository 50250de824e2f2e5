/* SPDX-License-Identifier: MIT */
#include "reading/footer.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum umm_status umm_footer_room(struct umm_footer *footer, size_t len_bytes, char **room,
                                struct umm_error *err)
{
    const size_t n_held = footer->end - footer->begin;
    if (n_held > UMM_FOOTER_MAX_BYTES)
        return umm_error_set(err, UMM_ERR_DATA,
                             "the lines to pass over at the end are longer than 16 MiB");
    if (footer->begin)
        memmove(footer->text, footer->text + footer->begin, n_held);
    footer->ready -= footer->begin;
    footer->begin = 0;
    footer->end = n_held;
    if (n_held + len_bytes > footer->cap) {
        char *grown = realloc(footer->text, 2 * (n_held + len_bytes));
        if (!grown)
            return umm_error_set_memory(err, 2 * (n_held + len_bytes), "lines at the end");
        footer->text = grown;
        footer->cap = 2 * (n_held + len_bytes);
    }
    *room = footer->text + n_held;
    return UMM_OK;
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* The place before the line end whose last byte is before `at`. */
static size_t before_end(const char *text, size_t at)
{
    const bool is_crlf = at > 1 && text[at - 1] == '\n' && text[at - 2] == '\r';
    return at - (is_crlf ? 2 : 1);
}

/* Where the last n_lines lines of what is there begin, and how many there are. */
static size_t find_last(const struct umm_footer *footer, uint64_t *n_found)
{
    size_t at = footer->end;
    const char *text = footer->text;
    *n_found = 0;
    while (at > footer->begin && *n_found < footer->n_lines) {
        if (is_line_end(text[at - 1]))
            at = before_end(text, at);
        if (at < footer->begin)
            at = footer->begin;
        while (at > footer->begin && !is_line_end(text[at - 1]))
            at--;
        ++*n_found;
    }
    return at;
}

void umm_footer_add(struct umm_footer *footer, size_t len_bytes)
{
    uint64_t n_found;
    footer->end += len_bytes;
    footer->ready = find_last(footer, &n_found);
    footer->is_end = len_bytes == 0;
    if (footer->is_end)
        footer->n_left_out = n_found;
}

size_t umm_footer_take(struct umm_footer *footer, char *out, size_t cap_bytes)
{
    const size_t there = footer->ready - footer->begin;
    const size_t n = there < cap_bytes ? there : cap_bytes;
    if (n)
        memcpy(out, footer->text + footer->begin, n);
    footer->begin += n;
    return n;
}

void umm_footer_restart(struct umm_footer *footer)
{
    footer->begin = footer->ready = footer->end = 0;
    footer->is_end = false;
}

void umm_footer_free(struct umm_footer *footer)
{
    free(footer->text);
    footer->text = NULL;
    footer->cap = 0;
    umm_footer_restart(footer);
}
