/* SPDX-License-Identifier: MIT */
#include "db/engine.h"

const struct umm_db_engine *const umm_db_postgres = NULL;
