/* SPDX-License-Identifier: MIT */
#include "feature/featuremany.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"
#include "sys/workers.h"

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
 * to be written.
 */
static enum umm_status make_path(const struct umm_dataset *dataset, const char *root,
                                 const char *ending, bool is_written, char **path,
                                 struct umm_error *err)
{
    const char *name = name_of(dataset);
    int len = (int)(strlen(name) - strlen(".npy"));
    size_t cap = strlen(root) + 1 + strlen(name) + strlen(ending) + 1;
    *path = malloc(cap);
    if (!*path)
        return umm_error_set_memory(err, cap, "a path");
    snprintf(*path, cap, "%s/%.*s%s", root, len, name, ending);
    return is_written ? umm_dataset_make_directory(*path, err) : UMM_OK;
}

static enum umm_status do_one(const struct shared *shared, const struct umm_dataset *dataset,
                              struct umm_featurejob_options *options,
                              struct umm_featurejob_result *result, struct umm_error *err)
{
    /* One thread each: it is the datasets that are many. */
    struct umm_run run = {.n_threads = 1,
                          .cancel_with = shared->run,
                          .engine = shared->run ? shared->run->engine : UMM_ENGINE_BEST};
    const struct umm_featuremany *many = shared->many;
    const bool is_written = !options->is_verify;
    char *output = NULL, *state = NULL;
    enum umm_status status = UMM_OK;
    options->input = dataset->path;
    options->timeframe = dataset->timeframe;
    if (many->out_root)
        status = make_path(dataset, many->out_root, ".npy", is_written, &output, err);
    if (!status && many->state_root)
        status = make_path(dataset, many->state_root, ".state", is_written, &state, err);
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

static bool is_same_directory(const char *a, const char *b)
{
    struct umm_file_info info;
    return a && b && umm_file_stat(a, &info, NULL) == UMM_OK &&
           umm_file_same(b, info.device, info.inode);
}

enum umm_status umm_featuremany_run(const struct umm_featuremany *many, struct umm_run *run,
                                    struct umm_error *err)
{
    struct shared shared = {.many = many, .run = run};
    if (is_same_directory(many->out_root, many->root))
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, many->out_root,
                                  "the results would take the place of their inputs");
    unsigned n_threads = umm_workers_wanted(run);
    umm_turns_init(&shared.turns);
    umm_workers_run(n_threads < many->datasets->n ? n_threads : (unsigned)many->datasets->n, work,
                    &shared);
    umm_turns_free(&shared.turns);
    return umm_run_is_cancelled(run) ? umm_error_set_cancelled(err) : UMM_OK;
}
