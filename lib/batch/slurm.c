/* SPDX-License-Identifier: MIT */
#include "batch/slurm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "child/children.h"
#include "sys/file.h"
#include "text/textbuf.h"

/* ---- a command --------------------------------------------------------------------- */

/* Where a command's output and messages go, and what it ended with. */
struct spoken {
    int out_fd, error_fd;
    char *out, *error;
    int exit_code;
};

static void close_spoken(struct spoken *spoken)
{
    umm_file_close(&spoken->out_fd);
    umm_file_close(&spoken->error_fd);
    free(spoken->out);
    free(spoken->error);
}

static enum umm_status wait_for(struct umm_children *children, uint32_t pid, struct umm_run *run,
                                struct umm_children_end *end, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    bool is_killed = false;
    for (;;) {
        umm_children_take_signals(children);
        while (umm_children_reap(end))
            if (end->pid == pid)
                return status;
        if (!status && (children->n_endings > 0 || umm_run_is_cancelled(run)))
            status = umm_error_set_cancelled(err);
        if (status && !is_killed)
            is_killed = umm_children_end_group(pid, true);
        const enum umm_status waited =
            umm_file_wait(children->signal_fd, "a command", false, is_killed ? NULL : run, NULL);
        if (waited && waited != UMM_ERR_CANCELLED)
            return umm_error_set(err, waited, "cannot wait for a command");
    }
}

static enum umm_status read_text(int fd, const char *name, char **text, struct umm_error *err)
{
    const size_t most = 64 << 20;
    void *bytes = NULL;
    size_t len;
    enum umm_status status = umm_file_seek(fd, name, 0, err);
    if (!status)
        status = umm_file_read_whole_fd(fd, name, most, &bytes, &len, err);
    *text = bytes;
    return status;
}

static enum umm_status run_children(struct umm_children *children, const struct umm_slurm *slurm,
                                    const char *const *argv, struct spoken *spoken,
                                    struct umm_error *err)
{
    struct umm_children_end end = {.exit_code = 0};
    struct umm_children_command command = {.argv = (char *const *)(uintptr_t)argv,
                                           .envp = slurm->envp,
                                           .input_fd = -1,
                                           .output_fd = spoken->out_fd,
                                           .error_fd = spoken->error_fd};
    uint32_t pid;
    bool is_command;
    enum umm_status status = umm_file_open_read("/dev/null", &command.input_fd, NULL, err);
    if (!status)
        status = umm_children_start(children, &command, &pid, &is_command, err);
    umm_file_close(&command.input_fd);
    if (!status)
        status = wait_for(children, pid, slurm->run, &end, err);
    spoken->exit_code = end.signal ? 128 + end.signal : end.exit_code;
    return status;
}

/* Run it to its end; what it says is in *spoken, to be closed in any case. */
static enum umm_status run_command(const struct umm_slurm *slurm, const char *const *argv,
                                   struct spoken *spoken, struct umm_error *err)
{
    const char *scratch_dir = slurm->scratch_dir ? slurm->scratch_dir : "/tmp";
    struct umm_children children = {.is_open = false};
    *spoken = (struct spoken){.out_fd = -1, .error_fd = -1};
    enum umm_status status = umm_file_scratch(scratch_dir, &spoken->out_fd, err);
    if (!status)
        status = umm_file_scratch(scratch_dir, &spoken->error_fd, err);
    if (!status)
        status = umm_children_open(&children, err);
    if (!status)
        status = run_children(&children, slurm, argv, spoken, err);
    umm_children_close(&children);
    umm_children_raise_ending(&children);
    if (!status)
        status = read_text(spoken->out_fd, argv[0], &spoken->out, err);
    if (!status)
        status = read_text(spoken->error_fd, argv[0], &spoken->error, err);
    if (status || spoken->exit_code == 0)
        return status;
    char shown[4 * UMM_EXCERPT_MAX];
    umm_escape(shown, sizeof shown, spoken->error, strcspn(spoken->error, "\n"));
    return umm_error_set(err, UMM_ERR_SYSTEM, "%s ended with %d: %s", argv[0], spoken->exit_code,
                         shown);
}

static enum umm_status refuse_text(const char *command, const char *text, struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    return umm_error_set(err, UMM_ERR_DATA, "%s printed what Slurm does not: \"%s\"", command,
                         umm_escape(shown, sizeof shown, text, strcspn(text, "\n")));
}

/* The decimal number that begins there, of 18 digits at most, and what comes after it. */
static bool take_number(const char *text, uint64_t *number, const char **end)
{
    const size_t n = strspn(text, "0123456789");
    *number = 0;
    for (size_t i = 0; i < n && n <= 18; i++)
        *number = *number * 10 + (uint64_t)(text[i] - '0');
    *end = text + n;
    return n > 0 && n <= 18;
}

/* ---- the commands ------------------------------------------------------------------- */

enum umm_status umm_slurm_most_tasks(const struct umm_slurm *slurm, uint64_t *n_tasks,
                                     struct umm_error *err)
{
    static const char *const argv[] = {"scontrol", "show", "config", NULL};
    static const char name[] = "\nMaxArraySize";
    struct spoken spoken;
    const char *end;
    enum umm_status status = run_command(slurm, argv, &spoken, err);
    const char *at = status ? NULL : strstr(spoken.out, name);
    if (at)
        at += strlen(name) + strspn(at + strlen(name), " =");
    if (!status && (!at || !take_number(at, n_tasks, &end) || *n_tasks == 0))
        status = refuse_text(argv[0], at ? at : spoken.out, err);
    close_spoken(&spoken);
    return status;
}

/* directory/%a and ending, malloc'ed, with a % in its name twice, as sbatch wants it. */
static enum umm_status make_pattern(const char *option, const char *directory, const char *ending,
                                    char **pattern, struct umm_error *err)
{
    struct umm_textbuf buf = {.text = NULL};
    size_t len;
    umm_textbuf_add(&buf, "%s", option);
    for (const char *at = directory; *at; at++) {
        umm_textbuf_add_bytes(&buf, at, 1);
        if (*at == '%')
            umm_textbuf_add_bytes(&buf, at, 1);
    }
    umm_textbuf_add(&buf, "/%%a%s", ending);
    return umm_textbuf_take(&buf, pattern, &len, err);
}

static enum umm_status submit(const struct umm_slurm *slurm, const struct umm_slurm_array *array,
                              char *out, char *error, uint64_t *job, struct umm_error *err)
{
    enum { OWN_WORDS = 8 };
    char tasks[48];
    size_t n_options = 0, n = 0;
    struct spoken spoken;
    const char *end = "";
    snprintf(tasks, sizeof tasks, "--array=0-%" PRIu64, array->n_tasks - 1);
    while (array->options[n_options])
        n_options++;
    const char **argv = calloc(OWN_WORDS + n_options + 2, sizeof *argv);
    if (!argv)
        return umm_error_set_memory(err, (OWN_WORDS + n_options + 2) * sizeof *argv, "arguments");
    const char *const own[OWN_WORDS] = {
        "sbatch", "--parsable", "--requeue", "--open-mode=append", "--job-name=batches",
        out,      error,        tasks};
    for (; n < OWN_WORDS; n++)
        argv[n] = own[n];
    for (size_t i = 0; i < n_options; i++)
        argv[n++] = array->options[i];
    argv[n] = array->script;
    enum umm_status status = run_command(slurm, argv, &spoken, err);
    if (!status && !take_number(spoken.out, job, &end))
        status = refuse_text(argv[0], spoken.out, err);
    close_spoken(&spoken);
    free((void *)argv);
    return status;
}

enum umm_status umm_slurm_submit(const struct umm_slurm *slurm, const struct umm_slurm_array *array,
                                 uint64_t *job, struct umm_error *err)
{
    char *out = NULL, *error = NULL;
    if (strchr(array->directory, '\\'))
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, array->directory,
                                  "Slurm does not take a backslash in the name");
    enum umm_status status = make_pattern("--output=", array->directory, ".out", &out, err);
    if (!status)
        status = make_pattern("--error=", array->directory, ".err", &error, err);
    if (!status)
        status = submit(slurm, array, out, error, job, err);
    free(out);
    free(error);
    return status;
}

/* Without SQUEUE_STATES and the like, which would hide jobs; the words are borrowed. */
static char **plain_environment(char *const *envp)
{
    static const char prefix[] = "SQUEUE_";
    size_t n = 0, at = 0;
    while (envp[n])
        n++;
    char **plain = calloc(n + 1, sizeof *plain);
    for (size_t i = 0; plain && i < n; i++)
        if (strncmp(envp[i], prefix, strlen(prefix)) != 0)
            plain[at++] = envp[i];
    return plain;
}

/* Whether a task in that state stays in it. */
static bool is_over(const char *state, size_t len)
{
    static const char *const states[] = {"BOOT_FAIL", "CANCELLED",    "COMPLETED", "DEADLINE",
                                         "FAILED",    "NODE_FAIL",    "PREEMPTED", "REVOKED",
                                         "TIMEOUT",   "OUT_OF_MEMORY"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strlen(states[i]) == len && memcmp(states[i], state, len) == 0)
            return true;
    return false;
}

enum umm_status umm_slurm_is_active(const struct umm_slurm *slurm, uint64_t job, bool *is_active,
                                    struct umm_error *err)
{
    /*
     * Not of the job alone: one that Slurm has forgotten would be an error. And of all states: a
     * task that is ended to be begun again has one that is not shown otherwise.
     */
    static const char *const argv[] = {"squeue",       "--noheader",     "--me",
                                       "--states=all", "--format=%F %T", NULL};
    struct spoken spoken;
    char **plain = plain_environment(slurm->envp);
    const struct umm_slurm plainly = {plain, slurm->scratch_dir, slurm->run};
    if (!plain)
        return umm_error_set_memory(err, sizeof *plain, "an environment");
    enum umm_status status = run_command(&plainly, argv, &spoken, err);
    *is_active = false;
    for (const char *at = spoken.out, *end; !status && *at; at = end + (*end == '\n')) {
        const size_t len = strcspn(at, "\n");
        uint64_t number;
        if (!take_number(at, &number, &end) || *end != ' ')
            status = refuse_text(argv[0], at, err);
        else if (number == job && !is_over(end + 1, (size_t)(at + len - end - 1)))
            *is_active = true;
        end = at + len;
    }
    close_spoken(&spoken);
    free((void *)plain);
    return status;
}
