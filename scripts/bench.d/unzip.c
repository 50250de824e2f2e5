/* SPDX-License-Identifier: MIT */
/*
 * unzip FILE... - read what is in each zip archive with libarchive, and nothing else: what any
 * program pays that reads them with it.
 */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>

static void check(struct archive *archive, int is_good, const char *path)
{
    if (is_good)
        return;
    fprintf(stderr, "unzip: %s: %s\n", path, archive_error_string(archive));
    exit(1);
}

int main(int argc, char **argv)
{
    static char bytes[256 * 1024];
    struct archive_entry *entry;
    size_t total = 0;
    for (int i = 1; i < argc; i++) {
        struct archive *archive = archive_read_new();
        archive_read_support_format_zip_seekable(archive);
        check(archive, archive_read_open_filename(archive, argv[i], 128 * 1024) == ARCHIVE_OK,
              argv[i]);
        while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
            la_ssize_t n;
            while ((n = archive_read_data(archive, bytes, sizeof bytes)) > 0)
                total += (size_t)n;
            check(archive, n == 0, argv[i]);
        }
        archive_read_free(archive);
    }
    printf("%zu\n", total);
    return 0;
}
