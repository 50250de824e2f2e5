/* SPDX-License-Identifier: MIT */
/* Places; and a connection to a server that answers wrong things, late, in part, or not at all. */
#include "redis/redis.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_redis.h"
#include "scratch.h"
#include "sys/clock.h"

#define MS UINT64_C(1000000)

/* ---- places ---------------------------------------------------------------------------------- */

static void places_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *port, *path, *user, *prefix, *shown;
        unsigned db;
        uint64_t timeout_ns;
    } cases[] = {
        {"redis://h", "h", "6379", "", "", "umm", "redis://h:6379/0", 0, 0},
        {"redis://h/", "h", "6379", "", "", "umm", "redis://h:6379/0", 0, 0},
        {"redis://me@h.example:7/3?prefix=a.b&timeout=250ms", "h.example", "7", "", "me", "a.b",
         "redis://h.example:7/3?prefix=a.b", 3, 250 * MS},
        {"redis://m%40e@[::1]:7?timeout=2s", "::1", "7", "", "m@e", "umm", "redis://[::1]:7/0", 0,
         2000 * MS},
        {"redis://[::1]", "::1", "6379", "", "", "umm", "redis://[::1]:6379/0", 0, 0},
        {"unix:/run/r.sock", "", "", "/run/r.sock", "", "umm", "unix:/run/r.sock", 0, 0},
        {"unix:a%3fb?db=4&prefix=p&user=u", "", "", "a?b", "u", "p", "unix:a?b?db=4&prefix=p", 4,
         0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_redis_place place;
        assert_true(umm_redis_is_place(cases[i].text));
        assert_int_equal(umm_redis_place_parse(cases[i].text, &place, NULL), UMM_OK);
        assert_string_equal(place.host, cases[i].host);
        assert_string_equal(place.port, cases[i].port);
        assert_string_equal(place.path, cases[i].path);
        assert_string_equal(place.user, cases[i].user);
        assert_string_equal(place.prefix, cases[i].prefix);
        assert_string_equal(place.shown, cases[i].shown);
        assert_int_equal(place.db, cases[i].db);
        assert_int_equal(place.timeout_ns, cases[i].timeout_ns);
    }
}

static void what_is_no_place_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        enum umm_status status;
    } cases[] = {
        {"redis://", "is not redis://", UMM_ERR_ARGUMENT},
        {"redis:h", "is not redis://", UMM_ERR_ARGUMENT},
        {"redis://:7", "is not redis://", UMM_ERR_ARGUMENT},
        {"redis://h:0", "port", UMM_ERR_ARGUMENT},
        {"redis://h:65536", "port", UMM_ERR_ARGUMENT},
        {"redis://h:7x", "port", UMM_ERR_ARGUMENT},
        {"redis://h:", "port", UMM_ERR_ARGUMENT},
        {"redis://[::1", "is not redis://", UMM_ERR_ARGUMENT},
        {"redis://[::1]x", "is not redis://", UMM_ERR_ARGUMENT},
        {"redis://h h", "is not redis://", UMM_ERR_ARGUMENT},
        {"redis://@h", "user", UMM_ERR_ARGUMENT},
        {"redis://u%4@h", "user", UMM_ERR_ARGUMENT},
        {"redis://u%00@h", "user", UMM_ERR_ARGUMENT},
        {"redis://h/x", "database", UMM_ERR_ARGUMENT},
        {"redis://h/99999999999", "database", UMM_ERR_ARGUMENT},
        {"redis://h?db=1", "after ?", UMM_ERR_ARGUMENT},
        {"redis://h?prefix=", "prefix", UMM_ERR_ARGUMENT},
        {"redis://h?prefix=a{b", "prefix", UMM_ERR_ARGUMENT},
        {"redis://h?timeout=5", "timeout", UMM_ERR_ARGUMENT},
        {"redis://h?timeout=0s", "timeout", UMM_ERR_ARGUMENT},
        {"redis://h?timeout=99999999s", "timeout", UMM_ERR_ARGUMENT},
        {"unix:", "empty", UMM_ERR_ARGUMENT},
        {"unix:a%zz", "%XX", UMM_ERR_ARGUMENT},
        {"rediss://h", "TLS", UMM_ERR_UNSUPPORTED},
        {"redis+cluster://h", "clusters", UMM_ERR_UNSUPPORTED},
        {"redis://me:secret@h", "password", UMM_ERR_ARGUMENT},
        {"redis://:secret@h", "password", UMM_ERR_ARGUMENT},
        {"redis://me:se/cr?et@h", "password", UMM_ERR_ARGUMENT},
        {"rediss://:secret@h", "password", UMM_ERR_ARGUMENT},
        {"unix://:secret@/run/x", "password", UMM_ERR_ARGUMENT},
        {"unix:/run/x?password=secret", "password", UMM_ERR_ARGUMENT},
        {"redis://h:secret", "port", UMM_ERR_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_redis_place place;
        struct umm_error err = {.status = UMM_OK};
        char text[UMM_ERROR_TEXT_MAX];
        assert_int_equal(umm_redis_place_parse(cases[i].text, &place, &err), cases[i].status);
        umm_error_text(&err, text, sizeof text);
        assert_non_null(strstr(text, cases[i].message));
        assert_null(strstr(text, "secret"));
    }
    assert_false(umm_redis_is_place("./redis:"));
    assert_false(umm_redis_is_place("store"));
    assert_false(umm_redis_is_place("redis"));
}

/* ---- a server that is not as it should be ------------------------------------------------------
 */

static struct fake fake;
static struct umm_redis_place place;
static struct umm_redis *redis;
static struct umm_error err;
static char text[UMM_ERROR_TEXT_MAX];
static const char *const script[] = {"return ", "1", NULL};

static enum umm_status connect_for(uint64_t timeout_ns, const char *password,
                                   const struct umm_run *run)
{
    const struct umm_redis_options options = {.place = &place,
                                              .password = password,
                                              .timeout_ns = timeout_ns,
                                              .run = run,
                                              .script = script};
    assert_int_equal(umm_redis_place_parse("unix:" FAKE_PATH, &place, NULL), UMM_OK);
    err = (struct umm_error){.status = UMM_OK};
    const enum umm_status status = umm_redis_open(&options, &redis, &err);
    umm_error_text(&err, text, sizeof text);
    return status;
}

static bool is_built_without(void)
{
    const enum umm_status status = connect_for(MS, NULL, NULL);
    umm_redis_close(redis);
    if (status != UMM_ERR_UNSUPPORTED)
        return false;
    assert_non_null(strstr(text, "libhiredis-dev"));
    return true;
}

/* One GET. */
static enum umm_status ask(size_t max_bytes)
{
    umm_redis_begin(redis);
    umm_redis_command(redis, 2);
    umm_redis_text(redis, "GET");
    umm_redis_joined(redis, "key", "7", 1);
    err = (struct umm_error){.status = UMM_OK};
    const enum umm_status status = umm_redis_exchange(redis, max_bytes, &err);
    umm_error_text(&err, text, sizeof text);
    return status;
}

static void begin(const char *const (*connections)[16], int n)
{
    if (is_built_without())
        skip();
    assert_int_equal(fake_open(&fake, connections, n), 0);
}

static void end(void)
{
    umm_redis_close(redis);
    redis = NULL;
    fake_close(&fake);
}

static void answers_are_taken_apart(void **state)
{
    (void)state;
    static const char *const all[1][16] = {
        {"*4\r\n$3\r\na\r\n\r\n:-7\r\n$-1\r\n*1\r\n+fine\r\n", "$0\r\n\r\n", "$2\r\nno\r\n"}};
    begin(all, 1);
    assert_int_equal(connect_for(1000 * MS, NULL, NULL), UMM_OK);
    assert_int_equal(ask(1000), UMM_OK);
    const struct umm_redis_answer *answer = umm_redis_answer(redis, 0);
    assert_int_equal(answer->kind, UMM_REDIS_ARRAY);
    assert_int_equal(answer->n_items, 4);
    assert_memory_equal(answer->items[0].text, "a\r\n", 4);
    assert_int_equal(answer->items[0].len_bytes, 3);
    assert_int_equal(answer->items[1].integer, -7);
    assert_int_equal(answer->items[2].kind, UMM_REDIS_NIL);
    assert_int_equal(answer->items[3].n_items, 1);
    assert_int_equal(answer->items[3].items[0].kind, UMM_REDIS_STATUS);
    assert_int_equal(ask(0), UMM_OK);
    assert_int_equal(umm_redis_answer(redis, 0)->kind, UMM_REDIS_STRING);
    assert_int_equal(umm_redis_answer(redis, 0)->len_bytes, 0);
    assert_int_equal(ask(100), UMM_OK);
    assert_int_equal(umm_redis_check(redis, 0, UMM_REDIS_STRING, NULL), UMM_OK);
    assert_int_equal(umm_redis_check(redis, 0, UMM_REDIS_ARRAY, &err), UMM_ERR_DATA);
    end();
    assert_string_equal(fake.asked,
                        "*2\r\n$3\r\nGET\r\n$4\r\nkey7\r\n*2\r\n$3\r\nGET\r\n$4\r\nkey7\r\n"
                        "*2\r\n$3\r\nGET\r\n$4\r\nkey7\r\n");
}

/* Each is refused with one error, and the next question gets its answer. */
static void wrong_answers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *then, *message;
        enum umm_status status;
    } cases[] = {
        {"HTTP/1.1 400 Bad Request\r\n", NULL, "does not answer as Redis does", UMM_ERR_DATA},
        {"$x\r\n", NULL, "does not answer as Redis does", UMM_ERR_DATA},
        {"$-7\r\n", NULL, "does not answer as Redis does", UMM_ERR_DATA},
        {":12x\r\n", NULL, "does not answer as Redis does", UMM_ERR_DATA},
        {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", NULL,
         "does not answer as Redis does", UMM_ERR_DATA},
        {"*2000000000\r\n", NULL, "larger answer", UMM_ERR_DATA},
        {"*9999999999999999999999\r\n", NULL, "does not answer as Redis does", UMM_ERR_DATA},
        {"*3000\r\n", NULL, "larger answer", UMM_ERR_DATA},
        {"$2000000000\r\n", FAKE_FLOOD, "larger answer", UMM_ERR_DATA},
        {"+", FAKE_FLOOD, "larger answer", UMM_ERR_DATA},
        {"$9\r\nhalf", FAKE_STALL, "does not answer within 1 s", UMM_ERR_BUSY},
        {"*2\r\n$1\r\na\r\n", FAKE_STALL, "does not answer within 1 s", UMM_ERR_BUSY},
        {"$1000\r\n", FAKE_TRICKLE, "does not answer within 1 s", UMM_ERR_BUSY},
        {"", FAKE_STALL, "does not answer within 1 s", UMM_ERR_BUSY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const all[2][16] = {{cases[i].answer, cases[i].then}, {"$2\r\nok\r\n"}};
        begin(all, 2);
        assert_int_equal(connect_for(1000 * MS, NULL, NULL), UMM_OK);
        assert_int_equal(ask(1000), cases[i].status);
        assert_non_null(strstr(text, cases[i].message));
        assert_non_null(strstr(text, "unix:" FAKE_PATH ": "));
        assert_int_equal(ask(1000), UMM_OK);
        assert_string_equal(umm_redis_answer(redis, 0)->text, "ok");
        end();
    }
}

static void a_broken_connection_is_opened_again(void **state)
{
    (void)state;
    static const char *const all[4][16] = {{"+first\r\n", "$9\r\nhalf", FAKE_CLOSE},
                                           {FAKE_CLOSE},
                                           {"", FAKE_CLOSE},
                                           {"+second\r\n", FAKE_CLOSE}};
    begin(all, 4);
    assert_int_equal(connect_for(5000 * MS, NULL, NULL), UMM_OK);
    assert_int_equal(ask(1000), UMM_OK);
    assert_int_equal(ask(1000), UMM_OK);
    assert_string_equal(umm_redis_answer(redis, 0)->text, "second");
    end();
    assert_int_equal(fake.n_accepted, 4);
}

/* Within the time; what broke is told. */
static void one_that_stays_away_is_told(void **state)
{
    (void)state;
    static const char *const all[1][16] = {{"+first\r\n", FAKE_CLOSE}};
    begin(all, 1);
    assert_int_equal(connect_for(1000 * MS, NULL, NULL), UMM_OK);
    assert_int_equal(ask(1000), UMM_OK);
    (void)pthread_join(fake.thread, NULL);
    close(fake.listen_fd);
    const uint64_t begin_ns = umm_clock_monotonic_ns();
    assert_int_equal(ask(1000), UMM_ERR_SYSTEM);
    assert_non_null(strstr(text, "cannot connect: Connection refused"));
    assert_true(umm_clock_monotonic_ns() - begin_ns < 5000 * MS);
    umm_redis_close(redis);
    (void)unlink(FAKE_PATH);
    assert_int_equal(connect_for(1000 * MS, NULL, NULL), UMM_ERR_SYSTEM);
    assert_non_null(strstr(text, "cannot connect: No such file or directory"));
    assert_null(redis);
}

static void a_server_that_loads_is_waited_for(void **state)
{
    (void)state;
    static const char *const all[1][16] = {{"-LOADING Redis is loading\r\n",
                                            "-BUSY Redis is busy running a script\r\n", "+done\r\n",
                                            FAKE_STALL}};
    static const char loading[] = "-LOADING Redis is loading the dataset in memory\r\n";
    static const char *const ever[1][16] = {{loading, loading, loading, loading, loading, loading,
                                             loading, loading, loading, loading, loading, loading,
                                             loading, loading, loading}};
    begin(all, 1);
    assert_int_equal(connect_for(5000 * MS, NULL, NULL), UMM_OK);
    assert_int_equal(ask(1000), UMM_OK);
    assert_string_equal(umm_redis_answer(redis, 0)->text, "done");
    end();
    begin(ever, 1);
    assert_int_equal(connect_for(1000 * MS, NULL, NULL), UMM_OK);
    assert_int_equal(ask(1000), UMM_ERR_BUSY);
    assert_non_null(strstr(text, "the server is loading its data"));
    end();
}

static void errors_of_a_server_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *message;
        enum umm_status status;
    } cases[] = {
        {"-OOM command not allowed when used memory > 'maxmemory'. script: 0\r\n", "maxmemory",
         UMM_ERR_BUSY},
        {"-MISCONF Redis is configured to save RDB snapshots\r\n", "cannot save", UMM_ERR_BUSY},
        {"-NOREPLICAS Not enough good replicas to write.\r\n", "lacks replicas", UMM_ERR_BUSY},
        {"-MASTERDOWN Link with MASTER is down\r\n", "lost its master", UMM_ERR_BUSY},
        {"-READONLY You can't write against a read only replica.\r\n", "is a replica",
         UMM_ERR_CONFLICT},
        {"-WRONGTYPE Operation against a key\r\n", "holds something else", UMM_ERR_CONFLICT},
        {"-NOAUTH Authentication required.\r\n", "wants a password", UMM_ERR_ARGUMENT},
        {"-NOPERM this user has no permissions\r\n", "no right", UMM_ERR_ARGUMENT},
        {"-MOVED 3999 127.0.0.1:6381\r\n", "part of a cluster", UMM_ERR_UNSUPPORTED},
        {"-ASK 3999 127.0.0.1:6381\r\n", "part of a cluster", UMM_ERR_UNSUPPORTED},
        {"-ERR unknown command 'GET', with args\r\n", "does not know a command",
         UMM_ERR_UNSUPPORTED},
        {"-ERR some\x1b[31mthing\r\n", "the server says: ERR some\\x1b[31mthing", UMM_ERR_DATA},
        {"-OOMPH\r\n", "the server says: OOMPH", UMM_ERR_DATA},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const all[1][16] = {{cases[i].answer}};
        begin(all, 1);
        assert_int_equal(connect_for(1000 * MS, NULL, NULL), UMM_OK);
        assert_int_equal(ask(1000), UMM_OK);
        assert_int_equal(umm_redis_check(redis, 0, UMM_REDIS_STRING, &err), cases[i].status);
        umm_error_text(&err, text, sizeof text);
        assert_non_null(strstr(text, cases[i].message));
        end();
    }
}

/* What a server says of a login may repeat the password; no message does. */
static void no_message_has_a_password(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        enum umm_status status;
    } cases[] = {{"-WRONGPASS invalid username-password pair\r\n", UMM_ERR_ARGUMENT},
                 {"-ERR unknown command 'AUTH', with args beginning with: 'secret'\r\n",
                  UMM_ERR_UNSUPPORTED},
                 {"-ERR secret is wrong\r\n", UMM_ERR_ARGUMENT},
                 {"$6\r\nsecret\r\n", UMM_ERR_ARGUMENT},
                 {"-ERR max number of clients reached\r\n", UMM_ERR_BUSY}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const all[1][16] = {{cases[i].answer, FAKE_CLOSE}};
        begin(all, 1);
        assert_int_equal(connect_for(1000 * MS, "secret", NULL), cases[i].status);
        assert_null(strstr(text, "secret"));
        end();
        assert_non_null(strstr(fake.asked, "$4\r\nAUTH\r\n$6\r\nsecret\r\n"));
    }
}

/* It is given to a server that lacks it; and told that it was asked before. */
static void a_script_is_loaded_once(void **state)
{
    (void)state;
#define HASH "0123456789012345678901234567890123456789"
    static const char *const all[2][16] = {
        {"$40\r\n" HASH "\r\n", "+one\r\n", "+two\r\n", "", FAKE_CLOSE},
        {"-NOSCRIPT No matching script.\r\n", "$40\r\n" HASH "\r\n", "+three\r\n"}};
    static const char *const answers[] = {"one", "two", "three"};
    begin(all, 2);
    assert_int_equal(connect_for(5000 * MS, NULL, NULL), UMM_OK);
    for (int i = 0; i < 3; i++) {
        umm_redis_begin(redis);
        assert_int_equal(umm_redis_script(redis, "k", 2, &err), UMM_OK);
        umm_redis_again(redis);
        umm_redis_text(redis, "x");
        assert_int_equal(umm_redis_exchange(redis, 100, &err), UMM_OK);
        assert_string_equal(umm_redis_answer(redis, 0)->text, answers[i]);
    }
    end();
#define LOAD "*3\r\n$6\r\nSCRIPT\r\n$4\r\nLOAD\r\n$8\r\nreturn 1\r\n"
#define CALL(again)                                                                                \
    "*6\r\n$7\r\nEVALSHA\r\n$40\r\n" HASH "\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\n" again "\r\n$"         \
    "1\r\nx\r\n"
    assert_string_equal(fake.asked, LOAD CALL("0") CALL("0") CALL("0") CALL("1") LOAD CALL("1"));
}

static struct umm_run run;

static void *cancel_soon(void *user)
{
    umm_clock_sleep_until(umm_clock_monotonic_ns() + 50 * MS, NULL);
    umm_run_cancel(user);
    return NULL;
}

static void a_wait_can_be_cancelled(void **state)
{
    (void)state;
    static const char *const all[1][16] = {{"", FAKE_STALL}};
    pthread_t thread;
    begin(all, 1);
    run = (struct umm_run){0};
    assert_int_equal(connect_for(600000 * MS, NULL, &run), UMM_OK);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &run), 0);
    assert_int_equal(ask(1000), UMM_ERR_CANCELLED);
    (void)pthread_join(thread, NULL);
    end();
}

/* A large question to a connection that is closed: an error, and no SIGPIPE. */
static void nobody_is_killed_by_sigpipe(void **state)
{
    (void)state;
    static const char *const all[1][16] = {{FAKE_CLOSE}};
    static char large[4 << 20];
    begin(all, 1);
    signal(SIGPIPE, SIG_DFL);
    assert_int_equal(connect_for(100 * MS, NULL, NULL), UMM_OK);
    (void)pthread_join(fake.thread, NULL);
    close(fake.listen_fd);
    umm_redis_begin(redis);
    umm_redis_command(redis, 3);
    umm_redis_text(redis, "SET");
    umm_redis_text(redis, "key");
    umm_redis_bytes(redis, large, sizeof large);
    assert_int_equal(umm_redis_exchange(redis, 100, &err), UMM_ERR_SYSTEM);
    umm_redis_close(redis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_taken_apart),
        cmocka_unit_test(what_is_no_place_is_refused),
        cmocka_unit_test_setup_teardown(answers_are_taken_apart, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(wrong_answers_are_refused, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(a_broken_connection_is_opened_again, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(one_that_stays_away_is_told, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(a_server_that_loads_is_waited_for, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(errors_of_a_server_are_told_apart, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(no_message_has_a_password, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(a_script_is_loaded_once, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(a_wait_can_be_cancelled, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(nobody_is_killed_by_sigpipe, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
