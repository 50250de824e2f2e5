/* SPDX-License-Identifier: MIT */
#include "probe/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"
#include "sys/procfs.h"

/* ---- texts --------------------------------------------------------------- */

enum {
    STAT_PPID = 4,
    STAT_GROUP = 5,
    STAT_SESSION = 6,
    STAT_FLAGS = 9,
    STAT_MINOR = 10,
    STAT_MAJOR = 12,
    STAT_THREADS = 20,
    STAT_START = 22,
    KERNEL_THREAD = 0x00200000 /* PF_KTHREAD */
};

/* The numbers of fields 4 to 22; one that is negative, as a terminal's group, is 0. */
static bool parse_numbers(const char *at, uint64_t fields[STAT_START + 1])
{
    for (int i = STAT_PPID; i <= STAT_START; i++) {
        at += strspn(at, " ");
        bool is_negative = *at == '-';
        at += is_negative;
        if (!umm_procfs_number(&at, &fields[i]) || (*at != ' ' && *at != '\n' && *at))
            return false;
        if (is_negative)
            fields[i] = 0;
    }
    return true;
}

/* "123 (name) S 1 ...": the name may hold anything, ')' and blanks too: the last ')' ends it. */
bool umm_process_parse_stat(const char *text, struct umm_process_id *id,
                            struct umm_process *figures)
{
    uint64_t fields[STAT_START + 1] = {0}, pid;
    const char *at = text;
    memset(id, 0, sizeof *id);
    if (!umm_procfs_number(&at, &pid) || pid > UINT32_MAX || strncmp(at, " (", 2) != 0)
        return false;
    at += 2;
    const char *end = strrchr(at, ')');
    if (!end || end[1] != ' ' || !end[2] || !parse_numbers(end + 3, fields) ||
        fields[STAT_PPID] > UINT32_MAX || fields[STAT_GROUP] > UINT32_MAX ||
        fields[STAT_SESSION] > UINT32_MAX)
        return false;
    snprintf(id->name, sizeof id->name, "%.*s", (int)(end - at < 255 ? end - at : 255), at);
    id->pid = (uint32_t)pid;
    id->ppid = (uint32_t)fields[STAT_PPID];
    id->group = (uint32_t)fields[STAT_GROUP];
    id->session = (uint32_t)fields[STAT_SESSION];
    id->state = end[2];
    id->start_ticks = fields[STAT_START];
    id->is_kernel_thread = fields[STAT_FLAGS] & KERNEL_THREAD;
    if (figures) {
        figures->minor_faults = fields[STAT_MINOR];
        figures->major_faults = fields[STAT_MAJOR];
        figures->n_threads = fields[STAT_THREADS];
    }
    return true;
}

void umm_process_forget(struct umm_process *process)
{
    memset(process, 0, sizeof *process);
    process->rss_bytes = process->pss_bytes = process->uss_bytes = UMM_UNKNOWN;
    process->anonymous_bytes = process->file_bytes = process->shmem_bytes = UMM_UNKNOWN;
    process->pss_anonymous_bytes = process->pss_shmem_bytes = UMM_UNKNOWN;
    process->lazy_free_bytes = UMM_UNKNOWN;
    process->swap_bytes = process->peak_rss_bytes = UMM_UNKNOWN;
    process->n_threads = process->n_fds = UMM_UNKNOWN;
    process->minor_faults = process->major_faults = UMM_UNKNOWN;
}

void umm_process_parse_status(const char *text, struct umm_process *process)
{
    (void)umm_procfs_field(text, "VmHWM:", &process->peak_rss_bytes);
    (void)umm_procfs_field(text, "VmRSS:", &process->rss_bytes);
    (void)umm_procfs_field(text, "RssAnon:", &process->anonymous_bytes);
    (void)umm_procfs_field(text, "RssFile:", &process->file_bytes);
    (void)umm_procfs_field(text, "RssShmem:", &process->shmem_bytes);
    (void)umm_procfs_field(text, "VmSwap:", &process->swap_bytes);
}

void umm_process_parse_rollup(const char *text, struct umm_process *process)
{
    uint64_t rss, anonymous, shmem = process->shmem_bytes, clean, dirty;
    if (!umm_procfs_field(text, "Rss:", &rss) ||
        !umm_procfs_field(text, "Anonymous:", &anonymous) || anonymous > rss)
        return;
    process->rss_bytes = rss;
    process->anonymous_bytes = anonymous;
    /* It has no sum of shmem: the running count is all there is, and may lag. */
    if (shmem != UMM_UNKNOWN) {
        process->shmem_bytes = shmem < rss - anonymous ? shmem : rss - anonymous;
        process->file_bytes = rss - anonymous - process->shmem_bytes;
    }
    (void)umm_procfs_field(text, "Pss:", &process->pss_bytes);
    (void)umm_procfs_field(text, "Pss_Anon:", &process->pss_anonymous_bytes);
    (void)umm_procfs_field(text, "Pss_Shmem:", &process->pss_shmem_bytes);
    (void)umm_procfs_field(text, "LazyFree:", &process->lazy_free_bytes);
    (void)umm_procfs_field(text, "SwapPss:", &process->swap_bytes);
    if (umm_procfs_field(text, "Private_Clean:", &clean) &&
        umm_procfs_field(text, "Private_Dirty:", &dirty))
        process->uss_bytes = clean + dirty;
}

/* ---- one process --------------------------------------------------------- */

/*
 * Read name for the process dir_fd. UMM_OK with *has_text false: not for this user, or
 * no memory to speak of. *is_there becomes false when the process ended.
 */
static enum umm_status read_text(int dir_fd, const char *name, struct umm_procfs_text *text,
                                 bool *has_text, bool *is_there, struct umm_error *err)
{
    struct umm_error own = {0};
    enum umm_status status = umm_procfs_read(dir_fd, name, text, &own);
    *has_text = status == UMM_OK;
    if (!status || umm_procfs_is_denied(&own))
        return UMM_OK;
    if (umm_procfs_is_gone(&own)) {
        *is_there = false;
        return UMM_OK;
    }
    if (err)
        *err = own;
    return status;
}

static enum umm_status read_stat(int dir_fd, struct umm_process *process,
                                 struct umm_procfs_text *text, bool *is_there,
                                 struct umm_error *err)
{
    bool has_text;
    enum umm_status status = read_text(dir_fd, "stat", text, &has_text, is_there, err);
    if (status || !*is_there)
        return status;
    if (!has_text || !umm_process_parse_stat(text->bytes, &process->id, process))
        return umm_error_set_path(err, UMM_ERR_DATA, "/proc/PID/stat", "not understood");
    *is_there = process->id.state != 'Z' && process->id.state != 'X';
    return UMM_OK;
}

/* smaps_rollup also says ESRCH for what never had memory: a kernel's thread. */
static enum umm_status read_memory(int dir_fd, struct umm_process *process,
                                   struct umm_procfs_text *text, bool *is_there,
                                   struct umm_error *err)
{
    bool has_text, has_memory = true;
    enum umm_status status = read_text(dir_fd, "status", text, &has_text, is_there, err);
    if (status || !*is_there)
        return status;
    if (has_text)
        umm_process_parse_status(text->bytes, process);
    if (process->id.is_kernel_thread)
        return UMM_OK;
    status = read_text(dir_fd, "smaps_rollup", text, &has_text, &has_memory, err);
    if (!status && has_text)
        umm_process_parse_rollup(text->bytes, process);
    return status;
}

static enum umm_status read_fds(int dir_fd, struct umm_process *process, bool *is_there,
                                struct umm_error *err)
{
    struct umm_error own = {0};
    uint32_t *fds;
    size_t n;
    enum umm_status status = umm_procfs_list(dir_fd, "fd", &fds, &n, &own);
    free(fds);
    if (!status) {
        process->n_fds = n;
        return UMM_OK;
    }
    if (umm_procfs_is_gone(&own))
        *is_there = false;
    else if (!umm_procfs_is_denied(&own) && err)
        *err = own;
    return umm_procfs_is_gone(&own) || umm_procfs_is_denied(&own) ? UMM_OK : status;
}

static enum umm_status read_process(int dir_fd, struct umm_process *process, bool *is_there,
                                    struct umm_error *err)
{
    struct umm_procfs_text text = {0};
    struct umm_process again;
    enum umm_status status = read_stat(dir_fd, process, &text, is_there, err);
    if (!status && *is_there)
        status = read_memory(dir_fd, process, &text, is_there, err);
    if (!status && *is_there)
        status = read_fds(dir_fd, process, is_there, err);
    /* One that ended on the way leaves figures that are no longer, or not all, its own. */
    if (!status && *is_there)
        status = read_stat(dir_fd, &again, &text, is_there, err);
    umm_procfs_text_free(&text);
    return status;
}

enum umm_status umm_process_read(const char *root, uint32_t pid, struct umm_process *process,
                                 bool *is_there, struct umm_error *err)
{
    char path[UMM_ERROR_PATH_MAX];
    struct umm_error own = {0};
    int dir_fd;
    umm_process_forget(process);
    *is_there = false;
    snprintf(path, sizeof path, "%s/proc/%u", root ? root : "", (unsigned)pid);
    enum umm_status status = umm_procfs_open(UMM_PROCFS_CWD, path, &dir_fd, &own);
    if (status && umm_procfs_is_gone(&own))
        return UMM_OK;
    if (status) {
        if (err)
            *err = own;
        return status;
    }
    *is_there = true;
    status = read_process(dir_fd, process, is_there, err);
    umm_file_close(&dir_fd);
    return status;
}

/* ---- all of them --------------------------------------------------------- */

enum umm_status umm_process_list(const char *root, struct umm_process_id **list, size_t *n,
                                 struct umm_error *err)
{
    char path[UMM_ERROR_PATH_MAX];
    struct umm_procfs_text text = {0};
    struct umm_error own = {0};
    uint32_t *pids;
    size_t n_pids;
    *list = NULL;
    *n = 0;
    snprintf(path, sizeof path, "%s/proc", root ? root : "");
    enum umm_status status = umm_procfs_list(UMM_PROCFS_CWD, path, &pids, &n_pids, err);
    if (status)
        return status;
    struct umm_process_id *ids = calloc(n_pids + 1, sizeof *ids);
    if (!ids)
        status = umm_error_set_memory(err, n_pids * sizeof *ids, "a list of processes");
    for (size_t i = 0; !status && i < n_pids; i++) {
        snprintf(path, sizeof path, "%s/proc/%u/stat", root ? root : "", (unsigned)pids[i]);
        status = umm_procfs_read(UMM_PROCFS_CWD, path, &text, &own);
        if (!status && umm_process_parse_stat(text.bytes, &ids[*n], NULL))
            ++*n;
        if (status && (umm_procfs_is_gone(&own) || umm_procfs_is_denied(&own)))
            status = UMM_OK;
        else if (status && err)
            *err = own;
    }
    umm_procfs_text_free(&text);
    free(pids);
    if (status) {
        free(ids);
        ids = NULL;
        *n = 0;
    }
    *list = ids;
    return status;
}

static size_t find_pid(const struct umm_process_id *list, size_t n, uint32_t pid)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list[middle].pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && list[low].pid == pid ? low : n;
}

/* Children usually have higher numbers, so that few rounds are enough; numbers wrap. */
void umm_process_choose_descendants(const struct umm_process_id *list, size_t n, bool *is_chosen)
{
    bool is_changed = true;
    while (is_changed) {
        is_changed = false;
        for (size_t i = 0; i < n; i++) {
            size_t parent = is_chosen[i] ? n : find_pid(list, n, list[i].ppid);
            if (parent < n && is_chosen[parent])
                is_chosen[i] = is_changed = true;
        }
    }
}

bool umm_process_has_name(const struct umm_process_id *id, const char *name)
{
    enum { KERNEL_NAME_MAX = 15 };
    return strncmp(id->name, name, KERNEL_NAME_MAX) == 0;
}
