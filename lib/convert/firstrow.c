/* SPDX-License-Identifier: MIT */
#include "convert/firstrow.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "reading/reading_times.h"
#include "sys/file.h"

/* Between looks at the cancel flag: rows may be passed over or skipped without end. */
enum { ROWS_PER_LOOK = 2048 };

static enum umm_status find_row(struct umm_reading *reading,
                                const struct umm_convert_options *options, char *bytes,
                                struct umm_run *run, struct umm_firstrow *first,
                                struct umm_error *err)
{
    const bool is_bad_skipped = options->bad_rows != UMM_BAD_ROWS_FAIL;
    struct umm_placed_record placed;
    struct umm_row row = {.bytes = bytes, .takes_both = options->reading.fold == UMM_TZ_FOLD_INFER};
    bool has_record = true;
    for (uint64_t n = 1; !first->has_row; n++) {
        if (n % ROWS_PER_LOOK == 0 && umm_run_is_cancelled(run))
            return umm_error_set_cancelled(err);
        enum umm_status status = umm_records_next(&reading->records, &placed, &has_record, err);
        if (status || !has_record)
            return status;
        status = umm_reading_row(reading, &placed, &row, err);
        if (status && (status != UMM_ERR_DATA || !is_bad_skipped))
            return status;
        first->has_row = !status && !row.is_passed_over;
    }
    first->time = row.time;
    return UMM_OK;
}

/* Open the text, which is what the archive stands at if it was open. */
static enum umm_status open_text(struct umm_reading *reading, const char *path, const char *member,
                                 const struct umm_convert_options *options,
                                 struct umm_convert_archive *archive, struct umm_run *run,
                                 struct umm_error *err)
{
    struct umm_reading_options how = options->reading;
    enum umm_status status = UMM_OK;
    how.archive = &archive->unpack;
    how.member = member;
    how.unpack.scratch_dir = options->scratch_dir;
    if (archive->unpack && member && strcmp(path, archive->path) == 0)
        status = umm_unpack_seek(archive->unpack, member, err);
    else
        umm_convert_archive_close(archive);
    archive->path = path;
    return status ? status : umm_reading_open(reading, path, &how, run, err);
}

static enum umm_status look(struct umm_reading *reading, const struct umm_convert_options *options,
                            struct umm_run *run, struct umm_firstrow *first, struct umm_error *err)
{
    if (reading->schema.time_index < 0)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, reading->records.source.path,
                                  "there is no time column to put the files in order by");
    enum umm_status status = umm_reading_decide_times(reading, NULL, err);
    if (status)
        return status;
    char *bytes = calloc(1, reading->schema.row_bytes);
    if (!bytes)
        return umm_error_set_memory(err, reading->schema.row_bytes, "a row");
    status = find_row(reading, options, bytes, run, first, err);
    free(bytes);
    return status;
}

enum umm_status umm_firstrow_find(const char *path, const char *member,
                                  const struct umm_convert_options *options,
                                  struct umm_convert_archive *archive, struct umm_run *run,
                                  struct umm_firstrow *first, struct umm_error *err)
{
    struct umm_reading reading = {.reader = NULL};
    struct umm_file_info info;
    *first = (struct umm_firstrow){.has_row = false};
    enum umm_status status = umm_file_stat(path, &info, err);
    if (status)
        return status;
    if (info.kind != UMM_FILE_REGULAR)
        return umm_error_set_path(err, UMM_ERR_DATA, path,
                                  "is no regular file: its first row cannot be looked at before");
    status = open_text(&reading, path, member, options, archive, run, err);
    if (status == UMM_ERR_DATA && err && !err->path[0])
        umm_error_at(err, path, 0, 0, 0);
    if (!status)
        status = look(&reading, options, run, first, err);
    umm_reading_close(&reading);
    return status;
}
