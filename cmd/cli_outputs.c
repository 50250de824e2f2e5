/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli.h"
#include "format/prometheus.h"
#include "sys/file.h"
#include "sys/outfile.h"

/* Rows go to a store in one tool, which knows of it by itself. */
static int check_no_store(const struct cli_output *output)
{
    static const char scheme[] = "store:";
    char shown[UMM_EXCERPT_MAX];
    if (!output->path || strncmp(output->path, scheme, sizeof scheme - 1) != 0)
        return CLI_OK;
    umm_escape(shown, sizeof shown, output->path, strlen(output->path));
    return cli_usage("%s takes no store; a file of that name is ./%s", output->option, shown);
}

int cli_check_outputs(const struct cli_output *outputs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (check_no_store(&outputs[i]) != CLI_OK)
            return CLI_USAGE;
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            if (outputs[i].path && outputs[k].path &&
                umm_outfile_is_same(outputs[i].path, outputs[k].path))
                return cli_usage("%s and %s write to the same place", outputs[i].option,
                                 outputs[k].option);
    return CLI_OK;
}

int cli_check_input(const char *input, const struct cli_output *outputs, size_t n)
{
    char shown[4 * UMM_EXCERPT_MAX];
    struct umm_file_info info;
    enum umm_status status = strcmp(input, "-") == 0
                                 ? umm_file_stat_fd(STDIN_FILENO, input, &info, NULL)
                                 : umm_file_stat(input, &info, NULL);
    if (status || info.kind != UMM_FILE_REGULAR)
        return CLI_OK;
    for (size_t i = 0; i < n; i++)
        if (outputs[i].path && umm_outfile_is_file(outputs[i].path, &info)) {
            const char *name = cli_output_name(outputs[i].path);
            return cli_usage("%s: is an input and an output at once",
                             umm_escape(shown, sizeof shown, name, strlen(name)));
        }
    return CLI_OK;
}

enum umm_status cli_write_reports(struct cli_report *reports, size_t n, enum umm_status status,
                                  struct umm_error *err)
{
    bool has_texts = !status;
    for (size_t i = 0; i < n; i++) {
        enum umm_status own = UMM_OK;
        if (has_texts && reports[i].path)
            own = cli_write_file(reports[i].path, reports[i].text, reports[i].len_bytes,
                                 status ? NULL : err);
        status = status ? status : own;
        free(reports[i].text);
        reports[i].text = NULL;
    }
    return status;
}

enum umm_status cli_write_json(const struct cli_reports *reports, char *text, size_t len_bytes,
                               enum umm_status status, struct umm_error *err)
{
    cli_progress_stop();
    if (!status && text && reports->is_json)
        fwrite(text, 1, len_bytes, stdout);
    if (!status && text && reports->report)
        status = cli_write_file(reports->report, text, len_bytes, err);
    free(text);
    return status;
}

enum umm_status cli_write_reports_and_metrics(struct cli_report *reports, size_t n,
                                              struct umm_prometheus *page, enum umm_status status,
                                              struct umm_error *err)
{
    struct umm_error own = {0};
    struct cli_report metrics = {.path = page->file};
    enum umm_status last = UMM_OK;
    enum umm_status first = cli_write_reports(reports, n, status, err);
    if (!first && page->file)
        first = cli_flush(err);
    if (!first && page->file)
        last = umm_prometheus_take(page, &metrics.text, &metrics.len_bytes, &own);
    umm_prometheus_free(page);
    last = cli_write_reports(&metrics, 1, first ? first : last, &own);
    if (!first && last && err)
        *err = own;
    return first ? first : last;
}

enum umm_status cli_write_metrics(struct umm_prometheus *page, enum umm_status status,
                                  struct umm_error *err)
{
    return cli_write_reports_and_metrics(NULL, 0, page, status, err);
}
