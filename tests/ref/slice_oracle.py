#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""umm-mmap-slice beside NumPy: random arrays, ranges and columns must give the same bytes.

usage: slice_oracle.py npy|text|describe SEED COUNT

Works in the current directory and finds the tool in PATH. Prints the number of cases,
or what differs and exits 1.
"""
import csv
import io
import json
import subprocess
import sys

import numpy as np

PLAIN = ["<f8", ">f8", "<f4", ">f4", "<f2", ">f2", "<i8", ">i8", "<i4", "<i2", ">i2", "i1", "<u8", ">u8", "<u4", "<u2",
         "u1", "?", "<c8", ">c16", "<M8[ms]", ">M8[ns]", "<M8[D]", "<m8[s]", "S5", "<U3", ">U2", "V7", "<f16"]
TEXT = ["<f8", ">f8", "<f4", "<f2", "<i8", ">i4", "i1", "<u8", "u1", "?", "<M8[ms]", ">m8[s]", "S5", "<U3", ">U2"]


def run(*args):
    done = subprocess.run(["umm-mmap-slice", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode or done.stderr:
        sys.exit(f"{args}: exit code {done.returncode}, {done.stderr.decode()}")
    return done.stdout


def random_values(rng, dtype, shape):
    """Any bits that mean something."""
    dtype = np.dtype(dtype)
    if dtype.kind == "U":
        text = rng.choice(np.array(["", "a", "é,", '"x"', "\n☃", "𝄞"]), shape)
        return text.astype(dtype)
    raw = rng.integers(0, 256, (*shape, dtype.itemsize), dtype=np.uint8)
    if dtype.kind == "b":
        raw &= 1
    if dtype.kind == "S":
        raw = raw % 96 + 32  # printable; 127 is fine, too
    return raw.view(dtype).reshape(shape)


def random_struct(rng):
    names = rng.permutation(["timestamp", "open", "close", "n", "flag", "symbol"])[:rng.integers(1, 6)]
    kinds = [str(rng.choice(["<f8", ">f4", "<i8", ">i2", "u1", "?", "S3", "<U2", "<M8[us]"])) for _ in names]
    return np.dtype([(str(n), k) for n, k in zip(names, kinds)], align=bool(rng.integers(2)))


def random_slice(rng, n):
    if n and rng.random() < 0.15:
        index = int(rng.integers(-n, n))
        return str(index), slice(index, index + 1 or None)
    low, high = -n - 3, n + 4
    start, stop = (None if rng.random() < 0.3 else int(rng.integers(low, high)) for _ in range(2))
    step = None if rng.random() < 0.4 else int(rng.choice([1, 2, 3, 7, n + 1, -1, -2, -5, -n - 1, 1000, -777]))
    text = f"{'' if start is None else start}:{'' if stop is None else stop}"
    return text + ("" if step is None else f":{step}"), slice(start, stop, step)


def random_array(rng, dtypes, dims_max):
    n = int(rng.choice([0, 1, 2, 17, 300, 5000, 40000]))
    if rng.random() < 0.35:
        dtype = random_struct(rng)
        array = np.zeros(n, dtype)
        for name in dtype.names:
            array[name] = random_values(rng, dtype[name], (n,))
        return array
    shape = (n, *(int(k) for k in rng.integers(1, 7, rng.integers(0, dims_max))))
    array = random_values(rng, str(rng.choice(dtypes)), shape)
    return np.asfortranarray(array) if rng.integers(2) else array


def random_columns(rng, array):
    """(--columns, the array with those columns) or (None, array)."""
    if rng.random() < 0.5 or (array.dtype.names is None and array.ndim != 2):
        return None, array
    if array.dtype.names:
        names = list(rng.permutation(array.dtype.names)[:rng.integers(1, len(array.dtype.names) + 1)])
        chosen = np.zeros(array.shape, [(str(n), array.dtype[n]) for n in names])
        for name in names:
            chosen[name] = array[name]
        return ",".join(names), chosen
    numbers = rng.integers(0, array.shape[1], rng.integers(1, 5))
    return ",".join(map(str, numbers)), array[:, numbers]


def raw_rows(array):
    """Rows as opaque bytes: NumPy copies records field by field and would lose the padding."""
    array = np.ascontiguousarray(array)
    row_bytes = array.dtype.itemsize * int(np.prod(array.shape[1:]))
    return np.frombuffer(array.tobytes(), f"V{row_bytes}")


def cases(rng, count, dtypes, dims_max):
    for _ in range(count):
        array = random_array(rng, dtypes, dims_max)
        np.save("in.npy", array)
        columns, chosen = random_columns(rng, array)
        slices = [random_slice(rng, len(array)) for _ in range(rng.integers(0, 4))]
        args = ["in.npy", *(text for text, _ in slices)]
        if columns is not None:
            args += ["--columns", columns]
        yield array, chosen, [s for _, s in slices] or [slice(None)], args


def check_npy(rng, count):
    for array, chosen, slices, args in cases(rng, count, PLAIN, 4):
        rows = raw_rows(chosen)
        data = b"".join(rows[s].tobytes() for s in slices)
        n = sum(len(chosen[s]) for s in slices)
        expected = io.BytesIO()
        np.save(expected, np.zeros((n, *chosen.shape[1:]), chosen.dtype))
        header = expected.getvalue()[:len(expected.getvalue()) - n * rows.dtype.itemsize]
        if rng.integers(2):
            got, want = run(*args, "--format", "raw"), data
        elif rng.integers(2):
            got, want = run(*args), header + data
        else:
            run(*args, "-o", "out.npy")
            with open("out.npy", "rb") as file:
                got, want = file.read(), header + data
        if got != want:
            sys.exit(f"{args} of {array.dtype} {array.shape} {array.flags.fnc}: {len(got)} bytes, not {len(want)}, or "
                     f"others; begins {got[:200]}, not {want[:200]}")


def cell(value, dtype, is_json):
    """What a cell must mean, from NumPy's value."""
    if dtype.kind == "f":
        value = float(value)
        if is_json:
            return value if np.isfinite(value) else None
        return value if value == value else "NaN"
    if dtype.kind in "iu":
        return int(value)
    if dtype.kind == "b":
        return bool(value) if is_json else int(value)
    if dtype.kind in "Mm":
        count = int(value.astype("i8"))
        return (None if is_json else "NaT") if np.isnat(value) else count
    return value.decode("latin-1") if dtype.kind == "S" else str(value)


def read_csv_cell(text, dtype):
    if dtype.kind == "f":
        # Back through the type itself: the shortest digits of an f4 are those of no f8.
        value = np.array(text, "f8").astype(dtype) if dtype.itemsize == 8 else np.array(text).astype(dtype)
        return "NaN" if text == "NaN" else float(value)
    if dtype.kind in "iub":
        return int(text)
    if dtype.kind in "Mm":
        return text if text == "NaT" else int(text)
    return text


def check_text(rng, count):
    for array, chosen, slices, args in cases(rng, count, TEXT, 2):
        is_json = bool(rng.integers(2))
        parts = [chosen[s][:50] for s in slices]
        if any(len(chosen[s]) > 50 for s in slices):
            continue
        dtypes = [chosen.dtype[i] for i in range(len(chosen.dtype))] if chosen.dtype.names else None
        want = []
        for row in (row for part in parts for row in part):
            values = list(row) if dtypes else list(np.atleast_1d(row))
            types = dtypes or [chosen.dtype] * len(values)
            if dtypes:
                values = [np.array(row[name]).astype(t)[()] for name, t in zip(chosen.dtype.names, types)]
            want.append([cell(v, t, is_json) for v, t in zip(values, types)])
        text = run(*args, "--format", "json" if is_json else "csv")
        types = dtypes or [chosen.dtype] * 64
        if is_json:
            document = json.loads(text.decode())
            if chosen.dtype.names and document["columns"] != list(chosen.dtype.names):
                sys.exit(f"{args}: columns {document['columns']}")
            got = [[float(np.array(v).astype(t)) if t.kind == "f" and v is not None else v for v, t in zip(row, types)]
                   for row in document["data"]]
        else:
            rows = list(csv.reader(io.StringIO(text.decode(), newline="")))
            has_header = bool(chosen.dtype.names) or (array.ndim == 2 and array.shape[1] == 6)
            got = [[read_csv_cell(v, t) for v, t in zip(row, types)] for row in rows[has_header:]]
        if got != want:
            sys.exit(f"{args} of {array.dtype} {array.shape}: {got[:3]}, not {want[:3]}")


def check_describe(rng, count):
    for array, chosen, slices, args in cases(rng, count, PLAIN, 4):
        steps = set(np.diff([int(c) for c in args[-1].split(",")])) if "--columns" in args and not array.dtype.names else set()
        if len(slices) > 1 or len(steps) > 1 or len(array) == 0:
            continue
        seen = json.loads(run("--describe", *args))
        dtype = np.dtype(seen["dtype"])
        if "fields" in seen:
            fields = seen["fields"]
            dtype = np.dtype({"names": [f["name"] for f in fields], "formats": [f["dtype"] for f in fields],
                              "offsets": [f["offset"] for f in fields], "itemsize": seen["itemsize"]})
        mapped = np.memmap("in.npy", "u1", "r")
        view = np.ndarray(seen["shape"], dtype, mapped, seen["offset"], seen["strides"])
        want = chosen[slices[0]]
        names = chosen.dtype.names
        is_same = all(view[n].tobytes() == want[n].tobytes() for n in names) if names else view.tobytes() == want.tobytes()
        if not is_same or view.shape != want.shape or seen["offset"] % seen["alignment"]:
            sys.exit(f"{args} of {array.dtype} {array.shape}: {seen}")


def main():
    check, seed, count = sys.argv[1:]
    {"npy": check_npy, "text": check_text, "describe": check_describe}[check](np.random.default_rng(int(seed)), int(count))
    print(f"{count} cases")


if __name__ == "__main__":
    main()
