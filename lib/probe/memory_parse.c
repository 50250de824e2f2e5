/* SPDX-License-Identifier: MIT */
#include "probe/memory.h"

#include <string.h>

#include "sys/procfs.h"

/* ---- /proc/meminfo ------------------------------------------------------- */

bool umm_memory_parse_meminfo(const char *text, struct umm_memory *memory)
{
    uint64_t buffers = 0, cached = 0, reclaimable = 0, swap_free = 0;
    memset(memory, 0, sizeof *memory);
    if (!umm_procfs_field(text, "MemTotal:", &memory->total_bytes) ||
        !umm_procfs_field(text, "MemAvailable:", &memory->available_bytes))
        return false;
    (void)umm_procfs_field(text, "MemFree:", &memory->free_bytes);
    (void)umm_procfs_field(text, "Shmem:", &memory->shared_bytes);
    (void)umm_procfs_field(text, "Buffers:", &buffers);
    (void)umm_procfs_field(text, "Cached:", &cached);
    (void)umm_procfs_field(text, "SReclaimable:", &reclaimable);
    if (umm_procfs_field(text, "SwapTotal:", &memory->swap_total_bytes) &&
        umm_procfs_field(text, "SwapFree:", &swap_free) && swap_free <= memory->swap_total_bytes)
        memory->swap_used_bytes = memory->swap_total_bytes - swap_free;
    memory->cached_bytes = buffers + cached + reclaimable;
    /* Hypervisors that balloon, and LXC's files, can say more is available than there is. */
    if (memory->available_bytes > memory->total_bytes)
        memory->available_bytes = memory->total_bytes;
    memory->used_bytes = memory->total_bytes - memory->available_bytes;
    memory->host_total_bytes = memory->total_bytes;
    memory->host_available_bytes = memory->available_bytes;
    return true;
}

/* ---- pressure ------------------------------------------------------------ */

/* "12.34", two decimals, as the kernel writes it. */
static bool parse_percent(const char *text, double *out)
{
    uint64_t whole, hundredths;
    if (!umm_procfs_number(&text, &whole) || *text++ != '.')
        return false;
    const char *point = text;
    if (!umm_procfs_number(&text, &hundredths) || text - point != 2 || whole > 100)
        return false;
    *out = (double)whole + (double)hundredths / 100;
    return true;
}

/* The text after key within the first line of text. */
static const char *word_value(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at && at < text + strcspn(text, "\n") ? at + strlen(key) : NULL;
}

static bool parse_stalls(const char *line, double avg[3], uint64_t *total_us)
{
    static const char *const keys[] = {" avg10=", " avg60=", " avg300="};
    for (int i = 0; i < 3; i++) {
        const char *at = word_value(line, keys[i]);
        if (!at || !parse_percent(at, &avg[i]))
            return false;
    }
    const char *at = word_value(line, " total=");
    return at && umm_procfs_number(&at, total_us);
}

bool umm_memory_parse_pressure(const char *text, struct umm_memory_pressure *pressure)
{
    double some[3] = {0}, full[3] = {0};
    bool has_some = false;
    memset(pressure, 0, sizeof *pressure);
    for (; *text; text = umm_procfs_next_line(text)) {
        if (strncmp(text, "some ", 5) == 0)
            has_some = parse_stalls(text + 4, some, &pressure->some_total_us);
        else if (strncmp(text, "full ", 5) == 0)
            (void)parse_stalls(text + 4, full, &pressure->full_total_us);
    }
    pressure->is_known = has_some;
    pressure->some_avg10 = some[0];
    pressure->some_avg60 = some[1];
    pressure->some_avg300 = some[2];
    pressure->full_avg10 = full[0];
    pressure->full_avg60 = full[1];
    pressure->full_avg300 = full[2];
    return has_some;
}

/* ---- control groups ------------------------------------------------------ */

/* Whether word is one of the len_bytes bytes at list, which commas separate. */
static bool has_word(const char *list, size_t len_bytes, const char *word)
{
    const char *end = list + len_bytes;
    size_t word_len = strlen(word);
    while (list < end) {
        const char *comma = memchr(list, ',', (size_t)(end - list));
        const char *stop = comma ? comma : end;
        if ((size_t)(stop - list) == word_len && memcmp(list, word, word_len) == 0)
            return true;
        list = stop + 1;
    }
    return false;
}

static bool copy_text(char out[UMM_MEMORY_PATH_MAX], const char *text, size_t len_bytes)
{
    if (len_bytes >= UMM_MEMORY_PATH_MAX)
        return false;
    memcpy(out, text, len_bytes);
    out[len_bytes] = '\0';
    return true;
}

/* Lines such as "4:memory:/docker/1f" (version 1) and "0::/user.slice" (version 2). */
bool umm_memory_parse_cgroup(const char *text, struct umm_memory_group *group)
{
    group->version = 0;
    group->path[0] = '\0';
    for (; *text && group->version != 1; text = umm_procfs_next_line(text)) {
        size_t len = strcspn(text, "\n");
        const char *controllers = memchr(text, ':', len);
        const char *path =
            controllers ? memchr(controllers + 1, ':', len - (size_t)(controllers + 1 - text))
                        : NULL;
        if (!path)
            continue;
        size_t list_len = (size_t)(path - controllers) - 1;
        bool is_v1 = has_word(controllers + 1, list_len, "memory");
        bool is_v2 = list_len == 0 && controllers - text == 1 && *text == '0';
        path++;
        /* The controller is in one hierarchy only: a line of version 1 settles it. */
        if ((is_v1 || is_v2) && *path == '/' &&
            copy_text(group->path, path, len - (size_t)(path - text)))
            group->version = is_v1 ? 1 : 2;
    }
    return group->version != 0;
}

enum { MOUNT_ROOT = 3, MOUNT_POINT = 4, MOUNT_FIELDS_MAX = 64 };

struct word {
    const char *at;
    size_t len_bytes;
};

static size_t split_words(const char *line, struct word words[MOUNT_FIELDS_MAX])
{
    size_t n = 0;
    const char *end = line + strcspn(line, "\n");
    while (line < end && n < MOUNT_FIELDS_MAX) {
        size_t len = strcspn(line, " \n");
        words[n++] = (struct word){line, len};
        line += len;
        line += *line == ' ';
    }
    return n;
}

/* A path of mountinfo, with its \040 and the like undone. */
static bool unescape(char out[UMM_MEMORY_PATH_MAX], struct word word)
{
    size_t n = 0;
    for (size_t i = 0; i < word.len_bytes; n++) {
        const char *p = word.at + i;
        if (n + 1 >= UMM_MEMORY_PATH_MAX)
            return false;
        bool is_octal = word.len_bytes - i >= 4 && p[0] == '\\' && p[1] >= '0' && p[1] <= '3' &&
                        p[2] >= '0' && p[2] <= '7' && p[3] >= '0' && p[3] <= '7';
        out[n] =
            is_octal ? (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0')) : word.at[i];
        i += is_octal ? 4 : 1;
    }
    out[n] = '\0';
    return true;
}

static bool word_is(struct word word, const char *text)
{
    return word.len_bytes == strlen(text) && memcmp(word.at, text, word.len_bytes) == 0;
}

/* Whether the mount is the memory hierarchy of that version: "... - TYPE SOURCE OPTIONS". */
static bool is_memory_mount(const struct word *words, size_t n, int version)
{
    for (size_t i = MOUNT_POINT + 1; i + 3 < n; i++)
        if (word_is(words[i], "-"))
            return version == 2 ? word_is(words[i + 1], "cgroup2")
                                : word_is(words[i + 1], "cgroup") &&
                                      has_word(words[i + 3].at, words[i + 3].len_bytes, "memory");
    return false;
}

/*
 * The group below the mount. A mount shows the hierarchy from its root down: of
 * "/docker/1f/job" with root "/docker/1f" that is "/job". A group outside the mount
 * (or "/../x", from inside a namespace) leaves the mount itself.
 */
static bool place_group(const char *root, const char *path, char below[UMM_MEMORY_PATH_MAX])
{
    size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);
    bool is_below = strncmp(path, root, len) == 0 && (path[len] == '/' || !path[len]) &&
                    strncmp(path, "/..", 3) != 0;
    const char *rest = is_below ? path + len : "";
    return copy_text(below, rest, strcmp(rest, "/") == 0 ? 0 : strlen(rest));
}

bool umm_memory_parse_mounts(const char *text, const struct umm_memory_group *group,
                             struct umm_memory_place *place)
{
    struct word words[MOUNT_FIELDS_MAX];
    char root[UMM_MEMORY_PATH_MAX];
    for (; *text; text = umm_procfs_next_line(text)) {
        size_t n = split_words(text, words);
        if (is_memory_mount(words, n, group->version) && unescape(root, words[MOUNT_ROOT]) &&
            unescape(place->top, words[MOUNT_POINT]) &&
            place_group(root, group->path, place->below))
            return true;
    }
    return false;
}
