/* SPDX-License-Identifier: MIT */
#include "featurejob/featuremany.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"
#include "sys/fileids.h"
#include "sys/trust.h"
#include "thread/workers.h"

struct shared {
    const struct umm_featuremany *many;
    struct umm_run *run;
    struct umm_turns turns;
};

/* SYMBOL/TIMEFRAME.npy of .../SYMBOL/TIMEFRAME.npy. */
static const char *name_of(const struct umm_dataset *dataset)
{
    const char *name = strrchr(dataset->path, '/');
    while (name > dataset->path && name[-1] != '/')
        name--;
    return name;
}

/*
 * ROOT/SYMBOL/TIMEFRAME and ending in place of .npy, malloc'ed; its directory is made if it is
 * to be written, and synced if what is written is.
 */
static enum umm_status make_path(const struct umm_dataset *dataset, const char *root,
                                 const char *ending, bool is_written, bool is_synced, char **path,
                                 struct umm_error *err)
{
    const char *name = name_of(dataset);
    int len = (int)(strlen(name) - strlen(".npy"));
    size_t cap = strlen(root) + 1 + strlen(name) + strlen(ending) + 1;
    *path = malloc(cap);
    if (!*path)
        return umm_error_set_memory(err, cap, "a path");
    snprintf(*path, cap, "%s/%.*s%s", root, len, name, ending);
    return is_written ? umm_dataset_make_directory(*path, is_synced, err) : UMM_OK;
}

static enum umm_status do_one(const struct shared *shared, const struct umm_dataset *dataset,
                              struct umm_featurejob_options *options,
                              struct umm_featurejob_result *result, struct umm_error *err)
{
    /* One thread each: it is the datasets that are many. */
    struct umm_run run = {.n_threads = 1,
                          .cancel_with = shared->run,
                          .tuning = shared->run ? shared->run->tuning : NULL};
    const struct umm_featuremany *many = shared->many;
    const bool is_written = !options->is_verify;
    char *output = NULL, *state = NULL;
    enum umm_status status = UMM_OK;
    options->input = dataset->path;
    options->timeframe = dataset->timeframe;
    if (many->out_root)
        status = make_path(dataset, many->out_root, ".npy", is_written,
                           options->is_synced || many->state_root, &output, err);
    if (!status && many->state_root)
        status = make_path(dataset, many->state_root, ".state", is_written, true, &state, err);
    options->output = output;
    options->state = state;
    return status ? status : umm_featurejob_run(options, &run, result, err);
}

static void work(void *user, unsigned index)
{
    struct shared *shared = user;
    const struct umm_featuremany *many = shared->many;
    (void)index;
    for (;;) {
        umm_turns_lock(&shared->turns);
        uint64_t i = umm_turns_ticket(&shared->turns);
        umm_turns_unlock(&shared->turns);
        if (i >= many->datasets->n)
            return;
        struct umm_featurejob_options options = *many->each;
        struct umm_featurejob_result result = {.n_before = 0};
        struct umm_error err = {.status = UMM_OK};
        enum umm_status status = do_one(shared, &many->datasets->items[i], &options, &result, &err);
        umm_turns_wait(&shared->turns, i);
        if (status != UMM_ERR_CANCELLED)
            many->done(many->user, &options, status, &result, &err);
        umm_turns_pass(&shared->turns);
        free((char *)(uintptr_t)options.output);
        free((char *)(uintptr_t)options.state);
    }
}

/* ---- places ---------------------------------------------------------------------- */

/* What there is already: the root of the datasets, they, and what is written in another root. */
struct places {
    const struct umm_featuremany *many;
    struct umm_fileid root, *inputs, *outputs;
    size_t n_inputs, n_outputs;
};

/* What path leads to, if that is there and nothing that many may write to at once. */
static enum umm_status add_place(const char *path, struct umm_fileid *ids, size_t *n,
                                 struct umm_error *err)
{
    struct umm_file_info info;
    bool is_there;
    enum umm_status status = umm_file_find(path, &is_there, &info, err);
    if (!status && is_there && (info.kind == UMM_FILE_REGULAR || info.kind == UMM_FILE_DIRECTORY))
        ids[(*n)++] = (struct umm_fileid){info.device, info.inode};
    return status;
}

/* UMM_ERR_ARGUMENT, about shown, when path leads to where the datasets are. */
static enum umm_status check_root(const struct places *places, const char *path, const char *shown,
                                  struct umm_error *err)
{
    struct umm_fileid id;
    size_t n = 0;
    enum umm_status status = add_place(path, &id, &n, err);
    if (status || !umm_fileids_meet(&places->root, 1, &id, n))
        return status;
    return umm_error_set_path(err, UMM_ERR_ARGUMENT, shown,
                              "the results would take the place of their inputs");
}

/*
 * The directory of the output at path, whose text is cut there. It may be a link to a symbol's in
 * root that is no input now.
 */
static enum umm_status add_directory(struct places *places, char *path, bool is_result,
                                     struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    char *slash = strrchr(path, '/');
    *slash = '\0';
    if (is_result) {
        char *above = malloc(strlen(path) + sizeof "/..");
        if (!above)
            return umm_error_set_memory(err, strlen(path) + sizeof "/..", "a path");
        snprintf(above, strlen(path) + sizeof "/..", "%s/..", path);
        status = check_root(places, above, path, err);
        free(above);
    }
    return status ? status : add_place(path, places->outputs, &places->n_outputs, err);
}

static bool has_symbol_of(const struct umm_dataset *a, const struct umm_dataset *b)
{
    const char *name = name_of(a);
    return strncmp(name, name_of(b), strcspn(name, "/") + 1) == 0;
}

/* What dataset i writes in root, and once for each symbol the directory of that. */
static enum umm_status add_output(struct places *places, size_t i, const char *root,
                                  const char *ending, struct umm_error *err)
{
    const struct umm_featuremany *many = places->many;
    const struct umm_dataset *dataset = &many->datasets->items[i];
    char *path = NULL;
    enum umm_status status = make_path(dataset, root, ending, false, false, &path, err);
    if (!status)
        status = add_place(path, places->outputs, &places->n_outputs, err);
    if (!status && (i == 0 || !has_symbol_of(dataset - 1, dataset)))
        status = add_directory(places, path, root == many->out_root, err);
    free(path);
    return status;
}

static enum umm_status check_outputs(struct places *places, const char *root, const char *ending,
                                     struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    places->n_outputs = 0;
    for (size_t i = 0; !status && i < places->many->datasets->n; i++)
        status = add_output(places, i, root, ending, err);
    if (status)
        return status;
    umm_fileids_sort(places->outputs, places->n_outputs);
    if (umm_fileids_meet(places->inputs, places->n_inputs, places->outputs, places->n_outputs))
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, root, "an input in it would be an output");
    if (umm_fileids_has_twins(places->outputs, places->n_outputs))
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, root,
                                  "two outputs in it have one place, by a link");
    return UMM_OK;
}

/* No output, nor state, may be an input, of whichever job, and none the same as another. */
static enum umm_status check_places(struct places *places, struct umm_error *err)
{
    const struct umm_featuremany *many = places->many;
    size_t n_roots = 0;
    enum umm_status status = add_place(many->root, &places->root, &n_roots, err);
    if (!status && many->out_root)
        status = check_root(places, many->out_root, many->out_root, err);
    for (size_t i = 0; !status && i < many->datasets->n; i++)
        status = add_place(many->datasets->items[i].path, places->inputs, &places->n_inputs, err);
    if (status)
        return status;
    umm_fileids_sort(places->inputs, places->n_inputs);
    if (many->out_root)
        status = check_outputs(places, many->out_root, ".npy", err);
    if (!status && many->state_root)
        status = check_outputs(places, many->state_root, ".state", err);
    return status;
}

static enum umm_status check_files(const struct umm_featuremany *many, struct umm_error *err)
{
    const size_t n = 3 * many->datasets->n + 1; /* inputs, outputs, directories of those */
    struct umm_fileid *ids = calloc(n, sizeof *ids);
    if (!ids)
        return umm_error_set_memory(err, n * sizeof *ids, "the list of files");
    struct places places = {.many = many, .inputs = ids, .outputs = ids + many->datasets->n};
    enum umm_status status = check_places(&places, err);
    free(ids);
    return status;
}

static enum umm_status make_roots(const struct umm_featuremany *many, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    if (many->each->is_verify)
        return UMM_OK;
    if (many->out_root)
        status =
            umm_dataset_make_root(many->out_root, many->each->is_synced || many->state_root, err);
    if (!status && many->state_root)
        status = umm_dataset_make_root(many->state_root, true, err);
    return status;
}

enum umm_status umm_featuremany_run(const struct umm_featuremany *many, struct umm_run *run,
                                    struct umm_error *err)
{
    struct shared shared = {.many = many, .run = run};
    enum umm_status status = check_files(many, err);
    if (!status)
        status = make_roots(many, err);
    if (!status && many->state_root)
        status = umm_trust_check_directory(many->state_root, err);
    if (status)
        return status;
    unsigned n_threads = umm_workers_wanted(run);
    umm_turns_init(&shared.turns);
    umm_workers_run(n_threads < many->datasets->n ? n_threads : (unsigned)many->datasets->n, work,
                    &shared);
    umm_turns_free(&shared.turns);
    return umm_run_is_cancelled(run) ? umm_error_set_cancelled(err) : UMM_OK;
}
