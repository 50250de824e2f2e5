/* SPDX-License-Identifier: MIT */
/* Rows of a job: bound, checked, answered, handed on. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "predict/predict_work.h"
#include "thread/workers.h"

enum {
    PIECE_BYTES = 256 * 1024,    /* of rows that one thread takes at once */
    CROWD_BYTES = 1024 * 1024,   /* the same, for each of several threads */
    CROWD_ROWS_LEAST = 4 * 1024, /* fewer are not worth threads */
    PROMPT_ROWS = 256
};

/* ---- binding --------------------------------------------------------------------- */

enum umm_status umm_predict_name_inputs(struct umm_predict_work *work, struct umm_error *err)
{
    const uint64_t n = work->numbers.model.n_inputs;
    work->in.names = calloc(n ? (size_t)n : 1, sizeof *work->in.names);
    if (!work->in.names)
        return umm_error_set_memory(err, (size_t)n * sizeof *work->in.names, "names");
    for (uint64_t i = 0; i < n; i++)
        work->in.names[i] = umm_model_name(work->options->model, false, i);
    work->in.chosen.options = (struct umm_modelrows_options){.n_inputs = n,
                                                             .names = work->in.names,
                                                             .columns = work->options->columns,
                                                             .id = work->options->id};
    work->in.chosen.has_no_times = work->options->is_plain && !work->options->state;
    return UMM_OK;
}

/* Times are those of records: in a matrix nothing says that a column is one. */
static enum umm_status bind_time(struct umm_predict_work *work, const struct umm_npy *npy,
                                 struct umm_error *err)
{
    uint64_t index;
    if (work->in.chosen.has_no_times || !npy->is_struct ||
        umm_arraycolumn_find_time(npy, &index, NULL) != UMM_OK)
        return UMM_OK;
    work->in.has_times = true;
    return umm_barreader_bind(&work->in.reader, npy, 0, err);
}

static enum umm_status place_at(const char *path, enum umm_status status, struct umm_error *err)
{
    if (status && err && !err->path[0])
        umm_error_at(err, path, 0, 0, 0);
    return status;
}

/* What is wrong with the columns is wrong with the input. */
static enum umm_status place(const struct umm_predict_work *work, enum umm_status status,
                             struct umm_error *err)
{
    return place_at(work->in.name, status, err);
}

/* Threads for as many rows as are known to come; rows that are answered at once need none. */
static unsigned count_threads(const struct umm_predict_work *work, uint64_t n_rows)
{
    if (work->options->is_prompt || (n_rows > 0 && n_rows < CROWD_ROWS_LEAST))
        return 1;
    return umm_workers_wanted(work->run);
}

static enum umm_status make_plan(struct umm_predict_work *work, unsigned n_threads,
                                 struct umm_error *err)
{
    const struct umm_predict_options *o = work->options;
    struct umm_model_plan_options plan = {.batch_rows = (uint32_t)o->batch_rows,
                                          .n_threads = n_threads,
                                          .is_portable = o->is_verify && o->output};
    enum umm_status status = umm_model_plan(o->model, &plan, &work->numbers.plan, err);
    if (status || !o->is_verify || o->output)
        return status;
    plan.is_portable = true;
    return umm_model_plan(o->model, &plan, &work->numbers.other, err);
}

static size_t largest(size_t a, size_t b, size_t c)
{
    const size_t d = a > b ? a : b;
    return c > d ? c : d;
}

/* A piece is bounded by whatever is longest of a row: few numbers may have very many answers. */
static enum umm_status make_room(struct umm_predict_work *work, unsigned n_threads,
                                 struct umm_error *err)
{
    struct umm_predict_numbers *numbers = &work->numbers;
    const size_t in = (size_t)numbers->model.n_inputs, out = (size_t)numbers->model.n_outputs;
    const size_t number = numbers->model.is_f64 ? sizeof(double) : sizeof(float);
    const size_t size = largest(work->in.row_bytes, in * number, out * sizeof(float));
    const size_t bytes = n_threads > 1 ? (size_t)CROWD_BYTES * n_threads : PIECE_BYTES;
    size_t n = size < bytes ? bytes / size : 1;
    if (work->options->is_prompt && n > PROMPT_ROWS)
        n = PROMPT_ROWS;
    work->in.n_most = n;
    work->in.waiting = n_threads > 1 ? malloc(n * work->in.row_bytes) : NULL;
    work->in.times = malloc(n * sizeof *work->in.times);
    numbers->rows = malloc(n * in * number + 1);
    numbers->answers = malloc(n * out * sizeof(float) + 1);
    numbers->others = work->numbers.other ? malloc(n * out * sizeof(float) + 1) : NULL;
    numbers->is_nan = malloc(n);
    work->packed = malloc(n * work->rows.row_bytes + 1);
    if (work->in.times && numbers->rows && numbers->answers && numbers->is_nan && work->packed &&
        (work->in.waiting || n_threads == 1) && (numbers->others || !numbers->other))
        return UMM_OK;
    return umm_error_set_memory(err, n * (size + in * number + out * sizeof(float)), "rows");
}

enum umm_status umm_predict_bind(struct umm_predict_work *work, const struct umm_npy *npy,
                                 struct umm_error *err)
{
    const struct umm_predict_options *o = work->options;
    const unsigned n_threads = count_threads(work, npy->shape[0]);
    struct umm_answerrows_front front = {.id = NULL};
    enum umm_status status = umm_modelrows_bind(&work->in.rows, &work->in.chosen.options, npy, err);
    if (!status)
        status = bind_time(work, npy, err);
    if (status)
        return place(work, status, err);
    work->in.row_bytes = (size_t)work->in.rows.row_bytes;
    if (work->in.has_times)
        work->result->time_type = work->in.reader.time_type;
    front.time_type = work->in.has_times ? &work->in.reader.time_type : NULL;
    front.id = o->id ? &work->in.rows.id : NULL;
    status = umm_barreader_describe(npy, &work->in.text, err);
    if (!status)
        status = umm_answerrows_init(&work->rows, o->model, &front, o->is_plain, err);
    if (!status)
        status = place_at(o->model_path, make_plan(work, n_threads, err), err);
    if (!status)
        status = make_room(work, n_threads, err);
    work->history.is_unkept = !o->state;
    if (!status)
        status =
            umm_history_open(&work->history, work->in.name,
                             work->in.has_times ? &work->in.reader : NULL, work->in.row_bytes, err);
    return place(work, status, err);
}

void umm_predict_free_rows(struct umm_predict_work *work)
{
    umm_model_plan_close(work->numbers.plan);
    umm_model_plan_close(work->numbers.other);
    umm_modelrows_close(&work->in.rows);
    umm_modeltext_close(&work->in.chosen);
    umm_answerrows_free(&work->rows);
    umm_history_close(&work->history);
    free(work->in.names);
    free(work->in.text);
    free(work->in.waiting);
    free(work->in.times);
    free(work->numbers.rows);
    free(work->numbers.answers);
    free(work->numbers.others);
    free(work->numbers.is_nan);
    free(work->packed);
}

/* ---- numbers --------------------------------------------------------------------- */

/* Whether the bytes of rows are the model's floats, where they lie. */
static bool is_direct(const struct umm_predict_work *work, const char *rows)
{
    return work->in.rows.is_plain_f32 && !work->numbers.model.is_f64 &&
           work->options->nan != UMM_PREDICT_NAN_ANSWER && (uintptr_t)rows % _Alignof(float) == 0;
}

/* Number i of what the model takes. */
static double number_at(const struct umm_predict_work *work, const void *numbers, size_t i)
{
    return work->numbers.model.is_f64 ? ((const double *)numbers)[i]
                                      : (double)((const float *)numbers)[i];
}

static size_t find_nan(const struct umm_predict_work *work, const void *numbers, size_t n)
{
    const double *f64 = numbers;
    if (!work->numbers.model.is_f64)
        return umm_modelrows_find_nan(numbers, n);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(f64[i]))
            return i;
    return n;
}

static enum umm_status refuse_nan(const struct umm_predict_work *work, size_t row, size_t input,
                                  double value, struct umm_error *err)
{
    enum umm_status status =
        umm_modelrows_refuse_nan(&work->in.rows, work->history.n_taken + row, input, value, err);
    return umm_error_hint(err, status, UMM_HINT_ANSWER_NAN);
}

/* Rows with a number that is not finite are refused, or counted and marked. */
static enum umm_status look_for_nan(struct umm_predict_work *work, const void *numbers, size_t n,
                                    struct umm_error *err)
{
    const size_t width = (size_t)work->numbers.model.n_inputs;
    const size_t size = work->numbers.model.is_f64 ? sizeof(double) : sizeof(float);
    memset(work->numbers.is_nan, 0, n);
    for (size_t row = 0; width > 0 && row < n; row++) {
        const char *rest = (const char *)numbers + row * width * size;
        const size_t at = find_nan(work, rest, (n - row) * width);
        row += at / width;
        if (row >= n)
            break;
        if (work->options->nan == UMM_PREDICT_NAN_ERROR)
            return refuse_nan(work, row, at % width, number_at(work, rest, at), err);
        work->result->n_nan++;
        work->numbers.is_nan[row] = true;
    }
    return UMM_OK;
}

/* Rows that are answered with NaN are 0 for the model, whose integers could not hold it. */
static void empty_rows(const struct umm_predict_work *work, size_t n)
{
    const size_t width = (size_t)work->numbers.model.n_inputs;
    const size_t size = width * (work->numbers.model.is_f64 ? sizeof(double) : sizeof(float));
    for (size_t row = 0; row < n; row++)
        if (work->numbers.is_nan[row])
            memset((char *)work->numbers.rows + row * size, 0, size);
}

/* Numbers that an input of integers cannot be. */
static enum umm_status check_integers(const struct umm_predict_work *work, const void *numbers,
                                      size_t n, struct umm_error *err)
{
    const struct umm_model *model = work->options->model;
    struct umm_error found = {.status = UMM_OK};
    if (!work->numbers.model.has_integers)
        return UMM_OK;
    enum umm_status status = work->numbers.model.is_f64
                                 ? umm_model_check_f64(model, numbers, n, &found)
                                 : umm_model_check(model, numbers, n, &found);
    if (!status)
        return UMM_OK;
    return umm_error_set(err, status, "row %" PRIu64 ": %s", work->history.n_taken + found.line - 1,
                         found.message);
}

/* NaN for the rows that are answered so; whatever NaN the model gives has one pattern of bits. */
static void settle_nan(const struct umm_predict_work *work, size_t n, float *answers)
{
    const bool is_answered = work->options->nan == UMM_PREDICT_NAN_ANSWER;
    const size_t width = work->rows.n_outputs;
    const float nan = __builtin_nanf("");
    for (size_t i = 0; i < n * width; i++)
        if (answers[i] != answers[i])
            answers[i] = nan;
    for (size_t row = 0; is_answered && row < n; row++)
        for (size_t k = 0; work->numbers.is_nan[row] && k < width; k++)
            answers[row * width + k] = nan;
}

static void run_plan(const struct umm_predict_work *work, struct umm_model_plan *plan,
                     const void *numbers, size_t n, float *answers)
{
    if (work->numbers.model.is_f64)
        umm_model_run_f64(plan, numbers, n, answers);
    else
        umm_model_run(plan, numbers, n, answers);
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Both engines' answers must have the same bits. */
static enum umm_status compare_engines(const struct umm_predict_work *work, size_t n,
                                       struct umm_error *err)
{
    const float *a = work->numbers.answers, *b = work->numbers.others;
    const size_t width = work->rows.n_outputs;
    char name[UMM_NPY_NAME_MAX], shown[UMM_EXCERPT_MAX];
    for (size_t i = 0; i < n * width; i++) {
        if (bits_of(a[i]) == bits_of(b[i]))
            continue;
        umm_answerrows_name(work->options->model, i % width, name);
        umm_escape(shown, sizeof shown, name, strlen(name));
        return umm_error_set(err, UMM_ERR_DATA, "row %" PRIu64 ": %s is not what plain C gives",
                             work->history.n_taken + i / width, shown);
    }
    return UMM_OK;
}

/* Where n rows of the model are: as they lie, or made of the input's columns. */
static const void *read_numbers(const struct umm_predict_work *work, const char *rows, size_t n)
{
    if (is_direct(work, rows))
        return rows;
    if (work->numbers.model.is_f64)
        umm_modelrows_read_f64(&work->in.rows, rows, n, work->numbers.rows);
    else
        umm_modelrows_read_f32(&work->in.rows, rows, n, work->numbers.rows);
    return work->numbers.rows;
}

/* The answers of n rows, at most n_most. */
static enum umm_status answer(struct umm_predict_work *work, const char *rows, size_t n,
                              struct umm_error *err)
{
    const struct umm_predict_numbers *numbers = &work->numbers;
    const void *in = read_numbers(work, rows, n);
    enum umm_status status = look_for_nan(work, in, n, err);
    if (!status && work->options->nan == UMM_PREDICT_NAN_ANSWER)
        empty_rows(work, n);
    if (!status)
        status = check_integers(work, in, n, err);
    if (status)
        return status;
    run_plan(work, numbers->plan, in, n, numbers->answers);
    settle_nan(work, n, numbers->answers);
    if (!numbers->other)
        return UMM_OK;
    run_plan(work, numbers->other, in, n, numbers->others);
    settle_nan(work, n, numbers->others);
    return compare_engines(work, n, err);
}

/* ---- handing on ------------------------------------------------------------------ */

static enum umm_status put_lines(struct umm_predict_work *work, const char *rows, size_t n,
                                 struct umm_error *err)
{
    const float *answers = work->numbers.answers;
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < n; i++) {
        const int64_t time = work->in.has_times ? work->in.times[i] : 0;
        char *end = umm_answerrows_print(&work->rows, time, rows + i * work->in.row_bytes,
                                         answers + i * work->rows.n_outputs,
                                         umm_resultwriter_line(&work->writer));
        if (!end)
            return umm_error_set_path(err, UMM_ERR_DATA, work->in.name,
                                      "row %" PRIu64 ": its id is no text",
                                      work->history.n_taken - n + i);
        status = umm_resultwriter_end_line(&work->writer, end, err);
    }
    return status;
}

static enum umm_status put(struct umm_predict_work *work, const char *rows, size_t n,
                           struct umm_error *err)
{
    if (work->options->format == UMM_RESULT_CSV)
        return put_lines(work, rows, n, err);
    if (!work->rows.has_time && !work->rows.has_id)
        return umm_resultwriter_put(&work->writer, (const char *)work->numbers.answers, n, err);
    umm_answerrows_pack(&work->rows, work->in.times, rows, work->in.row_bytes,
                        work->numbers.answers, n, work->packed);
    return umm_resultwriter_put(&work->writer, work->packed, n, err);
}

/* n rows, at most n_most, that are new. */
static enum umm_status process(struct umm_predict_work *work, const char *rows, size_t n,
                               struct umm_error *err)
{
    double *none[UMM_BARREADER_COLUMNS] = {NULL};
    enum umm_status status = UMM_OK;
    if (work->in.has_times)
        status = umm_barreader_read(&work->in.reader, rows, n, work->history.n_taken,
                                    work->in.times, none, err);
    if (!status)
        status = answer(work, rows, n, err);
    if (status)
        return place(work, status, err);
    work->is_torn = true;
    umm_history_take(&work->history, rows, work->in.has_times ? work->in.times : NULL, n);
    work->result->n_new += n;
    if (work->has_writer)
        status = put(work, rows, n, err);
    work->is_torn = status != UMM_OK;
    return status;
}

enum umm_status umm_predict_take_waiting(struct umm_predict_work *work, struct umm_error *err)
{
    const size_t n = work->in.n_waiting;
    work->in.n_waiting = 0;
    return n ? process(work, work->in.waiting, n, err) : UMM_OK;
}

/* As many of the n rows as there is room for wait; they are processed when it is full. */
static enum umm_status wait(struct umm_predict_work *work, const char *rows, size_t n,
                            struct umm_error *err)
{
    memcpy(work->in.waiting + work->in.n_waiting * work->in.row_bytes, rows,
           n * work->in.row_bytes);
    work->in.n_waiting += n;
    return work->in.n_waiting == work->in.n_most ? umm_predict_take_waiting(work, err) : UMM_OK;
}

enum umm_status umm_predict_take(struct umm_predict_work *work, const char *rows, uint64_t n,
                                 struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    work->history.position += n;
    while (!status && n > 0) {
        const size_t room = work->in.n_most - work->in.n_waiting;
        const size_t m = n < room ? (size_t)n : room;
        status = work->in.waiting ? wait(work, rows, m, err) : process(work, rows, m, err);
        rows += m * work->in.row_bytes;
        n -= m;
    }
    if (status || !work->options->is_prompt || !work->has_writer)
        return status;
    status = umm_resultwriter_flush(&work->writer, err);
    work->is_torn = work->is_torn || status;
    return status;
}
