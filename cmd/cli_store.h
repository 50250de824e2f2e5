/* SPDX-License-Identifier: MIT */
/*
 * cli_store.h - stores for every tool that has one: a place is a directory, or on a server.
 *
 * In the table of options:   CLI_STORES(), for a struct cli_store of the tool's
 * Before a store is opened:  cli_store_reach() where the library opens it, else cli_store_open()
 */
#ifndef UMM_CMD_CLI_STORE_H
#define UMM_CMD_CLI_STORE_H

#include "cli.h"
#include "umm/store.h"

/* How a server is reached; all zero are the defaults. A directory ignores it. */
struct cli_store {
    uint64_t timeout_ns, n_replicas;
    const char *password_file;
};

/* timeout wait-replicas password-file */
extern const struct cli_option cli_store_options[];
#define CLI_STORES(name, names) CLI_FAMILY(cli_store_options, struct cli_store, name, names)

/*
 * What a place is reached with, in *reach: the password is the first line of the file that was
 * named, else what REDISCLI_AUTH has; it stays until the program ends. run must stay as long as
 * the store is open. For a directory nothing is read.
 */
UMM_MUST_USE enum umm_status cli_store_reach(const struct cli_store *options, const char *place,
                                             struct umm_run *run, struct umm_store_reach *reach,
                                             struct umm_error *err);

/* Say once what should be known about the place of a store that was opened. NULL: nothing. */
void cli_store_warn(const char *place, const struct umm_store *store);

/* Open the store at place, and say what should be known about it. */
UMM_MUST_USE enum umm_status cli_store_open(const struct cli_store *options, const char *place,
                                            enum umm_store_access access, struct umm_run *run,
                                            struct umm_store **store, struct umm_error *err);

/*
 * For a store that the library opens: what its place is reached with, as cli_store_reach; and say
 * what should be known about a server, which is asked for that. That it cannot be asked is told
 * when the store is opened after this.
 */
UMM_MUST_USE enum umm_status cli_store_prepare(const struct cli_store *options, const char *place,
                                               struct umm_run *run, struct umm_store_reach *reach,
                                               struct umm_error *err);

/* Close it, whose place must still lead to it if it was written: the first error wins. */
UMM_MUST_USE enum umm_status cli_store_close(struct umm_store *store, enum umm_status status,
                                             struct umm_error *err);

/* What may be written from a map of the place is no output: CLI_OK, or CLI_USAGE after a message.
 */
int cli_store_check_output(const char *place, const struct cli_output *output);

/* A file of the place that is cut short while it is mapped ends the program; output may be NULL. */
void cli_store_catch_cut_maps(const char *place, const char *output);

#endif
