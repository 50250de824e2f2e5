/* SPDX-License-Identifier: MIT */
#include "featurejob/featuremany.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/commits.h"
#include "base/error.h"
#include "featurejob/featurejob_work.h"
#include "sys/file.h"
#include "sys/fileids.h"
#include "sys/trust.h"

/* Of each: temporary files and locks of output and state, two descriptors each. */
enum { FILES_EACH = 8 };

/* One dataset under way. */
struct piece {
    struct umm_featurejob_options options;
    struct umm_featurejob_result result;
    struct umm_featurerun job;
    char *output, *state;
};

/* SYMBOL/TIMEFRAME.npy of .../SYMBOL/TIMEFRAME.npy. */
static const char *name_of(const struct umm_dataset *dataset)
{
    const char *name = strrchr(dataset->path, '/');
    while (name > dataset->path && name[-1] != '/')
        name--;
    return name;
}

/* ROOT/SYMBOL/TIMEFRAME and ending in place of .npy, malloc'ed. */
static enum umm_status make_path(const struct umm_dataset *dataset, const char *root,
                                 const char *ending, char **path, struct umm_error *err)
{
    const char *name = name_of(dataset);
    int len = (int)(strlen(name) - strlen(".npy"));
    size_t cap = strlen(root) + 1 + strlen(name) + strlen(ending) + 1;
    *path = malloc(cap);
    if (!*path)
        return umm_error_set_memory(err, cap, "a path");
    snprintf(*path, cap, "%s/%.*s%s", root, len, name, ending);
    return UMM_OK;
}

/* Whether outputs are to be durable; states are always. */
static bool is_synced(const struct umm_featuremany *many)
{
    return many->each->is_synced || many->state_root;
}

/* Where dataset number job->number writes, and directories for that. */
static enum umm_status make_places(const struct umm_featuremany *many, struct piece *piece,
                                   struct umm_commits_job *job, struct umm_error *err)
{
    const struct umm_dataset *dataset = &many->datasets->items[job->number];
    const bool is_written = !many->each->is_verify;
    enum umm_status status = UMM_OK;
    if (many->out_root)
        status = make_path(dataset, many->out_root, ".npy", &piece->output, err);
    if (!status && many->state_root)
        status = make_path(dataset, many->state_root, ".state", &piece->state, err);
    if (!status && is_written && piece->output)
        status = umm_commits_make_directory(job, piece->output, is_synced(many),
                                            &piece->options.is_output_swept, err);
    if (!status && is_written && piece->state)
        status = umm_commits_make_directory(job, piece->state, true, &piece->options.is_state_swept,
                                            err);
    return status;
}

static enum umm_status begin(void *user, struct umm_commits_job *job, struct umm_error *err)
{
    const struct umm_featuremany *many = user;
    const struct umm_dataset *dataset = &many->datasets->items[job->number];
    struct piece *piece = job->room;
    struct umm_featurejob_options *options = &piece->options;
    *options = *many->each;
    options->input = dataset->path;
    options->timeframe = dataset->timeframe;
    if (!job->may_wait)
        options->lock_wait = UMM_LOCK_FAIL;
    enum umm_status status = make_places(many, piece, job, err);
    options->output = piece->output;
    options->state = piece->state;
    return status ? status
                  : umm_featurerun_begin(&piece->job, options, job->is_together, &job->run,
                                         &piece->result, err);
}

static enum umm_status step(void *user, struct umm_commits_job *job, size_t number,
                            struct umm_error *err)
{
    struct piece *piece = job->room;
    (void)user;
    return number == 0 ? umm_featurerun_commit(&piece->job, err)
                       : umm_featurerun_settle(&piece->job, err);
}

static void tell(void *user, struct umm_commits_job *job, enum umm_status status,
                 const struct umm_error *err)
{
    const struct umm_featuremany *many = user;
    struct piece *piece = job->room;
    umm_featurerun_fill(&piece->job);
    many->done(many->user, &piece->options, status, &piece->result, err);
}

static void release(void *user, struct umm_commits_job *job)
{
    struct piece *piece = job->room;
    (void)user;
    umm_featurerun_release(&piece->job);
}

static void end(void *user, struct umm_commits_job *job)
{
    struct piece *piece = job->room;
    (void)user;
    umm_featurerun_end(&piece->job);
    free(piece->output);
    free(piece->state);
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
    enum umm_status status = make_path(dataset, root, ending, &path, err);
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
        status = umm_dataset_make_root(many->out_root, is_synced(many), err);
    if (!status && many->state_root)
        status = umm_dataset_make_root(many->state_root, true, err);
    return status;
}

enum umm_status umm_featuremany_run(const struct umm_featuremany *many, struct umm_run *run,
                                    struct umm_error *err)
{
    const struct umm_commits commits = {
        .n = many->datasets->n,
        .n_steps = 2,
        .n_files = FILES_EACH,
        .room_bytes = sizeof(struct piece),
        .roots = {many->out_root, many->state_root},
        .is_synced = is_synced(many) && !many->each->is_verify,
        .begin = begin,
        .step = step,
        .done = tell,
        .release = release,
        .end = end,
        .user = (void *)(uintptr_t)many,
    };
    enum umm_status status = check_files(many, err);
    if (!status)
        status = make_roots(many, err);
    if (!status && many->state_root)
        status = umm_trust_check_directory(many->state_root, err);
    return status ? status : umm_commits_run(&commits, run, err);
}
