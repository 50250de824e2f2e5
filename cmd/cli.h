/* SPDX-License-Identifier: MIT */
/*
 * cli.h - what every tool shares at the prompt: usage, the error line, exit
 * codes, signals, progress, standard output; cli_options.h has the tables of options.
 */
#ifndef UMM_CMD_CLI_H
#define UMM_CMD_CLI_H

#include "cli_options.h"
#include "umm.h"

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_REJECTED = 3,
    CLI_INCONCLUSIVE = 4 /* of tools that judge: neither PASS nor FAIL */
};

/* First call of every main: safe standard descriptors, SIGPIPE, the tool's name. */
void cli_init(const struct cli_tool *tool);

/* One line on standard error plus "Try 'umm-x --help'."; returns CLI_USAGE. */
UMM_PRINTF(1, 2) int cli_usage(const char *fmt, ...);

/* One line on standard error, "umm-x: ...". */
UMM_PRINTF(1, 2) void cli_warn(const char *fmt, ...);

/* The same about a path: "umm-x: path: ...", the path escaped. */
UMM_PRINTF(2, 3) void cli_warn_path(const char *path, const char *fmt, ...);

/*
 * Print err as "umm-x: file:line:column: message: system's words" and return the
 * exit code that fits. Does not return when the run was cancelled by a signal or a
 * pipe was closed by its reader: it ends the process by that signal.
 */
int cli_fail(const struct umm_error *err);

/* Print err as cli_fail does, and go on. */
void cli_warn_error(const struct umm_error *err);

/*
 * The whole content of the small file that the user named, "-" being standard input: it may
 * be a pipe. Otherwise as umm_file_read_whole.
 */
UMM_MUST_USE enum umm_status cli_read_whole(const char *file, size_t max_bytes, void **data,
                                            size_t *len, struct umm_error *err);

/*
 * The names in file (or standard input, "-") that NUL bytes end: a list of *n names and
 * a NULL; free() it. NULL after a message, with the exit code in *exit_code.
 */
const char **cli_read_names0(const char *file, size_t *n, int *exit_code);

/* What an option has a tool write, and where; path is NULL when it is not given. */
struct cli_output {
    const char *option, *path;
};

/*
 * CLI_OK, or CLI_USAGE after a message: two of the n outputs are one place, where the
 * second would replace the first or run into it.
 */
int cli_check_outputs(const struct cli_output *outputs, size_t n);

/* What messages call the output path: "-" is standard output. */
const char *cli_output_name(const char *path);

/*
 * The same as cli_check_outputs for an output that is the regular file input ("-": standard
 * input).
 */
int cli_check_input(const char *input, const struct cli_output *outputs, size_t n);

/* A text to write: malloc'ed, and to which place ("-": standard output; NULL: none). */
struct cli_report {
    const char *path;
    char *text;
    size_t len_bytes;
};

/*
 * Unless status is a failure already, write the n reports that have a path, the others
 * even if one cannot be written. Frees the texts. Returns the first failure.
 */
UMM_MUST_USE enum umm_status cli_write_reports(struct cli_report *reports, size_t n,
                                               enum umm_status status, struct umm_error *err);

/*
 * Unless status is a failure already: print the text for --json, write it for --report. Frees
 * it; it may be NULL where neither was given.
 */
UMM_MUST_USE enum umm_status cli_write_json(const struct cli_reports *reports, char *text,
                                            size_t len_bytes, enum umm_status status,
                                            struct umm_error *err);

/*
 * Write the page of metrics to its file, unless that is NULL or status is a failure already;
 * frees it. The second writes reports before it, as cli_write_reports does. A page tells of a
 * success, and comes last: not after a report, or standard output, that could not be written.
 */
struct umm_prometheus;
UMM_MUST_USE enum umm_status cli_write_metrics(struct umm_prometheus *page, enum umm_status status,
                                               struct umm_error *err);
UMM_MUST_USE enum umm_status cli_write_reports_and_metrics(struct cli_report *reports, size_t n,
                                                           struct umm_prometheus *page,
                                                           enum umm_status status,
                                                           struct umm_error *err);

/*
 * The path of libumm-alloc.so: given, or, if that is NULL, found beside this program or in
 * ../lib/umm. Absolute, as a command may work in another directory; in room for PATH_MAX
 * bytes. False after a message.
 */
bool cli_find_alloc_library(const char *given, char *out);

/* Send out everything written to standard output; a failure is reported once. */
UMM_MUST_USE enum umm_status cli_flush(struct umm_error *err);

/* The exit code of a success, after everything written to standard output went out. */
int cli_finish(int exit_code);

/* cli_fail(err), or cli_finish(CLI_OK) if status is UMM_OK. */
int cli_end(enum umm_status status, const struct umm_error *err);

/* SIGINT, SIGTERM and SIGHUP cancel run once; the same one again, over 250 ms later, kills. */
void cli_catch_signals(struct umm_run *run);

/* For a service, before that: SIGHUP waits until the service asks for it, and cancels nothing. */
void cli_hold_hangup(void);

/*
 * Write the whole of a text, as umm_output_write_text does. The run whose signals are caught
 * ends the wait for a FIFO's reader.
 */
UMM_MUST_USE enum umm_status cli_write_file(const char *path, const char *text, size_t len_bytes,
                                            struct umm_error *err);

/*
 * For tools that map files in the directory path: where one was cut short, its device cannot
 * be read, or has no room for a hole that is written to, SIGBUS becomes a message and exit
 * code 1. outputs, of which NULL is the last, are those whose temporary files may be open then:
 * these are removed. The list and its names must stay.
 */
void cli_catch_cut_maps(const char *path, const char *const *outputs);

/*
 * In builds with UMM_TEST_HOOKS: take run's engine from UMM_TEST_ENGINE (reference,
 * portable, neon, avx2, avx512) and its block size from UMM_TEST_BLOCK. Otherwise nothing.
 */
void cli_test_hooks(struct umm_run *run);

/* The directory where pools are, from UMM_POOL_DIR; NULL when that is empty or not set. */
const char *cli_pool_root(void);

/*
 * Show a progress bar for run on standard error (CLI_AUTO: when it is a terminal). The second is
 * for a run whose progress counts items, not bytes.
 */
void cli_progress_start(struct umm_run *run, enum cli_when when);
void cli_progress_start_items(struct umm_run *run, enum cli_when when);

/* Wipe the bar, before anything else is printed. Harmless when there is none. */
void cli_progress_stop(void);

#endif
