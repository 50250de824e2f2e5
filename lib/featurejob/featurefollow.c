/* SPDX-License-Identifier: MIT */
#include "featurejob/featurefollow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/dataset.h"
#include "array/output.h"
#include "base/error.h"
#include "base/hash.h"
#include "featurejob/featurejob_work.h"
#include "format/reserved.h"
#include "reading/reading_times.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/fileset.h"
#include "sys/lock.h"
#include "sys/trust.h"
#include "text/csvcell.h"

enum { BUFFER_BYTES = 64 * 1024, SYMBOLS_MAX = 100000, FIRST_SLOTS = 64 };
enum { LAST_WAITS_MAX = 10 }; /* for the reader, after a signal, each a tenth of a second */

/* The name of what all states of a root share: a lock, and changes of them. */
static const char STATES[] = "symbols";

struct job;

/* A symbol and its work. */
struct symbol {
    struct job *job;
    char *name;  /* as it came */
    char *cell;  /* as CSV has it, with a comma after it */
    char *label; /* for messages: the input and the symbol */
    char *state_path;
    struct umm_featurejob_result result;
    struct umm_featurework work;
};

struct job {
    const struct umm_featurefollow *follow;
    const struct umm_featurejob_options *each;
    struct umm_run *run;
    struct umm_featurejob_result *result;
    struct umm_reading reading;
    struct umm_npy npy; /* of its rows */
    struct umm_found by;
    char *row;
    struct umm_featurejob_options options; /* of a symbol; its state is the one at hand */
    struct symbol *lender;                 /* whose space all use; NULL: each has its own */
    struct symbol **slots; /* by the hash of the name, open addressing; a power of two */
    size_t n_slots, n_symbols;
    struct umm_outfile out;
    struct umm_lock lock, output_lock;
    struct umm_resultstore store; /* in place of lines */
    struct umm_resultrows rows;
    char *text; /* lines that wait, and room for one more */
    size_t used_bytes, cap_bytes;
    bool is_torn;            /* lines were lost: no state may know of their rows */
    struct umm_run last_run; /* in place of one that was cancelled, for n_waits */
    unsigned n_waits;
    uint64_t n_unsaved;
};

/* ---- output ---------------------------------------------------------------------- */

static enum umm_status flush(struct job *job, struct umm_error *err)
{
    size_t len = job->used_bytes;
    enum umm_status status = UMM_OK;
    job->used_bytes = 0;
    if (job->each->store)
        status = umm_resultstore_flush(&job->store, err);
    else if (len)
        status = umm_file_write_stream(umm_outfile_fd(&job->out), job->each->output, job->run,
                                       job->text, len, err);
    job->is_torn = job->is_torn || status;
    return status;
}

/* The failure of a wait that has been long enough: a signal is to end us, whoever reads. */
static enum umm_status count_wait(void *user, struct umm_error *err)
{
    struct job *job = user;
    if (job->n_waits == 0)
        return umm_error_set_cancelled(err);
    job->n_waits--;
    return UMM_OK;
}

/* Lines of a run that was cancelled may still go out, but not wait without an end. */
static void limit_waits(struct job *job)
{
    job->n_waits = LAST_WAITS_MAX;
    job->last_run = (struct umm_run){.idle = count_wait, .idle_user = job};
    job->run = &job->last_run;
}

static enum umm_status emit(void *user, const struct umm_featurework *work, size_t first, size_t n,
                            struct umm_error *err)
{
    const struct symbol *symbol = user;
    struct job *job = symbol->job;
    const size_t len = strlen(symbol->cell), most = len + umm_resultrows_line_max(&job->rows);
    enum umm_status status = UMM_OK;
    for (size_t i = first; !status && i < first + n; i++) {
        if (job->used_bytes + most > job->cap_bytes) {
            char *text = realloc(job->text, job->used_bytes + most);
            if (!text)
                return umm_error_set_memory(err, job->used_bytes + most, "lines");
            job->text = text;
            job->cap_bytes = job->used_bytes + most;
        }
        char *at = job->text + job->used_bytes;
        memcpy(at, symbol->cell, len);
        at = umm_resultrows_print(&job->rows, work->in.times[i], work->out.columns, i, at + len);
        job->used_bytes = (size_t)(at - job->text);
        if (job->used_bytes >= BUFFER_BYTES)
            status = flush(job, err);
    }
    return status;
}

/* The same for a store. */
static enum umm_status note(void *user, const struct umm_featurework *work, size_t first, size_t n,
                            struct umm_error *err)
{
    struct symbol *symbol = user;
    return umm_resultstore_note(&symbol->job->store, &symbol->work.out.place,
                                &work->in.reader->time_type, work->in.times, work->out.columns,
                                first, n, symbol->label, err);
}

static enum umm_status open_output(struct job *job, struct umm_error *err)
{
    struct umm_barreader reader;
    enum umm_status status = umm_schema_npy(&job->reading.schema, 0, &job->npy, err);
    if (!status)
        status = umm_barreader_bind(&reader, &job->npy, 0, err);
    if (status)
        return status;
    job->result->time_type = reader.time_type;
    if (job->each->store)
        return UMM_OK;
    status = umm_resultrows_init(&job->rows, job->each->features, &reader.time_type, false, err);
    if (!status)
        status = umm_output_open_file(&job->out, job->each->output, job->run, err);
    if (!status && job->each->checkpoint_rows && !umm_outfile_is_stream(&job->out))
        status = umm_error_set(err, UMM_ERR_ARGUMENT, "%s", umm_featurejob_no_checkpoint);
    if (status)
        return status;
    job->rows.is_nan_empty = job->each->warmup == UMM_WARMUP_EMPTY;
    status = umm_resultrows_header(&job->rows, job->each->features, "symbol,", &job->text, err);
    job->used_bytes = job->cap_bytes = status ? 0 : strlen(job->text);
    return status;
}

/* ---- symbols --------------------------------------------------------------------- */

/* name as a cell with a comma after it, in quotes where it needs them. */
static char *make_cell(const char *name)
{
    const size_t len = strlen(name);
    char *cell = malloc(UMM_CSVCELL_MAX(len) + sizeof ",");
    if (!cell)
        return NULL;
    char *out = umm_csvcell_put(cell, name, len);
    memcpy(out, ",", 2);
    return cell;
}

static char *join(const char *a, const char *between, const char *b, const char *end)
{
    size_t cap = strlen(a) + strlen(between) + strlen(b) + strlen(end) + 1;
    char *text = malloc(cap);
    if (text)
        snprintf(text, cap, "%s%s%s%s", a, between, b, end);
    return text;
}

static void free_symbol(struct symbol *symbol)
{
    if (!symbol)
        return;
    umm_featurework_close(&symbol->work);
    free(symbol->name);
    free(symbol->cell);
    free(symbol->label);
    free(symbol->state_path);
    free(symbol);
}

/* The state at path would take the place of the lines, or they be written into it. */
static enum umm_status check_state_path(const struct job *job, const char *path,
                                        struct umm_error *err)
{
    if (job->each->store || !umm_outfile_meets(job->each->output, path))
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is the output and a state at once");
}

static enum umm_status start(struct job *job, struct symbol *symbol, const char *name, size_t len,
                             struct umm_error *err)
{
    char file[UMM_DATASET_NAME_MAX], shown[UMM_EXCERPT_MAX];
    job->options.state = NULL;
    symbol->work = (struct umm_featurework){.options = &job->options,
                                            .result = &symbol->result,
                                            .run = job->run,
                                            .out.emit = job->each->store ? note : emit,
                                            .out.emit_user = symbol};
    symbol->job = job;
    symbol->name = strndup(name, len);
    symbol->cell = symbol->name ? make_cell(symbol->name) : NULL;
    symbol->label = join(job->reading.records.source.path, ": ",
                         umm_escape(shown, sizeof shown, name, len), "");
    symbol->work.in.name = symbol->label;
    if (!symbol->name || !symbol->cell || !symbol->label)
        return umm_error_set_memory(err, len, "a symbol");
    enum umm_status status = UMM_OK;
    if (job->each->store)
        status = umm_resultplace_init(&symbol->work.out.place, &job->store, name, len, err);
    if (!status && job->follow->state_root) {
        status = umm_dataset_symbol_name(name, len, file, err);
        if (!status)
            symbol->state_path = join(job->follow->state_root, "/", file, ".state");
        if (!status && !symbol->state_path)
            status = umm_error_set_memory(err, len, "a state's name");
        if (!status)
            status = check_state_path(job, symbol->state_path, err);
        job->options.state = symbol->state_path;
    }
    if (!status)
        status = umm_featurework_open(&symbol->work, err);
    if (!status && job->lender)
        umm_featurework_borrow(&symbol->work, &job->lender->work);
    if (!status)
        status = umm_featurework_begin(&symbol->work, &job->npy, err);
    umm_featurework_forget(&symbol->work);
    /* A signal is looked for between rows: within one its symbol would be torn, the others not. */
    symbol->work.run = NULL;
    return status;
}

/* The slot where the symbol is, or where it goes. */
static struct symbol **slot_of(struct symbol **slots, size_t n_slots, const char *name, size_t len)
{
    size_t at = (size_t)umm_hash64(name, len, 0) & (n_slots - 1);
    while (slots[at] && (strncmp(slots[at]->name, name, len) != 0 || slots[at]->name[len]))
        at = (at + 1) & (n_slots - 1);
    return &slots[at];
}

static enum umm_status grow(struct job *job, struct umm_error *err)
{
    const size_t n = job->n_slots ? 2 * job->n_slots : FIRST_SLOTS;
    struct symbol **slots = calloc(n, sizeof(struct symbol *));
    if (!slots)
        return umm_error_set_memory(err, n * sizeof(struct symbol *), "symbols");
    for (size_t i = 0; i < job->n_slots; i++)
        if (job->slots[i])
            *slot_of(slots, n, job->slots[i]->name, strlen(job->slots[i]->name)) = job->slots[i];
    free(job->slots);
    job->slots = slots;
    job->n_slots = n;
    return UMM_OK;
}

static enum umm_status find_symbol(struct job *job, const char *name, size_t len,
                                   struct symbol **out, struct umm_error *err)
{
    const uint64_t most = job->follow->max_symbols ? job->follow->max_symbols : SYMBOLS_MAX;
    enum umm_status status = UMM_OK;
    if (2 * job->n_symbols >= job->n_slots)
        status = grow(job, err);
    if (status)
        return status;
    struct symbol **slot = slot_of(job->slots, job->n_slots, name, len);
    if (!*slot) {
        if (len == 0 || memchr(name, '\0', len))
            return umm_error_set(err, UMM_ERR_DATA, "a row without a symbol");
        if (job->n_symbols >= most)
            return umm_error_set(err, UMM_ERR_DATA, "more than %llu symbols",
                                 (unsigned long long)most);
        struct symbol *symbol = calloc(1, sizeof *symbol);
        if (!symbol)
            return umm_error_set_memory(err, sizeof *symbol, "a symbol");
        status = start(job, symbol, name, len, err);
        if (status == UMM_ERR_ARGUMENT && err) /* it is the row's, and not the user's */
            err->status = UMM_ERR_DATA;
        if (status) {
            free_symbol(symbol);
            return status == UMM_ERR_ARGUMENT ? UMM_ERR_DATA : status;
        }
        *slot = symbol;
        job->n_symbols++;
        /* Rows that are held back stay where they are. */
        if (!job->lender && !job->options.holdback)
            job->lender = symbol;
    }
    *out = *slot;
    return UMM_OK;
}

static bool is_unsaved(const struct symbol *symbol)
{
    return symbol && !symbol->work.out.is_torn && symbol->work.history.n_taken > 0 &&
           (symbol->work.history.n_taken != symbol->work.state.n_saved ||
            symbol->result.is_revised);
}

static enum umm_status put_state(struct umm_fileset *set, struct symbol *symbol,
                                 struct umm_error *err)
{
    char *bytes = NULL;
    size_t len;
    enum umm_status status = umm_featurework_encode(&symbol->work, &bytes, &len, err);
    if (!status)
        status = umm_fileset_put(set, symbol->state_path, bytes, len, err);
    free(bytes);
    symbol->work.state.n_saved = symbol->work.history.n_taken;
    return status;
}

/*
 * Write the states of all symbols that went on, which count when *set is committed: all or none,
 * as a run that took some of them up again would leave the others' lines alone.
 */
static enum umm_status put_states(struct job *job, struct umm_fileset *set, struct umm_error *err)
{
    size_t n = 0;
    job->n_unsaved = 0;
    for (size_t i = 0; job->follow->state_root && i < job->n_slots; i++)
        n += is_unsaved(job->slots[i]);
    if (n == 0)
        return UMM_OK;
    enum umm_status status = umm_fileset_open(set, job->follow->state_root, STATES, n, err);
    for (size_t i = 0; !status && i < job->n_slots; i++)
        if (is_unsaved(job->slots[i]))
            status = put_state(set, job->slots[i], err);
    if (status)
        umm_fileset_abort(set);
    return status;
}

static enum umm_status sync_output(struct job *job, struct umm_error *err)
{
    return job->each->store ? umm_resultstore_sync(&job->store, err)
                            : umm_outfile_sync(&job->out, err);
}

/* The same when their lines are out, on the way: those survive whatever the states do. */
static enum umm_status save(struct job *job, struct umm_error *err)
{
    struct umm_fileset set = {.path = NULL};
    enum umm_status status = sync_output(job, err);
    if (!status)
        status = put_states(job, &set, err);
    return status || !set.path ? status : umm_fileset_commit(&set, err);
}

/* ---- rows ------------------------------------------------------------------------ */

/* Whether the next line is there already, so that nobody waits for it. */
static bool has_line(const struct umm_records *records)
{
    return memchr(records->buffer + records->begin, '\n', records->end - records->begin) != NULL;
}

static enum umm_status take_row(struct job *job, const struct umm_placed_record *placed,
                                struct umm_error *err)
{
    struct umm_row row = {.bytes = job->row};
    struct symbol *symbol = NULL;
    enum umm_status status = umm_reading_row(&job->reading, placed, &row, err);
    if (!status && row.is_passed_over) {
        job->result->n_passed_over++;
        return UMM_OK;
    }
    if (!status) {
        const struct umm_csv_field *field = &job->reading.fields[job->by.first];
        status = find_symbol(job, field->text, field->len_bytes, &symbol, err);
        if (status == UMM_ERR_DATA && err && !err->path[0])
            umm_reading_place(&job->reading, placed, (size_t)job->by.first, err);
    }
    if (status)
        return status;
    const uint64_t n_before = symbol->result.n_new;
    job->options.state = symbol->state_path;
    status = umm_featurework_feed(&symbol->work, job->row, 1, err);
    job->result->n_new += symbol->result.n_new - n_before;
    job->n_unsaved++;
    return status;
}

static enum umm_status take_rows(struct job *job, struct umm_error *err)
{
    const uint64_t every = job->each->checkpoint_rows;
    struct umm_placed_record placed;
    bool has_record = true;
    enum umm_status status = UMM_OK;
    while (!status) {
        if (umm_run_is_cancelled(job->run))
            return umm_error_set_cancelled(err);
        if (!has_line(&job->reading.records))
            status = flush(job, err);
        if (!status)
            status = umm_records_next(&job->reading.records, &placed, &has_record, err);
        if (status || !has_record)
            return status;
        status = take_row(job, &placed, err);
        if (status || !every || job->n_unsaved < every)
            continue;
        status = flush(job, err);
        if (!status)
            status = save(job, err);
    }
    return status;
}

/* One run at a time for a root of states; that it is missing is said before any line. */
static enum umm_status lock_states(struct job *job, const char *path, struct umm_error *err)
{
    enum umm_status status = umm_reserved_check_path(path, err);
    if (!status)
        status = umm_trust_check_directory(job->follow->state_root, err);
    if (!status)
        status = umm_lock_take(&job->lock, path, job->each->lock_wait, job->run, err);
    /* What a killed run began is finished, or removed. */
    struct umm_fileset set = {.path = NULL};
    if (!status)
        status = umm_fileset_open(&set, job->follow->state_root, STATES, 0, err);
    umm_fileset_abort(&set);
    return status;
}

/* A stream has no place for a lock, and is not replaced. */
static enum umm_status lock_output(struct job *job, struct umm_error *err)
{
    const char *output = job->each->output;
    struct umm_outfile_place place;
    enum umm_status status = umm_outfile_locate(&place, output, err);
    if (status)
        return status;
    umm_file_close(&place.dir_fd);
    return place.is_stream
               ? UMM_OK
               : umm_lock_take(&job->output_lock, output, job->each->lock_wait, job->run, err);
}

static enum umm_status take_locks(struct job *job, struct umm_error *err)
{
    const char *root = job->follow->state_root;
    char *path = root ? join(root, "/", STATES, "") : NULL;
    if (root && !path)
        return umm_error_set_memory(err, strlen(root), "a path");
    const struct umm_featurejob_options *each = job->each;
    enum umm_status status = path ? lock_states(job, path, err) : UMM_OK;
    if (!status && each->store)
        status = umm_resultstore_open(&job->store, each->store, each->reach, each->features,
                                      each->lock_wait == UMM_LOCK_FAIL, job->run, err);
    /* An output of the states' own name has their lock, for which we would wait for ever. */
    else if (!status && each->is_locked && !(path && umm_outfile_is_same(path, each->output)))
        status = lock_output(job, err);
    free(path);
    return status;
}

static enum umm_status commit_output(struct job *job, struct umm_error *err)
{
    const struct umm_outfile_options options = {.is_synced = job->each->is_synced ||
                                                             job->follow->state_root};
    return job->each->store ? umm_resultstore_finish(&job->store, err)
                            : umm_outfile_commit(&job->out, &options, NULL, err);
}

/*
 * Lines, then the file that they are in, then the states, written before: a run that follows
 * begins after those. What was taken before a signal came goes out all the same.
 */
static enum umm_status end(struct job *job, enum umm_status status, struct umm_error *err)
{
    const bool is_cancelled = status == UMM_ERR_CANCELLED;
    if (is_cancelled ? job->is_torn || job->n_symbols == 0 : status != UMM_OK)
        return status;
    struct umm_error why = {.status = UMM_OK};
    struct umm_fileset set = {.path = NULL};
    if (is_cancelled)
        limit_waits(job);
    enum umm_status ended = flush(job, &why);
    if (!ended)
        ended = put_states(job, &set, &why);
    if (!ended && (!is_cancelled || job->follow->state_root))
        ended = commit_output(job, &why);
    if (!ended && set.path)
        ended = umm_fileset_commit(&set, &why);
    umm_fileset_abort(&set);
    /* That it was cancelled is nothing beside what is lost, except lines whose reader left. */
    if (is_cancelled && (!ended || why.sys_errno == EPIPE))
        return status;
    if (ended && err)
        *err = why;
    return ended;
}

/* The options of each symbol. */
static void set_options(struct job *job)
{
    job->options = *job->each;
    job->options.input = "-"; /* which nobody looks at again */
    job->options.output = job->options.store = job->options.state = NULL;
    job->options.is_prompt = true;
    job->options.checkpoint_rows = 0;
}

static enum umm_status run_job(struct job *job, struct umm_error *err)
{
    struct umm_reading_options reading = job->each->text.reading;
    reading.is_prompt = true;
    reading.unpack.is_checked_first = true; /* lines and states go out as rows come */
    reading.unpack.scratch_dir = job->each->text.scratch_dir;
    reading.instrument.one_series = ""; /* each symbol is one */
    reading.instrument.has_many = true;
    set_options(job);
    enum umm_status status = take_locks(job, err);
    if (!status)
        status = umm_reading_open(&job->reading, job->each->input, &reading, job->run, err);
    if (!status)
        status = umm_columns_find(job->follow->by, &job->reading.names, &job->by, err);
    if (status == UMM_ERR_DATA && err && !err->path[0])
        umm_error_at(err, job->reading.records.source.path, 0, 0, 0);
    if (!status)
        status = open_output(job, err);
    job->row = status ? NULL : malloc(job->reading.schema.row_bytes);
    if (!status && !job->row)
        status = umm_error_set_memory(err, job->reading.schema.row_bytes, "a row");
    if (!status)
        status = umm_reading_decide_times(&job->reading, NULL, err);
    if (!status)
        status = take_rows(job, err);
    return end(job, status, err);
}

static void free_job(struct job *job)
{
    for (size_t i = 0; i < job->n_slots; i++)
        if (job->slots[i] != job->lender)
            free_symbol(job->slots[i]);
    free_symbol(job->lender);
    umm_resultstore_close(&job->store);
    umm_outfile_abort(&job->out);
    umm_lock_release(&job->output_lock);
    umm_lock_release(&job->lock);
    umm_resultrows_free(&job->rows);
    umm_npy_free(&job->npy);
    umm_reading_close(&job->reading);
    free(job->slots);
    free(job->row);
    free(job->text);
}

enum umm_status umm_featurefollow_run(const struct umm_featurefollow *follow, struct umm_run *run,
                                      struct umm_featurejob_result *result, struct umm_error *err)
{
    const uint64_t began_ns = umm_clock_run_ns(run);
    struct job job = {.follow = follow, .each = follow->each, .run = run, .result = result};
    *result = (struct umm_featurejob_result){.is_changed = true};
    enum umm_status status = run_job(&job, err);
    result->n_symbols = job.n_symbols;
    result->n_held_bytes = job.reading.records.n_held_bytes;
    result->n_out = result->n_written = result->n_new;
    if (follow->each->store) {
        umm_featurework_count(&job.store, result);
        result->is_changed = result->n_put > 0 || follow->state_root;
    }
    free_job(&job);
    result->seconds = (double)(umm_clock_run_ns(run) - began_ns) * 1e-9;
    return status;
}
