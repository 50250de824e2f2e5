/* SPDX-License-Identifier: MIT */
#include "feature/bulk_engines.h"
#include "feature/vec_portable.inc"

#define BULK umm_bulk_portable
#include "feature/bulk.inc"
