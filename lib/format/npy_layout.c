/* SPDX-License-Identifier: MIT */
/* From what a caller says of rows to what a header says. */
#include <string.h>

#include "base/error.h"
#include "format/npy.h"

static enum umm_status parse_type(const char *text, struct umm_npy_type *type,
                                  struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    if (!text)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "the layout of an array has no type");
    if (umm_npy_type_parse(text, type) == UMM_OK)
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_ARGUMENT, "\"%s\" is no type of NumPy's",
                         umm_escape(shown, sizeof shown, text, strlen(text)));
}

enum umm_status umm_npy_of_layout(const struct umm_array_layout *layout, uint64_t n_rows,
                                  struct umm_npy *npy, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    *npy = (struct umm_npy){.n_dims = 1, .shape = {n_rows}};
    if (!layout->n_fields) {
        npy->n_dims = layout->width ? 2 : 1;
        npy->shape[1] = layout->width;
        status = parse_type(layout->type, &npy->type, err);
    }
    for (size_t i = 0; !status && i < layout->n_fields; i++) {
        struct umm_npy_type type;
        status = parse_type(layout->fields[i].type, &type, err);
        if (!status)
            status = umm_npy_add_field(npy, layout->fields[i].name, &type, err);
    }
    if (!status)
        status = umm_npy_check(npy, err);
    if (status)
        umm_npy_free(npy);
    return status;
}
