/* SPDX-License-Identifier: MIT */
#include "convert/convert_by.h"

#include <stdlib.h>
#include <string.h>

#include "array/commits.h"
#include "array/dataset.h"
#include "base/error.h"
#include "convert/convert_describe.h"
#include "convert/convert_job.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/fileids.h"
#include "thread/workers.h"
#include "unpack/unpack.h"

/* Of each: temporary file, lock, directories. */
enum { FILES_EACH = 5 };

/* The series number `group`, and its array. */
struct dataset {
    uint32_t group;
    char *path;
};

/* All of it, under way. */
struct by_job {
    const struct umm_convert_by *by;
    struct umm_convert_job *all; /* the text, and its rows */
    struct dataset *datasets;    /* in the order of the symbols' bytes */
    size_t n;
    bool is_synced;
    unsigned n_threads;
};

/* One dataset under way. */
struct piece {
    struct umm_convert_options options;
    struct umm_convert_result result;
    struct umm_convert_job job;
};

/* ---- names and places ------------------------------------------------------------------- */

/* What one name tells. No advice to give the symbol: the rows have it. */
static enum umm_status read_name(const struct umm_deliveryname_reader *reader, const char *input,
                                 struct umm_deliveryname *name, struct umm_error *err)
{
    struct umm_error why = {.status = UMM_OK};
    const char *path = strcmp(input, "-") == 0 ? "<stdin>" : input;
    enum umm_status status = umm_deliveryname_read(reader, path, name, &why);
    if (status && why.hint == UMM_HINT_DATASET) {
        umm_error_set_path(&why, status, path, "its name tells no timeframe");
        umm_error_hint(&why, status, UMM_HINT_TIMEFRAME);
    }
    if (status && err)
        *err = why;
    return status;
}

/* The timeframe that is given, or the one that the names of all inputs tell. */
static enum umm_status find_timeframe(const struct umm_convert_by *by,
                                      struct umm_timeframe *timeframe, struct umm_error *err)
{
    const char *given = by->names.timeframe;
    struct umm_deliveryname_options options = by->names;
    struct umm_deliveryname_reader *reader;
    struct umm_deliveryname name;
    if (given)
        return umm_timeframe_parse(given, strlen(given), timeframe, err);
    options.symbol = "any"; /* the rows tell */
    enum umm_status status = umm_deliveryname_reader_new(&options, &reader, err);
    for (size_t i = 0; !status && i < by->each->n_inputs; i++) {
        status = read_name(reader, by->each->inputs[i], &name, err);
        if (!status && i && strcmp(name.timeframe.name, timeframe->name) != 0) {
            umm_error_set_path(err, UMM_ERR_ARGUMENT, by->each->inputs[i],
                               "its name tells %s, and the name of the file before %s",
                               name.timeframe.name, timeframe->name);
            status = umm_error_hint(err, UMM_ERR_ARGUMENT, UMM_HINT_TIMEFRAME);
        }
        if (!status)
            *timeframe = name.timeframe;
    }
    umm_deliveryname_reader_free(reader);
    return status;
}

static const struct umm_split_symbol *symbol_of(const struct by_job *job, size_t i)
{
    return &job->all->split->symbols[job->datasets[i].group];
}

static int compare_symbols(const void *a, const void *b, void *symbols)
{
    const struct umm_split_symbol
        *x = &((const struct umm_split_symbol *)symbols)[*(const uint32_t *)a],
        *y = &((const struct umm_split_symbol *)symbols)[*(const uint32_t *)b];
    const size_t least = x->len_bytes < y->len_bytes ? x->len_bytes : y->len_bytes;
    const int order = memcmp(x->text, y->text, least);
    return order ? order : (x->len_bytes > y->len_bytes) - (x->len_bytes < y->len_bytes);
}

/* The datasets in order, with their paths. */
static enum umm_status list_datasets(struct by_job *job, const struct umm_timeframe *timeframe,
                                     struct umm_error *err)
{
    const struct umm_split *split = job->all->split;
    const size_t n = split->n_symbols;
    uint32_t *order = malloc((n + 1) * sizeof *order);
    job->datasets = calloc(n + 1, sizeof *job->datasets);
    enum umm_status status =
        order && job->datasets
            ? UMM_OK
            : umm_error_set_memory(err, n * sizeof *job->datasets, "the list of datasets");
    for (size_t i = 0; !status && i < n; i++)
        order[i] = (uint32_t)i;
    if (!status)
        qsort_r(order, n, sizeof *order, compare_symbols, split->symbols);
    for (; !status && job->n < n; job->n++) {
        struct dataset *dataset = &job->datasets[job->n];
        dataset->group = order[job->n];
        const struct umm_split_symbol *symbol = symbol_of(job, job->n);
        status =
            umm_dataset_path(job->by->root, symbol->text, timeframe->name, &dataset->path, err);
    }
    free(order);
    return status;
}

/* Add the file at path if there is one, of that kind. */
static bool add_id(const char *path, enum umm_file_kind kind, struct umm_fileid *ids, size_t *n)
{
    struct umm_file_info info;
    const bool is_there = umm_file_stat(path, &info, NULL) == UMM_OK && info.kind == kind;
    if (is_there)
        ids[(*n)++] = (struct umm_fileid){info.device, info.inode};
    return is_there;
}

/* What there is already of n paths, and sorted: how many in *n_ids. */
static void list_inputs(const struct umm_convert_options *each, struct umm_fileid *ids,
                        size_t *n_ids)
{
    for (size_t i = 0; i < each->n_inputs; i++)
        if (strcmp(each->inputs[i], "-") != 0)
            (void)add_id(each->inputs[i], UMM_FILE_REGULAR, ids, n_ids);
    umm_fileids_sort(ids, *n_ids);
}

/* The arrays that are there, and the directories that they are in or will be. */
static void list_outputs(const struct by_job *job, struct umm_fileid *files, size_t *n_files,
                         struct umm_fileid *directories, size_t *n_directories)
{
    for (size_t i = 0; i < job->n; i++) {
        char *path = job->datasets[i].path, *slash = strrchr(path, '/');
        *slash = '\0';
        const bool is_there = add_id(path, UMM_FILE_DIRECTORY, directories, n_directories);
        *slash = '/';
        if (is_there)
            (void)add_id(path, UMM_FILE_REGULAR, files, n_files);
    }
    umm_fileids_sort(files, *n_files);
    umm_fileids_sort(directories, *n_directories);
}

/* No array may be an input or the quarantine, nor have the place of another. */
static enum umm_status check_places(const struct by_job *job, struct umm_error *err)
{
    const struct umm_convert_options *each = job->by->each;
    const size_t n = each->n_inputs + 2 * job->n;
    size_t n_inputs = 0, n_files = 0, n_directories = 0;
    struct umm_fileid *inputs = calloc(n + 1, sizeof *inputs);
    if (!inputs)
        return umm_error_set_memory(err, n * sizeof *inputs, "the list of files");
    struct umm_fileid *files = inputs + each->n_inputs, *directories = files + job->n;
    enum umm_status status = UMM_OK;
    list_inputs(each, inputs, &n_inputs);
    list_outputs(job, files, &n_files, directories, &n_directories);
    if (umm_fileids_meet(inputs, n_inputs, files, n_files))
        status = umm_error_set_path(err, UMM_ERR_ARGUMENT, job->by->root,
                                    "an input in it would be an output");
    else if (umm_fileids_has_twins(files, n_files) ||
             umm_fileids_has_twins(directories, n_directories))
        status = umm_error_set_path(err, UMM_ERR_ARGUMENT, job->by->root,
                                    "two outputs in it have one place, by a link");
    for (size_t i = 0; !status && each->quarantine && i < job->n; i++)
        if (umm_outfile_meets(each->quarantine, job->datasets[i].path))
            status = umm_error_set_path(err, UMM_ERR_ARGUMENT, each->quarantine,
                                        "would take the place of an array");
    free(inputs);
    return status;
}

/* ---- one dataset ------------------------------------------------------------------------ */

static void begin_piece(struct piece *piece, const struct by_job *by, const struct dataset *dataset,
                        struct umm_commits_job *commits)
{
    const struct umm_convert_job *all = by->all;
    piece->options = *by->by->each;
    piece->options.n_inputs = 0;
    piece->options.output = by->by->is_dry ? NULL : dataset->path;
    piece->options.sink = NULL;
    piece->options.are_inputs_appended = false;
    piece->options.bad_rows = UMM_BAD_ROWS_FAIL;
    if (!commits->may_wait)
        piece->options.lock_wait = UMM_LOCK_FAIL;
    piece->job = (struct umm_convert_job){.options = &piece->options,
                                          .run = &commits->run,
                                          .result = &piece->result,
                                          .path = dataset->path,
                                          .has_schema = true,
                                          .schema = all->schema, /* shares the fields */
                                          .inputs = all->inputs};
    piece->job.target = &piece->job.first_target;
    /* What was sorted is in order. */
    piece->job.order = all->order == UMM_ORDER_SORT ? UMM_ORDER_CHECK : all->order;
    piece->result.sequence.order = piece->job.order;
    piece->result.sequence.dedup = piece->options.dedup;
}

/* All but what makes it visible. */
static enum umm_status prepare(void *user, struct umm_commits_job *commits, struct umm_error *err)
{
    const struct by_job *by = user;
    const struct dataset *dataset = &by->datasets[commits->number];
    const struct umm_rowsort *sort = &by->all->split->sort;
    struct piece *piece = commits->room;
    struct umm_convert_job *job = &piece->job;
    enum umm_status status = UMM_OK;
    begin_piece(piece, by, dataset, commits);
    if (!by->by->is_dry)
        status = umm_commits_make_directory(commits, dataset->path, by->is_synced,
                                            &piece->options.is_swept, err);
    job->is_one_of_many = commits->is_together;
    if (!status)
        status = umm_convert_take_lock(job, err);
    if (!status)
        status = umm_convert_make_room(job, err);
    if (!status)
        status = umm_convert_open_target(job, err);
    if (!status)
        status = umm_convert_hand_on_group(job, sort, dataset->group,
                                           sort->options.memory_bytes / by->n_threads, err);
    return status ? status : umm_convert_rest(job, err);
}

static enum umm_status commit(void *user, struct umm_commits_job *commits, size_t step,
                              struct umm_error *err)
{
    struct piece *piece = commits->room;
    (void)user;
    (void)step;
    return umm_convert_commit(&piece->job, err);
}

static void add_up(struct umm_convert_result *total, const struct umm_convert_result *one)
{
    total->n_rows += one->n_rows;
    total->n_written += one->n_written;
    total->n_same += one->n_same;
    total->n_revised += one->n_revised;
    total->n_output_bytes += one->n_output_bytes;
    total->is_changed |= one->is_changed;
    total->is_reversed |= one->is_reversed;
}

static void tell(void *user, struct umm_commits_job *commits, enum umm_status status,
                 const struct umm_error *err)
{
    const struct by_job *by = user;
    const struct piece *piece = commits->room;
    if (!status)
        add_up(by->all->result, &piece->result);
    by->by->done(by->by->user, by->datasets[commits->number].path, &piece->options, status,
                 &piece->result, err);
}

static void release(void *user, struct umm_commits_job *commits)
{
    struct piece *piece = commits->room;
    (void)user;
    umm_lock_release(&piece->job.lock);
}

static void end(void *user, struct umm_commits_job *commits)
{
    struct piece *piece = commits->room;
    struct umm_convert_job *job = &piece->job;
    (void)user;
    umm_target_close(&job->first_target);
    umm_lock_release(&job->lock);
    free(job->held);
    free(job->row.bytes);
    umm_convert_result_free(&piece->result);
}

static enum umm_status write_all(struct by_job *by, struct umm_error *err)
{
    const struct umm_commits commits = {
        .n = by->n,
        .n_steps = 1,
        .n_files = FILES_EACH,
        .room_bytes = sizeof(struct piece),
        .roots = {by->by->root},
        .is_synced = by->is_synced && !by->by->is_dry,
        .begin = prepare,
        .step = commit,
        .done = tell,
        .release = release,
        .end = end,
        .user = by,
    };
    return umm_commits_run(&commits, by->all->run, err);
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Read the text, and whatever can be wrong with it. */
static enum umm_status read_all(struct umm_convert_job *all, struct umm_error *err)
{
    enum umm_status status = umm_convert_read_inputs(all, err);
    if (!status && all->result->n_rejected && all->split->n_symbols == 0)
        status = umm_convert_refuse_all(all, err);
    return status || all->split->n_symbols == 0 ? status : umm_rowsort_end(&all->split->sort, err);
}

static enum umm_status run_by(struct by_job *by, const struct umm_timeframe *timeframe,
                              struct umm_error *err)
{
    struct umm_convert_job *all = by->all;
    enum umm_status status = umm_convert_check(all, err);
    if (!status && !by->by->is_dry)
        status = umm_dataset_make_root(by->by->root, by->is_synced, err);
    if (!status)
        status = read_all(all, err);
    if (!status)
        status = list_datasets(by, timeframe, err);
    if (!status)
        status = check_places(by, err);
    if (!status && umm_run_is_cancelled(all->run))
        status = umm_error_set_cancelled(err);
    if (!status)
        status = umm_convert_commit_quarantine(all, err);
    if (!status)
        status = write_all(by, err);
    for (size_t i = 0; i < all->result->n_inputs; i++)
        all->result->n_bytes += all->result->inputs[i].n_bytes;
    return status;
}

static void close_all(struct umm_convert_job *all)
{
    umm_quarantine_close(&all->quarantine);
    umm_split_free(all->split);
    umm_reading_close(&all->reading);
    umm_unpack_close(all->archive);
    umm_instrument_free(&all->instrument);
    umm_schema_free(&all->schema);
    free(all->held);
    free(all->row.bytes);
}

enum umm_status umm_convert_by(const struct umm_convert_by *by, struct umm_run *run,
                               struct umm_convert_result *total, struct umm_error *err)
{
    const uint64_t start_ns = umm_clock_monotonic_ns();
    struct umm_convert_options options = *by->each;
    struct umm_split split = {.n_symbols = 0};
    struct umm_convert_job all = {
        .options = &options, .run = run, .result = total, .split = &split};
    struct by_job job = {.by = by,
                         .all = &all,
                         .is_synced = options.is_synced || options.is_append,
                         .n_threads = umm_workers_wanted(run)};
    struct umm_timeframe timeframe;
    char *beside = NULL;
    all.target = &all.first_target;
    memset(total, 0, sizeof *total);
    total->is_append = options.is_append;
    options.output = by->is_dry ? NULL : by->root;
    options.sink = NULL;
    options.are_inputs_appended = false;
    enum umm_status status = find_timeframe(by, &timeframe, err);
    /* Rows that wait for their order are kept in the root. */
    if (!status && !by->is_dry)
        status = umm_dataset_path(by->root, "x", timeframe.name, &beside, err);
    if (beside)
        *strrchr(beside, '/') = '\0';
    all.beside = beside;
    if (!status)
        status = run_by(&job, &timeframe, err);
    close_all(&all);
    for (size_t i = 0; i < job.n; i++)
        free(job.datasets[i].path);
    free(job.datasets);
    free(beside);
    total->seconds = (double)(umm_clock_monotonic_ns() - start_ns) * 1e-9;
    if (status)
        umm_convert_result_free(total);
    return status;
}
