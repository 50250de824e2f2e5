/* SPDX-License-Identifier: MIT */
/*
 * fuzz_procfs.c - texts of the kernel, which processes partly write themselves: the first
 * byte says which one. No crash, and figures that hold together.
 */
#include "probe/memory.h"
#include "probe/sharing.h"
#include "probe/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check_memory(const char *text)
{
    struct umm_memory memory;
    struct umm_memory_pressure pressure;
    if (umm_memory_parse_meminfo(text, &memory)) {
        require(memory.available_bytes <= memory.total_bytes, "more available than there is");
        require(memory.used_bytes == memory.total_bytes - memory.available_bytes, "another sum");
        require(memory.swap_used_bytes <= memory.swap_total_bytes, "more swapped than swap");
    }
    if (umm_memory_parse_pressure(text, &pressure))
        require(pressure.some_avg10 >= 0 && pressure.some_avg10 < 102, "no percentage");
}

/* A group, a zero byte, mounts. */
static void check_groups(const char *text, size_t len)
{
    struct umm_memory_group group;
    struct umm_memory_place place;
    size_t first = strlen(text);
    if (!umm_memory_parse_cgroup(text, &group))
        return;
    require(group.path[0] == '/' && !strchr(group.path, '\n'), "no path of a group");
    require(group.version == 1 || group.version == 2, "no version");
    if (umm_memory_parse_mounts(first < len ? text + first + 1 : "", &group, &place))
        require(place.below[0] == '\0' || place.below[0] == '/', "no path below a mount");
}

static void check_process(const char *text)
{
    struct umm_process_id id;
    struct umm_process process = {.shmem_bytes = 4096};
    struct umm_mapping mapping;
    if (umm_process_parse_stat(text, &id, &process))
        require(strlen(id.name) < sizeof id.name && id.state, "no process");
    umm_process_parse_status(text, &process);
    umm_process_parse_rollup(text, &process);
    if (umm_mapping_parse(text, &mapping)) {
        require(mapping.start <= mapping.end, "a mapping that ends before it begins");
        require(!memchr(mapping.path, '\n', mapping.path_len), "a path of two lines");
    }
}

static void check_smaps(const char *text)
{
    struct umm_snapshot snapshot = {0}, again;
    char *printed;
    size_t len;
    require(umm_snapshot_add(&snapshot, "name", text, NULL) == UMM_OK, "no memory");
    umm_snapshot_sort(&snapshot);
    require(umm_snapshot_print(&snapshot, &printed, &len, NULL) == UMM_OK, "no memory");
    require(umm_snapshot_parse(printed, len, "f", &again, NULL) == UMM_OK, "not accepted again");
    require(again.n == snapshot.n, "read otherwise");
    for (size_t i = 0; i < again.n; i++)
        require(strcmp(again.mappings[i].name, snapshot.mappings[i].name) == 0, "another name");
    free(printed);
    umm_snapshot_free(&snapshot);
    umm_snapshot_free(&again);
}

static void check_snapshot(const char *text, size_t len)
{
    struct umm_snapshot snapshot;
    struct umm_table table;
    struct umm_error err = {0};
    double change;
    if (umm_snapshot_parse(text, len, "f", &snapshot, &err) != UMM_OK) {
        require(err.status == UMM_ERR_DATA && err.message[0] != '\0', "no message");
        require(strpbrk(err.message, "\n\r\x1b") == NULL, "an unsafe message");
        return;
    }
    umm_snapshot_compare_init(&table);
    require(umm_snapshot_compare(&table, &snapshot, &snapshot, &change, NULL) == UMM_OK, "memory");
    require(table.n_rows == 0, "it differs from itself");
    umm_table_clear(&table);
    umm_snapshot_free(&snapshot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *text = malloc(size);
    require(text != NULL, "no memory");
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0]) {
    case 'm': check_memory(text); break;
    case 'g': check_groups(text, size - 1); break;
    case 'p': check_process(text); break;
    case 's': check_smaps(text); break;
    default: check_snapshot(text, size - 1); break;
    }
    free(text);
    return 0;
}
