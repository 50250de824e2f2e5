/* SPDX-License-Identifier: MIT */
/*
 * fuzz_columns.c - a selection of columns, a zero byte, names separated by ';': no
 * crash, messages of one line, and a list that was accepted says the same when it is
 * written again.
 */
#include "text/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAMES_MAX = 32 };

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void require_message(const struct umm_error *err, enum umm_status status)
{
    require(err->status == status && err->message[0] != '\0', "no message");
    require(strpbrk(err->message, "\n\r\x1b") == NULL, "an unsafe message");
}

static void check_names(char *text, struct umm_names *names, const char **at)
{
    *names = (struct umm_names){.has_names = *text != '\0', .n = 1, .text = at};
    at[0] = text;
    for (; *text && names->n < NAMES_MAX; text++) {
        if (*text == ';') {
            *text = '\0';
            at[names->n++] = text + 1;
        }
    }
    for (size_t i = 0; i < names->n; i++) {
        size_t len = strlen(at[i]);
        enum umm_role role = umm_role_of(at[i], len);
        require(umm_name_equal(at[i], len, at[i], len), "a name that is not itself");
        require(umm_name_begins(at[i], len, at[i], len) || len, "a name that begins otherwise");
        require(role < UMM_ROLE_COUNT && umm_role_name(role) != NULL, "no such role");
    }
    char list[96];
    umm_columns_list(names, list, sizeof list);
    require(strpbrk(list, "\n\r\x1b") == NULL, "an unsafe list");
}

static void find(const char *source, const struct umm_names *names)
{
    struct umm_found found = {-7, -7};
    struct umm_error err = {0};
    enum umm_status status = umm_columns_find(source, names, &found, &err);
    if (status) {
        require_message(&err, status);
        return;
    }
    if (found.first == UMM_FIELD_NONE && umm_columns_value(source)) {
        require(found.second == UMM_FIELD_NONE, "joined with nothing");
        return;
    }
    require(found.first >= 0 && (size_t)found.first < names->n, "found where nothing is");
    require(found.second >= -1 && found.second < (int)names->n, "joined with nothing");
}

/* The items as a list again; a new name may need its quotes. */
static void check_return_trip(const struct umm_column *columns, size_t n)
{
    size_t cap = n * (sizeof *columns + 24), used = 0, n_again = 0;
    char *list = malloc(cap);
    struct umm_column *again = NULL;
    require(list != NULL, "no memory");
    for (size_t i = 0; i < n; i++) {
        const char *name = columns[i].name;
        char power[16] = "";
        if (columns[i].power)
            snprintf(power, sizeof power, "*1e%d", columns[i].power);
        used += (size_t)snprintf(
            list + used, cap - used, *name ? "%s\"%s\"=%s%s%s%s" : "%s%s%s%s%s%s", i ? "," : "",
            name, columns[i].source, power, columns[i].type[0] ? ":" : "", columns[i].type);
    }
    require(umm_columns_parse(list, &again, &n_again, NULL) == UMM_OK, "not accepted again");
    require(n_again == n && memcmp(again, columns, n * sizeof *columns) == 0, "read otherwise");
    free(again);
    free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = memchr(data, 0, size);
    size_t len = zero ? (size_t)(zero - data) : size, rest = zero ? size - len - 1 : 0;
    char *list = malloc(len + 1), *text = malloc(rest + 1);
    const char *at[NAMES_MAX];
    struct umm_names names;
    struct umm_column *columns = NULL;
    struct umm_found found;
    struct umm_error err = {0};
    size_t n = 0;
    require(list && text, "no memory");
    memcpy(list, data, len);
    list[len] = '\0';
    if (rest)
        memcpy(text, zero + 1, rest);
    text[rest] = '\0';
    check_names(text, &names, at);
    if (umm_columns_find_timestamp(&names, &found, &err) != UMM_OK)
        require_message(&err, UMM_ERR_DATA);
    enum umm_status status = umm_columns_parse(list, &columns, &n, &err);
    if (status)
        require_message(&err, UMM_ERR_ARGUMENT);
    for (size_t i = 0; i < n; i++)
        find(columns[i].source, &names);
    if (!status)
        check_return_trip(columns, n);
    /* Unchecked text is looked up, too: it is found or not. */
    find(list, &names);
    free(columns);
    free(list);
    free(text);
    return 0;
}
