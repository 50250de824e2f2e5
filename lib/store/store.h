/* SPDX-License-Identifier: MIT */
/*
 * store.h - what the files of the feature store (umm.h) share.
 *
 * A slot of slots.npy, all of it in words of 8 bytes:
 *
 *     | id, then zero bytes   | active | timestamp, ns | expires, ns | generation | check  |
 *       8k - 1 bytes            1        8               8             4            4
 *
 * expires is not in a store of version 1, and NaT in a slot that stays for ever.
 *
 * A slot and its vector are guarded by the generation as by a sequence lock (Boehm, "Can
 * seqlocks get along with programming language memory models?", 2012): odd while they
 * are written; a reader copies with relaxed atomic loads and starts again if it was odd
 * or has changed. A slot's id never changes without it; active may.
 *
 * check is the low half of XXH64 of the vector, with XXH64 of the id's 8k bytes and those of
 * expires, if there is such a field, as its seed, which has the timestamp as its own; 0 of a
 * free one. Only repair, and what hands entries on (store_look.h), looks at it: after a power
 * cut pages may be older than others.
 *
 *     index.umm   | head, 4096 bytes | table 0 | table 1 | heap | places | heap | places |
 *
 * A table maps the id's XXH64 to a position: linear probing over entries of 32 bits, the
 * position + 2 in the low ones and as much of the hash as fits above; 0 is empty, 1 was
 * removed. The head's turn, modulo 2, says which one is in use. When it has too many
 * removed entries, the other one is filled, and the turn goes on: a reader that finds
 * nothing looks whether the turn is still the same. heap has the inactive positions, the
 * oldest first in a binary heap, and from its end downwards those free again; places says
 * where in the heap a position is. The second heap, not in a store of version 1, has the
 * positions of entries that expire, the first to do so first. Readers only count in it.
 *
 * An entry that has expired stays where it is until its room is wanted, or it is swept: for
 * readers it is absent. The time to live that entries have unless a put says another is in the
 * head, and as a line of text in ttl.umm, if there is one: an index is made again from that.
 *
 * is_dirty is set, and on the device, before a writer changes anything, and cleared after
 * all it did is on the device. So a writer that finds it set rebuilds the index.
 *
 * Other users may be able to write all three files, and do so while they are mapped. So the head
 * is read once, when it is checked; a writer has its own counts, and tells the head what they
 * are. Positions, places and turns that are read from the files are checked at each use, from
 * one copy; loops over the files end by numbers that are not in them.
 */
#ifndef UMM_STORE_STORE_H
#define UMM_STORE_STORE_H

#include "sys/lock.h"
#include "sys/map.h"
#include "umm.h"
#include "umm/mem.h"
#include "umm/store.h"

#define UMM_STORE_NEVER INT64_MAX /* as an expiry */
#define UMM_STORE_NAT   INT64_MIN /* NumPy's: the same in a file */
enum { UMM_STORE_HEAD_BYTES = 4096, UMM_STORE_ID_WORDS_MAX = (UMM_STORE_ID_MAX + 1) / 8 };
enum { UMM_STORE_REMOVED = 1, UMM_STORE_FIRST = 2 };
/*
 * As many entries of a table one after the other, none of them empty: the table is damaged. In
 * a sound one, which is three quarters full at most, the longest run is some hundreds, whatever
 * its size (Knuth, TAOCP 3, 6.4).
 */
enum { UMM_STORE_RUN_MAX = 65536 };
#define UMM_STORE_POSITIONS_MAX (UINT64_C(1) << 30)
#define UMM_STORE_NOWHERE       UINT32_MAX

/* What only the writer changes. */
struct umm_store_counts {
    uint64_t turn;
    uint64_t n_filled; /* entries of the table in use that are not empty */
    uint64_t n_used;   /* positions below were used at least once */
    uint64_t n_entries, n_inactive, n_free;
    uint64_t n_puts, n_evictions;
    uint64_t n_expiring; /* entries that will expire, or have */
};

/* The first bytes of index.umm, in this machine's byte order. */
struct umm_store_head {
    char magic[8];
    uint32_t version, byte_order;
    uint64_t max_positions;
    uint32_t dim, id_words;
    uint64_t seed; /* of the hash */
    uint32_t table_log2, position_bits;
    uint32_t is_dirty;
    uint32_t is_replaced; /* another file has this one's name, or is about to */
    struct umm_store_counts counts;
    int64_t ttl_ns; /* 0: for ever */
};

/* What all files of a store have in common. */
struct umm_store_shape {
    uint64_t max_positions;
    uint32_t dim, id_words;
    bool has_expiry; /* version 2 */
    int64_t ttl_ns;
};

/* Which file a map is of. */
struct umm_store_file {
    uint64_t device, inode;
};

struct umm_store_server;

struct umm_store {
    struct umm_arena arena;          /* of the paths and of this */
    struct umm_store_server *server; /* not NULL: on a server (store_server.h) */
    const char *path, *vectors_path, *slots_path, *index_path, *ttl_path;
    bool is_writer;
    bool is_jammed; /* a table had a run of RUN_MAX */
    bool is_spoilt; /* the index could not be made again: it stays dirty */
    uint64_t n_cleared;
    unsigned n_rebuilds; /* because the index did not fit the slots */
    uint64_t turnover;   /* how often a reader opened the files anew */
    uint64_t first_nap_ns, napped_ns;
    struct umm_lock lock;
    struct umm_map vectors_map, slots_map, index_map;
    struct umm_store_file vectors_file, slots_file;
    /* Checked when the store was opened; what the head says may change under us. */
    uint64_t max_positions;
    uint32_t dim, id_words;
    bool has_expiry;
    int64_t ttl_ns;
    size_t tail_words; /* of a slot before its generation */
    size_t slot_bytes, row_bytes;
    char *vectors, *slots; /* of position 0 */
    struct umm_store_head *head;
    uint32_t *tables[2];
    struct {
        uint32_t *items, *places;
    } heaps[2]; /* by enum umm_store_order */
    uint32_t table_log2, position_bits;
    uint64_t seed;
    struct umm_store_counts counts; /* a writer's: those of the head are never read again */
};

/* An id with zero bytes after it, as a slot has it, and its hash with that seed. */
struct umm_store_key {
    uint64_t words[UMM_STORE_ID_WORDS_MAX];
    uint64_t hash, seed;
};

/* ---- slots (store_slots.c) -------------------------------------------------- */

/* False: no store of this kind has such an id. */
bool umm_store_make_key(const struct umm_store *store, const void *id, size_t id_bytes,
                        struct umm_store_key *key);
void umm_store_hash_key(const struct umm_store *store, struct umm_store_key *key);

/* Whether an id has a character that no id has, such as a zero byte. */
bool umm_store_has_control(const char *id, size_t id_bytes);

enum umm_store_reading {
    UMM_STORE_READ_OK,
    UMM_STORE_READ_OTHER,
    UMM_STORE_READ_TORN,
    UMM_STORE_READ_EXPIRED
};

/*
 * Copy a slot and its vector (either may be NULL). key not NULL: READ_OTHER when the
 * slot has another id; NULL: when it has none. *now_ns is the time that expiry is judged by; where
 * it is 0, it is set to the present one when an entry needs it. NULL: nothing is expired.
 */
enum umm_store_reading umm_store_read(const struct umm_store *store, uint32_t position,
                                      const struct umm_store_key *key, int64_t *now_ns,
                                      struct umm_store_entry *entry, float *vector);

/*
 * The same of any slot with an id, neither being NULL, and whether the check is that of
 * this copy; of an empty one: whether it has none.
 */
enum umm_store_reading umm_store_read_checked(const struct umm_store *store, uint32_t position,
                                              struct umm_store_entry *entry, float *vector,
                                              bool *is_sound);

/*
 * A slot is odd for a fraction of a microsecond, unless its writer was interrupted, or
 * killed: a reader tries again at once, then after naps, 20 ms in all. No writer leaves many
 * slots so: after naps of a second in all, there are few more.
 */
enum { UMM_STORE_TRIES = 1000, UMM_STORE_NAPS = 20 };
void umm_store_nap(struct umm_store *store);

/* What is written beside key and vector; an expiry other than NEVER where there is a field. */
struct umm_store_stamp {
    int64_t timestamp_ns, expires_ns;
    bool is_active;
};

/* Write a slot with its vector. */
void umm_store_write(struct umm_store *store, uint32_t position, const struct umm_store_key *key,
                     const float *vector, const struct umm_store_stamp *stamp);

/* Write an empty slot. */
void umm_store_clear(struct umm_store *store, uint32_t position);

/* Set whether it is active; that is one byte. */
void umm_store_set_active(struct umm_store *store, uint32_t position, bool is_active);

bool umm_store_is_taken(const struct umm_store *store, uint32_t position); /* has an id */
bool umm_store_is_active(const struct umm_store *store, uint32_t position);
bool umm_store_has_key(const struct umm_store *store, uint32_t position,
                       const struct umm_store_key *key);
int64_t umm_store_timestamp(const struct umm_store *store, uint32_t position);
int64_t umm_store_expires(const struct umm_store *store, uint32_t position); /* or NEVER */

/* Whether that expiry has passed; *now_ns as for umm_store_read. */
bool umm_store_has_passed(int64_t expires_ns, int64_t *now_ns);

/* The id of a slot. False: it has none. For the writer, which sees no slot torn. */
bool umm_store_slot_key(const struct umm_store *store, uint32_t position,
                        struct umm_store_key *key);

/* Whether a slot is whole: even, and its check fits (that of an empty one is 0). */
bool umm_store_is_whole(const struct umm_store *store, uint32_t position);

void umm_store_prefetch(const struct umm_store *store, uint32_t position);

/* ---- the index (store_index.c) ---------------------------------------------- */

struct umm_store_probe {
    const uint32_t *table;
    uint64_t at, n_left;
    uint32_t tag;
};

/*
 * Begin to look for the key. After a miss ask whether the tables have turned meanwhile:
 * then the one that was looked at may have been emptied under the reader.
 */
void umm_store_probe_begin(const struct umm_store *store, const struct umm_store_key *key,
                           struct umm_store_probe *probe, uint64_t *turn);
bool umm_store_has_turned(const struct umm_store *store, uint64_t turn);

/* The next position that may have the key, or NOWHERE. */
uint32_t umm_store_probe_next(const struct umm_store *store, struct umm_store_probe *probe);

/* After NOWHERE: the store is jammed if no empty entry was the reason. */
void umm_store_probe_end(struct umm_store *store, const struct umm_store_probe *probe);

void umm_store_prefetch_table(const struct umm_store *store, const struct umm_store_key *key);

/* For the writer: where the key is, or NOWHERE. */
uint32_t umm_store_find(struct umm_store *store, const struct umm_store_key *key);

/* False: there is no room, though there must be some. */
bool umm_store_insert(struct umm_store *store, const struct umm_store_key *key, uint32_t position);
void umm_store_remove(struct umm_store *store, const struct umm_store_key *key, uint32_t position);

/*
 * Tables, heap and counts from the slots; torn ones and the older of twins are emptied.
 * UMM_ERR_DATA: another program writes the files meanwhile; the store is spoilt then.
 */
UMM_MUST_USE enum umm_status umm_store_rebuild(struct umm_store *store, struct umm_error *err);

/* Tell the head the counts, except the turn, which fills a table first. */
void umm_store_publish(struct umm_store *store);

/* UMM_ERR_DATA about the index, when it is damaged or changes under a writer. */
enum umm_status umm_store_refuse_index(const struct umm_store *store, struct umm_error *err);

/* ---- positions that can be had (store_heap.c) -------------------------------- */

/* Which heap: the inactive, the oldest first; those that expire, the first to do so first. */
enum umm_store_order { UMM_STORE_BY_AGE, UMM_STORE_BY_EXPIRY };

void umm_store_heap_push(struct umm_store *store, enum umm_store_order order, uint32_t position);
void umm_store_heap_remove(struct umm_store *store, enum umm_store_order order, uint32_t position);
uint32_t umm_store_heap_first(const struct umm_store *store,
                              enum umm_store_order order);                    /* or NOWHERE */
void umm_store_heap_pop(struct umm_store *store, enum umm_store_order order); /* that one */

/* Into the heaps that an entry belongs to; out of them, before its times or activity change. */
void umm_store_list(struct umm_store *store, uint32_t position, bool is_active, int64_t expires_ns);
void umm_store_unlist(struct umm_store *store, uint32_t position);

/* For any process: how many have expired, and how many of these are inactive. */
void umm_store_count_expired(const struct umm_store *store, uint64_t *n, uint64_t *n_inactive);

void umm_store_free_push(struct umm_store *store, uint32_t position);
uint32_t umm_store_free_next(const struct umm_store *store); /* what pop will return */
uint32_t umm_store_free_pop(struct umm_store *store);

/* ---- ids (store_id.c) --------------------------------------------------------- */

/* UMM_ERR_ARGUMENT: why it is no id that this store can have. */
enum umm_status umm_store_refuse_id(const struct umm_store *store, const char *id, size_t id_bytes,
                                    struct umm_error *err);

/* ---- entries that have to go (store_room.c) ------------------------------------------ */

/* A position for a new id: a free one, or that of an entry that goes; or NOWHERE. */
uint32_t umm_store_take_room(struct umm_store *store);

/* What umm_store_evict removes next, or NOWHERE; its removal, and what it was unless NULL. */
uint32_t umm_store_oldest(struct umm_store *store);
bool umm_store_drop_oldest(struct umm_store *store, struct umm_store_entry *entry);

/* Free the position of the entry that expired first; false: none has. */
bool umm_store_drop_expired(struct umm_store *store);

/* ---- figures (store.c) ------------------------------------------------------- */

/* What umm_store_info gives, of files that are mapped, as if nothing had expired. */
void umm_store_fill_info(const struct umm_store *store, struct umm_store_info *info);

/* ---- files (store_files.c) --------------------------------------------------- */

/*
 * A reader whose index was replaced opens the files anew. UMM_ERR_CONFLICT: they are another store
 * now, with ids or vectors of another size. After any failure the store is as it was.
 */
enum umm_status umm_store_refresh(struct umm_store *store, struct umm_error *err);

#endif
