/* SPDX-License-Identifier: MIT */
/* The words for hints. The table is the tools', so its source is taken as it is. */
#include "../../cmd/cli_hint.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_SENTENCES = sizeof sentences / sizeof *sentences, NAMES_MAX = 8 };

/* Options of the tool at hand, apart by spaces and with one at either end. */
static const char *has;

static bool has_option(const char *name, size_t len)
{
    char word[64];
    snprintf(word, sizeof word, " %.*s ", (int)len, name);
    return strstr(has, word);
}

static bool has_any_option(const char *name, size_t len)
{
    return name && len;
}

static const char *words(enum umm_hint hint, const char *options, const char *first,
                         const char *second)
{
    static char out[CLI_HINT_MAX];
    struct umm_error err = {.status = UMM_ERR_DATA, .hint = hint};
    strcpy(err.hint_values[0], first);
    strcpy(err.hint_values[1], second);
    has = options;
    return cli_hint(&err, "umm-x", has_option, out);
}

static void test_the_first_that_fits_the_tool_is_said(void **state)
{
    const char *decimal = " (umm-convert can read decimal commas: umm-convert ... -o - | umm-x "
                          "...)";
    (void)state;
    assert_string_equal(words(UMM_HINT_NONE, " na ", "", ""), "");
    assert_string_equal(words(UMM_HINT_END, " na ", "", ""), "");
    assert_string_equal(words(UMM_HINT_REBUILD, " rebuild ", "", ""), "; --rebuild starts over");
    assert_string_equal(words(UMM_HINT_REBUILD, " rebuilds ", "", ""), "");
    assert_string_equal(words(UMM_HINT_DECIMAL, " decimal ", "", ""),
                        " (--decimal , reads decimal commas)");
    assert_string_equal(words(UMM_HINT_DECIMAL, " columns ", "", ""), decimal);
    assert_string_equal(words(UMM_HINT_NO_FIELD, " columns names layout skip-lines ", "", ""),
                        "; use --columns, --names, --layout or --skip-lines");
    assert_string_equal(words(UMM_HINT_NO_FIELD, " columns layout skip-lines ", "", ""),
                        "; use --layout, or name the fields to umm-convert: "
                        "umm-convert ... -o - | umm-x ...");
    /* Where --columns is of something else. */
    assert_string_equal(words(UMM_HINT_COLUMNS, " columns layout time-as ", "", ""), "");
    assert_string_equal(words(UMM_HINT_COLUMNS, " columns layout ", "", ""),
                        "; use --columns or --layout");
}

static void test_values_are_put_in(void **state)
{
    char wide[UMM_ERROR_VALUE_MAX], out[CLI_HINT_MAX];
    struct umm_error err = {.hint = UMM_HINT_THESE_UNITS};
    (void)state;
    assert_string_equal(words(UMM_HINT_UNIT_OR_FORMAT, " time-unit-in time-format ", "s", "%y%m%d"),
                        "; use --time-unit-in=s or --time-format=%y%m%d");
    assert_string_equal(words(UMM_HINT_NAME_COLUMN, " columns ", "volume", ""),
                        "; name the volume: volume=FIELD in --columns");
    memset(wide, 'x', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    strcpy(err.hint_values[0], wide);
    strcpy(err.hint_values[1], wide);
    cli_hint(&err, "umm-x", has_any_option, out);
    assert_true(strlen(out) < sizeof out - 1);
    assert_non_null(strstr(out, wide));
}

/* All but the one that says what --columns are. */
static bool has_any_option_of_text(const char *name, size_t len)
{
    return len != strlen("time-as") || strncmp(name, "time-as", len) != 0;
}

/* Every hint has words in a tool that has every option, with tables or without. */
static void test_every_hint_has_words(void **state)
{
    char out[CLI_HINT_MAX];
    (void)state;
    for (unsigned hint = UMM_HINT_NONE + 1; hint < UMM_HINT_END; hint++) {
        struct umm_error err = {.hint = hint, .hint_values = {"a", "b"}};
        cli_hint(&err, "umm-x", has_any_option_of_text, out);
        if (!out[0])
            cli_hint(&err, "umm-x", has_any_option, out);
        if (!out[0])
            fail_msg("hint %u has no words", hint);
        if (strpbrk(out, "{}"))
            fail_msg("hint %u: %s", hint, out);
    }
}

static size_t names_of(const char *sentence, struct piece names[NAMES_MAX])
{
    struct piece piece;
    size_t n = 0;
    while (next_piece(&sentence, &piece))
        if (piece.is_option)
            names[n++] = piece;
    assert_true(n < NAMES_MAX);
    return n;
}

/* Whatever options a tool has, those that it advises are among them. */
static void assert_only_has(const char *said)
{
    if (strstr(said, "zstd -dc"))
        return; /* another program's */
    for (const char *at = said; (at = strstr(at, "--"));) {
        at += 2;
        if (!has_option(at, strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-")))
            fail_msg("\"%s\" in a tool with%s", said, has);
    }
}

static void test_no_option_is_advised_that_the_tool_lacks(void **state)
{
    char options[256];
    (void)state;
    for (size_t i = 0; i < N_SENTENCES; i++) {
        struct piece names[NAMES_MAX];
        const size_t n = names_of(sentences[i].text, names);
        for (unsigned set = 0; set < 1U << n; set++) {
            size_t len = (size_t)snprintf(options, sizeof options, " ");
            for (size_t k = 0; k < n; k++)
                if (set & 1U << k)
                    len += (size_t)snprintf(options + len, sizeof options - len, "%.*s ",
                                            (int)names[k].len, names[k].text);
            assert_only_has(words(sentences[i].hint, options, "a", "b"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_that_fits_the_tool_is_said),
        cmocka_unit_test(test_values_are_put_in),
        cmocka_unit_test(test_every_hint_has_words),
        cmocka_unit_test(test_no_option_is_advised_that_the_tool_lacks),
    };

    return cmocka_run_group_tests_name("hint", tests, NULL, NULL);
}
