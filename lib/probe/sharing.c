/* SPDX-License-Identifier: MIT */
#include "probe/sharing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "sys/file.h"
#include "sys/procfs.h"

/* ---- mappings ------------------------------------------------------------ */

static bool parse_hex(const char **text, uint64_t *value)
{
    const char *p = *text;
    uint64_t v = 0;
    for (;; p++) {
        unsigned digit = *p >= '0' && *p <= '9'   ? (unsigned)(*p - '0')
                         : *p >= 'a' && *p <= 'f' ? (unsigned)(*p - 'a') + 10
                                                  : 16;
        if (digit == 16)
            break;
        if (v >> 60)
            return false;
        v = v << 4 | digit;
    }
    if (p == *text)
        return false;
    *text = p;
    *value = v;
    return true;
}

static bool skip(const char **text, char wanted)
{
    bool is_there = **text == wanted;
    *text += is_there;
    return is_there;
}

/* "rwxp" and the like, and the blank after it. */
static bool skip_permissions(const char **text)
{
    size_t len = strspn(*text, "rwxsp-");
    *text += len;
    return len == 4 && skip(text, ' ');
}

bool umm_mapping_parse(const char *text, struct umm_mapping *mapping)
{
    uint64_t offset, major, minor;
    if (!parse_hex(&text, &mapping->start) || !skip(&text, '-') ||
        !parse_hex(&text, &mapping->end) || !skip(&text, ' ') || !skip_permissions(&text) ||
        !parse_hex(&text, &offset) || !skip(&text, ' ') || !parse_hex(&text, &major) ||
        !skip(&text, ':') || !parse_hex(&text, &minor) || !skip(&text, ' ') ||
        !umm_procfs_number(&text, &mapping->inode) || mapping->end < mapping->start)
        return false;
    if (major > UINT32_MAX || minor > UINT32_MAX)
        return false;
    mapping->device = umm_file_device(major, minor);
    text += strspn(text, " ");
    mapping->path = text;
    mapping->path_len = strcspn(text, "\n");
    return true;
}

static bool is_file(const struct umm_sharing_file *file, const struct umm_mapping *mapping)
{
    if (mapping->inode != file->inode)
        return false;
    return mapping->device == file->device ||
           (file->path && strlen(file->path) == mapping->path_len &&
            memcmp(file->path, mapping->path, mapping->path_len) == 0);
}

/* The file of this mapping, n when it is none of them. */
static size_t find_file(const struct umm_sharing_file *files, size_t n,
                        const struct umm_mapping *mapping)
{
    size_t i = 0;
    while (i < n && (mapping->inode == 0 || !is_file(&files[i], mapping)))
        i++;
    return i;
}

/* ---- a process ----------------------------------------------------------- */

static bool maps_any(const char *maps, const struct umm_sharing_file *files, size_t n)
{
    struct umm_mapping mapping;
    for (; *maps; maps = umm_procfs_next_line(maps))
        if (umm_mapping_parse(maps, &mapping) && find_file(files, n, &mapping) < n)
            return true;
    return false;
}

/* The figures between one mapping's first line and the next one's. */
static void add_line(struct umm_sharing_process *found, const char *line)
{
    static const char *const keys[] = {"Rss:", "Pss:", "Anonymous:"};
    uint64_t *sums[] = {&found->rss_bytes, &found->pss_bytes, &found->anonymous_bytes};
    uint64_t kb;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *at = line + strlen(keys[i]);
        if (strncmp(line, keys[i], strlen(keys[i])) != 0)
            continue;
        at += strspn(at, " ");
        if (umm_procfs_number(&at, &kb) && kb <= UINT64_MAX / 1024 / 2)
            *sums[i] += kb * 1024;
    }
}

static void add_up(const char *smaps, const struct umm_sharing_file *files, size_t n,
                   struct umm_sharing_process *found)
{
    struct umm_mapping mapping;
    size_t file = n;
    for (; *smaps; smaps = umm_procfs_next_line(smaps)) {
        if (umm_mapping_parse(smaps, &mapping)) {
            file = find_file(files, n, &mapping);
            if (file < n)
                found[file].mapped_bytes += mapping.end - mapping.start;
        } else if (file < n) {
            add_line(&found[file], smaps);
        }
    }
}

static enum umm_status keep(struct umm_sharing *result, const struct umm_sharing_process *found,
                            const struct umm_process_id *id, struct umm_error *err)
{
    size_t n = result->n_processes;
    struct umm_sharing_process *processes = umm_list_room(result->processes, n, sizeof *processes);
    if (!processes)
        return umm_error_set_memory(err, (n + 1) * sizeof *processes, "processes that map a file");
    result->processes = processes;
    result->processes[n] = *found;
    result->processes[n].pid = id->pid;
    memcpy(result->processes[n].name, id->name, sizeof id->name);
    result->n_processes++;
    result->rss_bytes += found->rss_bytes;
    result->pss_bytes += found->pss_bytes;
    result->anonymous_bytes += found->anonymous_bytes;
    return UMM_OK;
}

/* What a search needs; found has a place for every file. */
struct search {
    const char *root;
    const struct umm_sharing_file *files;
    size_t n;
    struct umm_sharing *results;
    struct umm_sharing_process *found;
    struct umm_procfs_text text;
};

/* The text of a process's file; false when it is gone, or hidden, which is counted. */
static bool read_text(struct search *search, const struct umm_process_id *id, int dir_fd,
                      const char *name)
{
    struct umm_error err = {0};
    if (umm_procfs_read(dir_fd, name, &search->text, &err) == UMM_OK)
        return true;
    for (size_t i = 0; umm_procfs_is_denied(&err) && !id->is_kernel_thread && i < search->n; i++)
        search->results[i].n_hidden++;
    return false;
}

static enum umm_status search_process(struct search *search, const struct umm_process_id *id,
                                      int dir_fd, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    /* maps costs far less than smaps, which counts the pages. */
    if (!read_text(search, id, dir_fd, "maps") ||
        !maps_any(search->text.bytes, search->files, search->n) ||
        !read_text(search, id, dir_fd, "smaps"))
        return UMM_OK;
    memset(search->found, 0, search->n * sizeof *search->found);
    add_up(search->text.bytes, search->files, search->n, search->found);
    for (size_t i = 0; !status && i < search->n; i++)
        if (search->found[i].mapped_bytes)
            status = keep(&search->results[i], &search->found[i], id, err);
    return status;
}

static enum umm_status search_all(struct search *search, const struct umm_process_id *list,
                                  size_t n, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < n; i++) {
        char path[UMM_ERROR_PATH_MAX];
        int dir_fd;
        snprintf(path, sizeof path, "%s/proc/%u", search->root, (unsigned)list[i].pid);
        if (umm_procfs_open(UMM_PROCFS_CWD, path, &dir_fd, NULL) != UMM_OK)
            continue;
        status = search_process(search, &list[i], dir_fd, err);
        umm_file_close(&dir_fd);
    }
    return status;
}

enum umm_status umm_sharing_read(const char *root, const struct umm_sharing_file *files, size_t n,
                                 struct umm_sharing *results, struct umm_error *err)
{
    struct search search = {.root = root ? root : "", .files = files, .n = n, .results = results};
    struct umm_process_id *list;
    size_t n_list;
    memset(results, 0, n * sizeof *results);
    enum umm_status status = umm_process_list(root, &list, &n_list, err);
    search.found = calloc(n + 1, sizeof *search.found);
    if (!status && !search.found)
        status = umm_error_set_memory(err, (n + 1) * sizeof *search.found, "files to look for");
    if (!status)
        status = search_all(&search, list, n_list, err);
    for (size_t i = 0; status && i < n; i++)
        umm_sharing_free(&results[i]);
    umm_procfs_text_free(&search.text);
    free(search.found);
    free(list);
    return status;
}

void umm_sharing_free(struct umm_sharing *sharing)
{
    free(sharing->processes);
    memset(sharing, 0, sizeof *sharing);
}

double umm_sharing_one_copy(const struct umm_sharing *sharing)
{
    if (!sharing->rss_bytes || sharing->anonymous_bytes > sharing->rss_bytes)
        return sharing->rss_bytes ? 0 : -1;
    return (double)(sharing->rss_bytes - sharing->anonymous_bytes) / (double)sharing->rss_bytes;
}
