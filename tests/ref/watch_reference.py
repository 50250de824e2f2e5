# SPDX-License-Identifier: MIT
"""watch_reference - the definition of lib/watch/watchlist.h, slow and obvious.

    watch_reference.py looks EVENTS.csv [LEVELS [CLOSED_MS [MAX_POSITIONS]]]
    watch_reference.py events SEED N_EVENTS N_POSITIONS

looks prints a line time_ms,id,symbol,risk,interval_ms,late_us for each look that a replay of the
events gives, as umm-watch does: a look is done at the time when it is due, after the events of
that time; at the end of the events, what is due by the time of the last. Times are whole
milliseconds. LEVELS, above:interval_ms, is 0.8:100,0.5:500,0.2:2000,-1:5000 unless it is given.

events prints events of a random day, with everything in them that has an answer of its own.
"""
import csv
import math
import random
import sys
from decimal import Decimal

LEVELS = "0.8:100,0.5:500,0.2:2000,-1:5000"
NEVER = 1 << 63


class Position:
    def __init__(self, row, now_ms, order):
        self.id, self.symbol = row["id"], row["symbol"]
        self.is_long = row["side"] in ("long", "1")
        self.entry = float(row["entry"])
        self.take_profit = float(row["take_profit"] or "nan")
        self.stop_loss = float(row["stop_loss"] or "nan")
        self.is_closed = False
        self.due_ms, self.last_ms, self.order = now_ms, None, order

    def distances(self, price):
        """To take profit and stop loss, 1 at entry, 0 at the barrier; None where there is none."""
        tp, sl, entry = self.take_profit, self.stop_loss, self.entry
        if self.is_long:
            to_tp = 0 if tp <= entry else None if math.isnan(tp) else (tp - price) / (tp - entry)
            to_sl = 0 if sl >= entry else None if math.isnan(sl) else (price - sl) / (entry - sl)
        else:
            to_tp = 0 if tp >= entry else None if math.isnan(tp) else (price - tp) / (entry - tp)
            to_sl = 0 if sl <= entry else None if math.isnan(sl) else (sl - price) / (sl - entry)
        return to_tp, to_sl

    def risk(self, price):
        if self.is_closed:
            return 0.0
        price = self.entry if price is None else price
        by = [1 - distance for distance in self.distances(price) if distance is not None]
        return min(max(by + [0.0]), 1.0)

    def beyond(self, price):
        """The barriers on their side of entry that the price is at or beyond."""
        price = self.entry if price is None else price
        tp, sl, entry = self.take_profit, self.stop_loss, self.entry
        if self.is_long:
            at = {"tp": price >= tp > entry, "sl": price <= sl < entry}
        else:
            at = {"tp": price <= tp < entry, "sl": price >= sl > entry}
        return {barrier for barrier, is_beyond in at.items() if is_beyond}


class Watchlist:
    def __init__(self, levels, closed_ms, max_positions):
        self.levels, self.closed_ms, self.max_positions = levels, closed_ms, max_positions
        self.positions, self.prices, self.order = {}, {}, 0

    def interval(self, position, risk):
        if position.is_closed:
            return self.closed_ms
        return next(interval_ms for above, interval_ms in self.levels if risk > above)

    def event(self, row):
        now_ms = int(row["time"])
        {"open": self.open, "price": self.price, "close": self.close}[row["event"]](row, now_ms)

    def open(self, row, now_ms):
        replaced = self.positions.pop(row["id"], None)
        if replaced is None and len(self.positions) == self.max_positions:
            closed = [p for p in self.positions.values() if p.is_closed]
            if not closed:
                return
            del self.positions[min(closed, key=lambda p: p.order).id]
        self.order += 1
        self.positions[row["id"]] = Position(row, now_ms, self.order)

    def close(self, row, now_ms):
        position = self.positions.get(row["id"])
        if position is None or position.is_closed:
            return
        self.order += 1
        position.is_closed, position.order = True, self.order
        position.due_ms = now_ms + self.closed_ms

    def price(self, row, now_ms):
        symbol, price = row["symbol"], float(row["price"])
        before = self.prices.get(symbol)
        self.prices[symbol] = price
        for position in self.positions.values():
            if position.symbol != symbol or position.is_closed:
                continue
            due_ms = now_ms
            is_reached = position.beyond(price) - position.beyond(before)
            if position.last_ms is not None and not is_reached:
                interval_ms = self.interval(position, position.risk(price))
                due_ms = max(now_ms, position.last_ms + interval_ms)
            position.due_ms = min(position.due_ms, due_ms)

    def next_ms(self):
        return min((p.due_ms for p in self.positions.values()), default=NEVER)

    def looks(self, now_ms):
        """All that are due, in order, each with its risk and its new interval."""
        due = [(-p.risk(self.prices.get(p.symbol)), p.due_ms, p.order, p)
               for p in self.positions.values() if p.due_ms <= now_ms]
        for minus_risk, due_ms, _, position in sorted(due, key=lambda each: each[:3]):
            interval_ms = self.interval(position, -minus_risk)
            while position.due_ms <= now_ms:
                position.due_ms += interval_ms
            position.last_ms = now_ms
            yield position, -minus_risk, interval_ms, now_ms - due_ms


def shortest(value):
    """As lib/text/shortest.h has it: the digits of repr, no exponent from 1e-6 on, no ".0"."""
    if value and value < 1e-6:
        return repr(value).replace("e-0", "e-")
    text = format(Decimal(repr(abs(value))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def replay(watchlist, rows, out):
    def look_until(last_ms):
        while (now_ms := watchlist.next_ms()) <= last_ms:
            for position, risk, interval_ms, late_ms in watchlist.looks(now_ms):
                out.writerow([now_ms, position.id, position.symbol, shortest(risk), interval_ms,
                              late_ms * 1000])

    last_ms = None
    for row in rows:
        time_ms = int(row["time"])
        if last_ms is not None and time_ms > last_ms:
            look_until(time_ms - 1)
        last_ms = time_ms
        watchlist.event(row)
    if last_ms is not None:
        look_until(last_ms)


def print_looks(path, levels=LEVELS, closed_ms="3600000", max_positions="1000000"):
    pairs = [pair.split(":") for pair in levels.split(",")]
    watchlist = Watchlist([(float(above), int(interval)) for above, interval in pairs],
                          int(closed_ms), int(max_positions))
    out = csv.writer(sys.stdout, lineterminator="\n")
    with open(path, newline="", encoding="utf-8") as file:
        replay(watchlist, csv.DictReader(file), out)


# ---- random days ----

SYMBOLS = ["AAPL", "BTC/USD", "a,b", 'q"q', "\u00e9"]


def random_price(random_):
    if random_.random() < 0.5:
        return random_.randint(90, 110)
    return random_.uniform(90, 110)


def random_open(random_, n_positions):
    side = random_.choice([1, -1])
    entry = random_price(random_)
    take_profit = entry + side * random_.choice([random_.uniform(0, 15), random_.randint(0, 15)])
    stop_loss = entry - side * random_.choice([random_.uniform(-2, 15), random_.randint(0, 15)])
    return {"event": "open", "id": f"{'p' * random_.randrange(20)}{random_.randrange(n_positions)}",
            "symbol": random_.choice(SYMBOLS),
            "side": {1: ["long", "1"], -1: ["short", "-1"]}[side][random_.randrange(2)],
            "entry": repr(entry),
            "take_profit": "" if random_.random() < 0.1 else repr(take_profit),
            "stop_loss": "" if random_.random() < 0.1 else repr(stop_loss)}


def print_events(seed, n_events, n_positions):
    random_ = random.Random(int(seed))
    names = ["event", "time", "id", "symbol", "side", "entry", "take_profit", "stop_loss", "price"]
    out = csv.DictWriter(sys.stdout, names, restval="", lineterminator="\n")
    out.writeheader()
    time_ms, ids = 1700000000000, ["nobody"]
    for _ in range(int(n_events)):
        time_ms += random_.choice([0, 0, 1, 7, 30, 100, 250])
        if random_.random() < 0.01:
            time_ms += random_.randrange(10000)
        if random_.random() < 0.0005:
            time_ms += random_.randrange(400000)
        what = random_.random()
        if what < 0.1:
            row = random_open(random_, int(n_positions))
            ids.append(row["id"])
        elif what < 0.14:
            row = {"event": "close", "id": random_.choice(ids[-2 * int(n_positions):])}
        else:
            row = {"event": "price", "symbol": random_.choice(SYMBOLS),
                   "price": repr(random_price(random_))}
        out.writerow({**row, "time": time_ms})


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    {"looks": print_looks, "events": print_events}[what](*arguments)
