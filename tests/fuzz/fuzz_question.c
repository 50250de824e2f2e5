/* SPDX-License-Identifier: MIT */
/*
 * fuzz_question.c - a line that a client sends a service: no byte beyond it is touched, a row's
 * numbers are those of the parser, its id comes back out of the answer, and what is refused says
 * why. The first byte says how many numbers there are in a row.
 */
#include "predict/service_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WIDTH_MAX = 8 };

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check_id(const struct umm_service_id *id)
{
    require(id->len_bytes <= UMM_SERVICE_ID_MAX, "a long id");
    for (size_t i = 0; i < id->len_bytes; i++)
        require((unsigned char)id->text[i] >= ' ' && id->text[i] != 0x7f, "a control character");
}

static void check_line(const struct umm_service_line *line)
{
    check_id(&line->id);
    check_id(&line->key);
    require(line->word < UMM_SERVICE_WORDS && *umm_service_word_name(line->word), "no word");
    require(line->kind != UMM_SERVICE_LINE_ROW || line->id.len_bytes > 0, "a row without an id");
}

/* What was read, printed as a client may, is read as the same again. */
static void check_again(const struct umm_service_line *line, const double *numbers, size_t width)
{
    char text[UMM_SERVICE_CELL_MAX + WIDTH_MAX * 32];
    struct umm_service_line again;
    double others[WIDTH_MAX] = {0};
    char *end = umm_service_id_put(text, &line->id);
    for (size_t i = 0; i < width; i++)
        end += snprintf(end, 32, ",%.17g", numbers[i]);
    umm_service_line_read(text, (size_t)(end - text), width, others, &again);
    require(again.kind == UMM_SERVICE_LINE_ROW, "not read again");
    require(again.id.len_bytes == line->id.len_bytes &&
                memcmp(again.id.text, line->id.text, line->id.len_bytes) == 0,
            "another id");
    for (size_t i = 0; i < width; i++)
        require(numbers[i] == others[i] || (numbers[i] != numbers[i] && others[i] != others[i]),
                "another number");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double numbers[WIDTH_MAX];
    struct umm_service_line line;
    if (size == 0)
        return 0;
    const size_t width = 1 + data[0] % WIDTH_MAX, len = size - 1;
    char *text = malloc(len + !len); /* of its own, so that what is after it is seen */
    require(text != NULL, "no memory");
    memcpy(text, data + 1, len);
    if (!memchr(text, '\n', len)) {
        umm_service_line_read(text, len, width, numbers, &line);
        check_line(&line);
        if (line.kind == UMM_SERVICE_LINE_ROW)
            check_again(&line, numbers, width);
        umm_service_line_read_key(text, len, &line);
        check_line(&line);
        require(line.kind != UMM_SERVICE_LINE_ROW || line.key.len_bytes > 0, "no key");
        umm_service_line_refuse(text, len, UMM_SERVICE_HALF, &line);
        check_line(&line);
        require(line.kind == UMM_SERVICE_LINE_REFUSED && line.word == UMM_SERVICE_HALF, "a word");
    }
    free(text);
    return 0;
}
