/* SPDX-License-Identifier: MIT */
/*
 * fuzz_store.c - a byte that says how and with which options, then the input of a put (lines or
 * records) or of an import into a small store: no crash, messages of one line with a place, and
 * what went in comes out of an export and into another store the same.
 */
#include "store/store_lines.h"
#include "umm/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[64], path[5][96];

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void remove_store(const char *name)
{
    static const char *const files[] = {"vectors.npy", "slots.npy", "index.umm"};
    char file[128];
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s/%s", name, files[i]);
        unlink(file);
    }
    rmdir(name);
}

static void clean(void)
{
    remove_store(path[0]);
    remove_store(path[1]);
    for (int i = 2; i < 5; i++)
        unlink(path[i]);
    rmdir(directory);
}

static void begin(void)
{
    static const char *const names[] = {"a", "b", "in.csv", "a.csv", "b.csv"};
    strcpy(directory, "/dev/shm/umm-fuzz-store-XXXXXX");
    require(mkdtemp(directory) != NULL, "no directory");
    for (int i = 0; i < 5; i++)
        snprintf(path[i], sizeof path[i], "%s/%s", directory, names[i]);
    atexit(clean);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(name, "wb");
    require(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, "cannot write");
}

static const int64_t HOUR_NS = INT64_C(3600000000000);

static struct umm_store *make(const char *name)
{
    struct umm_store *store;
    struct umm_store_options options = {.max_positions = 8, .dim = 2, .id_max_bytes = 7};
    remove_store(name);
    require(umm_store_create(name, &options, NULL, NULL) == UMM_OK, "cannot create");
    require(umm_store_open(name, UMM_STORE_WRITE, NULL, &store, NULL) == UMM_OK, "cannot open");
    return store;
}

static bool is_same_file(const char *a, const char *b)
{
    static char x[65536], y[65536];
    FILE *f = fopen(a, "rb"), *g = fopen(b, "rb");
    require(f && g, "no export");
    size_t n = fread(x, 1, sizeof x, f), m = fread(y, 1, sizeof y, g);
    fclose(f);
    fclose(g);
    return n == m && memcmp(x, y, n) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct umm_error err = {0};
    uint64_t n = 0, n_torn = 0;
    struct umm_store_taken taken;
    if (size == 0)
        return 0;
    if (!directory[0])
        begin();
    const enum umm_store_put_mode mode = data[0] & 32 ? UMM_STORE_PUT_NEWER : UMM_STORE_PUT_ALL;
    struct umm_store *store = make(path[0]), *other = make(path[1]);
    write_file(path[2], data + 1, size - 1);
    enum umm_status status;
    if (data[0] % 4 == 0) {
        status = umm_store_import(store, path[2], mode, NULL, &taken, &err);
    } else {
        FILE *file = fopen(path[2], "rb");
        require(file != NULL, "cannot read");
        const struct umm_store_put_options options = {.is_binary = data[0] % 4 == 1,
                                                      .has_header = data[0] & 4,
                                                      .is_empty_nan = data[0] & 8,
                                                      .ttl_ns = data[0] & 16 ? HOUR_NS : 0,
                                                      .mode = mode};
        status = umm_store_put_stream(store, fileno(file), path[2], &options, NULL, &taken, &err);
        fclose(file);
    }
    if (status)
        require(err.message[0] && !strpbrk(err.message, "\n\r\x1b"), "a bad message");
    require(umm_store_export(store, path[3], NULL, &n, &n_torn, &err) == UMM_OK, "cannot export");
    require(umm_store_import(other, path[3], UMM_STORE_PUT_ALL, NULL, &taken, &err) == UMM_OK,
            "its own is refused");
    struct umm_store_info a, b;
    require(umm_store_info(store, &a, &err) == UMM_OK && umm_store_info(other, &b, &err) == UMM_OK,
            "no figures");
    require(a.n_entries == b.n_entries && a.n_inactive == b.n_inactive, "entries differ");
    /* Without evictions, the order of positions is that of the export. */
    require(umm_store_export(other, path[4], NULL, &n, &n_torn, &err) == UMM_OK,
            "cannot export again");
    require(is_same_file(path[3], path[4]), "another export");
    require(umm_store_close(store, NULL) == UMM_OK && umm_store_close(other, NULL) == UMM_OK,
            "cannot close");
    return 0;
}
