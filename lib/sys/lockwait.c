/* SPDX-License-Identifier: MIT */
#include "sys/lockwait.h"

#include "base/error.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/procfs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static const uint64_t LIMIT_NS = UINT64_C(3600000000000); /* unless a run says another */

/* Between two tries: from 1 ms, doubling, to 100 ms. */
enum {
    NS_PER_MS = 1000000,
    MS_PER_S = 1000,
    DELAY_MIN_NS = NS_PER_MS,
    DELAY_MAX_NS = 100 * NS_PER_MS
};

/* ---- the holder ------------------------------------------------------------ */

enum { HOLDER_MAX = 128 };

/*
 * The number of the process that took the lock of the file st is of, 0 for none. A line of
 * /proc/locks is "1: FLOCK  ADVISORY  WRITE 4711 fe:00:1234 0 EOF"; one that waits has "->".
 */
static uint32_t find_pid(const struct stat *st)
{
    struct umm_procfs_text text = {0};
    char file[64];
    uint64_t pid = 0;
    snprintf(file, sizeof file, " %02x:%02x:%" PRIu64 " ", major(st->st_dev), minor(st->st_dev),
             (uint64_t)st->st_ino);
    if (umm_procfs_read(UMM_PROCFS_CWD, "/proc/locks", &text, NULL) != UMM_OK)
        text.len_bytes = 0;
    for (const char *line = text.len_bytes ? text.bytes : ""; *line && !pid;) {
        const char *next = umm_procfs_next_line(line), *found = strstr(line, file), *number = found;
        const char *kind = strstr(line, ": FLOCK ");
        if (found && found < next && kind && kind < found) {
            while (number > line && number[-1] != ' ')
                number--;
            (void)!umm_procfs_number(&number, &pid);
        }
        line = next;
    }
    umm_procfs_text_free(&text);
    return pid <= UINT32_MAX ? (uint32_t)pid : 0;
}

/* False when the process certainly has not got the file: its number is a later one's. */
static bool may_have(int proc_fd, const struct stat *file)
{
    uint32_t *fds = NULL;
    size_t n = 0;
    if (umm_procfs_list(proc_fd, "fd", &fds, &n, NULL) != UMM_OK)
        return true; /* another user's, at which we may not look */
    bool has = false;
    for (size_t i = 0; i < n && !has; i++) {
        char name[32];
        struct stat st;
        snprintf(name, sizeof name, "fd/%" PRIu32, fds[i]);
        has = fstatat(proc_fd, name, &st, 0) == 0 && st.st_dev == file->st_dev &&
              st.st_ino == file->st_ino;
    }
    free(fds);
    return has;
}

/* ": umm-convert, pid 4711"; empty when it is not known. */
static void describe(const struct stat *file, char out[HOLDER_MAX])
{
    struct umm_procfs_text name = {0};
    struct stat st;
    char path[32], shown[UMM_EXCERPT_MAX] = "", user[48] = "";
    int fd = -1;
    uint32_t pid = find_pid(file);
    out[0] = '\0';
    snprintf(path, sizeof path, "/proc/%" PRIu32, pid);
    if (!pid || pid == (uint32_t)getpid() ||
        umm_procfs_open(UMM_PROCFS_CWD, path, &fd, NULL) != UMM_OK)
        return;
    if (may_have(fd, file) && umm_procfs_read(fd, "comm", &name, NULL) == UMM_OK &&
        fstat(fd, &st) == 0) {
        umm_escape(shown, sizeof shown, name.bytes, strcspn(name.bytes, "\n"));
        if (st.st_uid != geteuid())
            snprintf(user, sizeof user, ", of another user (uid %u)", (unsigned)st.st_uid);
        snprintf(out, HOLDER_MAX, ": %s, pid %" PRIu32 "%s", shown, pid, user);
    }
    umm_procfs_text_free(&name);
    umm_file_close(&fd);
}

static enum umm_status refuse(int fd, const char *path, const char *waited, struct umm_error *err)
{
    struct stat st;
    char holder[HOLDER_MAX] = "";
    if (fstat(fd, &st) == 0)
        describe(&st, holder);
    return umm_error_set_path(err, UMM_ERR_BUSY, path, "is %slocked by another process%s%s",
                              *waited ? "still " : "", waited, holder);
}

/* ---- how long -------------------------------------------------------------- */

uint64_t umm_lockwait_limit_ns(const struct umm_run *run)
{
    for (; run; run = run->cancel_with)
        if (run->lock_limit_ns)
            return run->lock_limit_ns;
    return LIMIT_NS;
}

static enum umm_status give_up(uint64_t limit_ns, int fd, const char *path, struct umm_error *err)
{
    char waited[64];
    const uint64_t ms = limit_ns / NS_PER_MS;
    const bool is_s = ms >= MS_PER_S && ms % MS_PER_S == 0;
    snprintf(waited, sizeof waited, " after %" PRIu64 " %s", is_s ? ms / MS_PER_S : ms,
             is_s ? "s" : "ms");
    return refuse(fd, path, waited, err);
}

/* A wait; all zero when it begins. */
struct wait {
    uint64_t began_ns, delay_ns;
};

/* Between two tries. A signal ends it early, as it should. */
static enum umm_status sleep_between(struct wait *wait, int fd, const char *path,
                                     const struct umm_run *run, struct umm_error *err)
{
    const uint64_t now = umm_clock_monotonic_ns(), limit = umm_lockwait_limit_ns(run);
    if (!wait->began_ns)
        *wait = (struct wait){now, DELAY_MIN_NS};
    const uint64_t waited = now - wait->began_ns;
    if (waited >= limit)
        return give_up(limit, fd, path, err);
    const uint64_t left = limit - waited, delay = wait->delay_ns < left ? wait->delay_ns : left;
    (void)nanosleep(&(struct timespec){.tv_nsec = (long)delay}, NULL);
    wait->delay_ns = wait->delay_ns < DELAY_MAX_NS / 2 ? 2 * wait->delay_ns : DELAY_MAX_NS;
    return UMM_OK;
}

/* ---- taking ---------------------------------------------------------------- */

int umm_lockwait_flock(int fd)
{
    int rc;
    do
        rc = flock(fd, LOCK_EX | LOCK_NB);
    while (rc < 0 && errno == EINTR);
    return rc;
}

enum umm_status umm_lockwait_try_fd(void *fd, const char *path, int *holder_fd,
                                    struct umm_error *err)
{
    const int own = *(const int *)fd, rc = umm_lockwait_flock(own);
    *holder_fd = rc < 0 && errno == EWOULDBLOCK ? own : -1;
    return rc < 0 && *holder_fd < 0 ? umm_error_set_errno(err, errno, path, "cannot lock") : UMM_OK;
}

/* Not one long flock: a signal just before it would be lost. */
enum umm_status umm_lockwait_take(umm_lockwait_try *attempt, void *user, const char *path,
                                  bool is_waiting, const struct umm_run *run, struct umm_error *err)
{
    struct wait wait = {0};
    int holder_fd;
    for (;;) {
        if (umm_run_is_cancelled(run))
            return umm_error_set_cancelled(err);
        enum umm_status status = attempt(user, path, &holder_fd, err);
        if (status || holder_fd < 0)
            return status;
        if (!is_waiting)
            return refuse(holder_fd, path, "", err);
        status = sleep_between(&wait, holder_fd, path, run, err);
        if (status)
            return status;
    }
}
