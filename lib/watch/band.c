/* SPDX-License-Identifier: MIT */
#include "watch/band.h"

#include <float.h>
#include <math.h>

/*
 * A short position is a long one with all prices negated, and a stop loss is a take profit with
 * them negated: negation is exact, so that one barrier above entry is all that there is.
 *
 * Subtraction, and division by a positive number, are monotone also when rounded. So the risk by
 * one barrier does not fall as the price rises to it: where it is low enough at one price, it is at
 * all lower ones. A limit is estimated, then held against the definition itself: where that refuses
 * it, no price passes unseen.
 */
struct barrier {
    double entry, at; /* at is NaN for none; else above entry, or on the wrong side */
};

static struct barrier take_profit(const struct umm_watch_position *position)
{
    return (struct barrier){position->side * position->entry,
                            position->side * position->take_profit};
}

static struct barrier stop_loss(const struct umm_watch_position *position)
{
    return (struct barrier){-position->side * position->entry,
                            -position->side * position->stop_loss};
}

static double risk_by(struct barrier barrier, double price)
{
    if (isnan(barrier.at))
        return 0;
    if (barrier.at <= barrier.entry)
        return 1;
    return 1 - (barrier.at - price) / (barrier.at - barrier.entry);
}

double umm_watch_risk(const struct umm_watch_position *position, double price)
{
    if (isnan(price))
        price = position->entry;
    const double by_tp = risk_by(take_profit(position), position->side * price);
    const double by_sl = risk_by(stop_loss(position), -position->side * price);
    const double risk = by_tp > by_sl ? by_tp : by_sl;
    return risk > 1 ? 1 : risk > 0 ? risk : 0;
}

static bool is_reached(struct barrier barrier, double price)
{
    return barrier.at > barrier.entry && price >= barrier.at;
}

unsigned umm_band_reached(const struct umm_watch_position *position, double price)
{
    unsigned reached = 0;
    if (is_reached(take_profit(position), position->side * price))
        reached |= UMM_REACHED_TP;
    if (is_reached(stop_loss(position), -position->side * price))
        reached |= UMM_REACHED_SL;
    return reached;
}

struct umm_band umm_band_around(double price)
{
    const float near = price > (double)FLT_MAX    ? FLT_MAX
                       : price < -(double)FLT_MAX ? -FLT_MAX
                                                  : (float)price;
    struct umm_band band = {near, near};
    if ((double)near > price)
        band.low = nextafterf(near, -INFINITY);
    if ((double)near < price)
        band.high = nextafterf(near, INFINITY);
    return band;
}

static const struct umm_band all = {-INFINITY, INFINITY}, none = {INFINITY, -INFINITY};

static struct umm_band band_by(struct barrier barrier, double above, bool reached)
{
    if (isnan(barrier.at))
        return all;
    if (barrier.at <= barrier.entry)
        return above < 1 ? none : all;
    if (reached)
        return above < 1 ? none : (struct umm_band){umm_band_around(barrier.at).high, INFINITY};
    double limit = barrier.at;
    if (above < 1)
        limit -= (1 - above) * (barrier.at - barrier.entry);
    limit -= 4 * DBL_EPSILON * (fabs(barrier.at) + fabs(barrier.entry)); /* what rounding may do */
    const float high = umm_band_around(limit).low;
    if ((double)high < barrier.at && risk_by(barrier, (double)high) <= above)
        return (struct umm_band){-INFINITY, high};
    return none;
}

static struct umm_band negate(struct umm_band band)
{
    return (struct umm_band){-band.high, -band.low};
}

struct umm_band umm_band_of(const struct umm_watch_position *position, double above,
                            unsigned reached)
{
    if (above < 0)
        return none;
    struct umm_band tp = band_by(take_profit(position), above, reached & UMM_REACHED_TP);
    struct umm_band sl = band_by(stop_loss(position), above, reached & UMM_REACHED_SL);
    if (position->side > 0)
        sl = negate(sl);
    else
        tp = negate(tp);
    return (struct umm_band){tp.low > sl.low ? tp.low : sl.low,
                             tp.high < sl.high ? tp.high : sl.high};
}

size_t umm_band_find(const float *low, const float *high, size_t n, size_t start,
                     struct umm_band price)
{
    enum { BLOCK = 16 }; /* a count that is known is what compilers make vectors of */
    size_t at = start;
    for (; at + BLOCK <= n; at += BLOCK) {
        const float *lows = low + at, *highs = high + at;
        int is_outside = 0;
        for (int i = 0; i < BLOCK; i++)
            is_outside |= (price.low < lows[i]) | (price.high > highs[i]);
        if (is_outside)
            break;
    }
    while (at < n && !(price.low < low[at] || price.high > high[at]))
        at++;
    return at;
}
