/* SPDX-License-Identifier: MIT */
/*
 * inline.h - functions of which each caller has a copy, with its own constants in it.
 *
 * Kernels are templates: one text, and a copy for each constant that it is called with. With
 * UMM_PLAIN_KERNELS defined they are ordinary functions and loops, which give the same bits.
 * Sanitizers and analyzers see the same accesses and sums there, and compilers that add code to
 * every load do not take minutes for the copies.
 */
#ifndef UMM_BASE_INLINE_H
#define UMM_BASE_INLINE_H

#ifdef UMM_PLAIN_KERNELS
#define UMM_INLINE static inline
#define UMM_UNROLL
#else
#define UMM_INLINE static inline __attribute__((always_inline))
/* Before a small loop of known length: what it keeps is to stay in registers. */
#define UMM_UNROLL _Pragma("GCC unroll 16")
#endif

#endif
