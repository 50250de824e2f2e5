/* SPDX-License-Identifier: MIT */
#include "convert/convert_many.h"

#include <stdlib.h>
#include <string.h>

#include "array/dataset.h"
#include "base/error.h"
#include "base/list.h"
#include "sys/file.h"
#include "sys/fileids.h"
#include "sys/outfile.h"
#include "sys/workers.h"
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

static enum umm_status check_names(const struct umm_convert_many *many, char **outputs,
                                   struct umm_error *err)
{
    size_t n = many->n_inputs;
    char **sorted = malloc(n * sizeof *sorted);
    enum umm_status status = UMM_OK;
    if (!sorted)
        return umm_error_set_memory(err, n * sizeof *sorted, "the list of outputs");
    memcpy(sorted, outputs, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, umm_list_compare_texts);
    for (size_t i = 1; !status && i < n; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            status = umm_error_set_path(err, UMM_ERR_ARGUMENT, sorted[i],
                                        "would be the output of two inputs");
    free(sorted);
    return status;
}

/* The files that are there already of n paths: how many, sorted in ids. */
static size_t list_ids(const char *const *paths, size_t n, struct umm_fileid *ids)
{
    struct umm_file_info info;
    size_t n_ids = 0;
    for (size_t i = 0; i < n; i++)
        if (umm_file_stat(paths[i], &info, NULL) == UMM_OK && info.kind == UMM_FILE_REGULAR)
            ids[n_ids++] = (struct umm_fileid){info.device, info.inode};
    umm_fileids_sort(ids, n_ids);
    return n_ids;
}

/* No output may be an input, of whichever conversion, and none the same file as another. */
static enum umm_status check_files(const struct umm_convert_many *many, char **outputs,
                                   struct umm_error *err)
{
    size_t n = many->n_inputs;
    struct umm_fileid *ids = calloc(2 * n, sizeof *ids), *out_ids = ids ? ids + n : NULL;
    enum umm_status status = UMM_OK;
    if (!ids)
        return umm_error_set_memory(err, 2 * n * sizeof *ids, "the list of files");
    size_t n_in = list_ids(many->inputs, n, ids);
    size_t n_out = list_ids((const char *const *)outputs, n, out_ids);
    if (umm_fileids_meet(ids, n_in, out_ids, n_out))
        status = umm_error_set_path(err, UMM_ERR_ARGUMENT, many->directory,
                                    "an input in it would be an output");
    else if (umm_fileids_has_twins(out_ids, n_out))
        status = umm_error_set_path(err, UMM_ERR_ARGUMENT, many->directory,
                                    "two outputs in it are links to one file");
    free(ids);
    return status;
}

static enum umm_status name_output(const struct umm_convert_many *many, const char *input,
                                   char **output, struct umm_error *err)
{
    if (many->is_root)
        return umm_dataset_path_of_file(many->directory, input, output, err);
    *output = output_of(input, many->directory);
    return *output ? UMM_OK : umm_error_set_memory(err, strlen(input), "an output's name");
}

static enum umm_status name_outputs(const struct umm_convert_many *many, char **outputs,
                                    struct umm_error *err)
{
    for (size_t i = 0; i < many->n_inputs; i++) {
        if (strcmp(many->inputs[i], "-") == 0)
            return umm_error_set(err, UMM_ERR_ARGUMENT,
                                 "standard input has no name for an output: use -o");
        enum umm_status status = name_output(many, many->inputs[i], &outputs[i], err);
        if (status)
            return status;
    }
    enum umm_status status = check_names(many, outputs, err);
    return status ? status : check_files(many, outputs, err);
}

/* ---- conversions ---------------------------------------------------------------- */

/* From so many on, listing the directory once costs less than looking for each one's leftovers. */
enum { SWEEP_MIN = 32 };

struct shared {
    const struct umm_convert_many *many;
    char **outputs;
    bool is_swept;
    struct umm_run *run;
    struct umm_turns turns;
};

static enum umm_status convert_one(const struct umm_convert_many *many,
                                   const struct umm_convert_options *options, struct umm_run *run,
                                   struct umm_convert_result *result, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    memset(result, 0, sizeof *result);
    if (many->is_root)
        status = umm_dataset_make_directory(options->output,
                                            options->is_synced || options->is_append, err);
    return status ? status : umm_convert(options, run, result, err);
}

static void work(void *user, unsigned index)
{
    struct shared *shared = user;
    const struct umm_convert_many *many = shared->many;
    (void)index;
    for (;;) {
        umm_turns_lock(&shared->turns);
        uint64_t i = umm_turns_ticket(&shared->turns);
        umm_turns_unlock(&shared->turns);
        if (i >= many->n_inputs)
            return;
        struct umm_convert_options options = *many->each;
        struct umm_convert_result result;
        struct umm_error err = {.status = UMM_OK};
        /* One thread each: it is the files that are many. */
        struct umm_run run = {.n_threads = 1,
                              .cancel_with = shared->run,
                              .tuning = shared->run ? shared->run->tuning : NULL};
        options.inputs = &many->inputs[i];
        options.n_inputs = 1;
        options.output = shared->outputs[i];
        options.is_swept = shared->is_swept;
        enum umm_status status = convert_one(many, &options, &run, &result, &err);
        umm_turns_wait(&shared->turns, i);
        if (status != UMM_ERR_CANCELLED)
            many->done(many->user, &options, status, &result, &err);
        umm_turns_pass(&shared->turns);
        umm_convert_result_free(&result);
    }
}

enum umm_status umm_convert_many(const struct umm_convert_many *many, struct umm_run *run,
                                 struct umm_error *err)
{
    struct shared shared = {.many = many, .run = run};
    shared.outputs = calloc(many->n_inputs + 1, sizeof *shared.outputs);
    if (!shared.outputs)
        return umm_error_set_memory(err, many->n_inputs * sizeof *shared.outputs, "outputs");
    enum umm_status status = name_outputs(many, shared.outputs, err);
    if (!status) {
        unsigned n_threads = umm_workers_wanted(run);
        if (!many->is_root && many->n_inputs >= SWEEP_MIN)
            shared.is_swept = umm_outfile_sweep(many->directory);
        umm_turns_init(&shared.turns);
        umm_workers_run(n_threads < many->n_inputs ? n_threads : (unsigned)many->n_inputs, work,
                        &shared);
        umm_turns_free(&shared.turns);
    }
    for (size_t i = 0; i < many->n_inputs; i++)
        free(shared.outputs[i]);
    free(shared.outputs);
    if (!status && umm_run_is_cancelled(run))
        status = umm_error_set_cancelled(err);
    return status;
}
