/* SPDX-License-Identifier: MIT */
/*
 * umm/store.h - vectors by id in files that many processes map.
 *
 * The conventions are those of umm.h.
 */
#ifndef UMM_STORE_H
#define UMM_STORE_H

#include "umm.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Vectors of float32 by id in files that many processes map: any number of readers and
 * one writer at a time. A store is a directory:
 *
 *     vectors.npy   max_positions x dim, <f4
 *     slots.npy     per position: id (bytes), active (bool), timestamp (<M8[ns]),
 *                   expires (<M8[ns], NaT: never), generation (<u4: 0 never used, odd while
 *                   written), check (<u4)
 *     index.umm     from id to position, and the order in which inactive ones go;
 *                   rebuilt from the slots when there is doubt
 *
 * Both arrays may be read with NumPy, mapped; write them only with umm. A full store
 * gives a position whose entry has expired to a new id, else the oldest inactive one (by
 * timestamp).
 *
 * An entry may have a time to live, counted from its timestamp. Once the wall clock
 * (CLOCK_REALTIME) has reached its expiry, the entry is absent for all that read, though its
 * room is not taken yet. A store of the first version has no field for that: it is read and
 * written, and its entries stay for ever.
 *
 * Readers take no lock, wait for nobody and never see half a vector. When a writer is
 * killed in the middle of a vector, its id cannot be told (UMM_ERR_BUSY) until the next
 * writer opens the store, and is absent then. What is put is seen at once by all; it survives a
 * power cut once umm_store_sync, umm_store_close or the store's creation has returned.
 *
 * The files may be damaged, or written by other programs while they are open: what is read
 * may be wrong then, but no call reads or writes outside of them, or goes on for ever. A file
 * that is cut while it is open is SIGBUS, for which the caller may have a handler.
 *
 * Put, get, mark and list cost constant time, eviction log(n); opening also does, unless
 * a writer was killed before. One thread at a time per open store: threads open their own.
 */
struct umm_store;

enum { UMM_STORE_ID_MAX = 247, UMM_STORE_DIM_MAX = 1 << 20 };

/*
 * max_positions  at most 2^30; 0 means 1000
 * dim            floats in a vector, 1 to UMM_STORE_DIM_MAX; 0 means 32
 * id_max_bytes   the longest id, up to UMM_STORE_ID_MAX; 0 means 31. Room is 7, 15, 23,
 *                31, 39, ... bytes: the next of these is taken
 * ttl_ns         how long entries live whose put says nothing else, at least 1 ms; 0: for ever
 */
struct umm_store_options {
    uint64_t max_positions;
    uint32_t dim;
    uint32_t id_max_bytes;
    int64_t ttl_ns;
};

/*
 * Make the directory path with an empty store, all its room reserved: a full device is
 * an error now. Nothing is done when there is a store of that shape, empty or not;
 * UMM_ERR_CONFLICT when there is anything else. Another process that makes it is waited for
 * until run is cancelled, or as long as run allows.
 */
UMM_MUST_USE enum umm_status umm_store_create(const char *path,
                                              const struct umm_store_options *options,
                                              struct umm_run *run, struct umm_error *err);

/*
 * A store may also be on a Redis server (7.0 or newer), where clients on many machines read and
 * write it at once: its path is then a place there,
 *
 *     redis://[USER@]HOST[:PORT][/DB][?prefix=NAME&timeout=5s]
 *     unix:PATH[?db=DB&user=USER&prefix=NAME&timeout=5s]
 *
 * and all functions mean the same, except that there is no lock, so that nobody waits for another
 * writer; that a put is on the server when it returns, and survives what the server's settings let
 * it survive; that positions are given in the order of first puts, and never twice; and that what
 * expired is gone (n_expired is 0). An id whose value the server dropped for lack of memory is
 * absent also, though it is counted until it is put again. A name "./redis:" is that of a
 * directory.
 *
 * A connection that breaks is opened again, and a change that may have been lost is asked for
 * again: it is done once. Failures, besides those of each function:
 *
 *     UMM_ERR_SYSTEM       there is no server, or it closed the connection
 *     UMM_ERR_BUSY         it does not answer in time, is loading, full, or lacks replicas; whether
 *                          a change was made is not known where there was no answer
 *     UMM_ERR_CONFLICT     it is a replica, or the store was replaced by another
 *     UMM_ERR_ARGUMENT     it wants a login, or does not take this one; the place is none, or has a
 *                          password, which others would see
 *     UMM_ERR_DATA         it is no Redis server, or the store has another format
 *     UMM_ERR_ABSENT       there is no store
 *     UMM_ERR_UNSUPPORTED  built without hiredis; TLS, or a cluster
 *     UMM_ERR_CANCELLED    by reach->run
 */
UMM_MUST_USE bool umm_store_is_place(const char *path);

/*
 * How a store on a server is reached; one in a directory ignores it. Zero-initialise it.
 *
 * user, password  NULL: none, or the user of the place; both are copied
 * timeout_ns      how long each answer may take, and a connection until it is there again; 0: as
 *                 the place says, else 5 s
 * n_replicas      a put is done when that many replicas of the server have it
 * run             cancels the waits of all calls; it must last as long as the store. NULL: none
 */
struct umm_store_reach {
    const char *user, *password;
    uint64_t timeout_ns;
    unsigned n_replicas;
    const struct umm_run *run;
};

enum umm_store_access {
    UMM_STORE_READ,
    UMM_STORE_WRITE,    /* wait until no other writer has it, or run is cancelled */
    UMM_STORE_WRITE_NOW /* UMM_ERR_BUSY when one has */
};

/*
 * Open the store in the directory path. UMM_ERR_DATA for what is no store, or a damaged
 * one; UMM_ERR_CONFLICT for a writer when one of its files is a link out of it. A writer
 * that finds the traces of a killed one repairs them first, in time linear in the
 * store's size.
 */
UMM_MUST_USE enum umm_status umm_store_open(const char *path, enum umm_store_access access,
                                            struct umm_run *run, struct umm_store **store,
                                            struct umm_error *err);

/* The same, with how a server is reached; NULL is for all defaults. */
UMM_MUST_USE enum umm_status umm_store_create_with(const char *path,
                                                   const struct umm_store_options *options,
                                                   const struct umm_store_reach *reach,
                                                   struct umm_run *run, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_store_open_with(const char *path, enum umm_store_access access,
                                                 const struct umm_store_reach *reach,
                                                 struct umm_run *run, struct umm_store **store,
                                                 struct umm_error *err);

/*
 * What should be known about the place of an open store, "the server ...", such as that it drops
 * keys when its memory is full; NULL: nothing. Valid until the close.
 */
const char *umm_store_warning(const struct umm_store *store);

/* Sync if it was open for writing, let go of everything. NULL is allowed. */
enum umm_status umm_store_close(struct umm_store *store, struct umm_error *err);

/* All that was put so far is on the device. */
UMM_MUST_USE enum umm_status umm_store_sync(struct umm_store *store, struct umm_error *err);

/*
 * n_entries are active or inactive, and have not expired; n_expired have, and their room was not
 * taken yet. n_bytes is what the files take; n_puts and n_evictions count since creation or the
 * last repair, and what expired is not evicted; n_cleared are positions that this opening found
 * half written, or with an id that a newer one has, and emptied. ttl_ns is that of the options.
 */
struct umm_store_info {
    uint64_t max_positions;
    uint32_t dim, id_max_bytes;
    uint64_t n_entries, n_inactive;
    uint64_t n_puts, n_evictions;
    uint64_t n_bytes;
    uint64_t n_cleared;
    uint64_t n_expired;
    int64_t ttl_ns;
};

/* In time linear in n_expired. */
UMM_MUST_USE enum umm_status umm_store_info(const struct umm_store *store,
                                            struct umm_store_info *info, struct umm_error *err);

/*
 * A position's slot. id is terminated. generation is another after each write of the slot or its
 * vector: what was computed from an entry counts as long as position, generation and timestamp are
 * as they were. position is the entry's place in the order of umm_store_next, and stays as long as
 * the entry does.
 */
struct umm_store_entry {
    char id[UMM_STORE_ID_MAX + 1];
    size_t id_bytes;
    bool is_active;
    int64_t timestamp_ns; /* since 1970 */
    uint64_t position;
    uint32_t generation;
    int64_t expires_ns; /* since 1970; INT64_MAX: never */
};

/*
 * Store a vector of dim floats under the id_bytes bytes at id, active and with the store's time
 * to live, new or in place of the one it has. UMM_ERR_ARGUMENT for an id that is empty, too long or
 * has a control character; UMM_ERR_CONFLICT when the store is full of active ones; UMM_ERR_DATA,
 * then and ever after, when another program writes the index.
 */
UMM_MUST_USE enum umm_status umm_store_put(struct umm_store *store, const void *id, size_t id_bytes,
                                           const float *vector, int64_t timestamp_ns,
                                           struct umm_error *err);

/*
 * Copy the id's vector, and its slot; either may be NULL, and has any content after a
 * failure. UMM_ERR_ABSENT: no entry has the id. UMM_ERR_BUSY: it could not be told, as an
 * entry that may be the id's is half written, by a writer that was killed or is stopped.
 * UMM_ERR_DATA: the index is damaged, and does not lead to it. Other failures: the store was
 * replaced by one that cannot be opened.
 */
UMM_MUST_USE enum umm_status umm_store_get(struct umm_store *store, const void *id, size_t id_bytes,
                                           float *vector, struct umm_store_entry *entry,
                                           struct umm_error *err);

/*
 * Many at once, which hides the time memory takes: n ids, each in cell_bytes with zero
 * bytes at its end (as in NumPy's S type), n vectors end to end, whether each was found,
 * and how many were; vectors of others have any content. An id that is absent is no
 * failure. After one, which is that of the first id that could not be told, is_found is
 * false from that id on.
 */
UMM_MUST_USE enum umm_status umm_store_get_many(struct umm_store *store, const char *ids,
                                                size_t cell_bytes, size_t n, float *vectors,
                                                bool *is_found, size_t *n_found,
                                                struct umm_error *err);

/* The same for put; *n_put is n unless the next one failed. */
UMM_MUST_USE enum umm_status umm_store_put_many(struct umm_store *store, const char *ids,
                                                size_t cell_bytes, size_t n, const float *vectors,
                                                int64_t timestamp_ns, size_t *n_put,
                                                struct umm_error *err);

/* Times to live that are none: the store's own; no expiry. */
enum { UMM_STORE_TTL = 0, UMM_STORE_FOR_EVER = -1 };

/*
 * An entry to be put: dim floats, and when what they tell of happened. It expires at
 * timestamp_ns + ttl_ns, never where that is past the last time there is. ttl_ns is at least
 * 1 ms, UMM_STORE_TTL or UMM_STORE_FOR_EVER.
 */
struct umm_store_row {
    const void *id;
    size_t id_bytes;
    const float *vector;
    int64_t timestamp_ns;
    int64_t ttl_ns;
    bool is_inactive;
};

enum umm_store_put_mode {
    UMM_STORE_PUT_ALL,
    UMM_STORE_PUT_NOT_OLDER, /* pass over a row whose timestamp is before that of what its id has */
    UMM_STORE_PUT_NEWER /* pass over a row whose timestamp is not after that of what its id has,
                           which may have expired, as long as its room was not taken */
};

/*
 * Put n rows, in order, each as umm_store_put does: *n_put of them, *n_older passed over. The
 * sum of both is the index of the row that failed, or n. A row that has expired already takes
 * the place of what its id has, and is absent at once; it is counted in *n_put. Each row is seen
 * whole or not at all; some may be seen before others. UMM_ERR_UNSUPPORTED: the row has a time
 * to live, and the store is one of the first version.
 */
UMM_MUST_USE enum umm_status umm_store_put_rows(struct umm_store *store,
                                                const struct umm_store_row *rows, size_t n,
                                                enum umm_store_put_mode mode, size_t *n_put,
                                                size_t *n_older, struct umm_error *err);

/*
 * Mark an id as not needed: it stays until its room is. UMM_ERR_ABSENT: there is none;
 * UMM_ERR_ARGUMENT: the store is open for reading only.
 */
UMM_MUST_USE enum umm_status umm_store_mark_inactive(struct umm_store *store, const void *id,
                                                     size_t id_bytes, struct umm_error *err);

/*
 * Remove the oldest inactive entry; entry, unless NULL, is then what it was.
 * UMM_ERR_ABSENT: none is inactive; UMM_ERR_ARGUMENT: the store is open for reading only.
 */
UMM_MUST_USE enum umm_status umm_store_evict(struct umm_store *store, struct umm_store_entry *entry,
                                             struct umm_error *err);

/*
 * Free the room of up to n_max entries that have expired, those first that did so first;
 * *n_evicted of them, also on failure. UMM_ERR_ARGUMENT: the store is open for reading only.
 */
UMM_MUST_USE enum umm_status umm_store_evict_expired(struct umm_store *store, uint64_t n_max,
                                                     uint64_t *n_evicted, struct umm_error *err);

/*
 * The first entry at `position` or after it, in order of positions, with its vector unless
 * that is NULL. For listing: go on with entry->position + 1, until UMM_ERR_ABSENT, the end.
 * UMM_ERR_BUSY: the one at entry->position is half written, as for umm_store_get; go on
 * after it, or not.
 */
UMM_MUST_USE enum umm_status umm_store_next(struct umm_store *store, uint64_t position,
                                            struct umm_store_entry *entry, float *vector,
                                            struct umm_error *err);

/*
 * More positions. Readers that have the store open find out when they miss an id. In
 * time linear in the store's size. UMM_ERR_CONFLICT: fewer than there are.
 */
UMM_MUST_USE enum umm_status umm_store_resize(struct umm_store *store, uint64_t max_positions,
                                              struct umm_error *err);

#ifdef __cplusplus
}
#endif

#endif
