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
