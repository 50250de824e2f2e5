/* SPDX-License-Identifier: MIT */
/*
 * library.h - functions of shared libraries that are loaded when they are first needed: a run that
 * needs none of them does not pay for their start.
 */
#ifndef UMM_SYS_LIBRARY_H
#define UMM_SYS_LIBRARY_H

#include "umm.h"

/*
 * A library, as the build found it. soname is NULL if it did not; package is what Debian calls its
 * headers, without which a build does without it; instead is what to do then, or NULL.
 */
struct umm_library {
    const char *name, *soname, *package, *instead;
};

/*
 * Load the library and look up n functions, whose addresses go to `functions`, a struct of n
 * pointers to functions in the order of their names. The library stays loaded, so that the next
 * call costs little. UMM_ERR_UNSUPPORTED, "<what>: ...", when the build did without it, or it
 * cannot be loaded, or lacks a function.
 */
UMM_MUST_USE enum umm_status umm_library_load(const struct umm_library *library, const char *what,
                                              const char *const *names, size_t n, void *functions,
                                              struct umm_error *err);

#endif
