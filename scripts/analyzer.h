/* SPDX-License-Identifier: MIT */
/*
 * analyzer.h - included first when gcc's static analyzer looks at a file (check-c): it
 * sees one file at a time, and must be told that these return an error, always.
 */
#include "umm.h"

#include "base/error.h"

#define IS_ERROR(call)                                                                             \
    ({                                                                                             \
        enum umm_status error_ = call;                                                             \
        if (error_ == UMM_OK)                                                                      \
            __builtin_unreachable();                                                               \
        error_;                                                                                    \
    })
#define umm_error_set(...)           IS_ERROR(umm_error_set(__VA_ARGS__))
#define umm_error_set_path(...)      IS_ERROR(umm_error_set_path(__VA_ARGS__))
#define umm_error_set_errno(...)     IS_ERROR(umm_error_set_errno(__VA_ARGS__))
#define umm_error_set_memory(...)    IS_ERROR(umm_error_set_memory(__VA_ARGS__))
#define umm_error_set_cancelled(...) IS_ERROR(umm_error_set_cancelled(__VA_ARGS__))
#define umm_error_hint(...)          IS_ERROR(umm_error_hint(__VA_ARGS__))
#define umm_error_hint_at(...)       IS_ERROR(umm_error_hint_at(__VA_ARGS__))
