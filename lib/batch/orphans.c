/* SPDX-License-Identifier: MIT */
#include "batch/orphans.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "child/child.h"
#include "child/children.h"
#include "probe/process.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/procfs.h"
#include "sys/random.h"

static const uint64_t ASK_NS = 2000000000, GIVE_UP_NS = 10000000000, STEP_NS = 5000000;

void umm_orphans_mark(uint64_t mark, char text[UMM_BATCH_MARK_MAX])
{
    snprintf(text, UMM_BATCH_MARK_MAX, UMM_BATCH_MARK_NAME "=%016" PRIx64, mark);
}

enum umm_status umm_orphans_runner(struct umm_batch_runner *runner, struct umm_error *err)
{
    struct umm_procfs_text text = {0};
    struct umm_file_info info = {.inode = 0};
    *runner =
        (struct umm_batch_runner){.session = umm_children_session(), .mark = umm_random_key()};
    enum umm_status status =
        umm_procfs_read(UMM_PROCFS_CWD, "/proc/sys/kernel/random/boot_id", &text, err);
    if (!status)
        status = umm_file_stat("/proc/self/ns/pid", &info, err);
    if (!status) {
        const size_t n = strspn(text.bytes, "0123456789abcdef-");
        snprintf(runner->boot, sizeof runner->boot, "%.*s", (int)(n < 39 ? n : 39), text.bytes);
        if (n == 0)
            snprintf(runner->boot, sizeof runner->boot, "-");
        runner->pid_namespace = info.inode;
    }
    umm_procfs_text_free(&text);
    return status;
}

/* ---- which they are -------------------------------------------------------------- */

static bool has_mark(uint32_t pid, const char *mark, struct umm_procfs_text *text)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/environ", pid);
    if (umm_procfs_read(UMM_PROCFS_CWD, path, text, NULL))
        return false;
    for (size_t at = 0; at < text->len_bytes; at += strlen(text->bytes + at) + 1)
        if (strcmp(text->bytes + at, mark) == 0)
            return true;
    return false;
}

static bool is_in_flight(const struct umm_batchjournal_past *past, const struct umm_process_id *id)
{
    for (size_t i = 0; i < past->n_flights; i++) {
        const struct umm_batch_flight *flight = &past->flights[i];
        /* A tick is cut, not rounded. */
        const bool is_after = id->start_ticks + 1 >= flight->from_ticks;
        const bool is_leader = id->pid == flight->pid;
        if (id->group == flight->pid && id->session == past->runner.session && is_after &&
            (!is_leader || id->start_ticks <= flight->until_ticks + 1))
            return true;
    }
    return false;
}

enum deed { LOOK, ASK, KILL };

/* Do that to those that are there now; *one is one of them, and *n how many. */
static enum umm_status each(const struct umm_batchjournal_past *past, enum deed deed, uint32_t *one,
                            uint64_t *n, struct umm_error *err)
{
    char mark[UMM_BATCH_MARK_MAX];
    struct umm_procfs_text text = {0};
    struct umm_process_id *list = NULL;
    size_t n_all;
    *n = 0;
    umm_orphans_mark(past->runner.mark, mark);
    const enum umm_status status = umm_process_list(NULL, &list, &n_all, err);
    for (size_t i = 0; !status && i < n_all; i++) {
        const struct umm_process_id *id = &list[i];
        if (id->is_kernel_thread || id->state == 'Z' || id->state == 'X' ||
            id->pid == umm_child_self())
            continue;
        if (is_in_flight(past, id) || has_mark(id->pid, mark, &text)) {
            if (deed != LOOK)
                umm_child_end(id->pid, deed == KILL);
            *one = id->pid;
            ++*n;
        }
    }
    umm_procfs_text_free(&text);
    free(list);
    return status;
}

enum umm_status umm_orphans_end(const struct umm_batchjournal_past *past,
                                const struct umm_batch_runner *self, const struct umm_run *run,
                                uint64_t *n, struct umm_error *err)
{
    const uint64_t begun_ns = umm_clock_monotonic_ns();
    *n = 0;
    if (!past->is_running || strcmp(past->runner.boot, self->boot) != 0 ||
        past->runner.pid_namespace != self->pid_namespace)
        return UMM_OK;
    for (enum deed deed = ASK;; deed = LOOK) {
        const uint64_t passed_ns = umm_clock_monotonic_ns() - begun_ns;
        uint64_t n_now;
        uint32_t one = 0;
        const enum umm_status status =
            each(past, passed_ns >= ASK_NS ? KILL : deed, &one, &n_now, err);
        if (status || n_now == 0)
            return status;
        *n = n_now > *n ? n_now : *n;
        if (passed_ns >= GIVE_UP_NS)
            return umm_error_set(err, UMM_ERR_BUSY,
                                 "process %" PRIu32 ", which a killed run left, does not end", one);
        if (umm_run_is_cancelled(run))
            return umm_error_set_cancelled(err);
        umm_clock_sleep_until(umm_clock_monotonic_ns() + STEP_NS, run);
    }
}
