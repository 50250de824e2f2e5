/* SPDX-License-Identifier: MIT */
/*
 * convert_describe.h - filling the result of a conversion with what was decided.
 */
#ifndef UMM_CONVERT_CONVERT_DESCRIBE_H
#define UMM_CONVERT_CONVERT_DESCRIBE_H

#include "convert/convert.h"
#include "convert/target.h"

/* Begin the entry of one more input. */
UMM_MUST_USE enum umm_status umm_convert_describe_input(struct umm_convert_result *result,
                                                        const char *path, struct umm_error *err);

/* Complete it after the last row of the input. */
UMM_MUST_USE enum umm_status umm_convert_describe_reading(struct umm_convert_result *result,
                                                          struct umm_convert_input *input,
                                                          const struct umm_reading *reading,
                                                          struct umm_error *err);

/* What the output will be, all but is_changed: after umm_target_finish. */
UMM_MUST_USE enum umm_status umm_convert_describe_output(struct umm_convert_result *result,
                                                         const struct umm_schema *schema,
                                                         const struct umm_target *target,
                                                         struct umm_error *err);

#endif
