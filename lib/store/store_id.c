/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "store/store.h"
#include "store/store_look.h"

enum umm_status umm_store_refuse_id(const struct umm_store *store, const char *id, size_t id_bytes,
                                    struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    size_t most = store->id_words * sizeof(uint64_t) - 1;
    if (id_bytes == 0)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "an id is empty");
    umm_escape(shown, sizeof shown, id, id_bytes);
    if (id_bytes > most)
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "the id \"%s\" has %zu bytes, the store has room for %zu", shown,
                             id_bytes, most);
    return umm_error_set(err, UMM_ERR_ARGUMENT, "the id \"%s\" has a control character", shown);
}

enum umm_status umm_store_check_id(const struct umm_store *store, const void *id, size_t id_bytes,
                                   struct umm_error *err)
{
    struct umm_store_key key;
    return umm_store_make_key(store, id, id_bytes, &key) && !umm_store_has_control(id, id_bytes)
               ? UMM_OK
               : umm_store_refuse_id(store, id, id_bytes, err);
}
