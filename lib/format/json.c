/* SPDX-License-Identifier: MIT */
#include "format/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "text/textbuf.h"

/* A handle: the value is jansson's, kept by its parent; the root keeps all handles. */
struct umm_json {
    json_t *value;
    struct umm_json *root;
    struct umm_json *next; /* all that belong to a root, freed with it */
    bool is_failed;        /* of a root */
};

static void fail(struct umm_json *object)
{
    object->root->is_failed = true;
}

/* A handle for value, which the parent's root keeps. */
static struct umm_json *wrap(json_t *value, struct umm_json *root)
{
    struct umm_json *object = calloc(1, sizeof *object);
    if (!object)
        return NULL;
    object->value = value;
    object->root = root ? root : object;
    if (root) {
        object->next = root->next;
        root->next = object;
    }
    return object;
}

struct umm_json *umm_json_new(void)
{
    json_t *value = json_object();
    struct umm_json *object = value ? wrap(value, NULL) : NULL;
    if (!object)
        json_decref(value);
    return object;
}

static void free_all(struct umm_json *object)
{
    if (!object)
        return;
    json_decref(object->value);
    while (object) {
        struct umm_json *next = object->next;
        free(object);
        object = next;
    }
}

static void put(struct umm_json *object, const char *key, json_t *value)
{
    if (!object) {
        json_decref(value);
        return;
    }
    if (json_object_set_new(object->value, key, value) != 0)
        fail(object);
}

/* text with every byte that is not part of valid UTF-8 replaced; malloc'ed. */
static json_t *repaired(const char *text)
{
    static const char mark[] = "\xef\xbf\xbd";
    size_t len = strlen(text), used = 0;
    char *out = malloc(3 * len + 1);
    if (!out)
        return NULL;
    for (size_t i = 0; i < len;) {
        uint32_t point;
        size_t n = umm_utf8_decode(text + i, len - i, &point);
        memcpy(out + used, n ? text + i : mark, n ? n : 3);
        used += n ? n : 3;
        i += n ? n : 1;
    }
    json_t *value = json_stringn(out, used);
    free(out);
    return value;
}

void umm_json_put_text(struct umm_json *object, const char *key, const char *text)
{
    json_t *value = text ? json_string(text) : json_null();
    put(object, key, value ? value : repaired(text));
}

void umm_json_put_integer(struct umm_json *object, const char *key, int64_t value)
{
    put(object, key, json_integer(value));
}

void umm_json_put_count(struct umm_json *object, const char *key, uint64_t value)
{
    if (value == UINT64_MAX)
        put(object, key, json_null());
    else
        put(object, key, json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

void umm_json_put_real(struct umm_json *object, const char *key, double value)
{
    put(object, key, __builtin_isfinite(value) ? json_real(value) : json_null());
}

void umm_json_put_bool(struct umm_json *object, const char *key, bool value)
{
    put(object, key, json_boolean(value));
}

void umm_json_put_array(struct umm_json *object, const char *key)
{
    put(object, key, json_array());
}

static struct umm_json *adopt(struct umm_json *object, json_t *value)
{
    struct umm_json *child = value ? wrap(value, object->root) : NULL;
    if (!child)
        fail(object);
    return child;
}

struct umm_json *umm_json_put_object(struct umm_json *object, const char *key)
{
    if (!object)
        return NULL;
    put(object, key, json_object());
    return adopt(object, json_object_get(object->value, key));
}

/* The array member, made if new; NULL for want of memory. */
static json_t *array_of(struct umm_json *object, const char *key)
{
    if (!json_object_get(object->value, key))
        put(object, key, json_array());
    return json_object_get(object->value, key);
}

struct umm_json *umm_json_add_object(struct umm_json *object, const char *key)
{
    if (!object)
        return NULL;
    json_t *array = array_of(object, key);
    if (json_array_append_new(array, json_object()) != 0)
        return adopt(object, NULL);
    return adopt(object, json_array_get(array, json_array_size(array) - 1));
}

void umm_json_add_integer(struct umm_json *object, const char *key, int64_t value)
{
    if (object && json_array_append_new(array_of(object, key), json_integer(value)) != 0)
        fail(object);
}

static int add_printed(const char *bytes, size_t len_bytes, void *user)
{
    struct umm_textbuf *out = user;
    umm_textbuf_add_bytes(out, bytes, len_bytes);
    return out->is_failed ? -1 : 0;
}

/*
 * Bytes of the character at text, if it is a control character that jansson lets through:
 * delete, and U+0080 to U+009F, among which is one that begins a terminal's commands.
 */
static size_t control_len(const char *text, size_t len_bytes)
{
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] == 0x7F)
        return 1;
    return at[0] == 0xC2 && len_bytes > 1 && at[1] >= 0x80 && at[1] <= 0x9F ? 2 : 0;
}

/* Escape those: it is text all of them are in, since JSON has none elsewhere. */
static void escape_controls(struct umm_textbuf *out)
{
    struct umm_textbuf safe = {.is_failed = out->is_failed};
    size_t copied = 0;
    for (size_t i = 0; i < out->len_bytes; i++) {
        size_t n = control_len(out->text + i, out->len_bytes - i);
        if (n == 0)
            continue;
        umm_textbuf_add_bytes(&safe, out->text + copied, i - copied);
        umm_textbuf_add(&safe, "\\u%04X", (unsigned char)out->text[i + n - 1]);
        copied = i + n;
        i = copied - 1;
    }
    if (copied == 0)
        return;
    umm_textbuf_add_bytes(&safe, out->text + copied, out->len_bytes - copied);
    umm_textbuf_free(out);
    *out = safe;
}

/* The document that object is the outermost of, which is freed; a failure is out's. */
static void print_all(struct umm_json *object, size_t layout, struct umm_textbuf *out)
{
    /* 12 digits: these are figures for reports, not data. */
    out->is_failed |=
        !object || object->root->is_failed ||
        json_dump_callback(object->value, add_printed, out, layout | JSON_REAL_PRECISION(12)) != 0;
    free_all(object);
    /* Jansson (2.14) forgets a failure inside a string, and goes on after it. */
    if (!out->is_failed)
        escape_controls(out);
}

static enum umm_status take(struct umm_textbuf *out, char **text, size_t *len_bytes,
                            struct umm_error *err)
{
    if (out->is_failed) {
        const size_t size = out->len_bytes;
        umm_textbuf_free(out);
        return umm_error_set_memory(err, size, "a JSON report");
    }
    return umm_textbuf_take(out, text, len_bytes, err);
}

enum umm_status umm_json_finish(struct umm_json *object, bool is_compact, char **text,
                                size_t *len_bytes, struct umm_error *err)
{
    struct umm_textbuf out = {0};
    print_all(object, is_compact ? JSON_COMPACT : JSON_INDENT(2), &out);
    umm_textbuf_add(&out, "\n");
    return take(&out, text, len_bytes, err);
}

/* ---- in parts ---------------------------------------------------------------------- */

/* What jansson prints after the last member of the object, and after the last item in it. */
#define OBJECT_END "\n}"
#define ARRAY_END  "\n  ]"

static void drop_end(struct umm_textbuf *out, size_t len_bytes)
{
    if (!out->is_failed)
        out->len_bytes -= len_bytes;
}

enum umm_status umm_json_finish_head(struct umm_json *object, char **text, size_t *len_bytes,
                                     struct umm_error *err)
{
    struct umm_textbuf out = {0};
    print_all(object, JSON_INDENT(2), &out);
    drop_end(&out, sizeof OBJECT_END - 1);
    return take(&out, text, len_bytes, err);
}

enum umm_status umm_json_finish_item(struct umm_json *object, const char *key, bool is_first,
                                     char **text, size_t *len_bytes, struct umm_error *err)
{
    /* As the only item of an array in an object it is printed as deep as it belongs. */
    struct umm_json *whole = umm_json_new();
    struct umm_textbuf printed = {0}, out = {0};
    if (whole && object)
        put(whole, key, json_pack("[O]", object->value));
    printed.is_failed = !object || object->root->is_failed;
    free_all(object);
    print_all(whole, JSON_INDENT(2), &printed);
    drop_end(&printed, sizeof ARRAY_END OBJECT_END - 1);
    out.is_failed = printed.is_failed;
    if (!out.is_failed) {
        /* From the brace on, or else from the bracket. */
        size_t skipped = is_first ? 1 : (size_t)(strchr(printed.text, '[') + 1 - printed.text);
        umm_textbuf_add(&out, ",");
        umm_textbuf_add_bytes(&out, printed.text + skipped, printed.len_bytes - skipped);
    }
    umm_textbuf_free(&printed);
    return take(&out, text, len_bytes, err);
}

enum umm_status umm_json_finish_tail(struct umm_json *object, bool has_items, char **text,
                                     size_t *len_bytes, struct umm_error *err)
{
    struct umm_textbuf printed = {0}, out = {0};
    print_all(object, JSON_INDENT(2), &printed);
    out.is_failed = printed.is_failed;
    if (!out.is_failed)
        umm_textbuf_add(&out, "%s,%s\n", has_items ? ARRAY_END : "", printed.text + 1);
    umm_textbuf_free(&printed);
    return take(&out, text, len_bytes, err);
}
