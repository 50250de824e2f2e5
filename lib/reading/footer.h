/* SPDX-License-Identifier: MIT */
/*
 * footer.h - text without its last lines, while it comes. What may still turn out to be one of
 * them is held back:
 *
 *     held     | line | line | li        the last n_lines so far, the one under way among them
 *     more     | line | line | line | line | l
 *     given    ^^^^^^^^^^^^^^^
 *     held                   | line | line | l
 *
 * Lines end at LF, CR LF or CR, whatever quotes there are, as those that are passed over at the
 * beginning do. A last line without its end is one. Memory is what these lines take.
 */
#ifndef UMM_READING_FOOTER_H
#define UMM_READING_FOOTER_H

#include "umm.h"

/* More than this of held text is no footer. */
enum { UMM_FOOTER_MAX_BYTES = 16 * 1024 * 1024 };

/* All zero, and no lines, is none. */
struct umm_footer {
    uint64_t n_lines; /* to leave out */
    char *text;
    size_t begin, ready, end, cap; /* begin..ready can be given, ready..end is held */
    bool is_end;
    uint64_t n_left_out; /* at the end: n_lines, or as many as there were */
};

/* Room for at least len_bytes more. UMM_ERR_DATA: the lines are far too long; UMM_ERR_MEMORY. */
UMM_MUST_USE enum umm_status umm_footer_room(struct umm_footer *footer, size_t len_bytes,
                                             char **room, struct umm_error *err);

/* So many bytes were put there; 0: the text ends. */
void umm_footer_add(struct umm_footer *footer, size_t len_bytes);

/* Take up to cap_bytes of what is no footer: 0 if there is nothing now, or nothing more. */
size_t umm_footer_take(struct umm_footer *footer, char *out, size_t cap_bytes);

/* The text goes on at another place. */
void umm_footer_restart(struct umm_footer *footer);

/* Let go of the memory; what was counted stays. */
void umm_footer_free(struct umm_footer *footer);

#endif
