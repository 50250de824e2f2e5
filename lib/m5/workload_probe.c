/* SPDX-License-Identifier: MIT */
#include "m5/workload_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/output.h"
#include "base/error.h"
#include "sys/directory.h"
#include "sys/file.h"
#include "sys/heap.h"
#include "sys/procfs.h"

/* Refresh the copy, and add it up. */
static enum umm_status count(struct umm_workload_probe *probe, struct umm_alloc_counts *counts,
                             struct umm_error *err)
{
    enum umm_status status =
        umm_file_pread_all(probe->fd, probe->path, probe->memory, sizeof *probe->memory, 0, err);
    if (!status)
        umm_alloc_counts_read(probe->memory, counts);
    return status;
}

enum umm_status umm_workload_probe_open(struct umm_workload_probe *probe, const char *counts_path,
                                        struct umm_error *err)
{
    *probe = (struct umm_workload_probe){.fd = -1, .path = counts_path};
    if (!counts_path)
        return UMM_OK;
    probe->memory = malloc(sizeof *probe->memory);
    if (!probe->memory)
        return umm_error_set_memory(err, sizeof *probe->memory, "allocation counts");
    return umm_file_open_read(counts_path, &probe->fd, NULL, err);
}

void umm_workload_probe_close(struct umm_workload_probe *probe)
{
    if (probe->memory)
        umm_file_close(&probe->fd);
    free(probe->memory);
    *probe = (struct umm_workload_probe){.fd = -1};
}

/* How many descriptors this process has, the one for looking included. */
static uint64_t count_descriptors(void)
{
    uint32_t *numbers;
    size_t n;
    if (umm_procfs_list(UMM_PROCFS_CWD, "/proc/self/fd", &numbers, &n, NULL) != UMM_OK)
        return UMM_FIGURE_UNKNOWN;
    free(numbers);
    return n;
}

/* first is set once, last always, most is the most of all; unknown stays unknown. */
static void note(uint64_t value, bool is_first, uint64_t *first, uint64_t *last, uint64_t *most)
{
    if (is_first)
        *first = *last = *most = value;
    else if (value == UMM_FIGURE_UNKNOWN || *last == UMM_FIGURE_UNKNOWN)
        *first = *last = *most = UMM_FIGURE_UNKNOWN;
    *last = *last == UMM_FIGURE_UNKNOWN ? *last : value;
    *most = *last > *most ? *last : *most;
}

enum umm_status umm_workload_probe_look(struct umm_workload_probe *probe,
                                        struct umm_workload_figures *figures, struct umm_error *err)
{
    struct umm_alloc_counts before = {0}, after = {0};
    bool is_first = !probe->is_first_done;
    uint64_t live;
    enum umm_status status = probe->memory ? count(probe, &before, err) : UMM_OK;
    if (status)
        return status;
    if (!umm_heap_live_bytes(&live))
        live = UMM_FIGURE_UNKNOWN;
    note(live, is_first, &figures->live_bytes_first, &figures->live_bytes_last,
         &figures->live_bytes_most);
    note(count_descriptors(), is_first, &figures->descriptors_first, &figures->descriptors_last,
         &figures->descriptors_most);
    probe->is_first_done = true;
    /* No processes: the library was not loaded, and nothing was counted. */
    if (!probe->memory || before.n_processes == 0) {
        figures->steady_allocs = figures->steady_alloc_bytes = UMM_FIGURE_UNKNOWN;
        return UMM_OK;
    }
    if (is_first)
        probe->at_first = before;
    figures->steady_allocs = before.n_allocs - probe->at_first.n_allocs;
    figures->steady_alloc_bytes = before.alloc_bytes - probe->at_first.alloc_bytes;
    status = count(probe, &after, err);
    probe->at_first.n_allocs += after.n_allocs - before.n_allocs;
    probe->at_first.alloc_bytes += after.alloc_bytes - before.alloc_bytes;
    return status;
}

/* ---- files ------------------------------------------------------------------------ */

static bool has_end(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

enum umm_status umm_workload_probe_left(const char *dir, uint64_t *n, struct umm_error *err)
{
    char **names = NULL;
    size_t n_names = 0;
    int fd = -1;
    *n = 0;
    enum umm_status status = umm_procfs_open(UMM_PROCFS_CWD, dir, &fd, err);
    if (!status)
        status = umm_directory_list(fd, dir, &names, &n_names, err);
    for (size_t i = 0; !status && i < n_names; i++)
        *n += names[i][0] == '.' || has_end(names[i], ".lock") || has_end(names[i], ".journal");
    free((void *)names);
    umm_file_close(&fd);
    return status;
}

void umm_workload_probe_leak_descriptor(const char *dir)
{
    int fd;
    (void)!umm_procfs_open(UMM_PROCFS_CWD, dir, &fd, NULL);
}

enum umm_status umm_workload_probe_leave(const char *dir, struct umm_error *err)
{
    char path[UMM_WORKLOAD_PATH_ROOM];
    snprintf(path, sizeof path, "%s/.S00.npy.umm-9", dir);
    return umm_output_write_text(path, "", 0, NULL, err);
}
