/* SPDX-License-Identifier: MIT */
#include "order/rowsort.h"

#include <stdlib.h>
#include <string.h>

#include "array/output.h"
#include "base/error.h"
#include "sys/pages.h"

enum {
    FIRST_ROWS = 16 * 1024,     /* of a bank before it is as large as it may be */
    WRITE_BYTES = 256 * 1024,   /* of a run at once */
    SOURCE_BYTES = 1024 * 1024, /* of a run at once, at most, when runs are merged */
    SOURCE_LEAST = 16 * 1024,   /* below this, runs are merged in several steps */
    AHEAD = 16                  /* rows that are asked for before they are copied */
};

/* ---- opening and closing ------------------------------------------------------------ */

static size_t bytes_per_row(const struct umm_rowsort *sort)
{
    const struct umm_rowsort_options *o = &sort->options;
    const size_t by_time = sizeof(int64_t) + 2 * sizeof(struct umm_rowsort_key);
    return sort->row_bytes + sizeof(uint32_t) + (o->has_groups ? sizeof(uint32_t) : 0) +
           (o->is_by_time ? by_time : 0);
}

void umm_rowsort_init(struct umm_rowsort *sort, const struct umm_rowsort_options *options,
                      struct umm_run *run)
{
    const uint64_t most = UINT32_MAX / 2;
    *sort = (struct umm_rowsort){.options = *options,
                                 .context = run,
                                 .row_bytes = options->schema->row_bytes,
                                 .file = {.fd = -1}};
    uint64_t cap = options->memory_bytes / (options->is_shared ? 2 : 1) / bytes_per_row(sort);
    sort->cap_rows = (size_t)(cap > most ? most : cap + !cap);
    for (size_t i = 0; i < 2; i++) {
        sort->banks[i].is_sorted = true;
        umm_mutex_init(&sort->banks[i].busy, options->is_shared);
    }
}

static void free_bank(struct umm_rowsort_bank *bank)
{
    free(bank->rows);
    free(bank->times);
    free(bank->groups);
    free(bank->order);
    free(bank->keys);
    bank->rows = NULL;
    bank->times = NULL;
    bank->groups = NULL;
    bank->order = NULL;
    bank->keys = NULL;
    bank->n = bank->cap = 0;
}

static void free_runs(struct umm_rowsort_run **runs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(runs[i]->parts);
        free(runs[i]);
    }
    free(runs);
}

void umm_rowsort_close(struct umm_rowsort *sort)
{
    if (!sort->row_bytes)
        return;
    for (size_t i = 0; i < 2; i++) {
        free_bank(&sort->banks[i]);
        umm_mutex_free(&sort->banks[i].busy);
    }
    free_runs(sort->runs, sort->n_runs);
    umm_rowfile_close(&sort->file);
    *sort = (struct umm_rowsort){.row_bytes = 0};
}

/* ---- runs --------------------------------------------------------------------------- */

/* One more at the end of a list. */
static enum umm_status add_run(struct umm_rowsort_run ***runs, size_t *n_runs, size_t *cap_runs,
                               struct umm_rowsort_run **run, struct umm_error *err)
{
    if (*n_runs == *cap_runs) {
        const size_t cap = 2 * *cap_runs + 16;
        struct umm_rowsort_run **grown = realloc(*runs, cap * sizeof *grown);
        if (!grown)
            return umm_error_set_memory(err, cap * sizeof *grown, "sorting");
        *runs = grown;
        *cap_runs = cap;
    }
    *run = calloc(1, sizeof **run);
    if (!*run)
        return umm_error_set_memory(err, sizeof **run, "sorting");
    (*runs)[(*n_runs)++] = *run;
    return UMM_OK;
}

/* Rows of that group begin at row `first`; as many as fit are kept for more. */
static enum umm_status add_part(struct umm_rowsort_run *run, uint32_t group, uint64_t first,
                                struct umm_error *err)
{
    const size_t n = run->n_parts;
    if ((n & (n - 1)) == 0) { /* room for as many again, and the end */
        const size_t cap = n ? 2 * n : 1;
        struct umm_rowsort_part *grown = realloc(run->parts, (cap + 1) * sizeof *grown);
        if (!grown)
            return umm_error_set_memory(err, (cap + 1) * sizeof *grown, "sorting");
        run->parts = grown;
    }
    run->parts[run->n_parts++] = (struct umm_rowsort_part){group, first};
    return UMM_OK;
}

static void end_parts(struct umm_rowsort_run *run, uint64_t end)
{
    if (run->n_parts)
        run->parts[run->n_parts] = (struct umm_rowsort_part){UINT32_MAX, end};
}

enum umm_status umm_rowsort_adopt(struct umm_rowsort *sort, const struct umm_rowfile *file,
                                  uint64_t n_rows, struct umm_error *err)
{
    struct umm_rowsort_run *run;
    if (!n_rows)
        return UMM_OK;
    enum umm_status status = add_run(&sort->runs, &sort->n_runs, &sort->cap_runs, &run, err);
    if (!status)
        status = add_part(run, 0, 0, err);
    if (status)
        return status;
    run->file = file;
    end_parts(run, n_rows);
    return UMM_OK;
}

/* ---- sorting a bank ------------------------------------------------------------------ */

/* Stable, by 11 bits at a time from the lowest on, as far as times differ at all. */
static struct umm_rowsort_key *sort_keys(struct umm_rowsort_key *keys, size_t n, uint64_t most)
{
    enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };
    struct umm_rowsort_key *from = keys, *to = keys + n;
    for (unsigned shift = 0; shift < 64 && most >> shift; shift += DIGIT_BITS) {
        uint32_t starts[DIGITS] = {0}, sum = 0;
        for (size_t i = 0; i < n; i++)
            starts[from[i].time >> shift & (DIGITS - 1)]++;
        for (size_t d = 0; d < DIGITS; d++) {
            const uint32_t count = starts[d];
            starts[d] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++)
            to[starts[from[i].time >> shift & (DIGITS - 1)]++] = from[i];
        struct umm_rowsort_key *other = from;
        from = to;
        to = other;
    }
    return from;
}

static void order_by_time(struct umm_rowsort_bank *bank)
{
    int64_t min = bank->times[0], max = bank->times[0];
    for (size_t i = 1; i < bank->n; i++) {
        min = bank->times[i] < min ? bank->times[i] : min;
        max = bank->times[i] > max ? bank->times[i] : max;
    }
    for (size_t i = 0; i < bank->n; i++)
        bank->keys[i] = (struct umm_rowsort_key){(uint64_t)bank->times[i] - (uint64_t)min, i};
    const struct umm_rowsort_key *keys =
        sort_keys(bank->keys, bank->n, (uint64_t)max - (uint64_t)min);
    for (size_t i = 0; i < bank->n; i++)
        bank->order[i] = (uint32_t)keys[i].row;
}

/* A counting sort of what is in order of time; taken over from the keys where there are any. */
static enum umm_status order_by_group(struct umm_rowsort_bank *bank, bool is_by_time,
                                      struct umm_error *err)
{
    uint32_t most = 0, *before = NULL;
    for (size_t i = 0; i < bank->n; i++)
        most = bank->groups[i] > most ? bank->groups[i] : most;
    const size_t n_starts = (size_t)most + 2;
    size_t *starts = calloc(n_starts, sizeof *starts);
    if (is_by_time) { /* the keys have served */
        before = (uint32_t *)(void *)bank->keys;
        memcpy(before, bank->order, bank->n * sizeof *before);
    }
    if (!starts)
        return umm_error_set_memory(err, n_starts * sizeof *starts, "sorting");
    for (size_t i = 0; i < bank->n; i++)
        starts[bank->groups[i] + 1]++;
    for (size_t g = 1; g < n_starts; g++)
        starts[g] += starts[g - 1];
    for (size_t i = 0; i < bank->n; i++) {
        const uint32_t row = before ? before[i] : (uint32_t)i;
        bank->order[starts[bank->groups[row]]++] = row;
    }
    free(starts);
    return UMM_OK;
}

static enum umm_status sort_bank(const struct umm_rowsort *sort, struct umm_rowsort_bank *bank,
                                 struct umm_error *err)
{
    const struct umm_rowsort_options *o = &sort->options;
    if (bank->is_sorted)
        return UMM_OK;
    if (!bank->order)
        bank->order = umm_pages_room(bank->cap * sizeof *bank->order);
    if (!bank->keys && o->is_by_time)
        bank->keys = umm_pages_room(2 * bank->cap * sizeof *bank->keys);
    if (!bank->order || (o->is_by_time && !bank->keys))
        return umm_error_set_memory(err, bank->cap * sizeof *bank->keys, "sorting");
    if (o->is_by_time)
        order_by_time(bank);
    return o->has_groups ? order_by_group(bank, o->is_by_time, err) : UMM_OK;
}

/* Which row is number i in order. */
static size_t row_at(const struct umm_rowsort_bank *bank, size_t i)
{
    return bank->is_sorted ? i : bank->order[i];
}

/* Copy rows number from..to in order. */
static void gather(const struct umm_rowsort *sort, const struct umm_rowsort_bank *bank, size_t from,
                   size_t to, char *out)
{
    const size_t row_bytes = sort->row_bytes;
    if (bank->is_sorted) {
        memcpy(out, bank->rows + from * row_bytes, (to - from) * row_bytes);
        return;
    }
    for (size_t i = from; i < to; i++, out += row_bytes) {
        if (i + AHEAD < bank->n)
            __builtin_prefetch(bank->rows + bank->order[i + AHEAD] * row_bytes);
        memcpy(out, bank->rows + bank->order[i] * row_bytes, row_bytes);
    }
}

/* ---- spilling ------------------------------------------------------------------------ */

static enum umm_status list_parts(const struct umm_rowsort *sort,
                                  const struct umm_rowsort_bank *bank, struct umm_error *err)
{
    uint32_t group = 0;
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < bank->n; i++) {
        const uint32_t next = sort->options.has_groups ? bank->groups[row_at(bank, i)] : 0;
        if (i == 0 || next != group)
            status = add_part(bank->run, next, bank->first + i, err);
        group = next;
    }
    end_parts(bank->run, bank->first + bank->n);
    return status;
}

static enum umm_status write_bank(const struct umm_rowsort *sort,
                                  const struct umm_rowsort_bank *bank, struct umm_error *err)
{
    const size_t row_bytes = sort->row_bytes;
    const size_t n_most = row_bytes < WRITE_BYTES ? WRITE_BYTES / row_bytes : 1;
    char *buffer = malloc(n_most * row_bytes);
    if (!buffer)
        return umm_error_set_memory(err, n_most * row_bytes, "sorting");
    enum umm_status status = UMM_OK;
    for (size_t at = 0; !status && at < bank->n; at += n_most) {
        const size_t n = bank->n - at < n_most ? bank->n - at : n_most;
        gather(sort, bank, at, at + n, buffer);
        const struct umm_rowfile_piece piece = {buffer, n * row_bytes,
                                                (bank->first + at) * row_bytes};
        status = umm_run_is_cancelled(sort->context)
                     ? umm_error_set_cancelled(err)
                     : umm_rowfile_write_piece(&sort->file, &piece, err);
    }
    free(buffer);
    return status;
}

static void empty_bank(struct umm_rowsort_bank *bank)
{
    bank->n = 0;
    bank->run = NULL;
    bank->is_sorted = true;
}

static enum umm_status spill(const struct umm_rowsort *sort, struct umm_rowsort_bank *bank,
                             struct umm_error *err)
{
    enum umm_status status = sort_bank(sort, bank, err);
    if (!status)
        status = list_parts(sort, bank, err);
    if (!status)
        status = write_bank(sort, bank, err);
    empty_bank(bank);
    return status;
}

enum umm_status umm_rowsort_spill(const struct umm_rowsort *sort, struct umm_rowsort_bank *bank,
                                  struct umm_error *err)
{
    enum umm_status status = spill(sort, bank, err);
    umm_mutex_unlock(&bank->busy);
    return status;
}

void umm_rowsort_drop(struct umm_rowsort_bank *bank)
{
    if (bank)
        umm_mutex_unlock(&bank->busy);
}

static enum umm_status open_file(struct umm_rowsort *sort, struct umm_rowfile *file,
                                 struct umm_error *err)
{
    const struct umm_rowsort_options *o = &sort->options;
    return umm_output_scratch(file, o->beside, o->is_stream, o->scratch_dir, sort->row_bytes,
                              sort->context, err);
}

/* The bank becomes a run, whose place in the file is known before it is written. */
static enum umm_status place_run(struct umm_rowsort *sort, struct umm_rowsort_bank *bank,
                                 struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    if (!sort->has_file)
        status = open_file(sort, &sort->file, err);
    sort->has_file = !status;
    if (!status)
        status = add_run(&sort->runs, &sort->n_runs, &sort->cap_runs, &bank->run, err);
    if (status)
        return status;
    bank->run->file = &sort->file;
    bank->first = sort->n_filed;
    sort->n_filed += bank->n;
    return UMM_OK;
}

/* A bank is full: the other one, when it is free, takes what comes. */
static enum umm_status change_bank(struct umm_rowsort *sort, struct umm_rowsort_bank **later,
                                   struct umm_error *err)
{
    struct umm_rowsort_bank *bank = &sort->banks[sort->at];
    enum umm_status status = place_run(sort, bank, err);
    if (status || !later || !sort->options.is_shared)
        return status ? status : spill(sort, bank, err);
    if (*later)
        status = umm_rowsort_spill(sort, *later, err);
    *later = NULL;
    /* Wait for it while nothing is held: locks are never taken one in the other. */
    sort->at = 1 - sort->at;
    umm_mutex_lock(&sort->banks[sort->at].busy);
    umm_mutex_unlock(&sort->banks[sort->at].busy);
    umm_mutex_lock(&bank->busy);
    *later = bank;
    return status;
}

/* ---- rows in -------------------------------------------------------------------------- */

/* *data with room for cap items, of which the first n stay. */
static bool renew(void *data, size_t n, size_t cap, size_t item_bytes)
{
    void **place = data;
    void *grown = umm_pages_room(cap * item_bytes);
    if (!grown)
        return false;
    if (n)
        memcpy(grown, *place, n * item_bytes);
    free(*place);
    *place = grown;
    return true;
}

static enum umm_status grow_bank(const struct umm_rowsort *sort, struct umm_rowsort_bank *bank,
                                 size_t wanted, struct umm_error *err)
{
    if (wanted <= bank->cap)
        return UMM_OK;
    /* Memory that is not touched costs nothing, and to move rows does. */
    const size_t cap =
        wanted <= FIRST_ROWS && FIRST_ROWS < sort->cap_rows ? FIRST_ROWS : sort->cap_rows;
    bool is_done = renew(&bank->rows, bank->n, cap, sort->row_bytes);
    if (is_done && sort->options.is_by_time)
        is_done = renew(&bank->times, bank->n, cap, sizeof *bank->times);
    if (is_done && sort->options.has_groups)
        is_done = renew(&bank->groups, bank->n, cap, sizeof *bank->groups);
    if (!is_done)
        return umm_error_set_memory(err, cap * bytes_per_row(sort), "sorting");
    bank->cap = cap;
    return UMM_OK;
}

/* See whether the n rows go on in order. */
static void look_at_order(const struct umm_rowsort *sort, struct umm_rowsort_bank *bank,
                          const int64_t *times, const uint32_t *groups, size_t n)
{
    uint32_t group = bank->last_group;
    int64_t time = bank->last_time;
    bool is_sorted = bank->is_sorted;
    if (bank->n == 0) {
        group = groups ? groups[0] : 0;
        time = sort->options.is_by_time ? times[0] : 0;
    }
    for (size_t i = 0; is_sorted && i < n; i++) {
        const uint32_t next_group = groups ? groups[i] : 0;
        const int64_t next_time = sort->options.is_by_time ? times[i] : 0;
        is_sorted = next_group > group || (next_group == group && next_time >= time);
        group = next_group;
        time = next_time;
    }
    bank->last_group = group;
    bank->last_time = time;
    bank->is_sorted = is_sorted;
}

static enum umm_status push_some(struct umm_rowsort *sort, const char *rows, const int64_t *times,
                                 const uint32_t *groups, size_t n, struct umm_error *err)
{
    struct umm_rowsort_bank *bank = &sort->banks[sort->at];
    enum umm_status status = grow_bank(sort, bank, bank->n + n, err);
    if (status)
        return status;
    look_at_order(sort, bank, times, groups, n);
    memcpy(bank->rows + bank->n * sort->row_bytes, rows, n * sort->row_bytes);
    if (sort->options.is_by_time)
        memcpy(bank->times + bank->n, times, n * sizeof *times);
    if (sort->options.has_groups)
        memcpy(bank->groups + bank->n, groups, n * sizeof *groups);
    bank->n += n;
    sort->n_rows += n;
    return UMM_OK;
}

enum umm_status umm_rowsort_push(struct umm_rowsort *sort, const char *rows, const int64_t *times,
                                 const uint32_t *groups, size_t n, struct umm_rowsort_bank **later,
                                 struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    while (!status && n) {
        const size_t room = sort->cap_rows - sort->banks[sort->at].n;
        const size_t some = n < room ? n : room;
        status = push_some(sort, rows, times, groups, some, err);
        rows += some * sort->row_bytes;
        times = times ? times + some : NULL;
        groups = groups ? groups + some : NULL;
        n -= some;
        if (!status && some == room)
            status = change_bank(sort, later, err);
    }
    return status;
}

/* ---- reading -------------------------------------------------------------------------- */

/* The part of that group, or NULL. */
static const struct umm_rowsort_part *find_part(const struct umm_rowsort_run *run, uint32_t group)
{
    size_t low = 0, high = run->n_parts;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (run->parts[middle].group < group)
            low = middle + 1;
        else
            high = middle;
    }
    return low < run->n_parts && run->parts[low].group == group ? &run->parts[low] : NULL;
}

static int64_t time_of(const struct umm_rowsort_cursor *cursor,
                       const struct umm_rowsort_source *source)
{
    const struct umm_rowsort *sort = cursor->sort;
    return umm_schema_time(sort->options.schema, source->buffer + source->at * sort->row_bytes);
}

/* Read on; n is 0 when the source has no more. */
static enum umm_status refill(const struct umm_rowsort_cursor *cursor,
                              struct umm_rowsort_source *source, struct umm_error *err)
{
    const uint64_t left = source->end - source->next;
    const size_t n = left < cursor->cap_source_rows ? (size_t)left : cursor->cap_source_rows;
    source->at = source->n = 0;
    if (n == 0)
        return UMM_OK;
    if (umm_run_is_cancelled(cursor->sort->context))
        return umm_error_set_cancelled(err);
    enum umm_status status = umm_rowfile_read(source->file, source->next, n, source->buffer, err);
    if (status)
        return status;
    source->next += n;
    source->n = n;
    return UMM_OK;
}

static bool is_before(struct umm_rowsort_head a, struct umm_rowsort_head b)
{
    return a.time < b.time || (a.time == b.time && a.source < b.source);
}

/* Let the head at `at` take its place below. */
static void sift_down(struct umm_rowsort_head *heads, size_t n, size_t at)
{
    const struct umm_rowsort_head head = heads[at];
    for (size_t below = 2 * at + 1; below < n; below = 2 * at + 1) {
        below += below + 1 < n && is_before(heads[below + 1], heads[below]);
        if (!is_before(heads[below], head))
            break;
        heads[at] = heads[below];
        at = below;
    }
    heads[at] = head;
}

static enum umm_status make_heap(struct umm_rowsort_cursor *cursor, struct umm_error *err)
{
    for (size_t i = 0; i < cursor->n_sources; i++) {
        struct umm_rowsort_source *source = &cursor->sources[i];
        source->buffer = cursor->buffers + i * cursor->cap_source_rows * cursor->sort->row_bytes;
        enum umm_status status = refill(cursor, source, err);
        if (status)
            return status;
        cursor->heads[cursor->n_heads++] =
            (struct umm_rowsort_head){time_of(cursor, source), (uint32_t)i};
    }
    for (size_t i = cursor->n_heads / 2; i-- > 0;)
        sift_down(cursor->heads, cursor->n_heads, i);
    return UMM_OK;
}

/* The sources of a group among some runs. */
static void list_sources(struct umm_rowsort_cursor *cursor, struct umm_rowsort_run *const *runs,
                         size_t n_runs, uint32_t group)
{
    for (size_t i = 0; i < n_runs; i++) {
        const struct umm_rowsort_part *part = find_part(runs[i], group);
        if (part)
            cursor->sources[cursor->n_sources++] = (struct umm_rowsort_source){
                .file = runs[i]->file, .next = part[0].first, .end = part[1].first};
    }
}

static size_t clip(uint64_t bytes, size_t row_bytes, size_t most_bytes)
{
    const uint64_t some = bytes < most_bytes ? bytes : most_bytes;
    return some > row_bytes ? (size_t)(some / row_bytes) : 1;
}

static enum umm_status open_runs(struct umm_rowsort_cursor *cursor, const struct umm_rowsort *sort,
                                 struct umm_rowsort_run *const *runs, size_t n_runs, uint32_t group,
                                 uint64_t memory_bytes, struct umm_error *err)
{
    const size_t row_bytes = sort->row_bytes;
    *cursor = (struct umm_rowsort_cursor){.sort = sort};
    cursor->sources = calloc(n_runs + 1, sizeof *cursor->sources);
    cursor->heads = calloc(n_runs + 1, sizeof *cursor->heads);
    cursor->cap_rows = clip(memory_bytes / 4, row_bytes, WRITE_BYTES);
    cursor->out = malloc(cursor->cap_rows * row_bytes);
    if (!cursor->sources || !cursor->heads || !cursor->out)
        return umm_error_set_memory(err, cursor->cap_rows * row_bytes, "sorting");
    list_sources(cursor, runs, n_runs, group);
    if (!sort->options.is_by_time || cursor->n_sources < 2)
        return UMM_OK;
    cursor->cap_source_rows = clip(memory_bytes / cursor->n_sources, row_bytes, SOURCE_BYTES);
    cursor->buffers = malloc(cursor->n_sources * cursor->cap_source_rows * row_bytes);
    if (!cursor->buffers)
        return umm_error_set_memory(err, cursor->n_sources * cursor->cap_source_rows * row_bytes,
                                    "sorting");
    return make_heap(cursor, err);
}

/* The rows of a group among those in memory: they stand together. */
static void find_in_bank(struct umm_rowsort_cursor *cursor, const struct umm_rowsort_bank *bank,
                         uint32_t group)
{
    size_t low = 0;
    cursor->end = group ? 0 : bank->n;
    if (!cursor->sort->options.has_groups)
        return;
    for (unsigned is_end = 0; is_end < 2; is_end++) {
        for (size_t high = bank->n; low < high;) {
            const size_t middle = low + (high - low) / 2;
            if (bank->groups[row_at(bank, middle)] < group + is_end)
                low = middle + 1;
            else
                high = middle;
        }
        *(is_end ? &cursor->end : &cursor->at) = low;
    }
}

enum umm_status umm_rowsort_cursor_open(struct umm_rowsort_cursor *cursor,
                                        const struct umm_rowsort *sort, uint32_t group,
                                        uint64_t memory_bytes, struct umm_error *err)
{
    enum umm_status status =
        open_runs(cursor, sort, sort->runs, sort->n_runs, group, memory_bytes, err);
    if (!status && sort->n_runs == 0)
        find_in_bank(cursor, &sort->banks[sort->at], group);
    return status;
}

void umm_rowsort_cursor_close(struct umm_rowsort_cursor *cursor)
{
    free(cursor->sources);
    free(cursor->heads);
    free(cursor->buffers);
    free(cursor->out);
    *cursor = (struct umm_rowsort_cursor){.sort = NULL};
}

static void next_in_bank(struct umm_rowsort_cursor *cursor, const char **rows, size_t *n)
{
    const struct umm_rowsort_bank *bank = &cursor->sort->banks[cursor->sort->at];
    const size_t left = cursor->end - cursor->at;
    *n = left < cursor->cap_rows ? left : cursor->cap_rows;
    *rows = cursor->out;
    if (*n == 0)
        return; /* there may be no memory of rows at all */
    if (bank->is_sorted)
        *rows = bank->rows + cursor->at * cursor->sort->row_bytes;
    else
        gather(cursor->sort, bank, cursor->at, cursor->at + *n, cursor->out);
    cursor->at += *n;
}

/* One source after the other. */
static enum umm_status next_in_turn(struct umm_rowsort_cursor *cursor, size_t *n,
                                    struct umm_error *err)
{
    while (cursor->at_source < cursor->n_sources) {
        struct umm_rowsort_source *source = &cursor->sources[cursor->at_source];
        const uint64_t left = source->end - source->next;
        *n = left < cursor->cap_rows ? (size_t)left : cursor->cap_rows;
        if (*n == 0) {
            cursor->at_source++;
            continue;
        }
        if (umm_run_is_cancelled(cursor->sort->context))
            return umm_error_set_cancelled(err);
        source->next += *n;
        return umm_rowfile_read(source->file, source->next - *n, *n, cursor->out, err);
    }
    return UMM_OK;
}

/* The row of the first head is taken: the next one of its source takes its place. */
static enum umm_status advance(struct umm_rowsort_cursor *cursor, struct umm_error *err)
{
    struct umm_rowsort_head *heads = cursor->heads;
    struct umm_rowsort_source *source = &cursor->sources[heads[0].source];
    enum umm_status status = UMM_OK;
    if (++source->at == source->n)
        status = refill(cursor, source, err);
    if (status)
        return status;
    if (source->at < source->n)
        heads[0].time = time_of(cursor, source);
    else
        heads[0] = heads[--cursor->n_heads];
    sift_down(heads, cursor->n_heads, 0);
    return UMM_OK;
}

static enum umm_status merge(struct umm_rowsort_cursor *cursor, size_t *n, struct umm_error *err)
{
    const size_t row_bytes = cursor->sort->row_bytes;
    enum umm_status status = UMM_OK;
    char *out = cursor->out;
    for (; !status && *n < cursor->cap_rows && cursor->n_heads; ++*n, out += row_bytes) {
        const struct umm_rowsort_source *source = &cursor->sources[cursor->heads[0].source];
        memcpy(out, source->buffer + source->at * row_bytes, row_bytes);
        status = advance(cursor, err);
    }
    return status;
}

enum umm_status umm_rowsort_cursor_next(struct umm_rowsort_cursor *cursor, const char **rows,
                                        size_t *n, struct umm_error *err)
{
    *n = 0;
    *rows = cursor->out;
    if (cursor->sort->n_runs == 0) {
        next_in_bank(cursor, rows, n);
        return UMM_OK;
    }
    return cursor->buffers ? merge(cursor, n, err) : next_in_turn(cursor, n, err);
}

/* ---- the end ---------------------------------------------------------------------------- */

/* The least group that a run has from its part number at[i] on; UINT32_MAX after the last. */
static uint32_t least_group(struct umm_rowsort_run *const *runs, const size_t *at, size_t n_runs)
{
    uint32_t least = UINT32_MAX;
    for (size_t i = 0; i < n_runs; i++)
        if (at[i] < runs[i]->n_parts && runs[i]->parts[at[i]].group < least)
            least = runs[i]->parts[at[i]].group;
    return least;
}

/* The rows of a group in some runs to the end of a file. */
static enum umm_status merge_group(const struct umm_rowsort *sort,
                                   struct umm_rowsort_run *const *runs, size_t n_runs,
                                   uint32_t group, struct umm_rowfile *file, struct umm_error *err)
{
    struct umm_rowsort_cursor cursor;
    const char *rows;
    size_t n = 1;
    enum umm_status status =
        open_runs(&cursor, sort, runs, n_runs, group, sort->options.memory_bytes, err);
    while (!status && n) {
        status = umm_rowsort_cursor_next(&cursor, &rows, &n, err);
        if (!status && n)
            status = umm_rowfile_push_many(file, rows, n, err);
    }
    umm_rowsort_cursor_close(&cursor);
    return status;
}

/* Some neighbouring runs become one. */
static enum umm_status merge_runs(const struct umm_rowsort *sort,
                                  struct umm_rowsort_run *const *runs, size_t n_runs,
                                  struct umm_rowsort_run *merged, struct umm_rowfile *file,
                                  struct umm_error *err)
{
    size_t *at = calloc(n_runs, sizeof *at);
    uint32_t group;
    enum umm_status status = at ? UMM_OK : umm_error_set_memory(err, n_runs, "sorting");
    while (!status && (group = least_group(runs, at, n_runs)) != UINT32_MAX) {
        status = add_part(merged, group, file->n_rows, err);
        if (!status)
            status = merge_group(sort, runs, n_runs, group, file, err);
        for (size_t i = 0; i < n_runs; i++)
            at[i] += at[i] < runs[i]->n_parts && runs[i]->parts[at[i]].group == group;
    }
    end_parts(merged, file->n_rows);
    free(at);
    return status;
}

/* Runs of as many as can be read side by side, in another file. */
static enum umm_status merge_level(struct umm_rowsort *sort, size_t fan, struct umm_error *err)
{
    struct umm_rowfile file = {.fd = -1};
    struct umm_rowsort_run **runs = NULL, *merged;
    size_t n_runs = 0, cap_runs = 0;
    enum umm_status status = open_file(sort, &file, err);
    for (size_t i = 0; !status && i < sort->n_runs; i += fan) {
        const size_t n = sort->n_runs - i < fan ? sort->n_runs - i : fan;
        status = add_run(&runs, &n_runs, &cap_runs, &merged, err);
        if (!status)
            status = merge_runs(sort, sort->runs + i, n, merged, &file, err);
    }
    if (!status)
        status = umm_rowfile_flush(&file, err);
    if (status) {
        free_runs(runs, n_runs);
        umm_rowfile_close(&file);
        return status;
    }
    free_runs(sort->runs, sort->n_runs);
    umm_rowfile_close(&sort->file);
    sort->runs = runs;
    sort->n_runs = n_runs;
    sort->cap_runs = cap_runs;
    sort->file = file;
    for (size_t i = 0; i < n_runs; i++)
        runs[i]->file = &sort->file;
    return UMM_OK;
}

enum umm_status umm_rowsort_end(struct umm_rowsort *sort, struct umm_error *err)
{
    const size_t least = sort->row_bytes > SOURCE_LEAST ? sort->row_bytes : SOURCE_LEAST;
    const uint64_t many = sort->options.memory_bytes / least;
    const size_t fan = many < 2 ? 2 : many > UINT32_MAX ? UINT32_MAX : (size_t)many;
    struct umm_rowsort_bank *bank = &sort->banks[sort->at];
    enum umm_status status = UMM_OK;
    if (sort->n_runs == 0)
        return sort_bank(sort, bank, err);
    if (bank->n)
        status = place_run(sort, bank, err);
    if (!status && bank->n)
        status = spill(sort, bank, err);
    free_bank(&sort->banks[0]);
    free_bank(&sort->banks[1]);
    while (!status && sort->options.is_by_time && sort->n_runs > fan)
        status = merge_level(sort, fan, err);
    return status;
}
