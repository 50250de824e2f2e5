/* SPDX-License-Identifier: MIT */
/*
 * outfile.h - the one way an output file is written: all of it, or not at all.
 *
 * A regular (or not yet existing) target is written to a temporary file in its
 * directory and renamed over the target at commit, so that readers and crashes
 * see the complete old file or the complete new one:
 *
 *     open                      write through the fd    commit
 *     .out.npy.umm-0            ...                     -> out.npy
 *     (mode 0600, flock'ed)                             (see below)
 *
 * The name is `.<base>.umm-<slot>`, slot being the first of 0 to 7 that is free
 * and base being cut when the name would not fit. It is locked while its writer
 * lives, so the next open of the same output, which looks at all eight, knows
 * which ones a killed writer left, and removes those; the directory is not
 * listed, its size costs nothing. Do not give files of your own such names.
 *
 * When all slots are taken (eight live writers, or files of other users) the
 * name is `.<base>.umm-<8 of a-z 0-9>`; one of those that a killed writer leaves
 * stays until umm_outfile_sweep. Hosts that write one output at once must share their locks (as NFS
 * does by default): else a writer may take the file of another, whose commit fails.
 *
 * A new file has mode 0666 & ~umask, or what the directory's ACL says. One that takes the
 * place of another has its rights, as rights.h says.
 *
 * Anything else that exists (FIFO, terminal, /dev/null, "-" for standard output)
 * is a stream: written through, never replaced. Where others write (a directory that its group or
 * all may write to, or of another user except root) it must belong to this user or root, as must
 * a link that leads to it: else UMM_ERR_CONFLICT, before it is opened.
 *
 * A symbolic link to a file in the link's own directory, existing or not, stays
 * and its target is replaced; one that leads out of its directory is refused.
 *
 * One object belongs to one thread at a time. The umask is not read or changed.
 */
#ifndef UMM_SYS_OUTFILE_H
#define UMM_SYS_OUTFILE_H

#include "sys/rights.h"
#include "umm.h"

enum { UMM_OUTFILE_NAME_MAX = 255 };

/*
 * Where an output really is: the open directory (O_PATH), and in it the name
 * after links. For standard output dir_fd is -1 and base empty.
 */
struct umm_outfile_place {
    int dir_fd;
    bool is_stream, is_fifo;
    bool is_magic;          /* base is a link of /proc to an open file, which no path may lead to */
    uint64_t device, inode; /* of a stream that has a name */
    char base[UMM_OUTFILE_NAME_MAX + 1];
};

/* An output being written. Private; all zero is "none". */
struct umm_outfile {
    bool is_open;
    bool is_mode_held; /* the file has mode 0600 in place of own.mode */
    bool is_prepared;  /* by umm_outfile_prepare */
    struct umm_rights_own own;
    uint64_t device, inode;
    int fd;
    const char *path; /* the caller's, for messages */
    struct umm_outfile_place place;
    char temp[UMM_OUTFILE_NAME_MAX + 1]; /* empty when there is no temporary */
};

/*
 * is_synced      what commit reports done survives a power cut: fsync of the
 *                file, and of its directory after the rename
 * is_if_changed  a regular target with the same bytes already is kept as it is,
 *                with its inode, mode and times; the new file is dropped. A foreign
 *                file (trust.h) is replaced all the same
 * mode           the permission bits of the new file, of which setuid, setgid and sticky are
 *                never set; 0 for those of the file that it replaces, or else 0666 & ~umask
 * model_fd       the open file whose rights the new one has, in place of those of the file that
 *                it replaces; NULL for none
 */
struct umm_outfile_options {
    bool is_synced;
    bool is_if_changed;
    unsigned mode;
    const int *model_fd;
};

/*
 * Begin the output path ("-": standard output). path must live until commit or
 * abort. Temporaries in this output's slots that killed writers left are removed;
 * that they cannot be is no error.
 *
 * Opening a FIFO waits for its reader, and looks a hundred times a second whether
 * run is cancelled: UMM_ERR_CANCELLED. With run NULL it does not wait: UMM_ERR_SYSTEM
 * with ENXIO. So are ENOENT about the directory when that is missing, and EISDIR for a
 * directory; UMM_ERR_ARGUMENT for a link out of its directory. *out is "none" afterwards.
 */
UMM_MUST_USE enum umm_status umm_outfile_open(struct umm_outfile *out, const char *path,
                                              const struct umm_run *run, struct umm_error *err);

/*
 * For many outputs in one directory: _sweep removes what killed writers left in dir, whatever the
 * output, at the cost of listing it once; _open_swept with is_swept then does not look again. False
 * if dir could not be listed.
 */
bool umm_outfile_sweep(const char *dir);
UMM_MUST_USE enum umm_status umm_outfile_open_swept(struct umm_outfile *out, const char *path,
                                                    bool is_swept, const struct umm_run *run,
                                                    struct umm_error *err);

/*
 * The same in the open directory dir_fd (borrowed, until open returns) under the name
 * base; path only names the output in messages. A base that exists and is no regular
 * file is UMM_ERR_CONFLICT: links are not followed.
 */
UMM_MUST_USE enum umm_status umm_outfile_open_in(struct umm_outfile *out, int dir_fd,
                                                 const char *base, const char *path,
                                                 struct umm_error *err);

/*
 * The descriptor to write to, -1 for none: open for reading too, and seekable,
 * unless the output is a stream. Borrowed; do not close it. Write streams with
 * umm_file_write_stream.
 */
int umm_outfile_fd(const struct umm_outfile *out);

/*
 * A descriptor for reading the regular file whose place the output is to take, -1 when there is
 * none, or a foreign one (trust.h) whose owner holds a lease on it. The caller closes it. Failures
 * as umm_file_open_error says; run may be NULL.
 */
UMM_MUST_USE enum umm_status umm_outfile_open_replaced(const struct umm_outfile *out,
                                                       const struct umm_run *run, int *fd,
                                                       struct umm_error *err);

/* Whether the output is written through, so that it can neither seek nor be undone. */
bool umm_outfile_is_stream(const struct umm_outfile *out);

/*
 * What was written so far survives a power cut, as far as the output can be synced: pipes and
 * terminals cannot, and that is no failure. For callers that note elsewhere what is out before the
 * commit, of a stream: a file of ours has no name until then. Nothing on "none".
 */
UMM_MUST_USE enum umm_status umm_outfile_sync(const struct umm_outfile *out, struct umm_error *err);

/*
 * All but the last step of a commit with these options, which comes later: the file is complete and
 * has its rights. For many outputs at once, whose caller syncs the file system before the commits.
 * Nothing for a stream.
 */
UMM_MUST_USE enum umm_status umm_outfile_prepare(struct umm_outfile *out,
                                                 const struct umm_outfile_options *options,
                                                 struct umm_error *err);

/*
 * End the output: put the file in place. options NULL means neither. *is_changed
 * (may be NULL) is false when is_if_changed kept the old file. On failure the
 * temporary is removed and the target is untouched, with one exception: when the
 * directory cannot be synced, the rename has already happened. A target that
 * became something other than a regular file meanwhile is UMM_ERR_CONFLICT.
 * *out is "none" afterwards in every case. Standard output is not closed.
 */
UMM_MUST_USE enum umm_status umm_outfile_commit(struct umm_outfile *out,
                                                const struct umm_outfile_options *options,
                                                bool *is_changed, struct umm_error *err);

/* Give the output up: remove the temporary, leave the target. Safe on "none". */
void umm_outfile_abort(struct umm_outfile *out);

/*
 * Find the place of the output path as umm_outfile_open does, without touching
 * it; failures as there. The caller closes dir_fd with umm_file_close.
 */
UMM_MUST_USE enum umm_status umm_outfile_locate(struct umm_outfile_place *place, const char *path,
                                                struct umm_error *err);

/* Whether a file of this name is the temporary of an output, by its form. */
bool umm_outfile_is_temp(const char *name);

/*
 * Remove the temporary name in dir_fd if its writer is dead. False when it is alive, or
 * when the file cannot be removed.
 */
bool umm_outfile_remove_temp(int dir_fd, const char *name);

/* Remove what killed writers of the output path left: for callers that write it in place. */
void umm_outfile_remove_stale(const char *path);

/*
 * Whether two outputs would take each other's place, or both be standard output;
 * false when a place cannot be found. Devices and FIFOs may be written by many.
 */
bool umm_outfile_is_same(const char *a, const char *b);

/*
 * Whether the output path ("-": standard output) is a stream, which has what is written to it at
 * once; false when its place cannot be found.
 */
bool umm_outfile_goes_to_stream(const char *path);

struct umm_file_info;

/*
 * Whether the output path ("-": standard output) is the file of info, by whatever name: an
 * input, say, that would be destroyed.
 */
bool umm_outfile_is_file(const char *path, const struct umm_file_info *info);

/*
 * Whether the output path ("-": standard output) would take the place of the file named file, which
 * need not be there yet, or go into it.
 */
bool umm_outfile_meets(const char *path, const char *file);

/*
 * The whole of a small output: write and commit one that is open, which is "none" afterwards. A
 * stream's reader is waited for until run is cancelled.
 */
UMM_MUST_USE enum umm_status umm_outfile_finish(struct umm_outfile *out, const void *bytes,
                                                size_t len_bytes,
                                                const struct umm_outfile_options *options,
                                                struct umm_run *run, struct umm_error *err);

#endif
