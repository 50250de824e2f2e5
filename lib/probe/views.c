/* SPDX-License-Identifier: MIT */
#include "probe/views.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "probe/memory.h"
#include "sys/file.h"
#include "sys/residency.h"

/* ---- the system ---------------------------------------------------------- */

enum {
    SYSTEM_LIMIT,
    SYSTEM_TOTAL,
    SYSTEM_USED,
    SYSTEM_AVAILABLE,
    SYSTEM_FREE,
    SYSTEM_CACHED,
    SYSTEM_SHARED,
    SYSTEM_SWAP_TOTAL,
    SYSTEM_SWAP_USED,
    SYSTEM_SOME,
    SYSTEM_FULL,
    SYSTEM_WORKING_SET,
    SYSTEM_HOST_TOTAL,
    SYSTEM_HOST_AVAILABLE,
    SYSTEM_COLUMNS
};

/* The host's figures are in programs' output only: people see those that count. */
static const struct umm_table_column system_columns[] = {
    {UMM_TABLE_TEXT, "limit", "limit", UMM_METRIC_NONE},
    {UMM_TABLE_BYTES, "total_bytes", "total", UMM_METRIC_TOTAL},
    {UMM_TABLE_BYTES, "used_bytes", "used", UMM_METRIC_USED},
    {UMM_TABLE_BYTES, "available_bytes", "available", UMM_METRIC_AVAILABLE},
    {UMM_TABLE_BYTES, "free_bytes", "free", UMM_METRIC_FREE},
    {UMM_TABLE_BYTES, "cached_bytes", "cached", UMM_METRIC_CACHED},
    {UMM_TABLE_BYTES, "shared_bytes", "shared", UMM_METRIC_SHARED},
    {UMM_TABLE_BYTES, "swap_total_bytes", "swap", UMM_METRIC_SWAP_TOTAL},
    {UMM_TABLE_BYTES, "swap_used_bytes", "swapped", UMM_METRIC_SWAP_USED},
    {UMM_TABLE_SHARE, "pressure_some_10s", "some 10s", UMM_METRIC_PRESSURE_SOME},
    {UMM_TABLE_SHARE, "pressure_full_10s", "full 10s", UMM_METRIC_PRESSURE_FULL},
    {UMM_TABLE_BYTES, "working_set_bytes", NULL, UMM_METRIC_NONE},
    {UMM_TABLE_BYTES, "host_total_bytes", NULL, UMM_METRIC_NONE},
    {UMM_TABLE_BYTES, "host_available_bytes", NULL, UMM_METRIC_NONE}};

void umm_view_system_init(struct umm_table *table)
{
    *table = (struct umm_table){
        .what = "system", .columns = system_columns, .n_columns = SYSTEM_COLUMNS};
}

static void fill_system(struct umm_table *table, const struct umm_memory *memory)
{
    static const char *const limits[] = {[UMM_MEMORY_HOST] = "host",
                                         [UMM_MEMORY_CGROUP1] = "cgroup",
                                         [UMM_MEMORY_CGROUP2] = "cgroup2"};
    umm_table_add_row(table);
    umm_table_set_text(table, SYSTEM_LIMIT, limits[memory->limiter]);
    umm_table_set_count(table, SYSTEM_TOTAL, memory->total_bytes);
    umm_table_set_count(table, SYSTEM_USED, memory->used_bytes);
    umm_table_set_count(table, SYSTEM_AVAILABLE, memory->available_bytes);
    umm_table_set_count(table, SYSTEM_FREE, memory->free_bytes);
    umm_table_set_count(table, SYSTEM_CACHED, memory->cached_bytes);
    umm_table_set_count(table, SYSTEM_SHARED, memory->shared_bytes);
    umm_table_set_count(table, SYSTEM_SWAP_TOTAL, memory->swap_total_bytes);
    umm_table_set_count(table, SYSTEM_SWAP_USED, memory->swap_used_bytes);
    if (memory->pressure.is_known) {
        umm_table_set_number(table, SYSTEM_SOME, memory->pressure.some_avg10 / 100);
        umm_table_set_number(table, SYSTEM_FULL, memory->pressure.full_avg10 / 100);
    }
    if (memory->limiter != UMM_MEMORY_HOST)
        umm_table_set_count(table, SYSTEM_WORKING_SET, memory->working_set_bytes);
    umm_table_set_count(table, SYSTEM_HOST_TOTAL, memory->host_total_bytes);
    umm_table_set_count(table, SYSTEM_HOST_AVAILABLE, memory->host_available_bytes);
}

enum umm_status umm_view_system(struct umm_table *table, uint64_t *available, uint64_t *total,
                                struct umm_error *err)
{
    struct umm_memory memory;
    umm_table_clear(table);
    enum umm_status status = umm_memory_read(NULL, &memory, err);
    if (status)
        return status;
    fill_system(table, &memory);
    if (available)
        *available = memory.available_bytes;
    if (total)
        *total = memory.total_bytes;
    return UMM_OK;
}

/* ---- processes ----------------------------------------------------------- */

enum {
    PROCESS_PID,
    PROCESS_PPID,
    PROCESS_NAME,
    PROCESS_RSS,
    PROCESS_PSS,
    PROCESS_USS,
    PROCESS_ANONYMOUS,
    PROCESS_FILE,
    PROCESS_SHMEM,
    PROCESS_SWAP,
    PROCESS_PEAK,
    PROCESS_THREADS,
    PROCESS_FDS,
    PROCESS_COLUMNS
};

/* The name comes early: a narrow terminal has no room for what comes late. */
static const struct umm_table_column process_columns[] = {
    {UMM_TABLE_ID, "pid", "pid", UMM_METRIC_NONE},
    {UMM_TABLE_COUNT, "ppid", NULL, UMM_METRIC_NONE},
    {UMM_TABLE_TEXT, "name", "name", UMM_METRIC_NONE},
    {UMM_TABLE_BYTES, "rss_bytes", "rss", UMM_METRIC_PROCESS_RSS},
    {UMM_TABLE_BYTES, "pss_bytes", "pss", UMM_METRIC_PROCESS_PSS},
    {UMM_TABLE_BYTES, "uss_bytes", "uss", UMM_METRIC_PROCESS_USS},
    {UMM_TABLE_BYTES, "anonymous_bytes", "anonymous", UMM_METRIC_PROCESS_ANONYMOUS},
    {UMM_TABLE_BYTES, "file_bytes", "file", UMM_METRIC_PROCESS_FILE},
    {UMM_TABLE_BYTES, "shmem_bytes", "shmem", UMM_METRIC_PROCESS_SHMEM},
    {UMM_TABLE_BYTES, "swap_bytes", "swap", UMM_METRIC_PROCESS_SWAP},
    {UMM_TABLE_BYTES, "peak_rss_bytes", "peak", UMM_METRIC_PROCESS_PEAK_RSS},
    {UMM_TABLE_COUNT, "threads", "threads", UMM_METRIC_PROCESS_THREADS},
    {UMM_TABLE_COUNT, "fds", "fds", UMM_METRIC_PROCESS_FDS}};

void umm_view_processes_init(struct umm_table *table)
{
    *table = (struct umm_table){
        .what = "process", .columns = process_columns, .n_columns = PROCESS_COLUMNS};
}

static void add_process(struct umm_table *table, const struct umm_process *process)
{
    umm_table_add_row(table);
    umm_table_set_count(table, PROCESS_PID, process->id.pid);
    umm_table_set_count(table, PROCESS_PPID, process->id.ppid);
    umm_table_set_count(table, PROCESS_RSS, process->rss_bytes);
    umm_table_set_count(table, PROCESS_PSS, process->pss_bytes);
    umm_table_set_count(table, PROCESS_USS, process->uss_bytes);
    umm_table_set_count(table, PROCESS_ANONYMOUS, process->anonymous_bytes);
    umm_table_set_count(table, PROCESS_FILE, process->file_bytes);
    umm_table_set_count(table, PROCESS_SHMEM, process->shmem_bytes);
    umm_table_set_count(table, PROCESS_SWAP, process->swap_bytes);
    umm_table_set_count(table, PROCESS_PEAK, process->peak_rss_bytes);
    umm_table_set_count(table, PROCESS_THREADS, process->n_threads);
    umm_table_set_count(table, PROCESS_FDS, process->n_fds);
    umm_table_set_text(table, PROCESS_NAME, process->id.name);
}

/* Found, but ended before it could be read, or a zombie: as one that was not found. */
static void note_ended(const struct umm_choice *choice, uint32_t pid, bool *is_found)
{
    for (size_t i = 0; is_found && i < choice->n_pids; i++)
        if (choice->pids[i] == pid)
            is_found[i] = false;
}

enum umm_status umm_view_processes(struct umm_table *table, const struct umm_choice *choice,
                                   bool *is_found, uint64_t *rss_bytes, struct umm_error *err)
{
    uint32_t *pids;
    size_t n;
    umm_table_clear(table);
    *rss_bytes = 0;
    enum umm_status status = umm_choice_find(choice, is_found, &pids, &n, err);
    for (size_t i = 0; !status && i < n; i++) {
        struct umm_process process;
        bool is_there;
        status = umm_process_read(NULL, pids[i], &process, &is_there, err);
        if (!status && !is_there)
            note_ended(choice, pids[i], is_found);
        if (status || !is_there)
            continue;
        add_process(table, &process);
        *rss_bytes += process.rss_bytes == UMM_UNKNOWN ? 0 : process.rss_bytes;
    }
    free(pids);
    return status;
}

/* ---- files --------------------------------------------------------------- */

enum {
    FILE_SIZE,
    FILE_RESIDENT,
    FILE_RESIDENT_SHARE,
    FILE_PROCESSES,
    FILE_HIDDEN,
    FILE_RSS,
    FILE_PSS,
    FILE_ONE_COPY,
    FILE_NAME,
    FILE_COLUMNS
};

static const struct umm_table_column file_columns[] = {
    {UMM_TABLE_BYTES, "size_bytes", "size", UMM_METRIC_FILE_SIZE},
    {UMM_TABLE_BYTES, "resident_bytes", NULL, UMM_METRIC_FILE_RESIDENT},
    {UMM_TABLE_SHARE, "resident_share", "resident", UMM_METRIC_NONE},
    {UMM_TABLE_COUNT, "processes", "processes", UMM_METRIC_FILE_PROCESSES},
    {UMM_TABLE_COUNT, "hidden_processes", "hidden", UMM_METRIC_HIDDEN_PROCESSES},
    {UMM_TABLE_BYTES, "rss_bytes", "sum of rss", UMM_METRIC_FILE_RSS},
    {UMM_TABLE_BYTES, "pss_bytes", "sum of pss", UMM_METRIC_FILE_PSS},
    {UMM_TABLE_SHARE, "one_copy_share", "one copy", UMM_METRIC_FILE_ONE_COPY},
    {UMM_TABLE_TEXT, "file", "file", UMM_METRIC_NONE}};

enum {
    MAPPER_PID,
    MAPPER_MAPPED,
    MAPPER_RSS,
    MAPPER_PSS,
    MAPPER_OWN,
    MAPPER_NAME,
    MAPPER_FILE,
    MAPPER_COLUMNS
};

static const struct umm_table_column mapper_columns[] = {
    {UMM_TABLE_ID, "pid", "pid", UMM_METRIC_NONE},
    {UMM_TABLE_BYTES, "mapped_bytes", "mapped", UMM_METRIC_NONE},
    {UMM_TABLE_BYTES, "rss_bytes", "rss", UMM_METRIC_MAPPER_RSS},
    {UMM_TABLE_BYTES, "pss_bytes", "pss", UMM_METRIC_MAPPER_PSS},
    {UMM_TABLE_BYTES, "own_copy_bytes", "own copies", UMM_METRIC_MAPPER_OWN_COPY},
    {UMM_TABLE_TEXT, "name", "name", UMM_METRIC_NONE},
    {UMM_TABLE_TEXT, "file", "file", UMM_METRIC_NONE}};

void umm_view_files_init(struct umm_table *table)
{
    *table = (struct umm_table){.what = "file", .columns = file_columns, .n_columns = FILE_COLUMNS};
}

void umm_view_mappers_init(struct umm_table *table)
{
    *table = (struct umm_table){
        .what = "mapper", .columns = mapper_columns, .n_columns = MAPPER_COLUMNS};
}

/* A file that was looked at. */
struct seen {
    const char *path;
    uint64_t size_bytes;
    struct umm_residency residency;
    char *real_path;
};

static enum umm_status look_at(const char *path, struct seen *seen, struct umm_sharing_file *file,
                               struct umm_error *err)
{
    struct umm_file_info info;
    int fd;
    enum umm_status status = umm_file_open_read(path, &fd, &info, err);
    if (status)
        return status;
    if (info.kind != UMM_FILE_REGULAR)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is not a regular file");
    else
        status = umm_residency_query(fd, path, 0, info.size_bytes, &seen->residency, err);
    umm_file_close(&fd);
    seen->path = path;
    seen->size_bytes = info.size_bytes;
    seen->real_path = realpath(path, NULL); /* helps, where it can be had */
    *file = (struct umm_sharing_file){
        .device = info.device, .inode = info.inode, .path = seen->real_path};
    return status;
}

/* Look at all that are there, *n_seen of them; only of the first n_named each must be. */
static enum umm_status look_at_all(const char *const *paths, size_t n_paths, size_t n_named,
                                   struct seen *seen, struct umm_sharing_file *files,
                                   size_t *n_seen, struct umm_error *err)
{
    *n_seen = 0;
    for (size_t i = 0; i < n_paths; i++) {
        struct umm_error cause = {0};
        enum umm_status status = look_at(paths[i], &seen[*n_seen], &files[*n_seen], &cause);
        if (i >= n_named && status == UMM_ERR_SYSTEM && cause.sys_errno == ENOENT)
            continue;
        if (status && err)
            *err = cause;
        if (status)
            return status;
        (*n_seen)++;
    }
    return UMM_OK;
}

static void add_file(struct umm_table *table, const struct seen *seen,
                     const struct umm_sharing *sharing)
{
    umm_table_add_row(table);
    umm_table_set_count(table, FILE_SIZE, seen->size_bytes);
    if (seen->residency.is_known) {
        umm_table_set_count(table, FILE_RESIDENT, seen->residency.resident_bytes);
        umm_table_set_number(table, FILE_RESIDENT_SHARE,
                             (double)seen->residency.resident_bytes / (double)seen->size_bytes);
    }
    umm_table_set_count(table, FILE_PROCESSES, sharing->n_processes);
    umm_table_set_count(table, FILE_HIDDEN, sharing->n_hidden);
    umm_table_set_count(table, FILE_RSS, sharing->rss_bytes);
    umm_table_set_count(table, FILE_PSS, sharing->pss_bytes);
    if (umm_sharing_one_copy(sharing) >= 0)
        umm_table_set_number(table, FILE_ONE_COPY, umm_sharing_one_copy(sharing));
    umm_table_set_text(table, FILE_NAME, seen->path);
}

static void add_mappers(struct umm_table *table, const char *path,
                        const struct umm_sharing *sharing)
{
    for (size_t i = 0; i < sharing->n_processes; i++) {
        const struct umm_sharing_process *process = &sharing->processes[i];
        umm_table_add_row(table);
        umm_table_set_count(table, MAPPER_PID, process->pid);
        umm_table_set_count(table, MAPPER_MAPPED, process->mapped_bytes);
        umm_table_set_count(table, MAPPER_RSS, process->rss_bytes);
        umm_table_set_count(table, MAPPER_PSS, process->pss_bytes);
        umm_table_set_count(table, MAPPER_OWN, process->anonymous_bytes);
        umm_table_set_text(table, MAPPER_NAME, process->name);
        umm_table_set_text(table, MAPPER_FILE, path);
    }
}

enum umm_status umm_view_files(struct umm_table *files, struct umm_table *mappers,
                               const char *const *paths, size_t n_paths, size_t n_named,
                               uint64_t *pss_bytes, struct umm_error *err)
{
    struct seen *seen = calloc(n_paths + 1, sizeof *seen);
    struct umm_sharing_file *wanted = calloc(n_paths + 1, sizeof *wanted);
    struct umm_sharing *sharing = calloc(n_paths + 1, sizeof *sharing);
    enum umm_status status = UMM_OK;
    size_t n_seen = 0;
    umm_table_clear(files);
    umm_table_clear(mappers);
    *pss_bytes = 0;
    if (!seen || !wanted || !sharing)
        status = umm_error_set_memory(err, n_paths * sizeof *sharing, "files to look at");
    if (!status)
        status = look_at_all(paths, n_paths, n_named, seen, wanted, &n_seen, err);
    if (!status)
        status = umm_sharing_read(NULL, wanted, n_seen, sharing, err);
    for (size_t i = 0; !status && i < n_seen; i++) {
        add_file(files, &seen[i], &sharing[i]);
        add_mappers(mappers, seen[i].path, &sharing[i]);
        *pss_bytes += sharing[i].pss_bytes;
        umm_sharing_free(&sharing[i]);
    }
    for (size_t i = 0; seen && i < n_paths; i++)
        free(seen[i].real_path);
    free(sharing);
    free(wanted);
    free(seen);
    return status;
}

void umm_view_verdicts(const struct umm_table *files, struct umm_textbuf *out)
{
    char file[UMM_TABLE_SHOWN_MAX], n[UMM_TABLE_SHOWN_MAX], copy[UMM_TABLE_SHOWN_MAX];
    for (size_t row = 0; row < files->n_rows; row++) {
        char hidden[UMM_TABLE_SHOWN_MAX];
        if (strcmp(umm_table_show(files, row, FILE_PROCESSES, n), "0") == 0)
            continue;
        umm_textbuf_add(
            out, "%s: %s process%s, one copy: %s", umm_table_show(files, row, FILE_NAME, file), n,
            strcmp(n, "1") == 0 ? "" : "es", umm_table_show(files, row, FILE_ONE_COPY, copy));
        if (strcmp(umm_table_show(files, row, FILE_HIDDEN, hidden), "0") != 0)
            umm_textbuf_add(out, " (not looked into: %s)", hidden);
        umm_textbuf_add(out, "\n");
    }
}
