/* SPDX-License-Identifier: MIT */
#include "convert_layouts.h"

#include <stdio.h>

#include "format/json.h"
#include "text/layout.h"

static void print_lines(void)
{
    for (size_t i = 0; umm_layout_at(i); i++)
        printf("%-18s %s\n", umm_layout_at(i)->name, umm_layout_at(i)->sample);
}

static void put_layout(struct umm_json *item, const struct umm_layout *layout)
{
    const char delimiter[] = {layout->delimiter, '\0'};
    umm_json_put_text(item, "name", layout->name);
    umm_json_put_text(item, "header", layout->signatures[0]);
    umm_json_put_bool(item, "recognised",
                      (layout->signatures[0] || layout->banner) && !layout->is_asked_for);
    umm_json_put_text(item, "delimiter", layout->delimiter ? delimiter : NULL);
    umm_json_put_text(item, "zone", layout->tz);
    umm_json_put_bool(item, "needs_zone", layout->is_tz_needed);
    umm_json_put_bool(item, "newest_first", layout->is_newest_first);
    umm_json_put_text(item, "sample", layout->sample);
    umm_json_put_text(item, "volume", layout->volume);
    umm_json_put_text(item, "close", layout->close);
}

int convert_list_layouts(const struct cli_reports *reports)
{
    struct umm_error err = {.status = UMM_OK};
    if (!reports->is_json) {
        print_lines();
        return cli_finish(CLI_OK);
    }
    char *text = NULL;
    size_t len = 0;
    struct umm_json *json = umm_json_new();
    umm_json_put_array(json, "layouts");
    for (size_t i = 0; umm_layout_at(i); i++)
        put_layout(umm_json_add_object(json, "layouts"), umm_layout_at(i));
    enum umm_status status = umm_json_finish(json, false, &text, &len, &err);
    const struct cli_reports printed = {.is_json = true};
    status = cli_write_json(&printed, text, len, status, &err);
    return status ? cli_fail(&err) : cli_finish(CLI_OK);
}
