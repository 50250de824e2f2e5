/* SPDX-License-Identifier: MIT */
/*
 * libcsv_strtod IN.csv OUT.npy N_COLUMNS - what one writes in an afternoon: libcsv for
 * the fields, strtod for the numbers, stdio for the array. Every column is taken, the
 * header is passed over, a field that is no number ends the run.
 */
#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 128, BUFFER_BYTES = 1 << 18, MAX_COLUMNS = 64, MAX_FIELD = 127 };

struct sink {
    FILE *out;
    double row[MAX_COLUMNS];
    size_t n_columns, column;
    unsigned long long n_rows;
    int is_header, is_bad;
};

static void on_field(void *field, size_t len, void *arg)
{
    struct sink *sink = arg;
    char text[MAX_FIELD + 1], *end;
    if (!sink->is_header && sink->column < sink->n_columns && len <= MAX_FIELD) {
        memcpy(text, field, len);
        text[len] = '\0';
        sink->row[sink->column] = strtod(text, &end);
        sink->is_bad |= len == 0 || *end != '\0';
    }
    sink->column++;
}

static void on_row(int end, void *arg)
{
    struct sink *sink = arg;
    (void)end;
    if (!sink->is_header) {
        sink->is_bad |= sink->column != sink->n_columns;
        fwrite(sink->row, sizeof *sink->row, sink->n_columns, sink->out);
        sink->n_rows++;
    }
    sink->is_header = 0;
    sink->column = 0;
}

static void put_header(const struct sink *sink)
{
    char header[HEADER_BYTES + 1];
    memcpy(header, "\x93NUMPY\x01\x00\x76\x00", 10);
    int used = snprintf(header + 10, sizeof header - 10,
                        "{'descr': '<f8', 'fortran_order': False, 'shape': (%llu, %zu), }",
                        sink->n_rows, sink->n_columns);
    memset(header + 10 + used, ' ', (size_t)(HEADER_BYTES - 10 - used));
    header[HEADER_BYTES - 1] = '\n';
    fseek(sink->out, 0, SEEK_SET);
    fwrite(header, 1, HEADER_BYTES, sink->out);
}

int main(int argc, char **argv)
{
    static char buffer[BUFFER_BYTES], out_buffer[BUFFER_BYTES];
    struct csv_parser parser;
    struct sink sink = {.is_header = 1};
    size_t len;
    if (argc != 4 || (sink.n_columns = strtoul(argv[3], NULL, 10)) > MAX_COLUMNS)
        return 2;
    FILE *in = fopen(argv[1], "rb");
    sink.out = fopen(argv[2], "wb");
    if (!in || !sink.out || csv_init(&parser, CSV_STRICT) != 0) {
        perror("libcsv_strtod");
        return 1;
    }
    setvbuf(in, NULL, _IONBF, 0);
    setvbuf(sink.out, out_buffer, _IOFBF, sizeof out_buffer);
    put_header(&sink);
    while (!sink.is_bad && (len = fread(buffer, 1, sizeof buffer, in)) > 0)
        sink.is_bad |= csv_parse(&parser, buffer, len, on_field, on_row, &sink) != len;
    csv_fini(&parser, on_field, on_row, &sink);
    csv_free(&parser);
    put_header(&sink);
    if (ferror(in) || ferror(sink.out) || fclose(sink.out) != 0) {
        perror("libcsv_strtod");
        return 1;
    }
    if (sink.is_bad)
        fprintf(stderr, "libcsv_strtod: row %llu is not all numbers\n", sink.n_rows);
    return sink.is_bad;
}
