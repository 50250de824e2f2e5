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

#endif
