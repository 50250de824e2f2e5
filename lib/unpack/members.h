/* SPDX-License-Identifier: MIT */
/*
 * members.h - the members of an archive that may be text, in order by name; private to unpack/.
 */
#ifndef UMM_UNPACK_MEMBERS_H
#define UMM_UNPACK_MEMBERS_H

#include "umm.h"
#include "unpack/container.h"

struct umm_member {
    char *name;
    size_t index; /* among all entries of the archive, from 0 */
    uint64_t size_bytes, position;
};

/* All zero is none. pattern, if it is not NULL, is that of umm_members_take. */
struct umm_members {
    const char *pattern;
    struct umm_member *items;
    size_t n, cap;
    size_t n_entries;  /* looked at, members or not */
    uint64_t *entries; /* hashes of their names; room as for a power of two */
    bool is_in_order;  /* by name is by index */
};

/*
 * Look at the next entry of the archive and take it if it is a file whose name, whole or after its
 * last slash, fits the pattern as fnmatch(3) has it. UMM_ERR_DATA for an entry
 * that is not to be passed over: its name leads out of the archive, or it fits and is encrypted, a
 * link or a device.
 */
UMM_MUST_USE enum umm_status umm_members_take(struct umm_members *members,
                                              const struct umm_container_entry *entry,
                                              struct umm_error *err);

/* All were looked at: put them in order. UMM_ERR_DATA for two of one name. */
UMM_MUST_USE enum umm_status umm_members_sort(struct umm_members *members, struct umm_error *err);

/* After the sort: whether an entry, member or not, has that name, without a slash at its end. */
bool umm_members_has_entry(const struct umm_members *members, const char *name, size_t len_bytes);

/* The place of that name; n if there is none. */
size_t umm_members_find(const struct umm_members *members, const char *name);

void umm_members_free(struct umm_members *members);

#endif
