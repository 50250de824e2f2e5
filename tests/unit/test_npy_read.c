/* SPDX-License-Identifier: MIT */
/*
 * What the reader of NPY headers refuses, and with which words. What it accepts
 * is compared with NumPy in test_npy.c.
 */
#include "format/npy.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- headers by hand ---- */

enum { TEXT_MAX = 8192 };

#define MAGIC "\x93NUMPY"
#define GOOD  "{'descr': '<f8', 'fortran_order': False, 'shape': (5, 6), }"

/* A header of version major around dict; returns its length. */
static size_t wrap(char out[TEXT_MAX], unsigned major, const char *dict, size_t len)
{
    size_t at = major == 1 ? 10 : 12;
    assert_true(len + at < TEXT_MAX);
    memset(out, 0, at);
    memcpy(out, MAGIC, 6);
    out[6] = (char)major;
    out[8] = (char)(unsigned char)((len + 1) & 0xFF);
    out[9] = (char)(unsigned char)((len + 1) >> 8);
    memcpy(out + at, dict, len);
    out[at + len] = '\n';
    return at + len + 1;
}

static void assert_parses(const char *dict, struct umm_npy *out)
{
    char text[TEXT_MAX];
    struct umm_error err = {0};
    size_t len = wrap(text, 1, dict, strlen(dict));
    if (umm_npy_parse(text, len, out, &err) != UMM_OK)
        fail_msg("%s: %s", dict, err.message);
}

/* The bytes are refused with status and a one-line message that contains words. */
static void assert_refused(const char *bytes, size_t len, enum umm_status status, const char *words)
{
    struct umm_npy npy, zeros = {0};
    struct umm_error err = {0};
    memset(&npy, 0xAA, sizeof npy);
    enum umm_status got = umm_npy_parse(bytes, len, &npy, &err);
    if (got != status || err.status != status || !strstr(err.message, words) ||
        strchr(err.message, '\n'))
        fail_msg("%.80s: status %s, message %s; expected %s, %s", len > 10 ? bytes + 10 : bytes,
                 umm_status_name(got), err.message, umm_status_name(status), words);
    assert_memory_equal(&npy, &zeros, sizeof npy);
    assert_int_equal(umm_npy_parse(bytes, len, &npy, NULL), status);
}

/* ---- the reader ---- */

static void test_any_spelling_python_allows(void **state)
{
    static const char *const same[] = {
        GOOD,
        "{'shape':(5,6),'fortran_order':False,'descr':'<f8'}",
        "  {\t'descr' :\"<f8\" , 'shape' : ( 5L , 6l , ) ,\n 'fortran_order'\f:\r\nFalse\n}  \n ",
        "{u'descr': U\"<f8\", 'fortran_order': False, 'shape': (5, 6)}",
        "{'\\x64escr': '\\74f\\u0038', 'fortran_order': False, 'shape': (5, 6)}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct umm_npy npy, expected = {.n_dims = 2, .shape = {5, 6}};
        assert_int_equal(umm_npy_type_parse("<f8", &expected.type), UMM_OK);
        assert_parses(same[i], &npy);
        assert_true(umm_npy_same_type(&npy, &expected));
        assert_int_equal(npy.shape[0], 5);
        assert_false(npy.is_fortran);
    }
}

static void test_records_keep_names_offsets_and_padding(void **state)
{
    struct umm_npy npy;
    (void)state;
    assert_parses(
        "{'descr': [('a', '|i1'), ('', '|V7'), (('t', \"b'\"), '>f8'), ('caf\xE9', '<M8[s]'),"
        "], 'fortran_order': True, 'shape': ()}",
        &npy);
    assert_true(npy.is_struct && npy.is_fortran && npy.has_titles);
    assert_int_equal(npy.n_fields, 4);
    assert_int_equal(npy.type.size_bytes, 24);
    assert_true(npy.fields[1].is_padding && !npy.fields[0].is_padding);
    assert_string_equal(npy.fields[2].name, "b'");
    assert_int_equal(npy.fields[2].offset_bytes, 8);
    assert_true(npy.fields[2].type.is_big_endian);
    assert_string_equal(npy.fields[3].name, "caf\xC3\xA9");
    assert_int_equal(npy.fields[3].offset_bytes, 16);
    umm_npy_free(&npy);
}

#define D "{'descr': '<f8', 'fortran_order': False, 'shape': "
#define R ", 'fortran_order': False, 'shape': (5,)}"

struct bad {
    const char *dict;
    enum umm_status status;
    const char *words;
};

static const struct bad bad_dicts[] = {
    {"", UMM_ERR_DATA, "it ends at byte 2, expected '{'"},
    {"[]", UMM_ERR_DATA, "expected '{' at byte 1, found \"[]\\n\""},
    {"{", UMM_ERR_DATA, "a key"},
    {"{}", UMM_ERR_DATA, "no key 'descr'"},
    {"{'descr': '<f8', 'shape': (5,)}", UMM_ERR_DATA, "no key 'fortran_order'"},
    {"{'descr': '<f8', 'fortran_order': False}", UMM_ERR_DATA, "no key 'shape'"},
    {D "(5,), 'shape': (5,)}", UMM_ERR_DATA, "two keys 'shape'"},
    {D "(5,), 'more': 1}", UMM_ERR_DATA, "'descr', 'fortran_order' or 'shape'"},
    {D "(5,), 'a key longer than all known keys': 1}", UMM_ERR_DATA, "'fortran_order' or"},
    {D "(5,), 'x\\y': 1}", UMM_ERR_DATA, "a character of a string"},
    {D "(5,), 1: 1}", UMM_ERR_DATA, "a key"},
    {D "(5,) 'x'}", UMM_ERR_DATA, "',' or '}'"},
    {D "(5,),, }", UMM_ERR_DATA, "a key"},
    {D "(5,)} x", UMM_ERR_DATA, "nothing after"},
    {D "(5,)}}", UMM_ERR_DATA, "nothing after"},
    {D "(5,)} # note", UMM_ERR_DATA, "nothing after"},
    {D "(5)}", UMM_ERR_DATA, "a tuple of one"},
    {D "5}", UMM_ERR_DATA, "the tuple"},
    {D "[5]}", UMM_ERR_DATA, "the tuple"},
    {D "None}", UMM_ERR_DATA, "the tuple"},
    {D "(,)}", UMM_ERR_DATA, "a dimension"},
    {D "(5,,)}", UMM_ERR_DATA, "a dimension"},
    {D "(5 6)}", UMM_ERR_DATA, "',' or ')'"},
    {D "(-1,)}", UMM_ERR_DATA, "not negative"},
    {D "(+1,)}", UMM_ERR_DATA, "a dimension"},
    {D "(05,)}", UMM_ERR_DATA, "a dimension"},
    {D "(0x5,)}", UMM_ERR_DATA, "end of a number"},
    {D "(1_0,)}", UMM_ERR_DATA, "end of a number"},
    {D "(5.0,)}", UMM_ERR_DATA, "',' or ')'"},
    {D "(5LL,)}", UMM_ERR_DATA, "end of a number"},
    {D "(True,)}", UMM_ERR_DATA, "a dimension"},
    {D "((5,),)}", UMM_ERR_DATA, "a dimension"},
    {D "(9223372036854775808,)}", UMM_ERR_DATA, "below 2**63"},
    {D "(99999999999999999999999999999,)}", UMM_ERR_DATA, "below 2**63"},
    {D "(4611686018427387904, 4611686018427387904)}", UMM_ERR_DATA, "too large"},
    {D "(0, 4611686018427387904, 4611686018427387904)}", UMM_ERR_DATA, "too large"},
    {D "(1152921504606846976,)}", UMM_ERR_DATA, "too large"},
    {D "(1152921504606846975,)}", UMM_ERR_DATA, "too large"}, /* header and data together */
    {D "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}", UMM_ERR_DATA,
     "more than 32 dimensions"},
    {"__import__('os').system('true')", UMM_ERR_DATA, "expected '{'"},
    {"{'descr': __import__('os')" R, UMM_ERR_DATA, "an element type"},
    {"{'descr': '<f8', 'fortran_order': 0, 'shape': (5,)}", UMM_ERR_DATA, "True or False"},
    {"{'descr': '<f8', 'fortran_order': Falsey, 'shape': (5,)}", UMM_ERR_DATA, "True or False"},
    {"{'descr': '|O'" R, UMM_ERR_DATA, "Python objects"},
    {"{'descr': [('a', '|O')]" R, UMM_ERR_DATA, "Python objects"},
    {"{'descr': '<f9'" R, UMM_ERR_DATA, "unknown element type \"<f9\""},
    {"{'descr': b'<f8'" R, UMM_ERR_DATA, "an element type"},
    {"{'descr': '<f8' ''" R, UMM_ERR_DATA, "',' or '}'"},
    {"{'descr': '<f8", UMM_ERR_DATA, "a character of a string"},
    {"{'descr': '<f8\\", UMM_ERR_DATA, "a character of a string"},
    {"{'descr': '<f8\\0'" R, UMM_ERR_DATA, "a character of a string"},
    {"{'descr': '\\N{DIGIT ONE}'" R, UMM_ERR_DATA, "a character of a string"},
    {"{'descr': ('<f8', (2,))" R, UMM_ERR_UNSUPPORTED, "sub-array"},
    {"{'descr': [('a', '<f8', (2,))]" R, UMM_ERR_UNSUPPORTED, "fields that are arrays"},
    {"{'descr': [('a', '<f8', 2)]" R, UMM_ERR_UNSUPPORTED, "fields that are arrays"},
    {"{'descr': [('a', [('b', '<f8')])]" R, UMM_ERR_UNSUPPORTED, "records in records"},
    {"{'descr': [('a', ('<f8', (2,)))]" R, UMM_ERR_UNSUPPORTED, "records in records"},
    {"{'descr': [('a', '<f8'), ('a', '<f8')]" R, UMM_ERR_DATA, "two fields are named \"a\""},
    {"{'descr': ['a']" R, UMM_ERR_DATA, "'(' of a field"},
    {"{'descr': [('a')]" R, UMM_ERR_DATA, "after a field name"},
    {"{'descr': [('a', '<f8') ('b', '<f8')]" R, UMM_ERR_DATA, "',' or ']'"},
    {"{'descr': [('a' '<f8')]" R, UMM_ERR_DATA, "after a field name"},
    {"{'descr': [(('t',), '<f8')]" R, UMM_ERR_DATA, "a field name"},
    {"{'descr': [(('t', 'a', 'b'), '<f8')]" R, UMM_ERR_DATA, "')' after a name"},
    {"{'descr': [(1, '<f8')]" R, UMM_ERR_DATA, "a field name"},
    {"{'descr': [('a\\ud800', '<f8')]" R, UMM_ERR_DATA, "a character of a string"},
    {"{'descr': [('a\\U00110000', '<f8')]" R, UMM_ERR_DATA, "a character of a string"},
    {"{'descr': [('a', '|V2147483647'), ('b', '|i1')]" R, UMM_ERR_UNSUPPORTED, "larger than"},
};

static void test_bad_dicts_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_dicts / sizeof bad_dicts[0]; i++) {
        char text[TEXT_MAX];
        size_t len = wrap(text, 1, bad_dicts[i].dict, strlen(bad_dicts[i].dict));
        assert_refused(text, len, bad_dicts[i].status, bad_dicts[i].words);
    }
}

static void test_nesting_a_thousand_deep_is_refused(void **state)
{
    static const char opening[] = "[({";
    char dict[2000], text[TEXT_MAX];
    (void)state;
    for (const char *c = opening; *c; c++) {
        int n = snprintf(dict, sizeof dict, "{'descr': ");
        memset(dict + n, *c, 1000);
        assert_refused(text, wrap(text, 1, dict, (size_t)n + 1000),
                       *c == '(' ? UMM_ERR_UNSUPPORTED : UMM_ERR_DATA, "");
    }
}

static void test_a_zero_byte_is_never_the_end(void **state)
{
    char text[TEXT_MAX], dict[] = GOOD;
    (void)state;
    for (size_t i = 0; i < sizeof dict - 1; i++) {
        memcpy(dict, GOOD, sizeof dict);
        dict[i] = '\0';
        assert_refused(text, wrap(text, 1, dict, sizeof dict - 1), UMM_ERR_DATA, "");
    }
    assert_refused(text, wrap(text, 1, GOOD "\0", sizeof GOOD), UMM_ERR_DATA, "nothing after");
}

/* A header of version 3 with one field of the given name; returns its length. */
static size_t wrap_name(char out[TEXT_MAX], const char *name)
{
    char dict[1024];
    int n = snprintf(dict, sizeof dict, "{'descr': [('%s', '<f8')]" R, name);
    return wrap(out, 3, dict, (size_t)n);
}

static void test_names_of_version_3_must_be_utf8(void **state)
{
    static const char *const good[] = {"caf\xC3\xA9", "\xE6\x97\xA5", "\xF0\x9F\x98\x80",
                                       "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"caf\xE9",
                                      "\xC3",
                                      "\x80",
                                      "\xC1\xBF",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF8\x90\x80\x80",
                                      "\xFF\x90\x80\x80"};
    char text[TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_refused(text, wrap_name(text, bad[i]), UMM_ERR_DATA, "not UTF-8");
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct umm_npy npy;
        assert_int_equal(umm_npy_parse(text, wrap_name(text, good[i]), &npy, NULL), UMM_OK);
        assert_string_equal(npy.fields[0].name, good[i]);
        umm_npy_free(&npy);
    }
}

static void test_names_longer_than_127_bytes_are_refused(void **state)
{
    char text[TEXT_MAX], name[UMM_NPY_NAME_MAX + 1] = {0};
    struct umm_npy npy;
    (void)state;
    memset(name, 'x', UMM_NPY_NAME_MAX - 1);
    assert_int_equal(umm_npy_parse(text, wrap_name(text, name), &npy, NULL), UMM_OK);
    assert_string_equal(npy.fields[0].name, name);
    umm_npy_free(&npy);
    name[UMM_NPY_NAME_MAX - 1] = 'x';
    assert_refused(text, wrap_name(text, name), UMM_ERR_UNSUPPORTED, "longer than 127 bytes");
}

static void test_foreign_preludes_are_refused(void **state)
{
    static const char claims_4g[] = MAGIC "\x02\x00\xFF\xFF\xFF\xFF{}";
    char text[TEXT_MAX];
    size_t len = wrap(text, 1, GOOD, strlen(GOOD));
    (void)state;
    assert_refused("", 0, UMM_ERR_DATA, "empty");
    assert_refused("PK\x03\x04", 4, UMM_ERR_DATA, "does not begin with \\x93NUMPY");
    assert_refused(MAGIC "\x01", 7, UMM_ERR_DATA, "cut after 7 bytes");
    assert_refused(claims_4g, sizeof claims_4g - 1, UMM_ERR_DATA, "claims 4294967307 bytes");
    for (int i = 0; i < 6; i++) {
        text[i] ^= 0x20;
        assert_refused(text, len, UMM_ERR_DATA, "not an NPY file");
        text[i] ^= 0x20;
    }
    text[6] = 4;
    assert_refused(text, len, UMM_ERR_DATA, "unknown NPY version 4.0");
    text[6] = 0;
    assert_refused(text, len, UMM_ERR_DATA, "unknown NPY version 0.0");
    text[6] = 1, text[7] = 1;
    assert_refused(text, len, UMM_ERR_DATA, "unknown NPY version 1.1");
}

/* ---- against a guard page ---- */

static char *guarded; /* the first byte that may not be touched */
static size_t page_bytes;

static int map_guard(void **state)
{
    (void)state;
    page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    char *base =
        mmap(NULL, 3 * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return -1;
    guarded = base + 2 * page_bytes;
    return mprotect(guarded, page_bytes, PROT_NONE);
}

static int unmap_guard(void **state)
{
    (void)state;
    return munmap(guarded - 2 * page_bytes, 3 * page_bytes);
}

static const char *const cut_dicts[] = {
    GOOD,
    "{'descr': [('a\\x41\\101', '<f8'), (('t', u'\\u00e9'), '|V4')], 'fortran_order': True, "
    "'shape': "
    "(1L,)}",
};

static void test_every_cut_file_is_refused_without_reading_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (unsigned major = 1; major <= 3; major++) {
            char text[TEXT_MAX];
            size_t len = wrap(text, major, cut_dicts[i], strlen(cut_dicts[i]));
            for (size_t cut = 0; cut < len; cut++) {
                memcpy(guarded - cut, text, cut);
                assert_refused(guarded - cut, cut, UMM_ERR_DATA, "");
            }
        }
}

static void test_every_cut_dict_is_refused_without_reading_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (size_t cut = 0; cut < strlen(cut_dicts[i]); cut++) {
            char text[TEXT_MAX];
            size_t len = wrap(text, 1, cut_dicts[i], cut) - 1;
            text[8] = (char)cut; /* the header ends where the dict is cut, no newline */
            memcpy(guarded - len, text, len);
            assert_refused(guarded - len, len, UMM_ERR_DATA, "");
        }
}

/* ---- files ---- */

static FILE *file_of(const char *header, size_t len, size_t data_bytes)
{
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_int_equal(fwrite(header, 1, len, f), len);
    for (size_t i = 0; i < data_bytes; i++)
        assert_int_equal(fputc(0, f), 0);
    assert_int_equal(fflush(f), 0);
    return f;
}

static void assert_file_refused(const char *header, size_t len, size_t data_bytes,
                                const char *message)
{
    struct umm_npy npy, zeros = {0};
    struct umm_error err = {0};
    FILE *f = file_of(header, len, data_bytes);
    assert_int_equal(umm_npy_read(fileno(f), "bars.npy", &npy, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, message);
    assert_string_equal(err.path, "bars.npy");
    assert_memory_equal(&npy, &zeros, sizeof npy);
    fclose(f);
}

static void test_files_with_all_their_data_open(void **state)
{
    char text[TEXT_MAX];
    size_t len = wrap(text, 1, GOOD, strlen(GOOD));
    (void)state;
    for (size_t trailing = 0; trailing < 2; trailing++) {
        struct umm_npy npy;
        FILE *f = file_of(text, len, 5 * 6 * 8 + trailing);
        assert_int_equal(umm_npy_read(fileno(f), "bars.npy", &npy, NULL), UMM_OK);
        assert_int_equal(npy.data_offset_bytes, len);
        assert_int_equal(umm_npy_data_bytes(&npy), 240);
        umm_npy_free(&npy);
        fclose(f);
    }
}

static void test_files_cut_short_are_refused(void **state)
{
    static const char claims_4g[] = MAGIC "\x02\x00\xFF\xFF\xFF\xFF{}";
    char text[TEXT_MAX];
    size_t len = wrap(text, 1, GOOD, strlen(GOOD));
    (void)state;
    assert_file_refused(text, len, 239, "array data is short by 1 bytes");
    assert_file_refused(text, len, 0, "array data is short by 240 bytes");
    assert_file_refused(text, len - 1, 0, "the NPY header claims 70 bytes, but there are only 69");
    assert_file_refused(text, 9, 0, "the NPY header is cut after 9 bytes");
    assert_file_refused("", 0, 0, "not an NPY file: it is empty");
    assert_file_refused("date,open,high\n", 15, 0,
                        "not an NPY file: it does not begin with \\x93NUMPY");
    assert_file_refused(claims_4g, sizeof claims_4g - 1, 0,
                        "the NPY header claims 4294967307 bytes, but there are only 14");
}

/* An array that grows by a row at a time, as umm-convert appends: data first, then its count. */
struct growth {
    int fd;
    int is_done;
};

enum { GROWTH_FIRST = 100000, GROWTH_HEADER_BYTES = 128 };

static bool write_count(int fd, unsigned n)
{
    char text[TEXT_MAX], dict[GROWTH_HEADER_BYTES];
    snprintf(dict, sizeof dict, "{'descr': '|u1', 'fortran_order': False, 'shape': (%u,), }%50s", n,
             "");
    size_t len = wrap(text, 1, dict, strlen(dict));
    return pwrite(fd, text, len, 0) == (ssize_t)len;
}

static void *grow(void *user)
{
    struct growth *growth = user;
    struct stat st;
    bool is_good = fstat(growth->fd, &st) == 0;
    for (unsigned n = GROWTH_FIRST + 1; is_good && n < 10 * GROWTH_FIRST; n++) {
        is_good = pwrite(growth->fd, "", 1, st.st_size++) == 1 && write_count(growth->fd, n);
        if (__atomic_load_n(&growth->is_done, __ATOMIC_RELAXED))
            break;
    }
    return is_good ? NULL : growth;
}

static void test_files_that_grow_meanwhile_open(void **state)
{
    struct growth growth = {.is_done = 0};
    pthread_t thread;
    void *bad;
    FILE *f = tmpfile();
    (void)state;
    assert_non_null(f);
    growth.fd = fileno(f);
    assert_true(write_count(growth.fd, GROWTH_FIRST));
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    assert_int_equal(ftruncate(growth.fd, ftell(f) + GROWTH_FIRST), 0);
    assert_int_equal(pthread_create(&thread, NULL, grow, &growth), 0);
    for (int i = 0; i < 20000; i++) {
        struct umm_npy npy;
        struct umm_error err = {0};
        if (umm_npy_read(growth.fd, "bars.npy", &npy, &err))
            fail_msg("look %d: %s", i, err.message);
        umm_npy_free(&npy);
    }
    __atomic_store_n(&growth.is_done, 1, __ATOMIC_RELAXED);
    assert_int_equal(pthread_join(thread, &bad), 0);
    assert_null(bad);
    fclose(f);
}

static void test_a_huge_claim_in_a_huge_file_is_refused(void **state)
{
    static const char claim[] = MAGIC "\x02\x00\xF5\xFF\xFF\x04";
    struct umm_npy npy;
    struct umm_error err = {0};
    FILE *f = file_of(claim, sizeof claim - 1, 0);
    (void)state;
    assert_int_equal(ftruncate(fileno(f), 100 << 20), 0);
    assert_int_equal(umm_npy_read(fileno(f), "bars.npy", &npy, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "the NPY header claims 83886081 bytes, the limit is 67108864");
    fclose(f);
}

static void test_pipes_are_refused(void **state)
{
    struct umm_npy npy;
    struct umm_error err = {0};
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(umm_npy_read(ends[0], "pipe", &npy, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "not a regular file");
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(umm_npy_read(-1, "closed", &npy, &err), UMM_ERR_SYSTEM);
}

/* ---- streams ---- */

/* What umm_npy_read_stream makes of the bytes at text, in one pipe. */
static enum umm_status read_stream(const char *text, size_t len, void **header, size_t *n,
                                   struct umm_error *err, char *next)
{
    struct umm_npy npy;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, len), len);
    close(ends[1]);
    enum umm_status status = umm_npy_read_stream(ends[0], "pipe", NULL, &npy, header, n, err);
    if (!status)
        assert_int_equal(npy.shape[0], 5);
    if (next && read(ends[0], next, 1) != 1)
        *next = '\0';
    umm_npy_free(&npy);
    close(ends[0]);
    return status;
}

static void test_a_stream_is_read_to_the_end_of_its_header(void **state)
{
    char text[TEXT_MAX], next;
    void *header;
    size_t n;
    (void)state;
    for (unsigned major = 1; major <= 3; major++) {
        size_t len = wrap(text, major, GOOD, strlen(GOOD));
        text[len] = 'x';
        assert_int_equal(read_stream(text, len + 1, &header, &n, NULL, &next), UMM_OK);
        assert_int_equal(n, len);
        assert_memory_equal(header, text, len);
        assert_int_equal(next, 'x');
        free(header);
    }
}

static void assert_stream_refused(const char *text, size_t len, const char *message)
{
    struct umm_error err = {0};
    void *header;
    size_t n;
    assert_int_equal(read_stream(text, len, &header, &n, &err, NULL), UMM_ERR_DATA);
    assert_string_equal(err.message, message);
    assert_string_equal(err.path, "pipe");
    assert_null(header);
}

static void test_streams_that_are_refused(void **state)
{
    char text[TEXT_MAX];
    size_t len = wrap(text, 1, GOOD, strlen(GOOD));
    (void)state;
    assert_stream_refused("", 0, "not an NPY file: it is empty");
    assert_stream_refused("date,open,high\n", 15,
                          "not an NPY file: it does not begin with \\x93NUMPY");
    assert_stream_refused(text, 9, "the NPY header is cut after 9 bytes");
    assert_stream_refused(text, len - 1, "the NPY header claims 70 bytes, but there are only 69");
    assert_stream_refused(MAGIC "\x02\x00\xff\xff\xff\xff", 12,
                          "the NPY header claims 4294967307 bytes, the limit is 67108864");
    assert_stream_refused(MAGIC "\x01\x00\x00\x00\n\n", 12, "the NPY header is empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_spelling_python_allows),
        cmocka_unit_test(test_records_keep_names_offsets_and_padding),
        cmocka_unit_test(test_bad_dicts_are_refused_by_name),
        cmocka_unit_test(test_nesting_a_thousand_deep_is_refused),
        cmocka_unit_test(test_a_zero_byte_is_never_the_end),
        cmocka_unit_test(test_names_of_version_3_must_be_utf8),
        cmocka_unit_test(test_names_longer_than_127_bytes_are_refused),
        cmocka_unit_test(test_foreign_preludes_are_refused),
        cmocka_unit_test(test_every_cut_file_is_refused_without_reading_on),
        cmocka_unit_test(test_every_cut_dict_is_refused_without_reading_on),
        cmocka_unit_test(test_files_with_all_their_data_open),
        cmocka_unit_test(test_files_cut_short_are_refused),
        cmocka_unit_test(test_files_that_grow_meanwhile_open),
        cmocka_unit_test(test_a_huge_claim_in_a_huge_file_is_refused),
        cmocka_unit_test(test_pipes_are_refused),
        cmocka_unit_test(test_a_stream_is_read_to_the_end_of_its_header),
        cmocka_unit_test(test_streams_that_are_refused),
    };
    return cmocka_run_group_tests(tests, map_guard, unmap_guard);
}
