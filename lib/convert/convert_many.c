/* SPDX-License-Identifier: MIT */
#include "convert/convert_many.h"

#include <stdlib.h>
#include <string.h>

#include "array/commits.h"
#include "array/dataset.h"
#include "base/error.h"
#include "base/list.h"
#include "convert/convert_job.h"
#include "sys/file.h"
#include "sys/fileids.h"
#include "sys/outfile.h"
#include "thread/workers.h"
#include "unpack/packing.h"

/* ---- names ---------------------------------------------------------------------- */

static bool drop_suffix(const char *name, size_t *len, const char *suffix)
{
    size_t n = strlen(suffix);
    if (*len <= n || memcmp(name + *len - n, suffix, n) != 0)
        return false;
    *len -= n;
    return true;
}

/* DIR/NAME.npy, malloc'ed. */
static char *output_of(const char *input, const char *directory)
{
    static const char extension[] = ".npy";
    const char *slash = strrchr(input, '/'), *name = slash ? slash + 1 : input;
    size_t len = umm_packing_stem(name, strlen(name)), dir_len = strlen(directory);
    if (!drop_suffix(name, &len, ".csv") && !drop_suffix(name, &len, ".tsv"))
        drop_suffix(name, &len, ".txt");
    char *path = malloc(dir_len + 1 + len + sizeof extension);
    if (!path)
        return NULL;
    memcpy(path, directory, dir_len);
    path[dir_len] = '/';
    memcpy(path + dir_len + 1, name, len);
    memcpy(path + dir_len + 1 + len, extension, sizeof extension);
    return path;
}

/* What is done: an array, and the files for it. */
struct task {
    const char *const *inputs;
    size_t n_inputs;
    char *output;
    struct umm_delivery_dataset *dataset; /* NULL: none */
};

struct tasks {
    struct task *items;
    size_t n;
    struct umm_delivery delivery; /* owns the outputs of datasets */
};

static void free_tasks(struct tasks *tasks)
{
    for (size_t i = 0; i < tasks->n; i++)
        if (!tasks->items[i].dataset)
            free(tasks->items[i].output);
    free(tasks->items);
    umm_delivery_free(&tasks->delivery);
}

static enum umm_status check_names(const struct tasks *tasks, struct umm_error *err)
{
    size_t n = tasks->n;
    char **sorted = malloc((n + 1) * sizeof *sorted);
    enum umm_status status = UMM_OK;
    if (!sorted)
        return umm_error_set_memory(err, n * sizeof *sorted, "the list of outputs");
    for (size_t i = 0; i < n; i++)
        sorted[i] = tasks->items[i].output;
    qsort(sorted, n, sizeof *sorted, umm_list_compare_texts);
    for (size_t i = 1; !status && i < n; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            status = umm_error_set_path(err, UMM_ERR_ARGUMENT, sorted[i],
                                        "would be the output of two inputs");
    free(sorted);
    return status;
}

/* The id of the file that is there already, if it is. */
static void add_id(const char *path, struct umm_fileid *ids, size_t *n)
{
    struct umm_file_info info;
    if (umm_file_stat(path, &info, NULL) == UMM_OK && info.kind == UMM_FILE_REGULAR)
        ids[(*n)++] = (struct umm_fileid){info.device, info.inode};
}

/* No output may be an input, of whichever conversion, and none the same file as another. */
static enum umm_status check_files(const struct umm_convert_many *many, const struct tasks *tasks,
                                   struct umm_error *err)
{
    const size_t n = many->n_inputs + tasks->n;
    struct umm_fileid *ids = calloc(n + 1, sizeof *ids),
                      *out_ids = ids ? ids + many->n_inputs : NULL;
    size_t n_in = 0, n_out = 0;
    enum umm_status status = UMM_OK;
    if (!ids)
        return umm_error_set_memory(err, n * sizeof *ids, "the list of files");
    for (size_t i = 0; i < many->n_inputs; i++)
        add_id(many->inputs[i], ids, &n_in);
    for (size_t i = 0; i < tasks->n; i++)
        add_id(tasks->items[i].output, out_ids, &n_out);
    umm_fileids_sort(ids, n_in);
    umm_fileids_sort(out_ids, n_out);
    if (umm_fileids_meet(ids, n_in, out_ids, n_out))
        status = umm_error_set_path(err, UMM_ERR_ARGUMENT, many->directory,
                                    "an input in it would be an output");
    else if (umm_fileids_has_twins(out_ids, n_out))
        status = umm_error_set_path(err, UMM_ERR_ARGUMENT, many->directory,
                                    "two outputs in it are links to one file");
    free(ids);
    return status;
}

/* An array for each file. */
static enum umm_status list_files(const struct umm_convert_many *many, struct tasks *tasks,
                                  struct umm_error *err)
{
    tasks->items = calloc(many->n_inputs + 1, sizeof *tasks->items);
    if (!tasks->items)
        return umm_error_set_memory(err, many->n_inputs * sizeof *tasks->items, "outputs");
    for (; tasks->n < many->n_inputs; tasks->n++) {
        const char *const *input = &many->inputs[tasks->n];
        char *output = output_of(*input, many->directory);
        if (!output)
            return umm_error_set_memory(err, strlen(*input), "an output's name");
        tasks->items[tasks->n] = (struct task){.inputs = input, .n_inputs = 1, .output = output};
    }
    return check_names(tasks, err);
}

/* An array for each dataset. */
static enum umm_status list_datasets(const struct umm_convert_many *many, struct umm_run *run,
                                     struct tasks *tasks, struct umm_error *err)
{
    const struct umm_delivery_options options = {
        .root = many->directory, .names = many->names, .unpack = many->each->reading.unpack};
    struct umm_delivery *delivery = &tasks->delivery;
    enum umm_status status =
        umm_delivery_group(&options, many->inputs, many->n_inputs, run, delivery, err);
    if (status)
        return status;
    tasks->items = calloc(delivery->n_datasets + 1, sizeof *tasks->items);
    if (!tasks->items)
        return umm_error_set_memory(err, delivery->n_datasets * sizeof *tasks->items, "outputs");
    for (; tasks->n < delivery->n_datasets; tasks->n++) {
        struct umm_delivery_dataset *dataset = &delivery->datasets[tasks->n];
        tasks->items[tasks->n] = (struct task){.inputs = dataset->files,
                                               .n_inputs = dataset->n_files,
                                               .output = dataset->path,
                                               .dataset = dataset};
    }
    return UMM_OK;
}

static enum umm_status list_tasks(const struct umm_convert_many *many, struct umm_run *run,
                                  struct tasks *tasks, struct umm_error *err)
{
    for (size_t i = 0; i < many->n_inputs; i++)
        if (strcmp(many->inputs[i], "-") == 0)
            return umm_error_set(err, UMM_ERR_ARGUMENT,
                                 "standard input has no name for an output: use -o");
    enum umm_status status =
        many->is_root ? list_datasets(many, run, tasks, err) : list_files(many, tasks, err);
    return status ? status : check_files(many, tasks, err);
}

/* ---- conversions ---------------------------------------------------------------- */

/* From so many on, listing the directory once costs less than looking for each one's leftovers. */
enum { SWEEP_MIN = 32 };

/* Of each: the inputs are closed by its end; temporary files of array and quarantine, the lock. */
enum { FILES_EACH = 6 };

struct shared {
    const struct umm_convert_many *many;
    const struct tasks *tasks;
    bool is_swept;
    struct umm_convert_archive archives[UMM_WORKERS_MAX]; /* of each worker */
};

/* One array under way. */
struct piece {
    struct umm_convert_options options;
    struct umm_convert_result result;
    struct umm_convert_job job;
    enum umm_status status;
};

static const struct task *task_of(const struct shared *shared, const struct umm_commits_job *job)
{
    return &shared->tasks->items[umm_shard_item(&shared->many->shard, job->number)];
}

static enum umm_status begin(void *user, struct umm_commits_job *job, struct umm_error *err)
{
    struct shared *shared = user;
    const struct umm_convert_many *many = shared->many;
    const struct task *task = task_of(shared, job);
    struct piece *piece = job->room;
    struct umm_convert_options *options = &piece->options;
    enum umm_status status = UMM_OK;
    *options = *many->each;
    options->archive = &shared->archives[job->worker];
    options->inputs = task->inputs;
    options->n_inputs = task->n_inputs;
    options->output = task->output;
    options->is_swept = shared->is_swept;
    if (!job->may_wait)
        options->lock_wait = UMM_LOCK_FAIL;
    if (task->dataset) {
        options->members = task->dataset->members;
        options->reading.layout_of_name = task->dataset->layout;
        options->are_inputs_appended = true;
        if (task->n_inputs > 1 || (many->is_dry && umm_delivery_can_order(task->dataset)))
            status = umm_delivery_order(task->dataset, options, &job->run, err);
        if (!status && !many->is_dry)
            status = umm_commits_make_directory(job, task->output,
                                                options->is_synced || options->is_append,
                                                &options->is_swept, err);
    }
    if (!status && !many->is_dry)
        status = umm_convert_begin(&piece->job, options, job->is_together, &job->run,
                                   &piece->result, err);
    piece->status = status;
    return status;
}

static enum umm_status commit(void *user, struct umm_commits_job *job, size_t step,
                              struct umm_error *err)
{
    const struct shared *shared = user;
    struct piece *piece = job->room;
    (void)step;
    piece->status = shared->many->is_dry ? UMM_OK : umm_convert_end(&piece->job, err);
    return piece->status;
}

static void tell(void *user, struct umm_commits_job *job, enum umm_status status,
                 const struct umm_error *err)
{
    const struct shared *shared = user;
    const struct piece *piece = job->room;
    shared->many->done(shared->many->user, &piece->options, task_of(shared, job)->dataset, status,
                       &piece->result, err);
}

static void release(void *user, struct umm_commits_job *job)
{
    struct piece *piece = job->room;
    (void)user;
    umm_lock_release(&piece->job.lock);
}

static void end(void *user, struct umm_commits_job *job)
{
    struct piece *piece = job->room;
    (void)user;
    umm_convert_close(&piece->job, piece->status);
    umm_convert_result_free(&piece->result);
}

static enum umm_status run_tasks(struct shared *shared, size_t n, struct umm_run *run,
                                 struct umm_error *err)
{
    const struct umm_convert_many *many = shared->many;
    const struct umm_commits commits = {
        .n = n,
        .n_steps = 1,
        .n_files = FILES_EACH,
        .room_bytes = sizeof(struct piece),
        .roots = {many->directory},
        .is_synced = (many->each->is_synced || many->each->is_append) && !many->is_dry,
        .begin = begin,
        .step = commit,
        .done = tell,
        .release = release,
        .end = end,
        .user = shared,
    };
    enum umm_status status = umm_commits_run(&commits, run, err);
    for (unsigned i = 0; i < UMM_WORKERS_MAX; i++)
        umm_convert_archive_close(&shared->archives[i]);
    return status;
}

/* Files that belong to no dataset, as they cannot be read. */
static void tell_failures(const struct umm_convert_many *many, const struct umm_delivery *delivery)
{
    const struct umm_convert_result none = {.n_inputs = 0};
    for (size_t i = 0; i < delivery->n_failures; i++) {
        const struct umm_delivery_failure *failure = &delivery->failures[i];
        struct umm_convert_options options = *many->each;
        options.inputs = &failure->file;
        options.n_inputs = 1;
        many->done(many->user, &options, NULL, failure->why->status, &none, failure->why);
    }
}

enum umm_status umm_convert_many(const struct umm_convert_many *many, struct umm_run *run,
                                 struct umm_error *err)
{
    struct tasks tasks = {.n = 0};
    struct shared shared = {.many = many, .tasks = &tasks};
    const bool is_synced = many->each->is_synced || many->each->is_append;
    enum umm_status status = list_tasks(many, run, &tasks, err);
    if (!status && many->shard.index == 0)
        tell_failures(many, &tasks.delivery);
    if (!status && many->is_root && !many->is_dry && tasks.n)
        status = umm_dataset_make_root(many->directory, is_synced, err);
    const size_t n_mine = (size_t)umm_shard_size(&many->shard, tasks.n);
    if (!status && n_mine) {
        if (!many->is_root && n_mine >= SWEEP_MIN)
            shared.is_swept = umm_outfile_sweep(many->directory);
        status = run_tasks(&shared, n_mine, run, err);
    }
    free_tasks(&tasks);
    if (!status && umm_run_is_cancelled(run))
        status = umm_error_set_cancelled(err);
    return status;
}
