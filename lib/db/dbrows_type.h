/* SPDX-License-Identifier: MIT */
/*
 * dbrows_type.h - what the files of dbrows.h share: types of arrays as tables have them.
 */
#ifndef UMM_DB_DBROWS_TYPE_H
#define UMM_DB_DBROWS_TYPE_H

#include <string.h>

#include "db/dbrows.h"

/* The unit of M8, where it is one that tables have. */
static inline bool umm_dbrows_unit_of(const struct umm_npy_type *type, enum umm_time_unit *unit)
{
    for (unsigned i = UMM_TIME_S; i <= UMM_TIME_NS; i++)
        if (strcmp(type->unit, umm_time_unit_name((enum umm_time_unit)i)) == 0) {
            *unit = (enum umm_time_unit)i;
            return true;
        }
    return false;
}

#endif
