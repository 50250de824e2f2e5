/* SPDX-License-Identifier: MIT */
#include "text/textbuf.h"
#include "watch/acceptance_report.h"

enum umm_status umm_acceptance_report_page(const struct umm_acceptance_report *report, char **text,
                                           size_t *len_bytes, struct umm_error *err)
{
    struct umm_textbuf out = {0};
    umm_textbuf_add(&out, "%s", report->title);
    return umm_textbuf_take(&out, text, len_bytes, err);
}
