/* SPDX-License-Identifier: MIT */
#include "watch/watchcommand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"

enum { CANNOT_RUN = 126, NOT_FOUND = 127 };

enum umm_status umm_watchcommand_open(struct umm_watchcommand *command, char **argv, char **envp,
                                      const char *scratch_dir, size_t n_max, struct umm_error *err)
{
    *command = (struct umm_watchcommand){.argv = argv,
                                         .envp = envp,
                                         .scratch_dir = scratch_dir ? scratch_dir : "/tmp",
                                         .n_max = n_max ? n_max : UMM_WATCH_BATCH_DEFAULT};
    command->batch = malloc(command->n_max * UMM_LOOK_LINE_MAX);
    if (!command->batch)
        return umm_error_set_memory(err, command->n_max * UMM_LOOK_LINE_MAX, "a batch");
    return UMM_OK;
}

void umm_watchcommand_close(struct umm_watchcommand *command)
{
    umm_child_close(&command->child);
    free(command->batch);
    command->batch = NULL;
}

static enum umm_status write_input(const struct umm_watchcommand *command, int *fd,
                                   struct umm_error *err)
{
    enum umm_status status = umm_file_scratch(command->scratch_dir, fd, err);
    if (!status)
        status =
            umm_file_write_all(*fd, command->scratch_dir, command->batch, command->len_bytes, err);
    if (!status)
        status = umm_file_seek(*fd, command->scratch_dir, 0, err);
    return status;
}

enum umm_status umm_watchcommand_start(struct umm_watchcommand *command, struct umm_error *err)
{
    struct umm_error own = {.status = UMM_OK};
    bool is_command = false;
    int fd = -1;
    enum umm_status status = write_input(command, &fd, &own);
    const struct umm_child_command what = {
        .argv = command->argv, .envp = command->envp, .has_input = true, .input_fd = fd};
    if (!status)
        status = umm_child_open(&command->child, &what, &is_command, &own);
    umm_file_close(&fd);
    if (status && is_command)
        command->exit_code = own.sys_errno == ENOENT ? NOT_FOUND : CANNOT_RUN;
    if (status && err)
        *err = own;
    command->is_running = !status;
    command->n_runs += command->is_running;
    command->n = command->len_bytes = 0;
    return status;
}

enum umm_status umm_watchcommand_wait(struct umm_watchcommand *command, uint64_t timeout_ns,
                                      struct umm_error *failed, struct umm_error *err)
{
    enum umm_status status = umm_child_wait(&command->child, timeout_ns, err);
    if (status || !command->child.has_ended)
        return status;
    const int code = umm_child_exit_code(&command->child),
              number = umm_child_signal(&command->child);
    umm_child_close(&command->child);
    command->is_running = false;
    command->n_failed += code != 0;
    if (code != 0 && number)
        (void)umm_error_set_path(failed, UMM_ERR_SYSTEM, command->argv[0], "ended by signal %d",
                                 number);
    else if (code != 0)
        (void)umm_error_set_path(failed, UMM_ERR_SYSTEM, command->argv[0],
                                 "ended with exit code %d", code);
    umm_child_raise_ending(&command->child);
    return UMM_OK;
}
