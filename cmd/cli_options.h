/* SPDX-License-Identifier: MIT */
/*
 * cli_options.h - the options of a tool: one table of rows, each with its destination.
 *
 * Help, parsing, the messages about bad values, completion and the check against the man
 * page all come from it. A tool says of what type its options are, and then has rows:
 *
 *     struct opts { const char *output; uint64_t n_rows; bool is_plain; };
 *     #define CLI_OPTS struct opts
 *     static const struct cli_option options[] = {
 *         {'o', "output", "FILE", "write to FILE", CLI_TEXT(output)},
 *         CLI_HEADING("Rows:"),
 *         {0, "rows", "N", "write N rows", CLI_COUNT(n_rows, 1, 1000)},
 *         {0, "plain", NULL, "no names", CLI_FLAG(is_plain)},
 *         {0}};
 *
 * Options that several tools have are a family: a table of its own, for a struct that is
 * a member of the tool's.
 */
#ifndef UMM_CMD_CLI_OPTIONS_H
#define UMM_CMD_CLI_OPTIONS_H

#include <stddef.h>

#include "umm.h"

/* What the value is. What a member may be is in brackets; a bool takes a number other than 0. */
enum cli_type {
    CLI_TYPE_SWITCH, /* no value: the member becomes min [integer] */
    CLI_TYPE_TEXT,   /* as it is; "" if an optional one is missing [const char *] */
    CLI_TYPE_COUNT,  /* decimal digits within min and max [integer] */
    CLI_TYPE_SIZE,   /* bytes within min and max, as cli_parse_size [integer, double] */
    CLI_TYPE_SPAN,   /* as cli_parse_duration, in ns [integer] */
    CLI_TYPE_CHOICE, /* one of the words: its index [integer, enum] */
    CLI_TYPE_NUMBER, /* within low and high, times scale [integer, double] */
    CLI_TYPE_CALL    /* what take() makes of it [any] */
};

/* What a member is. */
enum cli_member { CLI_BOOL, CLI_32_BITS, CLI_64_BITS, CLI_REAL };

/* What take() returns for a value that is not what the option's `wanted` says. */
enum { CLI_BAD_VALUE = -1 };

/*
 * One option. Macros below fill in what comes after help.
 *
 *   arg      NULL for a switch, "NAME" for a required argument, "[=NAME]" for an optional
 *            one. Without it a choice, a size and so on stay as they are.
 *   help     lines separated by '\n'; with neither name nor family, a heading
 *   given    1 + the place of a bool that becomes true; 0: none
 *   words    of a choice: "fail|skip"; "|mean|first" counts from 1. Of a family: names of
 *            the rows to take, apart by spaces; NULL for all of them
 *   wanted   "--x takes WANTED, not ..."; NULL: as type, bounds and words say
 *   take     gets the member's place, and the value, or NULL if an optional one is missing;
 *            returns CLI_OK, CLI_BAD_VALUE, or an exit code after a message of its own
 *   family   a table for the member at `at`; help replaces that of its rows
 */
struct cli_option {
    char letter; /* 0: none */
    const char *name, *arg, *help;
    enum cli_type type;
    enum cli_member member;
    size_t at, given;
    uint64_t min, max;
    double low, high, scale;
    const char *words, *wanted;
    int (*take)(void *member, const char *value);
    const struct cli_option *family;
};

#define CLI_HEADING(text)                                                                          \
    {                                                                                              \
        .help = (text)                                                                             \
    }

/* clang-format off */
/* The place of a member of CLI_OPTS, which must be of that type. */
#define CLI_AT(type, name) \
    _Generic(((CLI_OPTS *)0)->name, type: offsetof(CLI_OPTS, name)) /* NOLINT: it is a type */
/* Place and kind of a member that is a number, a bool or an enum. */
#define CLI_NUMBER_AT(name) .at = offsetof(CLI_OPTS, name), .member = _Generic( \
    ((CLI_OPTS *)0)->name, bool: CLI_BOOL, int: CLI_32_BITS, unsigned: CLI_32_BITS, \
    uint64_t: CLI_64_BITS, double: CLI_REAL)
/* clang-format on */

#define CLI_SWITCH(name, value) .type = CLI_TYPE_SWITCH, CLI_NUMBER_AT(name), .min = (value)
#define CLI_FLAG(name)          CLI_SWITCH(name, true)
#define CLI_TEXT(name)          .type = CLI_TYPE_TEXT, .at = CLI_AT(const char *, name)
#define CLI_COUNT(name, from, to)                                                                  \
    .type = CLI_TYPE_COUNT, CLI_NUMBER_AT(name), .min = (from), .max = (to)
#define CLI_SIZE(name, from, to)                                                                   \
    .type = CLI_TYPE_SIZE, CLI_NUMBER_AT(name), .min = (from), .max = (to)
#define CLI_SPAN(name)          .type = CLI_TYPE_SPAN, CLI_NUMBER_AT(name)
#define CLI_CHOICE(name, these) .type = CLI_TYPE_CHOICE, CLI_NUMBER_AT(name), .words = (these)
#define CLI_NUMBER(name, from, to, times, what)                                                    \
    .type = CLI_TYPE_NUMBER, CLI_NUMBER_AT(name), .low = (from), .high = (to), .scale = (times),   \
    .wanted = (what)
#define CLI_CALL(name, function, what)                                                             \
    .type = CLI_TYPE_CALL, .at = offsetof(CLI_OPTS, name), .take = (function), .wanted = (what)
/* The same, with all of the tool's options in place of a member. */
#define CLI_CALL_ALL(function, what) .type = CLI_TYPE_CALL, .take = (function), .wanted = (what)

/* After one of these: the bool that tells that the option was given. */
#define CLI_GIVEN(name) .given = (CLI_AT(bool, name) + 1)

/* The rows of a family whose names are listed, for a member of that type. */
#define CLI_FAMILY(table, of, name, names)                                                         \
    .family = (table), .at = CLI_AT(of, name), .words = (names)

/* ---- families that every tool may have ------------------------------------------ */

enum cli_when { CLI_AUTO, CLI_ALWAYS, CLI_NEVER };

/* What a tool tells of its work, and where. */
struct cli_reports {
    bool is_verbose, is_json;
    const char *report, *metrics;
    enum cli_when progress;
};

/* verbose json report metrics progress no-progress */
extern const struct cli_option cli_report_options[];
#define CLI_REPORTS(name, names) CLI_FAMILY(cli_report_options, struct cli_reports, name, names)

/* One run at a time, for a tool that does not lock its output otherwise. */
#define CLI_LOCK(wait, is_locked)                                                                  \
    {                                                                                              \
        0, "lock", "[=HOW]", "one run at a time for this output: wait or fail\n(default wait)",    \
            CLI_CHOICE(wait, "wait|fail"), CLI_GIVEN(is_locked)                                    \
    }

/* How long such a lock, or that of another writer, is waited for: a run's lock_limit_ns. */
int cli_take_lock_limit(void *limit_ns, const char *value);
#define CLI_LOCK_TIMEOUT(limit_ns)                                                                 \
    {                                                                                              \
        0, "lock-timeout", "TIME", "wait for a lock no longer than TIME, or none (default 1h)",    \
            CLI_CALL(limit_ns, cli_take_lock_limit, "a time such as 30s or 5m, or none")           \
    }

/* For CLI_CALL: permission bits in octal, at most 0777, for a uint32_t. */
int cli_take_mode(void *mode, const char *value);

/* Where an array's data begin. */
#define CLI_ALIGN(bytes)                                                                           \
    {                                                                                              \
        0, "align", "N", "data begin at a multiple of N, 16 to 4096 (default 64)",                 \
            CLI_CALL(bytes, cli_take_align, "a power of two from 16 to 4096")                      \
    }
int cli_take_align(void *align_bytes, const char *value);

/* ---- tools ----------------------------------------------------------------------- */

/*
 * One command of a tool that has several ("umm-pool put NAME KEY FILE"). operands is
 * both what the help shows and what is checked: a word in brackets may be left out,
 * "..." lets any number follow. options are the names of those that go with it, apart
 * by spaces; any other is refused. run gets the n operands after the command's name
 * and returns the exit code.
 */
struct cli_command {
    const char *name;
    const char *operands;
    const char *options;
    const char *help; /* as an option's */
    int (*run)(void *opts, int n, char **operands);
};

/* A tool: tables end with a zero entry. -h, --help, -V and --version are added. */
struct cli_tool {
    const char *name;
    const char *synopsis; /* what follows the name on the usage line */
    const char *about;    /* one or two lines */
    const struct cli_option *options;
    const char *notes;                  /* printed after the options; may be NULL */
    const struct cli_command *commands; /* NULL for a tool without */
};

/*
 * Take all options into opts, of the type that the tool's rows are for. Operands begin at
 * getopt's optind then. False when main must return *exit_code at once: after a usage
 * error, or when --help or --version was answered.
 */
bool cli_parse(int argc, char **argv, void *opts, int *exit_code);

/* Before cli_parse: the first operand ends the options. The rest is another program's. */
void cli_stop_at_operand(void);

/* Whether the word is an option, or letters of options, that take the next word as argument. */
bool cli_takes_next(const char *word);

/* After cli_parse: the name of an option that was given and is none of list; NULL if there is none.
 */
const char *cli_find_other(const char *list);

/* Whether the tool has the option --name, of len bytes. */
bool cli_has_option(const char *name, size_t len);

/*
 * After cli_parse, of a tool with commands: run the one that the first operand names.
 * Returns its exit code, or CLI_USAGE after a message about a command that is missing
 * or unknown, the number of its operands, or an option that does not go with it.
 */
int cli_run_command(int argc, char **argv, void *opts);

/* cli_init's part: the table of the tool. */
void cli_table_init(const struct cli_tool *tool);

/* ---- values ---------------------------------------------------------------------- */

/* A usage error: --name takes `wanted`, not value. Returns CLI_USAGE. */
int cli_bad_value(const char *name, const char *wanted, const char *value);

/* Plain decimal digits within [min, max]; "010" is ten. */
bool cli_parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/*
 * A size in bytes within [min, max]: decimal digits and one of K, M, G and T, powers of
 * 1024 (also Ki, KiB and so on), or nothing. "010K" is ten of them.
 */
bool cli_parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* A time with its unit, ns, us, ms, s, m, h or d ("100ms", "5s"), in nanoseconds; at least 1. */
bool cli_parse_duration(const char *text, uint64_t *out_ns);

/* A decimal number within [min, max], without a sign. */
bool cli_parse_number(const char *text, size_t len, double min, double max, double *out);

/* The index of text among the words, such as "fail|skip", or -1; an empty word is none. */
int cli_parse_choice(const char *text, const char *words);

#endif
