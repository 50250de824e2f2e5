/* SPDX-License-Identifier: MIT */
#include "feature/recur_engines.h"
#include "feature/vec_portable.inc"

#define ENGINE umm_recur_portable
#include "feature/recur_lanes.inc"
