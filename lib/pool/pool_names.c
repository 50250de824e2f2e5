/* SPDX-License-Identifier: MIT */
#include "pool/pool_names.h"

#include <string.h>

#include "base/error.h"

/* What is wrong with the len bytes at name, or NULL. */
static const char *fault_of(const char *name, size_t len, size_t max)
{
    if (len == 0)
        return "is empty";
    if (len > max)
        return "is too long";
    if (name[0] == '.')
        return "begins with a dot";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c == '/')
            return "has a slash in it";
        if (c < ' ' || c == 0x7F)
            return "has a control character in it";
    }
    return NULL;
}

static enum umm_status refuse(const char *what, const char *name, const char *fault, size_t max,
                              struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    return umm_error_set(err, UMM_ERR_ARGUMENT, "the %s \"%s\" %s (1 to %zu bytes)", what,
                         umm_escape(shown, sizeof shown, name, strlen(name)), fault, max);
}

enum umm_status umm_pool_check_name(const char *name, struct umm_error *err)
{
    const char *fault = fault_of(name, strlen(name), UMM_POOL_NAME_MAX);
    return fault ? refuse("name of a pool", name, fault, UMM_POOL_NAME_MAX, err) : UMM_OK;
}

/* The length of key without a final ".npy". */
static size_t stem_len(const char *key)
{
    const size_t n = sizeof UMM_POOL_SUFFIX - 1;
    size_t len = strlen(key);
    return len > n && memcmp(key + len - n, UMM_POOL_SUFFIX, n) == 0 ? len - n : len;
}

enum umm_status umm_pool_file_name(const char *key, char file[UMM_POOL_FILE_MAX],
                                   struct umm_error *err)
{
    size_t len = stem_len(key);
    const char *fault = fault_of(key, len, UMM_POOL_KEY_MAX);
    if (fault)
        return refuse("key", key, fault, UMM_POOL_KEY_MAX, err);
    memcpy(file, key, len);
    memcpy(file + len, UMM_POOL_SUFFIX, sizeof UMM_POOL_SUFFIX);
    return UMM_OK;
}

bool umm_pool_is_entry(const char *file, size_t *key_len)
{
    *key_len = stem_len(file);
    return file[*key_len] != '\0' && !fault_of(file, *key_len, UMM_POOL_KEY_MAX) &&
           /* "x.npy.npy" would be the file of a key that is written without its end. */
           !(*key_len > 4 && memcmp(file + *key_len - 4, UMM_POOL_SUFFIX, 4) == 0);
}
