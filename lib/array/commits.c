/* SPDX-License-Identifier: MIT */
#include "array/commits.h"

#include <stdlib.h>
#include <string.h>

#include "array/dataset.h"
#include "base/error.h"
#include "sys/clock.h"
#include "sys/directory.h"
#include "sys/file.h"
#include "thread/workers.h"

/*
 * GROUP_MAX jobs make a sync cheap enough for each. Up to FEW jobs each syncs by itself: one sync
 * of a whole file system may wait for what others wrote.
 */
enum { GROUP_MAX = 256, FEW = 16, SPARE_FILES = 64, GROUP_NS = 500 * 1000 * 1000 };

/* A job, and what became of it. */
struct slot {
    struct umm_commits_job job;
    enum umm_status status;
    struct umm_error err;
    bool is_open; /* it has begun, and not ended */
};

/* A file system that is synced. */
struct system {
    int fd; /* of a root on it, open since before anything is written: no failure is missed */
    const char *path;
    uint64_t device;
};

struct umm_commits_systems {
    struct system items[UMM_COMMITS_ROOTS];
    size_t n;
};

struct runner {
    const struct umm_commits *commits;
    struct umm_run *run;
    struct umm_commits_systems systems;
    unsigned n_workers, n_threads_each;
    struct umm_turns turns;
    char *rooms; /* of all slots */
    /* Of a group: */
    struct slot *slots;
    size_t first, cap, n; /* jobs first..first+n, of at most cap */
    size_t next, step;    /* the slot whose step that is next */
    uint64_t until_ns;    /* no job begins after that */
};

/* ---- file systems ---------------------------------------------------------------- */

/* What is at path, opened; false where it cannot be: then each job syncs by itself. */
static bool add_system(struct umm_commits_systems *systems, const char *path)
{
    struct umm_file_info info;
    if (umm_file_stat(path, &info, NULL) != UMM_OK)
        return false;
    for (size_t i = 0; i < systems->n; i++)
        if (systems->items[i].device == info.device)
            return true;
    struct system *system = &systems->items[systems->n];
    if (umm_directory_open(path, &system->fd, NULL) != UMM_OK)
        return false;
    system->path = path;
    system->device = info.device;
    systems->n++;
    return true;
}

static bool open_systems(struct runner *runner)
{
    bool is_done = true;
    for (size_t i = 0; is_done && i < UMM_COMMITS_ROOTS; i++)
        if (runner->commits->roots[i])
            is_done = add_system(&runner->systems, runner->commits->roots[i]);
    return is_done && runner->systems.n > 0;
}

static void close_systems(struct runner *runner)
{
    for (size_t i = 0; i < runner->systems.n; i++)
        umm_file_close(&runner->systems.items[i].fd);
}

static bool is_covered(const struct umm_commits_job *job, const char *directory)
{
    struct umm_file_info info;
    bool is = false;
    if (umm_file_stat(directory, &info, NULL) == UMM_OK)
        for (size_t i = 0; i < job->systems->n; i++)
            is |= job->systems->items[i].device == info.device;
    return is;
}

enum umm_status umm_commits_make_directory(struct umm_commits_job *job, const char *path,
                                           bool is_synced, bool *is_new, struct umm_error *err)
{
    struct umm_file_info info;
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    if (!directory)
        return umm_error_set_memory(err, strlen(path), "a directory's name");
    *is_new = umm_file_stat(directory, &info, NULL) != UMM_OK;
    enum umm_status status = umm_dataset_make_directory(path, is_synced && !job->is_together, err);
    if (!status && job->is_together) {
        job->is_together = is_covered(job, directory);
        if (!job->is_together)
            status = umm_dataset_make_directory(path, is_synced, err);
    }
    free(directory);
    return status;
}

/* What the jobs of a group wrote is on the device. A failure is that of the whole run. */
static enum umm_status sync_group(const struct runner *runner, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    bool is_wanted = false;
    for (size_t i = 0; i < runner->n; i++)
        is_wanted |= !runner->slots[i].status && runner->slots[i].job.is_together;
    for (size_t i = 0; !status && is_wanted && i < runner->systems.n; i++)
        status = umm_directory_sync_system(runner->systems.items[i].fd,
                                           runner->systems.items[i].path, err);
    return status;
}

/* ---- one job --------------------------------------------------------------------- */

static void begin(struct runner *runner, struct slot *slot, size_t number, unsigned worker,
                  bool is_together)
{
    const struct umm_commits *commits = runner->commits;
    const struct umm_run *run = runner->run;
    void *room = slot->job.room;
    memset(room, 0, commits->room_bytes);
    slot->err = (struct umm_error){.status = UMM_OK};
    slot->is_open = true;
    slot->job =
        (struct umm_commits_job){.number = number,
                                 .worker = worker,
                                 .is_together = is_together,
                                 .may_wait = !is_together,
                                 .run = {.n_threads = is_together ? 1 : runner->n_threads_each,
                                         .cancel_with = run,
                                         .tuning = run ? run->tuning : NULL,
                                         .lock_limit_ns = run ? run->lock_limit_ns : 0},
                                 .room = room,
                                 .systems = &runner->systems};
    slot->status = commits->begin(commits->user, &slot->job, &slot->err);
}

static void take_step(const struct runner *runner, struct slot *slot, size_t step)
{
    const struct umm_commits *commits = runner->commits;
    if (!slot->status && step == 0 && umm_run_is_cancelled(&slot->job.run))
        slot->status = umm_error_set_cancelled(&slot->err);
    if (!slot->status)
        slot->status = commits->step(commits->user, &slot->job, step, &slot->err);
}

static void take_steps(const struct runner *runner, struct slot *slot)
{
    for (size_t step = 0; step < runner->commits->n_steps; step++)
        take_step(runner, slot, step);
}

static void tell(const struct runner *runner, struct slot *slot)
{
    if (slot->status != UMM_ERR_CANCELLED)
        runner->commits->done(runner->commits->user, &slot->job, slot->status, &slot->err);
}

static void end(const struct runner *runner, struct slot *slot)
{
    if (slot->is_open)
        runner->commits->end(runner->commits->user, &slot->job);
    slot->is_open = false;
}

/* ---- each from end to end ---------------------------------------------------------- */

static void work_singly(void *user, unsigned index)
{
    struct runner *runner = user;
    struct slot slot = {.job = {.room = runner->rooms + index * runner->commits->room_bytes}};
    while (!umm_run_is_cancelled(runner->run)) {
        umm_turns_lock(&runner->turns);
        const uint64_t i = umm_turns_ticket(&runner->turns);
        umm_turns_unlock(&runner->turns);
        if (i >= runner->commits->n)
            return;
        begin(runner, &slot, i, index, false);
        take_steps(runner, &slot);
        umm_turns_wait(&runner->turns, i);
        tell(runner, &slot);
        umm_turns_pass(&runner->turns);
        end(runner, &slot);
    }
}

static enum umm_status run_singly(struct runner *runner, struct umm_error *err)
{
    const size_t size = runner->n_workers * runner->commits->room_bytes;
    runner->rooms = malloc(size);
    if (!runner->rooms)
        return umm_error_set_memory(err, size, "jobs");
    umm_turns_init(&runner->turns);
    umm_workers_run(runner->n_workers, work_singly, runner);
    umm_turns_free(&runner->turns);
    free(runner->rooms);
    return UMM_OK;
}

/* ---- in groups --------------------------------------------------------------------- */

static void begin_some(void *user, unsigned index)
{
    struct runner *runner = user;
    for (;;) {
        umm_turns_lock(&runner->turns);
        const bool is_full = runner->n == runner->cap || umm_run_is_cancelled(runner->run) ||
                             (runner->n > 0 && umm_clock_monotonic_ns() > runner->until_ns);
        const size_t i = runner->n;
        runner->n += !is_full;
        umm_turns_unlock(&runner->turns);
        if (is_full)
            return;
        begin(runner, &runner->slots[i], runner->first + i, index, true);
    }
}

static void step_some(void *user, unsigned index)
{
    struct runner *runner = user;
    (void)index;
    for (;;) {
        const size_t i = __atomic_fetch_add(&runner->next, 1, __ATOMIC_RELAXED);
        if (i >= runner->n)
            return;
        take_step(runner, &runner->slots[i], runner->step);
    }
}

/* What has a lock to wait for, now that the group holds none. */
static void do_deferred(struct runner *runner, struct slot *slot)
{
    const size_t number = slot->job.number;
    end(runner, slot);
    begin(runner, slot, number, 0, false);
    take_steps(runner, slot);
}

/* All of the group's jobs, up to what is told of them. */
static enum umm_status write_group(struct runner *runner, struct umm_error *err)
{
    const size_t n_left = runner->commits->n - runner->first;
    runner->n = 0;
    runner->cap = n_left < runner->cap ? n_left : runner->cap;
    runner->until_ns = umm_clock_monotonic_ns() + GROUP_NS;
    umm_workers_run(runner->n_workers, begin_some, runner);
    enum umm_status status = sync_group(runner, err);
    for (runner->step = 0; !status && runner->step < runner->commits->n_steps; runner->step++) {
        runner->next = 0;
        umm_workers_run(runner->n_workers, step_some, runner);
        status = sync_group(runner, err);
    }
    return status;
}

static enum umm_status do_group(struct runner *runner, struct umm_error *err)
{
    enum umm_status status = write_group(runner, err);
    for (size_t i = 0; !status && i < runner->n; i++)
        runner->commits->release(runner->commits->user, &runner->slots[i].job);
    for (size_t i = 0; !status && i < runner->n; i++)
        if (runner->slots[i].status == UMM_ERR_BUSY)
            do_deferred(runner, &runner->slots[i]);
    for (size_t i = 0; i < runner->n; i++) {
        if (!status)
            tell(runner, &runner->slots[i]);
        end(runner, &runner->slots[i]);
    }
    runner->first += runner->n;
    return status;
}

/* As many as the descriptors suffice for. */
static size_t group_of(const struct umm_commits *commits)
{
    const uint64_t n_allowed = umm_file_n_allowed();
    const uint64_t n = n_allowed > 2 * SPARE_FILES ? n_allowed - SPARE_FILES : SPARE_FILES;
    const uint64_t cap = n / commits->n_files;
    return cap < 1 ? 1 : cap > GROUP_MAX ? GROUP_MAX : (size_t)cap;
}

static enum umm_status run_groups(struct runner *runner, struct umm_error *err)
{
    const size_t room_bytes = runner->commits->room_bytes;
    runner->cap = group_of(runner->commits);
    runner->slots = calloc(runner->cap, sizeof *runner->slots);
    runner->rooms = calloc(runner->cap, room_bytes);
    enum umm_status status =
        runner->slots && runner->rooms
            ? UMM_OK
            : umm_error_set_memory(err, runner->cap * (room_bytes + sizeof *runner->slots), "jobs");
    for (size_t i = 0; !status && i < runner->cap; i++)
        runner->slots[i].job.room = runner->rooms + i * room_bytes;
    umm_turns_init(&runner->turns);
    while (!status && runner->first < runner->commits->n && !umm_run_is_cancelled(runner->run))
        status = do_group(runner, err);
    umm_turns_free(&runner->turns);
    free(runner->slots);
    free(runner->rooms);
    return status;
}

enum umm_status umm_commits_run(const struct umm_commits *commits, struct umm_run *run,
                                struct umm_error *err)
{
    struct runner runner = {.commits = commits, .run = run};
    const unsigned n_threads = umm_workers_wanted(run);
    if (commits->n == 0)
        return UMM_OK;
    runner.n_workers = n_threads < commits->n ? n_threads : (unsigned)commits->n;
    /* It is the jobs that are many; where they are few, each has threads of its own. */
    runner.n_threads_each = n_threads / runner.n_workers;
    const bool is_grouped = commits->is_synced && commits->n > FEW && open_systems(&runner);
    enum umm_status status = is_grouped ? run_groups(&runner, err) : run_singly(&runner, err);
    close_systems(&runner);
    if (!status && umm_run_is_cancelled(run))
        status = umm_error_set_cancelled(err);
    return status;
}
