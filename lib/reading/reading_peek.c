/* SPDX-License-Identifier: MIT */
#include "reading/reading.h"

enum umm_status umm_reading_peek(struct umm_reading *reading, struct umm_csv_record *record,
                                 size_t *len_bytes, enum umm_csv_split *split,
                                 struct umm_error *err)
{
    struct umm_records *records = &reading->records;
    const char *text;
    size_t bad_at;
    bool is_end;
    enum umm_status status = umm_records_peek(records, &text, len_bytes, &is_end, err);
    if (status || *len_bytes == 0)
        return status;
    *split = umm_csv_split(text, *len_bytes, is_end, records->delimiter, record, &bad_at);
    if (*split != UMM_CSV_SPLIT_MORE)
        return UMM_OK;
    status = umm_records_peek_record(records, &text, len_bytes, &is_end, err);
    if (!status)
        *split = umm_csv_split(text, *len_bytes, is_end, records->delimiter, record, &bad_at);
    return status;
}

enum umm_status umm_reading_first_fields(struct umm_reading *reading, struct umm_csv_record *record,
                                         const struct umm_csv_field **fields, size_t *n_fields,
                                         struct umm_error *err)
{
    enum umm_csv_split split;
    size_t len, bad_at;
    *n_fields = 0;
    enum umm_status status = umm_records_skip_void(&reading->records, err);
    if (!status)
        status = umm_reading_peek(reading, record, &len, &split, err);
    if (status || len == 0 || split != UMM_CSV_SPLIT_RECORD ||
        umm_csv_fields(reading->reader, record, fields, n_fields, &bad_at, NULL) == UMM_OK)
        return status;
    *n_fields = 0;
    return UMM_OK;
}
