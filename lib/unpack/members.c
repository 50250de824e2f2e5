/* SPDX-License-Identifier: MIT */
#include "unpack/members.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"

/* ---- one entry ---------------------------------------------------------------------- */

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* Whether a program that unpacked the name as it is could write outside of its directory. */
static bool leads_out(const char *name)
{
    const bool is_drive =
        ((name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z')) &&
        name[1] == ':';
    if (is_separator(name[0]) || is_drive)
        return true;
    for (const char *part = name; *part;) {
        const size_t len = strcspn(part, "/\\");
        if (len == 2 && part[0] == '.' && part[1] == '.')
            return true;
        part += len + (part[len] != '\0');
    }
    return false;
}

static bool fits(const char *pattern, const char *name)
{
    const char *slash = strrchr(name, '/');
    return !pattern || fnmatch(pattern, name, 0) == 0 ||
           (slash && fnmatch(pattern, slash + 1, 0) == 0);
}

static enum umm_status refuse(const char *what, enum umm_hint hint, struct umm_error *err)
{
    return umm_error_hint(err, umm_error_set(err, UMM_ERR_DATA, "%s", what), hint);
}

static enum umm_status check(const struct umm_container_entry *entry, bool is_wanted,
                             struct umm_error *err)
{
    if (leads_out(entry->name))
        return refuse("a member's name that leads out of the archive", UMM_HINT_NONE, err);
    if (!is_wanted)
        return UMM_OK;
    if (entry->is_encrypted)
        return refuse("is encrypted", UMM_HINT_ENCRYPTED, err);
    switch (entry->kind) {
    case UMM_MEMBER_LINK: return refuse("is a link, not a file", UMM_HINT_MEMBERS, err);
    case UMM_MEMBER_DEVICE: return refuse("is a device, not a file", UMM_HINT_MEMBERS, err);
    case UMM_MEMBER_DIRECTORY:
        if (entry->size_bytes)
            return refuse("is a directory, and has content", UMM_HINT_NONE, err);
        break;
    case UMM_MEMBER_FILE: break;
    }
    return UMM_OK;
}

static enum umm_status add(struct umm_members *members, const struct umm_container_entry *entry,
                           struct umm_error *err)
{
    if (members->n == members->cap) {
        const size_t cap = members->cap ? 2 * members->cap : 16;
        struct umm_member *items = realloc(members->items, cap * sizeof *items);
        if (!items)
            return umm_error_set_memory(err, cap * sizeof *items, "the members of an archive");
        members->items = items;
        members->cap = cap;
    }
    char *name = strdup(entry->name);
    if (!name)
        return umm_error_set_memory(err, strlen(entry->name), "a member's name");
    members->items[members->n++] = (struct umm_member){.name = name,
                                                       .index = members->n_entries,
                                                       .size_bytes = entry->size_bytes,
                                                       .position = entry->position};
    return UMM_OK;
}

static uint64_t hash_of(const char *name, size_t len)
{
    while (len && name[len - 1] == '/')
        len--;
    return umm_hash64(name, len, 0);
}

static enum umm_status note_entry(struct umm_members *members, const char *name,
                                  struct umm_error *err)
{
    const size_t n = members->n_entries;
    if ((n & (n - 1)) == 0) { /* room for as many again */
        const size_t size = (n ? 2 * n : 1) * sizeof *members->entries;
        uint64_t *entries = realloc(members->entries, size);
        if (!entries)
            return umm_error_set_memory(err, size, "the members of an archive");
        members->entries = entries;
    }
    members->entries[n] = hash_of(name, strlen(name));
    return UMM_OK;
}

enum umm_status umm_members_take(struct umm_members *members,
                                 const struct umm_container_entry *entry, struct umm_error *err)
{
    const bool is_wanted = fits(members->pattern, entry->name);
    enum umm_status status = check(entry, is_wanted, err);
    if (!status && is_wanted && entry->kind == UMM_MEMBER_FILE)
        status = add(members, entry, err);
    if (!status)
        status = note_entry(members, entry->name, err);
    members->n_entries += !status;
    return status;
}

/* ---- all of them ---------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct umm_member *)a)->name, ((const struct umm_member *)b)->name);
}

static int compare_hashes(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static enum umm_status refuse_twice(const char *name, struct umm_error *err)
{
    char shown[2 * UMM_EXCERPT_MAX];
    return umm_error_set(err, UMM_ERR_DATA, "two members are called \"%s\"",
                         umm_escape(shown, sizeof shown, name, strlen(name)));
}

enum umm_status umm_members_sort(struct umm_members *members, struct umm_error *err)
{
    struct umm_member *items = members->items;
    if (members->n)
        qsort(items, members->n, sizeof *items, compare);
    if (members->n_entries)
        qsort(members->entries, members->n_entries, sizeof *members->entries, compare_hashes);
    members->is_in_order = true;
    for (size_t i = 1; i < members->n; i++) {
        if (strcmp(items[i - 1].name, items[i].name) == 0)
            return refuse_twice(items[i].name, err);
        if (items[i - 1].index > items[i].index)
            members->is_in_order = false;
    }
    return UMM_OK;
}

bool umm_members_has_entry(const struct umm_members *members, const char *name, size_t len_bytes)
{
    const uint64_t hash = hash_of(name, len_bytes);
    return members->n_entries && bsearch(&hash, members->entries, members->n_entries,
                                         sizeof *members->entries, compare_hashes);
}

size_t umm_members_find(const struct umm_members *members, const char *name)
{
    size_t low = 0, high = members->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(members->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < members->n && strcmp(members->items[low].name, name) == 0 ? low : members->n;
}

void umm_members_free(struct umm_members *members)
{
    for (size_t i = 0; i < members->n; i++)
        free(members->items[i].name);
    free(members->items);
    free(members->entries);
    *members = (struct umm_members){.n = 0};
}
