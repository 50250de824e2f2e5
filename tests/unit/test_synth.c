/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "synth/synth.h"
#include "synth/synth_bar.h"
#include "synth/synth_event.h"
#include "synth/synth_row.h"

/* ---- the walk ------------------------------------------------------------ */

/* Vigna's splitmix64 with seed 0 begins with these. */
static void mix_is_splitmix64(void **state)
{
    (void)state;
    assert_true(umm_synth_mix(0x9E3779B97F4A7C15U) == 0xE220A8397B1DCDAFU);
    assert_true(umm_synth_mix(0x3C6EF372FE94F82AU) == 0x6E789E6AA1B965F4U);
}

static void streams_differ_by_seed_and_symbol(void **state)
{
    (void)state;
    assert_true(umm_synth_stream(1, "A") == umm_synth_stream(1, "A"));
    assert_true(umm_synth_stream(1, "A") != umm_synth_stream(2, "A"));
    assert_true(umm_synth_stream(1, "A") != umm_synth_stream(1, "B"));
    assert_true(umm_synth_stream(1, "AB") != umm_synth_stream(1, "BA"));
}

static void check_walk(int64_t level, int64_t duration_s, bool is_backward)
{
    struct umm_synth_walk walk;
    struct umm_synth_bar bar;
    int64_t joint = 0, width;
    int n_gaps = 0, n_bars = 200000;
    umm_synth_walk_init(&walk, umm_synth_stream(7, "W"), level, duration_s);
    width = (int64_t)walk.width;
    joint = walk.close;
    for (int i = 0; i < n_bars; i++) {
        umm_synth_walk_next(&walk, is_backward, &bar);
        int64_t from = is_backward ? bar.close : bar.open, to = is_backward ? bar.open : bar.close;
        int64_t gap = from - joint;
        if (bar.low <= 0 || bar.low > bar.open || bar.low > bar.close || bar.high < bar.open ||
            bar.high < bar.close)
            fail_msg("impossible bar %d", i);
        if (to < level / 4 || to > level * 4)
            fail_msg("bar %d left its range", i);
        if (gap > width / 4 || gap < -width / 4)
            fail_msg("bar %d does not join on", i);
        if (bar.volume < 100 || bar.volume > 99999999 || bar.volume_decimals > 8)
            fail_msg("volume of bar %d", i);
        n_gaps += gap != 0;
        joint = to;
    }
    assert_true(n_gaps < n_bars / 2);
}

static void walks_stay_possible_at_every_level_and_duration(void **state)
{
    (void)state;
    check_walk(1000, 1, false);
    check_walk(2000000, 60, false);
    check_walk(2000000, 86400 * 36525LL, false);
    check_walk((int64_t)1 << 32, 86400 * 30, false);
}

static void backward_walks_join_on_in_time(void **state)
{
    (void)state;
    check_walk(2000000, 3600, true);
}

static void walks_reach_both_ends_of_their_range(void **state)
{
    (void)state;
    struct umm_synth_walk walk;
    struct umm_synth_bar bar;
    int64_t min = INT64_MAX, max = 0;
    umm_synth_walk_init(&walk, 1, 1000000, 86400 * 365);
    for (int i = 0; i < 200000; i++) {
        umm_synth_walk_next(&walk, false, &bar);
        min = bar.close < min ? bar.close : min;
        max = bar.close > max ? bar.close : max;
    }
    assert_true(min < 260000 && max > 3900000);
}

/* ---- options ------------------------------------------------------------- */

static enum umm_status check(struct umm_synth_options options)
{
    struct umm_error err = {0};
    enum umm_status status = umm_synth_check(&options, &err);
    assert_true(err.status == status);
    return status;
}

static void check_refuses_what_rows_cannot_show(void **state)
{
    (void)state;
    const int64_t last = 253402300799;
    assert_int_equal(check((struct umm_synth_options){.n_rows = 1}), UMM_OK);
    assert_int_equal(check((struct umm_synth_options){.n_rows = 0}), UMM_ERR_ARGUMENT);
    assert_int_equal(check((struct umm_synth_options){.n_rows = 1, .symbol = "a,b"}),
                     UMM_ERR_ARGUMENT);
    assert_int_equal(check((struct umm_synth_options){.n_rows = 1, .start_sec = last - 60}),
                     UMM_OK);
    assert_int_equal(check((struct umm_synth_options){.n_rows = 1, .start_sec = last - 59}),
                     UMM_ERR_ARGUMENT);
    assert_int_equal(check((struct umm_synth_options){.n_rows = 1, .start_sec = INT64_MIN}),
                     UMM_ERR_ARGUMENT);
    assert_int_equal(check((struct umm_synth_options){.n_rows = 1, .start_sec = INT64_MAX}),
                     UMM_ERR_ARGUMENT);
    assert_int_equal(check((struct umm_synth_options){.n_rows = UINT64_MAX}), UMM_ERR_ARGUMENT);
    assert_int_equal(
        check((struct umm_synth_options){.n_rows = 1, .layout = UMM_SYNTH_YAHOO, .start_sec = 1}),
        UMM_ERR_ARGUMENT);
    assert_int_equal(check((struct umm_synth_options){.n_rows = 1, .rows_per_second = 1000000001}),
                     UMM_ERR_ARGUMENT);
}

/* ---- text ---------------------------------------------------------------- */

/* What umm_synth_write writes, in malloc'ed memory with a closing NUL. */
static char *text_of(const struct umm_synth_options *options, struct umm_run *run, size_t *len)
{
    int fd = memfd_create("synth", 0);
    assert_true(fd >= 0);
    assert_int_equal(umm_synth_write(options, fd, "memory", run, NULL), UMM_OK);
    off_t end = lseek(fd, 0, SEEK_END);
    char *text = malloc((size_t)end + 1);
    assert_non_null(text);
    assert_int_equal(pread(fd, text, (size_t)end, 0), end);
    text[end] = '\0';
    *len = (size_t)end;
    close(fd);
    return text;
}

static void fewer_rows_are_the_beginning_of_more(void **state)
{
    (void)state;
    size_t len_few, len_many;
    struct umm_synth_options options = {.n_rows = 3, .seed = 9, .is_messy = true};
    char *few = text_of(&options, NULL, &len_few);
    options.n_rows = 20000; /* several buffers */
    char *many = text_of(&options, NULL, &len_many);
    assert_true(len_many > 1000000);
    assert_memory_equal(few, many, len_few);
    free(few);
    free(many);
}

static void newest_first_rows_join_on_backwards(void **state)
{
    (void)state;
    struct umm_synth_options options = {
        .n_rows = 50, .layout = UMM_SYNTH_CRYPTODATADOWNLOAD, .has_no_header = true};
    size_t len;
    char *text = text_of(&options, NULL, &len), *line = text;
    double newer_open = 0;
    int n_joined = 0;
    for (int i = 0; i < 50; i++) {
        double open, close;
        int hour;
        assert_int_equal(
            sscanf(line, "1970-01-%*d %d-%*2s,SYNTH,%lf,%*f,%*f,%lf", &hour, &open, &close), 3);
        n_joined += close > newer_open - 0.001 && close < newer_open + 0.001;
        newer_open = open;
        line = strchr(line, '\n') + 1;
    }
    assert_int_equal(*line, '\0');
    assert_true(n_joined > 25);
    free(text);
}

/* No layout's header or row, however odd the options, may outgrow its room. */
static void rows_fit_their_room(void **state)
{
    (void)state;
    static char room[4 * UMM_SYNTH_ROW_MAX];
    for (int layout = UMM_SYNTH_PLAIN; layout <= UMM_SYNTH_ISO; layout++) {
        struct umm_synth_options options = {.n_rows = 5000,
                                            .seed = 3,
                                            .symbol = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345",
                                            .layout = (enum umm_synth_layout)layout,
                                            .timeframe = {.n_months = 11},
                                            .is_all_quoted = true,
                                            .is_crlf = true,
                                            .is_messy = true};
        struct umm_synth_rows rows;
        if (umm_synth_row_shows_symbols(options.layout)) {
            options.symbol = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012";
            options.n_symbols = 123;
        }
        assert_int_equal(umm_synth_check(&options, NULL), UMM_OK);
        assert_int_equal(umm_synth_rows_init(&rows, &options, NULL), UMM_OK);
        assert_true(umm_synth_rows_header(&rows, room) - room <= UMM_SYNTH_ROW_MAX / 2);
        for (int i = 0; i < 5000; i++)
            assert_true(umm_synth_rows_next(&rows, room) - room <= UMM_SYNTH_ROW_MAX / 2);
        umm_synth_rows_free(&rows);
    }
}

static void events_fit_their_room(void **state)
{
    (void)state;
    static char room[4 * UMM_SYNTH_ROW_MAX];
    const struct umm_synth_options options = {.n_rows = 5000,
                                              .symbol = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012",
                                              .n_symbols = 123,
                                              .n_positions = UMM_SYNTH_POSITIONS_MAX,
                                              .timeframe = {.n_seconds = 100 * 86400},
                                              .start_sec = -60000000000,
                                              .is_crlf = true};
    struct umm_synth_rows rows;
    struct umm_synth_events events = {.rows = &rows};
    assert_int_equal(umm_synth_check(&options, NULL), UMM_OK);
    assert_int_equal(umm_synth_rows_init(&rows, &options, NULL), UMM_OK);
    assert_true(umm_synth_events_header(&events, room) - room <= UMM_SYNTH_ROW_MAX / 2);
    while (rows.index < 130)
        assert_true(umm_synth_events_next(&events, room) - room <= UMM_SYNTH_ROW_MAX / 2);
    umm_synth_rows_free(&rows);
}

/* ---- pace ---------------------------------------------------------------- */

struct fake_clock {
    uint64_t now_ns, tick_ns;
    unsigned n_calls, cancel_at;
    struct umm_run *run;
};

static uint64_t fake_now(void *user)
{
    struct fake_clock *clock = user;
    clock->now_ns += clock->tick_ns;
    if (++clock->n_calls == clock->cancel_at)
        umm_run_cancel(clock->run);
    return clock->now_ns;
}

static void paced_rows_are_the_same_rows(void **state)
{
    (void)state;
    struct umm_synth_options options = {.n_rows = 40};
    size_t len, len_paced;
    char *text = text_of(&options, NULL, &len);
    struct fake_clock clock = {.now_ns = 5, .tick_ns = 1000000000};
    struct umm_run run = {.clock_ns = fake_now, .clock_user = &clock};
    options.rows_per_second = 4;
    char *paced = text_of(&options, &run, &len_paced);
    assert_int_equal(len, len_paced);
    assert_memory_equal(text, paced, len);
    /* The first second shows 5 rows, each later one 4: 10 looks, and the start. */
    assert_int_equal(clock.n_calls, 11);
    free(text);
    free(paced);
}

static void paced_rows_stop_when_cancelled(void **state)
{
    (void)state;
    struct umm_synth_options options = {
        .n_rows = 1000000, .rows_per_second = 1000, .has_no_header = true};
    struct umm_run run = {0};
    struct fake_clock clock = {.tick_ns = 100000, .cancel_at = 25, .run = &run};
    run.clock_ns = fake_now;
    run.clock_user = &clock;
    int fd = memfd_create("synth", 0);
    struct umm_error err = {0};
    assert_int_equal(umm_synth_write(&options, fd, "memory", &run, &err), UMM_ERR_CANCELLED);
    assert_int_equal(err.status, UMM_ERR_CANCELLED);
    assert_int_equal(clock.n_calls, 25);
    assert_true(lseek(fd, 0, SEEK_END) > 0);
    close(fd);
}

static void cancelled_run_writes_nothing_more(void **state)
{
    (void)state;
    struct umm_synth_options options = {.n_rows = 1000000};
    struct umm_run run = {.cancelled = 1};
    int fd = memfd_create("synth", 0);
    assert_int_equal(umm_synth_write(&options, fd, "memory", &run, NULL), UMM_ERR_CANCELLED);
    assert_int_equal(lseek(fd, 0, SEEK_END), 0);
    close(fd);
}

static void write_errors_name_the_output(void **state)
{
    (void)state;
    struct umm_synth_options options = {.n_rows = 10};
    struct umm_error err = {0};
    assert_int_equal(umm_synth_write(&options, -1, "out.csv", NULL, &err), UMM_ERR_SYSTEM);
    assert_string_equal(err.path, "out.csv");
    assert_true(err.sys_errno != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mix_is_splitmix64),
        cmocka_unit_test(streams_differ_by_seed_and_symbol),
        cmocka_unit_test(walks_stay_possible_at_every_level_and_duration),
        cmocka_unit_test(backward_walks_join_on_in_time),
        cmocka_unit_test(walks_reach_both_ends_of_their_range),
        cmocka_unit_test(check_refuses_what_rows_cannot_show),
        cmocka_unit_test(fewer_rows_are_the_beginning_of_more),
        cmocka_unit_test(newest_first_rows_join_on_backwards),
        cmocka_unit_test(rows_fit_their_room),
        cmocka_unit_test(events_fit_their_room),
        cmocka_unit_test(paced_rows_are_the_same_rows),
        cmocka_unit_test(paced_rows_stop_when_cancelled),
        cmocka_unit_test(cancelled_run_writes_nothing_more),
        cmocka_unit_test(write_errors_name_the_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
