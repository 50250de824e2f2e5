#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""peer.py JOB - pandas and NumPy in process.

JOB is a JSON object. Everything is imported and, unless "warm" is null, tried on that small file; then
"ready" is printed and a line on standard input awaited, so that the caller can put the
input in a known state; then "file" is converted once, and the answer is a line of JSON:
seconds, rows, and the sum of the column "close".
"""
import importlib
import json
import os
import sys
import time
import warnings


def pandas(job):
    pd, np = importlib.import_module("pandas"), importlib.import_module("numpy")
    options = {"usecols": job["select"]} if job["select"] else {}
    if job["iso"]:
        options["parse_dates"] = ["timestamp"]
    if job["messy"]:
        options["on_bad_lines"] = "skip"
    if job["exact"]:
        options["float_precision"] = "round_trip"

    def convert(path):
        frame = pd.read_csv(path, **options)
        if any(kind == object for kind in frame.dtypes):
            raise ValueError("columns of numbers became columns of objects")
        if job["save"]:
            array = frame
            if job["iso"]:
                array = frame.assign(timestamp=frame["timestamp"].astype("int64") // 1000000)
            np.save(job["save"], array.to_numpy())
        return len(frame), frame["close"].sum

    return convert


def numpy(job):
    np = importlib.import_module("numpy")
    columns = job["columns"]
    options = {"delimiter": ",", "skiprows": 1, "quotechar": '"'}
    if job["select"]:
        options["usecols"] = [columns.index(name) for name in job["select"]]
        columns = job["select"]
    if job["iso"]:
        options["dtype"] = [(c, "M8[ms]" if c == "timestamp" else "f8") for c in columns]

    def convert(path):
        array = np.loadtxt(path, **options)
        return len(array), lambda: (array["close"] if job["iso"] else array[:, columns.index("close")]).sum()

    return convert


def main():
    warnings.simplefilter("ignore")
    job = json.loads(sys.argv[1])
    convert = {"pandas": pandas, "numpy": numpy}[job["peer"]](job)
    if job["warm"]:
        convert(job["warm"])
        if job["save"]:
            os.remove(job["save"])
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.perf_counter()
    rows, total = convert(job["file"])
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "rows": rows, "sum": float(total())}))


try:
    main()
except Exception as error:
    sys.exit(str(error).strip().split("\n")[0])
