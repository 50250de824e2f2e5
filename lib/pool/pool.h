/* SPDX-License-Identifier: MIT */
/*
 * pool.h - complete, read-only .npy files in a directory of memory, which any number
 * of processes map and nobody copies.
 *
 *     /dev/shm/umm.<uid>.<name>/     mode 0700, the user's own
 *         .umm-pool                  two lines of text: version, budget
 *         KEY.npy                    an entry, mode 0444
 *         .KEY.npy.umm-0             an entry that is being written (sys/outfile.h)
 *         .umm-ledger                what all entries take: pool_ledger.h
 *
 * An entry appears by rename, complete, so that readers need neither lock nor library:
 * they map the file, and keep what they have mapped when it is replaced or removed.
 * Changes take the lock of the directory, which the kernel drops when its holder dies.
 * There is no other state: what is there is what the directory lists, which the ledger saves a
 * put from reading; what a killed writer left is removed by the next change or look.
 *
 * The budget bounds the sizes of the entries and of those being written. An entry that
 * is being replaced does not count beside its successor; nor does one that was replaced
 * or removed, though its memory stays until the last process unmaps it.
 *
 * Everything goes through the directory's descriptor; links are not followed. A pool
 * that is open may be used by one thread at a time; processes do not disturb each other.
 */
#ifndef UMM_POOL_POOL_H
#define UMM_POOL_POOL_H

#include "format/npy.h"
#include "sys/outfile.h"
#include "umm.h"

/* In bytes. A key's file name, with what outfile.h adds, is at most 255. */
enum { UMM_POOL_NAME_MAX = 64, UMM_POOL_KEY_MAX = 200 };

/* Where pools are unless the caller says otherwise. */
#define UMM_POOL_ROOT "/dev/shm"

/* An open pool. Private, except its path and budget to read; all zero is "none". */
struct umm_pool {
    int fd;
    char *path;
    uint64_t budget_bytes;
};

/* ---- what is in it ------------------------------------------------------- */

struct umm_pool_entry {
    char *key; /* in the scan's own memory */
    uint64_t size_bytes;
    uint64_t device, inode;
    unsigned mode;
    int64_t modified_ns; /* since 1970 */
};

/* All of a pool at one moment. Private memory; free it with umm_pool_scan_free. */
struct umm_pool_scan {
    char **names;
    struct umm_pool_entry *entries; /* sorted by key */
    size_t n_entries;
    uint64_t used_bytes;
    const char **writers; /* the files of n_writers entries being written */
    size_t n_writers;
    uint64_t writing_bytes;
    size_t n_collected; /* files of killed writers that this scan removed */
    bool has_ledger;
    size_t n_foreign; /* files that no pool has */
    const char *foreign;
};

UMM_MUST_USE enum umm_status umm_pool_scan(const struct umm_pool *pool, const struct umm_run *run,
                                           struct umm_pool_scan *scan, struct umm_error *err);
void umm_pool_scan_free(struct umm_pool_scan *scan);

/* The path of an entry, which need not exist; malloc'ed. A final ".npy" is dropped from key. */
UMM_MUST_USE enum umm_status umm_pool_entry_path(const struct umm_pool *pool, const char *key,
                                                 char **path, struct umm_error *err);

/*
 * Open an entry for reading and read its header; the caller closes *fd and frees *npy.
 * UMM_ERR_DATA when it is not a complete .npy file and nothing else.
 */
UMM_MUST_USE enum umm_status umm_pool_open_entry(const struct umm_pool *pool, const char *key,
                                                 int *fd, struct umm_npy *npy,
                                                 struct umm_error *err);

/* ---- changes ------------------------------------------------------------- */

/* An entry was put, or err says why not. */
typedef void umm_pool_told(void *user, const char *key, const struct umm_error *err);

/*
 * umm_pool_put for every file KEY.npy of the directory dir, in the order of their names; other
 * files and names with a dot in front are passed over. One that fails does not keep the others
 * from being put: told, with user, hears of each. UMM_ERR_DATA where dir has no such file,
 * UMM_ERR_CANCELLED; failures of the directory.
 */
UMM_MUST_USE enum umm_status umm_pool_put_from(const struct umm_pool *pool, const char *dir,
                                               const struct umm_run *run, umm_pool_told *told,
                                               void *user, struct umm_error *err);

/*
 * umm_pool_put for an array that the caller writes: begin, write through umm_outfile_fd,
 * then commit (which ends *out as umm_outfile_commit does), or umm_outfile_abort.
 * size_bytes is 0 when it is not known yet: commit asks for the budget then. label names
 * the output in messages, and must live as long as *out.
 */
UMM_MUST_USE enum umm_status umm_pool_begin(const struct umm_pool *pool, const char *key,
                                            uint64_t size_bytes, const char *label,
                                            struct umm_run *run, struct umm_outfile *out,
                                            struct umm_error *err);
UMM_MUST_USE enum umm_status umm_pool_commit(const struct umm_pool *pool, const char *key,
                                             const struct umm_outfile_options *options,
                                             const struct umm_run *run, struct umm_outfile *out,
                                             bool *is_changed, struct umm_error *err);

#endif
