/* SPDX-License-Identifier: MIT */
#include "sys/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"

static enum umm_status refuse(const struct umm_library *library, const char *what, const char *why,
                              struct umm_error *err)
{
    char shown[2 * UMM_EXCERPT_MAX];
    if (errno == ENOMEM)
        return umm_error_set(err, UMM_ERR_MEMORY, "out of memory for %s", library->name);
    return umm_error_set(err, UMM_ERR_UNSUPPORTED, "%s: %s cannot be loaded: %s", what,
                         library->soname, umm_escape(shown, sizeof shown, why, strlen(why)));
}

enum umm_status umm_library_load(const struct umm_library *library, const char *what,
                                 const char *const *names, size_t n, void *functions,
                                 struct umm_error *err)
{
    if (!library->soname)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "%s: umm was built without %s (Debian's %s)%s%s", what, library->name,
                             library->package, library->instead ? "; " : "",
                             library->instead ? library->instead : "");
    errno = 0; /* the words of dlerror do not always say that memory ran out */
    void *handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle)
        return refuse(library, what, dlerror(), err);
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < n; i++) {
        void *function = dlsym(handle, names[i]);
        if (!function)
            status = refuse(library, what, dlerror(), err);
        /* POSIX has pointers to functions in pointers to objects; C has no cast for that. */
        memcpy((char *)functions + i * sizeof function, &function, sizeof function);
    }
    dlclose(handle); /* RTLD_NODELETE: it stays */
    return status;
}
