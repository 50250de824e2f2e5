#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# umm-features: what it computes, beside slow references and published values.

load helper

@test "definitions: slow references of every feature in every compat mode" {
    umm-synth --rows=700 --timeframe=1h -o s.csv
    umm-convert -o s.npy s.csv
    ok "$PY" "$TOP/tests/ref/features_oracle.py" check s.npy || fail "$output"
}

@test "definitions: values that other programs publish, first rows and quotients by 0" {
    ok "$PY" "$TOP/tests/ref/features_published.py" || fail "$output"
}

@test "definitions: a change from 0 is none" {
    printf '%s\n' timestamp,open,high,low,close,volume 1600000000,0,0,0,0,1 1600000060,5,5,5,5,1 \
        1600000120,-5,5,-5,-5,1 >zero.csv
    ok umm-features -f returns,logreturns,roc:1,mom:1 zero.csv
    [[ ${lines[2]} == 1600000060000,NaN,NaN,0,5 && ${lines[3]} == 1600000120000,-2,NaN,-200,-10 ]] ||
        fail "$output"
}

@test "definitions: TA-Lib's own values" {
    local data=$TOP/../shared/data values=$TOP/../shared/reference name
    [[ -d $values ]] || data=/nowhere
    [[ -d $data ]] || skip "no reference values on this machine"
    for name in goog-1d binance-btcusdt-1h-2023-01; do
        ok "$PY" "$TOP/tests/ref/features_oracle.py" reference "$data/$name.csv" \
            "$values/$name-talib.csv" || fail "$output"
    done
}

@test "definitions: the table of average true ranges that StockCharts publishes" {
    local table=$TOP/../shared/data/stockcharts-atr.csv
    [[ -f $table ]] || skip "the table is not on this machine"
    ok "$PY" - "$table" "$TOP/tests/ref" <<'END'
import csv
import sys
import numpy as np
sys.path.insert(0, sys.argv[2])
import features_oracle
rows = list(csv.reader(open(sys.argv[1])))[1:]
bars = np.array([[i * 864e5, float(r[3]), float(r[1]), float(r[2]), float(r[3]), 0]
                 for i, r in enumerate(rows)])
got = features_oracle.run_tool(bars, "-f", "trange,atr", "--true-range", "defined")
assert np.abs(got["trange"] - [float(r[4]) for r in rows]).max() < 1e-12
assert np.abs(got["atr_14"] - [float(r[5]) for r in rows])[13:].max() < 1e-9
END
}

@test "definitions: adx where a bar goes as far up as down: neither is movement" {
    ok "$PY" - "$TOP/tests/ref" <<'END'
import random
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from features_oracle import MODES, adx, compare, run_tool
random.seed(8)
NAMES = "adx_5", "plus_di_5", "minus_di_5"

def bars_of(moves):
    """Bars whose high and low go up and down by these."""
    bars, high, low = np.zeros((len(moves), 6)), 1000.0, 900.0
    for i, (up, down) in enumerate(moves):
        high, low = high + up, low - down
        bars[i] = i * 6e4, (high + low) / 2, high, low, (high + low) / 2 + 0.25, 1
    return bars

# Each bar holds the one before it, by as much on both sides.
wider = bars_of([(0.5, 0.5)] * 200)
# Ties among other moves; quarters, so that a tie is exact. As many rows as the lanes take.
mixed = bars_of([random.choice([(0.75, 0.75), (-0.25, -0.25), (0.5, 0.25), (0.25, 0.5), (0, 0), (1, -1), (-1, 1)])
                 for _ in range(5000)])
for mode in MODES:
    got = run_tool(wider, "-f", "adx:5", "--compat", mode)
    for name in "plus_di_5", "minus_di_5":
        assert set(got[name][5:]) == {0.0}, (mode, name, got[name])
    # Of no movement at all it is 0, or there is none, as mode has it.
    assert len(set(map(str, got["adx_5"][9:]))) == 1 and not any(got["adx_5"][9:] > 0), (mode, got["adx_5"])
    for bars in wider, mixed:
        got = run_tool(bars, "-f", "adx:5", "--compat", mode)
        columns = {name: bars[:, i].tolist() for i, name in enumerate(("time", "open", "high", "low", "close", "volume"))}
        for name, want in zip(NAMES, adx(columns, 5, mode)):
            assert not compare(name, got[name], want, 1e-9, 1.0), (mode, compare(name, got[name], want, 1e-9, 1.0))
END
}

@test "definitions: real bars, cut at random, give the bytes of one run in every compat mode" {
    local data=$TOP/../shared/data
    [[ -d $data ]] || skip "no real bars on this machine"
    umm-convert -o goog.npy "$data/goog-1d.csv"
    umm-convert -o hour.npy "$data/binance-btcusdt-1h-2023-01.csv"
    ok "$PY" - "$TOP/tests/ref" <<'END'
import os
import random
import subprocess
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from features_oracle import MODES, SPEC
random.seed(1)
for name in ("goog.npy", "hour.npy"):
    bars = np.load(name)
    for mode in MODES:
        tool = ["umm-features", "-f", SPEC, "--compat", mode]
        subprocess.run(tool + ["-o", "want.npy", name], check=True)
        for cut in sorted(random.sample(range(1, len(bars)), 12)) + [len(bars)]:
            np.save("part.npy", bars[:cut])
            subprocess.run(tool + ["--append", "--state=s", "-o", "out.npy", "part.npy"], check=True)
        assert open("want.npy", "rb").read() == open("out.npy", "rb").read(), (name, mode)
        os.remove("out.npy")
        os.remove("s")
END
}
