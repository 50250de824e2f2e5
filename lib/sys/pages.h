/* SPDX-License-Identifier: MIT */
/*
 * pages.h - memory by the page.
 */
#ifndef UMM_SYS_PAGES_H
#define UMM_SYS_PAGES_H

#include <stddef.h>

/*
 * Have all pages of memory that is about to be written: one call for all of them, where
 * the first touch of each would be a fault that costs several times as much, in a
 * virtual machine ten times and more. What the memory holds stays. A hint, which
 * cannot fail; pages that are only partly in the range are left out.
 */
void umm_pages_have(void *memory, size_t len_bytes);

/*
 * Memory of some MiB that is about to be written, in huge pages where the system grants them, else
 * as umm_pages_have: a fault for each 2 MiB. free() it; NULL when there is none. It takes up to
 * 2 MiB more than was asked for.
 */
void *umm_pages_new(size_t len_bytes);

/*
 * As malloc, for what is filled bit by bit: from about 2 MiB on in huge pages where the system
 * grants them. free() it.
 */
void *umm_pages_room(size_t len_bytes);

#endif
