/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/arrayfile.h"
#include "array/output.h"
#include "base/error.h"
#include "store/store_lines.h"
#include "store/store_look.h"
#include "store/store_text.h"
#include "sys/file.h"
#include "umm/mem.h"
#include "umm/store.h"

static const char HEADER[] = "id,active,timestamp", EXPIRES[] = ",expires";
enum { BLOCK_BYTES = 256 * 1024 };
static const int64_t NOT_A_TIME = INT64_MIN; /* NumPy's NaT */

static bool is_npy(const char *path)
{
    size_t len = strlen(path);
    return len >= 4 && strcmp(path + len - 4, ".npy") == 0;
}

/* ---- out ----------------------------------------------------------------------------- */

/* An export being written: whole rows in a buffer. */
struct writer {
    struct umm_store *store;
    struct umm_outfile out;
    const char *path;
    struct umm_run *run;
    struct umm_store_info info;
    char *buffer;
    size_t len;
    float *vector;
    bool has_expiry;
    uint64_t n_torn;
};

static enum umm_status flush(struct writer *writer, struct umm_error *err)
{
    enum umm_status status = umm_file_write_stream(umm_outfile_fd(&writer->out), writer->path,
                                                   writer->run, writer->buffer, writer->len, err);
    writer->len = 0;
    return status;
}

static void put_text_row(struct writer *writer, const struct umm_store_entry *entry)
{
    char *begin = writer->buffer + writer->len, *end = umm_store_print_id(begin, entry);
    *end++ = ',';
    *end++ = entry->is_active ? '1' : '0';
    *end++ = ',';
    end += umm_time_format_iso(umm_time_from_unit(entry->timestamp_ns, UMM_TIME_NS), end);
    if (writer->has_expiry)
        *end++ = ',';
    if (writer->has_expiry && entry->expires_ns != INT64_MAX)
        end += umm_time_format_iso(umm_time_from_unit(entry->expires_ns, UMM_TIME_NS), end);
    end = umm_store_print_values(end, writer->vector, writer->info.dim);
    writer->len += (size_t)(end - begin);
}

static void put_npy_row(struct writer *writer, const struct umm_store_entry *entry)
{
    char *begin = writer->buffer + writer->len, *at = begin;
    const size_t id_max = writer->info.id_max_bytes, values = writer->info.dim * sizeof(float);
    const int64_t expires_ns = entry->expires_ns == INT64_MAX ? NOT_A_TIME : entry->expires_ns;
    memset(at, 0, id_max);
    memcpy(at, entry->id, entry->id_bytes);
    at += id_max;
    *at++ = entry->is_active;
    memcpy(at, &entry->timestamp_ns, sizeof entry->timestamp_ns);
    at += sizeof entry->timestamp_ns;
    if (writer->has_expiry) {
        memcpy(at, &expires_ns, sizeof expires_ns);
        at += sizeof expires_ns;
    }
    memcpy(at, writer->vector, values);
    writer->len += (size_t)(at - begin) + values;
}

static enum umm_status put_rows(struct writer *writer, bool is_binary, uint64_t *n_rows,
                                struct umm_error *err)
{
    struct umm_store_entry entry;
    enum umm_status status = UMM_OK;
    for (uint64_t at = 0; !status; at = entry.position + 1) {
        bool is_found;
        status = umm_store_next_sound(writer->store, at, &entry, writer->vector, &is_found,
                                      &writer->n_torn, err);
        if (status || !is_found)
            break;
        if (is_binary)
            put_npy_row(writer, &entry);
        else
            put_text_row(writer, &entry);
        ++*n_rows;
        if (writer->len > BLOCK_BYTES)
            status = flush(writer, err);
        if (!status && umm_run_is_cancelled(writer->run))
            status = umm_error_set_cancelled(err);
    }
    return status ? status : flush(writer, err);
}

static enum umm_status describe(const struct umm_store_info *info, bool has_expiry, uint64_t n_rows,
                                struct umm_npy *npy, struct umm_error *err)
{
    const struct umm_npy_type id = {.kind = 'S', .size_bytes = info->id_max_bytes};
    const struct umm_npy_type active = {.kind = 'b', .size_bytes = 1};
    const struct umm_npy_type stamp = {.kind = 'M', .size_bytes = 8, .unit = "ns"};
    const struct umm_npy_type value = {.kind = 'f', .size_bytes = 4};
    *npy = (struct umm_npy){.n_dims = 1, .shape = {n_rows}};
    enum umm_status status = umm_npy_add_field(npy, "id", &id, err);
    if (!status)
        status = umm_npy_add_field(npy, "active", &active, err);
    if (!status)
        status = umm_npy_add_field(npy, "timestamp", &stamp, err);
    if (!status && has_expiry)
        status = umm_npy_add_field(npy, "expires", &stamp, err);
    for (uint32_t i = 0; !status && i < info->dim; i++) {
        char name[16];
        snprintf(name, sizeof name, "v%" PRIu32, i);
        status = umm_npy_add_field(npy, name, &value, err);
    }
    return status;
}

/* The header is as long for any number of rows: once before them, once with their number. */
static enum umm_status put_npy_header(struct writer *writer, uint64_t n_rows, struct umm_error *err)
{
    struct umm_npy npy;
    char *text = NULL;
    size_t len;
    int fd = umm_outfile_fd(&writer->out);
    enum umm_status status = describe(&writer->info, writer->has_expiry, n_rows, &npy, err);
    if (!status)
        status = umm_npy_format(&npy, UMM_NPY_ALIGN, &text, &len, err);
    if (status == UMM_ERR_UNSUPPORTED)
        (void)umm_error_set_path(err, status, writer->path,
                                 "np.load does not read records of %" PRIu32
                                 " values: export CSV, or map the store's vectors.npy",
                                 writer->info.dim);
    if (!status)
        status = umm_file_pwrite_all(fd, writer->path, text, len, 0, err);
    if (!status)
        status = umm_file_seek(fd, writer->path, len, err);
    free(text);
    umm_npy_free(&npy);
    return status;
}

static enum umm_status export_npy(struct writer *writer, uint64_t *n_rows, struct umm_error *err)
{
    if (umm_outfile_is_stream(&writer->out))
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, writer->path,
                                  "an .npy export needs a regular file");
    enum umm_status status = put_npy_header(writer, 0, err);
    if (!status)
        status = put_rows(writer, true, n_rows, err);
    return status ? status : put_npy_header(writer, *n_rows, err);
}

static enum umm_status export_text(struct writer *writer, uint64_t *n_rows, struct umm_error *err)
{
    char *at = writer->buffer;
    at += sprintf(at, "%s%s", HEADER, writer->has_expiry ? EXPIRES : "");
    for (uint32_t i = 0; i < writer->info.dim; i++)
        at += sprintf(at, ",v%" PRIu32, i);
    *at++ = '\n';
    writer->len = (size_t)(at - writer->buffer);
    return put_rows(writer, false, n_rows, err);
}

enum umm_status umm_store_export(struct umm_store *store, const char *path, struct umm_run *run,
                                 uint64_t *n_rows, uint64_t *n_torn, struct umm_error *err)
{
    struct umm_arena arena = {0};
    struct writer writer = {
        .store = store, .path = path, .run = run, .has_expiry = umm_store_keeps_expiry(store)};
    *n_rows = *n_torn = 0;
    enum umm_status status = umm_store_info(store, &writer.info, err);
    if (status)
        return status;
    writer.buffer =
        umm_arena_alloc_raw(&arena, BLOCK_BYTES + 2 * umm_store_line_max(writer.info.dim));
    writer.vector = umm_arena_alloc_array(&arena, writer.info.dim, sizeof(float));
    status = umm_arena_check(&arena, "an export", err);
    if (!status)
        status = umm_output_open_file(&writer.out, path, run, err);
    if (!status)
        status =
            is_npy(path) ? export_npy(&writer, n_rows, err) : export_text(&writer, n_rows, err);
    if (!status)
        status = umm_outfile_commit(&writer.out, NULL, NULL, err);
    *n_torn = writer.n_torn;
    umm_outfile_abort(&writer.out);
    umm_arena_close(&arena);
    return status;
}

/* ---- in ------------------------------------------------------------------------------ */

/* Whether the lines have a field for the expiry, once the header was read. */
struct form {
    bool is_known, has_expiry;
};

static enum umm_status take_header(struct form *form, const struct umm_store_line *line,
                                   struct umm_error *err)
{
    const size_t len = sizeof HEADER - 1, len_expires = sizeof EXPIRES - 1;
    if (line->len < len || memcmp(line->text, HEADER, len) != 0)
        return umm_store_line_bad(line, line->text,
                                  "an export begins with id,active,timestamp, this", err);
    *form = (struct form){.is_known = true,
                          .has_expiry = line->len >= len + len_expires &&
                                        memcmp(line->text + len, EXPIRES, len_expires) == 0};
    return UMM_OK;
}

/* The time to live of what expires then: never, where that is NaT. False: that is before it was. */
static bool find_ttl(int64_t timestamp_ns, int64_t expires_ns, int64_t *ttl_ns)
{
    enum { MS = 1000000 };
    *ttl_ns = UMM_STORE_FOR_EVER;
    if (expires_ns == NOT_A_TIME)
        return true;
    return !__builtin_sub_overflow(expires_ns, timestamp_ns, ttl_ns) && *ttl_ns >= MS;
}

static enum umm_status take_row(struct umm_store_batch *batch, struct umm_store_line *line,
                                void *user, struct umm_error *err)
{
    struct form *form = user;
    char id[UMM_STORE_ID_MAX];
    struct umm_store_row row = {.id = id};
    const char *active = "", *stamp = line->at, *expires = "";
    size_t active_len = 0, stamp_len = 0, expires_len = 0;
    int64_t expires_ns = NOT_A_TIME;
    struct umm_time_spec spec = {.form = UMM_TIME_FORM_ISO};
    if (!form->is_known)
        return take_header(form, line, err);
    enum umm_status status = umm_store_line_id(line, line->text, id, &row.id_bytes, err);
    if (status)
        return status;
    (void)umm_store_line_next(line, &active, &active_len);
    if (active_len != 1 || (*active != '0' && *active != '1'))
        return umm_store_line_bad(line, active_len ? active : line->at, "active is neither 0 nor 1",
                                  err);
    row.is_inactive = *active == '0';
    stamp = line->at;
    (void)umm_store_line_next(line, &stamp, &stamp_len);
    status =
        umm_store_line_time(line, stamp, stamp_len, "timestamp", &spec, &row.timestamp_ns, err);
    if (!status && form->has_expiry) {
        (void)umm_store_line_next(line, &expires, &expires_len);
        if (expires_len)
            status =
                umm_store_line_time(line, expires, expires_len, "expiry", &spec, &expires_ns, err);
        if (!status && !find_ttl(row.timestamp_ns, expires_ns, &row.ttl_ns))
            status = umm_store_line_bad(line, expires,
                                        "the expiry is not 1 ms or more after the timestamp", err);
    }
    if (!status)
        status = umm_store_line_values(line, false, umm_store_batch_vector(batch), batch->dim, err);
    return status ? status : umm_store_batch_add(batch, &row, umm_store_line_origin(line), err);
}

static enum umm_status import_text(struct umm_store_batch *batch, const char *path,
                                   struct umm_arena *arena, struct umm_run *run,
                                   struct umm_error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = 0;
    uint64_t n_lines = 0;
    struct form form = {0};
    batch->path = is_stdin ? "standard input" : path;
    enum umm_status status = is_stdin ? UMM_OK : umm_file_open_read(path, &fd, NULL, err);
    if (!status)
        status = umm_store_read_lines(batch, fd, arena, take_row, &form, run, &n_lines, err);
    if (!is_stdin)
        umm_file_close(&fd);
    if (!status && n_lines == 0)
        status = umm_error_set_path(err, UMM_ERR_DATA, batch->path,
                                    "is empty; an export has a header at least");
    return status;
}

/* One row of an array, in the batch. */
static enum umm_status put_npy_row_back(struct umm_store_batch *batch, const char *path,
                                        size_t id_cell, bool has_expiry, const char *at,
                                        uint64_t number, struct umm_error *err)
{
    int64_t expires_ns = NOT_A_TIME;
    struct umm_store_row row = {
        .id = at, .id_bytes = umm_store_padded_bytes(at, id_cell), .is_inactive = !at[id_cell]};
    at += id_cell + 1;
    memcpy(&row.timestamp_ns, at, sizeof row.timestamp_ns);
    at += sizeof row.timestamp_ns;
    if (has_expiry) {
        memcpy(&expires_ns, at, sizeof expires_ns);
        at += sizeof expires_ns;
    }
    memcpy(umm_store_batch_vector(batch), at, batch->dim * sizeof(float));
    if (row.timestamp_ns == NOT_A_TIME)
        return umm_error_set_path(err, UMM_ERR_DATA, path, "row %" PRIu64 ": the timestamp is NaT",
                                  number);
    if (has_expiry && !find_ttl(row.timestamp_ns, expires_ns, &row.ttl_ns))
        return umm_error_set_path(
            err, UMM_ERR_DATA, path,
            "row %" PRIu64 ": the expiry is not 1 ms or more after the timestamp", number);
    return umm_store_batch_add(batch, &row, (struct umm_store_origin){.number = number}, err);
}

/* Whether the array is an export of such a store, and has expiries. */
static enum umm_status check_export(const struct umm_arrayfile *file,
                                    const struct umm_store_info *info, bool *has_expiry,
                                    struct umm_error *err)
{
    bool is_same = false;
    enum umm_status status = UMM_OK;
    for (int i = 0; !status && !is_same && i < 2; i++) {
        struct umm_npy wanted = {0};
        *has_expiry = i == 0;
        status = describe(info, *has_expiry, 0, &wanted, err);
        is_same = !status && umm_npy_same_type(&file->npy, &wanted);
        umm_npy_free(&wanted);
    }
    if (status || is_same)
        return status;
    return umm_error_set_path(err, UMM_ERR_DATA, file->path,
                              "is no export of a store with ids of %" PRIu32
                              " bytes and vectors of %" PRIu32,
                              info->id_max_bytes, info->dim);
}

static enum umm_status import_npy(struct umm_store_batch *batch, const char *path,
                                  struct umm_arena *arena, struct umm_run *run,
                                  struct umm_error *err)
{
    struct umm_arrayfile file;
    struct umm_store_info info;
    bool has_expiry;
    enum umm_status status = umm_store_info(batch->store, &info, err);
    if (!status)
        status = umm_arrayfile_open(&file, path, err);
    if (status)
        return status;
    status = check_export(&file, &info, &has_expiry, err);
    const uint64_t n_block = status ? 1 : 1 + BLOCK_BYTES / file.row_bytes;
    char *rows = status ? NULL : umm_arena_alloc_array(arena, n_block, file.row_bytes);
    if (!status)
        status = umm_arena_check(arena, "rows", err);
    for (uint64_t first = 0; !status && first < file.n_rows; first += n_block) {
        const uint64_t n = file.n_rows - first < n_block ? file.n_rows - first : n_block;
        if (umm_run_is_cancelled(run))
            status = umm_error_set_cancelled(err);
        if (!status)
            status = umm_arrayfile_read(&file, first, n, rows, err);
        for (uint64_t i = 0; !status && i < n; i++)
            status = put_npy_row_back(batch, file.path, info.id_max_bytes, has_expiry,
                                      rows + i * file.row_bytes, first + i, err);
        status = umm_store_batch_end(batch, status, err);
    }
    umm_arrayfile_close(&file);
    return status;
}

enum umm_status umm_store_import(struct umm_store *store, const char *path,
                                 enum umm_store_put_mode mode, struct umm_run *run,
                                 struct umm_store_taken *taken, struct umm_error *err)
{
    struct umm_arena arena = {0};
    struct umm_store_batch batch = {0};
    const bool is_array = is_npy(path);
    enum umm_status status =
        umm_store_batch_init(&batch, store, mode, path, is_array ? "row" : NULL, &arena, err);
    if (!status)
        status = is_array ? import_npy(&batch, path, &arena, run, err)
                          : import_text(&batch, path, &arena, run, err);
    *taken = (struct umm_store_taken){batch.n_put, batch.n_older};
    umm_arena_close(&arena);
    return status;
}
