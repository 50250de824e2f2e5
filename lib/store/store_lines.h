/* SPDX-License-Identifier: MIT */
/*
 * store_lines.h - entries of a feature store as text and as records, in and out.
 *
 *     line     id,v1,...,vd
 *     row      id,active,timestamp,v1,...,vd     of an export, with a header line
 *     record   the id in id_max_bytes, zero bytes after it, and d little-endian float32
 *
 * An id with a comma or a quote is quoted as in CSV. Values have the fewest digits that
 * read back to the same float32; nan, inf and -inf are values. active is 1 or 0, the
 * timestamp ISO 8601 in UTC. An .npy export is a struct of id (S), active (b1), timestamp
 * (M8[ns]) and v0 to v<d-1> (f4).
 */
#ifndef UMM_STORE_STORE_LINES_H
#define UMM_STORE_STORE_LINES_H

#include "umm.h"
#include "umm/store.h"

/*
 * Put what comes from the file (or stream) open at fd, each line or record as soon as it
 * is complete, with the time it came. *n_put is how many went in, also on failure: a bad
 * line is UMM_ERR_DATA with its place, those before it stay. UMM_ERR_CANCELLED.
 */
UMM_MUST_USE enum umm_status umm_store_put_stream(struct umm_store *store, int fd, const char *path,
                                                  bool is_binary, struct umm_run *run,
                                                  uint64_t *n_put, struct umm_error *err);

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

/* Put all entries of an export back, with their timestamps and as active as they were. */
UMM_MUST_USE enum umm_status umm_store_import(struct umm_store *store, const char *path,
                                              struct umm_run *run, uint64_t *n_rows,
                                              struct umm_error *err);

#endif
