/* SPDX-License-Identifier: MIT */
/*
 * npy.h - the header of a NumPy .npy file: bytes to meaning and back.
 *
 *     0        6   7   8        10 or 12                         data_offset_bytes
 *     +--------+---+---+--------+--------------------------------+----------
 *     | \x93   |ma |mi | header | {'descr': ..., 'fortran_order':| the array,
 *     | NUMPY  |jor|nor| length | ..., 'shape': ..., }   spaces\n| row by row
 *     +--------+---+---+--------+--------------------------------+----------
 *
 * The header length is a little-endian u16 in version 1 and u32 in versions 2
 * and 3; the dict is latin-1 text in versions 1 and 2 and UTF-8 in version 3.
 *
 * Source: numpy.lib.format of NumPy 1.24 and its format description (NEP 1).
 *
 * A struct umm_npy starts as zeros. It owns its fields: a plain copy shares
 * them, and exactly one of the two is to be freed. Nothing here keeps a pointer
 * to the caller's bytes. All functions may run on any thread on distinct objects.
 */
#ifndef UMM_FORMAT_NPY_H
#define UMM_FORMAT_NPY_H

#include "umm.h"

enum {
    UMM_NPY_DIMS_MAX = 32,
    UMM_NPY_FIELDS_MAX = 65536,
    UMM_NPY_NAME_MAX = 128,       /* with the terminator */
    UMM_NPY_TYPE_TEXT_MAX = 24,   /* with the terminator */
    UMM_NPY_FIRST_BYTE = 0x93,    /* of every file */
    UMM_NPY_ALIGN = 64,           /* what NumPy itself uses */
    UMM_NPY_LOADABLE_MAX = 10000, /* np.load refuses more header characters than this */
    UMM_NPY_HEADER_MAX = 64 * 1024 * 1024
};

/*
 * An element type.
 *
 * kind            'f' float (2, 4, 8, 16 bytes), 'i' 'u' integer (1, 2, 4, 8),
 *                 'b' bool (1), 'c' complex (8, 16, 32), 'M' time and 'm' time
 *                 difference (8), 'S' bytes, 'U' UCS-4 text (a multiple of 4),
 *                 'V' raw bytes or a whole record; S, U, V up to INT32_MAX bytes
 * is_big_endian   false where there is no byte order: one-byte types, S, V
 * unit            M and m only: "ms", "ns", "D", "25s"; "" is NumPy's generic
 */
struct umm_npy_type {
    char kind;
    bool is_big_endian;
    uint32_t size_bytes;
    char unit[8];
};

/*
 * One field of a record, name in UTF-8. Fields lie end to end: what NumPy skips
 * between them is a field of its own, ('', '|V4') in the file, is_padding here:
 * true exactly for kind 'V' without a name.
 */
struct umm_npy_field {
    char name[UMM_NPY_NAME_MAX];
    struct umm_npy_type type;
    uint32_t offset_bytes;
    bool is_padding;
};

/*
 * One array: what the header says.
 *
 * major               format version 1, 2 or 3; for umm_npy_format 0 means the
 *                     oldest version that can hold the header, as NumPy does
 * n_dims, shape       0 dimensions is a single element; each at most INT64_MAX
 * is_struct, fields   fields is NULL and n_fields 0 unless is_struct
 * type                for a struct kind 'V' with the size of one record
 * has_titles          the file gives fields NumPy "titles"; they are not kept
 * data_offset_bytes   where the array begins; umm_npy_format ignores it
 */
struct umm_npy {
    unsigned major;
    bool is_fortran;
    unsigned n_dims;
    uint64_t shape[UMM_NPY_DIMS_MAX];
    bool is_struct;
    bool has_titles;
    size_t n_fields;
    struct umm_npy_field *fields;
    struct umm_npy_type type;
    uint64_t data_offset_bytes;
};

/*
 * Read the header at the len_bytes first bytes of a file. Bytes after the
 * header are ignored. On failure *out is zeros and owns nothing.
 *
 * UMM_ERR_DATA: not an .npy file, unknown version, header cut or longer than
 * len_bytes, text that is not the dict NumPy writes, unknown element type or
 * object dtype, an array too large for a 63-bit file offset. Keys may come in
 * any order, with any white space Python allows; unknown, missing and double
 * keys are errors, as in NumPy. UMM_ERR_UNSUPPORTED: a record with nested
 * records or sub-arrays, more than UMM_NPY_FIELDS_MAX fields or a name over 127
 * bytes. The text is read in one pass without recursion.
 */
UMM_MUST_USE enum umm_status umm_npy_parse(const void *bytes, size_t len_bytes, struct umm_npy *out,
                                           struct umm_error *err);

/*
 * Read the header of the open file fd (named path in messages) with pread, and
 * check against its size that the whole array is there; more is allowed. A
 * header that claims more than UMM_NPY_HEADER_MAX or than the file has is
 * refused before anything is allocated. Failures as umm_npy_parse, "array data
 * is short by N bytes" (UMM_ERR_DATA), and UMM_ERR_SYSTEM, UMM_ERR_MEMORY.
 */
UMM_MUST_USE enum umm_status umm_npy_read(int fd, const char *path, struct umm_npy *out,
                                          struct umm_error *err);

/* As umm_npy_read; *header is the header's *len_bytes bytes as they were, malloc'ed, or NULL. */
UMM_MUST_USE enum umm_status umm_npy_read_file(int fd, const char *path, struct umm_npy *out,
                                               void **header, size_t *len_bytes,
                                               struct umm_error *err);

/*
 * Read a header from the stream fd (named path in messages), and no byte beyond it:
 * *header is its *len_bytes bytes as they came, malloc'ed, the caller's to free. A
 * header that claims more than UMM_NPY_HEADER_MAX is refused before anything is
 * allocated. Failures as umm_npy_parse, and UMM_ERR_CANCELLED by run.
 */
UMM_MUST_USE enum umm_status umm_npy_read_stream(int fd, const char *path, struct umm_run *run,
                                                 struct umm_npy *out, void **header,
                                                 size_t *len_bytes, struct umm_error *err);

/*
 * Write the complete header of *in, magic to newline, into a malloc'ed *text of
 * *len_bytes bytes (not terminated); the caller frees it. *len_bytes is a
 * multiple of align_bytes, a power of two from 16 to 4096. With UMM_NPY_ALIGN
 * the bytes are those of np.save (names that Python's repr would escape only
 * because Unicode lists them as not printable are written as themselves).
 *
 * NumPy leaves room for the growing dimension (the first; the last in Fortran
 * order) to have 20 digits: the header of the same array with more rows has the
 * same length and can replace this one in place.
 *
 * UMM_ERR_ARGUMENT: bad alignment, a control character in a name, or a given
 * in->major that cannot hold the text. UMM_ERR_DATA: *in is not consistent, as
 * umm_npy_check says. UMM_ERR_UNSUPPORTED: has_titles; a header that np.load
 * would refuse for its length. UMM_ERR_MEMORY.
 */
UMM_MUST_USE enum umm_status umm_npy_format(const struct umm_npy *in, uint32_t align_bytes,
                                            char **text, size_t *len_bytes, struct umm_error *err);

/*
 * The same for a caller that was asked to go past UMM_NPY_LOADABLE_MAX (np.load
 * needs max_header_size= then); UMM_NPY_HEADER_MAX is the limit.
 */
UMM_MUST_USE enum umm_status umm_npy_format_long(const struct umm_npy *in, uint32_t align_bytes,
                                                 char **text, size_t *len_bytes,
                                                 struct umm_error *err);

/*
 * A header of exactly total_bytes, to replace in place one that somebody else
 * may have written with other padding: in as read from the file with a new
 * shape[0], total_bytes its data_offset_bytes. UMM_ERR_UNSUPPORTED when the
 * text does not fit; otherwise as umm_npy_format_long.
 */
UMM_MUST_USE enum umm_status umm_npy_format_exact(const struct umm_npy *in, uint64_t total_bytes,
                                                  char **text, size_t *len_bytes,
                                                  struct umm_error *err);

/* Free what *npy owns and make it zeros. NULL is allowed. */
void umm_npy_free(struct umm_npy *npy);

/*
 * Make *npy a struct, if it is not one, and append a field after the last one;
 * type.size_bytes of the record grows with it. A padding field is name "" and
 * kind 'V'. UMM_ERR_ARGUMENT: unknown type. UMM_ERR_UNSUPPORTED: too many
 * fields, a name over 127 bytes, a record over INT32_MAX bytes. UMM_ERR_MEMORY.
 * On failure *npy still owns the fields it had. The room after the fields is
 * this function's business: not for an array of fields that the caller allocated.
 */
UMM_MUST_USE enum umm_status umm_npy_add_field(struct umm_npy *npy, const char *name,
                                               const struct umm_npy_type *type,
                                               struct umm_error *err);

/*
 * Whether *npy makes sense: known types, fields end to end that fill the record,
 * names valid UTF-8 and all different, at most 32 dimensions, data offset plus
 * array size at most INT64_MAX. UMM_ERR_DATA otherwise; UMM_ERR_MEMORY.
 */
UMM_MUST_USE enum umm_status umm_npy_check(const struct umm_npy *npy, struct umm_error *err);

/*
 * Bytes of one step along the first axis in C order: the element size times all
 * dimensions but the first. In Fortran order as many bytes belong to one index
 * of the first axis, but they do not lie together. Valid after umm_npy_parse,
 * umm_npy_read or umm_npy_check: no overflow then.
 */
uint64_t umm_npy_row_bytes(const struct umm_npy *npy);

/* Bytes of the whole array, header excluded; same precondition. */
uint64_t umm_npy_data_bytes(const struct umm_npy *npy);

/*
 * An element type from the text in a header: "<f8", "|b1", ">i4", "<M8[ms]",
 * "|S16"; no byte order and '=' mean this machine's. A unit of one, "M8[1s]",
 * and "[generic]" become "s" and "" as in NumPy. UMM_ERR_DATA: anything else,
 * objects ("|O") included. *out is written on success only.
 */
UMM_MUST_USE enum umm_status umm_npy_type_parse(const char *descr, struct umm_npy_type *out);

/* The text of type as NumPy writes it, terminated; returns its length. */
size_t umm_npy_type_text(const struct umm_npy_type *type, char out[UMM_NPY_TYPE_TEXT_MAX]);

/*
 * Whether rows of b can follow rows of a: same element type or same fields
 * (names, types, padding), same number of dimensions, same order (where there
 * is more than one dimension), same size in every dimension but the first.
 */
bool umm_npy_same_type(const struct umm_npy *a, const struct umm_npy *b);

/*
 * The array of n_rows rows of that layout; free *npy. UMM_ERR_ARGUMENT for a type that is none;
 * other failures as umm_npy_check.
 */
UMM_MUST_USE enum umm_status umm_npy_of_layout(const struct umm_array_layout *layout,
                                               uint64_t n_rows, struct umm_npy *npy,
                                               struct umm_error *err);

/*
 * UMM_ERR_CONFLICT about path: what ("the array") has other rows than those to add: "<f8 (N, 6)",
 * not "[timestamp <M8[ms], close <f8]".
 */
enum umm_status umm_npy_refuse_rows(struct umm_error *err, const char *path, const char *what,
                                    const struct umm_npy *has, const struct umm_npy *gives);

#endif
