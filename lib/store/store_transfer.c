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

static const char HEADER[] = "id,active,timestamp";
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
    end = umm_store_print_values(end, writer->vector, writer->info.dim);
    writer->len += (size_t)(end - begin);
}

static void put_npy_row(struct writer *writer, const struct umm_store_entry *entry)
{
    char *at = writer->buffer + writer->len;
    size_t id_max = writer->info.id_max_bytes, values = writer->info.dim * sizeof(float);
    memset(at, 0, id_max);
    memcpy(at, entry->id, entry->id_bytes);
    at[id_max] = entry->is_active;
    memcpy(at + id_max + 1, &entry->timestamp_ns, sizeof entry->timestamp_ns);
    memcpy(at + id_max + 1 + sizeof entry->timestamp_ns, writer->vector, values);
    writer->len += id_max + 1 + sizeof entry->timestamp_ns + values;
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

static enum umm_status describe(const struct umm_store_info *info, uint64_t n_rows,
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
    enum umm_status status = describe(&writer->info, n_rows, &npy, err);
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
    at += sprintf(at, "%s", HEADER);
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
    struct writer writer = {.store = store, .path = path, .run = run};
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

static enum umm_status take_row(struct umm_store_batch *batch, struct umm_store_line *line,
                                struct umm_error *err)
{
    char id[UMM_STORE_ID_MAX];
    struct umm_store_row row = {.id = id};
    const char *active = "", *stamp = "";
    size_t active_len = 0, stamp_len = 0;
    struct umm_time_spec spec = {.form = UMM_TIME_FORM_ISO};
    struct umm_time time;
    if (line->number == 1) {
        if (line->len >= sizeof HEADER - 1 && memcmp(line->text, HEADER, sizeof HEADER - 1) == 0)
            return UMM_OK;
        return umm_store_line_bad(line, line->text,
                                  "an export begins with id,active,timestamp, this", err);
    }
    enum umm_status status = umm_store_line_id(line, id, &row.id_bytes, err);
    if (status)
        return status;
    (void)umm_store_line_next(line, &active, &active_len);
    if (active_len != 1 || (*active != '0' && *active != '1'))
        return umm_store_line_bad(line, active_len ? active : line->at, "active is neither 0 nor 1",
                                  err);
    (void)umm_store_line_next(line, &stamp, &stamp_len);
    enum umm_time_result result = umm_time_parse(&spec, stamp, stamp_len, &time);
    if (result == UMM_TIME_OK)
        result = umm_time_to_unit(time, UMM_TIME_NS, &row.timestamp_ns);
    if (result != UMM_TIME_OK) {
        char what[UMM_EXCERPT_MAX];
        snprintf(what, sizeof what, "the timestamp %s", umm_time_result_text(result));
        return umm_store_line_bad(line, stamp_len ? stamp : line->at, what, err);
    }
    row.is_inactive = *active == '0';
    status = umm_store_line_values(line, umm_store_batch_vector(batch), batch->dim, err);
    return status ? status : umm_store_batch_add(batch, &row, umm_store_line_origin(line), err);
}

static enum umm_status import_text(struct umm_store_batch *batch, const char *path,
                                   struct umm_arena *arena, struct umm_run *run,
                                   struct umm_error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = 0;
    uint64_t n_lines = 0;
    batch->path = is_stdin ? "standard input" : path;
    enum umm_status status = is_stdin ? UMM_OK : umm_file_open_read(path, &fd, NULL, err);
    if (!status)
        status = umm_store_read_lines(batch, fd, arena, take_row, run, &n_lines, err);
    if (!is_stdin)
        umm_file_close(&fd);
    if (!status && n_lines == 0)
        status = umm_error_set_path(err, UMM_ERR_DATA, batch->path,
                                    "is empty; an export has a header at least");
    return status;
}

static enum umm_status put_npy_block(struct umm_store_batch *batch,
                                     const struct umm_arrayfile *file, size_t id_cell,
                                     const char *rows, uint64_t first, uint64_t n,
                                     struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (uint64_t i = 0; !status && i < n; i++) {
        const char *at = rows + i * file->row_bytes;
        struct umm_store_row row = {
            .id = at, .id_bytes = umm_store_padded_bytes(at, id_cell), .is_inactive = !at[id_cell]};
        memcpy(&row.timestamp_ns, at + id_cell + 1, sizeof row.timestamp_ns);
        memcpy(umm_store_batch_vector(batch), at + id_cell + 1 + sizeof row.timestamp_ns,
               batch->dim * sizeof(float));
        if (row.timestamp_ns == NOT_A_TIME)
            status = umm_error_set_path(err, UMM_ERR_DATA, file->path,
                                        "row %" PRIu64 ": the timestamp is NaT", first + i);
        else
            status = umm_store_batch_add(batch, &row,
                                         (struct umm_store_origin){.number = first + i}, err);
    }
    return umm_store_batch_end(batch, status, err);
}

static enum umm_status import_npy(struct umm_store_batch *batch, const char *path,
                                  struct umm_arena *arena, struct umm_run *run,
                                  struct umm_error *err)
{
    struct umm_arrayfile file;
    struct umm_store_info info;
    struct umm_npy wanted = {0};
    enum umm_status status = umm_store_info(batch->store, &info, err);
    if (!status)
        status = umm_arrayfile_open(&file, path, err);
    if (status)
        return status;
    status = describe(&info, 0, &wanted, err);
    if (!status && !umm_npy_same_type(&file.npy, &wanted))
        status = umm_error_set_path(err, UMM_ERR_DATA, path,
                                    "is no export of a store with ids of %" PRIu32
                                    " bytes and vectors of %" PRIu32,
                                    info.id_max_bytes, info.dim);
    uint64_t n_block = status ? 1 : 1 + BLOCK_BYTES / file.row_bytes;
    char *rows = status ? NULL : umm_arena_alloc_array(arena, n_block, file.row_bytes);
    if (!status)
        status = umm_arena_check(arena, "rows", err);
    for (uint64_t first = 0; !status && first < file.n_rows; first += n_block) {
        uint64_t n = file.n_rows - first < n_block ? file.n_rows - first : n_block;
        if (umm_run_is_cancelled(run))
            status = umm_error_set_cancelled(err);
        if (!status)
            status = umm_arrayfile_read(&file, first, n, rows, err);
        if (!status)
            status = put_npy_block(batch, &file, info.id_max_bytes, rows, first, n, err);
    }
    umm_npy_free(&wanted);
    umm_arrayfile_close(&file);
    return status;
}

enum umm_status umm_store_import(struct umm_store *store, const char *path, struct umm_run *run,
                                 uint64_t *n_rows, struct umm_error *err)
{
    struct umm_arena arena = {0};
    struct umm_store_batch batch = {0};
    const bool is_array = is_npy(path);
    enum umm_status status = umm_store_batch_init(&batch, store, UMM_STORE_PUT_ALL, path,
                                                  is_array ? "row" : NULL, &arena, err);
    if (!status)
        status = is_array ? import_npy(&batch, path, &arena, run, err)
                          : import_text(&batch, path, &arena, run, err);
    *n_rows = batch.n_put;
    umm_arena_close(&arena);
    return status;
}
