/* SPDX-License-Identifier: MIT */
#include "synth/synth_event.h"

#include <string.h>

#include "text/print.h"

enum { HELD_BARS_MIN = 8, HELD_BARS_RANGE = 128, STEPS_MAX = 8 };

static char *put_text(char *out, const char *text)
{
    size_t len = strlen(text);
    memcpy(out, text, len);
    return out + len;
}

/* ---- positions ------------------------------------------------------------------- */

static uint64_t n_symbols(const struct umm_synth_rows *rows)
{
    return rows->options.n_symbols ? rows->options.n_symbols : 1;
}

static const char *symbol_of(const struct umm_synth_rows *rows)
{
    return rows->options.n_symbols ? rows->symbol : rows->options.symbol;
}

/* 64 random bits of a slot, which one position after the other has. */
static uint64_t slot_bits(const struct umm_synth_rows *rows, uint64_t slot)
{
    return umm_synth_mix(rows->stream ^ umm_synth_mix(slot + 1));
}

/*
 * Which position of the slot is open after the bar, from 0. One is held for the slot's number of
 * bars; the first one for some of them only, so that slots do not change all at once.
 */
static uint64_t turn_of(uint64_t bits, uint64_t bar, bool *is_first_bar)
{
    const uint64_t held = HELD_BARS_MIN + (bits & (HELD_BARS_RANGE - 1)),
                   late = (bits >> 32) % held;
    *is_first_bar = bar == 0 || (bar + late) % held == 0;
    return (bar + late) / held;
}

/* The first slot from `slot` on that changes in this bar, of those of its symbol; or none. */
static uint64_t next_change(const struct umm_synth_rows *rows, uint64_t slot)
{
    bool is_changing = false;
    for (; slot < rows->options.n_positions; slot += n_symbols(rows)) {
        (void)turn_of(slot_bits(rows, slot), rows->bar_number, &is_changing);
        if (is_changing)
            break;
    }
    return slot;
}

/* ---- lines ----------------------------------------------------------------------- */

/* "open,1577836800000,P1-0," */
static char *put_event(const struct umm_synth_rows *rows, char *out, const char *event,
                       uint64_t slot, uint64_t turn)
{
    out = put_text(out, event);
    *out++ = ',';
    out = umm_print_i64(out, rows->sec * 1000);
    out = put_text(out, ",P");
    out = umm_print_u64(out, slot + 1);
    *out++ = '-';
    out = umm_print_u64(out, turn);
    *out++ = ',';
    return out;
}

/* A barrier is that many ticks from the entry, and above 0. */
static int64_t distance(const struct umm_synth_rows *rows, uint64_t bits)
{
    const int64_t steps = 1 + (int64_t)(bits % STEPS_MAX), most = rows->bar.close / 2;
    const int64_t ticks = steps * (int64_t)rows->walk.width;
    return ticks < most ? ticks : most;
}

static char *put_open(const struct umm_synth_rows *rows, char *out, uint64_t slot, uint64_t turn)
{
    const uint64_t bits = umm_synth_mix(slot_bits(rows, slot) + turn);
    const int64_t entry = rows->bar.close, side = bits & 1 ? 1 : -1;
    out = put_event(rows, out, "open", slot, turn);
    out = put_text(out, symbol_of(rows));
    out = put_text(out, side > 0 ? ",long," : ",short,");
    out = umm_synth_rows_price(rows, out, entry);
    *out++ = ',';
    out = umm_synth_rows_price(rows, out, entry + side * distance(rows, bits >> 8));
    *out++ = ',';
    out = umm_synth_rows_price(rows, out, entry - side * distance(rows, bits >> 16));
    *out++ = ',';
    return umm_synth_rows_end(rows, out);
}

static char *put_price_event(const struct umm_synth_rows *rows, char *out)
{
    out = put_text(out, "price,");
    out = umm_print_i64(out, rows->sec * 1000);
    out = put_text(out, ",,");
    out = put_text(out, symbol_of(rows));
    out = put_text(out, ",,,,,");
    out = umm_synth_rows_price(rows, out, rows->bar.close);
    return umm_synth_rows_end(rows, out);
}

char *umm_synth_events_header(const struct umm_synth_events *events, char *out)
{
    if (events->rows->options.has_no_header)
        return out;
    out = put_text(out, "event,time,id,symbol,side,entry,take_profit,stop_loss,price");
    return umm_synth_rows_end(events->rows, out);
}

char *umm_synth_events_next(struct umm_synth_events *events, char *out)
{
    struct umm_synth_rows *rows = events->rows;
    if (!events->is_in_bar) {
        umm_synth_rows_draw(rows);
        out = put_price_event(rows, out);
        events->slot = rows->index % n_symbols(rows);
    } else {
        bool is_first_bar;
        const uint64_t slot = events->slot;
        const uint64_t turn = turn_of(slot_bits(rows, slot), rows->bar_number, &is_first_bar);
        if (rows->bar_number > 0) {
            out = put_text(put_event(rows, out, "close", slot, turn - 1), ",,,,,");
            out = umm_synth_rows_end(rows, out);
        }
        out = put_open(rows, out, slot, turn);
        events->slot += n_symbols(rows);
    }
    events->slot = next_change(rows, events->slot);
    events->is_in_bar = events->slot < rows->options.n_positions;
    rows->index += !events->is_in_bar;
    return out;
}
