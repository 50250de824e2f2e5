/* SPDX-License-Identifier: MIT */
/*
 * views.h - what umm-memstat shows, as tables: the system, processes, files and what maps
 * them. Each call clears its table and fills it with the figures of now.
 */
#ifndef UMM_PROBE_VIEWS_H
#define UMM_PROBE_VIEWS_H

#include "format/table.h"
#include "probe/choice.h"
#include "probe/sharing.h"

/* Tables of these kinds, empty. */
void umm_view_system_init(struct umm_table *table);
void umm_view_processes_init(struct umm_table *table);
void umm_view_files_init(struct umm_table *table);
void umm_view_mappers_init(struct umm_table *table);

/*
 * One row. *available (may be NULL) is what is available, *total what there is, bytes.
 */
UMM_MUST_USE enum umm_status umm_view_system(struct umm_table *table, uint64_t *available,
                                             uint64_t *total, struct umm_error *err);

/*
 * A row for each process that was chosen and is there. *rss_bytes is the sum of what is
 * known. The rest as umm_choice_find; one that was chosen by its number and ended before
 * it was read was not found.
 */
UMM_MUST_USE enum umm_status umm_view_processes(struct umm_table *table,
                                                const struct umm_choice *choice, bool *is_found,
                                                uint64_t *rss_bytes, struct umm_error *err);

/*
 * A row for each file in files, and in mappers for each process and file that it maps;
 * the sums of PSS are in *pss_bytes. The first n_named of the n_paths were asked for by
 * name; the others were found in a directory, and one that is gone is left out.
 * UMM_ERR_SYSTEM for a file that cannot be opened, UMM_ERR_CONFLICT for one that is not
 * regular.
 */
UMM_MUST_USE enum umm_status umm_view_files(struct umm_table *files, struct umm_table *mappers,
                                            const char *const *paths, size_t n_paths,
                                            size_t n_named, uint64_t *pss_bytes,
                                            struct umm_error *err);

/* For each file that somebody maps a line "FILE: 3 processes, one copy: 100.0 %". */
void umm_view_verdicts(const struct umm_table *files, struct umm_textbuf *out);

#endif
