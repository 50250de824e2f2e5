/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "array/output.h"
#include "base/error.h"
#include "base/tuning.h"
#include "cli_hint.h"
#include "cli_stdio.h"
#include "sys/outfile.h"

enum { MESSAGE_BYTES_MAX = 16384 }; /* of a line: a path may be four times as long when escaped */

static const struct cli_tool *the_tool;
static struct umm_run signal_run; /* never on a stack: a signal may come after main's end */
static volatile sig_atomic_t signal_caught;
static struct sigaction pipe_action;
/* For a signal handler, which can make nothing. */
static char cut_map_line[sizeof(struct umm_error)];
static const char *const *cut_map_outputs;

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
    cli_table_init(tool);
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

/* timeout(1) signals its command, and then its process group: for the command these are one. */
static void on_signal(int number)
{
    enum { TOGETHER_MS = 250, MS_PER_S = 1000, NS_PER_MS = 1000000 };
    static int64_t caught_ms;
    const struct sigaction fatal = {.sa_handler = SIG_DFL};
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t now_ms = (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
    if (signal_caught != number) {
        signal_caught = number;
        caught_ms = now_ms;
        umm_run_cancel(&signal_run);
    } else if (now_ms - caught_ms > TOGETHER_MS) {
        sigaction(number, &fatal, NULL);
        raise(number); /* it comes when this handler has returned */
    }
}

void cli_catch_signals(struct umm_run *run)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    run->cancel_with = &signal_run;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction old;
        struct sigaction action = {.sa_handler = on_signal};
        /* nohup(1) and background jobs ignore some of them: leave that alone. */
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

void cli_hold_hangup(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

enum umm_status cli_write_file(const char *path, const char *text, size_t len_bytes,
                               struct umm_error *err)
{
    return umm_output_write_text(path, text, len_bytes, &signal_run, err);
}

/*
 * What touched the map holds no lock of the C library's. The temporary files are still open, and
 * locked by that, somewhere on the stack: closed, they are those of a writer that was killed.
 */
static void on_cut_map(int number)
{
    (void)number;
    enum { WAIT_MS = 5000 };
    struct pollfd item = {.fd = STDERR_FILENO, .events = POLLOUT};
    (void)close_range(STDERR_FILENO + 1, ~0U, 0);
    for (const char *const *output = cut_map_outputs; *output; output++)
        umm_outfile_remove_stale(*output);
    /* Whether it can be said or not. */
    ssize_t n = write(STDERR_FILENO, cut_map_line, strlen(cut_map_line));
    if (n < 0 && errno == EAGAIN && poll(&item, 1, WAIT_MS) > 0)
        n = write(STDERR_FILENO, cut_map_line, strlen(cut_map_line));
    (void)n;
    _exit(CLI_FAILED);
}

void cli_catch_cut_maps(const char *path, const char *const *outputs)
{
    struct sigaction action = {.sa_handler = on_cut_map};
    cut_map_outputs = outputs;
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

int cli_end(enum umm_status status, const struct umm_error *err)
{
    return status ? cli_fail(err) : cli_finish(CLI_OK);
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

const char *cli_output_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard output" : path;
}

static void print_error(const struct umm_error *err)
{
    struct umm_error shown = *err;
    char text[UMM_ERROR_TEXT_MAX], hint[CLI_HINT_MAX];
    snprintf(shown.path, sizeof shown.path, "%s", cli_output_name(err->path));
    fprintf(stderr, "%s: %s%s\n", the_tool->name, umm_error_text(&shown, text, sizeof text),
            cli_hint(err, the_tool->name, cli_has_option, hint));
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

/* ---- the environment ---------------------------------------------------- */

const char *cli_pool_root(void)
{
    const char *root = getenv("UMM_POOL_DIR");
    return root && *root ? root : NULL;
}

void cli_test_hooks(struct umm_run *run)
{
#ifdef UMM_TEST_HOOKS
    static struct umm_tuning tuning;
    static const char engines[] = "best|reference|portable|neon|avx2|avx512";
    const char *engine = getenv("UMM_TEST_ENGINE"), *block = getenv("UMM_TEST_BLOCK");
    uint64_t n;
    int choice = engine ? cli_parse_choice(engine, engines) : 0;
    if (choice < 0 || (block && !cli_parse_count(block, 1, 1 << 18, &n)))
        exit(cli_usage("UMM_TEST_ENGINE or UMM_TEST_BLOCK makes no sense"));
    tuning = (struct umm_tuning){(enum umm_engine)choice, block ? (size_t)n : 0};
    run->tuning = &tuning;
#else
    (void)run;
#endif
}
