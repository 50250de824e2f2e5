/* SPDX-License-Identifier: MIT */
#include "cli_store.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/marks.h"
#include "store/store_look.h"
#include "sys/secret.h"

#define CLI_OPTS struct cli_store

enum { REPLICAS_MAX = 1000 };

const struct cli_option cli_store_options[] = {
    {0, "timeout", "TIME", "wait no longer than TIME for a server (default 5s)",
     CLI_SPAN(timeout_ns)},
    {0, "wait-replicas", "N", "on a server, what is put is on N replicas also",
     CLI_COUNT(n_replicas, 0, REPLICAS_MAX)},
    {0, "password-file", "FILE",
     "log in to a server with the first line of FILE\n(default $REDISCLI_AUTH)",
     CLI_TEXT(password_file)},
    {0}};

enum umm_status cli_store_reach(const struct cli_store *options, const char *place,
                                struct umm_run *run, struct umm_store_reach *reach,
                                struct umm_error *err)
{
    /* Read once: a pipe has it once. */
    static char password[UMM_SECRET_MAX + 1];
    *reach = (struct umm_store_reach){
        .timeout_ns = options->timeout_ns, .n_replicas = (unsigned)options->n_replicas, .run = run};
    if (!umm_store_is_place(place))
        return UMM_OK;
    const char *given = getenv("REDISCLI_AUTH");
    if (!options->password_file) {
        reach->password = given && *given ? given : NULL;
        return UMM_OK;
    }
    reach->password = password;
    return *password ? UMM_OK : umm_secret_read(options->password_file, run, password, err);
}

void cli_store_warn(const char *place, const struct umm_store *store)
{
    struct umm_store_info info;
    const char *warning = umm_store_warning(store);
    if (warning)
        cli_warn_path(place, "%s", warning);
    if (umm_store_info(store, &info, NULL) == UMM_OK && info.n_cleared)
        cli_warn_path(place, "%llu half written entries of a killed writer were removed",
                      (unsigned long long)info.n_cleared);
}

enum umm_status cli_store_open(const struct cli_store *options, const char *place,
                               enum umm_store_access access, struct umm_run *run,
                               struct umm_store **store, struct umm_error *err)
{
    struct umm_store_reach reach;
    *store = NULL;
    enum umm_status status = cli_store_reach(options, place, run, &reach, err);
    if (!status)
        status = umm_store_open_with(place, access, &reach, run, store, err);
    if (!status)
        cli_store_warn(place, *store);
    return status;
}

enum umm_status cli_store_prepare(const struct cli_store *options, const char *place,
                                  struct umm_run *run, struct umm_store_reach *reach,
                                  struct umm_error *err)
{
    struct umm_store *store = NULL;
    enum umm_status status = cli_store_reach(options, place, run, reach, err);
    if (status || !umm_store_is_place(place))
        return status;
    if (umm_store_open_with(place, UMM_STORE_READ, reach, run, &store, NULL) == UMM_OK)
        cli_store_warn(place, store);
    (void)umm_store_close(store, NULL); /* only read */
    return UMM_OK;
}

enum umm_status cli_store_close(struct umm_store *store, enum umm_status status,
                                struct umm_error *err)
{
    if (store && !status)
        status = umm_store_check_place(store, err);
    const enum umm_status closing = umm_store_close(store, status ? NULL : err);
    return status ? status : closing;
}

/* The file of that name in the directory place; false: none, as that is no directory. */
static bool file_in(const char *place, const char *name, char out[PATH_MAX])
{
    const int len = snprintf(out, PATH_MAX, "%s/%s", place, name);
    return !umm_store_is_place(place) && len > 0 && len < PATH_MAX;
}

int cli_store_check_output(const char *place, const struct cli_output *output)
{
    static const char *const names[] = {UMM_MARK_STORE_SLOTS, UMM_MARK_STORE_VECTORS,
                                        UMM_MARK_STORE_INDEX, UMM_MARK_STORE_TTL};
    char file[PATH_MAX];
    int code = CLI_OK;
    for (size_t i = 0; output->path && code == CLI_OK && i < sizeof names / sizeof *names; i++)
        if (file_in(place, names[i], file))
            code = cli_check_input(file, output, 1);
    return code;
}

void cli_store_catch_cut_maps(const char *place, const char *output)
{
    /* Also the index, which a writer may make anew from what is mapped. */
    static char index[PATH_MAX];
    static const char *outputs[] = {index, NULL, NULL};
    if (!file_in(place, UMM_MARK_STORE_INDEX, index))
        return;
    outputs[1] = output;
    cli_catch_cut_maps(place, outputs);
}
