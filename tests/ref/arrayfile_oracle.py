#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Arrays of every type and order, and what NumPy reads in them, for
tests/unit/test_arrayfile.c.

    arrayfile_oracle.py DIR

writes DIR/N.npy, DIR/N.rows (the rows in C order), DIR/N.f64 (each numeric column as
doubles, one column after the other) and DIR/N.time (the time column as pairs of int64,
seconds and nanoseconds), and prints a line for each:

    NAME ROWS ROW_BYTES TIME COLUMN...

TIME is the time column's index, or "-". A COLUMN is NAME:OFFSET:TYPE:NUMERIC with NAME
in hexadecimal UTF-8 and OFFSET where its value begins in a row. The first line is "numpy" and its version, or "skip" and a reason.
"""
import os
import sys

try:
    import numpy as np
except ImportError:
    print("skip no python3-numpy")
    sys.exit(0)

STANDARD = ["timestamp", "open", "high", "low", "close", "volume"]
TYPES = ["f2", "f4", "f8", "f16", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1", "c8", "c16",
         "S0", "S5", "U2", "V7", "M8[s]", "M8[ms]", "M8[us]", "M8[ns]", "M8[25s]", "M8[m]", "M8[h]",
         "M8[D]", "M8[W]", "M8[3W]", "M8[M]", "M8[7M]", "M8[Y]", "M8[ps]", "M8[3us]"]
RECORDS = [
    [("timestamp", "<M8[ms]")] + [(n, "<f8") for n in STANDARD[1:]],
    [("when", ">M8[us]"), ("a", ">f4"), ("b", ">i2"), ("c", "S3"), ("d", "?")],
    [("a", "i1"), ("timestamp", "i8"), ("b", "f2")],
    [("timestamp", ">f8"), ("a", "M8[D]"), ("b", ">u4")],
    [("x", "f8"), ("y", "f8")],
    [("a", "M8[D]"), ("b", "M8[s]")],
]
ALIGNED = np.dtype([("a", "i1"), ("timestamp", "<i8"), ("b", "u2")], align=True)
BIG = [("text", "S40000"), ("x", ">f8"), ("timestamp", "M8[s]")]

rng = np.random.default_rng(20260101)


def fill(shape, dtype):
    """Random bits, but times in order and close enough for every unit."""
    dtype = np.dtype(dtype)
    if dtype.names:
        out = np.zeros(shape, dtype)
        for name in dtype.names:
            out[name] = fill(shape, dtype[name])
            if name == "timestamp" and dtype[name].kind != "M":
                out[name] = 1577836800000 + 60000 * np.arange(int(np.prod(shape))).reshape(shape)
        return out
    n = int(np.prod(shape))
    if dtype.kind == "M":
        start = -2000 if np.datetime_data(dtype)[0] != "ps" else -2000000
        step = 7 if start == -2000 else 7000
        return (start + step * np.arange(n, dtype="i8")).astype(dtype).reshape(shape)
    if dtype.kind == "U":
        return np.array([chr(97 + i % 26) + chr(233) for i in range(n)], dtype).reshape(shape)
    if dtype.kind == "b":
        return rng.integers(0, 2, n).astype(dtype).reshape(shape)
    return np.frombuffer(rng.bytes(n * dtype.itemsize), dtype, n).reshape(shape) \
        if dtype.itemsize else np.zeros(shape, dtype)


def fill_bars(n, dtype):
    out = np.zeros((n, 6), dtype)
    with np.errstate(over="ignore"):
        out[:] = rng.normal(100, 10, (n, 6))
    if np.dtype(dtype).itemsize == 8:
        out[:, 0] = 1577836800000 + 60000 * np.arange(n)
        if np.dtype(dtype).kind == "f":
            out[:, 0] += np.arange(n) % 4 / 4
    return out


def cases():
    for name in TYPES:
        for order in "<>":
            dtype = np.dtype(name).newbyteorder(order)
            if order == ">" and dtype == np.dtype(name):
                continue
            yield fill((13,), dtype)
            yield fill((9, 6), dtype)
            yield np.asfortranarray(fill((9, 6), dtype))
            yield np.asfortranarray(fill((4, 3, 2, 5), dtype))
    for dtype in ("f8", ">f8", "i8", ">i8", "u8", "f4"):
        yield fill_bars(5000, dtype)
        yield np.asfortranarray(fill_bars(5000, dtype))
    for fields in RECORDS:
        yield fill((1000,), fields)
        yield fill((4, 3), fields)
    yield fill((5000, 2), "i8")  # rows that fill a block of 32 KiB exactly
    yield fill((37,), ALIGNED)
    yield fill((5,), BIG)
    yield fill((5, 1), "f8")
    yield np.asfortranarray(fill((5, 1), "f8"))
    yield np.asfortranarray(np.zeros((5, 0), "f8"))
    yield np.zeros((0, 6), "f8")
    yield np.asfortranarray(np.zeros((0, 6), "f8"))


def columns_of(array):
    if array.dtype.names is not None:
        return [(n, array[n]) for n in array.dtype.names] if array.ndim == 1 else []
    if array.ndim == 1:
        return [("", array)]
    if array.ndim != 2:
        return []
    names = STANDARD if array.shape[1] == 6 else [""] * array.shape[1]
    return [(names[i], array[:, i]) for i in range(array.shape[1])]


def offset_of(array, index):
    if array.dtype.names is None:
        return index * array.dtype.itemsize
    return array.dtype.fields[array.dtype.names[index]][1]


def time_of(array, columns):
    """Which column is the time, by the rule that arraycolumn.h states."""
    found = None
    if array.dtype.names is not None:
        times = [i for i, (_, c) in enumerate(columns) if c.dtype.kind == "M"]
        named = [i for i, (n, _) in enumerate(columns) if n == "timestamp"]
        found = named[0] if named else times[0] if len(times) == 1 else None
    elif array.ndim == 2 and columns or array.ndim == 1 and array.dtype.kind == "M":
        found = 0
    if found is None:
        return None
    dtype = columns[found][1].dtype
    return found if dtype.kind == "M" or dtype.kind in "fiu" and dtype.itemsize == 8 else None


def seconds(column):
    """Pairs, or None where the values are no times of the kind that is tested."""
    if column.dtype.kind == "M":
        if np.datetime_data(column.dtype)[0] == "ps":
            ns = column.astype("M8[ns]").astype("i8")
        else:
            sec = column.astype("M8[s]")
            sub = (column - sec).astype("m8[ns]").astype("i8") \
                if np.datetime_data(column.dtype)[0] in ("ms", "us", "ns") else 0 * sec.astype("i8")
            sec = sec.astype("i8")
            return np.stack([sec + sub // 10**9, sub % 10**9], axis=1)
        return np.stack([ns // 10**9, ns % 10**9], axis=1)
    values = column.astype("f8")
    if column.size and not (np.abs(values) < 1e14).all():
        return None
    whole = np.floor(values).astype("i8")
    ns = ((values - whole) * 1e6).astype("i8")
    return np.stack([whole // 1000, whole % 1000 * 10**6 + ns], axis=1)


def main():
    os.chdir(sys.argv[1])
    print("numpy", np.__version__)
    for number, array in enumerate(cases()):
        columns = columns_of(array)
        numeric = [c.dtype.kind in "biuf" and c.dtype.itemsize <= 8 for _, c in columns]
        np.save("%d.npy" % number, array)
        saved = np.load("%d.npy" % number)
        assert saved.tobytes() == array.tobytes()
        with open("%d.rows" % number, "wb") as f:
            f.write(array.tobytes("C"))
        with open("%d.f64" % number, "wb") as f:
            for (_, column), is_number in zip(columns, numeric):
                if is_number:
                    f.write(column.astype("f8").tobytes())
        time = time_of(array, columns)
        with open("%d.time" % number, "wb") as f:
            pairs = seconds(columns[time][1]) if time is not None else None
            if pairs is not None:
                f.write(pairs.astype("i8").tobytes())
        row_bytes = array.dtype.itemsize * int(np.prod(array.shape[1:]))
        print(number, len(array), row_bytes, "-" if time is None else time,
              *("%s:%d:%s:%d" % (n.encode().hex(), offset_of(array, i), c.dtype.str, numeric[i])
                for i, (n, c) in enumerate(columns)))


main()
