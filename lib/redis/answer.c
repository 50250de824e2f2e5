/* SPDX-License-Identifier: MIT */
#include "redis/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/library.h"

#ifdef UMM_HIREDIS
#include <hiredis.h>

struct umm_redis_reader {
    struct umm_arena arena; /* of the answers */
    redisReader *reader;
    const char *shown;
    size_t left_bytes; /* that answers may still take */
    bool is_over;      /* they asked for more */
    struct {
        __typeof__(redisReaderCreateWithFunctions) *create;
        __typeof__(redisReaderFree) *free;
        __typeof__(redisReaderFeed) *feed;
        __typeof__(redisReaderGetReply) *get;
    } hiredis;
    redisReplyObjectFunctions makers; /* hiredis wants them where they could be written */
};

static const char *const names[] = {"redisReaderCreateWithFunctions", "redisReaderFree",
                                    "redisReaderFeed", "redisReaderGetReply"};
enum { N_NAMES = sizeof names / sizeof *names };

/* ---- what hiredis calls ------------------------------------------------------------------ */

/* Whether there may be n things more; without them hiredis says that memory lacks. */
static bool may_take(struct umm_redis_reader *reader, size_t n, size_t each_bytes)
{
    reader->is_over = n > reader->left_bytes / each_bytes;
    reader->left_bytes -= reader->is_over ? 0 : n * each_bytes;
    return !reader->is_over;
}

static struct umm_redis_answer *take_items(struct umm_redis_reader *reader, size_t n)
{
    return may_take(reader, n, sizeof(struct umm_redis_answer))
               ? umm_arena_alloc_array(&reader->arena, n ? n : 1, sizeof(struct umm_redis_answer))
               : NULL;
}

/* Where the task's answer goes: into its array, or by itself. */
static struct umm_redis_answer *place(const redisReadTask *task)
{
    struct umm_redis_reader *reader = task->privdata;
    if (!task->parent)
        return take_items(reader, 1);
    const struct umm_redis_answer *parent = task->parent->obj;
    return &parent->items[task->idx];
}

static void *create_string(const redisReadTask *task, char *text, size_t len)
{
    struct umm_redis_answer *answer = place(task);
    struct umm_redis_reader *reader = task->privdata;
    char *own =
        answer && may_take(reader, len, 1) ? umm_arena_alloc_raw(&reader->arena, len + 1) : NULL;
    if (!own)
        return NULL;
    memcpy(own, text, len);
    own[len] = '\0';
    *answer =
        (struct umm_redis_answer){.kind = task->type == REDIS_REPLY_ERROR    ? UMM_REDIS_ERROR
                                          : task->type == REDIS_REPLY_STATUS ? UMM_REDIS_STATUS
                                                                             : UMM_REDIS_STRING,
                                  .text = own,
                                  .len_bytes = len};
    return answer;
}

#if HIREDIS_MAJOR >= 1
static void *create_array(const redisReadTask *task, size_t n_items)
#else
static void *create_array(const redisReadTask *task, int n_items)
#endif
{
    struct umm_redis_answer *answer = place(task);
    if (!answer || n_items < 0)
        return NULL;
    struct umm_redis_answer *items = take_items(task->privdata, (size_t)n_items);
    if (!items)
        return NULL;
    *answer = (struct umm_redis_answer){
        .kind = UMM_REDIS_ARRAY, .items = items, .n_items = (size_t)n_items};
    return answer;
}

static void *create_integer(const redisReadTask *task, long long value)
{
    struct umm_redis_answer *answer = place(task);
    if (answer)
        *answer = (struct umm_redis_answer){.kind = UMM_REDIS_INTEGER, .integer = value};
    return answer;
}

static void *create_nil(const redisReadTask *task)
{
    struct umm_redis_answer *answer = place(task);
    if (answer)
        *answer = (struct umm_redis_answer){.kind = UMM_REDIS_NIL};
    return answer;
}

/* The arena is reset instead. */
static void free_nothing(void *answer)
{
    (void)answer;
}

static const redisReplyObjectFunctions makers = {.createString = create_string,
                                                 .createArray = create_array,
                                                 .createInteger = create_integer,
                                                 .createNil = create_nil,
                                                 .freeObject = free_nothing};

/* ---- readers ---------------------------------------------------------------------------- */

enum umm_status umm_redis_reader_open(struct umm_redis_reader **out, const char *shown,
                                      struct umm_error *err)
{
    static const struct umm_library library = {"hiredis", UMM_HIREDIS, "libhiredis-dev", NULL};
    *out = NULL;
    struct umm_redis_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return umm_error_set_memory(err, sizeof *reader, "a connection");
    reader->shown = shown;
    reader->makers = makers;
    umm_arena_open(&reader->arena, NULL);
    enum umm_status status =
        umm_library_load(&library, shown, names, N_NAMES, &reader->hiredis, err);
    if (!status)
        status = umm_redis_reader_reset(reader, 0, err);
    if (status)
        umm_redis_reader_close(reader);
    else
        *out = reader;
    return status;
}

void umm_redis_reader_close(struct umm_redis_reader *reader)
{
    if (!reader)
        return;
    if (reader->reader)
        reader->hiredis.free(reader->reader);
    umm_arena_close(&reader->arena);
    free(reader);
}

void umm_redis_reader_next(struct umm_redis_reader *reader, size_t max_bytes)
{
    umm_arena_reset(&reader->arena);
    reader->left_bytes = max_bytes;
    reader->is_over = false;
}

enum umm_status umm_redis_reader_reset(struct umm_redis_reader *reader, size_t max_bytes,
                                       struct umm_error *err)
{
    if (reader->reader)
        reader->hiredis.free(reader->reader);
    umm_redis_reader_next(reader, max_bytes);
    reader->reader = reader->hiredis.create(&reader->makers);
    if (!reader->reader)
        return umm_error_set_memory(err, sizeof *reader->reader, "a connection");
    reader->reader->privdata = reader;
    return UMM_OK;
}

static enum umm_status too_large(const struct umm_redis_reader *reader, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_DATA, reader->shown,
                              "the server sent a larger answer than there can be");
}

/*
 * hiredis waits for all bytes of a string, whatever length is announced; it keeps those that it
 * has. What it keeps are strings and lines that are not complete, in their place in an answer.
 */
enum umm_status umm_redis_reader_feed(struct umm_redis_reader *reader, const void *bytes,
                                      size_t len_bytes, struct umm_error *err)
{
    if (reader->hiredis.feed(reader->reader, bytes, len_bytes) != REDIS_OK)
        return umm_error_set_memory(err, len_bytes, "answers of a server");
    return UMM_OK;
}

enum umm_status umm_redis_reader_take(struct umm_redis_reader *reader,
                                      const struct umm_redis_answer **answer, struct umm_error *err)
{
    enum { LINE_MAX_BYTES = 65536 }; /* of what is no string of its own: its type, its length */
    char shown[UMM_EXCERPT_MAX];
    void *reply = NULL;
    *answer = NULL;
    if (reader->hiredis.get(reader->reader, &reply) == REDIS_OK) {
        *answer = reply;
        const size_t kept = reader->reader->len - reader->reader->pos;
        return !reply && kept > reader->left_bytes && kept - reader->left_bytes > LINE_MAX_BYTES
                   ? too_large(reader, err)
                   : UMM_OK;
    }
    if (reader->is_over)
        return too_large(reader, err);
    if (reader->reader->err == REDIS_ERR_OOM)
        return umm_error_set_memory(err, 0, "answers of a server");
    const char *why = reader->reader->errstr;
    return umm_error_set_path(err, UMM_ERR_DATA, reader->shown, "does not answer as Redis does: %s",
                              umm_escape(shown, sizeof shown, why, strlen(why)));
}

#else

enum umm_status umm_redis_reader_open(struct umm_redis_reader **reader, const char *shown,
                                      struct umm_error *err)
{
    static const struct umm_library library = {"hiredis", NULL, "libhiredis-dev", NULL};
    *reader = NULL;
    return umm_library_load(&library, shown, NULL, 0, NULL, err);
}

void umm_redis_reader_close(struct umm_redis_reader *reader)
{
    (void)reader;
}

/* No reader is ever open. */
enum umm_status umm_redis_reader_reset(struct umm_redis_reader *reader, size_t max_bytes,
                                       struct umm_error *err)
{
    (void)reader, (void)max_bytes;
    return umm_redis_reader_open(&reader, "", err);
}

void umm_redis_reader_next(struct umm_redis_reader *reader, size_t max_bytes)
{
    (void)reader, (void)max_bytes;
}

enum umm_status umm_redis_reader_feed(struct umm_redis_reader *reader, const void *bytes,
                                      size_t len_bytes, struct umm_error *err)
{
    (void)bytes, (void)len_bytes;
    return umm_redis_reader_open(&reader, "", err);
}

enum umm_status umm_redis_reader_take(struct umm_redis_reader *reader,
                                      const struct umm_redis_answer **answer, struct umm_error *err)
{
    *answer = NULL;
    return umm_redis_reader_open(&reader, "", err);
}

#endif
