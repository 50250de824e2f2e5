/* SPDX-License-Identifier: MIT */
#include "pool/pool_ledger.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/hash.h"
#include "pool/pool_names.h"
#include "sys/clock.h"
#include "sys/directory.h"
#include "sys/file.h"

enum {
    /* A file that is read-only and was left alone for so long is taken for complete. */
    SETTLED_MS = 2000,
    NS_PER_MS = 1000000,
    /* A list costs about as much as one put for each so many files: it is a small part of them. */
    TRUSTS_MIN = 256,
    FILES_PER_TRUST = 8,
    WRITE_BITS = 0222
};

/* The file; each name with its NUL follows. All of it is of one machine. */
struct head {
    char magic[8];
    uint64_t checksum; /* of what comes after it */
    int64_t mark_ns;
    uint64_t settled_bytes, n_settled, n_trusts;
    uint64_t n_names, names_bytes;
};

enum { NAMES_BYTES_MAX = UMM_POOL_LEDGER_NAMES_MAX * (UMM_OUTFILE_NAME_MAX + 1) };

struct image {
    struct head head;
    char names[NAMES_BYTES_MAX];
};

static const char magic[8] = "ummldgr1";

static uint64_t checksum_of(const struct image *image)
{
    const size_t from = offsetof(struct head, mark_ns);
    return umm_hash64((const char *)image + from,
                      sizeof image->head - from + (size_t)image->head.names_bytes, 0);
}

/* ---- reading ---------------------------------------------------------------------- */

/* Whether image, of which n_bytes are there, is a ledger of the directory as it is. */
static bool is_sound(const struct umm_pool *pool, const struct image *image, size_t n_bytes)
{
    const struct head *head = &image->head;
    return n_bytes >= sizeof *head && memcmp(head->magic, magic, sizeof magic) == 0 &&
           head->n_names <= UMM_POOL_LEDGER_NAMES_MAX && head->names_bytes <= NAMES_BYTES_MAX &&
           head->names_bytes <= n_bytes - sizeof *head && head->checksum == checksum_of(image) &&
           head->mark_ns == umm_directory_mark(pool->fd) &&
           head->n_trusts < TRUSTS_MIN + head->n_settled / FILES_PER_TRUST;
}

/* Names are read as they were written, or not at all. */
static bool take_names(struct umm_pool_ledger *ledger, const struct image *image)
{
    const char *at = image->names, *const end = at + image->head.names_bytes;
    for (; ledger->n_names < image->head.n_names; ledger->n_names++) {
        const size_t len = strnlen(at, (size_t)(end - at));
        if (len == (size_t)(end - at) || len > UMM_OUTFILE_NAME_MAX)
            return false;
        memcpy(ledger->names[ledger->n_names], at, len + 1);
        at += len + 1;
    }
    return at == end;
}

void umm_pool_ledger_load(const struct umm_pool *pool, struct umm_pool_ledger *ledger)
{
    struct image image;
    struct umm_file_info info;
    size_t n = 0;
    int fd;
    ledger->is_sound = false;
    ledger->n_names = 0;
    if (umm_directory_open_file(pool->fd, pool->path, UMM_POOL_LEDGER, &fd, &info, NULL) != UMM_OK)
        return;
    n = info.size_bytes < sizeof image ? (size_t)info.size_bytes : sizeof image;
    const enum umm_status status = umm_file_pread_all(fd, pool->path, &image, n, 0, NULL);
    umm_file_close(&fd);
    if (status || !is_sound(pool, &image, n) || !take_names(ledger, &image)) {
        ledger->n_names = 0;
        return;
    }
    ledger->settled_bytes = image.head.settled_bytes;
    ledger->n_settled = image.head.n_settled;
    ledger->n_trusts = image.head.n_trusts;
    ledger->is_sound = true;
}

/* ---- counting --------------------------------------------------------------------- */

static void drop_name(struct umm_pool_ledger *ledger, size_t i)
{
    ledger->n_names--;
    memmove(ledger->names[i], ledger->names[i + 1],
            (ledger->n_names - i) * sizeof ledger->names[0]);
}

/* What the files that are listed by name take now. Those that are gone are dropped. */
static enum umm_status count_names(const struct umm_pool *pool, struct umm_pool_ledger *ledger,
                                   uint64_t *bytes, struct umm_error *err)
{
    *bytes = 0;
    for (size_t i = 0; i < ledger->n_names;) {
        struct umm_file_info info;
        const char *name = ledger->names[i];
        struct umm_error look_err = {.status = UMM_OK};
        bool is_gone = umm_outfile_is_temp(name) && umm_outfile_remove_temp(pool->fd, name);
        enum umm_status status =
            is_gone ? UMM_OK : umm_file_look_at(pool->fd, name, pool->path, &info, &look_err);
        is_gone |= status && look_err.sys_errno == ENOENT;
        if (status && !is_gone) {
            if (err)
                *err = look_err;
            return status;
        }
        if (is_gone) {
            drop_name(ledger, i);
            continue;
        }
        *bytes += info.size_bytes;
        i++;
    }
    return UMM_OK;
}

static enum umm_status count_all(const struct umm_pool *pool, struct umm_pool_ledger *ledger,
                                 uint64_t *bytes, struct umm_error *err)
{
    struct umm_pool_scan scan;
    const int64_t now_ns = umm_clock_realtime_ns();
    enum umm_status status = umm_pool_scan_locked(pool, &scan, err);
    if (status)
        return status;
    *bytes = scan.used_bytes + scan.writing_bytes;
    *ledger = (struct umm_pool_ledger){.is_sound = true};
    for (size_t i = 0; i < scan.n_entries; i++) {
        const struct umm_pool_entry *entry = &scan.entries[i];
        char file[UMM_POOL_FILE_MAX];
        const int64_t age_ns = now_ns - entry->modified_ns;
        if ((entry->mode & WRITE_BITS) == 0 && age_ns > (int64_t)SETTLED_MS * NS_PER_MS)
            umm_pool_ledger_settle(ledger, entry->size_bytes);
        else if (umm_pool_file_name(entry->key, file, NULL) == UMM_OK)
            umm_pool_ledger_note(ledger, file);
        else
            ledger->is_sound = false;
    }
    for (size_t i = 0; i < scan.n_writers; i++)
        umm_pool_ledger_note(ledger, scan.writers[i]);
    umm_pool_scan_free(&scan);
    return UMM_OK;
}

enum umm_status umm_pool_ledger_count(const struct umm_pool *pool, struct umm_pool_ledger *ledger,
                                      uint64_t *used_bytes, struct umm_error *err)
{
    uint64_t bytes;
    umm_pool_ledger_load(pool, ledger);
    if (!ledger->is_sound)
        return count_all(pool, ledger, used_bytes, err);
    enum umm_status status = count_names(pool, ledger, &bytes, err);
    *used_bytes = ledger->settled_bytes + bytes;
    ledger->n_trusts++;
    return status;
}

/* ---- changes ---------------------------------------------------------------------- */

void umm_pool_ledger_note(struct umm_pool_ledger *ledger, const char *name)
{
    const size_t len = strlen(name);
    if (ledger->n_names == UMM_POOL_LEDGER_NAMES_MAX || len > UMM_OUTFILE_NAME_MAX)
        ledger->is_sound = false;
    if (!ledger->is_sound)
        return;
    memcpy(ledger->names[ledger->n_names++], name, len + 1);
}

void umm_pool_ledger_settle(struct umm_pool_ledger *ledger, uint64_t size_bytes)
{
    ledger->settled_bytes += size_bytes;
    ledger->n_settled++;
}

void umm_pool_ledger_forget(struct umm_pool_ledger *ledger, const char *name, uint64_t size_bytes)
{
    for (size_t i = 0; i < ledger->n_names; i++) {
        if (strcmp(ledger->names[i], name) != 0)
            continue;
        drop_name(ledger, i);
        return;
    }
    if (umm_outfile_is_temp(name) || ledger->n_settled == 0 || ledger->settled_bytes < size_bytes) {
        ledger->is_sound = false; /* it is of another directory, or that file grew */
        return;
    }
    ledger->settled_bytes -= size_bytes;
    ledger->n_settled--;
}

void umm_pool_ledger_store(const struct umm_pool *pool, const struct umm_pool_ledger *ledger)
{
    struct image image = {.head = {.settled_bytes = ledger->settled_bytes,
                                   .n_settled = ledger->n_settled,
                                   .n_trusts = ledger->n_trusts,
                                   .n_names = ledger->n_names}};
    int fd = -1;
    if (!ledger->is_sound)
        return;
    umm_directory_open_note(pool->fd, UMM_POOL_LEDGER, &fd);
    if (fd < 0)
        return;
    memcpy(image.head.magic, magic, sizeof magic);
    for (size_t i = 0; i < ledger->n_names; i++) {
        const size_t size = strlen(ledger->names[i]) + 1;
        memcpy(image.names + image.head.names_bytes, ledger->names[i], size);
        image.head.names_bytes += size;
    }
    /* The mark comes last: until then the directory has none, and the ledger is not believed. */
    image.head.mark_ns = umm_directory_next_mark(pool->fd);
    image.head.checksum = checksum_of(&image);
    const size_t len = sizeof image.head + (size_t)image.head.names_bytes;
    enum umm_status status = umm_file_pwrite_all(fd, pool->path, &image, len, 0, NULL);
    if (!status)
        status = umm_file_truncate(fd, pool->path, len, NULL);
    const enum umm_status closed = umm_file_close_checked(&fd, pool->path, NULL);
    if (!status && !closed)
        umm_directory_set_mark(pool->fd, image.head.mark_ns);
}
