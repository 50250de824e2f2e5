/* SPDX-License-Identifier: MIT */
#include "probe/snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "probe/sharing.h"
#include "sys/file.h"
#include "sys/procfs.h"
#include "text/textbuf.h"

static const char first_line[] = "umm-memstat snapshot 1\n";

void umm_snapshot_free(struct umm_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->n; i++) {
        free(snapshot->mappings[i].process);
        free(snapshot->mappings[i].name);
    }
    free(snapshot->mappings);
    memset(snapshot, 0, sizeof *snapshot);
}

/* ---- taking it ----------------------------------------------------------- */

/* Takes both names over, which must be malloc'ed, or NULL for lack of memory. */
static struct umm_snapshot_mapping *add_mapping(struct umm_snapshot *snapshot, char *process,
                                                char *name)
{
    struct umm_snapshot_mapping *mappings =
        umm_list_room(snapshot->mappings, snapshot->n, sizeof *mappings);
    if (mappings)
        snapshot->mappings = mappings;
    if (!mappings || !process || !name) {
        free(process);
        free(name);
        return NULL;
    }
    mappings[snapshot->n] = (struct umm_snapshot_mapping){.process = process, .name = name};
    return &mappings[snapshot->n++];
}

static void add_line(struct umm_snapshot_mapping *mapping, const char *line)
{
    const struct {
        const char *key;
        uint64_t *sum;
    } fields[] = {{"Size:", &mapping->size_bytes},
                  {"Rss:", &mapping->rss_bytes},
                  {"Pss:", &mapping->pss_bytes},
                  {"Anonymous:", &mapping->anonymous_bytes},
                  {"Swap:", &mapping->swap_bytes}};
    uint64_t kb;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *at = line + strlen(fields[i].key);
        if (strncmp(line, fields[i].key, strlen(fields[i].key)) != 0)
            continue;
        at += strspn(at, " ");
        if (umm_procfs_number(&at, &kb) && kb < UINT64_MAX / 1024)
            *fields[i].sum = kb * 1024;
    }
}

enum umm_status umm_snapshot_add(struct umm_snapshot *snapshot, const char *process,
                                 const char *smaps, struct umm_error *err)
{
    static const char nameless[] = "[anonymous]";
    struct umm_snapshot_mapping *current = NULL;
    struct umm_mapping found;
    for (; *smaps; smaps = umm_procfs_next_line(smaps)) {
        if (!umm_mapping_parse(smaps, &found)) {
            if (current)
                add_line(current, smaps);
            continue;
        }
        const char *name = found.path_len ? found.path : nameless;
        size_t name_len = found.path_len ? found.path_len : strlen(nameless);
        current = add_mapping(snapshot, strdup(process), strndup(name, name_len));
        if (!current)
            return umm_error_set_memory(err, name_len, "a snapshot");
        current->n_mappings = 1;
    }
    return UMM_OK;
}

static int compare_mappings(const void *a, const void *b)
{
    const struct umm_snapshot_mapping *x = a, *y = b;
    int order = strcmp(x->process, y->process);
    return order ? order : strcmp(x->name, y->name);
}

/* Those of one name become one. */
void umm_snapshot_sort(struct umm_snapshot *snapshot)
{
    struct umm_snapshot_mapping *all = snapshot->mappings;
    size_t n = 0;
    if (snapshot->n)
        qsort(all, snapshot->n, sizeof *all, compare_mappings);
    for (size_t i = 0; i < snapshot->n; i++) {
        if (n == 0 || compare_mappings(&all[n - 1], &all[i]) != 0) {
            all[n++] = all[i];
            continue;
        }
        all[n - 1].rss_bytes += all[i].rss_bytes;
        all[n - 1].pss_bytes += all[i].pss_bytes;
        all[n - 1].anonymous_bytes += all[i].anonymous_bytes;
        all[n - 1].swap_bytes += all[i].swap_bytes;
        all[n - 1].size_bytes += all[i].size_bytes;
        all[n - 1].n_mappings += all[i].n_mappings;
        free(all[i].process);
        free(all[i].name);
    }
    snapshot->n = n;
}

/* own, of a process that has not ended: say of which. */
static enum umm_status unreadable(const char *path, const struct umm_error *own, const char *what,
                                  struct umm_error *err)
{
    if (own->status == UMM_ERR_SYSTEM)
        return umm_error_set_errno(err, own->sys_errno, path, what);
    return umm_error_set_path(err, own->status, path, "%s", own->message);
}

static enum umm_status take_process(uint32_t pid, struct umm_procfs_text *text,
                                    struct umm_snapshot *snapshot, struct umm_error *err)
{
    char path[64];
    struct umm_process_id id;
    struct umm_error own = {0};
    int dir_fd;
    snprintf(path, sizeof path, "/proc/%u", (unsigned)pid);
    enum umm_status status = umm_procfs_open(UMM_PROCFS_CWD, path, &dir_fd, &own);
    if (status && umm_procfs_is_gone(&own))
        return UMM_OK; /* it has ended */
    if (status)
        return unreadable(path, &own, "cannot open", err);
    status = umm_procfs_read(dir_fd, "stat", text, &own);
    bool has_name = !status && umm_process_parse_stat(text->bytes, &id, NULL);
    if (has_name)
        status = umm_procfs_read(dir_fd, "smaps", text, &own);
    umm_file_close(&dir_fd);
    if (!status && has_name)
        return umm_snapshot_add(snapshot, id.name, text->bytes, err);
    if (!status || umm_procfs_is_gone(&own))
        return UMM_OK;
    snprintf(path, sizeof path, "/proc/%u/smaps", (unsigned)pid);
    return unreadable(path, &own, "cannot read", err);
}

enum umm_status umm_snapshot_take(const struct umm_choice *choice, bool *is_found,
                                  struct umm_snapshot *snapshot, struct umm_error *err)
{
    struct umm_procfs_text text = {0};
    uint32_t *pids;
    size_t n;
    memset(snapshot, 0, sizeof *snapshot);
    enum umm_status status = umm_choice_find(choice, is_found, &pids, &n, err);
    for (size_t i = 0; !status && i < n; i++)
        status = take_process(pids[i], &text, snapshot, err);
    umm_procfs_text_free(&text);
    free(pids);
    if (status)
        umm_snapshot_free(snapshot);
    umm_snapshot_sort(snapshot);
    return status;
}

/* ---- the file ------------------------------------------------------------ */

/* Every byte takes four at most. */
static void add_escaped(struct umm_textbuf *out, const char *name)
{
    size_t len = strlen(name), size = 4 * len + 4;
    char *shown = malloc(size);
    out->is_failed |= !shown;
    if (shown)
        umm_textbuf_add(out, "\t%s", umm_escape(shown, size, name, len));
    free(shown);
}

/* The byte of "\xHH", which is never 0; 0 for other texts. */
static char hex_byte(const char *text, size_t len_bytes)
{
    char digits[3] = {0};
    if (len_bytes < 4 || text[1] != 'x')
        return '\0';
    memcpy(digits, text + 2, 2);
    return strspn(digits, "0123456789abcdef") == 2 ? (char)strtoul(digits, NULL, 16) : '\0';
}

/* As it was before umm_escape, malloc'ed; what umm_escape does not write stays as it is. */
static char *unescaped(const char *text, size_t len_bytes)
{
    static const char letters[] = "tnr\"\\", meanings[] = "\t\n\r\"\\";
    char *out = malloc(len_bytes + 1), *to = out;
    if (!out)
        return NULL;
    for (size_t i = 0; i < len_bytes; i++) {
        bool is_escape = text[i] == '\\' && i + 1 < len_bytes;
        const char *letter = is_escape ? strchr(letters, text[i + 1]) : NULL;
        char byte = is_escape ? hex_byte(text + i, len_bytes - i) : '\0';
        *to++ = letter ? meanings[letter - letters] : byte ? byte : text[i];
        i += letter ? 1 : byte ? 3 : 0;
    }
    *to = '\0';
    return out;
}

enum umm_status umm_snapshot_print(const struct umm_snapshot *snapshot, char **text,
                                   size_t *len_bytes, struct umm_error *err)
{
    struct umm_textbuf out = {0};
    umm_textbuf_add(&out, "%s", first_line);
    for (size_t i = 0; i < snapshot->n; i++) {
        const struct umm_snapshot_mapping *m = &snapshot->mappings[i];
        umm_textbuf_add(&out,
                        "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
                        m->rss_bytes, m->pss_bytes, m->anonymous_bytes, m->swap_bytes,
                        m->size_bytes, m->n_mappings);
        add_escaped(&out, m->process);
        add_escaped(&out, m->name);
        umm_textbuf_add(&out, "\n");
    }
    return umm_textbuf_take(&out, text, len_bytes, err);
}

/* *line moves to the next; false when it is none that a snapshot has. */
static bool parse_line(const char **line, struct umm_snapshot *snapshot, bool *is_memory)
{
    uint64_t values[6];
    const char *at = *line, *end = at + strcspn(at, "\n");
    for (int i = 0; i < 6; i++)
        if (!umm_procfs_number(&at, &values[i]) || *at++ != (i < 5 ? ' ' : '\t'))
            return false;
    const char *tab = memchr(at, '\t', (size_t)(end - at));
    if (!tab || *end != '\n' || tab + 1 == end)
        return false;
    struct umm_snapshot_mapping *mapping = add_mapping(snapshot, unescaped(at, (size_t)(tab - at)),
                                                       unescaped(tab + 1, (size_t)(end - tab) - 1));
    *is_memory = !mapping;
    if (!mapping)
        return false;
    mapping->rss_bytes = values[0];
    mapping->pss_bytes = values[1];
    mapping->anonymous_bytes = values[2];
    mapping->swap_bytes = values[3];
    mapping->size_bytes = values[4];
    mapping->n_mappings = values[5];
    *line = end + 1;
    return true;
}

static enum umm_status refuse(const char *path, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_DATA, path, "is no snapshot of memory");
}

enum umm_status umm_snapshot_parse(const char *text, size_t len_bytes, const char *path,
                                   struct umm_snapshot *snapshot, struct umm_error *err)
{
    const char *at = text;
    bool is_memory = false;
    memset(snapshot, 0, sizeof *snapshot);
    if (strncmp(text, first_line, strlen(first_line)) != 0)
        return refuse(path, err);
    at += strlen(first_line);
    for (uint64_t line = 2; at < text + len_bytes; line++) {
        const char *begin = at;
        char shown[UMM_EXCERPT_MAX];
        if (parse_line(&at, snapshot, &is_memory))
            continue;
        umm_snapshot_free(snapshot);
        if (is_memory)
            return umm_error_set_memory(err, len_bytes, "a snapshot");
        umm_error_set(err, UMM_ERR_DATA, "not a line of a snapshot: \"%s\"",
                      umm_escape(shown, sizeof shown, begin, strcspn(begin, "\n")));
        umm_error_at(err, path, line, 1, (uint64_t)(begin - text));
        return UMM_ERR_DATA;
    }
    umm_snapshot_sort(snapshot);
    return UMM_OK;
}

/* Before a file of any size is read: whether it begins as a snapshot. */
static enum umm_status look_at_begin(const char *path, struct umm_error *err)
{
    char begin[sizeof first_line] = "";
    struct umm_file_info info;
    size_t n = 0;
    int fd;
    enum umm_status status = umm_file_open_read(path, &fd, &info, err);
    bool is_regular = !status && info.kind == UMM_FILE_REGULAR;
    if (is_regular)
        status = umm_file_read_begin(fd, path, begin, strlen(first_line), &n, err);
    umm_file_close(&fd);
    if (!status && is_regular && strcmp(begin, first_line) != 0)
        status = refuse(path, err);
    return status;
}

enum umm_status umm_snapshot_read(const char *path, struct umm_snapshot *snapshot,
                                  struct umm_error *err)
{
    const size_t max_bytes = (size_t)256 << 20;
    void *text = NULL;
    size_t len;
    memset(snapshot, 0, sizeof *snapshot);
    enum umm_status status = look_at_begin(path, err);
    if (!status)
        status = umm_file_read_whole(path, max_bytes, &text, &len, err);
    if (!status)
        status = umm_snapshot_parse(text, len, path, snapshot, err);
    free(text);
    return status;
}

/* ---- comparing ----------------------------------------------------------- */

enum {
    CHANGE_RSS,
    CHANGE_PSS,
    CHANGE_ANONYMOUS,
    CHANGE_NOW,
    CHANGE_PROCESS,
    CHANGE_MAPPING,
    CHANGE_COLUMNS
};

static const struct umm_table_column change_columns[] = {
    {UMM_TABLE_CHANGE, "rss_change_bytes", "rss", UMM_METRIC_NONE},
    {UMM_TABLE_CHANGE, "pss_change_bytes", "pss", UMM_METRIC_NONE},
    {UMM_TABLE_CHANGE, "anonymous_change_bytes", "anonymous", UMM_METRIC_NONE},
    {UMM_TABLE_BYTES, "rss_bytes", "rss now", UMM_METRIC_NONE},
    {UMM_TABLE_TEXT, "process", "process", UMM_METRIC_NONE},
    {UMM_TABLE_TEXT, "mapping", "mapping", UMM_METRIC_NONE}};

void umm_snapshot_compare_init(struct umm_table *table)
{
    *table = (struct umm_table){
        .what = "change", .columns = change_columns, .n_columns = CHANGE_COLUMNS};
}

struct change {
    double rss, pss, anonymous, rss_now;
    const struct umm_snapshot_mapping *mapping;
};

static struct change change_of(const struct umm_snapshot_mapping *before,
                               const struct umm_snapshot_mapping *after)
{
    static const struct umm_snapshot_mapping none;
    const struct umm_snapshot_mapping *b = before ? before : &none, *a = after ? after : &none;
    return (struct change){.rss = (double)a->rss_bytes - (double)b->rss_bytes,
                           .pss = (double)a->pss_bytes - (double)b->pss_bytes,
                           .anonymous = (double)a->anonymous_bytes - (double)b->anonymous_bytes,
                           .rss_now = (double)a->rss_bytes,
                           .mapping = after ? after : before};
}

/* Both are sorted: the mappings of either, in step. */
static size_t collect_changes(const struct umm_snapshot *before, const struct umm_snapshot *after,
                              struct change *changes)
{
    size_t n = 0, b = 0, a = 0;
    while (b < before->n || a < after->n) {
        const struct umm_snapshot_mapping *x = b < before->n ? &before->mappings[b] : NULL;
        const struct umm_snapshot_mapping *y = a < after->n ? &after->mappings[a] : NULL;
        int order = !x ? 1 : !y ? -1 : compare_mappings(x, y);
        b += order <= 0;
        a += order >= 0;
        struct change change = change_of(order <= 0 ? x : NULL, order >= 0 ? y : NULL);
        if (change.rss < 0 || change.rss > 0 || change.pss < 0 || change.pss > 0 ||
            change.anonymous < 0 || change.anonymous > 0)
            changes[n++] = change;
    }
    return n;
}

static int compare_changes(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    if (x->rss < y->rss || x->rss > y->rss)
        return x->rss < y->rss ? 1 : -1;
    if (x->pss < y->pss || x->pss > y->pss)
        return x->pss < y->pss ? 1 : -1;
    return compare_mappings(x->mapping, y->mapping);
}

enum umm_status umm_snapshot_compare(struct umm_table *table, const struct umm_snapshot *before,
                                     const struct umm_snapshot *after, double *rss_change,
                                     struct umm_error *err)
{
    struct change *changes = calloc(before->n + after->n + 1, sizeof *changes);
    *rss_change = 0;
    umm_table_clear(table);
    if (!changes)
        return umm_error_set_memory(err, (before->n + after->n) * sizeof *changes, "changes");
    size_t n = collect_changes(before, after, changes);
    if (n)
        qsort(changes, n, sizeof *changes, compare_changes);
    for (size_t i = 0; i < n; i++) {
        *rss_change += changes[i].rss;
        umm_table_add_row(table);
        umm_table_set_number(table, CHANGE_RSS, changes[i].rss);
        umm_table_set_number(table, CHANGE_PSS, changes[i].pss);
        umm_table_set_number(table, CHANGE_ANONYMOUS, changes[i].anonymous);
        umm_table_set_number(table, CHANGE_NOW, changes[i].rss_now);
        umm_table_set_text(table, CHANGE_PROCESS, changes[i].mapping->process);
        umm_table_set_text(table, CHANGE_MAPPING, changes[i].mapping->name);
    }
    free(changes);
    return UMM_OK;
}
