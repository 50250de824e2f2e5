/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli.h"
#include "pool/pool.h"
#include "pool/pool_report.h"
#include "sys/file.h"

struct opts {
    const char *root, *from;
    uint64_t budget_bytes;
    bool is_data;
    struct cli_reports reports;
    struct umm_run run;
};
#define CLI_OPTS struct opts

static const struct cli_option options[] = {
    {0, "dir", "DIR", "where pools are (default $UMM_POOL_DIR, or /dev/shm)", CLI_TEXT(root)},
    {0, "size", "SIZE", "create: the budget, such as 10G", CLI_SIZE(budget_bytes, 1, INT64_MAX)},
    {0, "from", "DIR", "put: every file KEY.npy of DIR, as entry KEY", CLI_TEXT(from)},
    {0, "format", "path|npy", "get: print the path (the default), or the data",
     CLI_CHOICE(is_data, "path|npy")},
    {.help = "put: show a progress bar even if not on a terminal",
     CLI_REPORTS(reports, "progress")},
    {.help = "put: never show one", CLI_REPORTS(reports, "no-progress")},
    {.help = "list, stat, verify: print JSON", CLI_REPORTS(reports, "json")},
    {.help = "stat, verify: write Prometheus metrics to FILE", CLI_REPORTS(reports, "metrics")},
    {.help = "create, put, unlink: say what was done", CLI_REPORTS(reports, "verbose")},
    {0}};

/* ---- commands that change something --------------------------------------------- */

static int run_create(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    bool is_new = false;
    (void)n;
    if (!opts->budget_bytes)
        return cli_usage("create needs --size");
    enum umm_status status =
        umm_pool_create(opts->root, operands[0], opts->budget_bytes, &opts->run, &is_new, &err);
    if (!status && opts->reports.is_verbose)
        cli_warn_path(operands[0], "%s", is_new ? "made" : "is there already");
    return cli_end(status, &err);
}

/* What came of the files of --from. */
struct told {
    const struct opts *opts;
    const char *pool;
    size_t n_failed;
};

static void tell(void *user, const char *key, const struct umm_error *err)
{
    struct told *told = user;
    if (err->status)
        cli_warn_error(err);
    else if (told->opts->reports.is_verbose)
        cli_warn_path(key, "put into %s", told->pool);
    told->n_failed += err->status != UMM_OK;
}

static int run_put(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_pool *pool = NULL;
    struct told told = {.opts = opts, .pool = operands[0]};
    if (n != (opts->from ? 1 : 3))
        return cli_usage("put takes NAME KEY FILE, or NAME and --from");
    cli_progress_start(&opts->run, opts->reports.progress);
    enum umm_status status = umm_pool_open(opts->root, operands[0], &pool, &err);
    if (!status && opts->from) {
        status = umm_pool_put_from(pool, opts->from, &opts->run, tell, &told, &err);
    } else if (!status) {
        status = umm_pool_put(pool, operands[1], operands[2], &opts->run, &err);
        if (!status)
            tell(&told, operands[1], &err);
    }
    umm_pool_close(pool);
    if (status)
        return cli_fail(&err);
    return cli_finish(told.n_failed ? CLI_FAILED : CLI_OK);
}

static int run_rm(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_pool *pool = NULL;
    int exit_code = CLI_OK;
    if (umm_pool_open(opts->root, operands[0], &pool, &err) != UMM_OK)
        return cli_fail(&err);
    /* One that is not there is no reason to leave the others. */
    for (int i = 1; i < n; i++) {
        if (umm_pool_remove(pool, operands[i], &opts->run, &err) == UMM_OK)
            continue;
        if (err.status == UMM_ERR_CANCELLED || err.status == UMM_ERR_ARGUMENT) {
            exit_code = cli_fail(&err);
            break;
        }
        cli_warn_error(&err);
        exit_code = CLI_FAILED;
    }
    umm_pool_close(pool);
    return cli_finish(exit_code);
}

static int run_unlink(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    (void)n;
    enum umm_status status = umm_pool_unlink(opts->root, operands[0], &opts->run, &err);
    if (!status && opts->reports.is_verbose)
        cli_warn_path(operands[0], "removed");
    return cli_end(status, &err);
}

/* ---- commands that look ----------------------------------------------------------- */

static enum umm_status write_data(int fd, const struct umm_npy *npy, struct umm_run *run,
                                  struct umm_error *err)
{
    static char buffer[256 * 1024];
    enum umm_status status = UMM_OK;
    uint64_t size = npy->data_offset_bytes + umm_npy_data_bytes(npy);
    for (uint64_t at = 0; !status && at < size;) {
        size_t n = size - at < sizeof buffer ? (size_t)(size - at) : sizeof buffer;
        status = umm_file_pread_all(fd, "the entry", buffer, n, at, err);
        if (!status)
            status = umm_file_write_stream(1, "-", run, buffer, n, err);
        at += n;
    }
    return status;
}

static int run_get(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_pool *pool = NULL;
    struct umm_npy npy = {0};
    char *path = NULL;
    int fd = -1;
    (void)n;
    enum umm_status status = umm_pool_open(opts->root, operands[0], &pool, &err);
    if (!status)
        status = umm_pool_open_entry(pool, operands[1], &fd, &npy, &err);
    if (!status && opts->is_data)
        status = write_data(fd, &npy, &opts->run, &err);
    else if (!status)
        status = umm_pool_entry_path(pool, operands[1], &path, &err);
    if (path)
        puts(path);
    free(path);
    umm_npy_free(&npy);
    umm_file_close(&fd);
    umm_pool_close(pool);
    return cli_end(status, &err);
}

static enum umm_status print(const struct opts *opts, const struct umm_pool_inspection *inspection,
                             bool is_verdict, struct umm_error *err)
{
    struct umm_prometheus page = {.file = opts->reports.metrics};
    char line[UMM_POOL_LINE_MAX], *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !opts->reports.is_json && umm_pool_report_line(inspection, i, line); i++)
        puts(line);
    if (opts->reports.is_json)
        status = umm_pool_report_json(inspection, &text, &len, err);
    status = cli_write_json(&opts->reports, text, len, status, err);
    if (status || !opts->reports.metrics)
        return status;
    umm_pool_report_metrics(inspection, is_verdict, &page);
    return cli_write_metrics(&page, UMM_OK, err);
}

/* CLI_OK, or CLI_USAGE after a message: the file to write, links followed, is in the pool. */
static int check_output(const struct umm_pool *pool, const char *path)
{
    struct umm_file_info info;
    char shown[UMM_EXCERPT_MAX];
    char *file = path ? umm_file_follow(path) : NULL;
    char *slash = file ? strrchr(file, '/') : NULL;
    bool is_in = false;
    if (file && umm_file_stat_fd(pool->fd, pool->path, &info, NULL) == UMM_OK) {
        if (slash)
            slash[1] = '\0';
        is_in = umm_file_same(slash ? file : ".", info.device, info.inode);
    }
    free(file);
    if (!is_in)
        return CLI_OK;
    return cli_usage("%s: is in the pool, which has entries only",
                     umm_escape(shown, sizeof shown, path, strlen(path)));
}

/* list, stat and verify: what they look at, and whether they judge. */
static int look(struct opts *opts, const char *name, bool has_sharing, bool is_verdict)
{
    struct umm_error err = {0};
    struct umm_pool *pool = NULL;
    struct umm_pool_inspection inspection = {.pool = NULL};
    const struct cli_output outputs[] = {{"the report", "-"}, {"--metrics", opts->reports.metrics}};
    if (cli_check_outputs(outputs, 2) != CLI_OK)
        return CLI_USAGE;
    enum umm_status status = umm_pool_open(opts->root, name, &pool, &err);
    if (!status && check_output(pool, opts->reports.metrics) != CLI_OK) {
        umm_pool_close(pool);
        return CLI_USAGE;
    }
    if (!status)
        status = umm_pool_inspect(pool, has_sharing, &opts->run, &inspection, &err);
    if (!status)
        status = print(opts, &inspection, is_verdict, &err);
    bool is_bad = is_verdict && inspection.n_faults > 0;
    if (!status && is_verdict && !opts->reports.is_json)
        puts(is_bad ? "FAIL" : "PASS");
    umm_pool_inspection_free(&inspection);
    umm_pool_close(pool);
    return status ? cli_fail(&err) : cli_finish(is_bad ? CLI_FAILED : CLI_OK);
}

static int run_list(void *user, int n, char **operands)
{
    (void)n;
    return look(user, operands[0], false, false);
}

static int run_stat(void *user, int n, char **operands)
{
    (void)n;
    return look(user, operands[0], true, false);
}

static int run_verify(void *user, int n, char **operands)
{
    (void)n;
    return look(user, operands[0], true, true);
}

/* ---- the tool ---------------------------------------------------------------------- */

static const struct cli_command commands[] = {
    {"create", "NAME", "dir size verbose", "make a pool; that it is there is no error", run_create},
    {"put", "NAME [KEY FILE]", "dir from verbose progress no-progress",
     "copy an .npy FILE (- is standard input) to entry KEY", run_put},
    {"get", "NAME KEY", "dir format", "print the path of an entry, to map it", run_get},
    {"list", "NAME", "dir json", "print the entries", run_list},
    {"stat", "NAME", "dir json metrics", "also print which processes map them", run_stat},
    {"verify", "NAME", "dir json metrics", "the same, and judge: exit code 1 on a fault",
     run_verify},
    {"rm", "NAME KEY...", "dir", "remove entries", run_rm},
    {"unlink", "NAME", "dir verbose", "remove the pool and all in it", run_unlink},
    {NULL, NULL, NULL, NULL, NULL}};

static const struct cli_tool tool = {
    .name = "umm-pool",
    .synopsis = "COMMAND NAME [KEY] [options]",
    .about = "Keep .npy arrays in memory once for all processes: np.load(path, mmap_mode='r').",
    .options = options,
    .commands = commands};

int main(int argc, char **argv)
{
    const char *root = cli_pool_root();
    struct opts opts = {.root = root ? root : UMM_POOL_ROOT};
    int exit_code = CLI_OK;
    cli_init(&tool);
    if (!cli_parse(argc, argv, &opts, &exit_code))
        return exit_code;
    cli_catch_signals(&opts.run);
    return cli_run_command(argc, argv, &opts);
}
