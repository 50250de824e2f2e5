/* SPDX-License-Identifier: MIT */
/*
 * reading_layout.h - what a preset says of the file at hand: which preset it is, by the header, how
 * far the header goes, which columns are taken, and in which zone times are.
 */
#ifndef UMM_READING_READING_LAYOUT_H
#define UMM_READING_READING_LAYOUT_H

#include "reading/reading.h"

enum { UMM_READING_COLUMNS_MAX = 256 };

/*
 * Set reading->layout to the preset that has a header of those fields. One that has to be asked
 * for is only advised: what then fails before a row is read names it.
 */
void umm_reading_recognise(struct umm_reading *reading, const struct umm_csv_field *fields,
                           size_t n_fields);

/*
 * A file without a header: the preset that its name tells (NULL: none), if its rows have fields
 * like those. Of other presets with such rows the first is advised, if that many fields are rare.
 */
void umm_reading_recognise_row(struct umm_reading *reading, const char *layout_of_name,
                               const struct umm_csv_field *fields, size_t n_fields);

/* Add to err, which status is of, the presets that are advised; returns status. */
enum umm_status umm_reading_advise(const struct umm_reading *reading, enum umm_status status,
                                   struct umm_error *err);

/*
 * Consume the records by which the preset's header goes on after the first. Where they are not
 * there, a preset that was found by the first is dropped, and one that was asked for is refused
 * with UMM_ERR_DATA and the place; likewise a header of several symbols.
 */
UMM_MUST_USE enum umm_status umm_reading_continue_header(struct umm_reading *reading,
                                                         struct umm_error *err);

/*
 * The selection of the preset, NULL if it has none; columns is room for it. Where the volumes of a
 * preset are in several assets it is not their order that says which is the base asset's, but
 * the symbol.
 */
UMM_MUST_USE enum umm_status umm_reading_layout_columns(struct umm_reading *reading,
                                                        const struct umm_reading_options *options,
                                                        char columns[UMM_READING_COLUMNS_MAX],
                                                        const char **out, struct umm_error *err);

/*
 * Refuse whole prices where another preset of the same header has all prices so: as long as the
 * preset was not asked for, any, and otherwise what is too large for a price.
 */
UMM_MUST_USE enum umm_status umm_reading_check_prices(struct umm_reading *reading,
                                                      struct umm_error *err);

/*
 * The zone of times without one: that of the caller, else the preset's if the first row has a time
 * of day; NULL for UTC. UMM_ERR_DATA, with the place, if the preset leaves it to the caller.
 */
UMM_MUST_USE enum umm_status umm_reading_find_zone(struct umm_reading *reading,
                                                   const struct umm_reading_options *options,
                                                   const char **zone, struct umm_error *err);

#endif
