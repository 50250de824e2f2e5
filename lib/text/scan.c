/* SPDX-License-Identifier: MIT */
#include "text/scan.h"

#include "text/scan_masks.h"

void umm_scan(enum umm_cpu cpu, const char *text, size_t len_bytes, char delimiter,
              uint32_t *positions, struct umm_scan *out)
{
    switch (cpu) {
#if defined(__x86_64__)
    case UMM_CPU_AVX512: umm_scan_avx512(text, len_bytes, delimiter, positions, out); return;
    case UMM_CPU_AVX2: umm_scan_avx2(text, len_bytes, delimiter, positions, out); return;
#else
    case UMM_CPU_AVX512:
    case UMM_CPU_AVX2:
#endif
#if defined(__aarch64__)
    case UMM_CPU_NEON: umm_scan_neon(text, len_bytes, delimiter, positions, out); return;
#else
    case UMM_CPU_NEON:
#endif
    case UMM_CPU_PORTABLE:
    case UMM_CPU_COUNT: break;
    }
    umm_scan_portable(text, len_bytes, delimiter, positions, out);
}
