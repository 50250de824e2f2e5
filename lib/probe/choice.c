/* SPDX-License-Identifier: MIT */
#include "probe/choice.h"

#include <stdlib.h>

#include "base/error.h"

/* Whether the process was asked for; notes that it was found. */
static bool is_wanted(const struct umm_choice *choice, const struct umm_process_id *id,
                      bool *is_found)
{
    bool is_wanted = false;
    for (size_t i = 0; i < choice->n_pids + choice->n_names; i++) {
        bool is_it = i < choice->n_pids
                         ? choice->pids[i] == id->pid
                         : umm_process_has_name(id, choice->names[i - choice->n_pids]);
        if (is_it && is_found)
            is_found[i] = true;
        is_wanted |= is_it;
    }
    return is_wanted;
}

enum umm_status umm_choice_find(const struct umm_choice *choice, bool *is_found, uint32_t **pids,
                                size_t *n, struct umm_error *err)
{
    struct umm_process_id *list;
    size_t n_list;
    *pids = NULL;
    *n = 0;
    for (size_t i = 0; is_found && i < choice->n_pids + choice->n_names; i++)
        is_found[i] = false;
    enum umm_status status = umm_process_list(NULL, &list, &n_list, err);
    if (status)
        return status;
    bool *is_chosen = calloc(n_list + 1, sizeof *is_chosen);
    *pids = calloc(n_list + 1, sizeof **pids);
    if (is_chosen && *pids) {
        for (size_t i = 0; i < n_list; i++)
            is_chosen[i] = is_wanted(choice, &list[i], is_found);
        if (choice->is_tree)
            umm_process_choose_descendants(list, n_list, is_chosen);
        for (size_t i = 0; i < n_list; i++)
            if (is_chosen[i])
                (*pids)[(*n)++] = list[i].pid;
    } else {
        status = umm_error_set_memory(err, n_list * sizeof **pids, "a choice of processes");
    }
    free(is_chosen);
    free(list);
    return status;
}
