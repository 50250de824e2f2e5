/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - the memory of processes by mapping, kept in a file to compare with later.
 *
 * Mappings are summed under the process's name and their own: a file's path, or what the
 * kernel calls it ([heap], [stack]), or [anonymous]; so that a program can be compared
 * also with another run of it. The file is text: a line "umm-memstat snapshot 1", then
 * for each mapping
 *
 *     rss pss anonymous swap size mappings <tab> process <tab> mapping
 *
 * in bytes, names escaped as umm_escape does; in struct umm_snapshot they are as they were.
 * A process may have given itself no name.
 */
#ifndef UMM_PROBE_SNAPSHOT_H
#define UMM_PROBE_SNAPSHOT_H

#include "format/table.h"
#include "probe/choice.h"

struct umm_snapshot_mapping {
    uint64_t rss_bytes, pss_bytes, anonymous_bytes, swap_bytes, size_bytes;
    uint64_t n_mappings;
    char *process, *name;
};

/* Sorted by process and name. All zero is empty. */
struct umm_snapshot {
    struct umm_snapshot_mapping *mappings;
    size_t n;
};

/*
 * Add the mappings of a process, whose name is as the kernel has it, from the text of
 * its smaps. UMM_ERR_MEMORY. Call umm_snapshot_sort when all are in.
 */
UMM_MUST_USE enum umm_status umm_snapshot_add(struct umm_snapshot *snapshot, const char *process,
                                              const char *smaps, struct umm_error *err);
void umm_snapshot_sort(struct umm_snapshot *snapshot);

/*
 * Take one of the processes that were chosen; one that ends meanwhile is left out.
 * UMM_ERR_SYSTEM when one may not be looked into. is_found as umm_choice_find.
 */
UMM_MUST_USE enum umm_status umm_snapshot_take(const struct umm_choice *choice, bool *is_found,
                                               struct umm_snapshot *snapshot,
                                               struct umm_error *err);

/* The file's text, malloc'ed; and back: UMM_ERR_DATA with the line in err. */
UMM_MUST_USE enum umm_status umm_snapshot_print(const struct umm_snapshot *snapshot, char **text,
                                                size_t *len_bytes, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_snapshot_parse(const char *text, size_t len_bytes,
                                                const char *path, struct umm_snapshot *snapshot,
                                                struct umm_error *err);
UMM_MUST_USE enum umm_status umm_snapshot_read(const char *path, struct umm_snapshot *snapshot,
                                               struct umm_error *err);

/*
 * Fill the table with what is not the same in both, what grew most first (RSS, then PSS);
 * *rss_change is that of the sums.
 */
void umm_snapshot_compare_init(struct umm_table *table);
UMM_MUST_USE enum umm_status umm_snapshot_compare(struct umm_table *table,
                                                  const struct umm_snapshot *before,
                                                  const struct umm_snapshot *after,
                                                  double *rss_change, struct umm_error *err);

void umm_snapshot_free(struct umm_snapshot *snapshot);

#endif
