/* SPDX-License-Identifier: MIT */
#include "probe/memory.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "sys/procfs.h"

/* One control group on the way up, in the words of version 2. */
struct level {
    uint64_t limit_bytes, current_bytes, inactive_file_bytes;
    uint64_t file_bytes, shmem_bytes;
    uint64_t swap_limit_bytes, swap_used_bytes;
    uint64_t inherited_limit_bytes; /* version 1: the least up to the real root */
};

/* What the files are called. */
struct names {
    const char *limit, *current, *inactive_file, *file, *shmem;
};

static const struct names names1 = {"memory.limit_in_bytes", "memory.usage_in_bytes",
                                    "total_inactive_file ", "total_cache ", "total_shmem "};
static const struct names names2 = {"memory.max", "memory.current", "inactive_file ", "file ",
                                    "shmem "};

/* Where things are read: a text to reuse and the directory that paths begin with. */
struct reader {
    struct umm_procfs_text text;
    const char *root;
    char path[2 * UMM_MEMORY_PATH_MAX + 64];
};

static enum umm_status read_path(struct reader *reader, const char *path, struct umm_error *err)
{
    snprintf(reader->path, sizeof reader->path, "%s%s", reader->root, path);
    return umm_procfs_read(UMM_PROCFS_CWD, reader->path, &reader->text, err);
}

/* The text of a group's file in reader->text; false when there is none. */
static bool read_group_file(struct reader *reader, const struct umm_memory_place *place,
                            const char *name)
{
    int n = snprintf(reader->path, sizeof reader->path, "%s%s%s/%s", reader->root, place->top,
                     place->below, name);
    return n > 0 && (size_t)n < sizeof reader->path &&
           umm_procfs_read(UMM_PROCFS_CWD, reader->path, &reader->text, NULL) == UMM_OK;
}

/* A file with one number; "max" is UINT64_MAX. */
static bool read_group_number(struct reader *reader, const struct umm_memory_place *place,
                              const char *name, uint64_t *value)
{
    if (!read_group_file(reader, place, name))
        return false;
    const char *at = reader->text.bytes;
    if (strncmp(at, "max", 3) == 0) {
        *value = UINT64_MAX;
        return true;
    }
    return umm_procfs_number(&at, value);
}

/*
 * Version 1 limits memory and swap together; the rest is what swap may have. A group
 * without limits has the same one for both: the largest number of whole pages.
 */
static void read_swap1(struct reader *reader, const struct umm_memory_place *place,
                       struct level *level)
{
    const uint64_t unlimited = (uint64_t)INT64_MAX & ~(uint64_t)0xffff; /* pages of up to 64 KiB */
    uint64_t both;
    if (read_group_number(reader, place, "memory.memsw.limit_in_bytes", &both) &&
        both >= level->limit_bytes && both < unlimited)
        level->swap_limit_bytes = both - level->limit_bytes;
}

static void read_swap2(struct reader *reader, const struct umm_memory_place *place,
                       struct level *level)
{
    (void)read_group_number(reader, place, "memory.swap.max", &level->swap_limit_bytes);
    (void)read_group_number(reader, place, "memory.swap.current", &level->swap_used_bytes);
}

/* False when the group has no figures of its own: the root, or no permission. */
static bool read_level(struct reader *reader, const struct umm_memory_place *place, int version,
                       struct level *level)
{
    const struct names *names = version == 1 ? &names1 : &names2;
    *level = (struct level){.swap_limit_bytes = UINT64_MAX, .inherited_limit_bytes = UINT64_MAX};
    if (!read_group_number(reader, place, names->limit, &level->limit_bytes) ||
        !read_group_number(reader, place, names->current, &level->current_bytes))
        return false;
    if (version == 1)
        read_swap1(reader, place, level);
    else
        read_swap2(reader, place, level);
    if (read_group_file(reader, place, "memory.stat")) {
        const char *text = reader->text.bytes;
        (void)umm_procfs_field(text, names->inactive_file, &level->inactive_file_bytes);
        (void)umm_procfs_field(text, names->file, &level->file_bytes);
        (void)umm_procfs_field(text, names->shmem, &level->shmem_bytes);
        if (version == 1) {
            (void)umm_procfs_field(text, "hierarchical_memory_limit ",
                                   &level->inherited_limit_bytes);
            (void)umm_procfs_field(text, "total_swap ", &level->swap_used_bytes);
        }
    }
    return true;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t working_set(const struct level *level)
{
    return minus(level->current_bytes, level->inactive_file_bytes);
}

/* Take the level's limits into account; true when its limit is the least so far. */
static bool apply_level(struct umm_memory *memory, const struct level *level, uint64_t limit_bytes)
{
    if (limit_bytes >= memory->host_total_bytes)
        return false;
    uint64_t available = minus(limit_bytes, working_set(level));
    if (available < memory->available_bytes)
        memory->available_bytes = available;
    if (limit_bytes >= memory->total_bytes)
        return false;
    memory->total_bytes = limit_bytes;
    memory->working_set_bytes = working_set(level);
    memory->free_bytes = minus(limit_bytes, level->current_bytes);
    memory->cached_bytes = level->file_bytes;
    memory->shared_bytes = level->shmem_bytes;
    return true;
}

static void apply_swap(struct umm_memory *memory, const struct level *level)
{
    if (level->swap_limit_bytes >= memory->swap_total_bytes)
        return;
    memory->swap_total_bytes = level->swap_limit_bytes;
    memory->swap_used_bytes = level->swap_used_bytes < level->swap_limit_bytes
                                  ? level->swap_used_bytes
                                  : level->swap_limit_bytes;
}

/* Cut the group's path to its parent's; false at the top. */
static bool go_up(struct umm_memory_place *place)
{
    char *slash = strrchr(place->below, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

/* From our group up to the top of what can be seen. */
static void apply_groups(struct reader *reader, struct umm_memory *memory,
                         struct umm_memory_place *place, int version)
{
    struct level level;
    do {
        if (!read_level(reader, place, version, &level))
            continue;
        bool is_least = apply_level(memory, &level, level.limit_bytes);
        is_least |= apply_level(memory, &level, level.inherited_limit_bytes);
        apply_swap(memory, &level);
        if (!is_least)
            continue;
        memory->limiter = version == 1 ? UMM_MEMORY_CGROUP1 : UMM_MEMORY_CGROUP2;
        if (version == 2 && read_group_file(reader, place, "memory.pressure"))
            (void)umm_memory_parse_pressure(reader->text.bytes, &memory->pressure);
    } while (go_up(place));
}

/* Which group is ours, and where its files are. */
static bool find_group(struct reader *reader, struct umm_memory_group *group,
                       struct umm_memory_place *place)
{
    return read_path(reader, "/proc/self/cgroup", NULL) == UMM_OK &&
           umm_memory_parse_cgroup(reader->text.bytes, group) &&
           read_path(reader, "/proc/self/mountinfo", NULL) == UMM_OK &&
           umm_memory_parse_mounts(reader->text.bytes, group, place);
}

enum umm_status umm_memory_read(const char *root, struct umm_memory *memory, struct umm_error *err)
{
    struct reader reader = {.root = root ? root : ""};
    struct umm_memory_group group;
    struct umm_memory_place place;
    enum umm_status status = read_path(&reader, "/proc/meminfo", err);
    if (!status && !umm_memory_parse_meminfo(reader.text.bytes, memory))
        status = umm_error_set_path(err, UMM_ERR_UNSUPPORTED, reader.path,
                                    "has no MemTotal or no MemAvailable");
    /* What follows refines the figures; where it is not to be had, they stand. */
    if (!status && read_path(&reader, "/proc/pressure/memory", NULL) == UMM_OK)
        (void)umm_memory_parse_pressure(reader.text.bytes, &memory->pressure);
    if (!status && find_group(&reader, &group, &place)) {
        apply_groups(&reader, memory, &place, group.version);
        memory->used_bytes = minus(memory->total_bytes, memory->available_bytes);
    }
    umm_procfs_text_free(&reader.text);
    return status;
}

uint64_t umm_memory_oom_kills(const char *root)
{
    struct reader reader = {.root = root ? root : ""};
    struct umm_memory_group group;
    struct umm_memory_place place;
    uint64_t n = UINT64_MAX;
    if (find_group(&reader, &group, &place) &&
        read_group_file(&reader, &place,
                        group.version == 1 ? "memory.oom_control" : "memory.events"))
        (void)umm_procfs_field(reader.text.bytes, "oom_kill ", &n);
    umm_procfs_text_free(&reader.text);
    return n;
}
