/* SPDX-License-Identifier: MIT */
/*
 * pool_ledger.h - what all entries of a pool take, without a look at each; private to pool*.c.
 *
 *     .umm-ledger    | checksum, mark, sum of the settled files, their number | names of others |
 *
 * A file is settled when nobody should change it any more: this library has put it, or it is
 * read-only and was not written to for a while. All others that count (entries being written, and
 * what other programs put there) are listed by name, and looked at each time.
 *
 * The ledger is believed only while the directory has its mark, which any change of names takes
 * away: those of programs that know nothing of it, of a writer that was killed between its change
 * and the ledger, and of earlier versions. Otherwise the directory is listed. It is also listed
 * after so many puts, in proportion to the files: what no mark tells, an entry that is written to
 * in place or names that change within the microseconds of a put, is found then. Nothing fails
 * because the ledger cannot be read or written.
 *
 * Every function wants the pool's lock held. From a load to its store one thread has the ledger.
 */
#ifndef UMM_POOL_POOL_LEDGER_H
#define UMM_POOL_POOL_LEDGER_H

#include "pool/pool.h"

#define UMM_POOL_LEDGER ".umm-ledger"

enum { UMM_POOL_LEDGER_NAMES_MAX = 32 }; /* with more the directory is listed each time */

struct umm_pool_ledger {
    bool is_sound; /* all else is of the directory as it is now */
    uint64_t settled_bytes, n_settled;
    uint64_t n_trusts; /* how often it was believed since the directory was listed */
    size_t n_names;
    char names[UMM_POOL_LEDGER_NAMES_MAX][UMM_OUTFILE_NAME_MAX + 1];
};

/* As the pool has it; is_sound is false where it cannot be believed. */
void umm_pool_ledger_load(const struct umm_pool *pool, struct umm_pool_ledger *ledger);

/* What all files take that count for the budget, by the ledger or by a list of the directory. */
UMM_MUST_USE enum umm_status umm_pool_ledger_count(const struct umm_pool *pool,
                                                   struct umm_pool_ledger *ledger,
                                                   uint64_t *used_bytes, struct umm_error *err);

/*
 * What changes: _note a file that may change from now on; _settle one of size_bytes that does not
 * any more; _forget one that had size_bytes and is gone, or is about to be replaced.
 */
void umm_pool_ledger_note(struct umm_pool_ledger *ledger, const char *name);
void umm_pool_ledger_settle(struct umm_pool_ledger *ledger, uint64_t size_bytes);
void umm_pool_ledger_forget(struct umm_pool_ledger *ledger, const char *name, uint64_t size_bytes);

/* After the change, unless it is not sound: write it, and mark the directory. */
void umm_pool_ledger_store(const struct umm_pool *pool, const struct umm_pool_ledger *ledger);

#endif
