# SPDX-License-Identifier: MIT
"""features_published - what other programs give for some bars, beside what umm-features gives.

    features_published.py

Values and the bars they are of are facts, written down here with their source:

  TradingView  its exports of EURUSD, 30 minutes from 2023-01-02T06:00Z, and of 15 minutes from
               2024-03-31T21:00Z, published with github.com/PyneSys/pynecore in
               tests/t01_lib/t20_ta/data: ma, tr, macd, mfi+rsi+stoch, bb, dmi, cci+cmo+cog, wpr,
               iii+nvi+obv, accdist+..., highest+lowest and vwap.csv, test_241_tolerant_compare.txt
  Skender      Stock.Indicators, tests/indicators/_testdata: quotes/default.csv,
               results/adx.standard.json; its adx is TradingView's
  TA-Lib       github.com/TA-Lib/ta-lib, src/tools/ta_regtest: test_data.c, ta_test_func/test_*.c,
               to two decimals or more; test_mfi.c has Tulip's value to the last digit
  Tulip        github.com/TulipCharts/tulipindicators: tests/untest.txt, and atoz.txt for macd, to
               three decimals or more
  pandas       1.5.3, of bars by a formula: ewm(adjust=False, min_periods=n), rolling, diff, shift

A row is the number of the bar, from 0. The first row of a feature in a mode is checked with it.
"""
import math
import sys

import numpy as np

import features_oracle
from features_oracle import MODES, run_tool


def bars_of(high, low, close, volume=None, opened=None):
    n = len(close)
    columns = [[6e4 * i for i in range(n)], opened or close, high, low, close, volume or [1.0] * n]
    return np.array([list(map(float, column)) for column in columns]).T.copy()


def scaled(values, divisor):
    return [x / divisor for x in values]


def differences(what, got, rows, tolerance, scale=0.0):
    """rows: {row: value}, of which the first is the first that has one; math.nan is none."""
    problems = []
    before = got[:min(rows)]
    if not np.isnan(before).all():
        problems.append(f"{what}: has values before row {min(rows)}")
    for row, want in rows.items():
        if math.isnan(want) != math.isnan(got[row]) or abs(got[row] - want) > tolerance * max(abs(want), scale):
            problems.append(f"{what}[{row}] is {got[row]!r}, not {want!r}")
    return problems


def compare(source, mode, bars, specs, values, tolerance, *options):
    """values: {output: {row: value}}, or a pair of that and what errors are relative to."""
    got, problems = run_tool(bars, "-f", specs, "--compat", mode, *options), []
    for name, rows in values.items():
        rows, scale = rows if isinstance(rows, tuple) else (rows, 0.0)
        problems += differences(f"{source}: {name}", got[name], rows, tolerance, scale)
    return problems


# ---- TradingView ----

EURUSD = {
    "open": (
        106994, 106918, 106789, 106785, 106756, 106788, 106838, 106789, 106818, 106841, 106819, 106840,
        106839, 106823, 106839, 106781, 106806, 106722, 106662, 106603, 106541, 106541, 106588, 106607,
        106514, 106521, 106525, 106560, 106596, 106652, 106643, 106647, 106655, 106643, 106641, 106768),
    "high": (
        106994, 106925, 106837, 106799, 106958, 106993, 106841, 106895, 106865, 106858, 106863, 106866,
        106870, 106858, 106852, 106817, 106816, 106737, 106688, 106704, 106581, 106614, 106610, 106610,
        106541, 106538, 106585, 106625, 106692, 106714, 106649, 106692, 106655, 106831, 106776, 106784),
    "low": (
        106912, 106664, 106628, 106707, 106744, 106785, 106752, 106781, 106729, 106800, 106777, 106753,
        106732, 106760, 106755, 106777, 106694, 106647, 106583, 106524, 106512, 106537, 106581, 106512,
        106507, 106495, 106500, 106539, 106574, 106606, 106569, 106606, 106624, 106502, 106635, 106667),
    "close": (
        106918, 106789, 106785, 106756, 106788, 106838, 106789, 106818, 106841, 106819, 106840, 106839,
        106823, 106839, 106781, 106806, 106722, 106662, 106603, 106541, 106541, 106588, 106607, 106514,
        106521, 106525, 106560, 106596, 106652, 106643, 106647, 106655, 106643, 106641, 106768, 106688),
    "volume": (
        100, 824, 5684, 2052, 2468, 4571, 2479, 1443, 1241, 895, 899, 1130, 1429, 1792, 1898, 1562, 1183,
        1380, 1432, 3368, 1741, 2224, 1114, 1667, 913, 1433, 848, 1582, 340, 376, 125, 97, 183, 6437,
        4128, 4247)}


def tradingview():
    c = {name: scaled(column, 1e5) for name, column in EURUSD.items()}
    volume = EURUSD["volume"]
    bars = bars_of(c["high"], c["low"], c["close"], volume, c["open"])
    problems = compare(
        "TradingView", "tradingview", bars,
        "sma:10,ema:20,ema:10@ohlc4,rma:15@high,wma:20,trange,atr:14,rsi:14,stoch:20:1:3,macd:12:26:9,"
        "bbands:20:2,adx:17,willr:20,obv,ad,max:10,min:10@close", {
            "sma_10": {9: 1.068141, 35: 1.0664930000000001},
            "ema_20": {19: 1.0677984999999999, 20: 1.0675710238095237, 35: 1.0666561425242158},
            "ema_10_ohlc4": {9: 1.068231, 10: 1.068234},
            "rma_15_high": {14: 1.0688493333333333, 15: 1.0688040444444444, 35: 1.0673355408256053},
            "wma_20": {19: 1.0675000000000001, 35: 1.0663022857142859},
            "trange": ({1: 0.002610000000000001, 35: 0.0011699999999998933}, 1.0),
            "atr_14": ({13: 0.0013557142857143173, 14: 0.0013281632653061456, 35: 0.0011305095876299137}, 1.0),
            "rsi_14": {14: 35.69937369519691, 15: 39.12117986924114, 35: 49.64600265240024},
            "stoch_k_20_1_3": {19: 3.6170212765958754, 20: 6.029106029104004, 35: 57.44047619047531},
            "macd_12_26_9": ({25: -0.0011837142156470026, 26: -0.001134547575413869,
                              35: -0.0003346815656781743}, 1.0),
            "macd_signal_12_26_9": ({33: -0.0008559711496811426, 34: -0.0007635138528900656,
                                     35: -0.0006777473954476873}, 1.0),
            "macd_hist_12_26_9": ({33: 0.0003112488495782026, 34: 0.00036982918716430804,
                                   35: 0.000343065829769513}, 1.0),
            "bb_upper_20_2": {19: 1.06952329882891, 35: 1.0675078001888891},
            "bb_middle_20_2": {19: 1.0677984999999999, 35: 1.0661585},
            "bb_lower_20_2": {19: 1.0660737011710897, 35: 1.0648091998111109},
            "plus_di_17": {17: 11.454965357967518, 18: 10.893617021276471, 35: 20.898170203972644},
            "minus_di_17": {17: 26.42032332563309, 18: 28.112560054905266, 35: 16.05243263140964},
            "willr_20": {19: -96.38297872340412, 20: -93.970893970896, 35: -42.55952380952469},
            "obv": {1: -824.0, 2: -6508.0, 35: -9884.0},
            "ad": {0: -85.36585365854583, 1: -120.09382300722203, 35: -2947.2934996533986},
            "max_10": {9: 1.06994, 35: 1.06831},
            "min_10_close": {9: 1.06756, 35: 1.0655999999999999}}, 1e-11)
    # There cci and mfi are of any series, and were exported of close.
    problems += compare("TradingView", "tradingview", bars_of(*[c["close"]] * 3, volume), "cci:20,mfi:14", {
        "cci_20": {19: -258.8107815250961, 20: -197.93072424651118, 35: 85.51111111111618},
        "mfi_14": {13: 46.17318526696514, 14: 43.1048860331584, 35: 45.042319919285696}}, 1e-10)
    # Its adx has a smoothing of its own, which was 14 of 17: the slow reference has that.
    index = features_oracle.adx(dict(c, volume=volume), 17, "tradingview", 14)[0]
    problems += differences("TradingView: adx", np.array(index, float),
                            {30: 38.24153676880709, 31: 36.409360848791025, 35: 30.278183661602636}, 1e-11)
    # Differences of 1e-12 are none, and the index of prices that stand still is 100.
    tiny = [100.0 + 1e-12 * (i % 2) for i in range(8)]
    if list(run_tool(bars_of(tiny, tiny, tiny), "-f", "mfi:4", "--compat=tradingview")["mfi_4"][4:]) != [100.0] * 4:
        problems.append("TradingView: mfi_4 of differences of 1e-12 is not 100")
    # A day of forex begins at 17:00 in New York, in April at 21:00Z.
    close = [1.07902, 1.07922, 1.07895, 1.07428, 1.07404, 1.07429]
    bars = bars_of(close, close, close, [156, 290, 387, 408, 941, 1149])
    bars[:, 0] = [1000.0 * t for t in (1711918800, 1711919700, 1711920600, 1712005200 - 900, 1712005200, 1712006100)]
    return problems + compare("TradingView", "tradingview", bars, "vwap@close", {"vwap_close": {
        0: 1.07902, 1: 1.0791500448430493, 2: 1.079057106842737, 4: 1.0740399999999999, 5: 1.0741774401913875}},
                              1e-12, "--time-zone=Etc/GMT-3")


def skender():
    high = (21335, 21422, 21406, 21517, 21453, 21489, 21455, 21422, 21484, 21425, 21427, 21446, 21475, 21428,
            21548, 21689, 21702, 21691, 21559, 21503, 21596, 21550, 21687, 21666, 21697, 21672, 21819, 21897,
            22019, 22080)
    low = (21152, 21315, 21302, 21342, 21391, 21352, 21313, 21253, 21417, 21333, 21342, 21296, 21349, 21283,
           21377, 21589, 21636, 21612, 21390, 21382, 21440, 21429, 21584, 21592, 21609, 21570, 21684, 21788,
           21923, 21933)
    close = (21280, 21406, 21389, 21466, 21395, 21395, 21455, 21402, 21451, 21375, 21422, 21343, 21421, 21366,
             21503, 21689, 21666, 21632, 21498, 21496, 21505, 21519, 21667, 21628, 21629, 21658, 21786, 21872,
             21991, 22079)
    return compare("Skender", "tradingview", bars_of(*(scaled(x, 100) for x in (high, low, close))), "adx:14", {
        "adx_14": {27: 15.945852232273458, 28: 17.805285203974936, 29: 19.794904983462914},
        "plus_di_14": {14: 21.966862640299283, 29: 37.971895464629924},
        "minus_di_14": {14: 18.546231961517645, 29: 14.165829841353299}}, 1e-12)


# ---- TA-Lib ----

SREF = {
    "high": (
        93250, 94940, 96375, 96190, 96000, 94720, 95000, 93720, 92470, 92750, 96250, 99625, 99125, 92750,
        91315, 93250, 93405, 90655, 91970, 92250, 90345, 88500, 88250, 85500, 84440, 84750, 84440, 89405,
        88125, 89125, 87155, 87250, 87375, 88970),
    "low": (
        90750, 91405, 94250, 93500, 92815, 93500, 92000, 89750, 89440, 90625, 92750, 96315, 96030, 88815,
        86750, 90940, 88905, 88780, 89250, 89750, 87500, 86530, 84625, 82280, 81565, 80875, 81250, 84065,
        85595, 85970, 84405, 85095, 85500, 85530),
    "close": (
        91500, 94815, 94375, 95095, 93780, 94625, 92530, 92750, 90315, 92470, 96125, 97250, 98500, 89875,
        91000, 92815, 89155, 89345, 91625, 89875, 88375, 87625, 84780, 83000, 83500, 81375, 84440, 89250,
        86375, 86250, 85250, 87125, 85815, 88970),
    "volume": (
        4077500, 4955900, 4775300, 4155300, 4593100, 3631300, 3382800, 4954200, 4500000, 3397500, 4204500,
        6321400, 10203600, 19043900, 11692000, 9553300, 8920300, 5970900, 5062300, 3705600, 5865600, 5603000,
        5811900, 8483800, 5995200, 5408800, 5430500, 6283800, 5834800, 4515500, 4493300, 4346100, 3700300,
        4600200)}


def talib():
    bars = bars_of(*(scaled(SREF[name], 1000) for name in ("high", "low", "close")), SREF["volume"])
    alike = {
        "sma_30": {29: 90.42, 30: 90.21}, "wma_30": {29: 88.567, 30: 88.233},
        "trange": {1: 3.535, 13: 9.685}, "atr_14": {14: 3.578, 15: 3.4876, 16: 3.55},
        "natr_14": {14: 3.9321, 15: 3.7576},
        "bb_upper_20_2": {19: 98.0734}, "bb_middle_20_2": {19: 92.8910}, "bb_lower_20_2": {19: 87.7086},
        "stddev_5": {4: 1.2856, 5: 0.4462}, "stoch_k_5_3_3": {8: 24.0128}, "stoch_d_5_3_3": {8: 36.254},
        "cci_11": {10: 87.927, 11: 180.005, 12: 143.5190963, 30: -0.005587727},
        "willr_14": {13: -90.1943, 14: -66.9903, 24: -89.2857}, "roc_14": {14: -0.546, 15: -2.109, 16: -5.53},
        "mom_14": {14: -0.50, 15: -2.00, 16: -5.22}, "mfi_14": {14: 42.8923, 15: 45.6072},
        "ad": {0: -1631000.00, 1: 2974412.02}}
    problems = []
    # TA-Lib's Metastock compatibility differs in averages of ema's kind, and by a row in rsi.
    for mode, values in (
            ("talib", {"ema_10": {9: 93.22, 10: 93.75, 29: 86.46}, "rsi_14": {14: 49.14, 15: 52.32, 16: 46.07},
                       "macd_12_26_9": {33: -1.9738}, "macd_signal_12_26_9": {33: -2.7071}}),
            ("metastock", {"rsi_14": {13: 47.11, 14: 49.14, 15: 52.32, 16: 46.07}})):
        problems += compare("TA-Lib", mode, bars, "sma:30,wma:30,ema:10,trange,atr,natr,rsi,macd,bbands,stddev:5,"
                            "stoch:5:3:3,cci:11,willr,roc:14,mom:14,mfi,ad", {**alike, **values}, 0.01)
    got = run_tool(bars, "-f", "ema:2,ema:10", "--compat=metastock")
    for name, rows in (("ema_2", {2: 94.15, 3: 94.78}), ("ema_10", {10: 93.24, 11: 93.97, 30: 86.23})):
        problems += [f"TA-Lib, Metastock: {name}[{row}] is {got[name][row]!r}, not {want!r}"
                     for row, want in rows.items() if abs(got[name][row] - want) > 0.01]
    # Its MACDFIX in that mode has the factors 0.15 and 0.075, as Tulip's macd has.
    got = run_tool(bars, "-f", "macd", "--compat=tulip")
    for name, want in (("macd_12_26_9", -1.2185), ("macd_signal_12_26_9", -1.7119)):
        if abs(got[name][33] - want) > 1e-4:
            problems.append(f"TA-Lib's MACDFIX: {name}[33] is {got[name][33]!r}, not {want!r}")
    for mode in ("talib", "tulip"):
        problems += compare("TA-Lib and Tulip", mode, bars, "mfi:14,mfi:2", {
            "mfi_14": {14: 42.892339191984448, 15: 45.607156851091489, 16: 38.87879395159338},
            "mfi_2": {2: 100.0, 3: 53.489986681886073}}, 1e-13)
    # The sum of volume as TA-Lib itself gave it for these bars.
    return problems + compare("TA-Lib", "talib", bars, "obv", {"obv": {0: 4077500.0, 1: 9033400.0, 2: 4258100.0}}, 0.0)


# ---- Tulip ----

def tulip():
    high = (8215, 8189, 8303, 8330, 8385, 8390, 8333, 8430, 8484, 8500, 8590, 8658, 8698, 8800, 8787)
    low = (8129, 8064, 8131, 8265, 8307, 8311, 8249, 8230, 8415, 8411, 8403, 8539, 8576, 8717, 8701)
    close = (8159, 8106, 8287, 8300, 8361, 8315, 8284, 8399, 8455, 8436, 8553, 8654, 8689, 8777, 8729)
    volume = (5653100, 6447400, 7690900, 3831400, 4455100, 3798000, 3936200, 4732000, 4841300, 3915300,
              6830800, 6694100, 5293600, 7985800, 4807900)
    bars = bars_of(*(scaled(x, 100) for x in (high, low, close)), volume)
    problems = compare(
        "Tulip", "tulip", bars, "sma:5,ema:5,wma:5,rma:5,trange,atr:5,natr:5,rsi:5,macd:2:5:9,bbands:5:2,stddev:5,"
        "max:5@close,min:5@close,stoch:5:3:3,adx:5,cci:5,willr:5,mom:5,obv,mfi:5,ad", {
            "sma_5": {4: 82.426, 5: 82.738, 14: 86.804}, "ema_5": {0: 81.590, 1: 81.413, 14: 86.701},
            "wma_5": {4: 82.825, 14: 87.121}, "rma_5": {4: 82.426, 5: 82.571, 14: 85.838},
            "trange": {0: 0.860, 1: 1.250, 14: 0.860}, "atr_5": {4: 1.116, 5: 1.051, 14: 1.137},
            "natr_5": {4: 1.335, 5: 1.264, 14: 1.302}, "rsi_5": {5: 72.034, 6: 64.927, 14: 78.498},
            "macd_2_5_9": ({4: 0.618, 5: 0.351, 14: 0.621}, 1.0),
            "macd_signal_2_5_9": ({4: 0.618, 5: 0.564, 14: 0.701}, 1.0),
            "macd_hist_2_5_9": ({4: 0.0, 5: -0.213, 14: -0.080}, 1.0),
            "bb_lower_5_2": {4: 80.530, 14: 85.289}, "bb_middle_5_2": {4: 82.426, 14: 86.804},
            "bb_upper_5_2": {4: 84.322, 14: 88.319}, "stddev_5": {4: 0.948, 5: 0.875, 14: 0.758},
            "max_5_close": {4: 83.610, 14: 87.770}, "min_5_close": {4: 81.060, 14: 85.530},
            "stoch_k_5_3_3": {8: 77.385, 14: 91.091}, "stoch_d_5_3_3": {8: 75.702, 14: 94.359},
            "adx_5": {8: 41.384, 9: 44.288, 14: 67.355}, "plus_di_5": {4: 41.525, 5: 35.436, 14: 42.981},
            "minus_di_5": {4: 13.771, 5: 11.389, 14: 5.970}, "cci_5": {8: 166.667, 9: 82.020, 14: 71.928},
            "willr_5": {4: -7.477, 5: -23.006, 14: -17.884}, "mom_5": {5: 1.56, 14: 2.93},
            "obv": {0: 0.0, 1: -6447400.0, 14: 29450200.0}, "mfi_5": {5: 61.172, 6: 67.308, 14: 84.647},
            "ad": {0: -1709076.744, 1: -3823823.944, 14: 19463313.184}}, 6e-4)
    close = (6375, 6362.5, 6300, 6275, 6325, 6537.5, 6600, 6500, 6487.5, 6475, 6437.5, 6437.5, 6462.5, 6437.5,
             6450, 6525, 6787.5, 6800, 6687.5, 6625, 6587.5, 6600, 6587.5, 6475, 6300, 6337.5, 6337.5, 6337.5)
    close = scaled(close, 100)
    problems += compare("Tulip", "tulip", bars_of(close, close, close), "macd:12:26:9", {
        "macd_12_26_9": {25: 0.069246173, 26: -0.056749361, 27: -0.155174919},
        "macd_signal_12_26_9": {25: 0.069246173, 26: 0.044047066, 27: 0.004202669},
        "macd_hist_12_26_9": {25: 0.0, 26: -0.100796427, 27: -0.159377588}}, 1e-6)
    close = (5.5625, 5.375, 5.375, 5.0625, 5.1094, 5.1094, 5.0938, 5.0)
    return problems + compare("Tulip", "tulip", bars_of(close, close, close), "roc:3", {
        "roc_3": {3: -0.08989, 4: -0.04941, 6: 0.00618, 7: -0.02141}}, 1e-3)


# ---- pandas ----

PANDAS = {
    "sma_7": {6: 1047.7142857142858, 7: 1064.7142857142858, 29: 1050.7142857142858, 59: 1044.142857142857},
    "ema_7": {6: 1042.480224609375, 7: 1061.6101684570312, 29: 1040.7143083246478, 59: 1047.4699258830265},
    "rma_5": {4: 1040.9344, 5: 1036.7475200000001, 29: 1045.5579228126019, 59: 1048.7492416903124},
    "trange": {0: 2.0, 1: 72.0, 29: 20.0, 59: 23.0},
    "atr_5": {4: 25.968000000000004, 5: 36.574400000000004, 29: 39.722913683946764, 59: 31.006141486729113},
    "natr_5": {4: 2.369343065693431, 5: 3.585725490196079, 29: 3.9368596317092925, 59: 2.964258268329743},
    "rsi_5": {5: 65.24262254599333, 6: 69.2473661570815, 29: 37.246269638592395, 59: 48.639468625652256},
    "macd_5_10_4": {9: 13.305992450499843, 10: 10.860802713749536, 29: -13.672834728765338, 59: -3.506429144587628},
    "macd_signal_5_10_4": {12: 8.97633471524912, 13: 10.829469699140613, 29: -8.693024699163068,
                           59: -2.8008970169401284},
    "macd_hist_5_10_4": {12: 0.32080501147695273, 13: 2.7797024758372437, 29: -4.97981002960227,
                         59: -0.7055321276474995},
    "bb_upper_7_2": {6: 1110.438170433631, 7: 1131.4647092906125, 29: 1133.7220306197212, 59: 1090.2793007484447},
    "bb_lower_7_2": {6: 984.9904009949405, 7: 997.963862137959, 29: 967.7065408088505, 59: 998.0064135372695},
    "stddev_7": {6: 31.36194235967265, 7: 33.37521178816339, 29: 41.50387245271766, 59: 23.068221802793794},
    "zscore_7": {6: -0.022775557269190606, 7: 1.6265279342726686, 36: math.nan, 47: math.nan,
                 59: 0.08050654588894107},
    "max_7": {6: 1102.0, 7: 1133.0, 29: 1119.0, 59: 1099.0},
    "min_7": {6: 998.0, 7: 1017.0, 29: 1006.0, 59: 1023.0},
    "stoch_k_6_3_2": {7: 48.1263327612212, 8: 54.293441514536845, 35: math.nan, 49: math.nan, 59: 17.354196301564713},
    "stoch_d_6_3_2": {8: 51.20988713787902, 9: 57.606490872210955, 35: math.nan, 50: math.nan,
                      59: 28.194642010431476},
    "adx_5": {9: 38.57141656967895, 10: 36.385220664966056, 29: 20.375916082065217, 59: 20.713700409706398},
    "plus_di_5": {5: 64.1268987767173, 6: 66.77471734423864, 29: 30.886581835985247, 59: 44.080645070882696},
    "minus_di_5": {5: 28.955504772146785, 6: 25.908106807794073, 29: 55.29039174460358, 59: 44.912230471408904},
    "cci_6": {5: -70.48398091342915, 6: -36.10315186246414, 35: math.nan, 47: math.nan, 59: 7.174887892376871},
    "willr_6": {5: -78.84615384615384, 6: -64.70588235294117, 35: math.nan, 47: math.nan, 59: -71.62162162162163},
    "roc_3": {3: 4.400000000000004, 4: 3.2987747408105506, 29: -6.574074074074076, 59: -4.387568555758681},
    "mom_3": {3: 44.0, 4: 35.0, 29: -71.0, 59: -48.0},
    "returns_1": {1: 0.06099999999999994, 2: 0.004712535344015167, 29: -0.016569200779727122, 59: 0.009652509652509744},
    "logreturns_3": {3: 0.04305948946044701, 4: 0.032455328893977654, 29: -0.06800129976465645,
                     59: -0.04486733835705827},
    "obv": {0: 0.0, 1: 30.0, 29: 40.0, 59: 39.0},
    "vwap_all": {0: 999.3333333333334, 1: 1061.5913978494625, 29: 1068.0165127343967, 59: 1059.446530829671}}


def pandas():
    rows = []
    for i in range(60):
        still = 30 <= i < 48
        close = 1050 if still else 1000 + i * i * 37 % 101 + i * 53 % 29
        opened = close if still else close + i * 7 % 5 - 2
        high = max(opened, close) + (0 if still else i * 11 % 13)
        low = min(opened, close) - (0 if still else i * 17 % 7)
        rows.append((high, low, close, i * 29 % 83 + 1, opened))
    return compare("pandas", "pandas", bars_of(*map(list, zip(*rows))),
                   "sma:7,ema:7,rma:5,trange,atr:5,natr:5,rsi:5,macd:5:10:4,bbands:7:2,stddev:7,zscore:7,max:7,min:7,"
                   "stoch:6:3:2,adx:5,cci:6,willr:6,roc:3,mom:3,returns,logreturns:3,obv,vwap:all",
                   {name: (rows, 1000.0) for name, rows in PANDAS.items()}, 1e-13)


# ---- the manual's table ----

SAME = {"sma_20": 19, "wma_20": 19, "rma_14": 13, "bb_upper_20_2": 19, "stddev_20": 19, "zscore_20": 19,
        "max_20": 19, "min_20": 19, "stoch_d_14_3_3": 17, "willr_14": 13, "roc_10": 10, "mom_10": 10,
        "returns_1": 1, "logreturns_1": 1, "ad": 0, "vwap": 0}
FIRST = {  # in the order of MODES
    "ema_20": (19, 19, 0, 19, 19), "trange": (1, 1, 0, 0, 1), "atr_14": (14, 13, 13, 13, 14),
    "natr_14": (14, 13, 13, 13, 14), "rsi_14": (14, 14, 14, 14, 13), "macd_12_26_9": (33, 25, 25, 25, 33),
    "macd_signal_12_26_9": (33, 33, 25, 33, 33), "macd_hist_12_26_9": (33, 33, 25, 33, 33),
    "stoch_k_14_3_3": (17, 15, 17, 15, 17), "adx_14": (27, 27, 26, 27, 27), "plus_di_14": (14, 14, 13, 14, 14),
    "minus_di_14": (14, 14, 13, 14, 14), "cci_20": (19, 19, 38, 19, 19), "obv": (0, 1, 0, 0, 0),
    "mfi_14": (14, 13, 14, 14, 14), **{name: (row,) * 5 for name, row in SAME.items()}}
NAN = math.nan
STILL = {  # of prices that stand still, all or from some row on
    "rsi_14": (0, 100, NAN, NAN, 0), "mfi_14": (0, 100, NAN, NAN, 0), "stoch_k_14_3_3": (0, NAN, 0, NAN, 0),
    "stoch_d_14_3_3": (0, NAN, 0, NAN, 0), "willr_14": (0, NAN, 0, NAN, 0), "cci_20": (0, NAN, NAN, NAN, 0),
    "zscore_20": (0, NAN, NAN, NAN, 0), "plus_di_14": (0, NAN, NAN, NAN, 0),
    "minus_di_14": (0, NAN, NAN, NAN, 0), "adx_14": (0, NAN, NAN, NAN, 0), "stddev_20": (0,) * 5,
    "atr_14": (0,) * 5, "macd_12_26_9": (0,) * 5}
ZERO = {  # of a price of 0, and of the first after it
    "natr_2": (0, NAN, NAN, NAN, 0), "roc_1": (0, NAN, NAN, NAN, 0), "returns_1": (NAN,) * 5,
    "logreturns_1": (NAN,) * 5}


def table():
    """
    First rows, and quotients by 0, as the manual has them. Still prices: TA-Lib itself; Tulip and
    pandas themselves, which divide 0 by 0; TradingView's documented formulas, and for mfi the log
    named above.
    """
    problems, n = [], 60
    close = [100 + i * i * 37 % 101 / 10 for i in range(n)]
    moving = bars_of([x + 1 for x in close], [x - 1 for x in close], close)
    still = bars_of([5.0] * n, [5.0] * n, [5.0] * n)
    gone = bars_of([3, 3, 3, 3], [1, 1, 0, 1], [2, 2, 0, 2])
    for i, mode in enumerate(MODES):
        got = run_tool(moving, "-f", "sma,ema,wma,rma,trange,atr,natr,rsi,macd,bbands,stddev,zscore,max,min,stoch,"
                       "adx,cci,willr,roc,mom,returns,logreturns,obv,mfi,ad,vwap", "--compat", mode)
        for name, rows in FIRST.items():
            first = int(np.flatnonzero(~np.isnan(got[name]))[0])
            if first != rows[i]:
                problems.append(f"{mode}: {name} begins at row {first}, not {rows[i]}")
        for names, bars, row in ((STILL, still, n - 1), (ZERO, gone, None)):
            got = run_tool(bars, "-f", "rsi,mfi,stoch,willr,cci,zscore,adx,stddev,atr,macd,natr:2,roc:1,returns,"
                           "logreturns", "--compat", mode)
            for name, wants in names.items():
                at = row or (2 if name == "natr_2" else 3)
                if not (got[name][at] == wants[i] or math.isnan(got[name][at]) and math.isnan(wants[i])):
                    problems.append(f"{mode}: {name}[{at}] is {got[name][at]!r}, not {wants[i]!r}")
    return problems


if __name__ == "__main__":
    found = tradingview() + skender() + talib() + tulip() + pandas() + table()
    print("\n".join(found))
    sys.exit(1 if found else 0)
