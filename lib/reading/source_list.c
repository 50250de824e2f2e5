/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "reading/source.h"

static enum umm_status add(struct umm_source_list *list, const char *member, struct umm_error *err)
{
    /* Room for as many again whenever their number is a power of two. */
    if ((list->n & (list->n - 1)) == 0) {
        const size_t size = (list->n ? 2 * list->n : 1) * sizeof *list->members;
        char **members = realloc(list->members, size);
        if (!members)
            return umm_error_set_memory(err, size, "the members of an archive");
        list->members = members;
    }
    list->members[list->n] = strdup(member);
    if (!list->members[list->n])
        return umm_error_set_memory(err, strlen(member), "a member's name");
    list->n++;
    return UMM_OK;
}

enum umm_status umm_source_list(const char *path, const struct umm_source_options *options,
                                struct umm_run *run, struct umm_source_list *list,
                                struct umm_error *err)
{
    struct umm_source source = {.fd = -1};
    struct umm_unpack *archive = NULL;
    struct umm_source_options each = options ? *options : (struct umm_source_options){.fd = 0};
    bool has_text = true;
    *list = (struct umm_source_list){.n = 0};
    each.archive = &archive;
    enum umm_status status = umm_source_open(&source, path, &each, run, err);
    umm_source_close(&source);
    list->is_archive = archive != NULL;
    while (!status && archive && has_text) {
        status = add(list, umm_unpack_member(archive), err);
        if (!status)
            status = umm_unpack_next(archive, &has_text, err);
    }
    umm_unpack_close(archive);
    return status;
}

void umm_source_list_free(struct umm_source_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->members[i]);
    free(list->members);
    *list = (struct umm_source_list){.n = 0};
}
