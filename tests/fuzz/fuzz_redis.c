/* SPDX-License-Identifier: MIT */
/*
 * fuzz_redis.c - a byte that says which, then a place on a server, the value of an entry, or
 * answers of a server in pieces: no crash, no leak, nothing outside of its bytes, and what is
 * accepted is within bounds. A place that is accepted and shown is one again; a value that is
 * accepted is written with the same bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis/answer.h"
#include "redis/place.h"
#include "store/store_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void try_place(const uint8_t *data, size_t size)
{
    struct umm_redis_place place, again;
    struct umm_error err = {.status = UMM_OK};
    char *text = malloc(size + 1);
    if (!text)
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    if (umm_redis_place_parse(text, &place, &err) == UMM_OK) {
        require(umm_redis_is_place(text), "a place is none");
        require((place.host[0] != '\0') != (place.path[0] != '\0'), "a host or a path");
        require(place.prefix[0] != '\0', "no prefix");
        if (place.host[0]) {
            require(umm_redis_place_parse(place.shown, &again, NULL) == UMM_OK, "not shown as one");
            require(strcmp(again.host, place.host) == 0 && strcmp(again.port, place.port) == 0 &&
                        again.db == place.db && strcmp(again.prefix, place.prefix) == 0,
                    "shown as another");
        }
    } else {
        require(err.message[0] != '\0', "no reason");
    }
    free(text);
}

static void try_value(const uint8_t *data, size_t size)
{
    enum { DIM_MAX = 64 };
    if (size < 2)
        return;
    const size_t id_bytes = data[0] < size - 1 ? data[0] : size - 1;
    char *id = malloc(id_bytes + 1), *value = malloc(size);
    const size_t len = size - 1 - id_bytes;
    struct umm_store_entry entry;
    float vector[DIM_MAX];
    char front[UMM_STORE_VALUE_FRONT_BYTES], bytes[4 * DIM_MAX];
    if (id && value) {
        memcpy(id, data + 1, id_bytes);
        memcpy(value, data + 1 + id_bytes, len);
        for (uint32_t dim = 1; dim <= DIM_MAX; dim *= 2) {
            if (umm_store_value_read(value, len, id, id_bytes, dim, &entry, vector) !=
                UMM_STORE_VALUE_SOUND)
                continue;
            umm_store_value_write(&entry, vector, dim, front, bytes);
            require(memcmp(front, value, sizeof front) == 0, "another front");
            require(memcmp(bytes, value + UMM_STORE_VALUE_HEAD_BYTES, 4 * dim) == 0,
                    "another vector");
        }
    }
    free(id);
    free(value);
}

static size_t weigh(const struct umm_redis_answer *answer, int depth)
{
    size_t n = answer->len_bytes;
    require(depth < 16, "too deep");
    require(!answer->text || answer->text[answer->len_bytes] == '\0', "a text without its end");
    for (size_t i = 0; i < answer->n_items; i++)
        n += sizeof *answer + weigh(&answer->items[i], depth + 1);
    return n;
}

static void try_answers(const uint8_t *data, size_t size)
{
    enum { MOST = 4096 };
    struct umm_redis_reader *reader;
    const struct umm_redis_answer *answer;
    size_t step = size ? 1 + data[0] : 1, n = 0;
    if (umm_redis_reader_open(&reader, "place", NULL))
        return;
    enum umm_status status = umm_redis_reader_reset(reader, MOST, NULL);
    for (size_t at = 1; !status && at < size; at += step) {
        status =
            umm_redis_reader_feed(reader, data + at, size - at < step ? size - at : step, NULL);
        do {
            answer = NULL;
            if (!status)
                status = umm_redis_reader_take(reader, &answer, NULL);
            n += answer ? weigh(answer, 0) : 0;
        } while (answer);
    }
    require(n <= MOST, "more than was allowed");
    umm_redis_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0] % 3) {
    case 0: try_place(data + 1, size - 1); break;
    case 1: try_value(data + 1, size - 1); break;
    default: try_answers(data + 1, size - 1); break;
    }
    return 0;
}
