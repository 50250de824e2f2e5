# SPDX-License-Identifier: MIT
"""features_oracle - the definitions of umm-features, slow and obvious.

    features_oracle.py check BARS.npy              every feature in every compat mode, of these
                                                   bars and of some that stand still
    features_oracle.py reference CSV REFERENCE     TA-Lib's own values, where they are

Windows are summed exactly (fractions), each by itself; averages follow their definition
row by row. The tool's outputs must be within TOLERANCE of these, relative to the larger
of the value and the feature's scale, and begin at the same row.
"""
import csv
import math
import os
import random
import subprocess
import sys
import tempfile
from fractions import Fraction

import numpy as np

MODES = ("talib", "tradingview", "tulip", "pandas", "metastock")
NONE_BY_ZERO = ("tradingview", "tulip", "pandas")  # a quotient by 0 has no value there
TOLERANCE = 1e-12
WINDOW_TOLERANCE = 4e-15
STD_DRIFT = 2e-9  # of TA-Lib's deviation on the bars compared with: 1.65e-9


def run_tool(bars, *options):
    """Names and columns that the tool makes of bars."""
    with tempfile.TemporaryDirectory() as work:
        source, out = os.path.join(work, "in.npy"), os.path.join(work, "out.npy")
        np.save(source, bars)
        subprocess.run(["umm-features", *options, "-o", out, source], check=True)
        array = np.load(out)
    return {name: array[name].astype(float) for name in array.dtype.names[1:]}


# ---- averages: lists with None where there is no value ----

def average(values, k, n, first, early=False):
    """a += (x - a) * k, from the first value, or from the mean of the first n."""
    out, seen, now = [], [], None
    for x in values:
        if x is None:
            out.append(None)
            continue
        seen.append(x)
        if first:
            now = x if len(seen) == 1 else now + (x - now) * k
        elif len(seen) == n:
            now = math.fsum(seen) / n
        elif len(seen) > n:
            now += (x - now) * k
        out.append(now if early or len(seen) >= n else None)
    return out


def ema(values, n, mode):
    first = mode not in ("talib", "tradingview")
    return average(values, 2 / (n + 1), n, first, mode == "tulip")


def rma(values, n, mode):
    return average(values, 1 / n, n, mode == "pandas")


def combine(function, *lists):
    return [None if None in row else function(*row) for row in zip(*lists)]


def begin_at(values, row):
    return [None] * row + values[row:]


# ---- windows ----

def windows(values, n, function):
    out = []
    for i in range(len(values)):
        part = values[max(0, i + 1 - n):i + 1]
        out.append(function(part) if len(part) == n and None not in part else None)
    return out


def exact_mean(part):
    return float(sum(map(Fraction, part)) / len(part))


def sparse_means(values, n):
    """Of the last n values that there are, where there is one: Pine's ta.sma."""
    there = [i for i, x in enumerate(values) if x is not None and not math.isnan(x)]
    out = [None if x is None else math.nan for x in values]
    for last in range(n - 1, len(there)):
        out[there[last]] = exact_mean([values[i] for i in there[last + 1 - n:last + 1]])
    return out


def mean_or_none(part):
    return math.nan if any(map(math.isnan, part)) else exact_mean(part)


def exact_deviation(part, sample):
    values = list(map(Fraction, part))
    mean = sum(values) / len(values)
    variance = sum((v - mean) ** 2 for v in values) / (len(values) - sample)
    return root(variance)


def root(fraction):
    """The square root of a fraction, to a double."""
    if fraction == 0:
        return 0.0
    scale = 0
    while fraction < 2 ** 120:
        fraction, scale = fraction * 4, scale + 1
    return float(Fraction(math.isqrt(int(fraction)), 2 ** scale))


def exact_score(part, sample, flat):
    values = list(map(Fraction, part))
    deviation = exact_deviation(part, sample)
    return float(values[-1] - sum(values) / len(values)) / deviation if deviation else flat


def exact_weighted(part):
    n = len(part)
    return float(sum(Fraction(v) * (i + 1) for i, v in enumerate(part)) / (n * (n + 1) // 2))


def shift(values, n):
    return [None] * n + values[:-n]


# ---- features ----

def by_zero(mode):
    return math.nan if mode in NONE_BY_ZERO else 0.0


def true_ranges(bars, mode, is_averaged):
    """Of the first bar: TradingView's average has one, its ta.tr has not."""
    has_first = mode in ("tulip", "pandas") or (mode == "tradingview" and is_averaged)
    out = [bars["high"][0] - bars["low"][0] if has_first else None]
    for i in range(1, len(bars["close"])):
        h, l, c = bars["high"][i], bars["low"][i], bars["close"][i - 1]
        out.append(max(h - l, abs(h - c), abs(l - c)))
    return out


def rsi(close, n, mode):
    change = combine(lambda a, b: a - b, close, shift(close, 1))
    gains = rma(combine(lambda d: max(d, 0), change), n, mode)
    losses = rma(combine(lambda d: max(-d, 0), change), n, mode)
    flat = {"talib": 0.0, "metastock": 0.0, "tradingview": 100.0}.get(mode, math.nan)
    out = combine(lambda g, l: 100 * g / (g + l) if g + l else flat, gains, losses)
    if mode == "metastock":
        g = math.fsum(max(d, 0) for d in change[1:n])
        l = math.fsum(max(-d, 0) for d in change[1:n])
        out[n - 1] = 100 * g / (g + l) if g + l else flat
    return out


def macd(close, fast, slow, signal, mode):
    if mode == "tulip":
        # Its averages begin at the first bar; 12 and 26 have the factors of old.
        classic = (fast, slow) == (12, 26)
        a = average(close, 0.15 if classic else 2 / (fast + 1), fast, True, True)
        b = average(close, 0.075 if classic else 2 / (slow + 1), slow, True, True)
        line = begin_at(combine(lambda x, y: x - y, a, b), slow - 1)
    else:
        a = ema(close, fast, mode)
        if mode == "talib":
            a = [None] * (slow - fast) + ema(close[slow - fast:], fast, mode)
        line = combine(lambda x, y: x - y, a, ema(close, slow, mode))
    smooth = ema(line, signal, mode)
    hist = combine(lambda x, y: x - y, line, smooth)
    if mode in ("talib", "metastock"):
        line = begin_at(line, slow + signal - 2)
    return line, smooth, hist


def wilder_sums(values, n, mode):
    """Averages of directional movement: TA-Lib and Tulip begin with n - 1 values of row 1 on."""
    if mode in ("tradingview", "pandas"):
        return rma(values, n, mode)
    out, now = [None] * n, math.fsum(values[1:n])
    out[n - 1] = now / n
    for x in values[n:]:
        now = now - now / n + x
        out.append(now / n)
    return out if mode == "tulip" else begin_at(out, n)


def tie_of(mode):
    """Differences up to which TradingView takes numbers for equal, in dmi and mfi."""
    return 1e-10 if mode == "tradingview" else 0.0


def adx(bars, n, mode, smoothing=None):
    """adx, whose own average may be another, +di, -di."""
    smoothing = smoothing or n
    plus, minus, tie = [None], [None], tie_of(mode)
    for i in range(1, len(bars["close"])):
        up = bars["high"][i] - bars["high"][i - 1]
        down = bars["low"][i - 1] - bars["low"][i]
        plus.append(up if up - down > tie and up > tie else 0.0)
        minus.append(down if down - up > tie and down > tie else 0.0)
    total = wilder_sums([None] + true_ranges(bars, mode, False)[1:], n, mode)
    pairs = [(None, None) if t is None else (100 * p / t, 100 * m / t) if t else (0.0, 0.0)
             for p, m, t in zip(wilder_sums(plus, n, mode), wilder_sums(minus, n, mode), total)]
    index = []
    for (p, m), t in zip(pairs, total):
        # Where nothing has moved yet there is no index to average, but for TA-Lib, which has 0.
        waits = t == 0 if mode == "tradingview" else mode in ("tulip", "pandas") and p == m == 0
        index.append(None if p is None or waits else 0.0 if p + m == 0 else 100 * abs(p - m) / (p + m))
    shown = [[None if x is None else by_zero(mode) if t == 0 else x for x, t in zip(side, total)]
             for side in zip(*pairs)]
    return rma(index, smoothing, mode), shown[0], shown[1]


def obv(bars, mode):
    close, volume = bars["close"], bars["volume"]
    now = volume[0] if mode in ("talib", "metastock") else 0.0
    out = [None if mode == "tradingview" else now]
    for i in range(1, len(close)):
        now += volume[i] * ((close[i] > close[i - 1]) - (close[i] < close[i - 1]))
        out.append(now)
    return out


def mfi(bars, n, mode):
    """TradingView has the first bar, which has no change, on both sides."""
    typical = [(h + l + c) / 3 for h, l, c in zip(bars["high"], bars["low"], bars["close"])]
    first = typical[0] * bars["volume"][0] if mode == "tradingview" else None
    gains, losses = [first], [first]
    for t, b, v in zip(typical[1:], typical, bars["volume"][1:]):
        gains.append(t * v if t - b > tie_of(mode) else 0.0)
        losses.append(t * v if b - t > tie_of(mode) else 0.0)
    flat = 100.0 if mode == "tradingview" else by_zero(mode)
    return combine(lambda g, l: 100 * g / (g + l) if g + l else flat, windows(gains, n, math.fsum),
                   windows(losses, n, math.fsum))


def accumulation(bars):
    now, out = 0.0, []
    for h, l, c, v in zip(bars["high"], bars["low"], bars["close"], bars["volume"]):
        if h > l:
            now += ((c - l) - (h - c)) / (h - l) * v
        out.append(now)
    return out


def vwap(bars, daily):
    weighed = volumes = day = 0
    out = []
    for t, h, l, c, v in zip(bars["time"], bars["high"], bars["low"], bars["close"], bars["volume"]):
        if daily and t // 86400000 != day:
            weighed = volumes = 0
        day = t // 86400000
        weighed, volumes = weighed + (h + l + c) / 3 * v, volumes + v
        out.append(weighed / volumes if volumes else math.nan)
    return out


def cci(bars, n, mode):
    typical = [(h + l + c) / 3 for h, l, c in zip(bars["high"], bars["low"], bars["close"])]

    def one(part):
        mean = exact_mean(part)
        distance = math.fsum(abs(v - mean) for v in part) / n
        return (part[-1] - mean) / (0.015 * distance) if distance else by_zero(mode)
    return begin_at(windows(typical, n, one), 2 * (n - 1) if mode == "tulip" else n - 1)


def everything(bars, mode):
    """name: (values, tolerance, what an error is relative to)."""
    close, high, low = bars["close"], bars["high"], bars["low"]
    level = max(map(abs, high))
    sample = mode == "pandas"
    none = by_zero(mode)
    no_range = math.nan if mode in ("tradingview", "pandas") else 0.0
    out = {}

    def put(name, values, tolerance=TOLERANCE, scale=0.0):
        out[name] = (values, tolerance, scale)

    mean, deviation = windows(close, 20, exact_mean), windows(close, 20, lambda p: exact_deviation(p, sample))
    put("sma_20", mean, WINDOW_TOLERANCE)
    put("sma_7_high", windows(high, 7, exact_mean), WINDOW_TOLERANCE)
    put("wma_20", windows(close, 20, exact_weighted), WINDOW_TOLERANCE)
    put("stddev_20", deviation, WINDOW_TOLERANCE)
    put("zscore_20", windows(close, 20, lambda p: exact_score(p, sample, none)), WINDOW_TOLERANCE, 1.0)
    put("bb_upper_20_2.5", combine(lambda m, d: m + 2.5 * d, mean, deviation), WINDOW_TOLERANCE, level)
    put("bb_middle_20_2.5", mean, WINDOW_TOLERANCE)
    put("bb_lower_20_2.5", combine(lambda m, d: m - 2.5 * d, mean, deviation), WINDOW_TOLERANCE, level)
    put("ema_20", ema(close, 20, mode))
    put("ema_200_hlc3", ema([(h + l + c) / 3 for h, l, c in zip(high, low, close)], 200, mode))
    put("rma_14", rma(close, 14, mode))
    put("trange", true_ranges(bars, mode, False), 0.0)
    ranges = true_ranges(bars, mode, True)
    put("atr_14", rma(ranges, 14, mode))
    put("natr_14", combine(lambda a, c: a / c * 100 if c else none, rma(ranges, 14, mode), close))
    put("rsi_14", rsi(close, 14, mode), TOLERANCE, 1.0)
    for spec in ((12, 26, 9), (5, 10, 4)):
        suffix = "_".join(map(str, spec))
        for name, values in zip(("macd", "macd_signal", "macd_hist"), macd(close, *spec, mode)):
            put(f"{name}_{suffix}", values, TOLERANCE, level)
    put("max_20", windows(high, 20, max), 0.0)
    put("min_20", windows(low, 20, min), 0.0)
    tops, bottoms = windows(high, 14, max), windows(low, 14, min)
    fast = combine(lambda c, t, b: 100 * (c - b) / (t - b) if t > b else no_range, close, tops, bottoms)
    means = sparse_means if mode == "tradingview" else lambda x, n: windows(x, n, mean_or_none)
    slow = means(fast, 3)
    signal = means(slow, 3)
    put("stoch_k_14_3_3", begin_at(slow, 17) if mode in ("talib", "tulip", "metastock") else slow,
        TOLERANCE, 1.0)
    put("stoch_d_14_3_3", signal, TOLERANCE, 1.0)
    put("willr_14", combine(lambda c, t, b: -100 * (t - c) / (t - b) if t > b else no_range, close, tops,
                            bottoms), TOLERANCE, 1.0)
    for name, values in zip(("adx_14", "plus_di_14", "minus_di_14"), adx(bars, 14, mode)):
        put(name, values, TOLERANCE, 1.0)
    put("cci_20", cci(bars, 20, mode), TOLERANCE, 100.0)
    put("roc_10", combine(lambda a, b: none if b == 0 else (a - b) / b if mode == "tulip" else (a / b - 1) * 100,
                          close, shift(close, 10)), 0.0)
    put("mom_10", combine(lambda a, b: a - b, close, shift(close, 10)), 0.0)
    put("returns_1", combine(lambda a, b: (a - b) / b if b else math.nan, close, shift(close, 1)), 0.0)
    put("logreturns_3", combine(lambda a, b: math.log1p(float(Fraction(a) / Fraction(b) - 1)) if a * b > 0
                                else math.nan, close, shift(close, 3)), 1e-15)
    put("obv", obv(bars, mode), TOLERANCE, 1.0)
    put("mfi_14", mfi(bars, 14, mode), TOLERANCE, 1.0)
    put("ad", accumulation(bars), TOLERANCE, max(bars["volume"]))
    put("vwap", vwap(bars, True))
    put("vwap_all", vwap(bars, False))
    return out


SPEC = ("sma:20,sma:7@high,wma:20,stddev,zscore,bbands:20:2.5,ema:20,ema:200@hlc3,rma,trange,atr,natr,"
        "rsi,macd,macd:5:10:4,max,min,stoch,willr,adx,cci,roc,mom,returns,logreturns:3,obv,mfi,ad,vwap,"
        "vwap:all")


def compare(name, got, want, tolerance, scale):
    problems = []
    for row, (g, w) in enumerate(zip(got, want)):
        is_none = w is None or math.isnan(w)
        if is_none != math.isnan(g):
            problems.append(f"{name}[{row}] is {g!r}, not {w!r}")
        elif not is_none and abs(g - w) > tolerance * max(abs(w), scale):
            problems.append(f"{name}[{row}] is {g!r}, not {w!r}")
    return problems[:1]


def still(case):
    """
    Bars of whole numbers, and in case 4 of tenths, whose differences are alike but for rounding.
    They stand still at first, or for a while, or their price is 0.
    """
    random.seed(case)
    rows = []
    close, step, width, divisor = (80.0, 1, 6, 10) if case == 4 else (50.0, 3, 3, 1)
    for i in range(160):
        if not (case % 2 and i < 40 or 90 <= i < 130):
            close += random.randrange(-step, step + 1)
        high, low = close + random.randrange(width), close - random.randrange(width)
        if case % 2 and i < (0, 40, 0, 30)[case] or 90 <= i < 125:
            high = low = close
        if case in (2, 3) and i in (70, 71):
            close = low = 0.0
        bar = [price / divisor for price in (close, high, low, close)]
        rows.append([i * 6e4, *bar, float(random.randrange(1, 50))])
    return np.array(rows)


def check(path):
    problems = []
    for bars in [np.load(path)] + [still(case) for case in range(5)]:
        problems += check_bars(bars)
    return problems


def check_bars(bars):
    columns = dict(zip(("time", "open", "high", "low", "close", "volume"),
                       (bars[:, i].tolist() for i in range(6))))
    problems = []
    for mode in MODES:
        got, wanted = run_tool(bars, "-f", SPEC, "--compat", mode), everything(columns, mode)
        if set(got) != set(wanted):
            problems.append(f"{mode}: other columns: {sorted(set(got) ^ set(wanted))}")
        for name in wanted:
            if name in got:
                problems += [f"{mode}: {p}" for p in compare(name, got[name], *wanted[name])]
    return problems


# ---- TA-Lib's own values ----

NAMES = {"sma20": "sma_20", "wma20": "wma_20", "ema20": "ema_20", "ema200": "ema_200",
         "trange": "trange", "atr14": "atr_14", "natr14": "natr_14", "rsi14": "rsi_14",
         "macd": "macd_12_26_9", "macd_signal": "macd_signal_12_26_9",
         "macd_hist": "macd_hist_12_26_9", "bb_upper": "bb_upper_20_2",
         "bb_middle": "bb_middle_20_2", "bb_lower": "bb_lower_20_2", "std20": "stddev_20",
         "max20_high": "max_20", "min20_low": "min_20", "stoch_slowk": "stoch_k_14_3_3",
         "stoch_slowd": "stoch_d_14_3_3", "adx14": "adx_14", "cci20": "cci_20",
         "willr14": "willr_14", "roc10": "roc_10", "mom10": "mom_10", "obv": "obv",
         "mfi14": "mfi_14", "ad": "ad"}
DRIFTING = {"stoch_slowk", "stoch_slowd", "cci20", "mfi14", "adx14"}


# TA-Lib takes the oldest value out of running sums again, in double precision, and so its
# windowed sums keep every rounding error they ever made. What it computes, operation by
# operation:

def drifting_mean(values, n):
    out, total = [], 0.0
    for i, x in enumerate(values):
        total += x
        out.append(total / n if i >= n - 1 else None)
        if i >= n - 1:
            total -= values[i - n + 1]
    return out


def drifting_deviation(values, n):
    out, total, squares = [], 0.0, 0.0
    for i, x in enumerate(values):
        total, squares = total + x, squares + x * x
        if i < n - 1:
            out.append(None)
            continue
        variance = squares / n - total / n * (total / n)
        out.append(math.sqrt(variance) if variance > 0 else 0.0)
        old = values[i - n + 1]
        total, squares = total - old, squares - old * old
    return out


def drifting_weighted(values, n):
    out, plain, weighted, old = [], 0.0, 0.0, 0.0
    for i, x in enumerate(values):
        plain = plain + x if i < n - 1 else plain + x - old
        weighted += x * min(i + 1, n)
        if i < n - 1:
            out.append(None)
            continue
        old = values[i - n + 1]
        out.append(weighted / (n * (n + 1) // 2))
        weighted -= plain
    return out


def drifting(close):
    mean, deviation = drifting_mean(close, 20), drifting_deviation(close, 20)
    return {"sma20": mean, "bb_middle": mean, "std20": deviation,
            "wma20": drifting_weighted(close, 20),
            "bb_upper": combine(lambda m, d: m + 2 * d, mean, deviation),
            "bb_lower": combine(lambda m, d: m - 2 * d, mean, deviation)}


def windowed(header, got, exact, published, drift):
    """
    Within WINDOW_TOLERANCE of the exact value; and what TA-Lib published is, to the bit, what
    its running sums come to, so that the rest of the distance between the two is their drift.
    """
    if published != drift:
        return [f"{header}: TA-Lib's values are not those of its running sums"]
    return compare(header, got, exact[0], WINDOW_TOLERANCE, exact[2])


def reference(data, values):
    """
    Beside TA-Lib: 1e-12 of the value; windows as windowed() has it and, but for the deviation,
    whose running squares lose what the level takes, within 1e-9.
    """
    with open(data, encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    with open(values, encoding="utf-8") as file:
        table = list(csv.reader(file))
    bars = np.array([[86400000.0 * i] + [float(x) for x in row[1:6]] for i, row in enumerate(rows)])
    got = run_tool(bars, "-f", "sma,wma,ema,ema:200,trange,atr,natr,rsi,macd,bbands,stddev,max,min,"
                   "stoch,adx,cci,willr,roc,mom,obv,mfi,ad")
    old = run_tool(bars, "-f", "ema,rsi", "--compat", "metastock")
    close, problems = bars[:, 4].tolist(), []
    drift = drifting(close)
    exact = everything(dict(zip(("time", "open", "high", "low", "close", "volume"),
                                (bars[:, i].tolist() for i in range(6)))), "talib")
    exact["bb_upper_20_2"], exact["bb_lower_20_2"] = (
        (combine(lambda m, d: m + k * d, exact["sma_20"][0], exact["stddev_20"][0]), 0, 0.0)
        for k in (2, -2))
    exact["bb_middle_20_2"] = exact["sma_20"]
    for column, header in enumerate(table[0][1:], 1):
        want = [float(row[column]) if row[column] else None for row in table[1:]]
        name = header.replace("_metastock", "")
        result = (old if name != header else got)[NAMES[name]]
        if name in drift:
            problems += windowed(header, result, exact[NAMES[name]], want, drift[name])
        if name == "std20":
            problems += compare(header, result, want, STD_DRIFT, 0.0)
        else:
            drifts = name in drift or name in DRIFTING
            problems += compare(header, result, want, 1e-9 if drifts else TOLERANCE,
                                1.0 if name in DRIFTING else 0.0)
    for name, column in got.items():
        if name in exact and not name.startswith("bb_"):
            problems += compare(name, column, *exact[name])
    return problems


if __name__ == "__main__":
    found = check(*sys.argv[2:]) if sys.argv[1] == "check" else reference(*sys.argv[2:])
    print("\n".join(found))
    sys.exit(1 if found else 0)
