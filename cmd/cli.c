/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array/output.h"
#include "base/error.h"
#include "cli_stdio.h"

enum { OPTIONS_MAX = 96, KEY_HELP = 'h', KEY_VERSION = 'V' };
enum { MESSAGE_BYTES_MAX = 16384 }; /* of a line: a path may be four times as long when escaped */

static const struct cli_tool *the_tool;
static struct umm_run signal_run; /* never on a stack: a signal may come after main's end */
static volatile sig_atomic_t signal_caught;
static struct sigaction pipe_action;
static char cut_map_line[sizeof(struct umm_error)]; /* made before, for a signal handler */
static bool is_given[OPTIONS_MAX];                  /* by index in the tool's table */

/* ---- start and end ------------------------------------------------------- */

/*
 * A closed 0, 1 or 2 would be handed to the next file opened: an output, say. What
 * takes its place is opened the wrong way round, so that to read standard input or
 * to write standard output is still an error, and no data goes nowhere in silence.
 */
static void fill_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", fcntl(STDIN_FILENO, F_GETFD) < 0 ? O_WRONLY : O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

void cli_init(const struct cli_tool *tool)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, by_default = {.sa_handler = SIG_DFL};
    the_tool = tool;
    fill_standard_descriptors();
    cli_stdio_init(&signal_run);
    /* A line is one write: whole in a log that many share, whole or not there after a kill. */
    static char line[MESSAGE_BYTES_MAX];
    setvbuf(stderr, line, _IOLBF, sizeof line);
    /* A closed pipe must be an error that cleans up, not a death that leaves files. */
    sigaction(SIGPIPE, &ignore, &pipe_action);
    /* So must a file that grows to its limit (ulimit -f). */
    sigaction(SIGXFSZ, &ignore, NULL);
    /* Where it is ignored, the kernel reaps commands before they can be waited for. */
    sigaction(SIGCHLD, &by_default, NULL);
}

static void on_signal(int number)
{
    signal_caught = number;
    umm_run_cancel(&signal_run);
}

void cli_catch_signals(struct umm_run *run)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    run->cancel_with = &signal_run;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction old;
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
        /* nohup(1) and background jobs ignore some of them: leave that alone. */
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

enum umm_status cli_write_file(const char *path, const char *text, size_t len_bytes,
                               struct umm_error *err)
{
    return umm_output_write_text(path, text, len_bytes, &signal_run, err);
}

static void on_cut_map(int number)
{
    (void)number;
    enum { WAIT_MS = 5000 };
    struct pollfd item = {.fd = STDERR_FILENO, .events = POLLOUT};
    /* Whether it can be said or not. */
    ssize_t n = write(STDERR_FILENO, cut_map_line, strlen(cut_map_line));
    if (n < 0 && errno == EAGAIN && poll(&item, 1, WAIT_MS) > 0)
        n = write(STDERR_FILENO, cut_map_line, strlen(cut_map_line));
    (void)n;
    _exit(CLI_FAILED);
}

void cli_catch_cut_maps(const char *path)
{
    struct sigaction action = {.sa_handler = on_cut_map};
    char shown[UMM_ERROR_PATH_MAX];
    snprintf(cut_map_line, sizeof cut_map_line,
             "%s: %s: one of its files was cut short or cannot be read, or the disk is full\n",
             the_tool->name, umm_escape(shown, sizeof shown, path, strlen(path)));
    sigaction(SIGBUS, &action, NULL);
}

/* End by signal number, as if it had never been caught. Returns if it is ignored. */
static void die_by_signal(int number, const struct sigaction *action)
{
    sigset_t set;
    fflush(stdout);
    sigaction(number, action, NULL);
    sigemptyset(&set);
    sigaddset(&set, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

enum umm_status cli_flush(struct umm_error *err)
{
    cli_progress_stop();
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return UMM_OK;
    const int sys_errno = errno ? errno : cli_stdio_errno();
    /* Said once: a later flush has nothing to fail on. */
    __fpurge(stdout);
    clearerr(stdout);
    if (umm_run_is_cancelled(&signal_run))
        return umm_error_set_cancelled(err);
    return umm_error_set_errno(err, sys_errno, "standard output", "cannot write");
}

int cli_finish(int exit_code)
{
    struct umm_error err;
    return cli_flush(&err) ? cli_fail(&err) : exit_code;
}

/* ---- messages ------------------------------------------------------------ */

UMM_PRINTF(1, 0) static void say(const char *fmt, va_list args)
{
    cli_progress_stop();
    fprintf(stderr, "%s: ", the_tool->name);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
}

void cli_warn(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(fmt, args);
    va_end(args);
}

static void print_path(const char *path)
{
    char shown[4 * UMM_ERROR_PATH_MAX + 1];
    fputs(umm_escape(shown, sizeof shown, path, strlen(path)), stderr);
}

void cli_warn_path(const char *path, const char *fmt, ...)
{
    va_list args;
    cli_progress_stop();
    fprintf(stderr, "%s: ", the_tool->name);
    print_path(path);
    fputs(": ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}

int cli_usage(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(fmt, args);
    va_end(args);
    fprintf(stderr, "Try '%s --help'.\n", the_tool->name);
    return CLI_USAGE;
}

int cli_bad_value(const char *name, const char *wanted, const char *value)
{
    char shown[UMM_EXCERPT_MAX];
    return cli_usage("--%s takes %s, not \"%s\"", name, wanted,
                     umm_escape(shown, sizeof shown, value, strlen(value)));
}

static bool has_option(const char *name, size_t len)
{
    for (const struct cli_option *o = the_tool->options; o->name || o->help; o++)
        if (o->name && strlen(o->name) == len && strncmp(o->name, name, len) == 0)
            return true;
    return false;
}

/* Whether the library's advice is an option of umm-convert that this tool does not have. */
static bool names_other_option(const char *message)
{
    bool is_quoted = false;
    /* Advice of a pipe: its options are those of another program. */
    if (strstr(message, " | "))
        return false;
    for (const char *at = message; *at; at++) {
        is_quoted ^= *at == '"';
        if (is_quoted || at == message || at[-1] != ' ' || strncmp(at, "--", 2) != 0)
            continue;
        size_t len = strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-");
        if (len && !has_option(at + 2, len))
            return true;
    }
    return false;
}

static void print_error(const struct umm_error *err)
{
    fprintf(stderr, "%s: ", the_tool->name);
    if (err->path[0])
        print_path(cli_output_name(err->path));
    if (err->line)
        fprintf(stderr, ":%llu", (unsigned long long)err->line);
    if (err->line && err->column)
        fprintf(stderr, ":%llu", (unsigned long long)err->column);
    fprintf(stderr, "%s%s", err->path[0] ? ": " : "", err->message);
    if (err->sys_errno)
        fprintf(stderr, ": %s", strerror(err->sys_errno));
    if (names_other_option(err->message))
        fprintf(stderr, " (in umm-convert: umm-convert ... -o - | %s ...)", the_tool->name);
    fputc('\n', stderr);
}

void cli_warn_error(const struct umm_error *err)
{
    cli_progress_stop();
    print_error(err);
}

int cli_fail(const struct umm_error *err)
{
    cli_progress_stop();
    if (err->status == UMM_ERR_CANCELLED && signal_caught) {
        struct sigaction fatal = {.sa_handler = SIG_DFL};
        die_by_signal(signal_caught, &fatal);
    }
    if (err->status == UMM_ERR_SYSTEM && err->sys_errno == EPIPE)
        die_by_signal(SIGPIPE, &pipe_action);
    print_error(err);
    if (err->status == UMM_ERR_ARGUMENT) {
        fprintf(stderr, "Try '%s --help'.\n", the_tool->name);
        return CLI_USAGE;
    }
    return CLI_FAILED;
}

/* ---- options ------------------------------------------------------------- */

/* The lines of help in their column, behind what is width wide already. */
static void print_column(int width, const char *help)
{
    enum { HELP_COLUMN = 30 };
    for (const char *line = help; line;) {
        size_t len = strcspn(line, "\n");
        if (line != help || width + 2 > HELP_COLUMN) {
            putchar('\n');
            width = 0;
        }
        printf("%*s%.*s", HELP_COLUMN - width, "", (int)len, line);
        line = line[len] ? line + len + 1 : NULL;
    }
    putchar('\n');
}

static void print_option(const struct cli_option *option)
{
    bool has_letter = option->key > 0 && option->key < CLI_KEY_LONG;
    int width = has_letter ? printf("  -%c, --%s", option->key, option->name)
                           : printf("      --%s", option->name);
    if (option->arg)
        width += printf(option->arg[0] == '[' ? "%s" : "=%s", option->arg);
    print_column(width, option->help);
}

static void print_commands(void)
{
    puts("Commands:");
    for (const struct cli_command *c = the_tool->commands; c->name; c++)
        print_column(printf("  %s%s%s", c->name, c->operands[0] ? " " : "", c->operands), c->help);
    putchar('\n');
}

static void print_help(void)
{
    static const struct cli_option common[] = {
        {KEY_HELP, "help", NULL, "show this help and exit"},
        {KEY_VERSION, "version", NULL, "show the version and exit"}};
    /* All of it is held until the end, where a failure to write it is seen, and why. */
    static char buffer[32 * 1024];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    printf("Usage: %s %s\n%s\n\n", the_tool->name, the_tool->synopsis, the_tool->about);
    if (the_tool->commands)
        print_commands();
    for (const struct cli_option *o = the_tool->options; o->name || o->help; o++) {
        if (o->name)
            print_option(o);
        else
            printf("\n%s\n", o->help);
    }
    putchar('\n');
    print_option(&common[0]);
    print_option(&common[1]);
    if (the_tool->notes)
        printf("\n%s\n", the_tool->notes);
}

static bool is_stopping_at_operand;

void cli_stop_at_operand(void)
{
    is_stopping_at_operand = true;
}

/* getopt_long's two tables from ours. */
static void build_tables(struct option *longs, char *letters)
{
    size_t n = 0, n_letters = 0;
    if (is_stopping_at_operand)
        letters[n_letters++] = '+';
    letters[n_letters++] = ':';
    for (const struct cli_option *o = the_tool->options; o->name || o->help; o++) {
        if (!o->name)
            continue;
        int has_arg = !o->arg            ? no_argument
                      : o->arg[0] == '[' ? optional_argument
                                         : required_argument;
        if (n + 3 >= OPTIONS_MAX)
            abort(); /* our bug: a table larger than planned */
        longs[n++] = (struct option){o->name, has_arg, NULL, o->key};
        if (o->key < CLI_KEY_LONG) {
            letters[n_letters++] = (char)o->key;
            if (has_arg == required_argument)
                letters[n_letters++] = ':';
        }
    }
    longs[n++] = (struct option){"help", no_argument, NULL, KEY_HELP};
    longs[n++] = (struct option){"version", no_argument, NULL, KEY_VERSION};
    longs[n] = (struct option){NULL, 0, NULL, 0};
    letters[n_letters++] = KEY_HELP;
    letters[n_letters++] = KEY_VERSION;
    letters[n_letters] = '\0';
}

/* How many long options begin with the len_bytes bytes at name. */
static size_t count_longs(const struct option *longs, const char *name, size_t len_bytes)
{
    size_t n = 0;
    for (; longs->name; longs++)
        n += strncmp(longs->name, name, len_bytes) == 0;
    return n;
}

/* The message for what getopt_long could not take. */
static int refuse_option(char **argv, int code, const struct option *longs, const char *letters)
{
    char shown[UMM_EXCERPT_MAX];
    /* Of letters in a row, argv[optind] is still the word while some are left. */
    bool is_known = optopt > 0 && optopt != ':' && strchr(letters, optopt);
    bool is_letter = optopt && optopt < CLI_KEY_LONG && !is_known;
    if (is_letter) {
        const char letter[] = {'-', (char)optopt};
        return cli_usage("unknown option '%s'", umm_escape(shown, sizeof shown, letter, 2));
    }
    const char *word = argv[optind - 1];
    size_t len = word[0] == '-' && word[1] == '-' ? strcspn(word, "=") : 2;
    umm_escape(shown, sizeof shown, word, len);
    if (code == ':')
        return cli_usage("option '%s' requires an argument", shown);
    if (optopt)
        return cli_usage("option '%s' takes no argument", shown);
    return cli_usage(count_longs(longs, word + 2, len - 2) ? "ambiguous option '%s'"
                                                           : "unknown option '%s'",
                     shown);
}

/* The next option's key, -1 at the operands, or -2 when *exit_code is settled. */
static int next_option(int argc, char **argv, const char **value, int *exit_code)
{
    static struct option longs[OPTIONS_MAX];
    static char letters[2 * OPTIONS_MAX];
    if (!longs[0].name)
        build_tables(longs, letters);
    opterr = 0;
    int key = getopt_long(argc, argv, letters, longs, NULL);
    *value = optarg;
    switch (key) {
    case -1: return -1;
    case KEY_HELP:
        print_help();
        *exit_code = cli_finish(CLI_OK);
        return -2;
    case KEY_VERSION:
        printf("%s (umm) %s\n", the_tool->name, umm_version());
        *exit_code = cli_finish(CLI_OK);
        return -2;
    case ':':
    case '?': *exit_code = refuse_option(argv, key, longs, letters); return -2;
    default: return key;
    }
}

static void note_given(int key)
{
    for (size_t i = 0; the_tool->options[i].name || the_tool->options[i].help; i++)
        is_given[i] |= the_tool->options[i].name && the_tool->options[i].key == key;
}

bool cli_parse(int argc, char **argv, int (*set)(void *opts, int key, const char *value),
               void *opts, int *exit_code)
{
    const char *value;
    int key;
    while ((key = next_option(argc, argv, &value, exit_code)) >= 0) {
        note_given(key);
        *exit_code = set(opts, key, value);
        if (*exit_code != CLI_OK)
            return false;
    }
    return key == -1;
}

/* ---- commands ------------------------------------------------------------ */

/* Whether name is one of the words of list. */
static bool is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at += len)
        if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

/* Whether n operands are as many as a command's "NAME KEY [FILE]" asks for. */
static bool is_enough(const char *operands, int n)
{
    int n_required = 0, n_words = 0;
    for (const char *at = operands; *at; at += strspn(at, " ")) {
        n_words++;
        n_required += *at != '[';
        at += strcspn(at, " ");
    }
    return n >= n_required && (n <= n_words || strstr(operands, "..."));
}

int cli_run_command(int argc, char **argv, void *opts)
{
    char shown[UMM_EXCERPT_MAX];
    const struct cli_command *command = the_tool->commands;
    if (optind >= argc)
        return cli_usage("no command");
    const char *name = argv[optind];
    while (command->name && strcmp(command->name, name) != 0)
        command++;
    if (!command->name)
        return cli_usage("unknown command \"%s\"",
                         umm_escape(shown, sizeof shown, name, strlen(name)));
    int n = argc - optind - 1;
    if (!is_enough(command->operands, n))
        return cli_usage("%s takes %s", name, command->operands[0] ? command->operands : "nothing");
    for (size_t i = 0; the_tool->options[i].name || the_tool->options[i].help; i++)
        if (is_given[i] && !is_listed(command->options, the_tool->options[i].name))
            return cli_usage("--%s does not go with %s", the_tool->options[i].name, name);
    return command->run(opts, n, argv + optind + 1);
}

/* ---- values -------------------------------------------------------------- */

bool cli_parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (!*text)
        return false;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
            return false;
    }
    if (value < min || value > max)
        return false;
    *out = value;
    return true;
}

/* The power of two that a unit stands for, or -1. */
static int unit_shift(const char *unit)
{
    static const char letters[] = "KMGT";
    if (!*unit)
        return 0;
    const char *at = strchr(letters, *unit);
    bool is_whole = !unit[1] || strcmp(unit + 1, "i") == 0 || strcmp(unit + 1, "iB") == 0;
    return at && is_whole ? 10 * (int)(at - letters + 1) : -1;
}

bool cli_parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    char digits[32];
    size_t len = strspn(text, "0123456789");
    int shift = unit_shift(text + len);
    uint64_t value;
    if (len >= sizeof digits || shift < 0)
        return false;
    memcpy(digits, text, len);
    digits[len] = '\0';
    if (!cli_parse_count(digits, 0, UINT64_MAX >> shift, &value) || value << shift < min ||
        value << shift > max)
        return false;
    *out = value << shift;
    return true;
}

bool cli_parse_duration(const char *text, uint64_t *out_ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"ns", 1},          {"us", 1000},         {"ms", 1000000},      {"s", 1000000000},
                 {"m", 60000000000}, {"h", 3600000000000}, {"d", 86400000000000}};
    char digits[32];
    size_t len = strspn(text, "0123456789");
    uint64_t value;
    if (len >= sizeof digits)
        return false;
    memcpy(digits, text, len);
    digits[len] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(text + len, units[i].name) != 0)
            continue;
        if (!cli_parse_count(digits, 1, UINT64_MAX / units[i].ns, &value))
            return false;
        *out_ns = value * units[i].ns;
        return true;
    }
    return false;
}

int cli_parse_choice(const char *text, const char *const *choices)
{
    for (int i = 0; choices[i]; i++)
        if (strcmp(text, choices[i]) == 0)
            return i;
    return -1;
}

int cli_set_choice(const char *name, const char *value, const char *const *choices,
                   const char *wanted, int *out)
{
    *out = cli_parse_choice(value, choices);
    return *out < 0 ? cli_bad_value(name, wanted, value) : CLI_OK;
}

const char *cli_pool_root(void)
{
    const char *root = getenv("UMM_POOL_DIR");
    return root && *root ? root : NULL;
}

void cli_test_hooks(struct umm_run *run)
{
#ifdef UMM_TEST_HOOKS
    static const char *const engines[] = {"best", "reference", "portable", "neon",
                                          "avx2", "avx512",    NULL};
    const char *engine = getenv("UMM_TEST_ENGINE"), *block = getenv("UMM_TEST_BLOCK");
    uint64_t n;
    int choice = engine ? cli_parse_choice(engine, engines) : 0;
    if (choice < 0 || (block && !cli_parse_count(block, 1, 1 << 18, &n)))
        exit(cli_usage("UMM_TEST_ENGINE or UMM_TEST_BLOCK makes no sense"));
    run->engine = (enum umm_engine)choice;
    run->block_bytes = block ? (size_t)n : 0;
#else
    (void)run;
#endif
}
