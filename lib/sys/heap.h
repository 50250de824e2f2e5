/* SPDX-License-Identifier: MIT */
/*
 * heap.h - what malloc does with memory that was freed.
 */
#ifndef UMM_SYS_HEAP_H
#define UMM_SYS_HEAP_H

/*
 * Let up to len_bytes (32 MiB at most) of freed memory stay with the process for the next
 * malloc. A process that does many small jobs, one after the other, otherwise gives
 * the same pages back each time, and has them zeroed and mapped again. A hint, for all
 * of the process: call it before threads start.
 */
void umm_heap_keep(int len_bytes);

#endif
