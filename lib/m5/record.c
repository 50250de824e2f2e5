/* SPDX-License-Identifier: MIT */
#include "m5/record.h"

#include <stddef.h>
#include <string.h>

#include "sys/procfs.h"

static const char magic[] = "umm-m5 record 1\n";

#define FIGURE(name) UMM_FIGURE(#name, struct umm_record, name, UMM_METRIC_NONE)

const struct umm_figure umm_record_table[] = {FIGURE(started_s),
                                              FIGURE(is_command),
                                              FIGURE(exit_code),
                                              FIGURE(signals_wanted),
                                              FIGURE(duration_wanted_ms),
                                              FIGURE(duration_max_ms),
                                              FIGURE(allocs_max_thousandths),
                                              FIGURE(duration_ms),
                                              FIGURE(growth_bytes),
                                              FIGURE(growth_low_bytes),
                                              FIGURE(growth_high_bytes),
                                              FIGURE(peak_rss_bytes),
                                              FIGURE(peak_anonymous_bytes),
                                              FIGURE(allocs),
                                              FIGURE(alloc_bytes),
                                              FIGURE(unpooled_allocs),
                                              FIGURE(unpooled_alloc_bytes),
                                              FIGURE(is_shm_private),
                                              FIGURE(left_in_shm),
                                              FIGURE(left_in_tmp),
                                              UMM_FIGURES_END};

_Static_assert(offsetof(struct umm_record, workload) ==
                   (sizeof umm_record_table / sizeof *umm_record_table - 1) * sizeof(uint64_t),
               "every figure is in the table");

void umm_record_init(struct umm_record *record)
{
    memset(record, 0xff, sizeof *record);
    record->n_samples = 0;
}

enum umm_status umm_record_text(const struct umm_record *record, char **text, size_t *len_bytes,
                                struct umm_error *err)
{
    struct umm_textbuf out = {0};
    umm_textbuf_add(&out, "%s", magic);
    umm_figures_print(&out, umm_record_table, record);
    umm_figures_print(&out, umm_workload_table, &record->workload);
    for (size_t i = 0; i < record->n_samples; i++)
        umm_textbuf_add(&out, "sample: %llu %llu\n", (unsigned long long)record->samples[i].at_ms,
                        (unsigned long long)record->samples[i].bytes);
    return umm_textbuf_take(&out, text, len_bytes, err);
}

static bool parse_sample(const char *line, struct umm_record_sample *sample)
{
    static const char key[] = "sample: ";
    const char *at = line + sizeof key - 1;
    if (strncmp(line, key, sizeof key - 1) != 0 || !umm_procfs_number(&at, &sample->at_ms) ||
        *at++ != ' ')
        return false;
    return umm_procfs_number(&at, &sample->bytes);
}

bool umm_record_parse(const char *text, struct umm_record *record)
{
    umm_record_init(record);
    if (strncmp(text, magic, sizeof magic - 1) != 0)
        return false;
    umm_figures_parse(text, umm_record_table, record);
    umm_figures_parse(text, umm_workload_table, &record->workload);
    for (const char *line = text; *line && record->n_samples < UMM_RECORD_SAMPLES_MAX;
         line = umm_procfs_next_line(line))
        record->n_samples += parse_sample(line, &record->samples[record->n_samples]);
    return true;
}
