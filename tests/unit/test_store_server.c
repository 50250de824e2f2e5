/* SPDX-License-Identifier: MIT */
/*
 * A store on a Redis server, which is started for it and stopped again: what is not the same for
 * every kind of place, as the order of eviction by the nanosecond, times to live by the server's
 * clock, layouts that were changed by others, clients at the same time, a server that restarts.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_redis.h"
#include "redis/redis.h"
#include "scratch.h"
#include "store/store_look.h"
#include "store/store_verify.h"
#include "sys/clock.h"
#include "umm/store.h"

#define MS     INT64_C(1000000)
#define SECOND (1000 * MS)
#define PLACE  "unix:redis.sock?timeout=5s"

enum { DIM = 3, POSITIONS = 4 };

static pid_t server_pid;
static struct umm_store *store;
static struct umm_error err;

/* ---- the server --------------------------------------------------------------------------------
 */

/* The socket is there a moment before anybody listens. */
static bool is_listening(void)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "redis.sock"};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_it = fd >= 0 && connect(fd, (const void *)&address, sizeof address) == 0;
    close(fd);
    return is_it;
}

static void start(const char *persistence)
{
    server_pid = fork();
    assert_true(server_pid >= 0);
    if (server_pid == 0) {
        (void)!freopen("redis.log", "a", stdout);
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", "redis.sock",
               "--save", "", "--appendonly", persistence, "--appendfsync", "always", (char *)NULL);
        _exit(127);
    }
    for (int i = 0; !is_listening(); i++) {
        assert_int_equal(waitpid(server_pid, NULL, WNOHANG), 0);
        assert_true(i < 12000);
        usleep(5000);
    }
}

static void stop(int signo)
{
    if (server_pid <= 0)
        return;
    (void)kill(server_pid, signo);
    (void)waitpid(server_pid, NULL, 0);
    server_pid = 0;
    (void)unlink("redis.sock"); /* after a kill it is still there */
}

static bool has_program(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/usr/bin/%s", name);
    return access(path, X_OK) == 0;
}

static int enter(void **state)
{
    store = NULL;
    err = (struct umm_error){.status = UMM_OK};
    return enter_scratch(state);
}

static int leave(void **state)
{
    (void)umm_store_close(store, NULL);
    stop(SIGKILL);
    return leave_scratch(state);
}

/* A command to the server, apart from the store. */
static struct umm_redis *console(void)
{
    static struct umm_redis_place place;
    struct umm_redis *redis;
    assert_int_equal(umm_redis_place_parse(PLACE, &place, NULL), UMM_OK);
    assert_int_equal(umm_redis_open(&(struct umm_redis_options){.place = &place}, &redis, NULL),
                     UMM_OK);
    return redis;
}

/* Words with spaces between; an integer answer, or -1. */
static int64_t command(const char *words)
{
    char text[512], *at = text, *rest;
    size_t n = 1;
    struct umm_redis *redis = console();
    snprintf(text, sizeof text, "%s", words);
    for (const char *c = words; *c; c++)
        n += *c == ' ';
    umm_redis_begin(redis);
    umm_redis_command(redis, n);
    for (; (at = strtok_r(at, " ", &rest)) != NULL; at = NULL)
        umm_redis_text(redis, at);
    assert_int_equal(umm_redis_exchange(redis, 4096, NULL), UMM_OK);
    const struct umm_redis_answer *answer = umm_redis_answer(redis, 0);
    assert_int_not_equal(answer->kind, UMM_REDIS_ERROR);
    const int64_t integer = answer->kind == UMM_REDIS_INTEGER ? answer->integer : -1;
    umm_redis_close(redis);
    return integer;
}

static const struct umm_store_options shape = {.max_positions = POSITIONS, .dim = DIM};

/* Start a server with an empty store, open for writing. */
static void begin(const char *persistence)
{
    if (!has_program("redis-server"))
        skip();
    start(persistence);
    const enum umm_status status = umm_store_create(PLACE, &shape, NULL, &err);
    if (status == UMM_ERR_UNSUPPORTED)
        skip();
    assert_int_equal(status, UMM_OK);
    assert_int_equal(umm_store_open(PLACE, UMM_STORE_WRITE, NULL, &store, &err), UMM_OK);
}

/* ---- entries --------------------------------------------------------------------------------- */

static void fill(float vector[DIM], float value)
{
    for (int i = 0; i < DIM; i++)
        vector[i] = value + (float)i / 4;
}

static enum umm_status put_row(const char *id, float value, int64_t timestamp_ns, int64_t ttl_ns,
                               enum umm_store_put_mode mode, bool *is_older)
{
    float vector[DIM];
    size_t n_put, n_older;
    fill(vector, value);
    const struct umm_store_row row = {.id = id,
                                      .id_bytes = strlen(id),
                                      .vector = vector,
                                      .timestamp_ns = timestamp_ns,
                                      .ttl_ns = ttl_ns};
    const enum umm_status status = umm_store_put_rows(store, &row, 1, mode, &n_put, &n_older, &err);
    if (is_older)
        *is_older = n_older == 1;
    return status;
}

static enum umm_status get(const char *id, float value)
{
    float vector[DIM], wanted[DIM];
    const enum umm_status status = umm_store_get(store, id, strlen(id), vector, NULL, &err);
    fill(wanted, value);
    if (!status)
        assert_memory_equal(vector, wanted, sizeof wanted);
    return status;
}

static enum umm_status mark(const char *id)
{
    return umm_store_mark_inactive(store, id, strlen(id), &err);
}

static void assert_sound(uint64_t n_entries, uint64_t n_inactive)
{
    struct umm_store_verdict verdict;
    assert_int_equal(umm_store_verify(store, NULL, &verdict, NULL), UMM_OK);
    if (verdict.n_faults)
        print_error("%s\n", verdict.findings[0]);
    assert_int_equal(verdict.n_faults, 0);
    assert_int_equal(verdict.n_entries, n_entries);
    assert_int_equal(verdict.n_inactive, n_inactive);
    assert_true(verdict.is_counted);
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* By the nanosecond, before and after 1970; at the same time by position. */
static void the_oldest_inactive_goes_first(void **state)
{
    (void)state;
    struct umm_store_entry entry;
    static const char *const order[] = {"d", "b", "c", "a"};
    begin("no");
    assert_int_equal(put_row("a", 1, 1700000000000000001, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(put_row("b", 2, 1700000000000000000, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(put_row("c", 3, 1700000000000000000, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(put_row("d", 4, -1, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(put_row("e", 5, 0, 0, UMM_STORE_PUT_ALL, NULL), UMM_ERR_CONFLICT);
    assert_int_equal(mark("c") || mark("a") || mark("d") || mark("b"), UMM_OK);
    assert_sound(4, 4);
    for (int i = 0; i < 4; i++) {
        bool is_found;
        float vector[DIM];
        assert_int_equal(umm_store_oldest_sound(store, &entry, vector, &is_found, &err), UMM_OK);
        assert_true(is_found);
        assert_string_equal(entry.id, order[i]);
        assert_int_equal(umm_store_evict(store, &entry, &err), UMM_OK);
        assert_string_equal(entry.id, order[i]);
    }
    assert_int_equal(umm_store_evict(store, &entry, &err), UMM_ERR_ABSENT);
    assert_sound(0, 0);
}

/* Put again, an inactive one is active, and does not go; the value says so itself. */
static void a_put_takes_an_entry_off_the_list(void **state)
{
    (void)state;
    struct umm_store_entry entry;
    begin("no");
    assert_int_equal(put_row("a", 1, 5, 0, UMM_STORE_PUT_ALL, NULL) || mark("a"), UMM_OK);
    assert_int_equal(umm_store_get(store, "a", 1, NULL, &entry, &err), UMM_OK);
    assert_false(entry.is_active);
    const uint64_t position = entry.position;
    const uint32_t generation = entry.generation;
    assert_int_equal(put_row("a", 2, 6, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(umm_store_get(store, "a", 1, NULL, &entry, &err), UMM_OK);
    assert_true(entry.is_active);
    assert_int_equal(entry.position, position);
    assert_true(entry.generation != generation);
    assert_int_equal(umm_store_evict(store, NULL, &err), UMM_ERR_ABSENT);
    assert_int_equal(get("a", 2), UMM_OK);
    assert_sound(1, 0);
}

static void only_what_is_newer_is_put(void **state)
{
    (void)state;
    bool is_older;
    static const int64_t times[] = {INT64_MIN, -4294967297, -4294967296, -1,       0,
                                    1,         4294967295,  4294967296,  INT64_MAX};
    begin("no");
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        assert_int_equal(put_row("a", (float)i, times[i], 0, UMM_STORE_PUT_NEWER, &is_older),
                         UMM_OK);
        assert_false(is_older);
        for (size_t k = 0; k <= i; k++) {
            assert_int_equal(put_row("a", 99, times[k], 0, UMM_STORE_PUT_NEWER, &is_older), UMM_OK);
            assert_true(is_older);
            assert_int_equal(
                put_row("a", (float)i, times[k], 0, UMM_STORE_PUT_NOT_OLDER, &is_older), UMM_OK);
            assert_int_equal(is_older, k < i);
        }
        assert_int_equal(get("a", (float)i), UMM_OK);
    }
    assert_sound(1, 0);
}

static void what_expired_is_gone(void **state)
{
    (void)state;
    struct umm_store_info info;
    struct umm_store_verdict verdict;
    uint64_t n_evicted;
    begin("no");
    const int64_t now_ns = umm_clock_realtime_ns();
    assert_int_equal(put_row("a", 1, now_ns, 2000 * MS, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(put_row("b", 2, now_ns, 3600 * SECOND, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(put_row("c", 3, now_ns, 2000 * MS, UMM_STORE_PUT_ALL, NULL) || mark("c"),
                     UMM_OK);
    assert_int_equal(put_row("d", 4, now_ns, 2000 * MS, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(put_row("d", 5, now_ns, UMM_STORE_FOR_EVER, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    while (get("a", 1) != UMM_ERR_ABSENT || get("c", 3) != UMM_ERR_ABSENT)
        usleep(5000);
    assert_true(umm_clock_realtime_ns() >= now_ns + 2000 * MS);
    assert_int_equal(umm_store_verify(store, NULL, &verdict, &err), UMM_OK);
    assert_int_equal(verdict.n_faults, 0);
    assert_int_equal(verdict.n_entries, 2);
    /* The server drops them at the next whole millisecond. */
    while (umm_clock_realtime_ns() < now_ns + 2002 * MS)
        usleep(1000);
    assert_int_equal(get("b", 2) || get("d", 5), UMM_OK);
    assert_int_equal(umm_store_info(store, &info, &err), UMM_OK);
    assert_int_equal(info.n_entries, 2);
    assert_int_equal(info.n_inactive, 0);
    assert_int_equal(info.n_expired, 0);
    assert_sound(2, 0);
    /* Their room is taken before that of others. */
    assert_int_equal(mark("b"), UMM_OK);
    assert_int_equal(put_row("e", 6, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(put_row("f", 7, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(get("b", 2), UMM_OK);
    assert_int_equal(put_row("g", 8, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(get("b", 2), UMM_ERR_ABSENT);
    /* One that expired before it was put takes the place of what was there, and is not. */
    assert_int_equal(put_row("g", 9, 5, MS, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(get("g", 8), UMM_ERR_ABSENT);
    assert_int_equal(put_row("h", 9, 5, MS / 2, UMM_STORE_PUT_ALL, NULL), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_store_evict_expired(store, UINT64_MAX, &n_evicted, &err), UMM_OK);
    assert_int_equal(n_evicted, 0);
    assert_sound(3, 0);
    assert_int_equal(command("DBSIZE"), 3 + 3 + 0); /* values; meta, ids, the last answer */
}

/* A batch stops at the row that fails; those before it are there, those after it are not. */
static void a_batch_ends_at_what_fails(void **state)
{
    (void)state;
    float vector[DIM];
    size_t n_put, n_older;
    fill(vector, 1);
    const struct umm_store_row rows[] = {
        {"a", 1, vector, 1, 0, false},   {"a", 1, vector, 1, 0, false},
        {"b", 1, vector, 1, 0, true},    {"c", 1, vector, 1, 0, false},
        {"a\n", 2, vector, 1, 0, false}, {"d", 1, vector, 1, 0, false},
        {"e", 1, vector, 1, 0, false},   {"f", 1, vector, 1, 0, false},
        {"g", 1, vector, 1, 0, false}};
    begin("no");
    assert_int_equal(
        umm_store_put_rows(store, rows, 9, UMM_STORE_PUT_NEWER, &n_put, &n_older, &err),
        UMM_ERR_ARGUMENT);
    assert_int_equal(n_put, 3);
    assert_int_equal(n_older, 1);
    assert_int_equal(get("d", 1), UMM_ERR_ABSENT);
    /* d is the fourth; e takes the room of b; nothing is left for f. */
    assert_int_equal(
        umm_store_put_rows(store, rows + 5, 4, UMM_STORE_PUT_ALL, &n_put, &n_older, &err),
        UMM_ERR_CONFLICT);
    assert_int_equal(n_put, 2);
    assert_int_equal(get("b", 1), UMM_ERR_ABSENT);
    assert_int_equal(get("e", 1), UMM_OK);
    assert_int_equal(get("g", 1), UMM_ERR_ABSENT);
    assert_sound(4, 0);
}

/* What others wrote there is neither taken for an entry nor overwritten. */
static void what_others_wrote_is_refused(void **state)
{
    (void)state;
    struct umm_store_verdict verdict;
    float vector[DIM];
    begin("no");
    assert_int_equal(put_row("a", 1, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(put_row("b", 2, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    (void)command("SETRANGE {umm}:v:a 50 x");
    assert_int_equal(get("a", 1), UMM_ERR_DATA);
    (void)command("SETRANGE {umm}:v:b 6 \2");
    assert_int_equal(get("b", 2), UMM_ERR_DATA);
    assert_int_equal(put_row("b", 3, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_ERR_CONFLICT);
    (void)command("DEL {umm}:v:b");
    (void)command("LPUSH {umm}:v:b x");
    assert_int_equal(get("b", 2), UMM_ERR_CONFLICT);
    assert_int_equal(put_row("b", 3, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_ERR_CONFLICT);
    assert_int_equal(umm_store_verify(store, NULL, &verdict, &err), UMM_OK);
    assert_int_equal(verdict.n_damaged, 2);
    (void)command("DEL {umm}:v:b");
    (void)command("HSET {umm}:inactive a 1");
    assert_int_equal(put_row("a", 4, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(umm_store_verify(store, NULL, &verdict, &err), UMM_OK);
    assert_int_equal(verdict.n_lost, 1);
    assert_true(verdict.n_miscounted > 0);
    /* The store goes, and another comes, while it is open. */
    (void)command("FLUSHALL");
    assert_int_equal(umm_store_follow(store, &err), UMM_ERR_ABSENT);
    assert_int_equal(put_row("a", 5, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_ERR_CONFLICT);
    assert_int_equal(umm_store_create(PLACE, &shape, NULL, &err), UMM_OK);
    assert_int_equal(put_row("a", 5, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_ERR_CONFLICT);
    const uint64_t turnover = umm_store_turnover(store);
    assert_int_equal(umm_store_follow(store, &err), UMM_OK);
    assert_int_equal(umm_store_turnover(store), turnover + 1);
    assert_int_equal(put_row("a", 5, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    (void)command("FLUSHALL");
    const struct umm_store_options other = {.max_positions = POSITIONS, .dim = 2 * DIM};
    assert_int_equal(umm_store_create(PLACE, &other, NULL, &err), UMM_OK);
    assert_int_equal(umm_store_create(PLACE, &shape, NULL, &err), UMM_ERR_CONFLICT);
    assert_int_equal(umm_store_follow(store, &err), UMM_ERR_CONFLICT);
    assert_int_equal(umm_store_get(store, "a", 1, vector, NULL, &err), UMM_ERR_ABSENT);
    (void)command("HSET {umm}:meta format 2");
    assert_int_equal(umm_store_follow(store, &err), UMM_ERR_DATA);
    (void)command("FLUSHALL");
    (void)command("SADD {umm}:ids x");
    assert_int_equal(umm_store_create(PLACE, &shape, NULL, &err), UMM_ERR_CONFLICT);
}

/* Readers need no right to write, and none to load a script. */
static void a_reader_reads_alone(void **state)
{
    (void)state;
    struct umm_store_info info;
    struct umm_store_entry entry;
    struct umm_store *reader;
    float vector[DIM];
    begin("no");
    assert_int_equal(put_row("a", 1, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    (void)command("ACL SETUSER r on >pw ~* +@read +select -@scripting");
    (void)command("ACL SETUSER default off");
    assert_int_equal(umm_store_open(PLACE, UMM_STORE_READ, NULL, &reader, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_store_open_with(PLACE, UMM_STORE_READ,
                                         &(struct umm_store_reach){.user = "r", .password = "no"},
                                         NULL, &reader, &err),
                     UMM_ERR_ARGUMENT);
    assert_int_equal(umm_store_open_with(PLACE "&user=r", UMM_STORE_READ,
                                         &(struct umm_store_reach){.password = "pw"}, NULL, &reader,
                                         &err),
                     UMM_OK);
    assert_int_equal(umm_store_get(reader, "a", 1, vector, &entry, &err), UMM_OK);
    assert_int_equal(umm_store_next(reader, 0, &entry, vector, &err), UMM_OK);
    assert_int_equal(umm_store_next(reader, entry.position + 1, &entry, vector, &err),
                     UMM_ERR_ABSENT);
    assert_int_equal(umm_store_info(reader, &info, &err), UMM_OK);
    assert_int_equal(info.n_entries, 1);
    assert_int_equal(umm_store_put(reader, "b", 1, vector, 1, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_store_close(reader, &err), UMM_OK);
}

static void a_policy_that_drops_keys_is_told(void **state)
{
    (void)state;
    begin("no");
    assert_null(umm_store_warning(store));
    (void)command("CONFIG SET maxmemory-policy allkeys-lru");
    (void)command("CONFIG SET maxmemory 100mb");
    assert_int_equal(umm_store_close(store, &err), UMM_OK);
    assert_int_equal(umm_store_open(PLACE, UMM_STORE_READ, NULL, &store, &err), UMM_OK);
    assert_non_null(strstr(umm_store_warning(store), "maxmemory-policy allkeys-lru"));
}

/* Full, a replica, without replicas: each is told, and nothing was put. */
static void a_server_that_takes_nothing_is_told(void **state)
{
    (void)state;
    struct umm_store_entry entry;
    begin("no");
    assert_int_equal(put_row("a", 1, 1, 0, UMM_STORE_PUT_ALL, NULL) || mark("a"), UMM_OK);
    (void)command("CONFIG SET maxmemory 1");
    assert_int_equal(put_row("b", 1, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_ERR_BUSY);
    assert_non_null(strstr(err.message, "maxmemory"));
    assert_int_equal(umm_store_evict(store, &entry, &err), UMM_OK);
    (void)command("CONFIG SET maxmemory 0");
    assert_sound(0, 0);
    (void)command("CONFIG SET min-replicas-to-write 1");
    assert_int_equal(put_row("b", 1, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_ERR_BUSY);
    (void)command("CONFIG SET min-replicas-to-write 0");
    assert_int_equal(umm_store_close(store, &err), UMM_OK);
    const struct umm_store_reach reach = {.n_replicas = 1, .timeout_ns = 600 * MS};
    assert_int_equal(umm_store_open_with(PLACE, UMM_STORE_WRITE, &reach, NULL, &store, &err),
                     UMM_OK);
    assert_int_equal(put_row("b", 1, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_ERR_BUSY);
    assert_true(strstr(err.message, "0 replicas") || strstr(err.message, "does not answer"));
    (void)command("REPLICAOF 127.0.0.1 1");
    (void)command("CONFIG SET replica-serve-stale-data yes");
    assert_int_equal(put_row("c", 1, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_ERR_CONFLICT);
    assert_non_null(strstr(err.message, "replica"));
    assert_int_equal(get("b", 1), UMM_OK);
}

/* Killed and started again, it has all that was reported, and the connection goes on. */
static void a_server_that_restarts_is_waited_for(void **state)
{
    (void)state;
    begin("yes");
    assert_int_equal(put_row("a", 1, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_int_equal(put_row("b", 2, 1, 0, UMM_STORE_PUT_ALL, NULL) || mark("b"), UMM_OK);
    stop(SIGKILL);
    start("yes");
    assert_int_equal(get("a", 1), UMM_OK);
    stop(SIGKILL);
    start("yes");
    assert_int_equal(put_row("c", 3, 1, 0, UMM_STORE_PUT_ALL, NULL), UMM_OK);
    assert_sound(3, 1);
    stop(SIGTERM);
    assert_int_equal(umm_store_close(store, &err), UMM_OK);
    store = NULL;
    assert_int_equal(umm_store_open(PLACE, UMM_STORE_READ, NULL, &store, &err), UMM_ERR_SYSTEM);
    assert_null(store);
}

/* ---- many clients ---------------------------------------------------------------------------- */

enum { CLIENTS = 4, PUTS = 300 };

/* Each puts, marks and evicts ids that the others have also. */
static void *work(void *user)
{
    const long seed = (long)(intptr_t)user;
    struct umm_store *own;
    float vector[DIM];
    if (umm_store_open(PLACE, UMM_STORE_WRITE, NULL, &own, NULL))
        return user;
    for (long i = 0; i < PUTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "%ld", (i * 7 + seed * 3) % 9);
        fill(vector, (float)(i % 5));
        const enum umm_status status = umm_store_put(own, id, strlen(id), vector, i, NULL);
        if (status && status != UMM_ERR_CONFLICT)
            break;
        if (umm_store_mark_inactive(own, id, strlen(id), NULL) == UMM_OK && i % 10 == 0)
            (void)!umm_store_evict(own, NULL, NULL);
    }
    (void)umm_store_close(own, NULL);
    return NULL;
}

static void many_clients_keep_it_sound(void **state)
{
    (void)state;
    pthread_t threads[CLIENTS];
    struct umm_store_info info;
    begin("no");
    for (intptr_t i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
    for (int i = 0; i < CLIENTS; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(umm_store_info(store, &info, &err), UMM_OK);
    assert_true(info.n_entries <= POSITIONS);
    assert_true(info.n_puts > PUTS);
    assert_sound(info.n_entries, info.n_inactive);
}

/* ---- a server that says what no store can have ----------------------------------------------- */

#define META                                                                                       \
    "*6\r\n$1\r\n1\r\n$32\r\n0123456789abcdef0123456789abcdef\r\n$1\r\n3\r\n$2\r\n31\r\n$"         \
    "1\r\n4\r\n"                                                                                   \
    "$1\r\n0\r\n"

static void impossible_answers_are_refused(void **state)
{
    (void)state;
    static const char *const metas[] = {
        "*5\r\n$1\r\n1\r\n$1\r\nx\r\n$1\r\n3\r\n$2\r\n31\r\n$1\r\n4\r\n",
        "*6\r\n$1\r\n1\r\n$1\r\nx\r\n$1\r\n3\r\n$2\r\n31\r\n$1\r\n4\r\n$1\r\n0\r\n",
        "*6\r\n$1\r\n1\r\n$32\r\n0123456789abcdef0123456789abcdef\r\n$9\r\n999999999\r\n$"
        "2\r\n31\r\n"
        "$1\r\n4\r\n$1\r\n0\r\n",
        "*6\r\n$1\r\n1\r\n$32\r\n0123456789abcdef0123456789abcdef\r\n$1\r\n3\r\n$2\r\n32\r\n$"
        "1\r\n4\r\n"
        "$1\r\n0\r\n",
        ("*6\r\n$1\r\n1\r\n$32\r\n0123456789abcdef0123456789abcdef\r\n$1\r\n3\r\n$2\r\n31\r\n:4\r\n"
         "$1\r\n0\r\n"),
        "*6\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n",
        "+OK\r\n"};
    static const char *const lists[] = {"*1\r\n$1\r\na\r\n", "*2\r\n$1\r\na\r\n$2\r\n-1\r\n",
                                        "*2\r\n:1\r\n:1\r\n", "*2\r\n$1\r\na\r\n$3\r\n1e9\r\n",
                                        ":1\r\n"};
    char answer[1024];
    struct fake fake;
    struct umm_store_entry entry;
    float vector[DIM];
    for (size_t i = 0; i < sizeof metas / sizeof *metas; i++) {
        snprintf(answer, sizeof answer, "%s$-1\r\n", metas[i]);
        const char *const all[1][16] = {{answer}};
        assert_int_equal(fake_open(&fake, all, 1), 0);
        const enum umm_status status =
            umm_store_open("unix:" FAKE_PATH, UMM_STORE_READ, NULL, &store, &err);
        fake_close(&fake);
        if (status == UMM_ERR_UNSUPPORTED)
            skip();
        assert_int_equal(status, UMM_ERR_DATA);
        assert_null(store);
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const char *const all[1][16] = {
            {META "$-1\r\n", "$4\r\nwhat\r\n", ":7\r\n", "*9\r\n", FAKE_CLOSE}};
        const char *const then[1][16] = {{META "$-1\r\n", lists[i], "*2\r\n$-1\r\n$-1\r\n"}};
        bool is_found[2];
        size_t n_found;
        if (i == 0) {
            assert_int_equal(fake_open(&fake, all, 1), 0);
            assert_int_equal(umm_store_open("unix:" FAKE_PATH "?timeout=100ms", UMM_STORE_READ,
                                            NULL, &store, &err),
                             UMM_OK);
            assert_int_equal(umm_store_get(store, "a", 1, vector, NULL, &err), UMM_ERR_DATA);
            assert_int_equal(umm_store_get(store, "a", 1, vector, NULL, &err), UMM_ERR_DATA);
            assert_int_not_equal(
                umm_store_get_many(store, "a", 1, 1, vector, is_found, &n_found, &err), UMM_OK);
            assert_int_equal(umm_store_close(store, &err), UMM_OK);
            fake_close(&fake);
        }
        assert_int_equal(fake_open(&fake, then, 1), 0);
        assert_int_equal(umm_store_open("unix:" FAKE_PATH, UMM_STORE_READ, NULL, &store, &err),
                         UMM_OK);
        assert_int_equal(umm_store_next(store, 0, &entry, vector, &err), UMM_ERR_DATA);
        float two[2 * DIM];
        assert_int_equal(umm_store_get_many(store, "a", 1, 1, two, is_found, &n_found, &err),
                         UMM_ERR_DATA);
        assert_int_equal(umm_store_close(store, &err), UMM_OK);
        store = NULL;
        fake_close(&fake);
    }
}

/* Also where an entry that cannot be had counts as none. */
static void a_server_that_is_busy_has_not_said_no(void **state)
{
    (void)state;
    static const char *const all[1][16] = {{META "$-1\r\n", "-MASTERDOWN x\r\n", "$-1\r\n"}};
    struct fake fake;
    struct umm_store_entry entry;
    float vector[DIM];
    bool is_found = true;
    assert_int_equal(fake_open(&fake, all, 1), 0);
    const enum umm_status status =
        umm_store_open("unix:" FAKE_PATH, UMM_STORE_READ, NULL, &store, &err);
    if (status != UMM_ERR_UNSUPPORTED) {
        assert_int_equal(status, UMM_OK);
        assert_int_equal(umm_store_get_sound(store, "a", 1, vector, &entry, &is_found, &err),
                         UMM_ERR_BUSY);
        assert_non_null(strstr(err.message, "lost its master"));
        assert_int_equal(umm_store_get_sound(store, "a", 1, vector, &entry, &is_found, &err),
                         UMM_OK);
        assert_false(is_found);
        assert_int_equal(umm_store_close(store, &err), UMM_OK);
        store = NULL;
    }
    fake_close(&fake);
    if (status == UMM_ERR_UNSUPPORTED)
        skip();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(the_oldest_inactive_goes_first),
        TEST(a_put_takes_an_entry_off_the_list),
        TEST(only_what_is_newer_is_put),
        TEST(what_expired_is_gone),
        TEST(a_batch_ends_at_what_fails),
        TEST(what_others_wrote_is_refused),
        TEST(a_reader_reads_alone),
        TEST(a_policy_that_drops_keys_is_told),
        TEST(a_server_that_takes_nothing_is_told),
        TEST(a_server_that_restarts_is_waited_for),
        TEST(many_clients_keep_it_sound),
        TEST(impossible_answers_are_refused),
        TEST(a_server_that_is_busy_has_not_said_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
