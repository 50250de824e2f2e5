/* SPDX-License-Identifier: MIT */
/* words.h - whether a text is one of a list of words. */
#ifndef UMM_TEXT_WORDS_H
#define UMM_TEXT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Whether a and b cannot be one letter in two cases: most words differ in their first. */
static inline bool umm_letter_differs(char a, char b)
{
    enum { CASE_BIT = 'a' ^ 'A' };
    return ((a ^ b) & ~CASE_BIT) != 0;
}

/* Whether the len_bytes bytes at text are a word of list, which NULL ends; ASCII in any case. */
static inline bool umm_is_word_of(const char *const *list, const char *text, size_t len_bytes)
{
    for (; len_bytes && *list; list++)
        if (!umm_letter_differs(**list, *text) && strlen(*list) == len_bytes &&
            strncasecmp(text, *list, len_bytes) == 0)
            return true;
    return false;
}

#endif
