/* SPDX-License-Identifier: MIT */
#include "probe/trial_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "format/figures.h"
#include "format/svg.h"
#include "text/size.h"
#include "text/textbuf.h"

static bool is_counted(const struct umm_trial *trial)
{
    return trial->alloc_state == UMM_TRIAL_COUNTED ||
           trial->alloc_state == UMM_TRIAL_PARTLY_COUNTED;
}

static double seconds_of(const struct umm_trial *trial)
{
    return (double)trial->duration_ns / 1e9;
}

/* ---- for people ---------------------------------------------------------- */

static double per_second(const struct umm_growth *growth, double bytes)
{
    double seconds = growth->end_seconds - growth->start_seconds;
    return seconds > 0 ? bytes / seconds : 0;
}

/* Sizes side by side in one line need a buffer each. */
struct sizes {
    char text[4][UMM_SIZE_TEXT_MAX];
};

static const char *plural(uint32_t n)
{
    return n == 1 ? "" : "es";
}

/* RSS is the kernel's figure where that is higher; PSS is of one moment, with what goes with it. */
static void add_memory(struct umm_textbuf *out, const struct umm_trial *trial)
{
    const struct umm_trial_peak *peak = &trial->peak;
    struct sizes s;
    umm_textbuf_add(out, "peak         %s RSS",
                    umm_size_format(s.text[0], (double)trial->peak_rss_bytes));
    if (trial->peak_processes > 1)
        umm_textbuf_add(out, ", in up to %u processes", (unsigned)trial->peak_processes);
    umm_textbuf_add(out, "\n");
    if (!peak->is_known)
        return;
    umm_textbuf_add(out,
                    "peak PSS     %s in %u process%s after %.3f s, of it %s anonymous and shared "
                    "memory\n",
                    umm_size_format(s.text[0], (double)peak->pss_bytes),
                    (unsigned)peak->n_processes, plural(peak->n_processes),
                    (double)peak->at_ns / 1e9,
                    umm_size_format(s.text[1], (double)peak->growing_bytes));
    if (peak->n_hidden)
        umm_textbuf_add(out, "             PSS of %u process%s cannot be read: %s of it is RSS\n",
                        (unsigned)peak->n_hidden, plural(peak->n_hidden),
                        umm_size_format(s.text[0], (double)peak->hidden_bytes));
}

static void add_growth(struct umm_textbuf *out, const struct umm_trial_report *report)
{
    const struct umm_growth *growth = &report->trial->growth;
    struct sizes s;
    if (!growth->is_known) {
        umm_textbuf_add(out,
                        "growth       unknown: %zu samples after the warm-up; %d are needed, %d in "
                        "each of the first and the last quarter\n",
                        growth->n_points, UMM_GROWTH_POINTS_MIN, UMM_GROWTH_POINTS_MIN / 4);
        return;
    }
    double seconds = growth->end_seconds - growth->start_seconds;
    umm_textbuf_add(out, "growth       %s in %.3f s (between %s and %s), %s/s\n",
                    umm_size_format_change(s.text[0], growth->bytes), seconds,
                    umm_size_format_change(s.text[1], growth->low_bytes),
                    umm_size_format_change(s.text[2], growth->high_bytes),
                    umm_size_format_change(s.text[3], per_second(growth, growth->bytes)));
    if (report->units > 0)
        umm_textbuf_add(out, "             %s per unit\n",
                        umm_size_format_change(s.text[0], growth->bytes / report->units));
}

static void add_usage(struct umm_textbuf *out, const struct umm_child_usage *usage)
{
    struct sizes s;
    umm_textbuf_add(out, "faults       %" PRIu64 " minor, %" PRIu64 " major\n", usage->minor_faults,
                    usage->major_faults);
    if (usage->read_bytes == UINT64_MAX)
        umm_textbuf_add(out, "devices      unknown\n");
    else
        umm_textbuf_add(out, "devices      %s read, %s written\n",
                        umm_size_format(s.text[0], (double)usage->read_bytes),
                        umm_size_format(s.text[1], (double)usage->written_bytes));
    umm_textbuf_add(out, "switches     %" PRIu64 " voluntary, %" PRIu64 " involuntary\n",
                    usage->voluntary_switches, usage->involuntary_switches);
}

static void add_allocs(struct umm_textbuf *out, const struct umm_trial_report *report)
{
    const struct umm_alloc_counts *allocs = &report->trial->allocs;
    double seconds = seconds_of(report->trial);
    struct sizes s;
    if (report->trial->alloc_state == UMM_TRIAL_NOT_ASKED)
        return;
    if (report->trial->alloc_state == UMM_TRIAL_NOT_COUNTED) {
        umm_textbuf_add(out, "allocations  cannot be counted: the program is static, or runs "
                             "with other privileges, or an allocator of its own\n");
        return;
    }
    umm_textbuf_add(out,
                    "allocations  %" PRIu64 " (%s), %" PRIu64 " frees; %.0f per second (%s/s)\n",
                    allocs->n_allocs, umm_size_format(s.text[0], (double)allocs->alloc_bytes),
                    allocs->n_frees, (double)allocs->n_allocs / seconds,
                    umm_size_format(s.text[1], (double)allocs->alloc_bytes / seconds));
    if (report->units > 0)
        umm_textbuf_add(out, "             %.6g per unit (%s)\n",
                        (double)allocs->n_allocs / report->units,
                        umm_size_format(s.text[0], (double)allocs->alloc_bytes / report->units));
    if (report->trial->alloc_state == UMM_TRIAL_PARTLY_COUNTED)
        umm_textbuf_add(out, "             not of all processes: one is static, or runs with other "
                             "privileges, or an allocator of its own\n");
    umm_textbuf_add(out, "maps         %" PRIu64 " (%s), %" PRIu64 " unmaps\n", allocs->n_maps,
                    umm_size_format(s.text[0], (double)allocs->map_bytes), allocs->n_unmaps);
}

/* Killed by the kernel in our control group: a container's limit, most often. */
static void add_oom(struct umm_textbuf *out, const struct umm_trial *trial)
{
    struct sizes s;
    if (!trial->oom_kills || trial->oom_kills == UINT64_MAX)
        return;
    umm_textbuf_add(out, "killed       %s by the kernel, as memory ran out",
                    umm_trial_is_oom(trial) ? "the command," : "in this control group,");
    if (trial->memory_limit_bytes != UINT64_MAX)
        umm_textbuf_add(out, ": the limit is %s",
                        umm_size_format(s.text[0], (double)trial->memory_limit_bytes));
    umm_textbuf_add(out, "\n");
}

enum umm_status umm_trial_report_text(const struct umm_trial_report *report, char **text,
                                      size_t *len_bytes, struct umm_error *err)
{
    const struct umm_trial *trial = report->trial;
    struct umm_textbuf out = {0};
    umm_textbuf_add(&out, "command      %s\n", report->command);
    if (trial->exit_code < 0)
        umm_textbuf_add(&out, "exit         none: it cannot be killed\n");
    else if (trial->signal)
        umm_textbuf_add(&out, "exit         %d (signal %d)\n", trial->exit_code, trial->signal);
    else
        umm_textbuf_add(&out, "exit         %d\n", trial->exit_code);
    add_oom(&out, trial);
    umm_textbuf_add(&out, "duration     %.3f s (%.3f s user, %.3f s system)\n", seconds_of(trial),
                    (double)trial->usage.user_us / 1e6, (double)trial->usage.system_us / 1e6);
    add_memory(&out, trial);
    add_growth(&out, report);
    add_usage(&out, &trial->usage);
    add_allocs(&out, report);
    if (trial->is_left)
        umm_textbuf_add(&out, "left         processes that still run\n");
    for (size_t i = 0; i < report->n_verdicts; i++)
        umm_textbuf_add(&out, "%s\n", report->verdicts[i].text);
    return umm_textbuf_take(&out, text, len_bytes, err);
}

/* ---- figures ------------------------------------------------------------- */

#define FIGURE(key, member, metric) UMM_FIGURE(key, struct umm_trial, member, metric)

static const struct umm_figure of_trial[] = {
    FIGURE("exit_code", exit_code, UMM_METRIC_RUN_EXIT_CODE),
    FIGURE("signal", signal, UMM_METRIC_NONE),
    FIGURE("peak_rss_bytes", peak_rss_bytes, UMM_METRIC_RUN_PEAK_RSS),
    FIGURE("peak_processes", peak_processes, UMM_METRIC_NONE),
    FIGURE("is_left_running", is_left, UMM_METRIC_NONE),
    FIGURE("oom_kills", oom_kills, UMM_METRIC_RUN_OOM_KILLS),
    FIGURE("memory_limit_bytes", memory_limit_bytes, UMM_METRIC_NONE),
    FIGURE("samples_taken", n_taken, UMM_METRIC_NONE),
    UMM_FIGURES_END};

#undef FIGURE
#define FIGURE(key, member, metric) UMM_FIGURE(key, struct umm_child_usage, member, metric)

static const struct umm_figure of_usage[] = {
    FIGURE("minor_faults", minor_faults, UMM_METRIC_NONE),
    FIGURE("major_faults", major_faults, UMM_METRIC_RUN_MAJOR_FAULTS),
    FIGURE("voluntary_switches", voluntary_switches, UMM_METRIC_NONE),
    FIGURE("involuntary_switches", involuntary_switches, UMM_METRIC_NONE),
    FIGURE("device_read_bytes", read_bytes, UMM_METRIC_RUN_DEVICE_READ),
    FIGURE("device_written_bytes", written_bytes, UMM_METRIC_NONE),
    UMM_FIGURES_END};

#undef FIGURE
#define FIGURE(key, member, metric) UMM_FIGURE(key, struct umm_alloc_counts, member, metric)

static const struct umm_figure of_allocs[] = {
    FIGURE("allocs", n_allocs, UMM_METRIC_RUN_ALLOCATIONS),
    FIGURE("frees", n_frees, UMM_METRIC_NONE),
    FIGURE("bytes", alloc_bytes, UMM_METRIC_NONE),
    FIGURE("maps", n_maps, UMM_METRIC_NONE),
    FIGURE("unmaps", n_unmaps, UMM_METRIC_NONE),
    FIGURE("map_bytes", map_bytes, UMM_METRIC_NONE),
    FIGURE("processes", n_processes, UMM_METRIC_NONE),
    UMM_FIGURES_END};

/* ---- JSON ---------------------------------------------------------------- */

/* All of one moment. */
static void put_peak(struct umm_json *root, const struct umm_trial_peak *peak)
{
    umm_json_put_count(root, "peak_pss_bytes", peak->is_known ? peak->pss_bytes : UINT64_MAX);
    if (!peak->is_known)
        return;
    umm_json_put_real(root, "peak_pss_seconds", (double)peak->at_ns / 1e9);
    umm_json_put_count(root, "peak_pss_growing_bytes", peak->growing_bytes);
    umm_json_put_count(root, "peak_pss_processes", peak->n_processes);
    umm_json_put_count(root, "peak_pss_hidden_bytes", peak->hidden_bytes);
    umm_json_put_count(root, "peak_pss_hidden_processes", peak->n_hidden);
}

static void put_growth(struct umm_json *root, const struct umm_trial_report *report)
{
    const struct umm_growth *growth = &report->trial->growth;
    struct umm_json *object = umm_json_put_object(root, "growth");
    umm_json_put_text(object, "estimator", "Theil-Sen of the low envelope");
    umm_json_put_count(object, "samples", growth->n_points);
    umm_json_put_bool(object, "is_known", growth->is_known);
    if (!growth->is_known)
        return;
    umm_json_put_real(object, "bytes", growth->bytes);
    umm_json_put_real(object, "bytes_low", growth->low_bytes);
    umm_json_put_real(object, "bytes_high", growth->high_bytes);
    umm_json_put_real(object, "swing_bytes", growth->swing_bytes);
    umm_json_put_real(object, "start_seconds", growth->start_seconds);
    umm_json_put_real(object, "end_seconds", growth->end_seconds);
    umm_json_put_real(object, "start_bytes", growth->start_bytes);
    umm_json_put_real(object, "end_bytes", growth->end_bytes);
    umm_json_put_real(object, "bytes_per_second", per_second(growth, growth->bytes));
    umm_json_put_real(object, "bytes_per_second_low", per_second(growth, growth->low_bytes));
    umm_json_put_real(object, "bytes_per_second_high", per_second(growth, growth->high_bytes));
    if (report->units > 0)
        umm_json_put_real(object, "bytes_per_unit", growth->bytes / report->units);
}

static void put_usage(struct umm_json *root, const struct umm_child_usage *usage)
{
    umm_json_put_real(root, "user_seconds", (double)usage->user_us / 1e6);
    umm_json_put_real(root, "system_seconds", (double)usage->system_us / 1e6);
    umm_figures_put(root, of_usage, usage);
}

static void put_allocs(struct umm_json *root, const struct umm_trial_report *report)
{
    const struct umm_alloc_counts *allocs = &report->trial->allocs;
    double seconds = seconds_of(report->trial);
    struct umm_json *object;
    if (report->trial->alloc_state == UMM_TRIAL_NOT_ASKED)
        return;
    object = umm_json_put_object(root, "allocations");
    umm_json_put_bool(object, "is_counted", report->trial->alloc_state != UMM_TRIAL_NOT_COUNTED);
    umm_json_put_bool(object, "is_complete", report->trial->alloc_state == UMM_TRIAL_COUNTED);
    if (report->trial->alloc_state == UMM_TRIAL_NOT_COUNTED)
        return;
    umm_figures_put(object, of_allocs, allocs);
    umm_json_put_real(object, "allocs_per_second", (double)allocs->n_allocs / seconds);
    umm_json_put_real(object, "bytes_per_second", (double)allocs->alloc_bytes / seconds);
    if (report->units > 0) {
        umm_json_put_real(object, "units", report->units);
        umm_json_put_real(object, "allocs_per_unit", (double)allocs->n_allocs / report->units);
        umm_json_put_real(object, "bytes_per_unit", (double)allocs->alloc_bytes / report->units);
    }
}

static void put_verdicts(struct umm_json *root, const struct umm_trial_report *report)
{
    for (size_t i = 0; i < report->n_verdicts; i++) {
        const struct umm_verdict *v = &report->verdicts[i];
        struct umm_json *object = umm_json_add_object(root, "verdicts");
        umm_json_put_text(object, "limit", umm_verdict_name(v->kind));
        umm_json_put_text(object, "verdict", umm_verdict_word(v->word));
        umm_json_put_real(object, "measured", v->is_known ? v->measured : (double)NAN);
        umm_json_put_real(object, "low", v->is_known ? v->low : (double)NAN);
        umm_json_put_real(object, "high", v->is_known ? v->high : (double)NAN);
        umm_json_put_real(object, "at_most", v->at_most);
    }
}

static void put_samples(struct umm_json *root, const struct umm_trial *trial)
{
    for (size_t i = 0; i < trial->n_samples; i++) {
        const struct umm_trial_sample *sample = &trial->samples[i];
        struct umm_json *object = umm_json_add_object(root, "samples");
        umm_json_put_real(object, "seconds", (double)sample->at_ns / 1e9);
        umm_json_put_count(object, "rss_bytes", sample->rss_bytes);
        umm_json_put_count(object, "pss_bytes", sample->is_exact ? sample->pss_bytes : UINT64_MAX);
        umm_json_put_count(object, "anonymous_bytes", sample->anonymous_bytes);
        umm_json_put_count(object, "shmem_bytes", sample->shmem_bytes);
        umm_json_put_count(object, "growing_bytes",
                           sample->is_sound ? sample->growing_bytes : UINT64_MAX);
        umm_json_put_count(object, "processes", sample->n_processes);
        if (is_counted(trial))
            umm_json_put_count(object, "allocs", sample->n_allocs);
    }
}

enum umm_status umm_trial_report_json(const struct umm_trial_report *report, char **text,
                                      size_t *len_bytes, struct umm_error *err)
{
    const struct umm_trial *trial = report->trial;
    struct umm_json *root = umm_figures_begin("umm-memstat");
    umm_json_put_text(root, "command", report->command);
    umm_figures_put(root, of_trial, trial);
    umm_json_put_real(root, "seconds", seconds_of(trial));
    umm_json_put_real(root, "warmup_seconds", report->warmup_seconds);
    put_peak(root, &trial->peak);
    umm_json_put_count(root, "peak_anonymous_bytes",
                       trial->n_samples ? trial->peak_anonymous_bytes : UINT64_MAX);
    put_growth(root, report);
    put_usage(root, &trial->usage);
    put_allocs(root, report);
    put_verdicts(root, report);
    umm_json_put_real(root, "sampling_seconds", (double)trial->sampling_ns / 1e9);
    put_samples(root, trial);
    return umm_json_finish(root, false, text, len_bytes, err);
}

/* ---- metrics ------------------------------------------------------------- */

void umm_trial_report_metrics(const struct umm_trial_report *report, struct umm_prometheus *page)
{
    const struct umm_trial *trial = report->trial;
    size_t n_failed = 0;
    for (size_t i = 0; i < report->n_verdicts; i++)
        n_failed += report->verdicts[i].word != UMM_VERDICT_PASS;
    umm_prometheus_begin(page, "umm-memstat", NULL, NULL);
    umm_figures_add(page, of_trial, trial);
    umm_figures_add(page, of_usage, &trial->usage);
    if (trial->alloc_state == UMM_TRIAL_COUNTED)
        umm_figures_add(page, of_allocs, &trial->allocs);
    umm_prometheus_add(page, UMM_METRIC_DURATION, seconds_of(trial));
    if (trial->peak.is_known)
        umm_prometheus_add(page, UMM_METRIC_RUN_PEAK_PSS, (double)trial->peak.pss_bytes);
    if (trial->growth.is_known)
        umm_prometheus_add(page, UMM_METRIC_RUN_GROWTH, trial->growth.bytes);
    umm_prometheus_add(page, UMM_METRIC_RUN_FAILED_LIMITS, (double)n_failed);
    if (!n_failed && trial->exit_code == 0)
        umm_prometheus_success(page);
}

/* ---- plot ---------------------------------------------------------------- */

enum { LIMIT_ROOM = 64 };

/* The samples as columns, and the growth's line. */
struct columns {
    double *seconds, *rss;
    double *sound_seconds, *growing; /* of the samples that have it */
    size_t n_sound;
    double line_seconds[2], line_bytes[2];
};

static bool fill_columns(struct columns *columns, const struct umm_trial *trial)
{
    size_t n = trial->n_samples;
    columns->seconds = calloc(4 * n + 1, sizeof *columns->seconds);
    if (!columns->seconds)
        return false;
    columns->rss = columns->seconds + n;
    columns->sound_seconds = columns->rss + n;
    columns->growing = columns->sound_seconds + n;
    for (size_t i = 0; i < n; i++) {
        columns->seconds[i] = (double)trial->samples[i].at_ns / 1e9;
        columns->rss[i] = (double)trial->samples[i].rss_bytes;
        if (!trial->samples[i].is_sound)
            continue;
        columns->sound_seconds[columns->n_sound] = columns->seconds[i];
        columns->growing[columns->n_sound++] = (double)trial->samples[i].growing_bytes;
    }
    columns->line_seconds[0] = trial->growth.start_seconds;
    columns->line_seconds[1] = trial->growth.end_seconds;
    columns->line_bytes[0] = trial->growth.start_bytes;
    columns->line_bytes[1] = trial->growth.end_bytes;
    return true;
}

static void add_series(struct umm_svg_plot *plot, const struct columns *columns,
                       const struct umm_trial *trial)
{
    size_t n = trial->n_samples;
    plot->series[plot->n_series++] = (struct umm_svg_series){
        .name = "RSS", .seconds = columns->seconds, .bytes = columns->rss, .n = n};
    plot->series[plot->n_series++] = (struct umm_svg_series){.name = "anonymous and shared",
                                                             .seconds = columns->sound_seconds,
                                                             .bytes = columns->growing,
                                                             .n = columns->n_sound};
    if (trial->growth.is_known)
        plot->series[plot->n_series++] = (struct umm_svg_series){.name = "growth",
                                                                 .seconds = columns->line_seconds,
                                                                 .bytes = columns->line_bytes,
                                                                 .n = 2,
                                                                 .is_dashed = true};
}

static void add_verdicts(struct umm_svg_plot *plot, const struct umm_trial_report *report,
                         char limits[][LIMIT_ROOM])
{
    static const enum umm_svg_tone tones[] = {UMM_SVG_GOOD, UMM_SVG_BAD, UMM_SVG_PLAIN};
    char size[UMM_SIZE_TEXT_MAX];
    for (size_t i = 0; i < report->n_verdicts && plot->n_notes < UMM_SVG_NOTES_MAX; i++) {
        const struct umm_verdict *v = &report->verdicts[i];
        plot->notes[plot->n_notes++] =
            (struct umm_svg_note){.tone = tones[v->word], .text = v->text};
        if (v->kind != UMM_VERDICT_RSS && v->kind != UMM_VERDICT_PSS)
            continue;
        char *limit = limits[plot->n_limits];
        snprintf(limit, LIMIT_ROOM, "%s at most %s", v->kind == UMM_VERDICT_RSS ? "RSS" : "PSS",
                 umm_size_format(size, v->at_most));
        plot->limits[plot->n_limits++] = (struct umm_svg_limit){.name = limit, .bytes = v->at_most};
    }
}

/* About as many bytes as the plot is wide. */
enum { TITLE_ROOM = 84 };

/* The command's text, which is printable; cut between characters. */
static void cut_title(char title[TITLE_ROOM], const char *command)
{
    static const char dots[] = "...";
    size_t len = strlen(command), cut = TITLE_ROOM - sizeof dots;
    if (len < TITLE_ROOM) {
        memcpy(title, command, len + 1);
        return;
    }
    while (cut > 0 && ((unsigned char)command[cut] & 0xc0) == 0x80)
        cut--;
    memcpy(title, command, cut);
    memcpy(title + cut, dots, sizeof dots);
}

enum umm_status umm_trial_report_svg(const struct umm_trial_report *report, char **text,
                                     size_t *len_bytes, struct umm_error *err)
{
    const struct umm_trial *trial = report->trial;
    const struct umm_growth *growth = &trial->growth;
    struct columns columns = {0};
    struct sizes s;
    char title[TITLE_ROOM], subtitle[160], limits[2][LIMIT_ROOM];
    struct umm_svg_plot plot = {.title = title,
                                .subtitle = subtitle,
                                .seconds = seconds_of(trial),
                                .shaded_seconds = report->warmup_seconds};
    if (!fill_columns(&columns, trial))
        return umm_error_set_memory(err, trial->n_samples * sizeof *columns.seconds, "a plot");
    cut_title(title, report->command);
    snprintf(subtitle, sizeof subtitle, "%.3f s, peak RSS %s, exit code %d", seconds_of(trial),
             umm_size_format(s.text[0], (double)trial->peak_rss_bytes), trial->exit_code);
    if (growth->is_known)
        umm_line_add(subtitle, sizeof subtitle, "; growth %s, %s/s",
                     umm_size_format_change(s.text[1], growth->bytes),
                     umm_size_format_change(s.text[2], per_second(growth, growth->bytes)));
    add_series(&plot, &columns, trial);
    add_verdicts(&plot, report, limits);
    enum umm_status status = umm_svg_print(&plot, text, len_bytes, err);
    free(columns.seconds);
    return status;
}
