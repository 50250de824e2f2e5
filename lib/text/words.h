/* SPDX-License-Identifier: MIT */
/* words.h - whether a text is one of a list of words. */
#ifndef UMM_TEXT_WORDS_H
#define UMM_TEXT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Whether the len_bytes bytes at text are a word of list, which NULL ends; ASCII in any case. */
static inline bool umm_is_word_of(const char *const *list, const char *text, size_t len_bytes)
{
    for (; *list; list++)
        if (strlen(*list) == len_bytes && strncasecmp(text, *list, len_bytes) == 0)
            return true;
    return false;
}

#endif
