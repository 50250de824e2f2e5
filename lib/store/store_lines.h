/* SPDX-License-Identifier: MIT */
/*
 * store_lines.h - entries of a feature store as text and as records, in and out.
 *
 *     line     id,v1,...,vd
 *     named    fields in the order of a header line: id, timestamp if it is there, and values,
 *              whose places are their names v0 to v<d-1> or v1 to v<d>, or their order where
 *              none has such a name
 *     row      id,active,timestamp,expires,v1,...,vd   of an export, with a header line; without
 *              expires where the store has no such field
 *     record   the id in id_max_bytes, zero bytes after it, and d little-endian float32
 *
 * An id with a comma or a quote is quoted as in CSV. Values have the fewest digits that
 * read back to the same float32; nan, inf and -inf are values. active is 1 or 0, timestamp and
 * expires are ISO 8601 in UTC, expires of what stays for ever is empty. An .npy export is a struct
 * of id (S), active (b1), timestamp and expires (M8[ns]) and v0 to v<d-1> (f4).
 */
#ifndef UMM_STORE_STORE_LINES_H
#define UMM_STORE_STORE_LINES_H

#include "umm.h"
#include "umm/store.h"

/*
 * is_binary     records instead of lines
 * has_header    lines are named
 * is_empty_nan  a field without text is a value, NaN
 * ttl_ns        of each row, as in struct umm_store_row
 */
struct umm_store_put_options {
    bool is_binary, has_header, is_empty_nan;
    int64_t ttl_ns;
    enum umm_store_put_mode mode;
};

/* How many rows went in, or were passed over as not newer. */
struct umm_store_taken {
    uint64_t n_put, n_older;
};

/*
 * Put what comes from the file (or stream) open at fd, each line or record as soon as it
 * is complete, with its timestamp or else the time it came. A timestamp is ISO 8601, in UTC unless
 * it has a zone, or an epoch whose unit is told by its magnitude, or as umm_time_detect has it:
 * all are written as the first one. *taken also on failure: a bad line is UMM_ERR_DATA with its
 * place, those before it stay. UMM_ERR_CANCELLED.
 */
UMM_MUST_USE enum umm_status umm_store_put_stream(struct umm_store *store, int fd, const char *path,
                                                  const struct umm_store_put_options *options,
                                                  struct umm_run *run,
                                                  struct umm_store_taken *taken,
                                                  struct umm_error *err);

/* Room for an entry of dim values as a line or row, and its bytes written at out. */
size_t umm_store_line_max(uint32_t dim);
size_t umm_store_print_line(char *out, const struct umm_store_entry *entry, const float *vector,
                            uint32_t dim);

/*
 * Write all entries, in order of positions, to the output path: an .npy file if it ends
 * so, else rows ("-": standard output). Complete or not at all, except for *n_torn entries that
 * stay half written. UMM_ERR_DATA: an entry is damaged.
 */
UMM_MUST_USE enum umm_status umm_store_export(struct umm_store *store, const char *path,
                                              struct umm_run *run, uint64_t *n_rows,
                                              uint64_t *n_torn, struct umm_error *err);

/*
 * Put all entries of an export back, with their timestamps and expiries, and as active as they
 * were; where the export has no expiries, with the store's time to live.
 */
UMM_MUST_USE enum umm_status umm_store_import(struct umm_store *store, const char *path,
                                              enum umm_store_put_mode mode, struct umm_run *run,
                                              struct umm_store_taken *taken, struct umm_error *err);

#endif
