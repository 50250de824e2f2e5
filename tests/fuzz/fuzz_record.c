/* SPDX-License-Identifier: MIT */
/*
 * fuzz_record.c - a baseline of any content: it is read, judged and shown in every form
 * without a crash, and what was read once reads the same again.
 */
#include "m5/acceptance_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef enum umm_status print_fn(const struct umm_acceptance_report *, char **, size_t *,
                                 struct umm_error *);

static void check_read_back(const struct umm_record *record)
{
    static struct umm_record again;
    char *text;
    size_t len;
    if (umm_record_text(record, &text, &len, NULL) != UMM_OK)
        return;
    if (!umm_record_parse(text, &again) ||
        memcmp(record, &again, offsetof(struct umm_record, samples)) != 0) {
        fputs("a record does not read back as it was written\n", stderr);
        abort();
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static print_fn *const prints[] = {umm_acceptance_report_text, umm_acceptance_report_json,
                                       umm_acceptance_report_page};
    static struct umm_record record;
    struct umm_acceptance acceptance;
    struct umm_acceptance_report report = {.title = "fuzz",
                                           .record = &record,
                                           .acceptance = &acceptance,
                                           .baseline = &record,
                                           .baseline_acceptance = &acceptance};
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    bool is_record = umm_record_parse(text, &record);
    free(text);
    if (!is_record)
        return 0;
    check_read_back(&record);
    umm_acceptance_judge(&record, &acceptance);
    for (size_t i = 0; i < sizeof prints / sizeof *prints; i++) {
        size_t len;
        if (prints[i](&report, &text, &len, NULL) == UMM_OK)
            free(text);
    }
    return 0;
}
